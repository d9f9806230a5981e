/* imports.h -- calls from the code window into the runner.
**
** The runner's functions lie elsewhere each time it starts, and code in the window outlives
** runners.  So the window begins with one small jump for each function, through a table of
** addresses in the page before the window, which every runner fills for itself.
*/
#ifndef BACKENDS_WORKER_IMPORTS_H
#define BACKENDS_WORKER_IMPORTS_H

#include <stddef.h>
#include <stdint.h>

#include "backends/worker/worker.h"

/* In the worker: writes the jumps to the window's start; gives the bytes they take. */
size_t imports_write_jumps(const WorkerHooks *hooks);

/* The address of the jump to `name`, or 0. */
uint64_t imports_find(const WorkerHooks *hooks, const char *name);

/* In the runner: maps and fills the table; 0 or an errno. */
int imports_fill_table(const WorkerHooks *hooks);

#endif
