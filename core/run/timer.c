/* timer.c -- rounds of measurements, in a new order each. */
#include "core/run/timer.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/random.h"
#include "core/run/stats.h"

enum { MIN_ROUNDS = 5, WARM = 10, SPELLS = 3 };

/* From one spell to the next on an unsteady machine, and the disagreement that tells one; and how
** wide an interval may be, as a part of its ratio, to tell 1.2 from 1, and how far rounds may
** disagree that it be believed: where noise lasts, few rounds make it too narrow. */
#define SPELL_S  0.2
#define UNSTEADY 0.03
#define WIDE     0.2
#define APART    0.15

double timer_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

TimerPlan timer_plan(void)
{
    return (TimerPlan){.number = 1,
                       .repeat = 21,
                       .most = 63,
                       .min_repeat_ms = 2,
                       .warmup = 1,
                       .limit_s = 2,
                       .seed = 1};
}

static int rounds_asked(const TimerPlan *plan)
{
    return plan->repeat > 0 ? plan->repeat : 11;
}

int timer_room(const TimerPlan *plan)
{
    int rounds = rounds_asked(plan);
    return plan->most > rounds ? plan->most : rounds;
}

static void shuffle(int *order, int n, uint64_t *state)
{
    for (int i = n - 1; i > 0; i--) {
        int j = (int)(random_next(state) % (uint64_t)(i + 1)), t = order[i];
        order[i] = order[j];
        order[j] = t;
    }
}

/* Warms one candidate up and finds how often it must run for a measurement of the length asked
** for; negative if a run stopped. */
static int calibrate(const TimerPlan *plan, int which, const TimerPlace *at)
{
    int number = plan->number > 0 ? plan->number : 1, warmup = plan->warmup > 0 ? plan->warmup : 1;
    double least = plan->min_repeat_ms * 1e-3, cold = at->run(at->env, which, warmup);
    if (cold < 0)
        return -1;
    /* However much faster a run gets by being warm, it stays long enough. */
    if (cold / warmup * number > WARM * least)
        return number;
    while (least > 0) {
        double took = at->run(at->env, which, number);
        if (took < 0)
            return -1;
        if (took >= least || number > (1 << 29))
            break;
        double wanted = took > 0 ? ceil(least * 1.05 / (took / number)) : number * 10.0;
        double grown = fmax(number * 1.618, wanted);
        number = (int)fmin(fmin(grown, number * 100.0), (double)(1 << 30));
    }
    return number;
}

/* A measurement under way. */
typedef struct Course {
    const TimerPlan *plan;
    const TimerPlace *at;
    int n, room;
    double *samples;
    int *numbers, *order;
    uint64_t state;
    double start, spell; /* when it began, and its last spell */
} Course;

/* Measures every candidate once; false if a run stopped. */
static bool one_round(Course *c, int round)
{
    shuffle(c->order, c->n, &c->state);
    for (int i = 0; i < c->n; i++) {
        int which = c->order[i];
        double took = c->at->run(c->at->env, which, c->numbers[which]);
        if (took < 0)
            return false;
        c->samples[which * c->room + round] = took / c->numbers[which];
    }
    return true;
}

/* Do the rounds so far agree on how the others compare with the first? */
static bool agree(const Course *c, int rounds, double within)
{
    for (int i = 1; i < c->n; i++)
        if (stats_disagreement(c->samples, c->samples + i * c->room, rounds) > within)
            return false;
    return true;
}

static bool steady(const Course *c, int rounds)
{
    return !(c->at->disturbed && c->at->disturbed(c->at->env)) && agree(c, rounds, UNSTEADY);
}

/* Do the rounds so far say closely enough how the others compare with the first? */
static bool settled(const Course *c, int rounds)
{
    if (!agree(c, rounds, APART))
        return false;
    for (int i = 1; i < c->n; i++)
        if (stats_width(c->samples, c->samples + i * c->room, rounds) > WIDE)
            return false;
    return true;
}

static double now(const Course *c)
{
    return c->at->now ? c->at->now(c->at->env) : timer_now();
}

static bool late(const Course *c)
{
    return c->plan->limit_s > 0 && now(c) - c->start > c->plan->limit_s;
}

/* Lets time pass before the round that comes next, at most half of what there is.  Not by sleep:
** threads that wake up find other cores than threads that run. */
static bool between_spells(Course *c, int round)
{
    double until = c->spell + SPELL_S;
    if (c->plan->limit_s > 0)
        until = fmin(until, c->start + c->plan->limit_s / 2);
    if (c->n > 1 && now(c) < until && !steady(c, round))
        while (now(c) < until)
            if (!one_round(c, round))
                return false;
    c->spell = now(c);
    return true;
}

static int all_rounds(Course *c)
{
    int asked = rounds_asked(c->plan), length = asked / SPELLS, round;
    for (round = 0; round < c->room; round++) {
        if (round == asked && settled(c, round))
            break;
        if (round >= MIN_ROUNDS && late(c))
            break;
        bool begins =
            round >= MIN_ROUNDS && length > 0 && round % length == 0 && round / length < SPELLS;
        if ((begins && !between_spells(c, round)) || !one_round(c, round))
            return -1;
    }
    return round;
}

int timer_measure(const TimerPlan *plan, int n, const TimerPlace *place, double *samples,
                  int *numbers)
{
    Course c = {.plan = plan,
                .at = place,
                .n = n,
                .room = timer_room(plan),
                .samples = samples,
                .numbers = numbers,
                .order = malloc(sizeof *c.order * (size_t)n),
                .state = plan->seed};
    c.start = now(&c);
    bool ready = c.order != NULL;
    for (int i = 0; i < n && ready; i++) {
        c.order[i] = i;
        numbers[i] = calibrate(plan, i, place);
        ready = numbers[i] > 0;
    }
    c.spell = now(&c);
    int rounds = ready ? all_rounds(&c) : -1;
    free(c.order);
    return rounds;
}
