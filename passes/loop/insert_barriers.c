/* insert_barriers.c -- keeps shared memory in order between the threads of a block.
**
**      for ko in range(4):                       for ko in range(4):
**        for tx in bind("threadIdx.x", 32):        for tx in bind("threadIdx.x", 32): S[tx] = …
**          S[tx] = …                       →       barrier("shared")
**        for tx in bind("threadIdx.x", 32):        for tx in bind("threadIdx.x", 32): … = S[31 - tx]
**          … = S[31 - tx]                          barrier("shared")
**
** Each statement is summed up by its accesses to shared memory before its first barrier (head) and after its
** last (tail).  Where a tail meets a head of the same buffer and one of the two writes, a barrier goes between;
** a loop's tail meets its own head.  Two accesses that a thread makes to an element of its own need none.
** A barrier that only some threads would reach is refused.
*/
#include <string.h>

#include "core/base/vec.h"
#include "core/ir/rewrite.h"
#include "passes/loop/lower.h"

enum { AXES = 3 };

typedef struct Touch {
    const Node *node; /* the Load, Store or Update, its thread variables replaced by one for each axis */
    bool write;
} Touch;

typedef VEC(Touch) TouchVec;

typedef struct Summary {
    TouchVec head, tail;
    bool barrier; /* one is reached whenever the statement runs */
} Summary;

typedef struct Sync {
    Arena *A;
    Err *err;
    bool failed;
    const Node *axis[AXES];      /* stands for the thread variable of every loop over that axis */
    int64_t extent[AXES];
    Subst threads[32];           /* the thread variables in scope, and their axes */
    size_t nthreads;
    const Node *inner[256];      /* loop variables in scope, outermost first */
    size_t ninner;
    bool divergent;              /* not every thread comes here */
    const char *why;
} Sync;

static const Node *walk(Sync *s, const Node *n, Summary *out);

/* ---- accesses ---- */

static const Node *touched_buffer(const Touch *t)
{
    return t->node->kid[0];
}

static const Node *const *touched_index(const Touch *t)
{
    return &t->node->kid[t->node->op == OP_Load ? Load_index : Store_index];
}

static void touch(Sync *s, Summary *out, const Node *n, bool write)
{
    if (n->kid[0]->at.buf->scope != SCOPE_shared)
        return;
    Touch t = {ir_subst(s->A, n, s->nthreads, s->threads), write};
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

/* Does the index, for fixed other variables, differ between threads that differ along the axis? */
static bool tells_apart(const Node *index, const Node *axis)
{
    if (index == axis)
        return true;
    return index->op == OP_Add && index->kid[Add_a] == axis && !ir_mentions(index->kid[Add_b], axis);
}

static bool mentions_inner(const Sync *s, const Node *index, size_t from)
{
    for (size_t i = from; i < s->ninner; i++)
        if (ir_mentions(index, s->inner[i]))
            return true;
    return false;
}

/* Are both accesses always made by one and the same thread?  `from`: loop variables from there on may differ
** between the two. */
static bool same_thread(const Sync *s, const Touch *a, const Touch *b, size_t from)
{
    size_t rank = ir_rank(touched_buffer(a));
    const Node *const *ia = touched_index(a), *const *ib = touched_index(b);
    bool apart[AXES] = {0};
    for (size_t d = 0; d < rank; d++) {
        if (!ir_same(ia[d], ib[d]))
            return false;
        if (mentions_inner(s, ia[d], from))
            return false;
        for (int x = 0; x < AXES; x++)
            apart[x] |= tells_apart(ia[d], s->axis[x]);
    }
    for (int x = 0; x < AXES; x++)
        if (s->extent[x] > 1 && !apart[x])
            return false;
    return true;
}

static bool conflict(const Sync *s, const TouchVec *before, const TouchVec *after, size_t from)
{
    for (size_t i = 0; i < before->n; i++)
        for (size_t j = 0; j < after->n; j++) {
            const Touch *a = &before->at[i], *b = &after->at[j];
            if ((a->write || b->write) && touched_buffer(a) == touched_buffer(b) &&
                !same_thread(s, a, b, from))
                return true;
        }
    return false;
}

static void append(Sync *s, TouchVec *to, const TouchVec *from)
{
    for (size_t i = 0; i < from->n; i++)
        vec_push(s->A, to, from->at[i]);
}

/* `sum` followed by `next`. */
static void follow(Sync *s, Summary *sum, const Summary *next)
{
    if (!sum->barrier)
        append(s, &sum->head, &next->head);
    if (next->barrier)
        sum->tail = (TouchVec){0};
    append(s, &sum->tail, &next->tail);
    sum->barrier |= next->barrier;
}

static const Node *barrier(Sync *s, const Node *where, const TouchVec *before)
{
    if (s->divergent) {
        s->failed = true;
        return FAIL(s->err, barrier_divergent, where, ir_buf_name(touched_buffer(&before->at[0])),
                    s->why);
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
        if (conflict(s, &out->tail, &next.head, s->ninner)) {
            const Node *b = barrier(s, n->kid[i], &out->tail);
            if (!b)
                return NULL;
            stmts[k++] = b;
            out->barrier = true;
            out->tail = (TouchVec){0};
        }
        follow(s, out, &next);
        stmts[k++] = stmt;
    }
    for (size_t i = 0; k == n->nkids && i < k; i++)
        if (stmts[i] != n->kid[i])
            return ir_seq(s->A, k, stmts);
    return k == n->nkids ? n : ir_seq(s->A, k, stmts);
}

static bool differs_between_threads(const Sync *s, const Node *e)
{
    for (size_t i = 0; i < s->nthreads; i++)
        if (ir_mentions(e, s->threads[i].from))
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

static const Node *walk_thread_axis(Sync *s, const Node *n, Summary *out)
{
    int x = (int)(ir_for_kind(n) - FOR_thread_x);
    size_t mark = s->nthreads;
    if (mark < sizeof s->threads / sizeof *s->threads)
        s->threads[s->nthreads++] = (Subst){n->kid[For_var], s->axis[x]};
    const Node *body = walk(s, n->kid[For_body], out);
    s->nthreads = mark;
    return body ? ir_with_kid(s->A, n, For_body, body) : NULL;
}

static const Node *walk_for(Sync *s, const Node *n, Summary *out)
{
    ForKind kind = ir_for_kind(n);
    if (for_is_thread_axis(kind))
        return walk_thread_axis(s, n, out);
    size_t mark = s->ninner;
    if (mark == sizeof s->inner / sizeof *s->inner)
        return n;
    int64_t extent = ir_const_int(n->kid[For_extent], -1);
    bool lanes = kind == FOR_vectorized;
    bool uneven = differs_between_threads(s, n->kid[For_extent]);
    s->inner[s->ninner++] = n->kid[For_var];
    const Node *body = walk_divergent(s, n->kid[For_body],
                                      lanes ? "a vectorized loop" : "a loop whose extent differs",
                                      lanes || uneven, out);
    if (body && !lanes && extent != 1 && !for_is_block_axis(kind) &&
        conflict(s, &out->tail, &out->head, mark)) {
        bool before = s->divergent;
        s->divergent |= uneven;
        const Node *b = barrier(s, n, &out->tail);
        s->divergent = before;
        body = b ? ir_seq(s->A, 2, (const Node *[]){body, b}) : NULL;
        out->barrier = true;
        out->tail = (TouchVec){0};
    }
    s->ninner = mark;
    out->barrier &= extent > 0; /* a loop that may not run promises nothing */
    return body ? ir_with_kid(s->A, n, For_body, body) : NULL;
}

static const Node *walk_if(Sync *s, const Node *n, Summary *out)
{
    Summary then = {0}, other = {0};
    const Node *cond = n->kid[If_cond];
    Summary reads = {0};
    touch_reads(s, &reads, cond);
    bool divergent = differs_between_threads(s, cond) || reads.head.n > 0;
    const char *why = "a condition that differs";
    const Node *a = walk_divergent(s, n->kid[If_then], why, divergent, &then);
    const Node *b = a ? walk_divergent(s, n->kid[If_otherwise], why, divergent, &other) : NULL;
    if (!b)
        return NULL;
    append(s, &then.head, &other.head);
    append(s, &then.tail, &other.tail);
    then.barrier &= other.barrier;
    *out = reads;
    follow(s, out, &then);
    const Node *kids[] = {[If_cond] = cond, [If_then] = a, [If_otherwise] = b};
    return ir_with_kids(s->A, n, kids);
}

static const Node *walk(Sync *s, const Node *n, Summary *out)
{
    switch ((Op)n->op) {
    case OP_Seq: return walk_seq(s, n, out);
    case OP_For: return walk_for(s, n, out);
    case OP_If: return walk_if(s, n, out);
    case OP_Alloc: {
        const Node *body = walk(s, n->kid[Alloc_body], out);
        return body ? ir_with_kid(s->A, n, Alloc_body, body) : NULL;
    }
    case OP_Barrier: out->barrier = true; return n;
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

static bool find_extents(void *env, const Node *n)
{
    Sync *s = env;
    if (n->op == OP_For && for_is_thread_axis(ir_for_kind(n))) {
        int64_t extent = ir_const_int(n->kid[For_extent], INT64_MAX);
        int64_t *most = &s->extent[ir_for_kind(n) - FOR_thread_x];
        if (extent > *most)
            *most = extent;
    }
    return op_info[n->op].cls == CLASS_STMT || n->op == OP_Func;
}

const Node *pass_insert_barriers(Arena *A, const Node *func, Err *err)
{
    Sync *s = arena_alloc(A, sizeof *s);
    s->A = A;
    s->err = err;
    for (int x = 0; x < AXES; x++)
        s->axis[x] = ir_var(A, for_kind_text[FOR_thread_x + x]);
    ir_walk(func, find_extents, s);
    Summary whole = {0};
    const Node *body = walk(s, func->kid[Func_body], &whole);
    return body ? ir_with_kid(A, func, Func_body, body) : NULL;
}
