/* distance.c -- equations between two touches, and bounds from them by propagation.
**
** Where both indices have a loop with the same factor, only the distance matters, and that is the
** variable; else the values of the loop at both touches are variables, too.  Quotients are
** variables with the row 0 <= base - n*q < n.  Each row narrows the bounds of each of its variables
** by those of the others, until nothing moves.
*/
#include "core/affine/distance.h"

#include "core/base/integer.h"

enum { VARS = 160, ROWS = 96, ROW_TERMS = 768, ROUNDS = 12 };

/* The limit of access.c on sums sees to it that no sum of a row, at the first touch
** less the second, wraps. */
typedef struct Row {
    int first, n;
    int64_t lo, hi; /* of the sum of its terms */
} Row;

typedef struct Equations {
    const Accesses *acc;
    const Place *place[2];
    int nvars, nrows, nterms;
    bool full, never;
    int64_t lo[VARS], hi[VARS];
    /* Variables of the atoms; -1 until they are needed */
    int distance[ACC_ATOMS], value[2][ACC_ATOMS];
    Row row[ROWS];
    FormTerm term[ROW_TERMS]; /* .atom is a variable here */
} Equations;

static int new_var(Equations *e, int64_t lo, int64_t hi)
{
    if (e->nvars == VARS) {
        e->full = true;
        return 0;
    }
    e->lo[e->nvars] = lo;
    e->hi[e->nvars] = hi;
    return e->nvars++;
}

static void put_term(Equations *e, int var, int64_t c)
{
    if (c == 0)
        return;
    if (e->nterms == ROW_TERMS)
        e->full = true;
    else
        e->term[e->nterms++] = (FormTerm){c, var};
}

/* The terms put since `first` are a row.  Rows that do not fit are left out, which
** only loses bounds. */
static void end_row(Equations *e, int first, int64_t lo, int64_t hi)
{
    if (e->full || e->nrows == ROWS) {
        e->full = true;
        e->nterms = first;
        return;
    }
    e->row[e->nrows++] = (Row){first, e->nterms - first, lo, hi};
}

static bool is_common(const Equations *e, int atom)
{
    const FormAtom *a = &e->acc->atom[atom];
    if (a->loop)
        return e->distance[atom] >= 0; /* `begin` gave one to each loop around both */
    for (int i = 0; i < a->base.n; i++)
        if (!is_common(e, e->acc->term[a->base.first + i].atom))
            return false;
    return true;
}

/* ---- variables ---- */

/* The base's distance is divisor times the quotient's, and less than the divisor more or less. */
static int distance_of(Equations *e, int atom)
{
    if (e->distance[atom] >= 0)
        return e->distance[atom];
    const FormAtom *a = &e->acc->atom[atom];
    int d = e->distance[atom] = new_var(e, a->lo - a->hi, a->hi - a->lo), part[FORM_TERMS];
    for (int i = 0; i < a->base.n; i++)
        part[i] = distance_of(e, e->acc->term[a->base.first + i].atom);
    int first = e->nterms;
    for (int i = 0; i < a->base.n; i++)
        put_term(e, part[i], e->acc->term[a->base.first + i].c);
    put_term(e, d, -a->divisor);
    end_row(e, first, 1 - a->divisor, a->divisor - 1);
    return d;
}

static int value_of(Equations *e, int side, int atom);

/* Begins a row with the terms of f at one of the touches; where it begins. */
static int put_values(Equations *e, int side, const Form *f)
{
    int var[FORM_TERMS];
    for (int i = 0; i < f->n; i++)
        var[i] = value_of(e, side, e->acc->term[f->first + i].atom);
    int first = e->nterms;
    for (int i = 0; i < f->n; i++)
        put_term(e, var[i], e->acc->term[f->first + i].c);
    return first;
}

static void bound_quotient(Equations *e, int side, int atom)
{
    const FormAtom *a = &e->acc->atom[atom];
    int first = put_values(e, side, &a->base);
    put_term(e, e->value[side][atom], -a->divisor);
    end_row(e, first, -a->base.c0, a->divisor - 1 - a->base.c0);
}

/* The atom's value at one of the touches; where the atom has a distance, the values
** at both are tied by it. */
static int value_of(Equations *e, int side, int atom)
{
    if (e->value[side][atom] >= 0)
        return e->value[side][atom];
    const FormAtom *a = &e->acc->atom[atom];
    bool both = is_common(e, atom);
    for (int s = 0; s < 2; s++)
        if (both || s == side)
            e->value[s][atom] = new_var(e, a->lo, a->hi);
    for (int s = 0; s < 2; s++)
        if (!a->loop && (both || s == side))
            bound_quotient(e, s, atom);
    if (both) {
        int d = distance_of(e, atom), first = e->nterms;
        put_term(e, e->value[0][atom], 1);
        put_term(e, d, 1);
        put_term(e, e->value[1][atom], -1);
        end_row(e, first, 0, 0);
    }
    return e->value[side][atom];
}

/* ---- rows ---- */

/* f at the first touch = g at the second.  The terms of both stand by atom. */
static void equate(Equations *e, const Form *f, const Form *g)
{
    const FormTerm *s = e->acc->term + f->first, *t = e->acc->term + g->first;
    const FormTerm *s_end = s + f->n, *t_end = t + g->n;
    FormTerm row[2 * FORM_TERMS];
    int n = 0;
    if (!f->known || !g->known)
        return;
    while (s < s_end || t < t_end) {
        bool in_f = s < s_end && (t == t_end || s->atom <= t->atom);
        bool in_g = t < t_end && (s == s_end || t->atom <= s->atom);
        if (in_f && in_g && s->c == t->c && is_common(e, s->atom)) {
            row[n++] = (FormTerm){-s->c, distance_of(e, s->atom)};
        } else {
            if (in_f)
                row[n++] = (FormTerm){s->c, value_of(e, 0, s->atom)};
            if (in_g)
                row[n++] = (FormTerm){-t->c, value_of(e, 1, t->atom)};
        }
        s += in_f;
        t += in_g;
    }
    int first = e->nterms;
    for (int i = 0; i < n; i++)
        put_term(e, row[i].atom, row[i].c);
    end_row(e, first, g->c0 - f->c0, g->c0 - f->c0);
}

static void limit_place(Equations *e, int side)
{
    const Place *p = e->place[side];
    for (int i = 0; i < p->nlimits; i++) {
        const FormLimit *l = &e->acc->limit[p->first_limit + i];
        const Form *f = &e->acc->form[l->form];
        if (!f->known)
            continue;
        int first = put_values(e, side, f);
        end_row(e, first, l->lo - f->c0, l->hi - f->c0);
    }
}

/* ---- propagation ---- */

/* c * v is in [lo, hi]. */
static bool narrow_var(Equations *e, int v, int64_t c, int64_t lo, int64_t hi)
{
    int64_t least = c > 0 ? -floor_div(-lo, c) : -floor_div(-hi, c);
    int64_t most = c > 0 ? floor_div(hi, c) : floor_div(lo, c);
    bool moved = false;
    if (least > e->lo[v]) {
        e->lo[v] = least > e->hi[v] ? e->hi[v] : least;
        e->never |= least > e->hi[v];
        moved = true;
    }
    if (most < e->hi[v]) {
        e->never |= most < e->lo[v];
        e->hi[v] = most < e->lo[v] ? e->lo[v] : most;
        moved = true;
    }
    return moved;
}

static int64_t least_of(const Equations *e, const FormTerm *t)
{
    return t->c > 0 ? t->c * e->lo[t->atom] : t->c * e->hi[t->atom];
}

static int64_t most_of(const Equations *e, const FormTerm *t)
{
    return t->c > 0 ? t->c * e->hi[t->atom] : t->c * e->lo[t->atom];
}

/* `done`: it holds for all that is left, and so says no more from now on. */
static bool narrow_row(Equations *e, const Row *r, bool *done)
{
    const FormTerm *t = e->term + r->first, *end = t + r->n;
    int64_t least = 0, most = 0;
    bool moved = false;
    for (const FormTerm *u = t; u < end; u++) {
        least += least_of(e, u);
        most += most_of(e, u);
    }
    if (least > r->hi || most < r->lo)
        return e->never = true;
    *done = least >= r->lo && most <= r->hi;
    if (*done)
        return false;
    for (; t < end && !e->never; t++) {
        if (e->lo[t->atom] == e->hi[t->atom])
            continue;
        int64_t a = least_of(e, t), b = most_of(e, t), low = r->lo - (most - b),
                high = r->hi - (least - a);
        if ((low <= a && b <= high) || !narrow_var(e, t->atom, t->c, low, high))
            continue;
        moved = true;
        least += least_of(e, t) - a;
        most += most_of(e, t) - b;
    }
    *done = least >= r->lo && most <= r->hi;
    return moved;
}

/* An equation whose factors have a common divisor that its constant has not. */
static bool no_integers(const Equations *e, const Row *r)
{
    uint64_t all = 0;
    int64_t rest = r->lo;
    if (r->lo != r->hi)
        return false;
    for (int i = 0; i < r->n && all != 1; i++) {
        const FormTerm *t = &e->term[r->first + i];
        if (e->lo[t->atom] == e->hi[t->atom])
            rest -= t->c * e->lo[t->atom];
        else
            all = gcd(magnitude(t->c), all);
    }
    return all > 1 ? rest % (int64_t)all != 0 : all == 0 && rest != 0;
}

static void propagate(Equations *e)
{
    bool moved = true;
    for (int round = 0; round < ROUNDS && moved && !e->never; round++) {
        int open = 0;
        moved = false;
        for (int i = 0; i < e->nrows && !e->never; i++) {
            bool done = false;
            moved |= narrow_row(e, &e->row[i], &done);
            if (!done)
                e->row[open++] = e->row[i];
        }
        e->nrows = open;
    }
    for (int i = 0; i < e->nrows && !e->never; i++)
        e->never = no_integers(e, &e->row[i]);
}

/* ---- the question ---- */

void distance_any(const Accesses *acc, const Place *p, const Place *q, Box *box)
{
    box->never = false;
    box->n = access_common(p, q);
    for (int i = 0; i < box->n; i++) {
        const FormAtom *a = &acc->atom[p->loop[i]];
        box->lo[i] = a->lo - a->hi;
        box->hi[i] = a->hi - a->lo;
    }
}

static void begin(Equations *e, const Accesses *acc, const Place *p, const Place *q, const Box *box)
{
    e->acc = acc;
    e->place[0] = p;
    e->place[1] = q;
    e->nvars = e->nrows = e->nterms = 0;
    e->full = e->never = false;
    for (int i = 0; i < acc->natoms; i++)
        e->distance[i] = e->value[0][i] = e->value[1][i] = -1;
    for (int i = 0; i < box->n; i++)
        e->distance[p->loop[i]] = new_var(e, box->lo[i], box->hi[i]);
}

static void finish(Equations *e, Box *box)
{
    limit_place(e, 0);
    limit_place(e, 1);
    propagate(e);
    box->never |= e->never;
    for (int i = 0; i < box->n; i++) {
        int v = e->distance[e->place[0]->loop[i]];
        box->lo[i] = e->lo[v];
        box->hi[i] = e->hi[v];
    }
}

void distance_narrow(const Accesses *acc, const Touch *a, const Touch *b, Box *box)
{
    Equations e;
    begin(&e, acc, &acc->place[a->place], &acc->place[b->place], box);
    for (size_t d = 0; d < ir_rank(a->buffer); d++)
        equate(&e, &acc->form[a->first_form + (int)d], &acc->form[b->first_form + (int)d]);
    finish(&e, box);
}

void distance_of_instance(const Accesses *acc, const Place *p, Box *box)
{
    Equations e;
    begin(&e, acc, p, p, box);
    for (int i = 0; i < p->naxes; i++)
        equate(&e, &acc->form[p->first_axis + i], &acc->form[p->first_axis + i]);
    finish(&e, box);
}
