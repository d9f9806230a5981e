/* fmod.c -- % on floats: a helper function of the module, for no machine has an
** instruction for it.
**
** |b| is doubled until twice it exceeds |a|, and subtracted on the way back wherever it fits.
** Every step is exact: doubling and halving by the exponent, subtracting because t <= r < 2t.
*/
#include "backends/llvm/emit/gen.h"

typedef struct Mod {
    Gen *g;
    LLVMTypeRef t;
    LLVMValueRef fn, a, b, y; /* y is |b| */
} Mod;

static LLVMValueRef phi2(Mod *m, LLVMValueRef v, LLVMBasicBlockRef from)
{
    LLVMValueRef phi = LLVMBuildPhi(m->g->b, m->t, "");
    LLVMAddIncoming(phi, &v, &from, 1);
    return phi;
}

static LLVMBasicBlockRef block(Mod *m, const char *name)
{
    return LLVMAppendBasicBlockInContext(m->g->ctx, m->fn, name);
}

/* NaN for a zero divisor, an infinite dividend and NaN; leaves the builder where neither is. */
static void special_cases(Mod *m, LLVMValueRef x)
{
    LLVMBuilderRef b = m->g->b;
    LLVMValueRef zero = LLVMConstNull(m->t), inf = LLVMConstReal(m->t, __builtin_inf());
    LLVMValueRef odd = LLVMBuildFCmp(b, LLVMRealUNO, m->a, m->b, "");
    odd = LLVMBuildOr(b, odd, LLVMBuildFCmp(b, LLVMRealOEQ, x, inf, ""), "");
    odd = LLVMBuildOr(b, odd, LLVMBuildFCmp(b, LLVMRealOEQ, m->b, zero, ""), "");
    LLVMBasicBlockRef nan = block(m, "nan"), usual = block(m, "usual");
    LLVMBuildCondBr(b, odd, nan, usual);
    LLVMPositionBuilderAtEnd(b, nan);
    LLVMBuildRet(b, LLVMConstReal(m->t, __builtin_nan("")));
    LLVMPositionBuilderAtEnd(b, usual);
}

/* |a| mod |b|, in the block that it leaves the builder in. */
static LLVMValueRef magnitude(Mod *m, LLVMValueRef x)
{
    LLVMBuilderRef b = m->g->b;
    LLVMBasicBlockRef from = LLVMGetInsertBlock(b), up = block(m, "up"), down = block(m, "down");
    LLVMBasicBlockRef next = block(m, "next"), done = block(m, "done");
    LLVMBuildBr(b, up);
    LLVMPositionBuilderAtEnd(b, up);
    LLVMValueRef grown = phi2(m, m->y, from);
    LLVMValueRef fits = LLVMBuildFCmp(b, LLVMRealOLE, grown, LLVMBuildFSub(b, x, grown, ""), "");
    LLVMValueRef twice = LLVMBuildFMul(b, grown, LLVMConstReal(m->t, 2), "");
    LLVMAddIncoming(grown, &twice, &up, 1);
    LLVMBuildCondBr(b, fits, up, down);

    LLVMPositionBuilderAtEnd(b, down);
    LLVMValueRef t = phi2(m, grown, up), r = phi2(m, x, up);
    LLVMValueRef holds = LLVMBuildFCmp(b, LLVMRealOGE, r, t, "");
    LLVMValueRef rest = LLVMBuildSelect(b, holds, LLVMBuildFSub(b, r, t, ""), r, "");
    LLVMBuildCondBr(b, LLVMBuildFCmp(b, LLVMRealOEQ, t, m->y, ""), done, next);
    LLVMPositionBuilderAtEnd(b, next);
    LLVMValueRef half = LLVMBuildFMul(b, t, LLVMConstReal(m->t, 0.5), "");
    LLVMAddIncoming(t, &half, &next, 1);
    LLVMAddIncoming(r, &rest, &next, 1);
    LLVMBuildBr(b, down);
    LLVMPositionBuilderAtEnd(b, done);
    return rest;
}

static LLVMValueRef helper(Gen *g, LLVMTypeRef t)
{
    const char *name = t == gen_type(g, DT_float32) ? "float32.mod" : "float64.mod";
    LLVMValueRef fn = LLVMGetNamedFunction(g->mod, name);
    if (fn)
        return fn;
    fn = LLVMAddFunction(g->mod, name, LLVMFunctionType(t, (LLVMTypeRef[]){t, t}, 2, 0));
    LLVMSetLinkage(fn, LLVMInternalLinkage);
    gen_target_attributes(g, fn);
    Spot back = g->at;
    Mod m = {.g = g, .t = t, .fn = fn, .a = LLVMGetParam(fn, 0), .b = LLVMGetParam(fn, 1)};
    LLVMPositionBuilderAtEnd(g->b, block(&m, "entry"));
    m.y = gen_unary_intrinsic(g, "llvm.fabs", m.b);
    LLVMValueRef x = gen_unary_intrinsic(g, "llvm.fabs", m.a), zero = LLVMConstNull(t);
    special_cases(&m, x);
    LLVMValueRef r = gen_binary_intrinsic(g, "llvm.copysign", magnitude(&m, x), m.a);
    LLVMValueRef is_zero = LLVMBuildFCmp(g->b, LLVMRealOEQ, r, zero, "");
    LLVMValueRef differ = LLVMBuildXor(g->b, LLVMBuildFCmp(g->b, LLVMRealOLT, r, zero, ""),
                                       LLVMBuildFCmp(g->b, LLVMRealOLT, m.b, zero, ""), "");
    r = LLVMBuildSelect(g->b, differ, LLVMBuildFAdd(g->b, r, m.b, ""), r, "");
    LLVMValueRef signed_zero = gen_binary_intrinsic(g, "llvm.copysign", zero, m.b);
    is_zero = LLVMBuildOr(g->b, is_zero, LLVMBuildFCmp(g->b, LLVMRealOEQ, r, zero, ""), "");
    LLVMBuildRet(g->b, LLVMBuildSelect(g->b, is_zero, signed_zero, r, ""));
    gen_go(g, back);
    return fn;
}

LLVMValueRef gen_float_mod(Gen *g, LLVMValueRef a, LLVMValueRef b)
{
    LLVMTypeRef t = LLVMTypeOf(a);
    bool vec = LLVMGetTypeKind(t) == LLVMVectorTypeKind;
    LLVMValueRef fn = helper(g, vec ? LLVMGetElementType(t) : t);
    LLVMTypeRef type = LLVMGlobalGetValueType(fn);
    if (!vec)
        return LLVMBuildCall2(g->b, type, fn, (LLVMValueRef[]){a, b}, 2, "");
    LLVMValueRef all = LLVMGetPoison(t);
    for (unsigned i = 0; i < LLVMGetVectorSize(t); i++) {
        LLVMValueRef args[] = {gen_lane(g, a, i), gen_lane(g, b, i)};
        LLVMValueRef r = LLVMBuildCall2(g->b, type, fn, args, 2, "");
        all = LLVMBuildInsertElement(g->b, all, r, LLVMConstInt(g->i32, i, 0), "");
    }
    return all;
}
