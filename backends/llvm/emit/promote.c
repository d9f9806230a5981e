/* promote.c -- an element that a loop only adds to stays in a register until the loop ends.
**
** It is done where nothing can see the difference: the loop runs at least once, its body is a
** chain of loops around one Update, and neither the loop nor any other of the chain that is not
** vectorised moves the element.  Then memory is read before the loop and written after it.
*/
#include "backends/llvm/emit/gen.h"
#include "core/base/mutant.h"

/* e = var * literal + … in sums, differences and products with literals only. */
static bool linear_in(const Node *e, const Node *var)
{
    if (!ir_mentions(e, var))
        return true;
    switch (e->op) {
    case OP_Var: return true;
    case OP_Add:
    case OP_Sub:
        return !(ir_mentions(e->kid[0], var) && ir_mentions(e->kid[1], var)) &&
               linear_in(e->kid[0], var) && linear_in(e->kid[1], var);
    case OP_Mul:
        return (e->kid[1]->op == OP_IntImm && e->kid[1]->at.i != 0 && linear_in(e->kid[0], var));
    default: return false;
    }
}

typedef struct Lanes {
    const Node *var[8]; /* of the vectorised loops around the Update */
    int n;
} Lanes;

static bool outer_lanes(const Gen *g, Lanes *l)
{
    for (size_t i = 0; i < g->vars.n; i++) {
        if (!g->vars.at[i].extent)
            continue;
        if (l->n == 8)
            return false;
        l->var[l->n++] = g->vars.at[i].var;
    }
    return true;
}

/* Either no lane moves the element, or each vectorised loop moves it along a dimension of its own,
** so that all lanes have different ones. */
static bool lanes_fit(const Lanes *l, const Node *u)
{
    int moving = 0, total = 0;
    for (uint32_t d = Update_index; d < u->nkids; d++) {
        int here = 0;
        for (int i = 0; i < l->n; i++) {
            bool mentioned = ir_mentions(u->kid[d], l->var[i]);
            here += mentioned;
            if (mentioned && !linear_in(u->kid[d], l->var[i]))
                return false;
        }
        if (here > 1)
            return false;
        total += here;
    }
    for (int i = 0; i < l->n; i++) {
        bool found = false;
        for (uint32_t d = Update_index; d < u->nkids; d++)
            found |= ir_mentions(u->kid[d], l->var[i]);
        moving += found;
    }
    return total == moving && (moving == 0 || moving == l->n);
}

static bool indices_are_plain(Gen *g, const Node *e)
{
    if (e->op == OP_Load || e->op == OP_Let || e->op == OP_Call)
        return false;
    for (uint32_t i = 0; i < e->nkids; i++)
        if (!indices_are_plain(g, e->kid[i]))
            return false;
    return true;
}

static bool stands_still(Gen *g, const Node *u, const Node *var)
{
    for (uint32_t d = Update_index; d < u->nkids; d++)
        if (MUTANT(emit_keeps_moving, ir_mentions(u->kid[d], var), false) ||
            !indices_are_plain(g, u->kid[d]))
            return false;
    return !ir_mentions(u->kid[Update_value], u->kid[Update_buffer]);
}

/* The one Update at the end of the chain of loops from `loop` on, if it may be promoted. */
static const Node *promotable(Gen *g, const Node *loop)
{
    Lanes lanes = {0};
    const Node *still[64], *s = loop;
    int n = 0;
    if (!outer_lanes(g, &lanes))
        return NULL;
    for (; s->op == OP_For; s = s->kid[For_body]) {
        bool vectorized = ir_for_kind(s) == FOR_vectorized && s != loop;
        if (ir_const_int(s->kid[For_extent], 0) < 1 || n == 64)
            return NULL;
        if (!vectorized && ir_for_kind(s) != FOR_serial)
            return NULL;
        if (vectorized && (g->mask || lanes.n == 8 || !gen_is_one_vector(g, s)))
            return NULL;
        if (vectorized)
            lanes.var[lanes.n++] = s->kid[For_var];
        else
            still[n++] = s->kid[For_var];
    }
    if (s->op != OP_Update)
        return NULL;
    for (int i = 0; i < n; i++)
        if (!stands_still(g, s, still[i]))
            return NULL;
    return lanes_fit(&lanes, s) ? s : NULL;
}

/* Called where the loop is about to be entered. */
bool promote_begin(Gen *g, const Node *loop)
{
    if (g->promo.update || g->checked)
        return false;
    const Node *u = promotable(g, loop);
    if (!u)
        return false;
    g->promo =
        (Promo){.update = u, .anchor = LLVMBuildFreeze(g->b, LLVMGetPoison(g->i1), "before")};
    return true;
}

/* The register that stands for the element, or elements, at p: read from memory before the loop. */
LLVMValueRef promote_slot(Gen *g, const Place *p, unsigned lanes)
{
    Promo *m = &g->promo;
    DType t = (DType)p->buf->buffer->type;
    m->slot = gen_alloca(g, gen_vector(gen_mem_type(g, t), lanes), 64, "kept");
    m->place = *p;
    m->lanes = g->lanes;
    Spot back = g->at;
    gen_before(g, m->anchor);
    mem_store(g, t, place_load(g, p).v, m->slot, lanes, 64);
    gen_go(g, back);
    return m->slot;
}

/* Called where the loop has been left. */
void promote_end(Gen *g)
{
    Promo m = g->promo;
    DType t = (DType)m.update->kid[0]->type;
    unsigned lanes = g->lanes;
    g->lanes = m.lanes;
    bool vec = place_pattern(g, &m.place) != PLACE_ONE;
    Val v = {mem_load(g, t, m.slot, vec ? m.lanes : 1, 64), vec};
    place_store(g, &m.place, v);
    g->lanes = lanes;
    LLVMInstructionEraseFromParent(m.anchor);
    g->promo = (Promo){0};
}
