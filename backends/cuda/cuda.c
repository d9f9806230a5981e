/* cuda.c -- the session's half of the CUDA backend: lower, plan, have PTX made. */
#include "backends/cuda/cuda.h"

#include <string.h>

#include "backends/cuda/launch.h"
#include "backends/cuda/options.h"
#include "backends/cuda/plan.h"
#include "backends/exec.h"
#include "core/ir/print.h"
#include "core/ir/rewrite.h"
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
    return low && cuda_plan(A, low, plan, err) ? low : NULL;
}

static bool accepts(const Node *func, const char *target, Err *err)
{
    Arena *A = arena_new(NULL);
    CudaPlan plan;
    bool ok = lower(A, func, target, &plan, err) != NULL;
    arena_release(A);
    return ok;
}

/* PTX of the lowered program, from the worker. */
static const char *make_ptx(Arena *A, const Node *low, const char *target, EmitView which, Err *err)
{
    const char *text = ir_text(A, low);
    ExecEntry entry = {low->at.name, NULL, 0};
    ExecSource source = {.module = "tvmrepl-llvm", .target = target, .text = text,
                         .length = strlen(text), .entries = &entry, .nentries = 1};
    EmitBlob blob;
    if (!exec_view(A, &source, which, &blob, err))
        return NULL;
    return arena_strndup(A, blob.data, blob.bytes);
}

/* In the order of the arguments: parameters, then results. */
static Kernel *new_kernel(Arena *A, const Node *func, const char *target)
{
    size_t n = 0;
    const Node *ins = func->kid[Func_params], *outs = func->kid[Func_results];
    KernelParam *params = ARENA_ARRAY(A, KernelParam, ins->nkids + outs->nkids + 1);
    for (uint32_t i = 0; i < ins->nkids; i++)
        params[n++] = (KernelParam){ir_buf_name(ins->kid[i]), false};
    for (uint32_t i = 0; i < outs->nkids; i++)
        params[n++] = (KernelParam){ir_buf_name(outs->kid[i]), true};
    return kernel_new(func->at.name, target, params, (int)n);
}

static Kernel *compile(const Node *func, const char *target, Err *err)
{
    Arena *A = arena_new(NULL);
    CudaPlan plan;
    Kernel *k = NULL;
    const Node *low = lower(A, func, target, &plan, err);
    const char *ptx = low ? make_ptx(A, low, target, EMIT_PTX, err) : NULL;
    if (ptx && !(k = new_kernel(A, func, target)))
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
    return low ? make_ptx(A, low, target, strcmp(name, "ir") == 0 ? EMIT_IR : EMIT_PTX, err) : NULL;
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
