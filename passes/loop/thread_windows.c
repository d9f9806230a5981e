/* thread_windows.c -- of local memory a thread keeps the part that it touches.
**
**      alloc L: float32[64] local                   alloc L: float32[4] local
**      for tx in bind("threadIdx.x", 16):           for tx in bind("threadIdx.x", 16):
**        for i in range(4):                           for i in range(4):
**          L[tx*4 + i] = …                     →        L[i] = …
**      for tx in bind("threadIdx.x", 16):           for tx in bind("threadIdx.x", 16):
**        for i in range(4):                           for i in range(4):
**          … L[tx*4 + i] …                              … L[i] …
**
** Each thread has its own copy of L.  Where every access along a dimension is at axis*step + rest,
** one step for all of them, a thread's accesses differ by their rests alone: the rest, counted from
** the least one, says which of its own elements it is.  So sums that a schedule keeps in local
** memory beside shared tiles fit registers.  A block's number counts as a thread's does where L
** stands in the loop over blocks: of what stands above it, the checking interpreter has no copy for
** each block.  Every index must be proven to be in L: what may leave it is for the checking
** interpreter to see.
*/
#include "core/base/vec.h"
#include "core/ir/linear.h"
#include "core/ir/rewrite.h"
#include "passes/loop/lower.h"

/* What a thread touches of one dimension of a local buffer, as far as one axis tells. */
typedef struct Part {
    const Node *buffer;
    size_t dim;
    ForKind axis;
    int64_t step;        /* 0 before the first access is seen */
    int64_t least, most; /* of the rests */
    bool alike; /* as far as seen, every access is at axis*step + rest, and in the buffer */
    const Node *smaller; /* what a thread keeps, once all are seen */
} Part;

typedef struct Loops {
    Arena *A;
    VEC(VarRange) ranges; /* of the loops around */
    VEC(const Node *) bound;
    Part *part; /* the one at hand */
} Loops;

static const Node *loop_of_axis(const Loops *s, ForKind axis)
{
    for (size_t i = s->bound.n; i-- > 0;)
        if (ir_for_kind(s->bound.at[i]) == axis)
            return s->bound.at[i];
    return NULL;
}

static void enter(Loops *s, const Node *loop)
{
    enum { FUEL = 1000 };
    Known known = {s->ranges.at, s->ranges.n, FUEL};
    Interval in = values_of_loop(&known, loop);
    vec_push(s->A, &s->ranges, ((VarRange){loop->kid[For_var], in.lo, in.hi}));
    if (for_is_bound(ir_for_kind(loop)))
        vec_push(s->A, &s->bound, loop);
}

static void leave(Loops *s, const Node *loop)
{
    s->ranges.n--;
    s->bound.n -= for_is_bound(ir_for_kind(loop));
}

/* index = axis*step + rest; the step is 0 where the axis is no term of it. */
static int64_t take_axis(const Loops *s, const Node *index, ForKind axis, Linear *rest)
{
    const Node *loop = loop_of_axis(s, axis);
    int64_t step;
    *rest = (Linear){0};
    if (!loop || !linear_add(rest, index, 1) ||
        !linear_coefficient(rest, loop->kid[For_var], &step))
        return 0;
    linear_add_term(rest, loop->kid[For_var], wrap_neg(step));
    return step;
}

static bool bounds_within(const Loops *s, const Linear *l, int64_t *lo, int64_t *hi)
{
    enum { FUEL = 1000 };
    Known known = {s->ranges.at, s->ranges.n, FUEL};
    i128 least, most;
    if (!linear_bounds(&known, l, &least, &most) || !fits64(least, most))
        return false;
    *lo = (int64_t)least;
    *hi = (int64_t)most;
    return true;
}

static void look_at_index(Loops *s, const Node *index)
{
    Part *p = s->part;
    Linear whole = {0}, rest;
    int64_t lo, hi, step = take_axis(s, index, p->axis, &rest);
    p->alike &= step != 0 && (p->step == 0 || step == p->step) && linear_add(&whole, index, 1) &&
                bounds_within(s, &whole, &lo, &hi) && lo >= 0 && hi < ir_dim(p->buffer, p->dim) &&
                bounds_within(s, &rest, &lo, &hi);
    if (!p->alike)
        return;
    p->least = p->step == 0 || lo < p->least ? lo : p->least;
    p->most = p->step == 0 || hi > p->most ? hi : p->most;
    p->step = step;
}

/* Every access of the buffer below n. */
static void look(Loops *s, const Node *n)
{
    if (n->op == OP_For)
        enter(s, n);
    if (ir_is_access(n) && n->kid[0] == s->part->buffer)
        look_at_index(s, ir_index(n)[s->part->dim]);
    for (size_t i = 0; i < n->nkids && s->part->alike; i++)
        look(s, n->kid[i]);
    if (n->op == OP_For)
        leave(s, n);
}

/* ---- the smaller buffer ---- */

static const Node *shrink_access(Rewriter *rw, const Node *n)
{
    const Loops *s = rw->env;
    const Part *p = s->part;
    n = rw_kids(rw, n);
    if (!n || n->kid[0] != p->buffer)
        return n;
    const Node *index[IR_MAX_RANK];
    size_t rank = ir_rank(p->buffer);
    for (size_t d = 0; d < rank; d++)
        index[d] = ir_index(n)[d];
    Linear rest;
    take_axis(s, index[p->dim], p->axis, &rest);
    rest.c0 = wrap_sub(rest.c0, p->least);
    index[p->dim] = linear_build(rw->A, &rest);
    return ir_access_at(rw->A, n, p->smaller, rank, index);
}

static const Node *on_for(Rewriter *rw, const Node *n)
{
    enter(rw->env, n);
    const Node *out = rw_kids(rw, n);
    leave(rw->env, n);
    return out;
}

static const Node *shrink(Loops *s, const Node *alloc, Err *err)
{
    static Rule *const on[OP_COUNT] = {[OP_For] = on_for,
                                       [OP_Load] = shrink_access,
                                       [OP_Store] = shrink_access,
                                       [OP_Update] = shrink_access};
    const Node *body = rw_run(s->A, on, s, err, alloc->kid[Alloc_body]);
    return body ? ir_alloc(s->A, s->part->smaller, alloc->kid[Alloc_window], body) : NULL;
}

/* The alloc with what a thread touches along dimension `dim`, as far as that axis tells. */
static const Node *keep_part(Loops *s, const Node *alloc, size_t dim, ForKind axis, Err *err)
{
    const Node *buffer = alloc->kid[Alloc_buffer], *shape[IR_MAX_RANK];
    Part part = {.buffer = buffer, .dim = dim, .axis = axis, .alike = true};
    s->part = &part;
    look(s, alloc->kid[Alloc_body]);
    int64_t kept = part.most - part.least + 1;
    if (!part.alike || part.step == 0 || kept >= ir_dim(buffer, dim))
        return alloc;
    for (size_t d = 0; d < ir_rank(buffer); d++)
        shape[d] = buffer->kid[Buffer_shape + d];
    shape[dim] = ir_idx(s->A, kept);
    part.smaller = ir_make(s->A, OP_Buffer, buffer->type, buffer->at, ir_rank(buffer), shape);
    return shrink(s, alloc, err);
}

static const Node *on_alloc(Rewriter *rw, const Node *n)
{
    n = rw_kids(rw, n);
    if (n && n->kid[Alloc_buffer]->at.buf->scope == SCOPE_local)
        for (size_t d = 0; d < ir_rank(n->kid[Alloc_buffer]); d++)
            for (int x = FOR_block_x; x < FOR_COUNT && n; x++)
                if (for_is_thread_axis((ForKind)x) || loop_of_axis(rw->env, (ForKind)x))
                    n = keep_part(rw->env, n, d, (ForKind)x, rw->err);
    return n ? n : rw_fail(rw);
}

const Node *pass_thread_windows(Arena *A, const Node *func, Err *err)
{
    static Rule *const on[OP_COUNT] = {[OP_Alloc] = on_alloc, [OP_For] = on_for};
    return rw_run(A, on, &(Loops){.A = A}, err, func);
}
