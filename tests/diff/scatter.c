/* scatter.c -- a result more, parts of which nothing writes, and which they are no analysis tells:
** by an index that is not affine, by one that is data, or by one that leaves gaps; or by loops that
** have no iterations, for some elements or for all, where data decide that.
**
**      for i in range(13):          for i in range(5):          for j in range(A[0]%3):
**        block X(i):                  for j in range(i%2):        for i in range(5):
**          X[i*i%8] = i                 block X(i):                 block X(i):
**                                         X[i] = i                    X[i] = i
*/
#include "tests/diff/diff.h"

/* The element of an input that iteration i looks at; i where there is none. */
static const Node *datum(Arena *A, const Node *func, const Node *i)
{
    const Node *params = func->kid[Func_params], *index[IR_MAX_RANK];
    for (size_t k = 0; k < params->nkids; k++) {
        const Node *b = params->kid[k];
        if (ir_elements(b) <= 0)
            continue;
        for (size_t d = 0; d < ir_rank(b); d++)
            index[d] = ix_mod(A, i, ir_idx(A, ir_dim(b, d)));
        return ir_cast(A, DT_int64, ir_load(A, b, ir_rank(b), index));
    }
    return i;
}

enum { SCATTERED, SOME, NONE, BY_DATA, FORMS };

static const Node *nest(Arena *A, const Spec *s, const Node *func, const Node *x)
{
    int form = s->scattered % FORMS, turn = s->scattered / FORMS;
    const Node *i = ir_var_like(A, DT_int64, "i", "i", 0), *j = ir_var(A, "j");
    const Node *axis = ir_var_like(A, DT_int64, "i", "i", 0);
    const Node *iter = ir_iter(A, ITER_spatial, axis, i), *all = ir_idx(A, ir_dim(x, 0));
    const Node *at[] = {ix_mul(A, axis, axis), datum(A, func, axis), ix_mul(A, axis, ir_idx(A, 2))};
    const Node *index = form == SCATTERED ? ix_mod(A, at[turn % 3], all) : axis;
    BlockInfo *info = arena_alloc(A, sizeof *info);
    *info = (BlockInfo){"X", NULL, 0};
    const Node *store = ir_store(A, x, 1, &index, ir_cast(A, (DType)x->type, axis));
    const Node *block = ir_block(A, info, ir_list(A, 1, &iter), ir_bool(A, true), ir_nop(A), store);
    if (form == SCATTERED)
        return ir_for(A, FOR_serial, i, ir_idx(A, 1 + turn % 13), block);
    if (form == SOME)
        return ir_for(A, FOR_serial, i, all,
                      ir_for(A, FOR_serial, j, ix_mod(A, i, ir_idx(A, 2)), block));
    const Node *times =
        form == NONE ? ir_idx(A, 0) : ix_mod(A, datum(A, func, ir_idx(A, turn)), ir_idx(A, 3));
    return ir_for(A, FOR_serial, j, times, ir_for(A, FOR_serial, i, all, block));
}

/* Into the allocs, and after the last nest. */
static const Node *append(Arena *A, const Node *n, const Node *last)
{
    return n->op == OP_Alloc ? ir_with_kid(A, n, Alloc_body, append(A, n->kid[Alloc_body], last))
                             : ir_seq(A, 2, (const Node *[]){n, last});
}

const Node *scatter(Arena *A, const Spec *s, const Node *func)
{
    if (!s->scattered)
        return func;
    const Node *size = ir_idx(A, 2 + s->scattered / FORMS % 8), *old = func->kid[Func_results];
    const Node *x = ir_buffer(A, s->type, "X", SCOPE_global, 1, &size);
    const Node **results = ARENA_ARRAY(A, const Node *, old->nkids + 1);
    for (size_t i = 0; i < old->nkids; i++)
        results[i] = old->kid[i];
    results[old->nkids] = x;
    return ir_func(A, func->at.name, func->kid[Func_params], ir_list(A, old->nkids + 1, results),
                   append(A, func->kid[Func_body], nest(A, s, func, x)));
}
