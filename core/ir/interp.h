/* interp.h -- the reference interpreter: what a program means, computed one element at a time.
**
** It runs a Func as ir.h defines it, blocks, `init`, `where`, windows and all; loops of every kind
** run one iteration after the other, for in a correct program the order of the others does not
** matter.  A Barrier does matter, so a program with one is refused: the checking interpreter
** (check.h) runs threads. Every access is checked against its buffer, dimension by dimension.
**
**      int64_t shape[] = {64};
**      InterpBuffer io[] = {{DT_float32, 1, shape, a}, {DT_float32, 1, shape, c}};
**      if (!interp_run(func, 2, io, NULL, &err)) …
*/
#ifndef CORE_IR_INTERP_H
#define CORE_IR_INTERP_H

#include "core/ir/ir.h"

/* Dense row-major memory that the caller owns. */
typedef struct InterpBuffer {
    DType type;
    size_t rank;
    const int64_t *shape;
    void *data;
} InterpBuffer;

/* What a run may use; 0 stands for the default. */
typedef struct InterpLimits {
    int64_t iterations; /* of all loops together; by default 2^62 */
    size_t bytes;       /* of allocated memory at one time; by default 4 GiB */
} InterpLimits;

/* Runs `func` on its parameters and results, in that order.  A dimension that is a Var is bound by
** the first buffer that has it.  False if an access leaves its buffer, the buffers do not fit, a
** limit is reached or the run is interrupted; what was stored until then stays. */
bool interp_run(const Node *func, size_t n, const InterpBuffer *buffers, const InterpLimits *limits,
                Err *err);

/* An expression without loads, ready to be evaluated many times. */
typedef struct InterpExpr InterpExpr;

/* Compiles `e` over the given variables; lives in A.  NULL if e mentions another
** variable, or memory. */
InterpExpr *interp_compile(Arena *A, const Node *e, size_t n, const Node *const *vars, Err *err);
Scalar interp_eval(const InterpExpr *e, const Scalar *values);

#endif
