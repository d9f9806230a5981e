/* conv.c -- convolutions. */
#include <string.h>

#include "core/graph/infer.h"
#include "core/graph/ops/window.h"

/* Channels, groups and bias of x * w; `transposed` has w[c, m/group, …], else w[m, c/group, …]. */
static bool check_channels(GraphCall *c, bool transposed, bool bias, int64_t *channels_out)
{
    GType x = call_type(c, 0), w = call_type(c, 1);
    int64_t group = call_int(c, A_conv_group);
    if (x.rank < 3 || w.rank != x.rank)
        return call_refuse(
            c, "x is %s and w %s: both need a batch (filters), channels, and the same spatial axes",
            gtype_text(c->A, NULL, x), gtype_text(c->A, NULL, w));
    int64_t in = x.dim[1], w0 = w.dim[0], w1 = w.dim[1];
    if (group < 1 || (dim_known(w0) && w0 % group) || (dim_known(in) && in % group))
        return call_refuse(c, "its channels do not fall into %lld groups", (long long)group);
    int64_t want = transposed ? w0 : w1 > INT64_MAX / group ? DIM_ANY : w1 * group;
    if (dim_known(in) && dim_known(w1) && dim_known(w0) && in != want)
        return call_refuse(c, "x has %lld channels, but w is made for %lld", (long long)in,
                           (long long)want);
    *channels_out =
        transposed ? (dim_known(w1) && w1 <= INT64_MAX / group ? w1 * group : DIM_ANY) : w0;
    if (bias && call_has(c, 2)) {
        GType b = call_type(c, 2);
        if (b.rank != 1 ||
            (dim_known(b.dim[0]) && dim_known(*channels_out) && b.dim[0] != *channels_out))
            return call_refuse(c, "its bias is %s, but there are %lld channels",
                               gtype_text(c->A, NULL, b), (long long)*channels_out);
    }
    return true;
}

static bool infer_any_conv(GraphCall *c, DType t, bool bias, bool transposed)
{
    GType x = call_type(c, 0), w = call_type(c, 1);
    int64_t dim[GRAPH_MAX_RANK];
    Window win;
    if (!check_channels(c, transposed, bias, &dim[1]))
        return false;
    if (!(transposed ? window_read_transposed : window_read)(c, x.dim + 2, x.rank - 2, w.dim + 2,
                                                             &win))
        return false;
    dim[0] = x.dim[0];
    memcpy(dim + 2, win.out, (size_t)win.n * sizeof *dim);
    call_out(c, 0, t, x.rank, dim);
    return true;
}

bool infer_conv(GraphCall *c)
{
    return infer_any_conv(c, call_type(c, 0).dtype, true, false);
}

bool infer_conv_integer(GraphCall *c)
{
    bool one = call_has(c, 3) && call_rank(c, 3) == 1 && call_dim(c, 3, 0) != 1;
    return infer_any_conv(c, DT_int32, false, false) && call_one_number(c, 2) &&
           (one ? call_list_of(c, 3, call_dim(c, 1, 0)) : call_one_number(c, 3));
}

bool infer_conv_transpose(GraphCall *c)
{
    return infer_any_conv(c, call_type(c, 0).dtype, true, true);
}

int64_t flops_conv(GraphCall *c)
{
    GType w = call_type(c, 1);
    int64_t out = gtype_elements(c->out[0]), taps = 1;
    for (int d = 1; d < w.rank; d++)
        taps *= w.dim[d];
    return flops_times(out, 2 * taps + (gnode_is(c->node, GOP_conv) && call_has(c, 2)));
}

int64_t flops_conv_transpose(GraphCall *c)
{
    GType w = call_type(c, 1);
    int64_t taps = 1;
    for (int d = 1; d < w.rank; d++)
        taps *= w.dim[d];
    return flops_times(2 * gtype_elements(call_type(c, 0)), taps);
}

/* ---- lowering ---- */

static Axes conv_axes(LowerCall *l, GType y)
{
    const char *names[GRAPH_MAX_RANK] = {"n", "oc"};
    for (int d = 2; d < y.rank; d++)
        names[d] = window_axis(l, y.rank - 2, d - 2, false);
    return lower_axes(l, y.rank, y.dim, names);
}

/* Reduce axes ic, ky, kx over the channels of a group and the kernel. */
static Axes tap_axes(LowerCall *l, const Window *w, int64_t channels)
{
    const char *names[GRAPH_MAX_RANK] = {"ic"};
    int64_t dim[GRAPH_MAX_RANK] = {channels};
    for (int d = 0; d < w->n; d++) {
        names[d + 1] = window_axis(l, w->n, d, true);
        dim[d + 1] = w->kernel[d];
    }
    return lower_reduce_axes(l, w->n + 1, dim, names);
}

/* The channel of x that output channel oc reads as number ic of its group. */
static const Node *channel(LowerCall *l, const Node *oc, const Node *ic, int64_t per_out,
                           int64_t per_in)
{
    Arena *A = l->call.A;
    if (call_int(&l->call, A_conv_group) == 1)
        return ic;
    const Node *group = ix_div(A, oc, ix(l, per_out));
    return per_in == 1 ? group : ix_add(A, ix_mul(A, group, ix(l, per_in)), ic);
}

static void add_bias(LowerCall *l, const Node *sum)
{
    l->out[0] = sum;
    if (!call_has(&l->call, 2))
        return;
    Axes ax = conv_axes(l, lower_out_type(l, 0));
    const Node *b = lower_at(l, 2, &ax.at[1]);
    l->out[0] =
        lower_stage(l, "bias", &ax, te_add(l->te, te_load(l->te, sum, (size_t)ax.n, ax.at), b));
}

/* The sum, where zero points are taken off both sides first. */
static const Node *conv_sum(LowerCall *l, const Node *x_zero,
                            const Node *(*w_zero)(LowerCall *l, const Node *oc))
{
    GType x = lower_type(l, 0), w = lower_type(l, 1), y = lower_out_type(l, 0);
    Window win;
    window_read(&l->call, x.dim + 2, x.rank - 2, w.dim + 2, &win);
    const Node *fill =
        x_zero ? lower_at(l, 2, (const Node *[]){ix(l, 0)}) : te_num(l->te, x.dtype, 0);
    Axes ax = conv_axes(l, y), taps = tap_axes(l, &win, w.dim[1]);
    const Node *xi[GRAPH_MAX_RANK], *wi[GRAPH_MAX_RANK];
    int64_t group = call_int(&l->call, A_conv_group);
    xi[0] = ax.at[0];
    xi[1] = channel(l, ax.at[1], taps.at[0], w.dim[0] / group, w.dim[1]);
    wi[0] = ax.at[1];
    wi[1] = taps.at[0];
    for (int d = 0; d < win.n; d++)
        wi[d + 2] = taps.at[d + 1];
    int rank;
    const Node *seen = window_input(l, &win, fill, &ax.at[2], &taps.at[1], &xi[2], &rank);
    const Node *a = te_load(l->te, seen, (size_t)rank, xi), *b = lower_at(l, 1, wi);
    a = te_cast(l->te, y.dtype, a);
    b = te_cast(l->te, y.dtype, b);
    if (x_zero)
        a = te_sub(l->te, a, x_zero);
    const Node *wz = w_zero ? w_zero(l, ax.at[1]) : NULL;
    if (wz)
        b = te_sub(l->te, b, wz);
    return lower_reduce(l, NULL, COMB_sum, &ax, &taps, te_mul(l->te, a, b));
}

bool lower_conv(LowerCall *l)
{
    add_bias(l, conv_sum(l, NULL, NULL));
    return true;
}

static const Node *w_zero_point(LowerCall *l, const Node *oc)
{
    if (!call_has(&l->call, 3))
        return NULL;
    bool each = lower_type(l, 3).rank == 1 && lower_type(l, 3).dim[0] > 1;
    return te_cast(l->te, DT_int32, lower_at(l, 3, (const Node *[]){each ? oc : ix(l, 0)}));
}

bool lower_conv_integer(LowerCall *l)
{
    const Node *zero = NULL;
    if (call_has(&l->call, 2))
        zero = te_cast(l->te, DT_int32, lower_at(l, 2, (const Node *[]){ix(l, 0)}));
    l->out[0] = conv_sum(l, zero, w_zero_point);
    return true;
}

/* Each output element gathers: where y + pad - ky * dilation is a multiple of the stride, the input
** element there took part. */
bool lower_conv_transpose(LowerCall *l)
{
    GType x = lower_type(l, 0), w = lower_type(l, 1), y = lower_out_type(l, 0);
    Arena *A = l->call.A;
    Window win;
    window_read_transposed(&l->call, x.dim + 2, x.rank - 2, w.dim + 2, &win);
    int64_t group = call_int(&l->call, A_conv_group), per_in = x.dim[1] / group, per_out = w.dim[1];
    Axes ax = conv_axes(l, y), taps = tap_axes(l, &win, per_in);
    const Node *xi[GRAPH_MAX_RANK], *wi[GRAPH_MAX_RANK], *took_part = ir_bool(A, true);
    xi[0] = ax.at[0];
    xi[1] = channel(l, ax.at[1], taps.at[0], per_out, per_in);
    wi[0] = xi[1];
    wi[1] = group == 1 ? ax.at[1] : ix_mod(A, ax.at[1], ix(l, per_out));
    for (int d = 0; d < win.n; d++) {
        const Node *at = ix_sub(A, ix_add(A, ax.at[d + 2], ix(l, win.before[d])),
                                ix_mul(A, taps.at[d + 1], ix(l, win.dilation[d])));
        const Node *stride = ix(l, win.stride[d]);
        if (win.stride[d] > 1)
            took_part = ir_and(A, took_part, te_op(l->te, OP_Eq, ix_mod(A, at, stride), ix(l, 0)));
        xi[d + 2] = ix_div(A, at, stride);
        took_part = ir_and(A, took_part, in_range(l, xi[d + 2], win.in[d]));
        wi[d + 2] = taps.at[d + 1];
    }
    const Node *term = te_mul(l->te, lower_at(l, 0, xi), lower_at(l, 1, wi));
    add_bias(l, lower_reduce(l, NULL, COMB_sum, &ax, &taps,
                             te_select(l->te, took_part, term, te_num(l->te, x.dtype, 0))));
    return true;
}
