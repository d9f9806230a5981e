/* cover.c -- digits of loops, and whether they leave gaps or count twice.  Anything that is no sum
** of digits is untold. */
#include "core/schedule/cover.h"

#include "core/affine/region.h"

enum { DIGITS = 32 };

/* What counts from 0 to extent - 1, divided by lo and cut off at hi; lo and hi divide its extent if
** it has several digits.  It is a loop, or what loops make together, as yo*8 + yi in
** (yo*8 + yi)//250: the digits of that are its parts. */
typedef struct Digit {
    const Node *of; /* a Var, or the sum */
    int64_t lo, hi, extent;
    int64_t values, factor;
    size_t nparts;
    const struct Digit *part;
} Digit;

typedef struct Cover {
    Arena *A;
    size_t nloops, n;
    const Node *const *loops;
    int64_t least; /* of the axis at hand, all its digits being 0 */
    Digit digit[DIGITS];
} Cover;

static const Node *loop_of(const Cover *c, const Node *var)
{
    for (size_t i = 0; i < c->nloops; i++)
        if (c->loops[i]->kid[For_var] == var)
            return c->loops[i];
    return NULL;
}

/* e // n or e % n for a literal n that fits 32 bits. */
static bool is_by(const Node *e, Op op)
{
    return e->op == op && e->kid[1]->op == OP_IntImm && e->kid[1]->at.i > 0 &&
           e->kid[1]->at.i < INT32_MAX;
}

/* How many values lie between the least of the sum of the digits from `first` on and the greatest,
** each of which is the first of `extent` values; -1 if 64 bits do not hold it. */
static int64_t reach_of(const Cover *c, size_t first, int64_t extent)
{
    for (size_t i = first; i < c->n; i++) {
        int64_t more;
        if (__builtin_mul_overflow(c->digit[i].factor, c->digit[i].values - 1, &more) ||
            __builtin_add_overflow(extent, more, &extent))
            return -1;
    }
    return extent;
}

/* No gaps between the values of that sum. */
static bool contiguous(Cover *c, size_t first, int64_t extent)
{
    int64_t reach = extent;
    for (size_t i = first + 1; i < c->n; i++)
        for (size_t j = i; j > first && c->digit[j - 1].factor > c->digit[j].factor; j--) {
            Digit t = c->digit[j];
            c->digit[j] = c->digit[j - 1];
            c->digit[j - 1] = t;
        }
    for (size_t i = first; i < c->n; i++) {
        if (c->digit[i].values > 1 && c->digit[i].factor > reach)
            return false;
        reach += c->digit[i].factor * (c->digit[i].values - 1);
    }
    return true;
}

/* Is it a digit of the loop that is the highest part of the sum that the other is a digit of?  Then
** it is one of the sum, too: yo//4 is (yo*8 + yi)//32. */
static bool as_digit_of_sum(const Digit *a, const Digit *other, Digit *out)
{
    const Digit *top = other->nparts ? &other->part[other->nparts - 1] : NULL;
    int64_t reach;
    *out = *a;
    if (!top || top->of != a->of || top->lo != 1 || top->hi != top->extent ||
        __builtin_mul_overflow(top->factor, top->extent, &reach) || reach != other->extent ||
        __builtin_mul_overflow(a->lo, top->factor, &out->lo) ||
        __builtin_mul_overflow(a->hi, top->factor, &out->hi))
        return false;
    out->of = other->of;
    out->extent = other->extent;
    return true;
}

/* Do the two take all combinations of their values: digits of one number, or of numbers that have
** no part in common? */
static bool independent(const Digit *a, const Digit *b)
{
    Digit same;
    if (a->values == 1 || b->values == 1)
        return true;
    if (as_digit_of_sum(a, b, &same))
        return independent(&same, b);
    if (as_digit_of_sum(b, a, &same))
        return independent(a, &same);
    if (!ir_same(a->of, b->of)) {
        for (size_t i = 0; i < a->nparts; i++)
            if (!independent(&a->part[i], b))
                return false;
        for (size_t i = 0; i < b->nparts && !a->nparts; i++)
            if (!independent(a, &b->part[i]))
                return false;
        return true;
    }
    const Digit *low = a->lo < b->lo ? a : b, *high = low == a ? b : a;
    return high->lo % low->hi == 0 && a->extent % high->lo == 0 && low->hi % low->lo == 0 &&
           (high->hi >= a->extent || a->extent % high->hi == 0);
}

/* Do the digits run through all of the numbers from 0 to their reach? */
static bool counts_up(Cover *c)
{
    if (c->least != 0 || reach_of(c, 0, 1) < 0)
        return false;
    for (size_t i = 0; i < c->n; i++)
        for (size_t k = 0; k < i; k++)
            if (!independent(&c->digit[i], &c->digit[k]))
                return false;
    return contiguous(c, 0, 1);
}

static bool add_digits(Cover *c, const Node *e, int64_t factor);

/* How far the sum counts, from 0 and by 1, through its parts; 0 if it does not. */
static int64_t extent_of_sum(const Cover *c, const Node *e, Digit *d)
{
    Cover *sum = arena_alloc(c->A, sizeof *sum);
    *sum = (Cover){.A = c->A, .nloops = c->nloops, .loops = c->loops};
    if (!add_digits(sum, e, 1) || !counts_up(sum))
        return 0;
    d->nparts = sum->n;
    d->part = sum->digit;
    return reach_of(sum, 0, 1);
}

static bool add_digit(Cover *c, const Node *e, int64_t factor)
{
    Digit d = {.lo = 1, .factor = factor};
    int64_t modulus = 0;
    const Node *all = e;
    if (is_by(e, OP_FloorMod)) {
        modulus = e->kid[1]->at.i;
        e = e->kid[0];
    }
    for (; is_by(e, OP_FloorDiv) && d.lo < INT32_MAX; e = e->kid[0])
        d.lo *= e->kid[1]->at.i;
    const Node *loop = loop_of(c, e);
    d.extent = loop       ? ir_const_int(loop->kid[For_extent], 0)
               : e != all ? extent_of_sum(c, e, &d)
                          : 0;
    if (d.extent < 1 || d.lo > INT32_MAX || factor < 1 || c->n == DIGITS)
        return false;
    d.of = e;
    d.values = (d.extent - 1) / d.lo + 1;
    if (modulus && modulus < d.values)
        d.values = modulus;
    d.hi = modulus ? d.lo * modulus : d.extent;
    c->digit[c->n++] = d;
    return true;
}

static bool add_digits(Cover *c, const Node *e, int64_t factor)
{
    int64_t more;
    if (e->op == OP_IntImm)
        return !__builtin_mul_overflow(e->at.i, factor, &more) &&
               !__builtin_add_overflow(c->least, more, &c->least);
    if (e->op == OP_Add)
        return add_digits(c, e->kid[0], factor) && add_digits(c, e->kid[1], factor);
    int literal = e->op == OP_Mul && e->kid[0]->op == OP_IntImm ? 0 : 1;
    if (e->op == OP_Mul && e->kid[literal]->op == OP_IntImm) {
        int64_t times = e->kid[literal]->at.i;
        return times > 0 && times < INT32_MAX && factor < INT32_MAX &&
               add_digits(c, e->kid[!literal], factor * times);
    }
    return add_digit(c, e, factor);
}

/* Do `reach` values from `least` on surely leave out a part of the domain? */
static bool outside(int64_t least, int64_t reach, const AxisSpan *domain)
{
    return least > domain->min->at.i || least + reach < domain->min->at.i + domain->extent;
}

/* An axis that is no sum of digits: if it is not known to be full, it may be known not to be. */
static Covering cover_other(Arena *A, const AxisSpan *span, const AxisSpan *domain, size_t nloops,
                            const Node *const *loops)
{
    const Node *least;
    int64_t width;
    return region_relax(A, span->min, 0, nloops, loops, &least, &width) && least->op == OP_IntImm &&
                   outside(least->at.i, width - 1 + span->extent, domain)
               ? COVER_GAP
               : COVER_UNTOLD;
}

/* Is what the digits from `first` on make, with the axis's span, all of the domain, and free of
** gaps and of digits that count elsewhere? */
static Covering cover_axis(Cover *c, size_t first, const AxisSpan *span, const AxisSpan *domain)
{
    int64_t reach = reach_of(c, first, span->extent);
    if (reach < 0 || c->least > INT64_MAX - reach)
        return COVER_UNTOLD;
    if (outside(c->least, reach, domain))
        return COVER_GAP;
    for (size_t i = first; i < c->n; i++)
        for (size_t k = 0; k < c->n; k++)
            if (k != i && !independent(&c->digit[i], &c->digit[k]))
                return COVER_UNTOLD;
    if (contiguous(c, first, span->extent))
        return COVER_FULL;
    return reach == domain->extent ? COVER_GAP : COVER_UNTOLD; /* gaps may be outside of it */
}

Covering cover_box(Arena *A, size_t naxes, const AxisSpan *span, const AxisSpan *domain,
                   size_t nloops, const Node *const *loops, size_t *axis)
{
    Cover c; /* of the digits there is none yet */
    c.A = A;
    c.nloops = nloops;
    c.loops = loops;
    c.n = 0;
    for (*axis = 0; *axis < naxes; ++*axis) {
        const AxisSpan *s = &span[*axis], *d = &domain[*axis];
        size_t first = c.n;
        c.least = 0;
        Covering one = add_digits(&c, s->min, 1) ? cover_axis(&c, first, s, d)
                                                 : cover_other(A, s, d, nloops, loops);
        if (one != COVER_FULL)
            return one;
    }
    return COVER_FULL;
}
