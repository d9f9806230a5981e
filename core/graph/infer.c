/* infer.c -- checking a node's inputs against its operator's row, and asking the row for types.
**
** The rules may assume that inputs have a known element type and rank: where one has not, the
** outputs are not known either, and no rule is asked.
*/
#include "core/graph/infer.h"

#include <string.h>

#include "core/base/buf.h"
#include "core/graph/consts.h"
#include "core/graph/module.h"
#include "core/graph/ops.h"

bool gtype_static(GType t)
{
    if (t.dtype >= DT_COUNT || t.rank < 0)
        return false;
    for (int d = 0; d < t.rank; d++)
        if (!dim_known(t.dim[d]))
            return false;
    return true;
}

bool gtype_equal(GType a, GType b)
{
    if (a.dtype != b.dtype || a.rank != b.rank)
        return false;
    for (int d = 0; d < a.rank; d++)
        if (a.dim[d] != b.dim[d])
            return false;
    return true;
}

bool gtype_possible(GType t)
{
    int64_t n = 1;
    for (int d = 0; d < t.rank; d++)
        if (dim_known(t.dim[d]) && t.dim[d] > 0 &&
            (__builtin_mul_overflow(n, t.dim[d], &n) || n > GRAPH_MAX_ELEMENTS))
            return false;
    return true;
}

int64_t gtype_elements(GType t)
{
    return gtype_static(t) ? shape_size(t.rank, t.dim, 1) : -1;
}

const char *gtype_text(Arena *A, const Graph *g, GType t)
{
    Buf b = buf_new(A);
    buf_puts(&b, t.dtype < DT_COUNT ? dtype_name(t.dtype) : "?");
    if (t.rank < 0) {
        buf_puts(&b, "[...]");
        return buf_str(&b);
    }
    buf_putc(&b, '[');
    for (int d = 0; d < t.rank; d++) {
        buf_puts(&b, d ? ", " : "");
        if (dim_known(t.dim[d]))
            buf_printf(&b, "%lld", (long long)t.dim[d]);
        else if (dim_is_symbol(t.dim[d]) && g && dim_symbol_index(t.dim[d]) < g->nsymbols)
            buf_puts(&b, g->symbol[dim_symbol_index(t.dim[d])]);
        else
            buf_putc(&b, '?');
    }
    buf_putc(&b, ']');
    return buf_str(&b);
}

/* ---- what rules ask ---- */

bool call_const_ints(const GraphCall *c, size_t i, const int64_t **v, size_t *n)
{
    return call_has(c, i) && c->in[i]->data && const_read_ints(c->A, c->in[i]->data, 4096, v, n);
}

bool call_const_number(const GraphCall *c, size_t i, double *v)
{
    if (!call_has(c, i) || !c->in[i]->data || tensor_size(c->in[i]->data) < 1)
        return false;
    Scalar s = tensor_at(c->in[i]->data, 0);
    *v = dtype_is_float(c->in[i]->data->dtype) ? s.f : (double)s.i;
    return true;
}

const int64_t dims_unknown[GRAPH_MAX_RANK] = {DIM_ANY, DIM_ANY, DIM_ANY, DIM_ANY, DIM_ANY, DIM_ANY,
                                              DIM_ANY, DIM_ANY, DIM_ANY, DIM_ANY, DIM_ANY, DIM_ANY,
                                              DIM_ANY, DIM_ANY, DIM_ANY, DIM_ANY};

int call_shape_length(const GraphCall *c, size_t i)
{
    int64_t n = call_rank(c, i) == 1 ? call_dim(c, i, 0) : -1;
    return n >= 0 && n <= GRAPH_MAX_RANK ? (int)n : -1;
}

bool call_one_number(const GraphCall *c, size_t i)
{
    if (!call_has(c, i) || call_rank(c, i) == 0 ||
        (call_rank(c, i) == 1 && (!dim_known(call_dim(c, i, 0)) || call_dim(c, i, 0) == 1)))
        return true;
    return call_refuse(c, "its %s is %s, not one number", c->node->op->in[i].name,
                       gtype_text(c->A, NULL, call_type(c, i)));
}

bool call_list_of(const GraphCall *c, size_t i, int64_t n)
{
    if (!call_has(c, i))
        return true;
    int64_t have = call_rank(c, i) == 1 ? call_dim(c, i, 0) : -1;
    if (have == n || (call_rank(c, i) == 1 && (!dim_known(n) || !dim_known(have))))
        return true;
    return call_refuse(c, "its %s is %s, not a list of %lld", c->node->op->in[i].name,
                       gtype_text(c->A, NULL, call_type(c, i)), (long long)n);
}

bool call_stretches(const GraphCall *c, size_t i, GType to)
{
    if (!call_has(c, i))
        return true;
    int64_t dim[GRAPH_MAX_RANK];
    int rank = to.rank;
    GType t = call_type(c, i);
    mem_copy(dim, to.dim, (size_t)rank * sizeof *dim);
    bool fits = t.rank <= rank && broadcast_dims(dim, &rank, t.dim, t.rank);
    for (int d = 0; fits && d < rank; d++)
        fits = dim[d] == to.dim[d] || !dim_known(to.dim[d]);
    return fits || call_refuse(c, "its %s %s does not stretch to %s", c->node->op->in[i].name,
                               gtype_text(c->A, NULL, t), gtype_text(c->A, NULL, to));
}

int64_t flops_times(int64_t a, int64_t b)
{
    const int64_t most = INT64_C(1) << 53;
    int64_t n;
    return __builtin_mul_overflow(a, b, &n) || n > most ? most : n;
}

bool broadcast_dims(int64_t *dim, int *rank, const int64_t *other, int other_rank)
{
    int r = *rank > other_rank ? *rank : other_rank;
    int64_t out[GRAPH_MAX_RANK];
    for (int d = 0; d < r; d++) {
        int da = d - (r - *rank), db = d - (r - other_rank);
        int64_t a = da < 0 ? 1 : dim[da], b = db < 0 ? 1 : other[db];
        if (a == 1)
            out[d] = b;
        else if (b == 1 || a == b)
            out[d] = a;
        else if (dim_known(a) && dim_known(b))
            return false;
        else /* a number other than 1 wins over what is not known */
            out[d] = dim_known(a) ? a : dim_known(b) ? b : DIM_ANY;
    }
    *rank = r;
    mem_copy(dim, out, (size_t)r * sizeof *dim);
    return true;
}

/* ---- checking ---- */

static const char *types_text(unsigned types)
{
    switch (types & (TY_ANY | TY_I64)) {
    case TY_FLOAT: return "a float";
    case TY_INT: return "an integer";
    case TY_BOOL: return "bool";
    case TY_I64: return "int64";
    case TY_NUM: return "a number";
    default: return "any element type";
    }
}

static bool admits(unsigned types, DType t)
{
    if (types & TY_I64)
        return t == DT_int64;
    if (dtype_is_float(t))
        return types & TY_FLOAT;
    return t == DT_bool ? types & TY_BOOL : types & TY_INT;
}

static bool check_types(const GraphCall *c)
{
    const GNode *n = c->node;
    const OpArg *first = NULL;
    size_t first_at = 0;
    for (size_t i = 0; i < n->nin; i++) {
        const OpArg *arg = &n->op->in[i < n->op->nin ? i : n->op->nin - 1u];
        if (!call_has(c, i) || call_type(c, i).dtype >= DT_COUNT)
            continue;
        DType t = call_type(c, i).dtype;
        if (!admits(arg->types, t))
            return REFUSE(c->err, graph_input_type, n, n->alias, n->op->name, arg->name,
                          dtype_name(t), types_text(arg->types));
        if (!(arg->types & TY_SAME))
            continue;
        if (first && call_type(c, first_at).dtype != t)
            return REFUSE(c->err, graph_input_mix, n, n->alias, n->op->name, first->name, arg->name,
                          dtype_name(call_type(c, first_at).dtype), dtype_name(t), n->alias);
        if (!first) {
            first = arg;
            first_at = i;
        }
    }
    return true;
}

/* Rules multiply and add dimensions, which must not overflow on the way. */
static bool inputs_possible(const GraphCall *c)
{
    for (size_t i = 0; i < c->node->nin; i++)
        if (call_has(c, i) && !gtype_possible(call_type(c, i)))
            return call_refuse(c, "its input %s has more than 2^40 elements",
                               gtype_text(c->A, NULL, call_type(c, i)));
    return true;
}

/* A shape that no tensor can have is refused wherever it turns up. */
static bool check_size(const GraphCall *c, GType t)
{
    if (t.rank > GRAPH_MAX_RANK)
        return call_refuse(c, "its result has rank %d; at most %d is possible", t.rank,
                           GRAPH_MAX_RANK);
    return gtype_possible(t) ||
           call_refuse(c, "its result %s has more than 2^40 elements", gtype_text(c->A, NULL, t));
}

static bool inputs_ranked(const GraphCall *c)
{
    for (size_t i = 0; i < c->node->nin; i++)
        if (c->in[i] && (c->in[i]->type.rank < 0 || c->in[i]->type.dtype >= DT_COUNT))
            return false;
    return true;
}

/* What a node about shapes gives, where its inputs are known: few numbers, so that a chain from
** shape through gather and concat to reshape is followed while a model is imported. */
static bool known_values(GraphCall *c, Tensor **known)
{
    enum { MOST = 64, MOST_WORK = 1 << 16 };
    const GNode *n = c->node;
    if (gnode_is(n, GOP_shape) || gnode_is(n, GOP_size))
        return graph_known_shape(c, known);
    for (size_t i = 0; i < n->nout; i++)
        if (gtype_elements(c->out[i]) < 0 || gtype_elements(c->out[i]) > MOST)
            return false;
    for (size_t i = 0; i < n->nin; i++)
        if (c->in[i] && (!c->in[i]->data || tensor_size(c->in[i]->data) > MOST))
            return false;
    if (n->op->flops(c) > MOST_WORK) /* a window may be huge where the tensors are not */
        return false;
    /* What cannot be lowered is simply not known. */
    Err ignored = {0};
    return graph_eval_node(n, c->values, c->out, known, &ignored);
}

static void release_tensor(void *t)
{
    tensor_release(t);
}

bool graph_infer_node(Arena *A, const GNode *n, const GValue *const *values, GType *type,
                      Tensor **known, Err *err)
{
    for (size_t i = 0; i < n->nout; i++)
        known[i] = NULL;
    GraphCall c = graph_call(A, n, values, type, err);
    if (gnode_is(n, GOP_unsupported))
        return true;
    if (!check_types(&c))
        return false;
    if (!inputs_possible(&c))
        return false;
    if (!inputs_ranked(&c))
        return true;
    if (!n->op->infer(&c))
        return false;
    for (size_t i = 0; i < n->nout; i++)
        if (!check_size(&c, type[i]))
            return false;
    bool all = known_values(&c, known);
    for (size_t i = 0; i < n->nout; i++) {
        if (all && known[i])
            arena_own(A, known[i], release_tensor);
        else
            known[i] = NULL;
    }
    return true;
}
