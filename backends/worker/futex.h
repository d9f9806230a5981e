/* futex.h -- waiting for a word of memory that two processes share: first looking at
** it, then asleep.
**
**      if (!patience_look(&patience, &board->reply, before, &board->runner_core))
**          futex_wait(&board->reply, before, seconds);
**      patience_learn(&patience);
*/
#ifndef BACKENDS_WORKER_FUTEX_H
#define BACKENDS_WORKER_FUTEX_H

#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/run/timer.h"

/* Until the word is not `seen`, someone wakes us, a signal comes, or the time is over. */
static inline void futex_wait(_Atomic uint32_t *word, uint32_t seen, double seconds)
{
    struct timespec t = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    syscall(SYS_futex, word, FUTEX_WAIT, seen, &t, NULL, 0);
}

static inline void futex_wake(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static inline void cpu_relax(void)
{
#if defined __x86_64__ || defined __i386__
    __builtin_ia32_pause();
#elif defined __aarch64__
    __asm__ volatile("yield");
#endif
}

/* How one who waits for a word again and again does it.  Being woken takes longer than many a wait,
** so a wait that promises to be short is looked through.  Looking would only keep a core from who
** needs it where the last wait was long, or where who is to answer sits on the same core: that is
** where the system likes to put who was woken. */
typedef struct Patience {
    double start, last; /* of this wait; how long the last one took, in seconds */
} Patience;

#define LOOK_S   1e-4 /* longer than a short wait with the waking at both of its ends */
#define GLANCE_S 2e-6

/* Begins a wait: true as soon as the word is not `seen`, false where it is time to sleep.  `core`
** is where the other was last. */
static inline bool patience_look(Patience *p, const _Atomic uint32_t *word, uint32_t seen,
                                 const _Atomic int32_t *core)
{
    enum { BETWEEN_CLOCKS = 8 };
    p->start = timer_now();
    double until = p->start + (p->last < LOOK_S ? LOOK_S : GLANCE_S);
    do {
        for (int i = 0; i < BETWEEN_CLOCKS; i++) {
            if (atomic_load_explicit(word, memory_order_acquire) != seen)
                return true;
            cpu_relax();
        }
    } while (sched_getcpu() != atomic_load_explicit(core, memory_order_relaxed) &&
             timer_now() < until);
    return false;
}

/* Ends a wait. */
static inline void patience_learn(Patience *p)
{
    p->last = timer_now() - p->start;
}

#endif
