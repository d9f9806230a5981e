/* legal_move.c -- the question for a block that has come to another place.
**
** A statement is known before and after by the name of its block.  For every two touches that
** depend on each other, of which one has moved, the order after the step must be that of before,
** and be the same for all pairs of instances. */
#include <string.h>

#include "core/affine/dep.h"
#include "core/affine/distance.h"
#include "core/schedule/legal.h"
#include "core/schedule/tree.h"

/* How instances of two touches that meet are ordered; bits, so that several answers join. */
typedef enum Rel {
    REL_NEVER = DEP_NEVER,
    REL_FIRST = DEP_FIRST,
    REL_SECOND = DEP_SECOND,
    REL_MIXED = 3
} Rel;

/* Which comes first in the text, in one iteration of all loops around both. */
static Rel in_text(const Touch *a, const Touch *b)
{
    return a < b ? REL_FIRST : REL_SECOND;
}

/* From bounds alone. */
static Rel read_box(const Box *box, Rel tie)
{
    Rel rel = REL_NEVER;
    if (box->never)
        return REL_NEVER;
    for (int i = 0; i < box->n; i++) {
        rel |= (box->hi[i] > 0 ? REL_FIRST : 0) | (box->lo[i] < 0 ? REL_SECOND : 0);
        if (box->lo[i] > 0 || box->hi[i] < 0)
            return rel;
    }
    return rel | tie;
}

/* The distances along the first loops are 0, and along the next it has that sign: is
** there such a pair? */
static bool meet_at(const Accesses *acc, const Touch *a, const Touch *b, Box box, int level,
                    int sign)
{
    for (int i = 0; i < level; i++) {
        if (box.lo[i] > 0 || box.hi[i] < 0)
            return false;
        box.lo[i] = box.hi[i] = 0;
    }
    if (level < box.n) {
        if (sign > 0 ? box.hi[level] <= 0 : box.lo[level] >= 0)
            return false;
        if (sign > 0 && box.lo[level] < 1)
            box.lo[level] = 1;
        if (sign < 0 && box.hi[level] > -1)
            box.hi[level] = -1;
    }
    distance_narrow(acc, a, b, &box);
    return !box.never;
}

static Rel order_of(const Accesses *acc, const Touch *a, const Touch *b)
{
    Box box;
    distance_any(acc, &acc->place[a->place], &acc->place[b->place], &box);
    for (int i = 0; i < box.n && i < access_scope(acc, a->buffer); i++)
        box.lo[i] = box.hi[i] = 0; /* elsewhere it is other memory */
    distance_narrow(acc, a, b, &box);
    Rel rel = read_box(&box, in_text(a, b));
    if (rel != REL_MIXED)
        return rel;
    rel = meet_at(acc, a, b, box, box.n, 0) ? in_text(a, b) : REL_NEVER;
    for (int i = 0; i < box.n && rel != REL_MIXED; i++) {
        if (!(rel & REL_FIRST) && meet_at(acc, a, b, box, i, 1))
            rel |= REL_FIRST;
        if (!(rel & REL_SECOND) && meet_at(acc, a, b, box, i, -1))
            rel |= REL_SECOND;
    }
    return rel;
}

/* Is it the order of the text that is wanted, and no loop is around both? */
static bool text_keeps(const Accesses *acc, const Touch *a, const Touch *b, unsigned wanted)
{
    return in_text(a, b) == wanted &&
           access_common(&acc->place[a->place], &acc->place[b->place]) == 0;
}

/* ---- who is who ---- */

/* The init of block C and the block C.init are the same statement. */
static bool is_called(const Place *p, const char *name, bool init)
{
    if (!p->block)
        return !name;
    if (!name)
        return false;
    const char *own = ir_block_name(p->block);
    if (p->init == init)
        return strcmp(own, name) == 0;
    const char *base = p->init ? own : name, *full = p->init ? name : own;
    size_t n = strlen(base);
    return strncmp(full, base, n) == 0 && strcmp(full + n, ".init") == 0;
}

static bool same_statement(const Place *p, const Place *q)
{
    return is_called(p, q->block ? ir_block_name(q->block) : NULL, q->init);
}

static bool wrote(const Touch *t)
{
    return t->kind != TOUCH_READ;
}

/* ---- the question ---- */

typedef struct Check {
    const Moved *m;
    Accesses *was, *now;
    bool exactly; /* ask integer sets */
    Err *err;
    bool moved[ACC_TOUCHES]; /* of now: does it stand elsewhere than before? */
} Check;

static bool is_part(const Check *c, const Place *was)
{
    return c->m->part && is_called(was, c->m->part, false);
}

/* Did the touch of `before` at this place become `now`? */
static bool became(const Check *c, const Place *was, const Touch *now)
{
    return same_statement(was, &c->now->place[now->place]) ||
           (is_part(c, was) && c->moved[now - c->now->touch]);
}

/* Does the statement touch the buffer in `before`? */
static bool touched_by(const Check *c, const Place *now, const Node *buffer)
{
    for (int i = 0; i < c->was->ntouches; i++) {
        const Touch *t = &c->was->touch[i];
        if (t->buffer == buffer && same_statement(&c->was->place[t->place], now))
            return true;
    }
    return false;
}

/* The buffer that the part writes. */
static const Node *made_by_part(const Check *c)
{
    for (int i = 0; i < c->was->ntouches; i++)
        if (wrote(&c->was->touch[i]) && is_part(c, &c->was->place[c->was->touch[i].place]))
            return c->was->touch[i].buffer;
    return NULL;
}

/* What stands elsewhere: the block that moved; or, if it is to be found, what has
** read the buffer that the part made. */
static void find_moved(Check *c)
{
    const char *name = c->m->block;
    const Node *gone = name ? NULL : made_by_part(c);
    for (int i = 0; i < c->now->ntouches; i++) {
        const Place *p = &c->now->place[c->now->touch[i].place];
        c->moved[i] = name ? p->block && strcmp(ir_block_name(p->block), name) == 0
                           : gone && touched_by(c, p, gone);
    }
}

/* Does the part touch the buffer? */
static bool part_touches(const Check *c, const Node *buffer)
{
    for (int i = 0; i < c->was->ntouches; i++)
        if (c->was->touch[i].buffer == buffer && is_part(c, &c->was->place[c->was->touch[i].place]))
            return true;
    return false;
}

/* The order of two touches in one of the programs; `shown`: a witness of that order goes to err. */
static unsigned order_in(Check *c, bool before, const Touch *a, const Touch *b, unsigned shown)
{
    const Accesses *acc = before ? c->was : c->now;
    if (!c->exactly)
        return (unsigned)order_of(acc, a, b);
    DepTouch first = {acc->place[a->place].stmt, wrote(a)},
             second = {acc->place[b->place].stmt, wrote(b)};
    return dep_order(before ? c->m->before : c->m->after, a->buffer, first, second, DEP_QUICK,
                     shown, c->err);
}

/* Are loops around both of them the same in the two programs, and is their order in the text? */
static bool stand_alike(const Check *c, const Touch *u, const Touch *v, const Touch *x,
                        const Touch *y)
{
    const Place *pu = &c->was->place[u->place], *px = &c->now->place[x->place];
    int n = access_common(pu, &c->was->place[v->place]);
    if (n != access_common(px, &c->now->place[y->place]) || in_text(u, v) != in_text(x, y))
        return false;
    for (int i = 0; i < n; i++)
        if (c->was->atom[pu->loop[i]].loop->kid[For_var] !=
            c->now->atom[px->loop[i]].loop->kid[For_var])
            return false;
    return true;
}

typedef struct Past {
    unsigned rel, part; /* part: of these, the part's alone */
    bool touched;       /* did anything touch the buffer? */
    bool alike;         /* a copy stands to the other as the block did for which it stands */
} Past;

/* The order in which the two were: those of their statements, or of the block for which the second
** stands, that touch the buffer likewise. */
static Past order_before(Check *c, const Touch *x, const Touch *y)
{
    const Accesses *acc = c->was;
    Past past = {.alike = c->m->stands_for != NULL};
    for (int j = 0; j < acc->ntouches; j++) {
        const Touch *v = &acc->touch[j];
        const Place *at = &acc->place[v->place];
        past.touched |= v->buffer == y->buffer;
        if (v->buffer != y->buffer || wrote(v) != wrote(y) ||
            !(c->m->stands_for ? is_called(at, c->m->stands_for, false) : became(c, at, y)))
            continue;
        for (int i = 0; i < acc->ntouches; i++) {
            const Touch *u = &acc->touch[i];
            if (u == v || u->buffer != v->buffer || wrote(u) != wrote(x) ||
                !became(c, &acc->place[u->place], x))
                continue;
            unsigned rel = order_in(c, true, u, v, 0);
            past.rel |= rel;
            past.part |= is_part(c, at) ? rel : REL_NEVER;
            past.alike &= stand_alike(c, u, v, x, y);
        }
    }
    past.alike &= past.rel != REL_NEVER;
    past.part &= ~(unsigned)DEP_MAYBE;
    return past;
}

static const char *called(const Accesses *acc, const Touch *t)
{
    const Place *p = &acc->place[t->place];
    return p->block        ? ir_block_name(p->block)
           : p->number < 0 ? ir_buf_name(t->buffer)
                           : statement_name(p->stmt);
}

/* LEGAL_NO: proven to be in another order. */
typedef enum Verdict { LEGAL_YES, LEGAL_NO, LEGAL_UNTOLD } Verdict;

/* ---- memory ---- */

/* A use of the buffer outside the loop with this Var. */
static bool used_outside(const Node *n, const Node *buffer, const Node *var)
{
    bool inside = n->op == OP_For && n->kid[For_var] == var;
    if (n->op == OP_Store || n->op == OP_Update || n->op == OP_Block)
        return ir_mentions(n, buffer);
    for (size_t i = 0; i < n->nkids; i++)
        if (!ir_is_stmt(n->kid[i]) ? tree_reads(n->kid[i], buffer)
                                   : !inside && used_outside(n->kid[i], buffer, var))
            return true;
    return false;
}

/* Is the Alloc of the buffer, where both programs have one, still in each of its loops, or out of
** such only as carry nothing of it? */
static bool memory_kept(const Node *before, const Node *after, const Node *buffer, Path way[3])
{
    Path *was = &way[0], *now = &way[1], *loop = &way[2];
    if (!path_to_alloc(after, buffer, now) || !path_to_alloc(before, buffer, was))
        return true;
    for (size_t i = 0; i < was->n; i++) {
        bool around = false;
        if (was->at[i]->op != OP_For)
            continue;
        for (size_t k = 0; k < now->n; k++)
            around |=
                now->at[k]->op == OP_For && now->at[k]->kid[For_var] == was->at[i]->kid[For_var];
        if (!around && used_outside(after->kid[Func_body], buffer, was->at[i]->kid[For_var]) &&
            !(path_to_loop(after, was->at[i]->kid[For_var], loop) &&
              legal_carries_nothing(after, path_end(loop), buffer)))
            return false;
    }
    return true;
}

/* Every Alloc below n, in `before`; `way`: room to find it. */
static bool all_memory_kept(const Node *before, const Node *after, const Node *n, Path way[3])
{
    if (n->op == OP_Alloc && !memory_kept(before, after, n->kid[Alloc_buffer], way))
        return false;
    for (size_t i = ir_first_stmt(n); i < n->nkids; i++)
        if (!all_memory_kept(before, after, n->kid[i], way))
            return false;
    return true;
}

/* ---- all pairs ---- */

static Verdict kept(Check *c, const Touch *x, const Touch *y)
{
    Past past = order_before(c, x, y);
    unsigned was = past.rel, rel;
    if (!past.touched) /* a new buffer is written, then read */
        was = wrote(x) ? REL_FIRST : REL_SECOND;
    bool remade = x->buffer == c->m->remade;
    if (past.alike || (!c->exactly && !remade && text_keeps(c->now, x, y, was)))
        return LEGAL_YES;
    if (remade) /* in every iteration it is written, then read */
        rel = wrote(y) && x > y ? REL_SECOND : REL_MIXED;
    else
        rel = order_in(c, false, x, y, 0);
    bool maybe = (was | rel) & DEP_MAYBE; /* good enough to be legal, not to be illegal */
    was &= ~(unsigned)DEP_MAYBE;
    rel &= ~(unsigned)DEP_MAYBE;
    if (rel == REL_NEVER || (rel == was && rel != REL_MIXED && rel < DEP_UNTOLD))
        return LEGAL_YES;
    if (c->exactly && (past.part | rel) == REL_MIXED && past.part != REL_MIXED && rel != REL_MIXED)
        was = past.part; /* whatever was here before, the part stood on the other side */
    if (!c->exactly || maybe || rel >= DEP_UNTOLD || (was != REL_FIRST && was != REL_SECOND))
        return LEGAL_UNTOLD;
    const Accesses *now = c->now;
    const char *block = c->m->block ? c->m->block : called(now, y);
    REFUSE(c->err, order_breaks, now->place[y->place].block, block, called(now, x),
           ir_buf_name(y->buffer), block);
    if (!remade)
        order_in(c, false, x, y, REL_MIXED - was);
    return LEGAL_NO;
}

/* Does the order of a touch and one of what moved matter?  Of a block that has taken in a part, its
** own touches and the part's are a pair, too. */
static bool is_pair(const Check *c, const Touch *x, const Touch *y)
{
    const Accesses *now = c->now;
    return x->buffer == y->buffer && (wrote(x) || wrote(y)) &&
           (c->m->part || now->place[x->place].block != now->place[y->place].block);
}

/* Of a buffer that is new, the program before tells nothing. */
static bool asks_before(const Check *c)
{
    const Accesses *now = c->now;
    for (int j = 0; j < now->ntouches; j++)
        for (int i = 0; c->moved[j] && i < now->ntouches; i++)
            if (is_pair(c, &now->touch[i], &now->touch[j]) &&
                tree_has_buffer(c->m->before, now->touch[j].buffer))
                return true;
    return false;
}

/* Goes down from the two bodies as long as one statement alone differs.  Nothing has moved out of
** it, so with what runs before it and after it, it keeps its order. */
static void find_changed(const Node **before, const Node **after)
{
    for (;;) {
        const Node *b = *before, *a = *after;
        size_t last = 0, n = 0;
        if (b->op != a->op || b->nkids != a->nkids || (b->op != OP_Seq && b->op != OP_Alloc))
            return;
        for (size_t i = 0; i < b->nkids; i++)
            if (b->kid[i] != a->kid[i]) {
                last = i;
                n++;
            }
        if (n != 1 || (b->op == OP_Alloc && last != Alloc_body))
            return;
        *before = b->kid[last];
        *after = a->kid[last];
    }
}

/* Finds the accesses that are asked of, and which of `now` have moved. */
static bool gather(Check *c)
{
    const Node *before = c->m->before, *after = c->m->after;
    const Node *was = before->kid[Func_body], *now = after->kid[Func_body];
    find_changed(&was, &now);
    c->was->nplaces = c->was->ntouches = 0;
    if (!access_gather(after, now, c->now))
        return false;
    if (c->m->block) {
        find_moved(c); /* by its name */
        if (!c->m->part && !asks_before(c))
            return true;
    }
    if (!access_gather(before, was, c->was))
        return false;
    if (!c->m->block)
        find_moved(c); /* by the part's buffer */
    return true;
}

/* Looks at all pairs with a touch of what moved.  What the part does not touch has not moved. */
static Verdict all_kept(Check *c)
{
    const Accesses *now = c->now;
    Verdict all = LEGAL_YES;
    for (int j = 0; j < now->ntouches; j++) {
        const Touch *y = &now->touch[j];
        if (!c->moved[j] || (c->m->part && !part_touches(c, y->buffer)))
            continue;
        for (int i = 0; i < now->ntouches; i++) {
            const Touch *x = &now->touch[i];
            if (!is_pair(c, x, y))
                continue;
            c->exactly = false;
            Verdict v = kept(c, x, y);
            c->exactly = true;
            if (v != LEGAL_YES && c->err)
                v = kept(c, x, y);
            if (v == LEGAL_NO || (v == LEGAL_UNTOLD && !c->err))
                return v;
            all = v == LEGAL_UNTOLD ? v : all;
        }
    }
    return all;
}

/* Could two iterations of the loop at `level`, in one iteration of those around it, run one
** instance of the place's block? */
static bool runs_twice(const Accesses *acc, const Place *p, int level)
{
    Box box;
    distance_any(acc, p, p, &box);
    for (int i = 0; i < level; i++)
        box.lo[i] = box.hi[i] = 0;
    if (box.hi[level] < 1)
        return false;
    box.lo[level] = 1;
    distance_of_instance(acc, p, &box);
    return !box.never;
}

/* Does no instance of the place's block run in two iterations of the loops from `level` on?  The
** bounds on all distances at once leave few of those loops to be asked of. */
static bool runs_once(const Accesses *acc, const Place *p, int level)
{
    Box all;
    distance_any(acc, p, p, &all);
    for (int i = 0; i < level; i++)
        all.lo[i] = all.hi[i] = 0;
    distance_of_instance(acc, p, &all);
    for (; level < p->nloops; level++)
        if (all.hi[level] > 0 && runs_twice(acc, p, level))
            return false;
    return true;
}

/* How many loops are around the one with the Var, of those around the place; all, if it is none. */
static int loops_to(const Accesses *acc, const Place *p, const Node *var)
{
    int level = 0;
    while (level < p->nloops && acc->atom[p->loop[level]].loop->kid[For_var] != var)
        level++;
    return level;
}

/* Does each instance of the reduction that the block begins run just once in the loop?  What only
** decides whether it runs adds nothing up. */
static bool begun_once(const Moved *m, const Accesses *now)
{
    for (int i = 0; m->begins && i < now->nplaces; i++) {
        const Place *p = &now->place[i];
        if (p->number >= 0 && is_called(p, m->begins, false) &&
            !runs_once(now, p, loops_to(now, p, m->before_loop)))
            return false;
    }
    return true;
}

bool legal_once(const Node *func, const Node *stmt, const Node *block, size_t nloops)
{
    Accesses acc;
    if (!access_gather(func, stmt, &acc))
        return false;
    for (int i = 0; i < acc.nplaces; i++) {
        const Place *p = &acc.place[i];
        if (p->block == block && p->number >= 0 && !p->init && !runs_once(&acc, p, (int)nloops))
            return false;
    }
    return true;
}

static bool exactly_kept(const Moved *m, Err *err)
{
    return dep_check_step(m->before, m->after, DEP_QUICK, err) == DEP_OK;
}

bool legal_move(const Moved *m, Err *err)
{
    Accesses was, now;
    Path way[3];
    Err proof;
    Check c = {.m = m, .was = &was, .now = &now, .err = &proof};
    Verdict v = LEGAL_UNTOLD;
    if (!m->ask_all && gather(&c))
        v = all_kept(&c);
    if (v == LEGAL_YES && !all_memory_kept(m->before, m->after, m->before->kid[Func_body], way))
        v = LEGAL_UNTOLD;
    if (v == LEGAL_YES)
        return begun_once(m, &now) || exactly_kept(m, err);
    if (v == LEGAL_NO && err)
        *err = proof;
    if (v == LEGAL_UNTOLD && exactly_kept(m, err))
        return true;
    if (err && err->code == ERR_step_breaks && m->block)
        err_fix(err, "leave block %s where it is, or choose another place for it", m->block);
    return false;
}
