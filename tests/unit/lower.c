/* lower.c -- the lowering passes: what they make of small programs, and that the meaning stays. */
#include "tests/lowering.h"

#include <stdio.h>

/* Every pass leaves what the program computes. */
static void expect_same_meaning(const char *text)
{
    Arena *A = arena_new(NULL);
    const Node *f = parse_verified(A, text);
    FloatData want = run(A, f);
    LoopStep steps[16];
    size_t count;
    Err err = {0};
    assert_true(loop_pass_count <= 16);
    if (!loop_lower_steps(A, f, false, steps, &count, &err))
        fail_msg("%s: %s", err.what, err.why);
    for (size_t i = 0; i < count; i++) {
        FloatData got = run(A, steps[i].after);
        if (!same_results(&want, &got))
            fail_msg("%s changes the result:\n%s", steps[i].pass->name, ir_text(A, steps[i].after));
    }
    arena_release(A);
}

static void test_blocks(void **state)
{
    (void)state;
    expect_pass("lower_blocks",
                "func f(A: float32[5, 8]) -> C: float32[5]:\n"
                "  for i in range(8):\n"
                "    for ko in range(2):\n"
                "      for ki in range(4):\n"
                "        block C(y = i, k = ko*4 + ki: reduce) where y < 5:\n"
                "          init: C[y] = 0\n"
                "          C[y] += A[y, k]\n",
                "func f(A: float32[5, 8]) -> C: float32[5]:\n"
                "  for i in range(8):\n"
                "    for ko in range(2):\n"
                "      for ki in range(4):\n"
                "        if i < 5:\n"
                "          if ko == 0 and ki == 0:\n"
                "            C[i] = 0\n"
                "          C[i] += A[i, ko*4 + ki]\n");
}

/* Several statements in place of one leave the sequence around them flat. */
static void test_flat(void **state)
{
    (void)state;
    expect_pass("lower_blocks",
                "func f(A: float32[5]) -> C: float32[1]:\n"
                "  C[0] = 1\n"
                "  block C(k = 0: reduce):\n"
                "    init: C[0] = 0\n"
                "    C[0] += A[k]\n",
                "func f(A: float32[5]) -> C: float32[1]:\n"
                "  C[0] = 1\n"
                "  C[0] = 0\n"
                "  C[0] += A[0]\n");
    expect_pass("hoist_ifs",
                "func f(A: float32[5]) -> C: float32[1]:\n"
                "  C[0] = 1\n"
                "  for k in range(5):\n"
                "    if k == 0:\n"
                "      C[0] = 0\n"
                "    C[0] += A[k]\n",
                "func f(A: float32[5]) -> C: float32[1]:\n"
                "  C[0] = 1\n"
                "  C[0] = 0\n"
                "  for k in range(5):\n"
                "    C[0] += A[k]\n");
}

static void test_windows(void **state)
{
    (void)state;
    expect_pass("lower_windows",
                "func f(A: float32[32]) -> C: float32[32]:\n"
                "  for yo in range(4):\n"
                "    alloc C.local: local window C[yo*8 :+ 8]\n"
                "    for yi in range(8):\n"
                "      C.local[yo*8 + yi] = A[yo*8 + yi]\n"
                "    for yi in range(8):\n"
                "      C[yo*8 + yi] = C.local[yo*8 + yi]\n",
                "func f(A: float32[32]) -> C: float32[32]:\n"
                "  for yo in range(4):\n"
                "    alloc C.local: float32[8] local\n"
                "    for yi in range(8):\n"
                "      C.local[yo*8 + yi - yo*8] = A[yo*8 + yi]\n"
                "    for yi in range(8):\n"
                "      C[yo*8 + yi] = C.local[yo*8 + yi - yo*8]\n");
}

static void test_simpler(void **state)
{
    (void)state;
    expect_pass("simplify_all",
                "func f(A: float32[32]) -> C: float32[32]:\n"
                "  for yo in range(4):\n"
                "    alloc C.local: float32[8] local\n"
                "    for yi in range(8):\n"
                "      if yo*8 + yi < 32:\n"
                "        C.local[yo*8 + yi - yo*8] = A[(yo*8 + yi) // 8]\n",
                "func f(A: float32[32]) -> C: float32[32]:\n"
                "  for yo in range(4):\n"
                "    alloc C.local: float32[8] local\n"
                "    for yi in range(8):\n"
                "      C.local[yi] = A[yo]\n");
}

static void test_hoist(void **state)
{
    (void)state;
    expect_pass("hoist_ifs",
                "func f(A: float32[8]) -> C: float32[8]:\n"
                "  for y in range(9):\n"
                "    for ko in range(2):\n"
                "      for ki in range(4):\n"
                "        if y < 8:\n"
                "          if ko == 0 and ki == 0:\n"
                "            C[y] = 0\n"
                "          C[y] += A[ko*4 + ki]\n",
                "func f(A: float32[8]) -> C: float32[8]:\n"
                "  for y in range(9):\n"
                "    if y < 8:\n"
                "      C[y] = 0\n"
                "      for ko in range(2):\n"
                "        for ki in range(4):\n"
                "          C[y] += A[ko*4 + ki]\n");
    expect_pass("hoist_ifs",
                "func f(A: float32[8]) -> C: float32[8]:\n"
                "  for y in range(8):\n"
                "    for x in vectorized(8):\n"
                "      if y < 5 and x < 6:\n"
                "        C[x] = 1\n"
                "      if y < 5 and x < 6:\n"
                "        C[x] = 2\n",
                "func f(A: float32[8]) -> C: float32[8]:\n"
                "  for y in range(8):\n"
                "    if y < 5:\n"
                "      for x in vectorized(8):\n"
                "        if x < 6:\n"
                "          C[x] = 1\n"
                "          C[x] = 2\n");
    /* What a condition reads may change: it stays. */
    static const char stays[] = "func f(A: float32[8]) -> C: float32[8]:\n"
                                "  for y in range(8):\n"
                                "    if A[3] < C[0]:\n"
                                "      C[y] = 1\n";
    expect_pass("hoist_ifs", stays, stays);
    /* A parallel loop's first iteration is not the first to run. */
    static const char parallel[] = "func f(A: float32[8]) -> C: float32[8]:\n"
                                   "  for y in parallel(8):\n"
                                   "    if y == 0:\n"
                                   "      C[0] = 1\n"
                                   "    C[y] = 2\n";
    expect_pass("hoist_ifs", parallel, parallel);
}

/* What starts an element goes before the loop over the sum with copies of the loops in between. */
static void test_stores_before_sums(void **state)
{
    (void)state;
    expect_pass("hoist_ifs",
                "func f(A: float32[8, 3, 4, 8], m: float32[1]) -> C: float32[20, 8]:\n"
                "  for yo in range(7):\n"
                "    for k in range(8):\n"
                "      for yi in unrolled(3):\n"
                "        if yo*3 + yi < 20:\n"
                "          for r in range(4):\n"
                "            for x in vectorized(8):\n"
                "              if k == 0 and r == 0:\n"
                "                C[yo*3 + yi, x] = 0\n"
                "              C[yo*3 + yi, x] += A[k, yi, r, x]\n",
                "func f(A: float32[8, 3, 4, 8], m: float32[1]) -> C: float32[20, 8]:\n"
                "  for yo in range(7):\n"
                "    for yi in unrolled(3):\n"
                "      if yo*3 + yi < 20:\n"
                "        for x in vectorized(8):\n"
                "          C[yo*3 + yi, x] = 0\n"
                "    for k in range(8):\n"
                "      for yi in unrolled(3):\n"
                "        if yo*3 + yi < 20:\n"
                "          for r in range(4):\n"
                "            for x in vectorized(8):\n"
                "              C[yo*3 + yi, x] += A[k, yi, r, x]\n");
    /* Two of them; what only the run knows of the extent decides about both. */
    expect_pass("hoist_ifs",
                "func f(A: float32[8], n: int64[1]) -> C: float32[24], D: float32[24]:\n"
                "  for k in range(n[0]):\n"
                "    for f in unrolled(24):\n"
                "      if k == 0:\n"
                "        C[f//6*6 + f%6] = 0\n"
                "      if k == 0 and f < 20:\n"
                "        D[f] = A[0]\n"
                "      C[f//6*6 + f%6] += A[k]\n"
                "      D[f] max= A[k]\n",
                "func f(A: float32[8], n: int64[1]) -> C: float32[24], D: float32[24]:\n"
                "  for f in unrolled(24):\n"
                "    if 0 < n[0]:\n"
                "      C[f//6*6 + f%6] = 0\n"
                "  for f in unrolled(24):\n"
                "    if f < 20 and 0 < n[0]:\n"
                "      D[f] = A[0]\n"
                "  for k in range(n[0]):\n"
                "    for f in unrolled(24):\n"
                "      C[f//6*6 + f%6] += A[k]\n"
                "      D[f] max= A[k]\n");
}

/* Each of these would compute something else, or may. */
static void test_stores_that_stay(void **state)
{
    (void)state;
    static const struct {
        const char *loop, *cond, *store, *sum;
    } row[] = {
        /* The next y starts the element again, or one that another y has added to. */
        {"y in range(4)", "k == 0", "C[0] = 0", "C[0] += A[k]"},
        {"y in unrolled(4)", "k == 0", "C[y//2] = 0", "C[y//2] += A[k]"},
        {"y in range(4)", "k == 0", "C[y%3] = 0", "C[y%3] += A[k]"},
        {"y in range(4)", "k == 0", "C[y + 1] = 0", "C[y] += A[k]"},
        /* Somebody reads it, or what it is made of changes. */
        {"y in range(4)", "k == 0", "C[y] = 0", "C[y] += C[y + 1]"},
        {"y in range(4)", "k == 0", "C[y] = C[y - y + 3]", "C[y] += A[k]"},
        {"y in range(4)", "k == 0", "C[y] = 0", "if C[3] < 1:\n        C[y] += A[k]"},
        /* Nobody knows which elements these are. */
        {"y in range(4)", "k == 0", "C[n[y]] = 0", "C[n[y]] += A[k]"},
        /* It is not done in the first iteration only, or is no store. */
        {"y in range(4)", "k == 1", "C[y] = 0", "C[y] += A[k]"},
        {"y in range(4)", "k == 0", "C[y] += A[k]", "C[y] = 0"},
        /* The loops between run in an order of their own. */
        {"y in parallel(4)", "k == 0", "C[y] = 0", "C[y] += A[k]"},
        {"y in bind(\"threadIdx.x\", 4)", "k == 0", "C[y] = 0", "C[y] += A[k]"},
        /* Its elements are those of the sums that come next, in the cache still. */
        {"y in range(4)", "k == 0", "for x in vectorized(8):\n          C[y*8 + x] = 0",
         "for r in range(8):\n        for x in vectorized(8):\n          C[y*8 + x] += A[r]"},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 "func f(A: float32[8], n: int64[8]) -> C: float32[32]:\n"
                 "  for k in range(8):\n    for %s:\n      if %s:\n        %s\n      %s\n",
                 row[i].loop, row[i].cond, row[i].store, row[i].sum);
        expect_pass("hoist_ifs", text, text);
    }
}

static void test_tails(void **state)
{
    (void)state;
    expect_pass("split_tails",
                "func f(A: float32[61]) -> C: float32[61]:\n"
                "  for yo in range(8):\n"
                "    for yi in vectorized(8):\n"
                "      if yo*8 + yi < 61:\n"
                "        C[yo*8 + yi] = A[yo*8 + yi]\n",
                "func f(A: float32[61]) -> C: float32[61]:\n"
                "  for yo in range(7):\n"
                "    for yi in vectorized(8):\n"
                "      C[yo*8 + yi] = A[yo*8 + yi]\n"
                "  for yi in vectorized(8):\n"
                "    if yi < 5:\n"
                "      C[yi + 56] = A[yi + 56]\n");
    /* 0, 1 and 12 lie on a line, what is between does not: the first six are proven. */
    expect_pass("split_tails",
                "func f(A: float32[13]) -> C: float32[13]:\n"
                "  for v in range(13):\n"
                "    if v//3%2*5 + v < 11:\n"
                "      C[v] = A[v]\n",
                "func f(A: float32[13]) -> C: float32[13]:\n"
                "  for v in range(6):\n"
                "    C[v] = A[v]\n"
                "  for v in range(5):\n"
                "    if v//3 < 1:\n"
                "      C[v + 6] = A[v + 6]\n");
    /* Two guards, two cuts. */
    expect_pass("split_tails",
                "func f(A: float32[9]) -> C: float32[9], D: float32[9]:\n"
                "  for v in range(9):\n"
                "    if v < 8:\n"
                "      C[v] = A[v]\n"
                "    if v < 5:\n"
                "      D[v] = A[v]\n",
                "func f(A: float32[9]) -> C: float32[9], D: float32[9]:\n"
                "  for v in range(5):\n"
                "    C[v] = A[v]\n"
                "    D[v] = A[v]\n"
                "  for v in range(3):\n"
                "    C[v + 5] = A[v + 5]\n");
    /* Another loop decides, too; a sum that wraps decides as it may. */
    static const char outer[] = "func f(A: float32[80]) -> C: float32[80]:\n"
                                "  for z in bind(\"threadIdx.x\", 8):\n"
                                "    for y in range(9):\n"
                                "      if z + y*8 < 70:\n"
                                "        C[z + y*8] = A[z + y*8]\n";
    expect_pass("split_tails", outer, outer);
    static const char wraps[] = "func f(A: float32[8]) -> C: float32[8]:\n"
                                "  for y in range(8):\n"
                                "    if y*4611686018427387904 + 3 < 4:\n"
                                "      C[y] = A[y]\n";
    expect_same_meaning(wraps);
    expect_same_meaning("func f(A: float32[24]) -> C: float32[24]:\n"
                        "  for p in range(24):\n"
                        "    C[p] = 0\n"
                        "  for p in parallel(24):\n"
                        "    if p//2%3*8 + p//6*2 + p%2 < 21:\n"
                        "      C[p] = A[p]\n");
}

static void test_idle_iterations(void **state)
{
    (void)state;
    /* What does nothing at the end goes, of unrolled loops too; a loop of one iteration is written
    ** out, and one that does nothing goes. */
    expect_pass("split_tails",
                "func f(A: float32[9]) -> C: float32[9], D: float32[9]:\n"
                "  for yo in range(5):\n"
                "    for yi in unrolled(6):\n"
                "      if yo*6 + yi < 4:\n"
                "        C[yo*6 + yi] = A[yo*6 + yi]\n"
                "  for v in parallel(9):\n"
                "    if v < 7:\n"
                "      D[v] = A[v]\n"
                "    else:\n"
                "      for w in range(3):\n"
                "        if v + w < 3:\n"
                "          D[v + w] = A[v + w]\n"
                "  for v in range(9):\n"
                "    if v + 20 < 5:\n"
                "      D[v] = A[v]\n",
                "func f(A: float32[9]) -> C: float32[9], D: float32[9]:\n"
                "  for yi in unrolled(4):\n"
                "    C[yi] = A[yi]\n"
                "  for v in parallel(7):\n"
                "    D[v] = A[v]\n");
    /* A loop of one iteration leaves its guards to the loops inside. */
    expect_pass("split_tails",
                "func f(A: float32[20]) -> C: float32[20]:\n"
                "  for xb in range(1):\n"
                "    for xo in range(3):\n"
                "      for xi in vectorized(8):\n"
                "        if xb*24 + xo*8 + xi < 20:\n"
                "          C[xb*24 + xo*8 + xi] = A[xb*24 + xo*8 + xi]\n",
                "func f(A: float32[20]) -> C: float32[20]:\n"
                "  for xo in range(2):\n"
                "    for xi in vectorized(8):\n"
                "      C[xo*8 + xi] = A[xo*8 + xi]\n"
                "  for xi in vectorized(4):\n"
                "    C[xi + 16] = A[xi + 16]\n");
    /* So does the single full tile before a tail; of lanes a power of two is left. */
    expect_pass("split_tails",
                "func f(A: float32[30]) -> C: float32[30], D: float32[30]:\n"
                "  for xb in range(2):\n"
                "    for k in range(3):\n"
                "      for xi in vectorized(16):\n"
                "        if xb*16 + xi < 5:\n"
                "          C[xb*16 + xi] += A[k]\n"
                "    for xi in vectorized(16):\n"
                "      if xb*16 + xi < 30:\n"
                "        D[xb*16 + xi] = A[xb*16 + xi]\n",
                "func f(A: float32[30]) -> C: float32[30], D: float32[30]:\n"
                "  for k in range(3):\n"
                "    for xi in vectorized(8):\n"
                "      if xi < 5:\n"
                "        C[xi] += A[k]\n"
                "  for xi in vectorized(16):\n"
                "    D[xi] = A[xi]\n"
                "  for xi in vectorized(16):\n"
                "    if xi < 14:\n"
                "      D[xi + 16] = A[xi + 16]\n");
    static const char busy[] = "func f(A: float32[9]) -> C: float32[9]:\n"
                               "  for v in unrolled(9):\n"
                               "    if v < 7:\n"
                               "      C[v] = A[v]\n"
                               "    else:\n"
                               "      C[v] = 1\n";
    expect_pass("split_tails", busy, busy);
}

static void test_tails_of_threads(void **state)
{
    (void)state;
    /* Without the loop around them these would be two kernels; a tail stays a loop likewise. */
    static const char tail[] = "func f(A: float32[9]) -> C: float32[9]:\n"
                               "  for y in range(2):\n"
                               "    for t in bind(\"threadIdx.x\", 5):\n"
                               "      if y*5 + t < 9:\n"
                               "        C[y*5 + t] = A[t]\n";
    expect_pass("split_tails", tail,
                "func f(A: float32[9]) -> C: float32[9]:\n"
                "  for y in range(1):\n"
                "    for t in bind(\"threadIdx.x\", 5):\n"
                "      C[y*5 + t] = A[t]\n"
                "  for y in range(1):\n"
                "    for t in bind(\"threadIdx.x\", 5):\n"
                "      if y*5 + t < 4:\n"
                "        C[y*5 + t + 5] = A[t]\n");
    static const char threads[] = "func f(A: float32[9]) -> C: float32[9]:\n"
                                  "  for y in range(1):\n"
                                  "    for t in bind(\"threadIdx.x\", 9):\n"
                                  "      C[t] = A[t]\n"
                                  "    for t in bind(\"threadIdx.x\", 9):\n"
                                  "      C[t] += A[y]\n";
    expect_pass("split_tails", threads, threads);
}

static void test_meaning(void **state)
{
    (void)state;
    expect_same_meaning(
        "func f(A: float32[13, 16], B: float32[16, 30]) -> C: float32[13, 30]:\n"
        "  for yo in parallel(4):\n"
        "    for xo in range(4):\n"
        "      alloc C.local: local window C[yo*4 :+ 4, xo*8 :+ 8]\n"
        "      for k in range(16):\n"
        "        for yi in unrolled(4):\n"
        "          for xi in vectorized(8):\n"
        "            block C(y = yo*4 + yi, x = xo*8 + xi, k: reduce) where y < 13 and x < 30:\n"
        "              init: C.local[y, x] = 0\n"
        "              C.local[y, x] += A[y, k] * B[k, x]\n"
        "      for yi in range(4):\n"
        "        for xi in vectorized(8):\n"
        "          block C.store(y = yo*4 + yi, x = xo*8 + xi) where y < 13 and x < 30:\n"
        "            C[y, x] = C.local[y, x]\n");
    expect_same_meaning("func f(A: float32[100]) -> C: float32[100]:\n"
                        "  for xo in parallel(13):\n"
                        "    for xi in vectorized(8):\n"
                        "      block C(x = xo*8 + xi) where x < 100:\n"
                        "        C[x] = A[x] * 2\n");
    expect_same_meaning("func f(A: float32[40]) -> C: float32[]:\n"
                        "  for k in range(5):\n"
                        "    for j in range(8):\n"
                        "      block C(r = k*8 + j: reduce) where r < 37:\n"
                        "        init: C[] = 0\n"
                        "        C[] += A[r]\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_flat),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_simpler),
        cmocka_unit_test(test_hoist),
        cmocka_unit_test(test_stores_before_sums),
        cmocka_unit_test(test_stores_that_stay),
        cmocka_unit_test(test_tails),
        cmocka_unit_test(test_idle_iterations),
        cmocka_unit_test(test_tails_of_threads),
        cmocka_unit_test(test_meaning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
