/* stats.h -- what a handful of timings says, and what it does not say.
**
** Times are skewed and come with neighbours' noise, so all that is said of them is medians and
** quartiles; two are compared in the rounds that measured both, and a difference is claimed only
** where resampled rounds agree on it:
**
**      Comparison c = stats_compare(a, b, 21, 0.01);
**      stats_verdict_text(&c, text)          "1.21x faster", or "no difference"
*/
#ifndef CORE_RUN_STATS_H
#define CORE_RUN_STATS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct Stats {
    int n;
    double min, q1, median, q3, max; /* quartiles by linear interpolation, as numpy's default */
    double mean;
    double mad; /* median |x - median|; times 1.4826 it estimates sigma where noise is normal */
} Stats;

/* Of `n` >= 1 values, in any order; `x` is left as it is. */
Stats stats_of(const double *x, int n);

typedef enum Verdict { VERDICT_SAME, VERDICT_A_FASTER, VERDICT_B_FASTER, VERDICT_UNKNOWN } Verdict;

/* How a compares with b, measured in the same rounds: a[i] and b[i] are neighbours in time. */
typedef struct Comparison {
    double ratio;     /* median(b) / median(a): how many times a is faster */
    double low, high; /* its 95 % interval, by resampling rounds (bootstrap, percentiles) */
    /* SAME where the interval holds 1, the ratio is within the resolution of it, or the rounds
    ** disagree about who is faster (sign test, 5 %; or no round of one was as slow as any of the
    ** other); UNKNOWN of fewer than 5 rounds */
    Verdict verdict;
} Comparison;

/* `resolution` is the relative difference below which nothing is claimed (0.01 is usual).  The
** resampling is seeded, so the same samples always give the same answer. */
Comparison stats_compare(const double *a, const double *b, int n, double resolution);

/* "no difference", "1.21x faster", "1.08x slower", "too few rounds": of a against b. */
const char *stats_verdict_text(const Comparison *c, char out[64]);

#endif
