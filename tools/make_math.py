#!/usr/bin/env python3
"""Writes core/ir/math.def: the rows' texts with their coefficients.

Polynomials are Taylor sections where those converge fast (exp, log, sin, cos, erf near 0), and Chebyshev interpolants
of erf elsewhere, from series summed in 60 digits.  Run it as  tools/make_math.py > core/ir/math.def
"""
from decimal import Decimal as D, getcontext
from fractions import Fraction as F
from math import factorial

getcontext().prec = 60
PI = D("3.14159265358979323846264338327950288419716939937510582097494459")
LN2 = D(2).ln()


def lit(x, bits):
    import struct
    v = float(x)
    if bits == 32:
        v = struct.unpack("f", struct.pack("f", v))[0]
    for digits in range(6, 18):
        text = "%.*g" % (digits, v)
        back = float(text)
        if bits == 32:
            back = struct.unpack("f", struct.pack("f", back))[0]
        if back == v:
            break
    return text if any(c in text for c in ".e") else text + ".0"


def horner(var, coefficients, bits):
    """c0 + var*(c1 + var*(c2 + …)) by fused multiply-adds."""
    text = lit(coefficients[-1], bits)
    if len(coefficients) == 1:
        return text
    for c in reversed(coefficients[:-1]):
        text = "fma(%s, %s, %s)" % (var, text, lit(c, bits))
    return text


def split_hi_lo(x, bits):
    """hi with few bits, so that small multiples of it are exact, and what is left."""
    keep = 12 if bits == 32 else 32
    scale = D(2) ** keep
    hi = (x * scale).to_integral_value() / scale
    return hi, x - hi


def lets(pairs, body):
    text = ""
    for name, value in pairs:
        text += "(let %s = %s in " % (name, value)
    return text + body + ")" * len(pairs)


class Type:
    def __init__(self, bits):
        self.bits, self.name = bits, "float%d" % bits
        self.int = "int%d" % bits
        self.bias, self.shift = (127, 23) if bits == 32 else (1023, 52)
        self.exp_terms = 8 if bits == 32 else 14
        self.exp_max, self.exp_min = (89, -104) if bits == 32 else (710, -746)
        self.log_terms = 5 if bits == 32 else 11
        self.tiny, self.up = ("1.17549435e-38", 25) if bits == 32 else ("2.2250738585072014e-308", 54)
        self.half = 0x3F3504F3 if bits == 32 else 0x3FE6A09E667F3BCD


def reduced(t):
    hi, lo = split_hi_lo(LN2, t.bits)
    return [("n", "round(c * %s)" % lit(1 / LN2, t.bits)),
            ("r", "fma(n, %s, fma(n, %s, c))" % (lit(-lo, t.bits), lit(-hi, t.bits))),
            ("i", "%s(n)" % t.int), ("h", "i >> 1")]


def two_to(t, i):
    return "reinterpret(%s, (%s + %d) << %d)" % (t.name, i, t.bias, t.shift)


def exp_text(t):
    c = [F(1, factorial(k)) for k in range(t.exp_terms)]
    pairs = [("c", "max(min(x, %d.0), %d.0)" % (t.exp_max, t.exp_min))] + reduced(t)
    return lets(pairs, "%s * %s * %s" % (horner("r", c, t.bits), two_to(t, "h"), two_to(t, "(i - h)")))


def exp2_text(t):
    """x - round(x) is exact, so only its product with ln 2 rounds."""
    c = [F(1, factorial(k)) for k in range(t.exp_terms)]
    top, low = (129, -151) if t.bits == 32 else (1025, -1076)
    pairs = [("c", "max(min(x, %d.0), %d.0)" % (top, low)), ("n", "round(c)"),
             ("r", "(c - n) * %s" % lit(LN2, t.bits)), ("i", "%s(n)" % t.int), ("h", "i >> 1")]
    return lets(pairs, "%s * %s * %s" % (horner("r", c, t.bits), two_to(t, "h"), two_to(t, "(i - h)")))


def expm1_text(t):
    c = [F(1, factorial(k)) for k in range(1, t.exp_terms + 1)]
    pairs = [("c", "max(min(x, %d.0), %d.0)" % (t.exp_max, -40 if t.bits == 32 else -80))] + reduced(t)
    pairs += [("q", "r * " + horner("r", c, t.bits)), ("s", two_to(t, "h")), ("u", two_to(t, "(i - h)")),
              ("w", "fma(s, u, -1.0)")]
    body = "select(x == 0.0, x, select(i == 0, q, select(h > %d, exp(x), fma(s * q, u, w))))" % (
        30 if t.bits == 32 else 255)
    return lets(pairs, body)


def log_text(t):
    hi, lo = split_hi_lo(LN2, t.bits)
    c = [F(2, 2 * k + 1) for k in range(1, t.log_terms + 1)]
    pairs = [
        ("d", "x < %s" % t.tiny),
        ("b", "reinterpret(%s, select(d, x * %s, x))" % (t.int, lit(2 ** t.up, t.bits))),
        ("e", "(b - %d) >> %d" % (t.half, t.shift)),
        ("f", "reinterpret(%s, b - (e << %d)) - 1.0" % (t.name, t.shift)),
        ("k", "%s(select(d, e - %d, e))" % (t.name, t.up)),
        ("s", "f / (2.0 + f)"), ("z", "s * s"), ("g", "0.5 * f * f"),
        ("r", "z * " + horner("z", c, t.bits)),
    ]
    # log(1 + f) = f - (g - s * (g + r)), as s = f / (2 + f)
    value = "fma(k, %s, f - (g - fma(s, g + r, k * %s)))" % (lit(hi, t.bits), lit(lo, t.bits))
    body = ("select(x > 0.0, select(isinf(x), x, %s), select(x == 0.0, -inf, nan))" % value)
    return lets(pairs, body)


def erf_series(x):
    x = D(x)
    total, term, n = D(0), x, 0
    while abs(term) > D(10) ** -58:
        total += term / (2 * n + 1)
        n += 1
        term *= -x * x / n
    return 2 * total / PI.sqrt()


def cos_d(x):
    total, term, n = D(0), D(1), 0
    while abs(term) > D(10) ** -58:
        total += term
        n += 2
        term *= -x * x / (n * (n - 1))
    return total


def chebyshev(f, a, b, degree):
    """The interpolant at Chebyshev points as a polynomial in u = x - (a + b)/2, by Newton's divided differences."""
    mid, half = (D(a) + D(b)) / 2, (D(b) - D(a)) / 2
    points = [half * cos_d(PI * (2 * k + 1) / (2 * degree + 2)) for k in range(degree + 1)]
    table = [f(mid + p) for p in points]
    for j in range(1, degree + 1):
        for k in range(degree, j - 1, -1):
            table[k] = (table[k] - table[k - 1]) / (points[k] - points[k - j])
    poly = [D(0)]
    for k in range(degree, -1, -1):  # poly = poly * (u - points[k]) + table[k]
        shifted = [D(0)] + poly
        poly = [s - points[k] * p for s, p in zip(shifted, poly + [D(0)])]
        poly[0] += table[k]
    while len(poly) > degree + 1:
        poly.pop()
    return mid, poly


def erf_text(t):
    terms = 12 if t.bits == 32 else 21
    near = [D((-1) ** n * 2) / (PI.sqrt() * factorial(n) * (2 * n + 1)) for n in range(terms)]
    pieces = [(1, 2, 10), (2, 4, 13)] if t.bits == 32 else [(1, 2, 18), (2, 3, 18), (3, 4.5, 19), (4.5, 6, 19)]
    text = "1.0"
    for a, b, degree in reversed(pieces):
        mid, poly = chebyshev(erf_series, a, b, degree)
        text = "select(a < %s, (let u = a - %s in %s), %s)" % (lit(b, t.bits), lit(mid, t.bits),
                                                              horner("u", poly, t.bits), text)
    far = lets([("v", text)], "select(x < 0.0, -v, v)")
    body = "select(isnan(x), x, select(a < 1.0, x * %s, %s))" % (
        "(let z = x * x in %s)" % horner("z", near, t.bits), far)
    return lets([("a", "abs(x)")], body)


def trig_text(t, is_cos):
    parts, rest = [], PI / 2
    for _ in range(3):
        keep = 10 if t.bits == 32 else 30
        import math
        e = math.floor(math.log2(float(rest)))
        scale = D(2) ** (keep - e)
        part = D(int(rest * scale)) / scale
        parts.append(part)
        rest -= part
    parts.append(rest)
    r = "x"
    for p in parts:
        r = "fma(n, %s, %s)" % (lit(-p, t.bits), r)
    count = 6 if t.bits == 32 else 10
    s = [F((-1) ** k, factorial(2 * k + 1)) for k in range(count)]
    c = [F((-1) ** k, factorial(2 * k)) for k in range(count + 1)]
    q = "i + 1" if is_cos else "i"
    pairs = [("n", "round(x * %s)" % lit(2 / PI, t.bits)), ("r", r), ("z", "r * r"), ("i", "%s(n)" % t.int),
             ("q", q),
             ("v", "select((q & 1) == 0, r * %s, %s)" % (horner("z", s, t.bits), horner("z", c, t.bits)))]
    body = "select(isinf(x), nan, select((q & 2) == 0, v, -v))"
    if not is_cos:
        body = "select(x == 0.0, x, %s)" % body
    return lets(pairs, body)


def big_reduction():
    """|x| >= 2^30 modulo pi/2, from |x| = m * 2^e and the bits of 2/pi that matter for it: 96 of them from bit e - 1 on,
    multiplied as integers, give x * 2/pi modulo 4 with 62 bits behind the point."""
    bits = int((D(2) / PI) * D(2) ** 256)
    word = [(bits >> (32 * (7 - k))) & 0xFFFFFFFF for k in range(8)]

    def pick(first):
        return "select(j == 0, %d, select(j == 1, %d, select(j == 2, %d, uint64(%d))))" % tuple(word[first:first + 4])

    return lets([("b", "reinterpret(int32, a)"), ("m", "uint64((b & 8388607) | 8388608)"),
            ("s", "uint64((b >> 23) - 152)"), ("j", "s >> 5"), ("h", "s & 31"),
            ("w0", pick(0)), ("w1", pick(1)), ("w2", pick(2)), ("w3", pick(3)),
            ("top", "(((w0 << 32) | w1) << h) | (w2 >> (32 - h))"),
            ("low", "(((w2 << 32) | w3) << h) >> 32")], "m * top + ((m * low) >> 32)")


def trig32_text(is_cos):
    """Everything after the reduction is done on float64, whose multiples of pi/2 are good to 2^30."""
    hi = D(float(PI / 2))
    turns = "round(float64(a) * %s)" % lit(2 / PI, 64)
    rest = "fma(n, %s, fma(n, %s, float64(a)))" % (lit(-(PI / 2 - hi), 64), lit(-hi, 64))
    far = "float64(int64(t - (u << 62))) * %s" % lit(PI / 2 / D(2) ** 62, 64)
    s = [F((-1) ** k, factorial(2 * k + 1)) for k in range(6)]
    c = [F((-1) ** k, factorial(2 * k)) for k in range(7)]
    value = "float32(select((q & 1) == 0, r * %s, %s))" % (horner("z", s, 64), horner("z", c, 64))
    pairs = [("a", "abs(x)"), ("big", "a >= 1073741824.0"), ("t", "select(big, %s, uint64(0))" % big_reduction()),
             ("u", "(t + %d) >> 62" % (1 << 61)), ("n", "select(big, float64(int64(u)), %s)" % turns),
             ("r", "select(big, %s, %s)" % (far, rest)), ("z", "r * r"),
             ("q", "int32(n) + 1" if is_cos else "int32(n)"), ("v", value),
             ("w", "select((q & 2) == 0, v, -v)")]
    body = "w" if is_cos else "select(x == 0.0, x, select(x < 0.0, -w, w))"
    return lets(pairs, "select(isinf(x) or isnan(x), nan, %s)" % body)


def log_pair(t):
    """log(a) of a positive float64 as a sum high + low with twice its digits; the series is that of log_text, its
    first two terms carried with their rounding errors."""
    hi, lo = split_hi_lo(LN2, t.bits)
    third = D(2) / 3
    ch = D(float(third))
    c = [F(2, 2 * k + 1) for k in range(2, t.log_terms + 2)]
    return [
        ("d", "a < %s" % t.tiny),
        ("b", "reinterpret(int64, select(d, a * %s, a))" % lit(2 ** t.up, 64)),
        ("e", "(b - %d) >> 52" % t.half),
        ("f", "reinterpret(float64, b - (e << 52)) - 1.0"),
        ("k", "float64(select(d, e - %d, e))" % t.up),
        ("g", "2.0 + f"), ("gl", "f - (g - 2.0)"),
        ("s", "f / g"), ("sl", "(fma(-s, g, f) - s * gl) / g"),
        ("z", "s * s"), ("zl", "fma(s, s, -z) + 2.0 * s * sl"),
        ("u", "s * z"), ("ul", "fma(s, z, -u) + (s * zl + sl * z)"),
        ("v", "u * %s" % lit(ch, 64)),
        ("vl", "fma(u, %s, -v) + (ul * %s + u * %s)" % (lit(ch, 64), lit(ch, 64), lit(third - ch, 64))),
        ("p", "u * z * " + horner("z", c, 64)),
        ("h1", "2.0 * s + v"), ("l1", "v - (h1 - 2.0 * s) + (2.0 * sl + (vl + p))"),
        ("kh", "k * %s" % lit(hi, 64)), ("h2", "kh + h1"),
        ("l2", "h1 - (h2 - kh) + fma(k, %s, l1)" % lit(lo, 64)),
        ("high", "h2 + l2"), ("low", "l2 - (high - h2)"),
    ]


def pow64_core(t):
    """exp(y * log(a)): the product keeps its rounding error, which joins the reduced argument of exp."""
    hi, lo = split_hi_lo(LN2, 64)
    c = [F(1, factorial(k)) for k in range(t.exp_terms)]
    pairs = log_pair(t) + [
        ("ph", "y * high"), ("pl", "select(abs(ph) < 800.0, fma(y, high, -ph) + y * low, 0.0)"),
        ("c", "max(min(ph, %d.0), %d.0)" % (t.exp_max, t.exp_min)),
        ("n", "round(c * %s)" % lit(1 / LN2, 64)),
        ("r", "fma(n, %s, c) + fma(n, %s, pl)" % (lit(-hi, 64), lit(-lo, 64))),
        ("i", "int64(n)"), ("h", "i >> 1")]
    core = lets(pairs, "%s * %s * %s" % (horner("r", c, 64), two_to(t, "h"), two_to(t, "(i - h)")))
    return ("select(a == 0.0 or isinf(a), select((a == 0.0) == (y > 0.0), float64(0.0), inf), %s)" % core)


def pow_text(t):
    core = ("float32(exp(float64(y) * log(float64(a))))" if t.bits == 32 else pow64_core(t))
    pairs = [("a", "abs(x)"), ("w", "floor(y) == y"), ("o", "w and floor(y * 0.5) != y * 0.5"),
             ("m", "select(a == 1.0, 1.0, %s)" % core)]
    body = ("select(y == 0.0 or x == 1.0, 1.0, select(isnan(x) or isnan(y), nan, "
            "select(x < 0.0 and not w and not isinf(y) and not isinf(x), nan, "
            "select((x < 0.0 or reinterpret(%s, x) < 0) and o, -m, m))))" % t.int)
    return lets(pairs, body)


def far_out(t):
    """Where exp(a) / 2 is all that is left of sinh(a) and cosh(a), and finite a little longer than exp(a)."""
    return ("88.0" if t.bits == 32 else "709.0", "(let e = exp(0.5 * a) in 0.5 * e * e)")


HEAD = '''/* math.def -- mathematical functions as expressions: MATH(name, type, arguments, ulp, doc, text).
**
** Written by tools/make_math.py.  The text is over x (and y), of the row's type; it may use other rows, the calls of
** calls.def, fma and reinterpret.  `ulp` bounds the error in units of the last place of the exact result, for all
** arguments whose result is finite (sin and cos on float64: for |x| up to 30000); a test samples them against the C library in
** higher precision.  NaN gives NaN, and the limits at infinities and zeros are those of C.
*/'''


def main():
    print(HEAD)
    for t in (Type(32), Type(64)):
        rows = [
            ("exp", 1, 1.5, "e to the power x", exp_text(t)),
            ("expm1", 1, 3, "e to the power x, minus 1, exact near 0", expm1_text(t)),
            ("log", 1, 1.5, "the natural logarithm", log_text(t)),
            ("log1p", 1, 3, "log(1 + x), exact near 0",
             "(let u = 1.0 + x in select(u == 1.0 or (isinf(u) and u > 0.0), x, log(u) * x / (u - 1.0)))"),
            ("log2", 1, 3, "the logarithm to base 2", "log(x) * %s" % lit(1 / LN2, t.bits)),
            ("exp2", 1, 1.5, "2 to the power x", exp2_text(t)),
            ("tanh", 1, 4, "the hyperbolic tangent",
             "(let a = min(abs(x), %s) in (let m = expm1(a + a) in (let v = m / (m + 2.0) in "
             "select(x == 0.0, x, select(x < 0.0, -v, v)))))" % ("10.0" if t.bits == 32 else "22.0")),
            ("sigmoid", 1, 3, "1 / (1 + exp(-x))", "(let e = exp(-abs(x)) in select(x < 0.0, e, 1.0) / (1.0 + e))"),
            ("erf", 1, 4, "the error function", erf_text(t)),
            ("sin", 1, 1 if t.bits == 32 else 4, "the sine of x in radians", trig32_text(False) if t.bits == 32 else trig_text(t, False)),
            ("cos", 1, 1 if t.bits == 32 else 4, "the cosine of x in radians", trig32_text(True) if t.bits == 32 else trig_text(t, True)),
            ("sinh", 1, 6, "the hyperbolic sine",
             "(let a = abs(x) in (let v = select(a > %s, %s, (let m = expm1(a) in 0.5 * (m + m / (m + 1.0)))) in "
             "select(x == 0.0, x, select(x < 0.0, -v, v))))" % far_out(t)),
            ("cosh", 1, 4, "the hyperbolic cosine",
             "(let a = abs(x) in select(a > %s, %s, (let e = exp(a) in 0.5 * e + 0.5 / e)))" % far_out(t)),
            ("rsqrt", 1, 1.5, "1 over the square root of x", "1.0 / sqrt(x)"),
            ("pow", 2, 2, "x to the power y", pow_text(t)),
        ]
        for name, nargs, ulp, doc, text in rows:
            print('MATH(%s, %s, %d, %s, "%s",\n     "%s")' % (name, t.name, nargs, ulp, doc, text))
    print("#undef MATH")


main()
