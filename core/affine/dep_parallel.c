/* dep_parallel.c -- is a loop free of dependences between its iterations? */
#include <isl/point.h>
#include <stdio.h>
#include <string.h>

#include "core/affine/dep.h"
#include "core/affine/model.h"
#include "core/affine/witness.h"
#include "core/ir/print.h"
#include "core/ir/rewrite.h"

typedef struct Parallel {
    Model *m;
    const Node *loop; /* its Var */
    const Node *at;   /* the For */
    size_t depth;     /* loops around it */
    Arena *A;
    bool failed; /* isl gave no answer */
    bool maybe;  /* two iterations meet, if data has them do so */
    bool wider;  /* or if what is read, which is not affine, is what the other one writes */
    bool strewn; /* or if what is written is, which is not affine */
} Parallel;

/* Copies of a buffer are told apart by where their owners stand along so many axes, from block_x
** on: a thread has its own local memory, a block its own shared. */
static unsigned copy_axes(const Node *buffer)
{
    static const unsigned axes[] = {[SCOPE_global] = 0,
                                    [SCOPE_shared] = FOR_thread_x - FOR_block_x,
                                    [SCOPE_local] = FOR_COUNT - FOR_block_x};
    return axes[buffer->at.buf->scope];
}

/* Where the statement stands along an axis; -1 outside of all loops over it. */
static isl_map *along(const Parallel *p, const Stmt *s, ForKind axis)
{
    isl_map *m = isl_map_universe(isl_space_alloc(p->m->ctx, 0, (unsigned)s->nloops, 1));
    for (size_t i = 0; i < s->nloops; i++)
        if (s->kind[i] == axis)
            return isl_map_equate(m, isl_dim_in, (int)i, isl_dim_out, 0);
    return isl_map_fix_si(m, isl_dim_out, 0, -1);
}

/* An access as a function of the loops around and the loop itself: to the copy and the element. */
static isl_map *of_iteration(const Parallel *p, const Stmt *s, const Access *a)
{
    isl_map *m = isl_map_copy(a->by_loops);
    for (unsigned k = copy_axes(a->buffer); k-- > 0;)
        m = isl_map_flat_range_product(along(p, s, (ForKind)(FOR_block_x + k)), m);
    return isl_map_project_out(m, isl_dim_in, (unsigned)p->depth + 1,
                               (unsigned)(s->nloops - p->depth - 1));
}

/* "yo=1, xo=3": the loops around that are not at 0. */
static const char *loops_around(const Parallel *p, isl_point *at)
{
    Buf b = buf_new(p->A);
    for (size_t i = 0; i < p->depth; i++)
        if (model_coordinate(at, i) != 0)
            ir_put_value(&b, p->m->stmt[0]->loop[i], model_coordinate(at, i));
    return buf_str(&b);
}

/* The smallest pair of iterations in `pairs`, and the first element that both touch. */
static bool smallest(Parallel *p, isl_map *pairs, isl_map *a, isl_map *b, LoopConflict *out)
{
    isl_point *at = model_first_pair(pairs);
    if (!at)
        return false;
    size_t n = p->depth + 1;
    isl_map *x = model_at(isl_map_copy(a), at, 0, n), *y = model_at(isl_map_copy(b), at, n, n);
    out->first = model_coordinate(at, n - 1);
    out->second = model_coordinate(at, 2 * n - 1);
    out->first_at = out->second_at = loops_around(p, at);
    isl_point_free(at);
    isl_point *e = model_first(isl_set_intersect(isl_map_range(x), isl_map_range(y)));
    for (size_t d = 0; e && d < ir_rank(out->buffer); d++)
        out->index[d] = model_coordinate(e, copy_axes(out->buffer) + d);
    isl_point_free(e);
    return e != NULL;
}

/* Do two different iterations meet in an element by these two accesses? */
static bool meet(Parallel *p, const Stmt *s, const Access *a, const Stmt *t, const Access *b,
                 LoopConflict *out)
{
    isl_map *x = of_iteration(p, s, a), *y = of_iteration(p, t, b);
    isl_map *pairs = isl_map_apply_range(isl_map_copy(x), isl_map_reverse(isl_map_copy(y)));
    for (size_t i = 0; i < p->depth; i++)
        pairs = isl_map_equate(pairs, isl_dim_in, (int)i, isl_dim_out, (int)i);
    isl_map *later = isl_map_order_lt(isl_map_copy(pairs), isl_dim_in, (int)p->depth, isl_dim_out,
                                      (int)p->depth);
    isl_bool none = isl_map_is_empty(later);
    bool swap = none == isl_bool_true;
    if (swap) { /* the second access in the earlier iteration */
        isl_map_free(later);
        later = isl_map_order_gt(isl_map_copy(pairs), isl_dim_in, (int)p->depth, isl_dim_out,
                                 (int)p->depth);
        later = isl_map_reverse(later);
        none = s == t && a == b ? isl_bool_true : isl_map_is_empty(later);
    }
    p->failed |= none == isl_bool_error;
    bool found = none == isl_bool_false, maybe = s->maybe || t->maybe;
    p->maybe |= found && maybe;
    bool strewn = a->wider || (b == &t->write && b->wider);
    p->strewn |= found && strewn;
    p->wider |= found && b->wider && !strewn;
    found &= !maybe && !a->wider && !b->wider;
    if (found) {
        AccessKind kind_a = s->update ? ACCESS_UPDATE : ACCESS_WRITE;
        AccessKind kind_b = b != &t->write ? ACCESS_READ : t->update ? ACCESS_UPDATE : ACCESS_WRITE;
        *out = (LoopConflict){.buffer = a->buffer,
                              .first_does = swap ? kind_b : kind_a,
                              .second_does = swap ? kind_a : kind_b};
        p->failed |= !smallest(p, later, swap ? y : x, swap ? x : y, out);
    }
    isl_map_free(later);
    isl_map_free(pairs);
    isl_map_free(x);
    isl_map_free(y);
    return found;
}

/* Is the buffer allocated inside the loop, so that each iteration has its own?  What threads share
** is one for all of them. */
static bool private_to_iteration(const Parallel *p, const Node *buffer)
{
    bool shared = for_is_thread_axis(ir_for_kind(p->at)) && buffer->at.buf->scope == SCOPE_shared;
    return !shared && model_scope(p->m, buffer) > p->depth;
}

static bool any_meet(Parallel *p, LoopConflict *out)
{
    const Model *m = p->m;
    for (size_t i = 0; i < m->nstmts && !p->failed; i++) {
        const Stmt *s = m->stmt[i];
        p->failed = model_must_stop();
        if (!s->write.buffer || private_to_iteration(p, s->write.buffer))
            continue;
        for (size_t j = 0; j < m->nstmts && !p->failed; j++) {
            const Stmt *t = m->stmt[j];
            if (j >= i && t->write.buffer == s->write.buffer &&
                meet(p, s, &s->write, t, &t->write, out))
                return true;
            for (size_t k = 0; k < t->nreads && !p->failed; k++)
                if (t->read[k].buffer == s->write.buffer &&
                    meet(p, s, &s->write, t, &t->read[k], out))
                    return true;
        }
    }
    return false;
}

static Find find_loop(void *env, const Node *n)
{
    const Parallel *p = env;
    return n->op == OP_For && n->kid[For_var] == p->loop ? FIND_THIS : FIND_INSIDE;
}

static void unknown(Err *err, const Node *where, const char *loop, const char *why)
{
    char what[160];
    snprintf(what, sizeof what, "the iterations of %.100s are independent", loop);
    REFUSE(err, dependences_unknown, where, what, why);
}

/* Of DEP_UNKNOWN, *why.  Of DEP_BROKEN, *c shows it, unless p->failed: then it is proven, and only
** the example was too dear. */
static DepAnswer answer(Parallel *p, const Node *func, LoopConflict *c, const char **why)
{
    p->at = ir_find(func, find_loop, p);
    *why = p->m->unknown;
    if (*why)
        return DEP_UNKNOWN;
    if (!p->at || p->m->nstmts == 0)
        return DEP_OK;
    while (p->m->stmt[0]->loop[p->depth] != p->loop)
        p->depth++;
    bool found = any_meet(p, c);
    if (!found && p->failed)
        *why = over_limit;
    else if (!found && p->strewn)
        *why = not_affine_store;
    else if (!found && p->maybe)
        *why = "what runs depends on data";
    else if (!found && p->wider)
        *why = "the index of a load, or what decides whether it is read, is not affine";
    else if (found && ir_first(p->at, OP_Barrier))
        *why = "there are barriers inside";
    return *why ? DEP_UNKNOWN : found ? DEP_BROKEN : DEP_OK;
}

static Parallel question(Arena *A, const Node *func, const Node *loop, long operations)
{
    isl_ctx *ctx = model_ctx((unsigned long)operations);
    return (Parallel){.m = model_of(A, ctx, func, loop, false), .loop = loop, .A = A};
}

DepAnswer dep_check_parallel(const Node *func, const Node *loop, long operations, Err *err)
{
    Arena *A = arena_scratch(NULL);
    Parallel p = question(A, func, loop, operations);
    LoopConflict c, small;
    const char *why;
    DepAnswer a = answer(&p, func, &c, &why);
    if (a == DEP_UNKNOWN)
        unknown(err, p.at, ir_var_name(loop), why);
    if (a == DEP_BROKEN) {
        REFUSE(err, loop_carries, p.at, ir_var_name(loop), ir_buf_name(c.buffer));
        bool shown = witness_find(A, func, loop, WITNESS_STEPS, &small);
        if (shown || !p.failed)
            witness_tell(A, loop, shown ? &small : &c, err);
    }
    arena_release(A);
    return a;
}

DepAnswer dep_conflict(Arena *A, const Node *func, const Node *loop, long operations,
                       LoopConflict *out, const char **why)
{
    Parallel p = question(A, func, loop, operations);
    DepAnswer a = answer(&p, func, out, why);
    if (a != DEP_BROKEN || !p.failed)
        return a;
    *why = over_limit;
    return DEP_UNKNOWN;
}
