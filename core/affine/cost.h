/* cost.h -- how much arithmetic a program does, and how much memory it must touch: what a rate in
** GFLOP/s refers to.
**
** A product of n × n matrices, C[y, x] += A[k, y] * B[k, x], makes 2 n³ operations on 3 n²
** elements, however it is scheduled.
*/
#ifndef CORE_AFFINE_COST_H
#define CORE_AFFINE_COST_H

#include "core/ir/ir.h"

/* Floating-point operations of a Func whose loops have constant extents: every +, -, *, /, min,
** max, negation and call counts 1, a fused multiply-add 2, each for every iteration; 0 where an
** extent is not constant.  Meant for programs as written: a schedule may compute things twice,
** which is no merit. */
double func_flops(const Node *func);

/* Bytes of the parameters and results. */
double func_bytes(const Node *func);

#endif
