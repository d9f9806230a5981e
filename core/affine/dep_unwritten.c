/* dep_unwritten.c -- is all that is read written before?
**
**      for t in range(4):
**        S[t] = A[t]
**        B[t] = S[3 - t] * 2      of the reads at (t, S[3 - t]), those with t < 2 have no write before
**
** A read and a write are instances of statements in a model by loops.  The write comes first if it
** is at an earlier iteration of the loops around both, or at the same one and further up in the
** text.  Reads less what such writes reach is what nothing has written.  A program with barriers
** runs in another order; of that only the results are looked at.
*/
#include "core/affine/dep.h"
#include "core/affine/model.h"
#include "core/base/mutant.h"
#include "core/ir/rewrite.h"

typedef struct Written {
    const Node *func;
    const Model *m;
    Arena *A;
    bool failed; /* isl gave no answer */
} Written;

/* Times of a write, by the first n loops -> times of a read that come later.  The buffer is another
** one in each iteration of its first `scope` loops. */
static isl_map *earlier(const Written *d, size_t n, size_t scope, bool above)
{
    isl_space *space = isl_space_set_alloc(d->m->ctx, 0, (unsigned)n);
    isl_map *order = MUTANT(unwritten_iteration_dropped, above, false) ? isl_map_lex_le(space)
                                                                       : isl_map_lex_lt(space);
    for (size_t i = 0; i < scope && i < n; i++)
        order = isl_map_equate(order, isl_dim_in, (int)i, isl_dim_out, (int)i);
    return order;
}

/* The accesses by the first n loops alone. */
static isl_map *by_first(isl_map *accesses, size_t nloops, size_t n)
{
    return isl_map_project_out(isl_map_copy(accesses), isl_dim_in, (unsigned)n,
                               (unsigned)(nloops - n));
}

/* The values of all loops around `r` -> those of the first n. */
static isl_map *to_first(const Written *d, const Stmt *r, size_t n)
{
    isl_map *id = isl_map_identity(
        isl_space_map_from_set(isl_space_set_alloc(d->m->ctx, 0, (unsigned)r->nloops)));
    return isl_map_project_out(id, isl_dim_out, (unsigned)n, (unsigned)(r->nloops - n));
}

/* What of the reads nothing has written; takes them. */
static isl_map *unwritten(const Written *d, const Stmt *r, const Node *buffer, isl_map *reads)
{
    for (size_t i = 0; i < d->m->nstmts; i++) {
        const Stmt *w = d->m->stmt[i];
        if (w->write.buffer != buffer)
            continue;
        size_t n = model_common(w, r);
        isl_map *reaches =
            isl_map_apply_domain(by_first(w->write.by_loops, w->nloops, n),
                                 earlier(d, n, model_scope(d->m, buffer), w->number < r->number));
        reads = isl_map_subtract(reads, isl_map_apply_range(to_first(d, r, n), reaches));
    }
    return reads;
}

static const char *instance_text(const Written *d, const Stmt *r, isl_point *p)
{
    Buf b = buf_new(d->A);
    for (size_t i = r->nloops; i-- > 0;)
        buf_printf(&b, "%s%s=%lld", b.len ? ", " : "", ir_var_name(r->loop[i]),
                   (long long)model_coordinate(p, i));
    return buf_str(&b);
}

/* The first read in the order of the loops, and the first of its elements. */
static void tell_read(const Written *d, const Stmt *r, const Node *buffer, isl_map *rest, Err *err)
{
    isl_point *p = model_first_pair(rest);
    isl_point *e =
        p ? model_first(isl_map_range(model_at(isl_map_copy(rest), p, 0, r->nloops))) : NULL;
    Buf element = buf_new(d->A);
    if (e)
        model_put_element(&element, buffer, e);
    else
        buf_puts(&element, ir_buf_name(buffer));
    const char *who =
        r->block ? arena_printf(d->A, "block %s", ir_block_name(r->block)) : "the program";
    REFUSE(err, undefined_read, r->node, who, buf_str(&element));
    if (p && r->nloops > 0)
        err_witness(err, "%s", instance_text(d, r, p));
    isl_point_free(e);
    isl_point_free(p);
}

/* Does it hand on what it reads as it is?  What is made of that, the copy is asked. */
static bool only_copies(const Written *d, const Stmt *r)
{
    const Node *n = r->node;
    return n->op == OP_Store && n->kid[Store_value]->op == OP_Load &&
           !ir_has_kid(d->func->kid[Func_results], n->kid[Store_buffer]);
}

/* Is one of the reads at these accesses certain to find what nothing has written? */
static bool surely_unwritten(Written *d, const Stmt *r, const Access *a, Err *err)
{
    if (a->wider || ir_has_kid(d->func->kid[Func_params], a->buffer))
        return false;
    isl_map *rest = unwritten(d, r, a->buffer, isl_map_copy(a->by_loops));
    isl_bool none = isl_map_is_empty(rest);
    d->failed |= none == isl_bool_error;
    if (none == isl_bool_false)
        tell_read(d, r, a->buffer, rest, err);
    isl_map_free(rest);
    return none == isl_bool_false;
}

static bool reads_unwritten(Written *d, Err *err)
{
    for (size_t i = 0; i < d->m->nstmts && !d->failed; i++) {
        const Stmt *r = d->m->stmt[i];
        if (r->maybe)
            continue;
        if (r->update && surely_unwritten(d, r, &r->write, err))
            return true;
        for (size_t k = 0; k < r->nreads && !d->failed && !only_copies(d, r); k++)
            if (surely_unwritten(d, r, &r->read[k], err))
                return true;
    }
    return false;
}

static bool leaves_unwritten(Written *d, const Node *buffer, Err *err)
{
    isl_set *rest = model_elements(d->m->ctx, buffer);
    for (size_t i = 0; i < d->m->nstmts; i++)
        if (d->m->stmt[i]->write.buffer == buffer)
            rest =
                isl_set_subtract(rest, isl_map_range(isl_map_copy(d->m->stmt[i]->write.by_loops)));
    isl_bool none = isl_set_is_empty(rest);
    d->failed |= none == isl_bool_error;
    isl_point *p = none == isl_bool_false ? model_first(isl_set_copy(rest)) : NULL;
    if (p) {
        Buf element = buf_new(d->A);
        model_put_element(&element, buffer, p);
        REFUSE(err, never_written, buffer, buf_str(&element));
    }
    isl_point_free(p);
    isl_set_free(rest);
    return none == isl_bool_false;
}

bool dep_unwritten(const Node *func, long operations, Err *err)
{
    Arena *A = arena_scratch(NULL);
    Written d = {.func = func, .A = A};
    d.m = model_of(A, model_ctx((unsigned long)operations), func, NULL, false);
    bool known = !d.m->unknown, by_threads = ir_first(func, OP_Barrier) != NULL,
         found = known && !by_threads && reads_unwritten(&d, err);
    const Node *results = func->kid[Func_results];
    for (size_t i = 0; i < results->nkids && known && !found && !d.failed; i++)
        found = leaves_unwritten(&d, results->kid[i], err);
    arena_release(A);
    return found;
}
