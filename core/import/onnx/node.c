/* node.c -- NodeProto and AttributeProto, as they stand in the file. */
#include <string.h>

#include "core/base/buf.h"
#include "core/import/onnx/reader.h"

typedef VEC(int64_t) IntVec;
typedef VEC(double) FloatVec;

/* The oldest models do not say what an attribute is: then its fields tell, a list before all. */
static void suggest_type(OnnxAttr *a, int64_t type)
{
    if (!a->type)
        a->type = type;
}

static bool read_attribute(Importer *im, Wire w, OnnxAttr *a, Err *err)
{
    IntVec ints = {0};
    FloatVec floats = {0};
    int64_t i = 0, kind = 0;
    double f32 = 0;
    Span s = {0}, tensor = {0};
    Buf words = buf_new(im->A);
    *a = (OnnxAttr){.name = ""};
    for (WireField f; wire_next(&w, &f, err);) {
        size_t pos = 0;
        int64_t v;
        double d;
        switch (f.id) {
        case Attribute_name: a->name = onnx_text(im->A, f.bytes); break;
        case Attribute_type: kind = f.i; break;
        case Attribute_i:
            i = f.i;
            suggest_type(a, ATTR_INT_);
            break;
        case Attribute_f:
            f32 = f.f;
            suggest_type(a, ATTR_FLOAT_);
            break;
        case Attribute_s:
            s = f.bytes;
            suggest_type(a, ATTR_STRING_);
            break;
        case Attribute_t:
            tensor = f.bytes;
            suggest_type(a, ATTR_TENSOR_);
            break;
        case Attribute_g: a->type = ATTR_GRAPH_; break;
        case Attribute_ints:
            a->type = ATTR_INTS_;
            while (wire_int(&f, &pos, &v))
                vec_push(im->A, &ints, v);
            break;
        case Attribute_floats:
            a->type = ATTR_FLOATS_;
            while (wire_float(&f, &pos, &d))
                vec_push(im->A, &floats, d);
            break;
        case Attribute_strings:
            a->type = ATTR_STRINGS_;
            buf_puts(&words, words.len ? " " : "");
            buf_puts(&words, onnx_text(im->A, f.bytes));
            break;
        default: break;
        }
    }
    if (w.failed)
        return false;
    /* Models may leave out a value that is 0 or empty */
    a->contradicts = kind && a->type && kind != a->type;
    a->type = kind ? kind : a->type;
    a->tensor = wire_open(im->file, tensor, MSG_Tensor);
    switch (a->type) {
    case ATTR_INT_: a->value = (GAttr){.kind = GA_INT, .at.i = i}; break;
    case ATTR_FLOAT_: a->value = (GAttr){.kind = GA_FLOAT, .at.f = f32}; break;
    case ATTR_STRING_: a->value = (GAttr){.kind = GA_STR, .at.s = onnx_text(im->A, s)}; break;
    case ATTR_STRINGS_: /* one string here: the words, with spaces between */
        a->value = (GAttr){.kind = GA_STR, .at.s = buf_str(&words)};
        break;
    case ATTR_INTS_:
        a->value = (GAttr){.kind = GA_INTS, .n = (uint32_t)ints.n, .at.is = ints.at};
        break;
    case ATTR_FLOATS_:
        a->value = (GAttr){.kind = GA_FLOATS, .n = (uint32_t)floats.n, .at.fs = floats.at};
        break;
    default: break;
    }
    return true;
}

/* How many fields of each kind a node has: arrays are made once, and no larger. */
static bool count_fields(Wire w, size_t count[FIELD_COUNT], Err *err)
{
    for (WireField f; wire_next(&w, &f, err);)
        count[f.id]++;
    return !w.failed;
}

bool onnx_node_read(Importer *im, Wire w, size_t offset, OnnxNode *n, Err *err)
{
    enum { MOST_ATTRS = 256 };
    size_t count[FIELD_COUNT] = {0};
    if (!count_fields(w, count, err))
        return false;
    *n = (OnnxNode){.name = "", .op_type = "", .domain = "", .offset = offset};
    n->in = ARENA_ARRAY(im->A, ValueId, count[Node_input] + 5);
    n->in_name = ARENA_ARRAY(im->A, const char *, count[Node_input] + 1);
    n->out_name = ARENA_ARRAY(im->A, const char *, count[Node_output] + 1);
    n->attr = ARENA_ARRAY(im->A, OnnxAttr, count[Node_attribute] + 3);
    if (count[Node_input] > UINT16_MAX - 8 || count[Node_output] > UINT16_MAX - 8)
        return REFUSE(err, onnx_malformed, NULL, offset, "Node",
                      "it has more than 65,000 inputs or outputs");
    if (count[Node_attribute] > MOST_ATTRS)
        return REFUSE(err, onnx_malformed, NULL, offset, "Node", "it has more than 256 attributes");
    for (WireField f; wire_next(&w, &f, err);) {
        switch (f.id) {
        case Node_input: n->in_name[n->nin++] = onnx_text(im->A, f.bytes); break;
        case Node_output: n->out_name[n->nout++] = onnx_text(im->A, f.bytes); break;
        case Node_name: n->name = onnx_text(im->A, f.bytes); break;
        case Node_op_type: n->op_type = onnx_text(im->A, f.bytes); break;
        case Node_domain: n->domain = onnx_text(im->A, f.bytes); break;
        case Node_attribute:
            if (!read_attribute(im, wire_enter(&w, &f, MSG_Attribute), &n->attr[n->nattrs++], err))
                return false;
            break;
        default: break;
        }
    }
    if (!strcmp(n->domain, "ai.onnx"))
        n->domain = "";
    for (size_t i = 0; i < n->nattrs; i++)
        for (size_t j = 0; j < i; j++)
            if (!strcmp(n->attr[i].name, n->attr[j].name))
                return REFUSE(
                    err, onnx_node, NULL, n->name, n->op_type,
                    arena_printf(im->A, "its attribute %s is given twice", n->attr[i].name));
    if (!n->name[0] && n->nout)
        n->name = n->out_name[0];
    return true;
}
