/* access.c -- from a piece of program to accesses. */
#include "core/affine/access.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/integer.h"

enum { ENV_VARS = 96, ACC_WRITTEN = 64 };

/* Constants and terms together are no greater than this, so that what distance.c
** makes of two sums fits int64. */
#define FORM_LIMIT (INT64_C(1) << 60)

/* A Form under construction. */
typedef struct Sum {
    int64_t c0;
    int n;
    bool known;
    FormTerm t[FORM_TERMS];
} Sum;

typedef struct Binding {
    const Node *var;
    int form;
} Binding;

typedef struct Gather {
    Accesses *out;
    const Node *stmt; /* what stands below it is noted */
    int loop[ACC_LOOPS], nloops;
    FormLimit limit[ACC_LOOPS];
    int nlimits;
    Binding env[ENV_VARS];
    int nenv;
    const Node *block, *written[ACC_WRITTEN];
    int first_axis; /* of the block */
    bool init;
    int nwritten;
} Gather;

static int no_room(Gather *g)
{
    g->out->full = true;
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
    return x >= -FORM_LIMIT && x <= FORM_LIMIT;
}

/* The bounds of the sum; false, and nothing is known of it, if it is beyond FORM_LIMIT. */
static bool sum_bounds(const Accesses *a, Sum *s, int64_t *lo, int64_t *hi)
{
    int64_t least = s->c0, most = s->c0, x, y;
    int64_t size = within_limit(s->c0) ? llabs(s->c0) : INT64_MAX;
    for (int i = 0; i < s->n && size <= FORM_LIMIT; i++) {
        const FormAtom *at = &a->atom[s->t[i].atom];
        if (__builtin_mul_overflow(s->t[i].c, at->lo, &x) ||
            __builtin_mul_overflow(s->t[i].c, at->hi, &y) || !within_limit(s->t[i].c) ||
            !within_limit(x) || !within_limit(y)) {
            size = INT64_MAX;
            break;
        }
        least += x < y ? x : y;
        most += x < y ? y : x;
        size += llabs(x) < llabs(y) ? llabs(y) : llabs(x);
    }
    if (size > FORM_LIMIT)
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

static Form keep_sum(Gather *g, Sum *s)
{
    Accesses *a = g->out;
    Form f = {.c0 = s->c0, .first = a->nterms, .n = s->n};
    sum_bounds(a, s, &f.lo, &f.hi);
    f.known = s->known;
    if (a->nterms + s->n > ACC_TERMS) {
        no_room(g);
        return (Form){0};
    }
    sort_terms(s);
    mem_copy(a->term + a->nterms, s->t, (size_t)s->n * sizeof *s->t);
    a->nterms += s->n;
    return f;
}

static int add_form(Gather *g, Form f)
{
    Accesses *a = g->out;
    if (a->nforms == ACC_FORMS)
        return no_room(g);
    a->form[a->nforms] = f;
    return a->nforms++;
}

static int new_form(Gather *g, Sum *s)
{
    return add_form(g, keep_sum(g, s));
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

static int new_loop_atom(Gather *g, const Node *loop)
{
    Accesses *a = g->out;
    if (a->natoms == ACC_ATOMS)
        return no_room(g);
    int64_t extent = ir_const_int(loop->kid[For_extent], FORM_LIMIT);
    a->atom[a->natoms] = (FormAtom){.loop = loop, .hi = extent > 0 ? extent - 1 : 0};
    return a->natoms++;
}

static int quotient_atom(Gather *g, Sum *s, int64_t divisor, int64_t lo, int64_t hi)
{
    Accesses *a = g->out;
    sort_terms(s);
    for (int i = 0; i < a->natoms; i++)
        if (!a->atom[i].loop && a->atom[i].divisor == divisor && same_sum(a, &a->atom[i].base, s))
            return i;
    if (a->natoms == ACC_ATOMS)
        return no_room(g);
    Form base = keep_sum(g, s);
    a->atom[a->natoms] = (FormAtom){.base = base, .divisor = divisor, .lo = lo, .hi = hi};
    return a->natoms++;
}

/* s // n: what n divides comes out, (e // m) // n is e // (m*n), and a quotient of
** one value is that value. */
static void divide(Gather *g, Sum *s, int64_t n)
{
    Accesses *a = g->out;
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
        add_term(s, quotient_atom(g, &rest, n, lo, hi), 1);
}

/* ---- expressions ---- */

static void sum_of(Gather *g, const Node *e, int64_t scale, Sum *out);

static void quotient_of(Gather *g, const Node *e, int64_t scale, Sum *out)
{
    int64_t n = ir_const_int(e->kid[1], 0), lo, hi, times = scale;
    Sum s;
    sum_begin(&s, 0);
    if (n > 0)
        sum_of(g, e->kid[0], 1, &s);
    if (n <= 0 || n > FORM_LIMIT || !s.known || !sum_bounds(g->out, &s, &lo, &hi) ||
        (e->op == OP_FloorMod && __builtin_mul_overflow(-scale, n, &times))) {
        sum_unknown(out);
        return;
    }
    Sum q = s;
    divide(g, &q, n);
    if (!q.known) {
        sum_unknown(out);
        return;
    }
    if (e->op == OP_FloorMod)
        add_scaled(out, s.c0, s.t, s.n, scale);
    add_scaled(out, q.c0, q.t, q.n, times);
}

/* What is known of the variable's value; NULL: nothing. */
static const Form *form_of_var(const Gather *g, const Node *var)
{
    for (int i = g->nenv; i-- > 0;)
        if (g->env[i].var == var) {
            const Form *f = &g->out->form[g->env[i].form];
            return f->known ? f : NULL;
        }
    return NULL;
}

static void add_variable(Gather *g, const Node *var, int64_t scale, Sum *out)
{
    const Form *f = form_of_var(g, var);
    if (f)
        add_scaled(out, f->c0, g->out->term + f->first, f->n, scale);
    else
        sum_unknown(out);
}

/* out += scale * e */
static void sum_of(Gather *g, const Node *e, int64_t scale, Sum *out)
{
    int64_t c;
    if (!out->known || e->type != DT_int64) {
        sum_unknown(out);
        return;
    }
    switch ((Op)e->op) {
    case OP_IntImm: add_scaled(out, e->at.i, NULL, 0, scale); return;
    case OP_Var: add_variable(g, e, scale, out); return;
    case OP_Add:
        sum_of(g, e->kid[0], scale, out);
        sum_of(g, e->kid[1], scale, out);
        return;
    case OP_Sub:
        sum_of(g, e->kid[0], scale, out);
        sum_of(g, e->kid[1], -scale, out);
        return;
    case OP_Neg: sum_of(g, e->kid[0], -scale, out); return;
    case OP_Mul: {
        int literal = e->kid[1]->op == OP_IntImm;
        if (e->kid[literal]->op != OP_IntImm ||
            __builtin_mul_overflow(scale, e->kid[literal]->at.i, &c) || !within_limit(c))
            sum_unknown(out);
        else
            sum_of(g, e->kid[!literal], c, out);
        return;
    }
    case OP_FloorDiv:
    case OP_FloorMod: quotient_of(g, e, scale, out); return;
    default: sum_unknown(out); return;
    }
}

static int form_of(Gather *g, const Node *e)
{
    const Form *same = e->op == OP_Var && e->type == DT_int64 ? form_of_var(g, e) : NULL;
    if (same)
        return add_form(g, *same);
    Sum s;
    sum_begin(&s, 0);
    sum_of(g, e, 1, &s);
    return new_form(g, &s);
}

static void bind(Gather *g, const Node *var, int form)
{
    if (g->nenv == ENV_VARS)
        no_room(g);
    else
        g->env[g->nenv++] = (Binding){var, form};
}

/* ---- guards ---- */

static void push_limit(Gather *g, int form, int64_t lo, int64_t hi)
{
    if (g->nlimits < ACC_LOOPS) /* one that is left out only makes the answer more careful */
        g->limit[g->nlimits++] = (FormLimit){form, lo, hi};
}

/* What the condition says of sums; the rest of it is left out. */
static void push_guard(Gather *g, const Node *cond)
{
    if (cond->op == OP_And) {
        push_guard(g, cond->kid[0]);
        push_guard(g, cond->kid[1]);
        return;
    }
    if (!(op_info[cond->op].flags & OPF_COMPARE) || cond->op == OP_Ne ||
        cond->kid[0]->type != DT_int64)
        return;
    Sum s;
    sum_begin(&s, 0);
    sum_of(g, cond->kid[0], 1, &s);
    sum_of(g, cond->kid[1], -1, &s);
    if (!s.known)
        return;
    static const int64_t far = FORM_LIMIT;
    bool less = cond->op == OP_Lt || cond->op == OP_Le,
         more = cond->op == OP_Gt || cond->op == OP_Ge;
    push_limit(g, new_form(g, &s), less ? -far : cond->op == OP_Gt,
               more ? far : -(cond->op == OP_Lt));
}

/* ---- statements ---- */

static bool is_written(const Gather *g, const Node *buffer)
{
    for (int i = 0; i < g->nwritten; i++)
        if (g->written[i] == buffer)
            return true;
    return false;
}

static void find_written(Gather *g, const Node *n)
{
    if (n->op == OP_Store || n->op == OP_Update) {
        if (is_written(g, n->kid[Store_buffer]))
            return;
        if (g->nwritten == ACC_WRITTEN)
            no_room(g);
        else
            g->written[g->nwritten++] = n->kid[Store_buffer];
        return;
    }
    for (size_t i = 0; i < n->nkids; i++)
        if (ir_is_stmt(n->kid[i]))
            find_written(g, n->kid[i]);
}

static void add_touch(Gather *g, const Node *buffer, const Node *const *index, TouchKind kind)
{
    Accesses *a = g->out;
    if (a->ntouches == ACC_TOUCHES) {
        no_room(g);
        return;
    }
    Touch *t = &a->touch[a->ntouches++];
    *t = (Touch){buffer, a->nplaces - 1, kind, a->nforms};
    for (size_t d = 0; d < ir_rank(buffer); d++)
        form_of(g, index[d]);
}

static void add_reads(Gather *g, const Node *n)
{
    for (size_t i = n->op == OP_Load ? Load_index : 0; i < n->nkids; i++)
        add_reads(g, n->kid[i]);
    if (n->op == OP_Load && is_written(g, n->kid[Load_buffer]))
        add_touch(g, n->kid[Load_buffer], &n->kid[Load_index], TOUCH_READ);
}

/* The values of the reduce axes are 0 where the init runs. */
static int limits_of_init(Gather *g, int at)
{
    Accesses *a = g->out;
    const Node *iters = g->block->kid[Block_iters];
    for (size_t i = 0; i < iters->nkids; i++)
        for (int k = g->nenv; iters->kid[i]->at.i == ITER_reduce && k-- > 0;)
            if (g->env[k].var == iters->kid[i]->kid[Iter_var]) {
                if (at < ACC_FORMS)
                    a->limit[at++] = (FormLimit){g->env[k].form, 0, 0};
                break;
            }
    return at;
}

static bool new_place(Gather *g, const Node *n, int number)
{
    Accesses *a = g->out;
    if (a->nplaces == ACC_PLACES)
        return no_room(g);
    Place *p = &a->place[a->nplaces++];
    p->stmt = n;
    p->number = number;
    p->block = g->block;
    p->init = g->init;
    p->first_axis = g->block ? g->first_axis : 0;
    p->naxes = g->block ? (int)g->block->kid[Block_iters]->nkids : 0;
    p->nloops = g->nloops;
    memcpy(p->loop, g->loop, (size_t)g->nloops * sizeof *g->loop);
    p->first_limit = a->nlimits;
    int end = g->init ? limits_of_init(g, a->nlimits) : a->nlimits;
    for (int i = 0; i < g->nlimits && end < ACC_FORMS; i++)
        a->limit[end++] = g->limit[i];
    p->nlimits = end - a->nlimits;
    a->nlimits = end;
    return true;
}

static bool reads_written(const Gather *g, const Node *n)
{
    if (n->op == OP_Load && is_written(g, n->kid[Load_buffer]))
        return true;
    for (size_t i = 0; i < n->nkids; i++)
        if (reads_written(g, n->kid[i]))
            return true;
    return false;
}

/* What the statement evaluates before it decides what runs. */
static void add_decider(Gather *g, const Node *n, const Node *e)
{
    if (n != g->stmt && reads_written(g, e) && new_place(g, n, -1))
        add_reads(g, e);
}

static void add_place(Gather *g, const Node *n)
{
    if (!new_place(g, n, g->out->nstores++))
        return;
    for (size_t i = Store_value; i < n->nkids; i++)
        add_reads(g, n->kid[i]);
    add_touch(g, n->kid[Store_buffer], &n->kid[Store_index],
              n->op == OP_Store ? TOUCH_STORE : TOUCH_UPDATE);
}

static void walk(Gather *g, const Node *n);

static void enter_loop(Gather *g, const Node *loop)
{
    Accesses *a = g->out;
    if (g->nloops == ACC_LOOPS || a->nterms == ACC_TERMS) {
        no_room(g);
        return;
    }
    int atom = new_loop_atom(g, loop);
    g->loop[g->nloops++] = atom;
    a->term[a->nterms] = (FormTerm){1, atom};
    Form f = {.lo = a->atom[atom].lo,
              .hi = a->atom[atom].hi,
              .first = a->nterms++,
              .n = 1,
              .known = a->atom[atom].hi <= FORM_LIMIT};
    bind(g, loop->kid[For_var], add_form(g, f));
}

static void walk_block(Gather *g, const Node *n)
{
    const Node *iters = n->kid[Block_iters], *block = g->block;
    int first = g->out->nforms, first_axis = g->first_axis;
    bool known = true; /* a sum that is known has no load in it */
    for (size_t i = 0; i < iters->nkids; i++)
        known &= g->out->form[form_of(g, iters->kid[i]->kid[Iter_value])].known;
    for (size_t i = 0; i < iters->nkids && !g->out->full; i++)
        bind(g, iters->kid[i]->kid[Iter_var], first + (int)i);
    g->block = n;
    g->first_axis = first;
    if (!known)
        add_decider(g, n, iters);
    add_decider(g, n, n->kid[Block_where]);
    push_guard(g, n->kid[Block_where]);
    g->init = true;
    walk(g, n->kid[Block_init]);
    g->init = false;
    walk(g, n->kid[Block_body]);
    g->block = block;
    g->first_axis = first_axis;
}

static void walk_alloc(Gather *g, const Node *n)
{
    Accesses *a = g->out;
    if (a->nallocs == ACC_PLACES) {
        no_room(g);
        return;
    }
    a->alloc[a->nallocs].buffer = n->kid[Alloc_buffer];
    a->alloc[a->nallocs++].nloops = g->nloops;
    walk(g, n->kid[Alloc_body]);
}

static void walk(Gather *g, const Node *n)
{
    int nloops = g->nloops, nenv = g->nenv, nlimits = g->nlimits;
    if (g->out->full)
        return;
    switch ((Op)n->op) {
    case OP_Store:
    case OP_Update: add_place(g, n); break;
    case OP_Seq:
        for (size_t i = 0; i < n->nkids; i++)
            walk(g, n->kid[i]);
        break;
    case OP_For:
        add_decider(g, n, n->kid[For_extent]);
        enter_loop(g, n);
        walk(g, n->kid[For_body]);
        break;
    case OP_If:
        add_decider(g, n, n->kid[If_cond]);
        push_guard(g, n->kid[If_cond]);
        walk(g, n->kid[If_then]);
        g->nlimits = nlimits;
        walk(g, n->kid[If_otherwise]);
        break;
    case OP_Block: walk_block(g, n); break;
    case OP_Alloc: walk_alloc(g, n); break;
    case OP_Nop:
    case OP_Barrier: break;
    default: no_room(g); break; /* a statement of which this file knows nothing */
    }
    g->nloops = nloops;
    g->nenv = nenv;
    g->nlimits = nlimits;
}

/* Goes down to g->stmt, enters the loops on the way, and gathers what is below it. */
static bool descend(Gather *g, const Node *n, const Node **way, int depth)
{
    if (n == g->stmt) {
        for (int i = 0; i < depth; i++)
            enter_loop(g, way[i]);
        find_written(g, n);
        walk(g, n);
        return true;
    }
    if (n->op == OP_For && depth < ACC_LOOPS)
        way[depth++] = n;
    else if (n->op == OP_For)
        return false;
    for (size_t i = 0; i < n->nkids && n->op != OP_Block; i++)
        if (ir_is_stmt(n->kid[i]) && descend(g, n->kid[i], way, depth))
            return true;
    return false;
}

bool access_gather(const Node *func, const Node *stmt, Accesses *out)
{
    Gather g;
    g.out = out;
    g.stmt = stmt;
    g.block = NULL;
    g.first_axis = 0;
    g.init = false;
    g.nloops = g.nlimits = g.nenv = g.nwritten = 0;
    out->natoms = out->nterms = out->nforms = out->nplaces = out->nstores = out->ntouches =
        out->nlimits = out->nallocs = 0;
    out->full = false;
    const Node *way[ACC_LOOPS];
    return descend(&g, func->kid[Func_body], way, 0) && !out->full;
}

int access_common(const Place *p, const Place *q)
{
    int n = 0;
    while (n < p->nloops && n < q->nloops && p->loop[n] == q->loop[n])
        n++;
    return n;
}

int access_scope(const Accesses *a, const Node *buffer)
{
    for (int i = 0; i < a->nallocs; i++)
        if (a->alloc[i].buffer == buffer)
            return a->alloc[i].nloops;
    return 0;
}
