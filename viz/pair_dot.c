/* pair_dot.c -- laying out and writing two aligned nests. */
#include "viz/pair_dot.h"

#include <math.h>

#include "core/base/vec.h"
#include "viz/dot.h"
#include "viz/nest_diff.h"
#include "viz/nest_dot.h"
#include "viz/svg/measure.h"
#include "viz/text/style.h"
#include "viz/text/wrap.h"

/* In points.  Sizes of texts are even, for Graphviz rounds those of labels up to even ones. */
enum {
    INCH = 72, /* DOT has the sizes of nodes in inches */
    INSET = 10,
    RIGHT_INSET = 4,
    PAD = 8,
    HEAD = 22,
    LID = 2,
    FRAME = 1, /* of a row, above and below its text */
    CODE_LINE = 14,
    CODE_PAD = 4,
    GAP = 5,
    CLOSE = 5,
    GUTTER = 84,
    FOLD = 18,
    TITLE = 34,
    TITLE_LINE = 14,
    KEY = 16,
    KEY_BOX = 22,
    KEY_GAP = 6,
    KEY_APART = 20,
    KEY_ARROW = 30,
    ARROW = 7,
    MIN_WIDTH = 200
};

static const SvgFont name_font = {.size = 11, .bold = true, .color = COLOR_ink};
static const SvgFont plain_font = {.size = 11, .color = COLOR_ink};
static const SvgFont small_font = {.size = 9, .color = COLOR_quiet};
static const SvgFont code_font = {.size = 10, .code = true, .color = COLOR_ink};
static const SvgFont head_font = {.size = 10, .color = COLOR_quiet};
static const SvgFont func_font = {.size = 15, .bold = true, .color = COLOR_ink};

typedef struct Look {
    Color line, fill;
    double border;
    const char *style, *sign, *word;
} Look;

static const Look looks[] = {
    [CHANGE_same] = {COLOR_edge, COLOR_serial_fill, 1, "", "", "unchanged"},
    [CHANGE_changed] = {COLOR_thread, COLOR_thread_fill, 2, "", "~", "changed"},
    [CHANGE_moved] = {COLOR_unrolled, COLOR_unrolled_fill, 2, "", "↕", "moved"},
    [CHANGE_new] = {COLOR_parallel, COLOR_parallel_fill, 2, "", "+", "new"},
    [CHANGE_gone] = {COLOR_vectorized, COLOR_vectorized_fill, 2, "dashed", "−", "gone"},
};

/* A piece of a row's first line. */
typedef struct Run {
    SvgFont font;
    const char *text;
} Run;

enum { MAX_RUNS = 8 };

typedef struct Cell {
    Run run[MAX_RUNS];
    int nruns;
    CodeLines notes, code; /* in lines below, of their fonts */
    double width, height;  /* of its own content */
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
    const char *id; /* nodes are called by it and the row's number */
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
    double bottom; /* of the columns */
    double height; /* of all */
    int texts;     /* written so far */
} Pair;

/* ---- what a row says ---- */

static double even(double size)
{
    return 2 * ceil(size / 2);
}

/* `blanks` part the run from the one before. */
static void add_run(Pair *p, Cell *c, SvgFont font, Color color, const char *blanks,
                    const char *text)
{
    if (!*text || c->nruns == MAX_RUNS)
        return;
    font.color = color;
    c->run[c->nruns] = (Run){font, c->nruns ? arena_printf(p->A, "%s%s", blanks, text) : text};
    c->nruns++;
}

static void fill_loop(Pair *p, Cell *c, const NestRow *r)
{
    ForKind k = ir_for_kind(r->node);
    add_run(p, c, name_font, COLOR_ink, " ", r->name);
    if (text_cols(r->extent) <= NEST_EXTENT_COLS)
        add_run(p, c, plain_font, COLOR_ink, "  ", r->extent);
    else
        c->code = wrap_code(p->A, r->extent, NEST_CODE_COLS);
    if (k != FOR_serial)
        add_run(p, c, plain_font, color_of_kind(k), "  ",
                arena_printf(p->A, "%s %s", mark_of_kind(k, true), word_of_kind(k)));
}

static void fill_cell(Pair *p, Side *s, size_t i, const char *note)
{
    Arena *A = p->A;
    const NestRow *r = &s->nest->row[i];
    Cell *c = &s->cell[i];
    Look l = looks[s->change[i]];
    add_run(p, c, name_font, l.line, "", l.sign);
    if (r->kind == ROW_loop) {
        fill_loop(p, c, r);
    } else if (r->kind == ROW_alloc) {
        const Node *buffer = r->node->kid[Alloc_buffer];
        add_run(p, c, name_font, COLOR_ink, " ", r->name);
        add_run(p, c, small_font, COLOR_quiet, "  ",
                arena_printf(A, "alloc, %s %s%s%s", scope_name[buffer->at.buf->scope],
                             nest_buffer_shape(A, buffer, r->node), r->bytes >= 0 ? ", " : "",
                             r->bytes >= 0 ? text_bytes(A, r->bytes) : ""));
    } else {
        add_run(p, c, name_font, COLOR_ink, " ", r->name);
        c->code = wrap_code(A, r->text, NEST_CODE_COLS);
    }
    if (r->kind != ROW_alloc)
        add_run(p, c, small_font, COLOR_quiet, "   ", nest_origin(A, r));
    if (text_cols(r->note) <= NEST_NOTE_COLS)
        add_run(p, c, small_font, COLOR_quiet, "   ", r->note);
    else
        c->notes = wrap_code(A, r->note, NEST_NOTE_COLS);
    if (r->kind == ROW_loop) /* how code changed is seen beside it */
        add_run(p, c, small_font, l.line, "   ", note);
    for (int k = 0; k < c->nruns; k++)
        c->width += svg_measure(c->run[k].font, c->run[k].text, NULL);
    for (size_t k = 0; k < c->notes.n; k++) /* small letters may be drawn at whole pixels */
        c->width = fmax(c->width, 1.04 * svg_measure(small_font, c->notes.line[k], NULL));
    for (size_t k = 0; k < c->code.n; k++)
        c->width = fmax(c->width, svg_measure(code_font, c->code.line[k], NULL));
    bool bare = c->nruns == 0; /* a statement without a name */
    size_t lines = c->notes.n + c->code.n;
    c->height = (bare ? CODE_PAD : HEAD) + (double)lines * CODE_LINE + (lines ? CODE_PAD : 0);
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
    s->width = even(s->width);
    s->titles = svg_wrap(p->A, head_font, s->title, s->width + GUTTER / 2.0);
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

/* ---- writing ---- */

/* DOT counts heights from below. */
static double dot_y(const Pair *p, double y)
{
    return p->height - y;
}

static void put_place(Pair *p, double x, double y, double w, double h)
{
    buf_printf(p->out, "pos=\"%.1f,%.1f\" ", x + w / 2, dot_y(p, y + h / 2));
}

/* Opens a node that is a box, which has its size whatever its label needs. */
static void open_box(Pair *p, const char *name, double x, double y, double w, double h)
{
    buf_printf(p->out, "  %s [shape=box fixedsize=true margin=0 width=%.4f height=%.4f ", name,
               w / INCH, h / INCH);
    put_place(p, x, y, w, h);
}

static void put_look(Pair *p, Look l, Color fill)
{
    buf_printf(p->out, "color=\"%s\" fillcolor=\"%s\" penwidth=%.4g style=\"filled%s%s\" ",
               color_hex[l.line], color_hex[fill], l.border, *l.style ? "," : "", l.style);
}

/* What a browser shows when the pointer rests there. */
static void put_tooltip(Pair *p, const char *text)
{
    buf_puts(p->out, "tooltip=");
    put_quoted(p->out, text);
    buf_putc(p->out, ' ');
}

/* A label of that size, the lines of which begin on its left. */
static void open_label(Pair *p, double w, double h)
{
    buf_printf(p->out,
               "label=<<TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLSPACING=\"0\" CELLPADDING=\"0\" "
               "FIXEDSIZE=\"TRUE\" WIDTH=\"%.0f\" HEIGHT=\"%.0f\">",
               w, h);
}

static void open_line(Pair *p, double h)
{
    buf_printf(p->out, "<TR><TD ALIGN=\"LEFT\" HEIGHT=\"%.0f\">", h);
}

/* Lines of a label below its first. */
static void put_lines(Pair *p, SvgFont font, CodeLines lines)
{
    for (size_t k = 0; k < lines.n; k++) {
        open_line(p, CODE_LINE);
        dot_text(p->out, font, lines.line[k]);
        buf_puts(p->out, "</TD></TR>");
    }
}

static void put_label(Pair *p, const Cell *c)
{
    Buf *b = p->out;
    open_label(p, c->w - 2 * PAD, c->height - 2 * FRAME);
    open_line(p, c->nruns ? LID : CODE_PAD - 2 * FRAME);
    if (c->nruns) {
        buf_puts(b, "</TD></TR>");
        open_line(p, HEAD - LID - 2 * FRAME);
    }
    for (int k = 0; k < c->nruns; k++)
        dot_text(b, c->run[k].font, c->run[k].text);
    buf_puts(b, "</TD></TR>");
    put_lines(p, small_font, c->notes);
    put_lines(p, code_font, c->code);
    if (c->notes.n + c->code.n) {
        open_line(p, CODE_PAD);
        buf_puts(b, "</TD></TR>");
    }
    buf_puts(b, "</TABLE>>");
}

/* A text alone, its middle at that height. */
static void put_text(Pair *p, double x, double middle, SvgFont font, const char *text)
{
    double w = even(svg_measure(font, text, NULL)), h = even(font.size * 1.4);
    buf_printf(p->out, "  text%d [", ++p->texts);
    put_place(p, x, middle - h / 2, w, h);
    put_tooltip(p, text);
    open_label(p, w, h);
    open_line(p, h);
    dot_text(p->out, font, text);
    buf_puts(p->out, "</TD></TR></TABLE>>]\n");
}

/* The box of a row.  One that others may stand in is a cluster, and its text a node of its own. */
static void open_row(Pair *p, const Side *s, size_t i, bool cluster)
{
    Buf *b = p->out;
    const NestRow *r = &s->nest->row[i];
    const Cell *c = &s->cell[i];
    Look l = looks[s->change[i]];
    bool same = s->change[i] == CHANGE_same;
    bool sheet = r->kind == ROW_block || r->kind == ROW_stmt || (r->kind == ROW_alloc && same);
    if (sheet && same)
        l.line = r->kind == ROW_block ? COLOR_ink : COLOR_quiet;
    if (r->kind == ROW_alloc)
        l.style = "dashed";
    const char *tooltip =
        arena_printf(p->A, "%s: %s", looks[s->change[i]].word, nest_tooltip(p->A, r));
    double in = l.border / 2, x = c->x + in, w = c->w - l.border, y = c->y + in,
           h = c->bottom - c->y - l.border;
    if (cluster) {
        buf_printf(b, "  subgraph cluster_%s%zu { graph [bb=\"%.1f,%.1f,%.1f,%.1f\" ", s->id, i, x,
                   dot_y(p, y + h), x + w, dot_y(p, y));
        put_look(p, l, sheet ? COLOR_paper : l.fill);
        put_tooltip(p, tooltip);
        buf_printf(b, "]\n  %s%zu [", s->id, i);
        put_place(p, c->x + PAD, c->y, c->w - 2 * PAD, c->height);
    } else {
        open_box(p, arena_printf(p->A, "%s%zu", s->id, i), x, y, w, h);
        put_look(p, l, sheet ? COLOR_paper : l.fill);
    }
    put_tooltip(p, tooltip);
    put_label(p, c);
    buf_puts(b, "]\n");
}

/* Row i with all that is inside it; returns the row after. */
static size_t put_row(Pair *p, const Side *s, size_t i)
{
    bool drawn = is_drawn(s, i);
    size_t end = (size_t)s->cell[i].end, j = i + 1;
    bool cluster = s->nest->row[i].kind == ROW_loop || end > i;
    if (drawn)
        open_row(p, s, i, cluster);
    while (j <= end)
        j = put_row(p, s, j);
    if (drawn && cluster)
        buf_puts(p->out, "  }\n");
    return j;
}

static void put_side(Pair *p, const Side *s)
{
    for (size_t k = 0; k < s->titles.n; k++)
        put_text(p, s->x, TITLE + (double)k * TITLE_LINE, head_font, s->titles.line[k]);
    for (size_t i = 0; i < s->nest->n;)
        i = put_row(p, s, i);
}

static void put_folds(Pair *p)
{
    for (size_t k = 0; k < p->folds.n; k++) {
        const Fold *f = &p->folds.at[k];
        const char *said = arena_printf(p->A, "… %zu more, unchanged", f->n);
        double a = f->a < 0 ? 0 : depth_of(&p->before, (size_t)f->a) * INSET + PAD;
        double b = f->b < 0 ? 0 : depth_of(&p->after, (size_t)f->b) * INSET + PAD;
        if (f->a >= 0)
            put_text(p, p->before.x + a, f->y + FOLD / 2.0 - 3, head_font, said);
        if (f->b >= 0)
            put_text(p, p->after.x + b, f->y + FOLD / 2.0 - 3, head_font, said);
    }
}

/* How an edge along the spline, whose arrow ends at (x, y), is drawn. */
static void put_edge(Pair *p, const char *spline, double x, double y, Color color, bool dashed)
{
    buf_printf(p->out, "pos=\"e,%.1f,%.1f %s\" color=\"%s\" penwidth=1.4 style=%s ", x, dot_y(p, y),
               spline, color_hex[color], dashed ? "dashed" : "solid");
}

/* A straight piece of a spline, as Bézier's points behind the first. */
static const char *straight(Arena *A, double x1, double x2, double y)
{
    return arena_printf(A, "%.1f,%.1f %.1f,%.1f %.1f,%.1f", x1, y, x2, y, x2, y);
}

/* From a row's box to another's: straight out of the column, bent in the gutter, straight in. */
static void put_link(Pair *p, size_t i, size_t j, Color color, bool dashed)
{
    Arena *A = p->A;
    const Cell *a = &p->before.cell[i], *b = &p->after.cell[j];
    double left = p->before.x + p->before.width, right = p->after.x - ARROW;
    double x1 = a->x + a->w, x2 = b->x - ARROW, mid = (left + right) / 2;
    double y1 = dot_y(p, a->y + HEAD / 2.0), y2 = dot_y(p, b->y + HEAD / 2.0);
    const char *bend =
        arena_printf(A, "%.1f,%.1f %.1f,%.1f %.1f,%.1f", mid, y1, mid, y2, right, y2);
    const char *spline = arena_printf(A, "%.1f,%.1f %s %s %s", x1, y1, straight(A, x1, left, y1),
                                      bend, straight(A, right, x2, y2));
    buf_printf(p->out, "  %s%zu -> %s%zu [", p->before.id, i, p->after.id, j);
    put_edge(p, spline, b->x, b->y + HEAD / 2.0, color, dashed);
    put_tooltip(p, arena_printf(A, dashed ? "%s became %s" : "%s is %s here",
                                p->before.nest->row[i].name, p->after.nest->row[j].name));
    buf_puts(p->out, "]\n");
}

/* Which arrows there are. */
typedef struct Links {
    bool same, became;
    Color color; /* of the first to the same */
} Links;

static Links put_links(Pair *p)
{
    const NestDiff *d = p->diff;
    Links links = {0};
    for (size_t i = 0; i < d->a.n; i++) {
        if (!is_drawn(&p->before, i) || d->a_change[i] == CHANGE_same)
            continue;
        if (d->a_to_b[i] >= 0 && is_drawn(&p->after, (size_t)d->a_to_b[i])) {
            put_link(p, i, (size_t)d->a_to_b[i], looks[d->a_change[i]].line, false);
            links.color = links.same ? links.color : looks[d->a_change[i]].line;
            links.same = true;
        }
        for (size_t j = 0; d->a_change[i] == CHANGE_gone && j < d->b.n; j++) {
            if (is_drawn(&p->after, j) && diff_descends(d, i, j)) {
                put_link(p, i, j, COLOR_parallel, true);
                links.became = true;
            }
        }
    }
    return links;
}

/* An arrow as the links are, and what it says; returns where the next entry begins. */
static double put_arrow_key(Pair *p, double x, double y, const char *said, Color color, bool dashed)
{
    double end = x + KEY_ARROW, middle = y + KEY / 2.0;
    int to = p->texts;
    put_text(p, end + KEY_GAP, middle, plain_font, said);
    buf_printf(p->out, "  from%d [style=invis label=\"\" ", to);
    put_place(p, x, y, KEY_ARROW, KEY);
    buf_printf(p->out, "]\n  from%d -> text%d [", to, p->texts);
    put_edge(p,
             arena_printf(p->A, "%.1f,%.1f %s", x, dot_y(p, middle),
                          straight(p->A, x, end - ARROW, dot_y(p, middle))),
             end, middle, color, dashed);
    put_tooltip(p, said);
    buf_puts(p->out, "]\n");
    return end + KEY_GAP + svg_measure(plain_font, said, NULL) + KEY_APART;
}

/* Each change that there is, as a box with its sign, and how often. */
static void put_legend(Pair *p, double y, Links links)
{
    static const Change order[] = {CHANGE_new, CHANGE_gone, CHANGE_moved, CHANGE_changed,
                                   CHANGE_same};
    double x = 0;
    if (!nest_differs(p->diff)) {
        put_text(p, x, y + KEY / 2.0, plain_font, "no difference");
        return;
    }
    for (size_t k = 0; k < sizeof order / sizeof *order; k++) {
        Look l = looks[order[k]];
        int n = p->diff->count[order[k]];
        if (!n)
            continue;
        const char *said =
            order[k] == CHANGE_same ? l.word : arena_printf(p->A, "%d %s", n, l.word);
        SvgFont sign = name_font;
        sign.color = l.line;
        open_box(p, arena_printf(p->A, "key%zu", k), x, y, KEY_BOX, KEY);
        put_look(p, l, l.fill);
        put_tooltip(p, said);
        buf_puts(p->out, "label=<");
        dot_text(p->out, sign, *l.sign ? l.sign : " ");
        buf_puts(p->out, ">]\n");
        put_text(p, x + KEY_BOX + KEY_GAP, y + KEY / 2.0, plain_font, said);
        x += KEY_BOX + KEY_GAP + svg_measure(plain_font, said, NULL) + KEY_APART;
    }
    if (links.same)
        x = put_arrow_key(p, x, y, "same loop or block", links.color, false);
    if (links.became)
        put_arrow_key(p, x, y, "became", COLOR_parallel, true);
}

Picture pair_picture(Arena *A, const Node *before, const Node *after, const char *title_before,
                     const char *title_after)
{
    NestDiff d = nest_diff(A, before, after);
    Buf out = buf_new(A);
    Pair p = {.A = A,
              .out = &out,
              .diff = &d,
              .before = {.id = "before", .nest = &d.a, .change = d.a_change, .title = title_before},
              .after = {.id = "after", .nest = &d.b, .change = d.b_change, .title = title_after}};
    size_t left;
    open_side(&p, &p.before);
    open_side(&p, &p.after);
    find_shown(&p, &left);
    fill_side(&p, &p.before, diff_note_before);
    fill_side(&p, &p.after, diff_note_after);
    p.after.x = p.before.width + GUTTER;
    size_t titles = p.before.titles.n > p.after.titles.n ? p.before.titles.n : p.after.titles.n;
    place(&p, TITLE + (double)titles * TITLE_LINE, left == 0);
    double legend = p.bottom + (left ? 20 : 0) + 12;
    p.height = legend + KEY;
    dot_begin(&out, arena_printf(A, "what changed in %s", d.b.row[0].name), "layout=nop2");
    put_text(&p, 0, 10, func_font, d.b.row[0].name);
    put_side(&p, &p.before);
    put_side(&p, &p.after);
    put_folds(&p);
    if (left)
        put_text(&p, 0, p.bottom + 8, head_font,
                 arena_printf(A, "… and %zu more lines that changed or stand around", left));
    put_legend(&p, legend, put_links(&p));
    dot_end(&out);
    return (Picture){PICTURE_dot, .source = buf_str(&out)};
}
