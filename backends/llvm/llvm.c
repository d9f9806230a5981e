/* llvm.c -- the session's half of the LLVM backend: lower, send the text to the worker. */
#include "backends/llvm/llvm.h"

#include <stdlib.h>
#include <string.h>

#include "backends/exec.h"
#include "backends/llvm/options.h"
#include "core/ir/parse.h"
#include "core/ir/print.h"
#include "core/ir/rewrite.h"
#include "passes/loop/accesses.h"
#include "passes/loop/lower.h"

#define MODULE "tvmrepl-llvm"

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

static bool find_barrier(void *env, const Node *n)
{
    const Node **found = env;
    if (n->op == OP_Barrier)
        *found = n;
    return !*found;
}

static bool accepts(const Node *func, const char *target, Err *err)
{
    Arena *A = arena_new(NULL);
    LlvmOptions options;
    const Node *barrier = NULL;
    bool ok = llvm_options(A, target, &options, err);
    arena_release(A);
    if (!ok)
        return false;
    ir_walk(func, find_barrier, &barrier);
    return barrier ? REFUSE(err, llvm_barrier, barrier) : true;
}

/* ---- from Func to source ---- */

typedef struct Source {
    ExecSource exec;
    ExecEntry entry;
} Source;

static bool make_source(Arena *A, const Node *func, const char *target, Source *out, Err *err)
{
    if (!accepts(func, target, err))
        return false;
    const Node *low = loop_lower(A, func, false, err);
    if (!low)
        return false;
    const Node *const *lists = &func->kid[Func_params];
    size_t n = 0;
    KernelParam *params = ARENA_ARRAY(A, KernelParam, lists[0]->nkids + lists[1]->nkids + 1);
    for (int part = 0; part < 2; part++)
        for (uint32_t i = 0; i < lists[part]->nkids; i++)
            params[n++] = (KernelParam){ir_buf_name(lists[part]->kid[i]), part == 1};
    const char *text = ir_text(A, low);
    out->entry = (ExecEntry){func->at.name, params, (int)n};
    out->exec = (ExecSource){.module = MODULE, .target = target, .text = text,
                             .length = strlen(text), .entries = &out->entry, .nentries = 1};
    return true;
}

/* ---- kernels ---- */

static const char *size_text(Arena *A, const Node *n)
{
    return n->op == OP_IntImm ? arena_printf(A, "%lld", (long long)n->at.i) : ir_text(A, n);
}

/* A checked kernel keeps its text, from which the access that went wrong is found again. */
static bool outside(const Kernel *k, int access, int dim, int64_t index, Err *err)
{
    Arena *A = arena_new(NULL);
    size_t n = 0;
    const Node *func = ir_parse_func(A, k->impl, err);
    const Node *const *all = func ? loop_accesses(A, func, &n) : NULL;
    if (access >= 0 && (size_t)access < n && dim >= 0 &&
        (size_t)dim < ir_rank(all[access]->kid[0])) {
        const Node *a = all[access], *buffer = a->kid[0];
        const Node *wrong = a->kid[(a->op == OP_Load ? Load_index : Store_index) + dim];
        REFUSE(err, kernel_outside, NULL, k->name, a->op == OP_Load ? "reads" : "writes",
               ir_buf_name(buffer), ir_text(A, wrong), (long long)index, dim,
               size_text(A, buffer->kid[Buffer_shape + dim]));
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
    Arena *A = arena_new(NULL);
    Source source;
    Kernel *k = NULL;
    LlvmOptions options;
    if (make_source(A, func, target, &source, err) && exec_compile(&source.exec, &k, err) &&
        llvm_options(A, target, &options, err) && options.checked) {
        k->impl = strdup(source.exec.text);
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
    Source source;
    EmitBlob blob;
    EmitView which = strcmp(name, "asm") == 0 ? EMIT_ASM : EMIT_IR;
    if (!make_source(A, func, target, &source, err) ||
        !exec_view(A, &source.exec, which, &blob, err))
        return NULL;
    return arena_strndup(A, blob.data, blob.bytes);
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
