/* dep_unwritten.c -- is all that is read written before?
**
**      for t in range(4):
**        S[t] = A[t]
**        B[t] = S[3 - t] * 2      reads at (t, S[3 - t]) with t < 2 come too early
**
** A read and a write are instances of statements in a model by loops.  The write comes first if it
** is at an earlier iteration of the loops around both, or at the same one and further up in the
** text.  Reads less what such writes reach is what nothing has written.  A statement that copies
** may copy nothing, and then has written nothing; that it takes away what was there is not seen.
** Where data choose the element of a write, it may be any.  A program with barriers runs in another
** order; of that only the results are looked at.
*/
#include "core/affine/dep.h"
#include "core/affine/model.h"
#include "core/ir/begin.h"
#include "core/base/mutant.h"
#include "core/ir/print.h"
#include "core/ir/rewrite.h"

typedef struct Written {
    const Node *func;
    const Model *m;
    isl_map **writes; /* of each statement, what it writes; owned */
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

/* What `r` reads there that nothing has written; NULL where isl gives no answer. */
static isl_map *unwritten(const Written *d, const Stmt *r, const Access *a)
{
    isl_map *reads = isl_map_copy(a->by_loops);
    for (size_t i = 0; i < d->m->nstmts && reads; i++) {
        const Stmt *w = d->m->stmt[i];
        if (w->write.buffer != a->buffer)
            continue;
        size_t n = model_common(w, r);
        isl_map *reaches = isl_map_apply_domain(
            by_first(d->writes[i], w->nloops, n),
            earlier(d, n, model_scope(d->m, a->buffer), w->number < r->number));
        reads = isl_map_subtract(reads, isl_map_apply_range(to_first(d, r, n), reaches));
    }
    return reads;
}

static const char *instance_text(const Written *d, const Stmt *r, isl_point *p)
{
    Buf b = buf_new(d->A);
    for (size_t i = r->nloops; i-- > 0;)
        ir_put_value(&b, r->loop[i], model_coordinate(p, i));
    return buf_str(&b);
}

/* The first read in the order of the loops, and the first of its elements; false if isl does not
** give them. */
static bool tell_read(const Written *d, const Stmt *r, const Node *buffer, isl_map *rest, Err *err)
{
    isl_point *p = model_first_pair(rest);
    isl_point *e =
        p ? model_first(isl_map_range(model_at(isl_map_copy(rest), p, 0, r->nloops))) : NULL;
    bool known = e != NULL;
    if (known) {
        Buf element = buf_new(d->A);
        model_put_element(&element, buffer, e);
        REFUSE(err, undefined_read, r->node, r->block ? ir_block_name(r->block) : "the program",
               buf_str(&element));
        if (r->update && buffer == r->write.buffer)
            ir_fix_unbegun(d->A, r->node, r->block, err);
        if (r->nloops > 0)
            err_witness(err, "%s", instance_text(d, r, p));
    }
    isl_point_free(e);
    isl_point_free(p);
    return known;
}

/* Does it hand on what it reads as it is, and not as a result?  There need not be a value then,
** until the copy is read. */
static bool only_copies(const Written *d, const Stmt *r)
{
    const Node *n = r->node;
    return n->op == OP_Store && n->kid[Store_value]->op == OP_Load &&
           !ir_has_kid(d->func->kid[Func_results], n->kid[Store_buffer]);
}

static bool is_own(const Written *d, const Access *a)
{
    return !a->wider && !ir_has_kid(d->func->kid[Func_params], a->buffer);
}

/* Where the copy has nothing to copy it writes nothing. */
static void forget_empty_copies(Written *d, size_t i)
{
    const Stmt *r = d->m->stmt[i];
    const Access *a = &r->read[r->nreads - 1]; /* those in indices come before it */
    if (!is_own(d, a))
        return;
    isl_map *rest = unwritten(d, r, a);
    d->failed |= rest == NULL;
    if (rest)
        d->writes[i] = isl_map_subtract_domain(d->writes[i], isl_map_domain(rest));
}

/* Is one of the reads at these accesses certain to find what nothing has written? */
static bool surely_unwritten(Written *d, const Stmt *r, const Access *a, Err *err)
{
    if (r->maybe || !is_own(d, a))
        return false;
    isl_map *rest = unwritten(d, r, a);
    isl_bool none = isl_map_is_empty(rest);
    bool found = none == isl_bool_false && tell_read(d, r, a->buffer, rest, err);
    d->failed |= none != isl_bool_true && !found;
    isl_map_free(rest);
    return found;
}

static bool reads_unwritten(Written *d, Err *err)
{
    for (size_t i = 0; i < d->m->nstmts && !d->failed && !model_must_stop(); i++) {
        const Stmt *r = d->m->stmt[i];
        bool copies = only_copies(d, r);
        if (r->update && surely_unwritten(d, r, &r->write, err))
            return true;
        for (size_t k = 0; k + copies < r->nreads && !d->failed; k++)
            if (surely_unwritten(d, r, &r->read[k], err))
                return true;
        if (copies && !d->failed)
            forget_empty_copies(d, i);
    }
    return false;
}

static bool finds_read(Arena *A, const Node *func, long operations, Err *err)
{
    Written d = {.func = func, .A = A};
    d.m = model_of(A, model_ctx((unsigned long)operations), func, NULL, false);
    if (d.m->unknown)
        return false;
    d.writes = ARENA_ARRAY(A, isl_map *, d.m->nstmts + 1);
    for (size_t i = 0; i < d.m->nstmts; i++)
        d.writes[i] = isl_map_copy(d.m->stmt[i]->write.by_loops);
    bool found = reads_unwritten(&d, err);
    for (size_t i = 0; i < d.m->nstmts; i++)
        isl_map_free(d.writes[i]);
    return found;
}

/* Of the first result in doubt *doubt says why; each one halves what the next ones may take, so
** that all of them take no longer than the first once more: 40 behind a condition of ten quotients
** 2 seconds, and not 47. */
static DepAnswer leaves_unwritten(const Node *func, const Node *buffer, long *operations,
                                  Err *doubt, Err *err)
{
    Err untold = {0}, gap = {0};
    DepAnswer stored = dep_fills(func, NULL, buffer, DEP_CERTAIN_STORES, *operations, &untold);
    if (stored == DEP_OK)
        return DEP_OK;
    DepAnswer a = dep_fills(func, NULL, buffer, DEP_POSSIBLE_WRITES, *operations, &gap);
    if (a == DEP_BROKEN && gap.witness[0]) {
        REFUSE(err, never_written, buffer, gap.witness);
        return DEP_BROKEN;
    }
    if (a == DEP_UNKNOWN)
        *operations = (*operations + 1) / 2;
    if (stored != DEP_UNKNOWN && a != DEP_UNKNOWN)
        return DEP_OK;
    if (!doubt->why[0])
        *doubt = stored == DEP_UNKNOWN ? untold : gap;
    return DEP_UNKNOWN;
}

DepAnswer dep_unwritten(const Node *func, long operations, Err *err)
{
    Arena *A = arena_scratch(NULL);
    Err doubt = {0};
    const Node *results = func->kid[Func_results];
    DepAnswer answer = DEP_OK;
    if (!ir_first(func, OP_Barrier) && finds_read(A, func, operations, err))
        answer = DEP_BROKEN;
    for (size_t i = 0; i < results->nkids && answer != DEP_BROKEN; i++) {
        DepAnswer a = leaves_unwritten(func, results->kid[i], &operations, &doubt, err);
        answer = a == DEP_OK ? answer : a;
    }
    if (answer == DEP_UNKNOWN)
        *err = doubt;
    arena_release(A);
    return answer;
}
