/* distance.h -- how far apart are two iterations that touch one element?
**
** Two touches of a buffer meet where their indices are equal.  For each loop around both, the
** distance is the loop's value at the second touch minus that at the first.  From indices, extents
** and guards follow bounds on the distances, and where no values are left, the two never meet: that
** is a proof.  Bounds are no proof of the contrary; dep.h has the last word on what they leave
** open.
**
**      for yo, yi, k: C[yo*8 + yi] += …        8*d(yo) + d(yi) = 0 and |d(yi)| < 8
**                                              so d(yo) = 0, d(yi) = 0, and d(k) is free
*/
#ifndef CORE_AFFINE_DISTANCE_H
#define CORE_AFFINE_DISTANCE_H

#include "core/affine/access.h"

typedef struct Box {
    bool never; /* the two never meet */
    int n;      /* loops around both, outermost first */
    int64_t lo[ACC_LOOPS], hi[ACC_LOOPS];
} Box;

/* Any distances that the extents allow, for the touches of these two places. */
void distance_any(const Accesses *acc, const Place *p, const Place *q, Box *box);

/* Narrows the bounds by all that is known of the two touches, of one buffer; `box` may have been
** narrowed before. */
void distance_narrow(const Accesses *acc, const Touch *a, const Touch *b, Box *box);

/* The same for two iterations that run one instance of the place's block. */
void distance_of_instance(const Accesses *acc, const Place *p, Box *box);

#endif
