/* stats.c -- medians, spread, and the ratio of two with its interval. */
#include "core/run/stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MIN_ROUNDS = 5, MAX_LAG = 256 };

static int ascending(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

/* The value below which a share `p` of the sorted values lies. */
static double quantile(const double *sorted, int n, double p)
{
    double at = p * (n - 1);
    int i = (int)at;
    return i + 1 < n ? sorted[i] + (at - i) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

static double median_of(double *x, int n)
{
    qsort(x, (size_t)n, sizeof *x, ascending);
    return quantile(x, n, 0.5);
}

Stats stats_of(const double *x, int n)
{
    Stats s = {.n = n};
    double *v = malloc(sizeof *v * (size_t)n);
    if (n < 1 || !v) {
        free(v);
        return s;
    }
    memcpy(v, x, sizeof *v * (size_t)n);
    qsort(v, (size_t)n, sizeof *v, ascending);
    s.min = v[0];
    s.q1 = quantile(v, n, 0.25);
    s.median = quantile(v, n, 0.5);
    s.q3 = quantile(v, n, 0.75);
    s.max = v[n - 1];
    for (int i = 0; i < n; i++)
        s.mean += v[i] / n;
    for (int i = 0; i < n; i++)
        v[i] = fabs(v[i] - s.median);
    s.mad = median_of(v, n);
    free(v);
    return s;
}

/* The rounds' ratios in their order and, behind them, sorted; NULL without memory. */
static double *ratios_of(const double *a, const double *b, int n)
{
    double *r = n > 0 ? malloc(sizeof *r * (size_t)n * 2) : NULL;
    if (!r)
        return NULL;
    for (int i = 0; i < n; i++)
        r[i] = a[i] > 0 ? b[i] / a[i] : 1;
    memcpy(r + n, r, sizeof *r * (size_t)n);
    qsort(r + n, (size_t)n, sizeof *r, ascending);
    return r;
}

static int side(double x, double of)
{
    return (x > of) - (x < of);
}

/* How many rounds in a row say the same thing: 1 plus twice the sum of the correlations between the
** sides of the median on which rounds lie, up to the first lag that chance explains.  The count of
** rounds on one side varies so many times as much as if each spoke for itself. */
static double persistence(const double *x, int n, double median)
{
    double sum = 1, chance = 1 / sqrt(n);
    for (int lag = 1; lag < n / 3 && lag <= MAX_LAG; lag++) {
        int alike = 0;
        for (int i = lag; i < n; i++)
            alike += side(x[i], median) * side(x[i - lag], median);
        double correlation = (double)alike / n;
        /* Round their own median they look so much less alike than they are (Kendall 1954). */
        correlation += (1 + 3 * correlation) / n;
        if (correlation < chance)
            break;
        sum += 2 * correlation;
    }
    return sum;
}

/* The chance that most of `m` draws, an odd number, fall where each falls with chance p <= 1/2: the
** upper half of the binomial distribution, from its largest term on. */
static double most_draws(int m, double p)
{
    int i = (m + 1) / 2;
    double term = exp(lgamma(m + 1) - lgamma(i + 1) - lgamma(m - i + 1) + i * log(p) +
                      (m - i) * log1p(-p)),
           sum = term;
    for (; i < m && term > 1e-12 * sum; i++) {
        term *= (double)(m - i) / (i + 1) * p / (1 - p);
        sum += term;
    }
    return sum;
}

/* Where the bootstrap's interval begins among n sorted rounds, from 0; it ends as far from the
** last.  The median of m rounds drawn with replacement lies among the first k where most draws do,
** so nothing need be drawn.  m is n, or less where rounds say the same thing (m out of n).  The
** percentile of few rounds is farther out than 2.5 %, by Student's t and the variance that
** resampling gets too small: Hesterberg, "What Teachers Should Know About the Bootstrap" (2015). */
static int interval_begins(int n, double persistent)
{
    int m = (int)(n / persistent);
    m -= m % 2 == 0; /* odd, so that a median is a round's */
    if (m < 3)
        return 0;
    double free = m - 1, t = 1.96 + 2.37 / free + 2.82 / (free * free);
    double percentile = erfc(t * sqrt(m / free) / sqrt(2)) / 2;
    int k = 1, more = n / 2 + 1;
    while (k < more) {
        int middle = (k + more) / 2;
        if (most_draws(m, (double)middle / n) > percentile)
            more = middle;
        else
            k = middle + 1;
    }
    return k - 1;
}

/* Every round of one side was faster than all of the other's: of five, by chance once in 126 times,
** where the interval alone would need six. */
static bool apart(const double *a, const double *b, int n)
{
    Stats sa = stats_of(a, n), sb = stats_of(b, n);
    return sa.max < sb.min || sb.max < sa.min;
}

static Verdict verdict_of(const Comparison *c, double resolution)
{
    if (c->low > 1 + resolution / 2 && c->ratio - 1 > resolution)
        return VERDICT_A_FASTER;
    if (c->high < 1 - resolution / 2 && 1 / c->ratio - 1 > resolution)
        return VERDICT_B_FASTER;
    return VERDICT_SAME;
}

Comparison stats_compare(const double *a, const double *b, int n, double resolution)
{
    Comparison c = {.ratio = 1, .low = 0, .high = INFINITY, .verdict = VERDICT_UNKNOWN};
    double *ratio = ratios_of(a, b, n);
    if (!ratio)
        return c;
    const double *sorted = ratio + n;
    c.ratio = quantile(sorted, n, 0.5);
    if (n >= MIN_ROUNDS) {
        int outer = interval_begins(n, persistence(ratio, n, c.ratio));
        c.low = sorted[outer];
        c.high = sorted[n - 1 - outer];
        c.verdict = n > MIN_ROUNDS || apart(a, b, n) ? verdict_of(&c, resolution) : VERDICT_SAME;
    }
    free(ratio);
    return c;
}

double stats_disagreement(const double *a, const double *b, int n)
{
    double *ratio = ratios_of(a, b, n);
    if (!ratio)
        return 0;
    const double *sorted = ratio + n;
    double median = quantile(sorted, n, 0.5);
    double middle = quantile(sorted, n, 0.75) - quantile(sorted, n, 0.25);
    free(ratio);
    return median > 0 ? middle / median : 0;
}

double stats_width(const double *a, const double *b, int n)
{
    Comparison c = stats_compare(a, b, n, 0);
    return (c.high - c.low) / c.ratio;
}

/* Two digits behind the point while they say something. */
static const char *times_text(double ratio, char out[32])
{
    snprintf(out, 32, "%.*f", ratio < 10 ? 2 : ratio < 100 ? 1 : 0, ratio);
    return out;
}

const char *stats_verdict_text(const Comparison *c, char out[64])
{
    char times[32];
    switch (c->verdict) {
    case VERDICT_SAME: snprintf(out, 64, "no difference"); break;
    case VERDICT_A_FASTER: snprintf(out, 64, "%sx faster", times_text(c->ratio, times)); break;
    case VERDICT_UNKNOWN: snprintf(out, 64, "too few rounds"); break;
    case VERDICT_B_FASTER: snprintf(out, 64, "%sx slower", times_text(1 / c->ratio, times)); break;
    }
    return out;
}
