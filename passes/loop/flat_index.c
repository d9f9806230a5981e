/* flat_index.c -- the digits of a number, back to the number. */
#include "passes/loop/flat_index.h"

#include "core/base/mutant.h"
#include "passes/loop/joined_index.h"

/* number % modulus, in its simplest form */
static bool remainder_of(Arena *A, const Ranges *ranges, const Digits *j, Linear *out)
{
    const Node *number = linear_build(A, &j->number);
    *out = (Linear){0};
    return linear_add(out, ir_simplify(A, ix_mod(A, number, ir_idx(A, j->modulus)), ranges), 1);
}

const Node *flat_index(Arena *A, const Ranges *ranges, const Node *const *index,
                       const int64_t *stride, size_t *rank)
{
    enum { FUEL = 1000 };
    Known known = {ranges->at, ranges->n, FUEL};
    Digits j;
    size_t n = join_digits(&known, *rank, index, stride, &j);
    Linear sum = j.number;
    bool whole = MUTANT(join_remainder_dropped, j.all, true);
    if (n < 2 || (!whole && !remainder_of(A, ranges, &j, &sum)) ||
        !linear_add_exactly(&sum, &j.rest, 1))
        return NULL;
    *rank -= n;
    return linear_build(A, &sum);
}
