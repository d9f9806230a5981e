/* inside_tried.c -- an index that may leave its buffer is tried: where it is greatest and least, as
** far as that can be told, and then at every value of the loops that decide it. */
#include "core/affine/inside_impl.h"

/* Iterations tried for one index, and for one that has more of them. */
enum { TRIES = 1 << 16, TRIES_FIRST = 1 << 12 };

/* ---- what decides an index ---- */

static size_t loop_of(const Place *p, const Node *var)
{
    for (size_t i = p->vars.n; i-- > 0;)
        if (p->vars.at[i] == var)
            return i;
    return SIZE_MAX;
}

static bool add_loop(const Place *p, Arena *A, const Node *var, Loops *loops)
{
    size_t at = p->around.n;
    while (at > 0 && p->around.at[at - 1].var != var)
        at--;
    for (size_t i = 0; i < loops->n; i++)
        if (loops->at[i] == at - 1)
            return true;
    if (at > 0)
        vec_push(A, loops, at - 1);
    return at > 0;
}

bool inside_loops(const Place *p, Arena *A, const Node *e, Loops *loops)
{
    if (e->op == OP_Var)
        return add_loop(p, A, e, loops);
    for (size_t i = 0; i < e->nkids; i++)
        if (e->op == OP_Load || e->op == OP_Let || !inside_loops(p, A, e->kid[i], loops))
            return false;
    return e->op != OP_Load;
}

static bool all_used(const Place *p, const Loops *loops)
{
    for (size_t i = 0; i < loops->n; i++)
        if (!p->around.at[loops->at[i]].used)
            return false;
    return true;
}

/* Takes the loops into use, and those that say how far they go; false if memory says it. */
static bool use(const Place *p, const Loops *loops)
{
    bool known = true;
    for (size_t i = 0; i < loops->n; i++) {
        Around *a = &p->around.at[loops->at[i]];
        known &= a->used || (a->plain && use(p, &a->loops));
        a->used = true;
    }
    return known;
}

/* Every condition that loops decide, and the loops that decide whether it holds, or that may not
** run at all; false if something else decides, too. */
static bool use_all(const Place *p)
{
    bool all = true;
    for (size_t i = p->around.n; i-- > 0;) {
        Around *a = &p->around.at[i];
        if (a->var && (ir_const_int(a->e, 0) > 0 || a->used))
            continue;
        a->used = a->plain && use(p, &a->loops);
        all &= a->used;
    }
    return all;
}

/* Does memory say how far a loop in use goes? */
static bool runs_by_memory(const Place *p)
{
    for (size_t i = 0; i < p->around.n; i++)
        if (p->around.at[i].used && p->around.at[i].var && ir_loads(p->around.at[i].e))
            return true;
    return false;
}

/* Only loops around, each of a known number of iterations, at least one: all of these happen. */
static bool all_happen(const Place *p)
{
    for (size_t i = 0; i < p->around.n; i++)
        if (!p->around.at[i].var || ir_const_int(p->around.at[i].e, 0) < 1)
            return false;
    return true;
}

/* ---- the iteration where an index is greatest, or least ---- */

static bool go_to_end(const Place *p, const Node *e, bool greatest, Scalar *at);

/* Within one period a remainder ends where what it divides does; one loop by 1 meets both ends of a
** period, and of more than that nothing is said. */
static bool remainder_to_end(const Place *p, const Node *e, bool greatest, Scalar *at)
{
    Known known = {p->loops.at, p->loops.n, INSIDE_FUEL};
    Linear sum = {0};
    i128 lo, hi, k = e->kid[1]->at.i;
    if (!linear_add(&sum, e->kid[0], 1) || !linear_exact(&known, &sum, &lo, &hi))
        return false;
    i128 next = (floor_div_wide(lo, k) + 1) * k; /* the first multiple above lo */
    if (hi < next)
        return go_to_end(p, e->kid[0], greatest, at);
    size_t loop = sum.n == 1 ? loop_of(p, sum.t[0].atom) : SIZE_MAX;
    if (loop == SIZE_MAX || (sum.t[0].c != 1 && sum.t[0].c != -1))
        return false;
    at[loop].i = (int64_t)((next - (greatest ? 1 : 0) - sum.c0) * sum.t[0].c);
    return true;
}

/* A sum ends where each loop with a positive factor does, and the others begin; so does a quotient
** of it. False where that cannot be told. */
static bool go_to_end(const Place *p, const Node *e, bool greatest, Scalar *at)
{
    Linear sum = {0};
    if (!linear_add(&sum, e, 1))
        return false;
    for (size_t j = 0; j < sum.n; j++) {
        const Node *atom = sum.t[j].atom;
        bool up = (sum.t[j].c > 0) == greatest;
        size_t loop = loop_of(p, atom);
        if (loop != SIZE_MAX)
            at[loop].i = up ? p->loops.at[loop].max : 0;
        else if (sum.n > 1)
            return false;
        else if (is_by_literal(atom, OP_FloorDiv))
            return go_to_end(p, atom->kid[0], up, at);
        else
            return is_by_literal(atom, OP_FloorMod) && remainder_to_end(p, atom, up, at);
    }
    return true;
}

/* ---- trying ---- */

typedef struct Trial {
    Place *p;
    Arena *A; /* of what is compiled */
    const InterpExpr *index;
    int64_t extent;
    uint32_t size; /* of the index */
    long left;
    Scalar *at; /* the value of each loop */
} Trial;

/* Every node that is evaluated is counted. */
static int64_t value_of(Trial *t, const InterpExpr *run, uint32_t size)
{
    t->p->left -= size;
    return interp_eval(run, t->at).i;
}

static bool is_outside(Trial *t)
{
    int64_t v = value_of(t, t->index, t->size);
    return v < 0 || v >= t->extent;
}

static void start(Trial *t)
{
    for (size_t i = 0; i < t->p->vars.n; i++)
        t->at[i].i = 0;
}

static bool is_outside_at_end(Trial *t, const Node *index)
{
    for (int greatest = 1; greatest >= 0; greatest--) {
        start(t);
        if (go_to_end(t->p, index, greatest, t->at) && is_outside(t))
            return true;
    }
    return false;
}

typedef enum Found { FOUND_NOTHING, FOUND_OUTSIDE, FOUND_NO_ANSWER } Found;

static Found try_from(Trial *t, size_t i)
{
    Place *p = t->p;
    for (; i < p->around.n; i++) {
        const Around *a = &p->around.at[i];
        if (!a->used)
            continue;
        if (a->var)
            break;
        if ((value_of(t, a->run, a->e->size) != 0) == a->fails)
            return FOUND_NOTHING;
    }
    if (i == p->around.n)
        return is_outside(t) ? FOUND_OUTSIDE : FOUND_NOTHING;
    const Around *loop = &p->around.at[i];
    int64_t n = value_of(t, loop->run, loop->e->size);
    for (int64_t v = 0; v < n; v++) {
        if (--t->left < 0 || p->left < 0)
            return FOUND_NO_ANSWER;
        t->at[loop->loop].i = v;
        Found found = try_from(t, i + 1);
        if (found != FOUND_NOTHING)
            return found;
    }
    return FOUND_NOTHING;
}

/* All that is in use, compiled; false if something cannot be. */
static bool compile(Trial *t)
{
    Err unused = {0};
    Place *p = t->p;
    for (size_t i = 0; i < p->around.n && p->left >= 0; i++) {
        Around *a = &p->around.at[i];
        if (!a->used || a->run)
            continue;
        p->left -= a->e->size;
        if (!(a->run = interp_compile(t->A, a->e, p->vars.n, p->vars.at, &unused)))
            return false;
    }
    return p->left >= 0;
}

/* So many iterations at least, as far as the extents are numbers. */
static double times(const Place *p)
{
    double n = 1;
    for (size_t i = 0; i < p->around.n; i++)
        if (p->around.at[i].used && p->around.at[i].var)
            n *= (double)ir_const_int(p->around.at[i].e, 1);
    return n;
}

static Found try_used(Trial *t)
{
    t->left = times(t->p) > TRIES ? TRIES_FIRST : TRIES;
    start(t);
    return compile(t) ? try_from(t, 0) : FOUND_NO_ANSWER;
}

/* Tries the loops of the index under the conditions on these, and then, if that leads outside,
** under all. */
static Tried try_all(Trial *t)
{
    Place *p = t->p;
    for (size_t i = 0; i < p->around.n; i++) {
        Around *a = &p->around.at[i];
        if (!a->var)
            a->used = a->plain && all_used(p, &a->loops);
    }
    Found found = try_used(t);
    bool sure = false;
    if (found == FOUND_OUTSIDE) {
        sure = use_all(p);
        found = try_used(t);
    }
    return found == FOUND_NOTHING           ? TRIED_INSIDE
           : found == FOUND_OUTSIDE && sure ? TRIED_OUTSIDE
                                            : TRIED_DOUBT;
}

static Tried try_in_scratch(Trial *t, const Node *index)
{
    Err unused = {0};
    Loops loops = {0};
    if (!inside_loops(t->p, t->A, index, &loops))
        return ir_loads(index) ? TRIED_BY_MEMORY : TRIED_DOUBT;
    if (!use(t->p, &loops))
        return runs_by_memory(t->p) ? TRIED_BY_MEMORY : TRIED_DOUBT;
    t->index = interp_compile(t->A, index, t->p->vars.n, t->p->vars.at, &unused);
    if (!t->index)
        return TRIED_DOUBT;
    return all_happen(t->p) && is_outside_at_end(t, index) ? TRIED_OUTSIDE : try_all(t);
}

Tried inside_try(Place *p, const Node *index, int64_t extent, Scalar *at)
{
    for (size_t i = 0; i < p->around.n; i++) {
        p->around.at[i].used = false;
        p->around.at[i].run = NULL;
    }
    Trial t = {.p = p, .A = arena_scratch(NULL), .extent = extent, .size = index->size, .at = at};
    Tried tried = try_in_scratch(&t, index);
    arena_release(t.A);
    return tried;
}

bool inside_value(const Place *p, const Scalar *at, const Node *e, int64_t *value)
{
    Err unused = {0};
    Loops loops = {0};
    InterpExpr *run = inside_loops(p, p->A, e, &loops)
                          ? interp_compile(p->A, e, p->vars.n, p->vars.at, &unused)
                          : NULL;
    if (run)
        *value = interp_eval(run, at).i;
    return run;
}
