/* exec.h -- compiling and running outside this process, so that nothing that is run can harm it.
**
** Two processes, both this program: the worker (`tvmrepl --worker`) compiles and holds LLVM; the
** runner (`tvmrepl --runner`) calls the code.  They share a window of code, mapped at one address,
** and the runner maps of the tensor pool only what a job names, inputs read-only, each between
** guard pages.  A kernel that crashes, hangs or writes where it must not, and a compiler that dies,
** is an Err of the call that asked; the next call starts a fresh process.  Tensors given as inputs
** are never changed.  Results of a job that failed hold nothing in particular.
**
**      Kernel *k;
**      if (!exec_compile(&source, &k, err))
**          return false;
**      ExecCall call = {k, (Tensor *[]){a, b, c}};
**      return exec_run(&(ExecJob){&call, 1}, NULL, err);
**
** One thread calls these functions.  All poll the cancel flag (core/base/cancel.h).
*/
#ifndef BACKENDS_EXEC_H
#define BACKENDS_EXEC_H

#include "backends/emit.h"
#include "backends/kernel.h"
#include "core/run/timer.h"

/* One compilation: a module's text and what to call in it. */
typedef struct ExecEntry {
    const char *name;
    const KernelParam *params;
    int nparams;
} ExecEntry;

typedef struct ExecSource {
    const char *module; /* the heavy module that compiles it: EMIT_LLVM */
    const char *target;
    const char *text;
    size_t length;
    const ExecEntry *entries;
    int nentries;
    double limit_s; /* the compiler is ended after this time; 0: 30 s */
} ExecSource;

/* kernels[i] becomes the kernel of entries[i]; the caller owns them. */
bool exec_compile(const ExecSource *source, Kernel **kernels, Err *err);

/* Text (or bytes) of another view of the same compilation; nothing is kept in the window. */
bool exec_view(Arena *A, const ExecSource *source, EmitView view, EmitBlob *out, Err *err);

typedef struct ExecCall {
    const Kernel *kernel;
    Tensor *const *args; /* parameters, then results; all dense */
} ExecCall;

/* Calls that run one after another, as one round trip: a whole model. */
typedef struct ExecJob {
    const ExecCall *calls;
    int ncalls;
    int threads;       /* for parallel loops; 0: all cores */
    double deadline_s; /* for the whole job; 0: 10 s */
} ExecJob;

/* From now on every run is stopped after so many seconds, whatever its job says; 0: as the jobs
** say. Returns what was said before. */
double exec_limit_runs(double seconds);

/* Runs the job once.  seconds[i], if asked for, is how long call i took in the runner. */
bool exec_run(const ExecJob *job, double *seconds, Err *err);

/* Measures jobs against each other inside the runner.  samples[j * timer_room(plan) + round] is the
** time of one run of job j; *rounds how many rounds were made; *waited, unless it is NULL, which
** part of their time the runner's threads waited for a free processor.  The deadline of each job
** holds for one run of it; the whole may take plan->limit_s more.
**
** Where memory happens to lie makes some percent of a short run, and must be neither for nor
** against one of them.  So jobs of as many calls as the first one's write to its tensors what it
** writes under the same name, in the same type and shape; and jobs of one call read its inputs, as
** far as they take the same. */
bool exec_time(const ExecJob *jobs, int njobs, const TimerPlan *plan, double *samples, int *rounds,
               double *waited, Err *err);

/* Starts both processes without waiting for them, so that the first kernel finds them ready. */
void exec_start(void);

/* Ends both; the next use starts them again.  Kernels compiled before are lost with the window. */
void exec_shutdown(void);

/* Process ids, 0 where none runs: for tests and for `help`. */
int exec_worker_pid(void);
int exec_runner_pid(void);

/* The program to start as worker and runner instead of this one; for tests. */
void exec_use_program(const char *path);

#endif
