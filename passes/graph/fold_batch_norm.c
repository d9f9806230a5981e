/* fold_batch_norm.c -- batch normalization as weights, or as a product and a sum.
**
** With s = scale / sqrt(var + epsilon), a channel each, the node computes x * s + (b - mean * s).
** After a convolution that nobody else reads, s goes into its filters and the rest into its bias;
** this rounds otherwise than computing one after the other.  Elsewhere, or where numbers would grow
** beyond the type's, mul and add with constants stand for it, so that no root is taken for each
** element. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/graph/ops.h"
#include "passes/graph/driver.h"

typedef struct Affine {
    int64_t channels;
    double *scale, *shift;
} Affine;

static double element(const Tensor *t, int64_t i)
{
    return tensor_at(t, i).f;
}

static bool is_finite(DType t, double v)
{
    return isfinite(t == DT_float32 ? (double)(float)v : v);
}

/* s and the rest for a node whose parameters are all constant.  Where one of them is no finite
** number, x * s + … would give another NaN or infinity than the node does. */
static bool affine_of(Arena *A, const Graph *g, const GNode *n, Affine *a)
{
    const Tensor *p[4];
    for (size_t i = 0; i < 4; i++) {
        if (!graph_is_const(g, n->in[i + 1]))
            return false;
        p[i] = g->value[n->in[i + 1]]->data;
    }
    double epsilon = n->attr[A_batch_normalization_epsilon].at.f;
    a->channels = tensor_size(p[0]);
    a->scale = ARENA_ARRAY(A, double, a->channels + 1);
    a->shift = ARENA_ARRAY(A, double, a->channels + 1);
    for (int64_t c = 0; c < a->channels; c++) {
        a->scale[c] = element(p[0], c) / sqrt(element(p[3], c) + epsilon);
        a->shift[c] = element(p[1], c) - element(p[2], c) * a->scale[c];
        if (!is_finite(p[0]->dtype, a->scale[c]) || !is_finite(p[0]->dtype, a->shift[c]))
            return false;
    }
    return true;
}

/* A tensor [channels, 1, …] from one number a channel. */
static ValueId channel_const(GraphBuilder *b, DType t, const double *v, int64_t channels, int rank,
                             Err *err)
{
    int64_t shape[GRAPH_MAX_RANK];
    for (int d = 0; d < rank; d++)
        shape[d] = d ? 1 : channels;
    Tensor *out = tensor_new(t, rank, shape, err);
    if (!out)
        return VALUE_NONE;
    for (int64_t c = 0; c < channels; c++)
        dtype_store(t, (uint8_t *)tensor_fill(out) + (size_t)c * dtype_bytes(t),
                    (Scalar){.f = v[c]});
    ValueId id = gb_const(b, NULL, NULL, out);
    tensor_release(out);
    return id;
}

/* w with each filter multiplied by its channel's scale; the caller's. */
static Tensor *scaled_filters(const Tensor *w, const Affine *a, Err *err)
{
    Tensor *out = tensor_new(w->dtype, w->rank, w->shape, err);
    if (!out)
        return NULL;
    int64_t n = tensor_size(w), each = a->channels ? n / a->channels : 0;
    size_t size = dtype_bytes(w->dtype);
    bool fast = w->dtype == DT_float32 && tensor_is_dense(w);
    for (int64_t i = 0; i < n; i++)
        if (fast)
            ((float *)tensor_fill(out))[i] =
                (float)(((const float *)tensor_data(w))[i] * a->scale[i / each]);
        else
            dtype_store(w->dtype, (uint8_t *)tensor_fill(out) + (size_t)i * size,
                        (Scalar){.f = element(w, i) * a->scale[i / each]});
    return out;
}

static bool all_finite(const Tensor *t)
{
    bool fast = t->dtype == DT_float32, finite = true;
    for (int64_t i = 0; i < tensor_size(t); i++)
        finite &=
            fast ? isfinite(((const float *)tensor_data(t))[i]) != 0 : isfinite(element(t, i));
    return finite;
}

/* The bias that the convolution has with the normalization in it; NULL where one is no finite
** number. */
static const double *folded_bias(Arena *A, const Graph *g, const GNode *conv, const Affine *a)
{
    double *bias = ARENA_ARRAY(A, double, a->channels + 1);
    bool known = conv->nin > 2 && conv->in[2] != VALUE_NONE;
    for (int64_t c = 0; c < a->channels; c++) {
        double old = known ? element(g->value[conv->in[2]]->data, c) : 0;
        bias[c] = old * a->scale[c] + a->shift[c];
        if (!is_finite(g->value[conv->in[1]]->data->dtype, bias[c]))
            return NULL;
    }
    return bias;
}

/* The convolution that n follows, if n's arithmetic can move into it; -1 if not. */
static int32_t convolution_before(const Graph *g, const GUses *uses, const GNode *n)
{
    ValueId x = n->in[0];
    int32_t k = g->producer[x];
    if (k < 0 || !gnode_is(g->node[k], GOP_conv) || uses->start[x + 1] - uses->start[x] != 1 ||
        graph_is_output(g, x))
        return -1;
    const GNode *conv = g->node[k];
    int64_t filters = graph_is_const(g, conv->in[1]) ? g->value[conv->in[1]]->data->shape[0] : -1;
    if (filters != tensor_size(g->value[n->in[1]]->data))
        return -1;
    bool bias_known = conv->nin < 3 || conv->in[2] == VALUE_NONE || graph_is_const(g, conv->in[2]);
    return bias_known ? k : -1;
}

static bool into_convolution(GraphBuilder *b, const Graph *g, uint32_t k, uint32_t bn, Tensor *w,
                             const double *bias, Err *err)
{
    const GNode *conv = g->node[k];
    Arena *A = gb_arena(b);
    GNode *folded = arena_alloc(A, sizeof *folded);
    ValueId *in = ARENA_ARRAY(A, ValueId, 3);
    *folded = *conv;
    in[0] = conv->in[0];
    in[1] = gb_const(b, NULL, NULL, w);
    in[2] = channel_const(b, w->dtype, bias, w->shape[0], 1, err);
    folded->in = in;
    folded->nin = 3;
    if (in[2] == VALUE_NONE)
        return false;
    gb_replace_node(b, k, folded);
    gb_replace_node(b, bn, NULL);
    gb_redirect(b, g->node[bn]->out[0], conv->out[0]);
    return true;
}

static bool as_product_and_sum(GraphBuilder *b, const Graph *g, uint32_t bn, const Affine *a,
                               Err *err)
{
    const GNode *n = g->node[bn];
    GType x = g->value[n->in[0]]->type;
    int rank = x.rank > 1 ? x.rank - 1 : 1;
    ValueId mul[2] = {n->in[0], channel_const(b, x.dtype, a->scale, a->channels, rank, err)},
            add[2], y;
    if (mul[1] == VALUE_NONE)
        return false;
    add[1] = channel_const(b, x.dtype, a->shift, a->channels, rank, err);
    GNodeSpec product = {
        .op = &graph_op[GOP_mul], .origin = n->origin, .in = mul, .nin = 2, .nout = 1};
    GNodeSpec sum = {.op = &graph_op[GOP_add], .origin = n->origin, .in = add, .nin = 2, .nout = 1};
    if (add[1] == VALUE_NONE || !gb_node(b, &product, &add[0], err) || !gb_node(b, &sum, &y, err))
        return false;
    gb_replace_node(b, bn, NULL);
    gb_redirect(b, n->out[0], y);
    return true;
}

/* *apart: the convolution before it could not take it in. */
static bool fold(GraphBuilder *b, const Graph *g, const GUses *uses, uint32_t bn, const Affine *a,
                 bool *apart, Err *err)
{
    int32_t k = convolution_before(g, uses, g->node[bn]);
    const GNode *conv = k >= 0 ? g->node[k] : NULL;
    const double *bias = conv ? folded_bias(gb_arena(b), g, conv, a) : NULL;
    Tensor *w = bias ? scaled_filters(g->value[conv->in[1]]->data, a, err) : NULL;
    bool ok = !bias || w;
    *apart = !w || !all_finite(w);
    if (ok)
        ok = *apart ? as_product_and_sum(b, g, bn, a, err)
                    : into_convolution(b, g, (uint32_t)k, bn, w, bias, err);
    tensor_release(w);
    return ok;
}

Graph *pass_fold_batch_norm(Graph *g, PassRun *run, Err *err)
{
    GraphBuilder *b = gb_new(g, NULL);
    Arena *A = arena_scratch(NULL);
    GUses uses = graph_uses(g, A);
    uint32_t count = 0, products = 0;
    bool ok = true;
    for (uint32_t k = 0; ok && k < g->nnodes; k++) {
        Affine a;
        bool apart = false;
        const GNode *n = g->node[k];
        if (!gnode_is(n, GOP_batch_normalization) || g->value[n->in[0]]->type.rank < 2 ||
            !affine_of(A, g, n, &a))
            continue;
        ok = fold(b, g, &uses, k, &a, &apart, err);
        count++;
        products += apart;
    }
    if (products) /* for which the nodes become more */
        snprintf(run->note, sizeof run->note,
                 "into convolutions: %u, into a mul and an add each: %u", count - products,
                 products);
    arena_release(A);
    if (ok && count)
        return gb_finish(b, err);
    gb_drop(b);
    return ok ? graph_retain(g) : NULL;
}
