/* ops.c -- the table of operators, from graph_ops.def, and how a node looks at itself. */
#include "core/graph/ops.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *const fuse_class_name[] = {"elementwise", "broadcast",   "injective",
                                       "reduction",   "out-fusable", "opaque"};

#define OP(name, onnx, alias, fuse, infer, lower, flops, doc) static const OpArg in_##name[] = {
#define IN(op, name, kind, types)                             {#name, ARG_##kind, types},
#define OUT(op, name, kind)
#define ATTR(op, name, kind, standard, doc)
#define END(op) \
    {           \
        0       \
    }           \
    }           \
    ;
#include "core/graph/graph_ops.def"

#define OP(name, onnx, alias, fuse, infer, lower, flops, doc) static const OpArg out_##name[] = {
#define IN(op, name, kind, types)
#define OUT(op, name, kind) {#name, ARG_##kind, 0},
#define ATTR(op, name, kind, standard, doc)
#define END(op) \
    {           \
        0       \
    }           \
    }           \
    ;
#include "core/graph/graph_ops.def"

#define OP(name, onnx, alias, fuse, infer, lower, flops, doc) static const OpAttr attr_##name[] = {
#define IN(op, name, kind, types)
#define OUT(op, name, kind)
#define ATTR(op, name, kind, standard, doc) {#name, GA_##kind, standard, doc},
#define END(op) \
    {           \
        0       \
    }           \
    }           \
    ;
#include "core/graph/graph_ops.def"

/* How many of a kind a row has: each list above ends with one empty entry. */
#define COUNT(list) (sizeof(list) / sizeof((list)[0]) - 1)

/* The least number of inputs counts those that are required, and one of the variadic. */
#define OP(name, onnx, alias, fuse, infer, lower, flops, doc) enum { least_##name = 0
#define IN(op, name, kind, types)                             +(ARG_##kind != ARG_OPTIONAL)
#define OUT(op, name, kind)
#define ATTR(op, name, kind, standard, doc)
#define END(op) \
    }           \
    ;
#include "core/graph/graph_ops.def"

const GraphOp graph_op[] = {
#define OP(name, onnx, alias, fuse, infer, lower, flops, doc) \
    {#name,                                                   \
     onnx,                                                    \
     alias,                                                   \
     doc,                                                     \
     FUSE_##fuse,                                             \
     infer_##infer,                                           \
     lower_##lower,                                           \
     flops_##flops,                                           \
     in_##name,                                               \
     out_##name,                                              \
     attr_##name,                                             \
     COUNT(in_##name),                                        \
     COUNT(out_##name),                                       \
     COUNT(attr_##name),                                      \
     least_##name},
#define IN(op, name, kind, types)
#define OUT(op, name, kind)
#define ATTR(op, name, kind, standard, doc)
#define END(op)
#include "core/graph/graph_ops.def"
};

const size_t graph_op_count = sizeof graph_op / sizeof graph_op[0];

const GraphOp *graph_op_find(const char *name)
{
    for (size_t i = 0; i < graph_op_count; i++)
        if (!strcmp(graph_op[i].name, name) || !strcmp(graph_op[i].onnx, name))
            return &graph_op[i];
    return NULL;
}

GraphCall graph_call(Arena *A, const GNode *n, const GValue *const *values, GType *out, Err *err)
{
    const GValue **in = ARENA_ARRAY(A, const GValue *, n->nin + 1u);
    for (size_t i = 0; i < n->nin; i++)
        in[i] = n->in[i] == VALUE_NONE ? NULL : values[n->in[i]];
    for (size_t i = 0; i < n->nout; i++)
        out[i] = gtype_unknown();
    return (GraphCall){.A = A, .node = n, .in = in, .values = values, .out = out, .err = err};
}

void call_out(GraphCall *c, size_t i, DType t, int rank, const int64_t *dim)
{
    if (i >= c->node->nout)
        return;
    int64_t *copy = ARENA_ARRAY(c->A, int64_t, rank > 0 ? rank : 1); /* never NULL */
    if (rank > 0)
        mem_copy(copy, dim, (size_t)rank * sizeof *copy);
    c->out[i] = (GType){.dtype = (uint8_t)t, .rank = (int8_t)rank, .dim = copy};
}

void call_out_like(GraphCall *c, size_t i, size_t input)
{
    GType t = c->in[input]->type;
    call_out(c, i, t.dtype, t.rank, t.dim);
}

bool call_refuse(const GraphCall *c, const char *fmt, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    const GNode *n = c->node;
    return REFUSE(c->err, graph_types, n, n->alias, n->op->name, text, n->op->name);
}

bool call_axis(GraphCall *c, int64_t axis, int rank, int *out)
{
    if (!rank)
        return call_refuse(c, "a single number has no axes, so no axis %lld", (long long)axis);
    if (axis < -rank || axis >= rank)
        return call_refuse(c, "axis %lld is not among the %d axes (from %d to %d)", (long long)axis,
                           rank, -rank, rank - 1);
    *out = (int)(axis < 0 ? axis + rank : axis);
    return true;
}

bool call_cannot(const GraphCall *c, const char *fmt, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    const GNode *n = c->node;
    return REFUSE(c->err, graph_unsupported, n, n->alias, text, n->op->name);
}
