/* cache.c -- cache_read, cache_write, set_scope: copies of buffers in nearer memory. */
#include "core/schedule/prims.h"

#include <string.h>

#include "core/affine/dep.h"
#include "core/base/mutant.h"
#include "core/ir/rewrite.h"
#include "core/ir/simplify.h"
#include "core/schedule/alloc.h"
#include "core/schedule/cover.h"
#include "core/schedule/nest.h"

static bool scope_of(Step *s, const Node *where, const char *text, Scope *out)
{
    for (int i = 0; i < SCOPE_COUNT; i++)
        if (strcmp(text, scope_name[i]) == 0)
            return *out = (Scope)i, true;
    return REFUSE(s->err, no_scope, where, text);
}

/* "B.local", the same shape as B. */
static const Node *near_copy(Step *s, const Node *b, Scope scope)
{
    const char *name =
        fresh_name(s->A, s->func, arena_printf(s->A, "%s.%s", ir_buf_name(b), scope_name[scope]));
    return ir_buffer(s->A, b->type, name, scope, b->nkids, b->kid);
}

/* Where memory for b begins: the body of its Alloc, or of the Func; what is inserted
** must stand in it. */
static size_t scope_depth(const Path *p, const Node *b)
{
    for (size_t i = p->n; i-- > 0;)
        if (p->at[i]->op == OP_Alloc && p->at[i]->kid[Alloc_buffer] == b)
            return i;
    return 0;
}

/* The innermost loop around p->at[depth], in which a copy made there is made anew;
** NULL if there is none. */
static const Node *loop_around(const Path *p, size_t depth)
{
    while (depth-- > 0)
        if (p->at[depth]->op == OP_For)
            return p->at[depth];
    return NULL;
}

/* How a statement indexes the buffer where it first reads it. */
static const Node *const *read_index(const Node *n, const Node *b)
{
    if (n->op == OP_Load && n->kid[Load_buffer] == b)
        return &n->kid[Load_index];
    for (size_t i = 0; i < n->nkids; i++) {
        const Node *const *at = read_index(n->kid[i], b);
        if (at)
            return at;
    }
    return NULL;
}

static const Node *window_of(const Step *s, const Path *p, const Node *b)
{
    size_t d = scope_depth(p, b);
    return d ? p->at[d]->kid[Alloc_window] : ir_list(s->A, 0, NULL);
}

/* The box that a copy of b before p->at[depth] takes: what is read there in one iteration of the
** loops around, or, where there are none, all of it. */
static const Node *copy_window(Step *s, const Path *p, size_t depth, const Node *b)
{
    Arena *A = s->A;
    const Node *all = window_of(s, p, b), *ranges[IR_MAX_RANK];
    if (!loop_around(p, depth))
        return all;
    Region r = path_region(A, p, depth, b, REGION_READS);
    for (size_t d = 0; d < r.rank; d++)
        ranges[d] = !r.whole[d]  ? ir_range(A, r.min[d], ir_idx(A, r.extent[d]))
                    : all->nkids ? all->kid[d]
                                 : ir_range(A, ir_idx(A, 0), b->kid[d]);
    return ir_list(A, r.rank, ranges);
}

/* The depth of the statement that holds the block in the innermost Seq (or, where there is none, at
** the top) of the scope in which b exists. */
static size_t beside(const Path *p, const Node *b)
{
    size_t top = scope_depth(p, b) + 1;
    while (top + 1 < p->n && (p->at[top]->op == OP_Alloc || p->at[top]->op == OP_Seq))
        top++;
    return top;
}

/* The same for a copy of b, which comes after what it copies: beside the outermost statement around
** the block that does not write b. */
static size_t copy_depth(const Path *p, const Node *b)
{
    size_t top = beside(p, b);
    while (top + 1 < p->n && tree_writes(p->at[top], b))
        top++;
    while (top + 1 < p->n && (p->at[top]->op == OP_Alloc || p->at[top]->op == OP_Seq))
        top++;
    return top;
}

typedef struct Whole {
    const Node *buffer, *partly;
    const Path *p; /* the place of the copy is at p->at[depth] */
    size_t depth;
} Whole;

static bool stands_still(const Whole *w, const Node *value)
{
    for (size_t i = 0; i < w->depth; i++)
        if (w->p->at[i]->op == OP_For && ir_const_int(w->p->at[i]->kid[For_extent], 0) != 1 &&
            ir_mentions(value, w->p->at[i]->kid[For_var]))
            return true;
    return false;
}

/* A dimension of one element is copied in every iteration of the loops around: does the guard of
** the block leave it out in some of them?  Of other dimensions it is beyond the end there. */
static bool leaves_one_out(const Whole *w, const Node *block)
{
    const Node *access = block_access(block), *where = block->kid[Block_where];
    for (size_t d = 0; access && access->kid[0] == w->buffer && d < ir_rank(w->buffer); d++) {
        const Node *axis = ir_index(access)[d], *value = block_axis_value(block, axis);
        if (ir_dim(w->buffer, d) == 1 && value && ir_mentions(where, axis) &&
            stands_still(w, value))
            return true;
    }
    return false;
}

/* A writer of the buffer whose guard speaks of loops writes less than its box. */
static bool writes_box(void *env, const Node *block)
{
    Whole *w = env;
    if (!tree_writes(block, w->buffer) || (nest_guard_on_axes(block) && !leaves_one_out(w, block)))
        return true;
    w->partly = block;
    return false;
}

static bool written_whole(Step *s, const Node *buffer, const Path *p, size_t depth)
{
    Whole w = {buffer, NULL, p, depth};
    return tree_blocks(s->func, writes_box, &w) ||
           REFUSE(s->err, guard_on_loops, w.partly, ir_block_name(w.partly));
}

typedef struct Copying {
    const Node *block, *of, *copy; /* for which block, of which buffer, into which */
    const char *name;              /* of the block that copies */
} Copying;

/* The store with which the block writes b, whatever stood there before; NULL if it only updates. */
static const Node *starting_store(const Node *block, const Node *b)
{
    const Node *const store[] = {block_access(block), block->kid[Block_init]};
    for (int i = 0; i < 2; i++)
        if (store[i] && store[i]->op == OP_Store && store[i]->kid[Store_buffer] == b)
            return store[i];
    return NULL;
}

enum { FILL_AXES = 2 * IR_MAX_RANK };

/* Do the loops around bring the block to every element of the buffer, past its guard, and there to
** its store?  An init stores where the reduce axes are 0.  This tells the ordinary case at once:
** digits of loops that run, under no condition. */
static bool fills(Step *s, const Node *block, const Node *buffer)
{
    const Node *iters = block->kid[Block_iters], *store = starting_store(block, buffer);
    const Node *zero = ir_idx(s->A, 0), *loops[IR_MAX_DEPTH];
    AxisSpan span[FILL_AXES], domain[FILL_AXES];
    VarRange range[FILL_AXES];
    size_t rank = ir_rank(buffer), n = 0, axis;
    if (!store || rank + iters->nkids > FILL_AXES)
        return false;
    for (; n < rank; n++) {
        const Node *var = store->kid[Store_index + n], *value = block_axis_value(block, var);
        int64_t extent = ir_dim(buffer, n);
        if (!value)
            return false;
        span[n] = (AxisSpan){value, 1, NULL};
        domain[n] = (AxisSpan){zero, extent, NULL};
        range[n] = (VarRange){var, 0, extent - 1};
    }
    for (size_t i = 0; i < iters->nkids; i++)
        if (iters->kid[i]->at.i == ITER_reduce) {
            span[n] = (AxisSpan){iters->kid[i]->kid[Iter_value], 1, NULL};
            domain[n] = (AxisSpan){zero, 1, NULL};
            range[n++] = (VarRange){iters->kid[i]->kid[Iter_var], 0, 0};
        }
    Path p;
    path_to(s->func, block, &p);
    size_t nloops = path_loops(&p, p.n, loops);
    Ranges all = {n, range};
    return nest_always_runs(nloops, loops) && !nest_condition(&p, NULL) &&
           ir_is_true(ir_simplify(s->A, block->kid[Block_where], &all)) &&
           cover_box(s->A, n, span, domain, nloops, loops, &axis) == COVER_FULL;
}

typedef struct Filling {
    Step *s;
    const Node *buffer;
} Filling;

static bool leaves_gaps(void *env, const Node *block)
{
    const Filling *f = env;
    return !fills(f->s, block, f->buffer);
}

/* Where the nest writes a part of a result, the rest is the caller's; a copy back would put there
** what its own memory happens to hold.  So every element must be proven to be written. */
static bool fills_result(Step *s, const Copying *c, const Node *nest)
{
    bool result = ir_has_kid(s->func->kid[Func_results], c->of);
    Filling filling = {s, c->of};
    if (!result || !tree_writes(c->block, c->of) || !tree_blocks(nest, leaves_gaps, &filling))
        return true;
    Err found = {0};
    const char *block = ir_block_name(c->block), *buffer = ir_buf_name(c->of);
    DepAnswer answer = dep_fills(s->func, nest->op == OP_For ? nest : NULL, c->of,
                                 DEP_CERTAIN_STORES, DEP_QUICK, &found);
    if (MUTANT(copy_unproven, answer == DEP_OK, answer != DEP_BROKEN))
        return true;
    if (answer == DEP_BROKEN)
        REFUSE(s->err, copies_unwritten, c->block, block, buffer);
    else
        REFUSE(s->err, copies_untold, c->block, found.why, block, buffer);
    if (found.witness[0])
        err_witness(s->err, "nothing writes %s", found.witness);
    return false;
}

/* Two statements, of which one copies, take the place of the one at that depth. */
static bool copied(Step *s, const Copying *c, const Path *p, size_t depth, const Node *first,
                   const Node *second)
{
    Arena *A = s->A;
    const Node *func = path_replace_by_two(A, p, depth, first, second);
    func = alloc_new(A, func, c->copy, loop_around(p, depth));
    func = alloc_settle(A, func, c->of, NULL);
    if (!step_in_order(s, &(Moved){.before = s->func,
                                   .after = func,
                                   .block = c->name,
                                   .stands_for = ir_block_name(c->block)}) ||
        !nest_recheck(s, func) || !fills_result(s, c, p->at[depth]))
        return false;
    step_made(s, c->name);
    return step_done(s, func);
}

bool prim_cache_read(Step *s)
{
    Arena *A = s->A;
    const Node *block = s->arg[0].node, *b = s->arg[1].node;
    Scope scope = SCOPE_global;
    if (!scope_of(s, block, s->arg[2].s, &scope))
        return false;
    if (!tree_reads(block, b))
        return REFUSE(s->err, does_not_read, block, ir_block_name(block), ir_buf_name(b));
    if (tree_writes(block, b))
        return REFUSE(s->err, reads_own_writes, block, ir_block_name(block), ir_buf_name(b));
    Path p;
    path_to(s->func, block, &p);
    size_t depth = copy_depth(&p, b);
    if (!written_whole(s, b, &p, depth))
        return false;
    const Node *copy = near_copy(s, b, scope);
    const Node *window = copy_window(s, &p, depth, b);
    Subst map = {b, copy};
    const Node *func = path_replace(A, &p, ir_subst(A, block, 1, &map));
    path_to_block(func, ir_block_name(block), &p);
    const char *name = ir_buf_name(copy);
    const Node *nest = nest_copy(s, name, copy, b, window, read_index(block, b), &p, depth);
    buf_printf(&s->said, "%s of %s -> %s", ir_buf_name(b), ir_block_name(block), name);
    return copied(s, &(Copying){block, b, copy, name}, &p, depth, nest, p.at[depth]);
}

bool prim_cache_write(Step *s)
{
    Arena *A = s->A;
    const Node *block = s->arg[0].node, *b = block_target(block);
    Scope scope = SCOPE_global;
    if (!scope_of(s, block, s->arg[1].s, &scope))
        return false;
    if (!b)
        return REFUSE(s->err, opaque_block, block, "cache_write", scope_name[scope],
                      ir_block_name(block), "it does more than one store");
    Path p;
    path_to(s->func, block, &p);
    size_t top = beside(&p, b);
    if (!written_whole(s, b, &p, top))
        return false;
    const Node *window = window_of(s, &p, b), *copy = near_copy(s, b, scope);
    /* Every block that writes b (an init beside its update) writes the copy instead. */
    const Node *outside = path_replace_at(A, &p, top, ir_nop(A));
    if (tree_writes(outside, b))
        return REFUSE(s->err, written_twice, block, ir_buf_name(b));
    Subst map = {b, copy};
    const Node *here = ir_subst(A, p.at[top], 1, &map);
    const char *name = fresh_name(A, s->func, arena_printf(A, "%s.store", ir_buf_name(b)));
    const Node *nest =
        nest_copy(s, name, b, copy, window, &block_access(block)->kid[Store_index], &p, top);
    buf_printf(&s->said, "%s -> %s, copied by %s", ir_buf_name(b), ir_buf_name(copy), name);
    return copied(s, &(Copying){block, b, copy, name}, &p, top, here, nest);
}

bool prim_set_scope(Step *s)
{
    Arena *A = s->A;
    const Node *b = s->arg[0].node;
    Scope scope = SCOPE_global;
    Path p;
    if (!scope_of(s, b, s->arg[1].s, &scope))
        return false;
    if (!path_to_alloc(s->func, b, &p))
        return REFUSE(s->err, not_allocated, b, ir_buf_name(b));
    const Node *now = ir_buffer(A, b->type, ir_buf_name(b), scope, b->nkids, b->kid);
    Subst map = {b, now};
    buf_printf(&s->said, "%s -> %s", ir_buf_name(b), scope_name[scope]);
    const Node *func = alloc_settle(A, ir_subst(A, s->func, 1, &map), now, NULL);
    return nest_recheck(s, func) && step_done(s, func);
}
