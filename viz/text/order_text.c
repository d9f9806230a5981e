/* order_text.c -- numbers in a grid. */
#include "viz/text/order_text.h"

const char *order_loops_text(Arena *A, const Order *o, bool utf8)
{
    Buf b = buf_new(A);
    for (size_t i = 0; i < o->nloops; i++)
        buf_printf(&b, "%s%s%s(%s)", i ? " " : "", mark_of_kind(o->loop[i].kind, utf8),
                   o->loop[i].name, o->loop[i].extent);
    return buf_str(&b);
}

static const char *cell_label(Arena *A, const Order *o, const OrderCell *c, bool utf8)
{
    if (!c->number)
        return utf8 ? "·" : ".";
    return arena_printf(A, "%lld", (long long)(o->threads ? c->thread : c->number));
}

static int widest_label(Arena *A, const Order *o)
{
    int w = 1;
    for (int i = 0; i < o->rows * o->cols; i++) {
        int n = text_cols(cell_label(A, o, &o->cell[i], true));
        w = n > w ? n : w;
    }
    for (int c = 0; c < o->cols; c++) {
        int n = text_cols(arena_printf(A, "%lld", (long long)(o->col_min + c)));
        w = n > w ? n : w;
    }
    return w;
}

/* The columns of a grid from `from` up to `to`. */
typedef struct Columns {
    int left, wide; /* columns of the screen: beside the numbers; of one number */
    int from, to;
    bool mark; /* the mark that there are more stands behind them */
} Columns;

static void put_parting(Line *l, const Order *o, int r, Columns g)
{
    bool any = false;
    for (int c = g.from; c < g.to; c++)
        any |= order_parted(order_cell(o, r - 1, c), order_cell(o, r, c));
    if (!any)
        return;
    line_to(l, g.left);
    for (int c = g.from; c < g.to; c++) {
        bool here = order_parted(order_cell(o, r - 1, c), order_cell(o, r, c));
        for (int k = 0; k < g.wide + 2; k++)
            line_put(l, INK_quiet, !here ? " " : l->style.utf8 ? "─" : "-");
    }
    line_end(l);
}

static void put_more(Line *l)
{
    line_put(l, INK_quiet, l->style.utf8 ? "…" : "...");
}

static void put_row(Arena *A, Line *l, const Order *o, int r, Columns g)
{
    for (int c = g.from; c < g.to; c++) {
        const OrderCell *cell = order_cell(o, r, c);
        const OrderCell *before = c ? order_cell(o, r, c - 1) : NULL;
        const OrderCell *after = c + 1 < o->cols ? order_cell(o, r, c + 1) : NULL;
        bool lanes_before = before && order_joined(o, before, cell);
        bool lanes_after = after && order_joined(o, cell, after);
        const char *open = !lanes_before && lanes_after ? "["
                           : before && order_parted(before, cell) && !lanes_before
                               ? (l->style.utf8 ? "│" : "|")
                               : " ";
        const char *label = cell_label(A, o, cell, l->style.utf8);
        line_put(l, *open == '[' ? INK_vectorized : INK_quiet, open);
        line_printf(l, INK_plain, "%*s", g.wide - text_cols(label), "");
        line_put(l, cell->number ? INK_plain : INK_quiet, label);
        const char *close = cell->visits > 1 ? "*" : lanes_before && !lanes_after ? "]" : " ";
        line_put(l, *close == ']' ? INK_vectorized : INK_moved, close);
    }
    if (g.mark)
        put_more(l);
    line_end(l);
}

static void put_grid(Arena *A, Line *l, const Order *o, Columns g)
{
    line_put(l, INK_quiet, o->col);
    line_to(l, g.left);
    for (int c = g.from; c < g.to; c++)
        line_printf(l, INK_quiet, " %*lld ", g.wide, (long long)(o->col_min + c));
    if (g.mark)
        put_more(l);
    line_end(l);
    for (int r = 0; r < o->rows; r++) {
        if (r)
            put_parting(l, o, r, g);
        if (o->row) {
            line_put(l, INK_quiet, r ? "" : o->row);
            const char *n = arena_printf(A, "%lld", (long long)(o->row_min + r));
            line_to(l, g.left - 1 - text_cols(n));
            line_put(l, INK_quiet, n);
        }
        line_to(l, g.left);
        put_row(A, l, o, r, g);
    }
    if (o->rows < o->all_rows) {
        line_to(l, g.left);
        put_more(l);
        line_end(l);
    }
}

const char *order_text(Arena *A, const Order *o, TextStyle style, bool whole)
{
    Buf out = buf_new(A);
    Line l = line_begin(&out, style);
    int w = widest_label(A, o), left = 4;
    for (int r = 0; r < o->rows && o->row; r++) {
        int n =
            text_cols(o->row) + 2 + text_cols(arena_printf(A, "%lld", (long long)(o->row_min + r)));
        left = n > left ? n : left;
    }
    int cols = o->cols;
    if (style.width > 0 && left + cols * (w + 2) > style.width) /* with room for the mark */
        cols = (style.width - 3 - left) / (w + 2) > 1 ? (style.width - 3 - left) / (w + 2) : 1;
    line_put(&l, INK_strong, o->block);
    line_printf(&l, INK_plain, "%s%s%s, %s across%s", o->row ? ": " : "", o->row ? o->row : "",
                o->row ? " down" : "", o->col, o->threads ? "" : "; 1 is computed first");
    line_printf(&l, INK_quiet, "   %s", order_loops_text(A, o, style.utf8));
    line_end(&l);
    const char *part = order_part(A, o);
    if (*part)
        buf_printf(&out, "%s\n", part);
    for (int from = 0, to = cols; from < (whole ? o->cols : cols); from = to, to += cols) {
        to = to < o->cols ? to : o->cols;
        bool mark = to < o->all_cols && (!whole || to == o->cols);
        put_grid(A, &l, o, (Columns){left, w, from, to, mark});
    }
    const char *notes = order_notes(A, o, false);
    if (*notes)
        buf_printf(&out, "%s\n", notes);
    if (cols < o->cols && !whole) {
        buf_printf(&out, "%d of %s%d columns fit here\n", cols,
                   o->cols < o->all_cols ? "these " : "", o->cols);
        style_cut(style);
    }
    return buf_str(&out);
}
