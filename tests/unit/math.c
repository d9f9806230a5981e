/* math.c -- every function of math.def keeps the bound that its row states, and C's limits.
** test: timeout 300 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "core/ir/interp.h"
#include "core/ir/mathfn.h"
#include "tests/trials.h"

static long double sigmoid_(long double x)
{
    return 1 / (1 + expl(-x));
}
static long double rsqrt_(long double x)
{
    return 1 / sqrtl(x);
}

typedef struct Truth {
    const char *name;
    long double (*f)(long double);
    /* Where it is sampled on float32 and on float64: as far as it is finite, or further */
    struct {
        double lo, hi;
    } at[2];
} Truth;

#define BOTH(lo, hi) \
    {                \
        {lo, hi},    \
        {            \
            lo, hi   \
        }            \
    }
static const Truth truths[] = {
    {"exp", expl, {{-110, 95}, {-760, 715}}},
    {"expm1", expm1l, {{-60, 95}, {-100, 715}}},
    {"log", logl, {{0, 3.4e38}, {0, 1.7e308}}},
    {"log1p", log1pl, BOTH(-0.999, 1e6)},
    {"log2", log2l, {{0, 3.4e38}, {0, 1.7e308}}},
    {"exp2", exp2l, {{-155, 130}, {-1080, 1030}}},
    {"tanh", tanhl, {{-12, 12}, {-25, 25}}},
    {"sigmoid", sigmoid_, {{-104, 80}, {-745, 80}}},
    {"erf", erfl, BOTH(-7, 7)},
    {"sin", sinl, BOTH(-30000, 30000)},
    {"cos", cosl, BOTH(-30000, 30000)},
    {"sinh", sinhl, {{-90, 90}, {-712, 712}}},
    {"cosh", coshl, {{-90, 90}, {-712, 712}}},
    {"rsqrt", rsqrt_, {{0, 3.4e38}, {0, 1.7e308}}},
};

static double next_random(uint64_t *s)
{
    *s = *s * 6364136223846793005u + 1442695040888963407u;
    return (double)(*s >> 11) * 0x1p-53;
}

/* The error in units of the last place of the exact result in type t. */
static double error_ulp(DType t, double got, long double want)
{
    if (isnan(got) || isinf(got))
        return got == (double)want || (t == DT_float32 && got == (double)(float)want) ? 0 : 1e9;
    int e;
    frexpl(want, &e);
    int least = t == DT_float32 ? -149 : -1074, digits = t == DT_float32 ? 24 : 53;
    int unit = e - digits < least ? least : e - digits;
    return (double)(fabsl((long double)got - want) / ldexpl(1, unit));
}

typedef struct Compiled {
    Arena *A;
    InterpExpr *e;
    DType t;
} Compiled;

static Compiled compile(const MathFn *fn)
{
    Compiled c = {arena_new(NULL), NULL, fn->type};
    Err err = {0};
    const Node *vars[2] = {ir_var_like(c.A, fn->type, "x", NULL, 0),
                           ir_var_like(c.A, fn->type, "y", NULL, 0)};
    const Node *call = ir_call(c.A, fn->type, fn->name, (size_t)fn->nargs, vars);
    const Node *e = math_expand(c.A, call, &err);
    if (!e)
        fail_msg("%s: %s", fn->name, err.why);
    c.e = interp_compile(c.A, e, (size_t)fn->nargs, vars, &err);
    if (!c.e)
        fail_msg("%s: %s", fn->name, err.why);
    return c;
}

static double call(const Compiled *c, double x, double y)
{
    return interp_eval(c->e, (Scalar[]){{.f = x}, {.f = y}}).f;
}

static double rounded(DType t, double x)
{
    return t == DT_float32 ? (double)(float)x : x;
}

static const Truth *truth_of(const char *name)
{
    for (size_t i = 0; i < sizeof truths / sizeof *truths; i++)
        if (strcmp(truths[i].name, name) == 0)
            return &truths[i];
    return NULL;
}

static void check_row(const MathFn *fn, const Truth *t, int samples)
{
    Compiled c = compile(fn);
    uint64_t seed = 42;
    double worst = 0, at = 0, lo = t->at[fn->type == DT_float64].lo,
           hi = t->at[fn->type == DT_float64].hi;
    for (int i = 0; i < samples; i++) {
        double u = next_random(&seed), x = lo + (hi - lo) * u;
        if (i % 3 == 1) /* as many near 0 as far away */
            x = (u < 0.5 && lo < 0 ? -1 : 1) * exp2(-40 * next_random(&seed)) * hi;
        if (i % 3 == 2) /* and as many where it ends */
            x = u < 0.5 ? lo + 0.04 * u * (hi - lo) : hi - 0.04 * (1 - u) * (hi - lo);
        x = rounded(fn->type, x);
        if (x < lo)
            continue;
        long double want = t->f((long double)x);
        if (fabsl(want) > (fn->type == DT_float32 ? (long double)FLT_MAX : (long double)DBL_MAX))
            continue;
        double ulp = error_ulp(fn->type, call(&c, x, 0), want);
        if (ulp > worst) {
            worst = ulp;
            at = x;
        }
    }
    print_message("  %-8s %s  %.2f ulp of %.1f, at %.9g\n", fn->name, dtype_name(fn->type), worst,
                  fn->ulp, at);
    if (worst > fn->ulp)
        fail_msg("%s(%.17g) on %s is off by %.2f ulp, more than %.1f", fn->name, at,
                 dtype_name(fn->type), worst, fn->ulp);
    const double limits[] = {0.0, -0.0, INFINITY, -INFINITY, NAN};
    for (size_t i = 0; i < 5; i++) {
        double got = call(&c, limits[i], 0), want = (double)t->f((long double)limits[i]);
        bool same =
            isnan(want) ? isnan(got) : got == want && (want != 0 || signbit(got) == signbit(want));
        if (!same)
            fail_msg("%s(%g) on %s is %g, not %g", fn->name, limits[i], dtype_name(fn->type), got,
                     want);
    }
    arena_release(c.A);
}

static void rows_keep_their_bounds(void **state)
{
    (void)state;
    int samples = trials_of(400000, 40000);
    for (size_t i = 0; i < math_fn_count; i++) {
        const Truth *t = truth_of(math_fns[i].name);
        if (t)
            check_row(&math_fns[i], t, samples);
        else
            assert_string_equal(math_fns[i].name, "pow");
    }
}

/* float32 has every argument reduced exactly: the C library's long double is good for
** all of them. */
static void far_angles(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        const MathFn *fn = math_find(k ? "cos" : "sin", DT_float32);
        Compiled c = compile(fn);
        uint64_t seed = 11;
        double worst = 0, at = 0;
        for (int i = 0; i < 100000; i++) {
            double x = rounded(DT_float32, (i & 1 ? -1 : 1) * exp2(14 + 114 * next_random(&seed)));
            if (isinf(x))
                continue;
            long double want = k ? cosl((long double)x) : sinl((long double)x);
            double ulp = error_ulp(DT_float32, call(&c, x, 0), want);
            if (ulp > worst) {
                worst = ulp;
                at = x;
            }
        }
        print_message("  %s far away: %.2f ulp at %.9g\n", fn->name, worst, at);
        assert_true(worst <= fn->ulp);
        arena_release(c.A);
    }
}

static void power(void **state)
{
    (void)state;
    for (int type = 0; type < 2; type++) {
        const MathFn *fn = math_find("pow", type ? DT_float64 : DT_float32);
        Compiled c = compile(fn);
        uint64_t seed = 7;
        double worst = 0;
        double most = type ? 1000 : 120; /* binary orders of the result */
        for (int i = 0; i < 40000; i++) {
            double x = rounded(fn->type,
                               i % 2 ? 20 * next_random(&seed) : exp2(1e-3 * next_random(&seed)));
            double y =
                rounded(fn->type, (2 * next_random(&seed) - 1) * fmin(1e9, most / fabs(log2(x))));
            double ulp = error_ulp(fn->type, call(&c, x, y), powl((long double)x, (long double)y));
            worst = ulp > worst ? ulp : worst;
        }
        print_message("  pow      %s  %.2f ulp of %.1f\n", dtype_name(fn->type), worst, fn->ulp);
        assert_true(worst <= fn->ulp);
        const double v[] = {0.0, -0.0, 1, -1, 2, -2, 3, -3, 0.5, -0.5, INFINITY, -INFINITY, NAN};
        for (size_t i = 0; i < 13; i++)
            for (size_t j = 0; j < 13; j++) {
                double got = call(&c, v[i], v[j]), want = rounded(fn->type, pow(v[i], v[j]));
                bool same = isnan(want) ? isnan(got)
                            : isinf(want) || want == 0
                                ? got == want && signbit(got) == signbit(want)
                                : fabs(got - want) <= 1e-6 * fabs(want);
                if (!same)
                    fail_msg("pow(%g, %g) on %s is %g, not %g", v[i], v[j], dtype_name(fn->type),
                             got, want);
            }
        arena_release(c.A);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_keep_their_bounds),
                                       cmocka_unit_test(far_angles), cmocka_unit_test(power)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
