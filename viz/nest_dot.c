/* nest_dot.c -- a nest as nested tables of an HTML-like label. */
#include "viz/nest_dot.h"

#include <string.h>

#include "core/base/buf.h"
#include "viz/dot.h"
#include "viz/palette.h"
#include "viz/svg/measure.h"
#include "viz/text/style.h"
#include "viz/text/wrap.h"

static const DotLook kind_look[FOR_COUNT] = {
    [FOR_serial] = {COLOR_edge, COLOR_serial_fill, 1, ""},
    [FOR_parallel] = {COLOR_parallel, COLOR_parallel_fill, 3, "ROUNDED"},
    [FOR_vectorized] = {COLOR_vectorized, COLOR_vectorized_fill, 2, "DASHED"},
    [FOR_unrolled] = {COLOR_unrolled, COLOR_unrolled_fill, 2, "DOTTED"},
    [FOR_block_x] = {COLOR_block, COLOR_block_fill, 3, ""},
    [FOR_block_y] = {COLOR_block, COLOR_block_fill, 3, ""},
    [FOR_block_z] = {COLOR_block, COLOR_block_fill, 3, ""},
    [FOR_thread_x] = {COLOR_thread, COLOR_thread_fill, 2, "ROUNDED"},
    [FOR_thread_y] = {COLOR_thread, COLOR_thread_fill, 2, "ROUNDED"},
    [FOR_thread_z] = {COLOR_thread, COLOR_thread_fill, 2, "ROUNDED"},
};

/* Where a buffer lies: shared memory belongs to GPU blocks, local memory to threads. */
static const DotLook scope_look[SCOPE_COUNT] = {
    [SCOPE_global] = {COLOR_edge, COLOR_band, 1, ""},
    [SCOPE_shared] = {COLOR_block, COLOR_block_fill, 1, ""},
    [SCOPE_local] = {COLOR_thread, COLOR_thread_fill, 1, ""},
};

/* Of the place where memory is taken for a buffer. */
static DotLook alloc_look(const Node *buffer)
{
    DotLook look = scope_look[buffer->at.buf->scope];
    look.style = "DASHED";
    return look;
}

typedef struct Drawing {
    Arena *A;
    Buf *out;
    const Nest *nest;
    size_t rows; /* drawn of the nest */
} Drawing;

static void put_font(Buf *b, Color c, const char *face, int size)
{
    buf_printf(b, "<FONT COLOR=\"%s\"", color_hex[c]);
    if (face)
        buf_printf(b, " FACE=\"%s\"", face);
    if (size)
        buf_printf(b, " POINT-SIZE=\"%d\"", size);
    buf_putc(b, '>');
}

static void put_open(Drawing *d, size_t row, DotLook l, int padding)
{
    dot_table(d->out, arena_printf(d->A, "r%zu", row), l, 0, padding);
}

/* Lines that are aligned on the left. */
static void put_lines(Buf *b, CodeLines lines)
{
    for (size_t i = 0; i < lines.n; i++) {
        put_xml(b, lines.line[i]);
        buf_puts(b, lines.n > 1 ? "<BR ALIGN=\"LEFT\"/>" : "");
    }
}

static void put_code(Buf *b, const char *text)
{
    put_font(b, COLOR_ink, FONT_CODE, 10);
    put_lines(b, wrap_code(b->arena, text, NEST_CODE_COLS));
    buf_puts(b, "</FONT>");
}

/* What else there is to say behind a name; on lines of its own where it is long. */
static void put_note(Buf *b, const char *note)
{
    if (!*note)
        return;
    put_font(b, COLOR_quiet, NULL, 9);
    if (text_cols(note) <= NEST_NOTE_COLS) {
        buf_puts(b, "   ");
        put_xml(b, note);
    } else {
        buf_puts(b, "<BR ALIGN=\"LEFT\"/>");
        put_lines(b, wrap_code(b->arena, note, NEST_CODE_COLS));
    }
    buf_puts(b, "</FONT>");
}

static void put_loop_head(Drawing *d, const NestRow *r)
{
    Buf *b = d->out;
    ForKind k = ir_for_kind(r->node);
    Color strong = color_of_kind(k);
    buf_puts(b, "<TR><TD ALIGN=\"LEFT\">");
    put_font(b, strong, NULL, 0);
    buf_printf(b, "<B>%s%s", mark_of_kind(k, true), *mark_of_kind(k, true) ? " " : "");
    put_xml(b, r->name);
    buf_puts(b, "</B></FONT>  ");
    put_font(b, COLOR_ink, NULL, 0);
    bool brief = text_cols(r->extent) <= NEST_EXTENT_COLS;
    if (brief)
        put_xml(b, r->extent);
    buf_puts(b, "</FONT>");
    if (k != FOR_serial) {
        put_font(b, strong, NULL, 10);
        buf_printf(b, "  %s</FONT>", word_of_kind(k));
    }
    put_note(b, nest_origin(d->A, r));
    put_note(b, r->note);
    if (!brief) {
        buf_puts(b, "<BR ALIGN=\"LEFT\"/>");
        put_code(b, r->extent);
    }
    buf_puts(b, "</TD></TR>");
}

/* A block is a sheet of paper: its name above the line that computes. */
static void put_block(Drawing *d, size_t i, const NestRow *r)
{
    Buf *b = d->out;
    put_open(d, i, (DotLook){COLOR_ink, COLOR_paper, 1, ""}, 3);
    buf_printf(b, "<TR><TD PORT=\"r%zur\" ALIGN=\"LEFT\">", i);
    put_font(b, COLOR_ink, NULL, 0);
    buf_puts(b, "<B>");
    put_xml(b, r->name);
    buf_puts(b, "</B></FONT>");
    put_note(b, r->note);
    put_note(b, nest_origin(d->A, r));
    buf_puts(b, " </TD></TR>");
    if (*r->text) {
        buf_printf(b, "<TR><TD PORT=\"r%zuw\" ALIGN=\"LEFT\" BALIGN=\"LEFT\">", i);
        put_code(b, r->text);
        buf_puts(b, "</TD></TR>");
    }
}

/* Graphviz sets a line of text high in its cell; in a box as low as that it shows. */
static void put_sliver(Buf *b, int height)
{
    buf_printf(b, "<TR><TD HEIGHT=\"%d\" CELLPADDING=\"0\"></TD></TR>", height);
}

static void put_alloc(Drawing *d, size_t i, const NestRow *r)
{
    Buf *b = d->out;
    const Node *buffer = r->node->kid[Alloc_buffer];
    DotLook l = alloc_look(buffer);
    static const SvgFont name = {.size = 10, .bold = true, .color = COLOR_ink},
                         quiet = {.size = 10, .color = COLOR_quiet};
    const char *said =
        arena_printf(d->A, "   %s  %s%s%s", scope_name[buffer->at.buf->scope],
                     nest_buffer_shape(d->A, buffer, r->node), r->bytes >= 0 ? "  " : "",
                     r->bytes >= 0 ? text_bytes(d->A, r->bytes) : "");
    put_open(d, i, l, 2);
    put_sliver(b, 3);
    /* Graphviz rounds the letters of this size down; the text has its width in the end. */
    buf_printf(b, "<TR><TD ALIGN=\"LEFT\" WIDTH=\"%.0f\">",
               svg_measure(name, r->name, NULL) + svg_measure(quiet, said, NULL) + 2 * 2 + 1);
    dot_text(b, name, r->name);
    dot_text(b, quiet, said);
    buf_puts(b, "</TD></TR></TABLE>");
}

static void put_other(Drawing *d, size_t i, const NestRow *r)
{
    Buf *b = d->out;
    put_open(d, i, (DotLook){COLOR_edge, r->kind == ROW_stmt ? COLOR_paper : COLOR_shade, 1, ""},
             3);
    buf_puts(b, "<TR><TD ALIGN=\"LEFT\">");
    if (*r->name) {
        put_font(b, COLOR_ink, NULL, 0);
        buf_puts(b, "<B>");
        put_xml(b, r->name);
        buf_puts(b, "</B> </FONT>");
    }
    if (*r->text)
        put_code(b, r->text);
    buf_puts(b, "</TD></TR>");
}

/* Row i with everything inside it; returns the row after. */
static size_t put_row(Drawing *d, size_t i)
{
    Buf *b = d->out;
    const NestRow *r = &d->nest->row[i];
    if (r->kind == ROW_alloc) {
        put_alloc(d, i, r);
        return i + 1;
    }
    if (r->kind == ROW_loop) {
        put_open(d, i, kind_look[ir_for_kind(r->node)], 5);
        put_loop_head(d, r);
    } else if (r->kind == ROW_block) {
        put_block(d, i, r);
    } else {
        put_other(d, i, r);
    }
    size_t j = i + 1;
    while (j < d->rows && d->nest->row[j].depth > r->depth) {
        buf_puts(b, "<TR><TD ALIGN=\"LEFT\">");
        j = put_row(d, j);
        buf_puts(b, "</TD></TR>");
    }
    buf_puts(b, "</TABLE>\n");
    return j;
}

/* The whole nest as one node. */
static void put_nest(Drawing *d)
{
    Buf *b = d->out;
    const NestRow *head = &d->nest->row[0];
    d->rows = d->nest->n < NEST_MAX_ROWS ? d->nest->n : NEST_MAX_ROWS;
    buf_puts(b, "  nest [tooltip=");
    put_quoted(b, arena_printf(d->A, "%s%s", head->name, head->text));
    buf_puts(b,
             " label=<<TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLSPACING=\"2\" CELLPADDING=\"2\">\n");
    size_t i = 0;
    if (head->kind == ROW_func) {
        buf_puts(b, "<TR><TD ALIGN=\"LEFT\">");
        put_font(b, COLOR_ink, NULL, 13);
        buf_puts(b, "<B>");
        put_xml(b, head->name);
        buf_puts(b, "</B></FONT></TD></TR>\n");
        i = 1;
    }
    while (i < d->rows) {
        buf_puts(b, "<TR><TD ALIGN=\"LEFT\">");
        i = put_row(d, i);
        buf_puts(b, "</TD></TR>\n");
    }
    if (d->rows < d->nest->n) {
        buf_puts(b, "<TR><TD ALIGN=\"LEFT\">");
        put_font(b, COLOR_quiet, NULL, 0);
        buf_printf(b, "… and %zu more loops, blocks and allocations</FONT></TD></TR>\n",
                   d->nest->n - d->rows);
    }
    buf_puts(b, "</TABLE>>]\n");
}

/* ---- buffers beside the nest ---- */

static const DotShape scope_shape[SCOPE_COUNT] = {
    [SCOPE_global] = DOT_cylinder, [SCOPE_shared] = DOT_box3d, [SCOPE_local] = DOT_component};

static void put_buffer(Drawing *d, const Node *buffer, const Node *alloc, size_t number)
{
    Buf *b = d->out;
    Scope scope = buffer->at.buf->scope;
    buf_printf(b, "  b%zu [tooltip=", number);
    put_quoted(b, arena_printf(d->A, "%s: %s in %s memory", ir_buf_name(buffer),
                               nest_buffer_shape(d->A, buffer, alloc), scope_name[scope]));
    buf_printf(b,
               " shape=%s style=filled fillcolor=\"%s\" color=\"%s\" "
               "margin=\"%s,0.04\" "
               "label=<<TABLE BORDER=\"0\" "
               "CELLBORDER=\"0\" CELLSPACING=\"0\" CELLPADDING=\"1\">",
               dot_shape_name[scope_shape[scope]], color_hex[scope_look[scope].fill],
               color_hex[scope_look[scope].line],
               scope == SCOPE_shared ? "0.15" : "0.1"); /* beside the edge that goes back */
    if (scope != SCOPE_local)
        put_sliver(b, scope == SCOPE_global ? 6 : 3); /* below the lid */
    buf_puts(b, "<TR><TD><B>");
    put_xml(b, ir_buf_name(buffer));
    buf_puts(b, "</B></TD></TR><TR><TD>");
    put_font(b, COLOR_quiet, NULL, 9);
    put_lines(b, wrap_code(d->A, nest_buffer_shape(d->A, buffer, alloc), NEST_NOTE_COLS));
    int64_t bytes = nest_buffer_bytes(buffer, alloc);
    if (bytes >= 0 || scope != SCOPE_global) {
        buf_puts(b, "</FONT></TD></TR><TR><TD>");
        put_font(b, COLOR_quiet, NULL, 9);
        buf_printf(b, "%s%s%s", scope == SCOPE_global ? "" : scope_name[scope],
                   scope != SCOPE_global && bytes >= 0 ? ", " : "",
                   bytes >= 0 ? text_bytes(d->A, bytes) : "");
    }
    buf_puts(b, "</FONT></TD></TR></TABLE>>]\n");
}

/* What is only read stands on the left, everything else on the right.  There arrows to a block end
** at its name, and arrows from it begin at the line that computes. */
static void put_uses(Drawing *d, size_t i, const BufferUse *use, size_t number, const Node *params)
{
    Buf *b = d->out;
    const NestRow *r = &d->nest->row[i];
    bool lines = r->kind == ROW_block && *r->text;
    if (use->read) {
        if (ir_has_kid(params, use->buffer))
            buf_printf(b, "  b%zu -> nest:r%zu:w [tooltip=", number, i);
        else
            buf_printf(b, "  nest:r%zu%s:e -> b%zu [dir=back tooltip=", i, lines ? "r" : "",
                       number);
        put_quoted(b, arena_printf(d->A, "%s reads %s", r->name, ir_buf_name(use->buffer)));
        buf_puts(b, "]\n");
    }
    if (use->written) {
        buf_printf(b, "  nest:r%zu%s:e -> b%zu [color=\"%s\" penwidth=2 tooltip=", i,
                   lines ? "w" : "", number, color_hex[COLOR_serial]);
        put_quoted(b, arena_printf(d->A, "%s writes %s", r->name, ir_buf_name(use->buffer)));
        buf_puts(b, "]\n");
    }
}

typedef struct Known {
    const Node *buffer, *alloc;
} Known;

static size_t known_buffers(const Nest *nest, size_t rows, Arena *A, Known **out)
{
    const Node *func = nest->func;
    const Node *lists[2] = {func->kid[Func_params], func->kid[Func_results]};
    Known *k = ARENA_ARRAY(A, Known, lists[0]->nkids + lists[1]->nkids + nest->n);
    size_t n = 0;
    for (int l = 0; l < 2; l++)
        for (uint32_t i = 0; i < lists[l]->nkids; i++)
            if (lists[l]->kid[i]->op == OP_Buffer)
                k[n++].buffer = lists[l]->kid[i];
    for (size_t i = 0; i < rows; i++)
        if (nest->row[i].kind == ROW_alloc)
            k[n++] = (Known){nest->row[i].node->kid[Alloc_buffer], nest->row[i].node};
    *out = k;
    return n;
}

static bool has_kind(const Drawing *d, ForKind k)
{
    for (size_t i = 0; i < d->rows; i++)
        if (d->nest->row[i].kind == ROW_loop && ir_for_kind(d->nest->row[i].node) == k)
            return true;
    return false;
}

/* The first buffer that memory is taken for inside the nest; NULL if there is none. */
static const Node *first_made(const Known *known, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (known[i].alloc)
            return known[i].buffer;
    return NULL;
}

/* What the boxes and arrows that are there mean. */
static void put_legend(Drawing *d, const Known *known, size_t n)
{
    static const struct {
        const char *word;
        ForKind kind[3];
    } kinds[] = {{"serial loop", {FOR_serial}},
                 {"parallel", {FOR_parallel}},
                 {"vectorized", {FOR_vectorized}},
                 {"unrolled", {FOR_unrolled}},
                 {"GPU block axis", {FOR_block_x, FOR_block_y, FOR_block_z}},
                 {"GPU thread axis", {FOR_thread_x, FOR_thread_y, FOR_thread_z}}};
    DotKey keys[sizeof kinds / sizeof *kinds + SCOPE_COUNT + 2];
    size_t nkeys = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        bool any = false;
        for (int k = 0; k < 3; k++)
            any |= (k == 0 || kinds[i].kind[k]) && has_kind(d, kinds[i].kind[k]);
        if (any)
            keys[nkeys++] = (DotKey){.look = kind_look[kinds[i].kind[0]],
                                     .sign = mark_of_kind(kinds[i].kind[0], true),
                                     .text = kinds[i].word};
    }
    const Node *made = first_made(known, n);
    if (made)
        keys[nkeys++] = (DotKey){.look = alloc_look(made), .text = "allocation"};
    keys[nkeys++] = (DotKey){.text = "thin arrows read, bold arrows write"};
    for (int s = 0; s < SCOPE_COUNT; s++) {
        bool any = false;
        for (size_t i = 0; i < n; i++)
            any |= known[i].buffer->at.buf->scope == (Scope)s;
        if (any)
            keys[nkeys++] = (DotKey){.look = scope_look[s],
                                     .text = arena_printf(d->A, "%s buffer", scope_name[s]),
                                     .shape = scope_shape[s]};
    }
    dot_legend_below(d->out, keys, nkeys);
}

Picture nest_picture(Arena *A, const Node *func)
{
    Nest nest = nest_of(A, func);
    Buf out = buf_new(A);
    Drawing d = {.A = A, .out = &out, .nest = &nest};
    dot_begin(&out, nest.row[0].name, "rankdir=LR nodesep=0.3 ranksep=0.7 labelloc=b labeljust=l");
    put_nest(&d);
    Known *known = NULL;
    size_t n = nest.func ? known_buffers(&nest, d.rows, A, &known) : 0;
    put_legend(&d, known, n);
    for (size_t i = 0; i < n; i++)
        put_buffer(&d, known[i].buffer, known[i].alloc, i);
    for (size_t i = 0; i < d.rows; i++) {
        const NestRow *r = &nest.row[i];
        bool leaf =
            r->kind == ROW_block ||
            (r->kind == ROW_stmt && (r->parent < 0 || nest.row[r->parent].kind != ROW_block));
        BufferUse *use = NULL;
        size_t uses = leaf && n ? nest_uses(A, r->node, &use) : 0;
        for (size_t u = 0; u < uses; u++)
            for (size_t k = 0; k < n; k++)
                if (known[k].buffer == use[u].buffer)
                    put_uses(&d, i, &use[u], k, nest.func->kid[Func_params]);
    }
    dot_end(&out);
    return (Picture){PICTURE_dot, .source = buf_str(&out)};
}
