/* pair_svg.c -- laying out and drawing two aligned nests. */
#include "viz/svg/pair_svg.h"

#include <math.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/vec.h"
#include "viz/dot.h"
#include "viz/nest_dot.h"
#include "viz/svg/measure.h"
#include "viz/text/style.h"
#include "viz/text/wrap.h"

enum {
    MARGIN = 20,
    INSET = 9,
    RIGHT_INSET = 4,
    PAD = 8,
    HEAD = 21,
    CODE_LINE = 14,
    GAP = 5,
    CLOSE = 5,
    GUTTER = 84,
    FOLD = 18,
    MIN_WIDTH = 200
};

static const SvgFont name_font = {.size = 11, .bold = true, .color = COLOR_ink};
static const SvgFont plain_font = {.size = 11, .color = COLOR_ink};
static const SvgFont small_font = {.size = 9, .color = COLOR_quiet};
static const SvgFont code_font = {.size = 10, .code = true, .color = COLOR_ink};
static const SvgFont head_font = {.size = 10.5, .color = COLOR_quiet};
static const SvgFont func_font = {.size = 15, .bold = true, .color = COLOR_ink};

typedef struct Look {
    Color line, fill;
    double border;
    const char *dash, *sign, *word;
} Look;

static const Look looks[] = {
    [CHANGE_same] = {COLOR_edge, COLOR_serial_fill, 1, "", "", "unchanged"},
    [CHANGE_changed] = {COLOR_thread, COLOR_thread_fill, 2, "", "~", "changed"},
    [CHANGE_moved] = {COLOR_unrolled, COLOR_unrolled_fill, 2, "", "↕", "moved"},
    [CHANGE_new] = {COLOR_parallel, COLOR_parallel_fill, 2, "", "+", "new"},
    [CHANGE_gone] = {COLOR_vectorized, COLOR_vectorized_fill, 2, "5 3", "−", "gone"},
};

/* A piece of a row's first line. */
typedef struct Run {
    SvgFont font;
    const char *text;
    double before; /* space in front */
} Run;

enum { MAX_RUNS = 8 };

typedef struct Cell {
    Run run[MAX_RUNS];
    int nruns;
    CodeLines code;
    double width, height; /* of its own content */
    double x, y, w, bottom;
    int end; /* the last row inside */
    bool shown;
} Cell;

/* Rows that nothing happened to, in place of which stands how many they are. */
typedef struct Fold {
    int a, b; /* the first of them on each side, or -1 */
    size_t n;
    double y;
} Fold;

typedef struct Side {
    const Nest *nest;
    const Change *change;
    const char *title;
    SvgLines titles;
    Cell *cell; /* by row */
    double x, width;
} Side;

typedef struct Pair {
    Arena *A;
    Buf *out;
    const NestDiff *diff;
    Side before, after;
    bool *shown; /* by line */
    VEC(Fold) folds;
    double bottom;
} Pair;

/* ---- what a row says ---- */

static void add_run(Cell *c, SvgFont font, Color color, double before, const char *text)
{
    if (!*text || c->nruns == MAX_RUNS)
        return;
    font.color = color;
    c->run[c->nruns] = (Run){font, text, c->nruns ? before : 0};
    c->nruns++;
}

static void fill_loop(Pair *p, Cell *c, const NestRow *r)
{
    ForKind k = ir_for_kind(r->node);
    add_run(c, name_font, COLOR_ink, 5, r->name);
    if (text_cols(r->extent) <= NEST_EXTENT_COLS)
        add_run(c, plain_font, COLOR_ink, 7, r->extent);
    else
        c->code = wrap_code(p->A, r->extent, NEST_CODE_COLS);
    if (k != FOR_serial)
        add_run(c, plain_font, color_of_kind(k), 7,
                arena_printf(p->A, "%s %s", mark_of_kind(k, true), word_of_kind(k)));
}

static void fill_cell(Pair *p, Side *s, size_t i, const char *note)
{
    Arena *A = p->A;
    const NestRow *r = &s->nest->row[i];
    Cell *c = &s->cell[i];
    Look l = looks[s->change[i]];
    add_run(c, name_font, l.line, 0, l.sign);
    if (r->kind == ROW_loop) {
        fill_loop(p, c, r);
    } else if (r->kind == ROW_alloc) {
        const Node *buffer = r->node->kid[Alloc_buffer];
        add_run(c, name_font, COLOR_ink, 5, r->name);
        add_run(c, small_font, COLOR_quiet, 7,
                arena_printf(A, "%s %s%s%s", scope_name[buffer->at.buf->scope],
                             nest_buffer_shape(A, buffer, r->node), r->bytes >= 0 ? ", " : "",
                             r->bytes >= 0 ? text_bytes(A, r->bytes) : ""));
    } else {
        add_run(c, name_font, COLOR_ink, 5, r->name);
        c->code = wrap_code(A, r->text, NEST_CODE_COLS);
    }
    if (r->kind != ROW_alloc)
        add_run(c, small_font, COLOR_quiet, 9, nest_origin(A, r));
    add_run(c, small_font, COLOR_quiet, 9, r->note);
    if (r->kind == ROW_loop) /* how code changed is seen beside it */
        add_run(c, small_font, l.line, 9, note);
    for (int k = 0; k < c->nruns; k++)
        c->width += c->run[k].before + svg_measure(c->run[k].font, c->run[k].text, NULL);
    for (size_t k = 0; k < c->code.n; k++)
        c->width = fmax(c->width, svg_measure(code_font, c->code.line[k], NULL));
    bool bare = c->nruns == 0; /* a statement without a name */
    c->height = (bare ? 5 : HEAD) + (double)c->code.n * CODE_LINE + (c->code.n ? 4 : 0);
}

/* ---- where it stands ---- */

static bool is_drawn(const Side *s, size_t i)
{
    return s->cell[i].shown && s->nest->row[i].kind != ROW_func;
}

static int depth_of(const Side *s, size_t i)
{
    return s->nest->row[i].depth - (s->nest->func ? 1 : 0);
}

static void fill_side(Pair *p, Side *s, const char *(*note)(Arena *, const NestDiff *, int))
{
    for (size_t i = 0; i < s->nest->n; i++) {
        for (int up = (int)i; up >= 0; up = s->nest->row[up].parent)
            s->cell[up].end = (int)i;
        if (!is_drawn(s, i))
            continue;
        fill_cell(p, s, i, s->change[i] == CHANGE_same ? "" : note(p->A, p->diff, (int)i));
        s->width =
            fmax(s->width, s->cell[i].width + 2 * PAD + depth_of(s, i) * (INSET + RIGHT_INSET));
    }
    s->titles = svg_wrap(p->A, head_font, s->title, s->width);
}

static void open_side(Pair *p, Side *s)
{
    s->cell = ARENA_ARRAY(p->A, Cell, s->nest->n + 1);
    s->width = fmax(MIN_WIDTH, svg_measure(func_font, s->nest->row[0].name, NULL));
}

static void find_shown(Pair *p, size_t *left)
{
    const NestDiff *d = p->diff;
    p->shown = diff_shown(p->A, d, NEST_MAX_ROWS, left);
    for (size_t k = 0; k < d->n; k++) {
        if (d->line[k].a >= 0)
            p->before.cell[d->line[k].a].shown = p->shown[k];
        if (d->line[k].b >= 0)
            p->after.cell[d->line[k].b].shown = p->shown[k];
    }
}

/* Places the ends of the boxes that are shown and end with row i, its own not counted; returns how
** many. */
static int place_ends(Side *s, int i, double y)
{
    int n = 0;
    for (int up = i < 0 ? -1 : s->nest->row[i].parent; up >= 0 && s->cell[up].end == i;
         up = s->nest->row[up].parent)
        if (is_drawn(s, (size_t)up))
            s->cell[up].bottom = y + ++n * CLOSE;
    return n;
}

static void place_row(Side *s, int i, double y)
{
    if (i < 0 || !is_drawn(s, (size_t)i))
        return;
    Cell *c = &s->cell[i];
    double depth = depth_of(s, (size_t)i);
    c->x = s->x + depth * INSET;
    c->w = s->width - depth * (INSET + RIGHT_INSET);
    c->y = y;
    c->bottom = y + c->height;
}

static double own_height(const Side *s, int i)
{
    return i >= 0 && is_drawn(s, (size_t)i) ? s->cell[i].height : 0;
}

/* Line k is not shown: it joins the fold above it, or begins one. */
static void fold_line(Pair *p, size_t k, bool begins, double *y)
{
    const DiffLine *l = &p->diff->line[k];
    if (begins) {
        vec_push(p->A, &p->folds, ((Fold){l->a, l->b, 0, *y}));
        *y += FOLD;
    }
    p->folds.at[p->folds.n - 1].n++;
}

static void place(Pair *p, double top, bool folding)
{
    double y = top;
    bool open = false; /* a fold that the next line may join */
    for (size_t k = 0; k < p->diff->n; k++) {
        int a = p->diff->line[k].a, b = p->diff->line[k].b;
        double ha = own_height(&p->before, a), hb = own_height(&p->after, b), h = fmax(ha, hb);
        if (p->shown[k] && h <= 0)
            continue;
        place_row(&p->before, a, y);
        place_row(&p->after, b, y);
        if (!p->shown[k] && folding)
            fold_line(p, k, !open, &y);
        double at = p->shown[k] ? y : y - GAP;
        int ends = place_ends(&p->before, a, at + ha), ends_b = place_ends(&p->after, b, at + hb);
        ends = ends > ends_b ? ends : ends_b;
        y += (p->shown[k] ? h + GAP : 0) + CLOSE * ends;
        open = !p->shown[k] && ends == 0;
    }
    p->bottom = y;
}

/* ---- drawing ---- */

static void put_box(Buf *b, const Cell *c, Look l, Color fill, double round)
{
    double in = l.border / 2; /* the border lies inside the box */
    buf_printf(b,
               "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"%.1f\" fill=\"%s\" "
               "stroke=\"%s\" stroke-width=\"%.4g\"",
               c->x + in, c->y + in, c->w - l.border, c->bottom - c->y - l.border, round,
               color_hex[fill], color_hex[l.line], l.border);
    if (*l.dash)
        buf_printf(b, " stroke-dasharray=\"%s\"", l.dash);
    buf_puts(b, "/>\n");
}

/* What a browser shows when the pointer rests on the row. */
static void put_tooltip(Pair *p, const Side *s, size_t i)
{
    buf_puts(p->out, "<title>");
    put_xml(p->out, arena_printf(p->A, "%s: %s", looks[s->change[i]].word,
                                 nest_tooltip(p->A, &s->nest->row[i])));
    buf_puts(p->out, "</title>\n");
}

static void put_cell(Pair *p, const Side *s, size_t i)
{
    const NestRow *r = &s->nest->row[i];
    const Cell *c = &s->cell[i];
    Look l = looks[s->change[i]];
    bool sheet = r->kind == ROW_block || r->kind == ROW_stmt ||
                 (r->kind == ROW_alloc && s->change[i] == CHANGE_same);
    if (sheet && s->change[i] == CHANGE_same)
        l.line = r->kind == ROW_block ? COLOR_ink : COLOR_quiet;
    if (r->kind == ROW_alloc)
        l.dash = "4 3";
    buf_puts(p->out, "<g>");
    put_tooltip(p, s, i);
    put_box(p->out, c, l, sheet ? COLOR_paper : l.fill, r->kind == ROW_loop ? 4 : 1);
    double x = c->x + PAD, y = c->y + 14.5;
    for (int k = 0; k < c->nruns; k++) {
        x += c->run[k].before;
        svg_text(p->out, x, y, c->run[k].font, c->run[k].text);
        x += svg_measure(c->run[k].font, c->run[k].text, NULL);
    }
    y = c->y + (c->nruns ? HEAD : 5) + 8.5;
    for (size_t k = 0; k < c->code.n; k++) {
        const char *line = c->code.line[k];
        size_t indent = strspn(line, " "); /* SVG drops blanks at the start */
        svg_text(p->out, c->x + PAD + svg_measure(code_font, " ", NULL) * (double)indent,
                 y + (double)k * CODE_LINE, code_font, line + indent);
    }
    buf_puts(p->out, "</g>\n");
}

static void put_side(Pair *p, const Side *s, double top)
{
    for (size_t k = 0; k < s->titles.n; k++)
        svg_text(p->out, s->x, top + (double)k * 14, head_font, s->titles.line[k]);
    for (size_t i = 0; i < s->nest->n; i++)
        if (is_drawn(s, i))
            put_cell(p, s, i);
}

static void put_folds(Pair *p)
{
    for (size_t k = 0; k < p->folds.n; k++) {
        const Fold *f = &p->folds.at[k];
        const char *said = arena_printf(p->A, "… %zu more, unchanged", f->n);
        double a = f->a < 0 ? 0 : depth_of(&p->before, (size_t)f->a) * INSET + PAD;
        double b = f->b < 0 ? 0 : depth_of(&p->after, (size_t)f->b) * INSET + PAD;
        if (f->a >= 0)
            svg_text(p->out, p->before.x + a, f->y + 9, head_font, said);
        if (f->b >= 0)
            svg_text(p->out, p->after.x + b, f->y + 9, head_font, said);
    }
}

/* From a row's box to another's: straight out of the column, bent in the gutter, straight in. */
static void put_link(Pair *p, size_t i, size_t j, Color color, bool dashed)
{
    const Cell *a = &p->before.cell[i], *b = &p->after.cell[j];
    double left = p->before.x + p->before.width, right = p->after.x, mid = (left + right) / 2;
    double x1 = a->x + a->w, x2 = b->x, y1 = a->y + HEAD / 2.0, y2 = b->y + HEAD / 2.0;
    buf_printf(p->out,
               "<path d=\"M%.1f %.1fH%.1fC%.1f %.1f %.1f %.1f %.1f %.1fH%.1f\" fill=\"none\" "
               "stroke=\"%s\" stroke-width=\"1.4\"%s/>\n",
               x1, y1, left, mid, y1, mid, y2, right, y2, x2 - 5, color_hex[color],
               dashed ? " stroke-dasharray=\"5 3\"" : "");
    buf_printf(p->out, "<path d=\"M%.1f %.1fl-7 -3.5v7z\" fill=\"%s\"/>\n", x2, y2,
               color_hex[color]);
}

static bool put_links(Pair *p)
{
    const NestDiff *d = p->diff;
    bool became = false;
    for (size_t i = 0; i < d->a.n; i++) {
        if (!is_drawn(&p->before, i) || d->a_change[i] == CHANGE_same)
            continue;
        if (d->a_to_b[i] >= 0 && is_drawn(&p->after, (size_t)d->a_to_b[i]))
            put_link(p, i, (size_t)d->a_to_b[i], looks[d->a_change[i]].line, false);
        for (size_t j = 0; d->a_change[i] == CHANGE_gone && j < d->b.n; j++) {
            if (is_drawn(&p->after, j) && diff_descends(d, i, j)) {
                put_link(p, i, j, COLOR_parallel, true);
                became = true;
            }
        }
    }
    return became;
}

/* Each change that there is, as a box with its sign, and how often. */
static void put_legend(Pair *p, double y, bool became)
{
    static const Change order[] = {CHANGE_new, CHANGE_gone, CHANGE_moved, CHANGE_changed,
                                   CHANGE_same};
    double x = MARGIN;
    if (!nest_differs(p->diff)) {
        svg_text(p->out, x, y + 12, plain_font, "no difference");
        return;
    }
    for (size_t k = 0; k < sizeof order / sizeof *order; k++) {
        Look l = looks[order[k]];
        int n = p->diff->count[order[k]];
        if (!n)
            continue;
        Cell swatch = {.x = x, .y = y, .w = 22, .bottom = y + 16};
        put_box(p->out, &swatch, l, l.fill, 3);
        SvgFont sign = name_font;
        sign.color = l.line;
        sign.anchor = SVG_middle;
        svg_text(p->out, x + 11, y + 12, sign, l.sign);
        const char *said =
            order[k] == CHANGE_same ? l.word : arena_printf(p->A, "%d %s", n, l.word);
        svg_text(p->out, x + 28, y + 12, plain_font, said);
        x += 28 + svg_measure(plain_font, said, NULL) + 20;
    }
    if (became) {
        buf_printf(p->out,
                   "<path d=\"M%.1f %.1fh26\" stroke=\"%s\" stroke-width=\"1.4\" "
                   "stroke-dasharray=\"5 3\"/>\n",
                   x, y + 8, color_hex[COLOR_parallel]);
        buf_printf(p->out, "<path d=\"M%.1f %.1fl-7 -3.5v7z\" fill=\"%s\"/>\n", x + 31, y + 8,
                   color_hex[COLOR_parallel]);
        svg_text(p->out, x + 37, y + 12, plain_font, "became");
    }
}

Picture pair_picture(Arena *A, const Node *before, const Node *after, const char *title_before,
                     const char *title_after)
{
    enum { LEGEND = 470 };
    NestDiff d = nest_diff(A, before, after);
    Buf out = buf_new(A);
    Pair p = {.A = A,
              .out = &out,
              .diff = &d,
              .before = {.nest = &d.a, .change = d.a_change, .title = title_before},
              .after = {.nest = &d.b, .change = d.b_change, .title = title_after}};
    size_t left;
    open_side(&p, &p.before);
    open_side(&p, &p.after);
    find_shown(&p, &left);
    fill_side(&p, &p.before, diff_note_before);
    fill_side(&p, &p.after, diff_note_after);
    p.before.x = MARGIN;
    p.after.x = MARGIN + p.before.width + GUTTER;
    size_t titles = p.before.titles.n > p.after.titles.n ? p.before.titles.n : p.after.titles.n;
    double top = 58;
    place(&p, top + (double)titles * 14 - 4, left == 0);
    double legend = p.bottom + (left ? 20 : 0) + 12;
    double width = fmax(p.after.x + p.after.width, MARGIN + LEGEND) + MARGIN;
    svg_open(&out, width, legend + 16 + MARGIN,
             arena_printf(A, "what changed in %s", d.b.row[0].name));
    svg_text(&out, MARGIN, 34, func_font, d.b.row[0].name);
    put_side(&p, &p.before, top);
    put_side(&p, &p.after, top);
    put_folds(&p);
    if (left)
        svg_text(&out, MARGIN, p.bottom + 12, head_font,
                 arena_printf(A, "… and %zu more lines that changed or stand around", left));
    put_legend(&p, legend, put_links(&p));
    svg_close(&out);
    return (Picture){PICTURE_svg, .source = buf_str(&out),
                     .dot = nest_pair_dot(A, &d, title_before, title_after)};
}
