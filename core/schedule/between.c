/* between.c -- what a statement would pass when it moves: other statements that touch
** what it touches. */
#include "core/schedule/legal.h"
#include "core/schedule/tree.h"

typedef struct Between {
    const Node *from, *to, *block;
    unsigned what;
    bool passed, reached;
} Between;

static bool reads_written(const Node *block, const Node *n)
{
    if ((n->op == OP_Store || n->op == OP_Update) && tree_reads(block, n->kid[Store_buffer]))
        return true;
    for (size_t i = 0; i < n->nkids; i++)
        if (ir_is_stmt(n->kid[i]) && reads_written(block, n->kid[i]))
            return true;
    return false;
}

static bool in_the_way(const Between *b, const Node *n)
{
    const Node *target = block_target(b->block);
    return (b->what & PASS_INPUTS && reads_written(b->block, n)) ||
           (b->what & PASS_TARGET && target && (tree_writes(n, target) || tree_reads(n, target)));
}

/* Blocks, and what stands outside of any, in the order of the text. */
static const Node *search(Between *b, const Node *n)
{
    if (n == b->from) {
        b->passed = true;
        return NULL;
    }
    if (n == b->to) {
        b->reached = true;
        return NULL;
    }
    if (n->op == OP_Block || n->op == OP_Store || n->op == OP_Update)
        return b->passed && in_the_way(b, n) ? n : NULL;
    for (size_t i = 0; i < n->nkids && !b->reached; i++) {
        const Node *found = ir_is_stmt(n->kid[i]) ? search(b, n->kid[i]) : NULL;
        if (found)
            return found;
    }
    return NULL;
}

const Node *legal_passes(const Node *func, const Node *from, const Node *to, const Node *block,
                         unsigned what)
{
    Between b = {from, to, block, what, false, false};
    return search(&b, func->kid[Func_body]);
}

const char *statement_name(const Node *n)
{
    const Node *block = tree_first_block(n);
    if (block)
        return ir_block_name(block);
    return n->op == OP_Store || n->op == OP_Update ? ir_buf_name(n->kid[Store_buffer])
                                                   : "a condition";
}
