/* check.h -- the checking interpreter: runs any loop program and believes nothing.
**
** It takes scheduled programs with blocks and lowered ones alike, computes the results, and beside
** each element keeps when it was written and read, and by which thread.  It finds
**   - accesses outside a dimension, or outside the window of an allocated buffer;
**   - reads of allocated memory and of results that nothing has written, and results never written;
**     a store of nothing but a load may copy such an element within allocated memory, and the copy
**     counts as unwritten, too;
**   - one element touched by different iterations of a parallel, vectorized or bound loop, where
**     one of them writes: a race, unless a barrier or the end of the loop lies between;
**   - on the GPU: local memory seen by another thread, shared memory seen by another
**     block, threads that do not all reach a barrier, axes of one name and different
**     extents, work outside an axis that others use.
**
** Threads run in the order that barriers bring, which is another than that of the loops as they are
** written. Where as_written is set, bound loops run one iteration after the other, and races are
** sought between the iterations of one loop as in a parallel one, so that the program means the
** same in any order; a value of local or shared memory must have been written by the thread, or the
** block, that reads it. A program without fault in both ways computes by threads what its loops
** say, on these inputs. One with barriers has but the one meaning, and is refused
** (barrier_in_reference).
**
** A kernel is a statement at the top of the program (inside no loop, at most inside global allocs)
** that has bound loops.  Its thread blocks run one after another; the threads of a block go from
** barrier to barrier together.
**
** It shares no code with the reference interpreter or with any pass but ir_eval_binary, dtype.h and
** the math table, so that none of them vouches for itself.  Costs about 100 ns for each access and
** 52 bytes for each element.
*/
#ifndef CORE_IR_CHECK_H
#define CORE_IR_CHECK_H

#include "core/ir/interp.h"

typedef struct CheckOptions {
    int64_t iterations; /* of all loops together; 0: 2^32 */
    size_t bytes;       /* of memory and its records together; 0: 4 GiB */
    bool partial;       /* results may stay unwritten in part */
    bool as_written;    /* see above */
} CheckOptions;

/* Runs `func` on its parameters and results, in that order.  False with the first fault found; for
** a race err->witness has both iterations, as in "y=0, x=4 writes C[3]; y=1, x=0 reads it". */
bool check_run(const Node *func, size_t n, const InterpBuffer *buffers, const CheckOptions *options,
               Err *err);

#endif
