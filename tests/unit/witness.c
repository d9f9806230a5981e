/* witness.c -- the pairs of iterations that the search finds, and those it must not find. */
#include "tests/program.h"

#include <string.h>

#include "core/affine/witness.h"

/* The witness for a loop, "" where none is found. */
static void expect(const char *text, const char *loop, const char *want)
{
    Arena *A = arena_new(NULL);
    LoopConflict c;
    const Node *f = parse(A, text), *var = loop_var(f, loop);
    bool found = witness_find(A, f, var, WITNESS_STEPS, &c);
    assert_string_equal(found ? witness_text(A, var, &c) : "", want);
    arena_release(A);
}

static const char conv[] =
    "func f(X: float32[1, 16, 34, 34], W: float32[32, 16, 3, 3]) -> conv2: float32[1, 32, 32, 32]:\n"
    "  for n in range(1):\n"
    "    for oc in range(32):\n"
    "      for y in range(32):\n"
    "        for xo in range(4):\n"
    "          for xi in range(8):\n"
    "            for ic in range(16):\n"
    "              for ky in range(3):\n"
    "                for kx in range(3):\n"
    "                  block conv2(n, oc, y, x = xo*8 + xi, ic: reduce, ky: reduce, kx: reduce):\n"
    "                    init: conv2[n, oc, y, x] = 0\n"
    "                    conv2[n, oc, y, x] += X[n, ic, y + ky, x + kx] * W[oc, ic, ky, kx]\n";

static void reductions(void **state)
{
    (void)state;
    expect(conv, "ic", "iterations ic=0 and ic=1 both update conv2[0, 0, 0, 0]");
    expect(conv, "kx", "iterations kx=0 and kx=1 both update conv2[0, 0, 0, 0]");
    expect(conv, "oc", "");
    expect(conv, "y", "");
    expect(conv, "xo", "");
}

static void stencils(void **state)
{
    (void)state;
    expect("func f() -> B: int32[64]:\n  for i in range(63):\n    B[i + 1] = B[i]\n", "i",
           "iteration i=0 writes B[1], which iteration i=1 reads");
    expect("func f() -> B: int32[64]:\n  for i in range(40):\n    B[i] = B[i + 20]\n", "i",
           "iteration i=0 reads B[20], which iteration i=20 writes");
    expect("func f() -> B: int32[64]:\n  for io in range(8):\n    for ii in range(8):\n"
           "      if io*8 + ii > 0:\n        B[io*8 + ii] = B[io*8 + ii - 1]\n",
           "io", "iteration io=0 (ii=7) writes B[7], which iteration io=1 reads");
    expect("func f() -> B: int32[64]:\n  for i in range(64):\n    B[i//2] = 1\n", "i",
           "iterations i=0 and i=1 both write B[0]");
    expect("func f() -> B: int32[64]:\n  for i in range(64):\n    B[i] = B[i] + 1\n", "i", "");
}

static void buffers_of_the_loop_are_private(void **state)
{
    (void)state;
    static const char inside[] =
        "func f(A: int32[8]) -> B: int32[8]:\n"
        "  for i in range(8):\n    alloc T: int32[1]\n    T[0] = A[i]\n    B[i] = T[0]\n";
    static const char outside[] =
        "func f(A: int32[8]) -> B: int32[8]:\n"
        "  alloc T: int32[1]\n  for i in range(8):\n    T[0] = A[i]\n    B[i] = T[0]\n";
    expect(inside, "i", "");
    expect(outside, "i", "iterations i=0 and i=1 both write T[0]");
    /* however often those of loops inside come and go */
    expect("func f(A: int32[4]) -> B: int32[4]:\n  for i in range(4):\n    for j in range(200):\n"
           "      alloc S: int32[1]\n      S[0] = A[i]\n"
           "    alloc T: int32[1]\n    T[0] = A[i]\n    B[i] = T[0]\n",
           "i", "");
}

/* Of nests of any depth: 4^30 statements would stand around this one. */
static void what_it_runs_is_bounded(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    Buf b = buf_new(A);
    buf_puts(&b, "func f(A: int64[8]) -> B: int32[8]:\n");
    for (int d = 0; d < 30; d++)
        buf_printf(&b, "%*sfor i%d in range(4):\n", 2 * d + 2, "", d);
    buf_printf(&b, "%*sB[A[i29]] = 1\n", 62, "");
    expect(buf_str(&b), "i29", "");
    arena_release(A);
}

static void guards_and_data(void **state)
{
    (void)state;
    /* only the last outer value lets the inner loop run twice into one element */
    expect("func f() -> B: int32[8]:\n  for o in range(4):\n    for i in range(8):\n"
           "      if o == 3:\n        B[i % 4] = 1\n      else:\n        B[i] = 1\n",
           "i", "iterations i=0 (o=3) and i=4 (o=3) both write B[0]");
    /* where nothing is certain, nothing is claimed */
    expect("func f(A: int64[8]) -> B: int32[8]:\n  for i in range(8):\n    B[A[i]] = 1\n", "i", "");
    expect(
        "func f(A: int64[8]) -> B: int32[8]:\n  for i in range(8):\n    if A[0] > 3:\n      B[0] = 1\n",
        "i", "");
    expect("func f(A: int32[8]) -> B: int32[8]:\n  for i in range(8):\n"
           "    B[i] = select(i == 0, 0, B[max(i - 1, 0)])\n",
           "i", "iteration i=0 writes B[0], which iteration i=1 reads");
    expect("func f() -> B: int32[8]:\n  for i in range(0):\n    B[0] = 1\n", "i", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reductions),
        cmocka_unit_test(stencils),
        cmocka_unit_test(buffers_of_the_loop_are_private),
        cmocka_unit_test(guards_and_data),
        cmocka_unit_test(what_it_runs_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
