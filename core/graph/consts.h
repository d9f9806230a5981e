/* consts.h -- constants of a graph: small tensors whose elements decide shapes, and their types.
**
** What reshape gives depends on the elements of its second input, so these must be known while
** types are inferred: as a constant, or as what follows from constants (infer.h).
**
**      Tensor *shape = const_ints(1, (int64_t[]){1, -1}, 2);
**      const_own(A, shape);
*/
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
