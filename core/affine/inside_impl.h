/* inside_impl.h -- what inside.c and inside_tried.c share. */
#ifndef CORE_AFFINE_INSIDE_IMPL_H
#define CORE_AFFINE_INSIDE_IMPL_H

#include "core/affine/inside.h"

/* Refuses the access in `block` (NULL: in none) for its index in dimension d: at which iteration,
** " at y=7", and to which element, "A[9]", it goes. */
bool inside_refuse(Arena *A, Err *err, const Node *access, size_t d, const Node *block,
                   const char *iteration, const char *element);

/* The same question for indices of loops that are no sums, and for accesses under conditions, by
** trying; *doubt: an index of loops alone is neither proven to be inside nor refused. */
bool inside_tried(Arena *A, const Node *func, bool *doubt, Err *err);

#endif
