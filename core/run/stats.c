/* stats.c -- medians, spread, and a bootstrap that resamples whole rounds. */
#include "core/run/stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/random.h"

enum { RESAMPLES = 2000, MIN_ROUNDS = 5, MAX_SAMPLES = 4096 };

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

/* Ratios of medians over resampled rounds, sorted; `work` holds 2 n values. */
static void bootstrap(const double *a, const double *b, int n, double *work, double *ratios)
{
    uint64_t state = 12345;
    double *x = work, *y = work + n;
    for (int k = 0; k < RESAMPLES; k++) {
        for (int i = 0; i < n; i++) {
            uint64_t pick = (random_next(&state) >> 16) % (uint64_t)n;
            x[i] = a[pick];
            y[i] = b[pick];
        }
        double below = median_of(x, n);
        ratios[k] = below > 0 ? median_of(y, n) / below : 1;
    }
    qsort(ratios, RESAMPLES, sizeof *ratios, ascending);
}

/* How probable is it that one side wins at least as many rounds as it did, if either is as likely
** to win each (two-sided)?  Exact for any noise, where the bootstrap is too sure of few rounds. */
static double sign_test(const double *a, const double *b, int n)
{
    int wins = 0, rounds = 0;
    for (int i = 0; i < n; i++) {
        wins += a[i] < b[i];
        rounds += a[i] != b[i];
    }
    if (wins * 2 < rounds)
        wins = rounds - wins;
    double tail = 0;
    for (int k = wins; k <= rounds; k++)
        tail += exp(lgamma(rounds + 1.0) - lgamma(k + 1.0) - lgamma(rounds - k + 1.0) -
                    rounds * 0.6931471805599453);
    return tail > 0.5 ? 1 : 2 * tail;
}

/* Every round of one side was faster than all of the other's: of five, by chance once in 126 times,
** where the sign test alone needs six. */
static bool apart(const double *a, const double *b, int n)
{
    Stats sa = stats_of(a, n), sb = stats_of(b, n);
    return sa.max < sb.min || sb.max < sa.min;
}

Comparison stats_compare(const double *a, const double *b, int n, double resolution)
{
    Comparison c = {.ratio = 1, .low = 0, .high = INFINITY, .verdict = VERDICT_SAME};
    double ma = stats_of(a, n).median, mb = stats_of(b, n).median;
    if (ma > 0)
        c.ratio = mb / ma;
    double *work = malloc(sizeof *work * ((size_t)n * 2 + RESAMPLES));
    if (n < MIN_ROUNDS || n > MAX_SAMPLES || !work) {
        free(work);
        c.verdict = VERDICT_UNKNOWN;
        return c;
    }
    double *ratios = work + 2 * n;
    bootstrap(a, b, n, work, ratios);
    c.low = quantile(ratios, RESAMPLES, 0.025);
    c.high = quantile(ratios, RESAMPLES, 0.975);
    free(work);
    if (sign_test(a, b, n) > 0.05 && !apart(a, b, n))
        return c;
    if (c.low > 1 && c.ratio - 1 > resolution)
        c.verdict = VERDICT_A_FASTER;
    else if (c.high < 1 && 1 / c.ratio - 1 > resolution)
        c.verdict = VERDICT_B_FASTER;
    return c;
}

const char *stats_verdict_text(const Comparison *c, char out[64])
{
    switch (c->verdict) {
    case VERDICT_SAME: snprintf(out, 64, "no difference"); break;
    case VERDICT_A_FASTER: snprintf(out, 64, "%.2fx faster", c->ratio); break;
    case VERDICT_UNKNOWN: snprintf(out, 64, "too few rounds"); break;
    case VERDICT_B_FASTER: snprintf(out, 64, "%.2fx slower", 1 / c->ratio); break;
    }
    return out;
}
