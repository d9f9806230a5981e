/* alloc.h -- where a buffer's memory lives: around all that uses it, and no larger than what is used. */
#ifndef CORE_SCHEDULE_ALLOC_H
#define CORE_SCHEDULE_ALLOC_H

#include "core/ir/ir.h"

/* Moves the Alloc of `buffer` to the innermost place that holds all its uses, with the window that they
** touch there.  A shared buffer stays outside thread axes, a global one outside block axes, too.  `func` itself if
** nothing changes. */
const Node *alloc_settle(Arena *A, const Node *func, const Node *buffer);

/* The same for every allocated buffer that stmt uses. */
const Node *alloc_settle_all(Arena *A, const Node *func, const Node *stmt);

/* Allocates a new buffer around the whole body, to be settled. */
const Node *alloc_add(Arena *A, const Node *func, const Node *buffer);

/* Takes away an Alloc whose buffer nothing uses any more. */
const Node *alloc_drop(Arena *A, const Node *func, const Node *buffer);

#endif
