/* llvm_faults.c -- what LLVM refuses or cannot do comes back as an error that says so.
**
** No program of ours should be refused by LLVM, so the refusal is made here: a function of this
** program stands in for LLVM's own, which the module would have called.
*/
#include "tests/build_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool refuses, is_full;
static const Emit *emit;

int LLVMVerifyModule(void *module, int action, char **message);

int LLVMVerifyModule(void *module, int action, char **message)
{
    (void)module, (void)action;
    *message = refuses ? strdup("PHI node entries do not match predecessors!") : NULL;
    return refuses;
}

static void *take(void *ctx, size_t bytes, size_t align)
{
    (void)ctx;
    return is_full ? NULL : aligned_alloc(align, (bytes + align - 1) / align * align);
}

/* Nothing that code asks for is here. */
static uint64_t symbol(void *ctx, const char *name)
{
    (void)ctx, (void)name;
    return 0;
}

static int open_module(void **state)
{
    (void)state;
    static const EmitHost host = {NULL, take, symbol};
    emit = open_emit(&host);
    return 0;
}

static void compiling(const char *target, const char *body, ErrCode want, const char *says)
{
    char text[512];
    Arena *A = arena_new(NULL);
    snprintf(text, sizeof text,
             "func f(A: float32[4096]) -> B: float32[4096]:\n  for i in range(4096):\n    %s\n",
             body);
    EmitRequest ask = {
        .target = target, .text = text, .length = strlen(text), .views = 1u << EMIT_CODE};
    EmitResult out;
    Err err = {0};
    assert_int_equal(emit->compile(A, &ask, &out, &err), want == ERR_none);
    if (err.code != want || !strstr(err.why, says))
        fail_msg("%s: %s", err_name(err.code), err.why);
    arena_release(A);
}

#define COPY "B[i] = A[i]"

static void refusals_are_told(void **state)
{
    (void)state;
    refuses = true;
    compiling("llvm", COPY, ERR_llvm_rejected, "PHI node entries");
    refuses = false;
    compiling("llvm", COPY, ERR_none, "");
}

static void a_full_window_is_told(void **state)
{
    (void)state;
    is_full = true;
    compiling("llvm", COPY, ERR_window_full, "full");
    is_full = false;
    compiling("llvm", COPY, ERR_none, "");
}

/* The loop becomes a call of memset, which this host does not have. */
static void a_missing_function_is_told(void **state)
{
    (void)state;
    compiling("llvm -O3", "B[i] = 0", ERR_llvm_broken, "link the kernel");
    compiling("llvm", COPY, ERR_none, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals_are_told),
        cmocka_unit_test(a_full_window_is_told),
        cmocka_unit_test(a_missing_function_is_told),
    };
    return cmocka_run_group_tests(tests, open_module, NULL);
}
