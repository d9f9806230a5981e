/* backend.c -- the table of backends, and kernels that run in this process. */
#include "tests/program.h"

#include <string.h>

#include "backends/backend.h"
#include "backends/exec.h"

static const char program[] = "func inc(A: float32[4]) -> C: float32[4]:\n"
                              "  for i in range(4):\n"
                              "    block C(i):\n"
                              "      C[i] = A[i] + 1\n";

static void interpreter(void **state)
{
    (void)state;
    Err err = {0};
    Arena *scratch = arena_new(NULL);
    const Node *f = parse(scratch, program);
    const Backend *b = backend_find("interp", &err);
    assert_ptr_equal(b, backends[1]);
    Kernel *k = b->compile(f, "interp", &err);
    assert_non_null(k);
    arena_release(scratch); /* the kernel keeps what it needs */
    Tensor *t = tensor_new(DT_float32, 2, (int64_t[]){4, 2}, NULL);
    tensor_arange(t, 0, 1);
    Tensor *a = tensor_pick(t, 1, 1, NULL), *c = tensor_new(DT_float32, 1, (int64_t[]){4}, NULL);
    ExecCall call = {k, (Tensor *[]){a, c}};
    double seconds;
    assert_true(exec_run(&(ExecJob){&call, 1, 1, 0}, &seconds, &err));
    for (int64_t i = 0; i < 4; i++)
        assert_true(tensor_at(c, i).f == (double)(2 * i + 2));
    assert_true(seconds > 0);
    ExecJob jobs[2] = {{&call, 1, 1, 0}, {&call, 1, 1, 0}};
    TimerPlan plan = {.number = 1, .repeat = 7};
    double samples[14];
    int rounds;
    assert_true(exec_time(jobs, 2, &plan, samples, &rounds, NULL, &err));
    assert_int_equal(rounds, 7);
    assert_int_equal(exec_runner_pid(), 0); /* nothing was started for it */
    kernel_release(k);
    tensor_release(a);
    tensor_release(c);
    tensor_release(t);
    assert_int_equal(tensor_count(), 0);
}

static Tensor *four_of(double v)
{
    Tensor *t = tensor_new(DT_float32, 1, (int64_t[]){4}, NULL);
    tensor_constant(t, (Scalar){.f = v});
    return t;
}

static bool all_are(const Tensor *t, double v)
{
    for (int64_t i = 0; i < tensor_size(t); i++)
        if (tensor_at(t, i).f != v)
            return false;
    return true;
}

/* Two programs one after another, as a model is. */
static void time_twice(Kernel *k, Tensor *const *t, Tensor *const *u)
{
    Err err = {0};
    ExecCall first[2] = {{k, (Tensor *[]){t[0], t[1]}}, {k, (Tensor *[]){t[1], t[2]}}};
    ExecCall second[2] = {{k, (Tensor *[]){u[0], u[1]}}, {k, (Tensor *[]){u[1], u[2]}}};
    double samples[10];
    int rounds;
    assert_true(exec_time((ExecJob[]){{first, 2, 1, 0}, {second, 2, 1, 0}}, 2,
                          &(TimerPlan){.number = 1, .repeat = 5}, samples, &rounds, NULL, &err));
}

/* Jobs timed against each other write to the first one's tensors, as far as they write the same. */
static void candidates_share_tensors(void **state)
{
    (void)state;
    Err err = {0};
    Arena *scratch = arena_new(NULL);
    const Backend *b = backend_find("interp", &err);
    Kernel *k = b->compile(parse(scratch, program), "interp", &err);
    Kernel *other = b->compile(parse(scratch, "func f(A: float32[4]) -> D: float32[4]:\n"
                                              "  for i in range(4):\n    D[i] = A[i] + 3\n"),
                               "interp", &err);
    Tensor *t[8];
    for (int i = 0; i < 8; i++)
        t[i] = four_of(i);
    ExecCall call[3] = {{k, &t[0]}, {k, &t[2]}, {other, &t[4]}};
    ExecJob jobs[3] = {{&call[0], 1, 1, 0}, {&call[1], 1, 1, 0}, {&call[2], 1, 1, 0}};
    double samples[15];
    int rounds;
    assert_true(
        exec_time(jobs, 3, &(TimerPlan){.number = 1, .repeat = 5}, samples, &rounds, NULL, &err));
    assert_true(all_are(t[1], 1)); /* A[i] + 1 with A = 0, by both: their input is one, too */
    assert_true(all_are(t[3], 3)); /* untouched */
    assert_true(all_are(t[5], 3)); /* D is written by one alone, from the first one's A */
    for (int i = 0; i < 8; i++)
        tensor_constant(t[i], (Scalar){.f = i % 4 ? i : 0.5});
    time_twice(k, t, t + 4);
    assert_true(all_are(t[1], 1.5) &&
                all_are(t[2], 2.5)); /* the second reads what it wrote there */
    assert_true(all_are(t[5], 5) && all_are(t[6], 6));
    for (int i = 0; i < 8; i++)
        tensor_release(t[i]);
    kernel_release(k);
    kernel_release(other);
    arena_release(scratch);
}

static void refusals(void **state)
{
    (void)state;
    Err err = {0};
    Arena *scratch = arena_new(NULL);
    const Node *f = parse(scratch, program);
    assert_null(backend_find("tpu -fast", &err));
    assert_int_equal(err.code, ERR_no_backend);
    assert_non_null(strstr(err.why, "'tpu'"));
    assert_non_null(strstr(err.fix, "interp"));
    assert_null(backend_find("interp", &err)->compile(f, "interp -O3", &err));
    assert_int_equal(err.code, ERR_interp_option);
    assert_null(backend_find("check", &err)->compile(f, "check -fast", &err));
    assert_int_equal(err.code, ERR_check_option);
    f = parse(scratch, "func f() -> C: float32[4]:\n"
                       "  barrier(\"shared\")\n"
                       "  for i in range(4):\n"
                       "    block C(i):\n"
                       "      C[i] = 1\n");
    for (int i = 0; i < 2; i++)
        assert_false(backends[i]->accepts(f, backends[i]->name, &err));
    assert_int_equal(err.code, ERR_barrier_in_reference);
    arena_release(scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(interpreter),
                                       cmocka_unit_test(candidates_share_tensors),
                                       cmocka_unit_test(refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
