/* rule.h -- what the rules of versions.def are made of. */
#ifndef CORE_IMPORT_ONNX_RULE_H
#define CORE_IMPORT_ONNX_RULE_H

#include <string.h>

#include "core/import/onnx/reader.h"

/* The attribute of that name, marked as taken; NULL if the node does not have it. */
static inline OnnxAttr *take(OnnxNode *n, const char *name)
{
    for (size_t i = 0; i < n->nattrs; i++)
        if (!strcmp(n->attr[i].name, name)) {
            n->attr[i].taken = true;
            return &n->attr[i];
        }
    return NULL;
}

static inline bool has_attr(const OnnxNode *n, const char *name)
{
    for (size_t i = 0; i < n->nattrs; i++)
        if (!strcmp(n->attr[i].name, name))
            return true;
    return false;
}

/* One of the three attributes that there is room for beside those in the file. */
static inline void add_attr(OnnxNode *n, const char *name, GAttr value)
{
    n->attr[n->nattrs++] = (OnnxAttr){.name = name, .value = value};
}

static inline int64_t take_int(OnnxNode *n, const char *name, int64_t standard)
{
    OnnxAttr *a = take(n, name);
    return a && a->type == ATTR_INT_ ? a->value.at.i : standard;
}

static inline double take_float(OnnxNode *n, const char *name, double standard)
{
    OnnxAttr *a = take(n, name);
    return a && a->type == ATTR_FLOAT_ ? a->value.at.f : standard;
}

static inline bool unknown(OnnxNode *n, const char *why)
{
    n->why = why;
    return true;
}

/* Input `i`, of the four after those in the file that there is room for. */
static inline void set_input(OnnxNode *n, size_t i, ValueId v)
{
    while (n->nin <= i)
        n->in[n->nin++] = VALUE_NONE;
    n->in[i] = v;
}

/* A constant without axes. */
static inline bool make_number(Importer *im, DType t, double v, ValueId *out, Err *err)
{
    Tensor *s = tensor_new(t, 0, NULL, err);
    if (!s)
        return false;
    dtype_store(t, tensor_fill(s), dtype_convert(t, DT_float64, (Scalar){.f = v}));
    *out = gb_const(im->b, NULL, NULL, s);
    tensor_release(s);
    return true;
}

static inline GType type_of(Importer *im, const OnnxNode *n, size_t i)
{
    return i < n->nin && n->in[i] != VALUE_NONE ? gb_value(im->b, n->in[i])->type : gtype_unknown();
}

/* Room for the outputs of a node that its rule builds by itself. */
static inline void make(Importer *im, OnnxNode *n, size_t count)
{
    n->made = ARENA_ARRAY(im->A, ValueId, count);
    n->nmade = count;
}

/* A node made on the way, with one output. */
static inline bool helper(Importer *im, GraphOpId op, const ValueId *in, size_t nin,
                          const GArg *arg, size_t nargs, ValueId *out, Err *err)
{
    return gb_node(
        im->b,
        &(GNodeSpec){
            .op = &graph_op[op], .in = in, .nin = nin, .arg = arg, .nargs = nargs, .nout = 1},
        out, err);
}

/* ---- rules in files of their own ---- */

OnnxRule rule_attention;
OnnxRule rule_rotary_embedding;
OnnxRule rule_quantized_matmul, rule_quantized_conv, rule_softmax_loss;
OnnxRule rule_upsample, rule_resize_10;

#endif
