/* cover_counted.c -- what loops take, marked one by one in the box of the domain. */
#include "core/schedule/cover.h"

#include "core/base/cancel.h"
#include "core/ir/interp.h"
#include "core/ir/rewrite.h"

enum { COUNTED = 1 << 20, MARKED = 1 << 26, AXES = 2 * IR_MAX_RANK, GUARDS = 16 };

static const char data_decide[] = "data decide for which values it runs",
                  inner_loop[] = "a loop inside of a block decides which elements it takes",
                  too_many[] = "its axes take too many values to count", stopped[] = "interrupted";

/* A loop that is run through, or a condition. */
typedef struct Level {
    const Node *e;    /* the loop's extent, or the condition */
    bool loop, fails; /* fails: the condition is not to hold */
    size_t var;       /* of the loop */
    const InterpExpr *run;
} Level;

/* A run through what is taken: the loops that count, then the values of each axis. */
typedef struct Run {
    const Asked *asked;
    const Taken *taken;
    size_t nvars, nlevels;
    const Node *var[IR_MAX_DEPTH]; /* of all loops, of which those that do not count stay at 0 */
    Scalar at[IR_MAX_DEPTH];
    Level level[IR_MAX_DEPTH]; /* innermost first */
    const InterpExpr *least[AXES];
    Scalar value[AXES];
    long left;
    const char *untold;
    bool (*visit)(void *env, const Scalar *value); /* false: it is enough */
    void *env;
} Run;

/* One bit for each element of the domain. */
typedef struct Marks {
    const Asked *asked;
    uint64_t *bit;
    size_t nguards;
    const InterpExpr *guard[GUARDS];
    Lacking *lacking;
} Marks;

/* ---- what is around ---- */

/* How many statements, from the Func on, both are in; q may end at one that p is in. */
static size_t in_common(const Path *p, const Path *q)
{
    size_t n = 0;
    while (n + 1 < p->n && n < q->n && p->at[n] == q->at[n] &&
           (n + 1 == q->n || p->kid[n] == q->kid[n]))
        n++;
    return n;
}

static bool any_mentions(const Asked *asked, const Taken *t, const Node *var)
{
    for (size_t i = 0; i < asked->naxes; i++)
        if (ir_mentions(t->one[i].min, var))
            return true;
    return false;
}

/* Does the statement at[i] run what stands in it, whatever the loops around and the data are? */
static bool surely_runs(const Path *p, size_t i)
{
    return p->at[i]->op == OP_For ? ir_const_int(p->at[i]->kid[For_extent], 0) > 0
                                  : p->at[i]->op != OP_If;
}

/* What decides whether and how often the statement runs what stands in it; NULL: nothing does. */
static const Node *decides(const Node *stmt)
{
    return stmt->op == OP_For  ? stmt->kid[For_extent]
           : stmt->op == OP_If ? stmt->kid[If_cond]
                               : NULL;
}

static bool decided_by(const Path *p, size_t from, const Node *var)
{
    for (size_t i = from; i < p->n; i++)
        if (decides(p->at[i]) && ir_mentions(decides(p->at[i]), var))
            return true;
    return false;
}

/* How many of the statements around both nothing depends on that is asked here: neither an axis nor
** what decides further in.  They run both or none. */
static size_t stand_still(const Asked *asked, const Taken *all, const Taken *some, size_t both)
{
    size_t from = both;
    for (size_t i = both; i-- > 0;) {
        const Node *var = all->to->at[i]->op == OP_For ? all->to->at[i]->kid[For_var] : NULL;
        if (var && (any_mentions(asked, all, var) || any_mentions(asked, some, var) ||
                    decided_by(all->to, from, var) || decided_by(some->to, from, var)))
            from = i;
    }
    return from;
}

/* In each iteration of the loops around both: is all that `some` takes in the box that `all` surely
** runs through? */
static bool lies_in_box(Arena *A, const Asked *asked, const Taken *all, const Taken *some,
                        size_t both)
{
    const Node **here = ARENA_ARRAY(A, const Node *, IR_MAX_DEPTH),
               **there = ARENA_ARRAY(A, const Node *, IR_MAX_DEPTH);
    AxisSpan from[AXES], to[AXES];
    bool whole;
    size_t still = path_loops(all->to, both, here), nhere = path_loops(all->to, all->to->n, here),
           nthere = path_loops(some->to, some->to->n, there);
    if (asked->naxes > AXES ||
        !nest_box(A, asked->naxes, all->one, still, nhere, here, from, &whole) || !whole ||
        !nest_box(A, asked->naxes, some->one, still, nthere, there, to, NULL))
        return false;
    for (size_t i = 0; i < asked->naxes; i++)
        if (!nest_lies_in(A, &to[i], &from[i]))
            return false;
    return true;
}

/* ---- running ---- */

static bool counts(const Run *r, const Node *var)
{
    for (size_t i = 0; i < r->nlevels; i++)
        if (ir_mentions(r->level[i].e, var))
            return true;
    return any_mentions(r->asked, r->taken, var);
}

/* The loops that move an axis, and whatever decides whether something is taken, from at[from] on.
** Of what memory decides, `surely` says that it is not certain, else it is taken to run. */
static bool run_begin(Arena *A, Run *r, size_t from, bool surely)
{
    Err unused = {0};
    const Path *p = r->taken->to;
    for (size_t i = 0; i < p->n; i++)
        if (p->at[i]->op == OP_For)
            r->var[r->nvars++] = p->at[i]->kid[For_var];
    for (size_t i = p->n, v = r->nvars; i-- > 0;) {
        const Node *n = p->at[i];
        Level l = {.loop = n->op == OP_For};
        v -= l.loop;
        bool moves = l.loop && counts(r, n->kid[For_var]);
        if (!moves && (i < from || surely_runs(p, i)))
            continue;
        l.e = decides(n);
        l.fails = !l.loop && p->kid[i] == If_otherwise;
        l.var = v;
        l.run = interp_compile(A, l.e, r->nvars, r->var, &unused);
        if (l.run)
            r->level[r->nlevels++] = l;
        else if (surely || moves)
            return r->untold = data_decide, false;
    }
    for (size_t i = 0; i < r->asked->naxes; i++) {
        r->least[i] = interp_compile(A, r->taken->one[i].min, r->nvars, r->var, &unused);
        if (!r->least[i])
            return r->untold = ir_loads(r->taken->one[i].min) ? data_decide : inner_loop, false;
    }
    return true;
}

/* The axes from i on, each through its own values. */
static bool run_axes(Run *r, size_t i)
{
    if (i == r->asked->naxes && (r->left-- <= 0 || cancel_asked()))
        return r->untold = cancel_asked() ? stopped : too_many, false;
    if (i == r->asked->naxes)
        return r->visit(r->env, r->value);
    int64_t least = interp_eval(r->least[i], r->at).i;
    for (int64_t k = 0; k < r->taken->one[i].extent; k++) {
        r->value[i].i = least + k;
        if (!run_axes(r, i + 1))
            return false;
    }
    return true;
}

static bool run_levels(Run *r, size_t n)
{
    if (n == 0)
        return run_axes(r, 0);
    const Level *l = &r->level[n - 1];
    Scalar said = interp_eval(l->run, r->at);
    if (!l->loop)
        return (said.i != 0) == l->fails || run_levels(r, n - 1);
    for (int64_t k = 0; k < said.i; k++) {
        r->at[l->var].i = k;
        if (r->left-- <= 0)
            return r->untold = too_many, false;
        if (!run_levels(r, n - 1))
            return false;
    }
    return true;
}

/* ---- marking ---- */

static bool marks_begin(Arena *A, Marks *m)
{
    Err unused = {0};
    const Asked *asked = m->asked;
    int64_t size = 1;
    for (size_t i = 0; i < asked->naxes; i++)
        if (__builtin_mul_overflow(size, asked->domain[i].extent, &size))
            return false;
    if (size > MARKED)
        return false;
    m->bit = arena_alloc(A, (size_t)(size / 64 + 1) * sizeof *m->bit);
    for (const Node *w = asked->where; w; w = w->op == OP_And ? w->kid[0] : NULL) {
        const Node *c = w->op == OP_And ? w->kid[1] : w;
        const InterpExpr *guard = interp_compile(A, c, asked->naxes, asked->axis, &unused);
        if (guard && m->nguards < GUARDS)
            m->guard[m->nguards++] = guard;
    }
    return true;
}

/* The place of the values in the domain; false if they are not in it, or the guard keeps them
** out. */
static bool place_of(const Marks *m, const Scalar *value, size_t *place)
{
    *place = 0;
    for (size_t i = 0; i < m->asked->naxes; i++) {
        const AxisSpan *d = &m->asked->domain[i];
        if (value[i].i < d->min->at.i || value[i].i - d->min->at.i >= d->extent)
            return false;
        *place = *place * (size_t)d->extent + (size_t)(value[i].i - d->min->at.i);
    }
    for (size_t i = 0; i < m->nguards; i++)
        if (!interp_eval(m->guard[i], value).i)
            return false;
    return true;
}

static bool mark(void *env, const Scalar *value)
{
    Marks *m = env;
    size_t place;
    if (place_of(m, value, &place))
        m->bit[place / 64] |= UINT64_C(1) << place % 64;
    return true;
}

static bool is_marked(void *env, const Scalar *value)
{
    Marks *m = env;
    size_t place;
    if (!place_of(m, value, &place) || m->bit[place / 64] >> place % 64 & 1)
        return true;
    for (size_t i = 0; i < m->asked->naxes; i++)
        m->lacking->at[i] = value[i].i;
    return false;
}

static Covering count(Arena *A, const Asked *asked, const Taken *all, const Taken *some,
                      size_t from, Lacking *lacking)
{
    Marks *marks = arena_alloc(A, sizeof *marks);
    *marks = (Marks){.asked = asked, .lacking = lacking};
    Run *have = arena_alloc(A, sizeof *have), *need = arena_alloc(A, sizeof *need);
    *have = (Run){.asked = asked, .taken = all, .left = COUNTED, .visit = mark, .env = marks};
    *need = (Run){.asked = asked, .taken = some, .left = COUNTED, .visit = is_marked, .env = marks};
    lacking->untold = too_many;
    if (asked->naxes > AXES || !marks_begin(A, marks))
        return COVER_UNTOLD;
    if (!run_begin(A, have, from, true) || !run_levels(have, have->nlevels)) {
        lacking->untold = have->untold;
        return COVER_UNTOLD;
    }
    if (!run_begin(A, need, from, false)) {
        lacking->untold = need->untold;
        return COVER_UNTOLD;
    }
    if (run_levels(need, need->nlevels))
        return COVER_FULL;
    lacking->untold = need->untold;
    return need->untold ? COVER_UNTOLD : COVER_GAP;
}

Covering cover_taken(Arena *A, const Asked *asked, const Taken *all, const Taken *some,
                     Lacking *lacking)
{
    const Node *loops[IR_MAX_DEPTH];
    size_t nloops = path_loops(all->to, all->to->n, loops), axis,
           both = in_common(all->to, some->to), from = stand_still(asked, all, some, both);
    bool in_both = true, in_all = true;
    for (size_t i = from; i < all->to->n; i++) {
        in_all &= surely_runs(all->to, i);
        in_both &= i < both || surely_runs(all->to, i);
    }
    if (in_all &&
        cover_box(A, asked->naxes, all->one, asked->domain, nloops, loops, &axis) == COVER_FULL)
        return COVER_FULL;
    if (in_both && lies_in_box(A, asked, all, some, both))
        return COVER_FULL;
    Arena *scratch = arena_scratch(A);
    Covering answer = count(scratch, asked, all, some, from, lacking);
    arena_release(scratch);
    return answer;
}
