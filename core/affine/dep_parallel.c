/* dep_parallel.c -- is a loop free of dependences between its iterations? */
#include <isl/point.h>
#include <stdio.h>
#include <string.h>

#include "core/affine/dep.h"
#include "core/affine/model.h"
#include "core/affine/witness.h"
#include "core/ir/rewrite.h"

typedef struct Parallel {
    Model *m;
    const Node *loop;
    size_t depth; /* loops around it */
    Arena *A;
    bool failed; /* isl gave no answer */
    bool maybe;  /* two iterations meet, if data has them do so */
} Parallel;

/* An access as a function of the loops around and the loop itself. */
static isl_map *of_iteration(const Parallel *p, const Stmt *s, const Access *a)
{
    isl_map *m = isl_map_copy(a->by_loops);
    return isl_map_project_out(m, isl_dim_in, (unsigned)p->depth + 1,
                               (unsigned)(s->nloops - p->depth - 1));
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
    isl_point_free(at);
    isl_point *e = model_first(isl_set_intersect(isl_map_range(x), isl_map_range(y)));
    for (size_t d = 0; e && d < ir_rank(out->buffer); d++)
        out->index[d] = model_coordinate(e, d);
    isl_point_free(e);
    out->first_at = out->second_at = "";
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
    found &= !maybe;
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

/* Is the buffer allocated inside the loop, so that each iteration has its own? */
static bool private_to_iteration(const Parallel *p, const Node *buffer)
{
    return model_scope(p->m, buffer) > p->depth;
}

static bool any_meet(Parallel *p, LoopConflict *out)
{
    const Model *m = p->m;
    for (size_t i = 0; i < m->nstmts && !p->failed; i++) {
        const Stmt *s = m->stmt[i];
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

static DepAnswer unknown(Err *err, const Node *where, const char *loop, const char *why)
{
    char what[160];
    snprintf(what, sizeof what, "the iterations of %.100s are independent", loop);
    REFUSE(err, dependences_unknown, where, what, why);
    return DEP_UNKNOWN;
}

static DepAnswer answer(Parallel *p, const Node *func, Err *err)
{
    LoopConflict c;
    const Node *node = ir_find(func, find_loop, p);
    const char *name = ir_var_name(p->loop);
    if (!node || p->m->nstmts == 0)
        return p->m->unknown ? unknown(err, node, name, p->m->unknown) : DEP_OK;
    if (p->m->unknown)
        return unknown(err, node, name, p->m->unknown);
    while (p->m->stmt[0]->loop[p->depth] != p->loop)
        p->depth++;
    bool found = any_meet(p, &c);
    if (!found && p->failed)
        return unknown(err, node, name, "the work limit was reached");
    if (!found)
        return p->maybe ? unknown(err, node, name, "what runs depends on data") : DEP_OK;
    if (ir_first(node, OP_Barrier))
        return unknown(err, node, name, "there are barriers inside");
    REFUSE(err, loop_carries, node, name, ir_buf_name(c.buffer));
    LoopConflict small;
    if (witness_find(p->A, func, p->loop, &small))
        c = small;
    else if (p->failed)
        return DEP_BROKEN; /* proven; only the example was too dear */
    witness_tell(p->A, p->loop, &c, err);
    return DEP_BROKEN;
}

DepAnswer dep_check_parallel(const Node *func, const Node *loop, long operations, Err *err)
{
    Arena *A = arena_scratch(NULL);
    isl_ctx *ctx = model_ctx((unsigned long)operations);
    Parallel p = {.m = model_of(A, ctx, func, loop, false), .loop = loop, .A = A};
    DepAnswer a = answer(&p, func, err);
    arena_release(A);
    return a;
}
