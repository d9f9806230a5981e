/* simplify.c -- every rule by itself on random operands, random expressions against their values,
** and what index arithmetic looks like afterwards. */
#include "tests/dice.h"
#include "tests/program.h"

#include <math.h>
#include <string.h>

#include "core/ir/print.h"
#include "core/ir/simplify.h"

/* ---- random numbers and values ---- */

static Scalar random_scalar(DType t)
{
    static const double odd[] = {0.0, -0.0, 1, -1, INFINITY, -INFINITY, NAN, 1e-310, 0.5, 3, 1e30};
    if (dtype_is_float(t)) {
        double v = below(3) ? odd[below(11)] : (double)(int64_t)dice_next() / 1e15;
        return (Scalar){.f = t == DT_float32 ? (double)(float)v : v};
    }
    int64_t v = 0;
    switch (below(4)) {
    case 0: v = below(9) - 4; break;
    case 1: v = (int64_t)(dice_next() >> below(64)); break;
    case 2: v = (int64_t)(UINT64_MAX << below(64)); break;
    default: v = (INT64_C(1) << below(63)) - below(3); break;
    }
    return (Scalar){.i = dtype_wrap(t, v)};
}

static bool same_value(DType t, Scalar a, Scalar b)
{
    if (!dtype_is_float(t))
        return a.i == b.i;
    return (isnan(a.f) && isnan(b.f)) || (a.f == b.f && signbit(a.f) == signbit(b.f));
}

/* ---- an interpreter of expressions ---- */

typedef struct Env {
    const Node *var[16];
    Scalar value[16];
    size_t n;
} Env;

static Scalar eval(const Env *env, const Node *n)
{
    switch ((Op)n->op) {
    case OP_IntImm: return (Scalar){.i = n->at.i};
    case OP_FloatImm: return (Scalar){.f = n->at.f};
    case OP_Var:
        for (size_t i = 0; i < env->n; i++)
            if (env->var[i] == n)
                return env->value[i];
        break;
    case OP_Neg: {
        Scalar a = eval(env, n->kid[0]);
        return dtype_is_float(n->type)
                   ? (Scalar){.f = -a.f}
                   : (Scalar){.i = dtype_wrap(n->type, (int64_t)(0 - (uint64_t)a.i))};
    }
    case OP_Not: return (Scalar){.i = !eval(env, n->kid[0]).i};
    case OP_Select: return eval(env, n->kid[eval(env, n->kid[0]).i ? Select_a : Select_b]);
    case OP_Cast: return dtype_convert(n->type, n->kid[0]->type, eval(env, n->kid[0]));
    case OP_Let: {
        Env inner = *env;
        inner.var[inner.n] = n->kid[Let_var];
        inner.value[inner.n++] = eval(env, n->kid[Let_value]);
        return eval(&inner, n->kid[Let_body]);
    }
    default:
        if (op_info[n->op].symbol)
            return ir_eval_binary(n->op, n->kid[0]->type, eval(env, n->kid[0]),
                                  eval(env, n->kid[1]));
    }
    fail_msg("cannot evaluate a %s", op_info[n->op].name);
    return (Scalar){0};
}

/* ---- the rules ---- */

enum { A_, B_, C_, N_, M_, P_, Q_, NAMES };

/* One side of a rule; of another type only if that is a condition. */
static const Node *side(Arena *A, const char *text, DType t, const Node *const *names)
{
    Err err;
    const Node *n = ir_parse_expr(A, text, t, NAMES, names, &err);
    if (!n)
        n = ir_parse_expr(A, text, DT_bool, NAMES, names, &err);
    if (!n)
        fail_msg("the rule's text %s: %s", text, err.why);
    return n;
}

/* How often a rule was tried with literals that it allows. */
static long try_rule(const SimplifyRule *r, DType t)
{
    static const char *const name[] = {"a", "b", "c", "n", "m", "p", "q"};
    Arena *A = arena_new(NULL);
    Env env = {.n = NAMES};
    for (int i = 0; i < NAMES; i++)
        env.var[i] = ir_var_like(A, i >= P_ ? DT_bool : t, name[i], NULL, 0);
    const Node *from = side(A, r->from, t, env.var), *to = side(A, r->to, from->type, env.var);
    const Node *when = r->when[0] ? side(A, r->when, t, env.var) : ir_bool(A, true);
    assert_int_equal(from->type, to->type);
    long tried = 0;
    bool engine = false;
    for (int trial = 0; trial < 400; trial++) {
        Subst lits[2];
        for (int i = 0; i < NAMES; i++)
            env.value[i] = random_scalar(env.var[i]->type);
        if (!eval(&env, when).i)
            continue;
        tried++;
        if (!same_value(from->type, eval(&env, from), eval(&env, to)))
            fail_msg("%s -> %s is wrong on %s", r->from, r->to, dtype_name(t));
        if (tried > 40)
            continue;
        /* the engine on an instance, by whichever rule it takes */
        for (int i = 0; i < 2; i++)
            lits[i] = (Subst){env.var[N_ + i], ir_scalar(A, t, env.value[N_ + i])};
        const Node *instance = ir_subst(A, from, 2, lits), *now = simplify_by_rule(A, instance);
        engine |= now != NULL;
        if (now && !same_value(from->type, eval(&env, instance), eval(&env, now)))
            fail_msg("%s became %s", ir_text(A, instance), ir_text(A, now));
    }
    if (tried > 0 && !engine)
        fail_msg("no rule fires on %s of type %s", r->from, dtype_name(t));
    arena_release(A);
    return tried;
}

static void each_rule_holds(void **state)
{
    (void)state;
    assert_true(simplify_rule_count > 100);
    for (size_t i = 0; i < simplify_rule_count; i++) {
        const SimplifyRule *r = &simplify_rules[i];
        long tried = 0;
        for (int t = 0; t < DT_COUNT; t++)
            if (simplify_rule_fits(r->types, (DType)t) && (t != DT_bool || r->types == RULE_BOOL))
                tried += try_rule(r, (DType)t);
        if (tried < 100)
            fail_msg("%s -> %s was hardly tried", r->from, r->to);
    }
}

/* A wrong rule would be noticed: the check itself is checked. */
static void a_wrong_rule_is_caught(void **state)
{
    (void)state;
    static const SimplifyRule wrong[] = {
        {RULE_FLOAT, "a - a", "0", ""},
        {RULE_INT, "(a * n) // n", "a", "n > 0"},
        {RULE_INT, "(a + n) // m", "a // m + n // m", "m > 0"},
    };
    for (size_t i = 0; i < 3; i++) {
        Arena *A = arena_new(NULL);
        DType t = wrong[i].types == RULE_FLOAT ? DT_float32 : DT_int64;
        static const char *const name[] = {"a", "b", "c", "n", "m", "p", "q"};
        Env env = {.n = NAMES};
        for (int k = 0; k < NAMES; k++)
            env.var[k] = ir_var_like(A, k >= P_ ? DT_bool : t, name[k], NULL, 0);
        const Node *from = side(A, wrong[i].from, t, env.var),
                   *to = side(A, wrong[i].to, t, env.var);
        const Node *when = wrong[i].when[0] ? side(A, wrong[i].when, t, env.var) : ir_bool(A, true);
        bool caught = false;
        for (int trial = 0; trial < 400; trial++) {
            for (int k = 0; k < NAMES; k++)
                env.value[k] = random_scalar(env.var[k]->type);
            caught |= eval(&env, when).i && !same_value(t, eval(&env, from), eval(&env, to));
        }
        assert_true(caught);
        arena_release(A);
    }
}

/* ---- what index arithmetic becomes ---- */

typedef struct Known {
    const char *name;
    int64_t extent;
} Known;

static void becomes(const char *text, const Known *known, size_t n, const char *want)
{
    Arena *A = arena_new(NULL);
    VarRange at[8];
    const Node *names[8];
    Err err;
    for (size_t i = 0; i < n; i++) {
        names[i] = ir_var(A, known[i].name);
        at[i] = (VarRange){names[i], 0, known[i].extent - 1};
    }
    const Node *e = ir_parse_expr(A, text, DT_int64, n, names, &err);
    if (!e)
        e = ir_parse_expr(A, text, DT_bool, n, names, &err);
    if (!e)
        fail_msg("%s: %s", text, err.why);
    Ranges r = {n, at};
    const Node *s = ir_simplify(A, e, &r);
    if (strcmp(ir_text(A, s), ir_text(A, ir_parse_expr(A, want, e->type, n, names, &err))) != 0)
        fail_msg("%s becomes %s, should be %s", text, ir_text(A, s), want);
    assert_ptr_equal(ir_simplify(A, s, &r), s);
    arena_release(A);
}

static void index_arithmetic(void **state)
{
    (void)state;
    static const Known k[] = {{"yo", 16},  {"ym", 8},   {"yi", 8},
                              {"x", 1000}, {"f", 4096}, {"ky", 3}};
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"yi + 8*yo", "yo*8 + yi"},
        {"yo*8 + yi", "yo*8 + yi"},
        {"ky + yi", "yi + ky"},
        {"x + 3 - 5 + x", "x*2 - 2"},
        {"-(x) + 5", "5 - x"},
        {"0 - x - 3", "-x - 3"},
        {"(yo*8 + yi)//8", "yo"},
        {"(yo*8 + yi)%8", "yi"},
        {"(yo*64 + ym*8 + yi)//8", "yo*8 + ym"},
        {"(yo*64 + ym*8 + yi)//64", "yo"},
        {"(yo*64 + ym*8 + yi)%64", "ym*8 + yi"},
        {"(yo*64 + ym*8 + yi)//8%8", "ym"},
        {"(yo*64 + ym*8 + yi)%64//8", "ym"},
        {"(yo*8 + yi + ky)//8", "yo + (yi + ky)//8"},
        {"(yo*8 + yi - 1)//8", "yo + (yi - 1)//8"},
        {"f//32*32 + f%32", "f"},
        {"f - f//32*32", "f%32"},
        {"f//8//4", "f//32"},
        {"f%32%8", "f%8"},
        {"f%8%32", "f%8"},
        {"f%32//8", "f//8%4"},
        {"f//32*32 + f//8%4*8 + f%8", "f"},
        {"(f*4 + ky)//8", "f//2"},
        {"(f*4 + ky)%8", "f%2*4 + ky"},
        {"(x + 8)//8", "x//8 + 1"},
        {"min(yi, 7)", "yi"},
        {"max(yi - 7, 0)", "0"},
        {"min(yo*8 + yi, 200)", "yo*8 + yi"},
        {"min(yo*8 + yi, 100)", "min(yo*8 + yi, 100)"},
        {"yo*8 + yi < 128", "true"},
        {"yo*8 + yi < 64", "yo < 8"},
        {"yo*8 + yi < 100", "yo*8 + yi < 100"},
        {"100 > yo*8 + yi", "yo*8 + yi < 100"},
        {"yo*8 + yi >= 64", "yo >= 8"},
        {"yo*8 + yi <= 63", "yo <= 7"},
        {"yo*8 < 60", "yo < 8"},
        {"x + 3 <= 10", "x <= 7"},
        {"x + yi < yi + 5", "x < 5"},
        {"x == x", "true"},
        {"x*4 == 6", "false"},
        {"x*4 == 8", "x == 2"},
        {"x < 5 and x < 10", "x < 5"},
        {"x < 10 and x < 5", "x < 5"},
        {"not (x < 5)", "x >= 5"},
        {"x >= 0 and x < 1000", "true"},
        {"select(x < 8, x//8, 1)", "select(x < 8, 0, 1)"},
        {"select(x > yi, x, yi)", "max(x, yi)"},
        {"(let t = x + 1 in t*2 - x)", "(let t = x + 1 in t*2 - x)"},
        {"(let t = 4 in t*x)", "x*4"},
        {"x/4", "x//4"},
        {"(x*3)//7", "x*3//7"},
        {"(x << 3)//8", "x"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        becomes(cases[i].text, k, 6, cases[i].want);
}

/* Where nothing is known of a variable, nothing that could wrap is touched. */
static void nothing_is_assumed(void **state)
{
    (void)state;
    static const char *const stay[] = {"(x*8 + 1)//8", "x + 1 < 10", "min(x, x + 1)", "(x*3)//3",
                                       "(x*3)%3",      "x < x + 1",  "x*2 == 2"};
    for (size_t i = 0; i < sizeof stay / sizeof *stay; i++) {
        Arena *A = arena_new(NULL);
        const Node *x = ir_var(A, "x");
        Err err;
        const Node *e = ir_parse_expr(A, stay[i], DT_int64, 1, &x, &err);
        e = e ? e : ir_parse_expr(A, stay[i], DT_bool, 1, &x, &err);
        const Node *s = ir_simplify(A, e, NULL);
        if (s != e)
            fail_msg("%s became %s", stay[i], ir_text(A, s));
        arena_release(A);
    }
}

/* ---- random expressions ---- */

static const Node *random_index(Arena *A, const Node *const *vars, int depth);

static const Node *random_cond(Arena *A, const Node *const *vars, int depth)
{
    static const uint8_t cmp[] = {OP_Eq, OP_Ne, OP_Lt, OP_Le, OP_Gt, OP_Ge};
    if (depth > 0 && below(3) == 0) {
        const Node *a = random_cond(A, vars, depth - 1), *b = random_cond(A, vars, depth - 1);
        return below(3) ? ir_binary(A, below(2) ? OP_And : OP_Or, a, b) : ir_not(A, a);
    }
    return ir_binary(A, cmp[below(6)], random_index(A, vars, depth - 1),
                     random_index(A, vars, depth - 1));
}

static const Node *random_index(Arena *A, const Node *const *vars, int depth)
{
    static const uint8_t ops[] = {OP_Add,      OP_Add,      OP_Sub,      OP_Mul,
                                  OP_FloorDiv, OP_FloorMod, OP_FloorDiv, OP_FloorMod,
                                  OP_Min,      OP_Max,      OP_Div};
    static const int64_t ks[] = {1, 2, 3, 4, 6, 8, 12, 16, 32, 64, 7, -1, -4, 0};
    if (depth <= 0 || below(6) == 0)
        return below(4) ? vars[below(4)]
                        : ir_idx(A, below(8) ? below(70) - 20 : random_scalar(DT_int64).i);
    if (below(12) == 0)
        return ir_select(A, random_cond(A, vars, depth - 1), random_index(A, vars, depth - 1),
                         random_index(A, vars, depth - 1));
    Op op = ops[below(11)];
    const Node *a = random_index(A, vars, depth - 1);
    bool by_literal = op == OP_Mul || op == OP_FloorDiv || op == OP_FloorMod || op == OP_Div;
    const Node *b =
        by_literal && below(8) ? ir_idx(A, ks[below(14)]) : random_index(A, vars, depth - 1);
    return ir_binary(A, op, a, b);
}

typedef struct Trials {
    long changed, bounded;
} Trials;

static void try_expression(Arena *A, const Node *e, const Node *const *vars, const VarRange *at,
                           size_t known, Trials *count)
{
    Ranges r = {known, at};
    const Node *s = ir_simplify(A, e, &r);
    int64_t lo, hi;
    bool bounded = ir_bounds(e, &r, &lo, &hi);
    count->changed += s != e;
    count->bounded += bounded;
    if (ir_simplify(A, s, &r) != s)
        fail_msg("%s\nbecame %s\nand then %s", ir_text(A, e), ir_text(A, s),
                 ir_text(A, ir_simplify(A, s, &r)));
    if (s != e && ir_same(s, e))
        fail_msg("%s was rebuilt for nothing", ir_text(A, e));
    for (int trial = 0; trial < 40; trial++) {
        Env env = {.n = 4};
        for (size_t i = 0; i < 4; i++) {
            env.var[i] = vars[i];
            int64_t span = at[i].max - at[i].min;
            int64_t inside = at[i].min + (int64_t)(dice_next() % (uint64_t)(span + 1));
            int64_t v = below(4) == 0 ? at[i].min : below(4) == 0 ? at[i].max : inside;
            env.value[i].i = i < known ? v : random_scalar(DT_int64).i;
        }
        Scalar want = eval(&env, e), got = eval(&env, s);
        if (want.i != got.i)
            fail_msg("%s\nbecame %s\nat %lld %lld %lld %lld: %lld, not %lld", ir_text(A, e),
                     ir_text(A, s), (long long)env.value[0].i, (long long)env.value[1].i,
                     (long long)env.value[2].i, (long long)env.value[3].i, (long long)got.i,
                     (long long)want.i);
        if (bounded && (want.i < lo || want.i > hi))
            fail_msg("%s is %lld, outside %lld .. %lld", ir_text(A, e), (long long)want.i,
                     (long long)lo, (long long)hi);
    }
}

static void values_are_kept(void **state)
{
    (void)state;
    Trials count = {0};
    int trials = 20000;
    for (int t = 0; t < trials; t++) {
        Arena *A = arena_new(NULL);
        static const int64_t extents[] = {1, 2, 3, 4, 8, 16, 7, 64, 1000, INT64_C(1) << 40};
        const Node *vars[4];
        VarRange at[4];
        for (int i = 0; i < 4; i++) {
            vars[i] = ir_var(A, (const char *[]){"i", "j", "k", "l"}[i]);
            int64_t min = below(5) ? 0 : below(40) - 20;
            at[i] = (VarRange){vars[i], min, min + extents[below(10)] - 1};
            if (below(40) == 0)
                at[i] = (VarRange){vars[i], INT64_MAX - below(9), INT64_MAX};
        }
        size_t known = below(4) ? 4 : (size_t)below(4);
        const Node *e = below(3) ? random_index(A, vars, 4) : random_cond(A, vars, 3);
        try_expression(A, e, vars, at, known, &count);
        arena_release(A);
    }
    assert_true(count.changed > trials / 2);
    assert_true(count.bounded > trials / 4);
}

/* ---- whole programs ---- */

static void whole_programs(void **state)
{
    (void)state;
    static const char before[] =
        "func f(A: float32[64, 64], B: int8[64]) -> C: float32[64, 64]:\n"
        "  for yx in range(512):\n"
        "    alloc T: float32[64, 64] local window [yx//64*8 + 0 :+ 4 + 4, 0 :+ 64]:\n"
        "      for yi in range(16 // 2):\n"
        "        for xi in range(1):\n"
        "          block b(y = yi + yx//64*8, x = yx%64, k = xi: reduce) where y < 64 and x < 60:\n"
        "            init: C[y, x] = select(k == 0, 0, 1)\n"
        "            C[y, x] fma= A[y, x - 0] * 1\n"
        "      if yx < 512:\n"
        "        if yx < 0:\n"
        "          C[0, 0] = 1\n"
        "        C[yx//64, yx%64%64] = A[0, 0] * 1 + 0\n"
        "        C[0, 0] = float32(int32(int8(int32(B[yx % 64]))))\n";
    static const char after[] =
        "func f(A: float32[64, 64], B: int8[64]) -> C: float32[64, 64]:\n"
        "  for yx in range(512):\n"
        "    alloc T: float32[64, 64] local window [yx//64*8 :+ 8, 0 :+ 64]\n"
        "    for yi in range(8):\n"
        "      for xi in range(1):\n"
        "        block b(y = yx//64*8 + yi, x = yx%64, k = xi: reduce) where x < 60:\n"
        "          init: C[y, x] = 0\n"
        "          C[y, x] fma= A[y, x] * 1\n"
        "    C[yx//64, yx%64] = A[0, 0] + 0\n"
        "    C[0, 0] = float32(B[yx%64])\n";
    Arena *A = arena_new(NULL);
    const Node *f = parse(A, before), *g = ir_simplify_all(A, f);
    Err err = {0};
    assert_string_equal(ir_text(A, g), after);
    assert_true(ir_verify(g, &err));
    assert_ptr_equal(ir_simplify_all(A, g), g);
    arena_release(A);
}

/* An expression with 2^200 paths, and one with more terms than a sum may have, end soon. */
static void effort_is_bounded(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    const Node *x = ir_var(A, "x"), *e = x, *many = ir_idx(A, 0);
    for (int i = 0; i < 200; i++)
        e = ir_binary(A, i % 2 ? OP_Max : OP_Add, e, ir_binary(A, OP_FloorDiv, e, ir_idx(A, 3)));
    for (int i = 0; i < 200; i++)
        many = ir_binary(A, OP_Add, many, ir_binary(A, OP_Mul, ir_var(A, "v"), ir_idx(A, i + 2)));
    VarRange at = {x, 0, 9};
    Ranges r = {1, &at};
    int64_t lo, hi;
    assert_non_null(ir_simplify(A, e, &r));
    ir_bounds(e, &r, &lo, &hi);
    assert_non_null(ir_simplify(A, many, &r));
    arena_release(A);
}

static void conditions_are_proved(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    const Node *v[2] = {ir_var(A, "i"), ir_var(A, "j")};
    VarRange at[2] = {{v[0], 0, 7}, {v[1], 0, 3}};
    Ranges r = {2, at};
    Err err;
#define COND(text) ir_parse_expr(A, text, DT_bool, 2, v, &err)
    assert_true(ir_is_true(ir_simplify(A, COND("i*4 + j < 32 and i >= 0"), &r)));
    assert_true(ir_is_true(ir_simplify(A, COND("(i*4 + j)//4 == i"), &r)));
    assert_false(ir_is_true(ir_simplify(A, COND("i*4 + j < 31"), &r)));
    assert_false(ir_is_true(ir_simplify(A, COND("i*4 + j < 32"), NULL)));
#undef COND
    arena_release(A);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_holds),   cmocka_unit_test(a_wrong_rule_is_caught),
        cmocka_unit_test(index_arithmetic),  cmocka_unit_test(nothing_is_assumed),
        cmocka_unit_test(values_are_kept),   cmocka_unit_test(whole_programs),
        cmocka_unit_test(effort_is_bounded), cmocka_unit_test(conditions_are_proved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
