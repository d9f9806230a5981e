/* inside.c -- what is refused as certain to leave a buffer, and what passes; on random programs,
** what is refused is found by the checking interpreter, and what it finds is refused or in doubt;
** where nothing but sums stands, nothing is in doubt. */
#include "tests/dice.h"
#include "tests/program.h"

#include <string.h>
#include <time.h>

#include "core/affine/inside.h"
#include "core/base/buf.h"
#include "core/ir/check.h"

/* The body of f; `why` is "" where nothing is certain, and `doubt` then whether an index is. */
static void expect_doubt(const char *body, const char *why, bool doubt)
{
    Arena *A = arena_new(NULL);
    Err err = {0};
    const char *text = arena_printf(
        A, "func f(A: int32[8], P: int32[4, 6], D: int64[8]) -> B: int32[8]:\n%s", body);
    bool doubted, inside = inside_buffers(parse_verified(A, text), &doubted, &err);
    if (inside != !*why || strcmp(err.why, why) != 0)
        fail_msg("said: %s\nnot:  %s\n%s", err.why, why, text);
    if (!inside)
        assert_int_equal(err.code, ERR_surely_outside);
    else if (doubted != doubt)
        fail_msg("%sin doubt:\n%s", doubted ? "" : "not ", text);
    arena_release(A);
}

static void expect(const char *body, const char *why)
{
    expect_doubt(body, why, false);
}

static void what_is_certain(void **state)
{
    (void)state;
    expect("  for y in range(8):\n    block Y(y):\n      B[y] = A[y] + A[y + 1]\n",
           "Y at y=7 reads A[8], but dimension 0 of A has 8 elements, 0 to 7");
    expect("  for i in range(8):\n    B[i] = A[i - 1]\n",
           "the program at i=0 reads A[-1], but dimension 0 of A has 8 elements, 0 to 7");
    expect("  for i in range(9):\n    B[i] = A[0]\n",
           "the program at i=8 writes B[8], but dimension 0 of B has 8 elements, 0 to 7");
    expect("  for i in range(8):\n    B[i] = A[8]\n",
           "the program at i=0 reads A[8], but dimension 0 of A has 8 elements, 0 to 7");
    /* axes are sums over loops, and a negative factor ends at the first iteration */
    expect(
        "  for o in range(2):\n    for i in range(4):\n      block Y(y = o*4 + i, z = 3 - i):\n        B[y] = P[z, y]\n",
        "Y at y=7, z=0 reads P[0, 7], but dimension 1 of P has 6 elements, 0 to 5");
    expect("  for i in range(8):\n    for k in range(4):\n      B[i] += P[k + 1, D[i]]\n",
           "the program at i=0, k=3 reads P[4, …], but dimension 0 of P has 4 elements, 0 to 3");
    /* quotients grow with what they divide, and remainders are whole periods or sums themselves */
    expect("  for i in range(18):\n    B[i//2] = A[0]\n",
           "the program at i=17 writes B[8], but dimension 0 of B has 8 elements, 0 to 7");
    expect("  for i in range(8):\n    B[i] = A[(i - 3)//2 + 1]\n",
           "the program at i=0 reads A[-1], but dimension 0 of A has 8 elements, 0 to 7");
    expect("  for f in range(72):\n    block Y(y = f//9, x = f%9):\n      B[y] = P[0, x]\n",
           "Y at y=0, x=8 reads P[0, 8], but dimension 1 of P has 6 elements, 0 to 5");
    expect("  for i in range(8):\n    B[i] = A[(i + 3)%10]\n",
           "the program at i=6 reads A[9], but dimension 0 of A has 8 elements, 0 to 7");
    expect("  for i in range(8):\n    B[i] = A[(5 - i)%9 - 1]\n",
           "the program at i=5 reads A[-1], but dimension 0 of A has 8 elements, 0 to 7");
    expect("  for i in range(4):\n    for j in range(4):\n      B[i*2] = A[(i*2 + j*3)%20]\n",
           "the program at i=3, j=3 reads A[15], but dimension 0 of A has 8 elements, 0 to 7");
    /* what decides is evaluated, whatever is decided */
    expect("  for i in range(8):\n    B[i] = select(A[i + 1] > 0, 1, 2)\n",
           "the program at i=7 reads A[8], but dimension 0 of A has 8 elements, 0 to 7");
    expect("  alloc T: int32[1]\n  T[0] = 1\n  for i in range(8):\n    B[i] = T[i]\n",
           "the program at i=7 reads T[7], but dimension 0 of T has only element 0");
}

static void what_passes(void **state)
{
    (void)state;
    expect("  for i in range(8):\n    B[i] = A[7 - i] + P[i//2, 0]\n", "");
    expect("  for i in range(8):\n    B[i] = select(i < 7, A[i + 1], 0)\n", "");
    expect("  for i in range(8):\n    B[i] = select(i < 7 and A[i + 1] > 0, 1, 0)\n", "");
    expect("  for i in range(8):\n    B[i] = select(i == 7 or A[i + 1] > 0, 1, 0)\n", "");
    expect(
        "  for i in range(8):\n    if i < 7:\n      B[i] = A[i + 1]\n    else:\n      B[i] = A[i + 1 - 1]\n",
        "");
    expect("  for i in range(8):\n    block Y(y = i + 1) where y < 8:\n      B[y] = A[y]\n", "");
    expect("  for i in range(8):\n    B[i] = A[D[i]]\n", "");
    expect("  for i in range(8):\n    for k in range(0):\n      B[i] += A[i + 100]\n", "");
    /* terms that cancel, here and through an axis; and one that wraps to where it began */
    expect("  for i in range(8):\n    B[i] = A[i + 3*i - 3*i]\n", "");
    expect(
        "  for o in range(100):\n    for i in range(8):\n      block Y(y = i - o, z = o):\n        B[y + z] = A[z + y]\n",
        "");
    expect("  for i in range(8):\n    B[i] = A[i*4611686018427387904*4 + i]\n", "");
    expect("  for i in range(8):\n    B[i] = A[(i + 1) % 8] + A[i//3*3 % 9]\n", "");
    expect("  for i in range(8):\n    for j in range(8):\n      B[(i + j)//2] = A[i//2 + j//2]\n",
           "");
}

/* One access of B at i in 0 .. n-1, each of them written. */
static const char *reading(Arena *A, int n, const char *value)
{
    return arena_printf(A, "  for i in range(%d):\n    B[i %% 8] = %s\n", n, value);
}

static void what_is_tried(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    const char *at3 = "the program at i=3 reads A[9], but dimension 0 of A has 8 elements, 0 to 7";
    const char *at4 = "the program at i=4 reads A[8], but dimension 0 of A has 8 elements, 0 to 7";
    expect(reading(A, 13, "A[i*3 % 13]"), at3);
    expect(reading(A, 13, "A[i*7 % 12]"), at3);
    expect(reading(A, 13, "A[i%13 + i%2]"),
           "the program at i=7 reads A[8], but dimension 0 of A has 8 elements, 0 to 7");
    expect(reading(A, 13, "A[i*3 % 8]"), "");
    expect(reading(A, 8, "A[i*5 % 10]"), "");
    expect(reading(A, 13, "select(i*3 % 13 < 8, A[i*3 % 13], 0)"), "");
    expect(reading(A, 13, "select(i*3 % 13 < 9, 0, A[i*3 % 13 - 6])"), "");
    expect(reading(A, 13, "select(i < 5, A[i + 4], 0)"), at4);
    expect(reading(A, 13, "select(i > 4 or A[i + 4] > 0, 1, 0)"), at4);
    expect(reading(A, 13, "select(not i >= 4 and A[i + 4] > 0, A[i + 4], 0)"), "");
    /* a loop beside the index decides, too */
    expect(
        "  for i in range(8):\n    for j in range(8):\n      if i + j < 8:\n        B[j] = A[i + j]\n",
        "");
    expect(
        "  for i in range(8):\n    for j in range(8):\n      if i == j:\n        B[j] = A[i*j % 50]\n",
        "the program at i=3, j=3 reads A[9], but dimension 0 of A has 8 elements, 0 to 7");
    expect(
        "  for i in range(8):\n    for j in range(8):\n      if i % 3 == 0:\n        if j == 7:\n          B[j] = A[i*i % 10]\n",
        "the program at i=3, j=7 reads A[9], but dimension 0 of A has 8 elements, 0 to 7");
    /* loops that depend on loops, which may not run at all */
    expect("  for i in range(8):\n    for j in range(i + 2):\n      B[j] = 1\n",
           "the program at i=7, j=8 writes B[8], but dimension 0 of B has 8 elements, 0 to 7");
    expect("  for i in range(8):\n    for j in range(i - 7):\n      B[0] = A[i*3 % 13]\n", "");
    expect("  for i in range(8):\n    for j in range(i + 1):\n      B[j] = 1\n", "");
    /* where memory decides, nothing is certain */
    expect_doubt(reading(A, 8, "select(D[i] > 0, A[i + 1], 0)"), "", true);
    expect_doubt("  for i in range(8):\n    for j in range(D[i]):\n      B[0] = A[i*3 % 13]\n", "",
                 true);
    expect_doubt(reading(A, 8, "select(D[i] > 0 and i < 7, A[i + 1], 0)"), "", false);
    expect_doubt("  for i in range(8):\n    for j in range(D[i]):\n      B[j] = 1\n", "", false);
    /* too much to try: proven by what stands around; in doubt; found among the first */
    expect(reading(A, 1 << 30, "select(i >= 5 and i < 13, A[i - 5], 0)"), "");
    expect(reading(A, 1 << 30, "select(3 - i < 0 or i*1 < 0, 0, A[4 - i + 3])"), "");
    expect_doubt(reading(A, 1 << 30, "select(i % 1000 * 2 < 16, A[i % 1000], 0)"), "", true);
    expect(reading(A, 1 << 30, "A[i*3 % 13]"), at3);
    /* the init of a block, and windows */
    expect(
        "  for i in range(8):\n    for k in range(3):\n      block Y(y = i, r = k: reduce):\n        init: B[y] = A[y*r + y]\n        B[y] += A[r]\n",
        "");
    expect_doubt(
        "  for i in range(8):\n    for k in range(3):\n      block Y(y = i, r = k: reduce):\n        init: B[y] = A[y*3 % 13]\n        B[y] += A[r]\n",
        "", true);
    expect(
        "  for o in range(4):\n    alloc T: int32[8] window [o*2 :+ 2]\n    for i in range(2):\n      T[o*2 + i] = A[o*2 + i]\n    for i in range(2):\n      B[o*2 + i] = T[o*2 + i]\n",
        "");
    arena_release(A);
}

/* Axes that double, `rule` saying how, in one block inside another; then conditions, and reads. */
static const char *doubling(Arena *A, int n, const char *rule, const char *condition, int reads)
{
    Buf b = buf_new(A);
    int axes = 10, at = 4;
    buf_puts(&b, "func f(A: int32[2]) -> B: int32[8]:\n");
    buf_printf(&b, "  for i in range(%d):\n%*sblock Y0(x0 = i, z0 = i):\n", n, at, "");
    for (int k = 1; k <= axes; k++)
        buf_printf(&b, "%*sblock Y%d(x%d = x%d%s + x%d, z%d = z%d):\n", at += 2, "", k, k, k - 1,
                   rule, k - 1, k, k - 1);
    for (int k = 0; k < 100; k++)
        buf_printf(&b, "%*sif %s:\n", at += 2, "", condition);
    for (int k = 0; k < reads; k++)
        buf_printf(&b, "%*sB[0] = A[z10*z10 %% 4]\n", at + 2, "");
    return buf_str(&b);
}

static void work_is_bounded(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    const char *text[] = {doubling(A, 65000, " * 7 % 1000003", "x10*x10 % 4 < 2", 1),
                          doubling(A, 30, "", "x10 - 3 < x10 - 2", 400)};
    for (size_t i = 0; i < 2; i++) {
        Err err = {0};
        const Node *f = parse_verified(A, text[i]);
        clock_t before = clock();
        assert_true(inside_buffers(f, NULL, &err));
        assert_true((double)(clock() - before) / CLOCKS_PER_SEC < 10);
    }
    arena_release(A);
}

/* ---- random programs ---- */

static void put_sum(Buf *b, const char *x, const char *y)
{
    buf_printf(b, "%d", below(5) - 1);
    for (int i = 0; i < 2; i++)
        if (below(3))
            buf_printf(b, " %c %s*%d", below(4) ? '+' : '-', i ? y : x, 1 + below(2));
}

/* Reads by sums; if `sums` is false, some of them guarded, divided or by data. */
static const char *random_program(Arena *A, bool sums)
{
    Buf b = buf_new(A);
    int rows = below(5), cols = 1 + below(5);
    bool block = below(2), where = block && !sums && below(3) == 0;
    buf_printf(&b, "func f(A: int32[9], P: int32[5, 7], D: int64[9]) -> B: int32[%d, %d]:\n", rows,
               cols);
    buf_printf(&b, "  for i in range(%d):\n    for j in range(%d):\n", rows, cols);
    if (block)
        buf_puts(&b, below(2) ? "      block Y(x = i, y = j)" : "      block Y(y = j, x = i)");
    if (where)
        buf_printf(&b, " where x + y < %d", below(6));
    buf_puts(&b, block ? ":\n" : "");
    const char *x = block ? "x" : "i", *y = block ? "y" : "j";
    buf_printf(&b, "%*sB[%s, %s] = 0", block ? 8 : 6, "", x, y);
    for (int n = 1 + below(2); n > 0; n--) {
        int kind = sums ? 0 : below(5);
        buf_puts(&b, " + ");
        if (kind == 1)
            buf_printf(&b, "select(%s %% 3 %s %d, ", x, below(2) ? "<" : "!=", below(3));
        if (kind == 4)
            buf_printf(&b, "select(%s*%s < %d and D[%s] == %d, ", x, y, below(9), x, below(2));
        buf_puts(&b, kind == 2 ? "A[(" : kind == 3 ? "P[D[0], " : below(2) ? "A[" : "P[1, ");
        put_sum(&b, x, y);
        if (kind == 2)
            buf_printf(&b, ")%s%d]", below(2) ? "//" : "%", 1 + below(14));
        else
            buf_puts(&b, kind == 1 || kind == 4 ? "], 0)" : "]");
    }
    buf_puts(&b, "\n");
    return buf_str(&b);
}

static bool checked(Arena *A, const Node *f, Err *err)
{
    enum { MOST = 64 };
    const Node *params = f->kid[Func_params], *results = f->kid[Func_results];
    size_t n = params->nkids + results->nkids;
    InterpBuffer io[8];
    for (size_t i = 0; i < n; i++) {
        const Node *b = i < params->nkids ? params->kid[i] : results->kid[i - params->nkids];
        int64_t *shape = arena_alloc(A, IR_MAX_RANK * sizeof *shape);
        for (size_t d = 0; d < ir_rank(b); d++)
            shape[d] = ir_dim(b, d);
        io[i] = (InterpBuffer){(DType)b->type, ir_rank(b), shape,
                               arena_alloc(A, MOST * sizeof(int64_t))};
        memset(io[i].data, 0, MOST * sizeof(int64_t));
    }
    return check_run(f, n, io, &(CheckOptions){.partial = true}, err);
}

static void refused_is_found(void **state)
{
    (void)state;
    int refused = 0, passed = 0, proven = 0;
    for (int i = 0; i < 4000; i++) {
        Arena *A = arena_new(NULL);
        Err ours = {0}, its = {0};
        bool sums = i % 2;
        const char *text = random_program(A, sums);
        const Node *f = parse_verified(A, text);
        bool doubt = true, inside = inside_buffers(f, &doubt, &ours), clean = checked(A, f, &its);
        if (!clean)
            assert_int_equal(its.code, ERR_outside_buffer);
        if ((!inside && clean) || (inside && !doubt && !clean) || (sums && inside && doubt))
            fail_msg("ours: %s\ncheck: %s\n%s", ours.why, its.why, text);
        refused += !inside;
        passed += inside;
        proven += inside && !doubt;
        arena_release(A);
    }
    assert_true(refused > 500 && passed > proven && proven > 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_certain),  cmocka_unit_test(what_passes),
        cmocka_unit_test(what_is_tried),    cmocka_unit_test(work_is_bounded),
        cmocka_unit_test(refused_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
