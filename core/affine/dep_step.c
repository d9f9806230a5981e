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
#include <isl/point.h>
#include <isl/val.h>
#include <stdio.h>
#include <string.h>

#include "core/affine/dep.h"
#include "core/affine/model.h"
#include "core/base/buf.h"

typedef struct Check {
    Model *m, *other;
    Arena *A;
    bool failed; /* isl gave no answer */
    Err *err;
} Check;

static bool yes(Check *c, isl_bool b)
{
    c->failed |= b == isl_bool_error;
    return b == isl_bool_true;
}

static const Stmt *find_stmt(const Model *m, const char *name, size_t naxes)
{
    for (size_t i = 0; i < m->nstmts; i++)
        if (strcmp(m->stmt[i]->name, name) == 0 && m->stmt[i]->naxes == naxes)
            return m->stmt[i];
    return NULL;
}

static bool is_common(const Check *c, const Stmt *s)
{
    return find_stmt(c->other, s->name, s->naxes) != NULL;
}

/* ---- words ---- */

/* "C(y=0, x=0, k=1)", from the coordinates that begin at `at`. */
static const char *instance_text(Arena *A, const Stmt *s, isl_point *p, size_t at)
{
    Buf b = buf_new(A);
    buf_printf(&b, "%s(", s->name);
    for (size_t i = 0; i < s->naxes; i++)
        buf_printf(&b, "%s%s=%lld", i ? ", " : "", ir_var_name(s->axis[i]),
                   (long long)model_coordinate(p, at + i));
    buf_putc(&b, ')');
    return buf_str(&b);
}

/* The same for a tuple of a source relation: a statement, or "in:A" or "out:C" with an index. */
static const char *tuple_text(Check *c, const char *name, size_t n, isl_point *p, size_t at)
{
    const Stmt *s = find_stmt(c->m, name, n);
    s = s ? s : find_stmt(c->other, name, n);
    if (s)
        return instance_text(c->A, s, p, at);
    Buf b = buf_new(c->A);
    const char *colon = strchr(name, ':');
    buf_printf(&b, "%s[", colon ? colon + 1 : name);
    for (size_t i = 0; i < n; i++)
        buf_printf(&b, "%s%lld", i ? ", " : "", (long long)model_coordinate(p, at + i));
    buf_putc(&b, ']');
    const Node *params = c->m->func->kid[Func_params];
    bool input = strncmp(name, "out:", 4) == 0;
    for (size_t i = 0; colon && i < params->nkids; i++)
        input |= strcmp(ir_buf_name(params->kid[i]), colon + 1) == 0;
    buf_puts(&b, input ? "" : ", which nothing has written");
    return buf_str(&b);
}

static isl_point *smallest(isl_map *pairs)
{
    isl_point *p = isl_set_sample_point(isl_set_lexmin(isl_map_wrap(isl_map_copy(pairs))));
    if (p && isl_point_is_void(p) == isl_bool_false)
        return p;
    isl_point_free(p);
    return NULL;
}

/* ---- sources ---- */

static isl_union_map *add(isl_union_map *u, isl_map *m)
{
    return isl_union_map_add_map(u, m);
}

static isl_map *name_range(isl_map *m, const char *prefix, const Node *buffer)
{
    char name[200];
    snprintf(name, sizeof name, "%s:%s", prefix, ir_buf_name(buffer));
    return isl_map_set_tuple_name(m, isl_dim_out, name);
}

/* What is read where `reads` says: the instances that write those elements, and elements that none
** writes.  Only stores count for an update, which begins with what they left. */
static isl_union_map *sources_of(const Model *m, isl_map *reads, const Node *buffer,
                                 bool stores_only, isl_union_map *u)
{
    for (size_t i = 0; i < m->nstmts; i++) {
        const Stmt *w = m->stmt[i];
        if (w->write.buffer != buffer || (stores_only && w->update))
            continue;
        u = add(u, isl_map_apply_range(isl_map_copy(reads),
                                       isl_map_reverse(isl_map_copy(w->write.of))));
    }
    isl_map *rest = isl_map_copy(reads);
    for (size_t i = 0; i < m->nstmts; i++) {
        const Stmt *w = m->stmt[i];
        if (w->write.buffer == buffer && !(stores_only && w->update))
            rest = isl_map_subtract_range(rest, isl_map_range(isl_map_copy(w->write.of)));
    }
    return add(u, name_range(rest, "in", buffer));
}

/* Every element of a result, read after the end. */
static isl_map *reads_of_result(isl_ctx *ctx, const Node *buffer)
{
    isl_set *box = isl_set_universe(isl_space_set_alloc(ctx, 0, (unsigned)ir_rank(buffer)));
    for (size_t d = 0; d < ir_rank(buffer); d++) {
        box = isl_set_lower_bound_si(box, isl_dim_set, (unsigned)d, 0);
        box = isl_set_upper_bound_val(box, isl_dim_set, (unsigned)d,
                                      isl_val_int_from_si(ctx, ir_dim(buffer, d) - 1));
    }
    isl_map *id = isl_set_identity(box);
    id = isl_map_reverse(name_range(id, "out", buffer));
    return id;
}

static isl_union_map *all_sources(const Model *m)
{
    isl_union_map *u = isl_union_map_empty(isl_space_params_alloc(m->ctx, 0));
    for (size_t i = 0; i < m->nstmts; i++) {
        const Stmt *s = m->stmt[i];
        for (size_t k = 0; k < s->nreads; k++)
            u = sources_of(m, s->read[k].of, s->read[k].buffer, false, u);
        if (s->update)
            u = sources_of(m, s->write.of, s->write.buffer, true, u);
    }
    const Node *results = m->func->kid[Func_results];
    for (size_t i = 0; i < results->nkids; i++) {
        isl_map *r = reads_of_result(m->ctx, results->kid[i]);
        u = sources_of(m, r, results->kid[i], false, u);
        isl_map_free(r);
    }
    return u;
}

/* Statements that only one of the programs has stand for what they read. */
static isl_union_map *without_internal(Check *c, isl_union_map *u)
{
    isl_union_set *internal = isl_union_set_empty(isl_space_params_alloc(c->m->ctx, 0));
    for (size_t i = 0; i < c->m->nstmts; i++)
        if (!is_common(c, c->m->stmt[i]))
            internal = isl_union_set_add_set(internal, isl_set_copy(c->m->stmt[i]->instances));
    isl_union_map *through =
        isl_union_map_intersect_domain(isl_union_map_copy(u), isl_union_set_copy(internal));
    u = isl_union_map_subtract_domain(u, isl_union_set_copy(internal));
    for (size_t depth = 0; depth <= c->m->nstmts && !c->failed; depth++) {
        isl_union_map *inner =
            isl_union_map_intersect_range(isl_union_map_copy(u), isl_union_set_copy(internal));
        if (yes(c, isl_union_map_is_empty(inner))) {
            isl_union_map_free(inner);
            break;
        }
        u = isl_union_map_subtract_range(u, isl_union_set_copy(internal));
        u = isl_union_map_union(u, isl_union_map_apply_range(inner, isl_union_map_copy(through)));
    }
    isl_union_map_free(through);
    isl_union_set_free(internal);
    return u;
}

/* ---- order ---- */

/* The loops around both, and whether `w` stands before `r` inside them. */
static size_t common_loops(const Stmt *w, const Stmt *r, bool *first)
{
    size_t n = 0, i = 0;
    for (; i < w->nsteps && i < r->nsteps; i++) {
        if (w->step[i].loop != r->step[i].loop || w->step[i].place != r->step[i].place)
            break;
        n += w->step[i].loop != NULL;
    }
    *first = i < w->nsteps && i < r->nsteps && w->step[i].place < r->step[i].place;
    return n;
}

/* instance -> values of the first n loops */
static isl_map *time_of(const Stmt *s, size_t n)
{
    return isl_map_project_out(isl_map_copy(s->when), isl_dim_out, (unsigned)n,
                               (unsigned)(s->nloops - n));
}

/* Within an iteration of its first p loops, does each instance run once? */
static bool runs_once(Check *c, const Stmt *s, size_t p)
{
    if (yes(c, isl_map_is_single_valued(s->when)))
        return true;
    if (p == 0)
        return false;
    isl_map *m = isl_map_flat_range_product(time_of(s, p), isl_map_copy(s->when));
    for (size_t i = 0; i < p; i++)
        m = isl_map_equate(m, isl_dim_out, (int)i, isl_dim_out, (int)(p + i));
    m = isl_map_reset_tuple_id(m, isl_dim_in);
    m = isl_map_move_dims(m, isl_dim_in, (unsigned)s->naxes, isl_dim_out, 0, (unsigned)p);
    bool once = yes(c, isl_map_is_single_valued(m));
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
    bool ok = yes(c, isl_map_is_subset(need, have));
    isl_map_free(need);
    isl_map_free(have);
    return ok;
}

static bool in_time_within(Check *c, const Pair *q, isl_map *times, size_t p)
{
    if (p == q->loops) /* the places decide */
        return q->first && runs_there(c, q, p);
    isl_map *wrong = wrong_times(c, q, times, p);
    bool ok = yes(c, isl_map_is_empty(wrong));
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
    q.loops = common_loops(w, r, &q.first);
    return q;
}

/* "B[3, 4]": the first element that r reads in the instance at `p`, whose coordinates
** begin at `from`. */
static const char *element_text(Check *c, const Stmt *r, isl_map *reads, const Node *buffer,
                                isl_point *p, size_t from)
{
    isl_map *at = isl_map_copy(reads);
    for (size_t i = 0; i < r->naxes; i++)
        at = isl_map_fix_val(at, isl_dim_in, (unsigned)i,
                             isl_val_int_from_si(c->m->ctx, model_coordinate(p, from + i)));
    isl_point *e = isl_set_sample_point(isl_set_lexmin(isl_map_range(at)));
    Buf b = buf_new(c->A);
    buf_printf(&b, "%s[", ir_buf_name(buffer));
    for (size_t d = 0; e && d < ir_rank(buffer); d++)
        buf_printf(&b, "%s%lld", d ? ", " : "", (long long)model_coordinate(e, d));
    buf_putc(&b, ']');
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
    isl_point *p = smallest(bad);
    bool gone = !p && q->scope > 0;
    if (gone) {
        isl_map_free(bad);
        bad = pairs_at(q, wrong_times(c, q, times, 0));
        p = smallest(bad);
    }
    char why[300];
    const char *verb = q->w->update ? "updates" : "writes",
               *by = p ? instance_text(c->A, q->w, p, 0) : q->w->name;
    const char *who = p ? instance_text(c->A, q->r, p, q->w->naxes) : q->r->name;
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
    bool ok = yes(c, isl_map_is_empty(q.pairs));
    if (!ok && q.loops >= p && in_time(c, &q, p) >= 0) {
        isl_map *at_u = isl_map_apply_range(isl_map_copy(q.pairs), time_of(u, p)),
                *at_i = time_of(i, p);
        isl_map *back =
            isl_map_apply_range(isl_map_reverse(isl_map_copy(q.pairs)), isl_map_copy(at_i));
        isl_map *own = time_of(u, p);
        ok = yes(c, isl_map_is_subset(at_u, at_i)) && yes(c, isl_map_is_subset(back, own));
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
        ok = ok && yes(c, isl_set_is_subset(u->instances, begun));
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
        early = yes(c, isl_map_is_empty(q.pairs)) || in_time(c, &q, p) >= 0;
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

/* All that write what r reads there have run, and an element's updates ran once since its store.
** stores_only: r is an update, which reads what a store began. */
static bool order_of_read(Check *c, const Stmt *r, isl_map *reads, const Node *buffer,
                          bool stores_only)
{
    for (size_t i = 0; i < c->m->nstmts; i++) {
        const Stmt *w = c->m->stmt[i];
        if (w->write.buffer != buffer || (stores_only && w->update))
            continue;
        Pair q = pair_of(c->m, w, r, reads, buffer);
        bool apart = yes(c, isl_map_is_empty(q.pairs));
        int p = apart ? 0 : in_time(c, &q, SIZE_MAX);
        bool ok = p >= 0 || c->failed || refuse_order(c, &q, buffer, reads);
        isl_map_free(q.pairs);
        if (!ok)
            return false;
        if (!stores_only && p >= 0 && !made_once(c, w, (size_t)p))
            return refuse_repeated(c, w, r->name, r->block);
        if (stores_only && p >= 0 && !apart && !made_once(c, r, (size_t)p))
            return refuse_repeated(c, r, r->name, r->block);
    }
    return true;
}

static bool order_of_results(Check *c)
{
    const Node *results = c->m->func->kid[Func_results];
    for (size_t i = 0; i < c->m->nstmts; i++) {
        const Stmt *w = c->m->stmt[i];
        bool result = false;
        for (size_t k = 0; k < results->nkids; k++)
            result |= results->kid[k] == w->write.buffer;
        if (result && !made_once(c, w, 0))
            return refuse_repeated(c, w, ir_buf_name(w->write.buffer), w->block);
    }
    return true;
}

static bool order_holds(Check *c)
{
    for (size_t i = 0; i < c->m->nstmts; i++) {
        const Stmt *s = c->m->stmt[i];
        for (size_t k = 0; k < s->nreads; k++)
            if (!order_of_read(c, s, s->read[k].of, s->read[k].buffer, false))
                return false;
        if (s->update && !order_of_read(c, s, s->write.of, s->write.buffer, true))
            return false;
    }
    return order_of_results(c);
}

/* Is each element stored by one instance alone? */
static bool stores_once(Check *c)
{
    const Model *m = c->m;
    for (size_t i = 0; i < m->nstmts; i++) {
        const Stmt *s = m->stmt[i];
        if (s->update)
            continue;
        if (!yes(c, isl_map_is_injective(s->write.of)))
            return false;
        for (size_t j = i + 1; j < m->nstmts; j++) {
            const Stmt *t = m->stmt[j];
            if (t->update || t->write.buffer != s->write.buffer)
                continue;
            isl_set *a = isl_map_range(isl_map_copy(s->write.of)),
                    *b = isl_map_range(isl_map_copy(t->write.of));
            bool apart = yes(c, isl_set_is_disjoint(a, b));
            isl_set_free(a);
            isl_set_free(b);
            if (!apart)
                return false;
        }
    }
    return true;
}

/* ---- the whole ---- */

static isl_stat take_first(isl_map *m, void *out)
{
    isl_map **first = out;
    if (*first)
        isl_map_free(m);
    else
        *first = m;
    return isl_stat_ok;
}

/* Is every pair of `a` also in `b`?  If not, says which is missing. */
static bool covered(Check *c, isl_union_map *a, isl_union_map *b, bool missing)
{
    if (yes(c, isl_union_map_is_subset(a, b)) || c->failed)
        return true;
    isl_union_map *rest = isl_union_map_subtract(isl_union_map_copy(a), isl_union_map_copy(b));
    isl_map *one = NULL;
    isl_union_map_foreach_map(rest, take_first, &one);
    isl_point *p = one ? smallest(one) : NULL;
    if (p) {
        size_t n = (size_t)isl_map_dim(one, isl_dim_in), k = (size_t)isl_map_dim(one, isl_dim_out);
        const char *name = isl_map_get_tuple_name(one, isl_dim_in),
                   *from = isl_map_get_tuple_name(one, isl_dim_out);
        const char *who = tuple_text(c, name, n, p, 0), *what = tuple_text(c, from, k, p, n);
        char why[400];
        snprintf(why, sizeof why,
                 missing ? "it should use %s, and does not" : "it uses %s, and should not", what);
        REFUSE(c->err, step_breaks, NULL, who, why);
        err_witness(c->err, "%s %s %s", who, missing ? "does not get" : "gets", what);
    } else {
        c->failed = true;
    }
    isl_point_free(p);
    isl_map_free(one);
    isl_union_map_free(rest);
    return false;
}

static isl_union_set *instances_of(const Model *m)
{
    isl_union_set *u = isl_union_set_empty(isl_space_params_alloc(m->ctx, 0));
    for (size_t i = 0; i < m->nstmts; i++)
        u = isl_union_set_add_set(u, isl_set_copy(m->stmt[i]->instances));
    const Node *results = m->func->kid[Func_results];
    for (size_t i = 0; i < results->nkids; i++)
        u = isl_union_set_add_set(u, isl_map_domain(reads_of_result(m->ctx, results->kid[i])));
    return u;
}

/* What both compute has the same sources in both; and both compute the results. */
static bool same_sources(Check *before, Check *after)
{
    isl_union_map *b = without_internal(before, all_sources(before->m));
    isl_union_map *a = without_internal(after, all_sources(after->m));
    a = isl_union_map_intersect_domain(a, instances_of(before->m));
    b = isl_union_map_intersect_domain(b, instances_of(after->m));
    bool ok = before->failed || after->failed ||
              (covered(after, b, a, true) && covered(after, a, b, false));
    isl_union_map_free(a);
    isl_union_map_free(b);
    return ok;
}

/* Stores that only one program has, copies or inlined expressions, are looked through; of updates
** there is no telling which instance is which, nor of statements outside blocks, which nothing but
** their loops counts. */
static const char *unmatched(const Check *before, const Check *after)
{
    for (size_t i = 0; i < after->m->nstmts; i++) {
        const Stmt *s = after->m->stmt[i], *was = find_stmt(before->m, s->name, s->naxes);
        for (size_t k = 0; !s->block && k < s->naxes; k++)
            if (!was || was->axis[k] != s->axis[k])
                return "a statement outside blocks has other loops";
    }
    for (size_t i = 0; i < after->m->nstmts; i++)
        if (!is_common(after, after->m->stmt[i]) && after->m->stmt[i]->update)
            return "it has a new reduction";
    for (size_t i = 0; i < before->m->nstmts; i++)
        if (!is_common(before, before->m->stmt[i]) && before->m->stmt[i]->update)
            return "a reduction has gone";
    return NULL;
}

static DepAnswer unknown(Err *err, const char *why)
{
    REFUSE(err, dependences_unknown, NULL, "the program still computes the same", why);
    return DEP_UNKNOWN;
}

static const char *const over_limit = "the work limit was reached";

DepAnswer dep_check_step(const Node *before, const Node *after, long operations, Err *err)
{
    Arena *A = arena_scratch(NULL);
    isl_ctx *ctx = model_ctx((unsigned long)operations);
    Model *b = model_of(A, ctx, before, NULL, true), *a = model_of(A, ctx, after, NULL, true);
    Check old = {.m = b, .other = a, .A = A}, now = {.m = a, .other = b, .A = A, .err = err};
    const char *why = b->unknown ? b->unknown : a->unknown ? a->unknown : unmatched(&old, &now);
    DepAnswer answer = DEP_OK;
    if (!why && (!stores_once(&old) || !stores_once(&now) || !order_holds(&old)))
        why = old.failed || now.failed ? over_limit : "an element is stored more than once";
    if (why)
        answer = unknown(err, why);
    else if (!same_sources(&old, &now) || (!old.failed && !now.failed && !order_holds(&now)))
        answer = DEP_BROKEN;
    if (answer != DEP_UNKNOWN && (old.failed || now.failed))
        answer = unknown(err, over_limit);
    arena_release(A);
    return answer;
}
