/* nest_diff.c -- matching rows, and the longest part that kept its order. */
#include "viz/nest_diff.h"

#include <string.h>

#include "core/base/buf.h"
#include "core/base/vec.h"

static bool same_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

static const Node *identity_of(const NestRow *r)
{
    return r->kind == ROW_loop    ? r->node->kid[For_var]
           : r->kind == ROW_alloc ? r->node->kid[Alloc_buffer]
                                  : NULL;
}

static void match(NestDiff *d, size_t i, size_t j)
{
    d->a_to_b[i] = (int)j;
    d->b_to_a[j] = (int)i;
}

/* First by identity, so that a renamed neighbour can't take a loop's place; then by what people
** see. */
static void match_rows(NestDiff *d)
{
    for (size_t i = 0; i < d->a.n; i++)
        d->a_to_b[i] = -1;
    for (size_t j = 0; j < d->b.n; j++)
        d->b_to_a[j] = -1;
    for (size_t i = 0; i < d->a.n; i++) {
        const Node *id = identity_of(&d->a.row[i]);
        for (size_t j = 0; id && j < d->b.n; j++) {
            if (d->b_to_a[j] < 0 && identity_of(&d->b.row[j]) == id) {
                match(d, i, j);
                break;
            }
        }
    }
    for (size_t i = 0; i < d->a.n; i++) {
        const NestRow *p = &d->a.row[i];
        for (size_t j = 0; d->a_to_b[i] < 0 && j < d->b.n; j++) {
            const NestRow *q = &d->b.row[j];
            if (d->b_to_a[j] >= 0 || p->kind != q->kind)
                continue;
            bool same =
                p->kind == ROW_func ||
                ((p->kind == ROW_alloc || p->kind == ROW_block) && same_text(p->name, q->name)) ||
                (p->kind == ROW_loop && same_text(p->name, q->name) &&
                 same_text(nest_block_below(&d->a, i), nest_block_below(&d->b, j))) ||
                (p->kind > ROW_block && same_text(p->name, q->name) && same_text(p->text, q->text));
            if (same)
                match(d, i, j);
        }
    }
}

/* Does the row stand below the same row as before? */
static bool same_parent(const NestDiff *d, size_t i)
{
    int up = d->a.row[i].parent;
    return (up < 0 ? -1 : d->a_to_b[up]) == d->b.row[d->a_to_b[i]].parent;
}

/* Marks in `kept` a chain of matches whose rows in B ascend, too: of those with the most rows that
** stand where they stood, with all that is around them, a longest one.  What has gone elsewhere has
** moved, and not what it passed. */
static void longest_chain(Arena *A, const NestDiff *d, bool *kept)
{
    size_t n = d->a.n;
    int *before = ARENA_ARRAY(A, int, n + 1), last = -1;
    int64_t *worth = ARENA_ARRAY(A, int64_t, n + 1);
    bool *stays = ARENA_ARRAY(A, bool, n + 1);
    for (size_t i = 0; i < n; i++) {
        int up = d->a.row[i].parent;
        if (d->a_to_b[i] < 0)
            continue;
        stays[i] = same_parent(d, i) && (up < 0 || stays[up]);
        before[i] = -1;
        for (size_t k = 0; k < i; k++)
            if (d->a_to_b[k] >= 0 && d->a_to_b[k] < d->a_to_b[i] && worth[k] > worth[i]) {
                worth[i] = worth[k];
                before[i] = (int)k;
            }
        worth[i] += stays[i] ? (int64_t)n : 1;
        if (last < 0 || worth[i] >= worth[last])
            last = (int)i;
    }
    for (int i = last; i >= 0; i = before[i])
        kept[i] = true;
}

static const char *alloc_shape(Arena *A, const NestRow *r)
{
    return nest_buffer_shape(A, r->node->kid[Alloc_buffer], r->node);
}

static bool row_changed(Arena *A, const NestRow *p, const NestRow *q)
{
    if (p->kind == ROW_loop)
        return ir_for_kind(p->node) != ir_for_kind(q->node) || !same_text(p->extent, q->extent) ||
               !same_text(p->name, q->name) || !same_text(p->note, q->note);
    if (p->kind == ROW_alloc)
        return p->node->kid[Alloc_buffer]->at.buf->scope !=
                   q->node->kid[Alloc_buffer]->at.buf->scope ||
               !same_text(alloc_shape(A, p), alloc_shape(A, q));
    return !same_text(p->text, q->text) || !same_text(p->note, q->note);
}

typedef VEC(DiffLine) LineVec;

/* Rows between two kept ones share lines while both sides have some left. */
static void put_gap(Arena *A, LineVec *lines, size_t *i, size_t i_end, size_t *j, size_t j_end)
{
    while (*i < i_end || *j < j_end) {
        DiffLine l = {*i < i_end ? (int)*i : -1, *j < j_end ? (int)*j : -1, false};
        *i += *i < i_end;
        *j += *j < j_end;
        vec_push(A, lines, l);
    }
}

NestDiff nest_diff(Arena *A, const Node *before, const Node *after)
{
    NestDiff d = {.a = nest_of(A, before), .b = nest_of(A, after)};
    d.a_to_b = ARENA_ARRAY(A, int, d.a.n + 1);
    d.b_to_a = ARENA_ARRAY(A, int, d.b.n + 1);
    d.a_change = ARENA_ARRAY(A, Change, d.a.n + 1);
    d.b_change = ARENA_ARRAY(A, Change, d.b.n + 1);
    bool *kept = ARENA_ARRAY(A, bool, d.a.n + 1);
    match_rows(&d);
    longest_chain(A, &d, kept);
    for (size_t i = 0; i < d.a.n; i++) {
        int j = d.a_to_b[i];
        d.a_change[i] = j < 0                                      ? CHANGE_gone
                        : !kept[i]                                 ? CHANGE_moved
                        : row_changed(A, &d.a.row[i], &d.b.row[j]) ? CHANGE_changed
                                                                   : CHANGE_same;
        d.count[d.a_change[i]]++;
    }
    LineVec lines = {0};
    size_t i = 0, j = 0;
    for (size_t k = 0; k < d.a.n; k++) {
        if (!kept[k])
            continue;
        put_gap(A, &lines, &i, k, &j, (size_t)d.a_to_b[k]);
        vec_push(A, &lines, ((DiffLine){(int)i++, (int)j++, true}));
    }
    put_gap(A, &lines, &i, d.a.n, &j, d.b.n);
    for (size_t k = 0; k < d.b.n; k++) {
        d.b_change[k] = d.b_to_a[k] < 0 ? CHANGE_new : d.a_change[d.b_to_a[k]];
        d.count[CHANGE_new] += d.b_to_a[k] < 0;
    }
    d.n = lines.n;
    d.line = lines.at;
    return d;
}

/* Do two loops count in an axis that both have? */
static bool share_axis(const NestRow *p, const NestRow *q)
{
    const char *of = ir_var_axes(p->node->kid[For_var]), *in = ir_var_axes(q->node->kid[For_var]);
    for (size_t n; *of; of += n + (of[n] == ' ')) {
        n = strcspn(of, " ");
        if (ir_axes_have(in, of, n))
            return true;
    }
    return false;
}

/* Is a block below row i of the version before, as it is now, below row j of the version after? */
static bool share_block(const NestDiff *d, size_t i, size_t j)
{
    for (size_t k = i + 1; k < d->a.n && d->a.row[k].depth > d->a.row[i].depth; k++) {
        int up = d->a.row[k].kind == ROW_block ? d->a_to_b[k] : -1;
        while (up > (int)j)
            up = d->b.row[up].parent;
        if (up == (int)j)
            return true;
    }
    return false;
}

bool diff_descends(const NestDiff *d, size_t i, size_t j)
{
    const NestRow *p = &d->a.row[i], *q = &d->b.row[j];
    if (d->a_to_b[i] >= 0 || d->b_to_a[j] >= 0 || p->kind != ROW_loop || q->kind != ROW_loop ||
        !share_axis(p, q) || !share_block(d, i, j))
        return false;
    for (size_t k = 0; k < j; k++)
        if (d->b_to_a[k] < 0 && d->b.row[k].kind == ROW_loop &&
            same_text(d->b.row[k].name, q->name) && share_block(d, i, k))
            return false;
    return true;
}

const char *diff_note_before(Arena *A, const NestDiff *d, int row)
{
    Buf b = buf_new(A);
    for (size_t j = 0; j < d->b.n; j++)
        if (diff_descends(d, (size_t)row, j))
            buf_printf(&b, "%s%s", b.len ? ", " : "now ", d->b.row[j].name);
    return buf_str(&b);
}

static const char *kind_word(const NestRow *r)
{
    return ir_for_kind(r->node) == FOR_serial ? "serial" : for_kind_text[ir_for_kind(r->node)];
}

static const char *note_changed(Arena *A, const NestRow *p, const NestRow *q)
{
    Buf b = buf_new(A);
    if (p->kind == ROW_loop) {
        if (!same_text(p->name, q->name))
            buf_printf(&b, " %s", p->name);
        if (!same_text(p->extent, q->extent))
            buf_printf(&b, " %s", p->extent);
        if (ir_for_kind(p->node) != ir_for_kind(q->node))
            buf_printf(&b, " %s", kind_word(p));
        if (!same_text(p->note, q->note))
            buf_printf(&b, " %s", *p->note ? p->note : "without annotation");
    } else if (p->kind == ROW_alloc) {
        buf_printf(&b, " %s %s", scope_name[p->node->kid[Alloc_buffer]->at.buf->scope],
                   alloc_shape(A, p));
    } else {
        if (!same_text(p->text, q->text))
            buf_printf(&b, " %s", p->text);
        if (!same_text(p->note, q->note))
            buf_printf(&b, " %s", *p->note ? p->note : "without condition or init");
    }
    return arena_printf(A, "was%s", buf_str(&b));
}

const char *diff_note_after(Arena *A, const NestDiff *d, int row)
{
    int from = d->b_to_a[row];
    if (from < 0 || d->b_change[row] == CHANGE_same)
        return "";
    const NestRow *p = &d->a.row[from], *q = &d->b.row[row];
    const char *changed = row_changed(A, p, q) ? note_changed(A, p, q) : "";
    if (d->b_change[row] != CHANGE_moved)
        return changed;
    if (p->parent > 0 && same_parent(d, (size_t)from) && d->a_change[p->parent] == CHANGE_moved)
        return changed; /* with what is around it */
    const char *outer =
        p->parent > 0 ? arena_printf(A, "inside %s", d->a.row[p->parent].name) : "outermost";
    return arena_printf(A, "was %s%s%s", outer, *changed ? ", " : "", changed);
}

/* Shows the line of row i and those of all rows around it. */
static void show_path(const Nest *nest, const size_t *line_of, int i, bool *shown)
{
    for (; i >= 0; i = nest->row[i].parent)
        shown[line_of[i]] = true;
}

enum { SHORT_GAP = 3 }; /* what takes as much room to say as to show is shown */

/* How many hidden lines follow line k, all below the row that it shows. */
static size_t hidden_below(const NestDiff *d, const bool *shown, size_t k)
{
    int i = d->line[k].b;
    size_t n = 0;
    while (i >= 0 && k + n + 1 < d->n && !shown[k + n + 1] && d->line[k + n + 1].b >= 0 &&
           d->b.row[d->line[k + n + 1].b].depth > d->b.row[i].depth)
        n++;
    return n;
}

static void close_short_gaps(const NestDiff *d, bool *shown)
{
    for (size_t k = 0, end; k < d->n; k = end) {
        for (end = k; end < d->n && shown[end] == shown[k]; end++)
            ;
        if (!shown[k] && end - k <= SHORT_GAP)
            memset(shown + k, true, end - k);
    }
    for (size_t k = 0; k < d->n; k++) {
        size_t below = shown[k] ? hidden_below(d, shown, k) : 0;
        if (below <= SHORT_GAP)
            memset(shown + k + 1, true, below);
    }
}

bool *diff_shown(Arena *A, const NestDiff *d, size_t most, size_t *left)
{
    enum { LONG = 48, NEAR = 2 };
    bool *shown = ARENA_ARRAY(A, bool, d->n + 1);
    bool whole = d->n <= LONG || !nest_differs(d);
    size_t *line_of[] = {ARENA_ARRAY(A, size_t, d->a.n + 1), ARENA_ARRAY(A, size_t, d->b.n + 1)};
    for (size_t k = 0; k < d->n; k++) {
        shown[k] = whole;
        if (d->line[k].a >= 0)
            line_of[0][d->line[k].a] = k;
        if (d->line[k].b >= 0)
            line_of[1][d->line[k].b] = k;
    }
    for (size_t k = 0; k < d->n && !whole; k++) {
        const DiffLine *l = &d->line[k];
        if ((l->a < 0 || d->a_change[l->a] == CHANGE_same) &&
            (l->b < 0 || d->b_change[l->b] == CHANGE_same))
            continue;
        for (size_t j = k < NEAR ? 0 : k - NEAR; j <= k + NEAR && j < d->n; j++) {
            show_path(&d->a, line_of[0], d->line[j].a, shown);
            show_path(&d->b, line_of[1], d->line[j].b, shown);
        }
    }
    close_short_gaps(d, shown);
    *left = 0;
    for (size_t k = 0, n = 0; k < d->n; k++) {
        n += shown[k];
        *left += shown[k] && n > most;
        shown[k] &= n <= most;
    }
    return shown;
}
