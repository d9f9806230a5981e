/* interp.c -- the two interpreters as backends, in this process: "interp", slow and right by
** definition, and "check", which runs the program as it is scheduled, by threads where it has
** thread axes, and believes nothing. */
#include "backends/interp/interp.h"

#include <stdlib.h>
#include <string.h>

#include "core/ir/check.h"
#include "core/ir/parse.h"
#include "core/ir/print.h"
#include "core/ir/rewrite.h"
#include "passes/loop/lower.h"

static void describe(Buf *out)
{
    buf_puts(out, "the reference interpreter");
}

static bool accepts(const Node *func, const char *target, Err *err)
{
    const Node *barrier = ir_first(func, OP_Barrier);
    if (strcmp(target, "interp") != 0)
        return REFUSE(err, interp_option, NULL, target);
    return !barrier || REFUSE(err, barrier_in_reference, barrier);
}

/* The program in an arena of its own, so that the kernel needs nothing to stay. */
typedef struct Loaded {
    Arena *arena;
    size_t n;
    CheckedForm forms[2]; /* what is run, one after the other */
    bool checks;
} Loaded;

static void forget(Kernel *k)
{
    Loaded *l = k->impl;
    arena_release(l->arena);
    free(l);
}

static void release_tensor(void *t)
{
    tensor_release(t);
}

static bool interpret(const Loaded *l, size_t n, const InterpBuffer *io, Err *err)
{
    bool ok = true;
    for (size_t i = 0; ok && i < l->n; i++) {
        CheckOptions options = {.as_written = l->forms[i].as_written};
        ok = l->checks ? check_run(l->forms[i].func, n, io, &options, err)
                       : interp_run(l->forms[i].func, n, io, NULL, err);
    }
    return ok;
}

static bool call(const Kernel *k, Tensor *const *args, Err *err)
{
    const Loaded *l = k->impl;
    Arena *A = arena_scratch(NULL);
    InterpBuffer *io = ARENA_ARRAY(A, InterpBuffer, k->nparams + 1);
    bool ok = true;
    for (int i = 0; ok && i < k->nparams; i++) {
        Tensor *t = args[i];
        if (k->params[i].written && !tensor_is_dense(t)) {
            ok = REFUSE(err, kernel_result, NULL);
            break;
        }
        Tensor *dense = k->params[i].written ? tensor_retain(t) : tensor_dense(t, err);
        if (!dense) {
            ok = false;
            break;
        }
        arena_own(A, dense, release_tensor);
        void *data =
            k->params[i].written ? tensor_fill(dense) : (void *)(uintptr_t)tensor_data(dense);
        io[i] = (InterpBuffer){dense->dtype, (size_t)dense->rank, dense->shape, data};
    }
    ok = ok && interpret(l, (size_t)k->nparams, io, err);
    arena_release(A);
    return ok;
}

/* A kernel of the program func, which is run in these forms. */
static Kernel *load(Arena *A, const Node *func, size_t nforms, const CheckedForm *forms,
                    const char *target, bool checks, Err *err)
{
    Arena *own = arena_scratch(NULL);
    int n;
    const KernelParam *params = kernel_params(A, func, &n);
    Loaded *l = malloc(sizeof *l), loaded = {own, nforms, .checks = checks};
    bool read = true;
    for (size_t i = 0; read && i < nforms; i++) {
        loaded.forms[i] = forms[i];
        loaded.forms[i].func = ir_parse_func(own, ir_text(A, forms[i].func), err);
        read = loaded.forms[i].func != NULL;
    }
    Kernel *k = l && read ? kernel_new(func->at.name, target, params, n) : NULL;
    if (!k) {
        free(l);
        arena_release(own);
        return read ? FAIL(err, out_of_memory, NULL) : NULL;
    }
    arena_keep(own);
    *l = loaded;
    k->impl = l;
    k->call = call;
    k->release = forget;
    return k;
}

static Kernel *compile(const Node *func, const char *target, Err *err)
{
    if (!accepts(func, target, err))
        return NULL;
    Arena *A = arena_scratch(NULL);
    Kernel *k = load(A, func, 1, &(CheckedForm){.func = func}, target, false, err);
    arena_release(A);
    return k;
}

static void describe_check(Buf *out)
{
    buf_puts(out, "the checking interpreter, which emulates the threads of a GPU");
}

static bool accepts_check(const Node *func, const char *target, Err *err)
{
    (void)func;
    return strcmp(target, "check") == 0 || REFUSE(err, check_option, NULL, target);
}

/* A program with thread axes is lowered first, for barriers are the lowering's. */
static Kernel *compile_check(const Node *func, const char *target, Err *err)
{
    if (!accepts_check(func, target, err))
        return NULL;
    Arena *A = arena_scratch(NULL);
    CheckedForm forms[2];
    size_t n = loop_checked_forms(A, func, forms, err);
    Kernel *k = n ? load(A, func, n, forms, target, true, err) : NULL;
    arena_release(A);
    return k;
}

const Backend interp_backend = {
    .name = "interp",
    .doc = "the reference interpreter: every program as it is defined, element by element",
    .describe = describe,
    .accepts = accepts,
    .compile = compile,
};

const Backend check_backend = {
    .name = "check",
    .doc = "the checking interpreter: bounds, unwritten memory, races; GPU threads are emulated",
    .describe = describe_check,
    .accepts = accepts_check,
    .compile = compile_check,
};
