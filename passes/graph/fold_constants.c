/* fold_constants.c -- computing once what depends on constants only.
**
** A node with constant inputs is lowered and run by the reference interpreter, which defines what
** it means.  Where elements only get another shape, or one value fills a shape, that is done
** directly: models for testing fill hundreds of megabytes so.  Arithmetic that
** would take the interpreter more than about a second stays for the compiled kernels, and the pass
** says so. */
#include <stdio.h>

#include "core/graph/module.h"
#include "core/graph/ops.h"
#include "passes/graph/driver.h"

/* Elements of one value, operations of all nodes together. */
enum { MOST_ELEMENTS = 1 << 26, MOST_WORK = 1 << 26 };

typedef struct Folding {
    GraphBuilder *b;
    const Graph *g;
    bool *folded; /* the values that have become constants */
    int64_t work; /* spent so far */
    uint32_t stayed;
    const char *why; /* the first of them did */
    Arena *A;
} Folding;

static bool all_constant(const Folding *f, const GNode *n)
{
    const GValue *const *value = gb_values(f->b);
    for (size_t i = 0; i < n->nin; i++)
        if (n->in[i] != VALUE_NONE &&
            !(value[n->in[i]]->data && (graph_is_const(f->g, n->in[i]) || f->folded[n->in[i]])))
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

/* Is it little enough for the interpreter?  Then the work counts as spent; else says why not. */
static bool afford(Folding *f, const GNode *n, int64_t elements)
{
    int64_t flops = gnode_flops(n, gb_values(f->b)), work = flops > 0 ? flops : 0;
    if (elements <= MOST_ELEMENTS && work <= MOST_WORK - f->work) {
        f->work += work;
        return true;
    }
    if (f->stayed++ == 0)
        f->why = elements > MOST_ELEMENTS
                     ? arena_printf(f->A, "%.60s stays for its kernel: more than %d elements",
                                    n->alias, MOST_ELEMENTS)
                     : arena_printf(f->A,
                                    "%.60s stays for its kernel: %.1f MFLOP, and the interpreter "
                                    "gets %.1f in all",
                                    n->alias, (double)work * 1e-6, MOST_WORK * 1e-6);
    return false;
}

/* Folds node k, if it can be; its values become constants. */
static bool fold_node(Folding *f, Arena *A, uint32_t k)
{
    GraphBuilder *b = f->b;
    const GNode *n = gb_node_at(b, k);
    const GValue *const *value = gb_values(b);
    GType *type = ARENA_ARRAY(A, GType, n->nout);
    Tensor **out = ARENA_ARRAY(A, Tensor *, n->nout);
    bool known = true, ready = all_constant(f, n);
    int64_t most = 0;
    for (size_t i = 0; i < n->nout; i++) {
        const GValue *v = gb_value(b, n->out[i]);
        int64_t size = gtype_elements(v->type);
        type[i] = v->type;
        known &= v->data != NULL;
        ready &= size >= 0;
        most = size > most ? size : most;
    }
    if (gnode_is(n, GOP_unsupported) ||
        (!known && (!ready || !afford(f, n, most) || !evaluate(n, value, type, out))))
        return false;
    for (size_t i = 0; i < n->nout; i++) {
        GValue v = *gb_value(b, n->out[i]);
        if (!known) {
            v.data = out[i];
            gb_keep(b, out[i]);
            tensor_release(out[i]);
        }
        gb_set_value(b, n->out[i], v);
        f->folded[n->out[i]] = true;
    }
    gb_replace_node(b, k, NULL);
    return true;
}

Graph *pass_fold_constants(Graph *g, PassRun *run, Err *err)
{
    GraphBuilder *b = gb_new(g, NULL);
    Arena *A = arena_scratch(NULL);
    Folding f = {.b = b, .g = g, .folded = ARENA_ARRAY(A, bool, g->nvalues + 1), .A = A};
    uint32_t count = 0;
    for (uint32_t k = 0; k < g->nnodes; k++) {
        Arena *scratch = arena_scratch(NULL);
        count += fold_node(&f, scratch, k);
        arena_release(scratch);
    }
    if (f.stayed == 1)
        snprintf(run->note, sizeof run->note, "%s", f.why);
    else if (f.stayed > 1)
        snprintf(run->note, sizeof run->note, "%s; so do%s %u more", f.why,
                 f.stayed == 2 ? "es" : "", f.stayed - 1);
    arena_release(A);
    uint32_t changed;
    bool ok = !count || gb_infer(b, &changed, err); /* what is known now may decide shapes */
    if (ok && count)
        return gb_finish(b, err);
    gb_drop(b);
    return ok ? graph_retain(g) : NULL;
}
