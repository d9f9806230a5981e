/* resample.c -- Upsample and the first Resize, told as today's Resize. */
#include "core/import/onnx/rule.h"

/* Upsample, and Resize of version 10 unless it takes the nearest: a scale for each axis, counted
** from the corners. */
bool rule_upsample(Importer *im, OnnxNode *n, Err *err)
{
    static const struct {
        const char *name, *value;
    } fixed[] = {{"coordinate_transformation_mode", "asymmetric"}, {"nearest_mode", "floor"}};
    OnnxAttr *scales = take(n, "scales"), *mode = take(n, "mode");
    ValueId given = n->nin > 1 ? n->in[1] : VALUE_NONE;
    if (n->version < 7)
        return unknown(n, "Upsample before version 7 is not known here");
    if (scales && scales->value.kind == GA_FLOATS) {
        Tensor *t = tensor_new(DT_float32, 1, (int64_t[]){scales->value.n}, err);
        if (!t)
            return false;
        for (uint32_t i = 0; i < scales->value.n; i++)
            dtype_store(DT_float32, (float *)tensor_fill(t) + i,
                        (Scalar){.f = scales->value.at.fs[i]});
        given = gb_const(im->b, NULL, NULL, t);
        tensor_release(t);
    }
    n->op = &graph_op[GOP_resize];
    set_input(n, 2, given);
    n->in[1] = VALUE_NONE;
    n->nin = 3;
    if (mode && mode->type == ATTR_STRING_) {
        mode->taken = false;
        if (!strcmp(mode->value.at.s, "bilinear"))
            mode->value.at.s = "linear";
    }
    for (size_t i = 0; i < 2; i++)
        add_attr(n, fixed[i].name, (GAttr){.kind = GA_STR, .at.s = fixed[i].value});
    return true;
}

static bool nearest_by(Importer *im, const OnnxNode *n, ValueId x, Tensor *scales, const char *mode,
                       ValueId *out, Err *err)
{
    GArg arg[] = {{"coordinate_transformation_mode", {.kind = GA_STR, .at.s = "asymmetric"}},
                  {"nearest_mode", {.kind = GA_STR, .at.s = mode}}};
    ValueId in[] = {x, VALUE_NONE, gb_const(im->b, NULL, NULL, scales)};
    return gb_node(im->b,
                   &(GNodeSpec){.op = &graph_op[GOP_resize],
                                .origin = n->name,
                                .in = in,
                                .nin = 3,
                                .arg = arg,
                                .nargs = 2,
                                .nout = 1},
                   out, err);
}

/* Those scales that are below 1 (or above, for `grow`), the others 1; NULL if there are none. */
static bool scales_of_one_kind(const Tensor *scales, bool grow, Tensor **out, Err *err)
{
    bool any = false;
    Tensor *t = tensor_new(scales->dtype, scales->rank, scales->shape, err);
    if (!t)
        return false;
    for (int64_t i = 0; i < tensor_size(scales); i++) {
        double s = tensor_at(scales, i).f;
        bool mine = grow ? s > 1 : s < 1;
        any |= mine;
        dtype_store(t->dtype, (char *)tensor_fill(t) + (size_t)i * dtype_bytes(t->dtype),
                    (Scalar){.f = mine ? s : 1});
    }
    *out = any ? t : NULL;
    if (!any)
        tensor_release(t);
    return true;
}

/* Version 10 did not say which element is the nearest.  Its test cases take [1, 3] of [1, 2, 3, 4]
** at scale 0.6, so they round up where an axis shrinks, and each element twice at scale 2, so they
** round down where it grows; so does ONNX Runtime in version 10.  (ONNX's converter from 10 to 11
** writes `floor` for both, which its own case contradicts.) */
bool rule_resize_10(Importer *im, OnnxNode *n, Err *err)
{
    for (size_t i = 0; i < n->nattrs; i++)
        if (!strcmp(n->attr[i].name, "mode") && n->attr[i].type == ATTR_STRING_ &&
            strcmp(n->attr[i].value.at.s, "nearest") != 0)
            return rule_upsample(im, n, err);
    bool given = n->nin > 1 && n->in[1] != VALUE_NONE;
    const Tensor *scales = given ? gb_value(im->b, n->in[1])->data : NULL;
    if (!scales || !dtype_is_float(scales->dtype))
        return unknown(n, "which way it rounds depends on its scales, which are not known");
    take(n, "mode");
    make(im, n, 1);
    n->made[0] = n->in[0];
    for (int grow = 0; grow < 2; grow++) {
        Tensor *t;
        if (!scales_of_one_kind(scales, grow, &t, err))
            return false;
        bool fine = !t || nearest_by(im, n, n->made[0], t, grow ? "floor" : "ceil", n->made, err);
        tensor_release(t);
        if (!fine)
            return false;
    }
    return n->made[0] != n->in[0] || helper(im, GOP_identity, n->in, 1, NULL, 0, n->made, err);
}
