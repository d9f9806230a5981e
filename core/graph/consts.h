/* consts.h -- constants of a graph: small tensors whose elements decide shapes, and their types. */
#ifndef CORE_GRAPH_CONSTS_H
#define CORE_GRAPH_CONSTS_H

#include "core/graph/graph.h"

/* Keeps a reference to `t` until the arena goes. */
void const_own(Arena *A, Tensor *t);

GType const_type(Arena *A, const Tensor *t);

/* int64 integers: a scalar for rank 0 (n is 1), else a vector.  The caller owns the result, which
** is on the heap and cannot fail but by lack of memory. */
Tensor *const_ints(int rank, const int64_t *v, size_t n);

/* The elements as integers; false if they are not integers, or more than `most`. */
bool const_read_ints(Arena *A, const Tensor *t, size_t most, const int64_t **v, size_t *n);

#endif
