/* split_tails.c -- full tiles apart from the tail, so that only the tail is masked.
**
**      for yo in range(8):                         for yo in range(7):
**        for yi in vectorized(8):                    for yi in vectorized(8):
**          if yo*8 + yi < 60:                 →         C[yo*8 + yi] = …
**            C[yo*8 + yi] = …                      for yi in vectorized(8):
**                                                    if 56 + yi < 60:
**                                                      C[56 + yi] = …
**
** A loop is cut where the conditions below it, of which it and loops inside it alone decide, stop being true for
** all iterations of those.  Conditions that read memory, and loops on thread axes, are left alone.
*/
#include "core/affine/region.h"
#include "core/base/mutant.h"
#include "core/ir/rewrite.h"
#include "core/ir/simplify.h"
#include "passes/loop/conditions.h"
#include "passes/loop/lower.h"

enum { MAX_BODY = 5000 }; /* nodes that are worth writing twice */

typedef struct Cut {
    Arena *A;
    const Node *loop;
    int64_t extent;
    NodeVec inner; /* loops between `loop` and the place at hand */
    NodeVec terms; /* conditions, and for each the number of iterations for which it holds whatever */
    VEC(int64_t) full;
    int64_t at;    /* where to cut */
} Cut;

/* The value of an expression over the loop's variable alone at v; false if it is not that. */
static bool value_at(Cut *c, const Node *e, int64_t v, int64_t *out)
{
    Subst one = {c->loop->kid[For_var], ir_idx(c->A, v)};
    const Node *n = ir_simplify(c->A, ir_subst(c->A, e, 1, &one), NULL);
    *out = n->op == OP_IntImm ? n->at.i : 0;
    return n->op == OP_IntImm;
}

/* How many iterations of the loop keep `e < n` true for all of those inside; -1 if that is not known. */
static int64_t full_iterations(Cut *c, const Node *e, int64_t n)
{
    const Node *min;
    int64_t width, first, second, last;
    if (!region_relax(c->A, e, c->inner.n, c->inner.at, &min, &width) || !value_at(c, min, 0, &first) ||
        !value_at(c, min, 1, &second) || !value_at(c, min, c->extent - 1, &last))
        return -1;
    int64_t step = second - first;
    if (step <= 0 || last != first + step * (c->extent - 1))
        return -1;
    int64_t room = n - width - first + MUTANT(tail_cut_late, 0, step); /* first + step * v + width - 1 < n */
    return room < 0 ? 0 : room / step + 1;
}

static void look_at(Cut *c, const Node *cond)
{
    NodeVec terms = {0};
    cond_terms(c->A, cond, &terms);
    for (size_t i = 0; i < terms.n; i++) {
        const Node *t = terms.at[i];
        if (t->op != OP_Lt || t->kid[Lt_b]->op != OP_IntImm || ir_loads(t) ||
            !ir_mentions(t, c->loop->kid[For_var]))
            continue;
        int64_t full = full_iterations(c, t->kid[Lt_a], t->kid[Lt_b]->at.i);
        if (full <= 0)
            continue;
        vec_push(c->A, &c->terms, t);
        vec_push(c->A, &c->full, full);
        if (full < c->extent && full < c->at)
            c->at = full;
    }
}

static void look(Cut *c, const Node *n)
{
    size_t depth = c->inner.n;
    if (n->op == OP_If)
        look_at(c, n->kid[If_cond]);
    if (n->op == OP_For)
        vec_push(c->A, &c->inner, n);
    for (size_t i = 0; i < n->nkids; i++)
        if (op_info[n->kid[i]->op].cls == CLASS_STMT)
            look(c, n->kid[i]);
    c->inner.n = depth;
}

static bool holds_before_cut(const Cut *c, const Node *term)
{
    for (size_t i = 0; i < c->terms.n; i++)
        if (c->terms.at[i] == term && c->full.at[i] >= c->at)
            return true;
    return false;
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
    int *count = rw->env;
    const Node *b = n->kid[Alloc_buffer];
    const char *name = arena_printf(rw->A, "%s.tail%d", ir_buf_name(b), ++*count);
    Subst map = {b, ir_buffer(rw->A, b->type, name, b->at.buf->scope, b->nkids, b->kid)};
    return rw_kids(rw, ir_subst(rw->A, n, 1, &map));
}

static bool does_nothing(const Node *n)
{
    return n->op == OP_Nop || (n->op == OP_For && does_nothing(n->kid[For_body])) ||
           (n->op == OP_Alloc && does_nothing(n->kid[Alloc_body]));
}

/* The iterations from the cut on: a loop of its own, or a single one written out; nothing where the guard lets
** none through. */
static const Node *tail_of(Cut *c, int *count)
{
    static Rule *const rename[OP_COUNT] = {[OP_Alloc] = on_alloc};
    Arena *A = c->A;
    const Node *loop = c->loop, *var = loop->kid[For_var];
    const Node *body = rw_run(A, rename, count, NULL, ir_fresh(A, loop->kid[For_body]));
    int64_t left = c->extent - c->at;
    const Node *again = ir_make(A, OP_Var, var->type, var->at, 0, NULL);
    Subst map = {var, left == 1 ? ir_idx(A, c->at) : ix_add(A, again, ir_idx(A, c->at))};
    const Node *tail = ir_subst(A, body, 1, &map);
    if (left > 1) {
        const Node *kids[4] = {again, ir_idx(A, left), loop->kid[For_annots], tail};
        tail = ir_make(A, OP_For, 0, loop->at, 4, kids);
    }
    tail = ir_simplify_all(A, tail);
    return does_nothing(tail) ? ir_nop(A) : tail;
}

static const Node *on_for(Rewriter *rw, const Node *n)
{
    Arena *A = rw->A;
    ForKind kind = ir_for_kind(n);
    Cut c = {.A = A, .loop = n, .extent = ir_const_int(n->kid[For_extent], 0), .at = INT64_MAX};
    if ((kind == FOR_serial || kind == FOR_parallel) && c.extent > 1 && n->size < MAX_BODY)
        look(&c, n->kid[For_body]);
    if (c.at == INT64_MAX)
        return rw_kids(rw, n);
    const Node *body = rw_run(A, full_rules, &c, rw->err, n->kid[For_body]);
    const Node *kids[4] = {n->kid[For_var], ir_idx(A, c.at), n->kid[For_annots], body};
    const Node *full = rw_kids(rw, ir_make(A, OP_For, 0, n->at, 4, kids));
    const Node *tail = rw_node(rw, tail_of(&c, rw->env));
    return MUTANT(tail_dropped, ir_seq(A, 2, (const Node *[]){full, tail}), full);
}

const Node *pass_split_tails(Arena *A, const Node *func, Err *err)
{
    static Rule *const on[OP_COUNT] = {[OP_For] = on_for, [OP_Seq] = rw_seq};
    int count = 0; /* buffers that tails have made */
    return rw_run(A, on, &count, err, func);
}
