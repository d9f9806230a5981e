/* power.c -- Pow: a to the power b, in a's type.
**
** Integers are multiplied, and wrap as products do, for any integer exponent, as numpy's are.
** (ONNX Runtime goes through float64, which knows no product above 2^53.)  An integer with a float
** exponent is computed in float64 and cut off, and a float takes the wider of the two types: numpy
** again, and with it ONNX's reference.
*/
#include <math.h>

#include "core/base/buf.h"
#include "core/graph/ops/lower.h"

/* The exponent, where it is one integer that is known, and not negative. */
static bool known_exponent(LowerCall *l, uint64_t *e)
{
    const int64_t *v;
    size_t n;
    GType b = lower_type(l, 1);
    if (!dtype_is_int(b.dtype) || gtype_elements(b) != 1 || !call_const_ints(&l->call, 1, &v, &n) ||
        v[0] < 0)
        return false;
    *e = (uint64_t)v[0];
    return true;
}

/* "let p1 = … in p0 * …": the product of those a^(2^k) whose bits are set in the exponent, which is
** the integer `b` or, where it is known, `e`.  Two bits a time: pj is a^(4^j). */
static const char *squarings(Arena *A, int bits, bool known, uint64_t e)
{
    Buf powers = buf_new(A), product = buf_new(A);
    buf_puts(&powers, known ? "let p0 = a in " : "let p0 = a in let e = b in ");
    for (int j = 0; 2 * j < bits && (!known || e >> 2 * j); j++) {
        const char *times = product.len ? " * " : "";
        if (j > 0)
            buf_printf(&powers, "let p%d = p%d * p%d * (p%d * p%d) in ", j, j - 1, j - 1, j - 1,
                       j - 1);
        if (!known)
            buf_printf(
                &product,
                "%sselect((e >> %d & 1) == 0, 1, p%d) * select((e >> %d & 1) == 0, 1, p%d * p%d)",
                times, 2 * j, j, 2 * j + 1, j, j);
        else
            for (uint64_t digit = e >> 2 * j & 3; digit; digit--, times = " * ")
                buf_printf(&product, "%sp%d", times, j);
    }
    return arena_printf(A, "%s%s", buf_str(&powers), buf_str(&product));
}

/* Of w bits' integers only the w - 2 low bits of an exponent count: for an odd base powers repeat
** after 2^(w-2), and an even one has none but 0 from 2^w on.  A negative exponent leaves of 1 and
** -1 what they are; the reciprocal of another number is cut off to 0, which stands for that of 0,
** too. */
static const Node *integer_power(LowerCall *l, const Node *a, const Node *b)
{
    DType t = (DType)a->type, tb = (DType)b->type;
    int width = dtype_info[t].bits, room = dtype_info[tb].bits - dtype_is_signed(tb);
    int bits = room < width - 2 ? room : width - 2;
    FormulaArg arg[] = {{"a", a}, {"b", te_cast(l->te, t, b)}};
    const Node *r = lower_formula(l, squarings(l->call.A, bits, false, 0), t, 2, arg);
    if (!r)
        return NULL;
    if (room > bits) {
        const Node *high = te_op(l->te, OP_Ge, b, te_num(l->te, tb, ldexp(1, bits)));
        const Node *even = lower_formula(l, "(a & 1) == 0", DT_bool, 1, arg);
        r = te_select(l->te, te_op(l->te, OP_And, high, even), te_num(l->te, t, 0), r);
    }
    if (!dtype_is_signed(tb))
        return r;
    const char *below = dtype_is_signed(t)
                            ? "select(a == 1, 1, select(a == -1, select((b & 1) == 0, 1, -1), 0))"
                            : "select(a == 1, 1, 0)";
    return te_select(l->te, te_op(l->te, OP_Lt, b, te_num(l->te, tb, 0)),
                     lower_formula(l, below, t, 2, arg), r);
}

/* An integer to a float's power, in float64.  What is an integer but for the last places of `pow`
** is that integer, which cutting off would miss by 1. */
static const Node *cut_off(LowerCall *l, const Node *a, const Node *b)
{
    FormulaArg arg[] = {{"a", te_cast(l->te, DT_float64, a)}, {"b", te_cast(l->te, DT_float64, b)}};
    const Node *p = lower_formula(
        l, "let p = pow(a, b) in let r = round(p) in select(abs(p - r) <= abs(p) * 1e-15, r, p)",
        DT_float64, 2, arg);
    return p ? te_cast(l->te, (DType)a->type, p) : NULL;
}

/* What is much faster than `pow`, and gives what that gives to a unit in the last place, zeros and
** infinities included: the root of -0 is 0, that of -inf inf. */
static const char *float_power(LowerCall *l)
{
    static const struct {
        double exponent;
        const char *text;
    } quick[] = {{0.5, "select(a == -inf, inf, sqrt(a + 0.0))"},
                 {1, "a"},
                 {2, "a * a"},
                 {3, "a * a * a"},
                 {-1, "1 / a"},
                 {-0.5, "select(a == -inf, 0, 1 / sqrt(a + 0.0))"}};
    double b;
    if (gtype_elements(lower_type(l, 1)) == 1 && call_const_number(&l->call, 1, &b))
        for (size_t i = 0; i < sizeof quick / sizeof quick[0]; i++)
            if (quick[i].exponent == b)
                return quick[i].text;
    return NULL;
}

const Node *lower_power(LowerCall *l, const Axes *ax)
{
    const Node *a = lower_load(l, 0, ax);
    DType t = (DType)a->type, tb = lower_type(l, 1).dtype;
    uint64_t e;
    if (dtype_is_int(t) && known_exponent(l, &e)) {
        const char *text = e == 0   ? "1"
                           : e == 1 ? "a"
                           : e == 2 ? "a * a"
                           : e == 3 ? "a * a * a"
                                    : squarings(l->call.A, 63, true, e);
        return lower_formula(l, text, t, 1, (FormulaArg[]){{"a", a}});
    }
    const char *quick = dtype_is_float(t) ? float_power(l) : NULL;
    if (quick)
        return lower_formula(l, quick, t, 1, (FormulaArg[]){{"a", a}});
    const Node *b = lower_load(l, 1, ax);
    if (dtype_is_int(t))
        return dtype_is_float(tb) ? cut_off(l, a, b) : integer_power(l, a, b);
    DType in = tb == DT_float64 || (dtype_is_int(tb) && dtype_bytes(tb) >= 4) ? DT_float64 : t;
    FormulaArg arg[] = {{"a", te_cast(l->te, in, a)}, {"b", te_cast(l->te, in, b)}};
    const Node *p = lower_formula(l, "pow(a, b)", in, 2, arg);
    return p ? te_cast(l->te, t, p) : NULL;
}
