/* inside_range.c -- an index proven to be inside by the ranges of the loops in it and by the
** conditions around. */
#include "core/affine/inside_impl.h"

/* The bound on a - b that the condition is: lo <= a - b <= hi. */
static bool bound_of(Op op, bool fails, i128 *lo, i128 *hi)
{
    const i128 far = (i128)1 << 100;
    *lo = -far;
    *hi = far;
    switch (op) {
    case OP_Lt: *(fails ? lo : hi) = fails ? 0 : -1; return true;
    case OP_Le: *(fails ? lo : hi) = fails ? 1 : 0; return true;
    case OP_Gt: *(fails ? hi : lo) = fails ? 0 : 1; return true;
    case OP_Ge: *(fails ? hi : lo) = fails ? -1 : 0; return true;
    case OP_Eq: *lo = *hi = 0; return !fails;
    case OP_Ne: *lo = *hi = 0; return fails;
    default: return false;
    }
}

static bool exact(const Place *p, const Node *e, Linear *sum, i128 *lo, i128 *hi)
{
    Known k = {p->loops.at, p->loops.n, INSIDE_FUEL};
    *sum = (Linear){0};
    return linear_add(sum, e, 1) && linear_exact(&k, sum, lo, hi);
}

const Bounded *inside_bounded(const Place *p, const Node *cond, bool fails)
{
    Bounded c;
    Linear right;
    i128 unused;
    if (!bound_of((Op)cond->op, fails, &c.least, &c.most) ||
        !exact(p, cond->kid[0], &c.sum, &unused, &unused) ||
        !exact(p, cond->kid[1], &right, &unused, &unused) ||
        !linear_add_exactly(&c.sum, &right, -1))
        return NULL;
    Bounded *kept = ARENA_ARRAY(p->A, Bounded, 1);
    *kept = c;
    return kept;
}

/* Narrows what the sum can be where the condition bounds it, or its negative, a constant apart. */
static void clip(const Linear *sum, const Bounded *c, i128 *lo, i128 *hi)
{
    for (int sign = 1; sign >= -1; sign -= 2) {
        Linear rest = *sum;
        if (!linear_add_exactly(&rest, &c->sum, -sign) || rest.n > 0)
            continue;
        i128 from = rest.c0 + (sign > 0 ? c->least : -c->most);
        i128 to = rest.c0 + (sign > 0 ? c->most : -c->least);
        *lo = from > *lo ? from : *lo;
        *hi = to < *hi ? to : *hi;
    }
}

bool inside_by_range(const Place *p, const Node *index, int64_t extent)
{
    Known k = {p->loops.at, p->loops.n, INSIDE_FUEL};
    Interval v = interval_of(&k, index);
    Linear sum;
    i128 lo, hi;
    if (v.lo >= 0 && v.hi < extent)
        return true;
    if (!exact(p, index, &sum, &lo, &hi))
        return false;
    for (size_t i = 0; i < p->around.n; i++)
        if (p->around.at[i].bounded)
            clip(&sum, p->around.at[i].bounded, &lo, &hi);
    return lo > hi || (lo >= 0 && hi < extent);
}
