/* linear.h -- sums of int64 terms, and what is known of their values.
**
** Addition, subtraction and multiplication wrap, so a sum may be regrouped freely: the Linear of an
** expression is exact modulo 2^64 whatever its variables hold.  Division, remainder and order are
** another matter: for them a sum must be the number that it looks like, and it is where its bounds,
** computed without wrapping, fit 64 bits.
*/
#ifndef CORE_IR_LINEAR_H
#define CORE_IR_LINEAR_H

#include "core/base/integer.h"
#include "core/ir/simplify.h"

enum { LINEAR_MAX = 24 };

typedef struct Term {
    const Node *atom; /* no sum, no multiple of a literal */
    int64_t c;        /* not 0 */
} Term;

typedef struct Linear {
    size_t n;
    int64_t c0;
    Term t[LINEAR_MAX];
} Linear;

/* What is known, and how much work may still be spent on finding out more: at 0 the
** answer is "unknown". */
typedef struct Known {
    const VarRange *at;
    size_t n;
    long fuel;
} Known;

typedef struct Interval {
    int64_t lo, hi;
} Interval;

/* l += scale * n; false if it has too many terms (*l is then of no use). */
bool linear_add(Linear *l, const Node *n, int64_t scale);
void linear_add_term(Linear *l, const Node *atom, int64_t c);

/* l += scale * m, as integers: false if a coefficient would wrap. */
bool linear_add_exactly(Linear *l, const Linear *m, int64_t scale);

/* How often the sum takes var: 0 if nothing in it mentions var; false if anything but a term of its
** own does. */
bool linear_coefficient(const Linear *l, const Node *var, int64_t *c);

/* Are all its coefficients and its constant multiples of n, which is not 0? */
bool linear_is_multiple(const Linear *l, int64_t n);

/* Positive terms first, larger coefficients first, then as the loops stand. */
void linear_sort(Linear *l, const Known *k);

/* Is `n` spelt as linear_build would spell the sum? */
bool linear_is(const Linear *l, const Node *n);
const Node *linear_build(Arena *A, const Linear *l);

/* The least and greatest value of the sum over all values of its atoms, without wrapping; false if
** it is beyond 120 bits or cannot be told. */
bool linear_bounds(Known *k, const Linear *l, i128 *lo, i128 *hi);

/* Are they known and within int64, so that the sum never wraps? */
bool linear_exact(Known *k, const Linear *l, i128 *lo, i128 *hi);

/* What an integer or bool expression can be; of uint64 values nothing is known. */
Interval interval_of(Known *k, const Node *n);

/* What the variable of a loop can be.  Where only the run knows the extent, the loop is taken to
** end, and none that is longer than 2^60 does. */
Interval values_of_loop(Known *k, const Node *loop);

/* Does `a op b` hold: 1 yes, 0 no, -1 it depends. */
int comparison_holds(Known *k, Op op, const Node *a, const Node *b);

static inline bool fits64(i128 lo, i128 hi)
{
    return lo >= INT64_MIN && hi <= INT64_MAX;
}

/* a // k or a % k for a literal k > 0: the shape of most index arithmetic. */
static inline bool is_by_literal(const Node *n, Op op)
{
    return n->op == op && n->type == DT_int64 && n->kid[1]->op == OP_IntImm && n->kid[1]->at.i > 0;
}

#endif
