/* cover_counted.c -- what loops take, marked one by one in the box of the domain. */
#include "core/schedule/cover.h"

#include "core/base/cancel.h"
#include "core/ir/interp.h"
#include "core/ir/rewrite.h"

enum { COUNTED = 1 << 22, MARKED = 1 << 26, AXES = 2 * IR_MAX_RANK, GUARDS = 16 };

/* A run through what is taken: the loops that move an axis, then the values of each axis. */
typedef struct Run {
    size_t nloops, naxes;
    const Node *var[IR_MAX_DEPTH];
    int64_t extent[IR_MAX_DEPTH + AXES];
    Scalar at[IR_MAX_DEPTH + AXES];
    const InterpExpr *least[AXES];
} Run;

/* One bit for each element of the domain. */
typedef struct Marks {
    const Asked *asked;
    uint64_t *bit;
    size_t nguards;
    const InterpExpr *guard[GUARDS];
} Marks;

static bool moves(const Taken *t, size_t naxes, const Node *var)
{
    for (size_t i = 0; i < naxes; i++)
        if (ir_mentions(t->one[i].min, var))
            return true;
    return false;
}

/* False if memory decides, or it is too much to count. */
static bool run_begin(Arena *A, size_t naxes, const Taken *t, Run *r)
{
    Err unused = {0};
    int64_t times = 1;
    r->nloops = 0;
    r->naxes = naxes;
    for (size_t i = 0; i < t->nloops; i++)
        if (moves(t, naxes, t->loops[i]->kid[For_var])) {
            r->extent[r->nloops] = ir_const_int(t->loops[i]->kid[For_extent], -1);
            r->var[r->nloops++] = t->loops[i]->kid[For_var];
        }
    for (size_t i = 0; i < naxes; i++) {
        r->extent[r->nloops + i] = t->one[i].extent;
        r->least[i] = interp_compile(A, t->one[i].min, r->nloops, r->var, &unused);
        if (!r->least[i])
            return false;
    }
    for (size_t i = 0; i < r->nloops + naxes; i++) {
        r->at[i].i = 0;
        if (r->extent[i] < 0 || __builtin_mul_overflow(times, r->extent[i], &times))
            return false;
    }
    return times <= COUNTED;
}

static bool run_is_empty(const Run *r)
{
    for (size_t i = 0; i < r->nloops + r->naxes; i++)
        if (r->extent[i] < 1)
            return true;
    return false;
}

static bool run_next(Run *r)
{
    for (size_t i = r->nloops + r->naxes; i-- > 0;) {
        if (++r->at[i].i < r->extent[i])
            return true;
        r->at[i].i = 0;
    }
    return false;
}

static void run_value(const Run *r, Scalar *value)
{
    for (size_t i = 0; i < r->naxes; i++)
        value[i].i = interp_eval(r->least[i], r->at).i + r->at[r->nloops + i].i;
}

static bool marks_begin(Arena *A, const Asked *asked, Marks *m)
{
    Err unused = {0};
    int64_t size = 1;
    *m = (Marks){.asked = asked};
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

static Covering count(Arena *A, const Asked *asked, const Taken *all, const Taken *some,
                      int64_t *left)
{
    Run have, need;
    Marks marks;
    Scalar value[AXES];
    size_t place;
    if (asked->naxes > AXES || !marks_begin(A, asked, &marks) ||
        !run_begin(A, asked->naxes, all, &have) || !run_begin(A, asked->naxes, some, &need))
        return COVER_UNTOLD;
    for (bool more = !run_is_empty(&have); more && !cancel_asked(); more = run_next(&have)) {
        run_value(&have, value);
        if (place_of(&marks, value, &place))
            marks.bit[place / 64] |= UINT64_C(1) << place % 64;
    }
    for (bool more = !run_is_empty(&need); more && !cancel_asked(); more = run_next(&need)) {
        run_value(&need, value);
        if (!place_of(&marks, value, &place) || marks.bit[place / 64] >> place % 64 & 1)
            continue;
        for (size_t i = 0; i < asked->naxes; i++)
            left[i] = value[i].i;
        return COVER_GAP;
    }
    return cancel_asked() ? COVER_UNTOLD : COVER_FULL;
}

Covering cover_taken(Arena *A, const Asked *asked, const Taken *all, const Taken *some,
                     int64_t *left)
{
    size_t axis;
    if (cover_box(A, asked->naxes, all->one, asked->domain, all->nloops, all->loops, &axis) ==
        COVER_FULL)
        return COVER_FULL;
    Arena *scratch = arena_scratch(A);
    Covering answer = count(scratch, asked, all, some, left);
    arena_release(scratch);
    return answer;
}
