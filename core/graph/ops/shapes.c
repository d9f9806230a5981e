/* shapes.c -- operators about shapes, or made from them; and the values of small integers that
** shape inference follows through a graph. */
#include <math.h>

#include "core/graph/consts.h"
#include "core/graph/ops/lower.h"

static void shape_part(const GraphCall *c, int *from, int *to)
{
    int rank = call_rank(c, 0);
    int64_t start = call_int(c, A_shape_start);
    int64_t end = call_attr(c, A_shape_end)->kind == GA_NONE ? rank : call_int(c, A_shape_end);
    start = start < 0 ? start + rank : start;
    end = end < 0 ? end + rank : end;
    *from = (int)(start < 0 ? 0 : start > rank ? rank : start);
    *to = (int)(end < *from ? *from : end > rank ? rank : end);
}

bool infer_shape(GraphCall *c)
{
    int from, to;
    shape_part(c, &from, &to);
    int64_t n = to - from;
    call_out(c, 0, DT_int64, 1, &n);
    return true;
}

bool infer_size(GraphCall *c)
{
    call_out(c, 0, DT_int64, 0, NULL);
    return true;
}

bool graph_known_shape(const GraphCall *c, Tensor **known)
{
    GType x = call_type(c, 0);
    if (gnode_is(c->node, GOP_size)) {
        int64_t n = gtype_elements(x);
        if (n >= 0)
            *known = const_ints(0, &n, 1);
        return n >= 0;
    }
    int from, to;
    shape_part(c, &from, &to);
    for (int d = from; d < to; d++)
        if (!dim_known(x.dim[d]))
            return false;
    *known = const_ints(1, x.dim + from, (size_t)(to - from));
    return true;
}

/* What was known of them has become constants; here only sizes that no one could say before. */
bool lower_shape(LowerCall *l)
{
    GType x = lower_type(l, 0), y = lower_out_type(l, 0);
    int from, to;
    shape_part(&l->call, &from, &to);
    Axes ax = lower_axes_of(l, y);
    const Node *e = ix(l, 0);
    for (int d = to - 1; d >= from; d--)
        e = te_select(l->te, te_op(l->te, OP_Eq, ax.at[0], ix(l, d - from)), ix(l, x.dim[d]), e);
    lower_out(l, 0, &ax, e);
    return true;
}

bool lower_size(LowerCall *l)
{
    Axes none = {0};
    lower_out(l, 0, &none, ix(l, gtype_elements(lower_type(l, 0))));
    return true;
}

bool infer_constant_of_shape(GraphCall *c)
{
    DType t = call_has(c, 1) ? call_type(c, 1).dtype : DT_float32;
    const int64_t *dim;
    size_t n;
    if (!call_one_number(c, 1))
        return false;
    if (!call_const_ints(c, 0, &dim, &n)) {
        call_out(c, 0, t, call_shape_length(c, 0), dims_unknown);
        return true;
    }
    if (n > GRAPH_MAX_RANK)
        return call_refuse(c, "a shape of %zu dimensions; at most %d are possible", n,
                           GRAPH_MAX_RANK);
    for (size_t d = 0; d < n; d++)
        if (dim[d] < 0)
            return call_refuse(c, "dimension %zu is %lld", d, (long long)dim[d]);
    call_out(c, 0, t, (int)n, dim);
    return true;
}

bool lower_constant_of_shape(LowerCall *l)
{
    GType y = lower_out_type(l, 0);
    Axes ax = lower_axes_of(l, y);
    const Node *e = call_has(&l->call, 1) ? lower_at(l, 1, (const Node *[]){ix(l, 0)})
                                          : te_num(l->te, y.dtype, 0);
    lower_out(l, 0, &ax, e);
    return true;
}

/* How many numbers there are from start up to limit by delta: exactly.  With unsigned arithmetic,
** which holds the distance between any two. */
static uint64_t integers_between(DType t, int64_t start, int64_t limit, int64_t delta)
{
    bool uns = dtype_info[t].cls == DC_UINT, down = !uns && delta < 0;
    bool some = uns ? (uint64_t)start < (uint64_t)limit : down ? start > limit : start < limit;
    uint64_t from = (uint64_t)start, to = (uint64_t)limit, by = (uint64_t)delta;
    return !some ? 0 : down ? (from - to - 1) / (0 - by) + 1 : (to - from - 1) / by + 1;
}

/* The same of floats, as ONNX's shape inference and ONNX Runtime have it: the distance is rounded
** to the type, the quotient is float64.  (numpy, and with it ONNX's reference, rounds that too, and
** may so have one element less.) */
static double floats_between(DType t, double start, double limit, double delta)
{
    double distance = dtype_convert(t, DT_float64, (Scalar){.f = limit - start}).f;
    double count = delta == 0 ? NAN : ceil(distance / delta);
    return count < 0 ? 0 : count;
}

bool infer_range(GraphCall *c)
{
    double start, limit, delta;
    int64_t n = DIM_ANY;
    DType t = call_type(c, 0).dtype;
    if (!call_one_number(c, 0) || !call_one_number(c, 1) || !call_one_number(c, 2))
        return false;
    if (call_const_number(c, 0, &start) && call_const_number(c, 1, &limit) &&
        call_const_number(c, 2, &delta)) {
        double count = floats_between(t, start, limit, delta);
        if (!dtype_is_float(t) && delta != 0)
            count = (double)integers_between(t, tensor_at(c->in[0]->data, 0).i,
                                             tensor_at(c->in[1]->data, 0).i,
                                             tensor_at(c->in[2]->data, 0).i);
        if (!(count <= (double)GRAPH_MAX_ELEMENTS))
            return call_refuse(c, "from %g to %g by %g is no list", start, limit, delta);
        n = (int64_t)count;
    }
    call_out(c, 0, t, 1, &n);
    return true;
}

bool lower_range(LowerCall *l)
{
    GType y = lower_out_type(l, 0);
    Axes ax = lower_axes_of(l, y);
    const Node *zero = ix(l, 0);
    lower_out(l, 0, &ax,
              te_add(l->te, lower_at(l, 0, &zero),
                     te_mul(l->te, te_cast(l->te, y.dtype, ax.at[0]), lower_at(l, 2, &zero))));
    return true;
}

bool infer_eye_like(GraphCall *c)
{
    GType x = call_type(c, 0);
    const GAttr *t = call_attr(c, A_eye_like_dtype);
    if (x.rank != 2)
        return call_refuse(c, "x has rank %d, not 2", x.rank);
    call_out(c, 0, t->kind == GA_NONE ? x.dtype : t->at.t, 2, x.dim);
    return true;
}

bool lower_eye_like(LowerCall *l)
{
    GType y = lower_out_type(l, 0);
    Axes ax = lower_axes_of(l, y);
    const Node *row = ix_add(l->call.A, ax.at[0], ix(l, call_int(&l->call, A_eye_like_k)));
    lower_out(l, 0, &ax, te_cast(l->te, y.dtype, te_op(l->te, OP_Eq, row, ax.at[1])));
    return true;
}

bool infer_unsupported(GraphCall *c)
{
    (void)c;
    return true;
}

bool lower_unsupported(LowerCall *l)
{
    const char *why = call_str(&l->call, A_unsupported_why),
               *op = call_str(&l->call, A_unsupported_op);
    REFUSE(l->call.err, graph_unsupported, l->call.node, l->name,
           why[0] ? arena_printf(l->call.A, "%s: %s", op, why)
                  : arena_printf(l->call.A, "%s is not known", op),
           op);
    err_fix(l->call.err, "g:unsupported() lists all such operators; tvm.ops() lists those that are "
                         "known");
    return false;
}
