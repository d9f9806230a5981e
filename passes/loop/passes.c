/* passes.c -- the table of lowering passes and their driver. */
#include <string.h>
#include <time.h>

#include "core/base/cancel.h"
#include "core/ir/rewrite.h"
#include "core/ir/simplify.h"
#include "core/ir/verify.h"
#include "passes/loop/lower.h"

const LoopPass loop_passes[] = {
#define PASS(name, gpu, doc) {#name, doc, pass_##name, gpu},
#include "passes/loop/passes.def"
};
const size_t loop_pass_count = sizeof loop_passes / sizeof *loop_passes;

const LoopPass *loop_pass_find(const char *name)
{
    for (size_t i = 0; i < loop_pass_count; i++)
        if (strcmp(loop_passes[i].name, name) == 0)
            return &loop_passes[i];
    return NULL;
}

const Node *pass_simplify_all(Arena *A, const Node *func, Err *err)
{
    (void)err;
    return ir_simplify_all(A, func);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static Find find_bound(void *env, const Node *n)
{
    (void)env;
    return n->op == OP_For && for_is_bound(ir_for_kind(n)) ? FIND_THIS : FIND_INSIDE;
}

bool loop_is_gpu(const Node *n)
{
    return ir_find(n, find_bound, NULL) != NULL;
}

const Node *loop_lower_steps(Arena *A, const Node *func, bool gpu, LoopStep *steps, size_t *count,
                             Err *err)
{
    *count = 0;
    for (size_t i = 0; i < loop_pass_count; i++) {
        const LoopPass *pass = &loop_passes[i];
        if (pass->gpu_only && !gpu)
            continue;
        double start = now();
        const Node *after = pass->run(A, func, err);
        double seconds = now() - start;
        if (!after || cancel_poll(err)) /* a pass that is asked to stop may leave its work undone */
            return NULL;
        if (after != func && !ir_verify(after, err)) {
            err_in(err, pass->name);
            return NULL;
        }
        steps[(*count)++] = (LoopStep){pass, after, after != func, seconds};
        func = after;
    }
    return func;
}

const Node *loop_lower(Arena *A, const Node *func, bool gpu, Err *err)
{
    LoopStep steps[sizeof loop_passes / sizeof *loop_passes];
    size_t count;
    return loop_lower_steps(A, func, gpu, steps, &count, err);
}

size_t loop_checked_forms(Arena *A, const Node *func, CheckedForm out[2], Err *err)
{
    size_t n = 0;
    bool gpu = loop_is_gpu(func);
    const Node *form = gpu ? loop_lower(A, func, true, err) : func;
    if (!form)
        return 0;
    if (gpu)
        out[n++] = (CheckedForm){func, .as_written = !ir_first(func, OP_Barrier)};
    out[n++] = (CheckedForm){form, .as_written = false};
    return n;
}
