/* runner.c -- the process that calls kernels: `tvmrepl --runner`.
**
** It holds no IR, no Lua and no LLVM: a socket that brings the shared memory once,
** the board with one job at a time, and what kernels need.  Whatever goes wrong in a
** kernel ends only this process.
*/
#include "backends/worker/runner.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

#include "backends/worker/futex.h"
#include "backends/worker/imports.h"
#include "backends/worker/runner_memory.h"
#include "backends/worker/threads.h"
#include "core/run/frame.h"
#include "core/run/runtime.h"
#include "core/run/cpu_time.h"
#include "core/run/timer.h"

static Board *board;
static Runtime runtime;

static int32_t run_parallel(void *ctx, ParallelBody *body, void *env, int64_t n)
{
    (void)ctx;
    return threads_parallel(body, env, n, runtime.cancel);
}

static int32_t report_oob(void *ctx, int32_t access, int32_t dim, int64_t index)
{
    (void)ctx;
    int32_t none = -1;
    if (__atomic_compare_exchange_n(&board->oob_access, &none, access, false, __ATOMIC_RELAXED,
                                    __ATOMIC_RELAXED)) {
        board->oob_dim = dim;
        board->oob_index = index;
    }
    return RT_OUT_OF_BOUNDS;
}

/* The job as the kernels need it: pointers instead of offsets. */
typedef struct Job {
    const BoardCall *calls; /* a copy: nobody changes it while it runs */
    void **args;
    const BoardRange *candidates;
} Job;

/* Calls kernel `i`; 0 or what the kernel gave. */
static int32_t call_one(const Job *job, uint32_t i)
{
    const BoardCall *c = &job->calls[i];
    atomic_store_explicit(&board->current, i, memory_order_relaxed);
    KernelFn *kernel = (KernelFn *)(uintptr_t)c->entry;
    int32_t r = kernel(job->args + c->first_arg, NULL, &runtime);
    memory_reclaim();
    return r;
}

static bool run_range(const Job *job, BoardRange range, double *seconds)
{
    for (uint32_t i = range.first; i < range.first + range.ncalls; i++) {
        double start = seconds ? timer_now() : 0;
        int32_t r = call_one(job, i);
        if (seconds)
            seconds[i] = timer_now() - start;
        if (r == RT_OK && *runtime.cancel)
            r = RT_CANCELLED;
        if (r != RT_OK) {
            board->result = r;
            return false;
        }
    }
    return true;
}

/* The seconds that `number` runs of a candidate take; negative if one stopped. */
static double time_candidate(const Job *job, int which, int number)
{
    double start = timer_now();
    for (int i = 0; i < number; i++) {
        if (!run_range(job, job->candidates[which], NULL))
            return -1;
        atomic_fetch_add_explicit(&board->heartbeat, 1, memory_order_relaxed);
    }
    return timer_now() - start;
}

/* How often a core was taken from this process. */
static long interruptions(void)
{
    struct rusage use = {0};
    getrusage(RUSAGE_SELF, &use);
    return use.ru_nivcsw;
}

/* A measurement, and what its threads had of the processors before it. */
typedef struct Measurement {
    const Job *job;
    CpuTime before;
} Measurement;

/* The part of a measurement spent waiting for others that tells a busy machine. */
#define BUSY 0.05

static bool disturbed(void *env)
{
    return cpu_time_waited(((Measurement *)env)->before, cpu_time()) > BUSY;
}

/* A short measurement during which somebody else had the core says more about him than about the
** kernel: it is made again, a few times.  A long one meets the others whatever one does. */
static double run_candidate(void *env, int which, int number)
{
    enum { TRIES = 4 };
    const double short_s = 0.01;
    double best = INFINITY;
    for (int i = 0; i < TRIES; i++) {
        long before = interruptions();
        double took = time_candidate(((Measurement *)env)->job, which, number);
        if (took < best)
            best = took;
        if (took < 0 || took > short_s || interruptions() == before)
            break;
    }
    return best;
}

static BoardState measure(const Job *job)
{
    TimerPlan plan = {.number = board->number,
                      .repeat = board->repeat,
                      .most = board->most,
                      .warmup = board->warmup,
                      .min_repeat_ms = board->min_repeat_ms,
                      .limit_s = board->limit_s,
                      .seed = board->seed};
    int n = (int)board->ncandidates;
    double *samples = board_array(board, board->samples_at);
    int *numbers = malloc(sizeof *numbers * (size_t)n);
    if (!numbers) {
        board->fault.value = ENOMEM;
        return BOARD_REFUSED;
    }
    Measurement m = {job, cpu_time()};
    TimerPlace here = {.run = run_candidate, .disturbed = disturbed, .env = &m};
    board->rounds = timer_measure(&plan, n, &here, samples, numbers);
    board->waited = cpu_time_waited(m.before, cpu_time());
    free(numbers);
    return board->rounds < 0 ? BOARD_RESULT : BOARD_DONE;
}

static BoardState run_once(const Job *job)
{
    BoardCall *calls = board_array(board, board->calls_at);
    double *seconds = malloc(sizeof *seconds * (board->ncalls ? board->ncalls : 1));
    if (!seconds) {
        board->fault.value = ENOMEM;
        return BOARD_REFUSED;
    }
    bool ok = run_range(job, (BoardRange){0, board->ncalls}, seconds);
    for (uint32_t i = 0; ok && i < board->ncalls; i++)
        calls[i].seconds = seconds[i];
    free(seconds);
    return ok ? BOARD_DONE : BOARD_RESULT;
}

static BoardState do_job(void)
{
    int refused = memory_map_job(board_array(board, board->slots_at), board->nslots);
    void **args = malloc(sizeof *args * (board->nargs ? board->nargs : 1));
    if (refused || !args) {
        free(args);
        board->fault.value = refused ? refused : ENOMEM;
        return BOARD_REFUSED;
    }
    const BoardArg *at = board_array(board, board->args_at);
    for (uint32_t i = 0; i < board->nargs; i++)
        args[i] = memory_at(at[i]);
    Job job = {board_array(board, board->calls_at), args, board_array(board, board->candidates_at)};
    threads_limit(board->threads);
    board->oob_access = -1;
    BoardState state = board->measure ? measure(&job) : run_once(&job);
    free(args);
    return state;
}

/* A session that ended before this process asked to be told so left its end of the
** socket closed. */
static bool session_gone(void)
{
    struct pollfd p = {.fd = WORKER_SOCKET, .events = POLLRDHUP};
    return poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLRDHUP | POLLERR));
}

/* Until the session asks for the next job. */
static void wait_for_request(uint32_t seen)
{
    static Patience patience;
    if (!patience_look(&patience, &board->request, seen, &board->session_core))
        while (atomic_load_explicit(&board->request, memory_order_acquire) == seen) {
            atomic_store(&board->runner_asleep, 1);
            futex_wait(&board->request, seen, 30);
            atomic_store(&board->runner_asleep, 0);
            if (atomic_load(&board->request) == seen && session_gone())
                _exit(0);
        }
    patience_learn(&patience);
}

static void serve(void)
{
    uint32_t seen = atomic_load(&board->reply);
    for (;;) {
        wait_for_request(seen);
        seen = atomic_load(&board->request);
        atomic_store_explicit(&board->runner_core, sched_getcpu(), memory_order_relaxed);
        atomic_store(&board->state, BOARD_RUNNING);
        BoardState state = do_job();
        atomic_store(&board->state, (int32_t)state);
        atomic_store(&board->reply, seen);
        if (atomic_load(&board->session_asleep))
            futex_wake(&board->reply);
    }
}

/* Maps window, board and pool as the greeting says; 0 or an errno. */
static int open_shared(const Frame *hello)
{
    FrameReader r = frame_read(hello);
    uint64_t pool_bytes = frame_u64(&r);
    if (!frame_done(&r) || hello->nfiles != 3)
        return EPROTO;
    board = mmap(NULL, BOARD_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, hello->files[1], 0);
    if (board == MAP_FAILED)
        return errno;
    void *window = mmap((void *)(uintptr_t)WINDOW_BASE, WINDOW_BYTES, PROT_READ | PROT_EXEC,
                        MAP_SHARED | MAP_FIXED_NOREPLACE, hello->files[0], 0);
    if (window == MAP_FAILED)
        return errno;
    return memory_open(hello->files[2], (int64_t)pool_bytes);
}

int runner_main(const WorkerHooks *hooks)
{
    Arena *A = arena_new(NULL);
    Frame hello;
    int failed = EPROTO;
    if (frame_receive(WORKER_SOCKET, A, -1, false, &hello) == FRAME_OK && hello.kind == MSG_HELLO)
        failed = open_shared(&hello);
    if (!failed)
        failed = imports_fill_table(hooks);
    arena_release(A);
    if (failed) {
        fprintf(stderr, "cannot map memory: %s\n", strerror(failed));
        return 4;
    }
    runtime = (Runtime){.cancel = &board->cancel,
                        .alloc = memory_alloc,
                        .release = memory_release,
                        .parallel = run_parallel,
                        .oob = report_oob};
    threads_begin = fault_stack;
    fault_install(board);
    serve();
    return 0;
}
