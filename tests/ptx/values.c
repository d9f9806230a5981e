/* values.c -- operations that make a value of values, as the PTX ISA defines each. */
#include <math.h>
#include <string.h>

#include "tests/ptx/module.h"

/* What an operation gives where the ISA says that nobody knows. */
static const uint64_t nobody_knows = UINT64_C(0x5bd1e995a7c3f1d9);

static bool is_signed(const PtxInst *i)
{
    return ptx_type[i->type].kind == KIND_SIGNED;
}

static unsigned bits_of(const PtxInst *i)
{
    return ptx_type[i->type].bits;
}

/* ---- integers ---- */

#define INTEGER(name, expression)                                \
    uint64_t ptx_int_##name(const PtxInst *i, const uint64_t *x) \
    {                                                            \
        (void)i;                                                 \
        return expression;                                       \
    }
#define LESS_THAN(a, b) (is_signed(i) ? (int64_t)(a) < (int64_t)(b) : (a) < (b))

INTEGER(add, x[0] + x[1])
INTEGER(sub, x[0] - x[1])
INTEGER(mul, x[0] * x[1])
INTEGER(mad, x[0] * x[1] + x[2])
INTEGER(mad_hi, ptx_int_mul_hi(i, x) + x[2])
INTEGER(abs, (int64_t)x[0] < 0 ? 0 - x[0] : x[0])
INTEGER(neg, 0 - x[0])
INTEGER(min, LESS_THAN(x[0], x[1]) ? x[0] : x[1])
INTEGER(max, LESS_THAN(x[0], x[1]) ? x[1] : x[0])
INTEGER(and, x[0] & x[1])
INTEGER(or, x[0] | x[1])
INTEGER(xor, x[0] ^ x[1])
INTEGER(not, ~x[0])
INTEGER(shl, x[1] < bits_of(i) ? x[0] << x[1] : 0)

uint64_t ptx_int_mul_hi(const PtxInst *i, const uint64_t *x)
{
    __extension__ typedef unsigned __int128 Wide;
    Wide a = x[0], b = x[1];
    if (is_signed(i) && (int64_t)x[0] < 0)
        a |= ~(Wide)UINT64_MAX;
    if (is_signed(i) && (int64_t)x[1] < 0)
        b |= ~(Wide)UINT64_MAX;
    return (uint64_t)(a * b >> bits_of(i));
}

/* By zero, and of the least integer by -1, there is no quotient. */
uint64_t ptx_int_div(const PtxInst *i, const uint64_t *x)
{
    uint64_t least = ptx_extend(UINT64_C(1) << (bits_of(i) - 1), i->type);
    if (!x[1] || (is_signed(i) && x[0] == least && x[1] == UINT64_MAX))
        return nobody_knows;
    return is_signed(i) ? (uint64_t)((int64_t)x[0] / (int64_t)x[1]) : x[0] / x[1];
}

/* "The behavior for negative numbers is machine-dependent." */
uint64_t ptx_int_rem(const PtxInst *i, const uint64_t *x)
{
    if (!x[1] || (is_signed(i) && ((int64_t)x[0] < 0 || (int64_t)x[1] < 0)))
        return nobody_knows;
    return x[0] % x[1];
}

/* "Shift amounts greater than the register width N are clamped to N." */
uint64_t ptx_int_shr(const PtxInst *i, const uint64_t *x)
{
    bool fill = is_signed(i) && (int64_t)x[0] < 0;
    if (x[1] >= bits_of(i))
        return fill ? UINT64_MAX : 0;
    return fill ? ~(~x[0] >> x[1]) : x[0] >> x[1];
}

uint64_t ptx_int_bfe(const PtxInst *i, const uint64_t *x)
{
    unsigned bits = bits_of(i), pos = x[1] & 255, len = x[2] & 255,
             last = pos + len - 1 < bits ? pos + len - 1 : bits - 1;
    bool sign = is_signed(i) && len && (x[0] >> last & 1);
    uint64_t d = 0;
    for (unsigned k = 0; k < bits; k++)
        d |= (k < len && pos + k < bits ? x[0] >> (pos + k) & 1 : (uint64_t)sign) << k;
    return d;
}

uint64_t ptx_int_bfi(const PtxInst *i, const uint64_t *x)
{
    unsigned pos = x[2] & 255, len = x[3] & 255;
    uint64_t f = x[1];
    for (unsigned k = 0; k < len && pos + k < bits_of(i); k++)
        f = (f & ~(UINT64_C(1) << (pos + k))) | (x[0] >> k & 1) << (pos + k);
    return f;
}

/* Each nibble of x[2] picks one of eight bytes, or its sign eight times. */
uint64_t ptx_int_prmt(const PtxInst *i, const uint64_t *x)
{
    (void)i;
    uint64_t from = x[1] << 32 | x[0], d = 0;
    for (unsigned k = 0; k < 4; k++) {
        unsigned pick = x[2] >> (4 * k) & 15;
        uint64_t byte = from >> (8 * (pick & 7)) & 255;
        if (pick & 8)
            byte = byte & 128 ? 255 : 0;
        d |= byte << (8 * k);
    }
    return d;
}

/* ---- floats ---- */

static float single(uint64_t bits)
{
    uint32_t low = (uint32_t)bits;
    float v;
    memcpy(&v, &low, sizeof v);
    return v;
}

static double real(uint64_t bits)
{
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* A NaN in single precision is the canonical one. */
static uint64_t of_single(float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return isnan(v) ? 0x7fffffff : bits;
}

static uint64_t of_real(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

#define A32 single(x[0])
#define B32 single(x[1])
#define C32 single(x[2])
#define A64 real(x[0])
#define B64 real(x[1])
#define C64 real(x[2])
#define FLOAT(name, in32, in64)                                       \
    uint64_t ptx_float_##name(const PtxInst *i, const uint64_t *x)    \
    {                                                                 \
        return i->type == TYPE_f32 ? of_single(in32) : of_real(in64); \
    }

FLOAT(add, A32 + B32, A64 + B64)
FLOAT(sub, A32 - B32, A64 - B64)
FLOAT(mul, (A32) * (B32), (A64) * (B64))
FLOAT(div, A32 / B32, A64 / B64)
FLOAT(fma, fmaf(A32, B32, C32), fma(A64, B64, C64))
FLOAT(sqrt, sqrtf(A32), sqrt(A64))
FLOAT(rcp, 1 / A32, 1 / A64)
FLOAT(abs, fabsf(A32), fabs(A64))
FLOAT(neg, -A32, -A64)

/* A float's value, whichever its type. */
static double value_of(unsigned type, uint64_t x)
{
    return type == TYPE_f32 ? (double)single(x) : real(x);
}

/* "If only one is NaN, the result is the other": with .NaN it is NaN.  -0 is less than +0. */
static uint64_t lesser(const PtxInst *i, uint64_t a, uint64_t b, double sign)
{
    double p = sign * value_of(i->type, a), q = sign * value_of(i->type, b);
    uint64_t nan = i->type == TYPE_f32 ? of_single(NAN) : of_real((double)NAN);
    if (isnan(p) || isnan(q))
        return i->modifiers & M(NaN) || (isnan(p) && isnan(q)) ? nan : isnan(p) ? b : a;
    return p < q || (p == q && signbit(p)) ? a : b;
}

uint64_t ptx_float_min(const PtxInst *i, const uint64_t *x)
{
    return lesser(i, x[0], x[1], 1);
}

uint64_t ptx_float_max(const PtxInst *i, const uint64_t *x)
{
    return lesser(i, x[0], x[1], -1);
}

/* ---- choices ---- */

uint64_t ptx_compare(const PtxInst *i, const uint64_t *x)
{
    if (ptx_type[i->type].kind == KIND_FLOAT) {
        double a = value_of(i->type, x[0]), b = value_of(i->type, x[1]);
        int relation = a < b ? LESS : a > b ? GREATER : a == b ? EQUAL : UNORDERED;
        return (i->holds & relation) != 0;
    }
    int relation = x[0] == x[1] ? EQUAL : LESS_THAN(x[0], x[1]) ? LESS : GREATER;
    return (i->holds & relation) != 0;
}

uint64_t ptx_select(const PtxInst *i, const uint64_t *x)
{
    (void)i;
    return x[2] ? x[0] : x[1];
}

/* ---- conversions ---- */

uint64_t ptx_int_of_int(const PtxInst *i, const uint64_t *x)
{
    (void)i;
    return x[0];
}

static double rounded(const PtxInst *i, double v)
{
    uint32_t m = i->modifiers;
    return m & M(rni) ? rint(v) : m & M(rzi) ? trunc(v) : m & M(rmi) ? floor(v) : ceil(v);
}

uint64_t ptx_float_rounded(const PtxInst *i, const uint64_t *x)
{
    double v = rounded(i, value_of(i->type, x[0]));
    return i->type == TYPE_f32 ? of_single((float)v) : of_real(v);
}

/* "The result is clamped to the destination range by default"; NaN is 0 from .f32 to at most 32
** bits, else the highest bit alone. */
uint64_t ptx_int_of_float(const PtxInst *i, const uint64_t *x)
{
    double v = rounded(i, value_of(i->from, x[0]));
    unsigned bits = bits_of(i);
    uint64_t top = UINT64_C(1) << (bits - 1);
    double past = is_signed(i) ? (double)top : 2 * (double)top;
    if (isnan(v))
        return i->from == TYPE_f32 && bits < 64 ? 0 : top;
    if (v >= past)
        return is_signed(i) ? top - 1 : top | (top - 1);
    if (!is_signed(i))
        return v <= 0 ? 0 : (uint64_t)v;
    return v < -past ? top : (uint64_t)(int64_t)v;
}

uint64_t ptx_float_of_int(const PtxInst *i, const uint64_t *x)
{
    bool has_sign = ptx_type[i->from].kind == KIND_SIGNED;
    if (i->type == TYPE_f32)
        return of_single(has_sign ? (float)(int64_t)x[0] : (float)x[0]);
    return of_real(has_sign ? (double)(int64_t)x[0] : (double)x[0]);
}

uint64_t ptx_float_of_float(const PtxInst *i, const uint64_t *x)
{
    return i->type == TYPE_f32 ? of_single((float)real(x[0])) : of_real((double)single(x[0]));
}

/* cvta: an address of a space as one that ld without a space takes; with .to the way back. */
uint64_t ptx_generic_address(const PtxInst *i, const uint64_t *x)
{
    uint64_t window = i->modifiers & M(shared)  ? SHARED_WINDOW
                      : i->modifiers & M(local) ? LOCAL_WINDOW
                                                : 0;
    return i->modifiers & M(to) ? x[0] - window : x[0] + window;
}
