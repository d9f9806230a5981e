/* build.c -- graphs under construction: names, attributes, inference on the way, and finishing. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/graph/attrs.h"
#include "core/graph/consts.h"
#include "core/graph/infer.h"
#include "core/graph/ops.h"
#include "core/graph/strmap.h"
#include "core/graph/topo.h"
#include "core/ir/parse.h"

typedef VEC(const GValue *) ValueVec;
typedef VEC(const GNode *) NodeVec;
typedef VEC(ValueId) IdVec;
typedef VEC(GOutput) OutputVec;
typedef VEC(const char *) StrVec;

struct GraphBuilder {
    Arena *A;
    const char *name, *source;
    ValueVec value;
    IdVec redirect; /* by value: what is read instead; itself where nothing is */
    NodeVec node;
    IdVec input;
    OutputVec output;
    StrVec symbol;
    StrMap taken;   /* names of values and nodes */
    StrMap outputs; /* names of results, which are apart from those */
    StrMap symbols; /* by name: index in symbol */
    StrMap origins; /* what nodes are called in the model file: no other gets such an alias */
    StrMap counter; /* by alias base: the number last used */
    const GGroup *group;
    const uint32_t *order;
    const GEdge *edge;
    uint32_t ngroups, nedges;
};

enum { MOST_NAME = 80 };

/* A name that both text forms can write, made from any text: letters, digits and `_`, and none of
** their words, behind which it gets another `_`. */
static char *plain_name(Arena *A, const char *text)
{
    size_t n = strlen(text);
    if (n > MOST_NAME)
        n = MOST_NAME;
    char *s = arena_alloc(A, n + 3), *p = s;
    if (!n || isdigit((unsigned char)text[0]))
        *p++ = 'x';
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        *p++ = isalnum(c) || c == '_' ? (char)c : '_';
    }
    if (!ir_is_name(s) || !strcmp(s, "none") || !strcmp(s, "return"))
        *p = '_';
    return s;
}

/* ---- beginning ---- */

static void add_value(GraphBuilder *b, const GValue *v)
{
    vec_push(b->A, &b->value, v);
    vec_push(b->A, &b->redirect, (ValueId)(b->value.n - 1));
    if (v && v->name)
        strmap_put(&b->taken, v->name, strlen(v->name), 1);
}

static void count_alias(GraphBuilder *b, const char *alias)
{
    size_t n = strlen(alias), base = n;
    while (base && isdigit((unsigned char)alias[base - 1]))
        base--;
    if (base < n && n - base < 9) {
        uint32_t k = (uint32_t)strtoul(alias + base, NULL, 10);
        if (k > strmap_get(&b->counter, alias, base, 0))
            strmap_put(&b->counter, alias, base, k);
    }
}

void gb_reserve(GraphBuilder *b, const char *origin)
{
    if (origin)
        strmap_put(&b->origins, arena_strdup(b->A, origin), strlen(origin), 1);
}

GraphBuilder *gb_new(Graph *from, const char *name)
{
    Arena *A = arena_scratch(from ? from->arena : NULL);
    GraphBuilder *b = arena_alloc(A, sizeof *b);
    b->A = A;
    b->taken = strmap_new(A);
    b->outputs = strmap_new(A);
    b->origins = strmap_new(A);
    b->counter = strmap_new(A);
    b->symbols = strmap_new(A);
    b->name = plain_name(A, name ? name : from ? from->name : "main");
    if (!from)
        return b;
    b->source = from->source;
    for (uint32_t i = 0; i < from->nvalues; i++)
        add_value(b, from->value[i]);
    for (uint32_t i = 0; i < from->nnodes; i++) {
        vec_push(A, &b->node, from->node[i]);
        strmap_put(&b->taken, from->node[i]->alias, strlen(from->node[i]->alias), 1);
        count_alias(b, from->node[i]->alias);
        gb_reserve(b, from->node[i]->origin);
    }
    for (uint32_t i = 0; i < from->ninputs; i++)
        vec_push(A, &b->input, from->input[i]);
    for (uint32_t i = 0; i < from->noutputs; i++) {
        vec_push(A, &b->output, from->output[i]);
        strmap_put(&b->outputs, from->output[i].name, strlen(from->output[i].name), 1);
    }
    for (uint32_t i = 0; i < from->nsymbols; i++)
        gb_symbol(b, from->symbol[i]);
    return b;
}

Arena *gb_arena(GraphBuilder *b)
{
    return b->A;
}
void gb_drop(GraphBuilder *b)
{
    arena_release(b->A);
}
const GValue *gb_value(const GraphBuilder *b, ValueId v)
{
    return b->value.at[v];
}
const GValue *const *gb_values(const GraphBuilder *b)
{
    return b->value.at;
}
const GNode *gb_node_at(const GraphBuilder *b, uint32_t i)
{
    return b->node.at[i];
}
void gb_replace_node(GraphBuilder *b, uint32_t i, const GNode *n)
{
    b->node.at[i] = n;
}
void gb_redirect(GraphBuilder *b, ValueId from, ValueId to)
{
    b->redirect.at[from] = to;
}

void gb_set_name(GraphBuilder *b, const char *name)
{
    b->name = plain_name(b->A, name);
}

void gb_set_source(GraphBuilder *b, const char *source)
{
    b->source = arena_strdup(b->A, source);
}

void gb_set_value(GraphBuilder *b, ValueId v, GValue value)
{
    GValue *copy = arena_alloc(b->A, sizeof *copy);
    *copy = value;
    b->value.at[v] = copy;
}

void gb_set_groups(GraphBuilder *b, const uint32_t *order, const GGroup *group, uint32_t ngroups,
                   const GEdge *edge, uint32_t nedges)
{
    b->order = order;
    b->group = group;
    b->ngroups = ngroups;
    b->edge = edge;
    b->nedges = nedges;
}

/* ---- names ---- */

/* `wanted`, or wanted_1 … where another has it; taken from now on. */
static const char *take_from(GraphBuilder *b, StrMap *taken, const char *wanted)
{
    const char *name = wanted;
    for (unsigned k = 1; strmap_get(taken, name, strlen(name), 0); k++)
        name = arena_printf(b->A, "%s_%u", wanted, k);
    strmap_put(taken, name, strlen(name), 1);
    return name;
}

static const char *take_name(GraphBuilder *b, const char *wanted)
{
    return take_from(b, &b->taken, wanted);
}

/* May a node keep as its alias what the model file calls it?  If that is what it would be called
** anyway, by another number; and a node that stands for an unknown operator has nothing better. */
static bool keeps_name(const GraphBuilder *b, const GraphOp *op, const char *origin)
{
    size_t base = strlen(op->alias);
    if (!origin || strlen(origin) > MOST_NAME || strmap_get(&b->taken, origin, strlen(origin), 0))
        return false;
    if (op == &graph_op[GOP_unsupported])
        return strcmp(plain_name(b->A, origin), origin) == 0;
    return strncmp(origin, op->alias, base) == 0 && origin[base] &&
           strspn(origin + base, "0123456789") == strlen(origin + base);
}

static const char *new_alias(GraphBuilder *b, const char *base)
{
    uint32_t k = strmap_get(&b->counter, base, strlen(base), 0);
    const char *alias;
    do
        alias = arena_printf(b->A, "%s%u", base, ++k);
    while (strmap_get(&b->taken, alias, strlen(alias), 0) ||
           strmap_get(&b->origins, alias, strlen(alias), 0));
    strmap_put(&b->counter, base, strlen(base), k);
    strmap_put(&b->taken, alias, strlen(alias), 1);
    return alias;
}

/* ---- values ---- */

uint32_t gb_symbol(GraphBuilder *b, const char *name)
{
    const char *plain = plain_name(b->A, name);
    uint32_t found = strmap_get(&b->symbols, plain, strlen(plain), UINT32_MAX);
    if (found != UINT32_MAX)
        return found;
    strmap_put(&b->symbols, plain, strlen(plain), (uint32_t)b->symbol.n);
    vec_push(b->A, &b->symbol, plain);
    return (uint32_t)(b->symbol.n - 1);
}

uint32_t gb_new_symbol(GraphBuilder *b, const char *name)
{
    const char *plain = plain_name(b->A, name), *unique = plain;
    for (unsigned k = 1; strmap_get(&b->symbols, unique, strlen(unique), UINT32_MAX) != UINT32_MAX;
         k++)
        unique = arena_printf(b->A, "%s_%u", plain, k);
    return gb_symbol(b, unique);
}

GType gb_type(GraphBuilder *b, DType t, int rank, const int64_t *dim)
{
    int64_t *copy = ARENA_ARRAY(b->A, int64_t, rank > 0 ? rank : 1); /* never NULL */
    if (rank > 0)
        mem_copy(copy, dim, (size_t)rank * sizeof *copy);
    return (GType){.dtype = (uint8_t)t, .rank = (int8_t)rank, .dim = copy};
}

static ValueId new_value(GraphBuilder *b, GValue v)
{
    add_value(b, NULL);
    ValueId id = (ValueId)(b->value.n - 1);
    gb_set_value(b, id, v);
    return id;
}

ValueId gb_input(GraphBuilder *b, const char *name, const char *origin, GType type)
{
    ValueId id = new_value(b, (GValue){.name = take_name(b, plain_name(b->A, name)),
                                       .origin = origin ? arena_strdup(b->A, origin) : NULL,
                                       .type = type});
    vec_push(b->A, &b->input, id);
    return id;
}

ValueId gb_const(GraphBuilder *b, const char *name, const char *origin, Tensor *data)
{
    const_own(b->A, data);
    return new_value(b, (GValue){.name = name ? take_name(b, arena_strdup(b->A, name)) : NULL,
                                 .origin = origin ? arena_strdup(b->A, origin) : NULL,
                                 .type = const_type(b->A, data),
                                 .data = data});
}

ValueId gb_const_ints(GraphBuilder *b, int rank, const int64_t *v, size_t n)
{
    Tensor *t = const_ints(rank, v, n);
    ValueId id = gb_const(b, NULL, NULL, t);
    tensor_release(t);
    return id;
}

void gb_output(GraphBuilder *b, const char *name, ValueId v)
{
    const char *unique = take_from(b, &b->outputs, plain_name(b->A, name));
    vec_push(b->A, &b->output, ((GOutput){.name = unique, .value = v}));
}

/* ---- nodes ---- */

static const char *arity_text(Arena *A, unsigned least, unsigned most, bool open, const char *what)
{
    if (open)
        return arena_printf(A, "%u or more %s", least, what);
    if (least == most)
        return arena_printf(A, "%u %s%s", least, what, plural(least));
    return arena_printf(A, "%u to %u %ss", least, most, what);
}

bool graph_check_arity(Arena *A, const GNode *n, Err *err)
{
    const GraphOp *op = n->op;
    bool open = op->nin && op->in[op->nin - 1].kind == ARG_VARIADIC;
    if (op == &graph_op[GOP_unsupported])
        return true;
    if (n->nin < op->min_in || (!open && n->nin > op->nin))
        return REFUSE(err, graph_arity, n, n->alias, op->name,
                      arity_text(A, op->min_in, op->nin, open, "input"), n->nin, op->name);
    for (size_t i = 0; i < n->nin; i++) {
        const OpArg *arg = &op->in[i < op->nin ? i : op->nin - 1u];
        if (n->in[i] == VALUE_NONE && arg->kind != ARG_OPTIONAL)
            return REFUSE(err, graph_types, n, n->alias, op->name,
                          arena_printf(A, "its input %s is missing", arg->name), op->name);
    }
    bool many = op->nout && op->out[op->nout - 1].kind == ARG_VARIADIC;
    if (!n->nout || (!many && n->nout > op->nout))
        return REFUSE(err, graph_arity, n, n->alias, op->name,
                      arity_text(A, 1, op->nout, many, "output"), n->nout, op->name);
    return true;
}

static void name_outputs(GraphBuilder *b, GNode *n, const GNodeSpec *spec, const GType *type)
{
    ValueId *out = ARENA_ARRAY(b->A, ValueId, spec->nout);
    for (size_t i = 0; i < spec->nout; i++) {
        /* A single output shares its node's name. */
        const char *name =
            spec->nout == 1 ? n->alias : take_name(b, arena_printf(b->A, "%s.%zu", n->alias, i));
        const char *origin = spec->out_origin ? spec->out_origin[i] : NULL;
        out[i] = new_value(b, (GValue){.name = name,
                                       .origin = origin ? arena_strdup(b->A, origin) : NULL,
                                       .type = type[i]});
    }
    n->out = out;
}

bool gb_node(GraphBuilder *b, const GNodeSpec *spec, ValueId *out, Err *err)
{
    GNode *n = arena_alloc(b->A, sizeof *n);
    n->op = spec->op;
    n->origin = spec->origin ? arena_strdup(b->A, spec->origin) : NULL;
    n->alias = spec->alias                          ? take_name(b, plain_name(b->A, spec->alias))
               : keeps_name(b, spec->op, n->origin) ? take_name(b, n->origin)
                                                    : new_alias(b, spec->op->alias);
    n->nin = (uint16_t)spec->nin;
    while (n->nin && spec->in[n->nin - 1] == VALUE_NONE && n->nin > spec->op->min_in)
        n->nin--;
    n->nout = (uint16_t)spec->nout;
    ValueId *in = ARENA_ARRAY(b->A, ValueId, spec->nin + 1);
    mem_copy(in, spec->in, n->nin * sizeof *in);
    n->in = in;
    GType *type = ARENA_ARRAY(b->A, GType, spec->nout);
    Tensor **known = ARENA_ARRAY(b->A, Tensor *, spec->nout);
    if (!graph_check_arity(b->A, n, err) || !graph_fill_attrs(b->A, n, spec, err) ||
        !graph_infer_node(b->A, n, b->value.at, type, known, err)) {
        strmap_put(&b->taken, n->alias, strlen(n->alias), 0); /* it may be another's */
        return false;
    }
    graph_drop_idle_attrs(b->A, n);
    name_outputs(b, n, spec, type);
    for (size_t i = 0; i < spec->nout; i++) {
        GValue v = *b->value.at[n->out[i]];
        v.data = known[i];
        gb_set_value(b, n->out[i], v);
    }
    vec_push(b->A, &b->node, n);
    mem_copy(out, n->out, spec->nout * sizeof *out);
    return true;
}

void gb_keep(GraphBuilder *b, Tensor *t)
{
    const_own(b->A, t);
}

void gb_fix_input(GraphBuilder *b, ValueId v, Tensor *data)
{
    size_t kept = 0;
    for (size_t i = 0; i < b->input.n; i++)
        if (b->input.at[i] != v)
            b->input.at[kept++] = b->input.at[i];
    b->input.n = kept;
    const_own(b->A, data);
    GValue value = *b->value.at[v];
    value.data = data;
    value.type = const_type(b->A, data);
    gb_set_value(b, v, value);
}

/* A rule that knows less than what was known before (declared by a model, say) does not undo it. */
static GType better_type(GType have, GType found)
{
    if (found.dtype == DT_COUNT || found.rank < 0)
        return have;
    return have.rank == found.rank && gtype_static(have) && !gtype_static(found) ? have : found;
}

bool gb_infer(GraphBuilder *b, uint32_t *changed, Err *err)
{
    *changed = 0;
    for (size_t k = 0; k < b->node.n; k++) {
        const GNode *n = b->node.at[k];
        if (!n)
            continue;
        GType *type = ARENA_ARRAY(b->A, GType, n->nout);
        Tensor **known = ARENA_ARRAY(b->A, Tensor *, n->nout);
        if (!graph_infer_node(b->A, n, b->value.at, type, known, err))
            return false;
        for (size_t i = 0; i < n->nout; i++) {
            GValue v = *b->value.at[n->out[i]];
            GType t = better_type(v.type, type[i]);
            if (gtype_equal(t, v.type) && (!known[i] || v.data))
                continue;
            v.type = t;
            v.data = v.data ? v.data : known[i];
            gb_set_value(b, n->out[i], v);
            ++*changed;
        }
    }
    return true;
}

/* ---- finishing ---- */

static ValueId follow(const GraphBuilder *b, ValueId v)
{
    size_t steps = 0;
    while (v != VALUE_NONE && b->redirect.at[v] != v && steps++ <= b->value.n)
        v = b->redirect.at[v];
    return v;
}

/* The node with its inputs redirected, or itself where none is. */
static const GNode *redirected(GraphBuilder *b, const GNode *n)
{
    bool same = true;
    for (size_t i = 0; i < n->nin; i++)
        same &= n->in[i] == follow(b, n->in[i]);
    if (same)
        return n;
    GNode *copy = arena_alloc(b->A, sizeof *copy);
    ValueId *in = ARENA_ARRAY(b->A, ValueId, n->nin);
    for (size_t i = 0; i < n->nin; i++)
        in[i] = follow(b, n->in[i]);
    *copy = *n;
    copy->in = in;
    return copy;
}

static void name_constants(GraphBuilder *b, const Graph *g)
{
    for (uint32_t k = 0; k < g->nnodes; k++) {
        const GNode *n = g->node[k];
        for (size_t i = 0; i < n->nin; i++) {
            const GValue *v = n->in[i] == VALUE_NONE ? NULL : b->value.at[n->in[i]];
            if (!v || v->name)
                continue;
            const OpArg *arg = &n->op->in[i < n->op->nin ? i : n->op->nin - 1u];
            GValue named = *v;
            named.name = take_name(b, arg->kind == ARG_VARIADIC
                                          ? arena_printf(b->A, "%s.%s%zu", n->alias, arg->name, i)
                                          : arena_printf(b->A, "%s.%s", n->alias, arg->name));
            gb_set_value(b, n->in[i], named);
        }
    }
    for (uint32_t i = 0; i < g->noutputs; i++) {
        const GValue *v = b->value.at[g->output[i].value];
        if (v->name)
            continue;
        GValue named = *v;
        named.name = take_name(b, arena_printf(b->A, "%s.value", g->output[i].name));
        gb_set_value(b, g->output[i].value, named);
    }
}

typedef struct Producers {
    const GraphBuilder *b;
    const int32_t *of; /* by value: the index of the node that makes it; -1 if none does */
} Producers;

static int64_t producer_of(void *env, uint32_t at, uint32_t i)
{
    const Producers *p = env;
    const GNode *n = p->b->node.at[at];
    if (i >= n->nin)
        return TOPO_END;
    return n->in[i] == VALUE_NONE || p->of[n->in[i]] < 0 ? TOPO_NOTHING : p->of[n->in[i]];
}

/* Puts every node after those it reads from, in the given order where that holds already. */
static bool sort_nodes(GraphBuilder *b, Graph *g, Err *err)
{
    uint32_t n = (uint32_t)b->node.n, stuck, *order = ARENA_ARRAY(b->A, uint32_t, n + 1);
    int32_t *producer = ARENA_ARRAY(b->A, int32_t, b->value.n + 1);
    const GNode **out = ARENA_ARRAY(b->A, const GNode *, n + 1);
    memset(producer, -1, (b->value.n + 1) * sizeof *producer);
    for (uint32_t k = 0; k < n; k++)
        for (size_t i = 0; i < b->node.at[k]->nout; i++)
            producer[b->node.at[k]->out[i]] = (int32_t)k;
    if (!topo_order(b->A, n, producer_of, &(Producers){b, producer}, order, &stuck))
        return REFUSE(err, graph_cycle, b->node.at[stuck], b->node.at[stuck]->alias);
    for (uint32_t k = 0; k < n; k++)
        out[k] = b->node.at[order[k]];
    g->node = out;
    g->nnodes = n;
    return true;
}

/* The values that are read, produced, put in or given out; the others become holes. */
static void keep_values(GraphBuilder *b, Graph *g)
{
    bool *keep = ARENA_ARRAY(b->A, bool, b->value.n + 1);
    int32_t *producer = ARENA_ARRAY(b->A, int32_t, b->value.n + 1);
    memset(producer, -1, (b->value.n + 1) * sizeof *producer);
    for (uint32_t k = 0; k < g->nnodes; k++) {
        const GNode *n = g->node[k];
        for (size_t i = 0; i < n->nin; i++)
            if (n->in[i] != VALUE_NONE)
                keep[n->in[i]] = true;
        for (size_t i = 0; i < n->nout; i++) {
            keep[n->out[i]] = true;
            producer[n->out[i]] = (int32_t)k;
        }
    }
    for (uint32_t i = 0; i < g->ninputs; i++)
        keep[g->input[i]] = true;
    for (uint32_t i = 0; i < g->noutputs; i++)
        keep[g->output[i].value] = true;
    for (size_t v = 0; v < b->value.n; v++)
        if (!keep[v])
            b->value.at[v] = NULL;
    g->value = b->value.at;
    g->nvalues = (uint32_t)b->value.n;
    g->producer = producer;
}

Graph *gb_finish(GraphBuilder *b, Err *err)
{
    Graph *g = arena_alloc(b->A, sizeof *g);
    g->arena = b->A;
    g->name = b->name;
    g->source = b->source;
    NodeVec node = {0};
    for (size_t k = 0; k < b->node.n; k++) {
        const GNode *n = b->node.at[b->order ? b->order[k] : k];
        if (n)
            vec_push(b->A, &node, redirected(b, n));
    }
    b->node = node;
    for (size_t i = 0; i < b->output.n; i++)
        b->output.at[i].value = follow(b, b->output.at[i].value);
    g->input = b->input.at;
    g->ninputs = (uint32_t)b->input.n;
    g->output = b->output.at;
    g->noutputs = (uint32_t)b->output.n;
    g->symbol = b->symbol.at;
    g->nsymbols = (uint32_t)b->symbol.n;
    g->group = b->group;
    g->ngroups = b->ngroups;
    g->edge = b->edge;
    g->nedges = b->nedges;
    if (!sort_nodes(b, g, err)) {
        gb_drop(b);
        return NULL;
    }
    name_constants(b, g);
    keep_values(b, g);
    if (!graph_verify(g, false, err)) {
        gb_drop(b);
        return NULL;
    }
    return g;
}
