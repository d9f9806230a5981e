/* stats.c -- that timings of the same thing compare as the same, and that a
** difference is found. test: threads */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/run/stats.h"
#include "core/run/timer.h"

static uint64_t state64 = 99;

static double uniform(void)
{
    state64 += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = state64;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

/* A machine whose speed drifts by some percent from round to round, with a skewed noise of 2 % on
** each measurement and now and then an interruption that costs half as much again. */
typedef struct Machine {
    double speed[2];
    double drift;
} Machine;

static double synthetic(void *env, int which, int number)
{
    Machine *m = env;
    m->drift = 0.9 * m->drift + 0.02 * (uniform() - 0.5);
    double noise = -0.02 * log(1 - uniform()), burst = uniform() < 0.05 ? 0.5 * uniform() : 0;
    return m->speed[which] * number * (1 + m->drift + noise + burst);
}

static Verdict one_comparison(double ratio)
{
    Machine m = {.speed = {1e-3, 1e-3 * ratio}};
    TimerPlan plan = {.number = 1, .repeat = 21, .warmup = 1, .seed = (uint64_t)(uniform() * 1e9)};
    double samples[42];
    int numbers[2];
    assert_int_equal(timer_measure(&plan, 2, synthetic, &m, samples, numbers), 21);
    return stats_compare(samples, samples + 21, 21, 0.01).verdict;
}

static void same_against_same(void **state)
{
    (void)state;
    int same = 0;
    for (int i = 0; i < 200; i++)
        same += one_comparison(1.0) == VERDICT_SAME;
    print_message("A against A: no difference in %d of 200\n", same);
    assert_in_range(same, 190, 200);
}

static void fifth_slower(void **state)
{
    (void)state;
    int found = 0;
    for (int i = 0; i < 200; i++)
        found += one_comparison(1.2) == VERDICT_A_FASTER;
    print_message("1.2 times: found in %d of 200\n", found);
    assert_in_range(found, 198, 200);
    assert_int_equal(one_comparison(1 / 1.2), VERDICT_B_FASTER);
}

static void quantities(void **state)
{
    (void)state;
    const double x[] = {5, 1, 3, 2, 4, 100};
    Stats s = stats_of(x, 6);
    assert_true(s.median == 3.5 && s.min == 1 && s.max == 100);
    assert_true(s.q1 == 2.25 && s.q3 == 4.75);
    assert_true(s.mad == 1.5);
    char text[64];
    Comparison c = {1.21, 1.1, 1.3, VERDICT_A_FASTER};
    assert_string_equal(stats_verdict_text(&c, text), "1.21x faster");
}

/* Four rounds say nothing; five only where they are far apart. */
static void few_rounds(void **state)
{
    (void)state;
    char text[64];
    const double quick[] = {1, 1.1, 1.2, 1.05, 1.15}, slow[] = {2, 2.1, 2.2, 2.3, 2.4},
                 mixed[] = {1.01, 1.12, 1.21, 1.06, 1.16};
    Comparison c = stats_compare(quick, slow, 4, 0.01);
    assert_int_equal(c.verdict, VERDICT_UNKNOWN);
    assert_string_equal(stats_verdict_text(&c, text), "too few rounds");
    assert_int_equal(stats_compare(quick, slow, 5, 0.01).verdict, VERDICT_A_FASTER);
    assert_int_equal(stats_compare(slow, quick, 5, 0.01).verdict, VERDICT_B_FASTER);
    assert_int_equal(stats_compare(quick, mixed, 5, 0.001).verdict, VERDICT_SAME);
}

/* number and min_repeat_ms as TVM has them: at least number, and enough for the time. */
typedef struct Count {
    int calls, runs;
} Count;

static double counting(void *env, int which, int number)
{
    Count *c = (Count *)env + which;
    c->calls++;
    c->runs += number;
    return number * 1e-5;
}

static void meaning_of_the_plan(void **state)
{
    (void)state;
    Count c[2] = {{0}};
    double samples[10];
    int numbers[2];
    TimerPlan plan = {.number = 3, .repeat = 5, .warmup = 4};
    assert_int_equal(timer_measure(&plan, 1, counting, c, samples, numbers), 5);
    assert_int_equal(c[0].runs, 4 + 5 * 3);
    assert_true(fabs(samples[0] - 1e-5) < 1e-12);
    plan.min_repeat_ms = 1;
    assert_int_equal(timer_measure(&plan, 2, counting, c, samples, numbers), 5);
    assert_in_range(numbers[0], 100, 200);
    assert_int_equal(numbers[0], numbers[1]);
}

static double refuses(void *env, int which, int number)
{
    (void)env;
    (void)number;
    return which == 1 ? -1 : 1e-6;
}

static void stopping(void **state)
{
    (void)state;
    double samples[10];
    int numbers[2];
    TimerPlan plan = {.number = 1, .repeat = 5};
    assert_int_equal(timer_measure(&plan, 2, refuses, NULL, samples, numbers), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantities),          cmocka_unit_test(few_rounds),
        cmocka_unit_test(same_against_same),   cmocka_unit_test(fifth_slower),
        cmocka_unit_test(meaning_of_the_plan), cmocka_unit_test(stopping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
