/* scatter.c -- elements put at computed places, and the greatest of an axis in order.
**
** A stage says what each of its elements is, so a scatter is told from the other end: an element of
** the result asks all updates which of them are for it.  Of several the last one counts; with a
** reduction all do.
*/
#include <string.h>

#include "core/graph/infer.h"
#include "core/graph/ops/lower.h"

/* ---- scatter ---- */

typedef struct How {
    const char *name;
    int combiner; /* -1: the last update replaces the element */
} How;

static const How hows[] = {
    {"none", -1}, {"add", COMB_sum}, {"mul", COMB_prod}, {"max", COMB_max}, {"min", COMB_min}};

static const How *read_how(const GraphCall *c, int attr)
{
    for (size_t i = 0; i < sizeof hows / sizeof *hows; i++)
        if (!strcmp(hows[i].name, call_str(c, attr)))
            return &hows[i];
    call_refuse(c, "reduction '%s' is none of none, add, mul, max and min", call_str(c, attr));
    return NULL;
}

static bool check_scatter(GraphCall *c, int attr)
{
    const How *how = read_how(c, attr);
    if (how && how->combiner >= 0 && call_type(c, 0).dtype == DT_bool)
        return call_refuse(c, "%s does not work on bool", how->name);
    call_out_like(c, 0, 0);
    return how;
}

bool infer_scatter_elements(GraphCall *c)
{
    GType x = call_type(c, 0), at = call_type(c, 1), updates = call_type(c, 2);
    int axis;
    if (!call_axis(c, call_int(c, A_scatter_elements_axis), x.rank, &axis))
        return false;
    if (at.rank != x.rank || updates.rank != x.rank)
        return call_refuse(c, "x has rank %d, indices %d and updates %d", x.rank, at.rank,
                           updates.rank);
    for (int d = 0; d < x.rank; d++) {
        if (dim_known(at.dim[d]) && dim_known(updates.dim[d]) && at.dim[d] != updates.dim[d])
            return call_refuse(c, "indices are %s, but updates %s", gtype_text(c->A, NULL, at),
                               gtype_text(c->A, NULL, updates));
        if (d != axis && dim_known(x.dim[d]) && at.dim[d] > x.dim[d])
            return call_refuse(c, "indices are longer than x on axis %d", d);
    }
    return check_scatter(c, A_scatter_elements_reduction);
}

bool infer_scatter_nd(GraphCall *c)
{
    GType x = call_type(c, 0), at = call_type(c, 1), updates = call_type(c, 2);
    int64_t width = at.rank ? at.dim[at.rank - 1] : 0;
    if (!dim_known(width))
        return check_scatter(c, A_scatter_nd_reduction);
    if (width < 1 || width > x.rank)
        return call_refuse(c, "rows of %lld indices for %d axes", (long long)width, x.rank);
    int lead = at.rank - 1, rank = lead + x.rank - (int)width;
    bool fits = updates.rank == rank;
    for (int d = 0; fits && d < rank; d++) {
        int64_t want = d < lead ? at.dim[d] : x.dim[width + d - lead];
        fits = !dim_known(want) || !dim_known(updates.dim[d]) || want == updates.dim[d];
    }
    if (!fits)
        return call_refuse(c, "updates are %s, which does not fit indices %s and x %s",
                           gtype_text(c->A, NULL, updates), gtype_text(c->A, NULL, at),
                           gtype_text(c->A, NULL, x));
    return check_scatter(c, A_scatter_nd_reduction);
}

int64_t flops_scatter(GraphCall *c)
{
    return flops_times(gtype_elements(c->out[0]), gtype_elements(call_type(c, 1)));
}

static const Node *equal(LowerCall *l, const Node *a, const Node *b)
{
    return te_op(l->te, OP_Eq, a, b);
}

/* x combined with the sum (product, …) of what is for it. */
static void lower_combined(LowerCall *l, const How *how, const Axes *ax, const Axes *over,
                           const Node *mine, const Node *update)
{
    DType t = lower_type(l, 0).dtype;
    const Node *none = ir_identity(l->call.A, (Combiner)how->combiner, t);
    const Node *sum = lower_reduce(l, how->name, (Combiner)how->combiner, ax, over,
                                   te_select(l->te, mine, update, none));
    Axes end = lower_axes_of(l, lower_out_type(l, 0));
    lower_out(l, 0, &end,
              ir_combine(l->call.A, (Combiner)how->combiner, lower_load(l, 0, &end),
                         te_load(l->te, sum, (size_t)end.n, end.at)));
}

bool lower_scatter_elements(LowerCall *l)
{
    GType x = lower_type(l, 0), at = lower_type(l, 1);
    const How *how = read_how(&l->call, A_scatter_elements_reduction);
    int axis;
    call_axis(&l->call, call_int(&l->call, A_scatter_elements_axis), x.rank, &axis);
    Axes ax = lower_axes_of(l, x), over = lower_reduce_axes(l, 1, &at.dim[axis], NULL);
    const Node *index[GRAPH_MAX_RANK], *mine = ir_bool(l->call.A, true), *safe[GRAPH_MAX_RANK];
    for (int d = 0; d < x.rank; d++) { /* indices may be shorter than x */
        index[d] = d == axis ? over.at[0] : ax.at[d];
        safe[d] = index[d];
        if (d != axis && at.dim[d] < x.dim[d])
            mine = ir_and(l->call.A, mine, te_op(l->te, OP_Lt, ax.at[d], ix(l, at.dim[d])));
    }
    const Node *named = lower_wrapped(l, lower_at(l, 1, safe), x.dim[axis]);
    mine = ir_and(l->call.A, mine, equal(l, named, ax.at[axis]));
    if (how->combiner >= 0) {
        lower_combined(l, how, &ax, &over, mine, lower_at(l, 2, index));
        return true;
    }
    const Node *place = lower_reduce(l, "place", COMB_max, &ax, &over,
                                     te_select(l->te, mine, over.at[0], ix(l, -1)));
    Axes end = lower_axes_of(l, x);
    const Node *from = te_load(l->te, place, (size_t)end.n, end.at);
    memcpy(index, end.at, sizeof index);
    index[axis] = from;
    lower_out(l, 0, &end,
              te_select(l->te, te_op(l->te, OP_Ge, from, ix(l, 0)), lower_at(l, 2, index),
                        lower_load(l, 0, &end)));
    return true;
}

/* Is row `row` of indices (whose last entry is to be filled in) the place that `at` names? */
static const Node *names_place(LowerCall *l, const Node **row, int lead, int width,
                               const Node *const *at)
{
    const Node *mine = ir_bool(l->call.A, true);
    for (int d = 0; d < width; d++) {
        row[lead] = ix(l, d);
        const Node *named = lower_wrapped(l, lower_at(l, 1, row), lower_type(l, 0).dim[d]);
        mine = ir_and(l->call.A, mine, equal(l, named, at[d]));
    }
    return mine;
}

bool lower_scatter_nd(LowerCall *l)
{
    GType x = lower_type(l, 0), at = lower_type(l, 1);
    const How *how = read_how(&l->call, A_scatter_nd_reduction);
    int lead = at.rank - 1, width = (int)at.dim[lead];
    const Node *row[GRAPH_MAX_RANK], *from[GRAPH_MAX_RANK];
    if (how->combiner >= 0) {
        Axes ax = lower_axes_of(l, x), over = lower_reduce_axes(l, lead, at.dim, NULL);
        memcpy(row, over.at, sizeof row);
        const Node *mine = names_place(l, row, lead, width, ax.at);
        memcpy(from, over.at, (size_t)lead * sizeof *from);
        memcpy(from + lead, ax.at + width, (size_t)(x.rank - width) * sizeof *from);
        lower_combined(l, how, &ax, &over, mine, lower_at(l, 2, from));
        return true;
    }
    /* Which row of indices is the last for each part of x. */
    Axes parts = lower_axes(l, width, x.dim, NULL), over = lower_reduce_axes(l, lead, at.dim, NULL);
    memcpy(row, over.at, sizeof row);
    const Node *mine = names_place(l, row, lead, width, parts.at);
    const Node *place =
        lower_reduce(l, "place", COMB_max, &parts, &over,
                     te_select(l->te, mine, ix_flat(l, lead, at.dim, over.at), ix(l, -1)));
    Axes ax = lower_axes_of(l, x);
    const Node *found = te_load(l->te, place, (size_t)width, ax.at);
    ix_unflat(l, found, lead, at.dim, from);
    memcpy(from + lead, ax.at + width, (size_t)(x.rank - width) * sizeof *from);
    lower_out(l, 0, &ax,
              te_select(l->te, te_op(l->te, OP_Ge, found, ix(l, 0)), lower_at(l, 2, from),
                        lower_load(l, 0, &ax)));
    return true;
}

/* ---- the first of an order ---- */

bool infer_top_k(GraphCall *c)
{
    GType x = call_type(c, 0);
    int64_t dim[GRAPH_MAX_RANK];
    double k;
    int axis;
    if (!call_axis(c, call_int(c, A_top_k_axis), x.rank, &axis) || !call_one_number(c, 1))
        return false;
    mem_copy(dim, x.dim, (size_t)x.rank * sizeof *dim);
    dim[axis] = DIM_ANY;
    if (call_const_number(c, 1, &k)) {
        if (k < 0 || (dim_known(x.dim[axis]) && k > (double)x.dim[axis]))
            return call_refuse(c, "it cannot take %g of the %lld elements of axis %d", k,
                               (long long)x.dim[axis], axis);
        dim[axis] = (int64_t)k;
    }
    call_out(c, 0, x.dtype, x.rank, dim);
    call_out(c, 1, DT_int64, x.rank, dim);
    return true;
}

int64_t flops_top_k(GraphCall *c)
{
    GType x = call_type(c, 0);
    int axis;
    return call_axis(c, call_int(c, A_top_k_axis), x.rank, &axis)
               ? flops_times(2 * gtype_elements(x), x.dim[axis])
               : -1;
}

/* Each element counts those that come before it: the greater ones, and of equal ones those with
** smaller indices; NaN is greater than all.  So it knows its place. */
bool lower_top_k(LowerCall *l)
{
    GType x = lower_type(l, 0), y = lower_out_type(l, 0);
    int axis;
    call_axis(&l->call, call_int(&l->call, A_top_k_axis), x.rank, &axis);
    Axes ax = lower_axes_of(l, x), over = lower_reduce_axes(l, 1, &x.dim[axis], NULL);
    const Node *other[GRAPH_MAX_RANK], *index[GRAPH_MAX_RANK];
    memcpy(other, ax.at, sizeof other);
    other[axis] = over.at[0];
    FormulaArg arg[] = {{"a", lower_at(l, 0, other)},
                        {"b", lower_at(l, 0, ax.at)},
                        {"i", over.at[0]},
                        {"j", ax.at[axis]}};
    bool largest = call_int(&l->call, A_top_k_largest), nan = dtype_is_float(x.dtype);
    const char *text =
        !nan      ? largest ? "a > b or (a == b and i < j)" : "a < b or (a == b and i < j)"
        : largest ? "a > b or (isnan(a) and (not isnan(b) or i < j)) or (a == b and i < j)"
                  : "a < b or (isnan(b) and (not isnan(a) or i < j)) or (a == b and i < j)";
    const Node *first = lower_formula(l, text, DT_bool, 4, arg);
    if (!first)
        return false;
    const Node *rank =
        lower_reduce(l, "rank", COMB_sum, &ax, &over, te_cast(l->te, DT_int64, first));
    Axes out = lower_axes_of(l, y), all = lower_reduce_axes(l, 1, &x.dim[axis], NULL);
    memcpy(index, out.at, sizeof index);
    index[axis] = all.at[0];
    const Node *here = equal(l, te_load(l->te, rank, (size_t)x.rank, index), out.at[axis]);
    bool places = l->call.node->nout > 1;
    const Node *place = lower_reduce(l, places ? "1" : "place", COMB_sum, &out, &all,
                                     te_select(l->te, here, all.at[0], ix(l, 0)));
    if (places)
        l->out[1] = place;
    Axes end = lower_axes_of(l, y);
    memcpy(index, end.at, sizeof index);
    index[axis] = te_load(l->te, place, (size_t)end.n, end.at);
    lower_out(l, 0, &end, lower_at(l, 0, index));
    return true;
}
