/* lower_math.c -- calls of mathematical functions become expressions every backend
** computes alike. */
#include "core/ir/mathfn.h"
#include "passes/loop/lower.h"

const Node *pass_lower_math(Arena *A, const Node *func, Err *err)
{
    return math_expand_all(A, func, err);
}
