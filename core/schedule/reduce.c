/* reduce.c -- decompose_reduction and contract. */
#include "core/schedule/prims.h"

#include <string.h>

#include "core/base/mutant.h"
#include "core/ir/print.h"
#include "core/ir/rewrite.h"
#include "core/ir/simplify.h"
#include "core/schedule/alloc.h"
#include "core/schedule/block.h"
#include "core/schedule/nest.h"

static bool updates(Step *s, const Node *block, const char *how)
{
    const Node *access = block_access(block);
    return (access && access->op == OP_Update) ||
           REFUSE(s->err, not_a_reduction, block, how, ir_block_name(block));
}

/* Is it one of which the axes tell the elements apart? */
static bool is_reduction(Step *s, const Node *block, const Node *loop, const char *how)
{
    const char *why = NULL;
    if (!updates(s, block, how))
        return false;
    return block_class(block, &why) == BLOCK_REDUCTION ||
           REFUSE(s->err, opaque_block, block, how, ir_var_name(loop->kid[For_var]),
                  ir_block_name(block), why);
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

/* The guard where the init runs: all reduce axes are 0, and so are the loops between `top`, the
** statement before which it goes, and the block that count nothing else.  NULL if the guard speaks
** of a loop there that feeds no axis. */
static const Node *init_where(Arena *A, const Node *block, const Node *top)
{
    const Node *iters = block->kid[Block_iters], *where = block->kid[Block_where];
    Subst zero[2 * IR_MAX_DEPTH];
    size_t n = 0;
    Path p;
    path_to(top, block, &p);
    for (size_t i = 0; i < p.n; i++) {
        const Node *var = p.at[i]->op == OP_For ? p.at[i]->kid[For_var] : NULL;
        if (!var || !ir_mentions(where, var) || feeds_spatial(block, var))
            continue;
        if (!feeds_own_reduce(block, var))
            return NULL;
        zero[n++] = (Subst){var, ir_idx(A, 0)};
    }
    for (size_t i = 0; i < iters->nkids && n < 2 * IR_MAX_DEPTH; i++)
        if (iters->kid[i]->at.i == ITER_reduce && ir_mentions(where, iters->kid[i]->kid[Iter_var]))
            zero[n++] = (Subst){iters->kid[i]->kid[Iter_var], ir_idx(A, 0)};
    return n ? ir_simplify(A, ir_subst(A, where, n, zero), NULL) : where;
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
    const Node *where = init_where(A, block, top);
    *info = (BlockInfo){name, block->at.block->from, s->number};
    if (!where)
        return FAIL(s->err, guard_on_loops, block, ir_block_name(block));
    return ir_block(A, info, ir_list(A, n, spatial), where, ir_nop(A), block->kid[Block_init]);
}

/* The first loop on the path, above `depth`, that feeds a reduce axis of the block at its end and
** runs more than once. */
static const Node *loop_reducing(const Path *p, size_t depth)
{
    for (size_t i = 0; i < depth; i++)
        if (p->at[i]->op == OP_For && ir_const_int(p->at[i]->kid[For_extent], 2) > 1 &&
            feeds_own_reduce(path_end(p), p->at[i]->kid[For_var]))
            return p->at[i];
    return NULL;
}

/* The first loop on the path, from `depth` on, that feeds no reduce axis of the block and runs it
** for the same elements again. */
static const Node *loop_repeating(const Node *func, const Path *p, size_t depth)
{
    const Node *block = path_end(p);
    for (size_t i = depth; i < p->n; i++)
        if (p->at[i]->op == OP_For && !feeds_own_reduce(block, p->at[i]->kid[For_var]) &&
            !legal_apart(func, p->at[i], block))
            return p->at[i];
    return NULL;
}

/* An If on the path below `depth`: an init before it would run without the condition. */
static const Node *condition_below(const Path *p, size_t depth)
{
    for (size_t i = depth; i < p->n; i++)
        if (p->at[i]->op == OP_If)
            return p->at[i];
    return NULL;
}

/* Does every element that an init before p->at[depth] begins have an instance in which all reduce
** axes are 0, so that the block begins it, too?  So it is where no loop counts in axes of both
** kinds, and where all that count in reduce axes stand at 0 these axes are 0 and the guard keeps
** nothing out. */
static bool begins_all(Step *s, const Path *p, size_t depth)
{
    Arena *A = s->A;
    const Node *block = path_end(p), *iters = block->kid[Block_iters], *loops[IR_MAX_DEPTH];
    size_t outside = path_loops(p, depth, loops), n = path_loops(p, p->n, loops), nzero = 0;
    Subst zero[IR_MAX_DEPTH];
    for (size_t i = 0; i < n; i++) {
        const Node *var = loops[i]->kid[For_var];
        if (feeds_own_reduce(block, var) && feeds_spatial(block, var))
            return false;
        if (feeds_own_reduce(block, var))
            zero[nzero++] = (Subst){var, ir_idx(A, 0)};
    }
    for (size_t i = 0; i < iters->nkids; i++)
        if (iters->kid[i]->at.i == ITER_reduce &&
            !ir_is_int(
                ir_simplify(A, ir_subst(A, iters->kid[i]->kid[Iter_value], nzero, zero), NULL), 0))
            return false;
    for (const Node *w = block->kid[Block_where]; w; w = w->op == OP_And ? w->kid[0] : NULL) {
        const Node *c = w->op == OP_And ? w->kid[1] : w;
        const Node *first = ir_simplify(A, ir_subst(A, c, nzero, zero), NULL);
        bool of_loop = false;
        for (size_t i = 0; i < n; i++)
            of_loop |= ir_mentions(c, loops[i]->kid[For_var]) &&
                       !feeds_spatial(block, loops[i]->kid[For_var]);
        if (of_loop && !ir_is_true(first))
            return false;
    }
    return nest_always_runs(n - outside, loops + outside);
}

/* Does the block's buffer live inside p->at[depth]?  An init before that takes it out. */
static bool leaves_alloc(const Path *p, size_t depth)
{
    for (size_t i = depth; i < p->n; i++)
        if (p->at[i]->op == OP_Alloc && p->at[i]->kid[Alloc_buffer] == block_target(path_end(p)))
            return true;
    return false;
}

/* Each iteration of the loop that the sum is over has memory of its own: just the first one begins
** it, and no order tells the others from it. */
static bool refuse_own_memory(Step *s, const Node *block, const Node *outer, const Node *loop)
{
    const char *name = ir_block_name(block);
    REFUSE(s->err, reduces_outside, outer, name, ir_var_name(outer->kid[For_var]),
           ir_var_name(loop->kid[For_var]), name, loop_handle(s->A, s->func, outer));
    err_fix(s->err, "leave it as it is: only the first iteration of %s begins %s anew",
            ir_var_name(outer->kid[For_var]), ir_buf_name(block_target(block)));
    return false;
}

bool prim_decompose_reduction(Step *s)
{
    Arena *A = s->A;
    const Node *block = s->arg[0].node, *loop = s->arg[1].node;
    const char *name = ir_block_name(block), *at = ir_var_name(loop->kid[For_var]);
    if (!is_reduction(s, block, loop, "decompose_reduction"))
        return false;
    if (block->kid[Block_init]->op == OP_Nop) {
        REFUSE(s->err, already_decomposed, block, "decompose_reduction", name);
        err_fix(s->err, "leave it as it is: what it begins with is written outside of it");
        return false;
    }
    Path p;
    path_to(s->func, block, &p);
    size_t depth = 0;
    while (depth < p.n && p.at[depth] != loop)
        depth++;
    if (depth == p.n)
        return REFUSE(s->err, loop_not_around, loop, at, name);
    const Node *cond = condition_below(&p, depth), *init;
    if (cond)
        return REFUSE(s->err, loses_condition, cond, name, ir_text(A, cond->kid[If_cond]), name);
    if (!(init = init_block(s, block, loop)))
        return false;
    const char *made = ir_block_name(init);
    for (size_t i = p.n; i-- > depth;)
        if (p.at[i]->op == OP_For &&
            (feeds_spatial(block, p.at[i]->kid[For_var]) || ir_is_int(p.at[i]->kid[For_extent], 0)))
            init = ir_with_kid(A, p.at[i], For_body, init);
    init = ir_fresh(A, init);
    const Node *rest = ir_with_kid(A, block, Block_init, ir_nop(A));
    for (size_t i = p.n - 1; i-- > depth;)
        rest = ir_with_kid(A, p.at[i], p.kid[i], rest);
    step_made(s, made);
    buf_printf(&s->said, "%s -> %s before %s", name, made, step_label(s, s->func, loop));
    const Node *target = block_target(block),
               *beside = path_replace_by_two(A, &p, depth, init, rest),
               *out = alloc_settle(A, beside, target, NULL);
    bool legal = step_in_order(s, &(Moved){.before = s->func,
                                           .after = leaves_alloc(&p, depth) ? out : beside,
                                           .block = made,
                                           .begins = name,
                                           .before_loop = loop->kid[For_var],
                                           .ask_all = !begins_all(s, &p, depth)});
    const Node *outer = loop_reducing(&p, depth);
    bool own = legal && outer && nest_has_own_memory(outer, block, NULL);
    if (MUTANT(decompose_unchecked, own, false))
        return refuse_own_memory(s, block, outer, loop);
    if (MUTANT(decompose_unchecked, !legal, false)) {
        Err reason = {0};
        const char *over = outer ? ir_var_name(outer->kid[For_var]) : NULL;
        const Node *again = outer ? NULL : loop_repeating(s->func, &p, depth);
        const char *repeats = again ? ir_var_name(again->kid[For_var]) : NULL;
        if (outer)
            REFUSE(&reason, reduces_outside, outer, name, over, at, name,
                   loop_handle(s->A, s->func, outer));
        else if (again)
            REFUSE(&reason, summed_again, again, name, repeats, at, repeats);
        return step_explain(s, &reason);
    }
    out = MUTANT(decompose_init_late, out,
                 alloc_settle(A, path_replace_by_two(A, &p, depth, rest, init), target, NULL));
    return (out == beside || nest_recheck(s, out)) && step_done(s, out);
}

bool prim_contract(Step *s)
{
    Arena *A = s->A;
    const Node *block = s->arg[0].node, *u = block_access(block);
    if (!updates(s, block, "contract"))
        return false;
    const char *name = ir_block_name(block);
    if (u->at.i == COMB_fma)
        return REFUSE(s->err, already_contracted, block, name);
    if (u->at.i != COMB_sum || u->kid[Update_value]->op != OP_Mul ||
        !dtype_is_float(u->kid[Update_value]->type))
        return REFUSE(s->err, not_contractible, block, name);
    const Node *now = ir_make(A, OP_Update, 0, (Attr){.i = COMB_fma}, u->nkids, u->kid);
    Path p;
    path_to(s->func, block, &p);
    buf_printf(&s->said, "%s: products are not rounded any more", name);
    return step_done(s, path_replace(A, &p, ir_with_kid(A, block, Block_body, now)));
}
