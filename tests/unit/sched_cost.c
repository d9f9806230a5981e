/* sched_cost.c -- what a step of a schedule costs in memory; and, printed for the reader, in time. */
#include "tests/program.h"

#include <stdio.h>
#include <time.h>

#include "core/ir/print.h"
#include "core/schedule/sched.h"

static const char matmul[] = MATMUL("1024", "1024", "1024");

typedef struct Call {
    const char *name;
    size_t n;
    Arg args[10];
} Call;

/* The twelve steps of a tiled matrix product. */
static const Call twelve[] = {
    {"split", 4, {{ARG_STR, 0, "y", 0, NULL}, {ARG_INT, 8, NULL, 0, NULL}, {ARG_STR, 0, "yo", 0, NULL}, {ARG_STR, 0, "yi", 0, NULL}}},
    {"split", 4, {{ARG_STR, 0, "x", 0, NULL}, {ARG_INT, 32, NULL, 0, NULL}, {ARG_STR, 0, "xo", 0, NULL}, {ARG_STR, 0, "xi", 0, NULL}}},
    {"split", 4, {{ARG_STR, 0, "k", 0, NULL}, {ARG_INT, 4, NULL, 0, NULL}, {ARG_STR, 0, "ko", 0, NULL}, {ARG_STR, 0, "ki", 0, NULL}}},
    {"reorder", 6, {{ARG_STR, 0, "yo", 0, NULL}, {ARG_STR, 0, "xo", 0, NULL}, {ARG_STR, 0, "ko", 0, NULL}, {ARG_STR, 0, "ki", 0, NULL}, {ARG_STR, 0, "yi", 0, NULL}, {ARG_STR, 0, "xi", 0, NULL}}},
    {"cache_write", 2, {{ARG_STR, 0, "C", 0, NULL}, {ARG_STR, 0, "local", 0, NULL}}},
    {"reverse_compute_at", 2, {{ARG_STR, 0, "C.store", 0, NULL}, {ARG_STR, 0, "xo", 0, NULL}}},
    {"decompose_reduction", 2, {{ARG_STR, 0, "C", 0, NULL}, {ARG_STR, 0, "ko", 0, NULL}}},
    {"contract", 1, {{ARG_STR, 0, "C", 0, NULL}}},
    {"vectorize", 1, {{ARG_STR, 0, "*/xi", 0, NULL}}},
    {"unroll", 1, {{ARG_STR, 0, "C/yi", 0, NULL}}},
    {"unroll", 1, {{ARG_STR, 0, "ki", 0, NULL}}},
    {"parallel", 1, {{ARG_STR, 0, "yo", 0, NULL}}},
};
enum { TWELVE = sizeof twelve / sizeof *twelve };

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static Version *written(Arena *A)
{
    return version_new(A, parse(A, matmul));
}

static Version *run_twelve(Version *v, bool verify)
{
    Err err = {0};
    version_retain(v);
    for (int i = 0; i < TWELVE; i++) {
        Version *next = version_apply(v, prim_find(twelve[i].name), twelve[i].n, twelve[i].args, &err);
        if (!next)
            fail_msg("%s: %s", twelve[i].name, err.why);
        if (verify)
            assert_true(ir_verify(next->func, &err));
        version_release(v);
        v = next;
    }
    return v;
}

static void a_step_kept_is_small(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    Version *v = written(A), *end = run_twelve(v, true);
    size_t largest = 0;
    for (Version *w = end; w->parent; w = w->parent) {
        size_t bytes = arena_bytes(w->arena);
        print_message("  %4zu bytes  %s\n", bytes, w->said);
        largest = bytes > largest ? bytes : largest;
    }
    assert_true(largest <= 2048);
    version_release(end);
    version_release(v);
    arena_release(A);
    assert_int_equal(arena_count(), 0);
}

static void print_times(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    Version *v = written(A), *end = run_twelve(v, false);
    for (int verify = 0; verify < 2; verify++) {
        double best = 1e30;
        for (int i = 0; i < 200; i++) {
            double t = now_us();
            version_release(run_twelve(v, verify));
            t = now_us() - t;
            best = t < best ? t : best;
        }
        print_message("  twelve steps%s: %.1f us\n", verify ? ", verified" : "", best);
    }
    double best = 1e30;
    for (int i = 0; i < 200; i++) {
        Arena *T = arena_new(NULL);
        double t = now_us();
        ir_text(T, end->func);
        t = now_us() - t;
        best = t < best ? t : best;
        arena_release(T);
    }
    print_message("  printing: %.1f us\n", best);
    version_release(end);
    version_release(v);
    arena_release(A);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_kept_is_small),
        cmocka_unit_test(print_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
