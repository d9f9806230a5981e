/* exec_run.c -- jobs: laid out on the board, handed to the runner, watched until they end. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/exec_state.h"
#include "backends/worker/futex.h"
#include "core/base/cancel.h"
#include "core/base/progress.h"
#include "core/base/vec.h"
#include "core/run/pool.h"
#include "core/run/runtime.h"
#include "core/run/storage.h"

#define DEADLINE_S 10.0
#define GRACE_S    0.03 /* for a kernel that was asked to stop */
#define SLICE_S    0.01 /* between looks at whether the runner lives */

/* A job while it is laid out.  Arrays grow in the arena and are then copied to the board. */
typedef struct Layout {
    Arena *A;
    VEC(BoardSlot) slots;
    VEC(BoardCall) calls;
    VEC(BoardArg) args;
    VEC(BoardRange) candidates;
    VEC(Storage *) written; /* of results, to be looked at afterwards */
} Layout;

static void release_tensor(void *t)
{
    tensor_release(t);
}

/* The tensor as a kernel can have it: dense, aligned, in the pool. */
static const Tensor *presentable(Layout *l, Tensor *t, bool written, Err *err)
{
    bool aligned = t->offset % RT_ALIGN == 0;
    if (!written && (!tensor_is_dense(t) || !aligned)) {
        t = tensor_copy(t, err);
        if (!t)
            return NULL;
        arena_own(l->A, t, release_tensor);
    } else if (!tensor_is_dense(t) || !aligned) {
        return FAIL(err, kernel_result, NULL);
    }
    return storage_to_pool(t->storage, err) ? t : NULL;
}

static bool add_arg(Layout *l, const KernelParam *p, Tensor *given, Err *err)
{
    const Tensor *t = presentable(l, given, p->written, err);
    if (!t)
        return false;
    const Slot *slot = &t->storage->slot;
    vec_push(l->A, &l->slots, ((BoardSlot){slot->page, slot->span, p->written}));
    vec_push(l->A, &l->args, slot->offset + t->offset);
    if (p->written) {
        vec_push(l->A, &l->written, t->storage);
        given->fp_known = false;
    }
    return true;
}

static bool check_call(Arena *A, const ExecCall *c, Err *err)
{
    const Kernel *k = c->kernel;
    int given = 0;
    while (given < k->nparams && c->args[given])
        given++;
    if (given < k->nparams) {
        Buf b = buf_new(A);
        for (int i = 0; i < k->nparams; i++)
            buf_printf(&b, "%s%s", i ? ", " : "", k->params[i].name);
        return REFUSE(err, kernel_args, NULL, k->name, k->nparams, plural(k->nparams), buf_str(&b),
                      given);
    }
    if (!k->call && k->code != exec_state.window_age)
        return REFUSE(err, kernel_stale, NULL, k->name);
    return true;
}

static bool add_call(Layout *l, const ExecCall *c, Err *err)
{
    const Kernel *k = c->kernel;
    if (!check_call(l->A, c, err))
        return false;
    BoardCall call = {
        .entry = k->address, .first_arg = (uint32_t)l->args.n, .nargs = (uint32_t)k->nparams};
    for (int i = 0; i < k->nparams; i++)
        if (!add_arg(l, &k->params[i], c->args[i], err))
            return false;
    vec_push(l->A, &l->calls, call);
    return true;
}

static int by_page(const void *x, const void *y)
{
    const BoardSlot *a = x, *b = y;
    return (a->page > b->page) - (a->page < b->page);
}

/* Each slot once, writable if anything in the job writes it. */
static void merge_slots(Layout *l)
{
    size_t n = 0;
    if (l->slots.n)
        qsort(l->slots.at, l->slots.n, sizeof *l->slots.at, by_page);
    for (size_t i = 0; i < l->slots.n; i++) {
        if (n > 0 && l->slots.at[n - 1].page == l->slots.at[i].page)
            l->slots.at[n - 1].writable |= l->slots.at[i].writable;
        else
            l->slots.at[n++] = l->slots.at[i];
    }
    l->slots.n = n;
}

static bool lay_out(Layout *l, const ExecJob *jobs, int njobs, Err *err)
{
    for (int j = 0; j < njobs; j++) {
        vec_push(l->A, &l->candidates,
                 ((BoardRange){(uint32_t)l->calls.n, (uint32_t)jobs[j].ncalls}));
        for (int i = 0; i < jobs[j].ncalls; i++)
            if (!add_call(l, &jobs[j].calls[i], err))
                return false;
    }
    merge_slots(l);
    return true;
}

/* Copies one array to the board and moves `top` behind it. */
static uint64_t place(uint64_t *top, const void *data, size_t bytes)
{
    uint64_t at = *top;
    *top += (bytes + 63) / 64 * 64;
    if (data && bytes && *top <= BOARD_BYTES)
        memcpy(board_array(exec_state.board, at), data, bytes);
    return at;
}

#define PLACE(top, v) place(&(top), (v).at, (v).n * sizeof *(v).at)

static bool write_board(const Layout *l, const ExecJob *job, const TimerPlan *plan, Err *err)
{
    Board *b = exec_state.board;
    uint64_t top = (sizeof *b + 63) / 64 * 64;
    b->slots_at = PLACE(top, l->slots);
    b->calls_at = PLACE(top, l->calls);
    b->args_at = PLACE(top, l->args);
    b->candidates_at = PLACE(top, l->candidates);
    size_t samples = plan ? l->candidates.n * (size_t)timer_room(plan) * sizeof(double) : 0;
    b->samples_at = place(&top, NULL, samples);
    if (top > BOARD_BYTES)
        return REFUSE(err, runner_failed, NULL, "cannot take a job as large as this");
    b->nslots = (uint32_t)l->slots.n;
    b->ncalls = (uint32_t)l->calls.n;
    b->nargs = (uint32_t)l->args.n;
    b->ncandidates = (uint32_t)l->candidates.n;
    b->threads = job->threads;
    b->measure = plan != NULL;
    if (plan) {
        b->number = plan->number;
        b->repeat = plan->repeat;
        b->most = plan->most;
        b->warmup = plan->warmup;
        b->min_repeat_ms = plan->min_repeat_ms;
        b->limit_s = plan->limit_s;
        b->seed = plan->seed;
    }
    b->cancel = 0;
    b->result = 0;
    return true;
}

typedef enum Ending { ENDED, ENDED_LATE, ENDED_STOPPED, ENDED_GONE } Ending;

static bool replied(uint32_t number)
{
    return atomic_load_explicit(&exec_state.board->reply, memory_order_acquire) == number;
}

/* Sleeps until the reply comes or the time is over. */
static void sleep_for_reply(uint32_t number, double seconds)
{
    Board *b = exec_state.board;
    atomic_store(&b->session_asleep, 1);
    uint32_t seen = atomic_load(&b->reply);
    if (seen != number)
        futex_wait(&b->reply, seen, seconds);
    atomic_store(&b->session_asleep, 0);
}

/* The deadline begins again with each run that a measurement completes. */
static Ending wait_for_reply(uint32_t number, double deadline)
{
    Board *b = exec_state.board;
    uint32_t beat = atomic_load(&b->heartbeat);
    double start = timer_now();
    for (;;) {
        sleep_for_reply(number, SLICE_S);
        if (replied(number))
            return ENDED;
        if (cancel_asked())
            return ENDED_STOPPED;
        progress_tick();
        if (!process_alive(&exec_state.runner))
            return replied(number) ? ENDED : ENDED_GONE;
        uint32_t now = atomic_load(&b->heartbeat);
        if (now != beat) {
            beat = now;
            start = timer_now();
        }
        if (timer_now() - start > deadline)
            return ENDED_LATE;
    }
}

/* Asks the kernel to stop; if it does not hear, ends its process. */
static void stop_runner(uint32_t number)
{
    double until = timer_now() + GRACE_S;
    __atomic_store_n(&exec_state.board->cancel, 1, __ATOMIC_RELAXED);
    while (!replied(number) && timer_now() < until)
        sleep_for_reply(number, GRACE_S / 4);
    if (!replied(number)) {
        process_kill(&exec_state.runner);
        exec_need_runner(NULL);
    }
}

/* How the runner ended with a job, and at which call. */
typedef struct Outcome {
    Ending end;
    uint32_t current;
} Outcome;

static Outcome run_board(double deadline, bool measure)
{
    static Patience patience;
    Board *b = exec_state.board;
    uint32_t number = atomic_load(&b->request) + 1, before = atomic_load(&b->reply);
    atomic_store_explicit(&b->session_core, sched_getcpu(), memory_order_relaxed);
    atomic_store(&b->request, number);
    if (atomic_load(&b->runner_asleep))
        futex_wake(&b->request);
    /* While a measurement runs this process must not take a core from it. */
    bool there =
        !measure && patience_look(&patience, &b->reply, before, &b->runner_core) && replied(number);
    Ending end = there ? ENDED : wait_for_reply(number, deadline);
    if (!measure)
        patience_learn(&patience);
    Outcome out = {end, atomic_load(&b->current)};
    if (end == ENDED_LATE || end == ENDED_STOPPED)
        stop_runner(number);
    return out;
}

const ExecCall *exec_call_at(const ExecJob *jobs, int njobs, uint32_t number)
{
    for (int j = 0; j < njobs; j++) {
        if (number < (uint32_t)jobs[j].ncalls)
            return &jobs[j].calls[number];
        number -= (uint32_t)jobs[j].ncalls;
    }
    return NULL;
}

static const char *running_name(const ExecJob *jobs, int njobs, uint32_t current)
{
    const ExecCall *c = exec_call_at(jobs, njobs, current);
    return c ? c->kernel->name : "the job";
}

static bool explain_result(const ExecJob *jobs, int njobs, Err *err)
{
    const Board *b = exec_state.board;
    const ExecCall *call = exec_call_at(jobs, njobs, atomic_load(&b->current));
    const char *name = running_name(jobs, njobs, atomic_load(&b->current));
    if (b->result == RT_OUT_OF_BOUNDS && call && call->kernel->outside)
        return call->kernel->outside(call->kernel, b->oob_access, b->oob_dim, b->oob_index, err);
    if (b->result == RT_OUT_OF_BOUNDS)
        return REFUSE(err, kernel_index, NULL, name, b->oob_access, (long long)b->oob_index,
                      b->oob_dim);
    if (b->result == RT_CANCELLED)
        return REFUSE(err, interrupted, NULL);
    return REFUSE(err, kernel_assert, NULL, b->result, name);
}

/* The runner ended without a word: killed from outside, or the kernel left by exit. */
static bool runner_gone(const ExecJob *jobs, int njobs, uint32_t current, Err *err)
{
    char why[512], text[640];
    process_reap(&exec_state.runner, 0.2);
    snprintf(text, sizeof text, "%s while it ran %.100s", process_epitaph(&exec_state.runner, why),
             running_name(jobs, njobs, current));
    exec_need_runner(NULL);
    return REFUSE(err, runner_failed, NULL, text);
}

static bool judge(Outcome out, double deadline, const ExecJob *jobs, int njobs, Err *err)
{
    Board *b = exec_state.board;
    Ending end = out.end;
    uint32_t current = out.current;
    BoardState state = (BoardState)atomic_load(&b->state);
    if (end == ENDED_STOPPED)
        return REFUSE(err, interrupted, NULL);
    if (end == ENDED_LATE)
        return REFUSE(err, kernel_timeout, NULL, running_name(jobs, njobs, current), deadline);
    if (end == ENDED_GONE)
        return runner_gone(jobs, njobs, current, err);
    switch (state) {
    case BOARD_DONE: return true;
    case BOARD_RESULT: return explain_result(jobs, njobs, err);
    case BOARD_FAULT:
    case BOARD_NO_MEMORY:
        process_reap(&exec_state.runner, 0.2);
        if (state == BOARD_FAULT)
            exec_explain_fault(jobs, njobs, err);
        else
            REFUSE(err, kernel_no_memory, NULL, running_name(jobs, njobs, current), "a temporary",
                   (double)b->fault.value / (1 << 20));
        exec_need_runner(NULL);
        return false;
    case BOARD_REFUSED: {
        char why[128];
        snprintf(why, sizeof why, "cannot map the job's tensors: %s",
                 strerror((int)b->fault.value));
        return REFUSE(err, runner_failed, NULL, why);
    }
    default:
        return REFUSE(err, runner_failed, NULL, "answered with something that is not an answer");
    }
}

/* Results that live on the heap were written in their copy in the pool. */
static void bring_home(const Layout *l)
{
    for (size_t i = 0; i < l->written.n; i++) {
        Storage *s = l->written.at[i];
        if (s->kind == STORAGE_HEAP)
            memcpy(s->data, pool_data(&s->slot), (size_t)s->bytes);
    }
}

static double limit_of_all; /* seconds; 0: each job has its own */

double exec_limit_runs(double seconds)
{
    double before = limit_of_all;
    limit_of_all = seconds;
    return before;
}

static bool run_native(Arena *A, const ExecJob *jobs, int njobs, const TimerPlan *plan, Err *err)
{
    Layout l = {.A = A};
    double deadline = 0;
    for (int j = 0; j < njobs; j++) {
        double own = jobs[j].deadline_s > 0 ? jobs[j].deadline_s : DEADLINE_S;
        deadline = own > deadline ? own : deadline;
    }
    if (limit_of_all > 0)
        deadline = limit_of_all;
    if (cancel_poll(err) || !exec_need_runner(err) || !lay_out(&l, jobs, njobs, err) ||
        !write_board(&l, &jobs[0], plan, err))
        return false;
    Outcome out = run_board(deadline, plan != NULL);
    bool ok = judge(out, deadline, jobs, njobs, err);
    if (exec_explain_damage(jobs, njobs, ok ? err : NULL))
        ok = false;
    if (ok)
        bring_home(&l);
    for (size_t i = 0; i < l.written.n; i++)
        if (l.written.at[i]->kind == STORAGE_HEAP)
            storage_touch(l.written.at[i]);
    return ok;
}

static bool is_native(const ExecJob *job)
{
    for (int i = 0; i < job->ncalls; i++)
        if (job->calls[i].kernel->call)
            return false;
    return true;
}

/* Calls some of which run in this process, one after another. */
static bool run_mixed(const ExecJob *job, double *seconds, Err *err)
{
    for (int i = 0; i < job->ncalls; i++) {
        const ExecCall *c = &job->calls[i];
        double took = 0;
        if (c->kernel->call) {
            Arena *A = arena_scratch(NULL);
            double start = timer_now();
            bool ok = check_call(A, c, err) && c->kernel->call(c->kernel, c->args, err);
            took = timer_now() - start;
            arena_release(A);
            if (!ok)
                return false;
        } else {
            ExecJob one = {c, 1, job->threads, job->deadline_s};
            if (!exec_run(&one, &took, err))
                return false;
        }
        if (seconds)
            seconds[i] = took;
    }
    return true;
}

bool exec_run(const ExecJob *job, double *seconds, Err *err)
{
    if (!is_native(job))
        return run_mixed(job, seconds, err);
    Arena *A = arena_scratch(NULL);
    if (seconds)
        progress_hold();
    bool ok = run_native(A, job, 1, NULL, err);
    if (seconds)
        progress_release();
    const BoardCall *calls = ok ? board_array(exec_state.board, exec_state.board->calls_at) : NULL;
    for (int i = 0; ok && seconds && i < job->ncalls; i++)
        seconds[i] = calls[i].seconds;
    arena_release(A);
    return ok;
}

/* A measurement with candidates that run in this process: what a native one costs is what the
** runner says, so that the way there is not counted. */
typedef struct Mixed {
    const ExecJob *jobs;
    Err *err;
} Mixed;

static double run_mixed_candidate(void *env, int which, int number)
{
    Mixed *m = env;
    const ExecJob *job = &m->jobs[which];
    double total = 0;
    double *seconds = malloc(sizeof *seconds * (size_t)(job->ncalls + 1));
    if (!seconds) {
        REFUSE(m->err, out_of_memory, NULL);
        return -1;
    }
    for (int i = 0; total >= 0 && i < number; i++) {
        bool ok = exec_run(job, seconds, m->err);
        for (int c = 0; ok && c < job->ncalls; c++)
            total += seconds[c];
        if (!ok)
            total = -1;
    }
    free(seconds);
    return total;
}

static bool time_mixed(const ExecJob *jobs, int njobs, const TimerPlan *plan, double *samples,
                       int *rounds, Err *err)
{
    int *numbers = malloc(sizeof *numbers * (size_t)njobs);
    if (!numbers)
        return REFUSE(err, out_of_memory, NULL);
    Mixed m = {jobs, err};
    TimerPlace here = {.run = run_mixed_candidate, .env = &m};
    *rounds = timer_measure(plan, njobs, &here, samples, numbers);
    free(numbers);
    return *rounds >= 0;
}

static bool time_native(Arena *A, const ExecJob *jobs, int njobs, const TimerPlan *plan,
                        double *samples, int *rounds, double *waited, Err *err)
{
    if (!run_native(A, jobs, njobs, plan, err))
        return false;
    const Board *b = exec_state.board;
    if (b->rounds < 1 || b->rounds > timer_room(plan))
        return REFUSE(err, runner_failed, NULL, "answered with something that is not an answer");
    *rounds = b->rounds;
    if (waited)
        *waited = b->waited;
    memcpy(samples, board_array(exec_state.board, b->samples_at),
           sizeof *samples * (size_t)njobs * (size_t)timer_room(plan));
    return true;
}

bool exec_time(const ExecJob *given, int njobs, const TimerPlan *plan, double *samples, int *rounds,
               double *waited, Err *err)
{
    bool native = true;
    if (waited)
        *waited = 0;
    Arena *A = arena_scratch(NULL);
    ExecJob *jobs = ARENA_ARRAY(A, ExecJob, njobs);
    for (int j = 0; j < njobs; j++) {
        jobs[j] = j ? exec_sharing(A, given[j], &given[0]) : given[j];
        native = native && is_native(&jobs[j]);
    }
    progress_hold();
    bool ok = native ? time_native(A, jobs, njobs, plan, samples, rounds, waited, err)
                     : time_mixed(jobs, njobs, plan, samples, rounds, err);
    progress_release();
    arena_release(A);
    return ok;
}
