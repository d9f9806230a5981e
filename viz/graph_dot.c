/* graph_dot.c -- cards, frames and arrows of a model. */
#include "viz/graph_dot.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/vec.h"
#include "core/graph/ops.h"
#include "core/graph/text.h"
#include "viz/dot.h"
#include "viz/graph_fold.h"
#include "viz/nest.h"
#include "viz/palette.h"

typedef struct GraphDrawing {
    Arena *A;
    Buf *out;
    const Graph *g;
    Fold fold;
    bool *shown; /* by card */
} GraphDrawing;

const char *graph_type_text(Arena *A, const Graph *g, GType t)
{
    Buf b = buf_new(A);
    buf_puts(&b, t.dtype < DT_COUNT ? dtype_name((DType)t.dtype) : "?");
    if (t.rank < 0)
        return buf_str(&b);
    buf_putc(&b, '[');
    for (int i = 0; i < t.rank; i++) {
        if (i)
            buf_puts(&b, ", ");
        if (dim_known(t.dim[i]))
            buf_printf(&b, "%lld", (long long)t.dim[i]);
        else
            buf_puts(&b, dim_is_symbol(t.dim[i]) ? g->symbol[dim_symbol_index(t.dim[i])] : "?");
    }
    buf_putc(&b, ']');
    return buf_str(&b);
}

/* Shapes on arrows are short: 1×8×32×32; the element type is named where it is not float32. */
static const char *flow_text(Arena *A, const Graph *g, GType t)
{
    Buf b = buf_new(A);
    for (int i = 0; i < t.rank; i++) {
        if (i)
            buf_puts(&b, "×");
        if (dim_known(t.dim[i]))
            buf_printf(&b, "%lld", (long long)t.dim[i]);
        else
            buf_puts(&b, dim_is_symbol(t.dim[i]) ? g->symbol[dim_symbol_index(t.dim[i])] : "?");
    }
    if (t.rank <= 0)
        buf_puts(&b, t.rank ? "?" : "scalar");
    if (t.dtype != DT_float32)
        buf_printf(&b, " %s", t.dtype < DT_COUNT ? dtype_name((DType)t.dtype) : "");
    return buf_str(&b);
}

typedef struct OpLook {
    Color line, fill;
    const char *style; /* of the card's border: kinds differ without colour, too */
    int border;
} OpLook;

static OpLook look_of(const GraphOp *op)
{
    static const OpLook looks[] = {
        [FUSE_ELEMENTWISE] = {COLOR_edge, COLOR_serial_fill, "ROUNDED", 1},
        [FUSE_BROADCAST] = {COLOR_edge, COLOR_serial_fill, "ROUNDED", 1},
        [FUSE_INJECTIVE] = {COLOR_unrolled, COLOR_unrolled_fill, "DASHED", 1},
        [FUSE_REDUCTION] = {COLOR_block, COLOR_block_fill, "", 2},
        [FUSE_OUT_FUSABLE] = {COLOR_parallel, COLOR_parallel_fill, "", 3},
        [FUSE_OPAQUE] = {COLOR_vectorized, COLOR_vectorized_fill, "DOTTED", 2},
    };
    return looks[op->fuse];
}

static void put_small(Buf *b, const char *text, int cols)
{
    buf_printf(b, "<TR><TD ALIGN=\"LEFT\"><FONT POINT-SIZE=\"9\" COLOR=\"%s\">", color_hex[COLOR_quiet]);
    put_xml_cut(b, text, cols);
    buf_puts(b, "</FONT></TD></TR>");
}

static const char *attr_text(Arena *A, const GAttr *a)
{
    Buf b = buf_new(A);
    switch (a->kind) {
    case GA_INT: buf_printf(&b, "%lld", (long long)a->at.i); break;
    case GA_FLOAT: buf_printf(&b, "%g", a->at.f); break;
    case GA_STR: buf_puts(&b, a->at.s); break;
    case GA_DTYPE: buf_puts(&b, dtype_name(a->at.t)); break;
    case GA_INTS:
    case GA_FLOATS:
        for (uint32_t i = 0; i < a->n; i++) {
            if (i)
                buf_putc(&b, ' ');
            if (a->kind == GA_INTS)
                buf_printf(&b, "%lld", (long long)a->at.is[i]);
            else
                buf_printf(&b, "%g", a->at.fs[i]);
        }
        break;
    default: break;
    }
    return buf_str(&b);
}

/* Strides and dilations of 1 and pads of 0 do nothing, so a picture has no place for them. */
static bool is_idle(const char *name, const GAttr *a)
{
    int64_t idle = strcmp(name, "pads") == 0 ? 0 : 1;
    if (a->kind != GA_INTS || (idle && strcmp(name, "strides") != 0 && strcmp(name, "dilations") != 0))
        return false;
    for (uint32_t i = 0; i < a->n; i++)
        if (a->at.is[i] != idle)
            return false;
    return true;
}

/* Attributes that are not at their defaults, two to a line. */
static void put_attrs(GraphDrawing *d, const GNode *n)
{
    Buf line = buf_new(d->A);
    int on_line = 0;
    for (int i = 0; i < n->op->nattrs; i++) {
        if (n->attr[i].kind == GA_NONE || graph_attr_is_standard(&n->op->attr[i], &n->attr[i]) ||
            is_idle(n->op->attr[i].name, &n->attr[i]))
            continue;
        buf_printf(&line, "%s%s %s", on_line ? ", " : "", n->op->attr[i].name, attr_text(d->A, &n->attr[i]));
        if (++on_line == 2) {
            put_small(d->out, buf_str(&line), 40);
            line = buf_new(d->A);
            on_line = 0;
        }
    }
    if (on_line)
        put_small(d->out, buf_str(&line), 40);
}

static int64_t const_bytes(const GValue *v)
{
    int64_t n = gtype_elements(v->type);
    return n < 0 || v->type.dtype >= DT_COUNT ? 0 : n * (int64_t)dtype_bytes((DType)v->type.dtype);
}

/* Constants, and what is computed from constants alone where that is not drawn. */
static bool is_parameter(const GraphDrawing *d, ValueId v)
{
    if (v == VALUE_NONE)
        return false;
    int32_t p = d->g->producer[v];
    return graph_is_const(d->g, v) || (p >= 0 && d->fold.card_of[p] == CARD_NONE);
}

static void put_params(GraphDrawing *d, const GNode *n)
{
    for (uint32_t i = 0; i < n->nin; i++) {
        if (!is_parameter(d, n->in[i]))
            continue;
        const GValue *v = graph_value(d->g, n->in[i]);
        uint32_t row = i < n->op->nin ? i : (uint32_t)n->op->nin - 1;
        put_small(d->out,
                  arena_printf(d->A, "%s %s  %s", n->op->in[row].name, flow_text(d->A, d->g, v->type),
                               text_bytes(d->A, const_bytes(v))),
                  40);
    }
}

static void put_node_card(GraphDrawing *d, uint32_t card, const GNode *n)
{
    OpLook l = look_of(n->op);
    Buf *b = d->out;
    buf_printf(b,
               "  c%u [tooltip=", card);
    put_quoted(b, n->origin ? n->origin : n->alias);
    buf_printf(b,
               " label=<<TABLE BORDER=\"%d\" CELLBORDER=\"0\" CELLSPACING=\"1\" CELLPADDING=\"3\" "
               "COLOR=\"%s\" BGCOLOR=\"%s\"",
               l.border, color_hex[l.line], color_hex[l.fill]);
    if (*l.style)
        buf_printf(b, " STYLE=\"%s\"", l.style);
    buf_puts(b, "><TR><TD ALIGN=\"LEFT\"><B>");
    put_xml_cut(b, n->alias, 30);
    buf_printf(b, "</B>  <FONT POINT-SIZE=\"9\" COLOR=\"%s\">", color_hex[COLOR_quiet]);
    put_xml_cut(b, n->op->name, 24);
    buf_puts(b, "</FONT></TD></TR>");
    put_attrs(d, n);
    put_params(d, n);
    buf_puts(b, "</TABLE>>]\n");
}

static const GNode *card_node(const GraphDrawing *d, Card c, uint32_t i)
{
    return d->g->node[d->fold.node[c.first + i]];
}

typedef struct OpCount {
    const GraphOp *op;
    uint32_t n;
} OpCount;

/* "conv ×3, relu ×3, add", in order of first appearance. */
static const char *ops_of_card(GraphDrawing *d, Card c)
{
    Arena *A = d->A;
    OpCount *count = ARENA_ARRAY(A, OpCount, c.n);
    uint32_t kinds = 0;
    for (uint32_t i = 0; i < c.n / c.repeat; i++) {
        const GraphOp *op = card_node(d, c, i)->op;
        uint32_t k = 0;
        while (k < kinds && count[k].op != op)
            k++;
        count[k].op = op;
        count[k].n++;
        kinds = k == kinds ? kinds + 1 : kinds;
    }
    Buf b = buf_new(A);
    for (uint32_t k = 0; k < kinds; k++) {
        buf_printf(&b, "%s%s", k ? ", " : "", count[k].op->name);
        if (count[k].n > 1)
            buf_printf(&b, " ×%u", count[k].n);
    }
    return buf_str(&b);
}

static void put_folded_card(GraphDrawing *d, uint32_t card, Card c)
{
    const Graph *g = d->g;
    Buf *b = d->out;
    int64_t bytes = 0;
    const GNode *head = card_node(d, c, 0);
    for (uint32_t i = 0; i < c.n; i++) {
        const GNode *n = card_node(d, c, i);
        for (uint32_t k = 0; k < n->nin; k++)
            if (is_parameter(d, n->in[k]))
                bytes += const_bytes(graph_value(g, n->in[k]));
        head = n->op->fuse > head->op->fuse ? n : head;
    }
    OpLook l = look_of(head->op);
    buf_printf(b,
               "  c%u [label=<<TABLE BORDER=\"%d\" CELLBORDER=\"0\" CELLSPACING=\"2\" CELLPADDING=\"3\" "
               "COLOR=\"%s\" BGCOLOR=\"%s\"><TR><TD ALIGN=\"LEFT\"><B>",
               card, l.border, color_hex[l.line], color_hex[l.fill]);
    put_xml_cut(b, card_node(d, c, 0)->alias, 24);
    buf_puts(b, " … ");
    put_xml_cut(b, card_node(d, c, c.n - 1)->alias, 24);
    buf_puts(b, "</B></TD></TR>");
    put_small(b, ops_of_card(d, c), 44);
    if (c.repeat > 1)
        put_small(b, arena_printf(d->A, "%u times in a row, %u nodes in all", c.repeat, c.n), 44);
    if (bytes)
        put_small(b, arena_printf(d->A, "parameters %s", text_bytes(d->A, bytes)), 44);
    buf_puts(b, "</TABLE>>]\n");
}

static void put_card(GraphDrawing *d, uint32_t c)
{
    if (!d->shown[c])
        return;
    if (d->fold.card[c].n == 1)
        put_node_card(d, c, card_node(d, d->fold.card[c], 0));
    else
        put_folded_card(d, c, d->fold.card[c]);
}

/* Groups of several nodes are framed, unless they were folded into one card already. */
static void put_cards(GraphDrawing *d)
{
    const Graph *g = d->g;
    uint32_t c = 0;
    for (uint32_t k = 0; k < g->ngroups && d->fold.n == g->nnodes; k++) {
        const GGroup *group = &g->group[k];
        while (c < group->first)
            put_card(d, c++);
        bool any = false;
        for (uint32_t i = 0; i < group->n; i++)
            any |= d->shown[group->first + i];
        bool frame = group->n > 1 && any;
        if (frame) {
            buf_printf(d->out,
                       "  subgraph cluster_%u { style=\"rounded,filled\" fillcolor=\"%s\" color=\"%s\" "
                       "fontcolor=\"%s\" fontsize=9 labeljust=l margin=8 label=",
                       k, color_hex[COLOR_band], color_hex[COLOR_rule], color_hex[COLOR_quiet]);
            put_quoted(d->out, arena_printf(d->A, "%s: %u fused", group->name, group->n));
            buf_puts(d->out, "\n");
        }
        while (c < group->first + group->n)
            put_card(d, c++);
        if (frame)
            buf_puts(d->out, "  }\n");
    }
    while (c < d->fold.n)
        put_card(d, c++);
}

static void put_end(GraphDrawing *d, const char *id, const char *name, GType t)
{
    buf_printf(d->out,
               "  %s [shape=box style=\"rounded,filled\" fillcolor=\"%s\" color=\"%s\" penwidth=1.5 "
               "margin=\"0.12,0.04\" label=<<TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLSPACING=\"0\" "
               "CELLPADDING=\"1\"><TR><TD><B>",
               id, color_hex[COLOR_paper], color_hex[COLOR_serial]);
    put_xml_cut(d->out, name, 30);
    buf_printf(d->out, "</B></TD></TR><TR><TD><FONT POINT-SIZE=\"9\" COLOR=\"%s\">", color_hex[COLOR_quiet]);
    put_xml_cut(d->out, graph_type_text(d->A, d->g, t), 44);
    buf_puts(d->out, "</FONT></TD></TR></TABLE>>]\n");
}

static void put_arrow(GraphDrawing *d, const char *from, const char *to, ValueId v)
{
    buf_printf(d->out, "  %s -> %s [label=< ", from, to); /* a blank keeps it off the line */
    put_xml_cut(d->out, flow_text(d->A, d->g, graph_value(d->g, v)->type), 32);
    buf_puts(d->out, ">]\n");
}

/* Arrows into a card: each value once, however many nodes inside read it. */
static void put_arrows_into(GraphDrawing *d, uint32_t c, bool *fed)
{
    const Graph *g = d->g;
    Card card = d->fold.card[c];
    VEC(ValueId) seen = {0};
    for (uint32_t i = 0; i < card.n; i++) {
        const GNode *n = card_node(d, card, i);
        for (uint32_t k = 0; k < n->nin; k++) {
            ValueId v = n->in[k];
            if (v == VALUE_NONE || is_parameter(d, v))
                continue;
            int32_t p = g->producer[v];
            uint32_t from = p >= 0 ? d->fold.card_of[p] : UINT32_MAX;
            bool known = from == c || (p >= 0 && !d->shown[from]);
            for (size_t s = 0; s < seen.n; s++)
                known |= seen.at[s] == v;
            if (known)
                continue;
            vec_push(d->A, &seen, v);
            if (p < 0)
                fed[v] = true;
            put_arrow(d, p < 0 ? arena_printf(d->A, "v%u", v) : arena_printf(d->A, "c%u", from),
                      arena_printf(d->A, "c%u", c), v);
        }
    }
}

static void put_ends(GraphDrawing *d, const bool *fed, bool part)
{
    const Graph *g = d->g;
    for (uint32_t i = 0; i < g->ninputs; i++)
        if (fed[g->input[i]] || !part)
            put_end(d, arena_printf(d->A, "v%u", g->input[i]), graph_value(g, g->input[i])->name,
                    graph_value(g, g->input[i])->type);
    for (uint32_t i = 0; i < g->noutputs; i++) {
        ValueId v = g->output[i].value;
        int32_t p = g->producer[v];
        if (p < 0 || d->fold.card_of[p] == CARD_NONE || !d->shown[d->fold.card_of[p]])
            continue;
        const char *id = arena_printf(d->A, "out%u", i);
        put_end(d, id, g->output[i].name, graph_value(g, v)->type);
        put_arrow(d, arena_printf(d->A, "c%u", d->fold.card_of[p]), id, v);
    }
}

/* Cards at most `hops` arrows away from the card of node `at`. */
static void show_around(GraphDrawing *d, uint32_t at, int hops)
{
    const Graph *g = d->g;
    memset(d->shown, 0, d->fold.n * sizeof *d->shown);
    d->shown[d->fold.card_of[at]] = true;
    for (int h = 0; h < hops; h++) {
        bool *more = ARENA_ARRAY(d->A, bool, d->fold.n + 1);
        for (uint32_t i = 0; i < g->nnodes; i++) {
            for (uint32_t k = 0; k < g->node[i]->nin; k++) {
                ValueId v = g->node[i]->in[k];
                if (v == VALUE_NONE || g->producer[v] < 0)
                    continue;
                uint32_t a = d->fold.card_of[g->producer[v]], b = d->fold.card_of[i];
                more[b] |= d->shown[a];
                more[a] |= d->shown[b];
            }
        }
        for (uint32_t c = 0; c < d->fold.n; c++)
            d->shown[c] |= more[c];
    }
}

bool graph_picture(Arena *A, const Graph *g, GraphView view, Picture *out, Err *err)
{
    Buf text = buf_new(A);
    GraphDrawing d = {.A = A, .out = &text, .g = g};
    d.fold = graph_fold(A, g, view.around ? UINT32_MAX
                              : view.max_cards ? view.max_cards
                                               : GRAPH_MAX_CARDS);
    d.shown = ARENA_ARRAY(A, bool, d.fold.n + 1);
    memset(d.shown, 1, d.fold.n * sizeof *d.shown);
    if (view.around) {
        int32_t at = graph_find_node(g, view.around);
        if (at < 0)
            return REFUSE(err, graph_unknown_value, NULL, view.around, "");
        show_around(&d, (uint32_t)at, view.hops > 0 ? view.hops : 1);
    }
    Buf head = buf_new(A);
    buf_puts(&head, "rankdir=TB nodesep=0.25 ranksep=0.35 labelloc=t labeljust=l label=");
    put_quoted(&head, *d.fold.said ? arena_printf(A, "%s: %s", g->name, d.fold.said) : g->name);
    dot_begin(&text, g->name, buf_str(&head));
    put_cards(&d);
    bool *fed = ARENA_ARRAY(A, bool, g->nvalues + 1);
    for (uint32_t c = 0; c < d.fold.n; c++)
        if (d.shown[c])
            put_arrows_into(&d, c, fed);
    put_ends(&d, fed, view.around != NULL);
    dot_end(&text);
    *out = (Picture){PICTURE_dot, .source = buf_str(&text)};
    return true;
}
