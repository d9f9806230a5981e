/* fold_constants.c -- computing once what depends on constants only.
**
** A node with constant inputs is lowered and run by the reference interpreter, which defines what
** it means.  Where elements only get another shape, or one value fills a shape, that is done
** directly: models for testing fill hundreds of megabytes so.  What would take the interpreter long
** stays for the compiled kernel. */
#include "core/graph/module.h"
#include "core/graph/ops.h"
#include "passes/graph/driver.h"

enum { MOST_ELEMENTS = 1 << 26, MOST_WORK = 1 << 28 };

static bool all_constant(const GNode *n, GValue const *const *value, const bool *folded,
                         const Graph *g)
{
    for (size_t i = 0; i < n->nin; i++)
        if (n->in[i] != VALUE_NONE &&
            !(value[n->in[i]]->data && (graph_is_const(g, n->in[i]) || folded[n->in[i]])))
            return false;
    return true;
}

static bool only_reshapes(const GNode *n)
{
    return gnode_is(n, GOP_reshape) || gnode_is(n, GOP_flatten) || gnode_is(n, GOP_squeeze) ||
           gnode_is(n, GOP_unsqueeze);
}

/* The outputs of n, owned by the caller; false where it cannot be computed here. */
static bool evaluate(const GNode *n, const GValue *const *value, const GType *type, Tensor **out)
{
    Err ignored = {0};
    if (only_reshapes(n)) {
        out[0] = tensor_reshape(value[n->in[0]]->data, type[0].rank, type[0].dim, &ignored);
        return out[0];
    }
    if (gnode_is(n, GOP_constant_of_shape)) {
        out[0] = tensor_new(type[0].dtype, type[0].rank, type[0].dim, &ignored);
        if (out[0])
            tensor_constant(out[0], n->nin > 1 ? tensor_at(value[n->in[1]]->data, 0) : (Scalar){0});
        return out[0];
    }
    return graph_eval_node(n, value, type, out, &ignored);
}

/* Folds node k, if it can be; its values become constants. */
static bool fold_node(GraphBuilder *b, Arena *A, const Graph *g, uint32_t k, bool *folded)
{
    const GNode *n = gb_node_at(b, k);
    const GValue *const *value = gb_values(b);
    GType *type = ARENA_ARRAY(A, GType, n->nout);
    Tensor **out = ARENA_ARRAY(A, Tensor *, n->nout);
    bool known = true, ready = all_constant(n, value, folded, g);
    for (size_t i = 0; i < n->nout; i++) {
        const GValue *v = gb_value(b, n->out[i]);
        int64_t size = gtype_elements(v->type);
        type[i] = v->type;
        known &= v->data != NULL;
        ready &= size >= 0 && size <= MOST_ELEMENTS;
    }
    ready &= gnode_flops(n, value) <= MOST_WORK;
    if (gnode_is(n, GOP_unsupported) || (!known && (!ready || !evaluate(n, value, type, out))))
        return false;
    for (size_t i = 0; i < n->nout; i++) {
        GValue v = *gb_value(b, n->out[i]);
        if (!known) {
            v.data = out[i];
            gb_keep(b, out[i]);
            tensor_release(out[i]);
        }
        gb_set_value(b, n->out[i], v);
        folded[n->out[i]] = true;
    }
    gb_replace_node(b, k, NULL);
    return true;
}

Graph *pass_fold_constants(Graph *g, Err *err)
{
    GraphBuilder *b = gb_new(g, NULL);
    Arena *A = arena_scratch(NULL);
    bool *folded = ARENA_ARRAY(A, bool, g->nvalues + 1);
    uint32_t count = 0;
    for (uint32_t k = 0; k < g->nnodes; k++) {
        Arena *scratch = arena_scratch(NULL);
        count += fold_node(b, scratch, g, k, folded);
        arena_release(scratch);
    }
    arena_release(A);
    uint32_t changed;
    bool ok = !count || gb_infer(b, &changed, err); /* what is known now may decide shapes */
    if (ok && count)
        return gb_finish(b, err);
    gb_drop(b);
    return ok ? graph_retain(g) : NULL;
}
