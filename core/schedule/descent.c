/* descent.c -- which loops a step made, and what steps made of a loop. */
#include <string.h>

#include "core/base/vec.h"
#include "core/schedule/sched.h"
#include "core/schedule/tree.h"

/* Where the loop that the step made and called `name` stands. */
static const Node *made_loop(const Node *n, const char *name, int number)
{
    const VarInfo *var = n->op == OP_For ? n->kid[For_var]->at.var : NULL;
    if (var && var->step == number && ir_same_name(var->name, name))
        return n;
    for (size_t i = ir_first_stmt(n); i < n->nkids; i++) {
        const Node *found = made_loop(n->kid[i], name, number);
        if (found)
            return found;
    }
    return NULL;
}

const char *version_made(const Version *v, size_t i, const char **block)
{
    const Node *loop = made_loop(v->func, v->made[i], v->number);
    *block = loop ? loop_handle_block(v->func, loop) : NULL;
    return v->made[i];
}

/* Does `made` count in all axes that `var` counts in?  Of the loops that one step made of several,
** these are made of it: of y and x, tiled, yo and yi count in y. */
static bool counts_in_all(const Node *made, const Node *var)
{
    const char *axes = ir_var_axes(var);
    for (size_t n; *axes; axes += n + (axes[n] == ' ')) {
        n = strcspn(axes, " ");
        if (!ir_axes_have(ir_var_axes(made), axes, n))
            return false;
    }
    return true;
}

/* The version after `from`, on the way to `now`, whose step used the loop up; NULL if none did. */
static const Version *used_up_by(const Version *from, const Version *now, const Node *var)
{
    const Version *by = NULL;
    Path p;
    for (const Version *w = now; w && w != from && !path_to_loop(w->func, var, &p); w = w->parent)
        by = w;
    return by;
}

typedef struct Descent {
    Arena *A;
    const Version *now;
    VEC(const Node *) vars; /* of the loops that were come by: parts that are fused make one loop */
    NameList *out;
} Descent;

static bool come_by(Descent *d, const Node *var)
{
    for (size_t i = 0; i < d->vars.n; i++)
        if (d->vars.at[i] == var)
            return true;
    vec_push(d->A, &d->vars, var);
    return false;
}

static void add_descent(Descent *d, const Version *from, const Node *loop)
{
    const Node *var = loop->kid[For_var];
    const Version *by = used_up_by(from, d->now, var);
    Path p;
    if (come_by(d, var))
        return;
    if (!by && path_to_loop(d->now->func, var, &p))
        vec_push(d->A, d->out, loop_label(d->A, d->now->func, path_end(&p)));
    for (size_t i = 0; by && i < by->nmade; i++) {
        const Node *made = made_loop(by->func, by->made[i], by->number);
        if (made && counts_in_all(made->kid[For_var], var))
            add_descent(d, by, made);
    }
}

void version_descent(Arena *A, const Version *before, const Version *now, const char *name,
                     NameList *out)
{
    const Node *loop = find_loop(before->func, name, NULL);
    Descent d = {.A = A, .now = now, .out = out};
    if (loop)
        add_descent(&d, before, loop);
}
