/* gen.c -- the generator's small tools: types, constants, shuffles, scopes, bindings. */
#include "backends/llvm/emit/gen.h"

#include <string.h>

/* ---- where code goes ---- */

void gen_go(Gen *g, Spot spot)
{
    LLVMMetadataRef line = g->lines ? LLVMGetCurrentDebugLocation2(g->b) : NULL;
    g->at = spot;
    if (spot.before)
        LLVMPositionBuilderBefore(g->b, spot.before);
    else
        LLVMPositionBuilderAtEnd(g->b, spot.block);
    if (g->lines) /* LLVM takes the line of the place; it is the statement that counts */
        LLVMSetCurrentDebugLocation2(g->b, line);
}

void gen_at_end(Gen *g, LLVMBasicBlockRef block)
{
    gen_go(g, (Spot){block, NULL});
}

void gen_before(Gen *g, LLVMValueRef instruction)
{
    gen_go(g, (Spot){LLVMGetInstructionParent(instruction), instruction});
}

LLVMBasicBlockRef gen_block(Gen *g, const char *name)
{
    return LLVMAppendBasicBlockInContext(g->ctx, g->f.fn, name);
}

void gen_fail(Gen *g)
{
    g->failed = true;
}

/* ---- types and constants ---- */

LLVMTypeRef gen_type(Gen *g, DType t)
{
    if (t == DT_float32)
        return LLVMFloatTypeInContext(g->ctx);
    if (t == DT_float64)
        return LLVMDoubleTypeInContext(g->ctx);
    return LLVMIntTypeInContext(g->ctx, dtype_info[t].bits);
}

LLVMTypeRef gen_mem_type(Gen *g, DType t)
{
    return t == DT_bool ? g->i8 : gen_type(g, t);
}

LLVMTypeRef gen_vector(LLVMTypeRef element, unsigned lanes)
{
    return lanes == 1 ? element : LLVMVectorType(element, lanes);
}

LLVMValueRef gen_i64(Gen *g, int64_t v)
{
    return LLVMConstInt(g->i64, (unsigned long long)v, 1);
}

LLVMValueRef gen_const(Gen *g, DType t, Scalar v)
{
    if (dtype_is_float(t))
        return LLVMConstReal(gen_type(g, t), v.f);
    return LLVMConstInt(gen_type(g, t), (unsigned long long)v.i, dtype_is_signed(t));
}

/* A mask register has 64 bits, and LLVM 19 dies of shuffling a mask into a longer one ("Do not know
** how to promote this operator's operand").  So longer ones are spread and shuffled as bytes. */
static bool is_long_mask(Gen *g, LLVMTypeRef element, unsigned lanes)
{
    enum { WIDEST_MASK = 64 };
    return element == g->i1 && lanes > WIDEST_MASK;
}

static LLVMValueRef as_mask(Gen *g, LLVMValueRef bytes, unsigned lanes)
{
    return LLVMBuildTrunc(g->b, bytes, gen_vector(g->i1, lanes), "");
}

LLVMValueRef gen_splat(Gen *g, LLVMValueRef v, unsigned lanes)
{
    if (lanes == 1)
        return v;
    if (LLVMIsConstant(v)) {
        LLVMValueRef each[MAX_LANES];
        for (unsigned i = 0; i < lanes; i++)
            each[i] = v;
        return LLVMConstVector(each, lanes);
    }
    if (is_long_mask(g, LLVMTypeOf(v), lanes))
        return as_mask(g, gen_splat(g, LLVMBuildZExt(g->b, v, g->i8, ""), lanes), lanes);
    LLVMTypeRef vt = LLVMVectorType(LLVMTypeOf(v), lanes);
    LLVMValueRef one =
        LLVMBuildInsertElement(g->b, LLVMGetPoison(vt), v, LLVMConstInt(g->i32, 0, 0), "");
    LLVMValueRef zeros = LLVMConstNull(LLVMVectorType(g->i32, lanes));
    return LLVMBuildShuffleVector(g->b, one, LLVMGetPoison(vt), zeros, "");
}

LLVMValueRef gen_const_lanes(Gen *g, LLVMTypeRef element, const int64_t *k, unsigned n)
{
    (void)g;
    LLVMValueRef each[2 * MAX_LANES];
    for (unsigned i = 0; i < n; i++)
        each[i] = LLVMConstInt(element, (unsigned long long)k[i], 1);
    return n == 1 ? each[0] : LLVMConstVector(each, n);
}

static LLVMValueRef as_bytes(Gen *g, LLVMValueRef mask)
{
    return LLVMBuildZExt(g->b, mask, gen_vector(g->i8, LLVMGetVectorSize(LLVMTypeOf(mask))), "");
}

LLVMValueRef gen_shuffle(Gen *g, LLVMValueRef a, LLVMValueRef b, const int *idx, unsigned n)
{
    LLVMValueRef each[2 * MAX_LANES];
    LLVMTypeRef type = LLVMTypeOf(a);
    unsigned na = LLVMGetVectorSize(type);
    if (n > 1 && is_long_mask(g, LLVMGetElementType(type), n > na ? n : na))
        return as_mask(g, gen_shuffle(g, as_bytes(g, a), b ? as_bytes(g, b) : NULL, idx, n), n);
    if (n == 1) {
        bool second = b && (unsigned)idx[0] >= na;
        return gen_lane(g, second ? b : a, (unsigned)idx[0] - (second ? na : 0));
    }
    for (unsigned i = 0; i < n; i++)
        each[i] = idx[i] < 0 ? LLVMGetPoison(g->i32)
                             : LLVMConstInt(g->i32, (unsigned long long)idx[i], 0);
    return LLVMBuildShuffleVector(g->b, a, b ? b : LLVMGetPoison(type), LLVMConstVector(each, n),
                                  "");
}

LLVMValueRef gen_lane(Gen *g, LLVMValueRef vec, unsigned lane)
{
    if (LLVMGetTypeKind(LLVMTypeOf(vec)) != LLVMVectorTypeKind)
        return vec;
    return LLVMBuildExtractElement(g->b, vec, LLVMConstInt(g->i32, lane, 0), "");
}

LLVMValueRef gen_as_vector(Gen *g, Val v)
{
    return v.vec ? v.v : gen_splat(g, v.v, g->lanes);
}

void gen_same_shape(Gen *g, Val *a, Val *b)
{
    if (a->vec == b->vec)
        return;
    Val *narrow = a->vec ? b : a;
    *narrow = (Val){gen_splat(g, narrow->v, g->lanes), true};
}

/* ---- intrinsics ---- */

LLVMValueRef gen_intrinsic(Gen *g, const char *name, unsigned ntypes, LLVMTypeRef *types,
                           unsigned nargs, LLVMValueRef *args)
{
    unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
    assert(id && "an intrinsic of this LLVM");
    LLVMValueRef fn = LLVMGetIntrinsicDeclaration(g->mod, id, types, ntypes);
    return LLVMBuildCall2(g->b, LLVMIntrinsicGetType(g->ctx, id, types, ntypes), fn, args, nargs,
                          "");
}

LLVMValueRef gen_unary_intrinsic(Gen *g, const char *name, LLVMValueRef a)
{
    LLVMTypeRef t = LLVMTypeOf(a);
    return gen_intrinsic(g, name, 1, &t, 1, &a);
}

LLVMValueRef gen_binary_intrinsic(Gen *g, const char *name, LLVMValueRef a, LLVMValueRef b)
{
    LLVMTypeRef t = LLVMTypeOf(a);
    return gen_intrinsic(g, name, 1, &t, 2, (LLVMValueRef[]){a, b});
}

LLVMValueRef gen_any(Gen *g)
{
    if (LLVMIsConstant(g->mask))
        return LLVMConstInt(g->i1, !LLVMIsNull(g->mask), 0);
    return gen_unary_intrinsic(g, "llvm.vector.reduce.or", g->mask);
}

/* ---- scopes ---- */

/* The anchor is an instruction without effect; it goes when its scope does. */
void gen_push_level(Gen *g)
{
    Level s = {.anchor = LLVMBuildFreeze(g->b, LLVMGetPoison(g->i1), "anchor")};
    vec_push(g->A, &g->levels, s);
}

void gen_pop_level(Gen *g)
{
    LLVMInstructionEraseFromParent(g->levels.at[--g->levels.n].anchor);
}

int gen_level(const Gen *g)
{
    return (int)g->levels.n - 1;
}

/* ---- bindings ---- */

const VarBind *gen_find_var(const Gen *g, const Node *var)
{
    for (size_t i = g->vars.n; i-- > 0;)
        if (g->vars.at[i].var == var)
            return &g->vars.at[i];
    return NULL;
}

const VarBind *gen_var(const Gen *g, const Node *var)
{
    const VarBind *v = gen_find_var(g, var);
    assert(v && "a Var in scope");
    return v;
}

const BufBind *gen_buffer(Gen *g, const Node *buffer)
{
    for (size_t i = g->bufs.n; i-- > 0;)
        if (g->bufs.at[i].buffer == buffer)
            return &g->bufs.at[i];
    assert(!"a Buffer in scope");
    return NULL;
}

LLVMValueRef gen_alloca(Gen *g, LLVMTypeRef type, unsigned align, const char *name)
{
    Spot back = g->at;
    LLVMValueRef last = LLVMGetBasicBlockTerminator(g->f.entry);
    gen_go(g, (Spot){g->f.entry, last});
    LLVMValueRef slot = LLVMBuildAlloca(g->b, type, name);
    LLVMSetAlignment(slot, align);
    gen_go(g, back);
    return slot;
}

void gen_suppose_let(Gen *g, const Node *let, bool vec)
{
    VarBind bind = {
        .var = let->kid[Let_var], .is_let = true, .let = {NULL, vec}, .level = LEVEL_HERE};
    vec_push(g->A, &g->vars, bind);
}
