/* runtime.h -- what a kernel gets from whoever runs it: the same for JIT, exported C and objects.
**
**      int32_t f(void **buffers, const int64_t *dims, const Runtime *rt);
**
** `buffers` holds the first element of each parameter, then of each result.  All arrays are dense
** and row-major, of the sizes that the Func says, and start at a multiple of 64 bytes.  `dims` is
** the place of sizes that a Func would not say; as long as sizes are numbers it is NULL.
**
** A kernel returns 0, or a positive number: that of the first assertion which failed, or one of
** the negative RT_ codes, which it also returns at once when a function below gave it one.
*/
#ifndef CORE_RUN_RUNTIME_H
#define CORE_RUN_RUNTIME_H

#include <stdint.h>

typedef struct Runtime Runtime;
typedef int32_t KernelFn(void **buffers, const int64_t *dims, const Runtime *rt);

/* One iteration of a parallel loop: not 0 stops the loop, as a kernel's result would. */
typedef int32_t ParallelBody(void *env, int64_t i);

enum {
    RT_OK = 0,
    RT_CANCELLED = -1,     /* *cancel was set, and the kernel left early */
    RT_OUT_OF_BOUNDS = -2, /* checked code refused an access; oob() recorded it */
};

enum { RT_ALIGN = 64 };

struct Runtime {
    void *ctx; /* passed to every function below */

    /* Polled in the outermost loop; not 0 means: return RT_CANCELLED soon. */
    const volatile int32_t *cancel;

    /* A temporary of `bytes` bytes at a multiple of RT_ALIGN, holding nothing in particular.  Never
    ** NULL: where memory runs out the whole run ends with an error.  Any thread may call both. */
    void *(*alloc)(void *ctx, int64_t bytes);
    void (*release)(void *ctx, void *temporary);

    /* body(env, 0 .. n-1), in any order and at the same time; returns when all are done.  The
    ** result is 0, or that of an iteration that gave something else.  Inside a body, a parallel
    ** loop runs its iterations one after another. */
    int32_t (*parallel)(void *ctx, ParallelBody *body, void *env, int64_t n);

    /* For code built with checks: access number `access` of the program (0, 1, … in the order of
    ** its text) had `index` in dimension `dim`, which is outside.  Returns RT_OUT_OF_BOUNDS, which
    ** the kernel returns in turn; of several reports the first is kept. */
    int32_t (*oob)(void *ctx, int32_t access, int32_t dim, int64_t index);
};

#endif
