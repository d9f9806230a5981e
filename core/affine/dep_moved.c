/* dep_moved.c -- in which order do instances of two statements touch an element? */
#include <isl/point.h>
#include <string.h>

#include "core/affine/dep.h"
#include "core/affine/model.h"
#include "core/ir/print.h"

typedef struct Pair {
    const Model *m;
    Arena *A;
    const Stmt *s, *t;
    DepTouch a, b;
    unsigned common, scope; /* loops around both; those of them around the memory itself */
    bool first;             /* s stands before t in the text */
    unsigned found, shown;
    bool failed;
    Err *err;
} Pair;

static const char *verb(const Stmt *s, const Access *a)
{
    return a != &s->write ? "reads" : s->update ? "updates" : "writes";
}

/* "B at y=0, x=1": the instance of s whose loops begin at the coordinate `from`. */
static const char *instance_text(Arena *A, const Stmt *s, isl_point *p, size_t from)
{
    Buf loops = buf_new(A);
    for (size_t i = 0; i < s->nloops; i++)
        ir_put_value(&loops, s->loop[i], model_coordinate(p, from + i));
    return loops.len ? arena_printf(A, "%s at %s", s->name, buf_str(&loops)) : s->name;
}

/* "C at z=0 writes X[0] after B at y=0 reads it", from the smallest of the pairs. */
static void show(Pair *q, const Access *x, const Access *y, unsigned bit, isl_map *pairs)
{
    isl_point *p = model_first_pair(pairs);
    if (!p)
        return;
    size_t ns = q->s->nloops, nt = q->t->nloops;
    isl_map *i = model_at(isl_map_copy(x->by_loops), p, 0, ns),
            *j = model_at(isl_map_copy(y->by_loops), p, ns, nt);
    isl_point *e = model_first(isl_set_intersect(isl_map_range(i), isl_map_range(j)));
    if (e) {
        const char *early = instance_text(q->A, q->s, p, 0),
                   *late = instance_text(q->A, q->t, p, ns);
        Buf element = buf_new(q->A);
        model_put_element(&element, x->buffer, e);
        err_witness(q->err, "%s %s %s %s %s %s it", late, verb(q->t, y), buf_str(&element),
                    bit == DEP_FIRST ? "after" : "before", early, verb(q->s, x));
        err_conflict(q->err, early, late, buf_str(&element));
    }
    isl_point_free(e);
    isl_point_free(p);
}

/* Are there such pairs?  Takes them. */
static void note(Pair *q, const Access *x, const Access *y, unsigned bit, isl_map *pairs)
{
    isl_bool none = isl_map_is_empty(pairs);
    q->failed |= none == isl_bool_error;
    if (none == isl_bool_false) {
        if (bit == q->shown && !(q->found & bit))
            show(q, x, y, bit, pairs);
        q->found |= bit | (q->s->maybe || q->t->maybe || x->wider || y->wider ? DEP_MAYBE : 0);
    }
    isl_map_free(pairs);
}

static void order_pair(Pair *q, const Access *x, const Access *y)
{
    isl_map *pairs =
        isl_map_apply_range(isl_map_copy(x->by_loops), isl_map_reverse(isl_map_copy(y->by_loops)));
    for (unsigned l = 0; l < q->common && !q->failed; l++) {
        if (l >= q->scope) {
            note(q, x, y, DEP_FIRST,
                 isl_map_order_lt(isl_map_copy(pairs), isl_dim_in, (int)l, isl_dim_out, (int)l));
            note(q, x, y, DEP_SECOND,
                 isl_map_order_gt(isl_map_copy(pairs), isl_dim_in, (int)l, isl_dim_out, (int)l));
        }
        pairs = isl_map_equate(pairs, isl_dim_in, (int)l, isl_dim_out, (int)l);
    }
    if (q->s != q->t)
        note(q, x, y, q->first ? DEP_FIRST : DEP_SECOND, isl_map_copy(pairs));
    else if (q->a.writes != q->b.writes) /* an instance reads before it writes */
        note(q, x, y, q->b.writes ? DEP_FIRST : DEP_SECOND, isl_map_copy(pairs));
    isl_map_free(pairs);
}

static const Access *touch_of(const Stmt *s, bool writes, size_t i)
{
    if (writes)
        return i == 0 && s->write.buffer ? &s->write : NULL;
    return i < s->nreads ? &s->read[i] : NULL;
}

/* The order of the touches of two statements of the model. */
static void order_stmts(Pair *q, const Node *buffer)
{
    q->common = (unsigned)model_common(q->s, q->t);
    q->scope = (unsigned)model_scope(q->m, buffer);
    for (size_t i = 0; touch_of(q->s, q->a.writes, i); i++)
        for (size_t j = 0; touch_of(q->t, q->b.writes, j); j++) {
            const Access *x = touch_of(q->s, q->a.writes, i), *y = touch_of(q->t, q->b.writes, j);
            if (x->buffer == buffer && y->buffer == buffer && !q->failed)
                order_pair(q, x, y);
        }
}

unsigned dep_order(const Node *func, const Node *buffer, DepTouch a, DepTouch b, long operations,
                   unsigned shown, Err *err)
{
    Arena *A = arena_scratch(NULL);
    const Model *m = model_of(A, model_ctx((unsigned long)operations), func, NULL, false);
    Pair q = {.m = m, .A = A, .a = a, .b = b, .shown = shown, .err = err, .failed = m->unknown};
    bool met = false;
    for (size_t i = 0; i < m->nstmts && !q.failed; i++)
        for (size_t j = 0; j < m->nstmts && !q.failed; j++) {
            if (m->stmt[i]->node != a.stmt || m->stmt[j]->node != b.stmt)
                continue;
            q.s = m->stmt[i];
            q.t = m->stmt[j];
            q.first = i < j;
            order_stmts(&q, buffer);
            met = true;
        }
    unsigned found = q.failed || !met ? DEP_UNTOLD : q.found;
    arena_release(A);
    return found;
}
