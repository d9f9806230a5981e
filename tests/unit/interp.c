/* interp.c -- the reference interpreter on small programs, its arithmetic, and its errors. */
#include "tests/program.h"

#include <math.h>
#include <string.h>

#include "core/base/cancel.h"

/* Buffers of a func with constant shapes, in order; data is what the caller gives. */
static size_t bind(const Node *f, InterpBuffer *io, int64_t (*shapes)[IR_MAX_RANK], void **data)
{
    size_t np = f->kid[Func_params]->nkids, n = np + f->kid[Func_results]->nkids;
    for (size_t i = 0; i < n; i++) {
        const Node *b = i < np ? f->kid[Func_params]->kid[i] : f->kid[Func_results]->kid[i - np];
        for (size_t d = 0; d < ir_rank(b); d++)
            shapes[i][d] = ir_dim(b, d);
        io[i] = (InterpBuffer){(DType)b->type, ir_rank(b), shapes[i], data[i]};
    }
    return n;
}

static bool run(const Node *f, void **data, const InterpLimits *limits, Err *err)
{
    InterpBuffer io[8];
    int64_t shapes[8][IR_MAX_RANK];
    size_t n = bind(f, io, shapes, data);
    return interp_run(f, n, io, limits, err);
}

static void run_ok(const Node *f, void **data)
{
    Err err = {0};
    if (!run(f, data, NULL, &err))
        fail_msg("%s (%s)", err.why, err.witness);
}

static const char matmul[] = MATMUL("2", "4", "3");

static void test_matmul(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    float a[6] = {1, 2, 3, 4, 5, 6}, b[12], c[8];
    for (int i = 0; i < 12; i++)
        b[i] = (float)(i - 5);
    memset(c, 0xff, sizeof c);
    run_ok(parse(A, matmul), (void *[]){a, b, c});
    for (int y = 0; y < 2; y++)
        for (int x = 0; x < 4; x++) {
            float want = 0;
            for (int k = 0; k < 3; k++)
                want += a[2 * k + y] * b[4 * k + x];
            assert_true(c[4 * y + x] == want);
        }
    arena_release(A);
}

static void test_window_where_if(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    const Node *f = parse(A, "func f(A: int32[10]) -> C: int32[10]:\n"
                             "  for yo in range(3):\n"
                             "    alloc T: int32[10] local window [yo*4 :+ 4]\n"
                             "    for yi in range(4):\n"
                             "      block T(y = yo*4 + yi) where y < 10:\n"
                             "        T[y] = select(y == 9, 100, A[y + 1])\n"
                             "    for yi in range(4):\n"
                             "      if yo*4 + yi < 10:\n"
                             "        block C(y = yo*4 + yi):\n"
                             "          C[y] = T[y] * 2\n");
    int32_t a[10], c[10];
    for (int i = 0; i < 10; i++)
        a[i] = i;
    run_ok(f, (void *[]){a, c});
    for (int i = 0; i < 9; i++)
        assert_int_equal(c[i], 2 * (i + 1));
    assert_int_equal(c[9], 200);
    arena_release(A);
}

static void test_combiners(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    const char *ops[] = {"+=", "*=", "max=", "min="};
    const char *inits[] = {"0", "1", "-128", "127"};
    int8_t a[5] = {100, -7, 100, 3, 27}, c;
    int want[4] = {(int8_t)223, (int8_t)(100 * -7 * 100 * 3 * 27), 100, -7};
    for (int i = 0; i < 4; i++) {
        const char *text = arena_printf(A,
                                        "func f(A: int8[5]) -> C: int8[]:\n"
                                        "  for k in range(5):\n"
                                        "    block C(k: reduce):\n"
                                        "      init: C[] = %s\n"
                                        "      C[] %s A[k]\n",
                                        inits[i], ops[i]);
        run_ok(parse(A, text), (void *[]){a, &c});
        assert_int_equal(c, want[i]);
    }
    float x[2] = {1 + 0x1p-12f, 1}, y[2] = {1 - 0x1p-12f, -1}, r;
    run_ok(parse(A, "func f(X: float32[2], Y: float32[2]) -> C: float32[]:\n"
                    "  C[] = 0\n"
                    "  for k in range(2):\n"
                    "    C[] fma= X[1 - k] * Y[1 - k]\n"),
           (void *[]){x, y, &r});
    assert_true(r == -0x1p-24f); /* the product 1 - 2^-24 is not rounded to 1 */
    arena_release(A);
}

/* Every operator, on every type that has it, agrees with ir_eval_binary. */
static void test_operators(void **state)
{
    (void)state;
    static const double special[] = {0,     -0.0,     1,         -1,   2,
                                     3,     -3,       0.5,       7,    1e30,
                                     -1e30, INFINITY, -INFINITY, NAN,  1.17549435e-38,
                                     255,   -128,     65536,     9e18, -9.3e18,
                                     31,    63};
    enum { COUNT = sizeof special / sizeof *special };
    Arena *A = arena_new(NULL);
    size_t compared = 0;
    for (int op = 0; op < OP_COUNT; op++)
        for (int t = 0; t < DT_COUNT; t++) {
            int flags = op_info[op].flags;
            if (!op_info[op].symbol || ((flags & OPF_INT) && dtype_is_float((DType)t)) ||
                ((flags & OPF_LOGIC) != 0) != (t == DT_bool))
                continue;
            const Node *v[2] = {ir_var_like(A, (DType)t, "a", NULL, 0),
                                ir_var_like(A, (DType)t, "b", NULL, 0)};
            InterpExpr *e = interp_compile(A, ir_binary(A, (Op)op, v[0], v[1]), 2, v, NULL);
            assert_non_null(e);
            for (int i = 0; i < COUNT * COUNT; i++) {
                Scalar in[2];
                for (int j = 0; j < 2; j++)
                    in[j] = dtype_convert((DType)t, DT_float64,
                                          (Scalar){.f = special[j ? i % COUNT : i / COUNT]});
                Scalar want = ir_eval_binary((Op)op, (DType)t, in[0], in[1]),
                       got = interp_eval(e, in);
                bool truth = flags & (OPF_COMPARE | OPF_LOGIC);
                bool both_nan = !truth && dtype_is_float((DType)t) && isnan(want.f) && isnan(got.f);
                if (!both_nan && want.i != got.i)
                    fail_msg("%s on %s: %g and %g", op_info[op].symbol, dtype_name((DType)t),
                             special[i / COUNT], special[i % COUNT]);
                compared++;
            }
        }
    assert_true(compared > 80000);
    arena_release(A);
}

static double eval1(Arena *A, const char *text, DType t, double x)
{
    Err err = {0};
    const Node *v = ir_var_like(A, t, "x", NULL, 0), *e = ir_parse_expr(A, text, t, 1, &v, &err);
    if (!e)
        fail_msg("%s: %s", text, err.why);
    InterpExpr *c = interp_compile(A, e, 1, &v, &err);
    if (!c)
        fail_msg("%s: %s", text, err.why);
    Scalar in = dtype_convert(t, DT_float64, (Scalar){.f = x});
    return dtype_convert(DT_float64, (DType)e->type, interp_eval(c, &in)).f;
}

static void test_calls(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    static const struct {
        const char *text;
        DType t;
        double x, want;
    } rows[] = {
        {"round(x)", DT_float32, 2.5, 2},
        {"round(x)", DT_float32, -0.5, 0},
        {"floor(x)", DT_float64, -1.5, -2},
        {"ceil(x)", DT_float64, -1.5, -1},
        {"trunc(x)", DT_float32, -1.5, -1},
        {"abs(x)", DT_int8, -128, -128},
        {"abs(x)", DT_float32, -3, 3},
        {"sqrt(x)", DT_float32, 2, (double)1.41421354f},
        {"select(isnan(x), 1.0, 2.0)", DT_float32, NAN, 1},
        {"select(isinf(x), 1.0, 2.0)", DT_float32, -INFINITY, 1},
        {"float32(reinterpret(int32, x))", DT_float32, 1, 1065353216},
        {"float64(int32(x))", DT_float64, 3e10, 2147483647},
        {"float64(int32(x))", DT_float64, NAN, 0},
        {"float64(uint8(x))", DT_float64, -5, 0},
        {"float64(bool(x))", DT_float64, 0.25, 1},
        {"let t = x * x in t + t", DT_float32, 3, 18},
        {"let t = x in (let u = t + 1.0 in u * t)", DT_float32, 3, 12},
        {"fma(x, x, -1.0)", DT_float32, 1 + 0x1p-12, 0x1p-11 + 0x1p-24},
        {"x * x - 1.0", DT_float32, 1 + 0x1p-12, 0x1p-11},
        {"x << 7", DT_int8, 3, -128},
        {"x << 8", DT_int8, 1, 0},
        {"x >> 9", DT_int8, -3, -1},
        {"x // 0", DT_int32, 7, 0},
        {"x % 0", DT_int32, 7, 0},
        {"x // -2", DT_int32, 7, -4},
        {"x / -2", DT_int32, 7, -3},
        {"-x", DT_int8, -128, -128},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double got = eval1(A, rows[i].text, rows[i].t, rows[i].x);
        if (got != rows[i].want)
            fail_msg("%s at %g is %g, not %g", rows[i].text, rows[i].x, got, rows[i].want);
    }
    arena_release(A);
}

/* A Load that select does not need is not made, and And stops at the first false. */
static void test_lazy(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    const Node *f = parse(A, "func pad(A: float32[4]) -> C: float32[6]:\n"
                             "  for i in range(6):\n"
                             "    C[i] = select(i >= 1 and i < 5 and A[i - 1] > 0, A[i - 1], 7)\n");
    float a[4] = {1, -2, 3, 4}, c[6], want[6] = {7, 1, 7, 3, 4, 7};
    run_ok(f, (void *[]){a, c});
    assert_memory_equal(c, want, sizeof c);
    arena_release(A);
}

static void test_out_of_bounds(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    const Node *f = parse(A, "func f(A: float32[3, 4]) -> C: float32[3, 4]:\n"
                             "  for y in range(3):\n"
                             "    for x in range(4):\n"
                             "      block C(v = y, w = x):\n"
                             "        C[v, w] = A[v, w + 1]\n");
    float a[12] = {0}, c[12];
    Err err = {0};
    assert_false(run(f, (void *[]){a, c}, NULL, &err));
    assert_int_equal(err.code, ERR_out_of_bounds);
    assert_string_equal(err.why, "C reads A[0, 4]: dimension 1 has only the indices 0 to 3");
    assert_string_equal(err.witness, "x=3, y=0");
    arena_release(A);
}

static void test_limits(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    const Node *f = parse(A, "func f() -> C: float32[1]:\n"
                             "  for y in range(1000000000):\n"
                             "    for x in range(1000000000):\n"
                             "      C[0] = 1\n");
    float c[1];
    Err err = {0};
    assert_false(run(f, (void *[]){c}, &(InterpLimits){.iterations = 100000}, &err));
    assert_int_equal(err.code, ERR_iterations_spent);
    cancel_ask();
    assert_false(run(f, (void *[]){c}, NULL, &err));
    cancel_clear();
    assert_int_equal(err.code, ERR_interrupted);
    f = parse(A, "func f() -> C: float32[1]:\n"
                 "  alloc T: float32[4000000000, 4000000000, 4000000000]\n"
                 "  C[0] = T[0, 0, 0]\n");
    assert_false(run(f, (void *[]){c}, NULL, &err));
    assert_int_equal(err.code, ERR_alloc_too_big);
    arena_release(A);
}

static void test_arguments(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    const Node *f = parse(A, matmul);
    float a[12];
    int64_t shape[2] = {3, 2}, wrong[2] = {3, 3};
    InterpBuffer io[3] = {
        {DT_float32, 2, shape, a}, {DT_float32, 2, wrong, a}, {DT_float32, 2, shape, a}};
    Err err = {0};
    assert_false(interp_run(f, 2, io, NULL, &err));
    assert_int_equal(err.code, ERR_argument_count);
    assert_false(interp_run(f, 3, io, NULL, &err));
    assert_int_equal(err.code, ERR_argument_mismatch);
    f = parse(A, "func f() -> C: float32[1]:\n  barrier(\"shared\")\n");
    assert_false(run(f, (void *[]){a}, NULL, &err));
    assert_int_equal(err.code, ERR_barrier_in_reference);
    const Node *v = ir_var(A, "x");
    assert_null(interp_compile(A, v, 0, NULL, &err));
    assert_int_equal(err.code, ERR_unbound_name);
    v = ir_call(A, DT_int32, "exp", 1, (const Node *[]){ir_int(A, DT_int32, 1)});
    assert_null(interp_compile(A, v, 0, NULL, &err));
    assert_int_equal(err.code, ERR_unknown_function);
    v = ir_make(A, OP_StrImm, 0, (Attr){.name = "s"}, 0, NULL);
    assert_null(interp_compile(A, v, 0, NULL, &err));
    assert_int_equal(err.code, ERR_not_a_value);
    arena_release(A);
}

/* Not a check of speed, but of the order of magnitude: a test that takes minutes is no test. */
static void test_no_leaks(void **state)
{
    (void)state;
    assert_int_equal(arena_count(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matmul),        cmocka_unit_test(test_window_where_if),
        cmocka_unit_test(test_combiners),     cmocka_unit_test(test_operators),
        cmocka_unit_test(test_calls),         cmocka_unit_test(test_lazy),
        cmocka_unit_test(test_out_of_bounds), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_arguments),     cmocka_unit_test(test_no_leaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
