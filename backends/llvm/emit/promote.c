/* promote.c -- elements that a loop only adds to stay in registers until the loop ends.
**
** It is done where nothing can see the difference: the loop, serial or unrolled, runs at least once
** and does not move the element, nor does any serial loop in it, and its body is a chain of loops
** around one Update.  Then memory is read before the loop and written after it; a kernel that is
** stopped in between leaves what was there.  Vectorised loops move it from lane to lane of one
** register, or of a few, and unrolled ones from register to register (most_registers).
** Conditions may leave out some of the lanes, the same ones each time:
**
**     for k in range(256):                  is      r0, r1 = C[0], C[1]
**       for y in unrolled(2):                       for k in range(256):
**         C[y] += A[k, y]                             r0 += A[k, 0];  r1 += A[k, 1]
**                                                   C[0], C[1] = r0, r1
*/
#include <string.h>

#include "backends/llvm/emit/gen.h"
#include "core/base/integer.h"
#include "core/base/mutant.h"
#include "core/ir/linear.h"

enum { MOST_LOOPS = 8 };

/* The registers that the elements of unrolled loops may take.  On a CPU twice as many as there are:
** some then go to the stack and back, where nothing else waits for them, which costs less than all
** of them in memory.  On a GPU a quarter of a thread's. */
static int64_t most_registers(const Gen *g)
{
    return g->target->gpu || g->target->vector_bytes >= 64 ? 64 : 32;
}

/* Elements are read all at once, mostly from rows far from each other, and nothing begins until
** they are there.  Those of the next time are asked for beforehand where that is known to pay: the
** loop has many iterations, and the buffer is larger than a second-level cache. */
enum { LONG = 32, LARGE = 2 << 20 /* bytes */ };

typedef struct Chain {
    const Node *update;
    LoopVar lane[MOST_LOOPS]; /* of the loops around the Update that become lanes */
    int lanes;
    LoopVar moved[PROMO_MOVED]; /* of the unrolled loops in the chain that move the element */
    int nmoved;
    const LoopVar *few; /* of the lanes, if those become a few vectors; else NULL */
    unsigned width;     /* lanes that the Update has */
    bool guarded;       /* not all of the lanes take part */
} Chain;

static bool outer_lanes(const Gen *g, Chain *c)
{
    for (size_t i = 0; i < g->vars.n; i++) {
        if (!g->vars.at[i].extent)
            continue;
        if (c->lanes == MOST_LOOPS)
            return false;
        c->lane[c->lanes++] = (LoopVar){g->vars.at[i].var, g->vars.at[i].extent};
    }
    return true;
}

/* How far an iteration of a loop moves the element along one dimension: 0 if it stays there. */
typedef struct Stride {
    uint32_t dimension;
    uint64_t by;
    int64_t times;
} Stride;

/* False if the element is not moved evenly, along one dimension. */
static bool stride_of(const Node *u, const LoopVar *loop, Stride *s)
{
    *s = (Stride){.times = loop->times};
    for (uint32_t d = Update_index; d < u->nkids; d++) {
        Linear sum = {0};
        int64_t by;
        if (!ir_mentions(u->kid[d], loop->var))
            continue;
        if (s->by != 0 || !linear_add(&sum, u->kid[d], 1) ||
            !linear_coefficient(&sum, loop->var, &by) || by == 0)
            return false;
        *s = (Stride){d, magnitude(by), loop->times};
    }
    return true;
}

/* Do all iterations together lead to different elements?  Those along one dimension do where each
** step goes further than all shorter ones together.  The strides are sorted by length. */
static bool places_differ(const Stride *s, int n)
{
    i128 reach[IR_MAX_RANK + Update_index] = {0};
    for (int i = 0; i < n; i++) {
        i128 *along = &reach[s[i].dimension];
        if (s[i].by <= *along)
            return false;
        *along += (i128)s[i].by * (s[i].times - 1);
        if (*along > INT64_MAX)
            return false;
    }
    return true;
}

/* Either no lane moves the element, or all do; and no two of the vectorised and unrolled loops'
** iterations move it to one place. */
static bool elements_differ(const Chain *c)
{
    Stride s[MOST_LOOPS + PROMO_MOVED], new;
    int n = 0, moving = 0;
    for (int i = 0; i < c->lanes + c->nmoved; i++) {
        bool lane = i < c->lanes;
        if (!stride_of(c->update, lane ? &c->lane[i] : &c->moved[i - c->lanes], &new))
            return false;
        if (new.by == 0)
            continue;
        int at = n++;
        for (; at > 0 && s[at - 1].by > new.by; at--)
            s[at] = s[at - 1];
        s[at] = new;
        moving += lane;
    }
    return places_differ(s, n) && (moving == c->lanes || (moving == 0 && !c->guarded));
}

/* Takes in a vectorised loop, if it becomes one vector, or a few of lanes that are known. */
static bool take_lanes(const Gen *g, Chain *c, const Node *loop)
{
    if (g->mask || c->few || c->lanes == MOST_LOOPS)
        return false;
    VectorPlan plan = gen_vector_plan(g, loop, c->width);
    if (plan.n == 0 || plan.looped)
        return false;
    LoopVar *lane = &c->lane[c->lanes];
    *lane = (LoopVar){loop->kid[For_var], ir_const_int(loop->kid[For_extent], 1)};
    if (plan.n > 1 || plan.piece[0].used < plan.piece[0].width) {
        if (c->width > 1 || !update_moves(c->update, lane->var))
            return false;
        c->few = lane;
    }
    c->width *= (unsigned)lane->times;
    c->lanes++;
    return true;
}

/* Takes in one loop of the chain; `first`: the one that the elements are kept for. */
static bool take_loop(const Gen *g, Chain *c, const Node *loop, bool first)
{
    const Node *var = loop->kid[For_var];
    int64_t n = ir_const_int(loop->kid[For_extent], 0);
    ForKind kind = ir_for_kind(loop);
    if (n < 1)
        return false;
    if (kind == FOR_vectorized)
        return take_lanes(g, c, loop);
    if (kind == FOR_unrolled && update_moves(c->update, var)) {
        if (first || c->nmoved == PROMO_MOVED - 1)
            return false;
        c->moved[c->nmoved++] = (LoopVar){var, n};
        return true;
    }
    return (kind == FOR_serial || kind == FOR_unrolled) &&
           !MUTANT(emit_keeps_moving, update_moves(c->update, var), false);
}

/* Are the loop variables in e, which is an index, numbers here, or numbers of lanes? */
static bool is_known(const Gen *g, const Chain *c, const Node *e)
{
    if (e->op == OP_Var) {
        const VarBind *v = gen_find_var(g, e);
        for (int i = 0; i < c->lanes && !v; i++)
            if (c->lane[i].var == e)
                return true;
        return v && !v->v;
    }
    for (uint32_t i = 0; i < e->nkids; i++)
        if (!is_known(g, c, e->kid[i]))
            return false;
    return true;
}

/* Takes in a condition of the chain. */
static bool take_guard(const Gen *g, Chain *c, const Node *s)
{
    const Node *cond = s->kid[If_cond];
    if (s->kid[If_otherwise]->op != OP_Nop || !gen_is_index(g, cond) || !is_known(g, c, cond))
        return false;
    c->guarded = true;
    return true;
}

/* Can the element be found, and read, before the loop? */
static bool readable_before(const Gen *g, const Node *u)
{
    for (uint32_t d = Update_index; d < u->nkids; d++)
        if (!gen_is_index(g, u->kid[d]))
            return false;
    return !ir_mentions(u->kid[Update_value], u->kid[Update_buffer]);
}

static const Node *next_in_chain(const Node *s)
{
    return s->op == OP_For ? s->kid[For_body] : s->op == OP_If ? s->kid[If_then] : NULL;
}

static bool few_registers(const Gen *g, const Chain *c)
{
    int64_t one = g->target->gpu ? 4 : g->target->vector_bytes,
            n = ((int64_t)c->width * (int64_t)dtype_bytes((DType)c->update->kid[0]->type) + one -
                 1) /
                one;
    for (int i = 0; i < c->nmoved; i++)
        if (__builtin_mul_overflow(n, c->moved[i].times, &n))
            return false;
    return c->nmoved == 0 || n <= most_registers(g);
}

/* May the elements of the one Update at the end of the chain of loops from `loop` on be kept? */
static bool promotable(const Gen *g, const Node *loop, Chain *c)
{
    const Node *s = loop;
    while (next_in_chain(s))
        s = next_in_chain(s);
    *c = (Chain){.update = s, .width = g->lanes};
    if (s->op != OP_Update || !readable_before(g, s) || !outer_lanes(g, c))
        return false;
    for (s = loop; s != c->update; s = next_in_chain(s))
        if (s->op == OP_If ? !take_guard(g, c, s) : !take_loop(g, c, s, s == loop))
            return false;
    return few_registers(g, c) && elements_differ(c);
}

static bool fetches_ahead(const Gen *g, const Node *loop, const Node *buffer)
{
    int64_t bytes = wrap_mul(ir_elements(buffer), (int64_t)dtype_bytes((DType)buffer->type));
    return !g->target->gpu && ir_const_int(loop->kid[For_extent], 0) >= LONG && bytes >= LARGE;
}

bool promote_begin(Gen *g, const Node *loop)
{
    Chain c;
    if (g->promo.update || !promotable(g, loop, &c) ||
        gen_doubts(g, c.update, &c.update->kid[Update_index]))
        return false;
    Promo m = {.update = c.update,
               .anchor = LLVMBuildFreeze(g->b, LLVMGetPoison(g->i1), "before"),
               .nmoved = c.nmoved,
               .guarded = c.guarded,
               .fetches = fetches_ahead(g, loop, c.update->kid[Update_buffer]),
               .n = 1};
    memcpy(m.moved, c.moved, sizeof m.moved);
    if (c.few)
        m.moved[m.nmoved++] = *c.few;
    for (int i = 0; i < m.nmoved; i++)
        m.n *= (size_t)m.moved[i].times;
    m.kept = ARENA_ARRAY(g->A, Kept, m.n);
    g->promo = m;
    return true;
}

/* With conditions in the loop only under a mask that is a number: any other would be made inside,
** and is wanted before the loop and after it. */
bool promote_keeps(const Gen *g, const Node *update, const Place *p)
{
    const Promo *m = &g->promo;
    return update == m->update && !p->late && !(m->guarded && g->mask && !LLVMIsConstant(g->mask));
}

/* What is kept for the element, or for the elements of all lanes, that the loops have come to. */
static Kept *kept_now(const Gen *g)
{
    const Promo *m = &g->promo;
    size_t at = 0;
    for (int i = 0; i < m->nmoved; i++)
        at = at * (size_t)m->moved[i].times + (size_t)gen_var(g, m->moved[i].var)->c;
    return &m->kept[MUTANT(emit_keeps_one, at, 0)];
}

LLVMValueRef promote_slot(Gen *g, const Place *p, unsigned lanes)
{
    Kept *k = kept_now(g);
    DType t = (DType)p->buf->buffer->type;
    if (k->slot)
        return k->slot;
    *k = (Kept){gen_alloca(g, gen_vector(gen_mem_type(g, t), lanes), 64, "kept"), *p, g->mask,
                g->lanes};
    Spot back = g->at;
    gen_before(g, g->promo.anchor);
    mem_store(g, t, place_load(g, p).v, k->slot, lanes, 64);
    if (g->promo.fetches)
        place_prefetch(g, p);
    gen_go(g, back);
    return k->slot;
}

void promote_end(Gen *g)
{
    Promo m = g->promo;
    DType t = (DType)m.update->kid[0]->type;
    unsigned lanes = g->lanes;
    LLVMValueRef mask = g->mask;
    for (size_t i = 0; i < m.n; i++) {
        const Kept *k = &m.kept[i];
        if (!k->slot)
            continue;
        g->lanes = k->lanes;
        g->mask = MUTANT(emit_keeps_all_lanes, k->mask, mask);
        bool vec = place_pattern(g, &k->place) != PLACE_ONE;
        place_store(g, &k->place, (Val){mem_load(g, t, k->slot, vec ? k->lanes : 1, 64), vec});
    }
    g->lanes = lanes;
    g->mask = mask;
    LLVMInstructionEraseFromParent(m.anchor);
    g->promo = (Promo){0};
}
