/* verify.c -- the rules every graph keeps; equality and fingerprints. */
#include <string.h>

#include "core/graph/infer.h"
#include "core/graph/ops.h"
#include "core/graph/strmap.h"

#define BROKEN(...) REFUSE(err, graph_broken, NULL, arena_printf(A, __VA_ARGS__))

static bool check_names(const Graph *g, Arena *A, Err *err)
{
    StrMap seen = strmap_new(A);
    for (uint32_t v = 0; v < g->nvalues; v++) {
        const char *name = g->value[v] ? g->value[v]->name : NULL;
        if (!name)
            continue;
        if (strmap_get(&seen, name, strlen(name), 0))
            return BROKEN("two values are named %s", name);
        strmap_put(&seen, name, strlen(name), 1);
    }
    StrMap nodes = strmap_new(A);
    for (uint32_t k = 0; k < g->nnodes; k++) {
        const char *alias = g->node[k]->alias;
        if (strmap_get(&nodes, alias, strlen(alias), 0))
            return BROKEN("two nodes are named %s", alias);
        strmap_put(&nodes, alias, strlen(alias), 1);
    }
    return true;
}

static bool check_sizes(const Graph *g, Arena *A, Err *err)
{
    for (uint32_t v = 0; v < g->nvalues; v++)
        if (g->value[v] && !gtype_possible(g->value[v]->type))
            return REFUSE(err, graph_too_big, NULL, g->value[v]->name,
                          gtype_text(A, g, g->value[v]->type));
    return true;
}

static bool check_attrs(const GNode *n, Arena *A, Err *err)
{
    for (size_t i = 0; i < n->op->nattrs; i++)
        if (n->attr[i].kind != n->op->attr[i].kind && n->attr[i].kind != GA_NONE)
            return BROKEN("%s's attribute %s has the wrong kind", n->alias, n->op->attr[i].name);
    return true;
}

/* Every value read has been put in, is constant, or was computed before. */
static bool check_order(const Graph *g, Arena *A, Err *err)
{
    bool *there = ARENA_ARRAY(A, bool, g->nvalues + 1);
    for (uint32_t i = 0; i < g->ninputs; i++)
        there[g->input[i]] = true;
    for (uint32_t v = 0; v < g->nvalues; v++)
        there[v] |= g->value[v] && g->value[v]->data && g->producer[v] < 0;
    for (uint32_t k = 0; k < g->nnodes; k++) {
        const GNode *n = g->node[k];
        for (size_t i = 0; i < n->nin; i++)
            if (n->in[i] != VALUE_NONE && (n->in[i] >= g->nvalues || !there[n->in[i]]))
                return BROKEN("%s reads a value before it is computed", n->alias);
        for (size_t i = 0; i < n->nout; i++) {
            if (n->out[i] >= g->nvalues || !g->value[n->out[i]] || there[n->out[i]])
                return BROKEN("%s computes a value that is there already", n->alias);
            there[n->out[i]] = true;
        }
    }
    for (uint32_t i = 0; i < g->noutputs; i++)
        if (g->output[i].value >= g->nvalues || !there[g->output[i].value])
            return BROKEN("nothing computes the output %s", g->output[i].name);
    return true;
}

static bool check_groups(const Graph *g, Arena *A, Err *err)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < g->ngroups; i++) {
        if (g->group[i].first != at || !g->group[i].n)
            return BROKEN("group %s does not follow the one before", g->group[i].name);
        at += g->group[i].n;
    }
    return !g->ngroups || at == g->nnodes || BROKEN("the groups do not cover all nodes");
}

static bool check_inference(const Graph *g, Arena *A, Err *err)
{
    for (uint32_t k = 0; k < g->nnodes; k++) {
        const GNode *n = g->node[k];
        GType *type = ARENA_ARRAY(A, GType, n->nout);
        Tensor **known = ARENA_ARRAY(A, Tensor *, n->nout);
        if (!graph_infer_node(A, n, g->value, type, known, err))
            return false;
        for (size_t i = 0; i < n->nout; i++) {
            GType have = g->value[n->out[i]]->type;
            if (gtype_static(type[i]) && gtype_static(have) && !gtype_equal(type[i], have))
                return BROKEN("%s gives %s, but is said to give %s", n->alias,
                              gtype_text(A, g, type[i]), gtype_text(A, g, have));
        }
    }
    return true;
}

bool graph_verify(const Graph *g, bool types, Err *err)
{
    Arena *A = arena_scratch(NULL);
    bool ok = check_names(g, A, err) && check_sizes(g, A, err) && check_order(g, A, err) &&
              check_groups(g, A, err);
    for (uint32_t k = 0; ok && k < g->nnodes; k++)
        ok = graph_check_arity(A, g->node[k], err) && check_attrs(g->node[k], A, err);
    ok = ok && (!types || check_inference(g, A, err));
    arena_release(A);
    return ok;
}

/* ---- fingerprints ---- */

static void fp_add(Fingerprint *f, Fingerprint other)
{
    fp_int(f, other.hi);
    fp_int(f, other.lo);
}

static void fp_type(Fingerprint *f, const Graph *g, GType t)
{
    fp_int(f, t.dtype);
    fp_int(f, (uint64_t)t.rank);
    for (int d = 0; d < t.rank; d++) {
        bool symbol = dim_is_symbol(t.dim[d]) && dim_symbol_index(t.dim[d]) < g->nsymbols;
        fp_int(f, (uint64_t)(symbol ? -2 : t.dim[d]));
        if (symbol)
            fp_str(f, g->symbol[dim_symbol_index(t.dim[d])]);
    }
}

static void fp_attr(Fingerprint *f, const GAttr *a)
{
    fp_int(f, a->kind);
    switch ((GAttrKind)a->kind) {
    case GA_NONE: break;
    case GA_INT: fp_int(f, (uint64_t)a->at.i); break;
    case GA_FLOAT: fp_bytes(f, &a->at.f, sizeof a->at.f); break;
    case GA_STR: fp_str(f, a->at.s); break;
    case GA_INTS: fp_bytes(f, a->at.is, a->n * sizeof *a->at.is); break;
    case GA_FLOATS: fp_bytes(f, a->at.fs, a->n * sizeof *a->at.fs); break;
    case GA_DTYPE: fp_int(f, a->at.t); break;
    }
}

/* What a value is: an input by its place, a constant by its content, else by the node that makes
 * it. */
Fingerprint graph_fingerprint(const Graph *g)
{
    Arena *A = arena_scratch(NULL);
    Fingerprint *of = ARENA_ARRAY(A, Fingerprint, g->nvalues + 1), all = fp_begin();
    for (uint32_t v = 0; v < g->nvalues; v++)
        if (g->value[v] && graph_is_const(g, v)) {
            of[v] = fp_begin();
            fp_type(&of[v], g, g->value[v]->type);
            fp_add(&of[v], tensor_fingerprint(g->value[v]->data));
        }
    for (uint32_t i = 0; i < g->ninputs; i++) {
        of[g->input[i]] = fp_begin();
        fp_int(&of[g->input[i]], i);
        fp_type(&of[g->input[i]], g, g->value[g->input[i]]->type);
        fp_add(&all, of[g->input[i]]);
    }
    for (uint32_t k = 0; k < g->nnodes; k++) {
        const GNode *n = g->node[k];
        Fingerprint f = fp_begin();
        fp_str(&f, n->op->name);
        for (size_t i = 0; i < n->op->nattrs; i++)
            fp_attr(&f, &n->attr[i]);
        for (size_t i = 0; i < n->nin; i++)
            fp_add(&f, n->in[i] == VALUE_NONE ? fp_begin() : of[n->in[i]]);
        for (size_t i = 0; i < n->nout; i++) {
            of[n->out[i]] = f;
            fp_int(&of[n->out[i]], i);
            fp_type(&of[n->out[i]], g, g->value[n->out[i]]->type);
        }
    }
    for (uint32_t i = 0; i < g->noutputs; i++)
        fp_add(&all, of[g->output[i].value]);
    for (uint32_t i = 0; i < g->ngroups; i++) { /* a group by the last value it makes */
        const GNode *last = g->node[g->group[i].first + g->group[i].n - 1];
        fp_add(&all, of[last->out[0]]);
        fp_int(&all, g->group[i].n);
    }
    arena_release(A);
    return all;
}

bool graph_equal(const Graph *a, const Graph *b)
{
    return fp_equal(graph_fingerprint(a), graph_fingerprint(b));
}

/* ---- looking things up ---- */

Graph *graph_retain(Graph *g)
{
    arena_retain(g->arena);
    return g;
}

void graph_release(Graph *g)
{
    if (g)
        arena_release(g->arena);
}

static bool named(const char *have, const char *name)
{
    return have && !strcmp(have, name);
}

static int32_t find_alias(const Graph *g, const char *alias)
{
    for (uint32_t k = 0; k < g->nnodes; k++)
        if (named(g->node[k]->alias, alias))
            return (int32_t)k;
    return -1;
}

int32_t graph_find_node(const Graph *g, const char *name)
{
    int32_t found = find_alias(g, name);
    if (found >= 0)
        return found;
    for (uint32_t k = 0; k < g->nnodes; k++)
        if (named(g->node[k]->origin, name))
            return (int32_t)k;
    return -1;
}

ValueId graph_find_value(const Graph *g, const char *name)
{
    for (uint32_t v = 0; v < g->nvalues; v++)
        if (g->value[v] && named(g->value[v]->name, name))
            return v;
    for (uint32_t v = 0; v < g->nvalues; v++)
        if (g->value[v] && named(g->value[v]->origin, name))
            return v;
    return VALUE_NONE;
}

GUses graph_uses(const Graph *g, Arena *A)
{
    uint32_t *start = ARENA_ARRAY(A, uint32_t, g->nvalues + 2), total = 0;
    for (uint32_t k = 0; k < g->nnodes; k++)
        for (size_t i = 0; i < g->node[k]->nin; i++)
            if (g->node[k]->in[i] != VALUE_NONE) {
                start[g->node[k]->in[i] + 2]++;
                total++;
            }
    for (uint32_t v = 2; v < g->nvalues + 2; v++)
        start[v] += start[v - 1];
    uint32_t *at = ARENA_ARRAY(A, uint32_t, total + 1);
    for (uint32_t k = 0; k < g->nnodes; k++)
        for (size_t i = 0; i < g->node[k]->nin; i++)
            if (g->node[k]->in[i] != VALUE_NONE)
                at[start[g->node[k]->in[i] + 1]++] = k;
    return (GUses){start, at};
}

bool graph_is_output(const Graph *g, ValueId v)
{
    for (uint32_t i = 0; i < g->noutputs; i++)
        if (g->output[i].value == v)
            return true;
    return false;
}
