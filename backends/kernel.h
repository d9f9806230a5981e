/* kernel.h -- compiled code that can be called: a counted handle, the same for every backend.
**
** Kernels of backends that run natively hold an address in the code window and are run by exec.h
** in the runner process; `call` is for those that run in this process (the interpreter).
*/
#ifndef BACKENDS_KERNEL_H
#define BACKENDS_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/ir/ir.h"
#include "core/run/tensor.h"

typedef struct KernelParam {
    const char *name;
    bool written; /* a result: mapped read-write; the rest are mapped read-only */
} KernelParam;

typedef struct Kernel Kernel;
struct Kernel {
    int refs;
    const char *name;   /* the Func's */
    const char *target; /* as asked for */
    int nparams;        /* parameters, then results: the order of `buffers` */
    const KernelParam *params;
    uint64_t address;  /* in the code window, or 0 */
    uint64_t code;     /* which code window; one that was given up holds it no more */
    double compile_ms; /* from text to callable */

    /* Runs in this process; NULL for native code. */
    bool (*call)(const Kernel *k, Tensor *const *args, Err *err);
    void *impl; /* the backend's */

    /* Says which access it was that checked code refused; NULL where the numbers must do. */
    bool (*outside)(const Kernel *k, int access, int dim, int64_t index, Err *err);
    void (*release)(Kernel *k); /* frees impl; may be NULL */

    void *loaded; /* exec.h's hold on the code */
    void (*unload)(void *loaded);
};

/* What a Func is called with, in A: its parameters, then its results; *n says how many. */
const KernelParam *kernel_params(Arena *A, const Node *func, int *n);

/* A kernel with copies of the names; the caller fills in how it runs.  NULL without memory. */
Kernel *kernel_new(const char *name, const char *target, const KernelParam *params, int nparams);
Kernel *kernel_retain(Kernel *k);
void kernel_release(Kernel *k);

#endif
