/* fold_transposes.c -- transposing constants that a gemm reads transposed.
**
** Trained models have their weights so.  With transB the kernel, whose lanes go along x, reads
** B[x, k], one element of each row, and whole rows of the transposed matrix.  What depends on a
** constant only is done once, now: the constant is replaced, so that the graph has it once, and
** the gemm's attribute is 0.
** A constant that something else reads, too, stays as it is.  So does a large one of which a single
** row of results is made: each element is used once, then, the product waits for memory, and
** memory is fastest in the order of the rows that there are. */
#include <stdio.h>
#include <string.h>

#include "core/graph/ops.h"
#include "passes/graph/driver.h"

enum {
    TILE = 32,           /* rows and columns that fit the cache together */
    MOST_BYTES = 1 << 23 /* that a product of one row reads across its rows */
};

/* The attribute that says of input i that it is given transposed. */
static size_t attribute_of(size_t i)
{
    return i ? A_gemm_transB : A_gemm_transA;
}

static bool reads_transposed(const GNode *n, size_t i)
{
    return gnode_is(n, GOP_gemm) && i < 2 && n->attr[attribute_of(i)].at.i;
}

/* Does n use each element of its constant, which is large, once? */
static bool waits_for_memory(const Graph *g, const GNode *n, ValueId v)
{
    GType out = g->value[n->out[0]]->type;
    return out.rank == 2 && out.dim[0] == 1 && tensor_bytes(g->value[v]->data) > MOST_BYTES;
}

/* Is v a matrix of which all readers want the transposed one? */
static bool wanted_transposed(const Graph *g, const GUses *uses, ValueId v)
{
    if (!g->value[v] || !graph_is_const(g, v) || graph_is_output(g, v) ||
        g->value[v]->data->rank != 2 || uses->start[v] == uses->start[v + 1])
        return false;
    for (uint32_t u = uses->start[v]; u < uses->start[v + 1]; u++) {
        const GNode *n = g->node[uses->at[u]];
        if (gnode_is(n, GOP_gemm) && waits_for_memory(g, n, v))
            return false;
        for (size_t i = 0; i < n->nin; i++)
            if (n->in[i] == v && !reads_transposed(n, i))
                return false;
    }
    return true;
}

static void copy_tile(const Tensor *t, char *to, int64_t r0, int64_t c0)
{
    const char *from = tensor_data(t);
    int64_t rows = t->shape[0], columns = t->shape[1];
    int64_t r1 = r0 + TILE < rows ? r0 + TILE : rows;
    int64_t c1 = c0 + TILE < columns ? c0 + TILE : columns;
    size_t size = dtype_bytes(t->dtype);
    for (int64_t c = c0; c < c1; c++)
        for (int64_t r = r0; r < r1; r++) {
            size_t target = (size_t)(c * rows + r), source = (size_t)(r * columns + c);
            if (size == 4)
                ((uint32_t *)to)[target] = ((const uint32_t *)from)[source];
            else
                memcpy(to + target * size, from + source * size, size);
        }
}

/* The caller's; NULL where there is no room for it. */
static Tensor *transposed(Tensor *t)
{
    Err ignored = {0};
    Tensor *dense = tensor_dense(t, &ignored);
    Tensor *out =
        dense ? tensor_new(t->dtype, 2, (int64_t[]){t->shape[1], t->shape[0]}, &ignored) : NULL;
    for (int64_t r = 0; out && r < t->shape[0]; r += TILE)
        for (int64_t c = 0; c < t->shape[1]; c += TILE)
            copy_tile(dense, tensor_fill(out), r, c);
    tensor_release(dense);
    return out;
}

/* Makes v the transposed constant; false where there is no room. */
static bool turn(GraphBuilder *b, const Graph *g, ValueId v)
{
    GValue value = *g->value[v];
    Tensor *t = transposed(value.data);
    if (!t)
        return false;
    value.data = t;
    value.type = gb_type(b, t->dtype, 2, t->shape);
    gb_keep(b, t);
    gb_set_value(b, v, value);
    tensor_release(t);
    return true;
}

/* Replaces node k by one that reads what was turned as it is now; false where it reads none. */
static bool read_turned(GraphBuilder *b, const Graph *g, uint32_t k, const bool *turned)
{
    const GNode *n = g->node[k];
    bool of[2] = {false, false};
    for (size_t i = 0; i < 2 && i < n->nin; i++)
        of[i] = n->in[i] != VALUE_NONE && turned[n->in[i]];
    if (!of[0] && !of[1])
        return false;
    GAttr *attr = ARENA_ARRAY(gb_arena(b), GAttr, n->op->nattrs);
    memcpy(attr, n->attr, n->op->nattrs * sizeof *attr);
    for (size_t i = 0; i < 2; i++)
        if (of[i])
            attr[attribute_of(i)].at.i = 0;
    GNode *plain = arena_alloc(gb_arena(b), sizeof *plain);
    *plain = *n;
    plain->attr = attr;
    gb_replace_node(b, k, plain);
    return true;
}

Graph *pass_fold_transposes(Graph *g, PassRun *run, Err *err)
{
    GraphBuilder *b = gb_new(g, NULL);
    Arena *A = arena_scratch(NULL);
    GUses uses = graph_uses(g, A);
    bool *turned = ARENA_ARRAY(A, bool, g->nvalues + 1);
    uint32_t count = 0, full = 0;
    for (ValueId v = 0; v < g->nvalues; v++)
        if (wanted_transposed(g, &uses, v)) {
            turned[v] = turn(b, g, v);
            full += !turned[v];
        }
    for (uint32_t k = 0; k < g->nnodes; k++)
        count += read_turned(b, g, k, turned);
    if (full)
        snprintf(run->note, sizeof run->note, "no room to transpose %u constant%s", full,
                 plural(full));
    arena_release(A);
    if (count)
        return gb_finish(b, err);
    gb_drop(b);
    return graph_retain(g);
}
