/* check.c -- the checking interpreter finds each kind of fault, and nothing in correct programs. */
#include "tests/program.h"

#include <string.h>

#include "core/base/cancel.h"
#include "core/ir/check.h"

static bool as_written; /* how the programs below are checked */

static bool check(Arena *A, const Node *f, Err *err)
{
    FloatData d = float_data(A, f);
    return check_run(f, d.n, d.io, &(CheckOptions){.as_written = as_written}, err);
}

static void clean(const char *text)
{
    Arena *A = arena_new(NULL);
    const Node *f = parse(A, text);
    Err err = {0};
    if (!check(A, f, &err))
        fail_msg("%s (%s)\n%s", err.why, err.witness, text);
    arena_release(A);
}

static void faulty(ErrCode code, const char *witness, const char *text)
{
    Arena *A = arena_new(NULL);
    const Node *f = parse(A, text);
    Err err = {0};
    if (check(A, f, &err))
        fail_msg("no fault found, %s expected\n%s", err_name(code), text);
    if (err.code != code || strcmp(err.witness, witness) != 0)
        fail_msg("%s: %s (%s)\nexpected %s (%s)\n%s", err_name(err.code), err.why, err.witness,
                 err_name(code), witness, text);
    arena_release(A);
}

#define F1 "func f(A: float32[32]) -> C: float32[32]:\n"

static void test_bounds(void **state)
{
    (void)state;
    faulty(ERR_outside_buffer, "x=3, y=0",
           "func f(A: float32[3, 4]) -> C: float32[3, 4]:\n"
           "  for y in range(3):\n"
           "    for x in range(4):\n"
           "      C[y, x] = A[y, x + 1]\n"); /* inside the memory, but outside its dimension */
    faulty(ERR_outside_buffer, "x=32", F1 "  for x in range(33):\n    C[x] = A[0]\n");
    faulty(ERR_outside_window, "xi=8, xo=0",
           F1 "  for xo in range(4):\n"
              "    alloc T: float32[32] window [xo*8 :+ 8]\n"
              "    for xi in range(9):\n"
              "      T[xo*8 + xi] = 0\n");
    clean(F1 "  for x in range(40):\n"
             "    block C(i = x) where i < 32:\n"
             "      C[i] = select(i > 0, A[i - 1], 0)\n");
}

static void test_undefined(void **state)
{
    (void)state;
    faulty(ERR_undefined_read, "x=0", F1 "  for x in range(32):\n    C[x] += A[x]\n");
    faulty(ERR_undefined_read, "x=5",
           F1 "  alloc T: float32[32]\n"
              "  for x in range(5):\n"
              "    T[x] = 0\n"
              "  for x in range(32):\n"
              "    C[x] = T[x]\n");
    faulty(ERR_undefined_read, "x=4", /* a copy of it is used */
           F1 "  alloc T: float32[32]\n"
              "  alloc U: float32[32]\n"
              "  for x in range(4):\n"
              "    T[x] = 0\n"
              "  for x in range(5):\n"
              "    U[x] = T[x]\n"
              "  for x in range(32):\n"
              "    C[x] = U[x] + 1\n");
    clean(F1 "  alloc T: float32[32]\n" /* a copy of it is not used, or written before it is */
             "  alloc U: float32[32]\n"
             "  for x in range(4):\n"
             "    T[x] = A[x]\n"
             "  for x in range(32):\n"
             "    U[x] = T[x]\n"
             "  U[4] = 1\n"
             "  for x in range(32):\n"
             "    C[x] = select(x <= 4, U[min(x, 4)], 0)\n");
    faulty(ERR_undefined_read, "x=1, o=0", /* each iteration has memory of its own */
           F1 "  for o in range(2):\n"
              "    alloc T: float32[32]\n"
              "    if o == 0:\n"
              "      T[0] = 1\n"
              "    for x in range(2):\n"
              "      C[x] = T[x]\n");
    faulty(ERR_never_written, "", F1 "  for x in range(31):\n    C[x] = A[x]\n");
}

static void test_races(void **state)
{
    (void)state;
    faulty(ERR_iterations_conflict, "k=0 writes; k=1 writes",
           F1 "  for x in range(32):\n"
              "    C[x] = 0\n"
              "  for k in parallel(4):\n"
              "    C[5] = A[k]\n");
    faulty(ERR_iterations_conflict, "k=0 writes; k=1 writes", /* a sum */
           F1 "  for x in range(32):\n"
              "    C[x] = 0\n"
              "  for k in parallel(4):\n"
              "    C[5] += A[k]\n");
    faulty(ERR_iterations_conflict, "x=0 writes; x=1 reads",
           F1 "  alloc T: float32[33]\n"
              "  T[0] = 0\n"
              "  for x in vectorized(32):\n"
              "    T[x + 1] = A[x]\n"
              "    C[x] = T[x]\n");
    faulty(ERR_iterations_conflict, "x=0, o=0 reads; x=1, o=0 writes",
           F1 "  alloc T: float32[33]\n"
              "  for x in range(33):\n"
              "    T[x] = 0\n"
              "  for o in range(2):\n"
              "    for x in vectorized(32):\n"
              "      C[x] = T[x + 1]\n"
              "      T[x] = A[x]\n");
    /* A read of another iteration stays known after the own iteration has read, too. */
    faulty(ERR_iterations_conflict, "x=1, y=0 reads; x=1, y=1 writes",
           F1 "  alloc T: float32[1]\n"
              "  T[0] = 0\n"
              "  for y in parallel(2):\n"
              "    for x in range(2):\n"
              "      C[y*2 + x] = T[0]\n"
              "      if y == 1 and x == 1:\n"
              "        T[0] = 1\n");
    /* Allocated inside the loop, or ordered by its end: no race. */
    clean(F1 "  for x in parallel(32):\n"
             "    alloc T: float32[1]\n"
             "    T[0] = A[x]\n"
             "    C[x] = T[0]\n");
    clean(F1 "  alloc T: float32[32]\n"
             "  for o in range(3):\n"
             "    for x in parallel(32):\n"
             "      T[x] = A[x]\n"
             "    for x in parallel(4):\n"
             "      for y in vectorized(8):\n"
             "        C[x*8 + y] = T[31 - x*8 - y]\n");
}

static void test_threads(void **state)
{
    (void)state;
    faulty(ERR_barrier_missing, "tx=30 writes; tx=1 reads",
           F1 "  alloc S: float32[32] shared\n"
              "  for tx in bind(\"threadIdx.x\", 32):\n"
              "    S[tx] = A[tx]\n"
              "  for tx in bind(\"threadIdx.x\", 32):\n"
              "    C[tx] = S[select(tx == 0, 0, 31 - tx)]\n");
    /* The next round writes what slow threads still read. */
    faulty(ERR_barrier_missing, "tx=31, k=0 reads; tx=0, k=1 writes",
           F1 "  alloc S: float32[32] shared\n"
              "  for k in range(2):\n"
              "    for tx in bind(\"threadIdx.x\", 32):\n"
              "      S[tx] = A[tx]\n"
              "    barrier(\"shared\")\n"
              "    for tx in bind(\"threadIdx.x\", 32):\n"
              "      C[tx] = S[31 - tx]\n");
    /* The same where the memory is allocated inside the loop: it stays in place. */
    faulty(ERR_barrier_missing, "tx=31, k=0 reads; tx=0, k=1 writes",
           F1 "  for k in range(2):\n"
              "    alloc S: float32[32] shared\n"
              "    for tx in bind(\"threadIdx.x\", 32):\n"
              "      S[tx] = A[tx]\n"
              "    barrier(\"shared\")\n"
              "    for tx in bind(\"threadIdx.x\", 32):\n"
              "      C[tx] = S[31 - tx]\n");
    faulty(ERR_barrier_not_reached, "",
           F1 "  for tx in bind(\"threadIdx.x\", 32):\n"
              "    if tx < 16:\n"
              "      barrier(\"shared\")\n"
              "    C[tx] = A[tx]\n");
    faulty(ERR_barrier_not_reached, "",
           F1 "  for tx in bind(\"threadIdx.x\", 32):\n"
              "    for k in range(tx):\n"
              "      barrier(\"shared\")\n"
              "    C[tx] = A[tx]\n");
    faulty(ERR_barrier_missing, "tx=0 writes; tx=1 writes",
           F1 "  for tx in bind(\"threadIdx.x\", 32):\n"
              "    C[tx // 2] = A[tx]\n");
    faulty(ERR_iterations_conflict, "tx=1, bx=0 writes; tx=0, bx=1 writes",
           F1 "  for bx in bind(\"blockIdx.x\", 4):\n"
              "    for tx in bind(\"threadIdx.x\", 8):\n"
              "      C[bx + tx] = A[tx]\n");
    clean(F1 "  alloc S: float32[32] shared\n"
             "  for k in range(2):\n"
             "    for tx in bind(\"threadIdx.x\", 32):\n"
             "      S[tx] = A[tx]\n"
             "    barrier(\"shared\")\n"
             "    for tx in bind(\"threadIdx.x\", 32):\n"
             "      C[tx] = S[31 - tx]\n"
             "    barrier(\"shared\")\n");
}

static void test_scopes(void **state)
{
    (void)state;
    faulty(ERR_local_of_other_thread, "tx=0",
           F1 "  alloc L: float32[32] local\n"
              "  for tx in bind(\"threadIdx.x\", 32):\n"
              "    L[tx] = A[tx]\n"
              "  for tx in bind(\"threadIdx.x\", 32):\n"
              "    C[tx] = L[31 - tx]\n");
    clean(F1 "  alloc L: float32[32] local\n"
             "  for tx in bind(\"threadIdx.x\", 32):\n"
             "    L[tx] = A[tx]\n"
             "  for tx in bind(\"threadIdx.x\", 32):\n"
             "    C[tx] = L[tx]\n");
    faulty(ERR_copy_of_other_block, "tx=0, bx=0",
           F1 "  alloc S: float32[32] shared\n"
              "  for bx in bind(\"blockIdx.x\", 4):\n"
              "    for tx in bind(\"threadIdx.x\", 8):\n"
              "      S[bx*8 + tx] = A[bx*8 + tx]\n"
              "  barrier(\"shared\")\n"
              "  for bx in bind(\"blockIdx.x\", 4):\n"
              "    for tx in bind(\"threadIdx.x\", 8):\n"
              "      C[bx*8 + tx] = S[24 - bx*8 + tx]\n");
    faulty(ERR_copy_of_other_block, "tx=0, bx=0, by=0", /* the same thread, another block */
           F1 "  alloc L: float32[32] local\n"
              "  for by in bind(\"blockIdx.y\", 2):\n"
              "    for bx in bind(\"blockIdx.x\", 2):\n"
              "      for tx in bind(\"threadIdx.x\", 8):\n"
              "        L[by*16 + bx*8 + tx] = A[by*16 + bx*8 + tx]\n"
              "  for by in bind(\"blockIdx.y\", 2):\n"
              "    for bx in bind(\"blockIdx.x\", 2):\n"
              "      for tx in bind(\"threadIdx.x\", 8):\n"
              "        C[bx*16 + by*8 + tx] = L[24 - by*16 - bx*8 + tx]\n");
    clean(F1 "  alloc S: float32[32] shared\n"
             "  for bx in bind(\"blockIdx.x\", 4):\n"
             "    for tx in bind(\"threadIdx.x\", 8):\n"
             "      S[bx*8 + tx] = A[bx*8 + tx]\n"
             "  barrier(\"shared\")\n"
             "  for bx in bind(\"blockIdx.x\", 4):\n"
             "    for tx in bind(\"threadIdx.x\", 8):\n"
             "      C[bx*8 + tx] = S[bx*8 + 7 - tx]\n");
    clean(F1 "  alloc S: float32[8] shared\n" /* each block its own */
             "  for bx in bind(\"blockIdx.x\", 4):\n"
             "    for tx in bind(\"threadIdx.x\", 8):\n"
             "      S[tx] = A[bx*8 + tx]\n"
             "    for tx in bind(\"threadIdx.x\", 8):\n"
             "      C[bx*8 + tx] = S[tx]\n");
    faulty(ERR_thread_extent, "",
           F1 "  alloc S: float32[32] shared\n"
              "  for k in range(1):\n"
              "    for tx in bind(\"threadIdx.x\", 32):\n"
              "      S[tx] = A[tx]\n"
              "    for tx in bind(\"threadIdx.x\", 16):\n"
              "      C[tx] = A[tx]\n");
    faulty(ERR_thread_extent, "", /* an extent of 1 is one, too */
           F1 "  alloc S: float32[32] shared\n"
              "  for k in range(1):\n"
              "    for tx in bind(\"threadIdx.x\", 1):\n"
              "      S[tx] = A[tx]\n"
              "    for tx in bind(\"threadIdx.x\", 32):\n"
              "      C[tx] = A[tx]\n");
    faulty(ERR_cuda_too_many, "",
           "func f() -> C: int8[2000]:\n  for x in bind(\"threadIdx.x\", 2000):\n    C[x] = 1\n");
    faulty(ERR_axis_missing, "",
           F1 "  for bx in bind(\"blockIdx.x\", 4):\n"
              "    C[bx] = 0\n"
              "    for tx in bind(\"threadIdx.x\", 8):\n"
              "      C[bx*8 + tx] = A[tx]\n");
    faulty(ERR_too_many_threads, "",
           F1 "  for ty in bind(\"threadIdx.y\", 64):\n"
              "    for tx in bind(\"threadIdx.x\", 32):\n"
              "      C[tx] = A[ty]\n");
}

#define THREADS "  for t in bind(\"threadIdx.x\", 32):\n"
#define BLOCKS  "  for b in bind(\"blockIdx.x\", 4):\n  "

/* What loops say one iteration after the other is what threads do, or it is a fault. */
static void test_as_written(void **state)
{
    (void)state;
    static const char handed[] = F1 "  alloc S: float32[32] shared\n" THREADS
                                    "    S[t] = A[t]\n" THREADS "    C[t] = S[31 - t]\n";
    faulty(ERR_barrier_missing, "t=31 writes; t=0 reads", handed);
    faulty(ERR_iterations_conflict, "v=0, t=0 writes; v=1, t=0 writes", /* lanes share it */
           F1 "  alloc L: float32[1] local\n" THREADS "    for v in vectorized(2):\n"
              "      L[0] = A[t]\n    C[t] = L[0]\n");
    as_written = true;
    clean(handed);
    faulty(ERR_threads_conflict, "t=0 writes; t=1 writes",
           F1 "  alloc S: float32[1] shared\n" THREADS "    S[0] = A[t]\n" THREADS
              "    C[t] = S[0]\n");
    faulty(ERR_threads_conflict, "t=15 reads; t=16 writes",
           F1 "  alloc S: float32[32] shared\n" THREADS "    S[t] = 0\n" THREADS "    S[t] = A[t]\n"
              "    C[t] = S[31 - t]\n");
    /* Local memory: each its own, whoever wrote before. */
    clean(F1 "  alloc L: float32[1] local\n" THREADS "    L[0] = A[t]\n    C[t] = L[0]\n");
    clean(F1 "  alloc L: float32[32] local\n" THREADS "    L[t] = A[t]\n" THREADS
             "    C[t] = L[t]\n");
    faulty(ERR_local_of_other_thread, "t=0",
           F1 "  alloc L: float32[1] local\n" THREADS "    L[0] = A[t]\n" THREADS
              "    C[t] = L[0]\n");
    faulty(ERR_local_of_other_thread, "t=1",
           F1 "  alloc L: float32[1] local\n" THREADS "    if t == 0:\n      L[0] = A[t]\n"
              "    C[t] = L[0]\n");
    clean(F1 "  alloc S: float32[8] shared\n" BLOCKS "  for t in bind(\"threadIdx.x\", 8):\n"
             "      S[t] = A[b*8 + t]\n      C[b*8 + t] = S[t]\n");
    faulty(ERR_copy_of_other_block, "t=0, b=0",
           F1 "  alloc S: float32[32] shared\n" BLOCKS "  for t in bind(\"threadIdx.x\", 8):\n"
              "      S[b*8 + t] = A[b*8 + t]\n" BLOCKS "  for t in bind(\"threadIdx.x\", 8):\n"
              "      C[b*8 + t] = S[24 - b*8 + t]\n");
    faulty(ERR_barrier_in_reference, "",
           F1 "  alloc S: float32[32] shared\n" THREADS "    S[t] = A[t]\n"
              "    barrier(\"shared\")\n    C[t] = S[t]\n");
    as_written = false;
}

static void same_as_reference(const char *serial, const char *scheduled)
{
    Arena *A = arena_new(NULL);
    Err err = {0};
    const Node *f = parse(A, serial), *g = parse(A, scheduled);
    FloatData want = float_data(A, f), got = float_data(A, g);
    if (!interp_run(f, want.n, want.io, NULL, &err))
        fail_msg("%s (%s)", err.why, err.witness);
    if (!check_run(g, got.n, got.io, NULL, &err))
        fail_msg("%s (%s)\n%s", err.why, err.witness, scheduled);
    assert_true(same_results(&want, &got));
    arena_release(A);
}

static const char matmul[] = MATMUL("32", "32", "32");

static void test_results(void **state)
{
    (void)state;
    same_as_reference(matmul, matmul);
    same_as_reference(matmul,
                      "func matmul(A: float32[32, 32], B: float32[32, 32]) -> C: float32[32, 32]:\n"
                      "  for yo in parallel(4):\n"
                      "    for xo in range(4):\n"
                      "      alloc C.local: local window C[yo*8 :+ 8, xo*8 :+ 8]\n"
                      "      for k in range(32):\n"
                      "        for yi in unrolled(8):\n"
                      "          for xi in vectorized(8):\n"
                      "            block C(y = yo*8 + yi, x = xo*8 + xi, k: reduce):\n"
                      "              init: C.local[y, x] = 0\n"
                      "              C.local[y, x] += A[k, y] * B[k, x]\n"
                      "      for yi in range(8):\n"
                      "        for xi in vectorized(8):\n"
                      "          block C.store(y = yo*8 + yi, x = xo*8 + xi):\n"
                      "            C[y, x] = C.local[y, x]\n");
    same_as_reference(matmul, /* shared tiles, a local sum, barriers */
                      "func matmul(A: float32[32, 32], B: float32[32, 32]) -> C: float32[32, 32]:\n"
                      "  for by in bind(\"blockIdx.y\", 4):\n"
                      "    for bx in bind(\"blockIdx.x\", 4):\n"
                      "      alloc S: shared window A[0 :+ 32, by*8 :+ 8]\n"
                      "      alloc T: shared window B[0 :+ 32, bx*8 :+ 8]\n"
                      "      for ty in bind(\"threadIdx.y\", 8):\n"
                      "        for tx in bind(\"threadIdx.x\", 8):\n"
                      "          alloc L: float32[1] local\n"
                      "          L[0] = 0\n"
                      "          for ko in range(4):\n"
                      "            S[ko*8 + tx, by*8 + ty] = A[ko*8 + tx, by*8 + ty]\n"
                      "            T[ko*8 + ty, bx*8 + tx] = B[ko*8 + ty, bx*8 + tx]\n"
                      "            barrier(\"shared\")\n"
                      "            for ki in range(8):\n"
                      "              L[0] += S[ko*8 + ki, by*8 + ty] * T[ko*8 + ki, bx*8 + tx]\n"
                      "            barrier(\"shared\")\n"
                      "          C[by*8 + ty, bx*8 + tx] = L[0]\n");
}

static void test_limits(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    const Node *f = parse(A, "func f() -> C: float32[1]:\n"
                             "  for x in range(1000000):\n"
                             "    C[0] = 1\n");
    float c[1];
    int64_t one = 1;
    InterpBuffer io = {DT_float32, 1, &one, c};
    Err err = {0};
    assert_false(check_run(f, 1, &io, &(CheckOptions){.iterations = 1000}, &err));
    assert_int_equal(err.code, ERR_iterations_spent);
    assert_false(check_run(f, 1, &io, &(CheckOptions){.bytes = 8}, &err));
    assert_int_equal(err.code, ERR_alloc_too_big);
    assert_false(check_run(f, 0, &io, NULL, &err));
    assert_int_equal(err.code, ERR_argument_count);
    one = 2;
    assert_false(check_run(f, 1, &io, NULL, &err));
    assert_int_equal(err.code, ERR_argument_mismatch);
    arena_release(A);
    assert_int_equal(arena_count(), 0);
}

static void test_interrupted_before_its_first_iteration(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    const Node *f = parse(A, "func f(A: float32[2]) -> C: float32[1]:\n"
                             "  for x in range(1):\n"
                             "    C[x] = A[1]\n");
    Err err = {0};
    cancel_ask();
    bool ok = check(A, f, &err);
    cancel_clear();
    assert_false(ok);
    assert_int_equal(err.code, ERR_interrupted);
    arena_release(A);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_undefined),
        cmocka_unit_test(test_races),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_scopes),
        cmocka_unit_test(test_as_written),
        cmocka_unit_test(test_results),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_interrupted_before_its_first_iteration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
