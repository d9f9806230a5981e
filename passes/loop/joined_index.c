/* joined_index.c -- quotients and remainders put together again. */
#include "passes/loop/joined_index.h"

#include <string.h>

#include "core/base/mutant.h"

/* Splits an index that is c*e + rest, e the one quotient or remainder by a literal in it. */
static const Node *take_digit(const Node *index, int64_t *c, Linear *rest)
{
    const Node *digit = NULL;
    *rest = (Linear){0};
    if (!linear_add(rest, index, 1))
        return NULL;
    for (size_t i = 0; i < rest->n; i++) {
        const Node *e = rest->t[i].atom;
        if (!is_by_literal(e, OP_FloorDiv) && !is_by_literal(e, OP_FloorMod))
            continue;
        if (digit || rest->t[i].c < 1)
            return NULL;
        digit = e;
        *c = rest->t[i].c;
    }
    if (digit)
        linear_add_term(rest, digit, wrap_neg(*c));
    return digit;
}

/* times * e as a sum that never wraps. */
static bool exact_sum(Known *known, const Node *e, int64_t times, Linear *out)
{
    i128 lo, hi;
    Linear sum = {0};
    *out = (Linear){0};
    return linear_add(&sum, e, 1) && linear_exact(known, &sum, &lo, &hi) &&
           linear_add_exactly(out, &sum, times) && linear_exact(known, out, &lo, &hi);
}

/* What a sum is but for multiples of the modulus, where it is sure to be 0 .. below-1. */
static bool small_rest(Known *known, const Linear *sum, int64_t modulus, int64_t below, Linear *out)
{
    i128 lo, hi;
    int64_t whole = wrap_mul(floor_div(sum->c0, modulus), modulus);
    *out = (Linear){.c0 = wrap_sub(sum->c0, whole)};
    for (size_t i = 0; i < sum->n; i++)
        if (sum->t[i].c % modulus)
            linear_add_term(out, sum->t[i].atom, sum->t[i].c);
    return linear_bounds(known, out, &lo, &hi) && lo >= 0 && hi < below;
}

/* Takes in the dimension before: (e // modulus) % n, or e // modulus, with which all is joined.  It
** may be written t // k, where modulus is g*k and e is g*t + 0 .. g-1. */
static bool join_digit(Known *known, const Node *index, Digits *j)
{
    int64_t c;
    Linear rest, differ = j->number, e, small;
    const Node *digit = take_digit(index, &c, &rest);
    if (!digit || c != 1 || !linear_add_exactly(&j->rest, &rest, j->modulus))
        return false;
    const Node *quotient = digit->op == OP_FloorMod ? digit->kid[FloorMod_a] : digit;
    int64_t k = is_by_literal(quotient, OP_FloorDiv) ? quotient->kid[FloorDiv_b]->at.i : 0;
    if (k == 0 || j->modulus % k)
        return false;
    int64_t g = j->modulus / k;
    i128 lo, hi;
    if (!exact_sum(known, quotient->kid[FloorDiv_a], g, &e) ||
        !linear_add_exactly(&differ, &e, -1) ||
        !small_rest(known, &differ, j->modulus, g, &small) || !linear_add_exactly(&e, &small, 1) ||
        !linear_exact(known, &e, &lo, &hi))
        return false;
    j->number = e;
    j->all = quotient == digit;
    return j->all || !__builtin_mul_overflow(j->modulus, digit->kid[FloorMod_b]->at.i, &j->modulus);
}

size_t join_digits(Known *known, size_t rank, const Node *const *index, const int64_t *stride,
                   Digits *out)
{
    int64_t c;
    *out = (Digits){.modulus = 0};
    const Node *last = rank > 1 ? take_digit(index[rank - 1], &c, &out->rest) : NULL;
    if (!last || last->op != OP_FloorMod ||
        !exact_sum(known, last->kid[FloorMod_a], c, &out->number) ||
        __builtin_mul_overflow(c, last->kid[FloorMod_b]->at.i, &out->modulus))
        return 0;
    out->weight[rank - 1] = 1;
    size_t d = rank - 1;
    for (; d > 0 && !out->all; d--) {
        Digits more = *out;
        bool fits = !stride || wrap_mul(stride[rank - 1], out->modulus) == stride[d - 1];
        if (!MUTANT(join_any_stride, fits, true) || !join_digit(known, index[d - 1], &more))
            break;
        more.weight[d - 1] = out->modulus;
        *out = more;
    }
    return rank - d;
}

bool join_index(Known *known, size_t rank, const Node *const *index, JoinedIndex *out)
{
    i128 lo, hi;
    Digits j;
    *out = (JoinedIndex){.weight = {0}};
    if (join_digits(known, rank, index, NULL, &j) == 0 || !j.all)
        return false;
    memcpy(out->weight, j.weight, sizeof j.weight);
    out->sum = j.number;
    return linear_add_exactly(&out->sum, &j.rest, 1) && linear_exact(known, &out->sum, &lo, &hi);
}

bool joined_alike(const JoinedIndex *a, const JoinedIndex *b)
{
    return memcmp(a->weight, b->weight, sizeof a->weight) == 0;
}
