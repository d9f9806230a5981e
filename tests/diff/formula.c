/* formula.c -- formulas of one element, chosen by a stage's variant, exact where they must be. */
#include "tests/diff/build.h"

static bool exact_float(const Build *b, DType t)
{
    return b->spec->exact && dtype_is_float(t);
}

const Node *within(Build *b, const Node *e, double *bound, double most)
{
    if (!exact_float(b, (DType)e->type) || *bound <= most)
        return e;
    *bound = most;
    DType t = (DType)e->type;
    return te_max(b->te, te_min(b->te, e, te_num(b->te, t, most)), te_num(b->te, t, -most));
}

double whole_limit(DType t)
{
    return t == DT_float64 ? 0x1p52 : 0x1p24;
}

const Node *to_type(Build *b, const Node *e, DType t, double *bound)
{
    if (e->type == t)
        return e;
    if (e->type == DT_bool)
        *bound = 1;
    else if (exact_float(b, t) && !dtype_is_float((DType)e->type)) {
        e = te_op(b->te, OP_FloorMod, e, te_num(b->te, (DType)e->type, 8));
        *bound = 8;
    }
    if (dtype_is_float(t))
        e = within(b, e, bound, whole_limit(t));
    return te_cast(b->te, t, e);
}

const Node *num(Build *b, double v)
{
    return te_num(b->te, b->out.type, v);
}

const Node *arith(Build *b, Op op, const Node *x, const Node *y)
{
    static const Op on_bool[OP_COUNT] = {
        [OP_Add] = OP_BitOr, [OP_Sub] = OP_BitXor, [OP_Mul] = OP_BitAnd,  [OP_Min] = OP_And,
        [OP_Max] = OP_Or,    [OP_Div] = OP_Ne,     [OP_FloorDiv] = OP_Le, [OP_FloorMod] = OP_Gt};
    return te_op(b->te, x->type == DT_bool && on_bool[op] ? on_bool[op] : op, x, y);
}

/* What only a program whose order is fixed may do: roundings, and functions. */
static const Node *rounding(Build *b, const Node *x)
{
    static const char *const functions[] = {"sqrt", "floor", "exp", "tanh"};
    int way = b->stage->way;
    if (way < 4)
        return te_add(b->te, te_mul(b->te, x, num(b, 0.1)), num(b, 1.0 / 3 - way));
    return te_call(b->te, functions[way - 4], x);
}

const Node *unary(Build *b, const Node *x, double *bound)
{
    Te *te = b->te;
    bool fl = dtype_is_float((DType)x->type), sg = dtype_is_signed((DType)x->type) || fl;
    const Node *one = num(b, 1), *k = num(b, 1 + b->stage->way);
    x = within(b, x, bound, 0x1p20);
    switch (b->stage->variant % 8) {
    case 0:
        *bound = *bound * 2 + 1;
        return fl && !b->spec->exact ? rounding(b, x)
                                     : arith(b, OP_Add, arith(b, OP_Mul, x, num(b, 2)), one);
    case 1: *bound += 8; return arith(b, OP_Sub, x, k);
    case 2: *bound += 8; return arith(b, OP_Max, x, k);
    case 3: *bound += 8; return arith(b, OP_Min, x, k);
    case 4:
        *bound += 2;
        return te_select(te, te_op(te, OP_Gt, x, one), arith(b, OP_Sub, x, num(b, 2)), x);
    case 5:
        *bound += 1;
        return fl && b->stage->way & 1
                   ? te_call(te, "abs", x)
                   : arith(b, OP_FloorDiv, x, num(b, sg ? -1 - b->stage->way : 3));
    case 6: *bound += 8; return arith(b, OP_FloorMod, x, k);
    default:
        if (fl)
            return te_select(te, te_op(te, OP_Lt, x, num(b, 0)), one, x);
        return te_op(te, OP_BitXor,
                     te_op(te, b->stage->way & 1 ? OP_Shl : OP_Shr, x, num(b, 5 * b->stage->way)),
                     num(b, 5));
    }
}

const Node *binary(Build *b, const Node *x, const Node *y, double *bound, double ybound)
{
    static const Op ops[] = {OP_Add, OP_Sub,      OP_Mul,      OP_Min,
                             OP_Max, OP_FloorMod, OP_FloorDiv, OP_Div};
    Op op = ops[b->stage->variant % 8];
    if (exact_float(b, (DType)x->type) && op >= OP_Div && op != OP_FloorMod)
        op = OP_Sub; /* a quotient rounds, or is infinite */
    double most = op == OP_Mul ? 0x1p11 : 0x1p22;
    x = within(b, x, bound, most);
    y = within(b, y, &ybound, most);
    *bound = op == OP_Mul ? *bound * ybound : *bound + ybound;
    return arith(b, op, x, y);
}
