/* dep.c -- dependences by integer sets: what is parallel, which steps keep the meaning, and the
** examples given. */
#include "tests/program.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/affine/dep.h"

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void parallel(const char *text, const char *loop, DepAnswer want, const char *witness)
{
    Arena *A = arena_new(NULL);
    Err err = {0};
    const Node *f = parse(A, text);
    const Node *var = loop_var(f, loop);
    double t = now_ms();
    DepAnswer got = dep_check_parallel(f, var, DEP_THOROUGH, &err);
    t = now_ms() - t;
    if (got == DEP_BROKEN)
        assert_int_equal(err.code, ERR_loop_carries);
    if (got != want || strcmp(err.witness, witness) != 0)
        fail_msg("%s: answer %d (%s; %s), want %d (%s)", loop, got, err.why, err.witness, want,
                 witness);
    if (t > 50)
        print_message("%s took %.2f ms\n", loop, t);
    arena_release(A);
}

static const char vanilla[] = MATMUL("1024", "1024", "1024");

static const char tiled[] =
    "func matmul(A: float32[1024, 1024], B: float32[1024, 1024]) -> C: float32[1024, 1024]:\n"
    "  for yo in range(16):\n    for xo in range(16):\n      for ko in range(16):\n        for ym in range(8):\n"
    "          for xm in range(8):\n            for km in range(8):\n              for yi in range(8):\n"
    "                for xi in range(8):\n                  for ki in range(8):\n"
    "                    block C(y = yo*64 + ym*8 + yi, x = xo*64 + xm*8 + xi, k = ko*64 + km*8 + ki: reduce):\n"
    "                      init: C[y, x] = 0\n"
    "                      C[y, x] += A[k, y] * B[k, x]\n";

static void loops_of_matmul(void **state)
{
    (void)state;
    parallel(vanilla, "y", DEP_OK, "");
    parallel(vanilla, "x", DEP_OK, "");
    parallel(vanilla, "k", DEP_BROKEN, "iterations k=0 and k=1 both update C[0, 0]");
    parallel(tiled, "yo", DEP_OK, "");
    parallel(tiled, "xm", DEP_OK, "");
    parallel(tiled, "xi", DEP_OK, "");
    parallel(tiled, "ko", DEP_BROKEN, "iterations ko=0 and ko=1 both update C[0, 0]");
    parallel(tiled, "ki", DEP_BROKEN, "iterations ki=0 and ki=1 both update C[0, 0]");
}

static void loops_of_stencils(void **state)
{
    (void)state;
    parallel("func f() -> B: int32[64]:\n  for i in range(63):\n    B[i + 1] = B[i]\n", "i",
             DEP_BROKEN, "iteration i=0 writes B[1], which iteration i=1 reads");
    /* too far apart for the quick search: the solver gives the example */
    parallel("func f() -> B: int32[1000]:\n  for i in range(400):\n    B[i] = B[i + 300]\n", "i",
             DEP_BROKEN, "iteration i=0 reads B[300], which iteration i=300 writes");
    parallel("func f() -> B: int32[1000]:\n  for i in range(400):\n    B[i] = B[i + 500]\n", "i",
             DEP_OK, "");
    parallel(
        "func f() -> B: int32[8, 8]:\n  for i in range(8):\n    for j in range(7):\n      B[i, j + 1] = B[i, j]\n",
        "i", DEP_OK, "");
    parallel("func f() -> B: int32[64]:\n  for i in range(64):\n    B[i//2*2 + i%2] = 1\n", "i",
             DEP_OK, "");
    parallel("func f() -> B: int32[64]:\n  for i in range(64):\n    B[i*5%64] = 1\n", "i", DEP_OK,
             "");
    parallel("func f() -> B: int32[64]:\n  for i in range(64):\n    B[i*6%64] = 1\n", "i",
             DEP_BROKEN, "iterations i=0 and i=32 both write B[0]");
    /* the tail of a split, guarded: no two iterations store the same */
    parallel("func f() -> B: int32[30]:\n  for io in range(4):\n    for ii in range(8):\n"
             "      block b(i = io*8 + ii) where i < 30:\n        B[i] = 1\n",
             "io", DEP_OK, "");
    parallel("func f() -> B: int32[30]:\n  for io in range(4):\n    for ii in range(9):\n"
             "      block b(i = io*8 + ii) where i < 30:\n        B[i] = 1\n",
             "io", DEP_BROKEN, "iterations io=0 (ii=8) and io=1 both write B[8]");
}

static void buffers_data_and_limits(void **state)
{
    (void)state;
    parallel("func f(A: int32[8]) -> B: int32[8]:\n  for i in range(8):\n    alloc T: int32[1]\n"
             "    T[0] = A[i]\n    B[i] = T[0]\n",
             "i", DEP_OK, "");
    parallel("func f(A: int32[8]) -> B: int32[8]:\n  alloc T: int32[1]\n  for i in range(8):\n"
             "    T[0] = A[i]\n    B[i] = T[0]\n",
             "i", DEP_BROKEN, "iterations i=0 and i=1 both write T[0]");
    parallel(
        "func f(A: int64[8], X: int32[8]) -> B: int32[8]:\n  for i in range(8):\n    B[i] = X[A[i]]\n",
        "i", DEP_OK, "");
    parallel("func f(A: int64[8]) -> B: int32[8]:\n  for i in range(8):\n    B[A[i]] = 1\n", "i",
             DEP_UNKNOWN, "");
    parallel(
        "func f(A: int64[8]) -> B: int32[8]:\n  for i in range(8):\n    if A[0] > 1:\n      B[0] = 1\n",
        "i", DEP_UNKNOWN, "");
    parallel(
        "func f() -> B: int32[8]:\n  for i in range(8):\n    B[i] = select(i > 0, B[max(i - 1, 0)], 0)\n",
        "i", DEP_BROKEN, "iteration i=0 writes B[0], which iteration i=1 reads");
    parallel("func f() -> B: int32[8]:\n  for i in range(8):\n    B[i] = select(i < 0, B[0], 0)\n",
             "i", DEP_OK, "");
    Arena *A = arena_new(NULL);
    Err err = {0};
    const Node *f = parse(A, tiled), *ko = loop_var(f, "ko");
    assert_int_equal(dep_check_parallel(f, ko, 100, &err), DEP_UNKNOWN);
    assert_int_equal(err.code, ERR_dependences_unknown);
    assert_int_equal(dep_check_parallel(f, ko, DEP_QUICK, &err), DEP_BROKEN);
    arena_release(A);
}

/* What is in range, or holds, only after it has wrapped is no sum of integers. */
static void arithmetic_that_wraps(void **state)
{
    (void)state;
    parallel(
        "func f(X: int32[4]) -> Y: int32[4]:\n  for y in range(8192):\n    for x in range(4):\n"
        "      block Y(y, x) where y % 4096 == 4095:\n"
        "        Y[x + (y + 1)*4503599627370496] = X[x] + int32(y)\n",
        "y", DEP_UNKNOWN, "");
    parallel("func f() -> B: int32[1]:\n  for i in range(4):\n    if i*4611686018427387904 < 0:\n"
             "      B[0] = int32(i)\n",
             "i", DEP_UNKNOWN, "");
    /* At 16 and 48: the greatest int64 is not less than what comes after it, the least */
    parallel("func f() -> B: int32[1]:\n  for i in range(64):\n"
             "    if i*576460752303423488 - 1 >= i*576460752303423488:\n      B[0] = int32(i)\n",
             "i", DEP_UNKNOWN, "");
    parallel("func f() -> B: int32[1]:\n  for i in range(4):\n    if int8(i)*64 < int8(0):\n"
             "      B[0] = int32(i)\n",
             "i", DEP_UNKNOWN, "");
    parallel("func f() -> B: int32[1]:\n  for i in range(8):\n"
             "    B[int64(int32(i)*1073741824)] = int32(i)\n",
             "i", DEP_UNKNOWN, "");
    /* Just below */
    parallel("func f() -> B: int32[8]:\n  for i in range(8):\n"
             "    B[i*1152921504606846976//1152921504606846976] = 1\n",
             "i", DEP_OK, "");
    parallel("func f() -> B: int32[1]:\n  for i in range(2):\n    if i*4611686018427387904 < 0:\n"
             "      B[0] = int32(i)\n",
             "i", DEP_OK, "");
    /* As long as any loop that ends */
    parallel("func f(N: int64[4]) -> B: int32[4, 8]:\n  for i in range(4):\n"
             "    for j in range(N[i]):\n      B[i, j*2 + 1] = 1\n",
             "i", DEP_OK, "");
}

/* ---- steps ---- */

static void step(const char *before, const char *after, DepAnswer want, const char *witness)
{
    Arena *A = arena_new(NULL);
    Err err = {0};
    const Node *f = parse(A, before), *g = parse(A, after);
    double t = now_ms();
    DepAnswer got = dep_check_step(f, g, DEP_THOROUGH, &err);
    t = now_ms() - t;
    if (got == DEP_BROKEN)
        assert_int_equal(err.code, ERR_step_breaks);
    if (got != want || strcmp(err.witness, witness) != 0)
        fail_msg("answer %d (%s; %s), want %d (%s):\n%s", got, err.why, err.witness, want, witness,
                 after);
    if (t > 50)
        print_message("took %.2f ms: %s\n", t, after);
    arena_release(A);
}

#define HEAD \
    "func matmul(A: float32[1024, 1024], B: float32[1024, 1024]) -> C: float32[1024, 1024]:\n"

static void inits_of_matmul(void **state)
{
    (void)state;
    step(vanilla, vanilla, DEP_OK, "");
    step(vanilla, tiled, DEP_OK, "");
    /* a reduction may be reordered */
    step(vanilla,
         HEAD
         "  for y in range(1024):\n    for x in range(1024):\n      for kr in range(1024):\n"
         "        block C(y, x, k = 1023 - kr: reduce):\n          C[y, x] += A[k, y] * B[k, x]\n",
         DEP_BROKEN, "C(y=0, x=0, k=0) gets C[0, 0], which nothing has written");
    /* decomposed, the init before */
    step(vanilla,
         HEAD "  for y in range(1024):\n    for x in range(1024):\n      block C.init(y, x):\n"
              "        C[y, x] = 0\n"
              "  for k in range(1024):\n    for y in range(1024):\n      for x in range(1024):\n"
              "        block C(y, x, k: reduce):\n          C[y, x] += A[k, y] * B[k, x]\n",
         DEP_OK, "");
    /* the init inside k: every iteration begins again */
    step(vanilla,
         HEAD "  for y in range(1024):\n    for x in range(1024):\n      for k in range(1024):\n"
              "        block C.init(y, x):\n          C[y, x] = 0\n"
              "        block C(y, x, k: reduce):\n          C[y, x] += A[k, y] * B[k, x]\n",
         DEP_BROKEN, "");
    /* repeated, but all before the first update */
    step(
        vanilla,
        HEAD
        "  for y in range(1024):\n    for x in range(1024):\n      for again in range(3):\n"
        "        block C.init(y, x):\n          C[y, x] = 0\n"
        "      for k in range(1024):\n        block C(y, x, k: reduce):\n          C[y, x] += A[k, y] * B[k, x]\n",
        DEP_OK, "");
    /* all of it twice over; then only the updates twice */
    step(
        vanilla,
        HEAD
        "  for again in range(2):\n    for y in range(1024):\n      for x in range(1024):\n"
        "        for k in range(1024):\n          block C(y, x, k: reduce):\n            init: C[y, x] = 0\n"
        "            C[y, x] += A[k, y] * B[k, x]\n",
        DEP_OK, "");
    step(
        vanilla,
        HEAD
        "  for y in range(1024):\n    for x in range(1024):\n      block C.init(y, x):\n"
        "        C[y, x] = 0\n  for again in range(2):\n    for y in range(1024):\n      for x in range(1024):\n"
        "        for k in range(1024):\n          block C(y, x, k: reduce):\n"
        "            C[y, x] += A[k, y] * B[k, x]\n",
        DEP_BROKEN, "");
    /* the init in the wrong place */
    step(vanilla,
         HEAD "  for y in range(1024):\n    for k in range(1024):\n      for x in range(1024):\n"
              "        block C(y, x, k: reduce):\n          C[y, x] += A[k, y] * B[k, x]\n"
              "    for x in range(1024):\n      block C.init(y, x):\n        C[y, x] = 0\n",
         DEP_BROKEN, "C.init(y=0, x=0) writes C[0, 0] after C(y=0, x=0, k=0) reads it");
}

static void axes_of_matmul(void **state)
{
    (void)state;
    /* a tail is lost */
    step(vanilla,
         HEAD "  for y in range(1024):\n    for x in range(1024):\n      for ko in range(102):\n"
              "        for ki in range(10):\n          block C(y, x, k = ko*10 + ki: reduce):\n"
              "            init: C[y, x] = 0\n            C[y, x] += A[k, y] * B[k, x]\n",
         DEP_BROKEN, "C[0, 0] does not get C(y=0, x=0, k=1020)");
    /* with the guard it is right, without it too much runs, and that is outside of A */
    step(
        vanilla,
        HEAD
        "  for y in range(1024):\n    for x in range(1024):\n      for ko in range(103):\n"
        "        for ki in range(10):\n          block C(y, x, k = ko*10 + ki: reduce) where k < 1024:\n"
        "            init: C[y, x] = 0\n            C[y, x] += A[k, y] * B[k, x]\n",
        DEP_OK, "");
    step(vanilla,
         HEAD "  for y in range(1024):\n    for x in range(1024):\n      for ko in range(103):\n"
              "        for ki in range(10):\n          block C(y, x, k = ko*10 + ki: reduce):\n"
              "            init: C[y, x] = 0\n            C[y, x] += A[k, y] * B[k, x]\n",
         DEP_BROKEN, "C[0, 0] gets C(y=0, x=0, k=1024)");
    /* overlapping tiles of k count twice */
    step(
        vanilla,
        HEAD
        "  for y in range(1024):\n    for x in range(1024):\n      for ko in range(103):\n"
        "        for ki in range(11):\n          block C(y, x, k = ko*10 + ki: reduce) where k < 1024:\n"
        "            init: C[y, x] = 0\n            C[y, x] += A[k, y] * B[k, x]\n",
        DEP_BROKEN, "");
    /* an operand transposed by mistake */
    step(vanilla,
         HEAD "  for y in range(1024):\n    for x in range(1024):\n      for k in range(1024):\n"
              "        block C(y, x, k: reduce):\n          init: C[y, x] = 0\n"
              "          C[y, x] += A[y, k] * B[k, x]\n",
         DEP_BROKEN, "C(y=0, x=0, k=1) does not get A[1, 0]");
}

static void cached(DepAnswer want, const char *witness, const char *window, const char *store_y)
{
    char after[2000];
    snprintf(
        after, sizeof after,
        HEAD
        "  for yo in parallel(128):\n    for xo in range(32):\n"
        "      alloc C.local: local window C[%s, xo*32 :+ 32]\n"
        "      for yi in range(8):\n        for xi in vectorized(32):\n"
        "          block C.init(y = yo*8 + yi, x = xo*32 + xi):\n            C.local[y, x] = 0\n"
        "      for k in range(1024):\n        for yi in unrolled(8):\n          for xi in vectorized(32):\n"
        "            block C(y = yo*8 + yi, x = xo*32 + xi, k: reduce):\n"
        "              C.local[y, x] += A[k, y] * B[k, x]\n"
        "      for yi in range(8):\n        for xi in vectorized(32):\n"
        "          block C.store(y = %s, x = xo*32 + xi):\n            C[y, x] = C.local[y, x]\n",
        window, store_y);
    step(vanilla, after, want, witness);
}

static void copies(void **state)
{
    (void)state;
    cached(DEP_OK, "", "yo*8 :+ 8", "yo*8 + yi");
    cached(DEP_BROKEN, "C.init(y=8, x=0) writes C.local[8, 0] after C.store(y=8, x=0) reads it",
           "yo*8 :+ 8", "(yo + 1)%128*8 + yi");
    /* a panel of A, packed for each yo */
    step(
        vanilla,
        HEAD
        "  for yo in range(128):\n    alloc A.local: local window A[0 :+ 1024, yo*8 :+ 8]\n"
        "    for k in range(1024):\n      for yi in range(8):\n        block A.local(i = k, j = yo*8 + yi):\n"
        "          A.local[i, j] = A[i, j]\n"
        "    for x in range(1024):\n      for k in range(1024):\n        for yi in range(8):\n"
        "          block C(y = yo*8 + yi, x, k: reduce):\n            init: C[y, x] = 0\n"
        "            C[y, x] += A.local[k, y] * B[k, x]\n",
        DEP_OK, "");
    /* the copy is one row short */
    step(
        vanilla,
        HEAD
        "  for yo in range(128):\n    alloc A.local: local window A[0 :+ 1024, yo*8 :+ 8]\n"
        "    for k in range(1023):\n      for yi in range(8):\n        block A.local(i = k, j = yo*8 + yi):\n"
        "          A.local[i, j] = A[i, j]\n"
        "    for x in range(1024):\n      for k in range(1024):\n        for yi in range(8):\n"
        "          block C(y = yo*8 + yi, x, k: reduce):\n            init: C[y, x] = 0\n"
        "            C[y, x] += A.local[k, y] * B[k, x]\n",
        DEP_BROKEN, "C(y=0, x=0, k=1023) does not get A[1023, 0]");
}

#define BLUR "func blur(X: int32[66]) -> B: int32[64]:\n"
static const char blur[] =
    BLUR "  alloc T: int32[66]\n  for i in range(66):\n    block T(i):\n      T[i] = X[i] * 2\n"
         "  for j in range(64):\n    block B(j):\n      B[j] = T[j] + T[j + 1] + T[j + 2]\n";

static void producers(void **state)
{
    (void)state;
    /* recomputed for each tile */
    step(blur,
         BLUR "  alloc T: int32[66]\n  for jo in range(8):\n    for ii in range(10):\n"
              "      block T(i = jo*8 + ii):\n        T[i] = X[i] * 2\n    for ji in range(8):\n"
              "      block B(j = jo*8 + ji):\n        B[j] = T[j] + T[j + 1] + T[j + 2]\n",
         DEP_OK, "");
    /* the window is one short: the last element of each tile comes a tile too late */
    step(blur,
         BLUR "  alloc T: int32[66]\n  for jo in range(8):\n    for ii in range(9):\n"
              "      block T(i = jo*8 + ii):\n        T[i] = X[i] * 2\n    for ji in range(8):\n"
              "      block B(j = jo*8 + ji):\n        B[j] = T[j] + T[j + 1] + T[j + 2]\n",
         DEP_BROKEN, "B(j=63) does not get T(i=65)");
    /* computed once, but kept in memory that does not last */
    step(
        blur,
        BLUR
        "  for jo in range(8):\n    alloc T: int32[66]\n    for ii in range(10):\n"
        "      block T(i = jo*8 + ii) where jo == 0 or ii >= 2:\n        T[i] = X[i] * 2\n    for ji in range(8):\n"
        "      block B(j = jo*8 + ji):\n        B[j] = T[j] + T[j + 1] + T[j + 2]\n",
        DEP_BROKEN, "T(i=8) writes T[8], B(j=8) reads it in another iteration of jo");
    /* computed once, in memory that lasts */
    step(
        blur,
        BLUR
        "  alloc T: int32[66]\n  for jo in range(8):\n    for ii in range(10):\n"
        "      block T(i = jo*8 + ii) where jo == 0 or ii >= 2:\n        T[i] = X[i] * 2\n    for ji in range(8):\n"
        "      block B(j = jo*8 + ji):\n        B[j] = T[j] + T[j + 1] + T[j + 2]\n",
        DEP_OK, "");
    /* inlined */
    step(blur,
         BLUR "  for j in range(64):\n    block B(j):\n"
              "      B[j] = X[j] * 2 + X[j + 1] * 2 + X[j + 2] * 2\n",
         DEP_OK, "");
    step(blur,
         BLUR "  for j in range(64):\n    block B(j):\n"
              "      B[j] = X[j] * 2 + X[j + 1] * 2 + X[j + 1] * 2\n",
         DEP_BROKEN, "B[0] does not get X[2]");
    /* backwards */
    step(
        blur,
        BLUR
        "  alloc T: int32[66]\n  for j in range(64):\n    block B(j):\n"
        "      B[j] = T[j] + T[j + 1] + T[j + 2]\n  for i in range(66):\n    block T(i):\n      T[i] = X[i] * 2\n",
        DEP_BROKEN, "T(i=0) writes T[0] after B(j=0) reads it");
    /* a loop-carried store: nothing is stored once */
    step(
        "func f() -> B: int32[8]:\n  for i in range(8):\n    block b(i):\n      B[0] = int32(i)\n",
        "func f() -> B: int32[8]:\n  for i in range(8):\n    block b(i = 7 - i):\n      B[0] = int32(i)\n",
        DEP_UNKNOWN, "");
}

/* A read whose index is not affine is taken for one of all elements: a copy of those that it can be
** is not wrong for that, and what is surely read still decides. */
static void reads_that_are_not_affine(void **state)
{
    (void)state;
#define DFT "func f(W: int32[8], X: int32[8]) -> Y: int32[4, 4]:\n  alloc T: int32[8]\n"
    static const char plain[] =
        DFT "  for t in range(8):\n    block T(t):\n      T[t] = W[t] * 2\n"
            "  for i in range(4):\n    for j in range(4):\n      block Y(i, j):\n"
            "        Y[i, j] = T[i*j % 4] + X[j]\n";
    static const char *const window =
        DFT "  for i in range(4):\n    for t in range(4):\n      block T(t):\n"
            "        T[t] = W[t] * 2\n    for j in range(4):\n      block Y(i, j):\n"
            "        Y[i, j] = T[i*j %% 4] + X[j%s]\n";
    static const char *const late =
        DFT "  for i in range(4):\n    for j in range(4):\n      block Y(i, j):\n"
            "        Y[i, j] = T[i*j % 4] + X[j]\n"
            "  for t in range(8):\n    block T(t):\n      T[t] = W[t] * 2\n";
    Arena *A = arena_new(NULL);
    step(plain, plain, DEP_OK, "");
    step(plain, arena_printf(A, window, ""), DEP_UNKNOWN, "");
    step(plain, arena_printf(A, window, " + 1"), DEP_BROKEN, "Y(i=0, j=0) does not get X[0]");
    step(plain, late, DEP_UNKNOWN, "");
    step(
        "func f(X: int32[8]) -> Y: int32[1]:\n  for i in range(1):\n    block Y(i):\n"
        "      Y[i] = X[i*6148914691236517206//2%8]\n",
        "func f(X: int32[8]) -> Y: int32[1]:\n  for io in range(1):\n    for ii in range(3):\n"
        "      block Y(i = io*3 + ii) where i < 1:\n        Y[i] = X[i*6148914691236517206//2%8]\n",
        DEP_UNKNOWN, "");
    arena_release(A);
#undef DFT
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loops_of_matmul),
        cmocka_unit_test(loops_of_stencils),
        cmocka_unit_test(buffers_data_and_limits),
        cmocka_unit_test(arithmetic_that_wraps),
        cmocka_unit_test(inits_of_matmul),
        cmocka_unit_test(axes_of_matmul),
        cmocka_unit_test(reads_that_are_not_affine),
        cmocka_unit_test(copies),
        cmocka_unit_test(producers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
