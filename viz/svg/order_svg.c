/* order_svg.c -- drawing an Order. */
#include "viz/svg/order_svg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "viz/svg/measure.h"
#include "viz/text/style.h"

enum { MARGIN = 20, TICKS = 30, LINE = 17 };
enum { SMALLEST = 9, LARGEST = 13 }; /* letters of a number */

typedef struct Grid {
    double x, y;       /* of the first cell's corner */
    double side, font; /* of a cell and its number */
    double seconds;    /* that the animation takes; 0: none */
    int64_t last;      /* the greatest number */
    bool *framed;      /* cells that stand in the frame or band of a vector step */
} Grid;

/* Rows and columns, both ends included. */
typedef struct Box {
    int r0, r1, c0, c1;
} Box;

/* Visits that are made at once: the lanes of a vector step, or a single one. */
typedef struct Stop {
    size_t from, to;
    Box box;
    bool full; /* the visits are all cells of the box */
} Stop;

static const Color hues[] = {COLOR_parallel, COLOR_vectorized, COLOR_block,
                             COLOR_unrolled, COLOR_thread,     COLOR_serial};
enum { HUES = sizeof hues / sizeof *hues };

static double center(double origin, int i, double side)
{
    return origin + (i + 0.5) * side;
}

static Box box_of(const OrderVisit *v)
{
    return (Box){v->row, v->row, v->col, v->col};
}

static Stop stop_from(const Order *o, size_t i)
{
    Stop s = {i, i + 1, box_of(&o->visit[i]), true};
    while (o->vectors && s.to < o->nvisits && o->visit[s.to].lanes == o->visit[i].lanes) {
        const OrderVisit *v = &o->visit[s.to++];
        s.box.r0 = v->row < s.box.r0 ? v->row : s.box.r0;
        s.box.r1 = v->row > s.box.r1 ? v->row : s.box.r1;
        s.box.c0 = v->col < s.box.c0 ? v->col : s.box.c0;
        s.box.c1 = v->col > s.box.c1 ? v->col : s.box.c1;
    }
    int rows = s.box.r1 - s.box.r0 + 1, cols = s.box.c1 - s.box.c0 + 1;
    s.full = (size_t)rows * (size_t)cols == s.to - s.from;
    return s;
}

/* Is it a vector step?  One of which a single lane is shown is drawn as a cell. */
static bool is_framed(const Order *o, const Stop *s)
{
    return s->to - s->from > 1 && !o->visit[s->from].again;
}

static bool *framed_cells(Arena *A, const Order *o)
{
    bool *framed = ARENA_ARRAY(A, bool, o->rows * o->cols);
    for (size_t i = 0; i < o->nvisits;) {
        Stop s = stop_from(o, i);
        for (; i < s.to; i++)
            framed[o->visit[i].row * o->cols + o->visit[i].col] |= is_framed(o, &s);
    }
    return framed;
}

/* From 0 for the first to 1 for the last. */
static double lateness(const Grid *g, int64_t number)
{
    return g->last > 1 ? (double)(number - 1) / (double)(g->last - 1) : 0;
}

static double shade(const Order *o, const Grid *g, int64_t number)
{
    return o->threads ? 0.18 : 0.07 + 0.27 * lateness(g, number);
}

/* What lights up over a rectangle when its time comes, if there is an animation. */
static void put_now(Buf *b, const Grid *g, double x, double y, double w, double h, double round,
                    Color color, int64_t number)
{
    if (g->seconds > 0)
        buf_printf(b,
                   "<rect class=\"now\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
                   "rx=\"%.1f\" fill=\"%s\" opacity=\"0\" style=\"animation-delay:%.2fs\"/>\n",
                   x, y, w, h, round, color_hex[color], lateness(g, number) * g->seconds);
}

static void put_cells(Buf *b, const Order *o, Grid g)
{
    for (int r = 0; r < o->rows; r++) {
        for (int c = 0; c < o->cols; c++) {
            const OrderCell *cell = order_cell(o, r, c);
            double x = g.x + c * g.side, y = g.y + r * g.side;
            if (!cell->number) {
                svg_rect(b, x, y, g.side, g.side, 0, COLOR_band, 1);
            } else if (!g.framed[r * o->cols + c]) {
                Color hue = hues[cell->chunk % HUES];
                svg_rect(b, x, y, g.side, g.side, 0, hue, shade(o, &g, cell->number));
                put_now(b, &g, x, y, g.side, g.side, 0, hue, cell->number);
            }
        }
    }
}

/* How far the order jumps from a row or a column to the next: 0 where the two are not steps of one
** sequence. */
static int64_t jump_after(const Order *o, bool rows, int i)
{
    const OrderCell *a = rows ? order_cell(o, i, 0) : order_cell(o, 0, i);
    const OrderCell *b = rows ? order_cell(o, i + 1, 0) : order_cell(o, 0, i + 1);
    bool linked = a->number && b->number && a->chunk == b->chunk;
    return linked ? llabs(b->number - a->number) : 0;
}

/* For each row or column, after which a tile ends: 1, or 2 for a tile of tiles.  The order jumps
** farther there. */
static int *tile_ends(Arena *A, const Order *o, bool rows)
{
    int n = (rows ? o->rows : o->cols) - 1;
    int *ends = ARENA_ARRAY(A, int, n + 1);
    if (o->threads || o->most_visits > 1)
        return ends;
    int64_t near = 0, far = 0;
    for (int i = 0; i < n; i++) {
        int64_t jump = jump_after(o, rows, i);
        near = jump && (!near || jump < near) ? jump : near;
    }
    for (int i = 0; i < n; i++) {
        int64_t jump = jump_after(o, rows, i);
        far = jump > 2 * near && (!far || jump < far) ? jump : far;
    }
    for (int i = 0; i < n; i++) {
        int64_t jump = jump_after(o, rows, i);
        ends[i] = jump > 2 * far && far ? 2 : jump > near;
    }
    return ends;
}

static void put_lattice(Buf *b, const Order *o, Grid g)
{
    static const double width[] = {1, 1.3, 2.2};
    int *col_ends = tile_ends(b->arena, o, false), *row_ends = tile_ends(b->arena, o, true);
    double right = g.x + o->cols * g.side, bottom = g.y + o->rows * g.side;
    for (int weight = 0; weight < 3; weight++) { /* thicker lines last */
        Color color = weight ? COLOR_edge : COLOR_rule;
        for (int c = 0; c + 1 < o->cols; c++)
            if (col_ends[c] == weight)
                svg_line(b, g.x + (c + 1) * g.side, g.y, g.x + (c + 1) * g.side, bottom, color,
                         width[weight]);
        for (int r = 0; r + 1 < o->rows; r++)
            if (row_ends[r] == weight)
                svg_line(b, g.x, g.y + (r + 1) * g.side, right, g.y + (r + 1) * g.side, color,
                         width[weight]);
    }
    for (int r = 0; r < o->rows; r++) {
        for (int c = 0; c < o->cols; c++) {
            const OrderCell *here = order_cell(o, r, c);
            const OrderCell *east = c + 1 < o->cols ? order_cell(o, r, c + 1) : here;
            const OrderCell *south = r + 1 < o->rows ? order_cell(o, r + 1, c) : here;
            double x = g.x + (c + 1) * g.side, y = g.y + (r + 1) * g.side;
            if (order_parted(here, east))
                svg_line(b, x, y - g.side, x, y, COLOR_ink, 2);
            if (order_parted(here, south))
                svg_line(b, x - g.side, y, x, y, COLOR_ink, 2);
        }
    }
    svg_frame(b, g.x, g.y, o->cols * g.side, o->rows * g.side, 0, COLOR_edge, 1.5);
}

static void put_band(Buf *b, const Order *o, Grid g, const Stop *s, Color color, double opacity,
                     double width)
{
    buf_puts(b, "<polyline points=\"");
    for (size_t k = s->from; k < s->to; k++)
        buf_printf(b, "%.1f,%.1f ", center(g.x, o->visit[k].col, g.side),
                   center(g.y, o->visit[k].row, g.side));
    buf_printf(b,
               "\" fill=\"none\" stroke=\"%s\" stroke-opacity=\"%.2f\" stroke-width=\"%.1f\" "
               "stroke-linecap=\"round\" stroke-linejoin=\"round\"/>\n",
               color_hex[color], opacity, width);
}

/* Lanes that are neighbours in a row or a column get a frame, others a band from each to the
** next.  It has one shade, that of a cell of its first number: the lanes run at once. */
static void put_lanes(Buf *b, const Order *o, Grid g, const Stop *s)
{
    const OrderVisit *first = &o->visit[s->from];
    Color hue = hues[first->chunk % HUES];
    double tone = shade(o, &g, first->number);
    if (s->full) {
        double x = g.x + s->box.c0 * g.side + 3.5, y = g.y + s->box.r0 * g.side + 5;
        double w = (s->box.c1 - s->box.c0 + 1) * g.side - 7;
        double h = (s->box.r1 - s->box.r0 + 1) * g.side - 10;
        svg_rect(b, x, y, w, h, 7, COLOR_paper, 1);
        svg_rect(b, x, y, w, h, 7, hue, tone);
        put_now(b, &g, x, y, w, h, 7, hue, first->number);
        svg_frame(b, x, y, w, h, 7, COLOR_vectorized, 1.5);
        return;
    }
    put_band(b, o, g, s, COLOR_vectorized, 1, g.side * 0.66);
    put_band(b, o, g, s, COLOR_paper, 1, g.side * 0.66 - 3);
    put_band(b, o, g, s, hue, tone, g.side * 0.66 - 3);
    for (size_t k = s->from; k < s->to; k++)
        put_now(b, &g, g.x + o->visit[k].col * g.side + 5, g.y + o->visit[k].row * g.side + 5,
                g.side - 10, g.side - 10, 7, hue, first->number);
}

/* A band may cross what other steps compute: it passes below their frames. */
static void put_steps(Buf *b, const Order *o, Grid g)
{
    for (int full = 0; full < 2; full++)
        for (size_t i = 0; i < o->nvisits;) {
            Stop s = stop_from(o, i);
            if (is_framed(o, &s) && s.full == (full == 1))
                put_lanes(b, o, g, &s);
            i = s.to;
        }
}

/* Do they share a whole side? */
static bool next_to(const Box *a, const Box *b)
{
    bool rows = a->r0 == b->r0 && a->r1 == b->r1, cols = a->c0 == b->c0 && a->c1 == b->c1;
    return (rows && (a->c1 + 1 == b->c0 || b->c1 + 1 == a->c0)) ||
           (cols && (a->r1 + 1 == b->r0 || b->r1 + 1 == a->r0));
}

/* From the middle of a box, or of the side of its frame, to that of the next: a jump between frames
** runs where they leave room, for below them it could not be followed. */
static void put_piece(Buf *b, Grid g, const Box *from, const Box *to, bool between_frames)
{
    double x1 = g.x + (from->c0 + from->c1 + 1) * g.side / 2,
           y1 = g.y + (from->r0 + from->r1 + 1) * g.side / 2,
           x2 = g.x + (to->c0 + to->c1 + 1) * g.side / 2,
           y2 = g.y + (to->r0 + to->r1 + 1) * g.side / 2;
    int down = to->r0 > from->r1   ? 1
               : to->r1 < from->r0 ? -1
                                   : 0,
        right = to->c0 > from->c1   ? 1
                : to->c1 < from->c0 ? -1
                                    : 0;
    bool next_row = to->r0 == from->r1 + 1 || to->r1 + 1 == from->r0;
    if (between_frames && right && !next_row) {
        x1 += right * ((from->c1 - from->c0 + 1) * g.side / 2 - 5);
        x2 -= right * ((to->c1 - to->c0 + 1) * g.side / 2 - 5);
    } else if (between_frames) {
        y1 += down * ((from->r1 - from->r0 + 1) * g.side / 2 - 5);
        y2 -= down * ((to->r1 - to->r0 + 1) * g.side / 2 - 5);
    }
    buf_printf(b, "M%.1f %.1fL%.1f %.1f", x1, y1, x2, y2);
}

/* The pieces of each strand's path from neighbour to neighbour (solid), or those where it jumps.
** Vector steps are passed as frames, or from the last lane of a band to the first of the next. */
static const char *path_pieces(Arena *A, const Order *o, Grid g, bool solid)
{
    Buf b = buf_new(A);
    Box *last = ARENA_ARRAY(A, Box, o->chunks + 1); /* where each strand has come to */
    bool *framed = ARENA_ARRAY(A, bool, o->chunks + 1);
    for (int c = 0; c < o->chunks; c++)
        last[c].r0 = -1;
    for (size_t i = 0; i < o->nvisits && !o->threads;) {
        Stop s = stop_from(o, i);
        const OrderVisit *v = &o->visit[s.from];
        i = s.to;
        if (v->again)
            continue;
        bool frame = s.full && is_framed(o, &s);
        Box *p = &last[v->chunk], enter = s.full ? s.box : box_of(v);
        if (p->r0 >= 0 && next_to(p, &enter) == solid)
            put_piece(&b, g, p, &enter, !solid && frame && framed[v->chunk]);
        *p = s.full ? s.box : box_of(&o->visit[s.to - 1]);
        framed[v->chunk] = frame;
    }
    return buf_str(&b);
}

static void put_path(Buf *b, const Order *o, Grid g)
{
    for (int solid = 0; solid < 2; solid++) {
        const char *pieces = path_pieces(b->arena, o, g, solid == 1);
        if (*pieces)
            buf_printf(b,
                       "<path fill=\"none\" stroke=\"%s\" stroke-opacity=\"%s\" "
                       "stroke-width=\"%s\" stroke-linecap=\"round\" stroke-linejoin=\"round\" "
                       "d=\"%s\"/>\n",
                       color_hex[COLOR_ink], solid ? "0.45" : "0.32", solid ? "1.8" : "1", pieces);
    }
}

static void put_again(Buf *b, Grid g, int r, int c)
{
    double cx = g.x + (c + 1) * g.side, cy = g.y + r * g.side, k = g.side * 0.26;
    buf_printf(b, "<path d=\"M%.1f %.1fh%.1fv%.1fz\" fill=\"%s\"/>\n", cx - k, cy, k, k,
               color_hex[COLOR_unrolled]);
}

/* The frames of vector steps are as good a ground for a number as a plate of its own. */
static void put_numbers(Buf *b, const Order *o, Grid g)
{
    SvgFont f = {.size = g.font, .code = true};
    buf_printf(b,
               "<g font-family=\"" FONT_CODE
               "\" font-size=\"%.4g\" text-anchor=\"middle\" fill=\"%s\">\n",
               g.font, color_hex[COLOR_ink]);
    for (int r = 0; r < o->rows; r++) {
        for (int c = 0; c < o->cols; c++) {
            const OrderCell *cell = order_cell(o, r, c);
            if (!cell->number)
                continue;
            double x = center(g.x, c, g.side), y = center(g.y, r, g.side);
            char text[32];
            snprintf(text, sizeof text, "%lld",
                     (long long)(o->threads ? cell->thread : cell->number));
            double w = svg_measure(f, text, NULL) + 4;
            if (!g.framed[r * o->cols + c] && !o->threads)
                svg_rect(b, x - w / 2, y - g.font * 0.62, w, g.font * 1.24, 3, COLOR_paper, 0.72);
            buf_printf(b, "<text x=\"%.1f\" y=\"%.1f\"%s>%s</text>\n", x, y + g.font * 0.36,
                       cell->number == 1 && !o->threads ? " font-weight=\"bold\"" : "", text);
            if (cell->visits > 1)
                put_again(b, g, r, c);
        }
    }
    buf_puts(b, "</g>\n");
}

static void put_ticks(Buf *b, const Order *o, Grid g)
{
    SvgFont f = {.size = 10, .code = true, .anchor = SVG_middle, .color = COLOR_quiet};
    char text[32];
    for (int c = 0; c < o->cols; c++) {
        snprintf(text, sizeof text, "%lld", (long long)(o->col_min + c));
        svg_text(b, center(g.x, c, g.side), g.y - 6, f, text);
    }
    f.anchor = SVG_end;
    for (int r = 0; r < o->rows && o->row; r++) {
        snprintf(text, sizeof text, "%lld", (long long)(o->row_min + r));
        svg_text(b, g.x - 7, center(g.y, r, g.side) + 3.5, f, text);
    }
    SvgFont axis = {.size = 12, .bold = true, .color = COLOR_ink, .anchor = SVG_start};
    Buf name = buf_new(b->arena);
    buf_printf(&name, "%s →", o->col);
    svg_text(b, g.x, g.y - 21, axis, buf_str(&name));
    if (o->row) {
        name = buf_new(b->arena);
        buf_printf(&name, "%s ↓", o->row);
        axis.anchor = SVG_end;
        svg_text(b, g.x - 7, g.y - 6, axis, buf_str(&name));
    }
}

/* The loops around the block as chips, outermost first; returns the bottom of the last line. */
static double put_loops(Buf *b, const Order *o, double y, double right, bool draw)
{
    SvgFont f = {.size = 11, .anchor = SVG_start};
    double x = MARGIN;
    for (size_t i = 0; i < o->nloops; i++) {
        const OrderLoop *l = &o->loop[i];
        const char *mark = mark_of_kind(l->kind, true);
        char *text =
            arena_printf(b->arena, "%s%s%s %s", mark, *mark ? " " : "", l->name, l->extent);
        double w = svg_measure(f, text, NULL) + 12;
        if (x + w > right && x > MARGIN) {
            x = MARGIN;
            y += 24;
        }
        if (draw) {
            Color c = color_of_kind(l->kind);
            svg_rect(b, x, y, w, 19, 5, c == COLOR_ink ? COLOR_serial_fill : c,
                     c == COLOR_ink ? 1 : 0.13);
            svg_frame(b, x, y, w, 19, 5, c == COLOR_ink ? COLOR_edge : c,
                      l->kind == FOR_serial ? 0.8 : 1.4);
            f.color = c;
            svg_text(b, x + 6, y + 13.5, f, text);
        }
        x += w + 6;
    }
    return y + 19;
}

static void put_animation(Buf *b, double seconds)
{
    buf_printf(b,
               "<style>@keyframes now{0%%{opacity:0}1%%{opacity:.5}9%%{opacity:0}100%%{opacity:0}}"
               ".now{animation:now %.1fs linear infinite}"
               "@media (prefers-reduced-motion: reduce){.now{animation:none}}</style>\n",
               seconds + 1);
}

/* What the numbers, the shade and the lines say, then what is special here. */
static const char *notes_text(Arena *A, const Order *o)
{
    const int *ends[] = {tile_ends(A, o, false), tile_ends(A, o, true)};
    bool tiles = false;
    for (int c = 0; c + 1 < o->cols; c++)
        tiles |= ends[0][c] > 0;
    for (int r = 0; r + 1 < o->rows; r++)
        tiles |= ends[1][r] > 0;
    bool shades = false;
    for (size_t i = 0; i < o->nvisits; i = stop_from(o, i).to)
        shades |= o->visit[i].number > 1;
    bool jumps = *path_pieces(A, o, (Grid){0}, false);
    const char *notes = order_notes(A, o, true);
    return arena_printf(
        A, "%s%s%s%s%s%s", o->threads ? "" : "numbers count the order",
        shades && !o->threads ? "; stronger colour is later" : "",
        jumps ? "\nfine lines lead to what comes next where that is no neighbour" : "",
        tiles ? "\ngrey lines part tiles" : "", *notes && !o->threads ? "\n" : "", notes);
}

/* The side of a cell, for numbers of so many digits in that font. */
static double side_of(const Order *o, int digits, double font)
{
    double part = font / LARGEST, room = o->vectors ? 20 * part : 14 * part * part;
    double side = digits * font * 0.602 + room, least = 30 * part;
    return side < least ? least : side;
}

/* Many cells are smaller, as long as their numbers can be read. */
static void choose_side(Grid *g, const Order *o, int digits)
{
    enum { ROOM = 900 };
    int most = o->cols > o->rows ? o->cols : o->rows;
    g->font = LARGEST;
    while (g->font > SMALLEST && most * side_of(o, digits, g->font) > ROOM)
        g->font -= 0.5;
    g->side = side_of(o, digits, g->font);
}

Picture order_picture(Arena *A, const Order *o, bool animated, double seconds)
{
    Buf b = buf_new(A);
    Grid g = {.x = MARGIN + TICKS, .last = 1};
    int64_t widest = 1;
    for (int i = 0; i < o->rows * o->cols; i++) {
        int64_t v = o->threads ? o->cell[i].thread : o->cell[i].number;
        widest = v > widest ? v : widest;
        g.last = o->cell[i].number > g.last ? o->cell[i].number : g.last;
    }
    g.seconds = animated ? seconds : 0;
    g.framed = framed_cells(A, o);
    choose_side(&g, o, text_cols(arena_printf(A, "%lld", (long long)widest)));
    double width = g.x + o->cols * g.side + MARGIN;
    width = width < 400 ? 400 : width; /* notes and a title fit */
    SvgFont small = {.size = 11, .color = COLOR_quiet};
    SvgLines part = svg_wrap(A, small, order_part(A, o), width - 2 * MARGIN);
    double chips = 44 + LINE * (double)part.n;
    g.y = put_loops(&b, o, chips, width - MARGIN, false) + 46;
    double bottom = g.y + o->rows * g.side;
    SvgLines notes = svg_wrap(A, small, notes_text(A, o), width - 2 * MARGIN);
    double height = bottom + (notes.n ? 10 + (double)notes.n * LINE : 0) + MARGIN;

    svg_open(&b, width, height, arena_printf(A, "order in which %s is computed", o->block));
    if (animated)
        put_animation(&b, seconds);
    svg_text(&b, MARGIN, 32, (SvgFont){.size = 15, .bold = true, .color = COLOR_ink},
             arena_printf(A, "%s: order of its points", o->block));
    for (size_t i = 0; i < part.n; i++)
        svg_text(&b, MARGIN, 50 + LINE * (double)i, small, part.line[i]);
    put_loops(&b, o, chips, width - MARGIN, true);
    put_cells(&b, o, g);
    put_lattice(&b, o, g);
    put_path(&b, o, g);
    put_steps(&b, o, g);
    put_numbers(&b, o, g);
    put_ticks(&b, o, g);
    for (size_t i = 0; i < notes.n; i++)
        svg_text(&b, MARGIN, bottom + 10 + LINE * (0.75 + (double)i), small, notes.line[i]);
    svg_close(&b);
    return (Picture){PICTURE_svg, .source = buf_str(&b)};
}
