/* place.c -- compute_at and reverse_compute_at: a block's loops are built anew under another
** block's loop, over just the part that is needed, or ready, there. */
#include "core/schedule/prims.h"

#include <string.h>

#include "core/affine/region.h"
#include "core/base/mutant.h"
#include "core/ir/print.h"
#include "core/ir/rewrite.h"
#include "core/ir/simplify.h"
#include "core/schedule/alloc.h"
#include "core/schedule/block.h"
#include "core/schedule/cover.h"
#include "core/schedule/legal.h"
#include "core/schedule/nest.h"

typedef struct Move {
    bool reverse;
    const Node *block, *target, *loop;
    Path at;             /* to the block */
    const Node *removed; /* the statement that goes */
    AxisSpan domain[2 * IR_MAX_RANK];
    AxisSpan span[2 * IR_MAX_RANK];
    const Node *around[IR_MAX_DEPTH]; /* loops around the new place */
    size_t naround;
    const Node *out; /* the program with the block there */
} Move;

/* Looks for another loop that takes the block, like the one that was given. */
static MoveSearch search_instead(Step *s, const Move *m)
{
    return move_search(s, m->block, m->reverse ? "reverse_compute_at" : "compute_at", m->loop);
}

static bool refuse_own_loop(Step *s, const Move *m)
{
    const char *loop = ir_var_name(m->loop->kid[For_var]);
    NameList blocks = {0};
    list_blocks(s->A, s->func, &blocks);
    if (blocks.n > 1 && !m->reverse && ir_has_kid(s->func->kid[Func_results], m->target))
        return refuse_result(s, m->block, m->loop);
    REFUSE(s->err, own_loop, m->loop, loop, ir_block_name(m->block));
    if (s->trial)
        return false;
    if (blocks.n == 1)
        return err_fix(s->err, "leave it where it is: there is no other block"), false;
    MoveSearch other = search_instead(s, m);
    if (other.loop)
        err_fix(s->err, "choose a loop of another block, such as \"%s\"",
                loop_path(s->A, s->func, other.loop));
    return false;
}

/* Refuses a loop outside of which the block's buffer is read. */
static bool refuse_elsewhere(Step *s, const Move *m, const Node *outside)
{
    const char *who =
        arena_printf(s->A, "%sblock %s", outside->op == OP_Block ? "" : "what stands around ",
                     statement_name(outside));
    REFUSE(s->err, read_elsewhere, outside, ir_buf_name(m->target), who,
           step_label(s, s->func, m->loop));
    if (!s->trial && !move_advise(s, s->err, m->block, "compute_at", m->loop, ""))
        err_fix(s->err,
                "leave it where it is, or first bring all blocks that read it into one loop");
    return false;
}

/* Refuses a loop in which nothing is written that the block reads. */
static bool refuse_unwritten(Step *s, const Move *m)
{
    REFUSE(s->err, not_written_here, m->loop, step_label(s, s->func, m->loop),
           ir_block_name(m->block));
    if (s->trial)
        return false;
    MoveSearch other = search_instead(s, m);
    if (!other.near)
        err_fix(s->err, "leave it where it is: no block writes what it reads");
    else if (other.loop)
        err_fix(s->err, "choose a loop around %s, its producer, such as \"%s\"",
                ir_block_name(other.near), loop_path(s->A, s->func, other.loop));
    return false;
}

/* Fills in what both directions need, and checks what both require. */
static bool begin_move(Step *s, Move *m, const char *how)
{
    const char *why = NULL;
    m->block = s->arg[0].node;
    m->loop = s->arg[1].node;
    const char *name = ir_block_name(m->block), *loop = ir_var_name(m->loop->kid[For_var]);
    if (m->block->kid[Block_iters]->nkids > 2 * IR_MAX_RANK ||
        block_class(m->block, &why) == BLOCK_OPAQUE)
        return REFUSE(s->err, opaque_block, m->block, how, loop, name,
                      why ? why : "it has too many axes");
    m->target = block_target(m->block);
    const Node *access = block_access(m->block);
    if (access->op == OP_Update && m->block->kid[Block_init]->op == OP_Nop)
        return REFUSE(s->err, already_decomposed, m->block, how, name);
    path_to(s->func, m->block, &m->at);
    m->removed = m->at.at[nest_top(&m->at)];
    Path p;
    if (path_to(m->removed, m->loop, &p))
        return refuse_own_loop(s, m);
    path_to(s->func, m->loop, &p);
    m->naround = path_loops(&p, p.n, m->around);
    const Node *gets = m->reverse ? nest_condition(&p, &m->at) : NULL;
    if (gets)
        return REFUSE(s->err, gets_condition, gets, loop, ir_text(s->A, gets->kid[If_cond]), name);
    return nest_keeps_condition(s, &m->at, &p) && nest_domain(s, &m->at, m->domain);
}

static const Node *axis_of(const Node *block, size_t i)
{
    return block->kid[Block_iters]->kid[i]->kid[Iter_var];
}

/* The dimension of an access's index in which the axis stands alone; -1 if there is none. */
static int dimension_of(const Node *const *index, size_t rank, const Node *axis)
{
    for (size_t d = 0; d < rank; d++)
        if (index[d] == axis)
            return (int)d;
    return -1;
}

static void span_from_region(const Region *r, int d, const AxisSpan *domain, AxisSpan *out)
{
    *out = *domain;
    if (r->whole[d] || r->extent[d] >= domain->extent)
        return;
    out->min = r->min[d];
    out->extent = MUTANT(compute_at_extent_short, r->extent[d], r->extent[d] - (r->extent[d] > 1));
}

typedef struct Along {
    const char *axis;
    int64_t extent;
} Along;

static Find runs_along(void *env, const Node *n)
{
    const Along *a = env;
    if (n->op != OP_For)
        return n->op == OP_Block ? FIND_NEXT : FIND_INSIDE;
    const char *axes = n->kid[For_var]->at.var->axes;
    return axes && strcmp(axes, a->axis) == 0 && ir_const_int(n->kid[For_extent], -1) == a->extent
               ? FIND_THIS
               : FIND_INSIDE;
}

/* A loop below n over the same axis with the same extent: the new loop runs along
** with it and takes its name. */
static const char *companion(const Node *n, const char *axis, int64_t extent)
{
    const Node *loop = ir_find(n, runs_along, &(Along){axis, extent});
    return loop ? ir_var_name(loop->kid[For_var]) : NULL;
}

/* The terms of a sum of loops times factors, by the place of the loop on the path;
** false if it is none. */
static bool terms_of(const Path *p, const Node *e, int64_t factor, int64_t at[IR_MAX_DEPTH + 1])
{
    if (e->op == OP_Add)
        return terms_of(p, e->kid[0], factor, at) && terms_of(p, e->kid[1], factor, at);
    int literal = e->op == OP_Mul && e->kid[0]->op == OP_IntImm ? 0 : 1;
    if (e->op == OP_Mul && e->kid[literal]->op == OP_IntImm)
        return !__builtin_mul_overflow(factor, e->kid[literal]->at.i, &factor) &&
               terms_of(p, e->kid[!literal], factor, at);
    for (size_t i = 0; i < p->n; i++)
        if (p->at[i]->op == OP_For && p->at[i]->kid[For_var] == e)
            return at[i] = factor, true;
    return e->op == OP_IntImm;
}

/* Do the reduce axes of the block count up one in the other, in their order, as they
** do in loops that are built anew? */
static bool sums_in_order(Step *s, const Path *p)
{
    const Node *iters = path_end(p)->kid[Block_iters];
    size_t from = 0;
    for (size_t i = 0; i < iters->nkids; i++) {
        int64_t *at = ARENA_ARRAY(s->A, int64_t, IR_MAX_DEPTH + 1), inner = 0, more;
        size_t next = from;
        if (iters->kid[i]->at.i != ITER_reduce)
            continue;
        if (!terms_of(p, iters->kid[i]->kid[Iter_value], 1, at))
            return false;
        for (size_t k = p->n; k-- > 0;) {
            if (at[k] == 0)
                continue;
            if (k < from || at[k] <= inner ||
                __builtin_mul_overflow(at[k], ir_const_int(p->at[k]->kid[For_extent], 1) - 1,
                                       &more) ||
                __builtin_add_overflow(inner, more, &inner))
                return false;
            next = k >= next ? k + 1 : next;
        }
        from = next;
    }
    return true;
}

/* Builds the nest in the loop: before what uses `made`, or after what writes
** `after`.  m->out is the program then. */
static bool build_move(Step *s, Move *m, const Node *made, const Node *after)
{
    Arena *A = s->A;
    const Node *without = nest_remove(A, &m->at);
    Path p;
    if (!path_to_loop(without, m->loop->kid[For_var], &p))
        return refuse_own_loop(s, m);
    const Node *loop = path_end(&p);
    for (size_t i = 0; i < m->block->kid[Block_iters]->nkids; i++)
        m->span[i].name =
            companion(loop->kid[For_body], ir_var_name(axis_of(m->block, i)), m->span[i].extent);
    const Node *nest = nest_build(s, m->block, m->span, m->domain, m->naround, m->around);
    if (!nest)
        return false;
    s->reassociates = legal_rounds(m->block) && !sums_in_order(s, &m->at);
    const Node *out = nest_insert(A, without, loop, nest, made ? made : after, after != NULL);
    if (out->depth > IR_MAX_DEPTH)
        return REFUSE(s->err, too_deep, m->block, IR_MAX_DEPTH);
    if (made)
        out = alloc_settle(A, out, made, m->loop);
    m->out = alloc_settle_all(A, out, m->block, made);
    return true;
}

/* Is the program after the move, but for the names of loops, the one before it? */
static bool was_there(const Step *s, const Move *m)
{
    Path p;
    return path_to(m->loop, m->removed, &p) && ir_equal(s->func, m->out);
}

static bool finish_move(Step *s, Move *m)
{
    if (was_there(s, m))
        return step_done(s, s->func);
    buf_printf(&s->said, "%s at %s", ir_block_name(m->block), step_label(s, s->func, m->loop));
    Path now;
    path_to_block(m->out, ir_block_name(m->block), &now);
    nest_say_kinds_gone(s, &m->at, &now);
    return MUTANT(move_unchecked, nest_recheck(s, m->out), true) && step_done(s, m->out);
}

/* ---- compute_at ---- */

/* Why a producer does not get in the loop what it gets outside: a writer of what it
** reads stands between. */
static bool explain_compute_at(Step *s, const Move *m)
{
    Err reason = {0};
    Path to_loop;
    const char *name = ir_block_name(m->block), *loop = ir_var_name(m->loop->kid[For_var]);
    const Node *late = legal_passes(s->func, m->removed, NULL, m->block, PASS_INPUTS);
    path_to(s->func, m->loop, &to_loop);
    for (size_t i = 0; i + 1 < m->at.n && i + 1 < to_loop.n && m->at.at[i] == to_loop.at[i]; i++)
        if (m->at.at[i]->op == OP_Seq && m->at.kid[i] > to_loop.kid[i])
            REFUSE(&reason, not_before, m->block, name, loop);
    if (!reason.code && late)
        REFUSE(&reason, changed_later, late, name, statement_name(late));
    return step_explain(s, &reason);
}

/* The first loop over threads around the new place; its index in m->around, or m->naround. */
static size_t first_thread(const Move *m)
{
    size_t i = 0;
    while (i < m->naround && !for_is_thread_axis(ir_for_kind(m->around[i])))
        i++;
    return i;
}

/* The loop is the threads themselves: what they share is filled by them together, in a loop around
** theirs; where there is none, before it, as it stands. */
static bool explain_shared_at_threads(Step *s, const Move *m, size_t first)
{
    const char *name = ir_block_name(m->block), *loop = loop_handle(s->A, s->func, m->loop);
    Err proof = *s->err;
    REFUSE(s->err, shared_by_threads, m->loop, loop, ir_buf_name(m->target), name, loop);
    err_keep_witness(s->err, &proof);
    if (s->trial)
        return false;
    for (size_t i = first; i-- > 0;)
        if (step_advise(
                s->A, s->func, s->err, "compute_at", 2,
                (Arg[]){given_str(name), given_str(loop_handle(s->A, s->func, m->around[i]))}))
            return false;
    const Node *loops[IR_MAX_DEPTH], *own;
    size_t n = path_loops(&m->at, m->at.n, loops);
    if (first || !n || for_is_bound(ir_for_kind(own = loops[n - 1])))
        return false;
    const char *bind = split_first(s->A, s->func, loop_path(s->A, s->func, own),
                                   ir_const_int(m->loop->kid[For_extent], 0), "bind",
                                   for_kind_text[ir_for_kind(m->loop)]);
    if (bind)
        err_fix(s->err, "%s", bind);
    return false;
}

/* Memory that threads share is filled by them together, outside of the loops over them: where the
** loop can be brought there, how. */
static bool explain_shared(Step *s, const Move *m)
{
    size_t first = first_thread(m), n = m->naround - first;
    if (!s->err || m->target->at.buf->scope != SCOPE_shared || n < 1 ||
        s->err->code == ERR_dependences_unknown)
        return false;
    if (for_is_thread_axis(ir_for_kind(m->loop)))
        return explain_shared_at_threads(s, m, first);
    const char *loop = loop_handle(s->A, s->func, m->loop), *name = ir_block_name(m->block);
    const Node *const *before = m->around + first, **after = ARENA_ARRAY(s->A, const Node *, n);
    bool nested = true, rounds;
    Err proof = *s->err;
    Buf fix = buf_new(s->A);
    buf_printf(&fix, "s:reorder(\"%s\"", loop);
    for (size_t i = 0; i + 1 < n; i++) {
        nested &= before[i]->kid[For_body] == before[i + 1];
        after[i + 1] = before[i];
        buf_printf(&fix, ", \"%s\"", loop_handle(s->A, s->func, before[i]));
    }
    after[0] = m->loop;
    REFUSE(s->err, shared_in_threads, m->loop, loop, ir_buf_name(m->target), loop, name);
    if (nested && legal_surely_reordered(s->func, n, before, after, &rounds))
        err_fix(s->err, "%s)", buf_str(&fix));
    err_keep_witness(s->err, &proof);
    return false;
}

/* Global memory is one for all thread blocks; of shared memory each block has its own, of local
** memory each thread, to write what others write, too. */
static bool explain_global(Step *s, const Move *m)
{
    bool in_blocks = false, in_threads = first_thread(m) < m->naround;
    for (size_t i = 0; i < m->naround; i++)
        in_blocks |= for_is_block_axis(ir_for_kind(m->around[i]));
    bool apart =
        s->err && (s->err->code == ERR_shared_writes || s->err->code == ERR_cross_iteration);
    const char *scope = scope_name[in_threads ? SCOPE_local : SCOPE_shared];
    StepCall set_scope = {"set_scope", 2, {given_str(ir_buf_name(m->target)), given_str(scope)}},
             compute_at = {"compute_at",
                           2,
                           {given_str(ir_block_name(m->block)),
                            given_str(loop_handle(s->A, s->func, m->loop))}};
    if (!s->trial && apart && (in_blocks || in_threads) && m->target->at.buf->scope == SCOPE_global)
        steps_advise(s->A, s->func, s->err, &set_scope, &compute_at);
    return false;
}

/* Have iterations of a loop around the block and its new place memory of their own that the block
** touches, and may one of them run it there for what it does not do here; or, in reverse, not run
** it there for what it does here?  A guard, which speaks of axes alone, goes along with the block
** and says the same in both places. */
static bool strays_from(Step *s, const Move *m)
{
    const Node *loops[IR_MAX_DEPTH], *iters = m->block->kid[Block_iters],
                                     *but = m->reverse ? NULL : m->target;
    size_t n = path_loops(&m->at, m->at.n, loops),
           both = nest_common(loops, n, m->around, m->naround), naxes = iters->nkids;
    AxisSpan one[2 * IR_MAX_RANK], here[2 * IR_MAX_RANK], there[2 * IR_MAX_RANK];
    bool all_here, all_there;
    nest_axes(m->block, one);
    for (size_t k = 0; k < both; k++) {
        if (!nest_has_own_memory(loops[k], m->block, but))
            continue;
        if (!nest_box(s->A, naxes, one, k + 1, n, loops, here, &all_here) ||
            !nest_box(s->A, naxes, m->span, k + 1, m->naround, m->around, there, &all_there) ||
            !(m->reverse ? all_there : all_here))
            return true;
        for (size_t i = 0; i < naxes; i++)
            if (!nest_lies_in(s->A, m->reverse ? here + i : there + i,
                              m->reverse ? there + i : here + i))
                return true;
    }
    return false;
}

/* Do the loops that the block has run it as often as those that it gets: once for each instance?
** Not for what may not run at all, nor for what a loop adds up again. */
static bool runs_as_often(Step *s, const Move *m)
{
    const Node *loops[IR_MAX_DEPTH];
    size_t n = path_loops(&m->at, m->at.n, loops),
           both = nest_common(loops, n, m->around, m->naround);
    bool adds = block_access(m->block)->op == OP_Update;
    return nest_always_runs(n - both, loops + both) &&
           (!m->reverse || nest_always_runs(m->naround - both, m->around + both)) &&
           (!adds || legal_once(s->func, m->removed, m->block, both));
}

/* What the block runs for where it is, and what it would run for in the loop. */
typedef struct Instances {
    Asked asked;
    Taken has, gets;
    const Node *axis[2 * IR_MAX_RANK];
    AxisSpan one[2 * IR_MAX_RANK];
    Path to_loop;
} Instances;

static Instances *instances_of(Step *s, const Move *m)
{
    Instances *i = arena_alloc(s->A, sizeof *i);
    size_t n = m->block->kid[Block_iters]->nkids;
    nest_axes(m->block, i->one);
    for (size_t k = 0; k < n; k++)
        i->axis[k] = axis_of(m->block, k);
    path_to(s->func, m->loop, &i->to_loop);
    i->asked = (Asked){n, i->axis, m->domain, m->block->kid[Block_where]};
    i->has = (Taken){i->one, &m->at};
    i->gets = (Taken){m->span, &i->to_loop};
    return i;
}

/* "v=1, w=4" */
static const char *values_text(Arena *A, const Instances *i, const int64_t *at)
{
    Buf values = buf_new(A);
    for (size_t k = 0; k < i->asked.naxes; k++)
        buf_printf(&values, "%s%s=%lld", k ? ", " : "", ir_var_name(i->axis[k]), (long long)at[k]);
    return buf_str(&values);
}

/* Anew the loops run through the whole box of the block's axes.  Where those that it has leave gaps
** in it, or tie one axis to another, it would run for what it was never meant for, and read what
** nobody wrote for that: refuses the step. */
static bool runs_no_more(Step *s, const Move *m)
{
    if (was_there(s, m))
        return true;
    Lacking lacking;
    const Instances *i = instances_of(s, m);
    Covering all = cover_taken(s->A, &i->asked, &i->has, &i->gets, &lacking);
    const char *name = ir_block_name(m->block), *loop = step_label(s, s->func, m->loop);
    if (all == COVER_FULL)
        return true;
    if (all == COVER_UNTOLD)
        return REFUSE(
            s->err, dependences_unknown, m->block,
            arena_printf(s->A, "block %s would run for nothing new in loop %s", name, loop),
            lacking.untold);
    REFUSE(s->err, runs_anew, m->block, loop, name, values_text(s->A, i, lacking.at));
    if (!s->trial)
        move_advise(s, s->err, m->block, m->reverse ? "reverse_compute_at" : "compute_at", m->loop,
                    "");
    return false;
}

bool prim_compute_at(Step *s)
{
    Move *m = arena_alloc(s->A, sizeof *m);
    if (!begin_move(s, m, "compute_at"))
        return false;
    const char *name = ir_block_name(m->block);
    if (ir_has_kid(s->func->kid[Func_results], m->target))
        return refuse_result(s, m->block, m->loop);
    const Node *other = tree_writer(s->func->kid[Func_body], m->block, m->target);
    if (other)
        return REFUSE(s->err, written_by_two, other, ir_buf_name(m->target), name,
                      ir_block_name(other));
    const Node *outside = tree_reader(s->func->kid[Func_body], m->loop, m->target);
    if (MUTANT(compute_at_unchecked, outside, NULL))
        return refuse_elsewhere(s, m, outside);
    if (!tree_reads(m->loop, m->target))
        return REFUSE(s->err, not_read_here, m->loop, ir_buf_name(m->target),
                      step_label(s, s->func, m->loop));
    Region r =
        region_of(s->A, m->naround, m->around, m->loop->kid[For_body], m->target, REGION_READS);
    const Node *access = block_access(m->block), *iters = m->block->kid[Block_iters];
    for (size_t i = 0; i < iters->nkids; i++) {
        m->span[i] = m->domain[i];
        int d = dimension_of(&access->kid[Store_index], r.rank, axis_of(m->block, i));
        if (iters->kid[i]->at.i == ITER_spatial && d >= 0)
            span_from_region(&r, d, &m->domain[i], &m->span[i]);
    }
    if (!build_move(s, m, m->target, NULL) || !runs_no_more(s, m))
        return false;
    if (!step_in_order(s, &(Moved){.before = s->func,
                                   .after = m->out,
                                   .block = name,
                                   .remade = m->target,
                                   .ask_all = !runs_as_often(s, m) || strays_from(s, m)}) &&
        !MUTANT(compute_at_unchecked, false, true))
        return explain_compute_at(s, m);
    return finish_move(s, m) || explain_shared(s, m) || explain_global(s, m);
}

/* ---- reverse_compute_at ---- */

/* Is a reduction into `target` still going on when an iteration of the loop ends?
** Then some loop around feeds it. */
static void explain_reducing(const Move *m, const Node *target, Err *reason)
{
    for (size_t i = 0; i < m->naround && !reason->code; i++) {
        const Node *block = NULL, *axis = NULL;
        if (feeds_reduce(m->around[i], &block, &axis) && block_target(block) == target &&
            tree_writes(m->loop, target))
            REFUSE(reason, still_reducing, m->loop, ir_buf_name(target), ir_var_name(axis),
                   ir_var_name(m->around[i]->kid[For_var]), ir_block_name(m->block));
    }
}

/* Narrows the spans of the axes by which the block reads `source` to what the loop
** has written of it. */
static bool narrow_by(Step *s, Move *m, const Node *source)
{
    bool differ;
    const Node *load = tree_load(m->block, source, &differ);
    if (differ)
        return REFUSE(s->err, reads_differ, m->block, ir_block_name(m->block), ir_buf_name(source));
    Region r =
        region_of(s->A, m->naround, m->around, m->loop->kid[For_body], source, REGION_WRITES);
    const Node *iters = m->block->kid[Block_iters];
    for (size_t d = 0; d < r.rank; d++) {
        const Node *index = load->kid[Load_index + d];
        if (r.whole[d])
            continue;
        size_t i = 0;
        while (i < iters->nkids &&
               (axis_of(m->block, i) != index || iters->kid[i]->at.i == ITER_reduce))
            i++;
        if (i == iters->nkids)
            return REFUSE(s->err, read_not_plain, m->block, ir_block_name(m->block),
                          ir_buf_name(source), d);
        span_from_region(&r, (int)d, &m->domain[i], &m->span[i]);
    }
    return true;
}

/* A writer of the source outside the loop is no harm if the loop goes on with what it
** has begun: an init. */
static bool begun_outside(const Move *m, const Node *source)
{
    const Node *inside = tree_writer(m->loop, m->block, source);
    return inside && block_access(inside) && block_access(inside)->op == OP_Update;
}

/* The first loop around the new place of which two iterations run the block for the same axes in
** func, the program before the move or after it.  After it none may.  Where one does before, each
** of its iterations needs what the block does: that all together do it once, as all_instances asks,
** is not enough. */
static const Node *repeated_by(const Move *m, const Node *func)
{
    for (size_t i = 0; i < m->naround; i++) {
        Path at, block, below;
        path_to_loop(func, m->around[i]->kid[For_var], &at);
        path_to_block(func, ir_block_name(m->block), &block);
        if (path_to(path_end(&at), path_end(&block), &below) &&
            !legal_apart(func, path_end(&at), path_end(&block)))
            return path_end(&at);
    }
    return NULL;
}

/* What the block reads and the loop writes last. */
static const Node *last_written(const Move *m)
{
    const Node *source = tree_last_source(m->loop, m->block);
    return source ? block_target(source) : NULL;
}

/* Why a consumer does not get in the loop what it gets behind it. */
static bool explain_reverse(Step *s, const Move *m, const Node *again)
{
    Err reason = {0};
    NameList names = {0};
    const char *name = ir_block_name(m->block), *loop = ir_var_name(m->loop->kid[For_var]);
    list_buffers(s->A, s->func, &names);
    for (size_t i = 0; i < names.n && !reason.code; i++) {
        const Node *source = find_buffer(s->func, names.at[i], NULL);
        if (source == m->target || !tree_reads(m->block, source))
            continue;
        const Node *later = tree_writer_after(s->func->kid[Func_body], m->loop, source);
        const Node *outside = tree_writes(m->loop, source)
                                  ? tree_writer(s->func->kid[Func_body], m->loop, source)
                                  : NULL;
        if (later)
            REFUSE(&reason, written_later, later, name, ir_buf_name(source), ir_block_name(later),
                   loop);
        else if (outside && (block_access(outside)->op == OP_Update || !begun_outside(m, source)))
            REFUSE(&reason, written_elsewhere, outside, ir_buf_name(source), ir_block_name(outside),
                   loop);
        else
            explain_reducing(m, source, &reason);
    }
    const Node *other = tree_writer(m->loop, m->block, m->target);
    if (!reason.code && tree_reads(m->loop, m->target))
        REFUSE(&reason, read_in_loop, m->loop, ir_buf_name(m->target), loop);
    if (!reason.code && other)
        REFUSE(&reason, written_by_two, other, ir_buf_name(m->target), name, statement_name(other));
    if (!reason.code && again)
        REFUSE(&reason, runs_again, m->loop, name, loop, ir_var_name(again->kid[For_var]));
    return step_explain(s, &reason);
}

/* A block may go on where it does not read the source, and what it does there must not be lost.
** Boxes tell, or what is counted if the block's own loops leave gaps in its box. */
static bool all_instances(Step *s, const Move *m)
{
    size_t at, own;
    Lacking lacking;
    const Instances *i = instances_of(s, m);
    const Node *loops[IR_MAX_DEPTH];
    size_t n = path_loops(&m->at, m->at.n, loops), naxes = i->asked.naxes;
    const char *name = ir_block_name(m->block), *loop = ir_var_name(m->loop->kid[For_var]);
    const char *lost = NULL;
    Covering all = cover_box(s->A, naxes, m->span, m->domain, m->naround, m->around, &at);
    if (all == COVER_GAP &&
        cover_box(s->A, naxes, i->one, m->domain, n, loops, &own) == COVER_FULL) {
        lost = arena_printf(s->A, "values of %s", ir_var_name(i->axis[at]));
    } else if (all != COVER_FULL) {
        all = cover_taken(s->A, &i->asked, &i->gets, &i->has, &lacking);
        lost = all == COVER_GAP ? values_text(s->A, i, lacking.at) : NULL;
    }
    if (all == COVER_GAP)
        return REFUSE(s->err, goes_beyond, m->block, name, lost, ir_buf_name(last_written(m)),
                      loop);
    return all == COVER_FULL ||
           REFUSE(s->err, dependences_unknown, m->block,
                  arena_printf(s->A, "loop %s reaches all that block %s does", loop, name),
                  lacking.untold);
}

bool prim_reverse_compute_at(Step *s)
{
    Move *m = arena_alloc(s->A, sizeof *m);
    m->reverse = true;
    if (!begin_move(s, m, "reverse_compute_at"))
        return false;
    const char *name = ir_block_name(m->block), *loop = ir_var_name(m->loop->kid[For_var]);
    const Node *iters = m->block->kid[Block_iters];
    bool written = false;
    for (size_t i = 0; i < m->naround; i++)
        if (ir_is_int(m->around[i]->kid[For_extent], 0))
            return refuse_unwritten(s, m);
    memcpy(m->span, m->domain, sizeof m->span);
    NameList names = {0};
    list_buffers(s->A, s->func, &names);
    for (size_t i = 0; i < names.n; i++) {
        const Node *source = find_buffer(s->func, names.at[i], NULL);
        if (source == m->target || !tree_reads(m->block, source) || !tree_writes(m->loop, source))
            continue;
        if (!narrow_by(s, m, source))
            return false;
        written = true;
    }
    for (size_t i = 0; i < iters->nkids; i++)
        written &= m->span[i].extent >= 1;
    if (!written)
        return refuse_unwritten(s, m);
    const Node *already = repeated_by(m, s->func);
    if (MUTANT(reverse_repeated_unasked, already, NULL))
        return REFUSE(s->err, runs_again, m->loop, name, loop, ir_var_name(already->kid[For_var]));
    bool strays = MUTANT(reverse_repeated_unasked, strays_from(s, m), false);
    if (!MUTANT(reverse_coverage_unchecked, all_instances(s, m), true))
        return false;
    if (!build_move(s, m, NULL, last_written(m)) || !runs_no_more(s, m))
        return false;
    const Node *again = repeated_by(m, m->out);
    if (!step_in_order(s, &(Moved){.before = s->func,
                                   .after = m->out,
                                   .block = name,
                                   .ask_all = !runs_as_often(s, m) || strays}) &&
        !MUTANT(reverse_unchecked, false, true))
        return explain_reverse(s, m, again);
    if (MUTANT(reverse_unchecked, again, NULL))
        return REFUSE(s->err, runs_again, m->loop, name, loop, ir_var_name(again->kid[For_var]));
    return finish_move(s, m);
}
