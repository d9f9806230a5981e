/* gpu.h -- what one launch on a GPU takes.
**
** The numbers are CUDA's and fixed: the CUDA C++ Programming Guide has the same ones, in its table
** "Technical Specifications per Compute Capability", for every GPU that there is code for.  The
** schedule, the passes, the checking interpreter and the backend ask here.
**
** A kernel is a statement at the top of a program, inside no loop and at most inside Allocs of
** global memory.  It is launched once, so all its loops on one axis share that axis's extent.
*/
#ifndef CORE_IR_GPU_H
#define CORE_IR_GPU_H

#include "core/ir/ir.h"

enum {
    GPU_AXES = FOR_COUNT - FOR_block_x,
    GPU_MOST_THREADS = 1024,       /* in a block */
    GPU_STATIC_SHARED = 48 * 1024, /* bytes of a block */
    GPU_MOST_LOCAL = 512 * 1024,   /* bytes of a thread */
};

/* The most iterations that a loop bound to this axis may have. */
int64_t gpu_most(ForKind axis);

/* The extents of a kernel's launch, from FOR_block_x on; 0 where no loop is bound to the axis. */
typedef struct GpuShape {
    int64_t extent[GPU_AXES];
} GpuShape;

static inline int64_t gpu_extent(const GpuShape *shape, ForKind axis)
{
    return shape->extent[axis - FOR_block_x];
}

/* How many blocks, or threads of a block, stand along the axis. */
static inline int64_t gpu_count(const GpuShape *shape, ForKind axis)
{
    int64_t extent = gpu_extent(shape, axis);
    return extent ? extent : 1;
}

/* Adds a bound loop of the kernel: its extent must be a number that the axis takes, and the one
** that the other loops of the axis have (cuda_extent, cuda_too_many, thread_extent). */
bool gpu_shape_add(GpuShape *shape, const Node *loop, Err *err);

/* The shape of a kernel's launch, from all its bound loops; false where one is refused. */
bool gpu_shape_of(const Node *kernel, GpuShape *out, Err *err);

/* Threads in a block; and whether that is as many as there may be (too_many_threads). */
int64_t gpu_threads(const GpuShape *shape);
bool gpu_threads_fit(const GpuShape *shape, const Node *kernel, Err *err);

/* A Store or Update that stands outside the loops bound to an axis of its kernel, so that each of
** the axis' threads or blocks would do it; NULL if there is none.  *axis: the one missing. */
const Node *gpu_find_outside(const Node *kernel, ForKind *axis);
/* The same of memory that each thread block has for itself, outside of the loops over blocks. */
const Node *gpu_find_shared_outside(const Node *kernel, ForKind *axis);
bool gpu_refuse_outside(const Node *work, ForKind axis, Err *err);

/* Do kernels stand below this statement, rather than that it is one? */
bool gpu_above_kernels(const Node *stmt);

/* Does each statement in n, a part of a kernel, stand in loops that can be launched, if those of
** `around` stand around n?  Loops beside each other may still have extents that do not agree, which
** is for the steps to come: one of them may go elsewhere. */
bool gpu_nests_fit(const GpuShape *around, const Node *n, Err *err);

#endif
