/* rewrite.h -- a pass is an array of rules indexed by op.
**
** An op without a rule gets rw_kids, which rebuilds a node only if a child changed.  So a pass
** mentions only the nodes it is about, and shares what it does not touch:
**
**      static const Node *on_mul(Rewriter *rw, const Node *n) {
**          n = rw_kids(rw, n);
**          return ir_is_int(n->kid[Mul_b], 1) ? n->kid[Mul_a] : n;
**      }
**      static Rule *const rules[OP_COUNT] = {[OP_Mul] = on_mul};
**      const Node *out = rw_run(A, rules, NULL, err, func);
**
** A rule fails by filling rw->err and giving rw_fail(rw); the walk ends then, and gives NULL.
** Nothing else makes rw_run, rw_node or rw_kids give NULL: memory that runs out jumps (arena.h),
** and a walk that is asked to stop (cancel.h) goes on to its end.  So the rules of an array of
** which none fails build on what they get, and those of the others look first.
*/
#ifndef CORE_IR_REWRITE_H
#define CORE_IR_REWRITE_H

#include "core/ir/ir.h"

typedef struct Rewriter Rewriter;
typedef const Node *Rule(Rewriter *rw, const Node *n);

struct Rewriter {
    Arena *A;
    Rule *const *on;
    void *env;
    Err *err;
    bool failed;
};

const Node *rw_node(Rewriter *rw, const Node *n);
const Node *rw_kids(Rewriter *rw, const Node *n);
/* The rule for Seq of a pass whose statements may become several or none: the
** sequence stays flat. */
const Node *rw_seq(Rewriter *rw, const Node *n);
const Node *rw_run(Arena *A, Rule *const *on, void *env, Err *err, const Node *root);

/* Marks the walk as failed and returns NULL; fill rw->err first (FAIL(rw->err, …)). */
const Node *rw_fail(Rewriter *rw);

/* A substitution of Vars by expressions and of Buffers by Buffers. */
typedef struct Subst {
    const Node *from, *to;
} Subst;

/* Where a Let would hide what comes in, the Let's variable gets another name. */
const Node *ir_subst(Arena *A, const Node *n, size_t count, const Subst *map);

/* The same Let, its variable a new one of that name; `n` itself if it has that name. */
const Node *ir_let_as(Arena *A, const Node *n, const char *name);

/* Is there a Var of that name in `n`? */
bool ir_mentions_name(const Node *n, const char *name);

/* A copy of a statement whose loops, axes, let-names and local buffers, and the statements
** themselves, are new identities: what must be done before a statement stands in a second place. */
const Node *ir_fresh(Arena *A, const Node *stmt);

/* The first node of that operation among n and everything below, in the order of the text; NULL if
** there is none. */
const Node *ir_first(const Node *n, Op op);

/* The first statement that `look` takes, among n and those below it in the order of
** the text; NULL if there is none.  Of each statement it says whether this is it,
** whether to look inside, or to go on behind it. */
typedef enum Find { FIND_THIS, FIND_INSIDE, FIND_NEXT } Find;
const Node *ir_find(const Node *n, Find (*look)(void *env, const Node *stmt), void *env);

/* Calls visit(env, n) for n and everything below, parents first; a false answer skips
** the children. */
void ir_walk(const Node *n, bool (*visit)(void *env, const Node *n), void *env);

#endif
