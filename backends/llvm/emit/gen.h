/* gen.h -- the code generator's state: one lowered Func on its way to LLVM IR.
**
** Code is emitted as the schedule says it.  Inside vectorised loops every expression is either
** uniform (one scalar for all lanes) or a vector of `lanes` elements, and a condition that differs
** from lane to lane becomes a mask.  Unrolled loops become straight code; small allocations become
** entry-block allocas, which one `sroa` pass turns into registers.
**
** What does not change in a loop is computed outside it from the start: each loop has an anchor
** at the top of its body, and an index term goes before the anchor of the deepest loop that it
** mentions.  So no pass has to hoist anything.
**
**      gen.c      state, constants, calls of intrinsics, bindings
**      affine.c   index expressions as  constant + sum of coef * term + lane offsets
**      expr.c     expressions                    arith.c   one operation of a type
**      access.c   loads and stores               update.c  reductions
**      promote.c  elements kept in registers     check.c   indices against dimensions
**      stmt.c     statements and loops           func.c    whole kernels, parallel bodies
**      gpu.c      kernels for GPUs
*/
#ifndef BACKENDS_LLVM_EMIT_GEN_H
#define BACKENDS_LLVM_EMIT_GEN_H

#include <llvm-c/Core.h>

#include "backends/cuda/plan.h"
#include "backends/llvm/emit/lines.h"
#include "backends/llvm/emit/target.h"
#include "core/base/vec.h"
#include "core/ir/ir.h"
#include "core/ir/simplify.h"

/* A scalar, or a vector of as many elements as there are lanes. */
typedef struct Val {
    LLVMValueRef v;
    bool vec;
} Val;

enum { MAX_LANES = 256, MAX_TERMS = 16, LEVEL_HERE = INT32_MAX };

/* A Var in scope.  A loop variable is v + c, and in a vectorised loop plus the lane's number in
** that loop; a name bound by Let is `let`. */
typedef struct VarBind {
    const Node *var;
    LLVMValueRef v; /* NULL: nothing but the constant */
    int64_t c;
    unsigned before, extent; /* lanes around a vectorised loop, and its own; extent 0: uniform */
    int level;               /* the scope that binds it */
    bool ranged, is_let;
    bool by_data;   /* of a loop: what is in memory says how far it goes */
    int64_t lo, hi; /* if ranged */
    Val let;
} VarBind;

typedef struct BufBind {
    const Node *buffer;
    LLVMValueRef base;
    unsigned align; /* of base, in bytes */
    bool stack;     /* an alloca that this function alone sees */
    /* Elements from one row to the next where rows are padded to whole vectors; else 0 */
    int64_t row;
    int level;
} BufBind;

/* One term of an affine index: coef * v, where v is uniform and known from `level` inward. */
typedef struct AffineTerm {
    LLVMValueRef v;
    int64_t coef;
    int level;
    bool ranged;
    int64_t lo, hi; /* of v, if ranged */
} AffineTerm;

typedef struct Affine {
    int64_t c;
    int n;
    AffineTerm term[MAX_TERMS]; /* by level, outermost first */
    const int64_t *k;           /* one offset for each lane, or NULL where all are 0 */
} Affine;

/* base + terms, as computed before an anchor. */
typedef struct SumMemo {
    LLVMValueRef base, sum;
    int n;
    AffineTerm term[MAX_TERMS];
} SumMemo;

typedef struct ExprMemo {
    const Node *e;
    Val val;
} ExprMemo;

typedef struct Level {
    LLVMValueRef anchor;
    VEC(SumMemo) sums;
    VEC(ExprMemo) exprs;
} Level;

/* A temporary taken from the Runtime, to be given back on every way out. */
typedef struct Temp {
    LLVMValueRef pointer;
} Temp;

/* Where the builder stands: at the end of `block`, or before `before`. */
typedef struct Spot {
    LLVMBasicBlockRef block;
    LLVMValueRef before;
} Spot;

/* The LLVM function being filled: the kernel, or the body of a parallel loop. */
typedef struct Frame {
    LLVMValueRef fn, rt, runtime[6];
    LLVMBasicBlockRef entry; /* allocas only */
    size_t stack;            /* bytes of them */
    LLVMValueRef spare;      /* what a load reads that no lane needs; made when first used */
    bool parallel;           /* inside a parallel body */
    size_t temps;            /* temporaries of outer frames */
    int levels;              /* the first level of this frame */
    LLVMValueRef axis[6];    /* of a GPU: the numbers of block and thread */
} Frame;

/* Where an access goes: element c + k[lane] + index[lane] beyond `base`. */
typedef struct Place {
    const BufBind *buf;
    LLVMValueRef base;
    int64_t c;
    unsigned align;     /* of base, in bytes */
    const int64_t *k;   /* NULL: all lanes go to one element */
    int64_t ahead;      /* elements to where the innermost loop that moves it goes next; or 0 */
    LLVMValueRef index; /* of i64, or NULL */
    bool inside;        /* every lane is inside the buffer, masked or not */
    bool late;          /* a part of it was computed where the access stands */
    bool padding;       /* lanes that do not take part go to the padding of its rows */
} Place;

/* An element, or those of all lanes, and the register that stands for it while a loop runs. */
typedef struct Kept {
    LLVMValueRef slot; /* NULL until the Update first goes there */
    Place place;
    LLVMValueRef mask; /* of the lanes that take part; known before the loop */
    unsigned lanes;
} Kept;

/* The variable of a loop: 0 .. times-1. */
typedef struct LoopVar {
    const Node *var;
    int64_t times;
} LoopVar;

enum { PROMO_MOVED = 5 };

/* An Update whose elements are kept in registers while a loop runs. */
typedef struct Promo {
    const Node *update;
    LLVMValueRef anchor; /* before the loop */
    /* Of unrolled loops, and of one that becomes a few vectors: these choose the element */
    LoopVar moved[PROMO_MOVED];
    int nmoved;
    bool guarded; /* conditions in the loop leave some lanes out */
    bool fetches; /* those of the next time are fetched while it runs */
    size_t n;     /* the product of their `times` */
    Kept *kept;
} Promo;

typedef struct Gen {
    Arena *A;
    Err *err;
    bool failed;
    const Target *target;
    bool checked;       /* check every access */
    bool unproven;      /* check those that ranges do not prove */
    bool polls;         /* poll the cancel flag in long loops */
    const char *symbol; /* the kernel's name in the module */
    Lines *lines;       /* NULL unless they are asked for */

    LLVMContextRef ctx;
    LLVMModuleRef mod;
    LLVMBuilderRef b;
    LLVMTypeRef i1, i8, i32, i64, ptr;

    Frame f;
    Spot at;
    VEC(Level) levels;
    VEC(VarBind) vars;
    VEC(VarRange) ranges; /* of the vars, for one question */
    VEC(BufBind) bufs;
    VEC(Temp) temps;
    VEC(ExprMemo) memo; /* of the statement being emitted, from memo_floor on */
    size_t memo_floor;

    Promo promo;
    unsigned lanes;
    LLVMValueRef mask;  /* lanes that take part; NULL: all */
    const bool *active; /* the same as numbers, valid while mask is active_mask */
    LLVMValueRef active_mask;
    int bodies;                  /* parallel bodies so far, for their names */
    const Node *const *accesses; /* for checks: accesses in the order of the text */
    size_t naccesses;
} Gen;

/* ---- gen.c ---- */
void gen_at_end(Gen *g, LLVMBasicBlockRef block);
void gen_before(Gen *g, LLVMValueRef instruction);
void gen_go(Gen *g, Spot spot);
LLVMBasicBlockRef gen_block(Gen *g, const char *name);

/* Element type in registers (bool is i1) and in memory (bool is i8); vectors of it. */
LLVMTypeRef gen_type(Gen *g, DType t);
LLVMTypeRef gen_mem_type(Gen *g, DType t);
LLVMTypeRef gen_vector(LLVMTypeRef element, unsigned lanes); /* the element for one lane */

LLVMValueRef gen_i64(Gen *g, int64_t v);
LLVMValueRef gen_const(Gen *g, DType t, Scalar v);
/* `v` in all lanes of a vector. */
LLVMValueRef gen_splat(Gen *g, LLVMValueRef v, unsigned lanes);
LLVMValueRef gen_const_lanes(Gen *g, LLVMTypeRef element, const int64_t *k, unsigned n);
/* Lanes idx[0..n-1] of a (and of b, counted on, where b is given); -1 is a lane that
** does not count. */
LLVMValueRef gen_shuffle(Gen *g, LLVMValueRef a, LLVMValueRef b, const int *idx, unsigned n);
LLVMValueRef gen_lane(Gen *g, LLVMValueRef vec, unsigned lane);
LLVMValueRef gen_as_vector(Gen *g, Val v);
void gen_same_shape(Gen *g, Val *a, Val *b);

LLVMValueRef gen_intrinsic(Gen *g, const char *name, unsigned ntypes, LLVMTypeRef *types,
                           unsigned nargs, LLVMValueRef *args);
LLVMValueRef gen_unary_intrinsic(Gen *g, const char *name, LLVMValueRef a);
LLVMValueRef gen_binary_intrinsic(Gen *g, const char *name, LLVMValueRef a, LLVMValueRef b);

/* Is it known now which lanes take part? */
static inline bool gen_lanes_known(const Gen *g)
{
    return g->mask && g->mask == g->active_mask;
}

/* Is any lane of the mask set?  Only where there is a mask. */
LLVMValueRef gen_any(Gen *g);

void gen_push_level(Gen *g);
void gen_pop_level(Gen *g);
int gen_level(const Gen *g);

/* NULL where the variable is not in scope: of a loop that is not entered yet. */
const VarBind *gen_find_var(const Gen *g, const Node *var);
const VarBind *gen_var(const Gen *g, const Node *var);
/* Brings the name of a Let into scope without a value, to ask about its body; undo by vars.n--. */
void gen_suppose_let(Gen *g, const Node *let, bool vec);
const BufBind *gen_buffer(Gen *g, const Node *buffer);

/* Entry-block memory of this function. */
LLVMValueRef gen_alloca(Gen *g, LLVMTypeRef type, unsigned align, const char *name);
void gen_fail(Gen *g);

/* ---- affine.c ---- */

/* False if e is no int64, if its lanes differ by more than numbers that are known, or if it has too
** many terms.  Terms are computed on the way, even so. */
bool affine_of(Gen *g, const Node *e, Affine *out);
/* One index for the dimensions before *rank that are digits of one number, which then ends before
** them (flat_index.h); NULL if there are none. */
const Node *affine_flat(Gen *g, const Node *const *index, const int64_t *stride, size_t *rank);
void affine_add(Gen *g, Affine *a, const Affine *b, int64_t times);
/* The uniform part without the constant, above `base` (NULL: 0); a pointer where base is one, and
** terms then count elements of `scale` bytes. */
LLVMValueRef affine_sum(Gen *g, const Affine *a, LLVMValueRef base, int base_level, int64_t scale);
Val affine_value(Gen *g, const Affine *a);
/* The least and greatest value for any lane; what cancels in the sum does not count. */
bool affine_range(const Gen *g, const Affine *a, int64_t *lo, int64_t *hi);
/* The least and greatest value that e can take, if they are known and far from the
** ends of int64. */
bool gen_range(Gen *g, const Node *e, int64_t *lo, int64_t *hi);
/* Does a condition hold, for every lane: 1 yes, 0 no, -1 it depends. */
int gen_truth(Gen *g, const Node *cond);
bool gen_has_lanes(Gen *g, const Node *e);
/* Made of integers and loop variables alone, be the loops entered or not: no memory, no names bound
** by Let. */
bool gen_is_index(const Gen *g, const Node *e);

/* ---- arith.c ---- */
LLVMValueRef arith_binary(Gen *g, Op op, DType t, LLVMValueRef a, LLVMValueRef b);
/* a - floor(a / b) * b, exactly (fmod.c). */
LLVMValueRef gen_float_mod(Gen *g, LLVMValueRef a, LLVMValueRef b);
LLVMValueRef arith_neg(Gen *g, DType t, LLVMValueRef a);
LLVMValueRef arith_cast(Gen *g, DType to, DType from, LLVMValueRef a);
LLVMValueRef arith_call(Gen *g, const Node *call, LLVMValueRef a);
LLVMValueRef arith_combine(Gen *g, Combiner c, DType t, LLVMValueRef acc, LLVMValueRef v);

/* ---- expr.c ---- */
Val gen_expr(Gen *g, const Node *e);
/* The same by the rule of its op, without looking for a linear form first. */
Val gen_by_rule(Gen *g, const Node *e);
LLVMValueRef gen_uniform(Gen *g, const Node *e);
size_t gen_memo_mark(const Gen *g);
void gen_memo_drop(Gen *g, size_t mark);
/* May evaluating e read outside a buffer where its guards do not hold? */
bool gen_may_trap(Gen *g, const Node *e);
Val gen_not(Gen *g, Val a);

/* ---- access.c ---- */

typedef enum Pattern { PLACE_ONE, PLACE_RUN, PLACE_FIXED, PLACE_FREE } Pattern;

Place gen_place(Gen *g, const Node *access, const Node *const *index);
Pattern place_pattern(const Gen *g, const Place *p);
/* Are the elements of all lanes known to differ? */
bool place_distinct(const Gen *g, const Place *p);
Val place_load(Gen *g, const Place *p);

/* Asks the caches for what place_load would read an iteration later, of the loop that moves it. */
void place_prefetch(Gen *g, const Place *p);
void place_store(Gen *g, const Place *p, Val value);
LLVMValueRef place_pointer(Gen *g, const Place *p, int64_t more);
LLVMValueRef place_lane_pointer(Gen *g, const Place *p, unsigned lane);
LLVMValueRef mem_load(Gen *g, DType t, LLVMValueRef pointer, unsigned lanes, unsigned align);
void mem_store(Gen *g, DType t, LLVMValueRef v, LLVMValueRef pointer, unsigned lanes,
               unsigned align);
unsigned place_align(const Place *p, int64_t more);

/* ---- update.c ---- */
void gen_update(Gen *g, const Node *update);
/* Does the variable say to which element the Update goes? */
bool update_moves(const Node *update, const Node *var);

/* ---- promote.c ---- */

/* Before a loop is entered: if it only adds to elements that may stay in registers, says so and
** begins that.  promote_end follows where the loop has been left. */
bool promote_begin(Gen *g, const Node *loop);
void promote_end(Gen *g);
/* Is the element at p kept while the Update runs? */
bool promote_keeps(const Gen *g, const Node *update, const Place *p);
/* The register that stands for the element, or elements, at p: read from memory before the loop. */
LLVMValueRef promote_slot(Gen *g, const Place *p, unsigned lanes);

/* ---- check.c ---- */
/* Is there a load in it, or a variable of which only a run knows how far it goes? */
bool gen_by_data(const Gen *g, const Node *e);
void gen_check(Gen *g, const Node *access, const Node *const *index);
/* Would gen_check compare anything?  Such an access stays where it is. */
bool gen_doubts(Gen *g, const Node *access, const Node *const *index);

/* ---- stmt.c ---- */
void gen_stmt(Gen *g, const Node *s);

/* A vector of so many lanes, a power of two, of which the first `used` take part. */
typedef struct VectorPiece {
    unsigned width, used;
} VectorPiece;

/* So many whole ones are written out, more become a loop; the widths of what is left halve. */
enum { FEW_VECTORS = 2, MOST_PIECES = FEW_VECTORS + 8 };

/* The vectors that a vectorised loop becomes, in the order of its iterations. */
typedef struct VectorPlan {
    unsigned lanes; /* of a whole one; 1: there are none, and it runs as a serial loop does */
    int64_t looped; /* so many whole ones in a loop */
    int n;          /* and these one after the other, each of iterations that are known */
    VectorPiece piece[MOST_PIECES];
} VectorPlan;

/* For a loop that stands within so many lanes. */
VectorPlan gen_vector_plan(const Gen *g, const Node *loop, unsigned around);

/* About how many statements one run of s takes. */
double gen_work(const Node *s);
/* Runs the body once with the variable bound as said. */
void gen_loop_body(Gen *g, const Node *loop, VarBind bind);
/* A loop of any kind, its iterations one after the other. */
void gen_serial(Gen *g, const Node *loop);

/* A loop over i64 under construction: for (i = from; i < to; i++), where from < to unless
** `may_be_empty`. */
typedef struct Count {
    LLVMValueRef i, to;
    LLVMBasicBlockRef head, exit;
} Count;

Count gen_begin_count(Gen *g, LLVMValueRef from, LLVMValueRef to, bool may_be_empty);
void gen_end_count(Gen *g, Count *c);

/* Leaves the function with `code` (an i32), giving back every temporary. */
void gen_leave(Gen *g, LLVMValueRef code);

/* ---- func.c ---- */
/* CPU and features, on every function. */
void gen_target_attributes(Gen *g, LLVMValueRef fn);
bool gen_kernel(Gen *g, const Node *func);
void gen_parallel(Gen *g, const Node *loop);
void gen_open_frame(Gen *g, LLVMValueRef fn);
LLVMValueRef gen_spare(Gen *g);
/* Calls a function of the Runtime: its field and arguments after ctx. */
typedef enum RtField { RTF_ctx, RTF_cancel, RTF_alloc, RTF_release, RTF_parallel, RTF_oob } RtField;
LLVMValueRef gen_runtime(Gen *g, RtField field);
LLVMValueRef gen_runtime_call(Gen *g, RtField field, LLVMTypeRef result, unsigned n,
                              LLVMValueRef *args);

/* ---- gpu.c ---- */
bool gen_gpu_kernel(Gen *g, const CudaKernel *k);
void gen_bound(Gen *g, const Node *loop);
void gen_barrier(Gen *g);
LLVMValueRef gen_shared(Gen *g, const Node *buffer, uint64_t elements);

#endif
