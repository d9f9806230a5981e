/* stats.h -- what a handful of timings says, and what it does not say.
**
** Times are skewed and come with neighbours' noise, so all that is said of them is medians and
** quartiles.  Two are compared within the rounds that measured both: what slows the machine down
** for a round slows both, and their ratio stays.
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

/* How a compares with b, measured in the same rounds: a[i] and b[i] are neighbours in time, and so
** are rounds i and i + 1. */
typedef struct Comparison {
    double ratio; /* the median of the rounds' b[i] / a[i]: how many times a is faster */
    /* Its 95 % bootstrap interval: between these lie the medians of rounds drawn again, with
    ** replacement, from those that there were.  Where rounds in a row err to the same side, which
    ** noise that lasts makes them do, fewer are drawn, and the two lie farther out; not always far
    ** enough: where a round keeps four fifths of the last one's error, 21 hold it in 81 of 100. */
    double low, high;
    /* SAME where the interval comes within half the resolution of 1 or the ratio within all of it,
    ** and of five rounds also where one of the slower was as quick as any of the other; UNKNOWN of
    ** fewer */
    Verdict verdict;
} Comparison;

/* `resolution` is the relative difference below which nothing is claimed (0.01 is usual). */
Comparison stats_compare(const double *a, const double *b, int n, double resolution);

/* How far the rounds disagree: the middle half of b[i] / a[i], as a part of their median. */
double stats_disagreement(const double *a, const double *b, int n);

/* How wide the interval of stats_compare is, as a part of its ratio. */
double stats_width(const double *a, const double *b, int n);

/* "no difference", "1.21x faster", "1.08x slower", "too few rounds": of a against b. */
const char *stats_verdict_text(const Comparison *c, char out[64]);

#endif
