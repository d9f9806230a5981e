/* text.c -- printing graphs. */
#include "core/graph/text.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "core/graph/infer.h"
#include "core/graph/ops.h"
#include "core/graph/strmap.h"
#include "core/ir/print.h"

enum { LITERAL_MOST = 8 };

typedef struct Printer {
    Buf out;
    const Graph *g;
    bool *said; /* by value: a constant already written out */
    bool brief; /* constants by name only */
} Printer;

static void put_string(Buf *b, const char *s)
{
    buf_putc(b, '"');
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c < ' ' || c == 0x7f || strchr("\"\\()[]{}", c))
            buf_printf(b, "\\x%02x", c);
        else
            buf_putc(b, (char)c);
    }
    buf_putc(b, '"');
}

static void put_scalar(Buf *b, DType t, Scalar v)
{
    if (dtype_is_float(t))
        ir_put_float(b, t, v.f);
    else if (t == DT_bool)
        buf_puts(b, v.i ? "true" : "false");
    else if (t == DT_uint64)
        buf_printf(b, "%llu", (unsigned long long)v.i);
    else
        buf_printf(b, "%lld", (long long)v.i);
}

static void put_elements(Buf *b, const Tensor *t)
{
    if (t->rank == 0) {
        put_scalar(b, t->dtype, tensor_at(t, 0));
        return;
    }
    buf_putc(b, '[');
    for (int64_t i = 0; i < tensor_size(t); i++) {
        buf_puts(b, i ? ", " : "");
        put_scalar(b, t->dtype, tensor_at(t, i));
    }
    buf_putc(b, ']');
}

static void put_type(Printer *p, GType t)
{
    if (t.rank < 0) {
        buf_printf(&p->out, "%s[*]", t.dtype < DT_COUNT ? dtype_name(t.dtype) : "?");
        return;
    }
    buf_puts(&p->out, gtype_text(p->out.arena, p->g, t));
}

/* Small lists of numbers are written as such; int64, as shapes have it, without its type. */
static bool put_literal(Printer *p, const Tensor *t)
{
    if (t->rank > 1 || tensor_size(t) > LITERAL_MOST)
        return false;
    for (int64_t i = 0; dtype_is_float(t->dtype) && i < tensor_size(t); i++)
        if (isnan(tensor_at(t, i).f)) /* which of the many is not said by a word */
            return false;
    if (t->dtype != DT_int64 || t->rank != 1)
        buf_printf(&p->out, t->rank ? "%s[%lld] " : "%s[] ", dtype_name(t->dtype),
                   (long long)tensor_size(t));
    put_elements(&p->out, t);
    return true;
}

static void put_input(Printer *p, ValueId v)
{
    if (v == VALUE_NONE) {
        buf_puts(&p->out, "none");
        return;
    }
    const GValue *value = graph_value(p->g, v);
    bool constant = graph_is_const(p->g, v);
    if (constant && put_literal(p, value->data))
        return;
    if (!constant || p->brief || p->said[v]) {
        buf_puts(&p->out, value->name);
        return;
    }
    char hash[33];
    fp_text(tensor_fingerprint(value->data), hash);
    buf_printf(&p->out, "%s: ", value->name);
    put_type(p, value->type);
    buf_printf(&p->out, " data<%s>", hash);
    p->said[v] = true;
}

static void put_attr(Printer *p, const GAttr *a)
{
    Buf *b = &p->out;
    switch ((GAttrKind)a->kind) {
    case GA_NONE: break;
    case GA_INT: buf_printf(b, "%lld", (long long)a->at.i); break;
    case GA_FLOAT: ir_put_float(b, DT_float32, a->at.f); break;
    case GA_STR: put_string(b, a->at.s); break;
    case GA_DTYPE: buf_puts(b, dtype_name(a->at.t)); break;
    case GA_INTS:
    case GA_FLOATS:
        buf_putc(b, '[');
        for (uint32_t i = 0; i < a->n; i++) {
            buf_puts(b, i ? ", " : "");
            if (a->kind == GA_INTS)
                buf_printf(b, "%lld", (long long)a->at.is[i]);
            else
                ir_put_float(b, DT_float32, a->at.fs[i]);
        }
        buf_putc(b, ']');
    }
}

static void put_node(Printer *p, const GNode *n)
{
    for (size_t i = 0; i < n->nout; i++) {
        const GValue *v = graph_value(p->g, n->out[i]);
        buf_printf(&p->out, "%s%s: ", i ? ", " : "", v->name);
        put_type(p, v->type);
    }
    buf_printf(&p->out, " = %s(", n->op->name);
    for (size_t i = 0; i < n->nin; i++) {
        buf_puts(&p->out, i ? ", " : "");
        put_input(p, n->in[i]);
    }
    bool comma = n->nin;
    for (size_t i = 0; i < n->op->nattrs; i++) {
        if (graph_attr_is_standard(&n->op->attr[i], &n->attr[i]))
            continue;
        buf_printf(&p->out, "%s%s=", comma ? ", " : "", n->op->attr[i].name);
        put_attr(p, &n->attr[i]);
        comma = true;
    }
    buf_putc(&p->out, ')');
}

/* Names of the model file, where they say something new.  They may hold anything: what could end
** the line or disturb brackets is left out. */
static void put_origin(Printer *p, const GNode *n)
{
    if (!n->origin || !strcmp(n->origin, n->alias))
        return;
    buf_puts(&p->out, "  # ");
    for (const char *s = n->origin; *s && s < n->origin + 120; s++)
        buf_putc(&p->out, isprint((unsigned char)*s) ? *s : '?');
}

static void put_header(Printer *p)
{
    const Graph *g = p->g;
    buf_printf(&p->out, "graph %s(", g->name);
    for (uint32_t i = 0; i < g->ninputs; i++) {
        const GValue *v = graph_value(g, g->input[i]);
        buf_printf(&p->out, "%s%s: ", i ? ", " : "", v->name);
        put_type(p, v->type);
    }
    buf_puts(&p->out, ") -> (");
    for (uint32_t i = 0; i < g->noutputs; i++) {
        buf_printf(&p->out, "%s%s: ", i ? ", " : "", g->output[i].name);
        put_type(p, graph_value(g, g->output[i].value)->type);
    }
    buf_puts(&p->out, "):\n");
}

static Printer printer(Arena *A, const Graph *g, bool brief)
{
    return (Printer){.out = buf_new(A),
                     .g = g,
                     .brief = brief,
                     .said = brief ? NULL : ARENA_ARRAY(A, bool, g->nvalues + 1)};
}

const char *graph_text(Arena *A, const Graph *g)
{
    Printer p = printer(A, g, false);
    put_header(&p);
    uint32_t group = 0;
    for (uint32_t k = 0; k < g->nnodes; k++) {
        if (group < g->ngroups && g->group[group].first == k)
            buf_printf(&p.out, "  group %s:\n", g->group[group++].name);
        buf_pad(&p.out, ' ', g->ngroups ? 4 : 2);
        put_node(&p, g->node[k]);
        put_origin(&p, g->node[k]);
        buf_putc(&p.out, '\n');
    }
    buf_puts(&p.out, g->noutputs ? "  return " : "  return");
    for (uint32_t i = 0; i < g->noutputs; i++) {
        buf_printf(&p.out, "%s%s = ", i ? ", " : "", g->output[i].name);
        put_input(&p, g->output[i].value);
    }
    buf_putc(&p.out, '\n');
    return buf_str(&p.out);
}

const char *graph_node_text(Arena *A, const Graph *g, uint32_t node)
{
    Printer p = printer(A, g, true);
    put_node(&p, g->node[node]);
    return buf_str(&p.out);
}

/* ---- what changed ---- */

static const char *node_line(Arena *A, const Graph *g, uint32_t k)
{
    return graph_node_text(A, g, k);
}

/* Node indices by alias. */
static StrMap by_alias(Arena *A, const Graph *g)
{
    StrMap m = strmap_new(A);
    for (uint32_t k = 0; k < g->nnodes; k++)
        strmap_put(&m, g->node[k]->alias, strlen(g->node[k]->alias), k);
    return m;
}

static int32_t at_alias(const StrMap *m, const GNode *n)
{
    return (int32_t)strmap_get(m, n->alias, strlen(n->alias), UINT32_MAX);
}

const char *graph_diff(Arena *A, const Graph *a, const Graph *b)
{
    Buf out = buf_new(A);
    uint32_t same = 0;
    StrMap in_a = by_alias(A, a), in_b = by_alias(A, b);
    for (uint32_t k = 0; k < a->nnodes; k++)
        if (at_alias(&in_b, a->node[k]) < 0)
            buf_printf(&out, "- %s\n", node_line(A, a, k));
    for (uint32_t k = 0; k < b->nnodes; k++) {
        int32_t old = at_alias(&in_a, b->node[k]);
        const char *now = node_line(A, b, k);
        if (old < 0) {
            buf_printf(&out, "+ %s\n", now);
            continue;
        }
        const char *was = node_line(A, a, (uint32_t)old);
        if (!strcmp(was, now)) {
            same++;
            continue;
        }
        buf_printf(&out, "- %s\n+ %s\n", was, now);
    }
    if (!out.len && a->ngroups == b->ngroups)
        return "(unchanged)\n";
    buf_printf(&out, "  %u node%s unchanged\n", same, plural(same));
    if (a->ngroups != b->ngroups)
        buf_printf(&out, "  %u group%s, were %u\n", b->ngroups, plural(b->ngroups), a->ngroups);
    return buf_str(&out);
}
