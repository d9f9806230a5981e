/* alloc.h -- where a buffer's memory lives: around all that uses it, and no larger
** than what is used.
**
**      alloc B: float32[64]                 for i in range(8):
**      for i in range(8):                     alloc B: float32[64] window [i*8 :+ 8]
**        for j in range(8):           →       for j in range(8):
**          block B(y = i*8 + j): …              block B(y = i*8 + j): …
**        …                                    …
*/
#ifndef CORE_SCHEDULE_ALLOC_H
#define CORE_SCHEDULE_ALLOC_H

#include "core/affine/region.h"
#include "core/schedule/tree.h"

/* What p->at[depth] touches of the buffer in one iteration of the loops around. */
Region path_region(Arena *A, const Path *p, size_t depth, const Node *buffer, int which);

/* Moves the Alloc of `buffer` to the innermost place that holds all its uses, with the window that
** they touch there.  It goes into no loop that carries a value of the buffer from one iteration to
** the next, and a shared buffer stays outside thread axes.  `func` itself if nothing changes.
** made_in: a For in each iteration of which all that is read of the buffer is written first, so
** that nothing is carried; or NULL. */
const Node *alloc_settle(Arena *A, const Node *func, const Node *buffer, const Node *made_in);

/* The same for every allocated buffer that stmt uses but `except`, of which nothing
** is known beforehand. */
const Node *alloc_settle_all(Arena *A, const Node *func, const Node *stmt, const Node *except);

/* The same for a buffer that is used and has no Alloc yet: gives it one. */
const Node *alloc_new(Arena *A, const Node *func, const Node *buffer, const Node *made_in);

/* Takes away an Alloc whose buffer nothing uses any more. */
const Node *alloc_drop(Arena *A, const Node *func, const Node *buffer);

#endif
