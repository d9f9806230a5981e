/* lower_gpu.c -- the lowering of kernels: barriers, and what a thread keeps of local memory. */
#include "tests/lowering.h"

#include <stdio.h>

#include "core/ir/check.h"

static void test_barriers(void **state)
{
    (void)state;
    expect_pass("insert_barriers",
                "func f(A: float32[128]) -> C: float32[32]:\n"
                "  alloc S: float32[32] shared\n"
                "  for ko in range(4):\n"
                "    for tx in bind(\"threadIdx.x\", 32):\n"
                "      S[tx] = A[ko*32 + tx]\n"
                "    for tx in bind(\"threadIdx.x\", 32):\n"
                "      C[tx] += S[31 - tx]\n",
                "func f(A: float32[128]) -> C: float32[32]:\n"
                "  alloc S: float32[32] shared\n"
                "  for ko in range(4):\n"
                "    for tx in bind(\"threadIdx.x\", 32):\n"
                "      S[tx] = A[ko*32 + tx]\n"
                "    barrier(\"shared\")\n"
                "    for tx in bind(\"threadIdx.x\", 32):\n"
                "      C[tx] += S[31 - tx]\n"
                "    barrier(\"shared\")\n");
    /* Each thread keeps to an element of its own. */
    static const char own[] = "func f(A: float32[128]) -> C: float32[32]:\n"
                              "  alloc S: float32[32] shared\n"
                              "  for ko in range(4):\n"
                              "    for tx in bind(\"threadIdx.x\", 32):\n"
                              "      S[tx] = A[ko*32 + tx]\n"
                              "    for ty in bind(\"threadIdx.x\", 32):\n"
                              "      C[ty] += S[ty]\n";
    expect_pass("insert_barriers", own, own);
    /* One thread writes what all read, before and after a loop that needs nothing. */
    expect_pass("insert_barriers",
                "func f(A: float32[128]) -> C: float32[32]:\n"
                "  alloc S: float32[1] shared\n"
                "  for tx in bind(\"threadIdx.x\", 32):\n"
                "    if tx == 0:\n"
                "      S[0] = A[0]\n"
                "    C[tx] = 0\n"
                "    for k in range(3):\n"
                "      C[tx] += S[0]\n"
                "    if tx == 1:\n"
                "      S[0] = A[1]\n",
                "func f(A: float32[128]) -> C: float32[32]:\n"
                "  alloc S: float32[1] shared\n"
                "  for tx in bind(\"threadIdx.x\", 32):\n"
                "    if tx == 0:\n"
                "      S[0] = A[0]\n"
                "    C[tx] = 0\n"
                "    barrier(\"shared\")\n"
                "    for k in range(3):\n"
                "      C[tx] += S[0]\n"
                "    barrier(\"shared\")\n"
                "    if tx == 1:\n"
                "      S[0] = A[1]\n");
    Arena *A = arena_new(NULL);
    Err err = {0};
    const Node *f = parse_verified(A, "func f(A: float32[128]) -> C: float32[32]:\n"
                                      "  alloc S: float32[32] shared\n"
                                      "  for tx in bind(\"threadIdx.x\", 32):\n"
                                      "    if tx < 16:\n"
                                      "      S[tx] = A[tx]\n"
                                      "      C[tx] = S[15 - tx]\n");
    assert_null(loop_pass_find("insert_barriers")->run(A, f, &err));
    assert_int_equal(err.code, ERR_barrier_divergent);
    arena_release(A);
}

/* However deep a loop is, its threads wait for each other. */
static void test_thread_windows(void **state)
{
    (void)state;
    /* Two axes tell what is a thread's in one dimension; what they leave over is kept. */
    expect_pass("thread_windows",
                "func f(A: float32[70]) -> C: float32[64]:\n"
                "  alloc L: float32[72] local\n"
                "  for ty in bind(\"threadIdx.y\", 2):\n"
                "    for tx in bind(\"threadIdx.x\", 8):\n"
                "      for i in range(6):\n"
                "        L[ty*32 + tx*4 + i + 2] = A[ty*32 + tx*4 + i]\n"
                "  for ty in bind(\"threadIdx.y\", 2):\n"
                "    for tx in bind(\"threadIdx.x\", 8):\n"
                "      for i in range(4):\n"
                "        C[ty*32 + tx*4 + i] = L[ty*32 + tx*4 + i + 4]\n",
                "func f(A: float32[70]) -> C: float32[64]:\n"
                "  alloc L: float32[6] local\n"
                "  for ty in bind(\"threadIdx.y\", 2):\n"
                "    for tx in bind(\"threadIdx.x\", 8):\n"
                "      for i in range(6):\n"
                "        L[i] = A[ty*32 + tx*4 + i]\n"
                "  for ty in bind(\"threadIdx.y\", 2):\n"
                "    for tx in bind(\"threadIdx.x\", 8):\n"
                "      for i in range(4):\n"
                "        C[ty*32 + tx*4 + i] = L[i + 2]\n");
    /* Sums of int64 wrap, so the least rest may be further from the constant than int64 goes. */
    expect_pass("thread_windows",
                "func f(I: int64[1]) -> C: int64[8]:\n"
                "  alloc L: int64[64] local\n"
                "  for tx in bind(\"threadIdx.x\", 8):\n"
                "    L[min(max(I[0], 4611686018427387905), 4611686018427387907)*2 + tx*4 + "
                "-9223372036854775807] = 1\n",
                "func f(I: int64[1]) -> C: int64[8]:\n"
                "  alloc L: int64[5] local\n"
                "  for tx in bind(\"threadIdx.x\", 8):\n"
                "    L[min(max(I[0], 4611686018427387905), 4611686018427387907)*2 + "
                "9223372036854775806] = 1\n");
    /* Steps of two sizes, an axis that only one access has, memory of all threads, and indices
    ** that leave the buffer, which a check is to see, stay. */
    static const char *const kept[][2] = {
        {"L[tx*4]", "L[tx*2]"}, {"L[tx]", "L[0]"}, {"S[tx]", "S[tx]"}, {"L[tx*5]", "L[tx*5]"}};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        char text[400];
        snprintf(text, sizeof text,
                 "func f(A: float32[8]) -> C: float32[8]:\n"
                 "  alloc L: float32[32] local\n"
                 "  alloc S: float32[8] shared\n"
                 "  for tx in bind(\"threadIdx.x\", 8):\n"
                 "    %s = A[tx]\n"
                 "    C[tx] = %s\n",
                 kept[i][0], kept[i][1]);
        expect_pass("thread_windows", text, text);
    }
}

static void test_barriers_deep(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    Err err = {0};
    const Node *f = parse_verified(A, "func f(A: float32[32]) -> C: float32[32]:\n"
                                      "  alloc S: float32[32] shared\n"
                                      "  for tx in bind(\"threadIdx.x\", 32):\n"
                                      "    S[tx] = A[tx]\n"
                                      "    C[tx] = S[31 - tx]\n");
    const Node *tx = ir_first(f, OP_For), *body = tx->kid[For_body];
    for (int i = 0; i < 300; i++)
        body = ir_for(A, FOR_serial, ir_var(A, arena_printf(A, "k%d", i)), ir_idx(A, 1), body);
    const Node *alloc =
        ir_with_kid(A, f->kid[Func_body], Alloc_body, ir_with_kid(A, tx, For_body, body));
    f = ir_with_kid(A, f, Func_body, alloc);
    assert_true(ir_verify(f, &err));
    const Node *out = loop_pass_find("insert_barriers")->run(A, f, &err);
    assert_non_null(out);
    assert_non_null(ir_first(out, OP_Barrier));
    arena_release(A);
}

/* ---- kernels of thread blocks, run by the checking interpreter ---- */

/* The program without its n-th barrier; the same program if it has fewer. */
static const Node *drop_barrier(Rewriter *rw, const Node *n)
{
    int *left = rw->env;
    return (*left)-- == 0 ? ir_nop(rw->A) : n;
}

static const Node *without_barrier(Arena *A, const Node *f, int n)
{
    static Rule *const on[OP_COUNT] = {[OP_Barrier] = drop_barrier};
    return rw_run(A, on, &n, NULL, f);
}

/* One thread reads what another writes, too early or at any time. */
static bool out_of_order(const Err *err)
{
    return err->code == ERR_barrier_missing || err->code == ERR_undefined_read;
}

/* As scheduled, threads are out of order; lowered, they give the serial result; and
** every barrier is needed. */
static void expect_ordered(const char *serial, const char *scheduled, int barriers)
{
    Arena *A = arena_new(NULL);
    Err err = {0};
    FloatData want = run(A, parse_verified(A, serial));
    const Node *f = parse_verified(A, scheduled);
    FloatData got = float_data(A, f);
    assert_false(check_run(f, got.n, got.io, NULL, &err));
    assert_true(out_of_order(&err));
    const Node *lowered = loop_lower(A, f, true, &err);
    if (!lowered)
        fail_msg("%s: %s", err.what, err.why);
    if (!check_run(lowered, got.n, got.io, NULL, &err))
        fail_msg("%s (%s)\n%s", err.why, err.witness, ir_text(A, lowered));
    assert_true(same_results(&want, &got));
    for (int i = 0; i < barriers; i++) {
        assert_false(check_run(without_barrier(A, lowered, i), got.n, got.io, NULL, &err));
        assert_true(out_of_order(&err));
    }
    assert_ptr_equal(without_barrier(A, lowered, barriers), lowered);
    arena_release(A);
}

static void test_kernels(void **state)
{
    (void)state;
    static const char matmul[] =
        "func matmul(A: float32[32, 32], B: float32[32, 32]) -> C: float32[32, 32]:\n"
        "  for y in range(32):\n"
        "    for x in range(32):\n"
        "      for k in range(32):\n"
        "        block C(y, x, k: reduce):\n"
        "          init: C[y, x] = 0\n"
        "          C[y, x] += A[k, y] * B[k, x]\n";
    expect_ordered(matmul,
                   "func matmul(A: float32[32, 32], B: float32[32, 32]) -> C: float32[32, 32]:\n"
                   "  for by in bind(\"blockIdx.y\", 4):\n"
                   "    for bx in bind(\"blockIdx.x\", 4):\n"
                   "      for ty in bind(\"threadIdx.y\", 8):\n"
                   "        for tx in bind(\"threadIdx.x\", 8):\n"
                   "          alloc C.local: local window C[by*8 + ty :+ 1, bx*8 + tx :+ 1]\n"
                   "          for ko in range(4):\n"
                   "            alloc A.shared: shared window A[ko*8 :+ 8, by*8 :+ 8]\n"
                   "            alloc B.shared: shared window B[ko*8 :+ 8, bx*8 :+ 8]\n"
                   "            block A.copy(k = ko*8 + tx, y = by*8 + ty):\n"
                   "              A.shared[k, y] = A[k, y]\n"
                   "            block B.copy(k = ko*8 + ty, x = bx*8 + tx):\n"
                   "              B.shared[k, x] = B[k, x]\n"
                   "            for ki in range(8):\n"
                   "              block C(y = by*8 + ty, x = bx*8 + tx, k = ko*8 + ki: reduce):\n"
                   "                init: C.local[y, x] = 0\n"
                   "                C.local[y, x] += A.shared[k, y] * B.shared[k, x]\n"
                   "          block C.store(y = by*8 + ty, x = bx*8 + tx):\n"
                   "            C[y, x] = C.local[y, x]\n",
                   2);
    expect_ordered(/* two stages through one shared row, in nests of their own */
                   "func f(A: float32[4, 16]) -> C: float32[4, 16]:\n"
                   "  for y in range(4):\n"
                   "    for x in range(16):\n"
                   "      C[y, x] = A[y, 15 - x] * 2\n",
                   "func f(A: float32[4, 16]) -> C: float32[4, 16]:\n"
                   "  for b in bind(\"blockIdx.x\", 2):\n"
                   "    for r in range(2):\n"
                   "      alloc S: float32[16] shared\n"
                   "      for t in bind(\"threadIdx.x\", 16):\n"
                   "        S[t] = A[b*2 + r, t]\n"
                   "      for t in bind(\"threadIdx.x\", 16):\n"
                   "        C[b*2 + r, t] = S[15 - t] * 2\n",
                   2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_barriers),
        cmocka_unit_test(test_barriers_deep),
        cmocka_unit_test(test_thread_windows),
        cmocka_unit_test(test_kernels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
