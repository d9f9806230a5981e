/* stats.c -- that timings of the same thing compare as the same, and that a
** difference is found. test: threads */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/base/random.h"
#include "core/run/stats.h"
#include "core/run/timer.h"

static uint64_t state64 = 99;

static double uniform(void)
{
    return (double)(random_next(&state64) >> 11) * 0x1p-53;
}

/* A machine whose speed drifts by some percent from round to round, with a skewed noise of 2 % on
** each measurement and now and then an interruption that costs half as much again. */
typedef struct Machine {
    double speed[2];
    double drift, now;
    double neighbour; /* how much slower a measurement may be, at random */
} Machine;

static double synthetic(void *env, int which, int number)
{
    Machine *m = env;
    m->drift = 0.9 * m->drift + 0.02 * (uniform() - 0.5);
    double noise = -0.02 * log(1 - uniform()), burst = uniform() < 0.05 ? 0.5 * uniform() : 0;
    double shared = m->neighbour * uniform();
    double took = m->speed[which] * number * (1 + m->drift + noise + burst + shared);
    m->now += took;
    return took;
}

static double machine_now(void *env)
{
    return ((Machine *)env)->now;
}

static Verdict comparison(double ratio, double neighbour, int most, int *rounds)
{
    Machine m = {.speed = {1e-3, 1e-3 * ratio}, .neighbour = neighbour};
    TimerPlan plan = {
        .number = 1, .repeat = 21, .most = most, .warmup = 1, .seed = (uint64_t)(uniform() * 1e9)};
    double samples[2 * 63];
    int numbers[2];
    *rounds = timer_measure(
        &plan, 2, &(TimerPlace){.run = synthetic, .now = machine_now, .env = &m}, samples, numbers);
    assert_in_range(*rounds, 21, timer_room(&plan));
    return stats_compare(samples, samples + timer_room(&plan), *rounds, 0.01).verdict;
}

static Verdict one_comparison(double ratio)
{
    int rounds;
    return comparison(ratio, 0, 21, &rounds);
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

/* Where a neighbour takes up to half of a processor, 21 rounds miss much; where rounds
** disagree so, more are made, which find it, and find nothing where there is nothing. */
static void noisy_neighbour(void **state)
{
    (void)state;
    int few = 0, found = 0, same = 0, more = 0, rounds;
    for (int i = 0; i < 200; i++) {
        few += comparison(1.2, 1, 21, &rounds) == VERDICT_A_FASTER;
        found += comparison(1.2, 1, 63, &rounds) == VERDICT_A_FASTER;
        more += rounds > 21;
        same += comparison(1, 1, 63, &rounds) == VERDICT_SAME;
    }
    print_message(
        "1.2 times beside a neighbour: found in %d of 200 by 21 rounds, %d by 63; nothing "
        "found where there is none in %d\n",
        few, found, same);
    assert_in_range(more, 190, 200);
    assert_in_range(few, 0, 150);
    assert_in_range(found, 175, 200);
    assert_in_range(same, 186, 200);
}

/* How often, of 400 series of `n` rounds, the interval holds the ratio 1.5.  Noise of 5 % on every
** round remembers a part `memory` of what it was the round before; and now and then all of some
** rounds, a `busy` part of them in spells of `spell`, are far slower for the second. */
static double coverage(int n, double memory, double busy, int spell)
{
    enum { RUNS = 400, MOST = 63 };
    int holds = 0;
    for (int k = 0; k < RUNS; k++) {
        double a[MOST], b[MOST], noise = 0, slow = uniform() < busy;
        for (int i = 0; i < n; i++) {
            noise = memory * noise + 0.05 * (uniform() + uniform() + uniform() - 1.5);
            if (uniform() < 1.0 / spell)
                slow = uniform() < busy;
            double machine = 1 + uniform(); /* slows both alike */
            a[i] = machine;
            b[i] = 1.5 * machine * exp(noise) * (slow > 0 ? 1.4 : 1);
        }
        Comparison c = stats_compare(a, b, n, 0.01);
        assert_true(c.low <= c.ratio && c.ratio <= c.high);
        holds += c.low <= 1.5 && 1.5 <= c.high;
    }
    return (double)holds / RUNS;
}

/* The interval holds what it says, and grows where rounds in a row err to one side. */
static void intervals(void **state)
{
    (void)state;
    const struct {
        const char *what;
        int n;
        double memory, busy;
        int spell;
        double least;
    } rows[] = {
        {"independent rounds", 7, 0, 0, 1, 0.94},
        {"independent rounds", 21, 0, 0, 1, 0.94},
        {"independent rounds", 63, 0, 0, 1, 0.93},
        {"rounds that remember", 21, 0.5, 0, 1, 0.88},
        {"rounds that remember", 63, 0.7, 0, 1, 0.85},
        {"spells of others", 63, 0, 0.2, 6, 0.88},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double share = coverage(rows[i].n, rows[i].memory, rows[i].busy, rows[i].spell);
        print_message("%d %s: the interval holds the ratio in %.0f %%\n", rows[i].n, rows[i].what,
                      100 * share);
        assert_true(share >= rows[i].least);
    }
}

static int ascending(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

/* The interval of independent rounds is the one that drawing rounds again gives. */
static void drawn(void **state)
{
    (void)state;
    enum { ROUNDS = 21, DRAWS = 20000 };
    static double medians[DRAWS];
    double a[ROUNDS], b[ROUNDS], draw[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        a[i] = 1;
        b[i] = 1 + (i * 8 % ROUNDS) * 0.01;
    }
    for (int d = 0; d < DRAWS; d++) {
        for (int i = 0; i < ROUNDS; i++)
            draw[i] = b[(int)(uniform() * ROUNDS)];
        qsort(draw, ROUNDS, sizeof *draw, ascending);
        medians[d] = draw[ROUNDS / 2];
    }
    qsort(medians, DRAWS, sizeof *medians, ascending);
    int percentile = (int)(0.0163 * DRAWS); /* 2.5 %, for 21 rounds by Student's t */
    Comparison c = stats_compare(a, b, ROUNDS, 0.01);
    assert_true(c.low == medians[percentile]);
    assert_true(c.high == medians[DRAWS - 1 - percentile]);
}

/* It is not wide for nothing, and what slows a round of both does not count. */
static void narrow(void **state)
{
    (void)state;
    double a[21], b[21];
    for (int i = 0; i < 21; i++) {
        a[i] = i % 4 == 0 ? 5 : 1;
        b[i] = 1.25 * a[i] * (1 + 0.01 * uniform());
    }
    Comparison c = stats_compare(a, b, 21, 0.01);
    assert_true(c.low > 1.25 && c.high < 1.2625 && c.verdict == VERDICT_A_FASTER);
    assert_true(stats_disagreement(a, b, 21) < 0.01);
    for (int i = 7; i < 14; i++)
        b[i] *= 2;
    assert_true(stats_disagreement(a, b, 21) > 0.5);
    assert_true(stats_compare(a, b, 21, 0.01).high > 2);
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
    c = (Comparison){0.0123, 0.01, 0.02, VERDICT_B_FASTER};
    assert_string_equal(stats_verdict_text(&c, text), "81.3x slower");
    c = (Comparison){1234.5, 1200, 1300, VERDICT_A_FASTER};
    assert_string_equal(stats_verdict_text(&c, text), "1234x faster");
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
    assert_int_equal(
        timer_measure(&plan, 1, &(TimerPlace){.run = counting, .env = c}, samples, numbers), 5);
    assert_int_equal(c[0].runs, 4 + 5 * 3);
    assert_true(fabs(samples[0] - 1e-5) < 1e-12);
    plan.min_repeat_ms = 1;
    assert_int_equal(
        timer_measure(&plan, 2, &(TimerPlace){.run = counting, .env = c}, samples, numbers), 5);
    assert_in_range(numbers[0], 100, 200);
    assert_int_equal(numbers[0], numbers[1]);
    plan = (TimerPlan){.number = 1, .repeat = 2, .most = 10, .warmup = 1};
    double more[20]; /* fewer than 5 leave anything open, and two make no spells */
    assert_int_equal(
        timer_measure(&plan, 2, &(TimerPlace){.run = counting, .env = c}, more, numbers), 10);
}

/* A machine with a clock of its own; while it is busy, what runs second is slower by half. */
typedef struct Clock {
    double now;
    double busy_from, busy_to;
    int runs;
    bool waits;
} Clock;

static double on_clock(void *env, int which, int number)
{
    Clock *c = env;
    double took = 1e-3 * number;
    if (which == 1 && c->now >= c->busy_from && c->now < c->busy_to)
        took *= 1.5;
    c->now += took;
    c->runs += number;
    return took;
}

static double its_time(void *env)
{
    return ((Clock *)env)->now;
}

static bool it_waits(void *env)
{
    return ((Clock *)env)->waits;
}

/* The rounds are spread over time where they disagree or others are known to run, and only there:
** two programs of 1 ms take 21 rounds, the later of which meet a machine that is free again. */
static void spells(void **state)
{
    (void)state;
    const TimerPlan plan = {.number = 1, .repeat = 21, .warmup = 1, .limit_s = 2, .seed = 3};
    double samples[42];
    int numbers[2];
    Clock c = {.busy_from = 1e9};
    TimerPlace here = {.run = on_clock, .disturbed = it_waits, .now = its_time, .env = &c};
    assert_int_equal(timer_measure(&plan, 2, &here, samples, numbers), 21);
    assert_int_equal(c.runs, 2 + 42);
    c = (Clock){.busy_from = 0.01, .busy_to = 0.1};
    assert_int_equal(timer_measure(&plan, 2, &here, samples, numbers), 21);
    assert_in_range((int)(c.now * 1000), 200, 300);
    assert_true(stats_compare(samples, samples + 21, 21, 0.01).verdict == VERDICT_SAME);
    c = (Clock){.busy_from = 1e9, .waits = true};
    assert_int_equal(timer_measure(&plan, 2, &here, samples, numbers), 21);
    assert_in_range((int)(c.now * 1000), 400, 500);
    TimerPlan hasty = plan;
    hasty.limit_s = 0.1;
    c = (Clock){.busy_from = 1e9, .waits = true};
    assert_int_equal(timer_measure(&hasty, 2, &here, samples, numbers), 21);
    assert_in_range((int)(c.now * 1000), 60, 100);
}

/* The second is slower by a fifth; for some rounds in a row at the end of 21, the first has a
** neighbour. */
static double late_neighbour(void *env, int which, int number)
{
    Clock *c = env;
    bool busy = c->now >= c->busy_from && c->now < c->busy_to;
    double took = 1e-3 * number * (which == 1 ? 1.2 : busy ? 1.4 : 1) * (1 + 0.01 * uniform());
    c->now += took;
    return took;
}

/* Rounds of which most agree leave it open all the same, where those that do not come in a row. */
static void some_in_a_row(void **state)
{
    (void)state;
    TimerPlan plan = {.number = 1, .repeat = 21, .warmup = 1, .limit_s = 2, .seed = 3};
    double samples[2 * 63];
    int numbers[2];
    Clock c = {.busy_from = 0.0375, .busy_to = 0.0475};
    TimerPlace here = {.run = late_neighbour, .now = its_time, .env = &c};
    assert_int_equal(timer_measure(&plan, 2, &here, samples, numbers), 21);
    assert_true(stats_disagreement(samples, samples + 21, 21) < 0.03);
    assert_true(stats_width(samples, samples + 21, 21) > 0.2);
    assert_true(stats_compare(samples, samples + 21, 21, 0.01).verdict == VERDICT_SAME);
    plan.most = 63;
    c.now = 0;
    int rounds = timer_measure(&plan, 2, &here, samples, numbers);
    assert_int_equal(rounds, 63);
    assert_true(stats_compare(samples, samples + 63, rounds, 0.01).verdict == VERDICT_A_FASTER);
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
    assert_int_equal(
        timer_measure(&plan, 2, &(TimerPlace){.run = refuses, .env = NULL}, samples, numbers), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantities),
        cmocka_unit_test(few_rounds),
        cmocka_unit_test(same_against_same),
        cmocka_unit_test(fifth_slower),
        cmocka_unit_test(meaning_of_the_plan),
        cmocka_unit_test(stopping),
        cmocka_unit_test(intervals),
        cmocka_unit_test(drawn),
        cmocka_unit_test(narrow),
        cmocka_unit_test(spells),
        cmocka_unit_test(some_in_a_row),
        cmocka_unit_test(noisy_neighbour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
