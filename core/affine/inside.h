/* inside.h -- accesses that are certain to leave their buffer.
**
** An index that is a sum of multiples of loops takes its greatest value where each loop with a
** positive factor is at its last iteration and the others at their first; so does its quotient by a
** literal, and its remainder where that is known to reach the end of a period.  The loops of a
** program as written do not depend on each other, so that iteration is there; and where the access
** stands under no condition it happens.  So
**
**      for y in range(8):
**        block Y(y):
**          Y[y] = X[y] + X[y + 1]      Y at y=7 reads X[8], but dimension 0 of X has 8 elements, 0 to 7
**
** is wrong whatever is in X.  Everything that is not as certain passes, and is left to the run:
** what stands under a select, an if, a where, an and or an or; what is the init of a block; loops
** whose extent is 0 or not a constant, or that are bound to a GPU's threads; indices that are no
** such thing, as the sum of two quotients is; buffers with a window.
*/
#ifndef CORE_AFFINE_INSIDE_H
#define CORE_AFFINE_INSIDE_H

#include "core/ir/ir.h"

/* False if a run of `func` is certain to touch an element outside of its buffer: the first such
** access in the text, the iteration and the element.  A is for scratch.
**
** One walk, in which each index of each access takes time of its own: for each level of quotients
** and remainders in it, the axes that are replaced by their values, times the terms of the sum (at
** most LINEAR_MAX), as the search begins anew after each, times the loops and axes around, among
** which each term is looked up. */
bool inside_buffers(Arena *A, const Node *func, Err *err);

#endif
