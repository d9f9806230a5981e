/* check.c -- statements of the checking interpreter.
**
** Outside a kernel a statement is run by `step`.  Inside, `step_all` runs it for a set of threads:
** a part without barrier or bound loop by each thread in turn, from its beginning to its end; the
** others by all of them together, so that a barrier is a place where the set must be complete.
*/
#include "core/ir/check_impl.h"

#include <stdio.h>
#include <string.h>

#include "core/base/cancel.h"
#include "core/base/progress.h"

/* The threads that run a statement together. */
typedef struct Team {
    int32_t n;
    const int32_t *ids;
} Team;

/* What must be set anew when another thread takes its turn: innermost first. */
typedef struct Turn Turn;
struct Turn {
    const Step *step; /* a loop over a thread axis, or a block */
    const Turn *up;
};

static void step_all(Checker *c, const Step *s, Team team, const Turn *turn);

/* ---- naming what runs ---- */

const char *check_loop_name(const Step *loop)
{
    return ir_var_name(loop->node->kid[For_var]);
}

void check_loops(const Checker *c, char *out, size_t size)
{
    size_t len = 0;
    out[0] = '\0';
    for (const Step *s = c->loop; s && len < size; s = s->up) {
        if (s->node->op != OP_For)
            continue;
        int n = snprintf(out + len, size - len, "%s%s=%lld", len ? ", " : "", check_loop_name(s),
                         (long long)s->cell->i);
        len += n > 0 ? (size_t)n : 0;
    }
}

const char *check_place(const Checker *c)
{
    return c->block ? ir_block_name(c->block->node) : "the program";
}

/* ---- loops ---- */

/* Counts an iteration; false if the run must end. */
static bool go_on(Checker *c, const Step *loop)
{
    if (c->failed)
        return false;
    if (--c->iterations_left < 0) {
        int64_t most = c->options->iterations > 0 ? c->options->iterations : INT64_C(1) << 32;
        FAIL(c->err, iterations_spent, loop->node, (long long)most);
        c->failed = true;
    } else if (--c->look <= 0) {
        c->look = 1024;
        progress_tick();
        c->failed = cancel_poll(c->err);
    }
    return !c->failed;
}

/* A loop whose iterations may overlap opens a level.  NULL: it needs none, or none is left. */
static Level *open_level(Checker *c, const Step *s)
{
    if (!s->overlaps)
        return NULL;
    if (c->nlevels == CHECK_LEVELS) {
        c->failed = true;
        return FAIL(c->err, overlap_depth, s->node, check_loop_name(s), CHECK_LEVELS);
    }
    Level *l = &c->levels[c->nlevels++];
    *l = (Level){s, c->now, c->now};
    return l;
}

/* The number of the iteration along these axes together. */
static uint32_t number_along(const Checker *c, ForKind first, ForKind last)
{
    uint32_t out = 0;
    for (int k = (int)last; k >= (int)first; k--)
        out = out * (uint32_t)gpu_count(&c->shape, (ForKind)k) + (uint32_t)c->at[k - FOR_block_x];
    return out;
}

static void stand_in_block(Checker *c, ForKind axis, int64_t i)
{
    c->at[axis - FOR_block_x] = i;
    c->home = number_along(c, FOR_block_x, FOR_block_z);
    c->thread_block++;
}

/* As the program is written, an iteration of a bound loop is a thread's, or a thread block's. */
static void stand_at(Checker *c, const Step *s, int64_t i)
{
    ForKind kind = ir_for_kind(s->node);
    if (for_is_block_axis(kind)) {
        stand_in_block(c, kind, i);
    } else if (for_is_thread_axis(kind)) {
        c->at[kind - FOR_block_x] = i;
        c->thread = (int32_t)number_along(c, FOR_thread_x, FOR_thread_z);
    }
}

static void step_for(Checker *c, const Step *s)
{
    int64_t n = check_value(c, s->x).i;
    const Step *outer = c->loop;
    Level *level = open_level(c, s);
    c->loop = s;
    for (int64_t i = 0; i < n && go_on(c, s); i++) {
        s->cell->i = i;
        if (level)
            level->begin = c->now;
        stand_at(c, s, i);
        check_step(c, s->kid[0]);
    }
    stand_at(c, s, 0);
    c->loop = outer;
    c->nlevels -= level != NULL;
}

/* ---- blocks, memory, stores ---- */

/* Sets the axes; are all reduce axes at 0? */
static bool set_axes(Checker *c, const Step *s)
{
    bool first = true;
    for (size_t i = 0; i < s->naxes; i++) {
        *s->axes[i].cell = check_value(c, s->axes[i].value);
        first &= !s->axes[i].reduce || s->axes[i].cell->i == 0;
    }
    return first;
}

static void step_block(Checker *c, const Step *s)
{
    bool first = set_axes(c, s);
    const Step *outer = c->block;
    c->block = s;
    if (check_value(c, s->x).i) {
        if (first)
            check_step(c, s->kid[0]);
        check_step(c, s->kid[1]);
    }
    c->block = outer;
}

static bool open_copy(Checker *c, const Step *s, Copy *copy)
{
    const Node *buffer = s->memory->buffer;
    size_t rank = ir_rank(buffer);
    for (size_t d = 0; d < rank; d++) {
        copy->min[d] = s->index[d] ? check_value(c, s->index[d]).i : 0;
        copy->extent[d] = ir_alloc_extent(s->node, d);
    }
    /* What threads share stays where it is while a block runs, whatever loops over threads are
    ** around: an order that is missing is found later, too.  But iterations of a parallel or
    ** vectorized loop have memory of their own. */
    bool reuse =
        c->in_kernel && buffer->at.buf->scope != SCOPE_local && copy->block == c->thread_block;
    for (size_t i = 0; i < c->nlevels; i++)
        reuse &= for_is_bound(ir_for_kind(c->levels[i].loop->node));
    copy->block = c->thread_block;
    return !c->failed && check_room(c, buffer, copy, reuse);
}

static void step_alloc(Checker *c, const Step *s)
{
    s->memory->per_thread = false;
    if (open_copy(c, s, &s->memory->copies[0]))
        check_step(c, s->kid[0]);
}

static void step_store(Checker *c, const Step *s)
{
    c->copying = s->copies && !s->memory->copies[0].outside;
    Scalar v = check_value(c, s->x);
    void *p = check_access(c, s->memory, s->node, s->n, s->index, false, true);
    if (p)
        dtype_store((DType)s->memory->buffer->type, p, v);
}

static void step_update(Checker *c, const Step *s)
{
    static const Op ops[COMB_COUNT] = {[COMB_sum] = OP_Add,
                                       [COMB_fma] = OP_Add,
                                       [COMB_prod] = OP_Mul,
                                       [COMB_min] = OP_Min,
                                       [COMB_max] = OP_Max};
    DType t = (DType)s->memory->buffer->type;
    Scalar v = check_value(c, s->x), w = s->y ? check_value(c, s->y) : v;
    void *p = check_access(c, s->memory, s->node, s->n, s->index, true, true);
    if (!p)
        return;
    Scalar old = dtype_load(t, p);
    dtype_store(t, p,
                s->y ? check_fma(t, v, w, old) : ir_eval_binary(ops[s->node->at.i], t, old, v));
}

/* ---- kernels ---- */

static int64_t coordinate(const Checker *c, int32_t thread, ForKind axis)
{
    int64_t at = thread;
    for (int k = FOR_thread_x; k < (int)axis; k++)
        at /= gpu_count(&c->shape, (ForKind)k);
    return at % gpu_extent(&c->shape, axis);
}

/* Gives the turn to a thread: its coordinates, and the axes of the blocks around. */
static void take_turn(Checker *c, int32_t thread, const Turn *turn)
{
    if (turn) {
        take_turn(c, thread, turn->up);
        if (turn->step->node->op == OP_Block)
            set_axes(c, turn->step);
        else
            turn->step->cell->i = coordinate(c, thread, ir_for_kind(turn->step->node));
    }
    c->thread = thread;
}

/* A part that no barrier interrupts: by one thread after the other. */
static void step_each(Checker *c, const Step *s, Team team, const Turn *turn)
{
    for (int32_t i = 0; i < team.n && !c->failed; i++) {
        take_turn(c, team.ids[i], turn);
        check_step(c, s);
    }
    c->thread = NO_THREAD;
}

/* Those of the team for which the condition holds. */
static Team choose(Checker *c, const Code *cond, bool want, Team team, const Turn *turn)
{
    int32_t *ids = ARENA_ARRAY(c->scratch, int32_t, team.n + 1), n = 0;
    for (int32_t i = 0; i < team.n && !c->failed; i++) {
        take_turn(c, team.ids[i], turn);
        if ((check_value(c, cond).i != 0) == want)
            ids[n++] = team.ids[i];
    }
    c->thread = NO_THREAD;
    return (Team){n, ids};
}

static void if_all(Checker *c, const Step *s, Team team, const Turn *turn)
{
    Team then = choose(c, s->x, true, team, turn), other = choose(c, s->x, false, team, turn);
    if (then.n)
        step_all(c, s->kid[0], then, turn);
    if (other.n)
        step_all(c, s->kid[1], other, turn);
}

static void axis_all(Checker *c, const Step *s, Team team, const Turn *turn)
{
    unsigned outer = c->axes_bound;
    c->axes_bound |= 1u << ir_for_kind(s->node);
    if (for_is_thread_axis(ir_for_kind(s->node))) {
        step_all(c, s->kid[0], team, &(Turn){s, turn});
    } else {
        int64_t n = check_value(c, s->x).i;
        Level *level = open_level(c, s);
        for (int64_t i = 0; i < n && go_on(c, s); i++) {
            s->cell->i = i;
            stand_in_block(c, ir_for_kind(s->node), i);
            c->epoch = c->now;
            if (level)
                level->begin = c->now;
            Arena *outside = c->scratch;
            c->scratch = arena_scratch(NULL);
            step_all(c, s->kid[0], team, turn);
            arena_release(c->scratch);
            c->scratch = outside;
        }
        stand_in_block(c, ir_for_kind(s->node), 0);
        c->nlevels -= level != NULL;
        c->epoch = c->now;
    }
    c->axes_bound = outer;
}

/* Together as long as all threads go round; those that leave earlier miss the barriers inside. */
static void for_all(Checker *c, const Step *s, Team team, const Turn *turn)
{
    int64_t most = 0;
    int64_t *extent = ARENA_ARRAY(c->scratch, int64_t, team.n);
    for (int32_t i = 0; i < team.n; i++) {
        take_turn(c, team.ids[i], turn);
        extent[i] = check_value(c, s->x).i;
        most = extent[i] > most ? extent[i] : most;
    }
    c->thread = NO_THREAD;
    int32_t *ids = ARENA_ARRAY(c->scratch, int32_t, team.n);
    Level *level = open_level(c, s);
    for (int64_t k = 0; k < most && go_on(c, s); k++) {
        Team here = {0, ids};
        for (int32_t i = 0; i < team.n; i++)
            if (k < extent[i])
                ids[here.n++] = team.ids[i];
        s->cell->i = k;
        if (level)
            level->begin = c->now;
        step_all(c, s->kid[0], here, turn);
    }
    c->nlevels -= level != NULL;
}

static void block_all(Checker *c, const Step *s, Team team, const Turn *turn)
{
    Turn inner = {s, turn};
    int32_t *ids = ARENA_ARRAY(c->scratch, int32_t, team.n);
    Team starting = {0, ids}, running = choose(c, s->x, true, team, &inner);
    for (int32_t i = 0; i < running.n; i++) {
        take_turn(c, running.ids[i], turn);
        if (set_axes(c, s))
            ids[starting.n++] = running.ids[i];
    }
    const Step *outer = c->block;
    c->block = s;
    if (starting.n)
        step_all(c, s->kid[0], starting, &inner);
    if (running.n)
        step_all(c, s->kid[1], running, &inner);
    c->block = outer;
}

static void alloc_all(Checker *c, const Step *s, Team team, const Turn *turn)
{
    Memory *m = s->memory;
    m->per_thread = m->buffer->at.buf->scope == SCOPE_local;
    if (m->per_thread && m->ncopies < (size_t)c->threads) {
        m->copies = ARENA_ARRAY(c->A, Copy, c->threads);
        m->ncopies = (size_t)c->threads;
    }
    int32_t count = m->per_thread ? team.n : 1;
    for (int32_t i = 0; i < count && !c->failed; i++) {
        take_turn(c, team.ids[i], turn);
        open_copy(c, s, &m->copies[m->per_thread ? team.ids[i] : 0]);
    }
    c->thread = NO_THREAD;
    if (!c->failed)
        step_all(c, s->kid[0], team, turn);
}

static void barrier_all(Checker *c, const Step *s, Team team)
{
    if (team.n != c->threads) {
        FAIL(c->err, barrier_not_reached, s->node, (int)team.n, (int)c->threads);
        c->failed = true;
    }
    c->epoch = c->now;
}

/* Work that stands outside an axis of the kernel would be done by each of its threads or blocks. */
static bool inside_all_axes(Checker *c, const Step *s)
{
    unsigned missing = c->axes & ~c->axes_bound;
    const Node *n = s->node;
    if (!missing || n->op == OP_Nop || (n->op == OP_For && ir_is_int(n->kid[For_extent], 0)))
        return true;
    int kind = __builtin_ctz(missing);
    c->failed = true;
    return gpu_refuse_outside(s->node, (ForKind)kind, c->err);
}

static void step_all(Checker *c, const Step *s, Team team, const Turn *turn)
{
    const Step *loop = c->loop;
    if (c->failed)
        return;
    if (!s->together) {
        if (inside_all_axes(c, s))
            step_each(c, s, team, turn);
        return;
    }
    switch ((Op)s->node->op) {
    case OP_Seq:
        for (size_t i = 0; i < s->n; i++)
            step_all(c, s->kid[i], team, turn);
        break;
    case OP_If: if_all(c, s, team, turn); break;
    case OP_For:
        c->loop = s;
        if (for_is_bound(ir_for_kind(s->node)))
            axis_all(c, s, team, turn);
        else
            for_all(c, s, team, turn);
        c->loop = loop;
        break;
    case OP_Block: block_all(c, s, team, turn); break;
    case OP_Alloc: alloc_all(c, s, team, turn); break;
    default: barrier_all(c, s, team); break;
    }
}

/* The shape of the launch, from the bound loops below `s`. */
static bool gather_axes(Checker *c, const Step *s)
{
    if (s->node->op == OP_For && for_is_bound(ir_for_kind(s->node))) {
        int kind = (int)ir_for_kind(s->node);
        if (!gpu_shape_add(&c->shape, s->node, c->err))
            return false;
        c->axes |= gpu_extent(&c->shape, (ForKind)kind) == 1 ? 0 : 1u << kind;
    }
    for (size_t i = 0; i < s->n && s->together; i++)
        if (!gather_axes(c, s->kid[i]))
            return false;
    return true;
}

/* One iteration after the other: no order is missing, whatever the threads are. */
static void step_as_written(Checker *c, const Step *s)
{
    c->epoch = UINT32_MAX;
    c->thread = 0;
    check_step(c, s);
}

static void step_threads(Checker *c, const Step *s)
{
    c->threads = (int32_t)gpu_threads(&c->shape);
    int32_t *ids = ARENA_ARRAY(c->scratch, int32_t, c->threads);
    for (int32_t i = 0; i < c->threads; i++)
        ids[i] = i;
    c->epoch = c->now;
    step_all(c, s, (Team){c->threads, ids}, NULL);
}

static void step_kernel(Checker *c, const Step *s)
{
    c->axes = c->axes_bound = 0;
    c->shape = (GpuShape){{0}};
    c->failed = !gather_axes(c, s) || !gpu_threads_fit(&c->shape, s->node, c->err);
    if (c->failed)
        return;
    c->in_kernel = true;
    c->thread_block++;
    if (c->options->as_written)
        step_as_written(c, s);
    else
        step_threads(c, s);
    c->in_kernel = false;
    c->thread = NO_THREAD;
}

/* ---- everything else ---- */

void check_step(Checker *c, const Step *s)
{
    if (c->failed)
        return;
    if (s->together && !c->in_kernel && !gpu_above_kernels(s->node)) {
        step_kernel(c, s);
        return;
    }
    switch ((Op)s->node->op) {
    case OP_Seq:
        for (size_t i = 0; i < s->n; i++)
            check_step(c, s->kid[i]);
        break;
    case OP_If: check_step(c, s->kid[check_value(c, s->x).i ? 0 : 1]); break;
    case OP_For: step_for(c, s); break;
    case OP_Block: step_block(c, s); break;
    case OP_Alloc: step_alloc(c, s); break;
    case OP_Store: step_store(c, s); break;
    case OP_Update: step_update(c, s); break;
    case OP_Barrier:
        FAIL(c->err, barrier_in_reference, s->node);
        c->failed = true;
        break;
    default: break;
    }
}
