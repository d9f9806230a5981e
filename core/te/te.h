/* te.h -- tensor expressions: say what each element is; get a Func of loops and blocks.
**
**      Te *te = te_new(A, "matmul");
**      const Node *M = te_placeholder(te, "A", DT_float32, 2, (int64_t[]){n, n});
**      const Node *N = te_placeholder(te, "B", DT_float32, 2, (int64_t[]){n, n});
**      const Node *y = te_axis(te, "y", n), *x = te_axis(te, "x", n), *k = te_reduce_axis(te, "k", n);
**      const Node *v = te_mul(te, te_at(te, M, k, y), te_at(te, N, k, x));
**      const Node *C = te_reduce(te, "C", COMB_sum, 2, (const Node *[]){y, x}, 1, &k, v);
**      const Node *f = te_func(te, 1, &C, err);
**
** Axes are Vars: in the expression that defines a stage they stand for that stage's indices.
** te_func gives every stage its own loop nest, spatial axes outside in order, reduce axes inside,
** and one block that bears the stage's name; stages that are not results become allocations.
** Mistakes (rank, type, a name used twice) are kept in the Te and reported by te_func, so that
** building needs no checks on the way.
*/
#ifndef CORE_TE_TE_H
#define CORE_TE_TE_H

#include "core/ir/ir.h"

typedef struct Te Te;

Te *te_new(Arena *A, const char *name);
Arena *te_arena(Te *te);

/* Blocks made from now on say that they compute this graph operator (NULL: none). */
void te_from(Te *te, const char *op);

/* Takes the first mistake out, for callers that report where it was made; false if
** there is none. */
bool te_take_mistake(Te *te, Err *out);

/* `name`, or where a tensor has it already, name_1, name_2, …: for one that nobody named. */
const char *te_fresh_name(Te *te, const char *name);

/* An input. */
const Node *te_placeholder(Te *te, const char *name, DType t, size_t rank, const int64_t *shape);

const Node *te_axis(Te *te, const char *name, int64_t extent);
const Node *te_reduce_axis(Te *te, const char *name, int64_t extent);

/* A stage: result[axes] = value.  The buffer's shape is the axes' extents. */
const Node *te_compute(Te *te, const char *name, size_t naxes, const Node *const *axes,
                       const Node *value);

/* A stage: result[axes] = value combined over the reduce axes; where one of them is empty, what the
** combiner starts from. */
const Node *te_reduce(Te *te, const char *name, Combiner c, size_t naxes, const Node *const *axes,
                      size_t nreduce, const Node *const *reduce, const Node *value);

/* The Func of all stages that the results need, in the order they were made. */
const Node *te_func(Te *te, size_t nresults, const Node *const *results, Err *err);

/* ---- expressions; operands of different types are a mistake, literals are not: use te_num ---- */
const Node *te_load(Te *te, const Node *buffer, size_t n, const Node *const *index);
const Node *te_num(Te *te, DType t, double v);
const Node *te_int(Te *te, int64_t v); /* int64 */
const Node *te_op(Te *te, Op op, const Node *a, const Node *b);
const Node *te_select(Te *te, const Node *cond, const Node *a, const Node *b);
const Node *te_cast(Te *te, DType t, const Node *a);
const Node *te_call(Te *te, const char *name, const Node *a);

#define te_at(te, buffer, ...)                                                      \
    te_load((te), (buffer), sizeof((const Node *[]){__VA_ARGS__}) / sizeof(Node *), \
            (const Node *[]){__VA_ARGS__})
#define te_add(te, a, b) te_op((te), OP_Add, (a), (b))
#define te_sub(te, a, b) te_op((te), OP_Sub, (a), (b))
#define te_mul(te, a, b) te_op((te), OP_Mul, (a), (b))
#define te_div(te, a, b) te_op((te), OP_Div, (a), (b))
#define te_max(te, a, b) te_op((te), OP_Max, (a), (b))
#define te_min(te, a, b) te_op((te), OP_Min, (a), (b))

#endif
