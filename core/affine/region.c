/* region.c -- boxes around accesses, from index expressions as linear forms. */
#include "core/affine/region.h"

#include <string.h>

#include "core/base/mutant.h"
#include "core/base/vec.h"
#include "core/ir/rewrite.h"

typedef VEC(const Node *) LoopVec;

/* min + [0, span], where min is over loops that stand still. */
typedef struct Span {
    const Node *min;
    int64_t span;
} Span;

typedef struct Relax {
    Arena *A;
    size_t n;
    const Node *const *loops; /* For nodes that run through */
} Relax;

static const Node *runs(const Relax *r, const Node *var)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->loops[i]->kid[For_var] == var)
            return r->loops[i];
    return NULL;
}

static bool moves(const Relax *r, const Node *e)
{
    if (e->op == OP_Var)
        return runs(r, e) != NULL;
    for (size_t i = 0; i < e->nkids; i++)
        if (moves(r, e->kid[i]))
            return true;
    return false;
}

static bool relax(const Relax *r, const Node *e, Span *out);

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
    if (__builtin_mul_overflow(s.span, c, &width))
        return false;
    out->min = ix_mul(r->A, s.min, b);
    if (c < 0)
        out->min = ix_add(r->A, out->min, ir_idx(r->A, width));
    out->span = c < 0 ? -width : width;
    return true;
}

/* Every coefficient of the part that stands still is a multiple of n, so that it leaves a division whole. */
static bool multiple_of(const Node *e, int64_t n)
{
    switch ((Op)e->op) {
    case OP_IntImm: return e->at.i % n == 0;
    case OP_Add:
    case OP_Sub: return multiple_of(e->kid[0], n) && multiple_of(e->kid[1], n);
    case OP_Mul: return multiple_of(e->kid[0], n) || multiple_of(e->kid[1], n);
    default: return n == 1;
    }
}

/* Splits off the literal at the end of a sum: e = rest + c. */
static const Node *take_const(Arena *A, const Node *e, int64_t *c)
{
    *c = 0;
    if (e->op == OP_IntImm) {
        *c = e->at.i;
        return ir_idx(A, 0);
    }
    if ((e->op == OP_Add || e->op == OP_Sub) && e->kid[1]->op == OP_IntImm) {
        *c = e->op == OP_Add ? e->kid[1]->at.i : -e->kid[1]->at.i;
        return e->kid[0];
    }
    return e;
}

static int64_t floor_div(int64_t a, int64_t n)
{
    return a / n - (a % n < 0);
}

static bool relax_div(const Relax *r, const Node *e, Span *out)
{
    Span s;
    int64_t n = ir_const_int(e->kid[FloorDiv_b], 0), c;
    if (n <= 0 || !relax(r, e->kid[FloorDiv_a], &s))
        return false;
    const Node *still = take_const(r->A, s.min, &c);
    if (multiple_of(still, n)) {
        int64_t lo = floor_div(c, n), hi = floor_div(c + s.span, n);
        out->min = ix_add(r->A, ix_div(r->A, still, ir_idx(r->A, n)), ir_idx(r->A, lo));
        out->span = hi - lo;
        return true;
    }
    out->min = ix_div(r->A, s.min, ir_idx(r->A, n));
    out->span = (s.span + n - 1) / n;
    return true;
}

static bool relax_mod(const Relax *r, const Node *e, Span *out)
{
    Span s;
    int64_t n = ir_const_int(e->kid[FloorMod_b], 0), c;
    if (n <= 0)
        return false;
    *out = (Span){ir_idx(r->A, 0), n - 1};
    if (!relax(r, e->kid[FloorMod_a], &s))
        return true;
    const Node *still = take_const(r->A, s.min, &c);
    if (multiple_of(still, n) && floor_div(c, n) == floor_div(c + s.span, n))
        *out = (Span){ir_idx(r->A, c - floor_div(c, n) * n), s.span};
    return true;
}

/* An element's value is no place to start from: it may change, and reading it may need a guard. */
static bool loads(const Node *e)
{
    if (e->op == OP_Load)
        return true;
    for (size_t i = 0; i < e->nkids; i++)
        if (loads(e->kid[i]))
            return true;
    return false;
}

static bool relax(const Relax *r, const Node *e, Span *out)
{
    Span a, b;
    if (!moves(r, e)) {
        *out = (Span){e, 0};
        return !loads(e);
    }
    switch ((Op)e->op) {
    case OP_Var: {
        int64_t extent = ir_const_int(runs(r, e)->kid[For_extent], -1);
        *out = (Span){ir_idx(r->A, 0), extent > 0 ? extent - 1 : 0};
        return extent >= 0;
    }
    case OP_Add:
        if (!relax(r, e->kid[0], &a) || !relax(r, e->kid[1], &b))
            return false;
        *out = (Span){ix_add(r->A, a.min, b.min), a.span + b.span};
        return true;
    case OP_Sub:
        if (!relax(r, e->kid[0], &a) || !relax(r, e->kid[1], &b))
            return false;
        *out = (Span){ix_sub(r->A, ix_sub(r->A, a.min, b.min), ir_idx(r->A, b.span)), a.span + b.span};
        return true;
    case OP_Mul: return relax_mul(r, e, out);
    case OP_FloorDiv: return relax_div(r, e, out);
    case OP_FloorMod: return relax_mod(r, e, out);
    default: return false;
    }
}

bool region_relax(Arena *A, const Node *e, size_t nloops, const Node *const *loops, const Node **min,
                  int64_t *extent)
{
    Relax r = {A, nloops, loops};
    Span s;
    if (!relax(&r, e, &s))
        return false;
    *min = s.min;
    *extent = s.span + 1;
    for (size_t i = 0; i < nloops; i++)
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
    LoopVec loops;     /* around the current place, inside the piece */
    const Node *block; /* the block around, or NULL */
    Region out;
} Walk;

/* Widens dimension d to hold [min, min + extent). */
static void join_dim(Walk *w, size_t d, const Node *min, int64_t extent)
{
    Region *r = &w->out;
    if (r->whole[d])
        return;
    if (r->empty) {
        r->min[d] = min;
        r->extent[d] = extent;
        return;
    }
    int64_t a, b;
    const Node *ra = take_const(w->A, r->min[d], &a), *rb = take_const(w->A, min, &b);
    if (!ir_same(ra, rb)) {
        r->whole[d] = true;
        return;
    }
    int64_t end = a + r->extent[d] > b + extent ? a + r->extent[d] : b + extent;
    if (MUTANT(region_join_forgets_first, b < a, true))
        r->min[d] = min;
    r->extent[d] = end - (a < b ? a : b);
}

static void join_access(Walk *w, const Node *const *index)
{
    for (size_t d = 0; d < w->out.rank; d++) {
        const Node *e = w->block ? block_over_loops(w->A, w->block, index[d]) : index[d], *min;
        int64_t extent;
        if (region_relax(w->A, e, w->loops.n, w->loops.at, &min, &extent))
            join_dim(w, d, min, extent);
        else
            w->out.whole[d] = true;
    }
    w->out.empty = false;
}

static void walk(Walk *w, const Node *n)
{
    if (n->op == OP_For && ir_is_int(n->kid[For_extent], 0))
        return; /* nothing happens in it */
    if (n->op == OP_Load && n->kid[Load_buffer] == w->buffer && (w->which & REGION_READS))
        join_access(w, &n->kid[Load_index]);
    if ((n->op == OP_Store || n->op == OP_Update) && n->kid[Store_buffer] == w->buffer &&
        (w->which & (n->op == OP_Update ? REGION_READS | REGION_WRITES : REGION_WRITES)))
        join_access(w, &n->kid[Store_index]);
    size_t depth = w->loops.n;
    const Node *block = w->block;
    if (n->op == OP_For)
        vec_push(w->A, &w->loops, n);
    if (n->op == OP_Block) {
        walk(w, n->kid[Block_where]);
        w->block = n;
        walk(w, n->kid[Block_init]);
        walk(w, n->kid[Block_body]);
    } else {
        for (size_t i = 0; i < n->nkids; i++)
            walk(w, n->kid[i]);
    }
    w->block = block;
    w->loops.n = depth;
}

Region region_of(Arena *A, const Node *stmt, const Node *buffer, int which)
{
    Walk w = {.A = A, .buffer = buffer, .which = which, .out = {.rank = ir_rank(buffer), .empty = true}};
    walk(&w, stmt);
    Region *r = &w.out;
    for (size_t d = 0; d < r->rank; d++) {
        int64_t dim = ir_dim(buffer, d);
        if (!r->empty && !r->whole[d] && dim >= 0 && r->extent[d] >= dim)
            r->whole[d] = true;
        if (r->empty || r->whole[d]) {
            r->min[d] = ir_idx(A, 0);
            r->extent[d] = r->empty ? 0 : dim;
        }
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
