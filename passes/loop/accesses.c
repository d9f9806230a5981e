/* accesses.c -- accesses in the order of the text. */
#include "passes/loop/accesses.h"

#include "core/base/vec.h"

typedef VEC(const Node *) NodeVec;

static void collect(Arena *A, const Node *n, NodeVec *out)
{
    bool writes = n->op == OP_Store || n->op == OP_Update;
    if (writes || n->op == OP_Load)
        vec_push(A, out, n);
    for (uint32_t i = writes ? Store_index : 0; i < n->nkids; i++)
        collect(A, n->kid[i], out);
    if (writes)
        collect(A, n->kid[Store_value], out);
}

const Node *const *loop_accesses(Arena *A, const Node *n, size_t *count)
{
    NodeVec all = {0};
    collect(A, n, &all);
    *count = all.n;
    return all.at;
}
