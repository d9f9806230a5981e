/* plan.c -- finding the kernels of a program, and how to launch each. */
#include "backends/cuda/plan.h"

#include "core/base/vec.h"
#include "core/ir/rewrite.h"

typedef struct Planner {
    Arena *A;
    Err *err;
    bool failed;
    bool emulated; /* not to be launched: see cuda_plan_emulated */
    VEC(CudaKernel) kernels;
    VEC(const Node *) temporaries;
    VEC(const Node *) globals; /* parameters, results and temporaries in scope */
    CudaKernel now;
    int inside; /* loops that are not block axes around the current statement */
} Planner;

const char *cuda_kernel_name(Arena *A, size_t i)
{
    return arena_printf(A, "kernel%zu", i);
}

int64_t cuda_elements(const Node *buffer)
{
    int64_t n = ir_elements(buffer);
    return n > INT64_C(1) << 40 ? -1 : n;
}

static void refuse(Planner *p)
{
    p->failed = true;
}

/* ---- one kernel ---- */

static void plan_axis(Planner *p, const Node *loop)
{
    ForKind kind = ir_for_kind(loop);
    if (!gpu_shape_add(&p->now.shape, loop, p->err)) {
        refuse(p);
    } else if (for_is_block_axis(kind) && p->inside && !p->emulated) {
        FAIL(p->err, cuda_block_inside, loop, for_kind_text[kind]);
        refuse(p);
    }
}

static void plan_own(Planner *p, const Node *alloc)
{
    const Node *b = alloc->kid[Alloc_buffer];
    int64_t n = cuda_elements(b), bytes = n * (int64_t)dtype_bytes((DType)b->type);
    if (b->at.buf->scope == SCOPE_global && !p->emulated) {
        FAIL(p->err, cuda_global_inside, alloc, ir_buf_name(b), ir_buf_name(b));
        refuse(p);
    } else if (n < 0) {
        FAIL(p->err, cuda_buffer_big, alloc, ir_buf_name(b));
        refuse(p);
    } else if (b->at.buf->scope == SCOPE_local && bytes > GPU_MOST_LOCAL) {
        FAIL(p->err, cuda_local_bytes, alloc, ir_buf_name(b), (double)bytes / 1024,
             GPU_MOST_LOCAL / 1024);
        refuse(p);
    } else if (b->at.buf->scope == SCOPE_shared) {
        p->now.shared_bytes = (p->now.shared_bytes + 15) / 16 * 16 + bytes;
    }
}

static bool plan_inside(void *env, const Node *n)
{
    Planner *p = env;
    if (n->op == OP_For && for_is_bound(ir_for_kind(n)) && !p->failed)
        plan_axis(p, n);
    if (n->op == OP_Alloc && !p->failed)
        plan_own(p, n);
    if (n->op == OP_For && !for_is_block_axis(ir_for_kind(n)) && !p->failed) {
        p->inside++;
        ir_walk(n->kid[For_body], plan_inside, p);
        p->inside--;
        return false;
    }
    return !p->failed;
}

static void take_buffers(Planner *p)
{
    const Node **found = ARENA_ARRAY(p->A, const Node *, p->globals.n + 1);
    for (size_t i = 0; i < p->globals.n; i++)
        if (ir_mentions(p->now.stmt, p->globals.at[i]))
            found[p->now.nbuffers++] = p->globals.at[i];
    p->now.buffers = found;
}

static bool has_work(const Node *s)
{
    if (s->op == OP_Store || s->op == OP_Update)
        return true;
    for (uint32_t i = 0; i < s->nkids; i++)
        if (has_work(s->kid[i]))
            return true;
    return false;
}

static void plan_kernel(Planner *p, const Node *s)
{
    if (!has_work(s))
        return;
    ForKind axis;
    const Node *outside = gpu_find_shared_outside(s, &axis);
    p->now = (CudaKernel){.stmt = s};
    /* Such a kernel holds much that by itself is right: what else it breaks is beside the point. */
    if (outside) {
        const char *buffer = ir_buf_name(outside->kid[Store_buffer]);
        FAIL(p->err, shared_outside_blocks, outside, buffer, for_kind_text[axis], buffer);
        refuse(p);
        return;
    }
    ir_walk(s, plan_inside, p);
    if (!p->failed && !gpu_threads_fit(&p->now.shape, s, p->err))
        refuse(p);
    outside = p->failed ? NULL : gpu_find_outside(s, &axis);
    if (outside) {
        gpu_refuse_outside(outside, axis, p->err);
        refuse(p);
    }
    if (!p->failed && p->now.shared_bytes > GPU_STATIC_SHARED) {
        FAIL(p->err, cuda_shared_bytes, s, (long long)p->now.shared_bytes, GPU_STATIC_SHARED);
        refuse(p);
    }
    take_buffers(p);
    vec_push(p->A, &p->kernels, p->now);
}

/* ---- the program ---- */

static void plan_top(Planner *p, const Node *s)
{
    if (p->failed || s->op == OP_Nop)
        return;
    if (s->op == OP_Seq) {
        for (uint32_t i = 0; i < s->nkids; i++)
            plan_top(p, s->kid[i]);
        return;
    }
    if (!gpu_above_kernels(s)) {
        plan_kernel(p, s);
        return;
    }
    const Node *b = s->kid[Alloc_buffer];
    if (cuda_elements(b) < 0) {
        FAIL(p->err, cuda_buffer_big, s, ir_buf_name(b));
        refuse(p);
        return;
    }
    vec_push(p->A, &p->temporaries, b);
    vec_push(p->A, &p->globals, b);
    plan_top(p, s->kid[Alloc_body]);
    p->globals.n--;
}

static bool plan_func(Planner *p, const Node *func)
{
    for (int part = Func_params; part <= Func_results; part++)
        for (uint32_t i = 0; i < func->kid[part]->nkids; i++) {
            const Node *b = func->kid[part]->kid[i];
            if (cuda_elements(b) < 0)
                return REFUSE(p->err, cuda_buffer_big, b, ir_buf_name(b));
            vec_push(p->A, &p->globals, b);
        }
    plan_top(p, func->kid[Func_body]);
    return !p->failed;
}

bool cuda_plan(Arena *A, const Node *func, CudaPlan *out, Err *err)
{
    Planner p = {.A = A, .err = err};
    bool ok = plan_func(&p, func);
    *out = (CudaPlan){p.kernels.at, p.kernels.n, p.temporaries.at, p.temporaries.n};
    return ok;
}

bool cuda_plan_emulated(Arena *A, const Node *func, Err *err)
{
    return plan_func(&(Planner){.A = A, .err = err, .emulated = true}, func);
}
