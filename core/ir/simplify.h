/* simplify.h -- smaller expressions with the same value.
**
** Rules are data (simplify.def), tried in order, each tested by itself on random operands; linear index
** arithmetic is brought to one canonical form; the ranges of the variables in scope decide comparisons and
** divisions.  Simplifying twice changes nothing, and an expression that is already simple comes back as the same
** pointer.
*/
#ifndef CORE_IR_SIMPLIFY_H
#define CORE_IR_SIMPLIFY_H

#include "core/ir/ir.h"

/* What is known of a variable: min <= var <= max. */
typedef struct VarRange {
    const Node *var;
    int64_t min, max;
} VarRange;

typedef struct Ranges {
    size_t n;
    const VarRange *at;
} Ranges;

/* An int64 or bool expression under the given ranges (NULL: nothing is known). */
const Node *ir_simplify(Arena *A, const Node *e, const Ranges *ranges);

/* Every expression of a statement or Func, under the ranges of the loops around it. */
const Node *ir_simplify_all(Arena *A, const Node *n);

/* The least and the greatest value that e can have; false if they are not known. */
bool ir_bounds(const Node *e, const Ranges *ranges, int64_t *min, int64_t *max);

/* Does the condition hold for all values in the ranges? */
bool ir_proves(Arena *A, const Node *cond, const Ranges *ranges);

/* ---- the rules themselves, for tests and help("simplify") ---- */
typedef struct SimplifyRule {
    const char *from, *to, *when; /* texts over a, b, c (anything) and n, m (literals); when may be "" */
} SimplifyRule;

extern const SimplifyRule simplify_rules[];
extern const size_t simplify_rule_count;

#endif
