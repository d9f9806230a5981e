/* cover.h -- whether loops run through all of a box, or through all that other loops run through:
** a block that is moved must neither lose instances nor get new ones.
**
** The least value of each axis is a sum of digits of loops, each times a factor: y, y//8, y%8,
** (y//4)%2.  The values of an axis leave no gap if every factor is at most what the smaller ones
** reach; those of all axes are a full box if no digit counts twice.  For axes y and x of extent 64
** and a loop f in range(4096), of which they are moved into:
**
**      y from f//64, x from f%64       COVER_FULL: each pair once
**      y from f//64, x from f//64      COVER_UNTOLD: one digit counts twice
**      y from f//80, x from f%64       COVER_GAP: y ends at 51
*/
#ifndef CORE_SCHEDULE_COVER_H
#define CORE_SCHEDULE_COVER_H

#include "core/schedule/nest.h"

/* Do the spans, whose least values the loops move, take all combinations of the values of the
** domains?  *axis is that in which it stops; COVER_GAP is certain, COVER_UNTOLD says nothing. */
typedef enum Covering { COVER_FULL, COVER_GAP, COVER_UNTOLD } Covering;
Covering cover_box(Arena *A, size_t naxes, const AxisSpan *span, const AxisSpan *domain,
                   size_t nloops, const Node *const *loops, size_t *axis);

/* What axes take wherever a statement runs: one[i].extent values from one[i].min, over the loops
** and under the conditions on the way to it. */
typedef struct Taken {
    const AxisSpan *one;
    const Path *to;
} Taken;

/* A question about axes: these, within the domain, where the guard holds (NULL: it always does).
** A guard counts as far as it speaks of the axes alone. */
typedef struct Asked {
    size_t naxes;
    const Node *const *axis; /* Vars; another expression stands in no guard */
    const AxisSpan *domain;
    const Node *where;
} Asked;

/* Why it is not so, or why nobody can tell. */
typedef struct Lacking {
    int64_t at[2 * IR_MAX_RANK]; /* the first values that are left out */
    const char *untold;
} Lacking;

/* Does `all` surely take every combination of values that `some` takes?  Both are places in one
** Func.  What is no sum of digits, or runs under conditions, is counted out, as far as a million
** iterations: 2*x in range(4) takes 0, 2, 4 and 6.  Conditions around both places are the same for
** both, also those that data decide, unless an axis depends on a loop around them. */
Covering cover_taken(Arena *A, const Asked *asked, const Taken *all, const Taken *some,
                     Lacking *lacking);

#endif
