/* verify.h -- a second opinion on a whole history, which trusts nothing that the steps believed.
**
** Each step was found legal by bounds on distances, for the most part (legal.h).  Here integer sets
** (core/affine/dep.h) compare the instances of blocks in the program as written with those of the
** version at hand, whatever stood between, and step by step where that is too far to tell:
**
**      proven: step 4 computes what step 0 does
**        at once: p (parallel), qi (vectorized)
*/
#ifndef CORE_SCHEDULE_VERIFY_H
#define CORE_SCHEDULE_VERIFY_H

#include "core/schedule/sched.h"

/* Asks integer sets whether the version computes what the program as written does, and whether the
** loops that run at once are free of dependences.  Text, in A, that says what has been proven and
** what could not be told; NULL and the error, with a witness, where something is proven wrong. */
const char *version_verify(Arena *A, const Version *v, long operations, Err *err);

#endif
