/* threads.h -- the runner's threads for parallel loops.
**
** A loop is cut into chunks that threads take from a counter, so the thread that started the loop
** finishes it alone if the others are not scheduled.  Idle threads look for work for some
** microseconds and then sleep.
*/
#ifndef BACKENDS_WORKER_THREADS_H
#define BACKENDS_WORKER_THREADS_H

#include "core/run/runtime.h"

/* How many threads a loop may use from now on, the caller's included; 0: one for each core. */
void threads_limit(int n);

/* As Runtime.parallel says; `cancel` is looked at before each chunk. */
int32_t threads_parallel(ParallelBody *body, void *env, int64_t n, const volatile int32_t *cancel);

/* Called first in each new thread; set before the first loop. */
extern void (*threads_begin)(void);

#endif
