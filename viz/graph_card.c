/* graph_card.c -- the cards of operators: what they are called, what they take, what colour they
** have. */
#include "viz/graph_drawing.h"

#include <string.h>

#include "core/graph/text.h"
#include "viz/graph_dot.h"
#include "viz/nest.h"
#include "viz/text/wrap.h"

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

const char *flow_text(Arena *A, const Graph *g, GType t)
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

const DotLook graph_looks[FUSE_OPAQUE + 1] = {
    [FUSE_ELEMENTWISE] = {COLOR_edge, COLOR_serial_fill, 1, "ROUNDED"},
    [FUSE_BROADCAST] = {COLOR_edge, COLOR_serial_fill, 1, "ROUNDED"},
    [FUSE_INJECTIVE] = {COLOR_unrolled, COLOR_unrolled_fill, 1, "DASHED"},
    [FUSE_REDUCTION] = {COLOR_block, COLOR_block_fill, 2, ""},
    [FUSE_OUT_FUSABLE] = {COLOR_parallel, COLOR_parallel_fill, 3, ""},
    [FUSE_OPAQUE] = {COLOR_vectorized, COLOR_vectorized_fill, 2, "DOTTED"},
};

enum { SMALL_COLS = 44 };

static void put_small(Buf *b, const char *text)
{
    CodeLines lines = wrap_code(b->arena, text, SMALL_COLS);
    for (size_t i = 0; i < lines.n; i++) {
        buf_printf(b, "<TR><TD ALIGN=\"LEFT\"><FONT POINT-SIZE=\"9\" COLOR=\"%s\">",
                   color_hex[COLOR_quiet]);
        put_xml(b, lines.line[i]);
        buf_puts(b, "</FONT></TD></TR>");
    }
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

/* Attributes that are not at their defaults, as many to a line as fit. */
static const char *attrs_text(GraphDrawing *d, const GNode *n)
{
    Buf b = buf_new(d->A);
    for (int i = 0; i < n->op->nattrs; i++)
        if (n->attr[i].kind != GA_NONE && !graph_attr_is_standard(&n->op->attr[i], &n->attr[i]))
            buf_printf(&b, "%s%s %s", b.len ? ", " : "", n->op->attr[i].name,
                       attr_text(d->A, &n->attr[i]));
    return buf_str(&b);
}

static int64_t const_bytes(const GValue *v)
{
    int64_t n = gtype_elements(v->type);
    return n < 0 || v->type.dtype >= DT_COUNT ? 0 : n * (int64_t)dtype_bytes((DType)v->type.dtype);
}

bool is_parameter(const GraphDrawing *d, ValueId v)
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
                  arena_printf(d->A, "%s %s  %s", n->op->in[row].name,
                               flow_text(d->A, d->g, v->type), text_bytes(d->A, const_bytes(v))));
    }
}

const char *value_text(const GraphDrawing *d, ValueId v)
{
    const GValue *value = graph_value(d->g, v);
    int64_t bytes = const_bytes(value);
    return arena_printf(d->A, "%s: %s%s%s", value->name, graph_type_text(d->A, d->g, value->type),
                        bytes ? ", " : "", bytes ? text_bytes(d->A, bytes) : "");
}

/* All there is to know about a node, for the pointer that rests on its card. */
static const char *node_tooltip(GraphDrawing *d, const GNode *n)
{
    Buf b = buf_new(d->A);
    buf_printf(&b, "%s = %s", n->alias, n->op->name);
    if (n->origin && *n->origin)
        buf_printf(&b, " (%s in the model file)", n->origin);
    const char *attrs = attrs_text(d, n);
    buf_printf(&b, "%s%s", *attrs ? "; " : "", attrs);
    for (uint32_t i = 0; i < n->nin; i++)
        if (n->in[i] != VALUE_NONE)
            buf_printf(&b, "%s%s", i ? ", " : "; of ", value_text(d, n->in[i]));
    for (uint32_t i = 0; i < n->nout; i++)
        if (n->out[i] != VALUE_NONE)
            buf_printf(&b, "%s%s", i ? ", " : "; gives ", value_text(d, n->out[i]));
    return buf_str(&b);
}

const GNode *card_node(const GraphDrawing *d, Card c, uint32_t i)
{
    return d->g->node[d->fold.node[c.first + i]];
}

const char *card_id(const GraphDrawing *d, uint32_t c)
{
    Card card = d->fold.card[c];
    const char *first = card_node(d, card, 0)->alias;
    return card.n == 1
               ? first
               : arena_printf(d->A, "%s … %s", first, card_node(d, card, card.n - 1)->alias);
}

void card_put_node(GraphDrawing *d, const char *id, const char *tooltip)
{
    buf_puts(d->out, "  ");
    put_quoted(d->out, id);
    buf_puts(d->out, " [tooltip=");
    put_quoted(d->out, tooltip);
}

static void put_node_card(GraphDrawing *d, uint32_t card, const GNode *n)
{
    Buf *b = d->out;
    card_put_node(d, card_id(d, card), node_tooltip(d, n));
    buf_puts(b, " label=<");
    dot_table(b, NULL, graph_looks[n->op->fuse], 1, 3);
    buf_puts(b, "<TR><TD ALIGN=\"LEFT\"><B>");
    put_xml(b, n->alias);
    buf_printf(b, "</B>  <FONT POINT-SIZE=\"9\" COLOR=\"%s\">", color_hex[COLOR_quiet]);
    put_xml(b, n->op->name);
    buf_puts(b, "</FONT></TD></TR>");
    put_small(b, attrs_text(d, n));
    put_params(d, n);
    buf_puts(b, "</TABLE>>]\n");
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
    card_put_node(d, card_id(d, card), arena_printf(d->A, "%u nodes: %s", c.n, ops_of_card(d, c)));
    buf_puts(b, " label=<");
    dot_table(b, NULL, graph_looks[head->op->fuse], 2, 3);
    buf_puts(b, "<TR><TD ALIGN=\"LEFT\"><B>");
    put_xml(b, card_id(d, card));
    buf_puts(b, "</B></TD></TR>");
    put_small(b, ops_of_card(d, c));
    if (c.repeat > 1)
        put_small(b, arena_printf(d->A, "%u times in a row, %u nodes in all", c.repeat, c.n));
    if (bytes)
        put_small(b, arena_printf(d->A, "parameters %s", text_bytes(d->A, bytes)));
    buf_puts(b, "</TABLE>>]\n");
}

void card_put(GraphDrawing *d, uint32_t c)
{
    if (!d->shown[c])
        return;
    if (d->fold.card[c].n == 1)
        put_node_card(d, c, card_node(d, d->fold.card[c], 0));
    else
        put_folded_card(d, c, d->fold.card[c]);
}
