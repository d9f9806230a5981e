/* block.c -- what a block is, seen from outside. */
#include "core/schedule/block.h"

#include "core/schedule/tree.h"

/* Every spatial axis stands alone in some index, and no reduce axis stands in any. */
static bool indices_tell_axes_apart(const Node *block, const Node *access, const char **why)
{
    const Node *iters = block->kid[Block_iters];
    for (size_t i = 0; i < iters->nkids; i++) {
        const Node *var = iters->kid[i]->kid[Iter_var];
        bool alone = false, used = false;
        for (size_t k = Store_index; k < access->nkids; k++) {
            alone |= access->kid[k] == var;
            used |= ir_mentions(access->kid[k], var);
        }
        if (iters->kid[i]->at.i == ITER_reduce && used)
            return *why = "a reduce axis stands in the index that it writes", false;
        if (iters->kid[i]->at.i == ITER_spatial && !alone)
            return *why = "an axis does not stand alone in the index that it writes", false;
    }
    return true;
}

BlockClass block_class(const Node *block, const char **why)
{
    static const char *nowhere;
    why = why ? why : &nowhere;
    const Node *access = block_access(block);
    if (!access)
        return *why = "it does more than one store", BLOCK_OPAQUE;
    if (!indices_tell_axes_apart(block, access, why))
        return BLOCK_OPAQUE;
    if (tree_reads(block, access->kid[Store_buffer])) /* where it stores, whether, or what */
        return *why = "it reads what it writes", BLOCK_OPAQUE;
    const Node *init = block->kid[Block_init];
    if (access->op == OP_Update && init->op != OP_Nop &&
        (init->op != OP_Store || init->kid[Store_buffer] != access->kid[Store_buffer]))
        return *why = "its init does not start what it updates", BLOCK_OPAQUE;
    if (access->op == OP_Update)
        return BLOCK_REDUCTION;
    const Node *iters = block->kid[Block_iters];
    for (size_t i = 0; i < iters->nkids; i++)
        if (iters->kid[i]->at.i == ITER_reduce)
            return *why = "it has a reduce axis, but stores instead of combining", BLOCK_OPAQUE;
    return BLOCK_COMPLETE;
}

typedef struct Feeds {
    const Node *var, *block, *axis;
} Feeds;

static bool feeds_visit(void *env, const Node *block)
{
    Feeds *f = env;
    const Node *iters = block->kid[Block_iters];
    for (size_t i = 0; i < iters->nkids; i++)
        if (iters->kid[i]->at.i == ITER_reduce &&
            ir_mentions(iters->kid[i]->kid[Iter_value], f->var)) {
            f->block = block;
            f->axis = iters->kid[i]->kid[Iter_var];
            return false;
        }
    return true;
}

bool feeds_reduce(const Node *loop, const Node **block, const Node **axis)
{
    Feeds f = {.var = loop->kid[For_var]};
    bool none = tree_blocks(loop->kid[For_body], feeds_visit, &f);
    if (block)
        *block = f.block;
    if (axis)
        *axis = f.axis;
    return !none;
}
