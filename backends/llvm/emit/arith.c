/* arith.c -- one operation on scalars or vectors, as docs/semantics.md defines it.
**
** LLVM leaves division by zero, the quotient of the least integer by -1 and shifts by the width or
** more undefined; here the undefined operand is replaced before and the result after.  Where the
** divisor is a literal nothing of that remains.
*/
#include "backends/llvm/emit/gen.h"
#include "core/base/mutant.h"

#include <math.h>
#include <string.h>

static LLVMValueRef same(LLVMTypeRef t, int64_t v)
{
    LLVMTypeRef element = LLVMGetTypeKind(t) == LLVMVectorTypeKind ? LLVMGetElementType(t) : t;
    LLVMValueRef one = LLVMConstInt(element, (unsigned long long)v, 1);
    if (element == t)
        return one;
    LLVMValueRef each[MAX_LANES];
    unsigned n = LLVMGetVectorSize(t);
    for (unsigned i = 0; i < n; i++)
        each[i] = one;
    return LLVMConstVector(each, n);
}

/* The integer that all lanes of a constant hold. */
static bool literal(LLVMValueRef v, bool is_signed, int64_t *out)
{
    LLVMTypeRef t = LLVMTypeOf(v);
    if (!LLVMIsConstant(v))
        return false;
    if (LLVMGetTypeKind(t) == LLVMVectorTypeKind) {
        LLVMValueRef first = LLVMGetAggregateElement(v, 0);
        unsigned n = LLVMGetVectorSize(t);
        for (unsigned i = 1; i < n; i++)
            if (LLVMGetAggregateElement(v, i) != first)
                return false;
        v = first;
    }
    if (!v || !LLVMIsAConstantInt(v))
        return false;
    *out = is_signed ? (int64_t)LLVMConstIntGetSExtValue(v) : (int64_t)LLVMConstIntGetZExtValue(v);
    return true;
}

/* ---- integers ---- */

static LLVMValueRef unsigned_division(Gen *g, bool mod, LLVMValueRef a, LLVMValueRef b)
{
    LLVMTypeRef t = LLVMTypeOf(a);
    LLVMValueRef zero = LLVMConstNull(t), is_zero = NULL;
    int64_t n;
    if (!literal(b, false, &n)) {
        is_zero = LLVMBuildICmp(g->b, LLVMIntEQ, b, zero, "");
        b = LLVMBuildSelect(g->b, is_zero, same(t, 1), b, "");
    } else if (n == 0) {
        return zero;
    }
    LLVMValueRef r = mod ? LLVMBuildURem(g->b, a, b, "") : LLVMBuildUDiv(g->b, a, b, "");
    return is_zero ? LLVMBuildSelect(g->b, is_zero, zero, r, "") : r;
}

/* One less where the remainder's sign is not the divisor's. */
static LLVMValueRef round_down(Gen *g, Op op, LLVMValueRef a, LLVMValueRef b, int64_t n)
{
    LLVMTypeRef t = LLVMTypeOf(a);
    LLVMValueRef zero = LLVMConstNull(t);
    LLVMValueRef q = LLVMBuildSDiv(g->b, a, b, "");
    if (op == OP_Div || MUTANT(emit_floor_truncates, false, op == OP_FloorDiv))
        return q;
    LLVMValueRef r = LLVMBuildSub(g->b, a, LLVMBuildMul(g->b, q, b, ""), "");
    LLVMValueRef down;
    if (n > 0) {
        down = LLVMBuildICmp(g->b, LLVMIntSLT, r, zero, "");
    } else {
        LLVMValueRef differ =
            LLVMBuildICmp(g->b, LLVMIntSLT, LLVMBuildXor(g->b, r, b, ""), zero, "");
        down = LLVMBuildAnd(g->b, LLVMBuildICmp(g->b, LLVMIntNE, r, zero, ""), differ, "");
    }
    if (op == OP_FloorMod)
        return LLVMBuildAdd(g->b, r, LLVMBuildSelect(g->b, down, b, zero, ""), "");
    return LLVMBuildAdd(g->b, q, LLVMBuildSExt(g->b, down, t, ""), "");
}

static LLVMValueRef signed_division(Gen *g, Op op, LLVMValueRef a, LLVMValueRef b)
{
    LLVMTypeRef t = LLVMTypeOf(a);
    int64_t n = 0;
    if (literal(b, true, &n)) {
        if (n == 0)
            return LLVMConstNull(t);
        if (n == -1)
            return op == OP_FloorMod ? LLVMConstNull(t) : LLVMBuildNeg(g->b, a, "");
        if (n > 0 && (n & (n - 1)) == 0 && op != OP_Div)
            return op == OP_FloorMod
                       ? LLVMBuildAnd(g->b, a, same(t, n - 1), "")
                       : LLVMBuildAShr(g->b, a, same(t, __builtin_ctzll((uint64_t)n)), "");
        return round_down(g, op, a, b, n);
    }
    LLVMValueRef zero = LLVMConstNull(t);
    LLVMValueRef is_zero = LLVMBuildICmp(g->b, LLVMIntEQ, b, zero, "");
    LLVMValueRef is_minus = LLVMBuildICmp(g->b, LLVMIntEQ, b, same(t, -1), "");
    LLVMValueRef odd = LLVMBuildOr(g->b, is_zero, is_minus, "");
    LLVMValueRef r = round_down(g, op, a, LLVMBuildSelect(g->b, odd, same(t, 1), b, ""), 0);
    LLVMValueRef minus = op == OP_FloorMod ? zero : LLVMBuildNeg(g->b, a, "");
    r = LLVMBuildSelect(g->b, is_minus, minus, r, "");
    return LLVMBuildSelect(g->b, is_zero, zero, r, "");
}

static LLVMValueRef shift(Gen *g, Op op, DType type, LLVMValueRef a, LLVMValueRef b)
{
    LLVMTypeRef t = LLVMTypeOf(a);
    int64_t bits = dtype_info[type].bits;
    LLVMValueRef wide = LLVMBuildICmp(g->b, LLVMIntUGE, b, same(t, bits), "");
    bool copies_sign = op == OP_Shr && MUTANT(emit_shift_unsigned, dtype_is_signed(type), false);
    b = LLVMBuildSelect(g->b, wide, same(t, copies_sign ? bits - 1 : 0), b, "");
    if (copies_sign)
        return LLVMBuildAShr(g->b, a, b, "");
    LLVMValueRef r = op == OP_Shl ? LLVMBuildShl(g->b, a, b, "") : LLVMBuildLShr(g->b, a, b, "");
    return LLVMBuildSelect(g->b, wide, LLVMConstNull(t), r, "");
}

/* Truth values are the integers 0 and 1, and whatever is not 0 wraps to 1. */
static LLVMValueRef on_bool(Gen *g, Op op, LLVMValueRef a, LLVMValueRef b)
{
    switch (op) {
    case OP_Add:
    case OP_Or:
    case OP_BitOr:
    case OP_Max: return LLVMBuildOr(g->b, a, b, "");
    case OP_Sub:
    case OP_BitXor: return LLVMBuildXor(g->b, a, b, "");
    case OP_Mul:
    case OP_And:
    case OP_BitAnd:
    case OP_Min:
    case OP_Div:
    case OP_FloorDiv: return LLVMBuildAnd(g->b, a, b, "");
    case OP_Shl:
    case OP_Shr: return LLVMBuildAnd(g->b, a, LLVMBuildNot(g->b, b, ""), "");
    default: return LLVMConstNull(LLVMTypeOf(a)); /* FloorMod by 1 or 0 */
    }
}

static LLVMValueRef on_integers(Gen *g, Op op, DType t, LLVMValueRef a, LLVMValueRef b)
{
    bool is_signed = dtype_is_signed(t);
    switch (op) {
    case OP_Add: return LLVMBuildAdd(g->b, a, b, "");
    case OP_Sub: return LLVMBuildSub(g->b, a, b, "");
    case OP_Mul: return LLVMBuildMul(g->b, a, b, "");
    case OP_BitAnd: return LLVMBuildAnd(g->b, a, b, "");
    case OP_BitOr: return LLVMBuildOr(g->b, a, b, "");
    case OP_BitXor: return LLVMBuildXor(g->b, a, b, "");
    case OP_Shl:
    case OP_Shr: return shift(g, op, t, a, b);
    case OP_Min: return gen_binary_intrinsic(g, is_signed ? "llvm.smin" : "llvm.umin", a, b);
    case OP_Max: return gen_binary_intrinsic(g, is_signed ? "llvm.smax" : "llvm.umax", a, b);
    default: break;
    }
    return MUTANT(emit_division_signed, is_signed, true)
               ? signed_division(g, op, a, b)
               : unsigned_division(g, op == OP_FloorMod, a, b);
}

/* ---- floats ---- */

static LLVMValueRef on_floats(Gen *g, Op op, LLVMValueRef a, LLVMValueRef b)
{
    switch (op) {
    case OP_Add: return LLVMBuildFAdd(g->b, a, b, "");
    case OP_Sub: return LLVMBuildFSub(g->b, a, b, "");
    case OP_Mul: return LLVMBuildFMul(g->b, a, b, "");
    case OP_Div: return LLVMBuildFDiv(g->b, a, b, "");
    case OP_FloorDiv: return gen_unary_intrinsic(g, "llvm.floor", LLVMBuildFDiv(g->b, a, b, ""));
    case OP_Min:
        return gen_binary_intrinsic(g, MUTANT(emit_min_drops_nan, "llvm.minimum", "llvm.minnum"), a,
                                    b);
    case OP_Max: return gen_binary_intrinsic(g, "llvm.maximum", a, b);
    default: return gen_float_mod(g, a, b);
    }
}

/* False stands before true.  As logic, for the PTX backend of LLVM 19 knows no order of bits. */
static LLVMValueRef compare_bools(Gen *g, Op op, LLVMValueRef a, LLVMValueRef b)
{
    switch (op) {
    case OP_Lt: return LLVMBuildAnd(g->b, LLVMBuildNot(g->b, a, ""), b, "");
    case OP_Le: return LLVMBuildOr(g->b, LLVMBuildNot(g->b, a, ""), b, "");
    case OP_Gt: return LLVMBuildAnd(g->b, a, LLVMBuildNot(g->b, b, ""), "");
    case OP_Ge: return LLVMBuildOr(g->b, a, LLVMBuildNot(g->b, b, ""), "");
    default: return LLVMBuildICmp(g->b, op == OP_Eq ? LLVMIntEQ : LLVMIntNE, a, b, "");
    }
}

static LLVMValueRef compare(Gen *g, Op op, DType t, LLVMValueRef a, LLVMValueRef b)
{
    static const struct {
        LLVMRealPredicate real;
        LLVMIntPredicate sign, plain;
    } row[OP_COUNT] = {
        [OP_Eq] = {LLVMRealOEQ, LLVMIntEQ, LLVMIntEQ},
        [OP_Ne] = {LLVMRealUNE, LLVMIntNE, LLVMIntNE},
        [OP_Lt] = {LLVMRealOLT, LLVMIntSLT, LLVMIntULT},
        [OP_Le] = {LLVMRealOLE, LLVMIntSLE, LLVMIntULE},
        [OP_Gt] = {LLVMRealOGT, LLVMIntSGT, LLVMIntUGT},
        [OP_Ge] = {LLVMRealOGE, LLVMIntSGE, LLVMIntUGE},
    };
    if (dtype_is_float(t))
        return LLVMBuildFCmp(g->b, row[op].real, a, b, "");
    if (t == DT_bool)
        return compare_bools(g, op, a, b);
    bool is_signed = MUTANT(emit_compare_signed, dtype_is_signed(t), true);
    return LLVMBuildICmp(g->b, is_signed ? row[op].sign : row[op].plain, a, b, "");
}

LLVMValueRef arith_binary(Gen *g, Op op, DType t, LLVMValueRef a, LLVMValueRef b)
{
    if (op_info[op].flags & OPF_COMPARE)
        return compare(g, op, t, a, b);
    if (dtype_is_float(t))
        return on_floats(g, op, a, b);
    return t == DT_bool ? on_bool(g, op, a, b) : on_integers(g, op, t, a, b);
}

LLVMValueRef arith_neg(Gen *g, DType t, LLVMValueRef a)
{
    if (dtype_is_float(t))
        return LLVMBuildFNeg(g->b, a, "");
    return t == DT_bool ? a : LLVMBuildNeg(g->b, a, "");
}

/* ---- conversions and calls ---- */

static LLVMTypeRef shaped(LLVMTypeRef element, LLVMValueRef like)
{
    LLVMTypeRef t = LLVMTypeOf(like);
    bool vec = LLVMGetTypeKind(t) == LLVMVectorTypeKind;
    return vec ? LLVMVectorType(element, LLVMGetVectorSize(t)) : element;
}

/* `t`'s value v, in as many lanes as `like` has. */
static LLVMValueRef in_lanes(Gen *g, DType t, Scalar v, LLVMValueRef like)
{
    LLVMTypeRef type = LLVMTypeOf(like);
    bool vec = LLVMGetTypeKind(type) == LLVMVectorTypeKind;
    return gen_splat(g, gen_const(g, t, v), vec ? LLVMGetVectorSize(type) : 1);
}

/* Of vectors, for which x86 has no saturating conversion and LLVM takes its lanes apart.  What the
** plain one makes of a lane that is out of range is not looked at. */
static LLVMValueRef saturated(Gen *g, DType to, DType from, LLVMValueRef a)
{
    bool is_signed = dtype_is_signed(to);
    int bits = 8 * (int)dtype_bytes(to) - is_signed;
    DType wide = bits < 31 ? DT_int32 : to; /* one that has an instruction */
    LLVMTypeRef type = shaped(gen_type(g, wide), a);
    double above = ldexp(1, bits), least = is_signed ? -above : 0;
    LLVMValueRef most = in_lanes(g, wide, (Scalar){.i = (int64_t)(UINT64_MAX >> (64 - bits))}, a),
                 none = LLVMConstNull(type), low = none,
                 high = in_lanes(g, from, (Scalar){.f = above}, a),
                 edge = in_lanes(g, from, (Scalar){.f = least}, a);
    if (is_signed)
        low = LLVMBuildNot(g->b, most, "");
    LLVMValueRef n = dtype_is_signed(wide) ? LLVMBuildFPToSI(g->b, a, type, "")
                                           : LLVMBuildFPToUI(g->b, a, type, "");
    n = LLVMBuildSelect(g->b, LLVMBuildFCmp(g->b, LLVMRealOLT, a, high, ""), n, most, "");
    n = LLVMBuildSelect(g->b, LLVMBuildFCmp(g->b, LLVMRealOLT, a, edge, ""), low, n, "");
    n = LLVMBuildSelect(g->b, LLVMBuildFCmp(g->b, LLVMRealUNO, a, a, ""), none, n, "");
    return wide == to ? n : LLVMBuildTrunc(g->b, n, shaped(gen_type(g, to), a), "");
}

static LLVMValueRef float_to_int(Gen *g, DType to, DType from, LLVMValueRef a)
{
    const char *name = dtype_is_signed(to) ? "llvm.fptosi.sat" : "llvm.fptoui.sat";
    LLVMTypeRef target = shaped(gen_type(g, to), a), source = LLVMTypeOf(a);
    if (MUTANT(emit_cast_unsaturated, false, true))
        return LLVMBuildFPToSI(g->b, a, target, "");
    if (!g->target->gpu && LLVMGetTypeKind(source) == LLVMVectorTypeKind)
        return saturated(g, to, from, a);
    return gen_intrinsic(g, name, 2, (LLVMTypeRef[]){target, source}, 1, &a);
}

LLVMValueRef arith_cast(Gen *g, DType to, DType from, LLVMValueRef a)
{
    LLVMTypeRef target = shaped(gen_type(g, to), a), source = LLVMTypeOf(a);
    bool ff = dtype_is_float(from), tf = dtype_is_float(to);
    if (to == from)
        return a;
    if (to == DT_bool)
        return ff ? LLVMBuildFCmp(g->b, LLVMRealUNE, a, LLVMConstNull(source), "")
                  : LLVMBuildICmp(g->b, LLVMIntNE, a, LLVMConstNull(source), "");
    if (ff && tf)
        return to == DT_float64 ? LLVMBuildFPExt(g->b, a, target, "")
                                : LLVMBuildFPTrunc(g->b, a, target, "");
    if (ff)
        return float_to_int(g, to, from, a);
    if (tf)
        return dtype_is_signed(from) ? LLVMBuildSIToFP(g->b, a, target, "")
                                     : LLVMBuildUIToFP(g->b, a, target, "");
    return LLVMBuildIntCast2(g->b, a, target, dtype_is_signed(from), "");
}

LLVMValueRef arith_call(Gen *g, const Node *call, LLVMValueRef a)
{
    static const struct {
        const char *name, *intrinsic;
    } plain[] = {{"sqrt", "llvm.sqrt"},
                 {"floor", "llvm.floor"},
                 {"ceil", "llvm.ceil"},
                 {"round", "llvm.roundeven"},
                 {"trunc", "llvm.trunc"}};
    const char *name = call->at.name;
    LLVMTypeRef t = LLVMTypeOf(a);
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (strcmp(name, plain[i].name) == 0)
            return gen_unary_intrinsic(g, plain[i].intrinsic, a);
    if (strcmp(name, "abs") == 0) {
        if (dtype_is_float((DType)call->type))
            return gen_unary_intrinsic(g, "llvm.fabs", a);
        if (!dtype_is_signed((DType)call->type))
            return a;
        LLVMValueRef args[] = {a, LLVMConstInt(g->i1, 0, 0)};
        return gen_intrinsic(g, "llvm.abs", 1, &t, 2, args);
    }
    if (strcmp(name, "isnan") == 0)
        return LLVMBuildFCmp(g->b, LLVMRealUNO, a, a, "");
    if (strcmp(name, "isinf") == 0) {
        LLVMValueRef inf =
            in_lanes(g, (DType)call->kid[0]->type, (Scalar){.f = __builtin_inf()}, a);
        return LLVMBuildFCmp(g->b, LLVMRealOEQ, gen_unary_intrinsic(g, "llvm.fabs", a), inf, "");
    }
    if (strcmp(name, "reinterpret") == 0)
        return LLVMBuildBitCast(g->b, a, shaped(gen_type(g, (DType)call->type), a), "");
    if (!g->failed)
        FAIL(g->err, llvm_no_function, call, name);
    gen_fail(g);
    return LLVMGetPoison(shaped(gen_type(g, (DType)call->type), a));
}

/* Maximum and minimum as LLVM means them, in the fewest operations that wait for acc, one after
** another in a chain of updates: two instructions of x86 that give the second of equals, -0 and 0
** among them, whose bits are joined; and a comparison beside them that finds NaN. */
static LLVMValueRef extreme_so_far(Gen *g, Combiner c, DType t, LLVMValueRef acc, LLVMValueRef v)
{
    LLVMTypeRef same = LLVMTypeOf(acc),
                bits = shaped(LLVMIntTypeInContext(g->ctx, (unsigned)(8 * dtype_bytes(t))), acc);
    LLVMRealPredicate beyond = c == COMB_max ? LLVMRealOGT : LLVMRealOLT;
    LLVMValueRef of[2][2] = {{v, acc}, {acc, v}}, end[2];
    for (int i = 0; i < 2; i++) {
        LLVMValueRef first = LLVMBuildFCmp(g->b, beyond, of[i][0], of[i][1], "");
        end[i] =
            LLVMBuildBitCast(g->b, LLVMBuildSelect(g->b, first, of[i][0], of[i][1], ""), bits, "");
    }
    LLVMValueRef both = c == COMB_max ? LLVMBuildAnd(g->b, end[0], end[1], "")
                                      : LLVMBuildOr(g->b, end[0], end[1], "");
    LLVMValueRef nan = LLVMBuildFCmp(g->b, LLVMRealUNO, acc, v, "");
    return LLVMBuildSelect(g->b, nan, in_lanes(g, t, (Scalar){.f = __builtin_nan("")}, acc),
                           LLVMBuildBitCast(g->b, both, same, ""), "");
}

LLVMValueRef arith_combine(Gen *g, Combiner c, DType t, LLVMValueRef acc, LLVMValueRef v)
{
    static const Op op[COMB_COUNT] = {
        [COMB_sum] = OP_Add, [COMB_prod] = OP_Mul, [COMB_max] = OP_Max, [COMB_min] = OP_Min};
    if ((c == COMB_max || c == COMB_min) && dtype_is_float(t) && !g->target->gpu)
        return extreme_so_far(g, c, t, acc, v);
    return arith_binary(g, op[c], t, acc, v);
}
