/* ops.h -- the operators a graph may use: a table, graph_ops.def, and what its rows point to.
**
** A row says everything the workbench knows of an operator: names, inputs, outputs, attributes with
** their defaults, the rule that gives types to its outputs, its class for fusion, what it costs,
** and how it becomes tensor expressions.  Importers, the builder, the text form, passes, help and
** the list of what is supported read the rows; none of them knows an operator by name.
*/
#ifndef CORE_GRAPH_OPS_H
#define CORE_GRAPH_OPS_H

#include "core/graph/graph.h"
#include "core/te/te.h"

/* How an operator may be computed together with its neighbours (the classes are Relay's):
** the first three make output elements from single input elements. */
typedef enum FuseClass {
    FUSE_ELEMENTWISE, /* out[i] from in[i] */
    FUSE_BROADCAST,   /* the same, where inputs may be stretched */
    FUSE_INJECTIVE,   /* out[i] from one in[f(i)] */
    FUSE_REDUCTION,   /* out[i] from many elements */
    FUSE_OUT_FUSABLE, /* a reduction with structure, worth an elementwise tail: conv, matmul */
    FUSE_OPAQUE       /* stands alone */
} FuseClass;
extern const char *const fuse_class_name[];

/* What element types an input admits, and whether all inputs marked so agree in type. */
enum {
    TY_NONE = 0,
    TY_FLOAT = 1,
    TY_INT = 2,
    TY_BOOL = 4,
    TY_SAME = 8,
    TY_I64 = 16,
    /* Its elements decide shapes or loops: they must be known to lower the node */
    TY_FIXED = 32,
    TY_NUM = TY_FLOAT | TY_INT,
    TY_ANY = TY_NUM | TY_BOOL
};

typedef enum ArgKind { ARG_REQUIRED, ARG_OPTIONAL, ARG_VARIADIC } ArgKind;

typedef struct OpArg {
    const char *name;
    uint8_t kind; /* ArgKind */
    uint8_t types;
} OpArg;

typedef struct OpAttr {
    const char *name;
    uint8_t kind;         /* GAttrKind */
    const char *standard; /* the default as text; "" where the attribute may be absent;
                             NULL where it must be given */
    const char *doc;
} OpAttr;

typedef struct GraphCall GraphCall;
typedef struct LowerCall LowerCall;

struct GraphOp {
    const char *name;  /* "max_pool" */
    const char *onnx;  /* "MaxPool" */
    const char *alias; /* what its nodes are called before the number: "pool" */
    const char *doc;
    FuseClass fuse;
    bool (*infer)(GraphCall *c);    /* types of the outputs */
    bool (*lower)(LowerCall *c);    /* as tensor expressions; NULL where only folding knows it */
    int64_t (*flops)(GraphCall *c); /* arithmetic on elements; NULL for none */
    const OpArg *in, *out;
    const OpAttr *attr;
    uint8_t nin, nout, nattrs; /* how many are in the row */
    uint8_t min_in;
};

extern const GraphOp graph_op[];
extern const size_t graph_op_count;

typedef enum GraphOpId {
#define OP(name, onnx, alias, fuse, infer, lower, flops, doc) GOP_##name,
#define IN(op, name, kind, types)
#define OUT(op, name, kind)
#define ATTR(op, name, kind, standard, doc)
#define END(op)
#include "core/graph/graph_ops.def"
    GOP_COUNT
} GraphOpId;

/* Attribute indices: A_conv_strides. */
#define OP(name, onnx, alias, fuse, infer, lower, flops, doc) enum {
#define IN(op, name, kind, types)
#define OUT(op, name, kind)
#define ATTR(op, name, kind, standard, doc) A_##op##_##name,
#define END(op) \
    NA_##op     \
    }           \
    ;
#include "core/graph/graph_ops.def"

static inline bool gnode_is(const GNode *n, GraphOpId id)
{
    return n->op == &graph_op[id];
}

/* The operator of this name ("max_pool" or "MaxPool"); NULL if there is none. */
const GraphOp *graph_op_find(const char *name);

/* Is this the value that the row gives an attribute that is not mentioned?  A list with an entry
** for each axis is absent then. */
bool graph_attr_is_standard(const OpAttr *row, const GAttr *a);

/* ---- a node's own view of itself, for infer and flops ---- */
struct GraphCall {
    Arena *A;
    const GNode *node;
    const GValue *const *in;     /* NULL where absent */
    const GValue *const *values; /* of the graph, by id */
    GType *out;
    Err *err;
};

/* Fill in a call for node `n` of a graph's values. */
GraphCall graph_call(Arena *A, const GNode *n, const GValue *const *values, GType *out, Err *err);

static inline const GAttr *call_attr(const GraphCall *c, int i)
{
    return &c->node->attr[i];
}
static inline int64_t call_int(const GraphCall *c, int i)
{
    return c->node->attr[i].at.i;
}
static inline double call_float(const GraphCall *c, int i)
{
    return c->node->attr[i].at.f;
}
static inline const char *call_str(const GraphCall *c, int i)
{
    return c->node->attr[i].at.s;
}

static inline bool call_has(const GraphCall *c, size_t i)
{
    return i < c->node->nin && c->in[i];
}
static inline GType call_type(const GraphCall *c, size_t i)
{
    return c->in[i]->type;
}
static inline int call_rank(const GraphCall *c, size_t i)
{
    return c->in[i]->type.rank;
}
static inline int64_t call_dim(const GraphCall *c, size_t i, int d)
{
    return c->in[i]->type.dim[d];
}

/* The integers that input i holds, where they are known: false if it is absent or not known. */
bool call_const_ints(const GraphCall *c, size_t i, const int64_t **v, size_t *n);
/* The first element of input i as a number, where it is known. */
bool call_const_number(const GraphCall *c, size_t i, double *v);

/* How many dimensions input i, a shape, speaks of, where what it says is not known; -1: not even
** that. Such a shape's dimensions are dims_unknown. */
int call_shape_length(const GraphCall *c, size_t i);
extern const int64_t dims_unknown[GRAPH_MAX_RANK];

/* Is input i, where it is there, a single number (a scalar or a list of one) / a list of n entries
** / a shape that stretches to `to`?  Each refuses, with the shapes, where it is not. */
bool call_one_number(const GraphCall *c, size_t i);
bool call_list_of(const GraphCall *c, size_t i, int64_t n);
bool call_stretches(const GraphCall *c, size_t i, GType to);

/* How much arithmetic the node does, by its row, for values of these types; -1 where one is not
** static. */
int64_t gnode_flops(const GNode *n, const GValue *const *values);

/* a * b for counts of operations, at most 2^53: beyond that nobody counts. */
int64_t flops_times(int64_t a, int64_t b);

/* Set an output's type.  `dim` is copied; -1 for the rank says that it is not known. */
void call_out(GraphCall *c, size_t i, DType t, int rank, const int64_t *dim);
void call_out_like(GraphCall *c, size_t i, size_t input);

/* `axis` counted from 0, where it is in [-rank, rank). */
bool call_axis(GraphCall *c, int64_t axis, int rank, int *out);

/* The value of a shape or size node, owned by the caller; false where its input's
** shape is not known. */
bool graph_known_shape(const GraphCall *c, Tensor **known);

/* Refuse: "conv1: conv's kernel is 5 wide, its padded input 4". */
bool call_refuse(const GraphCall *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same for what is right, but not known here. */
bool call_cannot(const GraphCall *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- lowering ---- */

/* One node on its way to tensor expressions.  Types are static here.  An input becomes a buffer
** of the Func only when the rule asks for it, so that a shape is not passed at run time. */
struct LowerCall {
    GraphCall call;
    Te *te;
    const char *name; /* what the stage of output 0 is called: the node's alias */
    const Node *(*input)(LowerCall *l, size_t i);
    void *env;        /* of `input` */
    const Node **out; /* one stage for each output */
};

static inline const Node *lower_in(LowerCall *l, size_t i)
{
    return l->input(l, i);
}

/* ---- the rules, for the table ---- */
#define OP(name, onnx, alias, fuse, infer, lower, flops, doc) \
    bool infer_##infer(GraphCall *c);                         \
    bool lower_##lower(LowerCall *l);                         \
    int64_t flops_##flops(GraphCall *c);
#define IN(op, name, kind, types)
#define OUT(op, name, kind)
#define ATTR(op, name, kind, standard, doc)
#define END(op)
#include "core/graph/graph_ops.def"

#endif
