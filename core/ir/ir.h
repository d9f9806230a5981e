/* ir.h -- the loop IR: one uniform, immutable node.
**
** A program is a tree of nodes under a Func.  Expressions are values and may be shared; statements
** are places and stand in one place only.  A pass builds a new tree and shares every subtree that
** it leaves alone, so "unchanged" is a comparison of pointers.
**
** Var and Buffer nodes have identity: two are the same only if they are the same pointer.  A loop
** is known by its Var, which survives every rewrite around it; a block by its name, unique in its
** Func. Loop names are unique along each path from the root, buffer names in the whole Func.
**
** What a program means (every pass may rely on it, every backend must keep it):
**  - Index expressions are int64.  Integer arithmetic wraps to the type's width.  Division rounds
**    as the operator says, and by zero gives 0; so no expression has undefined behaviour but an
**    access outside its buffer.
**  - Float arithmetic is IEEE 754, one rounding for each operation; only Fma contracts.  No
**    reassociation, no assumption that NaN, infinities or -0 do not occur.
**  - Select, And and Or evaluate only what they need; a Load that is not needed does not happen.
**  - A For runs var = 0 .. extent-1.  Under `parallel` or a thread axis the
**    iterations run in any order and may overlap; under `vectorized` every statement
**    runs for all lanes before the next one.
**  - A Block gives each axis its value, and if `where` holds runs init (where each reduce axis has
**    the value 0), then body.  Where there is an init, the reduce axes are 0 in the first iteration
**    of the loops.  `where` sees the axes and, where no axis has their name, the loops around; init
**    and body see the axes alone.
**  - Update combines `value` into an element by its combiner; where the block has an init, that
**    store starts the element.
**  - Sizes are numbers: the shape of a Buffer and the extents of a window are integers of at least
**    0.  The extent of a loop is any expression; one below 0 is as 0.
**  - An Alloc's memory holds nothing in particular at first.  Buffer indices always count in the
**    buffer's own index space; the window says which part of it exists, and where that part is
**    stored is the lowering's business.
**
** Example: C = A + 1 as nodes is
**    Func "f" (List A) (List C)
**      For i 64 : Block "C" [Iter i' = i] : Store C (Add (Load A i') 1) i'
*/
#ifndef CORE_IR_IR_H
#define CORE_IR_IR_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/dtype.h"
#include "core/base/err.h"
#include "core/base/fingerprint.h"

typedef enum Op {
#define NODE(name, cls, attr, flags, doc) OP_##name,
#define KID(name, field, cls)
#define REST(name, field, cls)
#define END(name)
#include "core/ir/ir_ops.def"
    OP_COUNT
} Op;

/* Child indices: For_body, Load_index (the first of the rest); For_NKIDS is the least number. */
#define NODE(name, cls, attr, flags, doc) enum {
#define KID(name, field, cls)             name##_##field,
#define REST(name, field, cls)            name##_##field, name##_before_rest = name##_##field - 1,
#define END(name) \
    name##_NKIDS  \
    }             \
    ;
#include "core/ir/ir_ops.def"

typedef enum NodeClass {
    CLASS_EXPR,
    CLASS_VAR,
    CLASS_BUFFER,
    CLASS_LIST,
    CLASS_PART,
    CLASS_STMT,
    CLASS_FUNC,
    CLASS_ANY
} NodeClass;
typedef enum AttrKind {
    ATTR_NONE,
    ATTR_INT,
    ATTR_FLOAT,
    ATTR_NAME, /* from here on it points to something */
    ATTR_VAR,
    ATTR_BUF,
    ATTR_BLOCK
} AttrKind;
enum {
    OPF_COMMUTES = 1,  /* a and b may change places */
    OPF_COMPARE = 2,   /* gives bool */
    OPF_LOGIC = 4,     /* takes and gives bool */
    OPF_INT = 8,       /* integers (and bool) only */
    OPF_IMM = 16,      /* a literal */
    OPF_IDENTITY = 32, /* equal only to itself */
    OPF_BINDS = 64,    /* brings names into scope */
};

typedef enum ForKind {
#define FOR_KIND(name, written, doc) FOR_##name,
#include "core/ir/for_kinds.def"
    FOR_COUNT
} ForKind;

typedef enum Combiner {
#define COMBINER(name, written, doc) COMB_##name,
#include "core/ir/combiners.def"
    COMB_COUNT
} Combiner;

typedef enum IterKind { ITER_spatial, ITER_reduce } IterKind;
typedef enum Scope { SCOPE_global, SCOPE_shared, SCOPE_local, SCOPE_COUNT } Scope;

/* Where a loop or an axis comes from; none of it counts for equality. */
typedef struct VarInfo {
    const char *name;
    const char *axes; /* as first written: "y", of a fused loop "y x"; NULL: its own name */
    int step;         /* the schedule step that made it; 0 as written */
} VarInfo;

typedef struct BufInfo {
    const char *name;
    Scope scope;
} BufInfo;

typedef struct BlockInfo {
    const char *name;
    const char *from; /* the graph operator it computes, or NULL */
    int step;         /* the schedule step that made it; 0 as written */
} BlockInfo;

typedef union Attr {
    int64_t i;
    double f;
    const char *name;
    const VarInfo *var;
    const BufInfo *buf;
    const BlockInfo *block;
} Attr;

typedef struct Node Node;
struct Node {
    uint8_t op;     /* Op */
    uint8_t type;   /* DType of an expression, element type of a buffer; else 0 */
    uint16_t depth; /* 1 + the deepest child's; bounds every recursion over IR */
    uint32_t nkids;
    uint32_t hash; /* trees that are the same have the same hash */
    uint32_t size; /* nodes in the tree, a shared one counted wherever it stands; saturates */
    Attr at;       /* which member: op_info[op].attr */
    const Node *kid[];
};

/* Deeper trees and bigger expressions are refused where programs enter (parser, te,
** schedule steps). */
enum { IR_MAX_DEPTH = 512, IR_MAX_EXPR = 20000, IR_MAX_RANK = 16 };

typedef struct KidInfo {
    const char *field;
    NodeClass cls;
    bool rest;
} KidInfo;

typedef struct OpInfo {
    const char *name;
    const char *doc;
    NodeClass cls;
    AttrKind attr;
    uint8_t flags;
    uint8_t nkids;      /* the least number */
    uint8_t level;      /* of an infix operator; 0 if it is none */
    const char *symbol; /* of a binary operator, "+" or "min" */
    const KidInfo *kids;
} OpInfo;

extern const OpInfo op_info[OP_COUNT];
extern const char *const for_kind_text[FOR_COUNT];  /* "range", "parallel", … "threadIdx.x" */
extern const char *const combiner_name[COMB_COUNT]; /* "sum" */
extern const char *const combiner_text[COMB_COUNT]; /* "+=" */
extern const char *const scope_name[SCOPE_COUNT];   /* "global" */

static inline bool for_is_block_axis(ForKind k)
{
    return k >= FOR_block_x && k <= FOR_block_z;
}
static inline bool for_is_thread_axis(ForKind k)
{
    return k >= FOR_thread_x && k <= FOR_thread_z;
}
static inline bool for_is_bound(ForKind k)
{
    return k >= FOR_block_x;
}

/* The one constructor.  Children's classes are asserted against the table. */
const Node *ir_make(Arena *A, Op op, DType type, Attr at, size_t nkids, const Node *const *kids);

/* Children are named, so a call reads like the IR it makes:
**     ir_node(A, If, 0, (Attr){0}, [If_cond] = c, [If_then] = s, [If_otherwise] = nop) */
#define ir_node(A, name, type, attr, ...)                 \
    ir_make((A), OP_##name, (type), (attr), name##_NKIDS, \
            (const Node *const[name##_NKIDS]){__VA_ARGS__})

/* `n` with other children, or `n` itself if none differs. */
const Node *ir_with_kids(Arena *A, const Node *n, const Node *const *kids);
/* The same Load, Store or Update, of another buffer at another index. */
const Node *ir_access_at(Arena *A, const Node *access, const Node *buffer, size_t rank,
                         const Node *const *index);
/* `n` with child `i` replaced. */
const Node *ir_with_kid(Arena *A, const Node *n, size_t i, const Node *kid);

/* ---- expressions ---- */
const Node *ir_int(Arena *A, DType t, int64_t v);
const Node *ir_float(Arena *A, DType t, double v); /* rounded to t; every NaN is the same */
const Node *ir_const(Arena *A, DType t, double v); /* of either kind, as t asks */
const Node *ir_idx(Arena *A, int64_t v);           /* int64: an index */
const Node *ir_bool(Arena *A, bool v);
const Node *ir_scalar(Arena *A, DType t, Scalar v);
const Node *ir_var(Arena *A, const char *name); /* int64, a new identity */
const Node *ir_var_like(Arena *A, DType t, const char *name, const char *axes, int step);
const Node *ir_binary(Arena *A, Op op, const Node *a, const Node *b);
const Node *ir_cast(Arena *A, DType t, const Node *a); /* `a` itself if it has type t */
const Node *ir_select(Arena *A, const Node *cond, const Node *a, const Node *b);
const Node *ir_not(Arena *A, const Node *a);
const Node *ir_call(Arena *A, DType t, const char *name, size_t n, const Node *const *args);
const Node *ir_load(Arena *A, const Node *buffer, size_t n, const Node *const *index);

/* Index arithmetic that folds constants and neutral elements as it builds. */
const Node *ix_add(Arena *A, const Node *a, const Node *b);
const Node *ix_sub(Arena *A, const Node *a, const Node *b);
const Node *ix_mul(Arena *A, const Node *a, const Node *b);
const Node *ix_div(Arena *A, const Node *a, const Node *b); /* floor */
const Node *ix_mod(Arena *A, const Node *a, const Node *b); /* floor */
const Node *ix_min(Arena *A, const Node *a, const Node *b);
const Node *ix_max(Arena *A, const Node *a, const Node *b);
/* a and b, where a literal true is dropped. */
const Node *ir_and(Arena *A, const Node *a, const Node *b);

/* ---- other nodes ---- */
const Node *ir_buffer(Arena *A, DType t, const char *name, Scope scope, size_t rank,
                      const Node *const *shape);
const Node *ir_list(Arena *A, size_t n, const Node *const *items);
const Node *ir_iter(Arena *A, IterKind kind, const Node *var, const Node *value);
const Node *ir_range(Arena *A, const Node *min, const Node *extent);
const Node *ir_for(Arena *A, ForKind kind, const Node *var, const Node *extent, const Node *body);
const Node *ir_store(Arena *A, const Node *buffer, size_t n, const Node *const *index,
                     const Node *value);
const Node *ir_update(Arena *A, Combiner c, const Node *buffer, size_t n, const Node *const *index,
                      const Node *value);
/* A Seq of those statements, flattened, without Nops; a lone statement stays itself. */
const Node *ir_seq(Arena *A, size_t n, const Node *const *stmts);
const Node *ir_nop(Arena *A);
/* `init` is a Nop where nothing starts; `where` a literal true where all instances run. */
const Node *ir_block(Arena *A, const BlockInfo *info, const Node *iters, const Node *where,
                     const Node *init, const Node *body);
const Node *ir_alloc(Arena *A, const Node *buffer, const Node *window, const Node *body);
const Node *ir_if(Arena *A, const Node *cond, const Node *then, const Node *otherwise);
const Node *ir_func(Arena *A, const char *name, const Node *params, const Node *results,
                    const Node *body);

/* The value a reduction starts from, in type t. */
const Node *ir_identity(Arena *A, Combiner c, DType t);
/* combine(a, v) as an expression. */
const Node *ir_combine(Arena *A, Combiner c, const Node *a, const Node *v);

/* ---- reading ---- */
static inline bool ir_is_int(const Node *n, int64_t v)
{
    return n->op == OP_IntImm && n->at.i == v;
}
static inline bool ir_is_literal(const Node *n)
{
    return n->op == OP_IntImm || n->op == OP_FloatImm;
}
/* Is `kid` allowed where the table asks for the class? */
static inline bool ir_class_fits(NodeClass cls, const Node *kid)
{
    return cls == op_info[kid->op].cls || cls == CLASS_ANY ||
           (cls == CLASS_VAR && kid->op == OP_Var);
}
/* The same for a row of the table; the one behind the last, of no field, lets none in. */
static inline bool ir_kid_fits(const KidInfo *k, const Node *kid)
{
    return k->field && ir_class_fits(k->cls, kid);
}
static inline bool ir_is_stmt(const Node *n)
{
    return op_info[n->op].cls == CLASS_STMT;
}
/* The statements among the children are the last, from this one on; tests/unit/ir.c holds it
** against the table. */
extern const uint8_t ir_stmts_from[OP_COUNT]; /* 1 + the first, or 0 */
static inline size_t ir_first_stmt(const Node *n)
{
    return ir_stmts_from[n->op] ? ir_stmts_from[n->op] - 1u : n->nkids;
}
static inline bool ir_is_true(const Node *n)
{
    return ir_is_int(n, 1) && n->type == DT_bool;
}
static inline const char *ir_var_name(const Node *v)
{
    return v->at.var->name;
}
/* The axes as first written that a loop or an axis counts in: "y", of a fused loop "y x". */
static inline const char *ir_var_axes(const Node *v)
{
    return v->at.var->axes ? v->at.var->axes : v->at.var->name;
}
/* Is the axis, the first `n` letters at `axis`, among them? */
bool ir_axes_have(const char *axes, const char *axis, size_t n);
static inline const char *ir_buf_name(const Node *b)
{
    return b->at.buf->name;
}
static inline const char *ir_block_name(const Node *b)
{
    return b->at.block->name;
}
/* Most names differ in their first letter. */
static inline bool ir_same_name(const char *a, const char *b)
{
    return *a == *b && strcmp(a, b) == 0;
}
static inline ForKind ir_for_kind(const Node *f)
{
    return (ForKind)f->at.i;
}
/* Is it one of the parent's kids, as a buffer is of a Func's results? */
static inline bool ir_has_kid(const Node *parent, const Node *kid)
{
    for (uint32_t i = 0; i < parent->nkids; i++)
        if (parent->kid[i] == kid)
            return true;
    return false;
}
static inline size_t ir_rank(const Node *buffer)
{
    return buffer->nkids;
}

/* The extent of dimension d. */
static inline int64_t ir_dim(const Node *buffer, size_t d)
{
    return buffer->kid[Buffer_shape + d]->at.i;
}
/* Elements of a buffer; a program that verifies has room to count them, also in bytes. */
int64_t ir_elements(const Node *buffer);
/* How much of dimension d an Alloc has: of its window, or of the whole buffer. */
int64_t ir_alloc_extent(const Node *alloc, size_t d);
static inline bool ir_is_access(const Node *n)
{
    return n->op == OP_Load || n->op == OP_Store || n->op == OP_Update;
}
/* Of a Load, Store or Update, whose first child is the buffer: one expression a dimension. */
static inline const Node *const *ir_index(const Node *access)
{
    return &access->kid[access->op == OP_Load ? Load_index : Store_index];
}
static inline int64_t ir_const_int(const Node *n, int64_t otherwise)
{
    return n->op == OP_IntImm ? n->at.i : otherwise;
}

/* Are the two the same tree?  Vars and Buffers by identity. */
bool ir_same(const Node *a, const Node *b);
/* Does `n` mention the Var or Buffer `what`? */
bool ir_mentions(const Node *n, const Node *what);
/* Does `n` read memory?  Then an expression's value depends on when it is evaluated. */
bool ir_loads(const Node *n);

/* Equal for programs that differ at most in the spelling of names and in provenance. */
Fingerprint ir_fingerprint(const Node *root);
static inline bool ir_equal(const Node *a, const Node *b)
{
    return fp_equal(ir_fingerprint(a), ir_fingerprint(b));
}

/* What each binary operator gives on literals of type t; the same everywhere constants are folded
** and in both interpreters. */
Scalar ir_eval_binary(Op op, DType t, Scalar a, Scalar b);

#endif
