/* split_tails.c -- full tiles apart from the tail, so that only the tail is masked.
**
**      for yo in range(8):                         for yo in range(7):
**        for yi in vectorized(8):                    for yi in vectorized(8):
**          if yo*8 + yi < 61:                 →         C[yo*8 + yi] = …
**            C[yo*8 + yi] = …                      for yi in vectorized(8):
**                                                    if 56 + yi < 61:
**                                                      C[56 + yi] = …
**
** A loop is cut where the conditions below it, of which it and loops inside it alone decide, cannot
** be proven any more for all iterations of those: once for each place where one of them fails
** first.  Its last iterations go where those conditions let nothing happen, and a single one is
** written out.  Conditions that read memory, and loops on thread axes, are left alone, and
** everything is where the program would grow too much.  A loop around thread axes stays one, short
** as it may be: what stands in loops on thread axes is one kernel (core/ir/gpu.h), and its barriers
** were set for the loop around.
*/
#include <limits.h>

#include "core/base/mutant.h"
#include "core/ir/linear.h"
#include "core/ir/rewrite.h"
#include "passes/loop/conditions.h"
#include "passes/loop/lower.h"

/* Nodes that are worth writing twice, of a loop and in all */
enum { MAX_BODY = 5000, MAX_MORE = 50000 };

/* What all loops of the program share. */
typedef struct Tails {
    int buffers;  /* that tails have made */
    int64_t left; /* nodes that may still be written twice */
} Tails;

typedef struct Cut {
    Arena *A;
    const Node *loop;
    int64_t extent;
    /* Of the loop's variable and those of the loops inside, as far as the place at hand */
    VEC(VarRange) ranges;
    /* Conditions, and for each the number of iterations for which it holds whatever */
    NodeVec terms;
    VEC(int64_t) full;
    int64_t at; /* where to cut */
    int places; /* where conditions may begin to fail, that one included */
} Cut;

/* Conditions that decide: `e < n` with a literal n, which do not read memory. */
static bool is_guard(const Node *term)
{
    return term->op == OP_Lt && term->kid[Lt_b]->op == OP_IntImm && !ir_loads(term);
}

/* Does the guard hold in the iterations first … last of the loop, in all of those inside: 1 yes, 0
** in none, -1 it depends?  By the ranges of their variables; what is left of others decides
** nothing. */
static int holds(Cut *c, const Node *guard, int64_t first, int64_t last)
{
    enum { FUEL = 1000 };
    c->ranges.at[0] = (VarRange){c->loop->kid[For_var], first, last};
    Known known = {c->ranges.at, c->ranges.n, FUEL};
    return comparison_holds(&known, OP_Lt, guard->kid[Lt_a], guard->kid[Lt_b]);
}

static bool proven(Cut *c, const Node *guard, int64_t first, int64_t last)
{
    return holds(c, guard, first, last) == 1;
}

/* How many iterations of the loop, from its first, are proven to keep the condition true for all of
** those inside: as many as a bisection finds. */
static int64_t full_iterations(Cut *c, const Node *cond)
{
    int64_t full = 0, most = c->extent;
    while (full < most) {
        int64_t n = most - (most - full) / 2;
        if (MUTANT(tail_by_samples, proven(c, cond, 0, n - 1),
                   proven(c, cond, 0, 0) && proven(c, cond, n - 1, n - 1)))
            full = n;
        else
            most = n - 1;
    }
    return full > 0 && full < c->extent - 1 ? full + MUTANT(tail_cut_late, 0, 1) : full;
}

static void look_at(Cut *c, const Node *cond)
{
    NodeVec terms = {0};
    cond_terms(c->A, cond, &terms);
    for (size_t i = 0; i < terms.n; i++) {
        const Node *t = terms.at[i];
        if (!is_guard(t) || !ir_mentions(t, c->loop->kid[For_var]))
            continue;
        int64_t full = full_iterations(c, t);
        if (full == 0)
            continue;
        bool new_place = full < c->extent;
        for (size_t k = 0; k < c->full.n; k++)
            new_place &= c->full.at[k] != full;
        vec_push(c->A, &c->terms, t);
        vec_push(c->A, &c->full, full);
        c->places += new_place;
        if (new_place && full < c->at)
            c->at = full;
    }
}

static void look(Cut *c, const Node *n)
{
    size_t depth = c->ranges.n;
    int64_t extent = n->op == OP_For ? ir_const_int(n->kid[For_extent], 0) : 0;
    if (n->op == OP_If)
        look_at(c, n->kid[If_cond]);
    if (extent > 0)
        vec_push(c->A, &c->ranges, ((VarRange){n->kid[For_var], 0, extent - 1}));
    for (size_t i = 0; i < n->nkids; i++)
        if (op_info[n->kid[i]->op].cls == CLASS_STMT)
            look(c, n->kid[i]);
    c->ranges.n = depth;
}

static bool holds_before_cut(const Cut *c, const Node *term)
{
    for (size_t i = 0; i < c->terms.n; i++)
        if (c->terms.at[i] == term && c->full.at[i] >= c->at)
            return true;
    return false;
}

/* Does the statement do nothing in the iterations first … last? */
static bool is_idle(Cut *c, const Node *n, int64_t first, int64_t last)
{
    size_t depth = c->ranges.n;
    bool idle = op_info[n->op].cls == CLASS_STMT && n->op != OP_Store && n->op != OP_Update &&
                n->op != OP_Barrier;
    if (n->op == OP_If) {
        NodeVec terms = {0};
        cond_terms(c->A, n->kid[If_cond], &terms);
        for (size_t i = 0; i < terms.n; i++)
            if (is_guard(terms.at[i]) && holds(c, terms.at[i], first, last) == 0)
                return is_idle(c, n->kid[If_otherwise], first, last);
    }
    int64_t extent = n->op == OP_For ? ir_const_int(n->kid[For_extent], 0) : 0;
    if (extent > 0)
        vec_push(c->A, &c->ranges, ((VarRange){n->kid[For_var], 0, extent - 1}));
    for (size_t i = 0; i < n->nkids && idle; i++)
        if (op_info[n->kid[i]->op].cls == CLASS_STMT)
            idle = is_idle(c, n->kid[i], first, last);
    c->ranges.n = depth;
    return idle;
}

/* How many iterations of the loop, from its first, may do something. */
static int64_t busy_iterations(Cut *c)
{
    const Node *body = c->loop->kid[For_body];
    int64_t least = 0, most = c->extent, last = c->extent - 1;
    if (!is_idle(c, body, last, last))
        return most;
    while (least < most) {
        int64_t mid = least + (most - least) / 2;
        if (is_idle(c, body, mid, last))
            most = mid;
        else
            least = mid + 1;
    }
    return MUTANT(tail_too_short, most, most > 1 ? most - 1 : most);
}

/* An If without the terms that hold before the cut. */
static const Node *on_full_if(Rewriter *rw, const Node *n)
{
    const Cut *c = rw->env;
    NodeVec terms = {0}, rest = {0};
    cond_terms(rw->A, n->kid[If_cond], &terms);
    for (size_t i = 0; i < terms.n; i++)
        if (!holds_before_cut(c, terms.at[i]))
            vec_push(rw->A, &rest, terms.at[i]);
    n = rw_kids(rw, n);
    if (rest.n == terms.n)
        return n;
    return ir_if(rw->A, cond_all(rw->A, &rest), n->kid[If_then], n->kid[If_otherwise]);
}

static Rule *const full_rules[OP_COUNT] = {[OP_If] = on_full_if, [OP_Seq] = rw_seq};

/* An Alloc of the tail, whose buffer needs a name of its own. */
static const Node *on_alloc(Rewriter *rw, const Node *n)
{
    Tails *all = rw->env;
    const Node *b = n->kid[Alloc_buffer];
    const char *name = arena_printf(rw->A, "%s.tail%d", ir_buf_name(b), ++all->buffers);
    Subst map = {b, ir_buffer(rw->A, b->type, name, b->at.buf->scope, b->nkids, b->kid)};
    return rw_kids(rw, ir_subst(rw->A, n, 1, &map));
}

static int64_t left_over(const Cut *c)
{
    return c->extent - c->at;
}

/* The iterations from the cut on: a loop of its own, or a single one written out; nothing where the
** guard lets none through. */
static const Node *tail_of(Cut *c, Tails *all)
{
    static Rule *const rename[OP_COUNT] = {[OP_Alloc] = on_alloc};
    Arena *A = c->A;
    const Node *loop = c->loop, *var = loop->kid[For_var];
    const Node *body = rw_run(A, rename, all, NULL, ir_fresh(A, loop->kid[For_body]));
    int64_t left = left_over(c);
    const Node *again = ir_make(A, OP_Var, var->type, var->at, 0, NULL);
    bool is_loop = left > 1 || loop_is_gpu(loop);
    Subst map = {var, is_loop ? ix_add(A, again, ir_idx(A, c->at)) : ir_idx(A, c->at)};
    const Node *tail = ir_subst(A, body, 1, &map);
    if (is_loop) {
        const Node *kids[4] = {again, ir_idx(A, left), loop->kid[For_annots], tail};
        tail = ir_make(A, OP_For, 0, loop->at, 4, kids);
    }
    tail = ir_simplify_all(A, tail);
    return is_idle(c, tail, c->at, c->extent - 1) ? ir_nop(A) : tail;
}

/* The iterations before the cut, without the conditions that hold in all of them; a single one is
** written out. */
static const Node *full_of(Rewriter *rw, Cut *c)
{
    const Node *loop = c->loop, *var = loop->kid[For_var];
    const Node *body = rw_run(rw->A, full_rules, c, rw->err, loop->kid[For_body]);
    if (c->at == 1 && !loop_is_gpu(loop)) {
        Subst only = {var, ir_idx(rw->A, 0)};
        return ir_simplify_all(rw->A, ir_subst(rw->A, body, 1, &only));
    }
    const Node *kids[4] = {var, ir_idx(rw->A, c->at), loop->kid[For_annots], body};
    return ir_make(rw->A, OP_For, 0, loop->at, 4, kids);
}

/* Takes away the last iterations of the loop where they do nothing; of lanes, a power of two is
** left, for that many fill a register. */
static const Node *shorten(Rewriter *rw, Cut *c)
{
    int64_t busy = busy_iterations(c), left = busy;
    if (busy == 0)
        return ir_nop(rw->A);
    if (ir_for_kind(c->loop) == FOR_vectorized)
        for (left = 1; left < busy;)
            left *= 2;
    if (left >= c->extent && c->extent > 1)
        return c->loop;
    c->extent = left;
    look(c, c->loop->kid[For_body]);
    c->at = left;
    return full_of(rw, c);
}

static Cut cut_of(Arena *A, const Node *loop)
{
    Cut c = {
        .A = A, .loop = loop, .extent = ir_const_int(loop->kid[For_extent], 0), .at = INT64_MAX};
    vec_push(A, &c.ranges, ((VarRange){loop->kid[For_var], 0, c.extent - 1}));
    return c;
}

/* Goes on in what has become of the loop: below it where it is one still. */
static const Node *inside(Rewriter *rw, const Node *loop, const Node *now)
{
    bool same = now->op == OP_For && now->kid[For_var] == loop->kid[For_var];
    return same ? rw_kids(rw, now) : rw_node(rw, now);
}

/* The loop, cut at most so many times. */
static const Node *cut(Rewriter *rw, const Node *n, int most)
{
    Arena *A = rw->A;
    Tails *all = rw->env;
    ForKind kind = ir_for_kind(n);
    Cut c = cut_of(A, n);
    if (most > 0 && (kind == FOR_serial || kind == FOR_parallel) && c.extent > 1 &&
        n->size < MAX_BODY)
        look(&c, n->kid[For_body]);
    if (c.at == INT64_MAX || n->size > all->left)
        return rw_kids(rw, n);
    all->left -= n->size;
    const Node *full = inside(rw, n, full_of(rw, &c));
    const Node *tail = tail_of(&c, all);
    most = (most < c.places ? most : c.places) - 1;
    tail = tail->op == OP_For && left_over(&c) > 1 ? cut(rw, tail, most) : rw_node(rw, tail);
    return MUTANT(tail_dropped, ir_seq(A, 2, (const Node *[]){full, tail}), full);
}

static const Node *on_for(Rewriter *rw, const Node *n)
{
    if (n->size < MAX_BODY && !loop_is_gpu(n) && ir_const_int(n->kid[For_extent], 0) > 0) {
        Cut c = cut_of(rw->A, n);
        const Node *left = shorten(rw, &c);
        if (left->op != OP_For || left->kid[For_var] != n->kid[For_var])
            return rw_node(rw, left);
        n = left;
    }
    return cut(rw, n, INT_MAX);
}

const Node *pass_split_tails(Arena *A, const Node *func, Err *err)
{
    static Rule *const on[OP_COUNT] = {[OP_For] = on_for, [OP_Seq] = rw_seq};
    Tails all = {.left = MAX_MORE + (int64_t)func->size};
    return rw_run(A, on, &all, err, func);
}
