/* insert_barriers.c -- keeps memory in order between the threads of a block.
**
**      for ko in range(4):                       for ko in range(4):
**        for tx in bind("threadIdx.x", 32):        for tx in bind("threadIdx.x", 32): S[tx] = …
**          S[tx] = …                       →       barrier("shared")
**        for tx in bind("threadIdx.x", 32):        for tx in bind("threadIdx.x", 32): … = S[31 - tx]
**          … = S[31 - tx]                          barrier("shared")
**
** Each statement of a kernel is summed up by its accesses to shared and global memory before its
** first barrier (head) and after its last (tail). Where a tail meets a head of the same buffer and
** one of the two writes, a barrier goes between; a loop's tail meets its own head. Two accesses
** that a thread makes to an element of its own need none. Inside one loop over threads, none of
** whose iterations may touch what another one writes, a barrier is mere caution, where it cannot be
** told whose an element is. A barrier that only some threads would reach is refused, and so is an
** order between thread blocks, which none can bring.
**
** Of memory that each thread or block has for itself a value cannot be read that another one may
** have written, as the program is written: refused, too, also across barriers. A kernel that cannot
** be launched is left as it is.
*/
#include <string.h>

#include "core/base/cancel.h"
#include "core/base/mutant.h"
#include "core/ir/rewrite.h"
#include "core/ir/simplify.h"
#include "passes/loop/lower.h"
#include "passes/loop/meeting.h"

typedef struct Touch {
    /* The Load, Store or Update, its bound variables replaced by one for each axis */
    const Node *node;
    bool write;
    unsigned fresh; /* a read: axes of which the same iteration has written it before: bits */
} Touch;

typedef VEC(Touch) TouchVec;

typedef struct Summary {
    TouchVec head, tail;
    TouchVec past, beyond; /* the others: before the last barrier, behind the first */
    bool barrier;          /* one is reached whenever the statement runs */
} Summary;

/* A buffer of the kernel's own: each block has its own of any scope, each thread of a local one. */
typedef struct Own {
    const Node *buffer;
    unsigned outside; /* axes that it is allocated outside of: bits */
} Own;

/* A Store that has been done in any case, in this iteration of the axes that are still open. */
typedef struct Done {
    const Node *store;
    unsigned open; /* bits */
} Done;

typedef struct Sync {
    Arena *A;
    Err *err;
    bool refused; /* the kernel, for another reason: see begin_kernel */
    Around around;
    Subst bound[IR_MAX_DEPTH]; /* the bound variables in scope, and their axes */
    size_t nbound;
    unsigned open; /* axes of these */
    size_t inside; /* inner[inside] and those behind it are inside the innermost of these, the
                   ** innermost condition and the innermost loop of unknown extent, or are that */
    VEC(Own) own;
    VEC(Done) done;
    bool divergent; /* not every thread comes here */
    const char *why;
    const Node *lanes; /* the vectorized loop that is why; NULL if another thing is */
} Sync;

static const Node *walk(Sync *s, const Node *n, Summary *out);

/* ---- accesses ---- */

static const Node *touched_buffer(const Touch *t)
{
    return t->node->kid[0];
}

static bool is_thread(int axis)
{
    return for_is_thread_axis((ForKind)(FOR_block_x + axis));
}

static const Own *own_of(const Sync *s, const Node *buffer)
{
    for (size_t i = 0; i < s->own.n; i++)
        if (s->own.at[i].buffer == buffer)
            return &s->own.at[i];
    return NULL;
}

/* Of which axes has this very iteration written what is read, whoever else has? */
static unsigned fresh(const Sync *s, const Node *read)
{
    unsigned axes = 0;
    for (size_t i = s->done.n; i-- > 0 && axes != s->open;) {
        const Done *d = &s->done.at[i];
        if ((d->open & ~axes) && has_written(&s->around, d->open, d->store, read))
            axes |= d->open;
    }
    return axes;
}

static void touch(Sync *s, Summary *out, const Node *n, bool write)
{
    const Own *own = own_of(s, n->kid[0]);
    bool copies = own && own->outside;
    if (n->kid[0]->at.buf->scope == SCOPE_local && !copies)
        return;
    Touch t = {.node = ir_subst(s->A, n, s->nbound, s->bound), .write = write};
    if (copies && !write)
        t.fresh = fresh(s, t.node);
    if (copies && n->op == OP_Store && write)
        vec_push(s->A, &s->done, ((Done){t.node, s->open}));
    vec_push(s->A, &out->head, t);
    vec_push(s->A, &out->tail, t);
}

static void touch_reads(Sync *s, Summary *out, const Node *n)
{
    if (n->op == OP_Load)
        touch(s, out, n, false);
    for (size_t i = 0; i < n->nkids; i++)
        if (op_info[n->kid[i]->op].cls == CLASS_EXPR)
            touch_reads(s, out, n->kid[i]);
}

/* The buffers of which two accesses, one after the other, touch one element by turns that the
** program does not see to; NULL: none. */
typedef struct Found {
    const Node *threads; /* of a block: a barrier is needed */
    const Node *blocks;  /* thread blocks, which no barrier brings in order */
    const Node *copies;  /* one copy is written, and another one read */
    bool far;            /* that one is another block's */
} Found;

/* `from`: loop variables from there on may differ between the two. */
static void find(const Sync *s, const Touch *a, const Touch *b, size_t from, Found *out)
{
    bool same[GPU_AXES];
    const Node *buffer = touched_buffer(a);
    const Own *own = own_of(s, buffer);
    bool local = buffer->at.buf->scope == SCOPE_local;
    if (!(a->write || b->write) || buffer != touched_buffer(b) ||
        !may_meet(&s->around, a->node, b->node, from, same))
        return;
    for (int x = 0; x < GPU_AXES; x++) {
        if (s->around.extent[x] <= 1 || same[x])
            continue;
        bool copies = own && (own->outside >> x & 1) && !(b->fresh >> x & 1);
        if (MUTANT(copies_unseen, copies, false) && a->write && !b->write) {
            out->copies = buffer;
            out->far |= !is_thread(x);
        }
        if (!local && !out->threads && (is_thread(x) || !own))
            out->threads = buffer;
        if (!own && !is_thread(x))
            out->blocks = buffer;
    }
}

/* Asked to stop, it leaves off: what comes of that nobody gets to see (loop_lower_steps). */
static void find_all(const Sync *s, const TouchVec *before, const TouchVec *after, size_t from,
                     Found *out)
{
    for (size_t i = 0; i < before->n && !cancel_asked(); i++)
        for (size_t j = 0; j < after->n; j++)
            find(s, &before->at[i], &after->at[j], from, out);
}

/* Between two statements, one after the other.  The barriers in them already bring threads in
** order, but neither thread blocks nor copies. */
static Found between(const Sync *s, const Summary *first, const Summary *then, size_t from)
{
    Found out = {0}, ordered = {0};
    find_all(s, &first->tail, &then->head, from, &out);
    find_all(s, &first->past, &then->head, from, &ordered);
    find_all(s, &first->past, &then->beyond, from, &ordered);
    find_all(s, &first->tail, &then->beyond, from, &ordered);
    out.blocks = out.blocks ? out.blocks : ordered.blocks;
    out.copies = out.copies ? out.copies : ordered.copies;
    out.far |= ordered.far;
    return out;
}

static void append(Sync *s, TouchVec *to, const TouchVec *from)
{
    for (size_t i = 0; i < from->n; i++)
        vec_push(s->A, to, from->at[i]);
}

/* Of those, the ones that no barrier brings in order: which copies or thread blocks touch. */
static void append_lasting(Sync *s, TouchVec *to, const TouchVec *from)
{
    bool blocks = false;
    for (int x = 0; x < GPU_AXES; x++)
        blocks |= !is_thread(x) && s->around.extent[x] > 1;
    for (size_t i = 0; i < from->n; i++) {
        const Own *own = own_of(s, touched_buffer(&from->at[i]));
        if (own ? own->outside != 0 : blocks)
            vec_push(s->A, to, from->at[i]);
    }
}

/* `sum` followed by a barrier. */
static void reach_barrier(Sync *s, Summary *sum)
{
    append_lasting(s, &sum->past, &sum->tail);
    sum->tail = (TouchVec){0};
    sum->barrier = true;
}

/* `sum` followed by `next`. */
static void follow(Sync *s, Summary *sum, const Summary *next)
{
    if (sum->barrier)
        append_lasting(s, &sum->beyond, &next->head);
    else
        append(s, &sum->head, &next->head);
    append(s, &sum->beyond, &next->beyond);
    if (next->barrier)
        reach_barrier(s, sum);
    append(s, &sum->past, &next->past);
    append(s, &sum->tail, &next->tail);
}

/* False, with why, if values would have to go from copy to copy, or between thread blocks. */
static bool can_be_ordered(const Sync *s, const Found *f, const Node *where)
{
    if (f->copies) {
        Scope scope = f->copies->at.buf->scope;
        const char *name = ir_buf_name(f->copies),
                   *each = scope == SCOPE_local ? "thread" : "thread block";
        return REFUSE(s->err, copies_apart, f->copies, name, scope_name[scope], each, name, each,
                      scope_name[f->far ? SCOPE_global : SCOPE_shared]);
    }
    const char *name = f->blocks ? ir_buf_name(f->blocks) : "";
    return !f->blocks || REFUSE(s->err, barrier_blocks, where, name, name);
}

/* A barrier for what was found. */
static const Node *barrier(const Sync *s, const Found *f, const Node *where)
{
    const char *name = ir_buf_name(f->threads);
    if (s->divergent) {
        FAIL(s->err, barrier_divergent, where, name, s->why);
        if (s->lanes)
            err_fix(s->err, "compute %s outside loop %s, or leave that loop serial", name,
                    ir_var_name(s->lanes->kid[For_var]));
        return NULL;
    }
    return ir_make(s->A, OP_Barrier, 0, (Attr){.name = scope_name[SCOPE_shared]}, 0, NULL);
}

/* ---- statements ---- */

static const Node *walk_seq(Sync *s, const Node *n, Summary *out)
{
    const Node **stmts = ARENA_ARRAY(s->A, const Node *, 2 * n->nkids);
    size_t k = 0;
    for (size_t i = 0; i < n->nkids; i++) {
        Summary next = {0};
        const Node *stmt = walk(s, n->kid[i], &next);
        if (!stmt)
            return NULL;
        Found f = between(s, out, &next, s->around.ninner);
        if (!can_be_ordered(s, &f, n->kid[i]))
            return NULL;
        if (MUTANT(barrier_missing, f.threads != NULL, false)) {
            const Node *b = barrier(s, &f, n->kid[i]);
            if (!b)
                return NULL;
            stmts[k++] = b;
            reach_barrier(s, out);
        }
        follow(s, out, &next);
        stmts[k++] = stmt;
    }
    for (size_t i = 0; k == n->nkids && i < k; i++)
        if (stmts[i] != n->kid[i])
            return ir_seq(s->A, k, stmts);
    return k == n->nkids ? n : ir_seq(s->A, k, stmts);
}

/* May it have another value for each thread?  What it reads may, also of the thread's own. */
static bool differs_between_threads(const Sync *s, const Node *e)
{
    if (ir_loads(e))
        return true;
    for (size_t i = 0; i < s->nbound; i++)
        for (int x = 0; x < GPU_AXES; x++)
            if (is_thread(x) && s->bound[i].to == s->around.axis[x] &&
                ir_mentions(e, s->bound[i].from))
                return true;
    return false;
}

static const Node *walk_divergent(Sync *s, const Node *n, const char *why, bool divergent,
                                  Summary *out)
{
    bool before = s->divergent;
    if (divergent && !before)
        s->why = why;
    s->divergent |= divergent;
    const Node *stmt = walk(s, n, out);
    s->divergent = before;
    return stmt;
}

/* What a condition, or an extent, has read is still as it was when the last thread
** comes to read it: no barrier can stand between it and what it decides, which may be
** another thing for each thread. */
static bool decided(Sync *s, const Node *n, const Summary *reads, const Summary *then)
{
    Found f = between(s, reads, then, s->around.ninner);
    if (!can_be_ordered(s, &f, n))
        return false;
    if (!f.threads)
        return true;
    s->divergent = true;
    s->why = "a condition that reads it";
    s->lanes = NULL;
    return barrier(s, &f, n) != NULL;
}

static const Node *walk_bound_axis(Sync *s, const Node *n, Summary *out)
{
    int x = (int)(ir_for_kind(n) - FOR_block_x);
    size_t mark = s->nbound, inside = s->inside, done = s->done.n;
    unsigned open = s->open;
    assert(mark < IR_MAX_DEPTH); /* no program is deeper */
    s->bound[s->nbound++] = (Subst){n->kid[For_var], s->around.axis[x]};
    s->open |= 1u << x;
    s->inside = s->around.ninner;
    const Node *body = walk(s, n->kid[For_body], out);
    s->nbound = mark;
    s->open = open;
    s->inside = inside;
    for (size_t i = done; i < s->done.n; i++)
        s->done.at[i].open &= open;
    /* As the program is written, its iterations come one after the other */
    Found f = {.copies = body ? between(s, out, out, s->around.ninner).copies : NULL};
    if (!can_be_ordered(s, &f, n))
        return NULL;
    return body ? ir_with_kid(s->A, n, For_body, body) : NULL;
}

static const Node *loop_body(Sync *s, const Node *n, bool uneven, Summary *out)
{
    bool lanes = ir_for_kind(n) == FOR_vectorized;
    int64_t extent = ir_const_int(n->kid[For_extent], -1);
    size_t mark = s->around.ninner, done = s->done.n;
    assert(mark < IR_MAX_DEPTH);
    s->around.inner[s->around.ninner++] = n->kid[For_var];
    vec_push(s->A, &s->around.ranges,
             ((VarRange){n->kid[For_var], 0, extent > 0 ? extent - 1 : INT64_MAX}));
    const char *why =
        lanes ? arena_printf(s->A, "%s, a vectorized loop", ir_var_name(n->kid[For_var]))
              : "a loop whose extent may differ between threads";
    const Node *outer = s->lanes;
    size_t inside = s->inside;
    if (extent < 0)
        s->inside = mark; /* where those around begin, it may have no iteration */
    s->lanes = lanes && !s->divergent ? n : outer;
    const Node *body = walk_divergent(s, n->kid[For_body], why, lanes || uneven, out);
    s->lanes = outer;
    s->inside = inside;
    if (extent < 0)
        s->done.n = done;
    Found f = {0};
    if (body && !lanes && extent != 1)
        f = between(s, out, out, mark);
    if (body && !can_be_ordered(s, &f, n))
        return NULL;
    if (MUTANT(barrier_of_loop_missing, f.threads != NULL, false)) {
        bool before = s->divergent;
        s->divergent |= uneven;
        const Node *b = barrier(s, &f, n);
        s->divergent = before;
        body = b ? ir_seq(s->A, 2, (const Node *[]){body, b}) : NULL;
        reach_barrier(s, out);
    }
    s->around.ninner = mark;
    out->barrier &= extent > 0; /* a loop that may not run promises nothing */
    return body;
}

static const Node *walk_for(Sync *s, const Node *n, Summary *out)
{
    if (for_is_bound(ir_for_kind(n)))
        return walk_bound_axis(s, n, out);
    if (ir_is_int(n->kid[For_extent], 0))
        return n;
    Summary reads = {0};
    touch_reads(s, &reads, n->kid[For_extent]);
    const Node *body = loop_body(s, n, differs_between_threads(s, n->kid[For_extent]), out);
    if (!body || !decided(s, n, &reads, out))
        return NULL;
    if (reads.head.n > 0) {
        follow(s, &reads, out);
        *out = reads;
    }
    return ir_with_kid(s->A, n, For_body, body);
}

/* The stores of a branch have been done if its condition holds where the loops of which it speaks
** begin, and they do not move with these, as the init of a sum; and if all that runs in the present
** iteration has run there, too (Sync.inside). */
static void keep_done(Sync *s, size_t from, const Node *cond)
{
    Subst zero[IR_MAX_DEPTH];
    size_t n = 0, kept = from;
    for (size_t i = s->inside; i < s->around.ninner; i++)
        if (ir_mentions(cond, s->around.inner[i]))
            zero[n++] = (Subst){s->around.inner[i], ir_idx(s->A, 0)};
    bool begins = ir_is_true(ir_simplify(s->A, ir_subst(s->A, cond, n, zero), NULL));
    for (size_t i = from; begins && i < s->done.n; i++) {
        bool moves = false;
        for (size_t k = 0; k < n; k++)
            moves |= ir_mentions(s->done.at[i].store, zero[k].from);
        if (!moves)
            s->done.at[kept++] = s->done.at[i];
    }
    s->done.n = kept;
}

static const Node *walk_branch(Sync *s, const Node *n, const Node *cond, bool divergent,
                               Summary *out)
{
    size_t done = s->done.n, inside = s->inside;
    s->inside = s->around.ninner;
    const Node *stmt =
        walk_divergent(s, n, "a condition that may differ between threads", divergent, out);
    s->inside = inside;
    keep_done(s, done, cond);
    return stmt;
}

static const Node *walk_if(Sync *s, const Node *n, Summary *out)
{
    Summary then = {0}, other = {0};
    const Node *cond = n->kid[If_cond];
    Summary reads = {0};
    touch_reads(s, &reads, cond);
    bool divergent = differs_between_threads(s, cond);
    const Node *a = walk_branch(s, n->kid[If_then], cond, divergent, &then);
    const Node *b =
        a ? walk_branch(s, n->kid[If_otherwise], ir_not(s->A, cond), divergent, &other) : NULL;
    if (!b)
        return NULL;
    append(s, &then.head, &other.head);
    append(s, &then.tail, &other.tail);
    append(s, &then.past, &other.past);
    append(s, &then.beyond, &other.beyond);
    then.barrier &= other.barrier;
    if (!decided(s, n, &reads, &then))
        return NULL;
    *out = reads;
    follow(s, out, &then);
    const Node *kids[] = {[If_cond] = cond, [If_then] = a, [If_otherwise] = b};
    return ir_with_kids(s->A, n, kids);
}

/* One that stands in the program as it was written. */
static const Node *walk_barrier(Sync *s, const Node *n, Summary *out)
{
    if (s->divergent)
        return FAIL(s->err, barrier_inside, n, s->why);
    out->barrier = true;
    return n;
}

static Own own_here(const Sync *s, const Node *buffer)
{
    Own own = {buffer, 0};
    for (int x = 0; x < GPU_AXES; x++) {
        bool around = s->around.extent[x] <= 1;
        for (size_t i = 0; i < s->nbound; i++)
            around |= s->bound[i].to == s->around.axis[x];
        if (!around && (buffer->at.buf->scope == SCOPE_local ||
                        (buffer->at.buf->scope == SCOPE_shared && !is_thread(x))))
            own.outside |= 1u << x;
    }
    return own;
}

static const Node *walk(Sync *s, const Node *n, Summary *out)
{
    if (cancel_poll(s->err))
        return NULL;
    switch ((Op)n->op) {
    case OP_Seq: return walk_seq(s, n, out);
    case OP_For: return walk_for(s, n, out);
    case OP_If: return walk_if(s, n, out);
    case OP_Alloc: {
        vec_push(s->A, &s->own, own_here(s, n->kid[Alloc_buffer]));
        const Node *body = walk(s, n->kid[Alloc_body], out);
        return body ? ir_with_kid(s->A, n, Alloc_body, body) : NULL;
    }
    case OP_Barrier: return walk_barrier(s, n, out);
    case OP_Store:
    case OP_Update:
        touch_reads(s, out, n);
        if (n->op == OP_Update)
            touch(s, out, n, false);
        touch(s, out, n, true);
        return n;
    default: return n;
    }
}

/* False where the kernel has no shape.  One with work outside of an axis is refused for that; what
** else stands in the way of its barriers is not said. */
static bool begin_kernel(Sync *s, const Node *kernel, Err *err)
{
    GpuShape shape;
    ForKind axis;
    if (!gpu_shape_of(kernel, &shape, NULL))
        return false;
    bool refused = gpu_find_outside(kernel, &axis) != NULL;
    *s = (Sync){.A = s->A, .err = refused ? NULL : err, .refused = refused};
    for (int x = 0; x < GPU_AXES; x++) {
        Around *g = &s->around;
        g->axis[x] = ir_var(s->A, for_kind_text[FOR_block_x + x]);
        g->extent[x] = gpu_count(&shape, (ForKind)(FOR_block_x + x));
        vec_push(s->A, &g->ranges, ((VarRange){g->axis[x], 0, g->extent[x] - 1}));
    }
    return true;
}

/* Down to the kernels, which need no order among themselves: through sequences and
** global memory. */
static const Node *on_top(Rewriter *rw, const Node *n)
{
    Sync *s = rw->env;
    Summary whole = {0};
    if (n->op == OP_Seq || n->op == OP_Func || op_info[n->op].cls != CLASS_STMT ||
        (n->op == OP_Alloc && n->kid[Alloc_buffer]->at.buf->scope == SCOPE_global))
        return rw_kids(rw, n);
    if (!begin_kernel(s, n, rw->err))
        return n;
    const Node *out = walk(s, n, &whole);
    if (!out && !s->refused)
        return rw_fail(rw);
    return out ? out : n;
}

const Node *pass_insert_barriers(Arena *A, const Node *func, Err *err)
{
    Rule *on[OP_COUNT];
    Sync *s = arena_alloc(A, sizeof *s);
    s->A = A;
    for (int i = 0; i < OP_COUNT; i++)
        on[i] = on_top;
    return rw_run(A, on, s, err, func);
}
