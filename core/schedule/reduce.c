/* reduce.c -- decompose_reduction and contract. */
#include "core/schedule/prims.h"

#include <string.h>

#include "core/base/mutant.h"
#include "core/ir/rewrite.h"
#include "core/schedule/alloc.h"
#include "core/schedule/block.h"
#include "core/schedule/nest.h"

static bool is_reduction(Step *s, const Node *block, const char *how)
{
    const char *why = NULL;
    if (block_class(block, &why) != BLOCK_REDUCTION)
        return REFUSE(s->err, not_a_reduction, block, how, ir_block_name(block));
    return true;
}

/* Does the loop count in the value of a spatial axis of the block? */
static bool feeds_spatial(const Node *block, const Node *var)
{
    const Node *iters = block->kid[Block_iters];
    for (size_t i = 0; i < iters->nkids; i++)
        if (iters->kid[i]->at.i == ITER_spatial && ir_mentions(iters->kid[i]->kid[Iter_value], var))
            return true;
    return false;
}

static bool feeds_own_reduce(const Node *block, const Node *var)
{
    const Node *iters = block->kid[Block_iters];
    for (size_t i = 0; i < iters->nkids; i++)
        if (iters->kid[i]->at.i == ITER_reduce && ir_mentions(iters->kid[i]->kid[Iter_value], var))
            return true;
    return false;
}

/* The part of the guard that speaks of spatial axes, and of loops that the init has around it too: those that feed such
** axes, or stand above `top`, the statement before which it goes. */
static const Node *init_where(Arena *A, const Node *block, const Node *top, const Node *w)
{
    if (w->op == OP_And)
        return ir_and(A, init_where(A, block, top, w->kid[0]), init_where(A, block, top, w->kid[1]));
    Path p;
    path_to(top, block, &p);
    for (size_t i = 0; i < p.n; i++)
        if (p.at[i]->op == OP_For && ir_mentions(w, p.at[i]->kid[For_var]) && !feeds_spatial(block, p.at[i]->kid[For_var]))
            return ir_bool(A, true);
    const Node *iters = block->kid[Block_iters];
    for (size_t i = 0; i < iters->nkids; i++)
        if (iters->kid[i]->at.i == ITER_reduce && ir_mentions(w, iters->kid[i]->kid[Iter_var]))
            return ir_bool(A, true);
    return w;
}

static const Node *init_block(Step *s, const Node *block, const Node *top)
{
    Arena *A = s->A;
    const Node *iters = block->kid[Block_iters];
    const Node **spatial = ARENA_ARRAY(A, const Node *, iters->nkids + 1);
    size_t n = 0;
    for (size_t i = 0; i < iters->nkids; i++)
        if (iters->kid[i]->at.i == ITER_spatial)
            spatial[n++] = iters->kid[i];
    BlockInfo *info = arena_alloc(A, sizeof *info);
    const char *name = fresh_name(A, s->func, arena_printf(A, "%s.init", ir_block_name(block)));
    *info = (BlockInfo){name, block->at.block->from, s->number};
    return ir_block(A, info, ir_list(A, n, spatial), init_where(A, block, top, block->kid[Block_where]), ir_nop(A),
                    block->kid[Block_init]);
}

/* The first loop on the path, above `depth`, that feeds a reduce axis of the block at its end. */
static const Node *loop_reducing(const Path *p, size_t depth)
{
    for (size_t i = 0; i < depth; i++)
        if (p->at[i]->op == OP_For && feeds_own_reduce(path_end(p), p->at[i]->kid[For_var]))
            return p->at[i];
    return NULL;
}

/* The first loop on the path, from `depth` on, that feeds no reduce axis of the block and runs it for the same elements again. */
static const Node *loop_repeating(const Node *func, const Path *p, size_t depth)
{
    const Node *block = path_end(p);
    for (size_t i = depth; i < p->n; i++)
        if (p->at[i]->op == OP_For && !feeds_own_reduce(block, p->at[i]->kid[For_var]) && !legal_apart(func, p->at[i], block))
            return p->at[i];
    return NULL;
}

bool prim_decompose_reduction(Step *s)
{
    Arena *A = s->A;
    const Node *block = s->arg[0].node, *loop = s->arg[1].node;
    const char *name = ir_block_name(block), *at = ir_var_name(loop->kid[For_var]);
    if (!is_reduction(s, block, "decompose_reduction"))
        return false;
    if (block->kid[Block_init]->op == OP_Nop)
        return REFUSE(s->err, already_decomposed, block, "decompose_reduction", name);
    Path p;
    path_to(s->func, block, &p);
    size_t depth = 0;
    while (depth < p.n && p.at[depth] != loop)
        depth++;
    if (depth == p.n)
        return REFUSE(s->err, loop_not_around, loop, at, name);
    const Node *init = init_block(s, block, loop);
    const char *made = ir_block_name(init);
    for (size_t i = p.n; i-- > depth;)
        if (p.at[i]->op == OP_For && (feeds_spatial(block, p.at[i]->kid[For_var]) || ir_is_int(p.at[i]->kid[For_extent], 0)))
            init = ir_with_kid(A, p.at[i], For_body, init);
    init = ir_fresh(A, init);
    const Node *rest = ir_with_kid(A, block, Block_init, ir_nop(A));
    for (size_t i = p.n - 1; i-- > depth;)
        rest = ir_with_kid(A, p.at[i], p.kid[i], rest);
    step_made(s, made);
    buf_printf(&s->said, "%s -> %s before %s", name, made, loop_label(A, s->func, loop));
    const Node *out = path_replace_at(A, &p, depth, ir_seq(A, 2, (const Node *[]){init, rest}));
    bool legal = step_in_order(s, &(Moved){s->func, out, made, NULL, NULL}) &&
                 legal_begun(s->func, out, loop->kid[For_var], name, s->err);
    if (MUTANT(decompose_unchecked, !legal, false)) {
        Err reason = {0};
        const Node *outer = loop_reducing(&p, depth);
        const char *over = outer ? ir_var_name(outer->kid[For_var]) : NULL;
        const Node *again = outer ? NULL : loop_repeating(s->func, &p, depth);
        const char *repeats = again ? ir_var_name(again->kid[For_var]) : NULL;
        if (outer)
            REFUSE(&reason, reduces_outside, outer, name, over, at, name, over);
        else if (again)
            REFUSE(&reason, summed_again, again, name, repeats, at, repeats);
        return step_explain(s, &reason);
    }
    out = MUTANT(decompose_init_late, out, path_replace_at(A, &p, depth, ir_seq(A, 2, (const Node *[]){rest, init})));
    return step_done(s, alloc_settle(A, out, block_target(block), NULL));
}

bool prim_contract(Step *s)
{
    Arena *A = s->A;
    const Node *block = s->arg[0].node, *u = block_access(block);
    if (!is_reduction(s, block, "contract"))
        return false;
    const char *name = ir_block_name(block);
    if (u->at.i == COMB_fma)
        return REFUSE(s->err, already_contracted, block, name);
    if (u->at.i != COMB_sum || u->kid[Update_value]->op != OP_Mul || !dtype_is_float(u->kid[Update_value]->type))
        return REFUSE(s->err, not_contractible, block, name);
    const Node *now = ir_make(A, OP_Update, 0, (Attr){.i = COMB_fma}, u->nkids, u->kid);
    Path p;
    path_to(s->func, block, &p);
    buf_printf(&s->said, "%s: products are not rounded any more", name);
    return step_done(s, path_replace(A, &p, ir_with_kid(A, block, Block_body, now)));
}
