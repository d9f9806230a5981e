/* legal.c -- the question for loops: may their iterations run at once, may they change places? */
#include "core/schedule/legal.h"

#include <stdio.h>
#include <string.h>

#include "core/affine/distance.h"
#include "core/affine/witness.h"
#include "core/base/mutant.h"
#include "core/ir/rewrite.h"
#include "core/schedule/block.h"
#include "core/schedule/tree.h"

/* Do the two depend on each other, so that their order matters?  The same touch of
** two iterations counts, too. */
static bool depend(const Touch *a, const Touch *b)
{
    if (MUTANT(dependence_flow_unseen, false, a->kind != b->kind))
        return false;
    return a->buffer == b->buffer && (a->kind != TOUCH_READ || b->kind != TOUCH_READ);
}

/* ---- iterations at one time ---- */

/* Can the two meet in different iterations of the loop at `depth`, in one iteration
** of the loops around it? */
static bool carried(const Accesses *acc, const Touch *a, const Touch *b, int depth)
{
    for (int later = 0; later < 2; later++) {
        Box box;
        distance_any(acc, &acc->place[a->place], &acc->place[b->place], &box);
        for (int i = 0; i < depth; i++)
            box.lo[i] = box.hi[i] = 0;
        if (later)
            box.lo[depth] = MUTANT(dependence_distance_short, 1, 2);
        else
            box.hi[depth] = -1;
        if (box.lo[depth] > box.hi[depth] || (a == b && !later))
            continue;
        distance_narrow(acc, a, b, &box);
        if (!box.never)
            return true;
    }
    return false;
}

/* `only`: in this buffer; NULL: in any. */
static bool independent(const Accesses *acc, int depth, const Node *only)
{
    for (int i = 0; i < acc->ntouches; i++)
        for (int j = i; j < acc->ntouches; j++) {
            const Touch *a = &acc->touch[i], *b = &acc->touch[j];
            if (depend(a, b) && (!only || a->buffer == only) &&
                access_scope(acc, a->buffer) <= depth && carried(acc, a, b, depth))
                return false;
        }
    return true;
}

/* The number of loops around the loop. */
static int depth_of(const Accesses *acc, const Node *loop)
{
    int d = 0;
    while (acc->atom[acc->place[0].loop[d]].loop != loop)
        d++;
    return d;
}

bool legal_carries_nothing(const Node *func, const Node *loop, const Node *buffer)
{
    Accesses acc;
    if (ir_const_int(loop->kid[For_extent], 2) <= 1)
        return true;
    if (!access_gather(func, loop, &acc))
        return false;
    return acc.nplaces == 0 || independent(&acc, depth_of(&acc, loop), buffer);
}

bool legal_surely_concurrent(const Node *func, const Node *loop)
{
    return legal_carries_nothing(func, loop, NULL);
}

/* A block below n that writes the buffer, or reads it. */
static const Node *block_with(const Node *n, const Node *buffer, bool writes)
{
    if (n->op == OP_Block)
        return (writes ? tree_writes(n, buffer) : tree_reads(n, buffer)) ? n : NULL;
    for (size_t i = 0; i < n->nkids; i++) {
        const Node *found = ir_is_stmt(n->kid[i]) ? block_with(n->kid[i], buffer, writes) : NULL;
        if (found)
            return found;
    }
    return NULL;
}

typedef struct Words {
    char at[100];
} Words;

static Words words_of(const Node *block)
{
    Words w;
    snprintf(w.at, sizeof w.at, block ? "block %.80s" : "a statement",
             block ? ir_block_name(block) : "");
    return w;
}

/* The refusal, from two iterations that get into each other's way. */
static bool refuse_conflict(const Node *loop, const LoopConflict *c, Err *err)
{
    const char *name = ir_var_name(loop->kid[For_var]), *buffer = ir_buf_name(c->buffer);
    Words writer = words_of(block_with(loop, c->buffer, true)),
          reader = words_of(block_with(loop, c->buffer, false));
    const Node *block = NULL, *axis = NULL;
    if (c->first_does == ACCESS_UPDATE && c->second_does == ACCESS_UPDATE &&
        feeds_reduce(loop, &block, &axis) && block_target(block) == c->buffer &&
        block_access(block)->op == OP_Update) {
        const char *what = combiner_name[block_access(block)->at.i];
        return REFUSE(err, reduce_concurrent, loop, name, strcmp(what, "fma") ? what : "sum",
                      ir_var_name(axis), ir_block_name(block), name);
    }
    if (c->first_does != ACCESS_READ && c->second_does != ACCESS_READ)
        return REFUSE(err, shared_writes, loop, name, writer.at, buffer);
    REFUSE(err, cross_iteration, loop, name, reader.at, buffer, writer.at, name);
    if (ir_for_kind(loop) != FOR_serial)
        err_fix(err, "the iterations of %s run at once (%s): no other may write what one reads",
                name, for_kind_text[ir_for_kind(loop)]);
    return false;
}

static Find data_say_where(void *env, const Node *n)
{
    (void)env;
    bool loads = false;
    for (size_t i = Store_index; (n->op == OP_Store || n->op == OP_Update) && i < n->nkids; i++)
        loads |= ir_loads(n->kid[i]);
    return loads ? FIND_THIS : FIND_INSIDE;
}

/* Data say which element an iteration writes, so nobody can tell that no two write the same one. */
static void advise_scatter(const Node *loop, Err *err)
{
    const Node *write = ir_find(loop, data_say_where, NULL);
    if (!write || !err || err->code != ERR_dependences_unknown)
        return;
    const char *name = ir_var_name(loop->kid[For_var]),
               *buffer = ir_buf_name(write->kid[Store_buffer]);
    if (write->op == OP_Update && write->at.i == COMB_sum)
        err_fix(err,
                "leave %s serial, for two iterations may add to one element of %s; each element "
                "as a sum over %s has loops that can run at once: help \"histogram\"",
                name, buffer, name);
    else
        err_fix(err, "leave %s serial, for two iterations may write one element of %s", name,
                buffer);
}

bool legal_concurrent(const Node *func, const Node *loop, Err *err)
{
    if (legal_surely_concurrent(func, loop))
        return true;
    Arena *A = arena_scratch(NULL);
    LoopConflict c;
    const Node *var = loop->kid[For_var];
    bool ok = false;
    if (witness_find(A, func, var, WITNESS_STEPS, &c)) {
        refuse_conflict(loop, &c, err);
        witness_tell(A, var, &c, err);
    } else {
        ok = dep_check_parallel(func, var, DEP_QUICK, err) == DEP_OK;
        if (!ok)
            advise_scatter(loop, err);
    }
    arena_release(A);
    return ok;
}

typedef struct Written {
    const Node *func;
    bool barriers;
    long asked; /* loops that were looked into: each next one may take less */
    DepAnswer answer;
    Err *err;
} Written;

static Find conflicts(void *env, const Node *n)
{
    static const char *const does[] = {"read", "written", "updated"};
    Written *w = env;
    ForKind kind = n->op == OP_For ? ir_for_kind(n) : FOR_serial;
    if (kind == FOR_serial || kind == FOR_unrolled || (w->barriers && for_is_bound(kind)) ||
        legal_surely_concurrent(w->func, n))
        return FIND_INSIDE;
    Arena *A = arena_scratch(NULL);
    const Node *var = n->kid[For_var];
    const char *loop = ir_var_name(var), *why = "there are too many loops";
    LoopConflict c;
    DepAnswer a = DEP_UNKNOWN;
    w->asked++;
    if (witness_find(A, w->func, var, WITNESS_STEPS / w->asked, &c))
        a = DEP_BROKEN;
    else if (w->asked <= DEP_GLANCE)
        a = dep_conflict(A, w->func, var, DEP_GLANCE / w->asked, &c, &why);
    if (a == DEP_UNKNOWN && w->answer == DEP_OK) {
        char what[160];
        snprintf(what, sizeof what, "the iterations of %.100s are independent", loop);
        REFUSE(w->err, dependences_unknown, n, what, why);
        w->answer = a;
    } else if (a == DEP_BROKEN) {
        w->answer = a;
        const char *what = witness_element(A, &c), *first = does[c.first_does],
                   *second = does[c.second_does];
        if (for_is_thread_axis(kind))
            REFUSE(w->err, threads_conflict, n, loop, what, first, second, loop);
        else
            REFUSE(w->err, iterations_conflict, n, loop, what, first, second, loop);
        witness_tell(A, var, &c, w->err);
    }
    arena_release(A);
    return a == DEP_BROKEN ? FIND_THIS : FIND_INSIDE;
}

DepAnswer legal_as_written(const Node *func, Err *err)
{
    Written w = {.func = func, .barriers = ir_first(func, OP_Barrier) != NULL, .err = err};
    ir_find(func, conflicts, &w);
    return w.answer;
}

bool legal_apart(const Node *func, const Node *loop, const Node *block)
{
    Accesses acc;
    if (ir_const_int(loop->kid[For_extent], 2) <= 1)
        return true;
    if (!access_gather(func, loop, &acc))
        return false;
    int depth = acc.nplaces ? depth_of(&acc, loop) : 0;
    for (int i = 0; i < acc.ntouches; i++) {
        const Touch *t = &acc.touch[i];
        if (acc.place[t->place].block == block && t->kind != TOUCH_READ &&
            carried(&acc, t, t, depth))
            return false;
    }
    return true;
}

/* ---- order ---- */

enum { NEST = ACC_LOOPS };

typedef struct Reorder {
    const Accesses *acc;
    int n, outer; /* loops of the nest; loops around it */
    /* Place k of the new order is taken by the loop at place after[k] of the old */
    int after[NEST];
    int now[NEST]; /* and that at place i of the old comes to place now[i] */
} Reorder;

static bool can_be(const Box *b, int i, int sign)
{
    return sign > 0 ? b->hi[i] > 0 : sign < 0 ? b->lo[i] < 0 : b->lo[i] <= 0 && b->hi[i] >= 0;
}

static void force(Box *b, int i, int sign)
{
    if (sign >= 0 && b->lo[i] < sign)
        b->lo[i] = sign;
    if (sign <= 0 && b->hi[i] > sign)
        b->hi[i] = sign;
}

/* Could the first loop in which the two differ be `i` in the old order, and in the new one the loop
** at place k, with other signs?  Bounds first; where they leave it open, once more with all that
** this case fixes. */
static bool turned(const Reorder *r, const Touch *a, const Touch *b, const Box *any, int i, int k,
                   int sign)
{
    int j = r->after[k];
    if (!can_be(any, r->outer + i, sign) ||
        !can_be(any, r->outer + j, MUTANT(reorder_direction_reversed, -sign, sign)))
        return false;
    for (int p = 0; p < i; p++)
        if (!can_be(any, r->outer + p, 0))
            return false;
    for (int p = 0; p < k; p++)
        if (!can_be(any, r->outer + r->after[p], 0))
            return false;
    Box box = *any;
    for (int p = 0; p < i; p++)
        force(&box, r->outer + p, 0);
    for (int p = 0; p < k; p++)
        force(&box, r->outer + r->after[p], 0);
    force(&box, r->outer + i, sign);
    force(&box, r->outer + j, -sign);
    for (int p = 0; p < box.n; p++)
        if (box.lo[p] > box.hi[p])
            return false;
    distance_narrow(r->acc, a, b, &box);
    return !box.never;
}

/* May an iteration of the nest in which `a` touches what `b` touches in another come
** on the other side of it? */
static bool may_turn(const Reorder *r, const Touch *a, const Touch *b)
{
    Box any;
    distance_any(r->acc, &r->acc->place[a->place], &r->acc->place[b->place], &any);
    for (int i = 0; i < r->outer; i++)
        any.lo[i] = any.hi[i] = 0;
    distance_narrow(r->acc, a, b, &any);
    if (any.never)
        return false;
    for (int k = 0; k < r->n; k++)
        for (int i = 0; i < r->after[k]; i++) {
            /* The loop at place k of the new order stands inside i in the old; and outside now? */
            if (r->now[i] > k &&
                (turned(r, a, b, &any, i, k, 1) || (a != b && turned(r, a, b, &any, i, k, -1))))
                return true;
        }
    return false;
}

/* Updates by one combiner may change places: a + b + c is a + c + b, or nearly. */
static bool commute(const Accesses *acc, const Touch *a, const Touch *b)
{
    return a->kind == TOUCH_UPDATE && b->kind == TOUCH_UPDATE &&
           acc->place[a->place].stmt->at.i == acc->place[b->place].stmt->at.i;
}

/* Does the value of an element depend on the order of such updates? */
static bool rounding_update(const Node *update)
{
    return dtype_is_float(update->kid[Update_buffer]->type) && update->at.i != COMB_max &&
           update->at.i != COMB_min;
}

/* Are all dependences but those of commuting updates surely kept?  Also tells whether such updates
** change places. */
static bool order_kept(const Reorder *r, bool *reassociates)
{
    const Accesses *acc = r->acc;
    bool kept = true;
    for (int i = 0; i < acc->ntouches; i++)
        for (int j = i; j < acc->ntouches; j++) {
            const Touch *a = &acc->touch[i], *b = &acc->touch[j];
            if (!depend(a, b) || access_scope(acc, a->buffer) >= r->outer + r->n)
                continue;
            if (!commute(acc, a, b))
                kept = kept && !may_turn(r, a, b);
            else if (!*reassociates && rounding_update(acc->place[a->place].stmt))
                *reassociates = may_turn(r, a, b);
        }
    return kept;
}

bool legal_rounds(const Node *n)
{
    if (n->op == OP_Update)
        return rounding_update(n);
    for (size_t i = ir_first_stmt(n); i < n->nkids; i++)
        if (legal_rounds(n->kid[i]))
            return true;
    return false;
}

bool legal_surely_reordered(const Node *func, size_t n, const Node *const *before,
                            const Node *const *after, bool *reassociates)
{
    Accesses acc;
    Reorder r = {.acc = &acc, .n = (int)n};
    *reassociates = false;
    if (n > NEST || !access_gather(func, before[0], &acc)) {
        *reassociates = legal_rounds(before[0]);
        return false;
    }
    if (acc.nplaces == 0)
        return true;
    r.outer = depth_of(&acc, before[0]);
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < n; i++)
            if (before[i]->kid[For_var] == after[k]->kid[For_var]) {
                r.after[k] = (int)i;
                r.now[i] = (int)k;
            }
    return order_kept(&r, reassociates);
}

bool legal_reorder(const Node *func, size_t n, const Node *const *before, const Node *const *after,
                   bool *reassociates, Err *err)
{
    return legal_surely_reordered(func, n, before, after, reassociates) ||
           dep_check_reorder(func, n, before, after, DEP_QUICK, err) == DEP_OK;
}
