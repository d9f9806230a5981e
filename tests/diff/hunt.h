/* hunt.h -- running many trials, and planting mistakes to see whether they are found. */
#ifndef TESTS_DIFF_HUNT_H
#define TESTS_DIFF_HUNT_H

#include "tests/diff/diff.h"

typedef struct Options {
    long trials, only;
    uint64_t seed;
    double seconds, jit;
    const char *bytes, *mutant;
    bool mutants, ptxas, written;
} Options;

typedef struct Outcome {
    Counts counts;
    long trial; /* the last one begun */
    double seconds;
    Verdict verdict; /* on it */
} Outcome;

/* Trials until one fails, which gives false, or until the number or the time is spent. */
bool run_trials(const Options *o, Outcome *out, bool quiet);

/* Processor time of this process, the compiler and the runner, and of those that ended. */
double all_seconds(void);

/* Chooses a mistake by its name or number; the compiler and the runner, which start
** later, inherit it. */
bool mutant_plant(const char *name);
extern const char *const mutant_name[];
extern const int mutant_count;

/* Plants all in turn; the exit status. */
int run_mutants(const Options *o);

#endif
