/* versions.c -- the rules of versions.def that change attributes and inputs; composed.c, resample.c
** and attention.c have those that build other operators. */
#include <string.h>

#include "core/import/onnx/rule.h"

/* ---- attributes that became inputs ---- */

static bool ints_to_input(Importer *im, OnnxNode *n, const char *name, size_t i)
{
    OnnxAttr *a = take(n, name);
    if (a && a->value.kind == GA_INTS)
        set_input(n, i, gb_const_ints(im->b, 1, a->value.at.is, a->value.n));
    return true;
}

/* Input `i` becomes this one number. */
static bool set_number(Importer *im, OnnxNode *n, size_t i, DType t, double v, Err *err)
{
    ValueId id;
    if (!make_number(im, t, v, &id, err))
        return false;
    set_input(n, i, id);
    return true;
}

static bool rule_axes_to_input(Importer *im, OnnxNode *n, Err *err)
{
    (void)err;
    return ints_to_input(im, n, "axes", 1);
}

static bool rule_shape_to_input(Importer *im, OnnxNode *n, Err *err)
{
    (void)err;
    return ints_to_input(im, n, "shape", 1);
}

static bool rule_split_to_input(Importer *im, OnnxNode *n, Err *err)
{
    (void)err;
    return ints_to_input(im, n, "split", 1);
}

static bool rule_k_to_input(Importer *im, OnnxNode *n, Err *err)
{
    (void)err;
    OnnxAttr *k = take(n, "k");
    if (k && k->type == ATTR_INT_)
        set_input(n, 1, gb_const_ints(im->b, 1, &k->value.at.i, 1));
    return true;
}

static bool rule_limits_to_inputs(Importer *im, OnnxNode *n, Err *err)
{
    static const char *const name[] = {"min", "max"};
    DType t = type_of(im, n, 0).dtype;
    for (size_t i = 0; i < 2; i++) {
        OnnxAttr *a = take(n, name[i]);
        if (a && a->type == ATTR_FLOAT_ &&
            !set_number(im, n, i + 1, t < DT_COUNT ? t : DT_float32, a->value.at.f, err))
            return false;
    }
    return true;
}

static bool rule_slice_to_inputs(Importer *im, OnnxNode *n, Err *err)
{
    (void)err;
    return ints_to_input(im, n, "starts", 1) && ints_to_input(im, n, "ends", 2) &&
           ints_to_input(im, n, "axes", 3);
}

static bool rule_pads_to_inputs(Importer *im, OnnxNode *n, Err *err)
{
    OnnxAttr *value = take(n, "value");
    ints_to_input(im, n, n->version < 2 ? "paddings" : "pads", 1);
    DType t = type_of(im, n, 0).dtype;
    return !value || value->type != ATTR_FLOAT_ ||
           set_number(im, n, 2, t < DT_COUNT ? t : DT_float32, value->value.at.f, err);
}

/* ---- meanings that changed ---- */

/* Before version 7 the second input was stretched only where `broadcast` said so, from `axis` on.
** The default, -1, says that its axes are the last ones, as they are today; what is further below 0
** counts from the end of a's. */
static bool rule_broadcast_axis(Importer *im, OnnxNode *n, Err *err)
{
    int64_t on = take_int(n, "broadcast", 0), axis = take_int(n, "axis", -1);
    GType a = type_of(im, n, 0), b = type_of(im, n, 1);
    if (!on || axis == -1)
        return true;
    if (a.rank < 0 || b.rank < 0)
        return unknown(n, "where `axis` puts its second input depends on ranks that are not known");
    int64_t from = axis < 0 ? axis + a.rank : axis;
    if (from < 0 || from > a.rank - b.rank)
        return REFUSE(err, onnx_node, NULL, n->name, n->op_type,
                      "its second input does not fit into its first at `axis`");
    if (from == a.rank - b.rank)
        return true;
    int64_t trailing[GRAPH_MAX_RANK];
    size_t count = 0;
    for (int64_t d = b.rank; d < a.rank - from; d++)
        trailing[count++] = d;
    ValueId in[2] = {n->in[1], gb_const_ints(im->b, 1, trailing, count)};
    return helper(im, GOP_unsqueeze, in, 2, NULL, 0, &n->in[1], err);
}

static bool rule_slope_by_channel(Importer *im, OnnxNode *n, Err *err)
{
    GType x = type_of(im, n, 0), slope = type_of(im, n, 1);
    if (slope.rank < 0 || (slope.rank == 1 && slope.dim[0] != 1 && x.rank < 0))
        return unknown(n, "where its slopes belong depends on ranks that are not known");
    if (slope.rank != 1 || slope.dim[0] == 1 || x.rank < 3)
        return true;
    int64_t trailing[GRAPH_MAX_RANK];
    for (int d = 1; d < x.rank - 1; d++)
        trailing[d - 1] = d;
    ValueId in[2] = {n->in[1], gb_const_ints(im->b, 1, trailing, (size_t)x.rank - 2)};
    return helper(im, GOP_unsqueeze, in, 2, NULL, 0, &n->in[1], err);
}

/* Before version 6 the constants had four digits. */
static bool rule_old_selu(Importer *im, OnnxNode *n, Err *err)
{
    static const struct {
        const char *name;
        double standard;
    } old[] = {{"alpha", 1.6732f}, {"gamma", 1.0507f}};
    (void)im;
    (void)err;
    for (size_t i = 0; i < 2; i++)
        if (!has_attr(n, old[i].name))
            add_attr(n, old[i].name, (GAttr){.kind = GA_FLOAT, .at.f = old[i].standard});
    return true;
}

static bool rule_forget_broadcast(Importer *im, OnnxNode *n, Err *err)
{
    (void)im;
    (void)err;
    take(n, "broadcast");
    return true;
}

static bool rule_old_batch_normalization(Importer *im, OnnxNode *n, Err *err)
{
    (void)im;
    (void)err;
    take(n, "is_test");
    if (take_int(n, "spatial", 1) != 1)
        return unknown(n, "spatial=0, a mean for each element, is not known here");
    for (size_t i = 1; i < n->nout; i++)
        if (n->out_name[i][0])
            return unknown(n, "its outputs for training are not known here");
    n->nout = 1;
    return true;
}

static bool rule_old_dropout(Importer *im, OnnxNode *n, Err *err)
{
    (void)im;
    (void)err;
    take(n, "is_test");
    take(n, "ratio");
    return true;
}

static bool rule_old_norm(Importer *im, OnnxNode *n, Err *err)
{
    (void)im;
    (void)err;
    OnnxAttr *p = take(n, "p");
    if (p && p->type == ATTR_FLOAT_) {
        p->taken = false;
        p->type = ATTR_INT_;
        p->value = (GAttr){
            .kind = GA_INT,
            .at = {.i = dtype_convert(DT_int64, DT_float64, (Scalar){.f = p->value.at.f}).i}};
    }
    return true;
}

static bool rule_axis_one(Importer *im, OnnxNode *n, Err *err)
{
    (void)im;
    (void)err;
    if (has_attr(n, "axis"))
        return true;
    add_attr(n, "axis", (GAttr){.kind = GA_INT, .at.i = 1});
    return true;
}

/* Before version 13 all axes from `axis` on competed together. */
static bool rule_flat_softmax(Importer *im, OnnxNode *n, Err *err)
{
    GType x = type_of(im, n, 0);
    int64_t axis = take_int(n, "axis", 1);
    if (axis == -1) { /* the last axis alone */
        take(n, "axis")->taken = false;
        return true;
    }
    if (x.rank < 0)
        return unknown(n, "its old meaning depends on the rank of x, which is not known");
    if (axis < -x.rank || axis > x.rank)
        return REFUSE(err, onnx_node, NULL, n->name, n->op_type,
                      "its axis is not among those of x");
    axis = axis < 0 ? axis + x.rank : axis;
    int64_t last = -1;
    for (int d = 0; d < x.rank; d++)
        if (d >= axis && x.dim[d] != 1)
            last = last < 0 ? d : x.rank; /* several axes compete */
    if (last < x.rank) {
        int64_t one = last >= 0 ? last : x.rank - 1;
        add_attr(n, "axis", (GAttr){.kind = GA_INT, .at.i = one});
        return true;
    }
    GArg flat = {"axis", {.kind = GA_INT, .at.i = axis}},
         minus = {"axis", {.kind = GA_INT, .at.i = 1}};
    ValueId v, shape, back[2];
    make(im, n, 1);
    GNodeSpec soft = {
        .op = n->op, .origin = n->name, .in = &v, .nin = 1, .arg = &minus, .nargs = 1, .nout = 1};
    if (!helper(im, GOP_flatten, n->in, 1, &flat, 1, &v, err) || !gb_node(im->b, &soft, &v, err) ||
        !helper(im, GOP_shape, n->in, 1, NULL, 0, &shape, err))
        return false;
    back[0] = v;
    back[1] = shape;
    return helper(im, GOP_reshape, back, 2, NULL, 0, n->made, err);
}

/* Before version 21 scale and bias had an entry for each group; now each channel has its own. */
static bool rule_old_group_normalization(Importer *im, OnnxNode *n, Err *err)
{
    OnnxAttr *count = take(n, "num_groups");
    GType x = type_of(im, n, 0);
    int64_t groups = count && count->type == ATTR_INT_ ? count->value.at.i : 0;
    if (x.rank < 2 || !dim_known(x.dim[1]))
        return unknown(n, "its old meaning depends on the channels of x, which are not known");
    if (n->nin != 3 || groups < 1 || x.dim[1] % groups)
        return REFUSE(err, onnx_node, NULL, n->name, n->op_type,
                      "its channels do not fall into its groups");
    count->taken = false;
    ValueId column = gb_const_ints(im->b, 1, (int64_t[]){groups, 1}, 2),
            wide = gb_const_ints(im->b, 1, (int64_t[]){groups, x.dim[1] / groups}, 2),
            flat = gb_const_ints(im->b, 1, &x.dim[1], 1);
    for (size_t i = 1; i < 3; i++) {
        ValueId v = n->in[i];
        if (!helper(im, GOP_reshape, (ValueId[]){v, column}, 2, NULL, 0, &v, err) ||
            !helper(im, GOP_expand, (ValueId[]){v, wide}, 2, NULL, 0, &v, err) ||
            !helper(im, GOP_reshape, (ValueId[]){v, flat}, 2, NULL, 0, &n->in[i], err))
            return false;
    }
    return true;
}

/* ---- element types ---- */

static bool set_dtype(OnnxNode *n, OnnxAttr *a, int64_t elem_type)
{
    DType t = onnx_dtype(elem_type);
    if (t == DT_COUNT)
        return unknown(n, onnx_dtype_name(elem_type));
    a->value = (GAttr){.kind = GA_DTYPE, .at.t = t};
    a->taken = false;
    return true;
}

static bool rule_cast_to(Importer *im, OnnxNode *n, Err *err)
{
    (void)im;
    (void)err;
    OnnxAttr *to = take(n, "to");
    take(n, "saturate");
    take(n, "round_mode");
    return !to || to->type != ATTR_INT_ || set_dtype(n, to, to->value.at.i);
}

static bool rule_cast_by_name(Importer *im, OnnxNode *n, Err *err)
{
    (void)im;
    (void)err;
    static const char *const names[] = {"UNDEFINED", "FLOAT",  "UINT8",  "INT8",   "UINT16",
                                        "INT16",     "INT32",  "INT64",  "STRING", "BOOL",
                                        "FLOAT16",   "DOUBLE", "UINT32", "UINT64"};
    OnnxAttr *to = take(n, "to");
    for (int64_t i = 0; to && to->type == ATTR_STRING_ && i < 14; i++)
        if (!strcmp(names[i], to->value.at.s))
            return set_dtype(n, to, i);
    return true;
}

static bool rule_cast_like(Importer *im, OnnxNode *n, Err *err)
{
    (void)err;
    GType like = type_of(im, n, 1);
    take(n, "saturate");
    take(n, "round_mode");
    if (like.dtype >= DT_COUNT)
        return unknown(n, "the element type of its second input is not known");
    n->op = &graph_op[GOP_cast];
    n->nin = 1;
    add_attr(n, "to", (GAttr){.kind = GA_DTYPE, .at.t = like.dtype});
    return true;
}

static bool rule_dtype_attr(Importer *im, OnnxNode *n, Err *err)
{
    (void)im;
    (void)err;
    OnnxAttr *a = take(n, n->op == &graph_op[GOP_eye_like] ? "dtype" : "output_dtype");
    take(n, "precision");
    return !a || a->type != ATTR_INT_ || a->value.at.i == 0 || set_dtype(n, a, a->value.at.i);
}

/* ---- constants ---- */

static Tensor *attr_tensor(Importer *im, OnnxNode *n, OnnxAttr *a, Err *err)
{
    TensorInfo info;
    if (!onnx_tensor_info(im->A, a->tensor, &info, err))
        return NULL;
    if (info.dtype == DT_COUNT) {
        n->why = arena_printf(im->A, "its value has elements of type %s, which is not known here",
                              onnx_dtype_name(info.elem_type));
        return NULL;
    }
    return onnx_tensor_read(im->A, a->tensor, &info, im->folder, err);
}

/* A constant in an attribute: a tensor, a number, or a list of numbers. */
static bool rule_constant(Importer *im, OnnxNode *n, Err *err)
{
    Tensor *t = NULL;
    if (n->nattrs != 1)
        return REFUSE(err, onnx_node, NULL, n->name, n->op_type, "it has not exactly one value");
    OnnxAttr *a = &n->attr[0];
    a->taken = true;
    bool ints = a->value.kind == GA_INT || a->value.kind == GA_INTS,
         floats = a->value.kind == GA_FLOAT || a->value.kind == GA_FLOATS;
    if (a->type == ATTR_TENSOR_) {
        t = attr_tensor(im, n, a, err);
        if (!t)
            return n->why;
    } else if (ints || floats) {
        bool list = a->value.kind == GA_INTS || a->value.kind == GA_FLOATS;
        t = tensor_new(ints ? DT_int64 : DT_float32, list, (int64_t[]){a->value.n}, err);
        if (!t)
            return false;
        for (uint32_t i = 0; i < (list ? a->value.n : 1); i++)
            dtype_store(t->dtype, (uint8_t *)tensor_fill(t) + i * dtype_bytes(t->dtype),
                        ints ? (Scalar){.i = list ? a->value.at.is[i] : a->value.at.i}
                             : (Scalar){.f = list ? a->value.at.fs[i] : a->value.at.f});
    } else {
        return unknown(n, arena_printf(im->A, "a constant given as %s is not known here", a->name));
    }
    make(im, n, 1);
    n->made[0] = gb_const(im->b, NULL, n->nout ? n->out_name[0] : NULL, t);
    tensor_release(t);
    return true;
}

static bool rule_fill_value(Importer *im, OnnxNode *n, Err *err)
{
    OnnxAttr *a = take(n, "value");
    if (!a || a->type != ATTR_TENSOR_)
        return true;
    Tensor *t = attr_tensor(im, n, a, err);
    if (!t)
        return n->why;
    set_input(n, 1, gb_const(im->b, NULL, NULL, t));
    tensor_release(t);
    return true;
}

/* ---- the table ---- */

OnnxRule *onnx_rule_for(const OnnxNode *n)
{
    static const struct {
        const char *op;
        int from, to;
        OnnxRule *rule;
    } rows[] = {
#define VERSION(op, from, to, rule) {op, from, to, rule_##rule},
#include "core/import/onnx/versions.def"
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (!strcmp(rows[i].op, n->op_type) && n->version >= rows[i].from &&
            n->version <= rows[i].to)
            return rows[i].rule;
    return NULL;
}

const GraphOp *onnx_op(const char *op_type)
{
    for (size_t i = 0; i < graph_op_count; i++)
        if (graph_op[i].onnx[0] && !strcmp(graph_op[i].onnx, op_type))
            return &graph_op[i];
    static const struct {
        const char *name;
        GraphOpId id;
    } told[] = {{"Upsample", GOP_resize},
                {"CastLike", GOP_cast},
                {"Scatter", GOP_scatter_elements}, /* until version 11 */
                {"QLinearConv", GOP_conv_integer}, /* and more: see versions.def */
                {"QLinearMatMul", GOP_matmul_integer},
                {"Attention", GOP_matmul},
                {"RotaryEmbedding", GOP_mul},
                {"SoftmaxCrossEntropyLoss", GOP_negative_log_likelihood_loss}};
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
        if (!strcmp(op_type, told[i].name))
            return &graph_op[told[i].id];
    return NULL;
}
