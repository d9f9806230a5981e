/* exec_state.h -- what the files of exec.h share. */
#ifndef BACKENDS_EXEC_STATE_H
#define BACKENDS_EXEC_STATE_H

#include "backends/exec.h"
#include "backends/process.h"
#include "backends/worker/board.h"

typedef struct ExecState {
    Process worker, runner;
    int window_fd, board_fd; /* -1: not made */
    Board *board;
    uint64_t window_top; /* bytes of the window that were ever used */
    uint64_t window_age; /* counts windows: code of an older one is gone */
    uint64_t worker_age; /* counts workers: only the one that compiled can forget */
} ExecState;

extern ExecState exec_state;

/* Makes sure that the process runs. */
bool exec_need_runner(Err *err);

/* Says what happened to a job whose runner reported a fault, in the user's names. */
void exec_explain_fault(const ExecJob *jobs, int njobs, Err *err);

/* Finds a result whose slot was written outside its data, and says so; false if there is none. */
bool exec_explain_damage(const ExecJob *jobs, int njobs, Err *err);

/* The job with tensors of another where it takes the same: see exec_time.  In A. */
ExecJob exec_sharing(Arena *A, ExecJob job, const ExecJob *other);

/* The call with this number, counted over all jobs in their order. */
const ExecCall *exec_call_at(const ExecJob *jobs, int njobs, uint32_t number);

#endif
