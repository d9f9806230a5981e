/* lower_math.c -- calls of mathematical functions become expressions every backend computes alike. */
#include "core/ir/mathfn.h"
#include "core/ir/rewrite.h"
#include "passes/loop/lower.h"

static const Node *on_call(Rewriter *rw, const Node *n)
{
    n = rw_kids(rw, n);
    if (!n || !math_known(n->at.name))
        return n;
    const Node *e = math_expand(rw->A, n, rw->err);
    return e ? e : rw_fail(rw);
}

const Node *pass_lower_math(Arena *A, const Node *func, Err *err)
{
    static Rule *const on[OP_COUNT] = {[OP_Call] = on_call};
    return rw_run(A, on, NULL, err, func);
}
