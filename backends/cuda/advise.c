/* advise.c -- the step that brings a block to the threads that are to do it.
**
**      alloc A.shared: … shared                       for y in bind("blockIdx.x", 64):
**      for y in range(64): A.shared[y] = A[y]    →      alloc A.shared: … shared
**      for y in bind("blockIdx.x", 64):                 A.shared[y] = A[y]
**        C[y] = A.shared[y]                             C[y] = A.shared[y]
**
** The plan refuses work that stands outside of an axis of its kernel, and has no blocks any more.
** Here the same work is sought in the program as it was scheduled, and each step is tried before
** it is advised: to bind a loop around the block, or to move that to those who read it, or whom it
** reads.  Where a block reads or writes what is each thread's own, the loops are sought that give
** every thread its own elements, and the program must come through lowering with them.
*/
#include <string.h>

#include "backends/cuda/plan.h"
#include "core/base/vec.h"
#include "core/ir/rewrite.h"
#include "core/schedule/block.h"
#include "core/schedule/prim.h"
#include "core/schedule/tree.h"
#include "passes/loop/lower.h"

typedef VEC(const Node *) NodeVec;

/* Work that stands outside of an axis, or apart from those who read it. */
typedef struct Stray {
    Arena *A;
    Err *err;
    const Node *func;
    bool shared;        /* only what is outside of thread blocks and in shared memory counts */
    ForKind axis;       /* of which it stands outside */
    const Node *work;   /* the statement */
    const Node *block;  /* around it */
    const Node *kernel; /* around that */
    NodeVec loops;      /* of the kernel, over threads or over thread blocks as the axis is */
} Stray;

static Find has_stray(void *env, const Node *n)
{
    Stray *s = env;
    if (gpu_above_kernels(n))
        return FIND_INSIDE;
    s->kernel = n;
    s->work = s->shared ? gpu_find_shared_outside(n, &s->axis) : gpu_find_outside(n, &s->axis);
    return s->work ? FIND_THIS : FIND_NEXT;
}

static Find holds_stray(void *env, const Node *n)
{
    if (n->op != OP_Block)
        return FIND_INSIDE;
    return ir_mentions(n, ((Stray *)env)->work) ? FIND_THIS : FIND_NEXT;
}

/* Advises the step with these two names if it would be accepted. */
static bool advise(const Stray *s, const char *step, const char *what, const char *where)
{
    return step_advise(s->A, s->func, s->err, step, 2, (Arg[]){given_str(what), given_str(where)});
}

static bool uses_local(const Node *n)
{
    if (n->op == OP_Buffer)
        return n->at.buf->scope == SCOPE_local;
    for (size_t i = 0; i < n->nkids; i++)
        if (uses_local(n->kid[i]))
            return true;
    return false;
}

/* The threads of a block share the work by a loop around it, or a part of one, unless it uses what
** is each thread's own. */
static bool advise_bind(const Stray *s)
{
    Path p;
    const Node *loops[IR_MAX_DEPTH];
    GpuShape shape;
    const char *axis = for_kind_text[s->axis], *steps = NULL;
    if (!for_is_thread_axis(s->axis) || uses_local(s->block) ||
        !gpu_shape_of(s->kernel, &shape, NULL))
        return false;
    int64_t threads = gpu_extent(&shape, s->axis);
    path_to(s->func, s->block, &p);
    for (size_t n = path_loops(&p, p.n, loops); n-- > 0 && !steps;) {
        int64_t extent = ir_const_int(loops[n]->kid[For_extent], 0);
        const char *loop = loop_handle(s->A, s->func, loops[n]);
        if (ir_for_kind(loops[n]) != FOR_serial)
            continue;
        if (extent == threads && advise(s, "bind", loop, axis))
            return true;
        if (extent > threads)
            steps = split_first(s->A, s->func, loop, threads, "bind", axis);
    }
    if (steps)
        err_fix(s->err, "%s", steps);
    return steps != NULL;
}

static bool like_the_axis(void *env, const Node *n)
{
    Stray *s = env;
    if (n->op == OP_For && for_is_bound(ir_for_kind(n)) &&
        for_is_block_axis(ir_for_kind(n)) == for_is_block_axis(s->axis))
        vec_push(s->A, &s->loops, n);
    return ir_is_stmt(n);
}

/* Or it goes to those who read it, or whom it reads. */
static bool advise_move(Stray *s)
{
    const char *block = ir_block_name(s->block);
    ir_walk(s->kernel, like_the_axis, s);
    for (size_t n = s->loops.n; n-- > 0;) {
        const char *loop = loop_path(s->A, s->func, s->loops.at[n]);
        if (advise(s, "compute_at", block, loop) || advise(s, "reverse_compute_at", block, loop))
            return true;
    }
    return false;
}

/* More would let a refusal take longer than a person waits. */
enum { MOST_BOUND = 32 };

/* Loops around the block for the axes that it stands outside of. */
typedef struct Binding {
    const Stray *s;
    const Node *loops[IR_MAX_DEPTH];
    size_t nloops;
    ForKind axes[GPU_AXES];
    int64_t threads[GPU_AXES];
    size_t naxes;
    StepCall steps[GPU_AXES];
    size_t tried;
} Binding;

/* Finds loops for the axes from the `n`th on, in the program with the steps before; the innermost
** is tried first.  It is lowered only where all are bound, since threads that still do the same
** work do write what others read. */
static bool bind_axes(Binding *b, const Node *func, size_t n)
{
    Arena *A = b->s->A;
    if (n == b->naxes) {
        Err *unread = arena_alloc(A, sizeof *unread);
        return loop_lower(A, func, true, unread) != NULL;
    }
    for (size_t i = b->nloops; i-- > 0 && b->tried < MOST_BOUND;) {
        if (ir_for_kind(b->loops[i]) != FOR_serial ||
            ir_const_int(b->loops[i]->kid[For_extent], 0) != b->threads[n])
            continue;
        b->steps[n] = (StepCall){"bind",
                                 2,
                                 {given_str(loop_handle(A, b->s->func, b->loops[i])),
                                  given_str(for_kind_text[b->axes[n]])}};
        b->tried++;
        const Node *bound = step_result(A, func, &b->steps[n]);
        if (bound && bind_axes(b, bound, n + 1))
            return true;
    }
    return false;
}

/* The threads that hold a local buffer share the work on it as they hold it. */
static bool advise_bind_own(const Stray *s)
{
    Path p;
    GpuShape shape;
    Binding b = {.s = s};
    if (!for_is_thread_axis(s->axis) || !uses_local(s->block) ||
        !gpu_shape_of(s->kernel, &shape, NULL))
        return false;
    path_to(s->func, s->block, &p);
    b.nloops = path_loops(&p, p.n, b.loops);
    for (int axis = FOR_thread_x; axis <= FOR_thread_z; axis++) {
        bool under = gpu_count(&shape, (ForKind)axis) == 1;
        for (size_t i = 0; i < b.nloops; i++)
            under |= ir_for_kind(b.loops[i]) == (ForKind)axis;
        if (!under) {
            b.threads[b.naxes] = gpu_extent(&shape, (ForKind)axis);
            b.axes[b.naxes++] = (ForKind)axis;
        }
    }
    return b.naxes && bind_axes(&b, s->func, 0) && steps_fix(s->A, s->err, b.naxes, b.steps);
}

/* Or each thread has the value for itself, and computes it so: one value for a block of threads. */
static bool advise_own(const Stray *s)
{
    const Node *made = block_target(s->block);
    for (size_t n = s->loops.n; made && for_is_thread_axis(s->axis) && n-- > 0;) {
        StepCall local = {"set_scope",
                          2,
                          {given_str(ir_buf_name(made)), given_str(scope_name[SCOPE_local])}},
                 at = {"compute_at",
                       2,
                       {given_str(ir_block_name(s->block)),
                        given_str(loop_path(s->A, s->func, s->loops.at[n]))}};
        if (steps_advise(s->A, s->func, s->err, &local, &at))
            return true;
    }
    return false;
}

/* Does a thread block compute one element there, of a tensor that the program had before its steps?
** A copy that a step made is named after what it copies, and nobody writes it himself. */
static bool is_one_value(const Stray *s, const Node *made)
{
    Path p;
    const Node *loops[IR_MAX_DEPTH], *block, *axis;
    if (made->at.buf->scope == SCOPE_local || strchr(ir_buf_name(made), '.'))
        return false;
    path_to(s->func, s->block, &p);
    for (size_t n = path_loops(&p, p.n, loops); n-- > 0;)
        if (!for_is_bound(ir_for_kind(loops[n])) && !feeds_reduce(loops[n], &block, &axis) &&
            ir_const_int(loops[n]->kid[For_extent], 0) != 1)
            return false;
    return true;
}

/* Or it is written with an axis to bind, of which one thread of the block has the one element. */
static void advise_unit_axis(const Stray *s)
{
    const Node *made = block_target(s->block);
    GpuShape shape;
    if (!made || !for_is_thread_axis(s->axis) || !is_one_value(s, made) ||
        !gpu_shape_of(s->kernel, &shape, NULL))
        return;
    err_fix(
        s->err,
        "one value for all threads: write %s with an axis of extent 1, split that by %lld, bind "
        "the inner part to %s, and bring the readers to it with reverse_compute_at",
        ir_buf_name(made), (long long)gpu_extent(&shape, s->axis), for_kind_text[s->axis]);
}

static Find holds_work(void *env, const Node *n)
{
    Stray *s = env;
    if (gpu_above_kernels(n))
        return FIND_INSIDE;
    s->kernel = n;
    return ir_mentions(n, s->work) ? FIND_THIS : FIND_NEXT;
}

/* What is computed outside an axis comes under it; what was computed for others, to those who read
** it. */
static void advise_stray(Stray *s)
{
    if (!ir_find(s->func, has_stray, s))
        return;
    s->block = ir_find(s->func, holds_stray, s);
    if (s->block && !advise_bind(s) && !advise_move(s) && !advise_bind_own(s) && !advise_own(s) &&
        !s->shared)
        advise_unit_axis(s);
}

/* A buffer of the lowered program is another node here, but has the same name. */
typedef struct Named {
    const Node *buffer;
    bool filled; /* rather than allocated */
} Named;

static Find is_about(void *env, const Node *n)
{
    const Named *want = env;
    bool fills = n->op == OP_Store || n->op == OP_Update;
    return (want->filled ? fills : n->op == OP_Alloc) &&
                   strcmp(ir_buf_name(n->kid[0]), ir_buf_name(want->buffer)) == 0
               ? FIND_THIS
               : FIND_INSIDE;
}

/* What fills memory of which threads or blocks have copies comes to those who read it. */
static void advise_copies(Stray *s, const Node *buffer)
{
    Named named = {buffer, .filled = false};
    const Node *alloc = ir_find(s->func, is_about, &named);
    if (alloc)
        s->err->where = alloc;
    named.filled = true;
    s->work = ir_find(s->func, is_about, &named);
    s->axis = buffer->at.buf->scope == SCOPE_local ? FOR_thread_x : FOR_block_x;
    if (s->work && ir_find(s->func, holds_work, s))
        s->block = ir_find(s->func, holds_stray, s);
    if (s->block)
        advise_move(s);
}

void cuda_advise(Arena *A, const Node *func, Err *err)
{
    Stray s = {.A = A, .err = err, .func = func};
    ErrCode code = err ? err->code : ERR_none;
    s.shared = code == ERR_shared_outside_blocks;
    if (code == ERR_copies_apart)
        advise_copies(&s, err->where);
    else if (s.shared || code == ERR_axis_missing)
        advise_stray(&s);
}
