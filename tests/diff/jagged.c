/* jagged.c -- nests more, of a kind that no tensor expression makes: a condition that holds, fails
** and holds again along one axis; and indices that are in range only after they have wrapped, so
** that iterations meet which are far apart as integers.
**
**      for y in range(13):
**        block last(y) where y + y//3%2*5 < 11:
**          Q[y] = 1
**      for y in range(13):
**        block wrapped(y) where y%8 == 0:
**          Q[y*2305843009213693952 + y%2] = y
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

/* The nest with another condition and statement in its block. */
static const Node *nest_of(Arena *A, const Node *nest, const Node *block, const char *name,
                           const Node *where, const Node *body)
{
    const Node *kids[] = {[Block_iters] = block->kid[Block_iters],
                          [Block_where] = where,
                          [Block_init] = block->kid[Block_init],
                          [Block_body] = body,
                          [Block_annots] = block->kid[Block_annots]};
    BlockInfo *info = arena_alloc(A, sizeof *info);
    info->name = name;
    return with_block(A, nest, ir_make(A, OP_Block, 0, (Attr){.block = info}, block->nkids, kids));
}

static const Node *again(Arena *A, const Spec *s, const Node *nest)
{
    const Node *copy = ir_fresh(A, nest), *block = block_of(copy), *store = block->kid[Block_body];
    const Node *y = block->kid[Block_iters]->kid[0]->kid[Iter_var];
    int64_t period = 2 + s->jagged % 3, step = 1 + s->jagged % 7, below = 3 + s->jagged / 2;
    const Node *turn = ix_mod(A, ix_div(A, y, ir_idx(A, period)), ir_idx(A, 2 + s->jagged % 2));
    const Node *sum = ix_add(A, y, ix_mul(A, turn, ir_idx(A, step)));
    return nest_of(
        A, copy, block, "last", ir_binary(A, OP_Lt, sum, ir_idx(A, below)),
        ir_with_kid(A, store, Store_value, ir_const(A, (DType)store->kid[Store_buffer]->type, 1)));
}

/* Where the sum of the axes is a multiple of 2^k, 2^(64-k) times that sum is 0. */
static const Node *by_wrapping(Arena *A, const Spec *s, const Node *nest)
{
    const Node *copy = ir_fresh(A, nest), *block = block_of(copy), *store = block->kid[Block_body];
    const Node *iters = block->kid[Block_iters], *buffer = store->kid[Store_buffer];
    const Node *sum = iters->kid[0]->kid[Iter_var], *value = sum;
    for (size_t i = 1; i < iters->nkids; i++) {
        const Node *axis = iters->kid[i]->kid[Iter_var];
        sum = ix_add(A, sum, axis);
        value = ix_sub(A, value, axis);
    }
    int k = 2 + s->wrapped % 3;
    const Node *index[IR_MAX_RANK], *far = ir_idx(A, INT64_C(1) << (64 - k));
    const Node *where =
        ir_binary(A, OP_Eq, ix_mod(A, sum, ir_idx(A, INT64_C(1) << k)), ir_idx(A, 0));
    for (size_t d = 0; d < ir_rank(buffer); d++) {
        bool kept = d > 0 && s->wrapped & 4;
        int64_t few = ir_dim(buffer, d) < 2 ? 1 : 2;
        index[d] = kept ? store->kid[Store_index + d] : ix_mod(A, sum, ir_idx(A, few));
    }
    index[0] = ix_add(A, ix_mul(A, sum, far), index[0]);
    return nest_of(
        A, copy, block, "wrapped", where,
        ir_store(A, buffer, ir_rank(buffer), index, ir_cast(A, (DType)buffer->type, value)));
}

static const Node *more(Arena *A, const Spec *s, const Node *nest)
{
    const Node *all[3] = {nest};
    size_t n = 1;
    if (s->jagged)
        all[n++] = again(A, s, nest);
    if (s->wrapped)
        all[n++] = by_wrapping(A, s, nest);
    return ir_seq(A, n, all);
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
    return block_of(n) ? more(A, s, n) : n;
}

const Node *jagged(Arena *A, const Spec *s, const Node *func)
{
    return s->jagged || s->wrapped
               ? ir_with_kid(A, func, Func_body, append(A, s, func->kid[Func_body]))
               : func;
}
