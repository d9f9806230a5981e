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


def pow_text(t):
    core = ("float32(exp(float64(y) * log(float64(a))))" if t.bits == 32 else "exp(y * log(a))")
    pairs = [("a", "abs(x)"), ("w", "floor(y) == y"), ("o", "w and floor(y * 0.5) != y * 0.5"),
             ("m", "select(a == 1.0, 1.0, %s)" % core)]
    body = ("select(y == 0.0 or x == 1.0, 1.0, select(isnan(x) or isnan(y), nan, "
            "select(x < 0.0 and not w and not isinf(y) and not isinf(x), nan, "
            "select((x < 0.0 or reinterpret(%s, x) < 0) and o, -m, m))))" % t.int)
    return lets(pairs, body)


HEAD = '''/* math.def -- mathematical functions as expressions: MATH(name, type, arguments, ulp, doc, text).
**
** Written by tools/make_math.py.  The text is over x (and y), of the row's type; it may use other rows, the calls of
** calls.def, fma and reinterpret.  `ulp` bounds the error in units of the last place of the exact result, for all
** arguments whose result is finite (sin and cos: for |x| up to 30000); a test samples them against the C library in
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
            ("exp2", 1, 3 if t.bits == 32 else 400, "2 to the power x",
             "float32(exp(float64(x) * %s))" % lit(LN2, 64) if t.bits == 32 else "exp(x * %s)" % lit(LN2, 64)),
            ("tanh", 1, 4, "the hyperbolic tangent",
             "(let a = min(abs(x), %s) in (let m = expm1(a + a) in (let v = m / (m + 2.0) in "
             "select(x == 0.0, x, select(x < 0.0, -v, v)))))" % ("10.0" if t.bits == 32 else "22.0")),
            ("sigmoid", 1, 4, "1 / (1 + exp(-x))", "1.0 / (1.0 + exp(-x))"),
            ("erf", 1, 4, "the error function", erf_text(t)),
            ("sin", 1, 4, "the sine of x in radians", trig_text(t, False)),
            ("cos", 1, 4, "the cosine of x in radians", trig_text(t, True)),
            ("sinh", 1, 6, "the hyperbolic sine",
             "(let m = expm1(abs(x)) in (let v = select(isinf(m), m, 0.5 * (m + m / (m + 1.0))) in "
             "select(x == 0.0, x, select(x < 0.0, -v, v))))"),
            ("cosh", 1, 4, "the hyperbolic cosine", "(let e = exp(abs(x)) in 0.5 * e + 0.5 / e)"),
            ("rsqrt", 1, 1.5, "1 over the square root of x", "1.0 / sqrt(x)"),
            ("pow", 2, 2 if t.bits == 32 else 1500, "x to the power y", pow_text(t)),
        ]
        for name, nargs, ulp, doc, text in rows:
            print('MATH(%s, %s, %d, %s, "%s",\n     "%s")' % (name, t.name, nargs, ulp, doc, text))
    print("#undef MATH")


main()
