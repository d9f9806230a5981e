/* worker.h -- the main functions of the two other processes.
**
** Worker, runner and session are one program, so they cannot differ in version; main asks first
** which of them it is:
**
**      int status = worker_main(argc, argv, NULL);
**      if (status >= 0)
**          return status;
*/
#ifndef BACKENDS_WORKER_WORKER_H
#define BACKENDS_WORKER_WORKER_H

#include "backends/emit.h"

/* What only tests add: a compiler of their own, and functions that it may call. */
typedef struct WorkerHooks {
    EmitOpenFn *open;
    uint64_t (*symbol)(const char *name); /* asked in the runner, before the built-in table */
    const char *const *symbol_names;      /* ended by NULL */
} WorkerHooks;

/* Called first thing in main: if the arguments say that this process is a worker or a runner it
** does that work and gives the exit status, else it gives -1 and nothing has happened. */
int worker_main(int argc, char **argv, const WorkerHooks *hooks);

#endif
