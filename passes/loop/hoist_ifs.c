/* hoist_ifs.c -- conditions go as far out as they can.
**
**      for x in range(8):              if y < 5:            for k in range(8):        C[y] = 0
**        if y < 5 and x < n:     →       for x in range(8):   if k == 0: C[y] = 0  →  for k in range(8):
**          …                               if x < n: …        C[y] += A[k]              C[y] += A[k]
**
** Nested ifs become one, and neighbours with the same condition too, so that vector code sees one
** mask. Conditions that read memory stay where they are.
**
** What starts an element goes before the loop with a copy of the loops around it, if those take it
** to elements that differ: then the loop is left with sums alone, which may stay in registers.
**
**      for k in range(8):                      for y in unrolled(4):
**        for y in unrolled(4):                   C[y] = 0
**          if k == 0: C[y] = 0          →      for k in range(8):
**          C[y] += A[k, y]                       for y in unrolled(4):
**                                                  C[y] += A[k, y]
*/
#include "core/affine/distance.h"
#include "core/base/mutant.h"
#include "core/ir/rewrite.h"
#include "passes/loop/conditions.h"
#include "passes/loop/lower.h"

/* The loops around, from the inside out. */
typedef struct Around Around;
struct Around {
    const Node *loop;
    const Around *up;
};

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

/* ---- what only the first iteration does ---- */

/* Is the term `var == 0`? */
static bool is_first(const Node *term, const Node *var)
{
    return term->op == OP_Eq && term->kid[Eq_a] == var && ir_is_int(term->kid[Eq_b], 0);
}

static Find find_write(void *extent, const Node *s)
{
    bool writes = (s->op == OP_Store || s->op == OP_Update) && ir_mentions(extent, s->kid[0]);
    return writes ? FIND_THIS : FIND_INSIDE;
}

/* The statement without the condition that it is the loop's first iteration, to stand before the
** loop; NULL if it may do something in another one too, or if the loop's extent, read before it,
** reads what it writes.  It still names the loop's variable. */
static const Node *only_first(Arena *A, const Node *loop, const Node *s)
{
    const Node *var = loop->kid[For_var], *extent = loop->kid[For_extent];
    if (!is_plain_if(s))
        return NULL;
    NodeVec terms = {0}, rest = {0};
    cond_terms(A, s->kid[If_cond], &terms);
    for (size_t i = 0; i < terms.n; i++)
        if (!is_first(terms.at[i], var))
            vec_push(A, &rest, terms.at[i]);
    if (rest.n == terms.n)
        return NULL;
    if (extent->op != OP_IntImm)
        vec_push(A, &rest, ir_binary(A, OP_Lt, ir_idx(A, 0), extent));
    else if (extent->at.i <= 0)
        return NULL;
    if (ir_find(s, find_write, (void *)extent))
        return NULL;
    return ir_if(A, cond_all(A, &rest), s->kid[If_then], ir_nop(A));
}

static const Node *in_first(Arena *A, const Node *loop, const Node *s)
{
    Subst at_zero = {loop->kid[For_var], ir_idx(A, 0)};
    return ir_subst(A, s, 1, &at_zero);
}

/* What is inside a loop, down to the first statements: loops and conditions, each alone. */
enum { MOST_LINKS = 24 };

typedef struct Links {
    size_t n, count;
    const Node *link[MOST_LINKS], *const *stmt;
} Links;

static bool is_link(const Node *s)
{
    if (s->op != OP_For)
        return is_plain_if(s) && !ir_loads(s->kid[If_cond]);
    ForKind kind = ir_for_kind(s);
    return (kind == FOR_serial || kind == FOR_unrolled || kind == FOR_vectorized) &&
           !ir_loads(s->kid[For_extent]);
}

/* Which of the link's parts the chain goes on in. */
static size_t body_of(const Node *link)
{
    return link->op == OP_For ? For_body : If_then;
}

static Links chain_inside(const Node *loop)
{
    Links c = {.count = 1, .stmt = &loop->kid[For_body]};
    while (c.n < MOST_LINKS && is_link(*c.stmt)) {
        const Node *link = c.link[c.n++] = *c.stmt;
        c.stmt = &link->kid[body_of(link)];
    }
    if ((*c.stmt)->op == OP_Seq) {
        c.count = (*c.stmt)->nkids;
        c.stmt = (*c.stmt)->kid;
    }
    return c;
}

/* The chain with s at its end. */
static const Node *chain_to(Arena *A, const Links *c, const Node *s)
{
    for (size_t i = c->n; i-- > 0;)
        if (MUTANT(hoist_drops_guard, true, c->link[i]->op == OP_For))
            s = ir_with_kid(A, c->link[i], body_of(c->link[i]), s);
    return s;
}

static Find find_threads(void *env, const Node *s)
{
    (void)env;
    return s->op == OP_Barrier || (s->op == OP_For && for_is_bound(ir_for_kind(s))) ? FIND_THIS
                                                                                    : FIND_INSIDE;
}

/* Is the statement a store, in loops and conditions that read nothing? */
static bool is_chain_to_store(const Node *s)
{
    while (is_link(s))
        s = s->kid[body_of(s)];
    return s->op == OP_Store;
}

/* A store that has loops of its own already starts its elements just before the sums do their
** first, and loops that run one after the other do not take it away from these: what is in a cache
** should stay there. */
static bool stays_near_sums(const Links *c, const Node *store)
{
    bool own = false, serial = false;
    for (; is_link(store); store = store->kid[body_of(store)])
        own |= store->op == OP_For;
    for (size_t i = 0; i < c->n; i++)
        serial |= c->link[i]->op == OP_For && ir_for_kind(c->link[i]) == FOR_serial;
    return own && serial;
}

/* In one iteration of the first `n` loops, do these two touch one element in no two iterations of
** the other loops around both? */
static bool keep_apart(const Accesses *acc, const Touch *a, const Touch *b, int n)
{
    Box box;
    distance_any(acc, &acc->place[a->place], &acc->place[b->place], &box);
    for (int i = 0; i < n; i++)
        box.lo[i] = box.hi[i] = 0;
    distance_narrow(acc, a, b, &box);
    for (int i = n; i < box.n && !box.never; i++)
        if (box.lo[i] != 0 || box.hi[i] != 0)
            return false;
    return true;
}

/* The loop's body is a chain around a store and other statements: could all stores be made before
** all the others, in the same iteration of the loop?  Then no store changes places with what
** touches its element, or writes what it reads. */
static bool store_may_go(Arena *A, const Around *around, const Node *loop)
{
    const Node *nest = loop, *none = ir_list(A, 0, NULL);
    int n = 1;
    for (; around; around = around->up, n++)
        nest = ir_with_kid(A, around->loop, For_body, nest);
    Accesses acc;
    if (!access_gather(ir_func(A, "nest", none, none, nest), loop, &acc))
        return false;
    for (int i = 0; i < acc.ntouches && acc.touch[i].place == 0; i++)
        for (int k = i + 1; k < acc.ntouches; k++) {
            const Touch *a = &acc.touch[i], *b = &acc.touch[k];
            bool meet = b->place != 0 && a->buffer == b->buffer &&
                        (a->kind != TOUCH_READ || b->kind != TOUCH_READ);
            if (meet && !keep_apart(&acc, a, b, n))
                return false;
        }
    return true;
}

/* The store that begins the innermost body of the nest that the loop is, if only the first
** iteration makes it, with the loops around it; the loop loses it.  NULL if there is none. */
static const Node *peel_store(Rewriter *rw, const Node **loop)
{
    Arena *A = rw->A;
    const Node *n = *loop;
    Links c = chain_inside(n);
    const Node *first = c.n > 0 && c.count > 1 ? only_first(A, n, c.stmt[0]) : NULL;
    if (!first || !is_chain_to_store(c.stmt[0]) || stays_near_sums(&c, c.stmt[0]) ||
        ir_find(n, find_threads, NULL) || !store_may_go(A, rw->env, n))
        return NULL;
    const Node *rest = chain_to(A, &c, ir_seq(A, c.count - 1, c.stmt + 1));
    *loop = ir_with_kid(A, n, For_body, rest);
    return rw_node(rw, ir_fresh(A, in_first(A, n, chain_to(A, &c, first))));
}

static const Node *peel_first(Rewriter *rw, const Node *n)
{
    Arena *A = rw->A;
    const Node *body = n->kid[For_body], *moved;
    bool many = body->op == OP_Seq;
    size_t count = many ? body->nkids : 1, k = 0;
    const Node *const *stmts = many ? body->kid : &body;
    NodeVec out = {0};
    while (k < count && (moved = only_first(A, n, stmts[k]))) {
        vec_push(A, &out, in_first(A, n, moved));
        k++;
    }
    if (k > 0)
        n = ir_with_kid(A, n, For_body, ir_seq(A, count - k, stmts + k));
    while ((moved = peel_store(rw, &n)))
        vec_push(A, &out, moved);
    if (k < count)
        vec_push(A, &out, n);
    return out.n == 1 ? out.at[0] : ir_seq(A, out.n, out.at);
}

/* ---- conditions that do not depend on the loop ---- */

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
    Around here = {n, rw->env};
    Rewriter inner = {rw->A, rw->on, &here, rw->err, false};
    n = rw_kids(&inner, n);
    if (!n)
        return rw_fail(rw);
    ForKind kind = ir_for_kind(n);
    if (for_is_bound(kind))
        return n;
    NodeVec outside = {0};
    if (is_plain_if(n->kid[For_body]))
        n = strip(rw->A, n, &outside);
    if (kind == FOR_serial || kind == FOR_unrolled)
        n = peel_first(rw, n);
    return outside.n ? ir_if(rw->A, cond_all(rw->A, &outside), n, ir_nop(rw->A)) : n;
}

const Node *pass_hoist_ifs(Arena *A, const Node *func, Err *err)
{
    static Rule *const on[OP_COUNT] = {[OP_If] = on_if, [OP_Seq] = on_seq, [OP_For] = on_for};
    return rw_run(A, on, NULL, err, func);
}
