/* conditions.c -- taking conditions apart. */
#include "passes/loop/conditions.h"

void cond_terms(Arena *A, const Node *cond, NodeVec *out)
{
    if (cond->op == OP_And) {
        cond_terms(A, cond->kid[And_a], out);
        cond_terms(A, cond->kid[And_b], out);
    } else {
        vec_push(A, out, cond);
    }
}

const Node *cond_all(Arena *A, const NodeVec *terms)
{
    const Node *all = ir_bool(A, true);
    for (size_t i = 0; i < terms->n; i++)
        all = ir_and(A, all, terms->at[i]);
    return all;
}
