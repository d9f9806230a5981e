/* storage.c -- counted bytes: on the heap, or in the pool. */
#include "core/run/storage.h"

#include <stdlib.h>
#include <string.h>

#include "core/run/pool.h"

enum { POOL_FROM = 16384 }; /* smaller arrays live on the heap, where they cost less */

static Storage *in_pool(int64_t bytes, bool zero, Err *err)
{
    Storage *s = calloc(1, sizeof *s);
    if (!s)
        return FAIL(err, out_of_memory, NULL);
    *s = (Storage){.refs = 1, .kind = STORAGE_POOL, .bytes = bytes};
    if (!pool_take(bytes, zero, &s->slot, err)) {
        free(s);
        return NULL;
    }
    s->data = pool_data(&s->slot);
    return s;
}

static Storage *on_heap(int64_t bytes, Err *err)
{
    Storage *s = calloc(1, sizeof *s);
    size_t size = bytes ? ((size_t)bytes + 63) / 64 * 64 : 64;
    char *data = aligned_alloc(64, size);
    if (!s || !data) {
        free(s);
        free(data);
        return FAIL(err, out_of_memory, NULL);
    }
    memset(data, 0, size);
    *s = (Storage){.refs = 1, .kind = STORAGE_HEAP, .data = data, .bytes = bytes};
    return s;
}

Storage *storage_new(int64_t bytes, Err *err)
{
    return bytes >= POOL_FROM ? in_pool(bytes, true, err) : on_heap(bytes, err);
}

Storage *storage_for_result(int64_t bytes, Err *err)
{
    return bytes >= POOL_FROM ? in_pool(bytes, false, err) : on_heap(bytes, err);
}

Storage *storage_retain(Storage *s)
{
    __atomic_add_fetch(&s->refs, 1, __ATOMIC_RELAXED);
    return s;
}

void storage_touch(Storage *s)
{
    if (s->kind != STORAGE_POOL && s->slot.span) {
        pool_give(&s->slot);
        s->slot = (Slot){0};
    }
}

void storage_release(Storage *s)
{
    if (!s || __atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    if (s->slot.span)
        pool_give(&s->slot);
    if (s->kind == STORAGE_HEAP)
        free(s->data);
    free(s);
}

bool storage_to_pool(Storage *s, Err *err)
{
    if (s->slot.span)
        return true;
    Slot slot;
    if (!pool_take(s->bytes, false, &slot, err))
        return false;
    memcpy(pool_data(&slot), s->data, (size_t)s->bytes);
    s->slot = slot;
    return true;
}
