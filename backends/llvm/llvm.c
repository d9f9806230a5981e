/* llvm.c -- the session's half of the LLVM backend: lower, send the text to the worker. */
#include "backends/llvm/llvm.h"

#include <stdlib.h>
#include <string.h>

#include "backends/llvm/options.h"
#include "backends/source.h"
#include "core/ir/parse.h"
#include "core/ir/print.h"
#include "core/ir/rewrite.h"
#include "passes/loop/accesses.h"
#include "passes/loop/lower.h"

static void describe(Buf *out)
{
#if defined(__x86_64__)
    const char *vectors = __builtin_cpu_supports("avx512f") ? "avx512"
                          : __builtin_cpu_supports("avx2")  ? "avx2"
                                                            : "sse";
    buf_printf(out, "LLVM 19 (x86-64, %s)", vectors);
#else
    buf_puts(out, "LLVM 19");
#endif
}

/* ---- what it takes ---- */

static bool accepts(const Node *func, const char *target, Err *err)
{
    Arena *A = arena_scratch(NULL);
    LlvmOptions options;
    const Node *barrier = ir_first(func, OP_Barrier);
    bool ok = llvm_options(A, target, &options, err);
    arena_release(A);
    return ok && (!barrier || REFUSE(err, llvm_barrier, barrier));
}

static const Node *lower(Arena *A, const Node *func, const char *target, Err *err)
{
    return accepts(func, target, err) ? loop_lower(A, func, false, err) : NULL;
}

/* ---- kernels ---- */

/* A kernel keeps its text, from which an access that was refused is found again. */
static bool outside(const Kernel *k, int access, int dim, int64_t index, Err *err)
{
    Arena *A = arena_scratch(NULL);
    size_t n = 0;
    const Node *func = ir_parse_func(A, k->impl, err);
    const Node *const *all = func ? loop_accesses(A, func, &n) : NULL;
    if (access >= 0 && (size_t)access < n && dim >= 0 &&
        (size_t)dim < ir_rank(all[access]->kid[0])) {
        const Node *a = all[access], *buffer = a->kid[0];
        const Node *wrong = ir_index(a)[dim];
        REFUSE(err, kernel_outside, NULL, k->name, a->op == OP_Load ? "reads" : "writes",
               ir_buf_name(buffer), ir_text(A, wrong), (long long)index, dim,
               (long long)ir_dim(buffer, (size_t)dim));
    } else {
        REFUSE(err, kernel_index, NULL, k->name, access, (long long)index, dim);
    }
    arena_release(A);
    return false;
}

static void forget(Kernel *k)
{
    free(k->impl);
}

static Kernel *compile(const Node *func, const char *target, Err *err)
{
    Arena *A = arena_scratch(NULL);
    Kernel *k = NULL;
    const Node *low = lower(A, func, target, err);
    ExecSource source;
    bool ok = low && source_of(A, low, target, &source, err);
    if (ok && exec_compile(&source, &k, err)) {
        k->impl = strdup(source.text);
        k->outside = k->impl ? outside : NULL;
        k->release = forget;
    }
    arena_release(A);
    return k;
}

/* ---- views ---- */

static const char *const views[] = {"ir", "asm", NULL};

static const char *view(Arena *A, const Node *func, const char *target, const char *name, Err *err)
{
    const Node *low = lower(A, func, target, err);
    return low ? source_view(A, low, target, strcmp(name, "asm") == 0 ? EMIT_ASM : EMIT_IR, err)
               : NULL;
}

const Backend llvm_backend = {
    .name = "llvm",
    .doc = "native code for this machine's processor, or another x86-64 by -mcpu and -mattr",
    .describe = describe,
    .accepts = accepts,
    .compile = compile,
    .views = views,
    .view = view,
};
