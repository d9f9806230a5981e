/* meeting.c -- may two indices be equal (as sums of digits), must they (by how they are spelt)? */
#include "passes/loop/meeting.h"

#include <string.h>

#include "passes/loop/joined_index.h"

/* An index as a sum: the terms that may differ between two accesses, and those that are alike. */
typedef struct Place {
    Linear moving, alike;
} Place;

/* Which axis the expression is, or -1. */
static int axis_of(const Around *s, const Node *e)
{
    int x = GPU_AXES - 1;
    while (x >= 0 && s->axis[x] != e)
        x--;
    return x;
}

static bool moves(const Around *s, const Node *e, size_t from)
{
    if (e->op == OP_Load || axis_of(s, e) >= 0)
        return true;
    for (size_t i = 0; e->op == OP_Var && i < from; i++)
        if (s->inner[i] == e)
            return false;
    for (size_t i = 0; i < e->nkids; i++)
        if (moves(s, e->kid[i], from))
            return true;
    return e->op == OP_Var;
}

static Place place_of_sum(const Around *s, const Linear *l, size_t from)
{
    Place out = {.moving = {.c0 = l->c0}};
    for (size_t i = 0; i < l->n; i++) {
        Linear *to = moves(s, l->t[i].atom, from) ? &out.moving : &out.alike;
        to->t[to->n++] = l->t[i];
    }
    return out;
}

static bool place_of(const Around *s, const Node *index, size_t from, Place *out)
{
    Linear l = {0};
    if (!linear_add(&l, index, 1))
        return false;
    *out = place_of_sum(s, &l, from);
    return true;
}

/* One that counts through 0 … extent-1 independently of all others. */
typedef struct Digit {
    int64_t weight, extent;
    int axis; /* or -1: a loop */
} Digit;

static int64_t extent_of(const Around *s, const Node *var)
{
    int x = axis_of(s, var);
    if (x >= 0)
        return s->extent[x];
    for (size_t i = 0; var->op == OP_Var && i < s->ranges.n; i++)
        if (s->ranges.at[i].var == var)
            return s->ranges.at[i].max < INT32_MAX ? s->ranges.at[i].max + 1 : 0;
    return 0;
}

/* Takes the terms that are alike in both out of a and b, as digits; smaller ones first. */
static size_t take_digits(const Around *s, Linear *a, Linear *b, Digit *out)
{
    size_t n = 0;
    for (size_t i = a->n; i-- > 0;) {
        Term t = a->t[i];
        int64_t extent = extent_of(s, t.atom), weight = t.c < 0 ? -t.c : t.c;
        size_t j = 0;
        while (j < b->n && !(b->t[j].atom == t.atom && b->t[j].c == t.c))
            j++;
        if (j == b->n || extent == 0 || weight > INT32_MAX)
            continue;
        linear_add_term(a, t.atom, -t.c);
        linear_add_term(b, t.atom, -t.c);
        size_t at = n++;
        for (; at > 0 && out[at - 1].weight > weight; at--)
            out[at] = out[at - 1];
        out[at] = (Digit){weight, extent, axis_of(s, t.atom)};
    }
    return n;
}

/* Equal indices mean equal axes where these are digits of a number; what is not the
** same in both places is its last. */
static void tell_apart(const Around *s, Place *a, Place *b, bool same[GPU_AXES])
{
    Known known = {s->ranges.at, s->ranges.n, 1000};
    Digit digit[LINEAR_MAX];
    i128 lo, hi, other_lo, other_hi;
    Linear differ = a->alike;
    if (!linear_add_exactly(&differ, &b->alike, -1))
        return;
    /* What does not cancel out is taken for terms of their own */
    if (differ.n > 0 && !(linear_add_exactly(&a->moving, &a->alike, 1) &&
                          linear_add_exactly(&b->moving, &b->alike, 1)))
        return;
    size_t n = take_digits(s, &a->moving, &b->moving, digit);
    if (!linear_bounds(&known, &a->moving, &lo, &hi) ||
        !linear_bounds(&known, &b->moving, &other_lo, &other_hi))
        return;
    i128 span = hi - other_lo > other_hi - lo ? hi - other_lo : other_hi - lo;
    size_t first = 0; /* of those that must be equal */
    for (size_t i = 0; i < n; i++) {
        if (digit[i].weight <= span)
            first = i + 1;
        span += (i128)digit[i].weight * (digit[i].extent - 1);
    }
    for (size_t i = first; i < n; i++)
        if (digit[i].axis >= 0)
            same[digit[i].axis] = true;
}

static Interval index_range(const Around *s, const Node *index)
{
    Known known = {s->ranges.at, s->ranges.n, 1000};
    return interval_of(&known, index);
}

static bool are_apart(Known *known, const Linear *a, const Linear *b)
{
    i128 lo, hi, other_lo, other_hi;
    return linear_bounds(known, a, &lo, &hi) && linear_bounds(known, b, &other_lo, &other_hi) &&
           (hi < other_lo || other_hi < lo);
}

/* The dimensions that are digits of one number in both: are the numbers never equal?  Else notes
** the axes that are equal where these are. */
static bool never_equal(const Around *s, const Node *a, const Node *b, size_t from,
                        bool same[GPU_AXES])
{
    Known known = {s->ranges.at, s->ranges.n, 1000};
    size_t rank = ir_rank(a->kid[0]);
    JoinedIndex i, j;
    if (!join_index(&known, rank, ir_index(a), &i) || !join_index(&known, rank, ir_index(b), &j) ||
        !joined_alike(&i, &j))
        return false;
    if (are_apart(&known, &i.sum, &j.sum))
        return true;
    Place p = place_of_sum(s, &i.sum, from), q = place_of_sum(s, &j.sum, from);
    tell_apart(s, &p, &q, same);
    return false;
}

bool may_meet(const Around *s, const Node *a, const Node *b, size_t from, bool same[GPU_AXES])
{
    memset(same, 0, GPU_AXES * sizeof *same);
    for (size_t d = 0; d < ir_rank(a->kid[0]); d++) {
        Place p, q;
        Interval i = index_range(s, ir_index(a)[d]), j = index_range(s, ir_index(b)[d]);
        if (i.hi < j.lo || j.hi < i.lo)
            return false;
        if (place_of(s, ir_index(a)[d], from, &p) && place_of(s, ir_index(b)[d], from, &q))
            tell_apart(s, &p, &q, same);
    }
    return !never_equal(s, a, b, from, same);
}

/* ---- what was written before ---- */

/* A loop variable that may be chosen, and what it must be. */
typedef struct Choice {
    const Node *var, *value;
} Choice;

typedef struct Choices {
    unsigned open; /* axes: bits */
    size_t n;
    Choice at[8]; /* more are not told */
} Choices;

static bool in_scope(const Around *s, unsigned open, const Node *var)
{
    int x = axis_of(s, var);
    if (x >= 0)
        return open >> x & 1;
    for (size_t i = 0; i < s->ninner; i++)
        if (s->inner[i] == var)
            return true;
    return false;
}

/* Lets `var`, of a loop that is over, have been `value`, if it can. */
static bool let_be(const Around *s, Choices *c, const Node *var, const Node *value)
{
    int64_t extent = extent_of(s, var);
    Interval range = index_range(s, value);
    for (size_t i = 0; i < c->n; i++)
        if (c->at[i].var == var)
            return ir_same(c->at[i].value, value);
    if (c->n == sizeof c->at / sizeof *c->at || range.lo < 0 || range.hi >= extent)
        return false;
    c->at[c->n++] = (Choice){var, value};
    return true;
}

/* Was the first expression, of which loops are over, once what the second is now? */
static bool can_be(const Around *s, Choices *c, const Node *then, const Node *now)
{
    if (then->op == OP_Var && !in_scope(s, c->open, then))
        return let_be(s, c, then, now);
    if (then->nkids == 0)
        return ir_same(then, now);
    if (then->op == OP_Load || op_info[then->op].attr != ATTR_NONE || then->op != now->op ||
        then->type != now->type || then->nkids != now->nkids)
        return false;
    for (size_t i = 0; i < then->nkids; i++)
        if (!can_be(s, c, then->kid[i], now->kid[i]))
            return false;
    return true;
}

bool has_written(const Around *s, unsigned open, const Node *store, const Node *access)
{
    Choices c = {.open = open};
    bool out = store->kid[0] == access->kid[0];
    for (size_t d = 0; out && d < ir_rank(access->kid[0]); d++)
        out = can_be(s, &c, ir_index(store)[d], ir_index(access)[d]);
    return out;
}
