/* update.c -- reductions: combining a value into an element.
**
** Where lanes go to different elements it is a vector read, combine, write.  Where they meet, exact
** combiners reduce across lanes first; sums and products of floats combine lane after lane, in
** order, because each has its own rounding.
*/
#include "backends/llvm/emit/gen.h"
#include "core/base/mutant.h"

bool update_moves(const Node *update, const Node *var)
{
    for (uint32_t d = Update_index; d < update->nkids; d++)
        if (ir_mentions(update->kid[d], var))
            return true;
    return false;
}

/* The value to combine: v[0], or for fma the factors v[0] and v[1]. */
typedef struct Operand {
    Combiner c;
    DType t;
    int n;
    Val v[2];
} Operand;

static LLVMValueRef combine(Gen *g, const Operand *o, LLVMValueRef acc, LLVMValueRef a,
                            LLVMValueRef b)
{
    if (o->c != COMB_fma)
        return arith_combine(g, o->c, o->t, acc, a);
    if (!dtype_is_float(o->t))
        return arith_binary(g, OP_Add, o->t, arith_binary(g, OP_Mul, o->t, a, b), acc);
    LLVMTypeRef t = LLVMTypeOf(acc);
    return gen_intrinsic(g, "llvm.fma", 1, &t, 3, (LLVMValueRef[]){a, b, acc});
}

static LLVMValueRef combined(Gen *g, const Operand *o, Val old)
{
    bool vec = old.vec;
    LLVMValueRef a = vec ? gen_as_vector(g, o->v[0]) : o->v[0].v, b = NULL;
    if (o->n == 2)
        b = vec ? gen_as_vector(g, o->v[1]) : o->v[1].v;
    return combine(g, o, old.v, a, b);
}

static void read_combine_write(Gen *g, const Operand *o, const Place *p)
{
    Val old = place_load(g, p);
    place_store(g, p, (Val){combined(g, o, old), old.vec});
}

/* ---- all lanes to one element ---- */

static const char *reduction(Combiner c, DType t)
{
    bool is_float = dtype_is_float(t), is_signed = dtype_is_signed(t);
    if (t == DT_bool)
        return c == COMB_sum || c == COMB_max ? "llvm.vector.reduce.or" : "llvm.vector.reduce.and";
    switch (c) {
    case COMB_sum: return is_float ? NULL : "llvm.vector.reduce.add";
    case COMB_prod: return is_float ? NULL : "llvm.vector.reduce.mul";
    case COMB_max:
        return is_float    ? "llvm.vector.reduce.fmaximum"
               : is_signed ? "llvm.vector.reduce.smax"
                           : "llvm.vector.reduce.umax";
    case COMB_min:
        return is_float    ? "llvm.vector.reduce.fminimum"
               : is_signed ? "llvm.vector.reduce.smin"
                           : "llvm.vector.reduce.umin";
    default: return NULL;
    }
}

static LLVMValueRef identity(Gen *g, const Operand *o)
{
    const Node *e = ir_identity(g->A, o->c, o->t);
    Scalar v = {.i = e->at.i};
    if (dtype_is_float(o->t))
        v.f = e->at.f;
    return gen_splat(g, gen_const(g, o->t, v), g->lanes);
}

static LLVMValueRef lane_after_lane(Gen *g, const Operand *o, LLVMValueRef acc)
{
    for (unsigned i = 0; i < g->lanes; i++) {
        LLVMValueRef a = gen_lane(g, o->v[0].v, i);
        LLVMValueRef b = o->n == 2 ? gen_lane(g, o->v[1].v, i) : NULL;
        LLVMValueRef next = combine(g, o, acc, a, b);
        acc = g->mask ? LLVMBuildSelect(g->b, gen_lane(g, g->mask, i), next, acc, "") : next;
    }
    return acc;
}

static LLVMValueRef across_lanes(Gen *g, const Operand *o, LLVMValueRef acc)
{
    const char *name = reduction(o->c, o->t);
    if (!name)
        return lane_after_lane(g, o, acc);
    LLVMValueRef v = gen_as_vector(g, o->v[0]);
    if (g->mask)
        v = LLVMBuildSelect(g->b, g->mask, v, identity(g, o), "");
    return combine(g, o, acc, gen_unary_intrinsic(g, name, v), NULL);
}

static void all_to_one(Gen *g, const Operand *o, const Place *p)
{
    LLVMBasicBlockRef next = NULL;
    LLVMValueRef at = place_pointer(g, p, 0);
    unsigned align = place_align(p, 0);
    if (g->mask && !(p->inside && p->buf->stack)) {
        LLVMBasicBlockRef then = gen_block(g, "any");
        next = gen_block(g, "next");
        LLVMBuildCondBr(g->b, gen_any(g), then, next);
        gen_at_end(g, then);
    }
    LLVMValueRef acc = across_lanes(g, o, mem_load(g, o->t, at, 1, align));
    mem_store(g, o->t, acc, at, 1, align);
    if (next) {
        LLVMBuildBr(g->b, next);
        gen_at_end(g, next);
    }
}

/* In the register that holds the element while the loop runs. */
static void update_kept(Gen *g, const Operand *o, const Place *p)
{
    bool vec = place_pattern(g, p) != PLACE_ONE;
    unsigned lanes = vec ? g->lanes : 1;
    LLVMValueRef slot = promote_slot(g, p, lanes);
    Val old = {mem_load(g, o->t, slot, lanes, 64), vec};
    LLVMValueRef v = !vec && g->lanes > 1 ? across_lanes(g, o, old.v) : combined(g, o, old);
    mem_store(g, o->t, v, slot, lanes, 64);
}

/* ---- some lanes to the same element ---- */

static Val some_lanes(Gen *g, Val v, const int *idx, unsigned n)
{
    return v.vec ? (Val){gen_shuffle(g, v.v, NULL, idx, n), n > 1} : v;
}

/* One lane by itself. */
static void update_lane(Gen *g, const Operand *o, const Place *p, unsigned lane)
{
    LLVMBasicBlockRef next = NULL;
    LLVMValueRef at = place_lane_pointer(g, p, lane);
    unsigned align = (unsigned)dtype_bytes(o->t);
    if (g->mask) {
        LLVMBasicBlockRef then = gen_block(g, "lane");
        next = gen_block(g, "next");
        LLVMBuildCondBr(g->b, gen_lane(g, g->mask, lane), then, next);
        gen_at_end(g, then);
    }
    LLVMValueRef a = gen_lane(g, o->v[0].v, lane);
    LLVMValueRef b = o->n == 2 ? gen_lane(g, o->v[1].v, lane) : NULL;
    mem_store(g, o->t, combine(g, o, mem_load(g, o->t, at, 1, align), a, b), at, 1, align);
    if (next) {
        LLVMBuildBr(g->b, next);
        gen_at_end(g, next);
    }
}

/* Lanes from .. from+n-1, which go to different elements, as a vector of their own. */
static void update_part(Gen *g, const Operand *o, const Place *p, unsigned from, unsigned n)
{
    int idx[MAX_LANES];
    unsigned lanes = g->lanes;
    LLVMValueRef mask = g->mask;
    Operand part = *o;
    Place place = *p;
    for (unsigned i = 0; i < n; i++)
        idx[i] = (int)(from + i);
    for (int i = 0; i < o->n; i++)
        part.v[i] = some_lanes(g, o->v[i], idx, n);
    place.k = p->k + from;
    g->mask = mask ? gen_shuffle(g, mask, NULL, idx, n) : NULL;
    g->lanes = n;
    read_combine_write(g, &part, &place);
    g->lanes = lanes;
    g->mask = mask;
}

/* How many lanes from `from` on go to different elements. */
static unsigned different_from(const Gen *g, const Place *p, unsigned from)
{
    unsigned n = 1;
    for (; from + n < g->lanes; n++)
        for (unsigned i = from; i < from + n; i++)
            if (p->k[i] == p->k[from + n])
                return n;
    return n;
}

/* How many of n lanes to take as a vector of their own: under a mask a power of two, of which
** masked instructions serve so many at a time (access.c). */
static unsigned part_of(const Gen *g, unsigned n)
{
    while (g->mask && (n & (n - 1)))
        n &= n - 1;
    return n;
}

static void in_parts(Gen *g, const Operand *o, const Place *p)
{
    for (unsigned i = 0, n; i < g->lanes; i += n) {
        n = p->index ? 1 : part_of(g, different_from(g, p, i));
        if (n == 1)
            update_lane(g, o, p, i);
        else
            update_part(g, o, p, i, n);
    }
}

void gen_update(Gen *g, const Node *u)
{
    const Node *value = u->kid[Update_value];
    Combiner c = MUTANT(emit_contracts, (Combiner)u->at.i,
                        value->op == OP_Mul ? COMB_fma : (Combiner)u->at.i);
    Operand o = {.c = c, .t = (DType)u->kid[0]->type, .n = 1};
    gen_check(g, u, u->kid + Update_index);
    if (o.c == COMB_fma) {
        o.n = 2;
        o.v[0] = gen_expr(g, value->kid[0]);
        o.v[1] = gen_expr(g, value->kid[1]);
    } else {
        o.v[0] = gen_expr(g, value);
    }
    Place p = gen_place(g, u, u->kid + Update_index);
    if (promote_keeps(g, u, &p))
        update_kept(g, &o, &p);
    else if (g->lanes == 1 || place_distinct(g, &p))
        read_combine_write(g, &o, &p);
    else if (place_pattern(g, &p) == PLACE_ONE)
        all_to_one(g, &o, &p);
    else
        in_parts(g, &o, &p);
}
