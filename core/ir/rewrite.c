/* rewrite.c -- the walk that every pass shares, substitution, and fresh copies. */
#include "core/ir/rewrite.h"

#include <string.h>

const Node *rw_fail(Rewriter *rw)
{
    rw->failed = true;
    return NULL;
}

const Node *rw_node(Rewriter *rw, const Node *n)
{
    Rule *rule = rw->on[n->op];
    return rule ? rule(rw, n) : rw_kids(rw, n);
}

const Node *rw_kids(Rewriter *rw, const Node *n)
{
    if (n->nkids == 0)
        return n;
    const Node *few[8], **kids = n->nkids <= 8 ? few : ARENA_ARRAY(rw->A, const Node *, n->nkids);
    bool changed = false;
    for (size_t i = 0; i < n->nkids; i++) {
        kids[i] = n->kid[i];
        if (kids[i]->nkids || rw->on[kids[i]->op])
            kids[i] = rw_node(rw, kids[i]);
        if (rw->failed)
            return NULL;
        changed |= kids[i] != n->kid[i];
    }
    return changed ? ir_make(rw->A, n->op, n->type, n->at, n->nkids, kids) : n;
}

const Node *rw_seq(Rewriter *rw, const Node *n)
{
    const Node *out = rw_kids(rw, n);
    return !out || out == n ? out : ir_seq(rw->A, out->nkids, out->kid);
}

const Node *rw_run(Arena *A, Rule *const *on, void *env, Err *err, const Node *root)
{
    Rewriter rw = {A, on, env, err, false};
    const Node *out = rw_node(&rw, root);
    return rw.failed ? NULL : out;
}

typedef struct SubstEnv {
    size_t count;
    const Subst *map;
} SubstEnv;

static const Node *replace(Rewriter *rw, const Node *n)
{
    const SubstEnv *env = rw->env;
    for (size_t i = 0; i < env->count; i++)
        if (env->map[i].from == n)
            return env->map[i].to;
    return n->op == OP_Buffer ? rw_kids(rw, n) : n;
}

bool ir_mentions_name(const Node *n, const char *name)
{
    if (n->op == OP_Var)
        return strcmp(ir_var_name(n), name) == 0;
    for (size_t i = 0; i < n->nkids; i++)
        if (ir_mentions_name(n->kid[i], name))
            return true;
    return false;
}

const Node *ir_let_as(Arena *A, const Node *n, const char *name)
{
    const Node *old = n->kid[Let_var];
    if (strcmp(ir_var_name(old), name) == 0)
        return n;
    const Node *now = ir_var_like(A, (DType)old->type, name, old->at.var->axes, old->at.var->step);
    const Node *body = ir_subst(A, n->kid[Let_body], 1, &(Subst){old, now});
    return ir_node(A, Let, n->type,
                   (Attr){0}, [Let_var] = now, [Let_value] = n->kid[Let_value], [Let_body] = body);
}

static bool comes_in(const SubstEnv *env, const char *name)
{
    for (size_t i = 0; i < env->count; i++)
        if (ir_mentions_name(env->map[i].to, name))
            return true;
    return false;
}

static const Node *replace_below(Rewriter *rw, const Node *n)
{
    const char *own = ir_var_name(n->kid[Let_var]), *name = own;
    for (int i = 1; comes_in(rw->env, name) || (name != own && ir_mentions_name(n, name)); i++)
        name = arena_printf(rw->A, "%s_%d", own, i);
    return rw_kids(rw, ir_let_as(rw->A, n, name));
}

const Node *ir_subst(Arena *A, const Node *n, size_t count, const Subst *map)
{
    static Rule *const on[OP_COUNT] = {
        [OP_Var] = replace, [OP_Buffer] = replace, [OP_Let] = replace_below};
    SubstEnv env = {count, map};
    return count == 0 ? n : rw_run(A, on, &env, NULL, n);
}

typedef struct FreshEnv FreshEnv;
struct FreshEnv {
    Subst one;
    const FreshEnv *up;
};

static const Node *known(Rewriter *rw, const Node *n)
{
    for (const FreshEnv *e = rw->env; e; e = e->up)
        if (e->one.from == n)
            return e->one.to;
    return n;
}

static const Node *renew_var(Arena *A, const Node *v)
{
    return ir_make(A, OP_Var, v->type, v->at, 0, NULL);
}

/* For, Let and Alloc: the bound child gets a new identity in everything below. */
static const Node *renew_bound(Rewriter *rw, const Node *n)
{
    const Node *old = n->kid[0];
    const Node *now = old->op == OP_Var
                          ? renew_var(rw->A, old)
                          : ir_make(rw->A, OP_Buffer, old->type, old->at, old->nkids, old->kid);
    FreshEnv env = {{old, now}, rw->env};
    Rewriter inner = {rw->A, rw->on, &env, rw->err, false};
    return rw_kids(&inner, n);
}

static const Node *renew_block(Rewriter *rw, const Node *n)
{
    const Node *iters = n->kid[Block_iters];
    FreshEnv *env = ARENA_ARRAY(rw->A, FreshEnv, iters->nkids + 1);
    const FreshEnv *top = rw->env;
    for (size_t i = 0; i < iters->nkids; i++) {
        const Node *v = iters->kid[i]->kid[Iter_var];
        env[i] = (FreshEnv){{v, renew_var(rw->A, v)}, top};
        top = &env[i];
    }
    Rewriter inner = {rw->A, rw->on, (void *)(uintptr_t)top, rw->err, false};
    return rw_kids(&inner, n);
}

/* Store, Update, Barrier, and an If that does nothing: another place, even where nothing in it
** changes. */
static const Node *renew_place(Rewriter *rw, const Node *n)
{
    const Node *now = rw_kids(rw, n);
    return now == n ? ir_make(rw->A, n->op, n->type, n->at, n->nkids, n->kid) : now;
}

const Node *ir_fresh(Arena *A, const Node *stmt)
{
    static Rule *const on[OP_COUNT] = {
        [OP_Var] = known,         [OP_Buffer] = known,       [OP_For] = renew_bound,
        [OP_Alloc] = renew_bound, [OP_Let] = renew_bound,    [OP_Block] = renew_block,
        [OP_Store] = renew_place, [OP_Update] = renew_place, [OP_Barrier] = renew_place,
        [OP_If] = renew_place,
    };
    return rw_run(A, on, NULL, NULL, stmt);
}

const Node *ir_first(const Node *n, Op op)
{
    const Node *found = n->op == op ? n : NULL;
    for (size_t i = 0; !found && i < n->nkids; i++)
        found = ir_first(n->kid[i], op);
    return found;
}

const Node *ir_find(const Node *n, Find (*look)(void *env, const Node *stmt), void *env)
{
    Find f = ir_is_stmt(n) ? look(env, n) : FIND_INSIDE;
    const Node *found = f == FIND_THIS ? n : NULL;
    for (size_t i = 0; f == FIND_INSIDE && !found && i < n->nkids; i++)
        if (ir_is_stmt(n->kid[i]))
            found = ir_find(n->kid[i], look, env);
    return found;
}

void ir_walk(const Node *n, bool (*visit)(void *env, const Node *n), void *env)
{
    if (!visit(env, n))
        return;
    for (size_t i = 0; i < n->nkids; i++)
        ir_walk(n->kid[i], visit, env);
}
