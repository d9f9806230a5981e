/* runner.h -- the parts of the runner process. */
#ifndef BACKENDS_WORKER_RUNNER_H
#define BACKENDS_WORKER_RUNNER_H

#include "backends/worker/board.h"
#include "backends/worker/worker.h"

/* Serves jobs until the session is gone; the exit status. */
int runner_main(const WorkerHooks *hooks);

/* Signals become a record on the board and the end of the process.  Each thread that runs kernels
** calls fault_stack first, so that a stack that overflows can be reported. */
void fault_install(Board *board);
void fault_stack(void);

#endif
