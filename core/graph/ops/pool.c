/* pool.c -- the greatest, the mean or the norm of windows, and of whole channels. */
#include <string.h>

#include "core/graph/infer.h"
#include "core/graph/ops/window.h"

/* A window that lies in the padding as a whole has no greatest element and no mean: refused, as
** ONNX Runtime does. */
static bool pads_fit(const GraphCall *c, const Window *w)
{
    for (int d = 0; d < w->n; d++)
        if (w->before[d] >= window_span(w, d) || w->after[d] >= window_span(w, d))
            return call_refuse(c, "on axis %d its padding holds a whole window, which spans %lld",
                               d, (long long)window_span(w, d));
    return true;
}

bool infer_pool(GraphCall *c)
{
    GType x = call_type(c, 0);
    int64_t dim[GRAPH_MAX_RANK];
    Window w;
    if (x.rank < 3)
        return call_refuse(c, "x is %s: it needs a batch, channels, and spatial axes",
                           gtype_text(c->A, NULL, x));
    if (!window_read(c, x.dim + 2, x.rank - 2, NULL, &w) ||
        (!gnode_is(c->node, GOP_lp_pool) && !pads_fit(c, &w)))
        return false;
    memcpy(dim, x.dim, 2 * sizeof *dim);
    memcpy(dim + 2, w.out, (size_t)w.n * sizeof *dim);
    call_out(c, 0, x.dtype, x.rank, dim);
    call_out(c, 1, DT_int64, x.rank, dim);
    return true;
}

int64_t flops_pool(GraphCall *c)
{
    const GAttr *k = attr_named(c->node, "kernel_shape");
    int64_t n = gtype_elements(c->out[0]);
    for (uint32_t d = 0; d < k->n; d++)
        n = flops_times(n, k->at.is[d]);
    return n;
}

/* ---- lowering ---- */

typedef struct Pool {
    Window w;
    Axes ax, taps;
    const Node *index[GRAPH_MAX_RANK]; /* in the padded input */
} Pool;

static void pool_axes(LowerCall *l, Pool *p)
{
    GType y = lower_out_type(l, 0);
    const char *names[GRAPH_MAX_RANK];
    for (int d = 0; d < p->w.n; d++)
        names[d] = window_axis(l, p->w.n, d, true);
    p->ax = lower_axes_of(l, y);
    p->taps = lower_reduce_axes(l, p->w.n, p->w.kernel, names);
    memcpy(p->index, p->ax.at, sizeof p->index);
    for (int d = 0; d < p->w.n; d++)
        p->index[d + 2] = window_index(l, &p->w, d, p->ax.at[d + 2], p->taps.at[d]);
}

static Pool pool_begin(LowerCall *l)
{
    GType x = lower_type(l, 0);
    Pool p;
    window_read(&l->call, x.dim + 2, x.rank - 2, NULL, &p.w);
    pool_axes(l, &p);
    return p;
}

/* Elements of the window at output index `o` that lie in [0, extent) when counted from `shift`. */
static const Node *count_along(LowerCall *l, const Window *w, int d, const Node *o, int64_t shift,
                               int64_t extent)
{
    Arena *A = l->call.A;
    int64_t k = w->kernel[d], dil = w->dilation[d];
    const Node *at = ix_sub(A, ix_mul(A, o, ix(l, w->stride[d])), ix(l, shift));
    const Node *first = ix_max(A, ix(l, 0), ix_div(A, ix_sub(A, ix(l, dil - 1), at), ix(l, dil)));
    const Node *last =
        ix_min(A, ix(l, k - 1), ix_div(A, ix_sub(A, ix(l, extent - 1), at), ix(l, dil)));
    const Node *n = ix_add(A, ix_sub(A, last, first), ix(l, 1));
    return extent < dil ? ix_max(A, n, ix(l, 0)) : n; /* no tap, where x lies between two */
}

/* How many elements the mean is over. */
static const Node *window_count(LowerCall *l, const Window *w, const Axes *ax)
{
    bool with_pad = call_int(&l->call, A_average_pool_count_include_pad);
    const Node *n = ix(l, 1);
    for (int d = 0; d < w->n; d++) {
        int64_t reach = (w->out[d] - 1) * w->stride[d] + window_span(w, d);
        int64_t whole = w->in[d] + w->before[d] + w->after[d];
        bool all = with_pad ? reach <= whole : !w->before[d] && reach <= w->in[d];
        const Node *along = all ? ix(l, w->kernel[d])
                            : with_pad
                                ? count_along(l, w, d, ax->at[d + 2], 0, whole)
                                : count_along(l, w, d, ax->at[d + 2], w->before[d], w->in[d]);
        n = ix_mul(l->call.A, n, along);
    }
    return n;
}

static bool lower_average(LowerCall *l)
{
    GType x = lower_type(l, 0);
    Window w;
    window_read(&l->call, x.dim + 2, x.rank - 2, NULL, &w);
    const Node *padded = window_pad(l, &w, te_num(l->te, x.dtype, 0));
    Pool p = pool_begin(l);
    const Node *sum = lower_reduce(l, "sum", COMB_sum, &p.ax, &p.taps,
                                   te_load(l->te, padded, (size_t)x.rank, p.index));
    Axes ax = lower_axes_of(l, lower_out_type(l, 0));
    const Node *n = window_count(l, &w, &ax);
    lower_out(l, 0, &ax,
              te_div(l->te, te_load(l->te, sum, (size_t)ax.n, ax.at), te_cast(l->te, x.dtype, n)));
    return true;
}

static bool lower_norm_pool(LowerCall *l, int64_t power, const Node *padded, const Axes *ax,
                            const Axes *over, const Node *const *index)
{
    DType t = lower_type(l, 0).dtype;
    if (power < 1)
        return call_refuse(&l->call, "p is %lld", (long long)power);
    FormulaArg arg[] = {{"x", te_load(l->te, padded, ir_rank(padded), index)},
                        {"p", te_num(l->te, t, (double)power)}};
    const char *each = power == 1 ? "abs(x)" : power == 2 ? "x * x" : "pow(abs(x), p)";
    const Node *e = lower_formula(l, each, t, 2, arg);
    if (!e)
        return false;
    const Node *sum = lower_reduce(l, "sum", COMB_sum, ax, over, e);
    Axes end = lower_axes_of(l, lower_out_type(l, 0));
    FormulaArg root[] = {{"x", te_load(l->te, sum, (size_t)end.n, end.at)},
                         {"p", te_num(l->te, t, (double)power)}};
    e = lower_formula(l, power == 1 ? "x" : power == 2 ? "sqrt(x)" : "pow(x, 1 / p)", t, 2, root);
    if (!e)
        return false;
    lower_out(l, 0, &end, e);
    return true;
}

/* Where in x the greatest element of each window is: the first of equal ones. */
static void lower_places(LowerCall *l, const Node *padded)
{
    GType x = lower_type(l, 0);
    Arena *A = l->call.A;
    Pool p = pool_begin(l);
    const Node *inside = ir_bool(A, true), *place[GRAPH_MAX_RANK];
    int64_t dim[GRAPH_MAX_RANK];
    memcpy(place, p.index, sizeof place);
    mem_copy(dim, x.dim, (size_t)x.rank * sizeof *dim);
    for (int d = 0; d < p.w.n; d++) {
        place[d + 2] = ix_sub(A, p.index[d + 2], ix(l, p.w.before[d]));
        inside = ir_and(A, inside, in_range(l, place[d + 2], p.w.in[d]));
    }
    if (call_int(&l->call, A_max_pool_storage_order))
        for (int d = 0; d < p.w.n / 2; d++) {
            int e = p.w.n - 1 - d;
            const Node *swap = place[d + 2];
            place[d + 2] = place[e + 2];
            place[e + 2] = swap;
            dim[d + 2] = x.dim[e + 2];
            dim[e + 2] = x.dim[d + 2];
        }
    const Node *hit = lower_is_best(l, te_load(l->te, padded, (size_t)x.rank, p.index),
                                    te_load(l->te, l->out[0], (size_t)p.ax.n, p.ax.at));
    const Node *e = te_select(l->te, te_op(l->te, OP_And, inside, hit),
                              ix_flat(l, x.rank, dim, place), ix(l, INT64_MAX));
    l->out[1] = te_reduce(l->te, lower_out_name(l, 1), COMB_min, (size_t)p.ax.n, p.ax.at,
                          (size_t)p.taps.n, p.taps.at, e);
}

bool lower_pool(LowerCall *l)
{
    GType x = lower_type(l, 0);
    if (gnode_is(l->call.node, GOP_average_pool))
        return lower_average(l);
    Window w;
    window_read(&l->call, x.dim + 2, x.rank - 2, NULL, &w);
    bool norm = gnode_is(l->call.node, GOP_lp_pool);
    const Node *fill = norm ? te_num(l->te, x.dtype, 0) : ir_identity(l->call.A, COMB_max, x.dtype);
    const Node *padded = window_pad(l, &w, fill);
    Pool p = pool_begin(l);
    if (norm)
        return lower_norm_pool(l, call_int(&l->call, A_lp_pool_p), padded, &p.ax, &p.taps, p.index);
    const Node *greatest = te_load(l->te, padded, (size_t)x.rank, p.index);
    l->out[0] = te_reduce(l->te, lower_out_name(l, 0), COMB_max, (size_t)p.ax.n, p.ax.at,
                          (size_t)p.taps.n, p.taps.at, greatest);
    if (l->call.node->nout > 1)
        lower_places(l, padded);
    return true;
}

/* ---- whole channels ---- */

bool infer_global_pool(GraphCall *c)
{
    GType x = call_type(c, 0);
    int64_t dim[GRAPH_MAX_RANK];
    if (x.rank < 3)
        return call_refuse(c, "x is %s: it needs a batch, channels, and spatial axes",
                           gtype_text(c->A, NULL, x));
    for (int d = 0; d < x.rank; d++)
        dim[d] = d < 2 ? x.dim[d] : 1;
    call_out(c, 0, x.dtype, x.rank, dim);
    return true;
}

bool lower_global_pool(LowerCall *l)
{
    GType x = lower_type(l, 0);
    int n = x.rank - 2;
    double count = 1;
    Axes ax = lower_axes_of(l, lower_out_type(l, 0));
    const char *names[GRAPH_MAX_RANK];
    const Node *index[GRAPH_MAX_RANK] = {ax.at[0], ax.at[1]};
    for (int d = 0; d < n; d++) {
        names[d] = window_axis(l, n, d, true);
        count *= (double)x.dim[d + 2];
    }
    Axes over = lower_reduce_axes(l, n, x.dim + 2, names);
    memcpy(index + 2, over.at, (size_t)n * sizeof *index);
    if (gnode_is(l->call.node, GOP_global_max_pool)) {
        l->out[0] = lower_reduce(l, NULL, COMB_max, &ax, &over, lower_at(l, 0, index));
        return true;
    }
    if (gnode_is(l->call.node, GOP_global_lp_pool))
        return lower_norm_pool(l, call_int(&l->call, A_global_lp_pool_p), lower_in(l, 0), &ax,
                               &over, index);
    const Node *sum = lower_reduce(l, "sum", COMB_sum, &ax, &over, lower_at(l, 0, index));
    Axes end = lower_axes_of(l, lower_out_type(l, 0));
    lower_out(
        l, 0, &end,
        te_div(l->te, te_load(l->te, sum, (size_t)end.n, end.at), te_num(l->te, x.dtype, count)));
    return true;
}
