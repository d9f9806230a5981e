/* strmap.h -- from a name to a number, in an arena.
**
**      StrMap at = strmap_new(A);
**      strmap_put(&at, "conv1", 5, 7);
**      strmap_get(&at, "conv1", 5, UINT32_MAX) is 7, of any other name UINT32_MAX
*/
#ifndef CORE_GRAPH_STRMAP_H
#define CORE_GRAPH_STRMAP_H

#include <stdint.h>

#include "core/base/arena.h"

typedef struct StrMap {
    Arena *arena;
    struct StrSlot *slot;
    size_t n, cap;
} StrMap;

StrMap strmap_new(Arena *a);

/* The number stored under the `n` bytes at `s`, or `none`. */
uint32_t strmap_get(const StrMap *m, const char *s, size_t n, uint32_t none);

/* Stores or replaces; the bytes must outlive the map. */
void strmap_put(StrMap *m, const char *s, size_t n, uint32_t value);

#endif
