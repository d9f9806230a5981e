/* form.c -- expressions as sums of multiples of atoms.
**
** An atom is a loop, or the quotient of such a sum by a literal; so are remainders sums, and equal
** sums are written alike. */
#include "core/affine/form.h"

#include <stdlib.h>

#include "core/base/integer.h"

/* A Form under construction. */
typedef struct Sum {
    int64_t c0;
    int n;
    bool known;
    FormTerm t[FORM_TERMS];
} Sum;

int form_no_room(Accesses *a)
{
    a->full = true;
    return 0;
}

/* ---- sums ---- */

/* Of the terms none is there yet; they stay as they are. */
static void sum_begin(Sum *s, int64_t c0)
{
    s->c0 = c0;
    s->n = 0;
    s->known = true;
}

static void sum_unknown(Sum *s)
{
    s->known = false;
}

static void add_term(Sum *s, int atom, int64_t c)
{
    for (int i = 0; i < s->n; i++)
        if (s->t[i].atom == atom) {
            if (__builtin_add_overflow(s->t[i].c, c, &s->t[i].c))
                sum_unknown(s);
            if (s->t[i].c == 0)
                s->t[i] = s->t[--s->n];
            return;
        }
    if (c == 0)
        return;
    if (s->n == FORM_TERMS)
        sum_unknown(s);
    else
        s->t[s->n++] = (FormTerm){c, atom};
}

/* s += scale * (c0 and the terms) */
static void add_scaled(Sum *s, int64_t c0, const FormTerm *t, int n, int64_t scale)
{
    int64_t c;
    if (__builtin_mul_overflow(c0, scale, &c) || __builtin_add_overflow(s->c0, c, &s->c0))
        sum_unknown(s);
    for (int i = 0; i < n && s->known; i++) {
        if (__builtin_mul_overflow(t[i].c, scale, &c))
            sum_unknown(s);
        else
            add_term(s, t[i].atom, c);
    }
}

static bool within_limit(int64_t x)
{
    return x >= -FORM_FAR && x <= FORM_FAR;
}

/* The bounds of the sum; false, and nothing is known of it, if it is beyond FORM_FAR. */
static bool sum_bounds(const Accesses *a, Sum *s, int64_t *lo, int64_t *hi)
{
    int64_t least = s->c0, most = s->c0, x, y;
    int64_t size = within_limit(s->c0) ? llabs(s->c0) : INT64_MAX;
    for (int i = 0; i < s->n && size <= FORM_FAR; i++) {
        const FormAtom *at = &a->atom[s->t[i].atom];
        if (__builtin_mul_overflow(s->t[i].c, at->lo, &x) ||
            __builtin_mul_overflow(s->t[i].c, at->hi, &y) || !within_limit(s->t[i].c) ||
            !within_limit(x) || !within_limit(y)) {
            size = INT64_MAX;
            break;
        }
        int64_t low = x < y ? x : y, high = x < y ? y : x;
        least += low;
        most += high;
        size += high > -low ? high : -low;
    }
    if (size > FORM_FAR)
        sum_unknown(s);
    *lo = s->known ? least : 0;
    *hi = s->known ? most : 0;
    return s->known;
}

/* Terms by atom, so that equal sums are written alike. */
static void sort_terms(Sum *s)
{
    for (int i = 1; i < s->n; i++) {
        FormTerm t = s->t[i];
        int j = i;
        for (; j > 0 && s->t[j - 1].atom > t.atom; j--)
            s->t[j] = s->t[j - 1];
        s->t[j] = t;
    }
}

static Form keep_sum(FormEnv *v, Sum *s)
{
    Accesses *a = v->out;
    Form f = {.c0 = s->c0, .first = a->nterms, .n = s->n};
    sum_bounds(a, s, &f.lo, &f.hi);
    f.known = s->known;
    if (a->nterms + s->n > ACC_TERMS) {
        form_no_room(v->out);
        return (Form){0};
    }
    sort_terms(s);
    mem_copy(a->term + a->nterms, s->t, (size_t)s->n * sizeof *s->t);
    a->nterms += s->n;
    return f;
}

static int add_form(FormEnv *v, Form f)
{
    Accesses *a = v->out;
    if (a->nforms == ACC_FORMS)
        return form_no_room(v->out);
    a->form[a->nforms] = f;
    return a->nforms++;
}

static int new_form(FormEnv *v, Sum *s)
{
    return add_form(v, keep_sum(v, s));
}

/* ---- atoms ---- */

static bool same_sum(const Accesses *a, const Form *f, const Sum *s)
{
    if (f->c0 != s->c0 || f->n != s->n)
        return false;
    for (int i = 0; i < f->n; i++)
        if (a->term[f->first + i].atom != s->t[i].atom || a->term[f->first + i].c != s->t[i].c)
            return false;
    return true;
}

static int quotient_atom(FormEnv *v, Sum *s, int64_t divisor, int64_t lo, int64_t hi)
{
    Accesses *a = v->out;
    sort_terms(s);
    for (int i = 0; i < a->natoms; i++)
        if (!a->atom[i].loop && a->atom[i].divisor == divisor && same_sum(a, &a->atom[i].base, s))
            return i;
    if (a->natoms == ACC_ATOMS)
        return form_no_room(v->out);
    Form base = keep_sum(v, s);
    a->atom[a->natoms] = (FormAtom){.base = base, .divisor = divisor, .lo = lo, .hi = hi};
    return a->natoms++;
}

/* s // n: what n divides comes out, (e // m) // n is e // (m*n), and a quotient of
** one value is that value. */
static void divide(FormEnv *v, Sum *s, int64_t n)
{
    Accesses *a = v->out;
    Sum rest, whole;
    sum_begin(&whole, floor_div(s->c0, n));
    sum_begin(&rest, s->c0 - whole.c0 * n);
    for (int i = 0; i < s->n; i++)
        if (s->t[i].c % n == 0)
            add_term(&whole, s->t[i].atom, s->t[i].c / n);
        else
            add_term(&rest, s->t[i].atom, s->t[i].c);
    const FormAtom *only =
        rest.n == 1 && rest.t[0].c == 1 && rest.c0 == 0 ? &a->atom[rest.t[0].atom] : NULL;
    int64_t both;
    if (only && !only->loop && !__builtin_mul_overflow(only->divisor, n, &both) &&
        within_limit(both)) {
        n = both;
        Form base = only->base;
        sum_begin(&rest, 0);
        add_scaled(&rest, base.c0, a->term + base.first, base.n, 1);
    }
    int64_t lo, hi;
    *s = whole;
    if (!sum_bounds(a, &rest, &lo, &hi)) {
        sum_unknown(s);
        return;
    }
    lo = floor_div(lo, n);
    hi = floor_div(hi, n);
    if (lo == hi)
        s->c0 += lo;
    else
        add_term(s, quotient_atom(v, &rest, n, lo, hi), 1);
}

/* ---- expressions ---- */

static void sum_of(FormEnv *v, const Node *e, int64_t scale, Sum *out);

static void quotient_of(FormEnv *v, const Node *e, int64_t scale, Sum *out)
{
    int64_t n = ir_const_int(e->kid[1], 0), lo, hi, times = scale;
    Sum s;
    sum_begin(&s, 0);
    if (n > 0)
        sum_of(v, e->kid[0], 1, &s);
    if (n <= 0 || n > FORM_FAR || !s.known || !sum_bounds(v->out, &s, &lo, &hi) ||
        (e->op == OP_FloorMod && __builtin_mul_overflow(-scale, n, &times))) {
        sum_unknown(out);
        return;
    }
    Sum q = s;
    divide(v, &q, n);
    if (!q.known) {
        sum_unknown(out);
        return;
    }
    if (e->op == OP_FloorMod)
        add_scaled(out, s.c0, s.t, s.n, scale);
    add_scaled(out, q.c0, q.t, q.n, times);
}

/* What is known of the variable's value; NULL: nothing. */
static const Form *form_of_var(const FormEnv *v, const Node *var)
{
    for (int i = v->n; i-- > 0;)
        if (v->at[i].var == var) {
            const Form *f = &v->out->form[v->at[i].form];
            return f->known ? f : NULL;
        }
    return NULL;
}

static void add_variable(FormEnv *v, const Node *var, int64_t scale, Sum *out)
{
    const Form *f = form_of_var(v, var);
    const FormTerm *t = f ? v->out->term + f->first : NULL;
    if (f && f->n == 1 && f->c0 == 0 && t->c == 1) /* a loop */
        add_term(out, t->atom, scale);
    else if (f)
        add_scaled(out, f->c0, v->out->term + f->first, f->n, scale);
    else
        sum_unknown(out);
}

/* out += scale * e */
static void sum_of(FormEnv *v, const Node *e, int64_t scale, Sum *out)
{
    int64_t c;
    if (!out->known || e->type != DT_int64) {
        sum_unknown(out);
        return;
    }
    switch ((Op)e->op) {
    case OP_IntImm: add_scaled(out, e->at.i, NULL, 0, scale); return;
    case OP_Var: add_variable(v, e, scale, out); return;
    case OP_Add:
        sum_of(v, e->kid[0], scale, out);
        sum_of(v, e->kid[1], scale, out);
        return;
    case OP_Sub:
        sum_of(v, e->kid[0], scale, out);
        sum_of(v, e->kid[1], -scale, out);
        return;
    case OP_Neg: sum_of(v, e->kid[0], -scale, out); return;
    case OP_Mul: {
        int literal = e->kid[1]->op == OP_IntImm;
        if (e->kid[literal]->op != OP_IntImm ||
            __builtin_mul_overflow(scale, e->kid[literal]->at.i, &c) || !within_limit(c))
            sum_unknown(out);
        else
            sum_of(v, e->kid[!literal], c, out);
        return;
    }
    case OP_FloorDiv:
    case OP_FloorMod: quotient_of(v, e, scale, out); return;
    default: sum_unknown(out); return;
    }
}

int form_of(FormEnv *v, const Node *e)
{
    const Form *same = e->op == OP_Var && e->type == DT_int64 ? form_of_var(v, e) : NULL;
    if (same)
        return add_form(v, *same);
    Sum s;
    sum_begin(&s, 0);
    sum_of(v, e, 1, &s);
    return new_form(v, &s);
}

void form_bind(FormEnv *v, const Node *var, int form)
{
    if (v->n == ENV_VARS)
        form_no_room(v->out);
    else
        v->at[v->n++] = (FormBinding){var, form};
}

int form_of_difference(FormEnv *v, const Node *a, const Node *b)
{
    Sum s, t;
    int64_t lo, hi;
    sum_begin(&s, 0);
    sum_begin(&t, 0);
    sum_of(v, a, 1, &s);
    sum_of(v, b, 1, &t);
    /* Each by itself: a comparison is of what they are after they have wrapped */
    if (!s.known || !t.known || !sum_bounds(v->out, &s, &lo, &hi) ||
        !sum_bounds(v->out, &t, &lo, &hi))
        return -1;
    add_scaled(&s, t.c0, t.t, t.n, -1);
    return s.known ? new_form(v, &s) : -1;
}

int form_of_loop(FormEnv *v, const Node *loop)
{
    Accesses *a = v->out;
    if (a->natoms == ACC_ATOMS || a->nterms == ACC_TERMS)
        return form_no_room(a);
    int atom = a->natoms++;
    int64_t extent = ir_const_int(loop->kid[For_extent], FORM_FAR);
    int64_t last = extent > 0 ? extent - 1 : 0;
    a->atom[atom] = (FormAtom){.loop = loop, .hi = last};
    a->term[a->nterms] = (FormTerm){1, atom};
    Form f = {.hi = last, .first = a->nterms++, .n = 1, .known = last <= FORM_FAR};
    form_bind(v, loop->kid[For_var], add_form(v, f));
    return atom;
}
