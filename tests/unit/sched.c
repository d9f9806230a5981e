/* sched.c -- primitives, one by one: the program after, what is said, what is refused. */
#include "tests/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/ir/print.h"
#include "core/schedule/sched.h"

static const char matmul[] = MATMUL("60", "64", "64");

static const char two_stages[] = "func f(A: float32[32, 32]) -> D: float32[30, 32]:\n"
                                 "  alloc B: float32[32, 32]\n"
                                 "  for y in range(32):\n"
                                 "    for x in range(32):\n"
                                 "      block B(y, x):\n"
                                 "        B[y, x] = A[y, x] * 2\n"
                                 "  for i in range(30):\n"
                                 "    for j in range(32):\n"
                                 "      block D(i, j):\n"
                                 "        D[i, j] = B[i, j] + B[i + 1, j] + B[i + 2, j]\n";

/* A schedule on a text, with steps written as words: "split y 8 yo yi". */
typedef struct Fixture {
    Arena *A;
    Sched *s;
    Err err;
} Fixture;

static Fixture begin(const char *text)
{
    Fixture f = {.A = arena_new(NULL)};
    Version *v = version_new(f.A, parse(f.A, text));
    f.s = sched_new(v);
    version_release(v);
    return f;
}

static void end(Fixture *f)
{
    sched_free(f->s);
    arena_release(f->A);
    assert_int_equal(arena_count(), 0);
}

static bool step(Fixture *f, const char *words)
{
    char copy[256];
    Arg args[16];
    size_t n = 0;
    snprintf(copy, sizeof copy, "%s", words);
    char *save, *name = strtok_r(copy, " ", &save);
    for (char *w; (w = strtok_r(NULL, " ", &save));) {
        char *rest;
        long v = strtol(w, &rest, 10);
        args[n++] = *rest ? given_str(w) : given_int(v);
    }
    const Prim *p = prim_find(name);
    assert_non_null(p);
    memset(&f->err, 0, sizeof f->err);
    Fingerprint before = ir_fingerprint(f->s->at->func);
    bool ok = sched_apply(f->s, p, n, args, &f->err);
    if (!ok)
        assert_true(fp_equal(before, ir_fingerprint(f->s->at->func)));
    Err broken = {0};
    if (!ir_verify(f->s->at->func, &broken))
        fail_msg("%s broke the program: %s", words, broken.why);
    Arena *A = arena_new(NULL);
    const char *text = ir_text(A, f->s->at->func);
    const Node *back = ir_parse_func(A, text, &broken);
    if (!back)
        fail_msg("%s: the text does not parse: %s\n%s", words, broken.why, text);
    if (!ir_equal(back, f->s->at->func))
        fail_msg("%s: the text reads back as another program:\n%s\n%s", words, text,
                 ir_text(A, back));
    arena_release(A);
    return ok;
}

static void good(Fixture *f, const char *words)
{
    if (!step(f, words))
        fail_msg("%s was refused: %s", words, f->err.why);
}

static void refused(Fixture *f, const char *words, ErrCode code)
{
    if (step(f, words))
        fail_msg("%s was accepted", words);
    if (f->err.code != code)
        fail_msg("%s was refused by %s, not %s: %s", words, err_name(f->err.code), err_name(code),
                 f->err.why);
    assert_string_not_equal(f->err.what, "");
}

static void is_now(Fixture *f, const char *text)
{
    Arena *A = arena_new(NULL);
    assert_string_equal(ir_text(A, f->s->at->func), text);
    arena_release(A);
}

static void split_guards_what_does_not_divide(void **state)
{
    (void)state;
    Fixture f = begin(matmul);
    good(&f, "split y 8 yo yi");
    assert_string_equal(f.s->at->said, "split y(60) -> yo(8) yi(8), guarded");
    good(&f, "split x 16");
    good(&f, "reorder yo xo k yi xi");
    is_now(&f, "func matmul(A: float32[64, 60], B: float32[64, 64]) -> C: float32[60, 64]:\n"
               "  for yo in range(8):\n"
               "    for xo in range(4):\n"
               "      for k in range(64):\n"
               "        for yi in range(8):\n"
               "          for xi in range(16):\n"
               "            block C(y = yo*8 + yi, x = xo*16 + xi, k: reduce) where y < 60:\n"
               "              init: C[y, x] = 0\n"
               "              C[y, x] += A[k, y] * B[k, x]\n");
    refused(&f, "split y 4", ERR_stale_name);
    assert_non_null(strstr(f.err.why, "step 1"));
    refused(&f, "split yo 0", ERR_bad_factor);
    refused(&f, "split nothing 4", ERR_no_loop);
    refused(&f, "split yo", ERR_missing_argument);
    refused(&f, "split yo 4 a b c", ERR_too_many_names);
    end(&f);
}

static void kinds_are_checked(void **state)
{
    (void)state;
    Fixture f = begin(matmul);
    refused(&f, "parallel k", ERR_reduce_concurrent);
    assert_non_null(strstr(f.err.witness, "k=0"));
    assert_string_equal(f.err.fix, "s:parallel \"y\"");
    good(&f, "parallel y");
    good(&f, "split x 16 xo xi");
    good(&f, "vectorize xi");
    good(&f, "unroll xo");
    refused(&f, "split xi 4", ERR_loop_has_kind);
    refused(&f, "unroll xi", ERR_loop_has_kind);
    assert_non_null(strstr(f.err.fix, "a loop has one kind"));
    refused(&f, "bind xo threadIdx.q", ERR_no_thread_axis);
    good(&f, "annotate k pipeline 2");
    assert_string_equal(f.s->at->said, "annotate k {pipeline: 2}");
    end(&f);
}

static void fuse_and_tile(void **state)
{
    (void)state;
    Fixture f = begin(matmul);
    good(&f, "tile y x 4 16 yo xo yi xi");
    good(&f, "fuse yo xo");
    good(&f, "parallel yo_xo");
    refused(&f, "fuse yi k", ERR_loop_between);
    is_now(&f, "func matmul(A: float32[64, 60], B: float32[64, 64]) -> C: float32[60, 64]:\n"
               "  for yo_xo in parallel(60):\n"
               "    for yi in range(4):\n"
               "      for xi in range(16):\n"
               "        for k in range(64):\n"
               "          block C(y = yo_xo//4*4 + yi, x = yo_xo%4*16 + xi, k: reduce):\n"
               "            init: C[y, x] = 0\n"
               "            C[y, x] += A[k, y] * B[k, x]\n");
    end(&f);
}

static void undo_redo_and_trace(void **state)
{
    (void)state;
    Fixture f = begin(matmul);
    Fingerprint before = ir_fingerprint(f.s->at->func);
    good(&f, "split y 8 yo yi");
    good(&f, "reorder yo x yi");
    Fingerprint after = ir_fingerprint(f.s->at->func);
    assert_string_equal(version_trace(f.A, f.s->at, "s"),
                        "s:split(\"y\", 8, \"yo\", \"yi\")\ns:reorder(\"yo\", \"x\", \"yi\")\n");
    assert_true(sched_mark(f.s, "tiled", &f.err));
    assert_true(sched_undo(f.s, 2, &f.err));
    assert_true(fp_equal(before, ir_fingerprint(f.s->at->func)));
    assert_false(sched_undo(f.s, 1, &f.err));
    assert_true(sched_redo(f.s, 2, &f.err));
    assert_true(fp_equal(after, ir_fingerprint(f.s->at->func)));
    assert_false(sched_redo(f.s, 1, &f.err));
    assert_true(sched_undo(f.s, 1, &f.err));
    good(&f, "parallel yo");
    assert_true(sched_goto(f.s, sched_marked(f.s, "tiled"), &f.err));
    assert_true(fp_equal(after, ir_fingerprint(f.s->at->func)));
    end(&f);
}

static void the_language_example(void **state)
{
    (void)state;
    Fixture f = begin(
        "func matmul(A: float32[1024, 1024], B: float32[1024, 1024]) -> C: float32[1024, 1024]:\n"
        "  for y in range(1024):\n"
        "    for x in range(1024):\n"
        "      for k in range(1024):\n"
        "        block C(y, x, k: reduce):\n"
        "          init: C[y, x] = 0\n"
        "          C[y, x] += A[k, y] * B[k, x]\n");
    good(&f, "split y 8 yo yi");
    good(&f, "split x 32 xo xi");
    good(&f, "reorder yo xo k yi xi");
    good(&f, "cache_write C local");
    good(&f, "reverse_compute_at C.store xo");
    good(&f, "decompose_reduction C k");
    good(&f, "vectorize */xi");
    good(&f, "unroll C/yi");
    good(&f, "parallel yo");
    is_now(
        &f,
        "func matmul(A: float32[1024, 1024], B: float32[1024, 1024]) -> C: float32[1024, 1024]:\n"
        "  for yo in parallel(128):\n"
        "    for xo in range(32):\n"
        "      alloc C.local: local window C[yo*8 :+ 8, xo*32 :+ 32]\n"
        "      for yi in range(8):\n"
        "        for xi in vectorized(32):\n"
        "          block C.init(y = yo*8 + yi, x = xo*32 + xi):\n"
        "            C.local[y, x] = 0\n"
        "      for k in range(1024):\n"
        "        for yi in unrolled(8):\n"
        "          for xi in vectorized(32):\n"
        "            block C(y = yo*8 + yi, x = xo*32 + xi, k: reduce):\n"
        "              C.local[y, x] += A[k, y] * B[k, x]\n"
        "      for yi in range(8):\n"
        "        for xi in vectorized(32):\n"
        "          block C.store(y = yo*8 + yi, x = xo*32 + xi):\n"
        "            C[y, x] = C.local[y, x]\n");
    end(&f);
}

static void packing_is_cache_read_and_compute_at(void **state)
{
    (void)state;
    Fixture f = begin(matmul);
    good(&f, "split x 16 xo xi");
    good(&f, "reorder xo k y xi");
    good(&f, "cache_read C B global");
    good(&f, "compute_at B.global xo");
    good(&f, "contract C");
    refused(&f, "compute_at C xo", ERR_is_result);
    refused(&f, "compute_at B.global k", ERR_loop_ambiguous);
    refused(&f, "reverse_compute_at C y", ERR_own_loop);
    refused(&f, "cache_read C B nowhere", ERR_no_scope);
    is_now(&f, "func matmul(A: float32[64, 60], B: float32[64, 64]) -> C: float32[60, 64]:\n"
               "  for xo in range(4):\n"
               "    alloc B.global: global window B[0 :+ 64, xo*16 :+ 16]\n"
               "    for k in range(64):\n"
               "      for xi in range(16):\n"
               "        block B.global(k, x = xo*16 + xi):\n"
               "          B.global[k, x] = B[k, x]\n"
               "    for k in range(64):\n"
               "      for y in range(60):\n"
               "        for xi in range(16):\n"
               "          block C(y, x = xo*16 + xi, k: reduce):\n"
               "            init: C[y, x] = 0\n"
               "            C[y, x] fma= A[k, y] * B.global[k, x]\n");
    end(&f);
}

static void compute_at_takes_just_the_part_in_use(void **state)
{
    (void)state;
    Fixture f = begin(two_stages);
    good(&f, "split i 8 io ii");
    good(&f, "compute_at B io");
    good(&f, "parallel io");
    good(&f, "vectorize j");
    is_now(&f, "func f(A: float32[32, 32]) -> D: float32[30, 32]:\n"
               "  for io in parallel(4):\n"
               "    alloc B: float32[32, 32] window [io*8 :+ 10, 0 :+ 32]\n"
               "    for y in range(10):\n"
               "      for x in range(32):\n"
               "        block B(y = io*8 + y, x) where y < 32:\n"
               "          B[y, x] = A[y, x] * 2\n"
               "    for ii in range(8):\n"
               "      for j in vectorized(32):\n"
               "        block D(i = io*8 + ii, j) where i < 30:\n"
               "          D[i, j] = B[i, j] + B[i + 1, j] + B[i + 2, j]\n");
    refused(&f, "reverse_compute_at D y", ERR_reads_differ);
    refused(&f, "compute_at D io", ERR_is_result);
    end(&f);
}

static void inlining(void **state)
{
    (void)state;
    Fixture f = begin(two_stages);
    good(&f, "compute_inline B");
    is_now(&f, "func f(A: float32[32, 32]) -> D: float32[30, 32]:\n"
               "  for i in range(30):\n"
               "    for j in range(32):\n"
               "      block D(i, j):\n"
               "        D[i, j] = A[i, j]*2 + A[i + 1, j]*2 + A[i + 2, j]*2\n");
    refused(&f, "compute_inline D", ERR_is_result);
    end(&f);
    f = begin(two_stages);
    refused(&f, "reverse_compute_inline D", ERR_not_inlinable);
    refused(&f, "set_scope A local", ERR_not_allocated);
    good(&f, "set_scope B shared");
    end(&f);
    f = begin("func f(A: float32[8]) -> D: float32[8]:\n"
              "  alloc B: float32[8]\n"
              "  for y in range(8):\n"
              "    block B(y):\n"
              "      B[y] = A[y] * 2\n"
              "  for i in range(8):\n"
              "    block D(i):\n"
              "      D[i] = max(B[i], 0)\n");
    good(&f, "reverse_compute_inline D");
    is_now(&f, "func f(A: float32[8]) -> D: float32[8]:\n"
               "  for y in range(8):\n"
               "    block B(y):\n"
               "      D[y] = max(A[y] * 2, 0)\n");
    end(&f);
}

static void reductions_are_kept_whole(void **state)
{
    (void)state;
    Fixture f = begin("func f(A: float32[8, 64]) -> D: float32[8]:\n"
                      "  alloc S: float32[8]\n"
                      "  for y in range(8):\n"
                      "    for k in range(64):\n"
                      "      block S(y, k: reduce):\n"
                      "        init: S[y] = 0\n"
                      "        S[y] += A[y, k]\n"
                      "  for i in range(8):\n"
                      "    block D(i):\n"
                      "      D[i] = S[i] + 1\n");
    refused(&f, "reverse_compute_at D k", ERR_still_reducing);
    refused(&f, "reverse_compute_inline D", ERR_not_inlinable);
    refused(&f, "contract S", ERR_not_contractible);
    refused(&f, "decompose_reduction D i", ERR_not_a_reduction);
    good(&f, "reverse_compute_at D y");
    good(&f, "split k 8 ko ki");
    good(&f, "reorder ki ko");
    assert_non_null(strstr(f.s->at->said, "rounding"));
    refused(&f, "decompose_reduction S ko", ERR_reduces_outside);
    good(&f, "decompose_reduction S ki");
    is_now(&f, "func f(A: float32[8, 64]) -> D: float32[8]:\n"
               "  for y in range(8):\n"
               "    alloc S: float32[8] window [y :+ 1]\n"
               "    block S.init(y):\n"
               "      S[y] = 0\n"
               "    for ki in range(8):\n"
               "      for ko in range(8):\n"
               "        block S(y, k = ko*8 + ki: reduce):\n"
               "          S[y] += A[y, k]\n"
               "    block D(i = y):\n"
               "      D[i] = S[i] + 1\n");
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(split_guards_what_does_not_divide),
        cmocka_unit_test(kinds_are_checked),
        cmocka_unit_test(fuse_and_tile),
        cmocka_unit_test(undo_redo_and_trace),
        cmocka_unit_test(the_language_example),
        cmocka_unit_test(packing_is_cache_read_and_compute_at),
        cmocka_unit_test(compute_at_takes_just_the_part_in_use),
        cmocka_unit_test(inlining),
        cmocka_unit_test(reductions_are_kept_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
