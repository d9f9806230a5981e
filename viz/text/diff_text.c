/* diff_text.c -- unified and side-by-side texts of a nest diff. */
#include "viz/text/diff_text.h"

#include <string.h>

#include "viz/nest_diff.h"
#include "viz/text/row_text.h"

typedef struct Mark {
    const char *utf8, *ascii;
    Ink ink;
} Mark;

static const Mark marks[] = {
    [CHANGE_same] = {" ", " ", INK_plain},  [CHANGE_changed] = {"~", "~", INK_moved},
    [CHANGE_moved] = {"↕", "^", INK_moved}, [CHANGE_new] = {"+", "+", INK_new},
    [CHANGE_gone] = {"-", "-", INK_gone},
};

static void put_mark(Line *line, Change c)
{
    line_put(line, marks[c].ink, line->style.utf8 ? marks[c].utf8 : marks[c].ascii);
}

/* A row that is gone stands in no tree of the new version: its depth alone shows where it was. */
static void put_gone(Arena *A, Line *line, const NestDiff *d, int row, const RowColumns *cols)
{
    Nest one = {.func = d->a.func, .n = 1, .row = &d->a.row[row]};
    NestRow alone = *one.row;
    int indent = alone.depth * 3;
    alone.depth = 0;
    alone.parent = -1;
    one.row = &alone;
    RowColumns shifted = {cols->extent - indent, cols->kind - indent, cols->origin - indent};
    line_to(line, line->col + indent);
    row_put(A, line, &one, 0, &shifted);
}

static void put_note(Line *line, Ink ink, int col, const char *note)
{
    if (!*note)
        return;
    if (line->col >= col)
        line_put(line, INK_plain, "  ");
    line_to(line, col);
    line_put(line, ink, note);
}

static int depth_of(const NestDiff *d, const DiffLine *l)
{
    return l->b < 0 ? d->a.row[l->a].depth : d->b.row[l->b].depth;
}

/* Where line `i` begins a nest of the function in which nothing changed, the line behind that; else
** i. */
static size_t behind_unchanged(const NestDiff *d, size_t i)
{
    const DiffLine *l = &d->line[i];
    if (l->b < 0 || d->b.row[l->b].depth != 1 || d->b.row[l->b].kind != ROW_loop)
        return i;
    size_t end = i;
    do {
        l = &d->line[end];
        if (l->b < 0 || d->b_change[l->b] != CHANGE_same ||
            (l->a >= 0 && d->a_change[l->a] == CHANGE_gone))
            return i;
        end++;
    } while (end < d->n && depth_of(d, &d->line[end]) > 1);
    return end;
}

/* "conv2.bias, relu2: unchanged", for the rows of lines from `i` on. */
static const char *unchanged_note(Arena *A, const NestDiff *d, size_t i, size_t end)
{
    Buf b = buf_new(A);
    for (; i < end; i++) {
        const NestRow *row = &d->b.row[d->line[i].b];
        if (row->kind == ROW_block)
            buf_printf(&b, "%s%s", b.len ? ", " : "", row->name);
    }
    buf_puts(&b, ": unchanged");
    return buf_str(&b);
}

static void unified(Arena *A, Buf *out, const NestDiff *d, TextStyle style)
{
    RowColumns cols = row_columns_max(row_columns(A, &d->a, style), row_columns(A, &d->b, style));
    for (size_t i = 0; i < d->n; i++) {
        const DiffLine *l = &d->line[i];
        if (l->a >= 0 && d->a_change[l->a] == CHANGE_gone) {
            Line line = line_begin(out, style);
            put_mark(&line, CHANGE_gone);
            line_put(&line, INK_plain, " ");
            put_gone(A, &line, d, l->a, &cols);
            put_note(&line, INK_gone, 2 + cols.origin, diff_note_before(A, d, l->a));
            line_end(&line);
        }
        if (l->b < 0)
            continue;
        Line line = line_begin(out, style);
        put_mark(&line, d->b_change[l->b]);
        line_put(&line, INK_plain, " ");
        row_put(A, &line, &d->b, (size_t)l->b, &cols);
        bool loop = d->b.row[l->b].kind == ROW_loop;
        put_note(&line, INK_moved, loop ? 2 + cols.origin : 0, diff_note_after(A, d, l->b));
        size_t end = behind_unchanged(d, i);
        if (end > i) {
            put_note(&line, INK_quiet, 2 + cols.kind, unchanged_note(A, d, i, end));
            i = end - 1;
        }
        line_end(&line);
    }
}

/* Above both sides: a signature that did not change is not worth two halves of the width. */
static bool shared_head(const NestDiff *d, const DiffLine *l)
{
    return l->aligned && d->b.row[l->b].kind == ROW_func && d->b_change[l->b] == CHANGE_same;
}

static void sides(Arena *A, Buf *out, const NestDiff *d, TextStyle style, int left)
{
    RowColumns ca = row_columns(A, &d->a, style), cb = row_columns(A, &d->b, style);
    for (size_t i = 0; i < d->n; i++) {
        const DiffLine *l = &d->line[i];
        if (shared_head(d, l)) {
            Line line = line_begin(out, style);
            row_put(A, &line, &d->b, (size_t)l->b, &cb);
            line_end(&line);
            continue;
        }
        TextStyle half = style;
        half.width = left;
        Line line = line_begin(out, half);
        if (l->a >= 0)
            row_put(A, &line, &d->a, (size_t)l->a, &ca);
        line.cut = false;
        line.style = style;
        line_to(&line, left + 1);
        put_mark(&line, l->a < 0 ? CHANGE_same : d->a_change[l->a]);
        line_put(&line, INK_quiet, style.utf8 ? " │ " : " | ");
        put_mark(&line, l->b < 0 ? CHANGE_same : d->b_change[l->b]);
        line_put(&line, INK_plain, " ");
        if (l->b >= 0)
            row_put(A, &line, &d->b, (size_t)l->b, &cb);
        line_end(&line);
    }
}

static void put_counts(Buf *out, const NestDiff *d, TextStyle style)
{
    static const char *const word[] = {[CHANGE_changed] = "changed",
                                       [CHANGE_moved] = "moved",
                                       [CHANGE_new] = "new",
                                       [CHANGE_gone] = "gone"};
    static const Change order[] = {CHANGE_new, CHANGE_gone, CHANGE_moved, CHANGE_changed};
    Line line = line_begin(out, style);
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        Change c = order[i];
        if (!d->count[c])
            continue;
        if (line.col)
            line_put(&line, INK_plain, "   ");
        put_mark(&line, c);
        line_printf(&line, INK_plain, " %d %s", d->count[c], word[c]);
    }
    line_end(&line);
}

const char *diff_text(Arena *A, const Node *before, const Node *after, DiffForm form,
                      TextStyle style)
{
    NestDiff d = nest_diff(A, before, after);
    Buf out = buf_new(A);
    if (!nest_differs(&d)) {
        buf_puts(&out, "no difference\n");
        return buf_str(&out);
    }
    int width = style.width;
    if (form == DIFF_fitting)
        style.width = 0;
    RowColumns ca = row_columns(A, &d.a, style), cb = row_columns(A, &d.b, style);
    int left = row_width(A, &d.a, &ca, style), right = row_width(A, &d.b, &cb, style);
    bool fits = width <= 0 || left + right + 7 <= width;
    if (form == DIFF_sides && !fits) {
        int room = style.width - 7;
        left = left < room / 2 ? left : room - right > room / 2 ? room - right : room / 2;
    }
    if (form == DIFF_sides || (form == DIFF_fitting && fits))
        sides(A, &out, &d, style, left);
    else
        unified(A, &out, &d, style);
    put_counts(&out, &d, style);
    return buf_str(&out);
}
