/* quant.c -- between numbers and the small integers that stand for them. */
#include <string.h>

#include "core/graph/infer.h"
#include "core/graph/ops/lower.h"

/* Scales that each stand for `block` neighbours along the axis: as many as x has such blocks. */
static bool check_blocks(GraphCall *c, size_t i, int64_t axis_given, int64_t block)
{
    GType x = call_type(c, 0), s = call_type(c, i);
    int axis;
    if (!call_axis(c, axis_given, x.rank, &axis))
        return false;
    bool fits = block > 0 && s.rank == x.rank;
    for (int d = 0; fits && d < x.rank; d++) {
        bool cut = d == axis && dim_known(x.dim[d]) && x.dim[d] > 0;
        int64_t want = cut ? (x.dim[d] - 1) / block + 1 : x.dim[d];
        fits = !dim_known(want) || !dim_known(s.dim[d]) || want == s.dim[d];
    }
    return fits ||
           call_refuse(c, "its %s %s does not give one for each %lld elements along axis %d",
                       c->node->op->in[i].name, gtype_text(c->A, NULL, s), (long long)block, axis);
}

/* Scales and zero points, inputs 1 and 2, are one number each, or lists with one for each entry of
** the axis, or of x's shape but for the axis, along which each stands for a block. */
static bool check_scale(GraphCall *c, int axis_attr, int block_attr)
{
    static const char *const name[] = {"", "scale", "zero point"};
    GType x = call_type(c, 0);
    for (size_t i = 1; i < 3; i++) {
        if (!call_has(c, i))
            continue;
        if (call_int(c, block_attr)) {
            if (!check_blocks(c, i, call_int(c, axis_attr), call_int(c, block_attr)))
                return false;
            continue;
        }
        GType s = call_type(c, i);
        int axis;
        if (s.rank > 1)
            return call_refuse(c, "its %s has rank %d", name[i], s.rank);
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
static const Node *parameter(LowerCall *l, size_t i, const Axes *ax, int64_t axis, int64_t block)
{
    if (block) {
        const Node *at[GRAPH_MAX_RANK];
        memcpy(at, ax->at, sizeof at);
        const Node **along = &at[axis < 0 ? axis + ax->n : axis];
        *along = ix_div(l->call.A, *along, ix(l, block));
        return lower_at(l, i, at);
    }
    bool each = lower_type(l, i).rank == 1 && lower_type(l, i).dim[0] != 1;
    const Node *index = each ? ax->at[axis < 0 ? axis + ax->n : axis] : ix(l, 0);
    return lower_at(l, i, &index);
}

bool lower_quantize(LowerCall *l)
{
    GType y = lower_out_type(l, 0);
    int64_t axis = call_int(&l->call, A_quantize_linear_axis),
            block = call_int(&l->call, A_quantize_linear_block_size);
    Axes ax = lower_axes_of(l, y);
    const Node *scale = parameter(l, 1, &ax, axis, block);
    DType t = (DType)scale->type;
    const Node *zero = call_has(&l->call, 2) ? te_cast(l->te, t, parameter(l, 2, &ax, axis, block))
                                             : te_num(l->te, t, 0);
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
    int64_t axis = call_int(&l->call, A_dequantize_linear_axis),
            block = call_int(&l->call, A_dequantize_linear_block_size);
    Axes ax = lower_axes_of(l, y);
    const Node *x = te_cast(l->te, DT_int32, lower_load(l, 0, &ax));
    if (call_has(&l->call, 2))
        x = te_sub(l->te, x, te_cast(l->te, DT_int32, parameter(l, 2, &ax, axis, block)));
    lower_out(l, 0, &ax,
              te_mul(l->te, te_cast(l->te, y.dtype, x), parameter(l, 1, &ax, axis, block)));
    return true;
}

/* ---- by the range of x ---- */

bool infer_dynamic_quantize(GraphCall *c)
{
    GType x = call_type(c, 0);
    call_out(c, 0, DT_uint8, x.rank, x.dim);
    call_out(c, 1, x.dtype, 0, NULL);
    call_out(c, 2, DT_uint8, 0, NULL);
    return true;
}

/* The greatest (least) element of x, or 0 where that is greater (less): a stage of rank 0. */
static const Node *range_end(LowerCall *l, Combiner c)
{
    GType x = lower_type(l, 0);
    Axes none = {0}, all = lower_reduce_axes(l, x.rank, x.dim, NULL);
    return lower_reduce(l, c == COMB_max ? "max" : "min", c, &none, &all, lower_at(l, 0, all.at));
}

bool lower_dynamic_quantize(LowerCall *l)
{
    DType t = lower_type(l, 0).dtype;
    Axes none = {0}, ax = lower_axes_of(l, lower_out_type(l, 0));
    const Node *low = range_end(l, COMB_min), *high = range_end(l, COMB_max);
    FormulaArg range[] = {{"low", te_load(l->te, low, 0, NULL)},
                          {"high", te_load(l->te, high, 0, NULL)}};
    /* Where all is 0 any scale will do. */
    const Node *e = lower_formula(
        l, "let r = max(high, 0) - min(low, 0) in select(r == 0, 1, r / 255)", t, 2, range);
    if (!e)
        return false;
    const Node *scale = lower_stage(l, "scale", &none, e);
    FormulaArg zero_of[] = {range[0], {"s", te_load(l->te, scale, 0, NULL)}};
    e = lower_formula(l, "max(0, min(255, round(-min(low, 0) / s)))", t, 2, zero_of);
    const Node *zero = e ? lower_stage(l, "zero", &none, e) : NULL;
    if (!zero)
        return false;
    FormulaArg arg[] = {{"x", lower_load(l, 0, &ax)},
                        {"s", te_load(l->te, scale, 0, NULL)},
                        {"z", te_load(l->te, zero, 0, NULL)}};
    e = lower_formula(l, "max(0, min(255, round(x / s) + z))", t, 3, arg);
    if (!e)
        return false;
    lower_out(l, 0, &ax, te_cast(l->te, DT_uint8, e));
    lower_out(l, 1, &none, te_load(l->te, scale, 0, NULL));
    lower_out(l, 2, &none, te_cast(l->te, DT_uint8, te_load(l->te, zero, 0, NULL)));
    return true;
}
