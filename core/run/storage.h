/* storage.h -- where a tensor's bytes lie; for those who map them elsewhere.
**
** Large arrays lie in the pool, where the runner can reach them.  Small ones lie on the heap, where
** they cost less, and have a copy in the pool from the first kernel on that takes them, until their
** bytes change.
*/
#ifndef CORE_RUN_STORAGE_H
#define CORE_RUN_STORAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

typedef enum StorageKind { STORAGE_HEAP, STORAGE_POOL } StorageKind;

/* A slot of the pool: `bytes` bytes at `offset` of the pool's memfd, between two guard gaps. */
typedef struct Slot {
    int64_t offset;     /* of the first byte of data, a multiple of 64 */
    int64_t bytes;      /* of the data */
    int64_t page;       /* offset of the first page that the data touches */
    int64_t span;       /* bytes of those pages: what may be mapped; 0 for no slot */
    int64_t home, room; /* what the pool keeps for it; page + span == home + room */
} Slot;

typedef struct Storage {
    int refs;
    StorageKind kind;
    char *data;
    int64_t bytes;
    Slot slot; /* the bytes in the pool: themselves, or for the heap's a copy made on first use */
} Storage;

/* `bytes` zeroed bytes: from the pool if they are many, else from the heap. */
Storage *storage_new(int64_t bytes, Err *err);

/* The same for what a kernel will write, holding nothing in particular.  A small result on the heap
** borrows its slot for the length of a job, so the next job's result gets the one that the runner
** has mapped already. */
Storage *storage_for_result(int64_t bytes, Err *err);
Storage *storage_retain(Storage *s);
void storage_release(Storage *s);

/* Makes sure that the bytes are in the pool, copying them there once; false if they do not fit. */
bool storage_to_pool(Storage *s, Err *err);

/* Forgets a copy in the pool, for the bytes are about to change. */
void storage_touch(Storage *s);

#endif
