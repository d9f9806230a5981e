/* dep_order.c -- does another order of a nest's loops keep the order of what depends
** on each other? */
#include <isl/point.h>
#include <stdio.h>
#include <string.h>

#include "core/affine/dep.h"
#include "core/affine/model.h"
#include "core/ir/print.h"

typedef struct Order {
    Model *m;
    Arena *A;
    unsigned n, outer; /* loops of the nest; loops around it */
    const Node *const *before, *const *after;
    /* Iterations of the nest -> those that come later now and came earlier then */
    isl_map *turned;
    bool failed; /* isl gave no answer */
    bool maybe;  /* two change places, if data has them run */
    bool wider;  /* or if an index that is not affine has them touch one element */
    Err *err;
} Order;

/* Iterations in the order of the loops in `loops`, as a relation over the loops in
** the old order. */
static isl_map *earlier(const Order *o, const Node *const *loops)
{
    isl_space *space = isl_space_map_from_set(isl_space_set_alloc(o->m->ctx, 0, o->n));
    isl_map *to = isl_map_universe(isl_space_copy(space));
    for (unsigned k = 0; k < o->n; k++)
        for (unsigned i = 0; i < o->n; i++)
            if (o->before[i]->kid[For_var] == loops[k]->kid[For_var])
                to = isl_map_equate(to, isl_dim_in, (int)i, isl_dim_out, (int)k);
    isl_map *lt = isl_map_lex_lt(isl_space_domain(space));
    lt = isl_map_apply_range(isl_map_copy(to), lt);
    return isl_map_apply_range(lt, isl_map_reverse(to));
}

/* Iterations of the loops around and of the nest -> elements. */
static isl_map *of_nest(const Order *o, const Stmt *s, const Access *a)
{
    isl_map *m = isl_map_copy(a->by_loops);
    return isl_map_project_out(m, isl_dim_in, o->outer + o->n,
                               (unsigned)s->nloops - o->outer - o->n);
}

/* "y=0, x=1", from the coordinates that begin at `at`. */
static void put_iteration(const Order *o, Buf *b, isl_point *p, unsigned at)
{
    for (unsigned i = 0; i < o->n; i++)
        ir_put_value(b, o->before[i]->kid[For_var], model_coordinate(p, at + i));
}

static const char *done(const Stmt *s, const Access *a)
{
    return a != &s->write ? "read" : s->update ? "updated" : "written";
}

/* "B[1] is written at y=0, x=1 and read at y=1, x=0, which would come first" */
static void show_turn(const Order *o, const Stmt *s, const Access *a, const Stmt *t,
                      const Access *b, isl_point *p)
{
    Buf element = buf_new(o->A), first = buf_new(o->A), second = buf_new(o->A);
    unsigned n = o->outer + o->n;
    isl_map *x = model_at(of_nest(o, s, a), p, 0, n), *y = model_at(of_nest(o, t, b), p, n, n);
    isl_point *e = model_first(isl_set_intersect(isl_map_range(x), isl_map_range(y)));
    if (e) {
        model_put_element(&element, a->buffer, e);
        put_iteration(o, &first, p, o->outer);
        put_iteration(o, &second, p, o->outer + n);
        err_witness(o->err, "%s is %s at %s and %s at %s, which would come first",
                    buf_str(&element), done(s, a), buf_str(&first), done(t, b), buf_str(&second));
        err_conflict(o->err, buf_str(&first), buf_str(&second), buf_str(&element));
    }
    isl_point_free(e);
}

/* Names the first loop whose place another takes. */
static void refuse(Order *o, const Stmt *s, const Access *a, const Stmt *t, const Access *b,
                   isl_map *pairs)
{
    unsigned k = 0;
    while (k + 1 < o->n && o->before[k]->kid[For_var] == o->after[k]->kid[For_var])
        k++;
    const char *was = ir_var_name(o->before[k]->kid[For_var]),
               *is = ir_var_name(o->after[k]->kid[For_var]);
    REFUSE(o->err, order_turns, o->before[0], is, was, ir_buf_name(a->buffer), was, is);
    isl_point *p = model_first_pair(pairs);
    if (p)
        show_turn(o, s, a, t, b, p);
    isl_point_free(p);
}

/* Do two touches of an element change places, of which the first comes earlier in the old order? */
static bool changes_places(Order *o, const Stmt *s, const Access *a, const Stmt *t, const Access *b)
{
    isl_map *x = of_nest(o, s, a), *y = of_nest(o, t, b);
    isl_map *pairs = isl_map_apply_range(x, isl_map_reverse(y));
    for (unsigned i = 0; i < o->outer; i++)
        pairs = isl_map_equate(pairs, isl_dim_in, (int)i, isl_dim_out, (int)i);
    isl_map *turned = isl_map_insert_dims(isl_map_copy(o->turned), isl_dim_in, 0, o->outer);
    turned = isl_map_insert_dims(turned, isl_dim_out, 0, o->outer);
    pairs = isl_map_intersect(pairs, turned);
    isl_bool none = isl_map_is_empty(pairs);
    o->failed |= none == isl_bool_error;
    bool found = none == isl_bool_false, maybe = s->maybe || t->maybe;
    o->maybe |= found && maybe;
    o->wider |= found && (a->wider || b->wider);
    maybe |= a->wider || b->wider;
    if (found && !maybe)
        refuse(o, s, a, t, b, pairs);
    isl_map_free(pairs);
    return found && !maybe;
}

static bool commute(const Stmt *s, const Access *a, const Stmt *t, const Access *b)
{
    return a == &s->write && b == &t->write && s->update && t->update && s->combiner == t->combiner;
}

static bool any_turn(Order *o)
{
    const Model *m = o->m;
    for (size_t i = 0; i < m->nstmts; i++)
        for (size_t j = 0; j < m->nstmts; j++) {
            const Stmt *s = m->stmt[i], *t = m->stmt[j];
            if (o->failed)
                return false;
            if (!s->write.buffer || model_scope(m, s->write.buffer) >= o->outer + o->n)
                continue;
            if (t->write.buffer == s->write.buffer && !commute(s, &s->write, t, &t->write) &&
                changes_places(o, s, &s->write, t, &t->write))
                return true;
            for (size_t k = 0; k < t->nreads; k++)
                if (t->read[k].buffer == s->write.buffer && !o->failed &&
                    (changes_places(o, s, &s->write, t, &t->read[k]) ||
                     changes_places(o, t, &t->read[k], s, &s->write)))
                    return true;
        }
    return false;
}

DepAnswer dep_check_reorder(const Node *func, size_t n, const Node *const *before,
                            const Node *const *after, long operations, Err *err)
{
    Arena *A = arena_scratch(NULL);
    isl_ctx *ctx = model_ctx((unsigned long)operations);
    Model *m = model_of(A, ctx, func, before[0]->kid[For_var], false);
    Order o = {.m = m, .A = A, .n = (unsigned)n, .before = before, .after = after, .err = err};
    const char *why = m->unknown;
    DepAnswer answer = DEP_OK;
    if (!why && m->nstmts > 0) {
        while (m->stmt[0]->loop[o.outer] != before[0]->kid[For_var])
            o.outer++;
        o.turned = isl_map_intersect(earlier(&o, before), isl_map_reverse(earlier(&o, after)));
        if (any_turn(&o))
            answer = DEP_BROKEN;
        isl_map_free(o.turned);
        why = answer != DEP_OK ? NULL
              : o.failed       ? over_limit
              : o.wider        ? "an index is not affine"
              : o.maybe        ? "what runs depends on data"
                               : NULL;
    }
    if (why) {
        REFUSE(err, dependences_unknown, before[0], "the loops may stand in this order", why);
        answer = DEP_UNKNOWN;
    }
    arena_release(A);
    return answer;
}
