/* node_map.h -- what nodes became, by identity: a table in an arena.
**
**      NodeMap map = {.arena = A};
**      node_map_put(&map, var, cell);
**      Scalar *cell = node_map_get(&map, var);       NULL if it was never put
*/
#ifndef CORE_IR_NODE_MAP_H
#define CORE_IR_NODE_MAP_H

#include "core/ir/ir.h"

typedef struct NodeMap {
    Arena *arena;
    size_t n, cap;
    struct NodeEntry *at;
} NodeMap;

void *node_map_get(const NodeMap *m, const Node *key);

/* Stores or replaces. */
void node_map_put(NodeMap *m, const Node *key, void *value);

#endif
