/* dep_sources.c -- which instances write what an instance reads, and are they the same in two
** programs? */
#include <isl/point.h>
#include <stdio.h>
#include <string.h>

#include "core/affine/dep_step_impl.h"

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
    isl_map *id = isl_set_identity(model_elements(ctx, buffer));
    return isl_map_reverse(name_range(id, "out", buffer));
}

static bool stored_by_internal(const Check *c, const Node *buffer)
{
    for (size_t i = 0; i < c->m->nstmts; i++)
        if (c->m->stmt[i]->write.buffer == buffer && !step_is_common(c, c->m->stmt[i]))
            return true;
    return false;
}

/* Is what is read used in every case?  Not where it chooses an element that one program computes
** in place: what stands there need not depend on which it is. */
static bool surely_used(const Check *c, const Access *read)
{
    for (const Chosen *k = read->chooses; k; k = k->above)
        if (stored_by_internal(c, k->buffer))
            return false;
    return !read->wider;
}

/* `surely`: only of what is certain to be used. */
static isl_union_map *all_sources(const Check *c, bool surely)
{
    const Model *m = c->m;
    isl_union_map *u = isl_union_map_empty(isl_space_params_alloc(m->ctx, 0));
    for (size_t i = 0; i < m->nstmts; i++) {
        const Stmt *s = m->stmt[i];
        for (size_t k = 0; k < s->nreads; k++)
            if (!surely || surely_used(c, &s->read[k]))
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
        if (!step_is_common(c, c->m->stmt[i]))
            internal = isl_union_set_add_set(internal, isl_set_copy(c->m->stmt[i]->instances));
    isl_union_map *through =
        isl_union_map_intersect_domain(isl_union_map_copy(u), isl_union_set_copy(internal));
    u = isl_union_map_subtract_domain(u, isl_union_set_copy(internal));
    for (size_t depth = 0; !c->failed; depth++) {
        isl_union_map *inner =
            isl_union_map_intersect_range(isl_union_map_copy(u), isl_union_set_copy(internal));
        bool through_all = step_yes(c, isl_union_map_is_empty(inner));
        c->failed |= !through_all && depth > c->m->nstmts; /* they go round in a circle */
        if (through_all || c->failed) {
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

/* ---- in two programs ---- */

/* What a source relation speaks of: "C(y=0, x=0)", or of the tuples "in:A" and "out:C" an element. */
static const char *tuple_text(Check *c, const char *name, size_t n, isl_point *p, size_t at)
{
    const Stmt *s = step_stmt(c->m, name, n);
    s = s ? s : step_stmt(c->other, name, n);
    if (s)
        return step_instance(c->A, s, p, at);
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
    if (step_yes(c, isl_union_map_is_subset(a, b)) || c->failed)
        return true;
    isl_union_map *rest = isl_union_map_subtract(isl_union_map_copy(a), isl_union_map_copy(b));
    isl_map *one = NULL;
    isl_union_map_foreach_map(rest, take_first, &one);
    isl_point *p = one ? model_first_pair(one) : NULL;
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

static bool has_wider_reads(const Model *m)
{
    for (size_t i = 0; i < m->nstmts; i++)
        for (size_t k = 0; k < m->stmt[i]->nreads; k++)
            if (m->stmt[i]->read[k].wider)
                return true;
    return false;
}

/* The sources of what both programs compute. */
static isl_union_map *sources(Check *c, bool surely)
{
    isl_union_map *u = without_internal(c, all_sources(c, surely));
    return isl_union_map_intersect_domain(u, instances_of(c->other));
}

/* What both compute has the same sources in both; and both compute the results.  Where reads are
** taken for wider than they are, only what is surely read in one program and not even then in the
** other is wrong. */
bool step_same_sources(Check *before, Check *after)
{
    isl_union_map *b = sources(before, false), *a = sources(after, false);
    bool ok = before->failed || after->failed ||
              (covered(after, b, a, true) && covered(after, a, b, false));
    if (!ok && (has_wider_reads(before->m) || has_wider_reads(after->m))) {
        isl_union_map *sure_b = sources(before, true), *sure_a = sources(after, true);
        ok = before->failed || after->failed ||
             (covered(after, sure_b, a, true) && covered(after, sure_a, b, false));
        after->untold = ok ? step_wider : after->untold;
        isl_union_map_free(sure_a);
        isl_union_map_free(sure_b);
    }
    isl_union_map_free(a);
    isl_union_map_free(b);
    return ok;
}
