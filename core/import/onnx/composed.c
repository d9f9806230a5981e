/* composed.c -- operators of ONNX that are several here: quantized products, softmax's loss. */
#include "core/import/onnx/rule.h"

/* Input i stretched along axis 1 of a value of this rank where it is a list: [m] to [m, 1, …]. */
static bool by_channel(Importer *im, ValueId v, int rank, ValueId *out, Err *err)
{
    GType t = gb_value(im->b, v)->type;
    int64_t trailing[GRAPH_MAX_RANK];
    *out = v;
    if (t.rank != 1 || rank < 3)
        return true;
    for (int d = 1; d < rank - 1; d++)
        trailing[d - 1] = d;
    ValueId axes = gb_const_ints(im->b, 1, trailing, (size_t)rank - 2);
    return helper(im, GOP_unsqueeze, (ValueId[]){v, axes}, 2, NULL, 0, out, err);
}

/* quantize(sum * (a_scale * b_scale)), where sum is of int32: the end of QLinearConv and
** QLinearMatMul, whose inputs 1, 4, 6 and 7 are the scales of a and b and the scale and zero point
** of the result. */
static bool requantize(Importer *im, OnnxNode *n, ValueId sum, int rank, Err *err)
{
    GArg to = {"to", {.kind = GA_DTYPE, .at.t = DT_float32}};
    ValueId scale, v;
    make(im, n, 1);
    return helper(im, GOP_mul, (ValueId[]){n->in[1], n->in[4]}, 2, NULL, 0, &scale, err) &&
           by_channel(im, scale, rank, &scale, err) &&
           helper(im, GOP_cast, &sum, 1, &to, 1, &v, err) &&
           helper(im, GOP_mul, (ValueId[]){v, scale}, 2, NULL, 0, &v, err) &&
           helper(im, GOP_quantize_linear, (ValueId[]){v, n->in[6], n->in[7]}, 3, NULL, 0, n->made,
                  err);
}

static bool has_inputs(OnnxNode *n, size_t count, Err *err)
{
    for (size_t i = 0; i < count; i++)
        if (i >= n->nin || n->in[i] == VALUE_NONE)
            return REFUSE(err, onnx_node, NULL, n->name, n->op_type, "an input of it is missing");
    return true;
}

bool rule_quantized_matmul(Importer *im, OnnxNode *n, Err *err)
{
    ValueId sum;
    if (!has_inputs(n, 8, err))
        return false;
    for (size_t i = 1; i < 6; i++) /* scales and zero points, but for the inputs a and b */
        if (i != 3 && type_of(im, n, i).rank != 0 && gtype_elements(type_of(im, n, i)) != 1)
            return unknown(n, "scales of more than one number are not known here");
    ValueId in[4] = {n->in[0], n->in[3], n->in[2], n->in[5]};
    return helper(im, GOP_matmul_integer, in, 4, NULL, 0, &sum, err) &&
           requantize(im, n, sum, 0, err);
}

bool rule_quantized_conv(Importer *im, OnnxNode *n, Err *err)
{
    if (!has_inputs(n, 8, err))
        return false;
    ValueId in[4] = {n->in[0], n->in[3], n->in[2], n->in[5]}, sum, bias;
    int rank = type_of(im, n, 0).rank;
    GArg *arg = ARENA_ARRAY(im->A, GArg, n->nattrs + 1);
    if (rank < 0)
        return unknown(n, "the rank of its input is not known");
    if (!helper(im, GOP_conv_integer, in, 4, arg, onnx_args(n, arg), &sum, err))
        return false;
    if (n->nin > 8 && n->in[8] != VALUE_NONE &&
        (!by_channel(im, n->in[8], rank, &bias, err) ||
         !helper(im, GOP_add, (ValueId[]){sum, bias}, 2, NULL, 0, &sum, err)))
        return false;
    return requantize(im, n, sum, rank, err);
}

/* The loss of softmax: log_softmax over the classes, and what its logarithms cost. */
bool rule_softmax_loss(Importer *im, OnnxNode *n, Err *err)
{
    GArg axis = {"axis", {.kind = GA_INT, .at.i = 1}},
         *arg = ARENA_ARRAY(im->A, GArg, n->nattrs + 1);
    if (!has_inputs(n, 2, err))
        return false;
    ValueId in[3] = {VALUE_NONE, n->in[1], n->nin > 2 ? n->in[2] : VALUE_NONE};
    make(im, n, 2);
    n->made[1] = VALUE_NONE;
    if (!helper(im, GOP_log_softmax, n->in, 1, &axis, 1, &n->made[1], err))
        return false;
    in[0] = n->made[1];
    return helper(im, GOP_negative_log_likelihood_loss, in, 3, arg, onnx_args(n, arg), n->made,
                  err);
}
