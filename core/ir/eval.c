/* eval.c -- what the binary operators give on literals: the arithmetic of docs/semantics.md. */
#include "core/ir/ir.h"

#include <math.h>

static double round_to(DType t, double v)
{
    return t == DT_float32 ? (double)(float)v : v;
}

/* min and max as IEEE 754-2019 minimum and maximum: NaN wins, and -0 < +0. */
static double float_min(double a, double b)
{
    if (isnan(a) || isnan(b))
        return NAN;
    return a < b || (a == b && signbit(a)) ? a : b;
}

static double float_max(double a, double b)
{
    if (isnan(a) || isnan(b))
        return NAN;
    return a > b || (a == b && !signbit(a)) ? a : b;
}

static double float_mod(double a, double b)
{
    double r = fmod(a, b);
    if (r != 0 && (r < 0) != (b < 0))
        r += b;
    return r == 0 ? copysign(0, b) : r;
}

static Scalar eval_float(Op op, DType t, double a, double b)
{
    switch (op) {
    case OP_Add: return (Scalar){.f = round_to(t, a + b)};
    case OP_Sub: return (Scalar){.f = round_to(t, a - b)};
    case OP_Mul: return (Scalar){.f = round_to(t, a * b)};
    case OP_Div: return (Scalar){.f = round_to(t, a / b)};
    case OP_FloorDiv: return (Scalar){.f = floor(round_to(t, a / b))};
    case OP_FloorMod: return (Scalar){.f = round_to(t, float_mod(a, b))};
    case OP_Min: return (Scalar){.f = float_min(a, b)};
    case OP_Max: return (Scalar){.f = float_max(a, b)};
    case OP_Eq: return (Scalar){.i = a == b};
    case OP_Ne: return (Scalar){.i = a != b};
    case OP_Lt: return (Scalar){.i = a < b};
    case OP_Le: return (Scalar){.i = a <= b};
    case OP_Gt: return (Scalar){.i = a > b};
    case OP_Ge: return (Scalar){.i = a >= b};
    default: break;
    }
    assert(!"an operator on floats");
    return (Scalar){0};
}

static int64_t signed_div(Op op, int64_t a, int64_t b)
{
    if (b == 0)
        return 0;
    if (b == -1) /* the quotient may not fit, and wraps */
        return op == OP_FloorMod ? 0 : (int64_t)(0 - (uint64_t)a);
    int64_t q = a / b, r = a % b;
    bool down = r != 0 && (r < 0) != (b < 0);
    if (op == OP_FloorMod)
        return down ? r + b : r;
    return op == OP_FloorDiv && down ? q - 1 : q;
}

static int64_t shift(Op op, DType t, int64_t a, int64_t b)
{
    bool wide = b < 0 || b >= dtype_info[t].bits;
    if (op == OP_Shl)
        return wide ? 0 : (int64_t)((uint64_t)a << b);
    if (dtype_is_signed(t))
        return a >> (wide ? 63 : b);
    return wide ? 0 : (int64_t)((uint64_t)a >> b);
}

static int64_t eval_unsigned(Op op, uint64_t a, uint64_t b)
{
    switch (op) {
    case OP_Div:
    case OP_FloorDiv: return b ? (int64_t)(a / b) : 0;
    case OP_FloorMod: return b ? (int64_t)(a % b) : 0;
    case OP_Min: return (int64_t)(a < b ? a : b);
    case OP_Max: return (int64_t)(a > b ? a : b);
    case OP_Lt: return a < b;
    case OP_Le: return a <= b;
    case OP_Gt: return a > b;
    default: return a >= b;
    }
}

static int64_t eval_signed(Op op, int64_t a, int64_t b)
{
    switch (op) {
    case OP_Min: return a < b ? a : b;
    case OP_Max: return a > b ? a : b;
    case OP_Lt: return a < b;
    case OP_Le: return a <= b;
    case OP_Gt: return a > b;
    case OP_Ge: return a >= b;
    default: return signed_div(op, a, b);
    }
}

static int64_t eval_int(Op op, DType t, int64_t a, int64_t b)
{
    switch (op) {
    case OP_Or: return a || b;
    case OP_And: return a && b;
    case OP_Add: return (int64_t)((uint64_t)a + (uint64_t)b);
    case OP_Sub: return (int64_t)((uint64_t)a - (uint64_t)b);
    case OP_Mul: return (int64_t)((uint64_t)a * (uint64_t)b);
    case OP_BitAnd: return a & b;
    case OP_BitOr: return a | b;
    case OP_BitXor: return a ^ b;
    case OP_Shl:
    case OP_Shr: return shift(op, t, a, b);
    case OP_Eq: return a == b;
    case OP_Ne: return a != b;
    default: break;
    }
    return dtype_is_signed(t) ? eval_signed(op, a, b) : eval_unsigned(op, (uint64_t)a, (uint64_t)b);
}

Scalar ir_eval_binary(Op op, DType t, Scalar a, Scalar b)
{
    if (dtype_is_float(t))
        return eval_float(op, t, a.f, b.f);
    int64_t v = eval_int(op, t, a.i, b.i);
    bool truth = op_info[op].flags & (OPF_COMPARE | OPF_LOGIC);
    return (Scalar){.i = truth ? v : dtype_wrap(t, v)};
}
