/* bind.c -- from what a caller gives to nodes of the program at hand. */
#include "core/schedule/prim.h"

#include <string.h>

#include "core/ir/parse.h"
#include "core/schedule/prims.h"
#include "core/schedule/tree.h"

const Prim *prim_find(const char *name)
{
    for (size_t i = 0; i < prim_count; i++)
        if (strcmp(prims[i].name, name) == 0)
            return &prims[i];
    return NULL;
}

size_t prim_params(const Prim *p, Param out[PRIM_MAX_PARAMS])
{
    size_t n = 0;
    for (const char *s = p->signature; *s;) {
        Param *q = &out[n++];
        q->kind = (ParamKind)*s++;
        q->optional = *s == '?';
        s += q->optional;
        size_t len = strcspn(++s, " ");
        assert(len < sizeof q->name);
        memcpy(q->name, s, len);
        q->name[len] = '\0';
        s += len + (s[len] == ' ');
    }
    return n;
}

/* ---- binding ---- */

enum { SHOWN = 60 }; /* letters of an argument in a sentence */

static bool wrong(Step *s, const Param *p, size_t at, const Arg *a, const char *want)
{
    const char *have;
    if (a->tag == ARG_INT)
        have = arena_printf(s->A, "%lld", (long long)a->i);
    else if (a->tag == ARG_LIST)
        have = a->n ? arena_printf(s->A, "a list of %zu", a->n) : "an empty list";
    else
        have = arena_printf(s->A, a->tag == ARG_STR ? "\"%s\"" : "%s", text_cut(s->A, a->s, SHOWN));
    return REFUSE(s->err, bad_argument, NULL, at + 1, p->name, want, have);
}

/* More of what is given one by one, or in a list, than a step takes. */
static bool too_many(Step *s, const Param *p, size_t at, size_t n, const char *what)
{
    return REFUSE(s->err, bad_argument, NULL, at + 1, p->name,
                  arena_printf(s->A, "at most %d %s", PRIM_MAX_ITEMS, what),
                  arena_printf(s->A, "%zu", n));
}

static bool bind_factors(Step *s, const Param *p, const Arg *a, size_t at, Bound *b)
{
    int unknown = 0;
    if (a->tag == ARG_INT) {
        b->n = 2;
        b->ints[0] = -1;
        b->ints[1] = a->i;
    } else if (a->tag == ARG_LIST && a->n >= 1 && a->n <= PRIM_MAX_ITEMS) {
        b->n = a->n;
        for (size_t i = 0; i < a->n; i++) {
            if (a->list[i].tag != ARG_INT)
                return wrong(s, p, at, &a->list[i], "integers");
            b->ints[i] = a->list[i].i;
        }
    } else {
        return wrong(s, p, at, a, "an inner factor, or a list of factors such as {-1, 8}");
    }
    for (size_t i = 0; i < b->n; i++) {
        unknown += b->ints[i] == -1;
        if (b->ints[i] < 1 && b->ints[i] != -1)
            return REFUSE(s->err, bad_factor, NULL, (long long)b->ints[i]);
    }
    if (a->tag == ARG_INT && a->i == -1) {
        wrong(s, p, at, a, "an inner factor, or a list of factors");
        err_fix(s->err, "-1 stands for the factor to be found beside others, as in {-1, 8}");
        return false;
    }
    return unknown <= 1 ||
           wrong(s, p, at, a, "factors with at most one -1, the factor to be found");
}

static bool bind_names(Step *s, const Param *p, size_t nargs, const Arg *args, size_t at, Bound *b)
{
    if (nargs - at > PRIM_MAX_ITEMS)
        return too_many(s, p, at, nargs - at, "names");
    for (size_t i = at; i < nargs; i++) {
        if (args[i].tag != ARG_STR)
            return wrong(s, p, i, &args[i], "a name as a string");
        const char *n = args[i].s;
        if (!ir_is_name(n) || strlen(n) > 60)
            return REFUSE(s->err, bad_name, NULL, n);
        for (size_t k = 0; k < b->n; k++)
            if (strcmp(b->names[k], n) == 0)
                return REFUSE(s->err, name_twice, NULL, n);
        b->names[b->n++] = n;
    }
    return true;
}

static bool bind_digits(Step *s, const Param *p, size_t nargs, const Arg *args, size_t at,
                        size_t *used, Bound *b)
{
    bool one = args[at].tag == ARG_LIST;
    const Arg *list = one ? args[at].list : args + at;
    size_t n = one ? args[at].n : nargs - at;
    *used = one ? 1 : n;
    if (n > PRIM_MAX_ITEMS)
        return too_many(s, p, at, n, "dimensions");
    for (size_t i = 0; i < n; i++) {
        if (list[i].tag != ARG_STR)
            return wrong(s, p, at + (one ? 0 : i), &list[i], "strings such as \"x//8\"");
        b->names[b->n++] = list[i].s;
    }
    return n > 0 || wrong(s, p, at, &args[at], "strings such as \"x//8\"");
}

/* Every loop of that name below n: what "*" "/xi" means. */
static bool collect_everywhere(const Node *n, const char *name, Bound *b)
{
    if (n->op == OP_For && strcmp(ir_var_name(n->kid[For_var]), name) == 0) {
        if (b->n == PRIM_MAX_ITEMS)
            return false;
        b->nodes[b->n++] = n;
    }
    for (size_t i = 0; i < n->nkids; i++)
        if (ir_is_stmt(n->kid[i]) && !collect_everywhere(n->kid[i], name, b))
            return false;
    return true;
}

static bool bind_everywhere(Step *s, const Node *root, const char *name, Bound *b)
{
    size_t before = b->n;
    if (!collect_everywhere(root, name, b))
        return REFUSE(s->err, too_many_loops, NULL, name, PRIM_MAX_ITEMS);
    return b->n > before || find_loop(s->func, name, s->err);
}

static bool bind_loops(Step *s, const Param *p, size_t nargs, const Arg *args, size_t at,
                       size_t *used, Bound *b)
{
    const Arg *list = args + at;
    size_t n = nargs - at;
    *used = n;
    if (n >= 1 && list[0].tag == ARG_LIST) {
        *used = 1;
        n = list[0].n;
        list = list[0].list;
    }
    if (n > PRIM_MAX_ITEMS)
        return too_many(s, p, at, n, "loops");
    for (size_t i = 0; i < n; i++) {
        if (list[i].tag != ARG_STR)
            return wrong(s, p, at + (list == args + at ? i : 0), &list[i], "names of loops");
        s->wrong = list[i].s;
        if (strncmp(list[i].s, "*/", 2) == 0) {
            if (!bind_everywhere(s, s->func->kid[Func_body], list[i].s + 2, b))
                return false;
            continue;
        }
        const Node *loop = find_loop(s->func, list[i].s, s->err);
        if (!loop)
            return false;
        for (size_t j = 0; j < b->n; j++)
            if (b->nodes[j] == loop)
                return REFUSE(s->err, loop_twice, loop, list[i].s);
        b->names[b->n] = list[i].s;
        b->nodes[b->n++] = loop;
    }
    s->wrong = NULL;
    return n > 0 || wrong(s, p, at, &args[at], "at least one loop");
}

/* A loop and a number where loops are meant: the wish to split first, and take the inner part. */
static bool advise_split(Step *s, const Prim *prim, size_t nargs, const Arg *args)
{
    if (s->trial || !s->err || s->err->code != ERR_bad_argument || nargs != 2 ||
        args[0].tag != ARG_STR || args[1].tag != ARG_INT || args[1].i < 2 ||
        (prim->apply != prim_unroll && prim->apply != prim_vectorize))
        return false;
    const char *advice = split_first(s->A, s->func, args[0].s, args[1].i, prim->name, NULL);
    if (advice)
        err_fix(s->err, "%s", advice);
    return false;
}

/* Loops and then a name that none of them has: the wish to call what they become so. */
static bool advise_name(Step *s, const Prim *prim, size_t nargs, const Arg *args)
{
    if (s->trial || !s->err || s->err->code != ERR_no_loop || nargs < 3 ||
        prim->apply != prim_fuse || args[nargs - 1].tag != ARG_STR)
        return false;
    const Arg named[] = {given_list(nargs - 1, args), args[nargs - 1]};
    step_advise(s->A, s->func, s->err, "fuse", 2, named);
    return false;
}

static bool bind_one(Step *s, const Param *p, const Arg *a, size_t at, Bound *b)
{
    if (p->kind == PARAM_INT) {
        b->i = a->i;
        return a->tag == ARG_INT || wrong(s, p, at, a, "an integer");
    }
    if (p->kind == PARAM_FACTORS)
        return bind_factors(s, p, a, at, b);
    if (p->kind == PARAM_VALUE && a->tag == ARG_INT) {
        b->i = a->i;
        return true;
    }
    if (a->tag != ARG_STR)
        return wrong(s, p, at, a,
                     p->kind == PARAM_BLOCK                            ? "the name of a block"
                     : p->kind == PARAM_BUFFER                         ? "the name of a buffer"
                     : p->kind == PARAM_NAME || p->kind == PARAM_VALUE ? "a string"
                                                                       : "the name of a loop");
    b->s = a->s;
    if (p->kind == PARAM_LOOP)
        b->node = find_loop(s->func, a->s, s->err);
    else if (p->kind == PARAM_BLOCK)
        b->node = find_block(s->func, a->s, s->err);
    else if (p->kind == PARAM_BUFFER)
        b->node = find_buffer(s->func, a->s, s->err);
    else if (p->kind == PARAM_PLACE) {
        Err quiet = {0};
        b->node = find_block(s->func, a->s, &quiet);
        if (!b->node)
            b->node = find_loop(s->func, a->s, s->err);
    } else
        return true;
    s->wrong = b->node ? NULL : a->s;
    return b->node != NULL;
}

/* What names nothing may stand in another's place, where one is left out: cache_read("C", "local").
** Says so of the first that is missing, of the n parameters from argument `at` on. */
static bool refuse_left_out(Step *s, const Param *params, size_t n, size_t at, size_t nargs)
{
    for (size_t i = 0; i < n; i++) {
        const Param *p = &params[i];
        if (p->optional || p->kind == PARAM_NAMES || p->kind == PARAM_DIGITS ||
            p->kind == PARAM_LOOPS || p->kind == PARAM_EACH)
            return false;
        if (at + i >= nargs) {
            s->wrong = NULL;
            return REFUSE(s->err, missing_argument, NULL, at + i + 1, p->name);
        }
    }
    return false;
}

bool prim_bind(Step *s, const Prim *prim, size_t nargs, const Arg *args)
{
    Param params[PRIM_MAX_PARAMS];
    size_t n = prim_params(prim, params), at = 0;
    for (size_t i = 0; i < n; i++) {
        Bound *b = &s->arg[i];
        const Param *p = &params[i];
        if (at >= nargs) {
            if (!p->optional && p->kind != PARAM_NAMES)
                return REFUSE(s->err, missing_argument, NULL, at + 1, p->name);
            continue;
        }
        b->given = true;
        if (p->kind == PARAM_NAMES) {
            if (!bind_names(s, p, nargs, args, at, b))
                return false;
            at = nargs;
        } else if (p->kind == PARAM_DIGITS) {
            size_t used = 0;
            if (!bind_digits(s, p, nargs, args, at, &used, b))
                return false;
            at += used;
        } else if (p->kind == PARAM_LOOPS || p->kind == PARAM_EACH) {
            size_t used = 0, end = p->kind == PARAM_EACH ? at + 1 : nargs;
            if (!bind_loops(s, p, end, args, at, &used, b))
                return advise_split(s, prim, nargs, args) || advise_name(s, prim, nargs, args);
            at += used;
        } else if (!bind_one(s, p, &args[at], at, b)) {
            return s->wrong && refuse_left_out(s, params + i, n - i, at, nargs);
        } else {
            at++;
        }
    }
    return at == nargs || REFUSE(s->err, extra_argument, NULL, at + 1);
}

/* ---- ending a step ---- */

const char *step_label(const Step *s, const Node *func, const Node *loop)
{
    const char *label = loop_label(s->A, func, loop), *called = NULL;
    for (size_t i = 0; i < PRIM_MAX_PARAMS; i++) {
        const Bound *b = &s->arg[i];
        if (b->node == loop)
            called = b->s;
        for (size_t k = 0; k < b->n; k++)
            if (b->nodes[k] == loop && b->names[k])
                called = b->names[k];
    }
    return strchr(label, '/') && called && strchr(called, '/') ? called : label;
}

void step_made(Step *s, const char *name)
{
    if (s->nmade < PRIM_MAX_ITEMS)
        s->made[s->nmade++] = name;
}

bool step_done(Step *s, const Node *out)
{
    s->out = out;
    return true;
}
