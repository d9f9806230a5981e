/* timer.c -- rounds of measurements, in a new order each. */
#include "core/run/timer.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/random.h"

enum { MIN_ROUNDS = 5, WARM = 10 };

double timer_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

TimerPlan timer_plan(void)
{
    return (TimerPlan){
        .number = 1, .repeat = 21, .min_repeat_ms = 2, .warmup = 1, .limit_s = 2, .seed = 1};
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
static int calibrate(const TimerPlan *plan, int which, TimerRun *run, void *env)
{
    int number = plan->number > 0 ? plan->number : 1, warmup = plan->warmup > 0 ? plan->warmup : 1;
    double least = plan->min_repeat_ms * 1e-3, cold = run(env, which, warmup);
    if (cold < 0)
        return -1;
    /* However much faster a run gets by being warm, it stays long enough. */
    if (cold / warmup * number > WARM * least)
        return number;
    while (least > 0) {
        double took = run(env, which, number);
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

int timer_measure(const TimerPlan *plan, int n, TimerRun *run, void *env, double *samples,
                  int *numbers)
{
    int repeat = plan->repeat > 0 ? plan->repeat : 11, round;
    uint64_t state = plan->seed;
    double start = timer_now();
    int *order = malloc(sizeof *order * (size_t)n);
    if (!order)
        return -1;
    for (int i = 0; i < n; i++) {
        order[i] = i;
        numbers[i] = calibrate(plan, i, run, env);
        if (numbers[i] < 0) {
            free(order);
            return -1;
        }
    }
    for (round = 0; round < repeat; round++) {
        if (round >= MIN_ROUNDS && plan->limit_s > 0 && timer_now() - start > plan->limit_s)
            break;
        shuffle(order, n, &state);
        for (int i = 0; i < n; i++) {
            int which = order[i];
            double took = run(env, which, numbers[which]);
            if (took < 0) {
                free(order);
                return -1;
            }
            samples[which * repeat + round] = took / numbers[which];
        }
    }
    free(order);
    return round;
}
