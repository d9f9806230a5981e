/* dep_in_time.c -- is an element whole when it is read, and made only once?
**
** An instance may run more than once, as a producer that is recomputed for each tile.  So these are
** questions about an iteration of some loops around both: within it the element is made, then
** used. */
#include <isl/point.h>
#include <stdio.h>
#include <string.h>

#include "core/affine/dep_step_impl.h"

/* instance -> values of the first n loops */
static isl_map *time_of(const Stmt *s, size_t n)
{
    return isl_map_project_out(isl_map_copy(s->when), isl_dim_out, (unsigned)n,
                               (unsigned)(s->nloops - n));
}

/* Within an iteration of its first p loops, does each instance run once? */
static bool runs_once(Check *c, const Stmt *s, size_t p)
{
    if (step_yes(c, isl_map_is_single_valued(s->when)))
        return true;
    if (p == 0)
        return false;
    isl_map *m = isl_map_flat_range_product(time_of(s, p), isl_map_copy(s->when));
    for (size_t i = 0; i < p; i++)
        m = isl_map_equate(m, isl_dim_out, (int)i, isl_dim_out, (int)(p + i));
    m = isl_map_reset_tuple_id(m, isl_dim_in);
    m = isl_map_move_dims(m, isl_dim_in, (unsigned)s->naxes, isl_dim_out, 0, (unsigned)p);
    bool once = step_yes(c, isl_map_is_single_valued(m));
    isl_map_free(m);
    return once;
}

typedef struct Pair {
    const Stmt *w, *r;
    isl_map *pairs; /* instances of w -> of r that meet in an element */
    size_t loops;   /* around both */
    bool first;     /* w stands before r inside them */
    size_t scope;   /* loops around the buffer's alloc */
} Pair;

/* Pairs of times, of w and r, that are wrong within an iteration of the first p loops. */
static isl_map *wrong_times(Check *c, const Pair *q, isl_map *times, size_t p)
{
    isl_map *bad = isl_map_copy(times);
    for (size_t i = 0; i < p; i++)
        bad = isl_map_equate(bad, isl_dim_in, (int)i, isl_dim_out, (int)i);
    isl_space *space = isl_space_set_alloc(c->m->ctx, 0, (unsigned)q->loops);
    isl_map *late = q->first ? isl_map_lex_gt(space) : isl_map_lex_ge(space);
    isl_map *wrong = isl_map_intersect(isl_map_copy(bad), late);
    for (size_t i = p; i < q->scope; i++) { /* another iteration's buffer */
        wrong = isl_map_union(
            wrong, isl_map_order_lt(isl_map_copy(bad), isl_dim_in, (int)i, isl_dim_out, (int)i));
        wrong = isl_map_union(
            wrong, isl_map_order_gt(isl_map_copy(bad), isl_dim_in, (int)i, isl_dim_out, (int)i));
    }
    isl_map_free(bad);
    return wrong;
}

/* Does w run, in each iteration of the first p loops in which r needs it? */
static bool runs_there(Check *c, const Pair *q, size_t p)
{
    isl_map *need = isl_map_apply_range(isl_map_copy(q->pairs), time_of(q->r, p)),
            *have = time_of(q->w, p);
    bool ok = step_yes(c, isl_map_is_subset(need, have));
    isl_map_free(need);
    isl_map_free(have);
    return ok;
}

static bool in_time_within(Check *c, const Pair *q, isl_map *times, size_t p)
{
    if (p == q->loops) /* the places decide */
        return q->first && runs_there(c, q, p);
    isl_map *wrong = wrong_times(c, q, times, p);
    bool ok = step_yes(c, isl_map_is_empty(wrong));
    isl_map_free(wrong);
    return ok && (p == 0 || runs_there(c, q, p));
}

/* How many loops, at most `most`, there are of which each iteration makes an element and only then
** uses it; -1 if there are no such loops.  The innermost are tried first, for there the places
** decide, then from none. */
static int in_time(Check *c, const Pair *q, size_t most)
{
    isl_map *times = isl_map_apply_domain(isl_map_copy(q->pairs), time_of(q->w, q->loops));
    times = isl_map_apply_range(times, time_of(q->r, q->loops));
    int found = -1;
    if (q->loops <= most && in_time_within(c, q, times, q->loops))
        found = (int)q->loops;
    for (size_t p = 0; found < 0 && p < q->loops && p <= most && !c->failed; p++)
        if (in_time_within(c, q, times, p))
            found = (int)p;
    isl_map_free(times);
    return found;
}

/* Pairs of an instance of w and one of r that reads an element of `buffer` which it writes. */
static Pair pair_of(const Model *m, const Stmt *w, const Stmt *r, isl_map *reads,
                    const Node *buffer)
{
    Pair q = {.w = w, .r = r, .scope = model_scope(m, buffer)};
    q.pairs = isl_map_apply_range(isl_map_copy(w->write.of), isl_map_reverse(isl_map_copy(reads)));
    q.loops = model_common(w, r);
    q.first = w->number < r->number;
    return q;
}

/* "B[3, 4]": the first element that r reads in the instance at `p`, whose coordinates
** begin at `from`. */
static const char *element_text(Check *c, const Stmt *r, isl_map *reads, const Node *buffer,
                                isl_point *p, size_t from)
{
    isl_point *e = model_first(isl_map_range(model_at(isl_map_copy(reads), p, from, r->naxes)));
    Buf b = buf_new(c->A);
    if (e)
        model_put_element(&b, buffer, e);
    else
        buf_puts(&b, ir_buf_name(buffer));
    isl_point_free(e);
    return buf_str(&b);
}

/* Pairs of instances, of w and r, at such times. */
static isl_map *pairs_at(const Pair *q, isl_map *times)
{
    isl_map *m = isl_map_apply_range(time_of(q->w, q->loops), times);
    m = isl_map_apply_range(m, isl_map_reverse(time_of(q->r, q->loops)));
    return isl_map_intersect(m, isl_map_copy(q->pairs));
}

/* Explains a pair that is not in time. */
static bool refuse_order(Check *c, const Pair *q, const Node *buffer, isl_map *reads)
{
    isl_map *times = isl_map_apply_domain(isl_map_copy(q->pairs), time_of(q->w, q->loops));
    times = isl_map_apply_range(times, time_of(q->r, q->loops));
    Pair lasting = *q; /* as if the buffer were there all the time */
    lasting.scope = 0;
    isl_map *bad = pairs_at(q, wrong_times(c, &lasting, times, 0));
    isl_point *p = model_first_pair(bad);
    bool gone = !p && q->scope > 0;
    if (gone) {
        isl_map_free(bad);
        bad = pairs_at(q, wrong_times(c, q, times, 0));
        p = model_first_pair(bad);
    }
    char why[300];
    const char *verb = q->w->update ? "updates" : "writes",
               *by = p ? step_instance(c->A, q->w, p, 0) : q->w->name;
    const char *who = p ? step_instance(c->A, q->r, p, q->w->naxes) : q->r->name;
    const char *outer = gone ? ir_var_name(q->r->loop[q->scope - 1]) : "";
    if (gone)
        snprintf(why, sizeof why,
                 "it reads %s, which %s %s in another iteration of %s, where it is other memory",
                 ir_buf_name(buffer), by, verb, outer);
    else
        snprintf(why, sizeof why, "it reads %s before %s %s it", ir_buf_name(buffer), by, verb);
    REFUSE(c->err, step_breaks, q->r->block, who, why);
    if (p) {
        const char *what = element_text(c, q->r, reads, buffer, p, q->w->naxes);
        if (gone)
            err_witness(c->err, "%s %s %s, %s reads it in another iteration of %s", by, verb, what,
                        who, outer);
        else
            err_witness(c->err, "%s %s %s after %s reads it", by, verb, what, who);
    }
    isl_point_free(p);
    isl_map_free(bad);
    isl_map_free(times);
    return false;
}

/* In each iteration of the first p loops in which `u` runs, does what it begins with, and the other
** way round? Adds the instances of u that begin with `i` to *begun. */
static bool made_together(Check *c, const Stmt *i, const Stmt *u, size_t p, isl_set **begun)
{
    Pair q = pair_of(c->m, i, u, u->write.of, u->write.buffer);
    bool ok = step_yes(c, isl_map_is_empty(q.pairs));
    if (!ok && q.loops >= p && in_time(c, &q, p) >= 0) {
        isl_map *at_u = isl_map_apply_range(isl_map_copy(q.pairs), time_of(u, p)),
                *at_i = time_of(i, p);
        isl_map *back =
            isl_map_apply_range(isl_map_reverse(isl_map_copy(q.pairs)), isl_map_copy(at_i));
        isl_map *own = time_of(u, p);
        ok =
            step_yes(c, isl_map_is_subset(at_u, at_i)) && step_yes(c, isl_map_is_subset(back, own));
        isl_map_free(at_u);
        isl_map_free(at_i);
        isl_map_free(back);
        isl_map_free(own);
    }
    *begun = isl_set_union(*begun, isl_map_range(q.pairs));
    return ok;
}

/* Is every element of the buffer made anew, begun and updated once, in each iteration
** of some p loops? */
static bool remade(Check *c, const Node *buffer, size_t p)
{
    const Model *m = c->m;
    bool ok = true;
    for (size_t k = 0; ok && k < m->nstmts; k++) {
        const Stmt *u = m->stmt[k];
        if (u->write.buffer != buffer)
            continue;
        ok = u->nloops >= p && runs_once(c, u, p);
        if (!ok || !u->update)
            continue;
        isl_set *begun = isl_set_empty(isl_set_get_space(u->instances));
        for (size_t i = 0; ok && i < m->nstmts; i++)
            if (m->stmt[i]->write.buffer == buffer && !m->stmt[i]->update)
                ok = made_together(c, m->stmt[i], u, p, &begun);
        ok = ok && step_yes(c, isl_set_is_subset(u->instances, begun));
        isl_set_free(begun);
    }
    return ok;
}

/* Within an iteration of p loops: an update runs once, or it would count twice; a store that
** updates follow runs once or, if repeated, before the first of them, or it would begin again
** halfway; unless inner iterations make the whole anew.  Other stores may be repeated. */
static bool made_once(Check *c, const Stmt *w, size_t p)
{
    bool updated = false, early = true;
    for (size_t i = 0; i < c->m->nstmts; i++)
        updated |= c->m->stmt[i]->update && c->m->stmt[i]->write.buffer == w->write.buffer;
    if (!updated || c->failed || runs_once(c, w, p))
        return true;
    for (size_t i = 0; i < c->m->nstmts && early && !w->update; i++) {
        const Stmt *u = c->m->stmt[i];
        if (!u->update || u->write.buffer != w->write.buffer)
            continue;
        Pair q = pair_of(c->m, w, u, u->write.of, u->write.buffer);
        early = step_yes(c, isl_map_is_empty(q.pairs)) || in_time(c, &q, p) >= 0;
        isl_map_free(q.pairs);
    }
    for (size_t inner = p + 1; !c->failed && (w->update || !early) && inner <= w->nloops; inner++)
        if (remade(c, w->write.buffer, inner))
            return true;
    return c->failed || (early && !w->update);
}

static bool refuse_repeated(Check *c, const Stmt *w, const char *reader, const Node *where)
{
    char why[300];
    snprintf(why, sizeof why,
             w->update ? "%s updates %s more than once" : "%s begins %s again halfway", w->name,
             ir_buf_name(w->write.buffer));
    return REFUSE(c->err, step_breaks, where, reader, why);
}

/* A copy from memory that is an iteration's own to such memory takes along what only another one
** wrote in its own: no harm where nobody needs it. */
static const char copies_more[] = "a copy may take more than what is needed";

static bool copies_own(const Check *c, const Stmt *s, size_t scope)
{
    return scope > 0 && model_scope(c->m, s->write.buffer) > 0 && s->node->op == OP_Store &&
           s->node->kid[Store_value]->op == OP_Load && !step_stmt(c->other, s->name, s->naxes);
}

/* All that write what r reads there have run, and an element's updates ran once since its store.
** stores_only: r is an update, which reads what a store began. */
static bool order_of_read(Check *c, const Stmt *r, const Access *read, bool stores_only)
{
    for (size_t i = 0; i < c->m->nstmts; i++) {
        const Stmt *w = c->m->stmt[i], *again = NULL;
        if (w->write.buffer != read->buffer || (stores_only && w->update))
            continue;
        Pair q = pair_of(c->m, w, r, read->of, read->buffer);
        bool apart = step_yes(c, isl_map_is_empty(q.pairs)), ok = true;
        int p = apart ? 0 : in_time(c, &q, SIZE_MAX);
        if (!stores_only && p >= 0 && !made_once(c, w, (size_t)p))
            again = w;
        if (stores_only && p >= 0 && !apart && !made_once(c, r, (size_t)p))
            again = r;
        if (read->wider)
            c->untold = p < 0 || again ? step_wider : c->untold;
        else if (p < 0 && copies_own(c, r, q.scope))
            c->untold = copies_more;
        else if (p < 0 && !c->failed)
            ok = refuse_order(c, &q, read->buffer, read->of);
        else if (again)
            ok = refuse_repeated(c, again, r->name, r->block);
        isl_map_free(q.pairs);
        if (!ok)
            return false;
    }
    return true;
}

static bool order_of_results(Check *c)
{
    const Node *results = c->m->func->kid[Func_results];
    for (size_t i = 0; i < c->m->nstmts; i++) {
        const Stmt *w = c->m->stmt[i];
        if (ir_has_kid(results, w->write.buffer) && !made_once(c, w, 0))
            return refuse_repeated(c, w, ir_buf_name(w->write.buffer), w->block);
    }
    return true;
}

bool step_order_holds(Check *c)
{
    for (size_t i = 0; i < c->m->nstmts; i++) {
        const Stmt *s = c->m->stmt[i];
        for (size_t k = 0; k < s->nreads; k++)
            if (!order_of_read(c, s, &s->read[k], false))
                return false;
        if (s->update && !order_of_read(c, s, &s->write, true))
            return false;
    }
    return order_of_results(c);
}
