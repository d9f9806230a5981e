/* guard.c -- stages that run where memory says so.
**
**      for y, x: P[y, x] = A[y, x]      →      for y, x: P[y, x] = 2                 every element is there
**                                              for y:
**                                                if M[y] > 0:                        and some are made anew
**                                                  for x: P[y, x] = A[y, x]
**
** What decides is an input, a stage of before, the stage's own buffer, which changes meanwhile, or
** a cell that the iteration itself fills.
*/
#include "tests/diff/diff.h"

#include "core/schedule/nest.h"

void guard_draw(Guard *g, Choices *c, int ntensors)
{
    g->on = true;
    g->from = (GuardFrom)choose(c, GUARD_FROM_COUNT);
    g->src = (int)choose(c, ntensors);
    int64_t bits = choose(c, 256), more = choose(c, 256);
    g->depth = (int)(bits & 3);
    g->where = (bits >> 2) % 4 == 0;
    g->together = bits >> 4 & 1;
    g->again = bits >> 5 & 1;
    g->than = (int)(bits >> 6 & 3);
    g->op = (int)(more & 3);
    g->turn = (int)(more >> 2 & 3);
    g->fill = (int)(more >> 4 & 7);
}

typedef struct Guarded {
    Arena *A;
    const Guard *g;
    const Node *block, *buffer, *from; /* from: what decides */
    const char *name;
    size_t nloops, nspatial, depth; /* the condition stands inside `depth` loops */
    const Node *loop[IR_MAX_DEPTH];
} Guarded;

static const char *named(const Guarded *q, const char *suffix)
{
    return arena_printf(q->A, "%s%s", q->name, suffix);
}

/* The place of the buffer that decides: at the loops, or axes, that are known there;
** 0 elsewhere. */
static const Node *decider(const Guarded *q, const Node *buffer, size_t nvars,
                           const Node *const *vars)
{
    Arena *A = q->A;
    const Node *index[IR_MAX_RANK];
    for (size_t d = 0; d < ir_rank(buffer); d++) {
        size_t k = (d + (size_t)q->g->turn) % (q->nloops + 1);
        int64_t n = ir_dim(buffer, d);
        index[d] = ir_idx(A, 0);
        if (k >= nvars || (buffer == q->buffer && q->g->together && k != d))
            continue; /* of its own buffer, all that a later iteration fills is not there */
        index[d] = ir_const_int(q->loop[k]->kid[For_extent], 0) <= n
                       ? vars[k]
                       : ix_mod(A, vars[k], ir_idx(A, n));
        if (q->g->op == 3 && !q->g->together)
            index[d] = ix_sub(A, ir_idx(A, n - 1), index[d]);
    }
    return ir_load(A, buffer, ir_rank(buffer), index);
}

static const Node *condition(const Guarded *q, const Node *load, int more)
{
    static const Op ops[] = {OP_Gt, OP_Le, OP_Ne, OP_Lt};
    if (load->type == DT_bool)
        return q->g->op & 1 ? ir_not(q->A, load) : load;
    return ir_binary(q->A, ops[q->g->op], load,
                     ir_const(q->A, (DType)load->type, q->g->than + more));
}

/* for the spatial loops from `from` on: buffer[…] = value, or what combines it with
** what is there. */
static const Node *store_nest(const Guarded *q, const char *name, size_t from, const Node *value,
                              bool most)
{
    Arena *A = q->A;
    const Node *vars[IR_MAX_RANK], *axes[IR_MAX_RANK], *iters[IR_MAX_RANK];
    for (size_t d = 0; d < q->nspatial; d++) {
        const char *axis = ir_var_name(q->block->kid[Block_iters]->kid[d]->kid[Iter_var]);
        vars[d] = d < from ? q->loop[d]->kid[For_var] : ir_var_like(A, DT_int64, axis, axis, 0);
        axes[d] = ir_var_like(A, DT_int64, axis, axis, 0);
        iters[d] = ir_iter(A, ITER_spatial, axes[d], vars[d]);
    }
    if (most)
        value = ir_binary(A, value->type == DT_bool ? OP_Or : OP_Max,
                          ir_load(A, q->buffer, q->nspatial, axes), value);
    BlockInfo *info = arena_alloc(A, sizeof *info);
    *info = (BlockInfo){name, NULL, 0};
    const Node *n = ir_block(A, info, ir_list(A, q->nspatial, iters), ir_bool(A, true), ir_nop(A),
                             ir_store(A, q->buffer, q->nspatial, axes, value));
    for (size_t d = q->nspatial; d-- > from;)
        n = ir_for(A, FOR_serial, vars[d], q->loop[d]->kid[For_extent], n);
    return n;
}

static const Node *in_loops(const Guarded *q, size_t from, size_t to, const Node *n)
{
    while (to-- > from)
        n = ir_with_kid(q->A, q->loop[to], For_body, n);
    return n;
}

/* The iteration's own cell, filled from what decides. */
static const Node *with_cell(const Guarded *q, const Node *cell, const Node *body)
{
    Arena *A = q->A;
    const Node *axes[IR_MAX_DEPTH], *iters[IR_MAX_DEPTH], *zero = ir_idx(A, 0);
    for (size_t k = 0; k < q->depth; k++) {
        const char *axis = ir_var_name(q->loop[k]->kid[For_var]);
        axes[k] = ir_var_like(A, DT_int64, axis, axis, 0);
        iters[k] = ir_iter(A, ITER_spatial, axes[k], q->loop[k]->kid[For_var]);
    }
    BlockInfo *info = arena_alloc(A, sizeof *info);
    *info = (BlockInfo){named(q, "set"), NULL, 0};
    const Node *set = ir_block(A, info, ir_list(A, q->depth, iters), ir_bool(A, true), ir_nop(A),
                               ir_store(A, cell, 1, &zero, decider(q, q->from, q->depth, axes)));
    return ir_alloc(A, cell, ir_list(A, 0, NULL), ir_seq(A, 2, (const Node *[]){set, body}));
}

/* What stands inside the first q->depth loops. */
static const Node *guarded_body(const Guarded *q)
{
    Arena *A = q->A;
    const Node *vars[IR_MAX_DEPTH], *axes[IR_MAX_DEPTH], *one = ir_idx(A, 1), *cell = NULL;
    const Node *iters = q->block->kid[Block_iters];
    for (size_t k = 0; k < q->nloops; k++) {
        vars[k] = q->loop[k]->kid[For_var];
        axes[k] = iters->kid[k]->kid[Iter_var];
    }
    if (q->g->from == GUARD_cell)
        cell = ir_buffer(A, (DType)q->from->type, named(q, "cell"), SCOPE_global, 1, &one);
    const Node *of = cell ? cell : q->from, *body;
    if (q->g->where) {
        const Node *block =
            ir_with_kid(A, q->block, Block_where, condition(q, decider(q, of, q->nloops, axes), 0));
        body = in_loops(q, q->depth, q->nloops, block);
    } else {
        const Node *load = decider(q, of, q->depth, vars);
        /* The same, or another */
        const Node *cond = condition(q, load, 0), *second = condition(q, load, q->g->fill & 1);
        body = ir_if(A, cond, in_loops(q, q->depth, q->nloops, q->block), ir_nop(A));
        const Node *again =
            store_nest(q, named(q, "more"), q->depth, ir_const(A, (DType)q->buffer->type, 1), true);
        if (q->g->again && q->depth <= q->nspatial)
            body = ir_seq(A, 2, (const Node *[]){body, ir_if(A, second, again, ir_nop(A))});
    }
    return cell ? with_cell(q, cell, body) : body;
}

static bool has_elements(const Node *buffer)
{
    for (size_t d = 0; d < ir_rank(buffer); d++)
        if (ir_dim(buffer, d) <= 0)
            return false;
    return true;
}

const Node *guard_stage(Arena *A, const Node *func, const char *name, const Guard *g,
                        const Node *from, bool rounds)
{
    Path p;
    Guard mine = *g;
    Guarded q = {.A = A, .g = &mine, .name = name, .from = from};
    if (!path_to_block(func, name, &p))
        return func;
    q.block = path_end(&p);
    q.buffer = block_target(q.block);
    size_t top = nest_top(&p);
    while (top + q.nloops + 1 < p.n) {
        q.loop[q.nloops] = p.at[top + q.nloops];
        q.nloops++;
    }
    q.nspatial = ir_rank(q.buffer);
    q.depth = (size_t)g->depth % (q.nloops + 1);
    mine.again = g->again && !rounds;
    if (!tree_has_buffer(func, from) || !has_elements(from))
        mine.from = GUARD_own;
    if (mine.from == GUARD_own)
        q.from = q.buffer;
    if (!has_elements(q.from) || (rounds && q.from == q.buffer) ||
        q.nloops != q.block->kid[Block_iters]->nkids)
        return func;
    size_t shared = q.depth < q.nspatial ? q.depth : q.nspatial;
    shared = mine.together ? shared : 0;
    const Node *fill = store_nest(&q, named(&q, "fill"), shared,
                                  ir_const(A, (DType)q.buffer->type, mine.fill), false);
    const Node *body = in_loops(&q, shared, q.depth, guarded_body(&q));
    body = in_loops(&q, 0, shared, ir_seq(A, 2, (const Node *[]){fill, body}));
    return path_replace_at(A, &p, top, body);
}
