/* flat_index.h -- one index for neighbouring dimensions that are digits of one number.
**
**      A[f//300, f % 300]  is element  f  of A, where its rows are 300 elements
**
** and what is a sum of loop variables again needs no division, and is a run for lanes.
*/
#ifndef PASSES_LOOP_FLAT_INDEX_H
#define PASSES_LOOP_FLAT_INDEX_H

#include "core/ir/simplify.h"

/* Puts together as many as it can of the dimensions before *rank, and sets *rank to the first of
** them: their index in steps of the last one's stride.  NULL if there are none. */
const Node *flat_index(Arena *A, const Ranges *ranges, const Node *const *index,
                       const int64_t *stride, size_t *rank);

#endif
