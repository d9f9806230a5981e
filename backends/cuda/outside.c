/* outside.c -- refuses blocks that stand outside of the threads that are to do them.
**
**      alloc A.shared: … shared                       for y in bind("blockIdx.x", 64):
**      for y in range(64): A.shared[y] = A[y]    →      alloc A.shared: … shared
**      for y in bind("blockIdx.x", 64):                 A.shared[y] = A[y]
**        C[y] = A.shared[y]                             C[y] = A.shared[y]
**
** Shared memory makes one kernel of all that stands in its scope, and each thread block has its
** own: of several none reads what was computed outside of it.  Asked before the program is lowered:
** seen as one kernel, much of it looks wrong that by itself is right.
**
** And each block of a kernel stands in a loop over each of its axes, or each of the axis' threads
** would do all of it again. */
#include "backends/cuda/plan.h"
#include "core/ir/rewrite.h"
#include "core/schedule/prim.h"
#include "core/schedule/tree.h"

/* ---- shared memory ---- */

typedef struct Outside {
    const Node *buffer; /* in shared memory, allocated outside the loops over thread blocks */
    const Node *block;  /* computes it there */
    const Node *loop;   /* over several thread blocks, the innermost one in which it is read */
} Outside;

static bool never_runs(const Node *n)
{
    return n->op == OP_For && ir_is_int(n->kid[For_extent], 0);
}

static bool touches(const Node *n, const Node *buffer, bool write)
{
    if (never_runs(n))
        return false;
    bool is = write ? n->op == OP_Store || n->op == OP_Update : n->op == OP_Load;
    if (is && n->kid[0] == buffer)
        return true;
    for (size_t i = 0; i < n->nkids; i++)
        if (touches(n->kid[i], buffer, write))
            return true;
    return false;
}

static bool over_blocks(const Node *n)
{
    return n->op == OP_For && for_is_block_axis(ir_for_kind(n)) &&
           ir_const_int(n->kid[For_extent], 2) > 1;
}

static Find computes(void *env, const Node *n)
{
    const Outside *o = env;
    if (over_blocks(n) || never_runs(n))
        return FIND_NEXT;
    if (n->op != OP_Block)
        return FIND_INSIDE;
    return touches(n, o->buffer, true) ? FIND_THIS : FIND_NEXT;
}

static Find loop_reads(void *env, const Node *n)
{
    const Outside *o = env;
    if (!over_blocks(n))
        return n->op == OP_Block ? FIND_NEXT : FIND_INSIDE;
    return touches(n, o->buffer, false) ? FIND_THIS : FIND_NEXT;
}

static Find stands_outside(void *env, const Node *n)
{
    Outside *o = env;
    if (over_blocks(n) || n->op == OP_Block)
        return FIND_NEXT;
    if (n->op != OP_Alloc || n->kid[Alloc_buffer]->at.buf->scope != SCOPE_shared)
        return FIND_INSIDE;
    o->buffer = n->kid[Alloc_buffer];
    o->block = ir_find(n, computes, o);
    o->loop = NULL;
    for (const Node *loop = ir_find(n, loop_reads, o); loop;
         loop = ir_find(loop->kid[For_body], loop_reads, o))
        o->loop = loop;
    return o->block && o->loop ? FIND_THIS : FIND_INSIDE;
}

static bool blocks_share(Arena *A, const Node *func, Err *err)
{
    Outside o = {0};
    if (!ir_find(func, stands_outside, &o))
        return true;
    const char *block = ir_block_name(o.block), *loop = loop_path(A, func, o.loop);
    Arg args[] = {given_str(block), given_str(loop)};
    FAIL(err, shared_outside_blocks, NULL, ir_buf_name(o.buffer),
         for_kind_text[ir_for_kind(o.loop)], ir_buf_name(o.buffer));
    if (step_accepted(A, func, "compute_at", 2, args))
        err_fix(err, "s:compute_at(\"%s\", \"%s\")", block, loop);
    return false;
}

/* ---- axes of a kernel ---- */

/* Work outside of an axis, and the block it stands in. */
typedef struct Stray {
    const Node *func, *work, *block;
    ForKind axis;
} Stray;

static Find has_stray(void *env, const Node *n)
{
    Stray *s = env;
    GpuShape shape;
    if (gpu_above_kernels(n) || n->op == OP_Func)
        return FIND_INSIDE;
    s->work = gpu_shape_of(n, &shape, NULL) ? gpu_find_outside(&shape, n, &s->axis) : NULL;
    return s->work ? FIND_THIS : FIND_NEXT;
}

/* Threads of a block share the work by a loop around it. */
static void advise_bind(Arena *A, const Stray *s, Err *err)
{
    Path p;
    const Node *loops[IR_MAX_DEPTH];
    path_to(s->func, s->block, &p);
    for (size_t n = path_loops(&p, p.n, loops); n-- > 0;) {
        const char *loop = loop_handle(A, s->func, loops[n]), *axis = for_kind_text[s->axis];
        Arg args[] = {given_str(loop), given_str(axis)};
        if (ir_for_kind(loops[n]) == FOR_serial && step_accepted(A, s->func, "bind", 2, args)) {
            err_fix(err, "s:bind(\"%s\", \"%s\")", loop, axis);
            return;
        }
    }
}

static Find holds_stray(void *env, const Node *n)
{
    if (n->op != OP_Block)
        return FIND_INSIDE;
    return ir_mentions(n, ((Stray *)env)->work) ? FIND_THIS : FIND_NEXT;
}

static bool blocks_inside(Arena *A, const Node *func, Err *err)
{
    Stray s = {.func = func};
    if (!ir_find(func, has_stray, &s))
        return true;
    s.block = ir_find(func, holds_stray, &s);
    gpu_refuse_outside(s.work, s.axis, err);
    const Node *target = s.work->kid[Store_buffer];
    if (s.block && for_is_thread_axis(s.axis) && target->at.buf->scope != SCOPE_local)
        advise_bind(A, &s, err);
    return false;
}

bool cuda_all_inside(Arena *A, const Node *func, Err *err)
{
    return blocks_share(A, func, err) && blocks_inside(A, func, err);
}
