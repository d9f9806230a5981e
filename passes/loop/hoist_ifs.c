/* hoist_ifs.c -- conditions go as far out as they can.
**
**      for x in range(8):              if y < 5:            for k in range(8):        C[y] = 0
**        if y < 5 and x < n:     →       for x in range(8):   if k == 0: C[y] = 0  →  for k in range(8):
**          …                               if x < n: …        C[y] += A[k]              C[y] += A[k]
**
** Nested ifs become one, and neighbours with the same condition too, so that vector code sees one
** mask. Conditions that read memory stay where they are.
*/
#include "core/base/mutant.h"
#include "core/ir/rewrite.h"
#include "passes/loop/conditions.h"
#include "passes/loop/lower.h"

static bool is_plain_if(const Node *n)
{
    return n->op == OP_If && n->kid[If_otherwise]->op == OP_Nop;
}

static const Node *on_if(Rewriter *rw, const Node *n)
{
    n = rw_kids(rw, n);
    if (!n || !is_plain_if(n) || !is_plain_if(n->kid[If_then]))
        return n;
    const Node *inner = n->kid[If_then];
    const Node *both = ir_and(rw->A, n->kid[If_cond], inner->kid[If_cond]);
    return ir_if(rw->A, both, inner->kid[If_then], inner->kid[If_otherwise]);
}

static const Node *on_seq(Rewriter *rw, const Node *n)
{
    n = rw_seq(rw, n);
    if (!n || n->op != OP_Seq)
        return n;
    const Node **out = ARENA_ARRAY(rw->A, const Node *, n->nkids);
    size_t k = 0;
    for (size_t i = 0; i < n->nkids; i++) {
        const Node *s = n->kid[i], *last = k ? out[k - 1] : NULL;
        if (last && is_plain_if(last) && is_plain_if(s) &&
            !MUTANT(hoist_past_store, ir_loads(s->kid[If_cond]), false) &&
            MUTANT(hoist_joins_others, ir_same(last->kid[If_cond], s->kid[If_cond]), true)) {
            const Node *both[] = {last->kid[If_then], s->kid[If_then]};
            out[k - 1] = ir_if(rw->A, s->kid[If_cond], ir_seq(rw->A, 2, both), ir_nop(rw->A));
        } else {
            out[k++] = s;
        }
    }
    return k < n->nkids ? ir_seq(rw->A, k, out) : n;
}

/* Is the term `var == 0`? */
static bool is_first(const Node *term, const Node *var)
{
    return term->op == OP_Eq && term->kid[Eq_a] == var && ir_is_int(term->kid[Eq_b], 0);
}

/* What the statement does in the loop's first iteration only, to stand before the loop; NULL if it
** may do something in another one too. */
static const Node *only_first(Arena *A, const Node *loop, const Node *s)
{
    const Node *var = loop->kid[For_var];
    if (!is_plain_if(s))
        return NULL;
    NodeVec terms = {0}, rest = {0};
    cond_terms(A, s->kid[If_cond], &terms);
    for (size_t i = 0; i < terms.n; i++)
        if (!is_first(terms.at[i], var))
            vec_push(A, &rest, terms.at[i]);
    if (rest.n == terms.n)
        return NULL;
    const Node *zero = ir_idx(A, 0), *extent = loop->kid[For_extent];
    if (extent->op != OP_IntImm)
        vec_push(A, &rest, ir_binary(A, OP_Lt, zero, extent));
    else if (extent->at.i <= 0)
        return NULL;
    Subst at_zero = {var, zero};
    const Node *moved = ir_if(A, cond_all(A, &rest), s->kid[If_then], ir_nop(A));
    return ir_subst(A, moved, 1, &at_zero);
}

static const Node *peel_first(Arena *A, const Node *n)
{
    const Node *body = n->kid[For_body];
    bool many = body->op == OP_Seq;
    size_t count = many ? body->nkids : 1, k = 0;
    const Node *const *stmts = many ? body->kid : &body;
    const Node **out = ARENA_ARRAY(A, const Node *, count + 1), *moved;
    while (k < count && (moved = only_first(A, n, stmts[k])))
        out[k++] = moved;
    if (k == 0)
        return n;
    out[k] = ir_with_kid(A, n, For_body, ir_seq(A, count - k, stmts + k));
    return ir_seq(A, k == count ? k : k + 1, out);
}

/* The loop without the conditions that do not depend on it, which come back in `outside`. */
static const Node *strip(Arena *A, const Node *n, NodeVec *outside)
{
    const Node *body = n->kid[For_body], *var = n->kid[For_var];
    NodeVec terms = {0}, inside = {0};
    cond_terms(A, body->kid[If_cond], &terms);
    for (size_t i = 0; i < terms.n; i++) {
        bool stays =
            ir_mentions(terms.at[i], var) || MUTANT(hoist_past_store, ir_loads(terms.at[i]), false);
        vec_push(A, stays ? &inside : outside, terms.at[i]);
    }
    if (outside->n == 0)
        return n;
    const Node *rest = ir_if(A, cond_all(A, &inside), body->kid[If_then], ir_nop(A));
    return ir_with_kid(A, n, For_body, rest);
}

static const Node *on_for(Rewriter *rw, const Node *n)
{
    n = rw_kids(rw, n);
    if (!n || for_is_bound(ir_for_kind(n)))
        return n;
    ForKind kind = ir_for_kind(n);
    NodeVec outside = {0};
    if (is_plain_if(n->kid[For_body]))
        n = strip(rw->A, n, &outside);
    if (kind == FOR_serial || kind == FOR_unrolled)
        n = peel_first(rw->A, n);
    return outside.n ? ir_if(rw->A, cond_all(rw->A, &outside), n, ir_nop(rw->A)) : n;
}

const Node *pass_hoist_ifs(Arena *A, const Node *func, Err *err)
{
    static Rule *const on[OP_COUNT] = {[OP_If] = on_if, [OP_Seq] = on_seq, [OP_For] = on_for};
    return rw_run(A, on, NULL, err, func);
}
