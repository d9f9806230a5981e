/* expr.c -- expressions: a scalar where all lanes agree, else a vector.
**
** Select, And and Or evaluate only what they need.  Where the part that may not be needed is sure
** not to leave a buffer, it is evaluated anyway and chosen from; else a uniform condition becomes
** a branch, and one that differs from lane to lane becomes the mask of the loads behind it.
*/
#include "backends/llvm/emit/gen.h"
#include "core/base/mutant.h"

#include <string.h>

typedef Val ExprRule(Gen *g, const Node *e);

/* ---- values already computed for this statement ---- */

size_t gen_memo_mark(const Gen *g)
{
    return g->memo.n;
}

void gen_memo_drop(Gen *g, size_t mark)
{
    g->memo.n = mark;
}

static bool recall(Gen *g, const Node *e, Val *out)
{
    for (size_t i = g->memo.n; i-- > g->memo_floor;)
        if (g->memo.at[i].e == e)
            return *out = g->memo.at[i].val, true;
    return false;
}

/* ---- what may trap ---- */

static bool index_range(Gen *g, const Node *e, int64_t *lo, int64_t *hi)
{
    Affine a;
    if (gen_range(g, e, lo, hi) && *lo >= 0)
        return true;
    return gen_is_index(g, e) && affine_of(g, e, &a) && affine_range(g, &a, lo, hi);
}

static bool load_inside(Gen *g, const Node *load)
{
    for (uint32_t i = 1; i < load->nkids; i++) {
        int64_t lo, hi, n = ir_dim(load->kid[0], i - 1);
        if (n < 0 || !index_range(g, load->kid[i], &lo, &hi) || lo < 0 || hi >= n)
            return false;
    }
    return true;
}

bool gen_may_trap(Gen *g, const Node *e)
{
    if (e->op == OP_Let) {
        if (gen_may_trap(g, e->kid[Let_value]))
            return true;
        gen_suppose_let(g, e, true);
        bool trap = gen_may_trap(g, e->kid[Let_body]);
        g->vars.n--;
        return trap;
    }
    if (e->op == OP_Load && !load_inside(g, e))
        return true;
    for (uint32_t i = e->op == OP_Load; i < e->nkids; i++)
        if (gen_may_trap(g, e->kid[i]))
            return true;
    return false;
}

/* ---- truth ---- */

static Val both(Gen *g, Val a, Val b)
{
    gen_same_shape(g, &a, &b);
    return (Val){LLVMBuildAnd(g->b, a.v, b.v, ""), a.vec};
}

Val gen_not(Gen *g, Val a)
{
    return (Val){LLVMBuildNot(g->b, a.v, ""), a.vec};
}

/* Evaluates e where `lanes` (a vector) holds, besides the mask there is. */
static Val under(Gen *g, Val lanes, const Node *e)
{
    LLVMValueRef outer = g->mask;
    size_t mark = gen_memo_mark(g);
    g->mask = outer ? LLVMBuildAnd(g->b, outer, lanes.v, "") : lanes.v;
    Val v = gen_expr(g, e);
    g->mask = outer;
    gen_memo_drop(g, mark);
    return v;
}

/* One arm of a branch: its value as `vec` or not, and the block in which it ends. */
typedef struct Arm {
    Val val;
    LLVMBasicBlockRef begin, end;
} Arm;

static Arm arm_of(Gen *g, const Node *e, LLVMBasicBlockRef begin)
{
    gen_at_end(g, begin);
    size_t mark = gen_memo_mark(g);
    Val v = gen_expr(g, e);
    gen_memo_drop(g, mark);
    return (Arm){v, begin, g->at.block};
}

/* cond ? a : b with a uniform cond; an arm that is NULL stands for the truth value `otherwise`. */
static Val branch(Gen *g, LLVMValueRef cond, const Node *a, const Node *b, bool otherwise)
{
    LLVMBasicBlockRef from = g->at.block, join = gen_block(g, "join");
    Arm arm[2] = {{.end = from}, {.end = from}};
    const Node *e[2] = {a, b};
    LLVMBasicBlockRef to[2] = {a ? gen_block(g, "then") : join, b ? gen_block(g, "else") : join};
    LLVMBuildCondBr(g->b, cond, to[0], to[1]);
    bool vec = false;
    for (int i = 0; i < 2; i++) {
        if (e[i])
            arm[i] = arm_of(g, e[i], to[i]);
        else
            arm[i].val = (Val){LLVMConstInt(g->i1, otherwise, 0), false};
        vec |= arm[i].val.vec;
    }
    for (int i = 0; i < 2; i++) {
        if (e[i]) {
            gen_at_end(g, arm[i].end);
            if (vec)
                arm[i].val.v = gen_as_vector(g, arm[i].val);
            LLVMBuildBr(g->b, join);
        } else if (vec) {
            arm[i].val.v = gen_splat(g, arm[i].val.v, g->lanes);
        }
    }
    gen_at_end(g, join);
    LLVMValueRef phi = LLVMBuildPhi(g->b, LLVMTypeOf(arm[0].val.v), "");
    LLVMAddIncoming(phi, (LLVMValueRef[]){arm[0].val.v, arm[1].val.v},
                    (LLVMBasicBlockRef[]){arm[0].end, arm[1].end}, 2);
    return (Val){phi, vec};
}

/* ---- rules ---- */

static Val on_int(Gen *g, const Node *e)
{
    return (Val){gen_const(g, (DType)e->type, (Scalar){.i = e->at.i}), false};
}

static Val on_float(Gen *g, const Node *e)
{
    return (Val){gen_const(g, (DType)e->type, (Scalar){.f = e->at.f}), false};
}

static Val on_var(Gen *g, const Node *e)
{
    const VarBind *v = gen_var(g, e);
    Affine a;
    if (v->is_let)
        return v->let;
    affine_of(g, e, &a);
    return affine_value(g, &a);
}

static Val on_binary(Gen *g, const Node *e)
{
    Val a = gen_expr(g, e->kid[0]), b = gen_expr(g, e->kid[1]);
    gen_same_shape(g, &a, &b);
    return (Val){arith_binary(g, (Op)e->op, (DType)e->kid[0]->type, a.v, b.v), a.vec};
}

/* v, as lo or hi where it lies beyond; a number stays one, so that lanes are seen to be off. */
static LLVMValueRef clamp(Gen *g, LLVMValueRef v, int64_t lo, int64_t hi)
{
    if (LLVMIsAConstantInt(v)) {
        int64_t n = LLVMConstIntGetSExtValue(v);
        return gen_i64(g, n < lo ? lo : n > hi ? hi : n);
    }
    v = gen_binary_intrinsic(g, "llvm.smin", v, gen_i64(g, hi));
    return gen_binary_intrinsic(g, "llvm.smax", v, gen_i64(g, lo));
}

/* k[lane] OP t for a uniform t, in the narrowest type that holds all k: of t only its place among
** them counts. */
static LLVMValueRef compare_lanes(Gen *g, Op op, const int64_t *k, LLVMValueRef t)
{
    int64_t lo = k[0], hi = k[0];
    for (unsigned i = 1; i < g->lanes; i++) {
        lo = k[i] < lo ? k[i] : lo;
        hi = k[i] > hi ? k[i] : hi;
    }
    unsigned bits = lo > INT8_MIN && hi < INT8_MAX ? 8 : lo > INT16_MIN && hi < INT16_MAX ? 16 : 32;
    if (lo <= INT32_MIN || hi >= INT32_MAX)
        bits = 64;
    LLVMTypeRef type = LLVMIntTypeInContext(g->ctx, bits);
    if (bits < 64)
        t = LLVMBuildTrunc(g->b, clamp(g, t, lo - 1, hi + 1), type, "");
    return arith_binary(g, op, DT_int64, gen_const_lanes(g, type, k, g->lanes),
                        gen_splat(g, t, g->lanes));
}

static Val on_compare(Gen *g, const Node *e)
{
    Affine a, b;
    int64_t lo, hi; /* that they are known says that a - b does not wrap */
    int holds = gen_truth(g, e);
    if (holds >= 0)
        return (Val){LLVMConstInt(g->i1, (unsigned)holds, 0), false};
    if (e->kid[0]->type != DT_int64 || !gen_has_lanes(g, e) || !gen_is_index(g, e) ||
        !gen_range(g, e->kid[0], &lo, &hi) || !gen_range(g, e->kid[1], &lo, &hi) ||
        !affine_of(g, e->kid[0], &a) || !affine_of(g, e->kid[1], &b))
        return on_binary(g, e);
    affine_add(g, &a, &b, -1); /* a - b = uniform + k OP 0 */
    if (!a.k)
        return on_binary(g, e);
    const int64_t *k = a.k;
    a.k = NULL;
    LLVMValueRef t = LLVMBuildNeg(g->b, affine_value(g, &a).v, "");
    return (Val){compare_lanes(g, (Op)e->op, k, t), true};
}

static Val on_logic(Gen *g, const Node *e)
{
    bool is_and = e->op == OP_And;
    Val a = gen_expr(g, e->kid[0]);
    if (LLVMIsAConstantInt(a.v))
        return (LLVMConstIntGetZExtValue(a.v) != 0) == is_and ? gen_expr(g, e->kid[1]) : a;
    if (!gen_may_trap(g, e->kid[1])) {
        Val b = gen_expr(g, e->kid[1]);
        gen_same_shape(g, &a, &b);
        return (Val){is_and ? LLVMBuildAnd(g->b, a.v, b.v, "") : LLVMBuildOr(g->b, a.v, b.v, ""),
                     a.vec};
    }
    if (!a.vec)
        return is_and ? branch(g, a.v, e->kid[1], NULL, false)
                      : branch(g, a.v, NULL, e->kid[1], true);
    Val needed = is_and ? a : gen_not(g, a);
    Val b = under(g, needed, e->kid[1]);
    b.v = gen_as_vector(g, b);
    b = both(g, needed, (Val){b.v, true});
    return is_and ? b : (Val){LLVMBuildOr(g->b, a.v, b.v, ""), true};
}

static Val on_not(Gen *g, const Node *e)
{
    return gen_not(g, gen_expr(g, e->kid[0]));
}

static Val on_neg(Gen *g, const Node *e)
{
    Val a = gen_expr(g, e->kid[0]);
    return (Val){arith_neg(g, (DType)e->type, a.v), a.vec};
}

static Val on_cast(Gen *g, const Node *e)
{
    DType from = (DType)e->kid[0]->type;
    int64_t lo, hi;
    Val a = gen_expr(g, e->kid[0]);
    bool known = from == DT_int64 && gen_range(g, e->kid[0], &lo, &hi);
    if (MUTANT(emit_narrows_unproven, known && lo >= INT32_MIN && hi <= INT32_MAX,
               from == DT_int64)) {
        from = DT_int32; /* half as wide, and converted by one instruction */
        a.v = arith_cast(g, DT_int32, DT_int64, a.v);
    }
    return (Val){arith_cast(g, (DType)e->type, from, a.v), a.vec};
}

static Val on_select(Gen *g, const Node *e)
{
    const Node *a = e->kid[Select_a], *b = e->kid[Select_b];
    Val cond = gen_expr(g, e->kid[Select_cond]), va, vb;
    if (LLVMIsAConstantInt(cond.v))
        return gen_expr(g, LLVMConstIntGetZExtValue(cond.v) ? a : b);
    bool guarded = gen_may_trap(g, a) || gen_may_trap(g, b);
    if (guarded && !cond.vec)
        return branch(g, cond.v, a, b, false);
    if (guarded) {
        va = under(g, cond, a);
        vb = under(g, gen_not(g, cond), b);
    } else {
        va = gen_expr(g, a);
        vb = gen_expr(g, b);
    }
    if (cond.vec)
        va = (Val){gen_as_vector(g, va), true};
    gen_same_shape(g, &va, &vb);
    return (Val){LLVMBuildSelect(g->b, cond.v, va.v, vb.v, ""), va.vec};
}

static Val on_fma(Gen *g, const Node *e)
{
    Val v[3];
    bool vec = false;
    for (int i = 0; i < 3; i++) {
        v[i] = gen_expr(g, e->kid[i]);
        vec |= v[i].vec;
    }
    LLVMValueRef arg[3];
    for (int i = 0; i < 3; i++)
        arg[i] = vec ? gen_as_vector(g, v[i]) : v[i].v;
    LLVMTypeRef t = LLVMTypeOf(arg[0]);
    return (Val){gen_intrinsic(g, "llvm.fma", 1, &t, 3, arg), vec};
}

static Val on_let(Gen *g, const Node *e)
{
    Val v = gen_expr(g, e->kid[Let_value]);
    size_t mark = gen_memo_mark(g);
    VarBind bind = {.var = e->kid[Let_var], .is_let = true, .let = v, .level = LEVEL_HERE};
    vec_push(g->A, &g->vars, bind);
    Val body = gen_expr(g, e->kid[Let_body]);
    g->vars.n--;
    gen_memo_drop(g, mark);
    return body;
}

static Val on_call(Gen *g, const Node *e)
{
    Val a = gen_expr(g, e->kid[0]);
    return (Val){arith_call(g, e, a.v), a.vec};
}

static Val on_load(Gen *g, const Node *e)
{
    gen_check(g, e, e->kid + Load_index);
    Place p = gen_place(g, e, e->kid + Load_index);
    return place_load(g, &p);
}

static ExprRule *const rules[OP_COUNT] = {
    [OP_IntImm] = on_int, [OP_FloatImm] = on_float, [OP_Var] = on_var,       [OP_Or] = on_logic,
    [OP_And] = on_logic,  [OP_Not] = on_not,        [OP_Neg] = on_neg,       [OP_Eq] = on_compare,
    [OP_Ne] = on_compare, [OP_Lt] = on_compare,     [OP_Le] = on_compare,    [OP_Gt] = on_compare,
    [OP_Ge] = on_compare, [OP_Cast] = on_cast,      [OP_Select] = on_select, [OP_Fma] = on_fma,
    [OP_Let] = on_let,    [OP_Call] = on_call,      [OP_Load] = on_load,
};

Val gen_by_rule(Gen *g, const Node *e)
{
    return (rules[e->op] ? rules[e->op] : on_binary)(g, e);
}

Val gen_expr(Gen *g, const Node *e)
{
    Val v;
    Affine a;
    if (e->nkids == 0)
        return gen_by_rule(g, e);
    if (recall(g, e, &v))
        return v;
    if (e->type == DT_int64 && gen_is_index(g, e) && affine_of(g, e, &a))
        v = affine_value(g, &a);
    else
        v = gen_by_rule(g, e);
    vec_push(g->A, &g->memo, ((ExprMemo){e, v}));
    return v;
}

LLVMValueRef gen_uniform(Gen *g, const Node *e)
{
    Val v = gen_expr(g, e);
    return v.vec ? gen_lane(g, v.v, 0) : v.v;
}
