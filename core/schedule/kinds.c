/* kinds.c -- how a loop runs: parallel, vectorized, unrolled, on a thread axis; and annotations. */
#include "core/schedule/prims.h"

#include <limits.h>
#include <string.h>

#include "core/affine/region.h"
#include "core/base/mutant.h"
#include "core/ir/gpu.h"
#include "core/ir/rewrite.h"
#include "core/ir/simplify.h"
#include "core/schedule/alloc.h"
#include "core/schedule/legal.h"
#include "core/schedule/nest.h"
#include "core/schedule/tree.h"

enum { MAX_LANES = 1024, MAX_UNROLL = 1024, SHORT_SPLIT = 8 /* lanes of a loop that is split */ };

static const Node *with_kind(Arena *A, const Node *func, const Node *loop, ForKind kind)
{
    Path path;
    path_to_loop(func, loop->kid[For_var], &path);
    const Node *now = path_end(&path);
    return path_replace(A, &path, ir_make(A, OP_For, 0, (Attr){.i = kind}, now->nkids, now->kid));
}

/* ---- what to do instead ---- */

typedef struct Strides {
    Arena *A;
    const Node *var, *block;
    int unit, strided;
} Strides;

/* By how much the index moves from one iteration to the next: 0 or 1; 2 stands for all else. */
static int moves_by(const Strides *t, const Node *index)
{
    const Node *at = t->block ? block_over_loops(t->A, t->block, index) : index;
    Subst next = {t->var, ix_add(t->A, t->var, ir_idx(t->A, 1))};
    const Node *by = ir_simplify(t->A, ix_sub(t->A, ir_subst(t->A, at, 1, &next), at), NULL);
    return !ir_mentions(at, t->var) ? 0 : ir_is_int(by, 1) ? 1 : 2;
}

static void count_strides(Strides *t, const Node *n)
{
    if (ir_is_access(n)) {
        size_t rank = ir_rank(n->kid[0]);
        int far = 0, near = rank ? moves_by(t, ir_index(n)[rank - 1]) : 0;
        for (size_t d = 0; d + 1 < rank; d++)
            far += moves_by(t, ir_index(n)[d]);
        t->unit += far == 0 && near == 1;
        t->strided += far > 0 || near > 1;
    }
    const Node *around = t->block;
    if (n->op == OP_Block)
        t->block = n;
    for (size_t i = 0; i < n->nkids; i++)
        count_strides(t, n->kid[i]);
    t->block = around;
}

/* How many accesses the loop makes with a stride; -1 if these are more than it makes
** side by side. */
static int strided_along(Arena *A, const Node *loop)
{
    Strides t = {.A = A, .var = loop->kid[For_var]};
    count_strides(&t, loop->kid[For_body]);
    return t.unit && t.strided <= t.unit ? t.strided : -1;
}

/* A loop of the nest for which a refused step is legal, and how good it is. */
typedef struct Choice {
    const Node *loop;
    int strided; /* accesses with a stride; -1: more than it makes side by side */
    bool longer; /* than lanes may be: to be split first */
} Choice;

/* More lanes side by side, then fewer iterations that would have to be split. */
static bool is_better(const Choice *a, const Choice *b)
{
    if (!b->loop || (a->strided < 0) != (b->strided < 0))
        return !b->loop || b->strided < 0;
    return a->longer != b->longer ? b->longer : a->strided <= b->strided;
}

/* Puts into words what is legal instead: a call, or a sentence with calls; or returns false where
** the calls would be refused. */
static bool advise(Step *s, const Node *loop, const Choice *c, const char *how, const char *arg)
{
    const char *handle = loop_handle(s->A, s->func, c->loop),
               *refused = ir_var_name(loop->kid[For_var]);
    if (c->longer) {
        const char *advice = split_first(s->A, s->func, handle, SHORT_SPLIT, how, arg);
        if (!advice)
            return false;
        err_fix(s->err, "%s", advice);
    } else if (c->strided < 0) {
        err_fix(s->err, "leave %s serial; s:%s(\"%s\"%s) is legal, though it strides over memory",
                refused, how, handle, arg ? arena_printf(s->A, ", \"%s\"", arg) : "");
    } else if (arg) {
        err_fix(s->err, "s:%s(\"%s\", \"%s\")", how, handle, arg);
    } else {
        err_fix(s->err, "s:%s \"%s\"", how, handle);
    }
    return true;
}

/* The best loop of the path's places `from` to `to` for which a step that makes loops this kind is
** legal and of use: for lanes, and threads of a warp, one along which memory is contiguous; else
** the outermost. */
static Choice choose(Step *s, const Path *path, size_t from, size_t to, const Node *loop,
                     ForKind kind)
{
    Choice best = {0};
    bool lanes = kind == FOR_vectorized || kind == FOR_thread_x;
    for (size_t i = from; i < to; i++) {
        const Node *other = path->at[i];
        if (other->op != OP_For)
            continue;
        int64_t extent = ir_const_int(other->kid[For_extent], kind == FOR_parallel ? 2 : 0);
        if (other == loop || ir_for_kind(other) != FOR_serial || extent <= 1 ||
            (best.loop && !lanes))
            continue;
        Choice c = {other, lanes ? strided_along(s->A, other) : 0, lanes && extent > MAX_LANES};
        if (is_better(&c, &best) && legal_surely_concurrent(s->func, other))
            best = c;
    }
    return best;
}

/* The place of the innermost loop of that kind in the path; path->n if it has none. */
static size_t place_of_kind(const Path *path, ForKind kind)
{
    for (size_t i = path->n; i-- > 0;)
        if (path->at[i]->op == OP_For && ir_for_kind(path->at[i]) == kind)
            return i;
    return path->n;
}

/* The cores go to the loop at `taken` already.  What else makes iterations run at once is lanes, on
** each core: where there are none yet, for a loop within that one. */
static bool suggest_lanes(Step *s, const Path *path, size_t taken, const Node *loop)
{
    if (place_of_kind(path, FOR_vectorized) < path->n)
        return false;
    Choice best = choose(s, path, taken + 1, path->n, loop, FOR_vectorized);
    return best.loop && best.strided >= 0 && !ir_first(best.loop, OP_Barrier) &&
           advise(s, loop, &best, "vectorize", NULL);
}

/* Suggests a loop of the same nest for which the same step is legal and of use; where another one
** spreads its iterations already, says which one, or a step that adds to that. */
static bool suggest(Step *s, const Node *loop, ForKind kind, const char *how, const char *arg)
{
    Path path;
    const Node *block = tree_first_block(loop);
    path_to(s->func, block ? block : loop, &path);
    size_t taken = place_of_kind(&path, kind);
    if (taken == path.n) {
        Choice best = choose(s, &path, 0, path.n, loop, kind);
        if (best.loop)
            advise(s, loop, &best, how, arg);
        return best.loop;
    }
    if (kind != FOR_parallel || !suggest_lanes(s, &path, taken, loop))
        err_fix(s->err, "leave %s serial: %s is %s already", ir_var_name(loop->kid[For_var]),
                ir_var_name(path.at[taken]->kid[For_var]), for_kind_text[kind]);
    return true;
}

typedef struct Producers {
    Step *s;
    StepCall again; /* the step that is refused */
    int tried;
} Producers;

enum { MOST_PRODUCERS = 4 };

/* Is it not accepted either if the block is computed in each iteration as far as that reads it? */
static bool is_no_remedy(void *env, const Node *block)
{
    Producers *p = env;
    StepCall inside = {"compute_at", 2, {given_str(ir_block_name(block)), p->again.args[0]}};
    return p->tried++ < MOST_PRODUCERS &&
           !steps_advise(p->s->A, p->s->func, p->s->err, &inside, &p->again);
}

/* Or suggests to compute a block of the loop anew in each iteration, so that none reads what
** another writes. */
static void suggest_inside(Step *s, const Node *loop, const char *how, const char *arg)
{
    StepCall again = {
        how, arg ? 2 : 1, {given_str(loop_handle(s->A, s->func, loop)), given_str(arg)}};
    Producers p = {s, again, 0};
    if (s->err && s->err->code == ERR_cross_iteration)
        tree_blocks(loop, is_no_remedy, &p);
}

/* Gives every loop of the argument the kind, after checking that it may have it. */
static bool set_kind(Step *s, ForKind kind, const char *how, const char *arg, bool concurrent)
{
    const Bound *loops = &s->arg[0];
    const Node *func = s->func;
    for (size_t i = 0; i < loops->n; i++) {
        const Node *loop = loops->nodes[i];
        const char *name = ir_var_name(loop->kid[For_var]);
        if (ir_for_kind(loop) != FOR_serial && ir_for_kind(loop) != kind)
            return REFUSE(s->err, loop_has_kind, loop, how, name, for_kind_text[ir_for_kind(loop)]);
        if (concurrent && !legal_concurrent(s->func, loop, s->err)) {
            if (!s->trial && !suggest(s, loop, kind, how, arg))
                suggest_inside(s, loop, how, arg);
            return false;
        }
        if ((kind == FOR_vectorized || kind == FOR_unrolled || for_is_bound(kind)) &&
            loop->kid[For_extent]->op != OP_IntImm)
            return REFUSE(s->err, extent_not_constant, loop, how, name);
        func = with_kind(s->A, func, loop, kind);
        buf_printf(&s->said, "%s%s", i ? ", " : "", step_label(s, s->func, loop));
    }
    return step_done(s, func);
}

/* ---- loops of one kind within each other ---- */

typedef struct Nested {
    const Step *s;
    const Node *outer;
    ForKind kind;
} Nested;

/* Is the loop of that kind after the step, with more than one iteration? */
static bool will_be(const Step *s, const Node *loop, ForKind kind)
{
    bool now = loop->op == OP_For && ir_for_kind(loop) == kind;
    for (size_t i = 0; i < s->arg[0].n; i++)
        now |= s->arg[0].nodes[i] == loop;
    return now && ir_const_int(loop->kid[For_extent], 2) > 1;
}

static Find another_inside(void *env, const Node *n)
{
    const Nested *nested = env;
    if (n->op == OP_Block)
        return FIND_NEXT;
    return n != nested->outer && will_be(nested->s, n, nested->kind) ? FIND_THIS : FIND_INSIDE;
}

static const Node *one_inside(const Step *s, const Node *loop, ForKind kind)
{
    return ir_find(loop, another_inside, &(Nested){s, loop, kind});
}

static const Node *nearest_around(const Step *s, const Node *loop, ForKind kind)
{
    Path p;
    path_to(s->func, loop, &p);
    for (size_t k = p.n - 1; k-- > 0;)
        if (will_be(s, p.at[k], kind))
            return p.at[k];
    return NULL;
}

static const Node *outermost_around(const Step *s, const Node *loop, ForKind kind)
{
    Path p;
    path_to(s->func, loop, &p);
    for (size_t k = 0; k + 1 < p.n; k++)
        if (will_be(s, p.at[k], kind))
            return p.at[k];
    return NULL;
}

/* Vectorized loops that are nested share one vector, in which the inner one is served first:
** what of it is left may be nothing.  Said of the first of the step's loops. */
static void say_lanes_shared(Step *s)
{
    for (size_t i = 0; i < s->arg[0].n; i++) {
        const Node *loop = s->arg[0].nodes[i];
        if (!will_be(s, loop, FOR_vectorized))
            continue;
        const Node *inner = one_inside(s, loop, FOR_vectorized);
        const Node *outer = inner ? loop : nearest_around(s, loop, FOR_vectorized);
        if (!outer)
            continue;
        buf_printf(&s->said, " (lanes go to %s in it first, and to %s if any are left)",
                   step_label(s, s->func, inner ? inner : loop), step_label(s, s->func, outer));
        return;
    }
}

/* Cores are handed out once: by the outermost parallel loop that has iterations to share out. */
static void say_cores_shared(Step *s)
{
    for (size_t i = 0; i < s->arg[0].n; i++) {
        const Node *loop = s->arg[0].nodes[i];
        if (!will_be(s, loop, FOR_parallel))
            continue;
        const Node *outer = outermost_around(s, loop, FOR_parallel);
        const Node *inner = outer ? loop : one_inside(s, loop, FOR_parallel);
        if (!inner)
            continue;
        buf_printf(&s->said, " (the cores go to %s; %s in it runs serially)",
                   step_label(s, s->func, outer ? outer : loop), step_label(s, s->func, inner));
        return;
    }
}

static void say_nothing_beside(Step *s)
{
    for (size_t i = 0; i < s->arg[0].n; i++)
        if (ir_const_int(s->arg[0].nodes[i]->kid[For_extent], 2) < 2) {
            buf_printf(&s->said, " (%s has one iteration: nothing runs beside it)",
                       step_label(s, s->func, s->arg[0].nodes[i]));
            return;
        }
}

bool prim_parallel(Step *s)
{
    bool done =
        set_kind(s, FOR_parallel, "parallel", NULL, MUTANT(parallel_unchecked, true, false));
    if (done) {
        say_cores_shared(s);
        say_nothing_beside(s);
    }
    return done;
}

static bool at_most(Step *s, const char *how, int64_t most)
{
    for (size_t i = 0; i < s->arg[0].n; i++) {
        const Node *loop = s->arg[0].nodes[i];
        int64_t extent = ir_const_int(loop->kid[For_extent], 0);
        if (extent > most)
            return REFUSE(s->err, too_many_iterations, loop, how, ir_var_name(loop->kid[For_var]),
                          (long long)extent, (long long)most, ir_var_name(loop->kid[For_var]));
    }
    return true;
}

/* The lanes of a thread wait together or not at all, and no step moves a barrier that was written
** into the program.  Those that the lowering puts in come and go with the steps, so it tells. */
static bool no_barrier_inside(Step *s)
{
    for (size_t i = 0; i < s->arg[0].n; i++) {
        const Node *loop = s->arg[0].nodes[i], *barrier = ir_first(loop, OP_Barrier);
        const char *name = ir_var_name(loop->kid[For_var]);
        if (!barrier)
            continue;
        REFUSE(s->err, barrier_inside, barrier, arena_printf(s->A, "%s, a vectorized loop", name));
        err_fix(s->err, "leave %s serial, or unroll it", name);
        return false;
    }
    return true;
}

bool prim_vectorize(Step *s)
{
    bool done =
        at_most(s, "vectorize", MAX_LANES) && no_barrier_inside(s) &&
        set_kind(s, FOR_vectorized, "vectorize", NULL, MUTANT(vectorize_unchecked, true, false));
    if (done)
        say_lanes_shared(s);
    return done;
}

bool prim_unroll(Step *s)
{
    return at_most(s, "unroll", MAX_UNROLL) && set_kind(s, FOR_unrolled, "unroll", NULL, false);
}

/* ---- thread axes ---- */

/* What the loops around this one are launched with; false where that is no launch already. */
static bool shape_around(const Node *func, const Node *loop, GpuShape *out)
{
    Path path;
    path_to(func, loop, &path);
    *out = (GpuShape){{0}};
    for (size_t i = 0; i + 1 < path.n; i++) {
        const Node *n = path.at[i];
        if (n->op == OP_For && for_is_bound(ir_for_kind(n)) && !gpu_shape_add(out, n, NULL))
            return false;
    }
    return gpu_threads_fit(out, NULL, NULL);
}

/* Makes each extent at least that of the loops in n on its axis. */
static void widen(GpuShape *shape, const Node *n)
{
    if (n->op == OP_For && for_is_bound(ir_for_kind(n))) {
        int64_t *extent = &shape->extent[ir_for_kind(n) - FOR_block_x];
        int64_t here = ir_const_int(n->kid[For_extent], 1);
        *extent = here > *extent ? here : *extent;
    }
    for (size_t i = 0; i < n->nkids; i++)
        if (ir_is_stmt(n->kid[i]))
            widen(shape, n->kid[i]);
}

/* "s:reorder(…); ", after which the loop stands inside the block loops that stand right in it; NULL
** if others are further in. */
static const char *blocks_outside(Step *s, const Node *loop)
{
    Buf names = buf_new(s->A);
    GpuShape inside = {{0}};
    const Node *n = loop->kid[For_body];
    for (; n->op == OP_For && for_is_block_axis(ir_for_kind(n)); n = n->kid[For_body])
        buf_printf(&names, "\"%s\", ", loop_handle(s->A, s->func, n));
    widen(&inside, n);
    for (int k = FOR_block_x; k < FOR_thread_x; k++)
        if (gpu_extent(&inside, (ForKind)k))
            return NULL;
    return names.len ? arena_printf(s->A, "s:reorder(%s\"%s\"); ", buf_str(&names),
                                    loop_handle(s->A, s->func, loop))
                     : "";
}

/* How to bind a loop that has too many iterations for the axis, or for its block.  What is left
** serial of it may not stand around a block loop. */
static void advise_axis(Step *s, const Node *loop, ForKind axis, const GpuShape *around)
{
    const char *name = loop_handle(s->A, s->func, loop), *text = for_kind_text[axis];
    const char *first = blocks_outside(s, loop);
    int64_t n = loop->kid[For_extent]->at.i, most = gpu_most(axis);
    GpuShape others = *around;
    widen(&others, loop->kid[For_body]);
    int64_t threads = GPU_MOST_THREADS / gpu_threads(&others);
    bool block = for_is_block_axis(axis);
    int64_t room = block || most < threads ? most : threads;
    if (n == 0)
        return;
    if (!first)
        err_fix(s->err, "reorder the loops on block axes outside %s first", name);
    else if (block && !gpu_extent(&others, FOR_block_x) && n <= gpu_most(FOR_block_x))
        err_fix(s->err, "s:bind(\"%s\", \"blockIdx.x\")", name);
    else if (block)
        err_fix(s->err, "%slocal outer = s:split(\"%s\", {%lld, -1}); s:bind(outer, \"%s\")", first,
                name, (long long)room, text);
    else if (room > 1)
        err_fix(s->err, "%slocal _, inner = s:split(\"%s\", %lld); s:bind(inner, \"%s\")", first,
                name, (long long)room, text);
    else
        err_fix(s->err, "%sbind %s to a block axis: the block is full",
                *first ? "" : "leave it serial, or ", name);
}

/* A launch has limits, and a loop that is bound cannot be split any more: so with the loops around
** and in it, it keeps to them from the first.  With loops beside those it need not agree yet: one
** of the two nests may still move, as a copy of a buffer does that first stands outside of both. */
static bool fits_axis(Step *s, const Node *loop, ForKind axis)
{
    GpuShape around;
    if (!shape_around(s->func, loop, &around) || !gpu_nests_fit(&around, loop, NULL))
        return true;
    const Node *bound = ir_make(s->A, OP_For, 0, (Attr){.i = axis}, loop->nkids, loop->kid);
    if (gpu_nests_fit(&around, bound, s->err))
        return true;
    if (s->err) {
        s->err->where = loop;
        advise_axis(s, loop, axis, &around);
    }
    return false;
}

/* Loops on the way to this one, or below it, that have the axis: it cannot count two
** of them at once. */
static const Node *axis_holder(const Node *n, const Node *loop, ForKind kind, bool related)
{
    if (n->op == OP_For && n != loop && ir_for_kind(n) == kind &&
        (related || ir_mentions(n->kid[For_body], loop->kid[For_var])))
        return n;
    for (size_t i = 0; i < n->nkids; i++) {
        const Node *found = op_info[n->kid[i]->op].cls == CLASS_STMT
                                ? axis_holder(n->kid[i], loop, kind, related || n == loop)
                                : NULL;
        if (found)
            return found;
    }
    return NULL;
}

static bool refuse_taken(Step *s, const Node *loop, ForKind kind, const Node *holder)
{
    const char *name = loop_handle(s->A, s->func, loop), *axis = for_kind_text[kind];
    REFUSE(s->err, axis_taken, loop, axis, ir_var_name(holder->kid[For_var]),
           ir_var_name(loop->kid[For_var]));
    for (int k = FOR_block_x; !s->trial && k < FOR_COUNT; k++) {
        Arg args[] = {given_str(name), given_str(for_kind_text[k])};
        if (for_is_block_axis((ForKind)k) == for_is_block_axis(kind) &&
            step_advise(s->A, s->func, s->err, "bind", 2, args))
            break;
    }
    return false;
}

/* Binds the loop, the only one of the argument then, in the program that s->func is. */
static bool bind_loop(Step *s, const Node *loop, const char *name, ForKind kind)
{
    s->arg[0].n = 1;
    s->arg[0].nodes[0] = loop;
    s->arg[0].names[0] = name;
    if (!set_kind(s, kind, "bind", for_kind_text[kind], true))
        return false;
    const Node *holder = axis_holder(s->func->kid[Func_body], loop, kind, false);
    if (holder)
        return refuse_taken(s, loop, kind, holder);
    if (!fits_axis(s, loop, kind))
        return false;
    /* Memory that was each iteration's own may now be seen by all: it goes outside, whole. */
    s->out = MUTANT(bind_shares_memory, alloc_settle_all(s->A, s->out, loop->kid[For_body], NULL),
                    s->out);
    return nest_recheck(s, s->out);
}

/* Loops that may each be bound alone are bound one after the other, so that each finds what the
** others hold. */
static bool bind_together(Step *s, const Bound *loops, ForKind kind)
{
    const Node *func = s->func;
    Path p;
    for (size_t i = 0; i < loops->n; i++) {
        path_to_loop(s->func, loops->nodes[i]->kid[For_var], &p);
        buf_puts(&s->said, i ? ", " : "");
        if (!bind_loop(s, path_end(&p), loops->names[i], kind)) {
            s->func = func;
            s->wrong = loop_handle(s->A, func, loops->nodes[i]);
            if (s->err)
                s->err->where = loops->nodes[i];
            err_fix(s->err, "bind fewer of them: %s can be bound without the others", s->wrong);
            return false;
        }
        s->func = s->out;
    }
    s->func = func;
    return true;
}

static bool find_axis(const char *name, ForKind *kind)
{
    for (int k = FOR_block_x; k < FOR_COUNT; k++)
        if (strcmp(name, for_kind_text[k]) == 0) {
            *kind = (ForKind)k;
            return true;
        }
    return false;
}

/* What keeps the loops of a kernel from one launch so far; the steps to come may bring one of them
** elsewhere. */
static void say_no_launch(Step *s, const Node *loop)
{
    Path p;
    GpuShape shape;
    Err found = {0};
    size_t kernel = 1;
    if (!path_to_loop(s->out, loop->kid[For_var], &p))
        return;
    while (kernel < p.n && gpu_above_kernels(p.at[kernel]))
        kernel++;
    if (kernel < p.n && !gpu_shape_of(p.at[kernel], &shape, &found) &&
        found.code == ERR_thread_extent)
        buf_printf(&s->said, "; not one launch yet: %s", found.why);
}

bool prim_bind_axis(Step *s)
{
    ForKind kind;
    const Bound loops = s->arg[0];
    if (!find_axis(s->arg[1].s, &kind))
        return REFUSE(s->err, no_thread_axis, loops.nodes[0], s->arg[1].s);
    for (size_t i = 0; i < loops.n; i++)
        if (!bind_loop(s, loops.nodes[i], loops.names[i], kind)) {
            s->wrong = loops.n > 1 ? loop_handle(s->A, s->func, loops.nodes[i]) : NULL;
            return false;
        }
    if (loops.n > 1) {
        s->said = buf_new(s->A);
        if (!bind_together(s, &loops, kind))
            return false;
    }
    buf_printf(&s->said, " to %s", for_kind_text[kind]);
    say_no_launch(s, loops.nodes[0]);
    return true;
}

bool prim_annotate(Step *s)
{
    Arena *A = s->A;
    const Node *place = s->arg[0].node;
    uint32_t kid = place->op == OP_For ? For_annots : Block_annots;
    const Node *old = place->kid[kid], **now = ARENA_ARRAY(A, const Node *, old->nkids + 1);
    const char *key = s->arg[1].s;
    const Node *value = s->arg[2].s ? ir_make(A, OP_StrImm, 0,
                                              (Attr){.name = arena_strdup(A, s->arg[2].s)}, 0, NULL)
                                    : ir_idx(A, s->arg[2].i);
    if (!*key ||
        strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") !=
            strlen(key) ||
        strchr("0123456789", *key))
        return REFUSE(s->err, bad_annotation_key, place, key);
    if (s->arg[2].s && strpbrk(s->arg[2].s, "\"\n\\"))
        return REFUSE(s->err, bad_annotation, place, key);
    size_t at = 0, n = old->nkids;
    while (at < n && strcmp(old->kid[at]->at.name, key) != 0)
        at++;
    mem_copy(now, old->kid, n * sizeof *now);
    now[at] = ir_node(A, Annot, 0, (Attr){.name = arena_strdup(A, key)}, [Annot_value] = value);
    n += at == n;
    buf_printf(&s->said, "%s {%s: %s}",
               place->op == OP_For ? step_label(s, s->func, place) : ir_block_name(place), key,
               s->arg[2].s ? s->arg[2].s : arena_printf(A, "%lld", (long long)s->arg[2].i));
    Path path;
    path_to(s->func, place, &path);
    return step_done(s, path_replace(A, &path, ir_with_kid(A, place, kid, ir_list(A, n, now))));
}
