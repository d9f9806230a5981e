/* simplify_stmt.c -- the expressions of whole programs, under the ranges of the loops
** and axes around. */
#include "core/ir/simplify_index.h"

static const Node *simp_stmt(Simplifier *s, const Node *n);

/* Each expression has the whole effort to itself. */
static const Node *value(Simplifier *s, const Node *n)
{
    s->fuel = s->known.fuel = SIMP_FUEL;
    return simp(s, n);
}

static const Node *with_all(Simplifier *s, const Node *n,
                            const Node *(*each)(Simplifier *, const Node *), size_t first)
{
    const Node *few[16], **kids = n->nkids <= 16 ? few : ARENA_ARRAY(s->A, const Node *, n->nkids);
    for (size_t i = 0; i < n->nkids; i++)
        kids[i] = i < first ? n->kid[i] : each(s, n->kid[i]);
    return ir_with_kids(s->A, n, kids);
}

static Interval range_now(Simplifier *s, const Node *n)
{
    s->known.fuel = SIMP_FUEL;
    return interval_of(&s->known, n);
}

static const Node *simp_for(Simplifier *s, const Node *n)
{
    size_t known = s->known.n;
    const Node *extent = value(s, n->kid[For_extent]);
    Interval e = range_now(s, extent);
    simp_learn(s, n->kid[For_var], 0, e.hi > 0 ? e.hi - 1 : 0);
    const Node *body = simp_stmt(s, n->kid[For_body]);
    s->known.n = known;
    return ir_with_kids(s->A, n,
                        (const Node *const[]){n->kid[For_var], extent, n->kid[For_annots], body});
}

static const Node *simp_iter(Simplifier *s, const Node *n)
{
    return ir_with_kid(s->A, n, Iter_value, value(s, n->kid[Iter_value]));
}

/* init runs with every reduce axis at 0, whatever `where` says of them. */
static const Node *simp_init(Simplifier *s, const Node *n)
{
    size_t known = s->known.n;
    const Node *iters = n->kid[Block_iters];
    for (size_t i = 0; i < iters->nkids; i++)
        if (iters->kid[i]->at.i == ITER_reduce)
            simp_learn(s, iters->kid[i]->kid[Iter_var], 0, 0);
    const Node *init = simp_stmt(s, n->kid[Block_init]);
    s->known.n = known;
    return init;
}

static const Node *simp_block(Simplifier *s, const Node *n)
{
    size_t known = s->known.n;
    const Node *iters = with_all(s, n->kid[Block_iters], simp_iter, 0);
    for (size_t i = 0; i < iters->nkids; i++) {
        Interval v = range_now(s, iters->kid[i]->kid[Iter_value]);
        simp_learn(s, iters->kid[i]->kid[Iter_var], v.lo, v.hi);
    }
    const Node *where = value(s, n->kid[Block_where]);
    simp_suppose(s, where, true);
    const Node *init = simp_init(s, n), *body = simp_stmt(s, n->kid[Block_body]);
    s->known.n = known;
    return ir_with_kids(s->A, n,
                        (const Node *const[]){iters, where, n->kid[Block_annots], init, body});
}

static const Node *simp_if(Simplifier *s, const Node *n)
{
    size_t known = s->known.n;
    const Node *cond = value(s, n->kid[If_cond]);
    if (cond->op == OP_IntImm)
        return simp_stmt(s, n->kid[cond->at.i ? If_then : If_otherwise]);
    simp_suppose(s, cond, true);
    const Node *then = simp_stmt(s, n->kid[If_then]);
    s->known.n = known;
    simp_suppose(s, cond, false);
    const Node *otherwise = simp_stmt(s, n->kid[If_otherwise]);
    s->known.n = known;
    return ir_with_kids(s->A, n, (const Node *const[]){cond, then, otherwise});
}

/* The value of fma= must stay a product. */
static const Node *simp_write(Simplifier *s, const Node *n)
{
    const Node *now = with_all(s, n, value, Store_index);
    bool product = n->op == OP_Update && n->at.i == COMB_fma;
    const Node *v = n->kid[Store_value];
    return ir_with_kid(s->A, now, Store_value, product ? with_all(s, v, value, 0) : value(s, v));
}

static const Node *simp_seq(Simplifier *s, const Node *n)
{
    const Node *now = with_all(s, n, simp_stmt, 0);
    for (size_t i = 0; i < now->nkids; i++)
        if (now->kid[i]->op == OP_Nop || now->kid[i]->op == OP_Seq)
            return ir_seq(s->A, now->nkids, now->kid);
    return now;
}

static const Node *simp_range(Simplifier *s, const Node *n)
{
    return with_all(s, n, value, 0);
}

static const Node *simp_alloc(Simplifier *s, const Node *n)
{
    const Node *window = with_all(s, n->kid[Alloc_window], simp_range, 0);
    return ir_with_kids(
        s->A, n,
        (const Node *const[]){n->kid[Alloc_buffer], window, simp_stmt(s, n->kid[Alloc_body])});
}

static const Node *simp_stmt(Simplifier *s, const Node *n)
{
    switch ((Op)n->op) {
    case OP_For: return simp_for(s, n);
    case OP_Block: return simp_block(s, n);
    case OP_If: return simp_if(s, n);
    case OP_Seq: return simp_seq(s, n);
    case OP_Alloc: return simp_alloc(s, n);
    case OP_Store:
    case OP_Update: return simp_write(s, n);
    default: return n;
    }
}

const Node *ir_simplify_all(Arena *A, const Node *n)
{
    Simplifier s;
    simp_begin(&s, A, NULL);
    if (op_info[n->op].cls == CLASS_EXPR)
        return simp(&s, n);
    if (n->op == OP_Func)
        return ir_with_kid(A, n, Func_body, simp_stmt(&s, n->kid[Func_body]));
    return simp_stmt(&s, n);
}
