/* inside.h -- accesses that are certain to leave their buffer.
**
**      for y in range(8):
**        block Y(y):
**          Y[y] = X[y] + X[y + 1]      Y at y=7 reads X[8], but dimension 0 of X has 8 elements, 0 to 7
**
** is wrong whatever is in X. An index of loops is proven to be inside by the ranges of the loops
** and by the conditions around it (an if, a where, a select, an and, an or), or else tried: first
** where it is greatest and least, which for a sum of multiples of loops is where each loop with a
** positive factor is at its last iteration and the others at their first; then at each value of the
** loops in it, and, where that leads outside, under all conditions around that have no memory in
** them. What a trial finds is refused if nothing else decides whether the access happens.
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
** Trials evaluate a bounded number of nodes in all; besides, each index takes the time of putting
** the values of the axes into it, as far as it stays small. */
bool inside_buffers(const Node *func, bool *doubt, Err *err);

/* The first access of `buffer` that is not known to stay inside dimension `d` whatever is in
** memory; NULL if all are.  As much is tried as above. */
const Node *inside_not_surely(const Node *func, const Node *buffer, size_t d);

#endif
