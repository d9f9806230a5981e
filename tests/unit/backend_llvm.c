/* backend_llvm.c -- the LLVM backend through the real worker and runner.   test: threads */
#include "tests/build_files.h"
#include "tests/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/backend.h"
#include "backends/llvm/options.h"
#include "backends/llvm/peak.h"

static const char matmul[] =
    "func matmul(A: float32[32, 32], B: float32[32, 32]) -> C: float32[32, 32]:\n"
    "  for y in parallel(32):\n    for x in vectorized(32):\n      for k in range(32):\n"
    "        block C(y, x, k: reduce):\n          init: C[y, x] = 0\n"
    "          C[y, x] += A[k, y] * B[k, x]\n";

static Kernel *compile(const Node *f, const char *target)
{
    Err err = {0};
    const Backend *b = backend_find(target, &err);
    Kernel *k = b ? b->compile(f, target, &err) : NULL;
    if (!k)
        fail_msg("%s", err.why);
    return k;
}

static void compiles_and_runs(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    Err err = {0};
    Kernel *k = compile(parse(A, matmul), "llvm");
    Tensor *t[3];
    for (int i = 0; i < 3; i++) {
        t[i] = tensor_new(DT_float32, 2, (int64_t[]){32, 32}, &err);
        if (i < 2)
            tensor_arange(t[i], 0, 1);
    }
    ExecCall call = {.kernel = k, .args = t};
    if (!exec_run(&(ExecJob){.calls = &call, .ncalls = 1}, NULL, &err))
        fail_msg("%s", err.why);
    for (int64_t y = 0; y < 32; y++)
        for (int64_t x = 0; x < 32; x++) {
            float want = 0;
            for (int64_t i = 0; i < 32; i++)
                want += (float)(i * 32 + y) * (float)(i * 32 + x);
            assert_true(tensor_get(t[2], (int64_t[]){y, x}).f == want);
        }
    for (int i = 0; i < 3; i++)
        tensor_release(t[i]);
    kernel_release(k);
    arena_release(A);
}

static void bad_indices_are_named(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    Err err = {0};
    const Node *f = parse(A, "func pick(I: int64[4], A: float32[4, 6]) -> C: float32[4]:\n"
                             "  for i in range(4):\n    C[i] = A[i, I[i]]\n");
    Kernel *k = compile(f, "llvm -check");
    Tensor *t[3] = {tensor_new(DT_int64, 1, (int64_t[]){4}, &err),
                    tensor_new(DT_float32, 2, (int64_t[]){4, 6}, &err),
                    tensor_new(DT_float32, 1, (int64_t[]){4}, &err)};
    tensor_arange(t[0], 3, 1);
    ExecCall call = {.kernel = k, .args = t};
    assert_false(exec_run(&(ExecJob){.calls = &call, .ncalls = 1}, NULL, &err));
    assert_int_equal(err.code, ERR_kernel_outside);
    assert_string_equal(err.why,
                        "pick reads A where the index I[i] is 6 in dimension 1, whose extent is 6");
    for (int i = 0; i < 3; i++)
        tensor_release(t[i]);
    kernel_release(k);
    arena_release(A);
}

static void views_are_text(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    Err err = {0};
    const Backend *b = backend_find("llvm", &err);
    const char *ir = b->view(A, parse(A, matmul), "llvm -mcpu=x86-64", "ir", &err);
    const char *text = b->view(A, parse(A, matmul), "llvm -mcpu=x86-64-v4", "asm", &err);
    assert_non_null(ir);
    assert_non_null(text);
    assert_non_null(strstr(ir, "define i32 @"));
#if defined(__x86_64__)
    assert_non_null(strstr(text, "zmm"));
    /* Each instruction stands below the line of the program that it comes from. */
    assert_non_null(strstr(text, "C[y, x] += A[k, y] * B[k, x]\n\t"));
    assert_null(strstr(text, ".cfi"));
#endif
    arena_release(A);
}

#if defined(__x86_64__)
/* LLVM's word for each row: where there is no instruction it calls fmaf. */
static void the_table_says_who_multiplies_and_adds(void **state)
{
    static const struct {
        const char *name;
        bool fma;
    } rows[] = {
#define CPU(name, bytes, fma) {name, fma},
#include "backends/llvm/x86_cpus.def"
    };
    (void)state;
    Arena *A = arena_new(NULL);
    const Backend *b = backend_find("llvm", NULL);
    const Node *func = parse(A, "func f(A: float32[4]) -> C: float32[4]:\n"
                                "  for x in vectorized(4):\n    C[x] fma= A[x] * A[x]\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Err err = {0};
        const char *target = arena_printf(A, "llvm -mcpu=%s", rows[i].name);
        const char *text = b->view(A, func, target, "asm", &err);
        if (!text || (strstr(text, "fmaf") == NULL) != rows[i].fma)
            fail_msg("%s: %s", target, text ? text : err.why);
    }
    setenv("TVMREPL_MCPU", "sandybridge", 1);
    LlvmMachine m = llvm_machine();
    unsetenv("TVMREPL_MCPU");
    assert_true(m.registers == 16 && m.vector_bytes == 32 && !m.fma);
    arena_release(A);
}
#endif

/* LLVM dies of a mask shuffled into one longer than a mask register's 64 bits. */
static void long_masks_are_shuffled_as_bytes(void **state)
{
    (void)state;
    static const char *const lanes[] = {"64", "128"};
    for (int i = 0; i < 2; i++) {
        Arena *A = arena_new(NULL);
        Err err = {0};
        const char *text = arena_printf(A,
                                        "func f(A: bool[64]) -> C: bool[%s]:\n"
                                        "  for x in vectorized(%s):\n    C[x] = not A[x//2]\n",
                                        lanes[i], lanes[i]);
        const Backend *b = backend_find("llvm", &err);
        const char *ir = b->view(A, parse(A, text), "llvm -O0", "ir", &err), *at = ir;
        int shuffles = 0, masks = 0;
        assert_non_null(ir);
        for (; (at = strstr(at, "shufflevector <")); at++) {
            shuffles++;
            masks += strncmp(strchr(at, 'x'), "x i1>", 5) == 0;
        }
        assert_int_equal(shuffles, 1);
        assert_int_equal(masks, i == 0);
        arena_release(A);
    }
}

static void refusals(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    Err err = {0};
    const Backend *b = backend_find("llvm", &err);
    assert_null(b->compile(parse(A, matmul), "llvm -mcpu=znver9", &err));
    assert_int_equal(err.code, ERR_llvm_cpu_unknown);
    assert_null(backend_find("tpu -v5", &err));
    assert_int_equal(err.code, ERR_no_backend);
    arena_release(A);
}

static void peak_is_measured(void **state)
{
    (void)state;
    Err err = {0};
    double single = llvm_peak(DT_float32, 1, false, &err).gflops,
           twice = llvm_peak(DT_float64, 1, false, &err).gflops;
    if (single <= 0 || twice <= 0)
        fail_msg("%s", err.why);
    print_message("peak: %.1f GFLOP/s in float32, %.1f in float64\n", single, twice);
    assert_true(single > 0.5 && single < 2000);
    double both = llvm_peak(DT_float32, 2, false, &err).gflops;
    single = llvm_peak(DT_float32, 1, false, &err).gflops;
    assert_true(single <= both && both <= 2 * single);
}

/* A book that knows one core's peak, 100, and one measurement of two. */
static PeakBook book_of(double two, double waited)
{
    PeakBook b = {0};
    peak_note(&b, 1, 100, 0.5);
    peak_note(&b, 2, two, waited);
    return b;
}

static void peak_of_a_busy_machine(void **state)
{
    (void)state;
    PeakBook b = book_of(60, 0.4);
    assert_true(peak_known(&b, 2).gflops == 100); /* two do what one does */
    assert_true(peak_known(&b, 2).waited == 0.4);
    assert_false(peak_plausible(&b, 2));
    assert_true(peak_known(&b, 1).waited == 0); /* the best of many short runs */
    peak_note(&b, 2, 196, 0.6);
    assert_true(peak_known(&b, 2).gflops == 196 && peak_known(&b, 2).waited == 0);
    peak_note(&b, 2, 100, 0.6); /* a worse one changes nothing */
    assert_true(peak_known(&b, 2).gflops == 196 && peak_known(&b, 2).waited == 0);
    peak_note(&b, 2, 220, 0);
    assert_true(peak_known(&b, 1).gflops == 110); /* one of them does half of it */

    b = book_of(120, 0.01); /* two that share their units, on a quiet machine */
    assert_false(peak_plausible(&b, 2));
    assert_true(peak_known(&b, 2).gflops == 120 && peak_known(&b, 2).waited == 0);
    b = book_of(120, 0.4);
    peak_note(&b, 2, 110, 0.01); /* measured once more, and quiet: what it is */
    assert_true(peak_known(&b, 2).gflops == 120 && peak_known(&b, 2).waited == 0);
    assert_true(peak_known(&b, 4).gflops == 120); /* what fewer do, more do */
}

/* The compiler is bounded in what it may take, whatever LLVM comes to think of. */
static void the_compiler_is_bounded(void **state)
{
    (void)state;
    char path[64], line[160];
    bool no_processes = false, no_cores = false;
    snprintf(path, sizeof path, "/proc/%d/limits", exec_worker_pid());
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        no_processes |= strstr(line, "Max processes             0 ") != NULL;
        no_cores |= strstr(line, "Max core file size        0 ") != NULL;
    }
    fclose(f);
    assert_true(no_processes && no_cores);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compiles_and_runs),
        cmocka_unit_test(the_compiler_is_bounded),
        cmocka_unit_test(bad_indices_are_named),
        cmocka_unit_test(views_are_text),
#if defined(__x86_64__)
        cmocka_unit_test(the_table_says_who_multiplies_and_adds),
#endif
        cmocka_unit_test(long_masks_are_shuffled_as_bytes),
        cmocka_unit_test(refusals),
        cmocka_unit_test(peak_is_measured),
        cmocka_unit_test(peak_of_a_busy_machine),
    };
    return cmocka_run_group_tests(tests, open_processes, close_processes);
}
