/* dep_fills.c -- is every element of a buffer written? */
#include "core/affine/dep.h"
#include "core/affine/model.h"

/* Of what is left to write: that many take a tenth of a second, or most of one; twice as many take
** seconds. */
enum { MOST_QUOTIENTS = 32 };

static DepAnswer untold(const Node *buffer, const char *why, Err *err)
{
    Arena *A = arena_scratch(NULL);
    REFUSE(err, dependences_unknown, NULL,
           arena_printf(A, "every element of %s is written", ir_buf_name(buffer)), why);
    arena_release(A);
    return DEP_UNKNOWN;
}

static void show_gap(Arena *A, const Node *buffer, isl_set *rest, Err *err)
{
    isl_point *p = model_first(isl_set_copy(rest));
    Buf element = buf_new(A);
    if (p) {
        model_put_element(&element, buffer, p);
        err_witness(err, "%s", buf_str(&element));
    }
    isl_point_free(p);
}

/* An update goes on from what is there already: it is no certain store. */
static bool counts(const Stmt *s, DepWrites which)
{
    return which == DEP_POSSIBLE_WRITES || (!s->update && !s->maybe && !s->write.wider);
}

DepAnswer dep_fills(const Node *func, const Node *loop, const Node *buffer, DepWrites which,
                    long operations, Err *err)
{
    Arena *A = arena_scratch(NULL);
    isl_ctx *ctx = model_ctx((unsigned long)operations);
    const Model *m = model_of_writes(A, ctx, func, loop ? loop->kid[For_var] : NULL, buffer);
    isl_set *rest = m->unknown ? NULL : model_elements(ctx, buffer);
    const char *maybe = NULL; /* why more may be written */
    bool dear = false;
    for (size_t i = 0; i < m->nstmts && rest && !dear; i++) {
        const Stmt *s = m->stmt[i];
        if (counts(s, which))
            rest = isl_set_subtract(rest, isl_map_range(isl_map_copy(s->write.by_loops)));
        else if (!s->update)
            maybe = s->write.wider ? not_affine_store : "what runs depends on data";
        dear = rest && model_quotients(rest) > MOST_QUOTIENTS;
    }
    isl_bool none = m->unknown || dear ? isl_bool_error : isl_set_is_empty(rest);
    DepAnswer answer = DEP_OK;
    if (none == isl_bool_error)
        answer = untold(buffer, m->unknown ? m->unknown : over_limit, err);
    else if (none == isl_bool_false && maybe)
        answer = untold(buffer, maybe, err);
    else if (none == isl_bool_false) {
        answer = DEP_BROKEN;
        show_gap(A, buffer, rest, err);
    }
    isl_set_free(rest);
    arena_release(A);
    return answer;
}
