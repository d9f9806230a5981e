/* matmul.c -- products of matrices. */
#include <math.h>
#include <string.h>

#include "core/graph/infer.h"
#include "core/graph/ops/lower.h"

/* As numpy: a vector on the left is a row, on the right a column, and vanishes from the result;
** axes before the last two are stretched to one another. */
bool infer_matmul(GraphCall *c)
{
    GType a = call_type(c, 0), b = call_type(c, 1);
    DType t = gnode_is(c->node, GOP_matmul_integer) ? DT_int32 : a.dtype;
    if (!a.rank || !b.rank)
        return call_refuse(c, "a single number is no matrix");
    int64_t ka = a.dim[a.rank - 1], kb = b.dim[b.rank == 1 ? 0 : b.rank - 2];
    if (dim_known(ka) && dim_known(kb) && ka != kb)
        return call_refuse(c, "%s times %s: %lld column%s, but %lld row%s",
                           gtype_text(c->A, NULL, a), gtype_text(c->A, NULL, b), (long long)ka,
                           plural(ka), (long long)kb, plural(kb));
    int64_t dim[GRAPH_MAX_RANK];
    int rank = a.rank > 2 ? a.rank - 2 : 0;
    mem_copy(dim, a.dim, (size_t)rank * sizeof *dim);
    if (!broadcast_dims(dim, &rank, b.dim, b.rank > 2 ? b.rank - 2 : 0))
        return call_refuse(c, "the batches of %s and %s do not fit", gtype_text(c->A, NULL, a),
                           gtype_text(c->A, NULL, b));
    if (a.rank > 1)
        dim[rank++] = a.dim[a.rank - 2];
    if (b.rank > 1)
        dim[rank++] = b.dim[b.rank - 1];
    call_out(c, 0, t, rank, dim);
    return true;
}

/* Zero points: one number, or one for each row of a (column of b). */
bool infer_matmul_integer(GraphCall *c)
{
    GType a = call_type(c, 0), b = call_type(c, 1);
    if (!infer_matmul(c))
        return false;
    int64_t each[2] = {a.rank > 1 ? a.dim[a.rank - 2] : 1, b.rank > 1 ? b.dim[b.rank - 1] : 1};
    for (size_t i = 2; i < 4; i++) {
        if (call_has(c, i) && call_rank(c, i) > 1)
            return call_cannot(c, "zero points of more than one dimension are not known");
        bool list = call_has(c, i) && call_rank(c, i) == 1 && call_dim(c, i, 0) != 1;
        if (list && !call_list_of(c, i, each[i - 2]))
            return false;
    }
    return true;
}

int64_t flops_matmul(GraphCall *c)
{
    GType a = call_type(c, 0);
    return flops_times(2 * gtype_elements(c->out[0]), a.dim[a.rank - 1]);
}

/* Input i of a product: its batch axes stretched, then the row and column that are given. */
static const Node *operand(LowerCall *l, size_t i, const Axes *out, int nbatch, const Node *row,
                           const Node *column)
{
    GType t = lower_type(l, i);
    const Node *index[GRAPH_MAX_RANK];
    int n = 0, batch = t.rank > 2 ? t.rank - 2 : 0;
    for (int d = 0; d < batch; d++)
        index[n++] = t.dim[d] == 1 ? ix(l, 0) : out->at[nbatch - batch + d];
    if (row)
        index[n++] = row;
    if (column)
        index[n++] = column;
    return lower_at(l, i, index);
}

/* Axes b0 …, y, x and k; x of a lone batch is b. */
static Axes product_axes(LowerCall *l, GType y, int nbatch, bool has_row)
{
    Axes ax = {.n = y.rank};
    for (int d = 0; d < y.rank; d++) {
        const char *name = d < nbatch ? (nbatch == 1 ? "b" : arena_printf(l->call.A, "b%d", d))
                           : d == nbatch && has_row ? "y"
                                                    : "x";
        ax.at[d] = te_axis(l->te, name, y.dim[d]);
    }
    return ax;
}

typedef struct Product {
    Axes ax, k;
    const Node *a, *b;
    const Node *row, *column; /* of the result, or NULL */
} Product;

static Product product(LowerCall *l)
{
    GType a = lower_type(l, 0), b = lower_type(l, 1), y = lower_out_type(l, 0);
    Product p = {0};
    bool has_row = a.rank > 1, has_column = b.rank > 1;
    int nbatch = y.rank - has_row - has_column;
    p.ax = product_axes(l, y, nbatch, has_row);
    p.k = lower_reduce_axes(l, 1, &a.dim[a.rank - 1], NULL);
    p.row = has_row ? p.ax.at[nbatch] : NULL;
    p.column = has_column ? p.ax.at[y.rank - 1] : NULL;
    p.a = operand(l, 0, &p.ax, nbatch, p.row, p.k.at[0]);
    p.b = operand(l, 1, &p.ax, nbatch, p.k.at[0], p.column);
    return p;
}

bool lower_matmul(LowerCall *l)
{
    Product p = product(l);
    l->out[0] = lower_reduce(l, NULL, COMB_sum, &p.ax, &p.k, te_mul(l->te, p.a, p.b));
    return true;
}

/* The zero point of input i, as int32: one number, or one for each row (column) of the matrix. */
static const Node *zero_point(LowerCall *l, size_t i, const Node *along)
{
    if (!call_has(&l->call, i))
        return NULL;
    GType t = lower_type(l, i);
    const Node *index[GRAPH_MAX_RANK] = {ix(l, 0)};
    if (t.rank == 1 && t.dim[0] > 1 && along)
        index[0] = along;
    return te_cast(l->te, DT_int32, lower_at(l, i, index));
}

bool lower_matmul_integer(LowerCall *l)
{
    Product p = product(l);
    const Node *side[2] = {te_cast(l->te, DT_int32, p.a), te_cast(l->te, DT_int32, p.b)};
    const Node *along[2] = {p.row, p.column};
    for (size_t i = 0; i < 2; i++) {
        const Node *zero = zero_point(l, i + 2, along[i]);
        if (zero)
            side[i] = te_sub(l->te, side[i], zero);
    }
    l->out[0] = lower_reduce(l, NULL, COMB_sum, &p.ax, &p.k, te_mul(l->te, side[0], side[1]));
    return true;
}

/* ---- gemm ---- */

bool infer_gemm(GraphCall *c)
{
    GType a = call_type(c, 0), b = call_type(c, 1);
    if (a.rank != 2 || b.rank != 2)
        return call_refuse(c, "A has rank %d and B %d; both must have 2", a.rank, b.rank);
    bool ta = call_int(c, A_gemm_transA), tb = call_int(c, A_gemm_transB);
    int64_t dim[2] = {a.dim[ta], b.dim[!tb]}, ka = a.dim[!ta], kb = b.dim[tb];
    if (dim_known(ka) && dim_known(kb) && ka != kb)
        return call_refuse(c, "A has %lld column%s, but B %lld row%s", (long long)ka, plural(ka),
                           (long long)kb, plural(kb));
    if (call_has(c, 2)) {
        GType bias = call_type(c, 2);
        bool fits = bias.rank <= 2;
        for (int d = 0; fits && d < bias.rank; d++) {
            int64_t out = dim[2 - bias.rank + d];
            fits = bias.dim[d] == 1 || !dim_known(bias.dim[d]) || !dim_known(out) ||
                   bias.dim[d] == out;
        }
        if (!fits)
            return call_refuse(c, "C's shape %s does not stretch to the product's",
                               gtype_text(c->A, NULL, bias));
    }
    call_out(c, 0, a.dtype, 2, dim);
    return true;
}

int64_t flops_gemm(GraphCall *c)
{
    int64_t n = gtype_elements(c->out[0]), k = call_dim(c, 0, !call_int(c, A_gemm_transA));
    return flops_times(n, 2 * k + call_has(c, 2));
}

static const Node *scaled(LowerCall *l, const Node *e, double by)
{
    DType t = (DType)e->type;
    if (by == 1)
        return e;
    if (dtype_is_float(t) || (fabs(by) <= (double)INT32_MAX && by == trunc(by)))
        return te_mul(l->te, e, te_num(l->te, t, by));
    return te_cast(l->te, t,
                   te_mul(l->te, te_cast(l->te, DT_float64, e), te_num(l->te, DT_float64, by)));
}

bool lower_gemm(LowerCall *l)
{
    bool ta = call_int(&l->call, A_gemm_transA), tb = call_int(&l->call, A_gemm_transB);
    double alpha = call_float(&l->call, A_gemm_alpha), beta = call_float(&l->call, A_gemm_beta);
    Axes ax = lower_axes_of(l, lower_out_type(l, 0));
    Axes k = lower_reduce_axes(l, 1, &lower_type(l, 0).dim[!ta], NULL);
    const Node *a = lower_at(
        l, 0, ta ? (const Node *[]){k.at[0], ax.at[0]} : (const Node *[]){ax.at[0], k.at[0]});
    const Node *b = lower_at(
        l, 1, tb ? (const Node *[]){ax.at[1], k.at[0]} : (const Node *[]){k.at[0], ax.at[1]});
    bool bias = call_has(&l->call, 2) && beta != 0;
    const Node *sum = lower_reduce(l, NULL, COMB_sum, &ax, &k, te_mul(l->te, a, b));
    l->out[0] = sum;
    if (alpha == 1 && !bias)
        return true;
    Axes end = lower_axes_of(l, lower_out_type(l, 0));
    const Node *e = scaled(l, te_load(l->te, sum, 2, end.at), alpha);
    if (bias)
        e = te_add(l->te, e, scaled(l, lower_load(l, 2, &end), beta));
    l->out[0] = lower_stage(l, bias ? "bias" : "scaled", &end, e);
    return true;
}
