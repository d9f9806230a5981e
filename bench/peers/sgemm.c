/* sgemm.c -- a peer for `./dev bench`: C = A^T B in float32 by a library, timed on demand.
**
**      sgemm N SECONDS        the library is chosen when this is compiled
**
** For every line on standard input it warms up by one call, runs for at least SECONDS and answers
** the nanoseconds that one call takes on average. The caller so takes turns between this and what
** it compares.
*/
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#ifdef WITH_DNNL
#include <dnnl.h>
static void multiply(long n, const float *a, const float *b, float *c)
{
    dnnl_sgemm('T', 'N', n, n, n, 1, a, n, b, n, 0, c, n);
}
#else
#include <cblas.h>
static void multiply(long n, const float *a, const float *b, float *c)
{
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)n, (int)n, (int)n, 1, a, (int)n, b,
                (int)n, 0, c, (int)n);
}
#endif

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static float *matrix(long n)
{
    float *m = aligned_alloc(64, (size_t)(n * n) * sizeof *m);
    for (long i = 0; m && i < n * n; i++)
        m[i] = (float)(i * 2654435761u % 1000) / 1000 - 0.5f;
    return m;
}

int main(int argc, char **argv)
{
    long n = argc > 1 ? atol(argv[1]) : 1024;
    double least = (argc > 2 ? atof(argv[2]) : 0.05) * 1e9;
    float *a = matrix(n), *b = matrix(n), *c = matrix(n);
    char line[64];
    if (!a || !b || !c)
        return 1;
    while (fgets(line, sizeof line, stdin)) {
        multiply(n, a, b, c);
        double start = now();
        long calls = 0;
        do {
            multiply(n, a, b, c);
            calls++;
        } while (now() - start < least);
        printf("%.0f\n", (now() - start) / (double)calls);
        fflush(stdout);
    }
    return 0;
}
