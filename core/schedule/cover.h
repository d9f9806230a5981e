/* cover.h -- whether loops run through all of a box: a block that is moved into them must not lose instances. */
#ifndef CORE_SCHEDULE_COVER_H
#define CORE_SCHEDULE_COVER_H

#include "core/schedule/nest.h"

/* Do the spans, whose least values the loops move, take all combinations of the values of the domains?  *axis is that in which it stops;
** COVER_GAP is certain, COVER_UNTOLD says nothing. */
typedef enum Covering { COVER_FULL, COVER_GAP, COVER_UNTOLD } Covering;
Covering cover_box(Arena *A, size_t naxes, const AxisSpan *span, const AxisSpan *domain, size_t nloops, const Node *const *loops,
                   size_t *axis);

#endif
