/* simplify_index.c -- sums, quotients and order of int64 indices under ranges.
**
** What is done to sums holds modulo 2^64, always.  What is done to quotients, remainders and order
** needs the sums in them to be the numbers they look like; linear_exact proves it, or the
** expression stays. */
#include "core/ir/simplify_index.h"
#include "core/base/mutant.h"

/* The greatest common divisor, or 1 where that is no int64. */
static int64_t divisor(int64_t a, int64_t b)
{
    uint64_t g = gcd(magnitude(a), magnitude(b));
    return g > INT64_MAX ? 1 : (int64_t)g;
}

static bool exact(Simplifier *s, const Linear *l)
{
    i128 lo, hi;
    return linear_exact(&s->known, l, &lo, &hi);
}

/* l += scale * m */
static bool add_scaled(Linear *l, const Linear *m, int64_t scale)
{
    l->c0 = wrap_add(l->c0, wrap_mul(m->c0, scale));
    for (size_t i = 0; i < m->n; i++) {
        if (l->n == LINEAR_MAX)
            return false;
        linear_add_term(l, m->t[i].atom, wrap_mul(m->t[i].c, scale));
    }
    return true;
}

static void drop_term(Linear *l, size_t i)
{
    for (l->n--; i < l->n; i++)
        l->t[i] = l->t[i + 1];
}

/* The sum as a node in canonical order, `was` itself if that is how it is spelt. */
static const Node *spell(Simplifier *s, Linear *l, const Node *was)
{
    linear_sort(l, &s->known);
    return was && linear_is(l, was) ? was : linear_build(s->A, l);
}

/* out += sum `op` k as a node of its own. */
static bool add_quotient_node(Simplifier *s, Linear *out, Op op, Linear *sum, int64_t k,
                              const Node *was)
{
    bool alike = was && was->op == op && ir_is_int(was->kid[1], k);
    const Node *a = spell(s, sum, alike ? was->kid[0] : NULL);
    const Node *n = alike && a == was->kid[0] ? was : ir_binary(s->A, op, a, ir_idx(s->A, k));
    return linear_add(out, n, 1);
}

/* ---- quotients ---- */

static bool remainder_of(Simplifier *s, const Linear *e, int64_t k, Linear *out, const Node *was);

/* The part of r that is no multiple of g, where that part lies in 0 .. g-1; the rest
** divided by g. */
static bool split_small(Simplifier *s, const Linear *r, int64_t g, Linear *rest, Linear *small)
{
    i128 lo, hi;
    *rest = *small = (Linear){0};
    small->c0 = (int64_t)(r->c0 - floor_div_wide(r->c0, g) * g);
    rest->c0 = (int64_t)floor_div_wide(r->c0, g);
    for (size_t i = 0; i < r->n; i++) {
        bool multiple = r->t[i].c % g == 0;
        Linear *to = multiple ? rest : small;
        to->t[to->n++] = (Term){r->t[i].atom, multiple ? r->t[i].c / g : r->t[i].c};
    }
    return linear_bounds(&s->known, small, &lo, &hi) && lo >= 0 && hi < g;
}

/* The largest g > 1 that divides k and a coefficient, below `than`; 0 if there is none. */
static int64_t next_factor(const Linear *r, int64_t k, int64_t than)
{
    int64_t best = 0;
    for (size_t i = 0; i < r->n; i++) {
        int64_t g = divisor(k, r->t[i].c);
        if (g > best && g < than)
            best = g;
    }
    return best > 1 ? best : 0;
}

static bool quotient_of(Simplifier *s, const Linear *e, int64_t k, Linear *out, const Node *was);

/* One atom: (t // j) // k is t // (j*k), and (t % m) // k is (t // k) % (m // k)
** where k divides m. */
static bool quotient_of_atom(Simplifier *s, const Node *atom, int64_t k, Linear *out, bool *done)
{
    Linear t = {0}, q = {0};
    *done = false;
    if (is_by_literal(atom, OP_FloorDiv)) {
        int64_t j = atom->kid[1]->at.i, jk;
        if (__builtin_mul_overflow(j, k, &jk) || !linear_add(&t, atom->kid[0], 1))
            return true;
        *done = true;
        return exact(s, &t) ? quotient_of(s, &t, jk, out, NULL)
                            : add_quotient_node(s, out, OP_FloorDiv, &t, jk, NULL);
    }
    if (is_by_literal(atom, OP_FloorMod) && atom->kid[1]->at.i % k == 0 && atom->kid[1]->at.i > k) {
        if (!linear_add(&t, atom->kid[0], 1) || !exact(s, &t))
            return true;
        *done = true;
        return quotient_of(s, &t, k, &q, NULL) &&
               remainder_of(s, &q, atom->kid[1]->at.i / k, out, NULL);
    }
    return true;
}

/* out += e // k for an exact e and k > 0. */
static bool quotient_of(Simplifier *s, const Linear *e, int64_t k, Linear *out, const Node *was)
{
    Linear r = {.c0 = e->c0 % k}, rest, small;
    i128 lo, hi;
    if (--s->fuel < 0)
        return false;
    out->c0 = wrap_add(out->c0, e->c0 / k);
    for (size_t i = 0; i < e->n; i++) {
        if (out->n == LINEAR_MAX)
            return false;
        if (e->t[i].c % k == 0)
            linear_add_term(out, e->t[i].atom, e->t[i].c / k);
        else
            r.t[r.n++] = e->t[i];
    }
    if (!linear_exact(&s->known, &r, &lo, &hi))
        return false;
    if (MUTANT(simplify_quotient_truncates, floor_div_wide(lo, k) == floor_div_wide(hi, k),
               lo / k == hi / k)) {
        out->c0 = wrap_add(
            out->c0, (int64_t)MUTANT(simplify_quotient_truncates, floor_div_wide(lo, k), lo / k));
        return true;
    }
    for (int64_t g = k; (g = next_factor(&r, k, g)) != 0;)
        if (split_small(s, &r, g, &rest, &small))
            return quotient_of(s, &rest, k / g, out, NULL);
    if (r.n == 1 && r.c0 == 0 && r.t[0].c == 1) {
        bool done;
        bool ok = quotient_of_atom(s, r.t[0].atom, k, out, &done);
        if (done || !ok)
            return ok;
    }
    return add_quotient_node(s, out, OP_FloorDiv, &r, k, was);
}

/* r with each c*(t % m) replaced by c*t where c*m is a multiple of k: the same modulo k. */
static bool without_remainders(Simplifier *s, Linear *r, int64_t k, bool power)
{
    for (size_t i = 0; i < r->n; i++) {
        const Node *atom = r->t[i].atom;
        if (!is_by_literal(atom, OP_FloorMod) || (i128)r->t[i].c * atom->kid[1]->at.i % k != 0)
            continue;
        Linear now = *r, t = {0};
        drop_term(&now, i);
        if (!linear_add(&t, atom->kid[0], 1))
            continue;
        bool added = power ? add_scaled(&now, &t, r->t[i].c)
                           : exact(s, &t) && linear_add_exactly(&now, &t, r->t[i].c);
        if (!added)
            continue;
        now.c0 %= k;
        for (size_t j = 0; j < now.n; j++)
            if ((now.t[j].c %= k) == 0)
                drop_term(&now, j--);
        if (!power && !exact(s, &now))
            continue;
        *r = now;
        return true;
    }
    return false;
}

/* out += e % k for k > 0 and an exact e; any e will do where k is a power of two, as
** 2^64 is a multiple of it. */
static bool remainder_of(Simplifier *s, const Linear *e, int64_t k, Linear *out, const Node *was)
{
    Linear r = {.c0 = e->c0 % k}, rest, small, inner = {0};
    bool power = (k & (k - 1)) == 0;
    i128 lo, hi;
    for (size_t i = 0; i < e->n; i++)
        if (e->t[i].c % k != 0)
            r.t[r.n++] = (Term){e->t[i].atom, e->t[i].c % k};
    do
        if (--s->fuel < 0)
            return false;
    while (without_remainders(s, &r, k, power));
    bool is_exact = linear_exact(&s->known, &r, &lo, &hi);
    if (!is_exact && !power)
        return false;
    if (is_exact && floor_div_wide(lo, k) == floor_div_wide(hi, k)) {
        r.c0 = wrap_add(r.c0, (int64_t)(-floor_div_wide(lo, k) * k));
        return add_scaled(out, &r, 1);
    }
    for (int64_t g = k; is_exact && (g = next_factor(&r, k, g)) != 0;)
        if (split_small(s, &r, g, &rest, &small))
            return remainder_of(s, &rest, k / g, &inner, NULL) && add_scaled(out, &inner, g) &&
                   add_scaled(out, &small, 1);
    return add_quotient_node(s, out, OP_FloorMod, &r, k, was);
}

/* ---- sums ---- */

/* Does the quotient t // K belong to the remainder u % m: is it u // m? */
static bool belong(const Node *div, const Node *mod)
{
    const Node *t = div->kid[0], *u = mod->kid[0];
    int64_t K = div->kid[1]->at.i, m = mod->kid[1]->at.i, jm;
    if (K == m && ir_same(t, u))
        return true;
    return is_by_literal(u, OP_FloorDiv) && ir_same(t, u->kid[0]) &&
           !__builtin_mul_overflow(u->kid[1]->at.i, m, &jm) && jm == K;
}

/* c*m*(u // m) + c*(u % m) is c*u, and c*t - c*k*(t // k) is c*(t % k).  One such step. */
static bool rejoin(Simplifier *s, Linear *l)
{
    for (size_t i = 0; i < l->n; i++) {
        Term d = l->t[i];
        if (!is_by_literal(d.atom, OP_FloorDiv))
            continue;
        for (size_t j = 0; j < l->n; j++) {
            Term m = l->t[j];
            bool whole = is_by_literal(m.atom, OP_FloorMod) && belong(d.atom, m.atom) &&
                         d.c == wrap_mul(m.c, m.atom->kid[1]->at.i);
            bool part = ir_same(m.atom, d.atom->kid[0]) &&
                        d.c == wrap_mul(wrap_neg(m.c), d.atom->kid[1]->at.i);
            if (!whole && !part)
                continue;
            Linear now = *l, t = {0}, r = {0};
            drop_term(&now, i > j ? i : j);
            drop_term(&now, i > j ? j : i);
            bool ok = whole ? linear_add(&now, m.atom->kid[0], m.c)
                            : linear_add(&t, m.atom, 1) &&
                                  remainder_of(s, &t, d.atom->kid[1]->at.i, &r, NULL) &&
                                  add_scaled(&now, &r, m.c);
            if (ok)
                *l = now;
            return ok;
        }
    }
    return false;
}

/* l += scale * n, where the parts of n that are no sums are made simple first. */
static bool gather(Simplifier *s, Linear *l, const Node *n, int64_t scale)
{
    const Node *const *kid = n->kid;
    if (--s->fuel < 0)
        return false;
    switch ((Op)n->op) {
    case OP_Add: return gather(s, l, kid[0], scale) && gather(s, l, kid[1], scale);
    case OP_Sub: return gather(s, l, kid[0], scale) && gather(s, l, kid[1], wrap_neg(scale));
    case OP_Neg: return gather(s, l, kid[0], wrap_neg(scale));
    case OP_Mul:
        if (kid[1]->op == OP_IntImm)
            return gather(s, l, kid[0], wrap_mul(scale, kid[1]->at.i));
        if (kid[0]->op == OP_IntImm)
            return gather(s, l, kid[1], wrap_mul(scale, kid[0]->at.i));
        n = ir_with_kids(s->A, n, (const Node *const[]){simp(s, kid[0]), simp(s, kid[1])});
        return linear_add(l, n, scale);
    default: return linear_add(l, simp(s, n), scale);
    }
}

const Node *simp_sum(Simplifier *s, const Node *n)
{
    Linear l = {0};
    if (!gather(s, &l, n, 1))
        return n;
    while (s->fuel > 0 && rejoin(s, &l))
        s->fuel--;
    return spell(s, &l, n);
}

/* ---- roots ---- */

/* Quotients of which the divisor is no literal, or whose dividend may wrap. */
static const Node *plain_quotient(Simplifier *s, const Node *n)
{
    const Node *a = n->kid[0], *b = n->kid[1];
    Interval x = interval_of(&s->known, a);
    if (x.lo >= 0 && comparison_holds(&s->known, OP_Lt, a, b) == 1)
        return n->op == OP_FloorMod ? a : ir_idx(s->A, 0);
    if (n->op == OP_Div && x.lo >= 0 && interval_of(&s->known, b).lo >= 0)
        return ir_binary(s->A, OP_FloorDiv, a, b);
    return n;
}

const Node *simp_quotient(Simplifier *s, const Node *n)
{
    Linear e = {0}, out = {0};
    if (!is_by_literal(n, n->op) || n->op == OP_Div)
        return plain_quotient(s, n);
    int64_t k = n->kid[1]->at.i;
    bool power = n->op == OP_FloorMod && (k & (k - 1)) == 0;
    if (!linear_add(&e, n->kid[0], 1) || (!power && !exact(s, &e)))
        return n;
    bool ok =
        n->op == OP_FloorDiv ? quotient_of(s, &e, k, &out, n) : remainder_of(s, &e, k, &out, n);
    if (!ok)
        return n;
    while (s->fuel > 0 && rejoin(s, &out))
        s->fuel--;
    return spell(s, &out, n);
}

const Node *simp_minmax(Simplifier *s, const Node *n)
{
    const Node *a = n->kid[0], *b = n->kid[1];
    if (comparison_holds(&s->known, OP_Le, a, b) == 1)
        return n->op == OP_Min ? a : b;
    if (comparison_holds(&s->known, OP_Ge, a, b) == 1)
        return n->op == OP_Min ? b : a;
    return n;
}

static Op flipped(Op op)
{
    return op == OP_Lt   ? OP_Gt
           : op == OP_Le ? OP_Ge
           : op == OP_Gt ? OP_Lt
           : op == OP_Ge ? OP_Le
                         : op;
}

/* sum `op` bound with the common factor of the sum taken out: 8*y + x < 64 is y < 8
** where 0 <= x < 8. */
static void divide_sides(Simplifier *s, Op op, Linear *sum, int64_t *bound)
{
    /* y < T and y >= T change truth at one T; <= and > are those at T + 1. */
    bool later = op == OP_Le || op == OP_Gt;
    i128 T = (i128)*bound + later;
    for (int64_t g = INT64_MAX; s->fuel > 0 && (g = next_factor(sum, 0, g)) != 0;) {
        Linear rest, small;
        s->fuel--;
        if (!split_small(s, sum, g, &rest, &small) || rest.n == 0)
            continue;
        if (small.n > 0 && floor_div_wide(T, g) * g != T)
            continue;
        T = floor_div_wide(T - small.c0 + g - 1, g) - rest.c0;
        rest.c0 = 0;
        *sum = rest;
        g = INT64_MAX;
    }
    if (T - later >= INT64_MIN && T - later <= INT64_MAX)
        *bound = (int64_t)(T - later);
}

/* Terms that count to the left, negative ones to the right, the constant at the right. */
static const Node *balanced(Simplifier *s, const Node *n, const Linear *d)
{
    Linear left = {0}, right = {0};
    Op op = n->op;
    bool equality = op == OP_Eq || op == OP_Ne;
    for (size_t i = 0; i < d->n; i++) {
        if (d->t[i].c == INT64_MIN)
            return n;
        Linear *to = d->t[i].c > 0 ? &left : &right;
        to->t[to->n++] = (Term){d->t[i].atom, d->t[i].c > 0 ? d->t[i].c : -d->t[i].c};
    }
    right.c0 = wrap_neg(d->c0);
    if (left.n == 0) {
        Linear swap = left;
        left = right;
        right = swap;
        right.c0 = d->c0;
        left.c0 = 0;
        op = flipped(op);
    }
    bool sure = exact(s, &left) && exact(s, &right) && d->c0 != INT64_MIN;
    if (!sure && !equality)
        return n;
    if (sure && right.n == 0 && !equality)
        divide_sides(s, op, &left, &right.c0);
    if (sure && right.n == 0 && equality) {
        int64_t g = 0;
        for (size_t i = 0; i < left.n; i++)
            g = divisor(g, left.t[i].c);
        if (right.c0 % g != 0)
            return ir_bool(s->A, op == OP_Ne);
        for (size_t i = 0; i < left.n; i++)
            left.t[i].c /= g;
        right.c0 /= g;
    }
    const Node *a = spell(s, &left, n->kid[0]), *b = spell(s, &right, n->kid[1]);
    return op == n->op && a == n->kid[0] && b == n->kid[1] ? n : ir_binary(s->A, op, a, b);
}

const Node *simp_compare(Simplifier *s, const Node *n)
{
    Linear d = {0}, b = {0};
    i128 lo, hi;
    int holds = comparison_holds(&s->known, n->op, n->kid[0], n->kid[1]);
    if (holds >= 0)
        return ir_bool(s->A, holds);
    if (n->kid[0]->type != DT_int64 || !linear_add(&d, n->kid[0], 1) ||
        !linear_add(&b, n->kid[1], 1))
        return n;
    if (n->op != OP_Eq && n->op != OP_Ne &&
        (!linear_exact(&s->known, &d, &lo, &hi) || !linear_exact(&s->known, &b, &lo, &hi)))
        return n;
    if (!linear_add_exactly(&d, &b, -1))
        return n;
    if (d.n == 0)
        return n->op == OP_Eq || n->op == OP_Ne ? ir_bool(s->A, (d.c0 == 0) == (n->op == OP_Eq))
                                                : n;
    return balanced(s, n, &d);
}
