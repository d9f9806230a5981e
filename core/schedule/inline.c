/* inline.c -- compute_inline and reverse_compute_inline: one block's expression
** becomes part of another's. */
#include "core/schedule/prims.h"

#include <string.h>

#include "core/affine/region.h"
#include "core/affine/witness.h"
#include "core/base/mutant.h"
#include "core/ir/mathfn.h"
#include "core/ir/print.h"
#include "core/ir/rewrite.h"
#include "core/ir/verify.h"
#include "core/schedule/alloc.h"
#include "core/schedule/block.h"
#include "core/schedule/cover.h"
#include "core/schedule/legal.h"
#include "core/schedule/nest.h"

static bool is_result(const Step *s, const Node *buffer)
{
    return ir_has_kid(s->func->kid[Func_results], buffer);
}

/* Says why the block, the step's own or the producer that would take that in, cannot be. */
static bool not_inlinable(Step *s, Err *err, const Node *block, const char *how, const char *why)
{
    if (block != s->arg[0].node)
        why =
            arena_printf(s->A, "its producer %s cannot take it in: %s", ir_block_name(block), why);
    const char *step = strcmp(how, "compute_inline") == 0 ? "compute_at" : "reverse_compute_at";
    REFUSE(err, not_inlinable, block, why, step);
    if (!s->trial && err &&
        !move_advise(s, err, s->arg[0].node, step, NULL, " keeps the block and moves it"))
        err_fix(err, "leave it where it is");
    return false;
}

/* A complete block without guard, whose store's indices are its axes, each once. */
static bool plain_store(Step *s, const Node *block, const char *how)
{
    const char *why = NULL;
    if (block_class(block, &why) != BLOCK_COMPLETE)
        return not_inlinable(s, s->err, block, how, why ? why : "it is a reduction");
    if (!ir_is_true(block->kid[Block_where]))
        return not_inlinable(s, s->err, block, how, "it has a guard; inline before splitting");
    const Node *a = block_access(block);
    for (size_t i = Store_index; i < a->nkids; i++) {
        bool again = false;
        for (size_t j = Store_index; j < i; j++)
            again |= a->kid[j] == a->kid[i];
        if (again || !block_axis_value(block, a->kid[i]))
            return not_inlinable(s, s->err, block, how, "its indices are not its axes, each once");
    }
    return true;
}

typedef struct Inline {
    const Node *store; /* T[axes] = value */
} Inline;

/* T[index] becomes value with the axes standing for the index; lets in it are bound anew. */
static const Node *on_load(Rewriter *rw, const Node *n)
{
    const Inline *in = rw->env;
    n = rw_kids(rw, n);
    if (n->kid[Load_buffer] != in->store->kid[Store_buffer])
        return n;
    Subst map[IR_MAX_RANK];
    size_t rank = n->nkids - Load_index;
    for (size_t d = 0; d < rank; d++)
        map[d] = (Subst){in->store->kid[Store_index + d], n->kid[Load_index + d]};
    return ir_subst(rw->A, ir_fresh(rw->A, in->store->kid[Store_value]), rank, map);
}

static Rule *const inline_rules[OP_COUNT] = {[OP_Load] = on_load};

/* ---- how much results ---- */

/* What one block evaluates at most, after inlining: more is minutes of compiling, and has long lost
** what inlining gains.  A mathematical function becomes about a hundred operations. */
enum { INLINE_MOST = 50000, INLINE_FUNCTION = 100 };

typedef struct Cost {
    double operations, loads; /* loads of the buffer that goes */
} Cost;

static void add_cost(const Node *n, const Node *gone, Cost *sum)
{
    if (n->op == OP_Load && n->kid[Load_buffer] == gone)
        sum->loads++;
    sum->operations += n->op == OP_Call && math_find(n->at.name, n->type) ? INLINE_FUNCTION : 1;
    for (size_t i = 0; i < n->nkids; i++)
        add_cost(n->kid[i], gone, sum);
}

/* The statement that grows most where `value` takes the place of each load of the buffer. */
typedef struct Growth {
    const Node *gone, *loop, *block; /* around the present statement, or NULL */
    double value, most;              /* operations */
    const Node *most_loop, *most_block;
} Growth;

static void find_growth(Growth *g, const Node *s)
{
    const Node *loop = g->loop, *block = g->block;
    Cost own = {0, 0};
    for (size_t i = 0; i < s->nkids; i++)
        if (!ir_is_stmt(s->kid[i]))
            add_cost(s->kid[i], g->gone, &own);
    if (s->op == OP_For)
        g->loop = s;
    if (s->op == OP_Block)
        g->block = s;
    double after = own.operations + own.loads * g->value;
    if (own.loads > 0 && after > g->most) {
        g->most = after;
        g->most_loop = g->loop;
        g->most_block = g->block;
    }
    for (size_t i = 0; i < s->nkids; i++)
        if (ir_is_stmt(s->kid[i]))
            find_growth(g, s->kid[i]);
    g->loop = loop;
    g->block = block;
}

/* `into`: the block that grows; NULL: whichever grows most. */
static bool grows_in_bounds(Step *s, const Node *in, const Node *gone, const Node *value,
                            const char *who, const char *into)
{
    Growth g = {.gone = gone};
    Cost of_value = {0, 0};
    add_cost(value, NULL, &of_value);
    g.value = of_value.operations;
    find_growth(&g, in);
    if (g.most <= INLINE_MOST)
        return true;
    const char *most = into ? into : g.most_block ? ir_block_name(g.most_block) : "the program";
    REFUSE(s->err, inline_too_big, g.most_block, who, most, g.most, INLINE_MOST, who);
    if (!into && g.most_block && g.most_loop)
        err_fix(s->err, "s:compute_at(\"%s\", \"%s/%s\")", who, most,
                ir_var_name(g.most_loop->kid[For_var]));
    return false;
}

/* ---- compute_inline ---- */

/* Why what a block reads and writes is not the same at another block's place: `late`, a statement
** that it would pass, if there is one in its way. */
static bool explain_inline(Step *s, const Node *block, const char *how, const Node *late,
                           const char *why)
{
    Err reason = {0};
    not_inlinable(s, &reason, block, how,
                  late ? arena_printf(s->A, "%s %s", statement_name(late), why)
                       : "what it reads or writes is used in between");
    return step_explain(s, &reason);
}

/* A sum whose guard reads the buffer: with the value in its place, it may be plain
** that the guard keeps the init out. */
static bool guards_sum(void *env, const Node *block)
{
    return block->kid[Block_init]->op == OP_Nop || !tree_reads(block->kid[Block_where], env);
}

/* Does the block at the end of the path read memory that iterations of a loop around it have for
** themselves, beside what it writes? Inlined into another iteration, it would read that one's. */
static bool reads_own_memory(const Path *p)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->at[i]->op == OP_For &&
            nest_has_own_memory(p->at[i], path_end(p), block_target(path_end(p))))
            return true;
    return false;
}

/* The elements of a buffer that a block writes, and those that a Store, or the block that it is in,
** takes by a Load. */
typedef struct Passed {
    Asked asked;
    Taken made, taken;
    AxisSpan makes[IR_MAX_RANK], takes[IR_MAX_RANK], all[IR_MAX_RANK];
} Passed;

static Passed *passed_by(Step *s, const Path *maker, const Path *user, const Node *load)
{
    Passed *p = arena_alloc(s->A, sizeof *p);
    const Node *block = path_end(maker), *store = block_access(block);
    const Node *buffer = load->kid[Load_buffer], *const *index = &load->kid[Load_index];
    const Node *reader = path_end(user)->op == OP_Block ? path_end(user) : NULL;
    size_t rank = ir_rank(buffer);
    for (size_t d = 0; d < rank; d++) {
        const Node *made = block_axis_value(block, store->kid[Store_index + d]),
                   *taken = reader ? block_over_loops(s->A, reader, index[d]) : index[d];
        p->makes[d] = (AxisSpan){made, 1, NULL};
        p->takes[d] = (AxisSpan){taken, 1, NULL};
        p->all[d] = (AxisSpan){ir_idx(s->A, 0), ir_dim(buffer, d), NULL};
    }
    p->asked = (Asked){rank, index, p->all, reader ? reader->kid[Block_where] : NULL};
    p->made = (Taken){p->makes, maker};
    p->taken = (Taken){p->takes, user};
    return p;
}

/* Refuses to inline the block at the end of p if the copy that ends `to` takes what it does not
** make. */
static bool takes_what_is_made(Step *s, const Path *p, const Path *to, const Node *load)
{
    Lacking lacking;
    const Passed *passed = passed_by(s, p, to, load);
    Covering covering = cover_taken(s->A, &passed->asked, &passed->made, &passed->taken, &lacking);
    const Node *block = path_end(p);
    const char *name = ir_block_name(block), *copies = statement_name(path_end(to));
    if (covering == COVER_GAP) {
        LoopConflict first = {.buffer = load->kid[Load_buffer]};
        memcpy(first.index, lacking.at, sizeof first.index);
        return not_inlinable(s, s->err, block, "compute_inline",
                             arena_printf(s->A, "%s copies %s, which it does not make", copies,
                                          witness_element(s->A, &first)));
    }
    return covering == COVER_FULL ||
           REFUSE(s->err, dependences_unknown, block,
                  arena_printf(s->A, "block %s makes all that %s copies", name, copies),
                  lacking.untold);
}

/* A copy may take along elements that the block never makes.  Inlined, the block makes them where
** the copy is, of what may not be there: refuses the step. */
static bool copies_what_is_made(Step *s, const Path *p, const Node *stmt, const Node *block)
{
    const Node *value = stmt->op == OP_Store ? stmt->kid[Store_value] : NULL;
    if (value && value->op == OP_Load && value->kid[Load_buffer] == block_target(path_end(p))) {
        Path to;
        path_to(s->func, block ? block : stmt, &to);
        return takes_what_is_made(s, p, &to, value);
    }
    for (size_t i = ir_first_stmt(stmt); i < stmt->nkids; i++)
        if (!copies_what_is_made(s, p, stmt->kid[i], stmt->op == OP_Block ? stmt : block))
            return false;
    return true;
}

bool prim_compute_inline(Step *s)
{
    Arena *A = s->A;
    const Node *block = s->arg[0].node;
    if (is_result(s, block_target(block)))
        return refuse_result(s, block, NULL);
    if (!plain_store(s, block, "compute_inline"))
        return false;
    const Node *store = block_access(block), *target = store->kid[Store_buffer];
    Path p;
    path_to(s->func, block, &p);
    const Node *without = nest_remove(A, &p);
    if (MUTANT(inline_other_writer_unseen, tree_writes(without, target), false))
        return not_inlinable(s, s->err, block, "compute_inline",
                             "another block writes the same buffer");
    if (!grows_in_bounds(s, without, target, store->kid[Store_value], ir_block_name(block), NULL))
        return false;
    Inline in = {store};
    const Node *out = rw_run(A, inline_rules, &in, s->err, without);
    out = alloc_drop(A, out, target);
    out = alloc_settle_all(A, out, store->kid[Store_value], NULL);
    buf_puts(&s->said, ir_block_name(block));
    nest_say_kinds_gone(s, &p, NULL);
    Err plain = {0};
    if (!tree_blocks(s->func, guards_sum, (void *)(uintptr_t)target) && !ir_verify(out, &plain))
        return not_inlinable(s, s->err, block, "compute_inline", plain.why);
    if (!step_in_order(s, &(Moved){.before = s->func,
                                   .after = out,
                                   .part = ir_block_name(block),
                                   .ask_all = reads_own_memory(&p)}))
        return explain_inline(s, block, "compute_inline",
                              legal_passes(s->func, p.at[nest_top(&p)], NULL, block, PASS_INPUTS),
                              "changes later what it reads");
    return copies_what_is_made(s, &p, s->func, NULL) && nest_recheck(s, out) && step_done(s, out);
}

/* ---- reverse_compute_inline ---- */

typedef struct Writer {
    const Node *buffer, *block;
    size_t n;
} Writer;

static bool count_writer(void *env, const Node *block)
{
    Writer *w = env;
    if (tree_writes(block, w->buffer)) {
        w->block = block;
        w->n++;
    }
    return true;
}

/* The buffer that a consumer takes from its producer: allocated, written by one
** block, read by this one only. */
static const Node *fed_by(Step *s, const Path *consumer, const Node **producer)
{
    NameList names = {0};
    const Node *others = nest_remove(s->A, consumer);
    list_buffers(s->A, s->func, &names);
    for (size_t i = 0; i < names.n; i++) {
        Path p;
        Writer w = {.buffer = find_buffer(s->func, names.at[i], NULL)};
        if (!tree_reads(path_end(consumer), w.buffer) || !path_to_alloc(s->func, w.buffer, &p) ||
            tree_reads(others, w.buffer))
            continue;
        tree_blocks(others, count_writer, &w);
        if (w.n == 1 && path_to_block(others, ir_block_name(w.block), &p) &&
            !tree_writes(nest_remove(s->A, &p), w.buffer)) {
            *producer = w.block;
            return w.buffer;
        }
    }
    return NULL;
}

typedef struct Replace {
    const Node *buffer, *value;
} Replace;

static const Node *on_fed_load(Rewriter *rw, const Node *n)
{
    const Replace *r = rw->env;
    return n->kid[Load_buffer] == r->buffer ? r->value : rw_kids(rw, n);
}

static Rule *const fed_rules[OP_COUNT] = {[OP_Load] = on_fed_load};

/* Do the consumer's axes, each at its place in the index by which it reads, take all that the
** producer's take, and nothing else? */
static bool same_domain(Step *s, const Path *p, const Path *q, const Node *load)
{
    AxisSpan from[IR_MAX_RANK], to[IR_MAX_RANK];
    const Node *producer = path_end(p), *consumer = path_end(q);
    size_t n = load->nkids - Load_index;
    if (producer->kid[Block_iters]->nkids != n || !nest_domain(s, p, from) ||
        !nest_domain(s, q, to))
        return false;
    const Node *store = block_access(producer), *made = producer->kid[Block_iters],
               *used = consumer->kid[Block_iters];
    for (size_t d = 0; d < n; d++) {
        size_t i = 0, k = 0;
        while (i < n && made->kid[i]->kid[Iter_var] != store->kid[Store_index + d])
            i++;
        while (k < n && used->kid[k]->kid[Iter_var] != load->kid[Load_index + d])
            k++;
        if (i == n || k == n || !ir_same(from[i].min, to[k].min) || from[i].extent != to[k].extent)
            return false;
    }
    Lacking lacking; /* within the buffer, where both are */
    const Passed *all = passed_by(s, p, q, load);
    Covering c = cover_taken(s->A, &all->asked, &all->taken, &all->made, &lacking);
    if (c == COVER_FULL)
        c = cover_taken(s->A, &all->asked, &all->made, &all->taken, &lacking);
    if (c == COVER_UNTOLD)
        return REFUSE(s->err, dependences_unknown, consumer,
                      arena_printf(s->A, "block %s takes just what %s makes",
                                   ir_block_name(consumer), ir_block_name(producer)),
                      lacking.untold);
    return c == COVER_FULL;
}

/* The same of each iteration of the loops around both: it does not run the consumer for other
** elements than the producer. */
static bool same_each_time(Step *s, const Path *p, const Path *q, const Node *load)
{
    Arena *A = s->A;
    const Node **made = ARENA_ARRAY(A, const Node *, p->n),
               **used = ARENA_ARRAY(A, const Node *, q->n);
    size_t nmade = path_loops(p, p->n, made), nused = path_loops(q, q->n, used),
           both = nest_common(made, nmade, used, nused), rank = load->nkids - Load_index;
    AxisSpan write[IR_MAX_RANK], read[IR_MAX_RANK], from[IR_MAX_RANK], to[IR_MAX_RANK];
    const Node *store = block_access(path_end(p));
    bool all_used;
    for (size_t d = 0; d < rank; d++) {
        write[d] =
            (AxisSpan){block_over_loops(A, path_end(p), store->kid[Store_index + d]), 1, NULL};
        read[d] = (AxisSpan){block_over_loops(A, path_end(q), load->kid[Load_index + d]), 1, NULL};
    }
    if (!nest_always_runs(nmade - both, made + both) ||
        !nest_always_runs(nused - both, used + both))
        return false;
    if (both == 0)
        return true;
    if (!nest_box(A, rank, write, both, nmade, made, from, NULL) ||
        !nest_box(A, rank, read, both, nused, used, to, &all_used) || !all_used)
        return false;
    for (size_t d = 0; d < rank; d++)
        if (from[d].extent != to[d].extent || !nest_lies_in(A, &from[d], &to[d]))
            return false;
    return true;
}

bool prim_reverse_compute_inline(Step *s)
{
    Arena *A = s->A;
    const Node *consumer = s->arg[0].node, *producer = NULL;
    const char *name = ir_block_name(consumer);
    if (!plain_store(s, consumer, "reverse_compute_inline"))
        return false;
    Path at, p;
    path_to(s->func, consumer, &at);
    const Node *between = fed_by(s, &at, &producer);
    if (!between)
        return not_inlinable(s, s->err, consumer, "reverse_compute_inline",
                             "no block computes something for it alone");
    path_to_block(s->func, ir_block_name(producer), &p);
    if (!plain_store(s, producer, "reverse_compute_inline") || !nest_keeps_condition(s, &at, &p))
        return false;
    const Node *gets = nest_condition(&p, &at);
    if (gets)
        return not_inlinable(s, s->err, consumer, "reverse_compute_inline",
                             arena_printf(A, "%s runs only under a condition, %.80s",
                                          ir_block_name(producer), ir_text(A, gets->kid[If_cond])));
    bool differ;
    const Node *load = tree_load(consumer, between, &differ);
    const Node *from = block_access(producer), *to = block_access(consumer);
    Subst map[IR_MAX_RANK];
    size_t rank = ir_rank(between);
    for (size_t d = 0; d < rank; d++) {
        const Node *axis = load->kid[Load_index + d];
        for (size_t e = 0; e < d; e++)
            differ |= load->kid[Load_index + e] == axis;
        if (differ || !block_axis_value(consumer, axis))
            return not_inlinable(
                s, s->err, consumer, "reverse_compute_inline",
                "it does not read what it is fed by its axes, each once, in one way");
        map[d] = (Subst){axis, from->kid[Store_index + d]};
    }
    if (consumer->kid[Block_iters]->nkids != rank)
        return not_inlinable(s, s->err, consumer, "reverse_compute_inline",
                             "it has axes that its producer has not");
    if (!MUTANT(reverse_inline_domain_unchecked, same_domain(s, &p, &at, load), true))
        return s->err->code
                   ? false
                   : not_inlinable(s, s->err, consumer, "reverse_compute_inline",
                                   "its axes do not run through just what its producer makes");
    bool each_time = same_each_time(s, &p, &at, load);
    if (!grows_in_bounds(s, consumer, between, from->kid[Store_value], name,
                         ir_block_name(producer)))
        return false;
    Replace r = {between, from->kid[Store_value]};
    const Node *body = rw_run(A, fed_rules, &r, s->err, ir_subst(A, to, rank, map));
    const Node *out = nest_remove(A, &at);
    path_to_block(out, ir_block_name(producer), &p);
    out = path_replace(A, &p, ir_with_kid(A, path_end(&p), Block_body, body));
    out = alloc_settle_all(A, alloc_drop(A, out, between), body, NULL);
    buf_printf(&s->said, "%s into %s", name, ir_block_name(producer));
    nest_say_kinds_gone(s, &at, NULL);
    if (!step_in_order(
            s, &(Moved){.before = s->func,
                        .after = out,
                        .block = ir_block_name(producer),
                        .part = name,
                        .ask_all = !MUTANT(reverse_inline_domain_unchecked, each_time, true)}))
        return explain_inline(
            s, consumer, "reverse_compute_inline",
            legal_passes(s->func, producer, consumer, consumer, PASS_INPUTS | PASS_TARGET),
            "stands between them and writes what it reads, or uses what it writes");
    return nest_recheck(s, out) && step_done(s, out);
}
