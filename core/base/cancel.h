/* cancel.h -- how long work is asked to stop.
**
** One flag for the process.  A signal handler (or another thread) raises it, every C loop that can
** take long polls it, and whoever reads the next input lowers it:
**
**      for (…) {
**          if (cancel_poll(err))
**              return NULL;
**          …
**      }
*/
#ifndef CORE_BASE_CANCEL_H
#define CORE_BASE_CANCEL_H

#include <stdatomic.h>
#include <stdbool.h>

#include "core/base/err.h"

extern atomic_int cancel_flag; /* 1: it is asked; -n: the n-th look from now on will find it so */

/* For tests: work is asked to stop when it is looked for the n-th time from now on; looks are
** counted in one thread alone. */
void cancel_ask_at(int n);
bool cancel_counted(void); /* counts one look */

/* Safe in a signal handler. */
static inline void cancel_ask(void)
{
    atomic_store_explicit(&cancel_flag, 1, memory_order_relaxed);
}
static inline void cancel_clear(void)
{
    atomic_store_explicit(&cancel_flag, 0, memory_order_relaxed);
}

static inline bool cancel_asked(void)
{
    int flag = atomic_load_explicit(&cancel_flag, memory_order_relaxed);
    return __builtin_expect(flag != 0, 0) && (flag > 0 || cancel_counted());
}

/* True if the work should stop; *err then says "interrupted". */
static inline bool cancel_poll(Err *err)
{
    return cancel_asked() && !REFUSE(err, interrupted, NULL);
}

#endif
