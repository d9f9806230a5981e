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
** is wrong whatever is in X. Other indices of loops, X[y*3 % 13], and those under a select, an if,
** a where, an and or an or, are proven to be inside by ranges and by the conditions, or else
** tried: at each value of the loops in them, and, where that leads outside, under all conditions
** around that have no memory in them. What a trial finds is refused if nothing else decides
** whether the access happens.
**
** That leaves indices that memory decides, X[D[y]], which machine code compares anyway, and those
** of loops alone in doubt: where there is too much to try, where memory decides whether the access
** happens, in the init of a block, and in buffers with a window.
*/
#ifndef CORE_AFFINE_INSIDE_H
#define CORE_AFFINE_INSIDE_H

#include "core/ir/ir.h"

/* False if a run of `func` is certain to touch an element outside of its buffer: the first such
** access that is found, the iteration and the element. Where it is true, *doubt (may be NULL)
** says that an index of loops alone may be outside: where it is not in doubt, no run has such an
** index outside, and steps that keep what the program means do not bring one there.
**
** Two walks. In the first each index of each access takes time of its own: for each level of
** quotients and remainders in it, the axes that are replaced by their values, times the terms of
** the sum (at most LINEAR_MAX), as the search begins anew after each, times the loops and axes
** around, among which each term is looked up. The second tries a bounded number of iterations in
** all. */
bool inside_buffers(const Node *func, bool *doubt, Err *err);

#endif
