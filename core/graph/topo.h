/* topo.h -- an order in which everything comes after what it needs.
**
** The order is as given where that holds already.  The walk has a stack of its own:
** models can be deep.
**
**      uint32_t order[n], stuck;
**      if (!topo_order(A, n, needs, env, order, &stuck))
**          … stuck needs itself
*/
#ifndef CORE_GRAPH_TOPO_H
#define CORE_GRAPH_TOPO_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"

enum { TOPO_END = -1, TOPO_NOTHING = -2 };

/* What `at` needs in its place i = 0, 1, …: an index, TOPO_NOTHING, or TOPO_END after the last. */
typedef int64_t TopoNeeds(void *env, uint32_t at, uint32_t i);

/* Fills order[0 … n-1]; false where there is a cycle, and then *stuck is one of those on it. */
bool topo_order(Arena *A, uint32_t n, TopoNeeds *needs, void *env, uint32_t *order,
                uint32_t *stuck);

#endif
