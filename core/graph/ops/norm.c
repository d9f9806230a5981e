/* norm.c -- normalizations. */
#include <math.h>
#include <string.h>

#include "core/graph/infer.h"
#include "core/graph/ops/lower.h"

int64_t flops_norm(GraphCall *c)
{
    return 7 * gtype_elements(call_type(c, 0));
}

int64_t flops_batch_normalization(GraphCall *c)
{
    return 2 * gtype_elements(c->out[0]);
}

int64_t flops_lrn(GraphCall *c)
{
    return flops_times(gtype_elements(c->out[0]), 2 * call_int(c, A_lrn_size) + 3);
}

/* ---- batch normalization ---- */

bool infer_batch_normalization(GraphCall *c)
{
    GType x = call_type(c, 0);
    if (call_int(c, A_batch_normalization_training_mode))
        return call_cannot(c, "training mode is not known here");
    int64_t channels = x.rank > 1 ? x.dim[1] : 1;
    for (size_t i = 1; i < 5; i++) {
        if (!call_list_of(c, i, channels))
            return false;
        channels = dim_known(channels) ? channels : call_dim(c, i, 0);
    }
    call_out_like(c, 0, 0);
    return true;
}

bool lower_batch_normalization(LowerCall *l)
{
    GType x = lower_type(l, 0);
    Axes ax = lower_axes_of(l, x);
    const Node *channel = x.rank > 1 ? ax.at[1] : ix(l, 0), *of[4];
    for (size_t i = 0; i < 4; i++)
        of[i] = te_cast(l->te, x.dtype, lower_at(l, i + 1, &channel));
    FormulaArg arg[] = {
        {"x", lower_load(l, 0, &ax)},
        {"scale", of[0]},
        {"b", of[1]},
        {"mean", of[2]},
        {"v", of[3]},
        {"e", te_num(l->te, x.dtype, call_float(&l->call, A_batch_normalization_epsilon))}};
    const Node *e = lower_formula(l, "(x - mean) * (scale / sqrt(v + e)) + b", x.dtype, 6, arg);
    if (!e)
        return false;
    lower_out(l, 0, &ax, e);
    return true;
}

/* ---- mean and variance over axes ---- */

typedef struct Stats {
    bool on[GRAPH_MAX_RANK]; /* the axes averaged over */
    double count;
    const Node *mean, *var; /* in x's shape, with size 1 where averaged; mean NULL: taken as 0 */
} Stats;

/* Axes of the kept shape and of the sum, and the index of x under both. */
static void split_axes(LowerCall *l, const Stats *s, Axes *kept, Axes *sum, const Node **index)
{
    GType x = lower_type(l, 0);
    kept->n = x.rank;
    sum->n = 0;
    for (int d = 0; d < x.rank; d++) {
        const char *name = lower_axis_name(l, x.rank, d);
        kept->extent[d] = s->on[d] ? 1 : x.dim[d];
        kept->at[d] = te_axis(l->te, name, kept->extent[d]);
        sum->extent[sum->n] = x.dim[d];
        if (s->on[d])
            sum->at[sum->n++] =
                te_reduce_axis(l->te, arena_printf(l->call.A, "r%s", name), x.dim[d]);
        index[d] = s->on[d] ? sum->at[sum->n - 1] : kept->at[d];
    }
}

static const Node *mean_of(LowerCall *l, const Stats *s, const char *name, const Axes *kept,
                           const Axes *sum, const Node *each)
{
    DType t = (DType)each->type;
    int64_t dim[GRAPH_MAX_RANK];
    GType x = lower_type(l, 0);
    const Node *total =
        lower_reduce(l, arena_printf(l->call.A, "%s_sum", name), COMB_sum, kept, sum, each);
    for (int d = 0; d < x.rank; d++)
        dim[d] = s->on[d] ? 1 : x.dim[d];
    Axes ax = lower_axes(l, x.rank, dim, NULL);
    return lower_stage(
        l, name, &ax,
        te_div(l->te, te_load(l->te, total, (size_t)ax.n, ax.at), te_num(l->te, t, s->count)));
}

static void measure(LowerCall *l, Stats *s, bool centred)
{
    GType x = lower_type(l, 0);
    Axes kept, sum;
    const Node *index[GRAPH_MAX_RANK];
    s->count = 1;
    for (int d = 0; d < x.rank; d++)
        s->count *= s->on[d] ? (double)x.dim[d] : 1;
    if (centred) {
        split_axes(l, s, &kept, &sum, index);
        s->mean = mean_of(l, s, "mean", &kept, &sum, lower_at(l, 0, index));
    }
    split_axes(l, s, &kept, &sum, index);
    const Node *e = lower_at(l, 0, index);
    if (centred)
        e = te_sub(l->te, e, te_load(l->te, s->mean, (size_t)kept.n, kept.at));
    s->var = mean_of(l, s, "var", &kept, &sum, te_mul(l->te, e, e));
}

/* (x - mean) / sqrt(var + epsilon) at the axes of x. */
static const Node *normalized(LowerCall *l, const Stats *s, const Axes *ax, double epsilon)
{
    DType t = lower_type(l, 0).dtype;
    const Node *x = lower_load(l, 0, ax);
    FormulaArg arg[] = {{"x", s->mean ? te_sub(l->te, x, lower_load_as(l, s->mean, ax)) : x},
                        {"v", lower_load_as(l, s->var, ax)},
                        {"e", te_num(l->te, t, epsilon)}};
    return lower_formula(l, "x / sqrt(v + e)", t, 3, arg);
}

/* Scale and bias, which each input's own shape stretches, or which a channel picks. */
static const Node *scaled(LowerCall *l, const Node *e, const Axes *ax, const Node *channel)
{
    for (size_t i = 1; i < 3; i++) {
        if (!call_has(&l->call, i))
            continue;
        const Node *v = channel ? lower_at(l, i, &channel) : lower_load(l, i, ax);
        v = te_cast(l->te, (DType)e->type, v);
        e = i == 1 ? te_mul(l->te, e, v) : te_add(l->te, e, v);
    }
    return e;
}

bool infer_instance_normalization(GraphCall *c)
{
    GType x = call_type(c, 0);
    if (x.rank < 3)
        return call_refuse(c, "x is %s: it has no spatial axes", gtype_text(c->A, NULL, x));
    call_out_like(c, 0, 0);
    return call_list_of(c, 1, x.dim[1]) && call_list_of(c, 2, x.dim[1]);
}

bool lower_instance_normalization(LowerCall *l)
{
    GType x = lower_type(l, 0);
    Stats s = {0};
    for (int d = 2; d < x.rank; d++)
        s.on[d] = true;
    measure(l, &s, true);
    Axes ax = lower_axes_of(l, x);
    const Node *e = normalized(l, &s, &ax, call_float(&l->call, A_instance_normalization_epsilon));
    if (!e)
        return false;
    lower_out(l, 0, &ax, scaled(l, e, &ax, ax.at[1]));
    return true;
}

bool infer_layer_normalization(GraphCall *c)
{
    GType x = call_type(c, 0);
    int64_t dim[GRAPH_MAX_RANK];
    int axis;
    if (!call_axis(c, call_int(c, A_layer_normalization_axis), x.rank, &axis))
        return false;
    for (size_t i = 1; i < 3; i++)
        if (!call_stretches(c, i, x))
            return false;
    for (int d = 0; d < x.rank; d++)
        dim[d] = d < axis ? x.dim[d] : 1;
    call_out_like(c, 0, 0);
    call_out(c, 1, x.dtype, x.rank, dim);
    call_out(c, 2, x.dtype, x.rank, dim);
    return true;
}

bool lower_layer_normalization(LowerCall *l)
{
    GType x = lower_type(l, 0);
    Stats s = {0};
    int axis;
    double epsilon = call_float(&l->call, A_layer_normalization_epsilon);
    call_axis(&l->call, call_int(&l->call, A_layer_normalization_axis), x.rank, &axis);
    for (int d = axis; d < x.rank; d++)
        s.on[d] = true;
    measure(l, &s, true);
    Axes ax = lower_axes_of(l, x);
    const Node *e = normalized(l, &s, &ax, epsilon);
    if (!e)
        return false;
    lower_out(l, 0, &ax, scaled(l, e, &ax, NULL));
    if (l->call.node->nout > 1) {
        Axes m = lower_axes_of(l, lower_out_type(l, 1));
        lower_out(l, 1, &m, te_load(l->te, s.mean, (size_t)m.n, m.at));
    }
    if (l->call.node->nout > 2) {
        Axes v = lower_axes_of(l, lower_out_type(l, 2));
        FormulaArg arg[] = {{"v", te_load(l->te, s.var, (size_t)v.n, v.at)},
                            {"e", te_num(l->te, x.dtype, epsilon)}};
        e = lower_formula(l, "1 / sqrt(v + e)", x.dtype, 2, arg);
        if (!e)
            return false;
        lower_out(l, 2, &v, e);
    }
    return true;
}

bool infer_rms_normalization(GraphCall *c)
{
    int axis;
    call_out_like(c, 0, 0);
    return call_axis(c, call_int(c, A_rms_normalization_axis), call_rank(c, 0), &axis) &&
           call_stretches(c, 1, call_type(c, 0));
}

bool lower_rms_normalization(LowerCall *l)
{
    GType x = lower_type(l, 0);
    Stats s = {0};
    int axis;
    call_axis(&l->call, call_int(&l->call, A_rms_normalization_axis), x.rank, &axis);
    for (int d = axis; d < x.rank; d++)
        s.on[d] = true;
    measure(l, &s, false);
    Axes ax = lower_axes_of(l, x);
    const Node *e = normalized(l, &s, &ax, call_float(&l->call, A_rms_normalization_epsilon));
    if (!e)
        return false;
    lower_out(l, 0, &ax, scaled(l, e, &ax, NULL));
    return true;
}

static bool averaged_axes(GraphCall *c, bool *on)
{
    const GAttr *axes = call_attr(c, A_mean_variance_normalization_axes);
    for (uint32_t i = 0; i < axes->n; i++) {
        int a;
        if (!call_axis(c, axes->at.is[i], call_rank(c, 0), &a))
            return false;
        on[a] = true;
    }
    return true;
}

bool infer_mean_variance_normalization(GraphCall *c)
{
    bool on[GRAPH_MAX_RANK] = {0};
    call_out_like(c, 0, 0);
    return averaged_axes(c, on);
}

bool lower_mean_variance_normalization(LowerCall *l)
{
    GType x = lower_type(l, 0);
    Stats s = {0};
    averaged_axes(&l->call, s.on);
    measure(l, &s, true);
    Axes ax = lower_axes_of(l, x);
    FormulaArg arg[] = {{"x", lower_load(l, 0, &ax)},
                        {"m", lower_load_as(l, s.mean, &ax)},
                        {"v", lower_load_as(l, s.var, &ax)}};
    const Node *e = lower_formula(l, "(x - m) / (sqrt(v) + 0.000000001)", x.dtype, 3, arg);
    if (!e)
        return false;
    lower_out(l, 0, &ax, e);
    return true;
}

/* ---- by groups of channels ---- */

/* The mean over a group of channels and all spatial axes of x - mean (squared), a stage [n, g]. */
static const Node *group_mean(LowerCall *l, const char *name, int64_t groups, const Node *mean)
{
    GType x = lower_type(l, 0);
    Arena *A = l->call.A;
    int64_t per = x.dim[1] / groups, dim[2] = {x.dim[0], groups}, over[GRAPH_MAX_RANK];
    double count = (double)per;
    for (int d = 1; d < x.rank; d++) {
        over[d - 1] = d == 1 ? per : x.dim[d];
        count *= d == 1 ? 1 : (double)x.dim[d];
    }
    static const char *const names[] = {"n", "g"};
    Axes ax = lower_axes(l, 2, dim, names), k = lower_reduce_axes(l, x.rank - 1, over, NULL);
    const Node *index[GRAPH_MAX_RANK] = {ax.at[0],
                                         ix_add(A, ix_mul(A, ax.at[1], ix(l, per)), k.at[0])};
    for (int d = 2; d < x.rank; d++)
        index[d] = k.at[d - 1];
    const Node *e = lower_at(l, 0, index);
    if (mean) {
        e = te_sub(l->te, e, te_load(l->te, mean, 2, ax.at));
        e = te_mul(l->te, e, e);
    }
    const Node *sum = lower_reduce(l, arena_printf(A, "%s_sum", name), COMB_sum, &ax, &k, e);
    Axes end = lower_axes(l, 2, dim, names);
    return lower_stage(
        l, name, &end,
        te_div(l->te, te_load(l->te, sum, 2, end.at), te_num(l->te, x.dtype, count)));
}

bool infer_group_normalization(GraphCall *c)
{
    GType x = call_type(c, 0);
    int64_t groups = call_int(c, A_group_normalization_num_groups);
    if (x.rank < 2 || groups < 1 || (dim_known(x.dim[1]) && x.dim[1] % groups))
        return call_refuse(c, "the channels of %s do not fall into %lld groups",
                           gtype_text(c->A, NULL, x), (long long)groups);
    call_out_like(c, 0, 0);
    return call_list_of(c, 1, x.dim[1]) && call_list_of(c, 2, x.dim[1]);
}

bool lower_group_normalization(LowerCall *l)
{
    GType x = lower_type(l, 0);
    int64_t groups = call_int(&l->call, A_group_normalization_num_groups);
    const Node *mean = group_mean(l, "mean", groups, NULL),
               *var = group_mean(l, "var", groups, mean);
    Axes ax = lower_axes_of(l, x);
    const Node *at[2] = {ax.at[0], ix_div(l->call.A, ax.at[1], ix(l, x.dim[1] / groups))};
    FormulaArg arg[] = {
        {"x", lower_load(l, 0, &ax)},
        {"m", te_load(l->te, mean, 2, at)},
        {"v", te_load(l->te, var, 2, at)},
        {"e", te_num(l->te, x.dtype, call_float(&l->call, A_group_normalization_epsilon))}};
    const Node *e = lower_formula(l, "(x - m) / sqrt(v + e)", x.dtype, 4, arg);
    if (!e)
        return false;
    lower_out(l, 0, &ax, scaled(l, e, &ax, ax.at[1]));
    return true;
}

/* ---- by neighbouring channels, and by a norm ---- */

bool infer_lrn(GraphCall *c)
{
    int64_t size = call_int(c, A_lrn_size);
    if (call_rank(c, 0) < 2 || size < 1 || size > INT32_MAX)
        return call_refuse(c, "x is %s and size %lld", gtype_text(c->A, NULL, call_type(c, 0)),
                           (long long)size);
    call_out_like(c, 0, 0);
    return true;
}

bool lower_lrn(LowerCall *l)
{
    GType x = lower_type(l, 0);
    Arena *A = l->call.A;
    int64_t size = call_int(&l->call, A_lrn_size);
    Axes ax = lower_axes_of(l, x), k = lower_reduce_axes(l, 1, &size, NULL);
    const Node *index[GRAPH_MAX_RANK];
    memcpy(index, ax.at, sizeof index);
    index[1] = ix_sub(A, ix_add(A, ax.at[1], k.at[0]), ix(l, (size - 1) / 2));
    const Node *v = lower_at(l, 0, index);
    const Node *sum = lower_reduce(l, "squares", COMB_sum, &ax, &k,
                                   te_select(l->te, in_range(l, index[1], x.dim[1]),
                                             te_mul(l->te, v, v), te_num(l->te, x.dtype, 0)));
    double beta = call_float(&l->call, A_lrn_beta);
    Axes end = lower_axes_of(l, x);
    FormulaArg arg[] = {
        {"x", lower_load(l, 0, &end)},
        {"s", te_load(l->te, sum, (size_t)end.n, end.at)},
        {"a", te_num(l->te, x.dtype, call_float(&l->call, A_lrn_alpha) / (double)size)},
        {"k", te_num(l->te, x.dtype, call_float(&l->call, A_lrn_bias))},
        {"beta", te_num(l->te, x.dtype, beta)}};
    /* u ** 0.75, the usual power, is sqrt(u) * sqrt(sqrt(u)). */
    const char *text =
        beta == 0.75 ? "x / (sqrt(k + a * s) * sqrt(sqrt(k + a * s)))" : "x / pow(k + a * s, beta)";
    const Node *e = lower_formula(l, text, x.dtype, 5, arg);
    if (!e)
        return false;
    lower_out(l, 0, &end, e);
    return true;
}

bool infer_lp_normalization(GraphCall *c)
{
    int axis;
    int64_t p = call_int(c, A_lp_normalization_p);
    if (p != 1 && p != 2)
        return call_refuse(c, "p is %lld, not 1 or 2", (long long)p);
    call_out_like(c, 0, 0);
    return call_axis(c, call_int(c, A_lp_normalization_axis), call_rank(c, 0), &axis);
}

bool lower_lp_normalization(LowerCall *l)
{
    GType x = lower_type(l, 0);
    Stats s = {0};
    int axis;
    int64_t p = call_int(&l->call, A_lp_normalization_p);
    call_axis(&l->call, call_int(&l->call, A_lp_normalization_axis), x.rank, &axis);
    s.on[axis] = true;
    Axes kept, sum;
    const Node *index[GRAPH_MAX_RANK];
    split_axes(l, &s, &kept, &sum, index);
    const Node *v = lower_at(l, 0, index);
    const Node *total = lower_reduce(l, "sum", COMB_sum, &kept, &sum,
                                     p == 1 ? te_call(l->te, "abs", v) : te_mul(l->te, v, v));
    Axes ax = lower_axes_of(l, x);
    FormulaArg arg[] = {{"x", lower_load(l, 0, &ax)}, {"s", lower_load_as(l, total, &ax)}};
    const Node *e = lower_formula(
        l, p == 1 ? "select(s == 0, 0, x / s)" : "select(s == 0, 0, x / sqrt(s))", x.dtype, 2, arg);
    if (!e)
        return false;
    lower_out(l, 0, &ax, e);
    return true;
}
