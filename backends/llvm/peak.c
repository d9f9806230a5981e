/* peak.c -- the peak is a program like any other, compiled and timed like any other. */
#include "backends/llvm/peak.h"

#include <math.h>

#include "backends/exec.h"
#include "backends/llvm/llvm.h"
#include "backends/llvm/options.h"
#include "core/base/progress.h"
#include "core/ir/parse.h"

/* A run is shorter than the slice of time after which another program takes a busy core. */
enum { STEPS = 50000, ROUNDS = 400, TRIES = 5 };
#define TRY_S 0.25

/* The part of one core's peak that each of several is expected to reach, and the part of its time
** that a measurement may wait without being in doubt. */
#define PLAUSIBLE 0.9
#define WAITED    0.05

typedef struct Shape {
    int accumulators, lanes;
    const char *update;
} Shape;

/* As many accumulators as registers can hold beside the factors.  Each step multiplies: a product
** of the factors alone would be computed before the loop. */
static Shape shape_for(DType t)
{
    LlvmMachine m = llvm_machine();
    return (Shape){(int)m.registers * 3 / 4, (int)m.vector_bytes / (int)dtype_bytes(t),
                   m.fma ? "T[i, j] fma= B[j] * B[j]" : "T[i, j] = T[i, j] * B[j] + B[j]"};
}

/* The factors are below 1, so that the sums converge and no number becomes slow to handle. */
static const Node *program(Arena *A, DType t, Shape s, int threads, Err *err)
{
    const char *type = dtype_name(t);
    int n = s.accumulators, w = s.lanes;
    return ir_parse_func(A,
                         arena_printf(A,
                                      "func peak(A: %s[%d, %d], B: %s[%d]) -> C: %s[%d, %d, %d]:\n"
                                      "  for t in %s(%d):\n"
                                      "    alloc T: %s[%d, %d] local\n"
                                      "    for i in unrolled(%d):\n      for j in vectorized(%d):\n"
                                      "        T[i, j] = A[i, j]\n"
                                      "    for k in range(%d):\n      for i in unrolled(%d):\n"
                                      "        for j in vectorized(%d):\n          %s\n"
                                      "    for i in unrolled(%d):\n      for j in vectorized(%d):\n"
                                      "        C[t, i, j] = T[i, j]\n",
                                      type, n, w, type, w, type, threads, n, w,
                                      threads > 1 ? "parallel" : "range", threads, type, n, w, n, w,
                                      STEPS, n, w, s.update, n, w),
                         err);
}

static double measure(DType t, int threads, double *waited, Err *err)
{
    Arena *A = arena_scratch(NULL);
    Shape s = shape_for(t);
    double samples[ROUNDS], best = 0, flop = 2.0 * STEPS * s.accumulators * s.lanes * threads;
    int rounds = 0;
    int64_t shape[] = {threads, s.accumulators, s.lanes};
    Tensor *tensors[] = {tensor_new(t, 2, shape + 1, err), tensor_new(t, 1, shape + 2, err),
                         tensor_new(t, 3, shape, err)};
    const Node *func = program(A, t, s, threads, err);
    Kernel *k = func ? llvm_backend.compile(func, "llvm", err) : NULL;
    if (k && tensors[0] && tensors[1] && tensors[2]) {
        ExecCall call = {.kernel = k, .args = tensors};
        ExecJob job = {.calls = &call, .ncalls = 1, .threads = threads};
        TimerPlan plan = {.number = 1, .repeat = ROUNDS, .warmup = 2, .limit_s = TRY_S};
        if (exec_time(&job, 1, &plan, samples, &rounds, waited, err))
            for (int i = 0; i < rounds; i++)
                best = flop / samples[i] > best ? flop / samples[i] : best;
    }
    kernel_release(k);
    for (int i = 0; i < 3; i++)
        tensor_release(tensors[i]);
    arena_release(A);
    return best / 1e9;
}

void peak_note(PeakBook *book, int threads, double gflops, double waited)
{
    double *highest = &book->highest[threads], *least = &book->waited[threads];
    *least = *highest > 0 ? fmin(*least, waited) : waited;
    *highest = fmax(*highest, gflops);
}

static double gflops_known(const PeakBook *book, int threads)
{
    double gflops = 0;
    for (int n = 1; n <= PEAK_MAX_THREADS; n++)
        gflops = fmax(gflops, book->highest[n] * (n > threads ? (double)threads / n : 1));
    return gflops;
}

bool peak_plausible(const PeakBook *book, int threads)
{
    return gflops_known(book, threads) >= PLAUSIBLE * threads * gflops_known(book, 1);
}

Peak peak_known(const PeakBook *book, int threads)
{
    double waited = book->waited[threads];
    bool doubtful = waited >= WAITED && !peak_plausible(book, threads);
    return (Peak){gflops_known(book, threads), doubtful ? waited : 0};
}

Peak llvm_peak(DType t, int threads, bool again, Err *err)
{
    static PeakBook books[DT_COUNT];
    PeakBook *book = &books[t];
    bool first = book->highest[threads] == 0;
    if (threads > 1 && (first || again) && llvm_peak(t, 1, again, err).gflops == 0)
        return (Peak){0};
    int tries = first ? TRIES : again || peak_known(book, threads).waited > 0;
    for (int i = 0; i < tries && (i == 0 || !peak_plausible(book, threads)); i++) {
        progress_say(PROGRESS_PHASE, "measuring what %d core%s can do", threads,
                     threads == 1 ? "" : "s");
        progress_expect((tries - i) * TRY_S);
        double waited = 0, gflops = measure(t, threads, &waited, err);
        if (gflops > 0)
            peak_note(book, threads, gflops, waited);
        else if (first && i == 0)
            return (Peak){0};
    }
    progress_done(PROGRESS_PHASE);
    return peak_known(book, threads);
}
