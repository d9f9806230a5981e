/* dep_step.c -- does a scheduled program compute what the original does?
**
** Programs made from tensor expressions store each element once and then at most
** update it.  For such a program the meaning is in the sources: which instances write
** what an instance reads.  That relation has no order in it, so it is small and cheap
** even for deeply tiled programs.  Order enters once, as a demand on the new program:
** all that write an element have run when it is read.
**
** An instance may run more than once (a producer recomputed for each tile).  The
** demand is then that within an iteration of some loops around both, the whole of the
** element is made before it is read, and made once. */
#include "core/affine/dep_step_impl.h"

#include <string.h>

#include "core/ir/print.h"

const char step_wider[] = "the index of a read, or what decides it, is not affine";

bool step_yes(Check *c, isl_bool b)
{
    c->failed |= b == isl_bool_error;
    return b == isl_bool_true;
}

const Stmt *step_stmt(const Model *m, const char *name, size_t naxes)
{
    for (size_t i = 0; i < m->nstmts; i++)
        if (strcmp(m->stmt[i]->name, name) == 0 && m->stmt[i]->naxes == naxes)
            return m->stmt[i];
    return NULL;
}

/* The same operations, whatever is read and where. */
static bool is_alike(const Node *a, const Node *b)
{
    if (a->op != b->op || a->type != b->type || a->nkids != b->nkids)
        return false;
    if (a->op == OP_Load || a->op == OP_Var)
        return true;
    if (a->nkids == 0)
        return ir_same(a, b);
    if (a->op == OP_Call && strcmp(a->at.name, b->at.name) != 0)
        return false;
    for (size_t i = 0; i < a->nkids; i++)
        if (!is_alike(a->kid[i], b->kid[i]))
            return false;
    return true;
}

/* What goes on from what it wrote cannot be looked through; no other statement becomes it. */
static bool goes_on(const Stmt *s)
{
    for (size_t i = 0; i < s->nreads; i++)
        if (s->read[i].buffer == s->write.buffer)
            return true;
    return s->update;
}

bool step_is_common(const Check *c, const Stmt *s)
{
    const Stmt *t = step_stmt(c->other, s->name, s->naxes);
    return t && (goes_on(s) || goes_on(t) ||
                 is_alike(s->node->kid[Store_value], t->node->kid[Store_value]));
}

const char *step_instance(Arena *A, const Stmt *s, isl_point *p, size_t at)
{
    Buf axes = buf_new(A);
    for (size_t i = 0; i < s->naxes; i++)
        ir_put_value(&axes, s->axis[i], model_coordinate(p, at + i));
    return arena_printf(A, "%s(%s)", s->name, buf_str(&axes));
}

/* Is each element stored by one instance alone? */
static bool stores_once(Check *c)
{
    const Model *m = c->m;
    for (size_t i = 0; i < m->nstmts; i++) {
        const Stmt *s = m->stmt[i];
        if (s->update)
            continue;
        if (!step_yes(c, isl_map_is_injective(s->write.of)))
            return false;
        for (size_t j = i + 1; j < m->nstmts; j++) {
            const Stmt *t = m->stmt[j];
            if (t->update || t->write.buffer != s->write.buffer)
                continue;
            isl_set *a = isl_map_range(isl_map_copy(s->write.of)),
                    *b = isl_map_range(isl_map_copy(t->write.of));
            bool apart = step_yes(c, isl_set_is_disjoint(a, b));
            isl_set_free(a);
            isl_set_free(b);
            if (!apart)
                return false;
        }
    }
    return true;
}

/* Stores that only one program has, copies or inlined expressions, are looked through; of updates
** there is no telling which instance is which, nor of statements outside blocks, which nothing but
** their loops counts. */
static const char *unmatched(const Check *before, const Check *after)
{
    for (size_t i = 0; i < after->m->nstmts; i++) {
        const Stmt *s = after->m->stmt[i], *was = step_stmt(before->m, s->name, s->naxes);
        for (size_t k = 0; !s->block && k < s->naxes; k++)
            if (!was || was->axis[k] != s->axis[k])
                return "a statement outside blocks has other loops";
    }
    for (size_t i = 0; i < after->m->nstmts; i++)
        if (!step_is_common(after, after->m->stmt[i]) && after->m->stmt[i]->update)
            return "it has a new reduction";
    for (size_t i = 0; i < before->m->nstmts; i++)
        if (!step_is_common(before, before->m->stmt[i]) && before->m->stmt[i]->update)
            return "a reduction has gone";
    return NULL;
}

static DepAnswer unknown(Err *err, const char *why)
{
    REFUSE(err, dependences_unknown, NULL, "the program still computes the same", why);
    return DEP_UNKNOWN;
}

DepAnswer dep_check_step(const Node *before, const Node *after, long operations, Err *err)
{
    Arena *A = arena_scratch(NULL);
    isl_ctx *ctx = model_ctx((unsigned long)operations);
    Model *b = model_of(A, ctx, before, NULL, true), *a = model_of(A, ctx, after, NULL, true);
    Check old = {.m = b, .other = a, .A = A}, now = {.m = a, .other = b, .A = A, .err = err};
    const char *why = b->unknown ? b->unknown : a->unknown ? a->unknown : unmatched(&old, &now);
    DepAnswer answer = DEP_OK;
    if (!why && (!stores_once(&old) || !stores_once(&now) || !step_order_holds(&old)))
        why = old.failed || now.failed ? over_limit : "an element is stored more than once";
    if (!why && old.untold)
        why = old.untold;
    if (why)
        answer = unknown(err, why);
    else if (!step_same_sources(&old, &now) ||
             (!old.failed && !now.failed && !step_order_holds(&now)))
        answer = DEP_BROKEN;
    if (answer != DEP_UNKNOWN && (old.failed || now.failed))
        answer = unknown(err, over_limit);
    if (answer == DEP_OK && now.untold)
        answer = unknown(err, now.untold);
    arena_release(A);
    return answer;
}
