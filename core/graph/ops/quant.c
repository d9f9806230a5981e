/* quant.c -- between numbers and the small integers that stand for them. */
#include "core/graph/infer.h"
#include "core/graph/ops/lower.h"

/* Scales and zero points, inputs 1 and 2, are one number each, or lists with one for each entry of
** the axis. */
static bool check_scale(GraphCall *c, int axis_attr, int block_attr)
{
    static const char *const name[] = {"", "scale", "zero point"};
    GType x = call_type(c, 0);
    if (call_int(c, block_attr))
        return call_cannot(c, "scales by blocks are not known here");
    for (size_t i = 1; i < 3; i++) {
        if (!call_has(c, i))
            continue;
        GType s = call_type(c, i);
        int axis;
        if (s.rank > 1)
            return call_refuse(c, "its %s has %d dimensions", name[i], s.rank);
        if (s.rank < 1 || s.dim[0] == 1)
            continue;
        if (!call_axis(c, call_int(c, axis_attr), x.rank, &axis))
            return false;
        if (dim_known(s.dim[0]) && dim_known(x.dim[axis]) && s.dim[0] != x.dim[axis])
            return call_refuse(c, "%lld %ss for %lld entries of axis %d", (long long)s.dim[0],
                               name[i], (long long)x.dim[axis], axis);
    }
    return true;
}

bool infer_quantize(GraphCall *c)
{
    GType x = call_type(c, 0);
    const GAttr *out = call_attr(c, A_quantize_linear_output_dtype);
    DType t = call_has(c, 2) ? call_type(c, 2).dtype : out->kind == GA_DTYPE ? out->at.t : DT_uint8;
    if (!check_scale(c, A_quantize_linear_axis, A_quantize_linear_block_size))
        return false;
    if (!dtype_is_int(t) || dtype_bytes(t) > 2)
        return call_refuse(c, "it makes integers of 8 or 16 bits, not %s", dtype_name(t));
    call_out(c, 0, t, x.rank, x.dim);
    return true;
}

bool infer_dequantize(GraphCall *c)
{
    GType x = call_type(c, 0);
    if (!check_scale(c, A_dequantize_linear_axis, A_dequantize_linear_block_size))
        return false;
    call_out(c, 0, call_type(c, 1).dtype, x.rank, x.dim);
    return true;
}

/* Input i (a scale or zero point) where the output's axes are `ax`. */
static const Node *parameter(LowerCall *l, size_t i, const Axes *ax, int64_t axis)
{
    bool each = lower_type(l, i).rank == 1 && lower_type(l, i).dim[0] != 1;
    const Node *index = each ? ax->at[axis < 0 ? axis + ax->n : axis] : ix(l, 0);
    return lower_at(l, i, &index);
}

bool lower_quantize(LowerCall *l)
{
    GType y = lower_out_type(l, 0);
    int64_t axis = call_int(&l->call, A_quantize_linear_axis);
    Axes ax = lower_axes_of(l, y);
    const Node *scale = parameter(l, 1, &ax, axis);
    DType t = (DType)scale->type;
    const Node *zero = call_has(&l->call, 2) ? te_cast(l->te, t, parameter(l, 2, &ax, axis)) : te_num(l->te, t, 0);
    int bits = dtype_info[y.dtype].bits;
    bool is_signed = dtype_is_signed(y.dtype);
    FormulaArg arg[] = {{"x", te_cast(l->te, t, lower_load(l, 0, &ax))},
                        {"s", scale},
                        {"z", zero},
                        {"lo", te_num(l->te, t, is_signed ? -(double)(1 << (bits - 1)) : 0)},
                        {"hi", te_num(l->te, t, (double)((1 << (bits - is_signed)) - 1))}};
    const Node *e = lower_formula(l, "max(lo, min(hi, round(x / s) + z))", t, 5, arg);
    if (!e)
        return false;
    lower_out(l, 0, &ax, te_cast(l->te, y.dtype, e));
    return true;
}

bool lower_dequantize(LowerCall *l)
{
    GType y = lower_out_type(l, 0);
    int64_t axis = call_int(&l->call, A_dequantize_linear_axis);
    Axes ax = lower_axes_of(l, y);
    const Node *x = te_cast(l->te, DT_int32, lower_load(l, 0, &ax));
    if (call_has(&l->call, 2))
        x = te_sub(l->te, x, te_cast(l->te, DT_int32, parameter(l, 2, &ax, axis)));
    lower_out(l, 0, &ax, te_mul(l->te, te_cast(l->te, y.dtype, x), parameter(l, 1, &ax, axis)));
    return true;
}
