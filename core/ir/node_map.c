/* node_map.c -- open addressing, at most half full. */
#include "core/ir/node_map.h"

struct NodeEntry {
    const Node *key;
    void *value;
};

static struct NodeEntry *entry_of(const NodeMap *m, const Node *key)
{
    size_t mask = m->cap - 1,
           i = (size_t)(((uintptr_t)key >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 20);
    while (m->at[i & mask].key && m->at[i & mask].key != key)
        i++;
    return &m->at[i & mask];
}

void *node_map_get(const NodeMap *m, const Node *key)
{
    return m->cap ? entry_of(m, key)->value : NULL;
}

static void grow(NodeMap *m)
{
    NodeMap old = *m;
    m->cap = old.cap ? 2 * old.cap : 64;
    m->at = ARENA_ARRAY(m->arena, struct NodeEntry, m->cap);
    for (size_t i = 0; i < old.cap; i++)
        if (old.at[i].key)
            *entry_of(m, old.at[i].key) = old.at[i];
}

void node_map_put(NodeMap *m, const Node *key, void *value)
{
    if (2 * m->n >= m->cap)
        grow(m);
    struct NodeEntry *e = entry_of(m, key);
    m->n += !e->key;
    *e = (struct NodeEntry){key, value};
}
