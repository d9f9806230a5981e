/* region.h -- which part of a buffer a piece of program touches.
**
** A region is a box: for each dimension a least index, an expression over the loops outside the
** piece, and a constant number of indices.  It covers every access, and may cover more where an
** index is not affine: then it spans the whole dimension.  What the where of a block keeps out is
** not covered, if it is a bound on a sum of loops that the index is made of:
**
**      for fo in range(2):              B[f//18] with f = fo*256 + fi below 324: rows 0 to 17,
**        for fi in range(256):          where the loops alone reach row 28
*/
#ifndef CORE_AFFINE_REGION_H
#define CORE_AFFINE_REGION_H

#include "core/ir/ir.h"

typedef struct Region {
    size_t rank;
    bool empty;                   /* nothing is touched */
    const Node *min[IR_MAX_RANK]; /* int64, over the loops outside */
    int64_t extent[IR_MAX_RANK];
    bool whole[IR_MAX_RANK]; /* this dimension is spanned from 0 to its extent */
} Region;

enum { REGION_READS = 1, REGION_WRITES = 2 };

/* What `stmt` touches of `buffer`, all loops in it run through.  `around` are the loops outside,
** outermost first: what they reach decides whether an index may wrap. */
Region region_of(Arena *A, size_t naround, const Node *const *around, const Node *stmt,
                 const Node *buffer, int which);

/* The least value and the number of values of an index expression, the loops around which are
** listed, while the first `nstill` of them stand still and the others run through; false if it is
** not affine, or what it divides may wrap. */
bool region_relax(Arena *A, const Node *e, size_t nstill, size_t nloops, const Node *const *loops,
                  const Node **min, int64_t *extent);

/* `e`, which is over a block's axes, over the loops around it. */
const Node *block_over_loops(Arena *A, const Node *block, const Node *e);

/* The Ranges list of Alloc for a region; empty if it is the whole buffer. */
const Node *region_window(Arena *A, const Region *r, const Node *buffer);

#endif
