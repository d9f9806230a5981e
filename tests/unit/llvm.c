/* llvm.c -- the LLVM emitter against the reference interpreter: same program, same bits. */
#include "tests/jit.h"

/* ---- programs ---- */

static const char *const loops[] = {"range(%d)", "parallel(%d)", "vectorized(%d)", "unrolled(%d)"};

static const char *loop_text(Arena *A, int kind, int extent)
{
    return arena_printf(A, loops[kind], extent); /* NOLINT: one of the four above */
}

/* Every binary operator on every type, in every kind of loop, at odd extents. */
static void binary_operators(void **state)
{
    (void)state;
    static const char *const infix[] = {"+", "-", "*", "/", "//", "%", "&", "|", "^", "<<", ">>"};
    for (int t = 0; t < DT_COUNT; t++) {
        Arena *A = arena_new(NULL);
        Buf b = buf_new(A);
        const char *name = dtype_name((DType)t);
        bool is_float = dtype_is_float((DType)t);
        int n = 97, nops = is_float ? 6 : 11;
        buf_printf(&b, "func f(A: %s[%d], B: %s[%d]) -> C: %s[%d, %d], D: bool[6, %d]:\n", name, n,
                   name, n, name, nops + 2, n, n);
        for (int op = 0; op < nops; op++)
            buf_printf(&b, "  for i%d in %s:\n    C[%d, i%d] = A[i%d] %s B[i%d]\n", op,
                       loop_text(A, op % 4, n), op, op, op, infix[op], op);
        buf_printf(&b, "  for j in vectorized(%d):\n    C[%d, j] = min(A[j], B[j])\n", n, nops);
        buf_printf(&b, "    C[%d, j] = max(A[j], B[j])\n", nops + 1);
        buf_printf(&b, "    D[0, j] = A[j] < B[j]\n    D[1, j] = A[j] <= B[j]\n"
                       "    D[2, j] = A[j] > B[j]\n    D[3, j] = A[j] >= B[j]\n"
                       "    D[4, j] = A[j] == B[j]\n    D[5, j] = A[j] != B[j]\n");
        same_on(buf_str(&b), false, 1);
        arena_release(A);
    }
}

static void by_constants(void **state)
{
    (void)state;
    static const char *const divisors[] = {"0", "1", "2", "3", "7", "8", "10"};
    for (int t = DT_int8; t <= DT_uint64; t++) {
        Arena *A = arena_new(NULL);
        Buf b = buf_new(A);
        const char *name = dtype_name((DType)t);
        buf_printf(&b, "func f(A: %s[77]) -> C: %s[7, 6, 77]:\n  for i in vectorized(77):\n", name,
                   name);
        for (int d = 0; d < 7; d++) {
            static const char *const op[] = {"/", "//", "%"};
            for (int k = 0; k < 6; k++)
                buf_printf(&b, "    C[%d, %d, i] = A[i] %s %s%s\n", d, k, op[k % 3],
                           k > 2 && dtype_is_signed((DType)t) ? "-" : "", divisors[d]);
        }
        same_on(buf_str(&b), false, 1);
        arena_release(A);
    }
}

static void conversions(void **state)
{
    (void)state;
    for (int from = 0; from < DT_COUNT; from++) {
        Arena *A = arena_new(NULL);
        Buf b = buf_new(A);
        buf_printf(&b, "func f(A: %s[61]) -> ", dtype_name((DType)from));
        int first = from % 2 ? 0 : 6, last = from % 2 ? 6 : DT_COUNT;
        for (int to = first; to < last; to++)
            buf_printf(&b, "%sC%d: %s[61]", to > first ? ", " : "", to, dtype_name((DType)to));
        buf_puts(&b, ":\n  for i in vectorized(61):\n");
        for (int to = first; to < last; to++)
            buf_printf(&b, "    C%d[i] = %s(A[i])\n", to, dtype_name((DType)to));
        same_on(buf_str(&b), false, 1);
        arena_release(A);
    }
}

static void run_all(const char *const *programs, bool tame)
{
    for (size_t i = 0; programs[i]; i++)
        same_on(programs[i], tame, 2);
}

static void calls(void **state)
{
    (void)state;
    static const char *const programs[] = {
        "func f(A: float32[70]) -> C: float32[7, 70], D: bool[2, 70], E: int32[70]:\n"
        "  for i in vectorized(70):\n"
        "    C[0, i] = sqrt(A[i])\n    C[1, i] = floor(A[i])\n    C[2, i] = ceil(A[i])\n"
        "    C[3, i] = round(A[i])\n    C[4, i] = trunc(A[i])\n    C[5, i] = abs(A[i])\n"
        "    C[6, i] = fma(A[i], A[69 - i], -A[i])\n"
        "    D[0, i] = isnan(A[i])\n    D[1, i] = isinf(A[i])\n    E[i] = reinterpret(int32, A[i])\n",
        "func f(A: float64[70]) -> C: float64[7, 70], D: bool[2, 70], E: int64[70]:\n"
        "  for i in range(70):\n"
        "    C[0, i] = sqrt(A[i])\n    C[1, i] = floor(A[i])\n    C[2, i] = ceil(A[i])\n"
        "    C[3, i] = round(A[i])\n    C[4, i] = trunc(A[i])\n    C[5, i] = abs(A[i])\n"
        "    C[6, i] = fma(A[i], A[69 - i], -A[i])\n"
        "    D[0, i] = isnan(A[i])\n    D[1, i] = isinf(A[i])\n    E[i] = reinterpret(int64, A[i])\n",
        "func f(A: int8[70], B: int64[70]) -> C: int8[70], D: int64[70]:\n"
        "  for i in vectorized(70):\n    C[i] = abs(A[i])\n    D[i] = abs(-B[i])\n",
        NULL};
    run_all(programs, false);
}

/* Strides, permutations, broadcasts, gathers, and all of them where only some lanes take part. */
static void lanes(void **state)
{
    (void)state;
    static const char *const programs[] = {
        "func f(A: float32[300]) -> C: float32[8, 48]:\n"
        "  for i in vectorized(48):\n"
        "    C[0, i] = A[2*i]\n    C[1, i] = A[2*i + 1]\n    C[2, i] = A[3*i + 7]\n"
        "    C[3, i] = A[100 - i]\n    C[4, i] = A[i//4]\n    C[5, i] = A[i%4 * 60]\n"
        "    C[6, i] = A[5]\n    C[7, 47 - i] = A[6*i]\n",
        "func f(A: float32[33, 35]) -> C: float32[35, 33]:\n"
        "  for i in vectorized(33):\n    for j in vectorized(35):\n      C[j, i] = A[i, j]\n",
        "func f(A: int16[8, 16], I: int64[8, 4]) -> C: int16[16, 8], D: int16[8, 4]:\n"
        "  for i in vectorized(8):\n    for j in vectorized(16):\n      C[j, i] = A[i, j]\n"
        "    for k in vectorized(4):\n      D[i, k] = A[i, I[i, k]%16]\n",
        "func f(A: float32[100]) -> C: float32[100], D: float32[100]:\n"
        "  for x in range(7):\n    for i in vectorized(16):\n      if x*16 + i < 100:\n"
        "        C[x*16 + i] = A[x*16 + i] * 2.0\n"
        "        D[99 - x*16 - i] = A[(x*16 + i)//3] + A[x]\n",
        "func f(A: float32[10, 10]) -> C: float32[10, 12]:\n"
        "  for y in range(10):\n    for x in vectorized(12):\n"
        "      C[y, x] = select(1 <= y and y < 10 and 2 <= x and x < 11, A[y - 1, x - 2], 0.5)\n",
        "func f(A: float32[10]) -> C: float32[30]:\n  for x in range(30):\n"
        "    C[x] = select(x >= 20, 1.0, select(x >= 10, A[x - 10], A[x]))\n",
        "func f(A: bool[64], B: bool[64]) -> C: bool[4, 64]:\n  for x in vectorized(64):\n"
        "    C[0, x] = A[x] and B[x]\n    C[1, x] = A[x] or not B[63 - x]\n"
        "    if A[x] and not B[x]:\n      C[2, x] = A[x]\n    else:\n      C[3, x] = B[x]\n",
        "func f(A: float32[20]) -> C: float32[50]:\n  for x in vectorized(50):\n"
        "    C[x] = select(x < 20 and A[x] > 0.0 or x == 49, float32(x), -1.0)\n",
        "func f(A: int32[64]) -> C: int32[64, 9]:\n  for x in vectorized(64):\n"
        "    for k in range(x//8 + 1):\n      C[x, k] = A[x] + int32(k)\n",
        /* more lanes than a mask register has bits */
        "func f(A: bool[256], I: int8[256], B: bool[1]) -> C: bool[3, 128], D: int8[2, 128]:\n"
        "  for x in vectorized(128):\n"
        "    C[0, x] = A[127 - x]\n    C[1, x] = A[2*x] and B[0]\n    C[2, x] = A[x//2] or B[0]\n"
        "    D[0, x] = select(A[x], I[2*x], int8(0))\n"
        "    if A[255 - x]:\n      D[1, 127 - x] = I[x + x//16]\n",
        "func f(A: float32[130], B: bool[1]) -> C: float32[2, 130], D: bool[130]:\n"
        "  for x in vectorized(130):\n    if B[0] and A[x] < 0.5:\n      C[0, x] = A[129 - x]\n"
        "    C[1, 129 - x] = select(A[x] > 0.0, A[x//2*2], 2.0)\n    D[129 - x] = A[x] > A[129 - x]\n",
        "func f(I: uint8[40]) -> C: int32[256]:\n  for x in vectorized(40):\n"
        "    C[int64(I[x])] = 17\n",
        NULL};
    run_all(programs, true);
}

static void reductions(void **state)
{
    (void)state;
    static const char *const types[] = {"float32", "float64", "int8", "int32",
                                        "int64",   "uint16",  "bool"};
    static const char *const updates[] = {"+=", "*=", "min=", "max="};
    for (int t = 0; t < 7; t++) {
        Arena *A = arena_new(NULL);
        Buf b = buf_new(A);
        buf_printf(&b, "func f(A: %s[24, 40]) -> C: %s[4, 24], D: %s[4], E: %s[4, 40], F: %s[4]:\n",
                   types[t], types[t], types[t], types[t], types[t]);
        for (int u = 0; u < 4; u++) {
            buf_printf(&b, "  for y%d in range(24):\n    for x%d in vectorized(40):\n", u, u);
            buf_printf(&b, "      C[%d, y%d] %s A[y%d, x%d]\n", u, u, updates[u], u, u);
            buf_printf(&b, "      if x%d > y%d:\n        D[%d] %s A[y%d, x%d]\n", u, u, u,
                       updates[u], u, u);
            buf_printf(&b, "  for v%d in vectorized(6):\n    for w%d in vectorized(40):\n", u, u);
            buf_printf(&b, "      E[%d, w%d] %s A[v%d, w%d]\n", u, u, updates[u], u, u);
            buf_printf(&b, "      if w%d + v%d < 11:\n        F[%d] %s A[3, 5]\n", u, u, u,
                       updates[u]);
        }
        same_on(buf_str(&b), true, 1);
        same_on(buf_str(&b), false, 1);
        arena_release(A);
    }
}

static void kernels(void **state)
{
    (void)state;
    static const char *const programs[] = {
        "func mm(A: float32[37, 29], B: float32[37, 41]) -> C: float32[29, 41]:\n"
        "  for y in range(29):\n    for x in range(41):\n      for k in range(37):\n"
        "        block C(y, x, k: reduce):\n          init: C[y, x] = 0\n"
        "          C[y, x] fma= A[k, y] * B[k, x]\n",
        "func mm(A: float32[24, 32], B: float32[24, 64]) -> C: float32[32, 64]:\n"
        "  for yo in parallel(4):\n    for xo in range(2):\n"
        "      alloc C.local: local window C[yo*8 :+ 8, xo*32 :+ 32]\n"
        "      for yi in unrolled(8):\n        for xi in vectorized(32):\n"
        "          block C.init(y = yo*8 + yi, x = xo*32 + xi):\n            C.local[y, x] = 0\n"
        "      for k in range(24):\n        for yi in unrolled(8):\n"
        "          for xi in vectorized(32):\n"
        "            block C(y = yo*8 + yi, x = xo*32 + xi, k: reduce):\n"
        "              C.local[y, x] += A[k, y] * B[k, x]\n"
        "      for yi in unrolled(8):\n        for xi in vectorized(32):\n"
        "          block C.store(y = yo*8 + yi, x = xo*32 + xi):\n"
        "            C[y, x] = C.local[y, x]\n",
        "func tail(A: float32[50, 50]) -> C: float32[50]:\n  for yo in range(4):\n"
        "    for yi in vectorized(16):\n      for k in range(50):\n"
        "        block C(y = yo*16 + yi, k: reduce) where yo*16 + yi < 50:\n"
        "          init: C[y] = 0\n          C[y] += A[y, k] * A[k, y]\n",
        "func big(A: int32[300, 70]) -> C: int32[300, 70]:\n  for i in parallel(300):\n"
        "    alloc T: int32[70, 100]\n    for j in range(70):\n      for k in vectorized(100):\n"
        "        T[j, k] = A[i, j] + int32(k)\n    for j in range(70):\n      C[i, j] = T[j, j]\n",
        "func soft(A: float32[9, 21]) -> C: float32[9, 21], D: float32[9, 21]:\n"
        "  for i in range(9):\n    alloc m: float32[1]\n    m[0] = -inf\n"
        "    for j in vectorized(21):\n      m[0] max= A[i, j]\n    for j in vectorized(21):\n"
        "      C[i, j] = exp((A[i, j] - m[0]) * 0.125)\n      D[i, j] = tanh(A[i, j] * 0.01)\n",
        "func let(A: int64[30]) -> C: int64[30]:\n  for i in vectorized(30):\n"
        "    C[i] = let t = A[i] * 3 in let u = t + i in select(u > 0, u * t, u - t)\n",
        "func scalar(s: float32[]) -> C: float32[]:\n  C[] = s[] + 1.0\n",
        /* of two rows that overlap, parts that are no whole number of registers */
        "func parts(A: float32[16]) -> C: float32[2, 11], D: float32[2, 10]:\n"
        "  for y in range(2):\n    for x in range(11):\n      C[y, x] = 1\n"
        "    for x in range(10):\n      D[y, x] = 1\n"
        "  for w in vectorized(2):\n    for x in vectorized(16):\n      if x < 10:\n"
        "        C[1 - w, x] += A[x]\n        D[1 - w, x] min= A[x]\n",
        NULL};
    run_all(programs, true);
}

/* Rows that are a multiple of 512 bytes long lie a cache line further apart; every way to go
** through them must know of it. */
static void rows_are_staggered(void **state)
{
    (void)state;
    static const char program[] =
        "func f(A: float32[40, 128], I: int64[40]) -> C: float32[40, 128], D: float32[128], "
        "E: float32[5120], F: float32[40]:\n"
        "  alloc T: float32[40, 128]\n"
        "  for y in range(40):\n    for x in vectorized(128):\n      T[y, 127 - x] = A[y, x]\n"
        "  for x in range(128):\n    D[x] = 0\n"
        "    for y in vectorized(40):\n      D[x] += T[y, x]\n"
        "  for i in vectorized(5120):\n    E[i] = T[i//128, i%128]\n"
        "  for y in parallel(40):\n    for x in vectorized(128):\n"
        "      if x > y:\n        T[y, x] += T[39 - y, 0]\n"
        "    for x in vectorized(128):\n      C[y, x] = T[y, x]\n"
        "  for y in vectorized(40):\n    F[y] = T[I[y]%40, (3*I[y])%128]\n";
    Arena *A = arena_new(NULL);
    const Node *func = parse(A, program);
    const char *text = lowered_text(A, func);
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        bool plain = strstr(targets[i], "-check") != NULL;
        compare_on(A, func, text, targets[i], true);
        assert_int_equal(host.asked, plain ? 4 * 40 * 128 : 4 * 40 * (128 + 16));
    }
    same_on("func f(A: int8[30]) -> C: int8[30]:\n  alloc T: int8[30, 1000]\n"
            "  for y in range(30):\n    for x in vectorized(1000):\n      T[y, x] = A[y]\n"
            "  for y in range(30):\n    C[y] = T[y, 999 - y]\n",
            true, 0);
    assert_int_equal(host.asked, 30 * 1000);
    arena_release(A);
}

/* ---- checks, cancelling, refusals ---- */

static void checks_find_bad_indices(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    Err err = {0};
    static const char text[] =
        "func f(I: int64[4], A: float32[4, 6]) -> C: float32[4]:\n"
        "  for i in vectorized(4):\n    C[i] = A[i, I[i]] + A[I[i] - 3, 0]\n";
    KernelFn *f = build(A, "llvm -check", text, &err);
    if (!f)
        fail_msg("%s", err.why);
    int64_t index[] = {3, 5, 6, 3};
    float a[24] = {0}, c[4];
    assert_int_equal(f((void *[]){index, a, c}, NULL, &runtime), RT_OUT_OF_BOUNDS);
    assert_int_equal(host.oob_access, 1); /* C[i], A[i, I[i]], … */
    assert_int_equal(host.oob_dim, 1);
    assert_int_equal(host.oob_index, 6);
    index[2] = 2;
    assert_int_equal(f((void *[]){index, a, c}, NULL, &runtime), RT_OUT_OF_BOUNDS);
    assert_int_equal(host.oob_access, 3);
    assert_int_equal(host.oob_dim, 0);
    assert_int_equal(host.oob_index, -1);
    arena_release(A);
}

static void cancelled_kernels_leave(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    Err err = {0};
    static const char text[] = "func f() -> C: int64[1]:\n  alloc T: int64[100000]\n"
                               "  for i in range(1000000000000):\n    C[0] += i\n    T[i%7] = i\n";
    KernelFn *f = build(A, "llvm", text, &err);
    if (!f)
        fail_msg("%s", err.why);
    int64_t c = 0;
    host.cancel = 1;
    assert_int_equal(f((void *[]){&c}, NULL, &runtime), RT_CANCELLED);
    host.cancel = 0;
    assert_int_equal(host.live, 0);
    arena_release(A);
}

static void bad_requests_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *target, *text;
        ErrCode code;
    } bad[] = {
        {"llvm -mcpu=skylak", "", ERR_llvm_cpu_unknown},
        {"llvm -mcpu=pentium3", "", ERR_llvm_cpu_unknown},
        {"llvm -mattr=+avx9", "", ERR_llvm_feature_unknown},
        {"llvm -mattr=avx2", "", ERR_llvm_feature_sign},
        {"llvm -fast", "", ERR_llvm_option_unknown},
        {"llvm", "func f() -> C: int8[1]:\n  barrier(\"shared\")\n", ERR_llvm_barrier},
        {"llvm", "func f() -> C: int8[1]:\n  block b():\n    C[0] = 1\n", ERR_llvm_not_lowered},
        {"llvm", "func f() -> C: float32[1]:\n  C[0] = exp(C[0])\n", ERR_llvm_no_function},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Arena *A = arena_new(NULL);
        Err err = {0};
        assert_null(build(A, bad[i].target, bad[i].text, &err));
        if (err.code != bad[i].code)
            fail_msg("%s: %s instead of %s: %s", bad[i].target, err_name(err.code),
                     err_name(bad[i].code), err.why);
        arena_release(A);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels),
        cmocka_unit_test(rows_are_staggered),
        cmocka_unit_test(lanes),
        cmocka_unit_test(binary_operators),
        cmocka_unit_test(by_constants),
        cmocka_unit_test(conversions),
        cmocka_unit_test(calls),
        cmocka_unit_test(reductions),
        cmocka_unit_test(checks_find_bad_indices),
        cmocka_unit_test(cancelled_kernels_leave),
        cmocka_unit_test(bad_requests_are_refused),
    };
    return cmocka_run_group_tests(tests, open_module, NULL);
}
