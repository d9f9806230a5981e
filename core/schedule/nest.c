/* nest.c -- removing and building the loops of one block. */
#include "core/schedule/nest.h"

#include <string.h>

#include "core/affine/region.h"
#include "core/base/mutant.h"
#include "core/ir/linear.h"
#include "core/ir/print.h"
#include "core/ir/rewrite.h"
#include "core/ir/simplify.h"
#include "core/schedule/cover.h"
#include "core/schedule/legal.h"

/* What the value of an axis goes over cannot be told: a loop in it is as long as another says, or
** the value is no sum. */
static bool refuse_axis(Step *s, const Node *block, const Node *iter, size_t n,
                        const Node *const *loops)
{
    const char *name = ir_block_name(block);
    for (size_t k = 0; k < n; k++) {
        const Node *var = loops[k]->kid[For_var];
        if (loops[k]->kid[For_extent]->op != OP_IntImm && ir_mentions(iter->kid[Iter_value], var))
            return REFUSE(s->err, axis_extent, loops[k], name, ir_var_name(var), name);
    }
    return REFUSE(s->err, axis_not_affine, block, ir_var_name(iter->kid[Iter_var]), name);
}

bool nest_domain(Step *s, const Path *to_block, AxisSpan *out)
{
    const Node *block = path_end(to_block), *iters = block->kid[Block_iters];
    const Node **loops = ARENA_ARRAY(s->A, const Node *, to_block->n);
    size_t n = path_loops(to_block, to_block->n, loops);
    for (size_t i = 0; i < iters->nkids; i++) {
        const Node *value = iters->kid[i]->kid[Iter_value];
        if (!region_relax(s->A, value, 0, n, loops, &out[i].min, &out[i].extent) ||
            out[i].min->op != OP_IntImm)
            return refuse_axis(s, block, iters->kid[i], n, loops);
        /* A guard axis < n says where a split that does not divide goes too far. */
        const Node *w = block->kid[Block_where];
        for (; w; w = w->op == OP_And ? w->kid[0] : NULL) {
            const Node *c = w->op == OP_And ? w->kid[1] : w;
            if (c->op == OP_Lt && c->kid[0] == iters->kid[i]->kid[Iter_var] &&
                c->kid[1]->op == OP_IntImm && c->kid[1]->at.i < out[i].min->at.i + out[i].extent)
                out[i].extent = c->kid[1]->at.i - out[i].min->at.i;
        }
        if (out[i].extent < 0) /* a guard below the least value */
            out[i].extent = 0;
    }
    return true;
}

size_t nest_top(const Path *p)
{
    size_t depth = p->n - 1;
    while (depth > 1 && p->at[depth - 1]->op == OP_For)
        depth--;
    return depth;
}

const Node *nest_condition(const Path *p, const Path *q)
{
    bool looped = false;
    for (size_t i = 0; i < p->n; i++) {
        looped |= p->at[i]->op == OP_For;
        if (p->at[i]->op == OP_If &&
            (looped || !q || i >= q->n || q->at[i] != p->at[i] || q->kid[i] != p->kid[i]))
            return p->at[i];
    }
    return NULL;
}

bool nest_keeps_condition(Step *s, const Path *p, const Path *q)
{
    const Node *cond = nest_condition(p, q);
    const char *name = ir_block_name(path_end(p));
    return !cond ||
           REFUSE(s->err, loses_condition, cond, name, ir_text(s->A, cond->kid[If_cond]), name);
}

const Node *nest_remove(Arena *A, const Path *p)
{
    return path_replace_at(A, p, nest_top(p), ir_nop(A));
}

/* The guards that axis's span needs to stay within its domain. */
static const Node *span_guard(Arena *A, const Node *axis, const AxisSpan *span,
                              const AxisSpan *domain, size_t naround, const Node *const *around)
{
    const Node *least, *guard = ir_bool(A, true);
    int64_t width;
    int64_t low = domain->min->at.i, high = low + domain->extent + MUTANT(span_guard_wide, 0, 1);
    bool known =
        region_relax(A, span->min, 0, naround, around, &least, &width) && least->op == OP_IntImm;
    if (!known || least->at.i + width - 1 + span->extent > high)
        guard = ir_and(A, guard, ir_binary(A, OP_Lt, axis, ir_idx(A, high)));
    if (!known || least->at.i < low)
        guard = ir_and(A, guard, ir_binary(A, OP_Ge, axis, ir_idx(A, low)));
    return guard;
}

/* a and b, with what b already says left out. */
static const Node *conjoin(Arena *A, const Node *a, const Node *b)
{
    if (b->op == OP_And)
        return conjoin(A, conjoin(A, a, b->kid[0]), b->kid[1]);
    for (const Node *w = a; w; w = w->op == OP_And ? w->kid[0] : NULL)
        if (ir_same(w->op == OP_And ? w->kid[1] : w, b))
            return a;
    return ir_and(A, a, b);
}

static bool mentions_only_axes(const Node *block, const Node *e)
{
    if (e->op == OP_Var)
        return block_axis_value(block, e) != NULL;
    for (size_t i = 0; i < e->nkids; i++)
        if (!mentions_only_axes(block, e->kid[i]))
            return false;
    return true;
}

static bool name_free(const char *name, size_t naround, const Node *const *around, size_t n,
                      const Node *const *vars)
{
    for (size_t i = 0; i < naround; i++)
        if (strcmp(ir_var_name(around[i]->kid[For_var]), name) == 0)
            return false;
    for (size_t i = 0; i < n; i++)
        if (vars[i] && strcmp(ir_var_name(vars[i]), name) == 0)
            return false;
    return true;
}

/* `name`, or name_1 … where a loop around or one of the n new ones has it. */
static const char *free_name(Arena *A, const char *name, size_t naround, const Node *const *around,
                             size_t n, const Node *const *vars)
{
    const char *try = name;
    for (int i = 1; !name_free(try, naround, around, n, vars); i++)
        try = arena_printf(A, "%s_%d", name, i);
    return try;
}

bool nest_guard_on_axes(const Node *block)
{
    return mentions_only_axes(block, block->kid[Block_where]);
}

const Node *nest_build(Step *s, const Node *block, const AxisSpan *spans, const AxisSpan *domain,
                       size_t naround, const Node *const *around)
{
    Arena *A = s->A;
    const Node *iters = block->kid[Block_iters], *where = block->kid[Block_where],
               *guard = ir_bool(A, true);
    const Node **now = ARENA_ARRAY(A, const Node *, iters->nkids + 1);
    const Node **vars = ARENA_ARRAY(A, const Node *, iters->nkids + 1);
    if (!mentions_only_axes(block, where))
        return FAIL(s->err, guard_on_loops, block, ir_block_name(block));
    for (size_t i = 0; i < iters->nkids; i++) {
        const Node *axis = iters->kid[i]->kid[Iter_var];
        const Node *value = spans[i].min;
        vars[i] = NULL;
        if (spans[i].extent != 1) {
            const char *name = free_name(A, spans[i].name ? spans[i].name : ir_var_name(axis),
                                         naround, around, i, vars);
            vars[i] = ir_var_like(A, DT_int64, name, ir_var_axes(axis), s->number);
            value = ix_add(A, value, vars[i]);
        }
        guard = conjoin(A, guard, span_guard(A, axis, &spans[i], &domain[i], naround, around));
        now[i] = ir_with_kid(A, iters->kid[i], Iter_value, value);
    }
    const Node *n = ir_with_kid(A, block, Block_iters, ir_list(A, iters->nkids, now));
    /* A where that reads memory does so only inside the domain. */
    where = ir_loads(where) ? conjoin(A, guard, where) : conjoin(A, where, guard);
    n = ir_with_kid(A, n, Block_where, where);
    for (int reduce = 1; reduce >= 0; reduce--)
        for (size_t i = iters->nkids; i-- > 0;)
            if (vars[i] && (iters->kid[i]->at.i == ITER_reduce) == reduce)
                n = ir_for(A, FOR_serial, vars[i], ir_idx(A, spans[i].extent), n);
    return n;
}

/* Is *only the one variable in e?  It is filled in by the first that is found. */
static bool has_one_var(const Node *e, const Node **only)
{
    if (e->op == OP_Load)
        return false;
    if (e->op == OP_Var && !*only)
        *only = e;
    if (e->op == OP_Var)
        return *only == e;
    for (size_t i = 0; i < e->nkids; i++)
        if (!has_one_var(e->kid[i], only))
            return false;
    return true;
}

static bool is_taken(const Node *const *taken, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(ir_var_name(taken[i]), name) == 0)
            return true;
    return false;
}

/* The axis on which alone the index of dimension d depends where `like` accesses the buffer, else
** ax0, ax1 …; names differ. */
static const char *copy_axis(Arena *A, const Node *const *like, const Node *const *taken, size_t d)
{
    const Node *axis = NULL;
    const char *name = has_one_var(like[d], &axis) && axis ? ir_var_name(axis) : NULL;
    for (size_t number = d; !name || is_taken(taken, d, name); number++)
        name = arena_printf(A, "ax%zu", number);
    return name;
}

/* The guards that keep axis, which runs through the range, inside dimension d of the buffer. */
static const Node *bounds_guard(Arena *A, const Node *axis, const Node *range, const Node *buffer,
                                size_t d, size_t naround, const Node *const *around)
{
    AxisSpan span = {range->kid[Range_min], range->kid[Range_extent]->at.i, NULL};
    AxisSpan whole = {ir_idx(A, 0), ir_dim(buffer, d), NULL};
    return span_guard(A, axis, &span, &whole, naround, around);
}

const Node *nest_copy(Step *s, const char *name, const Node *dst, const Node *src,
                      const Node *window, const Node *const *like, const Path *p, size_t depth)
{
    Arena *A = s->A;
    size_t rank = ir_rank(dst);
    const Node *iters[IR_MAX_RANK], *index[IR_MAX_RANK], *vars[IR_MAX_RANK];
    const Node *extent[IR_MAX_RANK]; /* NULL: a dimension of one index has no loop */
    const Node *where = ir_bool(A, true);
    const Node **around = ARENA_ARRAY(A, const Node *, depth + 1);
    size_t naround = path_loops(p, depth, around);
    for (size_t d = 0; d < rank; d++) {
        const char *axis = copy_axis(A, like, index, d);
        index[d] = ir_var_like(A, DT_int64, axis, axis, s->number);
        vars[d] =
            ir_var_like(A, DT_int64, free_name(A, axis, naround, around, d, vars), axis, s->number);
        const Node *range = window->nkids > 0 ? window->kid[d] : NULL;
        const Node *least =
            MUTANT(cache_copies_wrong_part, range, NULL) ? range->kid[Range_min] : ir_idx(A, 0);
        bool one = range && ir_is_int(range->kid[Range_extent], 1);
        const Node *value = one ? least : ix_add(A, least, vars[d]);
        extent[d] = one ? NULL : range ? range->kid[Range_extent] : dst->kid[d];
        iters[d] = ir_iter(A, ITER_spatial, index[d], value);
        if (range)
            where = ir_and(A, where, bounds_guard(A, index[d], range, dst, d, naround, around));
    }
    BlockInfo *info = arena_alloc(A, sizeof *info);
    *info = (BlockInfo){name, NULL, s->number};
    const Node *body = ir_store(A, dst, rank, index, ir_load(A, src, rank, index));
    const Node *n = ir_block(A, info, ir_list(A, rank, iters), where, ir_nop(A), body);
    for (size_t d = rank; d-- > 0;)
        if (extent[d])
            n = ir_for(A, FOR_serial, vars[d], extent[d], n);
    return n;
}

static const Node *insert_in(Arena *A, const Node *body, const Node *stmt, const Node *buffer,
                             bool after)
{
    if (body->op == OP_Alloc)
        return ir_with_kid(A, body, Alloc_body,
                           insert_in(A, body->kid[Alloc_body], stmt, buffer, after));
    if (body->op != OP_Seq)
        return ir_seq(A, 2, after ? (const Node *[]){body, stmt} : (const Node *[]){stmt, body});
    size_t at = after ? 0 : body->nkids, n = body->nkids;
    for (size_t i = 0; i < n; i++)
        if (ir_mentions(body->kid[i], buffer) && (after || at == n))
            at = after ? i + 1 : i;
    /* An Alloc on the way keeps what stands inside it together. */
    size_t inside = after ? at - 1 : at;
    if (inside < n && body->kid[inside]->op == OP_Alloc)
        return ir_with_kid(A, body, inside, insert_in(A, body->kid[inside], stmt, buffer, after));
    const Node **kids = ARENA_ARRAY(A, const Node *, n + 1);
    memcpy(kids, body->kid, at * sizeof *kids);
    kids[at] = stmt;
    memcpy(kids + at + 1, body->kid + at, (n - at) * sizeof *kids);
    return ir_seq(A, n + 1, kids);
}

const Node *nest_insert(Arena *A, const Node *func, const Node *place, const Node *stmt,
                        const Node *buffer, bool after)
{
    uint32_t kid = place->op == OP_Func ? Func_body : For_body;
    const Node *now =
        ir_with_kid(A, place, kid, insert_in(A, place->kid[kid], stmt, buffer, after));
    if (place == func)
        return now;
    Path p;
    path_to(func, place, &p);
    return path_replace(A, &p, now);
}

/* The concurrent loops in `n`, a part of `func`. */
static bool recheck_in(Step *s, const Node *func, const Node *n)
{
    ForKind k = n->op == OP_For ? ir_for_kind(n) : FOR_serial;
    if (k != FOR_serial && k != FOR_unrolled && !legal_concurrent(func, n, s->err))
        return false;
    for (size_t i = ir_first_stmt(n); i < n->nkids && n->op != OP_Block; i++)
        if (!recheck_in(s, func, n->kid[i]))
            return false;
    return true;
}

bool step_in_order(Step *s, const Moved *moved)
{
    if (moved->after->depth > IR_MAX_DEPTH)
        return REFUSE(s->err, too_deep, NULL, IR_MAX_DEPTH);
    return legal_move(moved, s->err);
}

bool step_explain(Step *s, const Err *reason)
{
    if ((s->err->code == ERR_step_breaks || s->err->code == ERR_order_breaks) && reason->code) {
        Err proof = *s->err;
        *s->err = *reason;
        err_keep_witness(s->err, &proof);
    }
    return false;
}

void nest_axes(const Node *block, AxisSpan *out)
{
    const Node *iters = block->kid[Block_iters];
    for (size_t i = 0; i < iters->nkids; i++)
        out[i] = (AxisSpan){iters->kid[i]->kid[Iter_value], 1, NULL};
}

size_t nest_common(const Node *const *a, size_t na, const Node *const *b, size_t nb)
{
    size_t n = 0;
    while (n < na && n < nb && a[n] == b[n])
        n++;
    return n;
}

bool nest_lies_in(Arena *A, const AxisSpan *a, const AxisSpan *b)
{
    const Node *from = ir_simplify(A, ir_binary(A, OP_Sub, a->min, b->min), NULL);
    return from->op == OP_IntImm && from->at.i >= 0 && a->extent <= b->extent &&
           from->at.i <= b->extent - a->extent;
}

bool nest_always_runs(size_t n, const Node *const *loops)
{
    for (size_t i = 0; i < n; i++)
        if (ir_const_int(loops[i]->kid[For_extent], 0) < 1)
            return false;
    return true;
}

/* Do the loops, where the others stand still, only move the value: is it a sum in which each stands
** by itself, if at all? */
static bool only_moved(const Node *value, size_t n, const Node *const *loops)
{
    Linear sum = {0};
    int64_t times;
    if (!linear_add(&sum, value, 1))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!linear_coefficient(&sum, loops[i]->kid[For_var], &times))
            return false;
    return true;
}

/* What the loops run through is asked of the first iteration of those that stand still. */
bool nest_box(Arena *A, size_t naxes, const AxisSpan *one, size_t still, size_t nloops,
              const Node *const *loops, AxisSpan *box, bool *whole)
{
    AxisSpan *first = ARENA_ARRAY(A, AxisSpan, naxes), *all = ARENA_ARRAY(A, AxisSpan, naxes);
    Subst *zero = ARENA_ARRAY(A, Subst, still + 1);
    size_t axis;
    bool full = nest_always_runs(nloops - still, loops + still);
    for (size_t i = 0; i < still; i++)
        zero[i] = (Subst){loops[i]->kid[For_var], ir_idx(A, 0)};
    for (size_t i = 0; i < naxes; i++) {
        first[i] = all[i] = box[i] = one[i];
        first[i].min = ir_simplify(A, ir_subst(A, one[i].min, still, zero), NULL);
        if (!region_relax(A, one[i].min, still, nloops, loops, &box[i].min, &box[i].extent) ||
            !region_relax(A, first[i].min, still, nloops, loops, &all[i].min, &all[i].extent))
            return false;
        box[i].extent += one[i].extent - 1;
        all[i].extent += one[i].extent - 1;
        full &= only_moved(one[i].min, still, loops) && all[i].min->op == OP_IntImm &&
                all[i].extent == box[i].extent;
    }
    if (whole)
        *whole = full && cover_box(A, naxes, first, all, nloops - still, loops + still, &axis) ==
                             COVER_FULL;
    return true;
}

bool nest_has_own_memory(const Node *loop, const Node *block, const Node *but)
{
    const Node *own = loop->op == OP_Alloc ? loop->kid[Alloc_buffer] : NULL;
    if (own && own != but && (tree_reads(block, own) || tree_writes(block, own)))
        return true;
    for (size_t i = ir_first_stmt(loop); i < loop->nkids; i++)
        if (nest_has_own_memory(loop->kid[i], block, but))
            return true;
    return false;
}

bool nest_recheck(Step *s, const Node *func)
{
    return recheck_in(s, func, func->kid[Func_body]);
}

void nest_say_kinds_gone(Step *s, const Path *before, const Path *now)
{
    const char *open = " (";
    for (size_t i = nest_top(before); i + 1 < before->n; i++) {
        const Node *loop = before->at[i];
        if (loop->op != OP_For || ir_for_kind(loop) == FOR_serial)
            continue;
        const char *name = ir_var_name(loop->kid[For_var]);
        bool stays = false;
        for (size_t k = now ? nest_top(now) : 0; now && k + 1 < now->n; k++)
            stays |= now->at[k]->op == OP_For &&
                     strcmp(ir_var_name(now->at[k]->kid[For_var]), name) == 0;
        buf_printf(&s->said, "%sits loop %s, %s, is %s", open, name,
                   for_kind_text[ir_for_kind(loop)], stays ? "serial now" : "gone");
        open = "; ";
    }
    if (*open == ';')
        buf_puts(&s->said, ")");
}
