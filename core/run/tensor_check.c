/* tensor_check.c -- where two tensors differ, and by how much. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/cancel.h"
#include "core/run/tensor.h"

/* Floats of one type as integers in their order, so that neighbours differ by 1 and
** -0 equals +0. */
static int64_t rank_of(DType t, double x)
{
    if (t == DT_float32) {
        float f = (float)x;
        int32_t i;
        memcpy(&i, &f, sizeof i);
        return i < 0 ? (int64_t)INT32_MIN - i : i;
    }
    int64_t i;
    memcpy(&i, &x, sizeof i);
    return i < 0 ? (int64_t)((uint64_t)INT64_MIN - (uint64_t)i) : i;
}

static double ulps(DType t, double a, double b)
{
    int64_t x = rank_of(t, a), y = rank_of(t, b);
    uint64_t apart = x > y ? (uint64_t)x - (uint64_t)y : (uint64_t)y - (uint64_t)x;
    return (double)apart;
}

static double as_double(DType t, Scalar v)
{
    return dtype_is_float(t) ? v.f : dtype_convert(DT_float64, t, v).f;
}

static void worse(double *most, int64_t *where, double here, int64_t i)
{
    if (*where < 0 || here > *most) {
        *most = here;
        *where = i;
    }
}

/* |a - b| of integers, exactly as far as a double can hold it. */
static double int_distance(DType ta, DType tb, Scalar a, Scalar b)
{
    bool na = ta != DT_uint64 && a.i < 0, nb = tb != DT_uint64 && b.i < 0;
    uint64_t x = (uint64_t)a.i, y = (uint64_t)b.i;
    if (na != nb)
        return (double)(na ? 0 - x : x) + (double)(nb ? 0 - y : y);
    return (double)((int64_t)(x - y) < 0 && (na || x < y) ? y - x : x > y ? x - y : y - x);
}

typedef struct Walk {
    const Tensor *a, *b;
    double rtol, atol;
    DType ulp_type;
    bool integers;
    TensorDiff *out;
} Walk;

static void compare_one(const Walk *w, int64_t i, Scalar sa, Scalar sb)
{
    TensorDiff *d = w->out;
    double a = as_double(w->a->dtype, sa), b = as_double(w->b->dtype, sb);
    if (isnan(a) && d->first_nan_a < 0)
        d->first_nan_a = i;
    if (isnan(b) && d->first_nan_b < 0)
        d->first_nan_b = i;
    bool differ, same = a == b && signbit(a) == signbit(b);
    if (isfinite(a) && isfinite(b)) {
        double gap = w->integers ? int_distance(w->a->dtype, w->b->dtype, sa, sb) : fabs(a - b);
        double relative = b != 0 ? gap / fabs(b) : gap == 0 ? 0 : INFINITY;
        same = same && gap == 0;
        differ = gap > w->atol + w->rtol * fabs(b);
        d->max_b = fmax(d->max_b, fabs(b));
        worse(&d->max_abs, &d->worst_abs, gap, i);
        worse(&d->max_rel, &d->worst_rel, relative, i);
        if (!w->integers)
            worse(&d->max_ulp, &d->worst_ulp, ulps(w->ulp_type, a, b), i);
    } else {
        same = same || (isnan(a) && isnan(b));
        differ = isnan(a) || isnan(b) ? isnan(a) != isnan(b) : a != b;
    }
    d->alike += same;
    if (differ && d->count++ == 0)
        d->first = i;
}

static DType narrower(const Tensor *a, const Tensor *b)
{
    return a->dtype == DT_float32 || b->dtype == DT_float32 ? DT_float32 : DT_float64;
}

bool tensor_same_shape(const Tensor *a, const Tensor *b, Err *err)
{
    if (shape_equal(a, b))
        return true;
    Arena *A = arena_scratch(NULL);
    Buf ta = buf_new(A), tb = buf_new(A);
    tensor_describe(a, &ta);
    tensor_describe(b, &tb);
    REFUSE(err, shape_mismatch, NULL, buf_str(&ta), buf_str(&tb));
    arena_release(A);
    return false;
}

bool tensor_check(const Tensor *a, const Tensor *b, double rtol, double atol, TensorDiff *out,
                  Err *err)
{
    *out = (TensorDiff){.first = -1,
                        .worst_abs = -1,
                        .worst_rel = -1,
                        .worst_ulp = -1,
                        .first_nan_a = -1,
                        .first_nan_b = -1,
                        .total = tensor_size(a)};
    if (!tensor_same_shape(a, b, err))
        return false;
    bool integers = !dtype_is_float(a->dtype) && !dtype_is_float(b->dtype);
    Walk w = {a, b, rtol, atol, narrower(a, b), integers, out};
    int64_t index[TENSOR_MAX_RANK] = {0};
    for (int64_t i = 0; i < out->total; i++) {
        if ((i & 0xffff) == 0 && cancel_poll(err))
            return false;
        compare_one(&w, i, tensor_get(a, index), tensor_get(b, index));
        for (int d = a->rank - 1; d >= 0 && ++index[d] == a->shape[d]; d--)
            index[d] = 0;
    }
    return true;
}

static void print_place(const Tensor *t, int64_t i, Buf *out)
{
    int64_t index[TENSOR_MAX_RANK];
    tensor_unravel(t, i, index);
    buf_putc(out, '[');
    for (int d = 0; d < t->rank; d++)
        buf_printf(out, "%s%lld", d ? ", " : "", (long long)index[d]);
    buf_putc(out, ']');
}

static void print_pair(const Tensor *a, const Tensor *b, int64_t i, Buf *out)
{
    print_place(a, i, out);
    buf_puts(out, ": ");
    scalar_print(a->dtype, tensor_at(a, i), out);
    buf_puts(out, " and ");
    scalar_print(b->dtype, tensor_at(b, i), out);
}

void tensor_diff_print(const TensorDiff *d, const Tensor *a, const Tensor *b, Buf *out)
{
    if (d->count == 0)
        buf_printf(out, "%s, %lld element%s",
                   d->alike == d->total ? "identical" : "equal within tolerance",
                   (long long)d->total, plural(d->total));
    else
        buf_printf(out, "%lld of %lld element%s differ%s", (long long)d->count, (long long)d->total,
                   plural(d->total), d->count == 1 ? "s" : "");
    if (d->first >= 0) {
        buf_puts(out, "\n  first     ");
        print_pair(a, b, d->first, out);
    }
    if (d->worst_abs >= 0 && d->max_abs > 0) {
        buf_printf(out, "\n  absolute  at most %.3g, at ", d->max_abs);
        print_pair(a, b, d->worst_abs, out);
        buf_printf(out, "\n  relative  at most %.3g, at ", d->max_rel);
        print_pair(a, b, d->worst_rel, out);
    }
    if (d->worst_ulp >= 0 && d->max_ulp > 0) {
        buf_printf(out, "\n  ulp       at most %.0f, at ", d->max_ulp);
        print_pair(a, b, d->worst_ulp, out);
    }
    if (d->first_nan_a >= 0 || d->first_nan_b >= 0) {
        buf_puts(out, "\n  nan       ");
        const char *side = d->first_nan_a >= 0 ? "begins in the first at " : "none in the first";
        buf_puts(out, side);
        if (d->first_nan_a >= 0)
            print_place(a, d->first_nan_a, out);
        buf_puts(out, d->first_nan_b >= 0 ? ", in the second at " : ", none in the second");
        if (d->first_nan_b >= 0)
            print_place(b, d->first_nan_b, out);
    }
}
