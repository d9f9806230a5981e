/* linear.c -- sums of int64 terms: gathering, ordering, writing down. */
#include "core/ir/linear.h"

#include <string.h>

static int64_t shifted(int64_t scale, int64_t by)
{
    return (int64_t)((uint64_t)scale << by);
}

void linear_add_term(Linear *l, const Node *atom, int64_t c)
{
    for (size_t i = 0; i < l->n; i++) {
        if (!ir_same(l->t[i].atom, atom))
            continue;
        l->t[i].c = wrap_add(l->t[i].c, c);
        if (l->t[i].c == 0)
            memmove(&l->t[i], &l->t[i + 1], (--l->n - i) * sizeof *l->t);
        return;
    }
    if (c != 0)
        l->t[l->n++] = (Term){atom, c};
}

bool linear_add(Linear *l, const Node *n, int64_t scale)
{
    const Node *const *kid = n->kid;
    if (n->type != DT_int64)
        return false;
    switch ((Op)n->op) {
    case OP_IntImm: l->c0 = wrap_add(l->c0, wrap_mul(n->at.i, scale)); return true;
    case OP_Add: return linear_add(l, kid[0], scale) && linear_add(l, kid[1], scale);
    case OP_Sub: return linear_add(l, kid[0], scale) && linear_add(l, kid[1], wrap_neg(scale));
    case OP_Neg: return linear_add(l, kid[0], wrap_neg(scale));
    case OP_Mul:
        if (kid[1]->op == OP_IntImm)
            return linear_add(l, kid[0], wrap_mul(scale, kid[1]->at.i));
        if (kid[0]->op == OP_IntImm)
            return linear_add(l, kid[1], wrap_mul(scale, kid[0]->at.i));
        break;
    case OP_Shl:
        if (kid[1]->op == OP_IntImm && kid[1]->at.i >= 0 && kid[1]->at.i < 64)
            return linear_add(l, kid[0], shifted(scale, kid[1]->at.i));
        break;
    default: break;
    }
    if (l->n == LINEAR_MAX)
        return false;
    linear_add_term(l, n, scale);
    return true;
}

bool linear_add_exactly(Linear *l, const Linear *m, int64_t scale)
{
    int64_t c, now;
    if (__builtin_mul_overflow(m->c0, scale, &c) || __builtin_add_overflow(l->c0, c, &l->c0))
        return false;
    for (size_t i = 0; i < m->n; i++) {
        if (l->n == LINEAR_MAX || __builtin_mul_overflow(m->t[i].c, scale, &c))
            return false;
        for (size_t j = 0; j < l->n; j++)
            if (ir_same(l->t[j].atom, m->t[i].atom) && __builtin_add_overflow(l->t[j].c, c, &now))
                return false;
        linear_add_term(l, m->t[i].atom, c);
    }
    return true;
}

bool linear_coefficient(const Linear *l, const Node *var, int64_t *c)
{
    *c = 0;
    for (size_t i = 0; i < l->n; i++) {
        if (l->t[i].atom == var)
            *c = l->t[i].c;
        else if (ir_mentions(l->t[i].atom, var))
            return false;
    }
    return true;
}

bool linear_is_multiple(const Linear *l, int64_t n)
{
    bool all = l->c0 % n == 0;
    for (size_t i = 0; i < l->n; i++)
        all &= l->t[i].c % n == 0;
    return all;
}

/* ---- order ---- */

/* The outermost loop that the expression mentions, by its place among the ranges; only so many
** nodes are looked at, for shared subexpressions have many paths. */
static size_t outermost(const Known *k, const Node *n, int *budget)
{
    if (--*budget < 0)
        return SIZE_MAX;
    if (n->op == OP_Var) {
        for (size_t i = 0; i < k->n; i++)
            if (k->at[i].var == n)
                return i;
        return k->n;
    }
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < n->nkids && n->op != OP_Load; i++) {
        size_t one = outermost(k, n->kid[i], budget);
        best = one < best ? one : best;
    }
    return best;
}

void linear_sort(Linear *l, const Known *k)
{
    size_t rank[LINEAR_MAX];
    for (size_t i = 0; i < l->n; i++) {
        int budget = 64;
        rank[i] = l->n > 1 ? outermost(k, l->t[i].atom, &budget) : 0;
    }
    for (size_t i = 1; i < l->n; i++) {
        Term t = l->t[i];
        size_t r = rank[i], j = i;
        for (; j > 0; j--) {
            const Term *u = &l->t[j - 1];
            bool after = (u->c < 0) != (t.c < 0)             ? u->c < 0
                         : magnitude(u->c) != magnitude(t.c) ? magnitude(u->c) < magnitude(t.c)
                                                             : rank[j - 1] > r;
            if (!after)
                break;
            l->t[j] = *u;
            rank[j] = rank[j - 1];
        }
        l->t[j] = t;
        rank[j] = r;
    }
}

/* ---- spelling ---- */

/* The summands in the order in which they are written: the terms, then the constant, which goes
** first where it alone is positive.  A NULL atom is the constant. */
static size_t summands(const Linear *l, Term out[LINEAR_MAX + 1])
{
    size_t n = 0;
    bool first = l->c0 > 0 && l->n > 0 && l->t[0].c < 0;
    if (first)
        out[n++] = (Term){NULL, l->c0};
    for (size_t i = 0; i < l->n; i++)
        out[n++] = l->t[i];
    if (!first && (l->c0 != 0 || l->n == 0))
        out[n++] = (Term){NULL, l->c0};
    return n;
}

/* Is it written as a subtraction of its magnitude? */
static bool subtracted(const Term *t)
{
    return t->c < 0 && t->c != INT64_MIN;
}

static const Node *product(Arena *A, const Node *atom, int64_t c)
{
    if (!atom)
        return ir_idx(A, c);
    return c == 1 ? atom
                  : ir_make(A, OP_Mul, DT_int64, (Attr){0}, 2,
                            (const Node *const[]){atom, ir_idx(A, c)});
}

static bool is_product(const Node *n, const Node *atom, int64_t c)
{
    if (!atom)
        return ir_is_int(n, c);
    return c == 1 ? ir_same(n, atom)
                  : n->op == OP_Mul && ir_same(n->kid[0], atom) && ir_is_int(n->kid[1], c);
}

const Node *linear_build(Arena *A, const Linear *l)
{
    Term s[LINEAR_MAX + 1];
    size_t n = summands(l, s);
    const Node *sum = s[0].atom && s[0].c == -1
                          ? ir_make(A, OP_Neg, DT_int64, (Attr){0}, 1, &s[0].atom)
                          : product(A, s[0].atom, s[0].c);
    for (size_t i = 1; i < n; i++) {
        bool sub = subtracted(&s[i]);
        const Node *pair[2] = {sum, product(A, s[i].atom, sub ? -s[i].c : s[i].c)};
        sum = ir_make(A, sub ? OP_Sub : OP_Add, DT_int64, (Attr){0}, 2, pair);
    }
    return sum;
}

bool linear_is(const Linear *l, const Node *n)
{
    Term s[LINEAR_MAX + 1];
    for (size_t i = summands(l, s); --i > 0; n = n->kid[0]) {
        bool sub = subtracted(&s[i]);
        if (n->op != (sub ? OP_Sub : OP_Add) ||
            !is_product(n->kid[1], s[i].atom, sub ? -s[i].c : s[i].c))
            return false;
    }
    if (s[0].atom && s[0].c == -1)
        return n->op == OP_Neg && ir_same(n->kid[0], s[0].atom);
    return is_product(n, s[0].atom, s[0].c);
}

/* ---- bounds ---- */

bool linear_bounds(Known *k, const Linear *l, i128 *lo, i128 *hi)
{
    const i128 most = (i128)1 << 120;
    *lo = *hi = l->c0;
    for (size_t i = 0; i < l->n; i++) {
        Interval v = interval_of(k, l->t[i].atom);
        i128 c = l->t[i].c, a = c * v.lo, b = c * v.hi;
        *lo += a < b ? a : b;
        *hi += a < b ? b : a;
        if (*lo < -most || *hi > most)
            return false;
    }
    return true;
}

bool linear_exact(Known *k, const Linear *l, i128 *lo, i128 *hi)
{
    return linear_bounds(k, l, lo, hi) && fits64(*lo, *hi);
}
