/* te.c -- tensor expressions become programs, and mistakes become errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/ir/print.h"
#include "core/te/te.h"

static void matmul_with_relu(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    Te *te = te_new(A, "mm");
    int64_t shape[] = {8, 8};
    const Node *M = te_placeholder(te, "A", DT_float32, 2, shape);
    const Node *N = te_placeholder(te, "B", DT_float32, 2, shape);
    const Node *y = te_axis(te, "y", 8), *x = te_axis(te, "x", 8), *k = te_reduce_axis(te, "k", 8);
    const Node *P = te_reduce(te, "P", COMB_sum, 2, (const Node *[]){y, x}, 1, &k,
                              te_mul(te, te_at(te, M, k, y), te_at(te, N, k, x)));
    const Node *i = te_axis(te, "i", 8), *j = te_axis(te, "j", 8);
    const Node *R = te_compute(te, "R", 2, (const Node *[]){i, j},
                               te_max(te, te_at(te, P, i, j), te_num(te, DT_float32, 0)));
    te_compute(te, "unused", 1, (const Node *[]){te_axis(te, "z", 4)}, te_num(te, DT_float32, 1));
    Err err = {0};
    const Node *f = te_func(te, 1, &R, &err);
    assert_non_null(f);
    assert_string_equal(ir_text(A, f),
                        "func mm(A: float32[8, 8], B: float32[8, 8]) -> R: float32[8, 8]:\n"
                        "  alloc P: float32[8, 8]\n"
                        "  for y in range(8):\n"
                        "    for x in range(8):\n"
                        "      for k in range(8):\n"
                        "        block P(y, x, k: reduce):\n"
                        "          init: P[y, x] = 0\n"
                        "          P[y, x] += A[k, y] * B[k, x]\n"
                        "  for i in range(8):\n"
                        "    for j in range(8):\n"
                        "      block R(i, j):\n"
                        "        R[i, j] = max(P[i, j], 0)\n");
    arena_release(A);
}

static ErrCode mistake(int which)
{
    Arena *A = arena_new(NULL);
    Te *te = te_new(A, "f");
    int64_t shape[] = {4, 4}, long_shape[IR_MAX_RANK + 1] = {0};
    const Node *M = te_placeholder(te, "A", DT_float32, 2, shape);
    const Node *y = te_axis(te, "y", 4), *x = te_axis(te, "x", 4), *r = te_reduce_axis(te, "r", 4);
    const Node *result = M;
    const Node *axes[] = {y, x};
    const Node *v = te_at(te, M, y, x);
    switch (which) {
    case 0: break;
    case 1: result = te_compute(te, "A", 2, axes, v); break;
    case 2: result = te_compute(te, "C", 1, axes, v); break;
    case 3: result = te_compute(te, "C", 2, (const Node *[]){y, r}, v); break;
    case 4: result = te_compute(te, "C", 2, axes, te_add(te, v, te_int(te, 1))); break;
    case 5: result = te_compute(te, "C", 2, axes, te_at(te, M, y)); break;
    case 6: result = te_compute(te, "C", 2, axes, te_load(te, M, 2, (const Node *[]){y, v})); break;
    case 7:
        te_axis(te, "z", -1);
        result = te_compute(te, "C", 2, axes, v);
        break;
    case 8: result = te_compute(te, "C", 2, axes, te_op(te, OP_BitAnd, v, v)); break;
    case 9: result = te_reduce(te, "C", COMB_fma, 2, axes, 1, &r, v); break;
    case 10: te_placeholder(te, "D", DT_float32, IR_MAX_RANK + 1, long_shape); break;
    case 11:
        for (int i = 0; i < 2 * IR_MAX_DEPTH; i++)
            v = te_add(te, v, v);
        result = te_compute(te, "C", 2, axes, v);
        break;
    }
    Err err = {0};
    const Node *f = te_func(te, 1, &result, &err);
    assert_null(f);
    ErrCode code = err.code;
    arena_release(A);
    return code;
}

static void mistakes_are_named(void **state)
{
    (void)state;
    static const ErrCode want[] = {
        ERR_te_no_stage, ERR_te_name_taken,  ERR_te_axis_misused, ERR_te_axis_misused,
        ERR_te_type_mix, ERR_te_index_rank,  ERR_te_index_type,   ERR_te_extent,
        ERR_te_type_op,  ERR_te_fma_product, ERR_te_rank,         ERR_te_too_big,
    };
    for (int i = 0; i < (int)(sizeof want / sizeof *want); i++)
        assert_int_equal(mistake(i), want[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matmul_with_relu),
        cmocka_unit_test(mistakes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
