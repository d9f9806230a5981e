/* window.c -- first fit over a list of pieces in the order of their addresses.
**
** Kernels are few and sections per kernel fewer, so a list that is walked is quick enough: a
** thousand kernels of three sections are three thousand steps of some nanoseconds.
*/
#include "backends/worker/window.h"

#include <assert.h>
#include <stdlib.h>

#include "backends/worker/board.h"

enum { GRAIN = 64, FREE_OWNER = 0 };

typedef struct Piece Piece;
struct Piece {
    Piece *next;
    uint64_t owner; /* FREE_OWNER: nobody */
    size_t start, bytes;
};

static Piece *first;
static size_t top;

void window_open(size_t used)
{
    size_t start = (used + GRAIN - 1) / GRAIN * GRAIN;
    first = malloc(sizeof *first);
    if (first)
        *first = (Piece){NULL, FREE_OWNER, start, WINDOW_BYTES - start};
    top = start;
}

/* Splits `p` so that its first part has `bytes` bytes; false without memory. */
static int split(Piece *p, size_t bytes)
{
    if (p->bytes == bytes)
        return 1;
    Piece *rest = malloc(sizeof *rest);
    if (!rest)
        return 0;
    *rest = (Piece){p->next, p->owner, p->start + bytes, p->bytes - bytes};
    p->next = rest;
    p->bytes = bytes;
    return 1;
}

void *window_take(uint64_t owner, size_t bytes, size_t align)
{
    assert(owner != FREE_OWNER);
    if (align < GRAIN)
        align = GRAIN;
    if (bytes > WINDOW_BYTES)
        return NULL;
    bytes = bytes ? (bytes + GRAIN - 1) / GRAIN * GRAIN : GRAIN;
    for (Piece *p = first; p; p = p->next) {
        size_t lead = (align - p->start % align) % align;
        if (p->owner != FREE_OWNER || p->bytes < lead + bytes)
            continue;
        if (lead) {
            if (!split(p, lead))
                return NULL;
            p = p->next;
        }
        if (!split(p, bytes))
            return NULL;
        p->owner = owner;
        if (p->start + p->bytes > top)
            top = p->start + p->bytes;
        return (void *)(uintptr_t)(WINDOW_BASE + p->start);
    }
    return NULL;
}

void window_give(uint64_t owner)
{
    for (Piece *p = first; p; p = p->next)
        if (p->owner == owner)
            p->owner = FREE_OWNER;
    for (Piece *p = first; p; p = p->next)
        while (p->owner == FREE_OWNER && p->next && p->next->owner == FREE_OWNER) {
            Piece *gone = p->next;
            p->bytes += gone->bytes;
            p->next = gone->next;
            free(gone);
        }
}

size_t window_top(void)
{
    return top;
}
