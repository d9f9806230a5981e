/* cuda.c -- the session's half of the CUDA backend: lower, plan, have PTX made. */
#include "backends/cuda/cuda.h"

#include <string.h>

#include "backends/cuda/launch.h"
#include "backends/cuda/options.h"
#include "backends/cuda/plan.h"
#include "backends/source.h"
#include "passes/loop/lower.h"

static void describe(Buf *out)
{
    buf_puts(out, "CUDA (PTX for sm_60 to sm_90)");
}

/* The lowered program, if it can run on a GPU. */
static const Node *lower(Arena *A, const Node *func, const char *target, CudaPlan *plan, Err *err)
{
    CudaOptions options;
    if (!cuda_options(target, &options, err))
        return NULL;
    if (!loop_is_gpu(func))
        return FAIL(err, cuda_not_bound, func);
    const Node *low = loop_lower(A, func, true, err);
    if (low && cuda_plan(A, low, plan, err))
        return low;
    cuda_advise(A, func, err);
    return NULL;
}

bool cuda_can_emulate(Arena *A, const Node *func, const Node **form, Err *err)
{
    *form = func;
    if (!loop_is_gpu(func))
        return true;
    *form = loop_lower(A, func, true, err);
    if (*form && cuda_plan_emulated(A, *form, err))
        return true;
    cuda_advise(A, func, err);
    return false;
}

static bool accepts(const Node *func, const char *target, Err *err)
{
    Arena *A = arena_scratch(NULL);
    CudaPlan plan;
    bool ok = lower(A, func, target, &plan, err) != NULL;
    arena_release(A);
    return ok;
}

static Kernel *compile(const Node *func, const char *target, Err *err)
{
    Arena *A = arena_scratch(NULL);
    CudaPlan plan;
    Kernel *k = NULL;
    int n = 0;
    const KernelParam *params = kernel_params(A, func, &n);
    const Node *low = lower(A, func, target, &plan, err);
    const char *ptx = low ? source_view(A, low, target, EMIT_PTX, err) : NULL;
    if (ptx && !(k = kernel_new(func->at.name, target, params, n)))
        REFUSE(err, out_of_memory, NULL);
    if (k && !cuda_load(k, low, &plan, ptx, err)) {
        kernel_release(k);
        k = NULL;
    }
    arena_release(A);
    return k;
}

static const char *const views[] = {"ptx", "ir", NULL};

static const char *view(Arena *A, const Node *func, const char *target, const char *name, Err *err)
{
    CudaPlan plan;
    const Node *low = lower(A, func, target, &plan, err);
    return low ? source_view(A, low, target, strcmp(name, "ir") == 0 ? EMIT_IR : EMIT_PTX, err)
               : NULL;
}

const Backend cuda_backend = {
    .name = "cuda",
    .doc = "NVIDIA GPUs: PTX by LLVM, launched by the CUDA driver where there is one",
    .describe = describe,
    .accepts = accepts,
    .compile = compile,
    .views = views,
    .view = view,
};
