/* mathfn.c -- the table of mathematical functions, and expanding calls to them. */
#include "core/ir/mathfn.h"

#include <string.h>

#include "core/ir/parse.h"
#include "core/ir/rewrite.h"

const MathFn math_fns[] = {
#define MATH(name, type, nargs, ulp, doc, text) {#name, DT_##type, nargs, ulp, doc, text},
#include "core/ir/math.def"
};
const size_t math_fn_count = sizeof math_fns / sizeof *math_fns;

const CallRow *call_find(const char *name)
{
    static const CallRow calls[] = {
#define CALL(name, args, domain, doc) {#name, args, DOM_##domain},
#include "core/ir/calls.def"
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (strcmp(calls[i].name, name) == 0)
            return &calls[i];
    return NULL;
}

const MathFn *math_find(const char *name, DType t)
{
    for (size_t i = 0; i < math_fn_count; i++)
        if (math_fns[i].type == t && strcmp(math_fns[i].name, name) == 0)
            return &math_fns[i];
    return NULL;
}

/* Is it a function of math.def for any type? */
static bool is_known(const char *name)
{
    for (size_t i = 0; i < math_fn_count; i++)
        if (strcmp(math_fns[i].name, name) == 0)
            return true;
    return false;
}

bool math_takes_floats(const char *name)
{
    const CallRow *row = call_find(name);
    return row ? row->domain == DOM_FLOAT || row->domain == DOM_TEST : is_known(name);
}

static const Node *on_call(Rewriter *rw, const Node *n)
{
    n = rw_kids(rw, n);
    if (!n || !is_known(n->at.name))
        return n;
    const Node *e = math_expand(rw->A, n, rw->err);
    return e ? e : rw_fail(rw);
}

const Node *math_expand_all(Arena *A, const Node *n, Err *err)
{
    static Rule *const on[OP_COUNT] = {[OP_Call] = on_call};
    return rw_run(A, on, NULL, err, n);
}

/* The argument by a name, so that it is evaluated once; atoms stand for themselves. */
static const Node *named(Arena *A, const Node *var, const Node *arg, const Node *body)
{
    if (arg->nkids == 0)
        return ir_subst(A, body, 1, &(Subst){var, arg});
    return ir_node(A, Let, body->type,
                   (Attr){0}, [Let_var] = var, [Let_value] = arg, [Let_body] = body);
}

static bool later_mentions(const Node *call, size_t i, const char *name)
{
    while (++i < call->nkids)
        if (ir_mentions_name(call->kid[Call_arg + i], name))
            return true;
    return false;
}

/* Parameter i by a name that means nothing in the arguments after it, which stand
** where it can be seen. */
static const Node *parameter(Arena *A, const Node *call, size_t i)
{
    static const char *const names[] = {"x", "y"};
    const char *try = names[i];
    for (int k = 1; later_mentions(call, i, try); k++)
        try = arena_printf(A, "%s_%d", names[i], k);
    return ir_var_like(A, (DType)call->type, try, NULL, 0);
}

/* Functions may use others of the table, but none of them itself, so this ends. */
const Node *math_expand(Arena *A, const Node *n, Err *err)
{
    DType t = (DType)n->type;
    const MathFn *fn = math_find(n->at.name, t);
    if (!fn || (size_t)fn->nargs != n->nkids)
        return FAIL(err, unknown_function, n, n->at.name, (size_t)n->nkids, plural(n->nkids),
                    dtype_name(t));
    const Node *names[2] = {ir_var_like(A, t, "x", NULL, 0), ir_var_like(A, t, "y", NULL, 0)};
    const Subst own[2] = {{names[0], parameter(A, n, 0)}, {names[1], parameter(A, n, 1)}};
    const Node *body = ir_parse_expr(A, fn->text, t, n->nkids, names, err);
    if (body)
        body = math_expand_all(A, ir_subst(A, body, n->nkids, own), err);
    for (size_t i = n->nkids; body && i-- > 0;)
        body = named(A, own[i].to, n->kid[Call_arg + i], body);
    return body;
}
