/* sched_cost.c -- what a step of a schedule costs in memory. */
#include "tests/program.h"

#include "core/schedule/sched.h"

static const char matmul[] = MATMUL("1024", "1024", "1024");

typedef struct Call {
    const char *name;
    size_t n;
    Arg args[10];
} Call;

/* The twelve steps of a tiled matrix product. */
#define S(text)                   \
    {                             \
        ARG_STR, 0, text, 0, NULL \
    }
#define I(value)                      \
    {                                 \
        ARG_INT, value, NULL, 0, NULL \
    }
static const Call twelve[] = {
    {"split", 4, {S("y"), I(8), S("yo"), S("yi")}},
    {"split", 4, {S("x"), I(32), S("xo"), S("xi")}},
    {"split", 4, {S("k"), I(4), S("ko"), S("ki")}},
    {"reorder", 6, {S("yo"), S("xo"), S("ko"), S("ki"), S("yi"), S("xi")}},
    {"cache_write", 2, {S("C"), S("local")}},
    {"reverse_compute_at", 2, {S("C.store"), S("xo")}},
    {"decompose_reduction", 2, {S("C"), S("ko")}},
    {"contract", 1, {S("C")}},
    {"vectorize", 1, {S("*/xi")}},
    {"unroll", 1, {S("C/yi")}},
    {"unroll", 1, {S("ki")}},
    {"parallel", 1, {S("yo")}},
};
enum { TWELVE = sizeof twelve / sizeof *twelve };

static Version *run_twelve(Version *v)
{
    Err err = {0};
    version_retain(v);
    for (int i = 0; i < TWELVE; i++) {
        Version *next =
            version_apply(v, prim_find(twelve[i].name), twelve[i].n, twelve[i].args, &err);
        if (!next)
            fail_msg("%s: %s", twelve[i].name, err.why);
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
    Version *v = version_new(A, parse(A, matmul)), *end = run_twelve(v);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_kept_is_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
