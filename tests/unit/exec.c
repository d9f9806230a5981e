/* exec.c -- the worker and the runner: kernels that behave, and every way in which they may not.
**
** This program is its own worker and runner.  As a worker it "compiles" a text by
** writing a jump to the C function that an entry names; as a runner it offers those
** functions.  So the processes, the code window, the pool and the faults are the real
** ones, and no compiler is needed. test: threads */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/exec.h"
#include "backends/worker/worker.h"
#include "core/base/cancel.h"
#include "core/run/runtime.h"
#include "core/run/stats.h"
#include "core/run/tensor.h"

enum { N = 100 };

/* ---- the kernels: buffers are A (input), C (result), both float32[100] ---- */

static int32_t k_empty(void **b, const int64_t *dims, const Runtime *rt)
{
    (void)b, (void)dims, (void)rt;
    return 0;
}

static int32_t k_add(void **b, const int64_t *dims, const Runtime *rt)
{
    (void)dims, (void)rt;
    for (int64_t i = 0; i < N; i++)
        ((float *)b[1])[i] = ((float *)b[0])[i] + 1;
    return 0;
}

static int32_t part(void *env, int64_t i)
{
    ((float **)env)[1][i] = ((float **)env)[0][i] * 2;
    return 0;
}

static int32_t k_parallel(void **b, const int64_t *dims, const Runtime *rt)
{
    (void)dims;
    return rt->parallel(rt->ctx, part, b, N);
}

static int32_t outer(void *env, int64_t i)
{
    const Runtime *rt = ((void **)env)[2];
    float *pair[2] = {((float **)env)[0] + i * 10, ((float **)env)[1] + i * 10};
    return rt->parallel(rt->ctx, part, pair, 10);
}

static int32_t k_nested(void **b, const int64_t *dims, const Runtime *rt)
{
    (void)dims;
    void *env[3] = {b[0], b[1], (void *)(uintptr_t)rt};
    return rt->parallel(rt->ctx, outer, env, 10);
}

static int32_t k_temporary(void **b, const int64_t *dims, const Runtime *rt)
{
    (void)dims;
    float *t = rt->alloc(rt->ctx, N * 4), *left = rt->alloc(rt->ctx, 1 << 20);
    if ((uintptr_t)t % RT_ALIGN || (uintptr_t)left % RT_ALIGN)
        return 7;
    for (int64_t i = 0; i < N; i++)
        t[i] = ((float *)b[0])[i] * 3;
    memcpy(b[1], t, (size_t)N * 4);
    rt->release(rt->ctx, t);
    return 0; /* `left` is left behind on purpose: the runner takes it back */
}

static volatile int64_t far_away = 1000000, zero;
static volatile float sink;

static int32_t k_read_end(void **b, const int64_t *dims, const Runtime *rt)
{
    (void)dims, (void)rt;
    for (int i = 0; i < 5000; i++)
        sink = ((float *)b[0])[i];
    return 0;
}

static int32_t k_write_end(void **b, const int64_t *dims, const Runtime *rt)
{
    (void)dims, (void)rt;
    for (int i = 0; i < 5000; i++)
        ((volatile float *)b[1])[i] = 1;
    return 0;
}

static int32_t k_write_one(void **b, const int64_t *dims, const Runtime *rt)
{
    (void)dims, (void)rt;
    ((volatile float *)b[1])[N + 3] = 1; /* into the pad: no page is missed */
    return 0;
}

static int32_t k_write_before(void **b, const int64_t *dims, const Runtime *rt)
{
    (void)dims, (void)rt;
    ((volatile float *)b[1])[-5] = 1;
    return 0;
}

static int32_t k_read_far_before(void **b, const int64_t *dims, const Runtime *rt)
{
    (void)dims, (void)rt;
    sink = ((volatile float *)b[0])[-2000];
    return 0;
}

static int32_t k_write_input(void **b, const int64_t *dims, const Runtime *rt)
{
    (void)dims, (void)rt;
    ((volatile float *)b[0])[42] = 1;
    return 0;
}

static int32_t k_null(void **b, const int64_t *dims, const Runtime *rt)
{
    (void)b, (void)dims, (void)rt;
    *(volatile int *)(uintptr_t)(8 * zero + 16) = 1;
    return 0;
}

static int32_t k_wild(void **b, const int64_t *dims, const Runtime *rt)
{
    (void)dims, (void)rt;
    sink = *(volatile float *)((uintptr_t)b[0] ^ UINT64_C(0x4000000000000000));
    return 0;
}

static int32_t k_jump(void **b, const int64_t *dims, const Runtime *rt)
{
    KernelFn *f = (KernelFn *)(uintptr_t)b[1];
    return f(b, dims, rt);
}

static int32_t k_divide(void **b, const int64_t *dims, const Runtime *rt)
{
    (void)b, (void)dims, (void)rt;
#if defined __x86_64__
    int32_t r = (int32_t)N, high = 0, by = (int32_t)zero;
    __asm__ volatile("idivl %2" : "+a"(r), "+d"(high) : "r"(by));
    return r;
#else
    raise(SIGFPE);
    return 0;
#endif
}

static int32_t k_illegal(void **b, const int64_t *dims, const Runtime *rt)
{
    (void)b, (void)dims, (void)rt;
    __builtin_trap();
}

static int32_t k_abort(void **b, const int64_t *dims, const Runtime *rt)
{
    (void)b, (void)dims, (void)rt;
    abort();
}

static int deep(int64_t left)
{
    volatile char here[4096];
    here[left & 4095] = 1;
    return left ? deep(left - 1) + here[0] : 0;
}

static int32_t k_stack(void **b, const int64_t *dims, const Runtime *rt)
{
    (void)b, (void)dims, (void)rt;
    return deep(far_away) & 0;
}

static int32_t k_endless(void **b, const int64_t *dims, const Runtime *rt)
{
    (void)b, (void)dims, (void)rt;
    while (zero == 0)
        sink = sink + 1;
    return 0;
}

static int32_t k_polite(void **b, const int64_t *dims, const Runtime *rt)
{
    (void)b, (void)dims;
    while (!*rt->cancel)
        sink = sink + 1;
    return RT_CANCELLED;
}

static int32_t k_killed(void **b, const int64_t *dims, const Runtime *rt)
{
    (void)b, (void)dims, (void)rt;
    kill(getpid(), SIGKILL);
    return 0;
}

static int32_t k_exit(void **b, const int64_t *dims, const Runtime *rt)
{
    (void)b, (void)dims, (void)rt;
    _exit(9);
}

static int32_t k_temporary_end(void **b, const int64_t *dims, const Runtime *rt)
{
    (void)b, (void)dims;
    volatile float *t = rt->alloc(rt->ctx, 4000);
    for (int i = 0; i < 20000; i++)
        t[i] = 1;
    return 0;
}

static int32_t k_hungry(void **b, const int64_t *dims, const Runtime *rt)
{
    (void)b, (void)dims;
    for (;;)
        rt->alloc(rt->ctx, INT64_C(1) << 33);
    return 0;
}

static int32_t bad_part(void *env, int64_t i)
{
    if (i == 57)
        ((volatile float **)env)[1][far_away] = 1;
    return 0;
}

static int32_t k_parallel_fault(void **b, const int64_t *dims, const Runtime *rt)
{
    (void)dims;
    return rt->parallel(rt->ctx, bad_part, b, N);
}

static int32_t k_assert(void **b, const int64_t *dims, const Runtime *rt)
{
    (void)b, (void)dims, (void)rt;
    return 3;
}

static int32_t k_checked(void **b, const int64_t *dims, const Runtime *rt)
{
    (void)b, (void)dims;
    return rt->oob(rt->ctx, 2, 0, N);
}

static int32_t sum_of(void **b, int64_t n)
{
    float x = 0;
    for (int64_t i = 0; i < n; i++)
        x += ((volatile float *)b[0])[i % N];
    ((float *)b[1])[0] = x;
    return 0;
}

static int32_t k_slow(void **b, const int64_t *dims, const Runtime *rt)
{
    (void)dims, (void)rt;
    return sum_of(b, 20000);
}

static int32_t k_slower(void **b, const int64_t *dims, const Runtime *rt)
{
    (void)dims, (void)rt;
    return sum_of(b, 30000);
}

typedef struct Named {
    const char *name;
    KernelFn *fn;
} Named;

#define K(name)     \
    {               \
#name, name \
    }
static const Named kernels[] = {
    K(k_empty),       K(k_add),       K(k_parallel),      K(k_nested),       K(k_temporary),
    K(k_read_end),    K(k_write_end), K(k_write_one),     K(k_write_before), K(k_read_far_before),
    K(k_write_input), K(k_null),      K(k_wild),          K(k_jump),         K(k_divide),
    K(k_illegal),     K(k_abort),     K(k_stack),         K(k_endless),      K(k_polite),
    K(k_killed),      K(k_exit),      K(k_temporary_end), K(k_hungry),       K(k_parallel_fault),
    K(k_assert),      K(k_checked),   K(k_slow),          K(k_slower)};
enum { NKERNELS = sizeof kernels / sizeof *kernels };

/* ---- the compiler: entries become jumps to the functions above ---- */

static const EmitHost *host;

static void write_jump(unsigned char *at, uint64_t to)
{
#if defined __x86_64__
    const unsigned char code[12] = {0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xe0};
    memcpy(at, code, sizeof code);
    memcpy(at + 2, &to, sizeof to);
#elif defined __aarch64__
    const uint32_t code[2] = {0x58000050u, 0xd61f0200u}; /* ldr x16, .+8; br x16 */
    memcpy(at, code, sizeof code);
    memcpy(at + 8, &to, sizeof to);
    __builtin___clear_cache((char *)at, (char *)at + 16);
#endif
}

static bool emit_compile(Arena *A, const EmitRequest *ask, EmitResult *out, Err *err)
{
    if (strcmp(ask->text, "fail") == 0)
        return REFUSE(err, io_failed, NULL, "understand", "the text", "it says fail");
    if (strcmp(ask->text, "abort") == 0) {
        fputs("LLVM ERROR: Cannot select: nothing\n", stderr);
        abort();
    }
    while (strcmp(ask->text, "hang") == 0)
        usleep(1000);
    out->entries = ARENA_ARRAY(A, EmitEntry, ask->nentries);
    for (int i = 0; i < ask->nentries; i++) {
        uint64_t target = host->symbol(host->ctx, ask->entries[i]);
        void *at = host->take(host->ctx, strcmp(ask->text, "large") ? 16 : 20 << 20, 16);
        if (!at)
            return REFUSE(err, window_full, NULL);
        write_jump(at, target);
        if (target)
            out->entries[out->nentries++] =
                (EmitEntry){ask->entries[i], (uint64_t)(uintptr_t)at, 16};
    }
    if (ask->views & 1u << EMIT_IR)
        out->view[EMIT_IR] = (EmitBlob){ask->text, ask->length};
    return true;
}

static const Emit emit = {EMIT_VERSION, "test", emit_compile};

static const Emit *emit_open(const EmitHost *h, Err *err)
{
    (void)err;
    host = h;
    return &emit;
}

static const char *names[NKERNELS + 1];

static uint64_t symbol(const char *name)
{
    for (int i = 0; i < NKERNELS; i++)
        if (strcmp(kernels[i].name, name) == 0)
            return (uint64_t)(uintptr_t)kernels[i].fn;
    return 0;
}

/* ---- the session ---- */

static Tensor *A, *C;
static const KernelParam params[] = {{"A", false}, {"C", true}};

static ExecSource source_of(const char *text, const ExecEntry *entry)
{
    return (ExecSource){.module = "test",
                        .target = "llvm",
                        .text = text,
                        .length = strlen(text),
                        .entries = entry,
                        .nentries = 1};
}

static Kernel *kernel_named(const char *name)
{
    ExecEntry entry = {name, params, 2};
    ExecSource s = source_of("text", &entry);
    Kernel *k = NULL;
    Err err = {0};
    if (!exec_compile(&s, &k, &err))
        fail_msg("%s: %s", name, err.why);
    return k;
}

static bool run_with(const Kernel *k, int threads, double deadline, Err *err)
{
    ExecCall call = {k, (Tensor *[]){A, C}};
    ExecJob job = {&call, 1, threads, deadline};
    return exec_run(&job, NULL, err);
}

static void expect_result(const char *name, int threads, double factor, double plus)
{
    Err err = {0};
    Kernel *k = kernel_named(name);
    if (!run_with(k, threads, 0, &err))
        fail_msg("%s: %s", name, err.why);
    for (int64_t i = 0; i < N; i++)
        assert_true(tensor_at(C, i).f == (double)i * factor + plus);
    kernel_release(k);
}

static void kernels_that_behave(void **state)
{
    (void)state;
    expect_result("k_add", 0, 1, 1);
    expect_result("k_parallel", 1, 2, 0);
    expect_result("k_add", 0, 1, 1);
    expect_result("k_parallel", 4, 2, 0);
    expect_result("k_add", 0, 1, 1);
    expect_result("k_nested", 3, 2, 0);
    for (int i = 0; i < 50; i++)
        expect_result("k_temporary", 1, 3, 0);
}

static void inputs_of_every_kind(void **state)
{
    (void)state;
    Kernel *k = kernel_named("k_add");
    Tensor *wide = tensor_new(DT_float32, 2, (int64_t[]){N, 3}, NULL);
    tensor_arange(wide, 0, 1);
    Tensor *column = tensor_pick(wide, 1, 1, NULL),
           *tail = tensor_new(DT_float32, 1, (int64_t[]){N}, NULL);
    Err err = {0};
    ExecCall calls[2] = {{k, (Tensor *[]){column, tail}}, {k, (Tensor *[]){tail, C}}};
    double seconds[2];
    assert_true(exec_run(&(ExecJob){calls, 2, 1, 0}, seconds, &err));
    assert_true(seconds[0] > 0 && seconds[1] > 0);
    for (int64_t i = 0; i < N; i++)
        assert_true(tensor_at(C, i).f == (double)(3 * i + 3));
    assert_true(tensor_at(tail, 1).f == 5);
    Tensor *every = tensor_slice(wide, 0, 0, N, 2, NULL);
    calls[0].args = (Tensor *[]){A, every};
    assert_false(exec_run(&(ExecJob){calls, 1, 1, 0}, NULL, &err));
    assert_int_equal(err.code, ERR_kernel_result);
    calls[0].args = (Tensor *[]){A, NULL};
    assert_false(exec_run(&(ExecJob){calls, 1, 1, 0}, NULL, &err));
    assert_int_equal(err.code, ERR_kernel_args);
    tensor_release(every);
    tensor_release(column);
    tensor_release(tail);
    tensor_release(wide);
    kernel_release(k);
}

typedef struct Fault {
    const char *kernel;
    ErrCode code;
    const char *says; /* part of the sentence */
    double deadline;
} Fault;

static const Fault faults[] = {
    {"k_read_end", ERR_kernel_out_of_bounds, "reads outside A: A[1", 0},
    {"k_write_end", ERR_kernel_out_of_bounds, "writes outside C: C[100]", 0},
    {"k_write_one", ERR_kernel_out_of_bounds, "writes outside C: C[103], but it is float32[100]",
     0},
    {"k_write_before", ERR_kernel_out_of_bounds, "writes outside C: C[-5]", 0},
    {"k_read_far_before", ERR_kernel_out_of_bounds, "reads outside A: A[-2000]", 0},
    {"k_write_input", ERR_kernel_wrote_input, "its input A at A[42]", 0},
    {"k_null", ERR_kernel_crashed, "a null pointer (address 0x10)", 0},
    {"k_wild", ERR_kernel_crashed, "an address that cannot exist", 0},
    {"k_jump", ERR_kernel_crashed, "k_jump stopped with", 0},
    {"k_divide", ERR_kernel_crashed, "an integer division", 0},
    {"k_illegal", ERR_kernel_crashed, "an instruction", 0},
    {"k_abort", ERR_kernel_crashed, "abort()", 0},
    {"k_stack", ERR_kernel_crashed, "a stack overflow", 0},
    {"k_endless", ERR_kernel_timeout, "did not end within 0.02 s", 0.02},
    {"k_polite", ERR_kernel_timeout, "k_polite did not end", 0.02},
    {"k_killed", ERR_runner_failed, "was killed by signal 9 (Killed) while it ran k_killed", 0},
    {"k_exit", ERR_runner_failed, "ended with status 9 while it ran k_exit", 0},
    {"k_temporary_end", ERR_kernel_crashed, "of a temporary of 4000 bytes", 0},
    {"k_hungry", ERR_kernel_no_memory, "a temporary of 8192 MiB", 0},
    {"k_parallel_fault", ERR_kernel_out_of_bounds, "k_parallel_fault writes outside C", 0},
    {"k_assert", ERR_kernel_assert, "assertion 3 of k_assert", 0},
    {"k_checked", ERR_kernel_index, "access 2 has index 100 in dimension 0", 0},
};

/* Every kind of fault, twenty times: the error says what happened, the inputs are as they were, and
** the next kernel runs. */
static void faults_are_survived(void **state)
{
    (void)state;
    Kernel *good = kernel_named("k_add");
    Fingerprint before = tensor_fingerprint(A);
    int repeats = getenv("TVMREPL_FAULTS") ? atoi(getenv("TVMREPL_FAULTS")) : 20;
    double slowest = 0;
    for (size_t f = 0; f < sizeof faults / sizeof *faults; f++) {
        Kernel *bad = kernel_named(faults[f].kernel);
        for (int i = 0; i < repeats; i++) {
            Err err = {0};
            assert_false(run_with(bad, i % 2 ? 1 : 3, faults[f].deadline, &err));
            if (err.code != faults[f].code || !strstr(err.why, faults[f].says))
                fail_msg("%s: %s: %s", faults[f].kernel, err_name(err.code), err.why);
            A->fp_known = false;
            Fingerprint after = tensor_fingerprint(A);
            assert_true(fp_equal(before, after));
            double start = timer_now();
            assert_true(run_with(good, 1, 0, &err));
            slowest = fmax(slowest, timer_now() - start);
            assert_true(tensor_at(C, 99).f == 100);
        }
        kernel_release(bad);
    }
    print_message("%zu kinds of fault, %d times each; the next run took at most %.1f ms\n",
                  sizeof faults / sizeof *faults, repeats, slowest * 1e3);
    kernel_release(good);
}

static void on_alarm(int signal)
{
    (void)signal;
    cancel_ask();
}

static void ask_in(long microseconds)
{
    struct itimerval t = {.it_value = {0, microseconds}};
    struct sigaction act = {.sa_handler = on_alarm};
    sigaction(SIGALRM, &act, NULL);
    setitimer(ITIMER_REAL, &t, NULL);
}

static void interrupted_soon(void **state)
{
    (void)state;
    static const char *const which[] = {"k_endless", "k_polite"};
    double best = 1e30; /* a busy machine may be late, but not every time */
    for (int i = 0; i < 6; i++) {
        Kernel *k = kernel_named(which[i % 2]);
        assert_true(run_with(k, 1, 0.001, NULL) == false); /* the runner is up and ready */
        Err err = {0};
        ask_in(20000);
        double start = timer_now();
        assert_false(run_with(k, 1, 0, &err));
        double took = timer_now() - start - 0.02;
        assert_int_equal(err.code, ERR_interrupted);
        best = took < best ? took : best;
        assert_false(run_with(k, 1, 0, &err)); /* nothing starts while the flag is up */
        assert_int_equal(err.code, ERR_interrupted);
        cancel_clear();
        kernel_release(k);
    }
    assert_true(best < 0.1);
    expect_result("k_add", 0, 1, 1);
}

static void compilers_that_fail(void **state)
{
    (void)state;
    ExecEntry entry = {"k_add", params, 2};
    Kernel *k;
    Err err = {0};
    ExecSource s = source_of("fail", &entry);
    assert_false(exec_compile(&s, &k, &err));
    assert_int_equal(err.code, ERR_io_failed);
    assert_string_equal(err.why, "cannot understand the text: it says fail");
    Kernel *kept = kernel_named("k_add");
    for (int i = 0; i < 5; i++) {
        s = source_of("abort", &entry);
        assert_false(exec_compile(&s, &k, &err));
        assert_int_equal(err.code, ERR_worker_failed);
        assert_non_null(strstr(err.why, "LLVM ERROR: Cannot select: nothing"));
        s = source_of("hang", &entry);
        s.limit_s = 0.05;
        assert_false(exec_compile(&s, &k, &err));
        assert_int_equal(err.code, ERR_worker_timeout);
        s.limit_s = 0;
        ask_in(20000);
        assert_false(exec_compile(&s, &k, &err));
        assert_int_equal(err.code, ERR_interrupted);
        cancel_clear();
        assert_true(run_with(kept, 1, 0, &err)); /* code outlives its compiler */
        expect_result("k_parallel", 2, 2, 0);
    }
    kernel_release(kept);
    entry.name = "k_no_such";
    s = source_of("text", &entry);
    assert_false(exec_compile(&s, &k, &err));
    assert_int_equal(err.code, ERR_worker_failed);
    kill(exec_worker_pid(), SIGKILL);
    while (exec_worker_pid() != 0)
        usleep(100);
    expect_result("k_add", 1, 1, 1);
    Arena *scratch = arena_new(NULL);
    EmitBlob ir;
    entry.name = "k_add";
    assert_true(exec_view(scratch, &s, EMIT_IR, &ir, &err));
    assert_int_equal(ir.bytes, 4);
    assert_string_equal(ir.data, "text");
    arena_release(scratch);
}

static void window_is_reused(void **state)
{
    (void)state;
    ExecEntry entry = {"k_add", params, 2};
    ExecSource s = source_of("large", &entry);
    Kernel *all[20], *k;
    Err err = {0};
    int n = 0;
    while (n < 20 && exec_compile(&s, &all[n], &err))
        n++;
    assert_in_range(n, 8, 12);
    assert_int_equal(err.code, ERR_window_full);
    for (int i = 0; i < n; i++)
        kernel_release(all[i]);
    for (int i = 0; i < 30; i++) {
        assert_true(exec_compile(&s, &k, &err));
        assert_true(run_with(k, 1, 0, &err));
        kernel_release(k);
    }
    k = kernel_named("k_add");
    exec_shutdown();
    assert_int_equal(exec_runner_pid(), 0);
    assert_false(run_with(k, 1, 0, &err));
    assert_int_equal(err.code, ERR_kernel_stale);
    kernel_release(k);
    expect_result("k_add", 1, 1, 1);
}

static void timing(void **state)
{
    (void)state;
    Kernel *slow = kernel_named("k_slow");
    Kernel *slower = kernel_named("k_slower");
    ExecCall a = {slow, (Tensor *[]){A, C}}, b = {slower, (Tensor *[]){A, C}};
    ExecJob jobs[3] = {{&a, 1, 1, 0}, {&b, 1, 1, 0}, {&a, 1, 1, 0}};
    TimerPlan plan = {.number = 1, .repeat = 15, .min_repeat_ms = 1, .seed = 5};
    double samples[45];
    int rounds;
    Err err = {0};
    /* Half as much work again is found, though on a busy machine perhaps not at the first try. */
    Comparison c = {.verdict = VERDICT_SAME};
    for (int i = 0; i < 10 && c.verdict != VERDICT_A_FASTER; i++) {
        assert_true(exec_time(jobs, 3, &plan, samples, &rounds, NULL, &err));
        assert_int_equal(rounds, 15);
        c = stats_compare(samples, samples + 15, 15, 0.01);
    }
    if (c.verdict == VERDICT_SAME) /* too busy for medians: the quickest rounds must still tell */
        assert_true(stats_of(samples + 15, 15).min > 1.2 * stats_of(samples, 15).min);
    else
        assert_true(c.verdict == VERDICT_A_FASTER && c.low > 1);
    Kernel *bad = kernel_named("k_divide");
    ExecCall d = {bad, (Tensor *[]){A, C}};
    jobs[1].calls = &d;
    assert_false(exec_time(jobs, 2, &plan, samples, &rounds, NULL, &err));
    assert_int_equal(err.code, ERR_kernel_crashed);
    assert_non_null(strstr(err.why, "k_divide"));
    kernel_release(bad);
    kernel_release(slower);
    kernel_release(slow);
}

static int open_session(void **state)
{
    (void)state;
    A = tensor_empty(DT_float32, 1, (int64_t[]){N}, NULL);
    C = tensor_empty(DT_float32, 1, (int64_t[]){N}, NULL);
    tensor_arange(A, 0, 1);
    exec_start();
    return 0;
}

static int close_session(void **state)
{
    (void)state;
    exec_shutdown();
    tensor_release(A);
    tensor_release(C);
    return tensor_count() == 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
    for (int i = 0; i < NKERNELS; i++)
        names[i] = kernels[i].name;
    const WorkerHooks hooks = {emit_open, symbol, names};
    int served = worker_main(argc, argv, &hooks);
    if (served >= 0)
        return served;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels_that_behave),
        cmocka_unit_test(inputs_of_every_kind),
        cmocka_unit_test(faults_are_survived),
        cmocka_unit_test(interrupted_soon),
        cmocka_unit_test(compilers_that_fail),
        cmocka_unit_test(window_is_reused),
        cmocka_unit_test(timing),
    };
    return cmocka_run_group_tests(tests, open_session, close_session);
}
