/* strmap.h -- from a name to a number, in an arena. */
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
