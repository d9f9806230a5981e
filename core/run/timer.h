/* timer.h -- measuring one thing, or several against each other.
**
** number, repeat and min_repeat_ms mean what they mean in TVM's time_evaluator: one measurement
** runs the function `number` times and divides; `repeat` measurements are made; and where one would
** take less than min_repeat_ms, number is raised until it does not.
**
** Several candidates are measured in rounds: each round measures every candidate once, in an order
** drawn anew, so that a machine that slows down or speeds up meets all of them alike.
**
** The rounds are made in three spells.  Noise that lasts longer than a spell (another program, a
** neighbour on the same core) shows within none of them; so where a machine seems to be unsteady,
** rounds that do not count are made between them, and each spell meets another moment.  Where they
** disagree, or the interval that comes of them is wide, more follow: it could tell no difference
** from a large one.  What is asked is how wide it is, never where it lies, for that would be
** looking for a difference until there is one.
*/
#ifndef CORE_RUN_TIMER_H
#define CORE_RUN_TIMER_H

#include <stdbool.h>
#include <stdint.h>

typedef struct TimerPlan {
    int number;           /* runs in one measurement, at least; 0 is 1 */
    int repeat;           /* measurements, so rounds; 0 is 11 */
    int most;             /* rounds where those leave it open; 0: no more */
    double min_repeat_ms; /* of one measurement; 0 for no minimum */
    int warmup;           /* runs before anything is measured; at least 1 is made */
    double limit_s;       /* rounds stop after this time, once 5 are made; 0 for no limit */
    uint64_t seed;        /* of the order in the rounds */
} TimerPlan;

/* A plan that suits a prompt: 21 rounds of at least 2 ms, 63 where these leave it open, at most
** about 2 s. */
TimerPlan timer_plan(void);

/* How many rounds the plan may make, so samples of each candidate. */
int timer_room(const TimerPlan *plan);

/* What a measurement asks of the place that it is made in. */
typedef struct TimerPlace {
    /* Runs candidate `which` `number` times and gives the seconds it took in all; negative to stop.
     */
    double (*run)(void *env, int which, int number);
    /* Have others had the processors since the measurement began?  NULL: not known. */
    bool (*disturbed)(void *env);
    double (*now)(void *env); /* NULL: timer_now */
    void *env;
} TimerPlace;

/* Measures `n` candidates; samples[which * timer_room(plan) + round] is in seconds for one run.
** Gives the number of rounds made, or -1 if a run stopped it. */
int timer_measure(const TimerPlan *plan, int n, const TimerPlace *place, double *samples,
                  int *numbers);

/* Monotonic time in seconds. */
double timer_now(void);

#endif
