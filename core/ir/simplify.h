/* simplify.h -- smaller expressions with the same value.
**
** Rules are data (simplify.def), tried in order, each tested by itself on random operands; linear
** index arithmetic is brought to one canonical form; the ranges of the variables in scope decide
** comparisons and divisions.  Simplifying twice changes nothing, and an expression that is already
** simple comes back as the same pointer.
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

/* ---- the rules themselves, for tests and help("simplify") ---- */

/* The types that a rule holds for; a rule on conditions alone (p, q) says BOOL. */
typedef enum RuleTypes {
    RULE_BOOL,
    RULE_UINT,
    RULE_SIGNED,
    RULE_INT,
    RULE_FLOAT,
    RULE_ANY
} RuleTypes;

/* `from` and `to` are texts over a, b, c (any value, all of one type), p, q (conditions) and n, m
** (literals); `when` is a condition on the literals, or "". */
typedef struct SimplifyRule {
    RuleTypes types;
    const char *from, *to, *when;
} SimplifyRule;

extern const SimplifyRule simplify_rules[];
extern const size_t simplify_rule_count;

bool simplify_rule_fits(RuleTypes types, DType t);

/* `n` by the first rule that fits its root, or NULL: one step, nothing inside is looked at. */
const Node *simplify_by_rule(Arena *A, const Node *n);

#endif
