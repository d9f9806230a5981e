/* threads.c -- one loop at a time, chunks taken by compare and swap.
**
** The word `ticket` holds the loop's number (high half) and how many chunks are left (low half).  A
** thread that takes a chunk of loop g knows that the loop is still going on, for the caller leaves
** only when all chunks are done; so it may read the loop's fields then, and not before.
*/
#include "backends/worker/threads.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sched.h>
#include <stdbool.h>

#include "backends/worker/futex.h"
#include "core/base/cores.h"

enum { MAX_THREADS = 256, SPINS = 300, CHUNKS_EACH = 8 };

static struct {
    ParallelBody *body;
    void *env;
    const volatile int32_t *cancel;
    int64_t n, chunk;
    uint32_t nchunks;
} loop;

static _Atomic uint64_t ticket;
static _Atomic uint32_t done; /* chunks of the loop that ticket names */
static _Atomic int32_t result;
static _Atomic uint32_t bell; /* rises with each loop; a futex */
static _Atomic uint32_t asleep;
static _Atomic int limit; /* written between loops, read by threads that look for work */
static int started;
static _Thread_local bool inside;

void (*threads_begin)(void);

void threads_limit(int n)
{
    static int cores; /* asking the system takes longer than a small kernel */
    if (n <= 0 && cores == 0)
        cores = cores_usable();
    limit = n > 0 ? n : cores;
    if (limit > MAX_THREADS)
        limit = MAX_THREADS;
}

static int32_t serial(ParallelBody *body, void *env, int64_t from, int64_t to)
{
    for (int64_t i = from; i < to; i++) {
        int32_t r = body(env, i);
        if (r != 0)
            return r;
    }
    return RT_OK;
}

static void note_result(int32_t r)
{
    int32_t none = RT_OK;
    if (r != RT_OK)
        atomic_compare_exchange_strong(&result, &none, r);
}

/* Takes and runs chunks of loop `g` until there are none. */
static void work(uint32_t g)
{
    uint64_t now = atomic_load_explicit(&ticket, memory_order_acquire);
    inside = true;
    while ((uint32_t)(now >> 32) == g && (uint32_t)now > 0) {
        if (!atomic_compare_exchange_weak_explicit(&ticket, &now, now - 1, memory_order_acq_rel,
                                                   memory_order_acquire))
            continue;
        int64_t from = (int64_t)(loop.nchunks - (uint32_t)now) * loop.chunk;
        int64_t to = from + loop.chunk;
        if (*loop.cancel)
            note_result(RT_CANCELLED);
        if (atomic_load_explicit(&result, memory_order_relaxed) == RT_OK)
            note_result(serial(loop.body, loop.env, from, to < loop.n ? to : loop.n));
        atomic_fetch_add_explicit(&done, 1, memory_order_release);
        now = atomic_load_explicit(&ticket, memory_order_acquire);
    }
    inside = false;
}

static void sleep_until_not(uint32_t seen)
{
    atomic_fetch_add(&asleep, 1);
    syscall(SYS_futex, &bell, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
    atomic_fetch_sub(&asleep, 1);
}

static void *thread_main(void *arg)
{
    int id = (int)(intptr_t)arg;
    uint32_t seen = 0;
    if (threads_begin)
        threads_begin();
    for (;;) {
        uint32_t now;
        for (int i = 0; (now = atomic_load_explicit(&bell, memory_order_acquire)) == seen; i++) {
            if (i < SPINS)
                cpu_relax();
            else
                sleep_until_not(seen);
        }
        seen = now;
        if (id < atomic_load_explicit(&limit, memory_order_relaxed))
            work((uint32_t)(atomic_load_explicit(&ticket, memory_order_acquire) >> 32));
    }
    return NULL;
}

static void start_threads(void)
{
    pthread_attr_t a;
    pthread_attr_init(&a);
    pthread_attr_setstacksize(&a, 1 << 20);
    while (started < limit - 1) {
        pthread_t t;
        if (pthread_create(&t, &a, thread_main, (void *)(intptr_t)(started + 1)) != 0)
            break; /* fewer threads, the same result */
        pthread_detach(t);
        started++;
    }
    pthread_attr_destroy(&a);
}

static void publish(ParallelBody *body, void *env, int64_t n, const volatile int32_t *cancel)
{
    int64_t chunks = (int64_t)limit * CHUNKS_EACH;
    loop.body = body;
    loop.env = env;
    loop.cancel = cancel;
    loop.n = n;
    loop.chunk = n / chunks > 0 ? n / chunks : 1;
    loop.nchunks = (uint32_t)((n + loop.chunk - 1) / loop.chunk);
    uint32_t g = (uint32_t)(atomic_load_explicit(&ticket, memory_order_relaxed) >> 32) + 1;
    atomic_store_explicit(&done, 0, memory_order_relaxed);
    atomic_store_explicit(&result, RT_OK, memory_order_relaxed);
    atomic_store_explicit(&ticket, (uint64_t)g << 32 | loop.nchunks, memory_order_release);
    atomic_fetch_add(&bell, 1);
    if (atomic_load(&asleep) > 0)
        syscall(SYS_futex, &bell, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

int32_t threads_parallel(ParallelBody *body, void *env, int64_t n, const volatile int32_t *cancel)
{
    if (limit == 0)
        threads_limit(0);
    if (inside || limit == 1 || n <= 1)
        return serial(body, env, 0, n);
    start_threads();
    publish(body, env, n, cancel);
    work((uint32_t)(atomic_load_explicit(&ticket, memory_order_relaxed) >> 32));
    for (int i = 0; atomic_load_explicit(&done, memory_order_acquire) < loop.nchunks; i++) {
        if (i < SPINS * 4)
            cpu_relax();
        else
            sched_yield();
    }
    return atomic_load_explicit(&result, memory_order_relaxed);
}
