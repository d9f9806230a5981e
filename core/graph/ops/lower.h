/* lower.h -- what the lowering rules of operators share.
**
** A rule says each output as a tensor expression over axes of its own:
**
**      bool lower_transpose(LowerCall *l)
**      {
**          Axes ax = lower_axes_of(l, lower_out_type(l, 0));
**          …                                                       index[perm[d]] = ax.at[d]
**          lower_out(l, 0, &ax, lower_at(l, 0, index));
**          return true;
**      }
*/
#ifndef CORE_GRAPH_OPS_LOWER_H
#define CORE_GRAPH_OPS_LOWER_H

#include "core/graph/ops.h"

/* The axes of a stage, outermost first. */
typedef struct Axes {
    int n;
    const Node *at[GRAPH_MAX_RANK];
    int64_t extent[GRAPH_MAX_RANK];
} Axes;

/* The usual name of axis d: "n", "c", "y", "x" for rank 4. */
const char *lower_axis_name(LowerCall *l, int rank, int d);

/* Spatial axes for a shape; `names` NULL stands for the usual ones. */
Axes lower_axes(LowerCall *l, int rank, const int64_t *dim, const char *const *names);
Axes lower_axes_of(LowerCall *l, GType t);
/* Reduce axes; `names` NULL: "k", or "k0", "k1", … */
Axes lower_reduce_axes(LowerCall *l, int rank, const int64_t *dim, const char *const *names);

/* Input i at the indices of `ax`, stretched as in numpy: axes are matched from the last. */
const Node *lower_load(LowerCall *l, size_t i, const Axes *ax);
const Node *lower_load_as(LowerCall *l, const Node *buffer, const Axes *ax);
/* Input i at exactly these indices. */
const Node *lower_at(LowerCall *l, size_t i, const Node *const *index);

/* Output k as a stage over `ax`; or a helper stage, called alias.suffix (suffix NULL:
** the alias). */
void lower_out(LowerCall *l, size_t k, const Axes *ax, const Node *value);
const Node *lower_stage(LowerCall *l, const char *suffix, const Axes *ax, const Node *value);
const Node *lower_reduce(LowerCall *l, const char *suffix, Combiner c, const Axes *ax,
                         const Axes *over, const Node *value);
const char *lower_out_name(LowerCall *l, size_t k);

static inline GType lower_type(const LowerCall *l, size_t i)
{
    return call_type(&l->call, i);
}
static inline GType lower_out_type(const LowerCall *l, size_t k)
{
    return l->call.out[k];
}

/* A formula over names ("max(x, 0)") in the expression language of the text form; its literals
** have the type `t`.  NULL, with the error filled in, where a function in it is not known for t. */
typedef struct FormulaArg {
    const char *name;
    const Node *value;
} FormulaArg;
const Node *lower_formula(LowerCall *l, const char *text, DType t, size_t n, const FormulaArg *arg);

/* What an elementwise operator computes of `x`, or of `a` and `b`, in type t; NULL if that is no
** formula of formulas.def, or not on such a type. */
const char *lower_formula_of(const GraphOp *op, DType t);

/* Input 0 to the power of input 1: what Pow computes (power.c). */
const Node *lower_power(LowerCall *l, const Axes *ax);

/* Is x the best of its row?  NaN, where there is one, is the best of all. */
const Node *lower_is_best(LowerCall *l, const Node *x, const Node *best);

/* ---- indices ---- */
const Node *ix(LowerCall *l, int64_t v);
const Node *in_range(LowerCall *l, const Node *i, int64_t extent); /* 0 <= i < extent */

/* An index read from a tensor, counted from the end where it is negative. */
const Node *lower_wrapped(LowerCall *l, const Node *i, int64_t extent);

/* The row-major position of an index in a shape, and the index at a position. */
const Node *ix_flat(LowerCall *l, int rank, const int64_t *dim, const Node *const *index);
void ix_unflat(LowerCall *l, const Node *flat, int rank, const int64_t *dim, const Node **index);

#endif
