/* jagged.c -- a nest more, whose condition no tensor expression makes: it holds, fails and holds
** again along one axis.
**
**      for y in range(13):
**        block last(y) where y + y//3%2*5 < 11:
**          Q[y] = 3
*/
#include "tests/diff/diff.h"

#include "core/ir/rewrite.h"

/* The nest's statement that stores; only of the plainest nests: loops around a block
** that stores without a sum. */
static const Node *block_of(const Node *nest)
{
    while (nest->op == OP_For)
        nest = nest->kid[For_body];
    bool plain = nest->op == OP_Block && nest->kid[Block_body]->op == OP_Store &&
                 ir_is_true(nest->kid[Block_where]);
    return plain && nest->kid[Block_iters]->nkids > 0 ? nest : NULL;
}

static const Node *with_block(Arena *A, const Node *nest, const Node *block)
{
    return nest->op == OP_For
               ? ir_with_kid(A, nest, For_body, with_block(A, nest->kid[For_body], block))
               : block;
}

static const Node *again(Arena *A, const Spec *s, const Node *nest)
{
    const Node *copy = ir_fresh(A, nest), *block = block_of(copy), *store = block->kid[Block_body];
    const Node *y = block->kid[Block_iters]->kid[0]->kid[Iter_var];
    int64_t period = 2 + s->jagged % 3, step = 1 + s->jagged % 7, below = 3 + s->jagged / 2;
    const Node *turn = ix_mod(A, ix_div(A, y, ir_idx(A, period)), ir_idx(A, 2 + s->jagged % 2));
    const Node *sum = ix_add(A, y, ix_mul(A, turn, ir_idx(A, step)));
    const Node *kids[] = {[Block_iters] = block->kid[Block_iters],
                          [Block_where] = ir_binary(A, OP_Lt, sum, ir_idx(A, below)),
                          [Block_init] = block->kid[Block_init],
                          [Block_body] = ir_with_kid(A, store, Store_value,
                                                     ir_const(A, (DType)store->kid[0]->type, 1)),
                          [Block_annots] = block->kid[Block_annots]};
    BlockInfo *info = arena_alloc(A, sizeof *info);
    info->name = "last";
    return with_block(A, copy, ir_make(A, OP_Block, 0, (Attr){.block = info}, block->nkids, kids));
}

/* Into the allocs, and after the last nest. */
static const Node *append(Arena *A, const Spec *s, const Node *n)
{
    if (n->op == OP_Alloc)
        return ir_with_kid(A, n, Alloc_body, append(A, s, n->kid[Alloc_body]));
    if (n->op == OP_Seq)
        return ir_seq(
            A, 2,
            (const Node *[]){ir_seq(A, n->nkids - 1, n->kid), append(A, s, n->kid[n->nkids - 1])});
    return block_of(n) ? ir_seq(A, 2, (const Node *[]){n, again(A, s, n)}) : n;
}

const Node *jagged(Arena *A, const Spec *s, const Node *func)
{
    return s->jagged ? ir_with_kid(A, func, Func_body, append(A, s, func->kid[Func_body])) : func;
}
