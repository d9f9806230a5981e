/* inside_impl.h -- one place in a program, and the two ways to tell where an index can go there.
**
** inside.c walks the program and keeps what stands around:
**
**      for y in range(8):
**        if y % 3 < 2:
**          B[y] = A[y + 1]           around: the loop y of 8, the condition y % 3 < 2
**
** and asks for each index first inside_by_range, which looks at no iteration, and then inside_try,
** which looks at as many as it may.
*/
#ifndef CORE_AFFINE_INSIDE_IMPL_H
#define CORE_AFFINE_INSIDE_IMPL_H

#include "core/affine/inside.h"
#include "core/base/vec.h"
#include "core/ir/interp.h"
#include "core/ir/linear.h"

/* What one question about ranges may cost. */
enum { INSIDE_FUEL = 1000 };

/* A condition that bounds a sum: least <= sum <= most. */
typedef struct Bounded {
    Linear sum;
    i128 least, most;
} Bounded;

/* Loops around the current place, by where they stand in `around`. */
typedef VEC(size_t) Loops;

/* A loop, or a condition, around the current place; `e` is the extent or the condition, over loops
** alone unless memory or a name that was not resolved is in it. */
typedef struct Around {
    const Node *var; /* of the loop; NULL: a condition */
    const Node *e;
    size_t loop; /* the loop's number */
    bool fails;  /* it is known not to hold */
    bool plain;  /* `e` is decided by the loops around: */
    Loops loops;
    bool used;              /* in this trial: loops that run, and conditions that are asked */
    const InterpExpr *run;  /* in this trial */
    const Bounded *bounded; /* of a condition; NULL: it bounds no sum */
} Around;

typedef struct Place {
    Arena *A;
    VEC(Around) around;     /* outermost first */
    VEC(VarRange) loops;    /* what the loops among them can be */
    VEC(const Node *) vars; /* the same loops */
    int64_t left;           /* nodes that trials may still evaluate, in all of the program */
} Place;

/* The loops of this place in `e`, each once, in A; false if something else in it varies. */
bool inside_loops(const Place *p, Arena *A, const Node *e, Loops *loops);

/* What the condition, over the loops of this place, bounds, in p->A. */
const Bounded *inside_bounded(const Place *p, const Node *cond, bool fails);

/* Is `index`, over loops, at least 0 and less than `extent` by the ranges of the loops, where the
** conditions around hold? */
bool inside_by_range(const Place *p, const Node *index, int64_t extent);

typedef enum Tried {
    TRIED_INSIDE,
    TRIED_OUTSIDE,   /* in an iteration that happens whatever is in memory */
    TRIED_BY_MEMORY, /* memory says where the index goes */
    TRIED_DOUBT
} Tried;

/* Tries it; where it is outside, at[i] is the value of loop i in that iteration. */
Tried inside_try(Place *p, const Node *index, int64_t extent, Scalar *at);

/* The value of `e`, over loops, in that iteration; false if not only loops are in it. */
bool inside_value(const Place *p, const Scalar *at, const Node *e, int64_t *value);

#endif
