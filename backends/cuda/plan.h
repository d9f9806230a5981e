/* plan.h -- a lowered GPU program as kernels to launch one after another.
**
** A kernel is a statement at the top of the program, inside no loop and at most inside global
** allocs, as the checking interpreter has it (core/ir/check.h).  One without bound loops runs as a
** single thread.  The session plans to launch, the worker plans to generate: from the same text
** both get the same.
*/
#ifndef BACKENDS_CUDA_PLAN_H
#define BACKENDS_CUDA_PLAN_H

#include "core/ir/gpu.h"

typedef struct CudaKernel {
    const Node *stmt;
    GpuShape shape;
    /* Global ones, the arguments: parameters, results, temporaries */
    const Node *const *buffers;
    size_t nbuffers;
    int64_t shared_bytes; /* all of it static */
} CudaKernel;

typedef struct CudaPlan {
    const CudaKernel *kernels;
    size_t nkernels;
    const Node *const *temporaries; /* global memory that lives while the program runs */
    size_t ntemporaries;
} CudaPlan;

/* Plans a lowered Func, or says why it cannot run on a GPU. */
bool cuda_plan(Arena *A, const Node *func, CudaPlan *out, Err *err);

/* The same question where kernels are emulated.  Loops around thread blocks, and global memory in a
** kernel, pass: they go beyond what one launch can do, and mean the same to an emulation. */
bool cuda_plan_emulated(Arena *A, const Node *func, Err *err);

/* The program, as it was before it was lowered, was refused.  Where that is for work outside of an
** axis, adds which step brings its block there. */
void cuda_advise(Arena *A, const Node *func, Err *err);

/* "kernel3": what the kernel is called in the PTX. */
const char *cuda_kernel_name(Arena *A, size_t i);

/* Elements of a buffer; -1 if they are more than any GPU has memory for. */
int64_t cuda_elements(const Node *buffer);

#endif
