/* ir.c -- constructors, text form and fingerprints of the loop IR. */
#include "tests/program.h"

#include <string.h>

#include "core/ir/print.h"

static const char as_written[] = MATMUL("1024", "1024", "1024");

static const char scheduled[] =
    "func matmul(A: float32[1024, 1024], B: float32[1024, 1024]) -> C: float32[1024, 1024]:\n"
    "  for yo in parallel(128):\n"
    "    for xo in range(32):\n"
    "      alloc C.local: local window C[yo*8 :+ 8, xo*32 :+ 32]\n"
    "      for yi in range(8):\n"
    "        for xi in vectorized(32):\n"
    "          block C.init(y = yo*8 + yi, x = xo*32 + xi):\n"
    "            C.local[y, x] = 0\n"
    "      for k in range(1024) {pipeline: 2}:\n"
    "        for yi in unrolled(8):\n"
    "          for xi in vectorized(32):\n"
    "            block C(y = yo*8 + yi, x = xo*32 + xi, k: reduce) where x < 1000 and y >= 3:\n"
    "              C.local[y, x] fma= A[k, y] * B[k, x]\n"
    "      for yi in range(8):\n"
    "        for xi in vectorized(32):\n"
    "          block C.store(y = yo*8 + yi, x = xo*32 + xi):\n"
    "            C[y, x] = C.local[y, x]\n";

static const char oddities[] =
    "func odd(A: int32[4, 3], s: float64[]) -> B: float32[4], D: bool[4]:\n"
    "  for i in bind(\"blockIdx.x\", 4):\n"
    "    alloc T: float32[2, 3] shared:\n"
    "      T[0, 1] = -0.0\n"
    "      barrier(\"shared\")\n"
    "    alloc U: int32[1]\n"
    "    U[0] = max(A[i, 2]//3 - (A[i, 1] - A[i, 0]), -7)\n"
    "    if i < 3 and not (i == 1 or U[0] <= 5):\n"
    "      B[i] = select(isnan(s[]), 0.1, float32(s[]) + (let t = float32(A[i, 0]) in t * t))\n"
    "    else:\n"
    "      B[i] = fma(1e-05, inf, -B[i]) / -(2)\n"
    "    D[i] = true\n"
    "    B[i] min= float32(reinterpret(int64, s[]) + 5)\n"
    "    B[i] = float32(int64(3) + int64(4))\n";

static void text_parses_back(void **state)
{
    (void)state;
    const char *const texts[] = {as_written, scheduled, oddities};
    for (size_t i = 0; i < 3; i++) {
        Arena *A = arena_new(NULL);
        const Node *f = parse(A, texts[i]);
        assert_string_equal(ir_text(A, f), texts[i]);
        assert_true(ir_equal(f, parse(A, ir_text(A, f))));
        arena_release(A);
    }
}

static void names_do_not_count(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    const Node *f =
        parse(A, "func f(A: int8[4]) -> B: int8[4]:\n for i in range(4):\n  B[i] = A[i]\n");
    const Node *g =
        parse(A, "func g(X: int8[4]) -> Y: int8[4]:\n for j in range(4):\n  Y[j] = X[j]\n");
    const Node *h =
        parse(A, "func g(X: int8[4]) -> Y: int8[4]:\n for j in range(4):\n  Y[j] = Y[j]\n");
    assert_true(ir_equal(f, g));
    assert_false(ir_equal(f, h));
    assert_true(ir_equal(f->kid[Func_body], ir_fresh(A, f->kid[Func_body])));
    assert_ptr_not_equal(f->kid[Func_body], ir_fresh(A, f->kid[Func_body]));
    arena_release(A);
}

static void bad_text_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "func",
        "func f(",
        "func f() -> :\n",
        "func f() -> B: int8[4]:\n",
        "func f() -> B: int8[4]:\n  B[0] = 1\n    B[1] = 2\n",
        "func f() -> B: int8[4]:\n  B[0, 1] = 1\n",
        "func f() -> B: int8[4]:\n  B[0] = 1.5\n",
        "func f() -> B: int8[4]:\n  Q[0] = 1\n",
        "func f() -> B: int8[4]:\n  for i in range(4):\n    block b(x):\n      B[x] = 1\n",
        "func f() -> B: int8[4]:\n  for i in range(4):\n    block b(j = i):\n      B[i] = 1\n",
        "func f() -> B: int8[4]:\n  B[0] = (((1\n",
        "func f() -> B: int8[4]:\n  B[0] = 1 and 2\n",
        "func f() -> B: float32[4]:\n  B[0] = B[1] & B[2]\n",
        "tvmrepl 9\nfunc f() -> B: int8[4]:\n  pass\n",
        "func f() -> B: float32[4]:\n  B[0] fma= B[1]\n",
        "func f() -> B: int8[4]:\n  B[0] = 99999999999999999999\n",
        "func f() -> B: int8[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]:\n  pass\n",
        "func f() -> B: int8[4]:\n  if B[0]:\n    pass\n",
        "func f() -> B: int8[4]:\n  alloc T: local\n  pass\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Arena *A = arena_new(NULL);
        Err err = {0};
        if (ir_parse_func(A, bad[i], &err))
            fail_msg("this was accepted: %s", bad[i]);
        assert_int_not_equal(err.code, ERR_none);
        assert_true(strlen(err.why) > 10);
        arena_release(A);
    }
}

/* Every prefix and every one-byte change of a program is refused or parses; nothing crashes. */
static void mangled_text_never_crashes(void **state)
{
    (void)state;
    char text[sizeof scheduled];
    for (size_t cut = 0; cut < sizeof scheduled; cut++) {
        Arena *A = arena_new(NULL);
        memcpy(text, scheduled, cut);
        text[cut] = '\0';
        Err err = {0};
        ir_parse_func(A, text, &err);
        memcpy(text, scheduled, sizeof text);
        if (cut + 1 < sizeof text)
            text[cut] = "(:[0\n=x "[cut % 8];
        ir_parse_func(A, text, &err);
        arena_release(A);
    }
    Arena *A = arena_new(NULL);
    char *deep = arena_alloc(A, 20001 + 64);
    strcpy(deep, "func f() -> B: int8[4]:\n  B[0] = ");
    memset(deep + strlen(deep), '(', 20000);
    Err err = {0};
    assert_null(ir_parse_func(A, deep, &err));
    assert_int_equal(err.code, ERR_text_syntax);
    arena_release(A);
}

static void index_arithmetic_folds(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    const Node *x = ir_var(A, "x"), *y = ir_var(A, "y");
    const Node *e = ix_add(A, ix_add(A, x, ir_idx(A, 3)), ix_add(A, y, ir_idx(A, -3)));
    assert_string_equal(ir_text(A, e), "x + y");
    assert_ptr_equal(ix_mul(A, x, ir_idx(A, 1)), x);
    assert_int_equal(ix_div(A, ir_idx(A, -7), ir_idx(A, 2))->at.i, -4);
    assert_int_equal(ix_mod(A, ir_idx(A, -7), ir_idx(A, 2))->at.i, 1);
    arena_release(A);
}

/* Of every op: what the table says of the children before ir_first_stmt, and of those behind. */
static void statements_are_the_last_children(void **state)
{
    (void)state;
    int with = 0;
    for (int op = 0; op < OP_COUNT; op++) {
        Node n = {.op = (uint8_t)op};
        size_t rows = 0;
        for (const KidInfo *k = op_info[op].kids; k && k->field; k++)
            rows++;
        n.nkids = (uint32_t)rows;
        size_t first = ir_first_stmt(&n);
        for (size_t i = 0; i < rows; i++)
            assert_int_equal(op_info[op].kids[i].cls == CLASS_STMT, i >= first);
        with += first < rows;
    }
    assert_int_equal(with, 6);
}

static void memory_that_runs_out_is_an_error(void **state);

static bool parse_it(void *env, Err *err)
{
    Arena *A = arena_new(NULL);
    bool ok = ir_parse_func(A, env, err) != NULL;
    arena_release(A);
    return ok;
}

static void memory_that_runs_out_is_an_error(void **state)
{
    (void)state;
    size_t before = arena_count();
    bool ok = false;
    for (long n = 1; !ok; n++) {
        Err err = {0};
        mem_fail_after(n);
        ok = mem_guard(parse_it, (void *)(uintptr_t)scheduled, &err);
        mem_fail_after(0);
        assert_true(ok || err.code == ERR_out_of_memory);
        assert_int_equal(arena_count(), before);
        assert_true(n < 1000);
    }
    mem_fail_after(1000000);
    assert_false(mem_fail_after(0)); /* asked for, and not reached */
    assert_false(mem_fail_after(0)); /* not asked for */
    mem_fail_after(1);
    Err err = {0};
    assert_false(mem_guard(parse_it, (void *)(uintptr_t)scheduled, &err));
    assert_true(mem_fail_after(0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_parses_back),
        cmocka_unit_test(names_do_not_count),
        cmocka_unit_test(bad_text_is_refused),
        cmocka_unit_test(mangled_text_never_crashes),
        cmocka_unit_test(index_arithmetic_folds),
        cmocka_unit_test(statements_are_the_last_children),
        cmocka_unit_test(memory_that_runs_out_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
