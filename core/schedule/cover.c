/* cover.c -- digits of numbers that loops count up, and whether they leave gaps or count twice.
** Anything that is no sum of digits is untold. */
#include "core/schedule/cover.h"

#include "core/affine/region.h"
#include "core/ir/linear.h"

enum { DIGITS = 32 };

/* A number that counts from 0 to extent - 1, divided by lo and cut off at hi; lo and hi divide its
** extent if it has several digits.  It is a loop, or what loops make together, as yo*8 + yi in
** (yo*8 + yi)//250: the digits of that are its parts, the one of the greatest factor last. */
typedef struct Digit {
    const Node *of; /* a Var, or the sum */
    int64_t lo, hi, extent;
    int64_t values, factor; /* how many it takes; it counts so often in what it is a part of */
    bool down;              /* is taken away there, from the greatest: 7 - y counts up, too */
    size_t nparts;
    const struct Digit *part;
} Digit;

typedef struct Cover {
    Arena *A;
    size_t nloops, n;
    const Node *const *loops;
    int64_t least; /* of the sum at hand */
    Digit digit[DIGITS];
} Cover;

static const Node *loop_of(const Cover *c, const Node *var)
{
    for (size_t i = 0; i < c->nloops; i++)
        if (c->loops[i]->kid[For_var] == var)
            return c->loops[i];
    return NULL;
}

/* ---- n digits that are added ---- */

/* How many values lie between the least of the sum and the greatest, each of which is the first of
** `extent` values; -1 if 64 bits do not hold it. */
static int64_t reach_of(const Digit *d, size_t n, int64_t extent)
{
    for (size_t i = 0; i < n; i++) {
        int64_t more;
        if (__builtin_mul_overflow(d[i].factor, d[i].values - 1, &more) ||
            __builtin_add_overflow(extent, more, &extent))
            return -1;
    }
    return extent;
}

/* No gaps between those values, whose reach is known?  Sorts the digits by their factors. */
static bool contiguous(Digit *d, size_t n, int64_t extent)
{
    int64_t reach = extent;
    for (size_t i = 1; i < n; i++)
        for (size_t j = i; j > 0 && d[j - 1].factor > d[j].factor; j--) {
            Digit t = d[j];
            d[j] = d[j - 1];
            d[j - 1] = t;
        }
    for (size_t i = 0; i < n; i++) {
        if (d[i].values > 1 && d[i].factor > reach)
            return false;
        reach += d[i].factor * (d[i].values - 1);
    }
    return true;
}

/* Do the two take all combinations of their values: digits of one number, or of numbers that have
** no part in common? */
static bool independent(const Digit *a, const Digit *b)
{
    if (a->values == 1 || b->values == 1)
        return true;
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

/* Does the sum of the digits run through all of the numbers from 0 to its reach? */
static bool counts_up(Cover *c)
{
    if (c->least != 0 || reach_of(c->digit, c->n, 1) < 0)
        return false;
    for (size_t i = 0; i < c->n; i++)
        for (size_t k = 0; k < i; k++)
            if (!independent(&c->digit[i], &c->digit[k]))
                return false;
    return contiguous(c->digit, c->n, 1);
}

/* ---- the digits of an expression ---- */

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
    return reach_of(sum->digit, sum->n, 1);
}

/* e // n or e % n for a literal n that fits 32 bits. */
static bool is_by(const Node *e, Op op)
{
    return e->op == op && e->kid[1]->op == OP_IntImm && e->kid[1]->at.i > 0 &&
           e->kid[1]->at.i < INT32_MAX;
}

static bool add_digit(Cover *c, const Node *e, int64_t factor)
{
    Digit d = {.lo = 1, .factor = factor < 0 ? -factor : factor, .down = factor < 0};
    int64_t modulus = 0, more = 0;
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
    if (d.extent < 1 || d.lo > INT32_MAX || factor == 0 || c->n == DIGITS)
        return false;
    d.of = e;
    d.values = (d.extent - 1) / d.lo + 1;
    if (modulus && modulus < d.values)
        d.values = modulus;
    d.hi = modulus ? d.lo * modulus : d.extent;
    c->digit[c->n++] = d;
    return !d.down || (!__builtin_mul_overflow(factor, d.values - 1, &more) &&
                       !__builtin_add_overflow(c->least, more, &c->least));
}

static bool add_digits(Cover *c, const Node *e, int64_t factor)
{
    int64_t more;
    if (e->op == OP_IntImm)
        return !__builtin_mul_overflow(e->at.i, factor, &more) &&
               !__builtin_add_overflow(c->least, more, &c->least);
    if (e->op == OP_Add || e->op == OP_Sub)
        return add_digits(c, e->kid[0], factor) &&
               add_digits(c, e->kid[1], e->op == OP_Sub ? -factor : factor);
    int literal = e->op == OP_Mul && e->kid[0]->op == OP_IntImm ? 0 : 1;
    if (e->op == OP_Mul && e->kid[literal]->op == OP_IntImm) {
        int64_t times = e->kid[literal]->at.i;
        return times > -INT32_MAX && times < INT32_MAX && factor > -INT32_MAX &&
               factor < INT32_MAX && add_digits(c, e->kid[!literal], factor * times);
    }
    return add_digit(c, e, factor);
}

/* ---- digits of several axes ---- */

/* Is `a` a digit of the sum that b is a digit of, too?  So it is of a highest part: yo//4 is
** (yo*8 + yi)//32.  And what is cut off at hi is the same of each number that differs by multiples
** of hi: (yo*16 + yi)%48 is (yo*64 + yi)%48. */
static bool as_digit_of_sum(const Digit *a, const Digit *b, Digit *out)
{
    const Digit *top = &b->part[b->nparts - 1];
    int64_t hi = a->hi < a->extent ? a->hi : a->extent, reach;
    Linear apart = {0};
    *out = *a;
    out->of = b->of;
    out->extent = b->extent;
    out->nparts = b->nparts;
    out->part = b->part;
    out->hi = hi;
    if (linear_add(&apart, a->of, 1) && linear_add(&apart, b->of, -1) &&
        linear_is_multiple(&apart, hi))
        return true;
    return top->of == a->of && top->lo == 1 && top->hi == top->extent && !top->down &&
           !__builtin_mul_overflow(top->factor, top->extent, &reach) && reach == b->extent &&
           !__builtin_mul_overflow(a->lo, top->factor, &out->lo) &&
           !__builtin_mul_overflow(hi, top->factor, &out->hi);
}

/* Names all digits after the greatest number that they are digits of. */
static void find_numbers(Cover *c)
{
    Digit as;
    for (size_t i = 0; i < c->n; i++)
        for (size_t k = 0; k < c->n;)
            if (c->digit[k].nparts && c->digit[k].extent > c->digit[i].extent &&
                as_digit_of_sum(&c->digit[i], &c->digit[k], &as)) {
                c->digit[i] = as;
                k = 0;
            } else
                k++;
}

/* Do `reach` values from `least` on surely leave out a part of the domain? */
static bool outside(int64_t least, int64_t reach, const AxisSpan *domain)
{
    return least > domain->min->at.i || least + reach < domain->min->at.i + domain->extent;
}

/* An axis that is no sum of digits: if it is not known to be full, it may be known not to be. */
static Covering cover_other(const Cover *c, const AxisSpan *span, const AxisSpan *domain)
{
    const Node *least;
    int64_t width;
    return region_relax(c->A, span->min, 0, c->nloops, c->loops, &least, &width) &&
                   least->op == OP_IntImm && outside(least->at.i, width - 1 + span->extent, domain)
               ? COVER_GAP
               : COVER_UNTOLD;
}

/* The digits of an axis, c->digit[first] and those that follow. */
typedef struct AxisDigits {
    bool is_sum;
    size_t first, n;
    int64_t least;
} AxisDigits;

/* Is what they make, with the axis's span, all of the domain, and free of gaps and of digits that
** count elsewhere? */
static Covering cover_axis(Cover *c, const AxisDigits *axis, const AxisSpan *span,
                           const AxisSpan *domain)
{
    Digit *d = c->digit + axis->first;
    if (!axis->is_sum)
        return cover_other(c, span, domain);
    int64_t reach = reach_of(d, axis->n, span->extent);
    if (reach < 0 || axis->least > INT64_MAX - reach)
        return COVER_UNTOLD;
    if (outside(axis->least, reach, domain))
        return COVER_GAP;
    for (size_t i = 0; i < axis->n; i++)
        for (size_t k = 0; k < c->n; k++)
            if (&c->digit[k] != &d[i] && !independent(&d[i], &c->digit[k]))
                return COVER_UNTOLD;
    if (contiguous(d, axis->n, span->extent))
        return COVER_FULL;
    return reach == domain->extent ? COVER_GAP : COVER_UNTOLD; /* gaps may be outside of it */
}

Covering cover_box(Arena *A, size_t naxes, const AxisSpan *span, const AxisSpan *domain,
                   size_t nloops, const Node *const *loops, size_t *axis)
{
    Cover c; /* of the digits there is none yet */
    AxisDigits *digits = ARENA_ARRAY(A, AxisDigits, naxes);
    c.A = A;
    c.nloops = nloops;
    c.loops = loops;
    c.n = 0;
    for (size_t i = 0; i < naxes; i++) {
        size_t first = c.n;
        c.least = 0;
        bool is_sum = add_digits(&c, span[i].min, 1);
        if (!is_sum)
            c.n = first;
        digits[i] = (AxisDigits){is_sum, first, c.n - first, c.least};
    }
    find_numbers(&c);
    for (*axis = 0; *axis < naxes; ++*axis) {
        Covering one = cover_axis(&c, &digits[*axis], &span[*axis], &domain[*axis]);
        if (one != COVER_FULL)
            return one;
    }
    return COVER_FULL;
}
