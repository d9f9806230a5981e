/* lower_blocks.c -- blocks become plain statements.
**
**      for k in range(8):                        for k in range(8):
**        block C(y = i, k: reduce) where y < 5:    if i < 5:
**          init: C[y] = 0                  →         if k == 0: C[i] = 0
**          C[y] += A[y, k]                           C[i] += A[i, k]
**
** Loops can be seen from now on where only axes could, so what a Let names like a
** loop around it gets another name.
*/
#include <string.h>

#include "core/base/mutant.h"
#include "core/ir/rewrite.h"
#include "passes/loop/lower.h"

/* Sums of loop variables with positive factors are never negative: loops count from 0. */
static bool counts_up(const Node *e)
{
    switch ((Op)e->op) {
    case OP_Var: return true;
    case OP_IntImm: return e->at.i >= 0;
    case OP_Add: return counts_up(e->kid[Add_a]) && counts_up(e->kid[Add_b]);
    case OP_Mul: return counts_up(e->kid[Mul_a]) && ir_const_int(e->kid[Mul_b], -1) > 0;
    default: return false;
    }
}

/* e == 0, as one condition for each loop where that is possible, so that each can
** leave other loops. */
static const Node *is_zero(Arena *A, const Node *e)
{
    if (e->op == OP_Add && counts_up(e))
        return ir_and(A, is_zero(A, e->kid[Add_a]), is_zero(A, e->kid[Add_b]));
    if (e->op == OP_Mul && counts_up(e))
        return is_zero(A, e->kid[Mul_a]);
    return ir_binary(A, OP_Eq, e, ir_int(A, e->type, 0));
}

/* The loops around, from the inside out. */
typedef struct Around Around;
struct Around {
    const char *name;
    const Around *up;
};

static bool names_loop(const Around *a, const char *name)
{
    while (a && strcmp(a->name, name) != 0)
        a = a->up;
    return a != NULL;
}

static const Node *on_for(Rewriter *rw, const Node *n)
{
    Around here = {ir_var_name(n->kid[For_var]), rw->env};
    Rewriter inner = {rw->A, rw->on, &here, rw->err, false};
    const Node *out = rw_kids(&inner, n);
    return out ? out : rw_fail(rw);
}

static const Node *on_let(Rewriter *rw, const Node *n)
{
    const char *own = ir_var_name(n->kid[Let_var]), *name = own;
    for (int i = 1; names_loop(rw->env, name) || (name != own && ir_mentions_name(n, name)); i++)
        name = arena_printf(rw->A, "%s_%d", own, i);
    return rw_kids(rw, ir_let_as(rw->A, n, name));
}

static const Node *on_block(Rewriter *rw, const Node *n)
{
    const Node *iters = n->kid[Block_iters];
    Subst *map = ARENA_ARRAY(rw->A, Subst, iters->nkids);
    const Node *first = ir_bool(rw->A, true);
    for (size_t i = 0; i < iters->nkids; i++) {
        const Node *axis = iters->kid[i];
        if (axis->kid[Iter_value]->size > IR_MAX_EXPR) {
            FAIL(rw->err, axis_too_big, n, ir_var_name(axis->kid[Iter_var]), ir_block_name(n),
                 IR_MAX_EXPR);
            return rw_fail(rw);
        }
        map[i] = (Subst){axis->kid[Iter_var], axis->kid[Iter_value]};
        if (axis->at.i == ITER_reduce && MUTANT(init_of_inner_loop, true, i + 1 < iters->nkids))
            first = ir_and(rw->A, first, is_zero(rw->A, axis->kid[Iter_value]));
    }
    const Node *init = n->kid[Block_init], *body = n->kid[Block_body], *where = n->kid[Block_where];
    if (init->op != OP_Nop) {
        init = ir_subst(rw->A, init, iters->nkids, map);
        init = ir_if(rw->A, first, init, ir_nop(rw->A));
    }
    body = ir_subst(rw->A, body, iters->nkids, map);
    where = ir_subst(rw->A, where, iters->nkids, map);
    const Node *all = ir_seq(rw->A, 2, (const Node *[]){init, body});
    return rw_node(rw, ir_if(rw->A, where, all, ir_nop(rw->A)));
}

const Node *pass_lower_blocks(Arena *A, const Node *func, Err *err)
{
    static Rule *const on[OP_COUNT] = {
        [OP_Block] = on_block, [OP_For] = on_for, [OP_Let] = on_let, [OP_Seq] = rw_seq};
    return rw_run(A, on, NULL, err, func);
}
