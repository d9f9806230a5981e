/* joined_index.c -- quotients and remainders put together again. */
#include "passes/loop/joined_index.h"

#include <string.h>

/* What has been joined so far: number % modulus + rest. */
typedef struct Joining {
    Linear number, rest;
    int64_t modulus;
} Joining;

/* Splits an index that is e + rest, e the one quotient or remainder by a literal in it. */
static const Node *take_digit(const Node *index, Linear *rest)
{
    const Node *digit = NULL;
    *rest = (Linear){0};
    if (!linear_add(rest, index, 1))
        return NULL;
    for (size_t i = 0; i < rest->n; i++) {
        const Node *e = rest->t[i].atom;
        if (!is_by_literal(e, OP_FloorDiv) && !is_by_literal(e, OP_FloorMod))
            continue;
        if (digit || rest->t[i].c != 1)
            return NULL;
        digit = e;
    }
    if (digit)
        linear_add_term(rest, digit, -1);
    return digit;
}

/* e as a sum that never wraps. */
static bool exact_sum(Known *known, const Node *e, Linear *out)
{
    i128 lo, hi;
    *out = (Linear){0};
    return linear_add(out, e, 1) && linear_exact(known, out, &lo, &hi);
}

/* Do they leave the same remainder? */
static bool congruent(const Linear *a, const Linear *b, int64_t modulus)
{
    Linear differ = *a;
    return linear_add_exactly(&differ, b, -1) && linear_is_multiple(&differ, modulus);
}

/* Takes in the dimension before: (e // modulus) % n, or e // modulus, with which all is joined. */
static bool join_digit(Known *known, const Node *index, Joining *j, bool *all)
{
    Linear rest, e;
    const Node *digit = take_digit(index, &rest);
    if (!digit || !linear_add_exactly(&j->rest, &rest, j->modulus))
        return false;
    const Node *quotient = digit->op == OP_FloorMod ? digit->kid[FloorMod_a] : digit;
    if (!is_by_literal(quotient, OP_FloorDiv) || quotient->kid[FloorDiv_b]->at.i != j->modulus ||
        !exact_sum(known, quotient->kid[FloorDiv_a], &e) || !congruent(&e, &j->number, j->modulus))
        return false;
    j->number = e;
    *all = quotient == digit;
    return *all || !__builtin_mul_overflow(j->modulus, digit->kid[FloorMod_b]->at.i, &j->modulus);
}

bool join_index(Known *known, size_t rank, const Node *const *index, JoinedIndex *out)
{
    Joining j;
    bool all = false;
    *out = (JoinedIndex){.weight = {0}};
    const Node *last = rank > 1 ? take_digit(index[rank - 1], &j.rest) : NULL;
    if (!last || last->op != OP_FloorMod || !exact_sum(known, last->kid[FloorMod_a], &j.number))
        return false;
    j.modulus = last->kid[FloorMod_b]->at.i;
    out->weight[rank - 1] = 1;
    for (size_t d = rank - 1; d-- > 0 && !all;) {
        out->weight[d] = j.modulus;
        if (!join_digit(known, index[d], &j, &all))
            return false;
    }
    i128 lo, hi;
    out->sum = j.number;
    return all && linear_add_exactly(&out->sum, &j.rest, 1) &&
           linear_exact(known, &out->sum, &lo, &hi);
}

bool joined_alike(const JoinedIndex *a, const JoinedIndex *b)
{
    return memcmp(a->weight, b->weight, sizeof a->weight) == 0;
}
