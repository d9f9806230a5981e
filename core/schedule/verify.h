/* verify.h -- a second opinion on a whole history, which trusts nothing that the steps believed. */
#ifndef CORE_SCHEDULE_VERIFY_H
#define CORE_SCHEDULE_VERIFY_H

#include "core/schedule/sched.h"

/* Asks integer sets whether the version computes what the program as written does, and whether the loops that run at once are free
** of dependences.  Text, in A, that says what has been proven and what could not be told; NULL and the error, with a witness, where
** something is proven wrong. */
const char *version_verify(Arena *A, const Version *v, long operations, Err *err);

#endif
