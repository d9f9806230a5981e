/* row_text.c -- branches, name, extent, kind and origin of a row, in columns. */
#include "viz/text/row_text.h"

#include <string.h>

enum { BRANCH = 3 }; /* columns of one level of the tree */

static int name_end(const NestRow *r)
{
    return r->depth * BRANCH + text_cols(r->name);
}

static int max_int(int a, int b)
{
    return a > b ? a : b;
}

RowColumns row_columns(Arena *A, const Nest *nest, TextStyle style)
{
    int name = 0, extent = 0, kind = 0;
    (void)A;
    for (size_t i = 0; i < nest->n; i++) {
        const NestRow *r = &nest->row[i];
        if (r->kind != ROW_loop)
            continue;
        ForKind k = ir_for_kind(r->node);
        int word = text_cols(mark_of_kind(k, style.utf8)) + 1 + text_cols(word_of_kind(k));
        name = max_int(name, name_end(r));
        extent = max_int(extent, text_cols(r->extent));
        kind = max_int(kind, k == FOR_serial ? 0 : word);
    }
    RowColumns c = {.extent = name + 2};
    c.kind = c.extent + extent + 2;
    c.origin = c.kind + (kind ? kind + 2 : 0);
    return c;
}

RowColumns row_columns_max(RowColumns a, RowColumns b)
{
    RowColumns c = {.extent = max_int(a.extent, b.extent)};
    c.kind = c.extent + max_int(a.kind - a.extent, b.kind - b.extent);
    c.origin = c.kind + max_int(a.origin - a.kind, b.origin - b.kind);
    return c;
}

/* Ancestors that have more children to come leave a line open beside the row. */
static void put_branches(Line *line, const Nest *nest, size_t i)
{
    bool open[IR_MAX_DEPTH + 1] = {false};
    const NestRow *r = &nest->row[i];
    for (int p = r->parent; p >= 0; p = nest->row[p].parent)
        open[nest->row[p].depth] = !nest->row[p].last;
    bool utf8 = line->style.utf8;
    char branches[(IR_MAX_DEPTH + 1) * sizeof "└─ "] = "";
    size_t at = 0;
    for (int d = 1; d <= r->depth; d++) {
        const char *piece = d < r->depth ? (!open[d] ? "   "
                                            : utf8   ? "│  "
                                                     : "|  ")
                            : r->last    ? (utf8 ? "└─ " : "`- ")
                                         : (utf8 ? "├─ " : "|- ");
        size_t n = strlen(piece);
        memcpy(branches + at, piece, n + 1);
        at += n;
    }
    line_put(line, INK_quiet, branches);
}

static void put_loop(Arena *A, Line *line, const NestRow *r, int start, const RowColumns *c)
{
    ForKind k = ir_for_kind(r->node);
    Ink ink = ink_of_kind(k);
    line_put(line, ink == INK_plain ? INK_strong : ink, r->name);
    line_to(line, start + c->kind - 2 - text_cols(r->extent));
    line_put(line, INK_plain, r->extent);
    if (k != FOR_serial) {
        line_to(line, start + c->kind);
        line_printf(line, ink, "%s %s", mark_of_kind(k, line->style.utf8), word_of_kind(k));
    }
    const char *origin = nest_origin(A, r);
    if (*origin || *r->note)
        line_to(line, start + c->origin);
    line_put(line, INK_quiet, origin);
    if (*r->note)
        line_printf(line, INK_plain, "%s%s", *origin ? "  " : "", r->note);
}

static void put_alloc(Arena *A, Line *line, const NestRow *r)
{
    const Node *buffer = r->node->kid[Alloc_buffer];
    line_put(line, INK_buffer, r->name);
    line_printf(line, INK_plain, "  %s %s", scope_name[buffer->at.buf->scope],
                nest_buffer_shape(A, buffer, r->node));
    if (r->bytes >= 0)
        line_printf(line, INK_quiet, ", %s", text_bytes(A, r->bytes));
}

static void put_block(Arena *A, Line *line, const NestRow *r)
{
    line_put(line, INK_strong, r->name);
    if (*r->text)
        line_printf(line, INK_plain, "  %s", r->text);
    const char *origin = nest_origin(A, r);
    if (*r->note)
        line_printf(line, INK_quiet, "  %s", r->note);
    if (*origin)
        line_printf(line, INK_quiet, "  %s", origin);
}

void row_put(Arena *A, Line *line, const Nest *nest, size_t i, const RowColumns *cols)
{
    const NestRow *r = &nest->row[i];
    int start = line->col;
    put_branches(line, nest, i);
    switch (r->kind) {
    case ROW_loop: put_loop(A, line, r, start, cols); break;
    case ROW_alloc: put_alloc(A, line, r); break;
    case ROW_block: put_block(A, line, r); break;
    case ROW_func:
        line_put(line, INK_strong, r->name);
        line_put(line, INK_plain, r->text);
        break;
    default:
        line_put(line, INK_strong, r->name);
        line_printf(line, INK_plain, "%s%s", *r->name && *r->text ? " " : "", r->text);
    }
}

int row_width(Arena *A, const Nest *nest, const RowColumns *cols, TextStyle style)
{
    int widest = 0;
    Buf scratch = buf_new(A);
    style.color = false;
    style.width = 0;
    for (size_t i = 0; i < nest->n; i++) {
        Line line = line_begin(&scratch, style);
        if (nest->row[i].kind == ROW_func)
            continue;
        row_put(A, &line, nest, i, cols);
        widest = max_int(widest, line.col);
    }
    return widest;
}
