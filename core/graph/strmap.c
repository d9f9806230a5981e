/* strmap.c -- open addressing, at most three quarters full. */
#include "core/graph/strmap.h"

#include <string.h>

struct StrSlot {
    const char *s; /* NULL: empty */
    uint32_t n, value;
    uint64_t hash;
};

static uint64_t hash_bytes(const char *s, size_t n)
{
    uint64_t h = 0xcbf29ce484222325u ^ n;
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)s[i]) * 0x100000001b3u;
    return h ^ h >> 29;
}

StrMap strmap_new(Arena *a)
{
    return (StrMap){.arena = a};
}

static struct StrSlot *find(const StrMap *m, const char *s, size_t n, uint64_t hash)
{
    size_t i = hash & (m->cap - 1);
    for (;; i = (i + 1) & (m->cap - 1)) {
        struct StrSlot *at = &m->slot[i];
        if (!at->s || (at->hash == hash && at->n == n && !memcmp(at->s, s, n)))
            return at;
    }
}

uint32_t strmap_get(const StrMap *m, const char *s, size_t n, uint32_t none)
{
    if (!m->n)
        return none;
    const struct StrSlot *at = find(m, s, n, hash_bytes(s, n));
    return at->s ? at->value : none;
}

static void grow(StrMap *m)
{
    StrMap bigger = {.arena = m->arena, .cap = m->cap ? m->cap * 2 : 64, .n = m->n};
    bigger.slot = ARENA_ARRAY(m->arena, struct StrSlot, bigger.cap);
    for (size_t i = 0; i < m->cap; i++)
        if (m->slot[i].s)
            *find(&bigger, m->slot[i].s, m->slot[i].n, m->slot[i].hash) = m->slot[i];
    *m = bigger;
}

void strmap_put(StrMap *m, const char *s, size_t n, uint32_t value)
{
    if (m->n * 4 >= m->cap * 3)
        grow(m);
    uint64_t hash = hash_bytes(s, n);
    struct StrSlot *at = find(m, s, n, hash);
    if (!at->s)
        m->n++;
    *at = (struct StrSlot){.s = s, .n = (uint32_t)n, .value = value, .hash = hash};
}
