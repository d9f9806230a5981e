/* graph.h -- a model as a graph of operators.
**
** A Graph is an immutable array of immutable nodes in topological order; its edges are value ids.
** Changing one node leaves the other nodes and values the same pointers, and a value keeps its id
** in every graph made from this one, so that two versions of a model are compared by pointer.
**
**      graph digits(x: float32[1, 1, 32, 32]) -> (y: float32[1, 10]):
**        conv1: float32[1, 8, 32, 32] = conv(x, conv1.w: float32[8, 1, 3, 3] data<9f…>, pads=[1, 1, 1, 1])
**        relu1: float32[1, 8, 32, 32] = relu(conv1)
**
** A node has a short alias, unique in its graph, made from its operator and its place; the value a
** node computes is called like the node, or `split1.0`, `split1.1` where it computes several. What
** a model file calls them is kept beside as `origin`.
**
** Nodes, values and graphs live in the graph's arena, which retains those of the graphs it was
** made from; constants are reference-counted tensors that the arena owns.
*/
#ifndef CORE_GRAPH_GRAPH_H
#define CORE_GRAPH_GRAPH_H

#include "core/base/arena.h"
#include "core/base/dtype.h"
#include "core/base/fingerprint.h"
#include "core/base/vec.h"
#include "core/run/tensor.h"

typedef struct GraphOp GraphOp; /* a row of graph_ops.def: see ops.h */

typedef uint32_t ValueId;
#define VALUE_NONE UINT32_MAX /* an optional input that is absent */

enum { GRAPH_MAX_RANK = 16 };
#define GRAPH_MAX_ELEMENTS ((int64_t)1 << 40)

/* A dimension: a size from 0 up; or DIM_ANY, about which nothing is known; or one of the graph's
** symbols ("batch"), equal to itself and nothing else. */
#define DIM_ANY INT64_MIN
static inline bool dim_known(int64_t d)
{
    return d >= 0;
}
static inline int64_t dim_symbol(uint32_t symbol)
{
    return -1 - (int64_t)symbol;
}
static inline bool dim_is_symbol(int64_t d)
{
    return d < 0 && d != DIM_ANY;
}
static inline uint32_t dim_symbol_index(int64_t d)
{
    return (uint32_t)(-1 - d);
}

/* What is known of a value: dtype DT_COUNT and rank -1 mean nothing is. */
typedef struct GType {
    uint8_t dtype;
    int8_t rank;
    const int64_t *dim;
} GType;

static inline GType gtype_unknown(void)
{
    return (GType){.dtype = DT_COUNT, .rank = -1};
}

/* Are dtype, rank and every dimension known as numbers? */
bool gtype_static(GType t);
bool gtype_equal(GType a, GType b);

/* Do the dimensions that are known leave room for a tensor: at most GRAPH_MAX_ELEMENTS? */
bool gtype_possible(GType t);

/* Elements of a static type; -1 where it is not static. */
int64_t gtype_elements(GType t);

typedef struct GValue {
    const char *name;   /* as the text form writes it; unique in the graph */
    const char *origin; /* its name in the model file, or NULL */
    GType type;
    Tensor *data; /* its elements: always there for a constant, and for a node's value where
                           shape inference found them out */
} GValue;

/* Attributes of a node are explicit: a node has all its operator has, defaults included. */
typedef enum GAttrKind {
    GA_NONE, /* optional and absent */
    GA_INT,
    GA_FLOAT,
    GA_STR,
    GA_INTS,
    GA_FLOATS,
    GA_DTYPE
} GAttrKind;

typedef struct GAttr {
    uint8_t kind; /* GAttrKind */
    uint32_t n;   /* of INTS and FLOATS */
    union {
        int64_t i;
        double f; /* rounded to float32, as models store it */
        const char *s;
        const int64_t *is;
        const double *fs;
        DType t;
    } at;
} GAttr;

typedef struct GNode {
    const GraphOp *op;
    const char *alias;  /* "conv1" */
    const char *origin; /* its name in the model file, or NULL */
    const GAttr *attr;  /* as many as the operator has, in its row's order */
    uint16_t nin, nout;
    const ValueId *in; /* VALUE_NONE where an optional input is absent */
    const ValueId *out;
} GNode;

typedef struct GOutput {
    const char *name;
    ValueId value;
} GOutput;

/* Nodes [first, first + n) are computed together, by one Func. */
typedef struct GGroup {
    const char *name; /* the alias of the node that the group is about */
    uint32_t first, n;
} GGroup;

/* Why an edge between two nodes is, or is not, inside a group. */
typedef struct GEdge {
    const char *from, *to; /* aliases */
    ValueId value;
    bool fused;
    const char *why;
} GEdge;

typedef struct Graph Graph;
struct Graph {
    Arena *arena;
    const char *name;
    const char *source; /* where it came from: "mnist-8.onnx, ONNX opset 8, CNTK 2.5.1"; or NULL */

    uint32_t nvalues, nnodes, ninputs, noutputs, nsymbols, ngroups, nedges;
    const GValue *const *value; /* by id; NULL where a pass removed it */
    const GNode *const *node;   /* every node after those it reads from */
    const ValueId *input;
    const GOutput *output;
    const char *const *symbol;
    const int32_t *producer; /* by value: the index of its node; -1 for inputs and constants */
    const GGroup *group;     /* none before fusion; afterwards they cover all nodes in order */
    const GEdge *edge;       /* what fusion decided, edge by edge */
};

static inline const GValue *graph_value(const Graph *g, ValueId v)
{
    return g->value[v];
}

/* A constant is a value with data that no node computes. */
static inline bool graph_is_const(const Graph *g, ValueId v)
{
    return g->producer[v] < 0 && g->value[v]->data;
}

Graph *graph_retain(Graph *g);
void graph_release(Graph *g);

/* The index of the node with this alias, or this name in the model file; -1 if there is none. */
int32_t graph_find_node(const Graph *g, const char *name);

/* The value of this name (text form or model file); VALUE_NONE if there is none. */
ValueId graph_find_value(const Graph *g, const char *name);

/* Node indices that read each value: uses of v are at[start[v]] … at[start[v + 1] - 1]. */
typedef struct GUses {
    const uint32_t *start, *at;
} GUses;
GUses graph_uses(const Graph *g, Arena *a);
bool graph_is_output(const Graph *g, ValueId v);

/* Do two graphs compute the same thing in the same way?  Names of values and nodes, and where
** they came from, do not matter; nor does the order of nodes that do not depend on each other,
** for the fingerprint walks from the outputs. */
bool graph_equal(const Graph *a, const Graph *b);
Fingerprint graph_fingerprint(const Graph *g);

/* Checks every rule a graph must keep: order, arity, attribute kinds, names, groups.  Types are
** checked against shape inference only where `types` asks for it, which costs more. */
bool graph_verify(const Graph *g, bool types, Err *err);

/* ---- binding ---- */

/* The graph for particular sizes of its symbols, for particular types of inputs whose shapes the
** model does not say, and for particular elements of some inputs, which are no inputs any more:
** types and known values follow from them. */
typedef struct GBinding {
    size_t nsizes, ntyped, ninputs;
    const ValueId *typed;
    const GType *type;
    const char *const *symbol;
    const int64_t *size;
    const ValueId *input;
    Tensor *const *data;
} GBinding;
Graph *graph_bind(Graph *g, const GBinding *to, Err *err);

/* The sizes that are free, "batch, seq", and Lua's table that binds them, "{batch = 1, seq = 1}";
** "" and "{}" where none is; of many only the first. */
const char *graph_free_sizes(Arena *A, const Graph *g);
const char *graph_binding_text(Arena *A, const Graph *g);

/* Binds what the shapes of these inputs (in g's order) say of its symbols, and the elements of
** those inputs that decide shapes; the bound graph has the other inputs left, in the same order. */
Graph *graph_bind_to(Graph *g, Tensor *const *in, Err *err);

/* ---- building ---- */

/* A graph under construction.  Everything goes to its arena; gb_finish gives the graph, or the
** caller releases the arena to forget it.
**
**      GraphBuilder *b = gb_new(NULL, "digits");
**      ValueId x = gb_input(b, "x", type);
**      ValueId y;
**      if (!gb_op(b, "relu", &x, 1, NULL, 0, &y, 1, &err)) …
**      gb_output(b, "y", y);
**      Graph *g = gb_finish(b, &err);
*/
typedef struct GraphBuilder GraphBuilder;

/* One attribute as a caller gives it, by name. */
typedef struct GArg {
    const char *name;
    GAttr value;
} GArg;

/* An empty builder; or one that begins with everything `from` has. */
GraphBuilder *gb_new(Graph *from, const char *name);
Arena *gb_arena(GraphBuilder *b);
void gb_set_name(GraphBuilder *b, const char *name);
void gb_set_source(GraphBuilder *b, const char *source);
void gb_drop(GraphBuilder *b);

/* The symbol of that name, made if there is none / a new one, called so or similarly.  Names are
** made plain, as the text form writes them. */
uint32_t gb_symbol(GraphBuilder *b, const char *name);
uint32_t gb_new_symbol(GraphBuilder *b, const char *name);
GType gb_type(GraphBuilder *b, DType t, int rank, const int64_t *dim);
ValueId gb_input(GraphBuilder *b, const char *name, const char *origin, GType type);

/* A constant; keeps a reference to the tensor.  `name` may be NULL: it then gets its name from
** the first node that reads it ("conv1.w"). */
ValueId gb_const(GraphBuilder *b, const char *name, const char *origin, Tensor *data);
ValueId gb_const_ints(GraphBuilder *b, int rank, const int64_t *v, size_t n);

/* A node that will be added is called so in the model file; `origin` may be NULL.  No other node
** gets this for an alias, so that a name is never that of one node here and of another there. */
void gb_reserve(GraphBuilder *b, const char *origin);

/* A node: its attributes are checked against the operator's row and completed, its outputs get
** types by inference.  `alias` NULL makes one.  Values go to out[0 … nout-1]. */
typedef struct GNodeSpec {
    const GraphOp *op;
    const char *alias, *origin;
    const ValueId *in;
    size_t nin;
    const GArg *arg;
    size_t nargs;
    size_t nout;
    const char *const *out_origin; /* may be NULL */
} GNodeSpec;
bool gb_node(GraphBuilder *b, const GNodeSpec *spec, ValueId *out, Err *err);

void gb_output(GraphBuilder *b, const char *name, ValueId v);

const GValue *gb_value(const GraphBuilder *b, ValueId v);
const GValue *const *gb_values(const GraphBuilder *b); /* by id, until one is added */
/* Keeps a reference to a tensor for as long as the graph. */
void gb_keep(GraphBuilder *b, Tensor *t);

/* Makes the input `v` a constant; it is no input any more, and keeps its id. */
void gb_fix_input(GraphBuilder *b, ValueId v, Tensor *data);

/* Asks every node's rule again for its outputs' types, in order; counts those that changed. */
bool gb_infer(GraphBuilder *b, uint32_t *changed, Err *err);

/* Replace what is known of a value, keeping its id. */
void gb_set_value(GraphBuilder *b, ValueId v, GValue value);

/* Editing a builder made from a graph: node indices are the builder's own. */
const GNode *gb_node_at(const GraphBuilder *b, uint32_t i);
void gb_replace_node(GraphBuilder *b, uint32_t i, const GNode *n); /* NULL removes it */
void gb_redirect(GraphBuilder *b, ValueId from, ValueId to);       /* all later reads of `from` */
void gb_set_groups(GraphBuilder *b, const uint32_t *order, const GGroup *group, uint32_t ngroups,
                   const GEdge *edge, uint32_t nedges);

/* The graph: nodes removed are gone, values nobody has are forgotten, order and rules checked.
** On failure the builder and its arena are gone too. */
Graph *gb_finish(GraphBuilder *b, Err *err);

#endif
