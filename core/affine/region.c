/* region.c -- boxes around accesses, from index expressions as linear forms. */
#include "core/affine/region.h"

#include <string.h>

#include "core/base/mutant.h"
#include "core/base/vec.h"
#include "core/ir/linear.h"
#include "core/ir/rewrite.h"

typedef VEC(const Node *) LoopVec;

/* base + c + [0, span], where base is over loops that stand still; NULL: 0.  The number of values,
** span + 1, is an int64. */
typedef struct Span {
    const Node *base;
    int64_t c, span;
} Span;

typedef VEC(Linear) SumVec;

typedef struct Relax {
    Arena *A;
    size_t nstill, n;
    const Node *const *loops; /* all around; from nstill on they run through */
    const Node *block;        /* whose axes stand for their values; or NULL */
    /* Sums over loops that are exact, and 0 or more wherever the access is made; what the loops can
    ** be, where there are any */
    size_t nguards;
    const Linear *guards;
    Known known;
} Relax;

/* The value that a block gives to the axis; NULL for what is no axis of it. */
static const Node *axis_value(const Node *block, const Node *var)
{
    const Node *iters = block ? block->kid[Block_iters] : NULL;
    for (size_t i = 0; iters && i < iters->nkids; i++)
        if (iters->kid[i]->kid[Iter_var] == var)
            return iters->kid[i]->kid[Iter_value];
    return NULL;
}

/* For what the block's axes stand for: loops. */
static Relax over_loops(const Relax *r)
{
    Relax over = *r;
    over.block = NULL;
    return over;
}

/* The one of these loops whose variable it is; NULL if there is none. */
static const Node *loop_of(size_t n, const Node *const *loops, const Node *var)
{
    for (size_t i = 0; i < n; i++)
        if (loops[i]->kid[For_var] == var)
            return loops[i];
    return NULL;
}

static const Node *runs(const Relax *r, const Node *var)
{
    return loop_of(r->n - r->nstill, r->loops + r->nstill, var);
}

/* e is over the loops, and over the axes of the block (NULL: of none). */
static bool moves(const Relax *r, const Node *block, const Node *e)
{
    if (e->op == OP_Var) {
        const Node *value = axis_value(block, e);
        return value ? moves(r, NULL, value) : runs(r, e) != NULL;
    }
    for (size_t i = 0; i < e->nkids; i++)
        if (moves(r, block, e->kid[i]))
            return true;
    return false;
}

/* Splits off the literal at the end of a sum: e = rest + c; NULL for a rest of 0. */
static const Node *take_const(const Node *e, int64_t *c)
{
    *c = 0;
    if (e->op == OP_IntImm) {
        *c = e->at.i;
        return NULL;
    }
    if ((e->op == OP_Add || e->op == OP_Sub) && e->kid[1]->op == OP_IntImm) {
        *c = e->op == OP_Add ? e->kid[1]->at.i : wrap_neg(e->kid[1]->at.i);
        return e->kid[0];
    }
    return e;
}

static Span span_at(const Node *least, int64_t span)
{
    Span s = {.span = span};
    s.base = take_const(least, &s.c);
    return s;
}

/* The least value as an expression. */
static const Node *span_min(Arena *A, const Span *s)
{
    if (s->base && s->c == 0)
        return s->base;
    return s->base ? ix_add(A, s->base, ir_idx(A, s->c)) : ir_idx(A, s->c);
}

static bool relax(const Relax *r, const Node *e, Span *out);

static bool relax_var(const Relax *r, const Node *var, Span *out)
{
    const Node *value = axis_value(r->block, var);
    if (value) {
        Relax inner = over_loops(r);
        return relax(&inner, value, out);
    }
    int64_t extent = ir_const_int(runs(r, var)->kid[For_extent], -1);
    *out = (Span){NULL, 0, extent > 0 ? extent - 1 : 0};
    return extent >= 0;
}

/* Of two terms that move each on its own; false where the values are more than an int64 counts. */
static bool add_spans(int64_t a, int64_t b, int64_t *span)
{
    return !__builtin_add_overflow(a, b, span) && *span < INT64_MAX;
}

static bool relax_add(const Relax *r, const Node *e, Span *out)
{
    Span a, b;
    int64_t span;
    if (!relax(r, e->kid[0], &a) || !relax(r, e->kid[1], &b) || !add_spans(a.span, b.span, &span))
        return false;
    if (a.base && b.base)
        *out = span_at(ix_add(r->A, a.base, b.base), 0);
    else
        *out = (Span){a.base ? a.base : b.base, 0, 0};
    out->c = wrap_add(out->c, wrap_add(a.c, b.c));
    out->span = span;
    return true;
}

static bool relax_sub(const Relax *r, const Node *e, Span *out)
{
    Span a, b;
    int64_t span;
    if (!relax(r, e->kid[0], &a) || !relax(r, e->kid[1], &b) || !add_spans(a.span, b.span, &span))
        return false;
    if (b.base) {
        a = span_at(ix_sub(r->A, span_min(r->A, &a), span_min(r->A, &b)), 0);
        b.c = 0;
    }
    *out = (Span){a.base, wrap_add(a.c, wrap_neg(wrap_add(b.c, b.span))), span};
    return true;
}

static bool relax_mul(const Relax *r, const Node *e, Span *out)
{
    const Node *a = e->kid[Mul_a], *b = e->kid[Mul_b];
    if (a->op == OP_IntImm) {
        const Node *t = a;
        a = b;
        b = t;
    }
    Span s;
    if (b->op != OP_IntImm || !relax(r, a, &s))
        return false;
    int64_t c = b->at.i, width;
    if (__builtin_mul_overflow(s.span, c, &width) || width == INT64_MAX || width <= -INT64_MAX)
        return false;
    *out = s.base ? span_at(ix_mul(r->A, span_min(r->A, &s), b), width)
                  : (Span){NULL, wrap_mul(s.c, c), width};
    if (c < 0) {
        out->c = wrap_add(out->c, width);
        out->span = -width;
    }
    return true;
}

enum { FUEL = 1000 }; /* far more than an index needs */

/* What the first n of the loops can be. */
static Known known_of(Arena *A, size_t n, const Node *const *loops)
{
    VarRange *at = ARENA_ARRAY(A, VarRange, n + 1);
    Known k = {.at = at};
    for (; k.n < n; k.n++) {
        k.fuel = FUEL;
        Interval in = values_of_loop(&k, loops[k.n]);
        at[k.n] = (VarRange){loops[k.n]->kid[For_var], in.lo, in.hi};
    }
    k.fuel = FUEL;
    return k;
}

/* The sum that stands still, if none of its values, with c and all of the span added, leaves int64
** for any value of the loops outside; a dividend that wraps jumps, and so does its quotient. */
static bool never_wraps(const Relax *r, const Span *s, Linear *base)
{
    Known k = known_of(r->A, r->nstill, r->loops);
    i128 lo, hi;
    *base = (Linear){0};
    return (!s->base || linear_add(base, s->base, 1)) && linear_exact(&k, base, &lo, &hi) &&
           fits64(lo + s->c, hi + s->c + s->span);
}

/* The n-th part of a sum that is a multiple of n and does not wrap. */
static const Node *quotient(Arena *A, Linear sum, int64_t n)
{
    sum.c0 /= n;
    for (size_t i = 0; i < sum.n; i++)
        sum.t[i].c /= n;
    return linear_build(A, &sum);
}

static bool relax_div(const Relax *r, const Node *e, Span *out)
{
    Span s;
    Linear base;
    int64_t n = ir_const_int(e->kid[FloorDiv_b], 0);
    if (n <= 0 || !relax(r, e->kid[FloorDiv_a], &s) || !never_wraps(r, &s, &base))
        return false;
    if (linear_is_multiple(&base, n)) {
        i128 last = (i128)s.c + s.span;
        int64_t lo = floor_div(s.c, n);
        *out = s.base ? span_at(quotient(r->A, base, n), 0) : (Span){0};
        out->c = wrap_add(out->c, lo);
        out->span = (int64_t)(floor_div_wide(last, n) - lo);
        return true;
    }
    const Node *by = e->kid[FloorDiv_b];
    *out = span_at(ix_div(r->A, span_min(r->A, &s), by), s.span / n + (s.span % n != 0));
    return true;
}

static bool relax_mod(const Relax *r, const Node *e, Span *out)
{
    Span s;
    Linear base;
    int64_t n = ir_const_int(e->kid[FloorMod_b], 0);
    if (n <= 0)
        return false;
    *out = (Span){NULL, 0, n - 1};
    if (!relax(r, e->kid[FloorMod_a], &s))
        return true;
    i128 lo = floor_div(s.c, n);
    if (never_wraps(r, &s, &base) && linear_is_multiple(&base, n) &&
        lo == floor_div_wide((i128)s.c + s.span, n))
        *out = (Span){NULL, (int64_t)(s.c - lo * n), s.span};
    return true;
}

/* Is it over loops that stand still?  An element's value is no place to start from, for it may
** change, and reading it may need a guard; nor is what a let names, which is nothing outside. */
static bool stands(const Relax *r, const Node *e)
{
    if (e->op == OP_Load || (e->op == OP_Var && !loop_of(r->nstill, r->loops, e)))
        return false;
    for (size_t i = 0; i < e->nkids; i++)
        if (!stands(r, e->kid[i]))
            return false;
    return true;
}

/* Leaves of the values of e, which is over loops, those that the guards let through: what moves in
** it may be one of their sums, or the negative of one, and a constant.  Both are exact, so none of
** the values is one that has wrapped. */
static void clip(const Relax *r, const Node *e, Span *s)
{
    Linear moving = {0};
    i128 first = s->c, last = first + s->span, lo, hi;
    Known k = r->known;
    if (!linear_add(&moving, e, 1) || (s->base && !linear_add(&moving, s->base, -1)) ||
        !linear_exact(&k, &moving, &lo, &hi) || !fits64(first, last))
        return;
    for (size_t i = 0; i < r->nguards; i++) {
        Linear over = moving, sum = moving; /* moving = over + guard, moving = sum - guard */
        if (linear_add_exactly(&over, &r->guards[i], -1) && over.n == 0 && over.c0 > first)
            first = over.c0;
        if (linear_add_exactly(&sum, &r->guards[i], 1) && sum.n == 0 && sum.c0 < last)
            last = sum.c0;
    }
    if (first > last) /* nothing is let through */
        return;
    s->c = (int64_t)first;
    s->span = (int64_t)(last - first);
}

static bool relax_moving(const Relax *r, const Node *e, Span *out)
{
    switch ((Op)e->op) {
    case OP_Var: return relax_var(r, e, out);
    case OP_Add: return relax_add(r, e, out);
    case OP_Sub: return relax_sub(r, e, out);
    case OP_Mul: return relax_mul(r, e, out);
    case OP_FloorDiv: return relax_div(r, e, out);
    case OP_FloorMod: return relax_mod(r, e, out);
    default: return false;
    }
}

static bool relax(const Relax *r, const Node *e, Span *out)
{
    if (!moves(r, r->block, e)) {
        const Node *still = r->block ? block_over_loops(r->A, r->block, e) : e;
        *out = span_at(still, 0);
        return stands(r, still);
    }
    if (!relax_moving(r, e, out))
        return false;
    if (r->nguards && !r->block)
        clip(r, e, out);
    return true;
}

bool region_relax(Arena *A, const Node *e, size_t nstill, size_t nloops, const Node *const *loops,
                  const Node **min, int64_t *extent)
{
    Relax r = {.A = A, .nstill = nstill, .n = nloops, .loops = loops};
    Span s;
    if (!relax(&r, e, &s))
        return false;
    *min = span_min(A, &s);
    *extent = s.span + 1;
    for (size_t i = nstill; i < nloops; i++)
        if (ir_is_int(loops[i]->kid[For_extent], 0) && ir_mentions(e, loops[i]->kid[For_var]))
            *extent = 0;
    return true;
}

const Node *block_over_loops(Arena *A, const Node *block, const Node *e)
{
    const Node *iters = block->kid[Block_iters];
    Subst few[16], *map = iters->nkids <= 16 ? few : ARENA_ARRAY(A, Subst, iters->nkids);
    for (size_t i = 0; i < iters->nkids; i++)
        map[i] = (Subst){iters->kid[i]->kid[Iter_var], iters->kid[i]->kid[Iter_value]};
    return ir_subst(A, e, iters->nkids, map);
}

/* ---- regions ---- */

typedef struct Walk {
    Arena *A;
    const Node *buffer;
    int which;
    LoopVec loops;     /* around the current place */
    size_t nstill;     /* of them outside the piece */
    const Node *block; /* the block around, or NULL */
    SumVec guards;     /* of the blocks around, as in Relax */
    bool all;          /* every dimension is taken whole: what else is there adds nothing */
    Region out;        /* .min and .extent to be filled from `box` */
    Span box[IR_MAX_RANK];
} Walk;

/* Widens dimension d to hold s. */
static void join_dim(Walk *w, size_t d, const Span *s)
{
    Span *box = &w->box[d];
    if (w->out.whole[d])
        return;
    if (w->out.empty) {
        *box = *s;
        return;
    }
    if (!box->base != !s->base || (s->base && !ir_same(box->base, s->base))) {
        w->out.whole[d] = true;
        return;
    }
    int64_t a = box->c, b = s->c;
    i128 a_last = (i128)a + box->span, b_last = (i128)b + s->span;
    i128 span = (a_last > b_last ? a_last : b_last) - (a < b ? a : b);
    if (span >= INT64_MAX) {
        w->out.whole[d] = true;
        return;
    }
    if (MUTANT(region_join_forgets_first, b < a, true))
        box->c = b;
    box->span = (int64_t)span;
}

/* Is it known already that dimension d is taken whole, whatever is joined? */
static bool has_all(const Walk *w, size_t d)
{
    return w->out.whole[d] || (!w->out.empty && w->box[d].span + 1 >= ir_dim(w->buffer, d));
}

static void join_access(Walk *w, const Node *const *index)
{
    Relax r = {.A = w->A,
               .nstill = w->nstill,
               .n = w->loops.n,
               .loops = w->loops.at,
               .block = w->block,
               .nguards = w->guards.n,
               .guards = w->guards.at};
    if (r.nguards)
        r.known = known_of(w->A, r.n, r.loops);
    Span s;
    for (size_t d = 0; d < w->out.rank; d++)
        if (has_all(w, d))
            w->out.whole[d] = true;
        else if (relax(&r, index[d], &s))
            join_dim(w, d, &s);
        else
            w->out.whole[d] = true;
    w->out.empty = false;
    w->all = true;
    for (size_t d = 0; d < w->out.rank; d++)
        w->all &= has_all(w, d);
}

/* Where a + by <= b holds. */
static void add_guard(Walk *w, const Node *a, const Node *b, int64_t by)
{
    Linear less = {0}, more = {0}, sum = {.c0 = -by};
    i128 lo, hi;
    Known k = known_of(w->A, w->loops.n, w->loops.at);
    if (a->type == DT_int64 && linear_add(&less, a, 1) && linear_exact(&k, &less, &lo, &hi) &&
        linear_add(&more, b, 1) && linear_exact(&k, &more, &lo, &hi) &&
        linear_add_exactly(&sum, &more, 1) && linear_add_exactly(&sum, &less, -1))
        vec_push(w->A, &w->guards, sum);
}

/* What a condition over loops says. */
static void add_guards(Walk *w, const Node *cond)
{
    const Node *a = cond->nkids == 2 ? cond->kid[0] : NULL, *b = a ? cond->kid[1] : NULL;
    switch ((Op)cond->op) {
    case OP_And:
        add_guards(w, a);
        add_guards(w, b);
        return;
    case OP_Lt: add_guard(w, a, b, 1); return;
    case OP_Le: add_guard(w, a, b, 0); return;
    case OP_Gt: add_guard(w, b, a, 1); return;
    case OP_Ge: add_guard(w, b, a, 0); return;
    default: return;
    }
}

static void walk(Walk *w, const Node *n);

/* What has no children makes no access. */
static void walk_kids(Walk *w, const Node *n)
{
    for (size_t i = 0; i < n->nkids; i++)
        if (n->kid[i]->nkids)
            walk(w, n->kid[i]);
}

static void walk_block(Walk *w, const Node *n)
{
    size_t guards = w->guards.n;
    const Node *block = w->block;
    walk(w, n->kid[Block_iters]);
    w->block = n; /* of whose axes the rest speaks */
    walk(w, n->kid[Block_where]);
    add_guards(w, block_over_loops(w->A, n, n->kid[Block_where]));
    walk(w, n->kid[Block_init]);
    walk(w, n->kid[Block_body]);
    w->block = block;
    w->guards.n = guards;
}

static void walk(Walk *w, const Node *n)
{
    if (w->all)
        return;
    switch ((Op)n->op) {
    case OP_Buffer: return; /* its shape */
    case OP_Block: walk_block(w, n); return;
    case OP_For:
        if (ir_is_int(n->kid[For_extent], 0))
            return; /* nothing happens in it */
        vec_push(w->A, &w->loops, n);
        walk_kids(w, n);
        w->loops.n--;
        return;
    case OP_Load:
        if (n->kid[Load_buffer] == w->buffer && (w->which & REGION_READS))
            join_access(w, &n->kid[Load_index]);
        break;
    case OP_Store:
        if (n->kid[Store_buffer] == w->buffer && (w->which & REGION_WRITES))
            join_access(w, &n->kid[Store_index]);
        break;
    case OP_Update:
        if (n->kid[Store_buffer] == w->buffer && (w->which & (REGION_READS | REGION_WRITES)))
            join_access(w, &n->kid[Store_index]);
        break;
    default: break;
    }
    walk_kids(w, n);
}

Region region_of(Arena *A, size_t naround, const Node *const *around, const Node *stmt,
                 const Node *buffer, int which)
{
    Walk w;
    w.A = A;
    w.buffer = buffer;
    w.which = which;
    w.loops = (LoopVec){0};
    w.guards = (SumVec){0};
    for (w.nstill = 0; w.nstill < naround; w.nstill++)
        vec_push(A, &w.loops, around[w.nstill]);
    w.block = NULL;
    w.all = false;
    w.out = (Region){.rank = ir_rank(buffer), .empty = true};
    walk(&w, stmt);
    Region *r = &w.out;
    for (size_t d = 0; d < r->rank; d++) {
        int64_t dim = ir_dim(buffer, d);
        r->whole[d] = has_all(&w, d);
        bool part = !r->empty && !r->whole[d];
        r->min[d] = part ? span_min(A, &w.box[d]) : ir_idx(A, 0);
        r->extent[d] = part ? w.box[d].span + 1 : r->empty ? 0 : dim;
    }
    return w.out;
}

const Node *region_window(Arena *A, const Region *r, const Node *buffer)
{
    const Node *ranges[IR_MAX_RANK];
    bool whole = true;
    for (size_t d = 0; d < r->rank; d++) {
        whole &= r->whole[d];
        int64_t extent = r->extent[d] - MUTANT(window_short, 0, r->extent[d] > 1);
        ranges[d] = ir_range(A, r->min[d], r->whole[d] ? buffer->kid[d] : ir_idx(A, extent));
    }
    return ir_list(A, whole ? 0 : r->rank, ranges);
}
