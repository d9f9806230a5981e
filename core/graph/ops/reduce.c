/* reduce.c -- operators that make an element from many along axes. */
#include <math.h>
#include <string.h>

#include "core/graph/ops/lower.h"

/* ---- the axes of a reduction ---- */

/* Which axes are reduced: false, without an error, where that is not known. */
static bool reduced_axes(GraphCall *c, bool on[GRAPH_MAX_RANK], bool *ok)
{
    const int64_t *axis = NULL;
    size_t n = 0;
    int rank = call_rank(c, 0);
    *ok = true;
    memset(on, 0, GRAPH_MAX_RANK * sizeof *on);
    if (call_has(c, 1) && !call_const_ints(c, 1, &axis, &n))
        return false;
    for (size_t i = 0; i < n; i++) {
        int a;
        if (!call_axis(c, axis[i], rank, &a))
            return *ok = false;
        on[a] = true;
    }
    if (!n && !call_int(c, A_reduce_sum_noop_with_empty_axes))
        for (int d = 0; d < rank; d++)
            on[d] = true;
    return true;
}

bool infer_reduce(GraphCall *c)
{
    bool on[GRAPH_MAX_RANK], ok;
    GType x = call_type(c, 0);
    bool keep = call_int(c, A_reduce_sum_keepdims);
    int64_t dim[GRAPH_MAX_RANK];
    int rank = 0;
    if (!reduced_axes(c, on, &ok)) {
        for (int d = 0; d < x.rank; d++)
            dim[d] = DIM_ANY;
        call_out(c, 0, x.dtype, keep ? x.rank : -1, dim);
        return ok;
    }
    for (int d = 0; d < x.rank; d++)
        if (!on[d] || keep)
            dim[rank++] = on[d] ? 1 : x.dim[d];
    call_out(c, 0, x.dtype, rank, dim);
    return true;
}

bool infer_arg_reduce(GraphCall *c)
{
    GType x = call_type(c, 0);
    int64_t dim[GRAPH_MAX_RANK];
    int axis, rank = 0;
    if (!call_axis(c, call_int(c, A_arg_max_axis), x.rank, &axis))
        return false;
    if (x.dim[axis] == 0)
        return call_refuse(c, "axis %d is empty: it has no greatest or least element", axis);
    for (int d = 0; d < x.rank; d++)
        if (d != axis || call_int(c, A_arg_max_keepdims))
            dim[rank++] = d == axis ? 1 : x.dim[d];
    call_out(c, 0, DT_int64, rank, dim);
    return true;
}

int64_t flops_reduce(GraphCall *c)
{
    return gtype_elements(call_type(c, 0));
}

int64_t flops_softmax(GraphCall *c)
{
    return 4 * gtype_elements(call_type(c, 0));
}

/* ---- one reduction ---- */

/* The pieces of a reduction over some axes of x: axes of the result (as kept: those reduced have
** size 1), of the sum, and the index of x under both. */
typedef struct Over {
    Axes out, sum;
    const Node *index[GRAPH_MAX_RANK];
} Over;

static Over begin(LowerCall *l, const bool *on, bool keep)
{
    Over o = {0};
    GType x = lower_type(l, 0);
    for (int d = 0; d < x.rank; d++) {
        const char *name = lower_axis_name(l, x.rank, d);
        if (!on[d] || keep) {
            o.out.extent[o.out.n] = on[d] ? 1 : x.dim[d];
            o.out.at[o.out.n++] = te_axis(l->te, name, on[d] ? 1 : x.dim[d]);
        }
        o.sum.extent[o.sum.n] = x.dim[d];
        if (on[d])
            o.sum.at[o.sum.n++] =
                te_reduce_axis(l->te, arena_printf(l->call.A, "r%s", name), x.dim[d]);
        o.index[d] = on[d] ? o.sum.at[o.sum.n - 1] : o.out.at[o.out.n - 1];
    }
    return o;
}

static double reduced_count(LowerCall *l, const bool *on)
{
    GType x = lower_type(l, 0);
    double n = 1;
    for (int d = 0; d < x.rank; d++)
        n *= on[d] ? (double)x.dim[d] : 1;
    return n;
}

typedef struct Reduction {
    Combiner combiner;
    const char *each;  /* of an element x, before combining */
    const char *after; /* of the result x and the count n; NULL: x itself */
} Reduction;

static const Reduction reduction[GOP_COUNT] = {
    [GOP_reduce_sum] = {COMB_sum, "x", NULL},
    [GOP_reduce_mean] = {COMB_sum, "x", "x / n"},
    [GOP_reduce_prod] = {COMB_prod, "x", NULL},
    [GOP_reduce_max] = {COMB_max, "x", NULL},
    [GOP_reduce_min] = {COMB_min, "x", NULL},
    [GOP_reduce_l1] = {COMB_sum, "max(x, -x)", NULL},
    [GOP_reduce_l2] = {COMB_sum, "x * x", "sqrt(x)"},
    [GOP_reduce_log_sum] = {COMB_sum, "x", "log(x)"},
    [GOP_reduce_sum_square] = {COMB_sum, "x * x", NULL},
};

/* log(sum(exp(x))): with the greatest element taken out first, so that exp cannot overflow. */
static bool lower_log_sum_exp(LowerCall *l, const bool *on)
{
    GType x = lower_type(l, 0);
    DType t = dtype_is_float(x.dtype) ? x.dtype : DT_float64;
    Over m = begin(l, on, true);
    const Node *top = lower_reduce(l, "max", COMB_max, &m.out, &m.sum,
                                   te_cast(l->te, t, lower_at(l, 0, m.index)));
    Over s = begin(l, on, true);
    const Node *at_top = te_load(l->te, top, (size_t)s.out.n, s.out.at);
    /* An infinite greatest element would give inf - inf. */
    FormulaArg arg[] = {{"x", te_cast(l->te, t, lower_at(l, 0, s.index))}, {"m", at_top}};
    const Node *each = lower_formula(l, "exp(x - select(isinf(m), 0, m))", t, 2, arg);
    if (!each)
        return false;
    const Node *sum = lower_reduce(l, "sum", COMB_sum, &s.out, &s.sum, each);
    Axes ax = lower_axes_of(l, lower_out_type(l, 0));
    const Node *index[GRAPH_MAX_RANK];
    bool keep = call_int(&l->call, A_reduce_sum_keepdims);
    for (int d = 0, k = 0; d < x.rank; d++)
        index[d] = !on[d] ? ax.at[k++] : keep ? ax.at[k++] : ix(l, 0);
    FormulaArg end[] = {{"s", te_load(l->te, sum, (size_t)x.rank, index)},
                        {"m", te_load(l->te, top, (size_t)x.rank, index)}};
    const Node *e = lower_formula(l, "log(s) + select(isinf(m), 0, m)", t, 2, end);
    if (!e)
        return false;
    lower_out(l, 0, &ax, te_cast(l->te, x.dtype, e));
    return true;
}

static bool lower_bool_reduce(LowerCall *l, const Over *o, bool max)
{
    const Node *whole = lower_reduce(l, "u8", max ? COMB_max : COMB_min, &o->out, &o->sum,
                                     te_cast(l->te, DT_uint8, lower_at(l, 0, o->index)));
    Axes ax = lower_axes_of(l, lower_out_type(l, 0));
    lower_out(l, 0, &ax, te_cast(l->te, DT_bool, te_load(l->te, whole, (size_t)ax.n, ax.at)));
    return true;
}

static bool lower_reduce_op(LowerCall *l, const bool *on, bool keep)
{
    const Reduction *r = &reduction[l->call.node->op - graph_op];
    DType t = lower_type(l, 0).dtype;
    Over o = begin(l, on, keep);
    if (t == DT_bool)
        return lower_bool_reduce(l, &o, r->combiner == COMB_max);
    /* What is divided, or has a root, of integers is so in float64, as in numpy, and cut off: sums
    ** and squares must not wrap on the way there. */
    DType in = dtype_is_float(t) || !r->after ? t : DT_float64;
    const char *each_text = dtype_info[t].cls == DC_UINT && r->each[0] == 'm' ? "x" : r->each;
    const Node *each = lower_formula(
        l, each_text, in, 1, (FormulaArg[]){{"x", te_cast(l->te, in, lower_at(l, 0, o.index))}});
    if (!each)
        return false;
    if (!r->after) {
        l->out[0] = lower_reduce(l, NULL, r->combiner, &o.out, &o.sum, each);
        return true;
    }
    const Node *sum = lower_reduce(l, "sum", r->combiner, &o.out, &o.sum, each);
    Axes ax = lower_axes_of(l, lower_out_type(l, 0));
    FormulaArg arg[] = {{"x", te_load(l->te, sum, (size_t)ax.n, ax.at)},
                        {"n", te_num(l->te, in, reduced_count(l, on))}};
    const Node *e = lower_formula(l, r->after, in, 2, arg);
    if (!e)
        return false;
    lower_out(l, 0, &ax, te_cast(l->te, t, e));
    return true;
}

bool lower_reduction(LowerCall *l)
{
    bool on[GRAPH_MAX_RANK], ok, any = false;
    if (!reduced_axes(&l->call, on, &ok))
        return ok && call_cannot(&l->call, "its axes are not constant");
    for (int d = 0; d < lower_type(l, 0).rank; d++)
        any |= on[d];
    if (gnode_is(l->call.node, GOP_reduce_log_sum_exp) && any)
        return lower_log_sum_exp(l, on);
    if (any || gnode_is(l->call.node, GOP_reduce_log_sum_exp) == false)
        return lower_reduce_op(l, on, call_int(&l->call, A_reduce_sum_keepdims));
    Axes ax = lower_axes_of(l, lower_out_type(l, 0)); /* log(exp(x)) */
    lower_out(l, 0, &ax, lower_load(l, 0, &ax));
    return true;
}

/* ---- where the greatest is ---- */

bool lower_arg_reduce(LowerCall *l)
{
    GType x = lower_type(l, 0);
    bool on[GRAPH_MAX_RANK] = {0}, max = gnode_is(l->call.node, GOP_arg_max);
    int axis;
    call_axis(&l->call, call_int(&l->call, A_arg_max_axis), x.rank, &axis);
    on[axis] = true;
    Over m = begin(l, on, true);
    const Node *best = lower_reduce(l, max ? "max" : "min", max ? COMB_max : COMB_min, &m.out,
                                    &m.sum, lower_at(l, 0, m.index));
    Over o = begin(l, on, call_int(&l->call, A_arg_max_keepdims));
    const Node *at_best[GRAPH_MAX_RANK];
    for (int d = 0; d < x.rank; d++)
        at_best[d] = on[d] ? ix(l, 0) : o.index[d];
    bool last = call_int(&l->call, A_arg_max_select_last_index);
    const Node *hit =
        lower_is_best(l, lower_at(l, 0, o.index), te_load(l->te, best, (size_t)x.rank, at_best));
    const Node *place = te_select(l->te, hit, o.index[axis], ix(l, last ? -1 : x.dim[axis]));
    l->out[0] = lower_reduce(l, NULL, last ? COMB_max : COMB_min, &o.out, &o.sum, place);
    return true;
}

/* ---- along one axis ---- */

static bool lower_hardmax(LowerCall *l, int axis, const bool *on, const Node *top)
{
    GType x = lower_type(l, 0);
    Over o = begin(l, on, true);
    const Node *hit =
        lower_is_best(l, lower_at(l, 0, o.index), te_load(l->te, top, (size_t)x.rank, o.out.at));
    const Node *place = lower_reduce(l, "place", COMB_min, &o.out, &o.sum,
                                     te_select(l->te, hit, o.index[axis], ix(l, x.dim[axis])));
    Axes ax = lower_axes_of(l, x);
    lower_out(
        l, 0, &ax,
        te_cast(l->te, x.dtype, te_op(l->te, OP_Eq, ax.at[axis], lower_load_as(l, place, &ax))));
    return true;
}

bool infer_softmax(GraphCall *c)
{
    int axis;
    call_out_like(c, 0, 0);
    return call_axis(c, call_int(c, A_softmax_axis), call_rank(c, 0), &axis);
}

bool lower_softmax(LowerCall *l)
{
    GType x = lower_type(l, 0);
    bool on[GRAPH_MAX_RANK] = {0}, logs = gnode_is(l->call.node, GOP_log_softmax);
    int axis;
    call_axis(&l->call, call_int(&l->call, A_softmax_axis), x.rank, &axis);
    on[axis] = true;
    Over m = begin(l, on, true);
    const Node *top = lower_reduce(l, "max", COMB_max, &m.out, &m.sum, lower_at(l, 0, m.index));
    if (gnode_is(l->call.node, GOP_hardmax))
        return lower_hardmax(l, axis, on, top);
    Axes e = lower_axes_of(l, x);
    FormulaArg shift[] = {{"x", lower_load(l, 0, &e)}, {"m", lower_load_as(l, top, &e)}};
    const Node *each = lower_formula(l, logs ? "x - m" : "exp(x - m)", x.dtype, 2, shift);
    if (!each)
        return false;
    const Node *num = lower_stage(l, logs ? "shifted" : "exp", &e, each);
    Over s = begin(l, on, true);
    const Node *term = te_load(l->te, num, (size_t)x.rank, s.index);
    if (logs && !(term = lower_formula(l, "exp(x)", x.dtype, 1, (FormulaArg[]){{"x", term}})))
        return false;
    const Node *sum = lower_reduce(l, "sum", COMB_sum, &s.out, &s.sum, term);
    Axes ax = lower_axes_of(l, x);
    FormulaArg end[] = {{"x", lower_load_as(l, num, &ax)}, {"s", lower_load_as(l, sum, &ax)}};
    const Node *v = lower_formula(l, logs ? "x - log(s)" : "x / s", x.dtype, 2, end);
    if (!v)
        return false;
    lower_out(l, 0, &ax, v);
    return true;
}

bool infer_cum_sum(GraphCall *c)
{
    const int64_t *v;
    size_t n;
    int axis;
    call_out_like(c, 0, 0);
    return call_one_number(c, 1) &&
           (!call_const_ints(c, 1, &v, &n) || n != 1 || call_axis(c, v[0], call_rank(c, 0), &axis));
}

/* Each element is a sum of its own over those before it: plain, if quadratic. */
bool lower_cum_sum(LowerCall *l)
{
    GType x = lower_type(l, 0);
    const int64_t *v;
    size_t n;
    int axis;
    if (!call_const_ints(&l->call, 1, &v, &n) || n != 1)
        return call_cannot(&l->call, "its axis is not constant");
    call_axis(&l->call, v[0], x.rank, &axis);
    Axes ax = lower_axes_of(l, x);
    Axes over = lower_reduce_axes(l, 1, &x.dim[axis], NULL);
    const Node *index[GRAPH_MAX_RANK];
    memcpy(index, ax.at, sizeof index);
    index[axis] = over.at[0];
    bool back = call_int(&l->call, A_cum_sum_reverse),
         strict = call_int(&l->call, A_cum_sum_exclusive);
    Op op = back ? (strict ? OP_Gt : OP_Ge) : (strict ? OP_Lt : OP_Le);
    const Node *e = te_select(l->te, te_op(l->te, op, over.at[0], ax.at[axis]),
                              lower_at(l, 0, index), te_num(l->te, x.dtype, 0));
    l->out[0] = lower_reduce(l, NULL, COMB_sum, &ax, &over, e);
    return true;
}
