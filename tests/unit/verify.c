/* verify.c -- what the verifier accepts, and that each thing it looks for is found and named. */
#include "tests/program.h"

#include <string.h>

#include "core/base/buf.h"

static const char tiled[] =
    "func matmul(A: float32[1024, 1024], B: float32[1024, 1024]) -> C: float32[1024, 1024]:\n"
    "  for yo in parallel(16):\n"
    "    for xo in range(16):\n"
    "      alloc C.local: local window C[yo*64 :+ 64, xo*64 :+ 64]\n"
    "      for ko in range(16):\n"
    "        for ym in range(8):\n"
    "          for xm in range(8):\n"
    "            for km in range(8):\n"
    "              for yi in range(8):\n"
    "                for xi in range(8):\n"
    "                  for ki in range(8):\n"
    "                    block C(y = yo*64 + ym*8 + yi, x = xo*64 + xm*8 + xi, k = ko*64 + km*8 + ki: reduce) where y < 1000 and x < 1000:\n"
    "                      init: C.local[y, x] = 0\n"
    "                      C.local[y, x] += A[k, y] * B[k, x]\n"
    "      for yi in range(64):\n"
    "        for xi in vectorized(64):\n"
    "          block C.store(y = yo*64 + yi, x = xo*64 + xi):\n"
    "            C[y, x] = C.local[y, x]\n";

static void good_programs_pass(void **state)
{
    (void)state;
    static const char *const good[] = {
        tiled,
        "func odd(A: int32[4, 3], s: float64[]) -> B: float32[4], D: bool[4]:\n"
        "  for i in bind(\"blockIdx.x\", 4) {hint: 1}:\n"
        "    alloc T: float32[2, 3] shared:\n"
        "      T[0, 1] = -0.0\n"
        "      barrier(\"shared\")\n"
        "    alloc U: int32[1]\n"
        "    U[0] = max(A[i, 2]//3 - (A[i, 1] - A[i, 0]), -7)\n"
        "    if i < 3 and not (i == 1 or U[0] <= 5):\n"
        "      B[i] = select(isnan(s[]), 0.1, float32(s[]) + (let t = float32(A[i, 0]) in t * t))\n"
        "    else:\n"
        "      B[i] = fma(1e-05, inf, -B[i]) / -(2)\n"
        "    D[i] = true\n",
        "func empty() -> B: int8[0]:\n  pass\n",
        /* reduce axes of a block with an init are 0 in the first iteration, however
        ** they are bound */
        "func first(A: int8[4, 64]) -> B: int8[4]:\n"
        "  for f in range(32):\n"
        "    for ko in range(8):\n"
        "      for q in range(1):\n"
        "        block b(y = f//8, k = ko*8 + f%8 - q: reduce, z = 0: reduce) where y >= 1 and k < 60:\n"
        "          init: B[y] = 0\n"
        "          B[y] += A[y, k]\n"
        "  for o in range(8):\n"
        "    block c(i = o + 1, j = o*2):\n"
        "      for k in range(2):\n"
        "        block d(x = i, l = j + k: reduce) where false:\n"
        "          init: B[x] = 0\n"
        "          B[x] += A[x, l]\n",
        /* a buffer of the block's own may be indexed by its reduce axis; siblings may
        ** share names */
        "func local(A: int8[4, 4]) -> B: int8[4]:\n"
        "  for i in range(4):\n"
        "    for k in range(4):\n"
        "      block b(i, k: reduce):\n"
        "        alloc T: int8[4]\n"
        "        T[k] = A[i, k]\n"
        "        B[i] = T[k]\n"
        "  for i in range(4):\n"
        "    block c(i):\n"
        "      for j in range(4):\n"
        "        block d(x = i + j):\n"
        "          B[x] = 1\n",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        Arena *A = arena_new(NULL);
        Err err = {0};
        if (!ir_verify(parse(A, good[i]), &err))
            fail_msg("%s\n%s", err.why, good[i]);
        arena_release(A);
    }
}

static void bad_texts_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } bad[] = {
        {"func f() -> B: int8[4]:\n  for i in range(4):\n    block b(i):\n      B[i] = 1\n"
         "  for i in range(4):\n    block b(i):\n      B[i] = 2\n",
         "in block b: two blocks are named 'b'"},
        {"func f() -> B: int8[4]:\n  for i in range(4):\n    for i in range(4):\n      B[i] = 1\n",
         "in loop i: two nested loops are named 'i'"},
        {"func f() -> B: int8[4]:\n  alloc T: int8[4]:\n    T[0] = 1\n  alloc T: int8[4]:\n    T[0] = 1\n",
         "in alloc T: two buffers are named 'T'"},
        {"func f(A: int8[4], A: int8[4]) -> B: int8[4]:\n  pass\n",
         "in func f: two buffers are named 'A'"},
        {"func f() -> B: int8[4]:\n  for i in bind(\"threadIdx.x\", 4):\n"
         "    for j in bind(\"threadIdx.x\", 4):\n      B[i] = 1\n",
         "in loop j: threadIdx.x is bound by two nested loops"},
        {"func f(A: int8[4]) -> B: int8[4]:\n  for k in range(4):\n    block b(k: reduce):\n      B[k] += A[k]\n",
         "in block b: the reduce axis 'k' is in the index of 'B', which is written: as an axis without "
         "': reduce' it may be"},
        {"func f() -> B: int8[4]:\n  for i in range(4):\n    block b(i, i):\n      B[i] = 1\n",
         "in block b: two axes are named 'i'"},
        {"func f() -> B: float32[4]:\n  B[0] = sqrt(B[0], B[1])\n",
         "in func f: sqrt is called with 2 arguments"},
        {"func f() -> B: int8[4]:\n  barrier(\"frob\")\n",
         "in func f: a barrier on 'frob', which is no scope"},
        {"func f(A: int8[9]) -> B: int8[1]:\n  for i in range(4):\n    block b(k = i*2 + 1: reduce):\n"
         "      init: B[0] = 0\n      B[0] += A[k]\n",
         "in block b: the reduce axis 'k' begins at 1, but init runs where it is 0"},
        {"func f(A: int64[9]) -> B: int64[1]:\n  for i in range(4):\n    block b(k = A[i]: reduce):\n"
         "      init: B[0] = 0\n      B[0] += k\n",
         "in block b: nothing says that the reduce axis 'k' begins at 0, where init runs"},
        {"func f(A: int8[9]) -> B: int8[1]:\n  for i in range(4):\n    block b(k = i: reduce) where k > 2:\n"
         "      init: B[0] = 0\n      B[0] += A[k]\n",
         "in block b: its condition keeps out where the reduce axes are 0, which is where init runs"},
        {"func f(A: int8[9]) -> B: int8[1]:\n  for o in range(4):\n    block a(j = 3 - o):\n"
         "      for i in range(2):\n        block b(k = j + i: reduce):\n"
         "          init: B[0] = 0\n          B[0] += A[k]\n",
         "in block b: the reduce axis 'k' begins at 3, but init runs where it is 0"},
        {"func f() -> B: int8[4611686018427387904, 3]:\n  pass\n",
         "in func f: buffer 'B' has more bytes than 64 bits can count"},
        {"func f() -> B: int32[4]:\n  alloc T: int32[8] window [0 :+ 9223372036854775807]\n"
         "  B[0] = 1\n",
         "in alloc T: the window of 'T' has more bytes than 64 bits can count"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Arena *A = arena_new(NULL);
        Err err = {0};
        if (ir_verify(parse(A, bad[i].text), &err))
            fail_msg("accepted: %s", bad[i].text);
        assert_int_equal(err.code, ERR_ill_formed);
        assert_non_null(err.where);
        assert_string_equal(err.why, bad[i].why);
        arena_release(A);
    }
}

static void functions_are_known(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "func f() -> B: int8[4]:\n  B[0] = frob(B[0])\n",
        "func f() -> B: float32[4]:\n  B[0] = frob(B[0])\n",
        "func f() -> B: float32[4]:\n  B[0] = exp(B[0], B[1])\n",
        "func f() -> B: float32[4]:\n  B[0] = pow(B[0])\n",
        "func f() -> B: int32[4]:\n  B[0] = exp(B[0])\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Arena *A = arena_new(NULL);
        Err err = {0};
        assert_false(ir_verify(parse(A, bad[i]), &err));
        assert_int_equal(err.code, ERR_unknown_function);
        arena_release(A);
    }
}

/* A Func over one result B: int8[4] and one input A: float32[4]. */
typedef struct World {
    Arena *A;
    const Node *in, *out, *i;
} World;

static World world(void)
{
    World w = {.A = arena_new(NULL)};
    const Node *four = ir_idx(w.A, 4);
    w.in = ir_buffer(w.A, DT_float32, "A", SCOPE_global, 1, &four);
    w.out = ir_buffer(w.A, DT_int8, "B", SCOPE_global, 1, &four);
    w.i = ir_var(w.A, "i");
    return w;
}

static void refuses(World *w, const Node *body, const char *why)
{
    Err err = {0};
    const Node *f = ir_func(w->A, "f", ir_list(w->A, 1, &w->in), ir_list(w->A, 1, &w->out), body);
    if (ir_verify(f, &err))
        fail_msg("accepted, but should be refused: %s", why);
    if (!strstr(err.why, why))
        fail_msg("says \"%s\", should say \"%s\"", err.why, why);
}

static const Node *store(World *w, const Node *index, const Node *value)
{
    return ir_store(w->A, w->out, 1, &index, value);
}

static const Node *loop(World *w, const Node *var, const Node *body)
{
    return ir_for(w->A, FOR_serial, var, ir_idx(w->A, 4), body);
}

static void places_and_scopes(void **state)
{
    (void)state;
    World w = world();
    Arena *A = w.A;
    const Node *one = ir_int(A, DT_int8, 1), *s = store(&w, w.i, one), *zero = ir_idx(A, 0);
    refuses(&w, s, "the variable 'i' is used outside");
    refuses(&w, ir_seq(A, 2, (const Node *[]){loop(&w, w.i, s), store(&w, w.i, one)}),
            "used outside");
    refuses(&w,
            ir_seq(A, 2, (const Node *[]){loop(&w, w.i, s), loop(&w, w.i, store(&w, zero, one))}),
            "the variable 'i' is bound twice");
    refuses(&w, ir_seq(A, 2, (const Node *[]){loop(&w, w.i, s), loop(&w, ir_var(A, "j"), s)}),
            "a Store stands in two places");
    const Node *nop = ir_nop(A);
    const Node *both = ir_if(A, ir_binary(A, OP_Lt, w.i, ir_idx(A, 1)), s, nop);
    refuses(&w, ir_seq(A, 2, (const Node *[]){loop(&w, w.i, both), loop(&w, ir_var(A, "j"), both)}),
            "an If stands in two places");
    refuses(&w, ir_store(A, w.in, 1, &zero, ir_float(A, DT_float32, 1)),
            "in func f: the parameter 'A' is written");
    refuses(&w, loop(&w, w.i, ir_make(A, OP_Seq, 0, (Attr){0}, 2, (const Node *[]){s, nop})),
            "a sequence holds a Nop");
    const BlockInfo info = {"b", NULL, 0};
    const Node *y = ir_var(A, "y"), *iter = ir_iter(A, ITER_spatial, y, w.i);
    const Node *block =
        ir_block(A, &info, ir_list(A, 1, &iter), ir_bool(A, true), nop, store(&w, w.i, one));
    refuses(&w, loop(&w, w.i, block), "in block b: the loop 'i' is used inside the block");
    const Node *four = ir_idx(A, 4), *T = ir_buffer(A, DT_int8, "T", SCOPE_local, 1, &four);
    refuses(&w, ir_store(A, T, 1, &zero, one), "buffer 'T' is not declared");
    const Node *put = ir_store(A, T, 1, &zero, one);
    const Node *alloc = ir_alloc(A, T, ir_list(A, 0, NULL), put);
    refuses(&w, ir_seq(A, 2, (const Node *[]){alloc, ir_store(A, T, 1, &zero, one)}),
            "buffer 'T' is used outside its alloc");
    const Node *less = ir_idx(A, -1), *none = ir_buffer(A, DT_int8, "T", SCOPE_local, 1, &less);
    refuses(&w, ir_alloc(A, none, ir_list(A, 0, NULL), ir_store(A, none, 1, &zero, one)),
            "in alloc T: extent 0 of buffer 'T' is no number of at least 0");
    /* two variables of one name, where the text could not tell which is meant */
    const Node *t = ir_var_like(A, DT_int8, "i", NULL, 0);
    const Node *let = ir_node(A, Let, DT_int8, (Attr){0}, [Let_var] = t, [Let_value] = one,
                              [Let_body] = ir_binary(A, OP_Add, t, ir_cast(A, DT_int8, w.i)));
    refuses(&w, loop(&w, w.i, store(&w, zero, let)), "the variable 'i' is hidden");
    const Node *i2 = ir_var(A, "i");
    const Node *sum = ir_cast(A, DT_int8, ir_binary(A, OP_Add, i2, w.i));
    let = ir_node(A, Let, DT_int8, (Attr){0}, [Let_var] = i2, [Let_value] = zero, [Let_body] = sum);
    refuses(&w, loop(&w, w.i, store(&w, zero, let)), "the variable 'i' is hidden");
    const Node *deep = w.i;
    for (int i = 0; i < IR_MAX_DEPTH; i++)
        deep = ir_binary(A, OP_Mul, deep, w.i);
    refuses(&w, loop(&w, w.i, store(&w, deep, one)), "deep, and at most 512 is allowed");
    Err err = {0};
    assert_false(ir_verify(s, &err));
    arena_release(A);
}

static void types_and_ranks(void **state)
{
    (void)state;
    World w = world();
    Arena *A = w.A;
    const Node *zero = ir_idx(A, 0), *one = ir_int(A, DT_int8, 1),
               *half = ir_float(A, DT_float32, 0.5);
    const Node *x = ir_load(A, w.in, 1, &zero);
#define VALUE(n) ir_make(A, OP_Store, 0, (Attr){0}, 3, (const Node *[]){w.out, (n), zero})
    refuses(&w, VALUE(half), "float32 is stored to 'B', which holds int8");
    refuses(&w, VALUE(ir_make(A, OP_Add, DT_int8, (Attr){0}, 2, (const Node *[]){one, half})),
            "'+' joins int8 and float32");
    refuses(&w, VALUE(ir_make(A, OP_Add, DT_int8, (Attr){0}, 2, (const Node *[]){x, half})),
            "'+' on float32 cannot give int8");
    refuses(&w, VALUE(ir_make(A, OP_BitAnd, DT_float32, (Attr){0}, 2, (const Node *[]){x, half})),
            "'&' does not work on float32");
    refuses(&w, VALUE(ir_make(A, OP_And, DT_bool, (Attr){0}, 2, (const Node *[]){one, one})),
            "'and' does not work on int8");
    refuses(&w, VALUE(ir_make(A, OP_Not, DT_bool, (Attr){0}, 1, &one)), "'not' on int8");
    refuses(&w, VALUE(ir_make(A, OP_Neg, DT_int8, (Attr){0}, 1, &x)), "the negation of float32");
    refuses(&w,
            VALUE(ir_make(A, OP_Select, DT_int8, (Attr){0}, 3, (const Node *[]){one, one, one})),
            "a select");
    refuses(&w, VALUE(ir_make(A, OP_Fma, DT_int8, (Attr){0}, 3, (const Node *[]){one, one, one})),
            "fma works");
    refuses(&w, VALUE(ir_make(A, OP_IntImm, DT_int8, (Attr){.i = 300}, 0, NULL)),
            "300 does not fit int8");
    refuses(&w, VALUE(ir_make(A, OP_FloatImm, DT_float32, (Attr){.f = 0.1}, 0, NULL)),
            "not rounded to float32");
    refuses(&w, VALUE(ir_make(A, OP_IntImm, DT_float32, (Attr){.i = 1}, 0, NULL)),
            "a literal has the type");
    refuses(&w, VALUE(ir_make(A, OP_StrImm, 0, (Attr){.name = "s"}, 0, NULL)),
            "a string stands outside");
    refuses(&w, VALUE(ir_make(A, OP_Load, DT_int8, (Attr){0}, 2, (const Node *[]){w.in, zero})),
            "a load from 'A' has the wrong type");
    refuses(
        &w,
        VALUE(ir_make(A, OP_Load, DT_float32, (Attr){0}, 3, (const Node *[]){w.in, zero, zero})),
        "buffer 'A' has rank 1, but is used with 2");
    refuses(&w, VALUE(ir_make(A, OP_Load, DT_float32, (Attr){0}, 2, (const Node *[]){w.in, one})),
            "index 0 of buffer 'A' is int8, not int64");
    const Node *cond =
        ir_make(A, OP_If, 0, (Attr){0}, 3, (const Node *[]){one, VALUE(one), ir_nop(A)});
    refuses(&w, cond, "a condition is int8");
    refuses(&w,
            ir_make(A, OP_Update, 0, (Attr){.i = COMB_fma}, 3, (const Node *[]){w.out, one, zero}),
            "fma= on 'B' needs a product of floats");
#undef VALUE
    arena_release(A);
}

/* A shared expression is looked at once: 2^200 paths lead to the leaf. */
static void sharing_is_cheap(void **state)
{
    (void)state;
    World w = world();
    const Node *e = w.i;
    for (int i = 0; i < 200; i++)
        e = ir_binary(w.A, OP_Add, e, e);
    Err err = {0};
    const Node *f = ir_func(w.A, "f", ir_list(w.A, 1, &w.in), ir_list(w.A, 1, &w.out),
                            loop(&w, w.i, store(&w, e, ir_int(w.A, DT_int8, 1))));
    assert_true(ir_verify(f, &err));
    arena_release(w.A);
}

/* Many statements, more than the tables on the stack hold. */
static void big_programs_pass(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    Buf b = buf_new(A);
    buf_puts(&b, "func f() -> B: int64[4]:\n");
    for (int i = 0; i < 500; i++)
        buf_printf(&b,
                   "  for i%d in range(4):\n    block b%d(i%d):\n      alloc T%d: int64[1]\n"
                   "      T%d[0] = i%d\n      B[i%d] = T%d[0]\n",
                   i, i, i, i, i, i, i, i);
    Err err = {0};
    if (!ir_verify(parse(A, buf_str(&b)), &err))
        fail_msg("%s", err.why);
    buf_puts(&b, "  for i in range(4):\n    block b17(i):\n      B[i] = 1\n");
    assert_false(ir_verify(parse(A, buf_str(&b)), &err));
    assert_string_equal(err.why, "in block b17: two blocks are named 'b17'");
    arena_release(A);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_programs_pass),  cmocka_unit_test(bad_texts_are_found),
        cmocka_unit_test(places_and_scopes),   cmocka_unit_test(types_and_ranks),
        cmocka_unit_test(sharing_is_cheap),    cmocka_unit_test(big_programs_pass),
        cmocka_unit_test(functions_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
