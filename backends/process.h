/* process.h -- the other processes as the session sees them: started, alive, gone and why.
**
**      Process p = {.role = "--worker"};
**      process_start(&p, err);
**      …                                   frames over p.sock
**      if (!process_alive(&p))             process_epitaph says why, once; then
**          process_close(&p);
**
** A process gets a socket as its descriptor 3 (WORKER_SOCKET) and writes its complaints to a file
** in memory, of which the epitaph quotes the end.
*/
#ifndef BACKENDS_PROCESS_H
#define BACKENDS_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/err.h"

typedef struct Process {
    const char *role; /* "--worker" or "--runner" */
    pid_t pid;        /* 0: none */
    int sock;         /* our end; -1: none */
    int log;          /* what it writes to its standard error, a file in memory; -1: none */
    int status;       /* once it is gone, as waitpid gives it */
} Process;

/* The program to start; NULL for this one. */
extern const char *process_program;

/* Starts the process without waiting for it. */
bool process_start(Process *p, Err *err);

/* False once the process has ended; then `status` is set and pid is 0. */
bool process_alive(Process *p);

/* Kills and forgets it. */
void process_kill(Process *p);

/* Waits until it has ended, at most so long; kills it then. */
void process_reap(Process *p, double seconds);

/* "was killed by signal 9 (Killed)", "ended with status 1: LLVM ERROR: …"; after it has ended. */
const char *process_epitaph(const Process *p, char out[512]);

/* Closes the socket and the log, once the epitaph is read. */
void process_close(Process *p);

#endif
