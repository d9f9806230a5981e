/* unwritten.c -- what a program surely reads that nothing has written, and what it leaves so: by
** integer sets, against the checking interpreter, which runs it. */
#include "tests/dice.h"
#include "tests/nests.h"
#include "tests/program.h"
#include "tests/trials.h"

#include <string.h>
#include <time.h>

#include "core/affine/dep.h"
#include "core/base/cancel.h"
#include "core/base/buf.h"
#include "core/ir/check.h"

#define F1 "func f(A: float32[32]) -> C: float32[32]:\n"

static bool unwritten(const Node *f, Err *err)
{
    return dep_unwritten(f, DEP_THOROUGH, err) == DEP_BROKEN;
}

static void found(ErrCode code, const char *what, const char *witness, const char *text)
{
    Arena *A = arena_new(NULL);
    Err err = {0};
    if (!unwritten(parse_verified(A, text), &err))
        fail_msg("nothing found, %s expected\n%s", err_name(code), text);
    if (err.code != code || !strstr(err.why, what) || strcmp(err.witness, witness) != 0)
        fail_msg("%s: %s (%s)\nexpected %s: %s (%s)\n%s", err_name(err.code), err.why, err.witness,
                 err_name(code), what, witness, text);
    arena_release(A);
}

static void not_found(const char *text)
{
    Arena *A = arena_new(NULL);
    Err err = {0};
    if (unwritten(parse_verified(A, text), &err))
        fail_msg("%s (%s)\n%s", err.why, err.witness, text);
    arena_release(A);
}

static void what_is_told(void **state)
{
    (void)state;
    found(ERR_undefined_read, "the program reads C[0]", "x=0",
          F1 "  for x in range(32):\n    C[x] += A[x]\n");
    found(ERR_undefined_read, "the program reads T[5]", "x=5",
          F1 "  alloc T: float32[32]\n"
             "  for x in range(5):\n    T[x] = 0\n"
             "  for x in range(32):\n    C[x] = T[x]\n");
    found(ERR_undefined_read, "D reads T[1]", "x=1, o=1", /* each iteration has its own */
          F1 "  for x in range(32):\n    C[x] = 0\n"
             "  for o in range(2):\n"
             "    alloc T: float32[32]\n"
             "    if o == 0:\n      T[1] = 1\n"
             "    T[0] = 1\n"
             "    for x in range(2):\n"
             "      block D(i = x):\n        C[i] = T[i]\n");
    found(ERR_undefined_read, "the program reads T[3]", "x=0", /* written, but later */
          F1 "  alloc T: float32[32]\n"
             "  for x in range(32):\n"
             "    if x % 4 == 0:\n"
             "      if T[x + 3] > 0:\n        C[x] = 1\n"
             "    C[x] = 0\n"
             "    T[x] = 0\n");
    found(ERR_undefined_read, "the program reads T[0]", "x=0", /* data place a store beside it */
          "func f(A: float32[4], I: int64[4]) -> C: float32[4], D: float32[4]:\n"
          "  alloc T: float32[4]\n"
          "  for x in range(4):\n    C[x] = T[x] + A[x]\n    D[I[x]] = A[x]\n");
    found(ERR_undefined_read, "the program reads T[0]", "x=0", /* or where the read goes */
          "func f(A: float32[4], I: int64[4]) -> C: float32[4]:\n"
          "  alloc T: float32[4]\n"
          "  for x in range(4):\n    C[I[x]] = T[x] + A[x]\n");
    found(ERR_never_written, "C[31]", "", F1 "  for x in range(31):\n    C[x] = A[x]\n");
    found(ERR_never_written, "C[0]", "", /* also where threads have an order of their own */
          F1 "  alloc S: float32[32] shared\n"
             "  for t in bind(\"threadIdx.x\", 32):\n    S[t] = A[t]\n"
             "  barrier(\"shared\")\n"
             "  for t in bind(\"threadIdx.x\", 31):\n    C[t + 1] = S[31 - t]\n");
}

static void what_is_not(void **state)
{
    (void)state;
    not_found(MATMUL("8", "9", "7"));
    not_found(F1 "  alloc T: float32[32]\n" /* data decide what runs */
                 "  for x in range(32):\n"
                 "    if A[x] > 0:\n      T[x] = 0\n"
                 "    if A[x] > 0:\n      C[x] = T[x]\n"
                 "    else:\n      C[x] = 0\n");
    not_found(F1 "  alloc T: float32[32]\n" /* and which element is read */
                 "  T[0] = 1\n"
                 "  for x in range(32):\n    C[x] = T[min(int64(A[x]), 0)]\n");
    not_found(F1 "  alloc T: float32[32]\n" /* or written */
                 "  for x in range(32):\n    T[int64(A[x])] = 0\n"
                 "  for x in range(32):\n    C[x] = T[x] + 1\n");
    not_found("func f(A: float32[8], I: int64[8]) -> C: float32[8]:\n" /* a copy, placed by data */
              "  alloc T: float32[8]\n  alloc E: float32[8]\n"
              "  for x in range(8):\n    C[x] = 0\n"
              "  for x in range(4):\n    T[x] = A[x]\n"
              "  for x in range(8):\n    E[I[x]] = T[x]\n"
              "  for x in range(4):\n    C[x] = E[x] + 1\n");
    not_found(F1 "  alloc T: float32[32]\n" /* a copy of nothing is not used */
                 "  alloc U: float32[32]\n"
                 "  for x in range(4):\n    T[x] = A[x]\n"
                 "  for x in range(32):\n    U[x] = T[x]\n"
                 "  for x in range(32):\n    C[x] = select(x < 4, U[min(x, 3)], 0)\n");
    found(ERR_undefined_read, "the program reads U[4]", "x=4", /* but here it is */
          F1 "  alloc T: float32[32]\n"
             "  alloc U: float32[32]\n"
             "  for x in range(4):\n    T[x] = A[x]\n"
             "  for x in range(32):\n    U[x] = T[x]\n"
             "  for x in range(32):\n    C[x] = U[x]\n");
    not_found(F1 "  for t in bind(\"threadIdx.x\", 32):\n" /* written before a barrier */
                 "    alloc S: float32[32] shared\n"
                 "    S[t] = A[t]\n"
                 "    barrier(\"shared\")\n"
                 "    C[t] = S[31 - t]\n");
}

/* At a glance: every other element of T in no order, which are many pieces; and results enough that
** all of them together are more than a glance. */
static void what_is_plain_beside_what_is_dear(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    Buf reads = buf_new(A), many = buf_new(A);
    buf_puts(&reads, F1 "  alloc T: float32[120]\n");
    for (int i = 0; i < 60; i++)
        buf_printf(&reads, "  T[%d] = A[0]\n", i * 37 % 60 * 2);
    buf_puts(&reads, "  for x in range(120):\n    C[0] = T[x] + 1\n");
    buf_puts(&many, "func f(A: float32[8])");
    for (int i = 0; i < 100; i++)
        buf_printf(&many, "%sC%d: float32[64, 64]", i ? ", " : " -> ", i);
    buf_puts(&many, ":\n");
    for (int i = 0; i < 100; i++)
        buf_printf(&many,
                   "  for yo in range(8):\n    for yi in range(8):\n      for x in range(%d):\n"
                   "        C%d[yo*8 + yi, x] = A[yi]\n",
                   i < 99 ? 64 : 63, i);
    Err plain = {0}, dear = {0}, last = {0};
    const Node *f = parse_verified(A, buf_str(&reads));
    assert_int_equal(dep_unwritten(f, DEP_GLANCE, &plain), DEP_BROKEN);
    assert_int_equal(plain.code, ERR_never_written);
    assert_int_equal(dep_unwritten(f, DEP_QUICK, &dear), DEP_BROKEN);
    assert_int_equal(dear.code, ERR_undefined_read);
    assert_int_equal(dep_unwritten(parse_verified(A, buf_str(&many)), DEP_GLANCE, &last),
                     DEP_BROKEN);
    assert_non_null(strstr(last.why, "C99[0, 63]"));
    arena_release(A);
}

/* Seconds of the processor that it takes to be at a loss with so many results, each behind a
** condition of many quotients.  The operations of isl, and not a clock, end each question. */
static double seconds_at_a_loss(int results)
{
    Arena *A = arena_new(NULL);
    Buf b = buf_new(A);
    Err err = {0};
    buf_puts(&b, "func f(A: float32[64])");
    for (int i = 0; i < results; i++)
        buf_printf(&b, "%sC%d: float32[64]", i ? ", " : " -> ", i);
    buf_puts(&b, ":\n  for i in range(64):\n");
    for (int i = 0; i < results; i++)
        buf_printf(&b, "    C%d[i] = A[i]\n", i);
    buf_puts(&b,
             "  for x in range(54):\n"
             "    for y in range(38):\n"
             "      for z in range(17):\n"
             "        if (y*6 + 8) // 8 + (x*7 + z*8 + y*11 + 1) % 34 + (y*8 + z*17 + 9) % 5 == "
             "(y*5 + z*14 + 7) // 26 + (x*16 + z*20 + 1) // 17 and "
             "(y*12 + z*12 + 0) % 11 + (z*2 + x*14 + 7) % 32 + (y*12 + z*6 + x*5 + 6) % 32 == "
             "(x*16 + 2) % 21 + (x*3 + y*1 + z*11 + 9) % 4:\n");
    for (int i = 0; i < results; i++)
        buf_printf(&b, "          C%d[z] = A[y]\n", i);
    const Node *f = parse_verified(A, buf_str(&b));
    struct timespec from, to;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
    assert_int_equal(dep_unwritten(f, DEP_GLANCE / 4, &err), DEP_UNKNOWN);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
    assert_non_null(strstr(err.why, "the work limit was reached"));
    arena_release(A);
    return (double)(to.tv_sec - from.tv_sec) + 1e-9 * (double)(to.tv_nsec - from.tv_nsec);
}

/* As long for each of them as for the first, 45 lines held the session for a minute; twice as long
** in all is what is expected. */
static void results_in_doubt_take_less_and_less(void **state)
{
    (void)state;
    double one = seconds_at_a_loss(1), many = seconds_at_a_loss(60);
    print_message("1 result: %.3f s, 60 results: %.3f s\n", one, many);
    assert_true(many < 10 * one);
    cancel_ask();
    double stopped = seconds_at_a_loss(60);
    cancel_clear();
    print_message("asked to stop: %.3f s\n", stopped);
    assert_true(4 * stopped < one);
}

/* ---- random programs ---- */

static void put_nest(Buf *b, int indent, const char *const *loops, int n)
{
    static const char *const names[] = {"i", "j", "k"};
    for (int s = 1 + below(2); s > 0; s--) {
        const char *inner[3];
        memcpy(inner, loops, (size_t)n * sizeof *loops);
        if (n == 2 || below(3) == 0) {
            nest_statement(b, indent, loops, n);
            continue;
        }
        inner[n] = names[n];
        buf_printf(b, "%*sfor %s in range(%d):\n", indent, "", names[n], 1 + below(4));
        put_nest(b, indent + 2, inner, n + 1);
    }
}

static const char *random_program(Arena *A)
{
    Buf b = buf_new(A);
    buf_printf(&b, "func f(A: float32[1]) -> C: float32[%d]:\n", NEST_SIZE);
    buf_printf(&b, "  alloc T: float32[%d]\n", NEST_SIZE);
    if (below(4))
        buf_printf(&b, "  for i in range(%d):\n    T[i] = 0\n", NEST_SIZE - below(3));
    if (below(4))
        buf_printf(&b, "  for i in range(%d):\n    C[i] = 0\n", NEST_SIZE - below(2));
    bool inside = below(2);
    buf_puts(&b, inside ? "  for i in range(2):\n" : "");
    buf_printf(&b, "%*salloc U: float32[%d]\n", inside ? 4 : 2, "", NEST_SIZE);
    if (below(3))
        buf_printf(&b, "%*sfor j in range(%d):\n%*sU[j] = 1\n", inside ? 4 : 2, "",
                   NEST_SIZE - below(3), inside ? 6 : 4, "");
    put_nest(&b, inside ? 4 : 2, (const char *const[]){"i"}, inside);
    return buf_str(&b);
}

static void sets_say_what_a_run_says(void **state)
{
    (void)state;
    int trials = trials_of(8000, 1000), reads = 0, results = 0, clean = 0;
    for (int t = 0; t < trials; t++) {
        Arena *A = arena_new(NULL);
        nest_plain = true;
        const char *text = random_program(A);
        const Node *f = parse_verified(A, text);
        FloatData d = float_data(A, f);
        Err ran = {0}, told = {0};
        bool ok = check_run(f, d.n, d.io, &(CheckOptions){0}, &ran), surely = unwritten(f, &told);
        if ((surely && ok) || (nest_plain && (surely == ok || (surely && ran.code != told.code))))
            fail_msg("a run says %s: %s; the sets %s: %s\n%s", err_name(ran.code), ran.why,
                     surely ? err_name(told.code) : "nothing", told.why, text);
        clean += ok;
        reads += ran.code == ERR_undefined_read;
        results += ran.code == ERR_never_written;
        arena_release(A);
    }
    print_message("%d programs: %d read what nothing wrote, %d leave a result, %d do neither\n",
                  trials, reads, results, clean);
    assert_true(clean > trials / 20 && reads > trials / 20 && results > trials / 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_told),
        cmocka_unit_test(what_is_not),
        cmocka_unit_test(what_is_plain_beside_what_is_dear),
        cmocka_unit_test(results_in_doubt_take_less_and_less),
        cmocka_unit_test(sets_say_what_a_run_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
