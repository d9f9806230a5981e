/* insert_barriers.c -- keeps memory in order between the threads of a block.
**
**      for ko in range(4):                       for ko in range(4):
**        for tx in bind("threadIdx.x", 32):        for tx in bind("threadIdx.x", 32): S[tx] = …
**          S[tx] = …                       →       barrier("shared")
**        for tx in bind("threadIdx.x", 32):        for tx in bind("threadIdx.x", 32): … = S[31 - tx]
**          … = S[31 - tx]                          barrier("shared")
**
** Each statement of a kernel is summed up by its accesses to shared and global memory before its
** first barrier (head) and after its last (tail).  Where a tail meets a head of the same buffer and
** one of the two writes, a barrier goes between; a loop's tail meets its own head.  Two accesses
** that a thread makes to an element of its own need none. A barrier that only some threads would
** reach is refused, and so is an order between thread blocks, which none can bring.  Of memory that
** each thread or block has for itself a value cannot be read that another one wrote: refused, too,
** also across barriers.  A kernel that cannot be launched is left as it is.
*/
#include <string.h>

#include "core/base/vec.h"
#include "core/base/mutant.h"
#include "core/ir/gpu.h"
#include "core/ir/linear.h"
#include "core/ir/rewrite.h"
#include "passes/loop/joined_index.h"
#include "passes/loop/lower.h"

typedef struct Touch {
    /* The Load, Store or Update, its bound variables replaced by one for each axis */
    const Node *node;
    bool write;
    unsigned some; /* thread axes of whose places maybe not all come here: bits */
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

typedef struct Sync {
    Arena *A;
    Err *err;
    bool refused;               /* the kernel, for another reason: see begin_kernel */
    const Node *axis[GPU_AXES]; /* stands for the variable of every loop over that axis */
    int64_t extent[GPU_AXES];
    Subst bound[IR_MAX_DEPTH]; /* the bound variables in scope, and their axes */
    size_t nbound;
    const Node *inner[IR_MAX_DEPTH]; /* the other loops' variables in scope, outermost first */
    size_t ninner;
    VEC(VarRange) ranges; /* of all of these that have been in scope */
    VEC(Own) own;
    const Node *touched; /* the buffer of the last conflict that was found */
    const Node *crossed; /* a buffer that thread blocks would have to touch in order */
    const Node *handed;  /* one of which a copy is read where another was written */
    bool divergent;      /* not every thread comes here */
    unsigned some;       /* axes along which a condition around differs: bits */
    const char *why;
    const Node *lanes; /* the vectorized loop that is why; NULL if another thing is */
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

static void touch(Sync *s, Summary *out, const Node *n, bool write)
{
    const Own *own = own_of(s, n->kid[0]);
    if (n->kid[0]->at.buf->scope == SCOPE_local && !(own && own->outside))
        return;
    Touch t = {ir_subst(s->A, n, s->nbound, s->bound), write, s->some};
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

/* ---- whose element is it? ---- */

/* An index as a sum: the terms that may differ between two accesses, and those that are alike. */
typedef struct Place {
    Linear moving, alike;
} Place;

/* Which axis the expression is, or -1. */
static int axis_of(const Sync *s, const Node *e)
{
    int x = GPU_AXES - 1;
    while (x >= 0 && s->axis[x] != e)
        x--;
    return x;
}

static bool moves(const Sync *s, const Node *e, size_t from)
{
    if (e->op == OP_Load || axis_of(s, e) >= 0)
        return true;
    for (size_t i = 0; e->op == OP_Var && i < from; i++)
        if (s->inner[i] == e)
            return false;
    for (size_t i = 0; i < e->nkids; i++)
        if (moves(s, e->kid[i], from))
            return true;
    return e->op == OP_Var;
}

static Place place_of_sum(const Sync *s, const Linear *l, size_t from)
{
    Place out = {.moving = {.c0 = l->c0}};
    for (size_t i = 0; i < l->n; i++) {
        Linear *to = moves(s, l->t[i].atom, from) ? &out.moving : &out.alike;
        to->t[to->n++] = l->t[i];
    }
    return out;
}

static bool place_of(const Sync *s, const Node *index, size_t from, Place *out)
{
    Linear l = {0};
    if (!linear_add(&l, index, 1))
        return false;
    *out = place_of_sum(s, &l, from);
    return true;
}

/* One that counts through 0 … extent-1 independently of all others. */
typedef struct Digit {
    int64_t weight, extent;
    int axis; /* or -1: a loop */
} Digit;

static int64_t extent_of(const Sync *s, const Node *var)
{
    int x = axis_of(s, var);
    if (x >= 0)
        return s->extent[x];
    for (size_t i = 0; var->op == OP_Var && i < s->ranges.n; i++)
        if (s->ranges.at[i].var == var)
            return s->ranges.at[i].max < INT32_MAX ? s->ranges.at[i].max + 1 : 0;
    return 0;
}

/* Takes the terms that are alike in both out of a and b, as digits; smaller ones first. */
static size_t take_digits(const Sync *s, Linear *a, Linear *b, Digit *out)
{
    size_t n = 0;
    for (size_t i = a->n; i-- > 0;) {
        Term t = a->t[i];
        int64_t extent = extent_of(s, t.atom), weight = t.c < 0 ? -t.c : t.c;
        size_t j = 0;
        while (j < b->n && !(b->t[j].atom == t.atom && b->t[j].c == t.c))
            j++;
        if (j == b->n || extent == 0 || weight > INT32_MAX)
            continue;
        linear_add_term(a, t.atom, -t.c);
        linear_add_term(b, t.atom, -t.c);
        size_t at = n++;
        for (; at > 0 && out[at - 1].weight > weight; at--)
            out[at] = out[at - 1];
        out[at] = (Digit){weight, extent, axis_of(s, t.atom)};
    }
    return n;
}

/* Equal indices mean equal axes where these are digits of a number; what is not the
** same in both places is its last. */
static void tell_apart(const Sync *s, Place *a, Place *b, bool apart[GPU_AXES])
{
    Known known = {s->ranges.at, s->ranges.n, 1000};
    Digit digit[LINEAR_MAX];
    i128 lo, hi, other_lo, other_hi;
    Linear differ = a->alike;
    if (!linear_add_exactly(&differ, &b->alike, -1))
        return;
    /* What does not cancel out is taken for terms of their own */
    if (differ.n > 0 && !(linear_add_exactly(&a->moving, &a->alike, 1) &&
                          linear_add_exactly(&b->moving, &b->alike, 1)))
        return;
    size_t n = take_digits(s, &a->moving, &b->moving, digit);
    if (!linear_bounds(&known, &a->moving, &lo, &hi) ||
        !linear_bounds(&known, &b->moving, &other_lo, &other_hi))
        return;
    i128 span = hi - other_lo > other_hi - lo ? hi - other_lo : other_hi - lo;
    size_t first = 0; /* of those that must be equal */
    for (size_t i = 0; i < n; i++) {
        if (digit[i].weight <= span)
            first = i + 1;
        span += (i128)digit[i].weight * (digit[i].extent - 1);
    }
    for (size_t i = first; i < n; i++)
        if (digit[i].axis >= 0)
            apart[digit[i].axis] = true;
}

static Interval index_range(const Sync *s, const Node *index)
{
    Known known = {s->ranges.at, s->ranges.n, 1000};
    return interval_of(&known, index);
}

static bool are_apart(Known *known, const Linear *a, const Linear *b)
{
    i128 lo, hi, other_lo, other_hi;
    return linear_bounds(known, a, &lo, &hi) && linear_bounds(known, b, &other_lo, &other_hi) &&
           (hi < other_lo || other_hi < lo);
}

/* The dimensions that are digits of one number in both: are the numbers never equal?  Else notes
** the axes that are equal where these are. */
static bool never_equal(const Sync *s, const Touch *a, const Touch *b, size_t from,
                        bool apart[GPU_AXES])
{
    Known known = {s->ranges.at, s->ranges.n, 1000};
    size_t rank = ir_rank(touched_buffer(a));
    JoinedIndex i, j;
    if (!join_index(&known, rank, touched_index(a), &i) ||
        !join_index(&known, rank, touched_index(b), &j) || !joined_alike(&i, &j))
        return false;
    if (are_apart(&known, &i.sum, &j.sum))
        return true;
    Place p = place_of_sum(s, &i.sum, from), q = place_of_sum(s, &j.sum, from);
    tell_apart(s, &p, &q, apart);
    return false;
}

/* Is the element the same one for all along an axis, of whom each writes it? */
static bool written_by_all(const Sync *s, const Touch *t, int axis)
{
    bool depends = false;
    for (size_t d = 0; d < ir_rank(touched_buffer(t)); d++)
        depends |= ir_mentions(touched_index(t)[d], s->axis[axis]) || ir_loads(touched_index(t)[d]);
    return t->write && !depends && !(t->some >> axis & 1) && is_thread(axis);
}

/* Who may touch one element at both of two places. */
typedef struct Meeting {
    bool others; /* different threads that share it */
    bool blocks; /* even of different thread blocks */
    bool copies; /* ones that each have a copy: what the first writes, the second lacks */
} Meeting;

/* `from`: loop variables from there on may differ between the two. */
static Meeting meet(const Sync *s, const Touch *a, const Touch *b, size_t from)
{
    bool apart[GPU_AXES] = {0};
    Meeting out = {0};
    const Own *own = own_of(s, touched_buffer(a));
    bool local = touched_buffer(a)->at.buf->scope == SCOPE_local;
    for (size_t d = 0; d < ir_rank(touched_buffer(a)); d++) {
        Place p, q;
        Interval i = index_range(s, touched_index(a)[d]), j = index_range(s, touched_index(b)[d]);
        if (i.hi < j.lo || j.hi < i.lo)
            return out;
        if (place_of(s, touched_index(a)[d], from, &p) &&
            place_of(s, touched_index(b)[d], from, &q))
            tell_apart(s, &p, &q, apart);
    }
    if (never_equal(s, a, b, from, apart))
        return out;
    for (int x = 0; x < GPU_AXES; x++) {
        if (s->extent[x] <= 1 || apart[x])
            continue;
        bool has_copy = own && (own->outside >> x & 1);
        out.copies |= has_copy && a->write && !b->write && !written_by_all(s, a, x);
        out.others |= !local && (is_thread(x) || !own);
        out.blocks |= !is_thread(x) && !own;
    }
    return out;
}

static bool conflict(Sync *s, const TouchVec *before, const TouchVec *after, size_t from)
{
    bool any = false;
    for (size_t i = 0; i < before->n; i++)
        for (size_t j = 0; j < after->n; j++) {
            const Touch *a = &before->at[i], *b = &after->at[j];
            if (!(a->write || b->write) || touched_buffer(a) != touched_buffer(b))
                continue;
            Meeting m = meet(s, a, b, from);
            if (m.others)
                s->touched = any ? s->touched : touched_buffer(a);
            any |= m.others;
            s->crossed = m.blocks ? touched_buffer(a) : s->crossed;
            s->handed = m.copies ? touched_buffer(a) : s->handed;
        }
    return any;
}

/* Do two statements, one after the other, need a barrier between them?  Those in them already bring
** threads in order, but neither thread blocks nor copies: what else meets is noted. */
static bool need_barrier(Sync *s, const Summary *first, const Summary *then, size_t from)
{
    conflict(s, &first->past, &then->head, from);
    conflict(s, &first->past, &then->beyond, from);
    conflict(s, &first->tail, &then->beyond, from);
    return conflict(s, &first->tail, &then->head, from);
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
        blocks |= !is_thread(x) && s->extent[x] > 1;
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

/* False, with why, if values would have to go between thread blocks, or from copy to copy. */
static bool can_be_ordered(Sync *s, const Node *where)
{
    if (s->handed) {
        const char *buffer = ir_buf_name(s->handed);
        Scope scope = s->handed->at.buf->scope;
        return REFUSE(s->err, copies_apart, s->handed, buffer, scope_name[scope],
                      scope == SCOPE_local ? "thread" : "thread block", buffer);
    }
    const char *buffer = s->crossed ? ir_buf_name(s->crossed) : "";
    return !s->crossed || REFUSE(s->err, barrier_blocks, where, buffer, buffer);
}

/* A barrier for the conflict that was found last. */
static const Node *barrier(Sync *s, const Node *where)
{
    const char *buffer = ir_buf_name(s->touched);
    if (s->divergent) {
        FAIL(s->err, barrier_divergent, where, buffer, s->why);
        if (s->lanes)
            err_fix(s->err, "compute %s outside loop %s, or leave that loop serial", buffer,
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
        bool needed = need_barrier(s, out, &next, s->ninner);
        if (!can_be_ordered(s, n->kid[i]))
            return NULL;
        if (MUTANT(barrier_missing, needed, false)) {
            const Node *b = barrier(s, n->kid[i]);
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
            if (is_thread(x) && s->bound[i].to == s->axis[x] && ir_mentions(e, s->bound[i].from))
                return true;
    return false;
}

/* The axes along which it may differ. */
static unsigned differs_along(const Sync *s, const Node *e)
{
    unsigned out = ir_loads(e) ? ~0u : 0;
    for (size_t i = 0; i < s->nbound; i++)
        for (int x = 0; x < GPU_AXES; x++)
            if (s->bound[i].to == s->axis[x] && ir_mentions(e, s->bound[i].from))
                out |= 1u << x;
    return out;
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
    bool needed = need_barrier(s, reads, then, s->ninner);
    if (!can_be_ordered(s, n))
        return false;
    if (!needed)
        return true;
    s->divergent = true;
    s->why = "a condition that reads it";
    s->lanes = NULL;
    return barrier(s, n) != NULL;
}

static const Node *walk_bound_axis(Sync *s, const Node *n, Summary *out)
{
    int x = (int)(ir_for_kind(n) - FOR_block_x);
    size_t mark = s->nbound;
    assert(mark < IR_MAX_DEPTH); /* no program is deeper */
    s->bound[s->nbound++] = (Subst){n->kid[For_var], s->axis[x]};
    const Node *body = walk(s, n->kid[For_body], out);
    s->nbound = mark;
    return body ? ir_with_kid(s->A, n, For_body, body) : NULL;
}

static const Node *walk_for(Sync *s, const Node *n, Summary *out)
{
    ForKind kind = ir_for_kind(n);
    if (for_is_bound(kind))
        return walk_bound_axis(s, n, out);
    size_t mark = s->ninner;
    assert(mark < IR_MAX_DEPTH);
    int64_t extent = ir_const_int(n->kid[For_extent], -1);
    if (extent == 0)
        return n;
    bool lanes = kind == FOR_vectorized;
    Summary reads = {0};
    touch_reads(s, &reads, n->kid[For_extent]);
    bool uneven = differs_between_threads(s, n->kid[For_extent]);
    s->inner[s->ninner++] = n->kid[For_var];
    vec_push(s->A, &s->ranges,
             ((VarRange){n->kid[For_var], 0, extent > 0 ? extent - 1 : INT64_MAX}));
    const char *why =
        lanes ? arena_printf(s->A, "%s, a vectorized loop", ir_var_name(n->kid[For_var]))
              : "a loop whose extent may differ between threads";
    const Node *around = s->lanes;
    unsigned some = s->some;
    s->some |= differs_along(s, n->kid[For_extent]);
    s->lanes = lanes && !s->divergent ? n : around;
    const Node *body = walk_divergent(s, n->kid[For_body], why, lanes || uneven, out);
    s->lanes = around;
    s->some = some;
    bool needed = body && !lanes && extent != 1 && need_barrier(s, out, out, mark);
    if (body && !can_be_ordered(s, n))
        return NULL;
    if (MUTANT(barrier_of_loop_missing, needed, false)) {
        bool before = s->divergent;
        s->divergent |= uneven;
        const Node *b = barrier(s, n);
        s->divergent = before;
        body = b ? ir_seq(s->A, 2, (const Node *[]){body, b}) : NULL;
        reach_barrier(s, out);
    }
    s->ninner = mark;
    out->barrier &= extent > 0; /* a loop that may not run promises nothing */
    if (!body || !decided(s, n, &reads, out))
        return NULL;
    if (reads.head.n > 0) {
        follow(s, &reads, out);
        *out = reads;
    }
    return ir_with_kid(s->A, n, For_body, body);
}

static const Node *walk_if(Sync *s, const Node *n, Summary *out)
{
    Summary then = {0}, other = {0};
    const Node *cond = n->kid[If_cond];
    Summary reads = {0};
    touch_reads(s, &reads, cond);
    bool divergent = differs_between_threads(s, cond);
    const char *why = "a condition that may differ between threads";
    unsigned some = s->some;
    s->some |= differs_along(s, cond);
    const Node *a = walk_divergent(s, n->kid[If_then], why, divergent, &then);
    const Node *b = a ? walk_divergent(s, n->kid[If_otherwise], why, divergent, &other) : NULL;
    s->some = some;
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
        bool around = s->extent[x] <= 1;
        for (size_t i = 0; i < s->nbound; i++)
            around |= s->bound[i].to == s->axis[x];
        if (!around && (buffer->at.buf->scope == SCOPE_local ||
                        (buffer->at.buf->scope == SCOPE_shared && !is_thread(x))))
            own.outside |= 1u << x;
    }
    return own;
}

static const Node *walk(Sync *s, const Node *n, Summary *out)
{
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
        s->axis[x] = ir_var(s->A, for_kind_text[FOR_block_x + x]);
        s->extent[x] = gpu_count(&shape, (ForKind)(FOR_block_x + x));
        vec_push(s->A, &s->ranges, ((VarRange){s->axis[x], 0, s->extent[x] - 1}));
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
