/* runner_memory.h -- what the runner maps: the job's slots of the pool, and temporaries.
**
** The pool's address space is reserved whole and empty.  A job maps the pages of its slots there
** and nothing else, so that an access beyond a tensor faults, and the address says which tensor and
** which element it missed.
*/
#ifndef BACKENDS_WORKER_RUNNER_MEMORY_H
#define BACKENDS_WORKER_RUNNER_MEMORY_H

#include "backends/worker/board.h"

/* Reserves address space for the pool (open as `fd`) and for temporaries; 0 or an errno. */
int memory_open(int fd, int64_t pool_bytes);

/* Maps exactly the job's slots: read-only unless writable; what the last job had stays.  0 or an
** errno. */
int memory_map_job(const BoardSlot *slots, uint32_t n);

/* The address of a byte of the pool. */
char *memory_at(int64_t pool_offset);

/* Runtime.alloc and release.  Temporaries lie between gaps as slots do, end at a page's end, and
** are kept for the next that asks for as many pages. */
void *memory_alloc(void *ctx, int64_t bytes);
void memory_release(void *ctx, void *temporary);

/* Takes back what a kernel left behind when it returned early. */
void memory_reclaim(void);

/* Fills in what the address of a fault says about pool and temporaries; safe in a handler. */
void memory_explain(uint64_t address, BoardFault *fault);

/* Ends the runner because memory ran out; in runner_fault.c. */
_Noreturn void fault_no_memory(int64_t bytes);

#endif
