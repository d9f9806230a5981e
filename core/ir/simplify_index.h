/* simplify_index.h -- the half of the simplifier that knows numbers: sums, quotients and order of
** int64 indices under ranges.  For simplify.c and simplify_index.c. */
#ifndef CORE_IR_SIMPLIFY_INDEX_H
#define CORE_IR_SIMPLIFY_INDEX_H

#include "core/ir/linear.h"

enum { SIMP_FUEL = 50000, SIMP_RANGES = 32 };

typedef struct Simplifier {
    Arena *A;
    Known known;     /* known.at is `range` */
    VarRange *range; /* `few`, until they do not suffice */
    size_t cap;
    long fuel; /* steps left; at 0 everything stays as it is */
    VarRange few[SIMP_RANGES];
} Simplifier;

void simp_begin(Simplifier *s, Arena *A, const Ranges *ranges);

/* From now on lo <= var <= hi; forgotten by putting known.n back. */
void simp_learn(Simplifier *s, const Node *var, i128 lo, i128 hi);

/* Takes note of what a condition that is known to be `truth` says of single variables. */
void simp_suppose(Simplifier *s, const Node *cond, bool truth);

/* Any expression. */
const Node *simp(Simplifier *s, const Node *n);

/* A sum, difference or multiple of int64; its parts are not simple yet. */
const Node *simp_sum(Simplifier *s, const Node *n);

/* Roots whose int64 operands are simple; `n` itself if there is nothing to do. */
const Node *simp_quotient(Simplifier *s, const Node *n); /* FloorDiv, FloorMod, Div */
const Node *simp_compare(Simplifier *s, const Node *n);
const Node *simp_minmax(Simplifier *s, const Node *n);

#endif
