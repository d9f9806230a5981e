/* meeting.h -- where the threads of a kernel may touch one element, and which they surely have.
**
**      S[tx]             S[31 - tx]             thread 0 and thread 31, to name two
**      G[bx*32 + tx]     G[bx*32 + 31 - tx]     those two again, but of one block: same[blockIdx.x]
**      G[bx*32 + tx]     G[bx*32 + tx]          nobody but each thread itself: same[] of both axes
**      L[k]              L[k + 8]               nobody, where k counts to 8
*/
#ifndef PASSES_LOOP_MEETING_H
#define PASSES_LOOP_MEETING_H

#include "core/base/vec.h"
#include "core/ir/gpu.h"
#include "core/ir/linear.h"

/* What stands around a place in a kernel. */
typedef struct Around {
    const Node *axis[GPU_AXES]; /* stands for the variable of every loop over that axis */
    int64_t extent[GPU_AXES];
    const Node *inner[IR_MAX_DEPTH]; /* the other loops' variables in scope, outermost first */
    size_t ninner;
    VEC(VarRange) ranges; /* of all of these that have been in scope */
} Around;

/* May the accesses a and b of one buffer (each a Load, Store or Update, its bound variables
** replaced by the axes) touch one element?  Then same[x] tells, for each axis, that only those do
** that have the same coordinate along it.  inner[from] and those behind it may have other values at
** a than at b. */
bool may_meet(const Around *around, const Node *a, const Node *b, size_t from, bool same[GPU_AXES]);

/* Has `store`, run for all values of the loops that are over by now, written the element that
** `access` touches?  L[x], for x below 4, has written L[2], and L[y] where y is below 4.  Of the
** loops over axes those in `open`, as bits, are not over. */
bool has_written(const Around *around, unsigned open, const Node *store, const Node *access);

#endif
