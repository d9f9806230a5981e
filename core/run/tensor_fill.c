/* tensor_fill.c -- ramps, constants and random numbers.
**
** Element i of a tensor made with `seed` gets z = random_at(seed, i), so that any
** element can be had without the others.  Floats take the top 24 bits (float32) or 53
** bits (float64) as a fraction u in [0, 1): lo + u * (hi - lo).  Integers take lo + z
** mod (hi - lo + 1).  Normal numbers come from two fractions by Box and Muller's
** method, with u1 from counter 2i and u2 from counter 2i + 1.
*/
#include <math.h>

#include "core/base/cancel.h"
#include "core/base/random.h"
#include "core/run/tensor.h"

/* Time to see whether the work is to stop; then the rest of the elements stay as they are. */
static inline bool stopped(int64_t i)
{
    return (i & 0xffff) == 0 && cancel_asked();
}

void tensor_constant(Tensor *t, Scalar v)
{
    char *p = tensor_fill(t);
    int64_t n = tensor_size(t);
    for (int64_t i = 0; i < n && !stopped(i); i++, p += dtype_bytes(t->dtype))
        dtype_store(t->dtype, p, v);
}

void tensor_arange(Tensor *t, double start, double step)
{
    char *p = tensor_fill(t);
    int64_t n = tensor_size(t);
    bool whole = !dtype_is_float(t->dtype) && trunc(start) == start && trunc(step) == step &&
                 fabs(start) < 0x1p62 && fabs(step) < 0x1p62;
    for (int64_t i = 0; i < n && !stopped(i); i++, p += dtype_bytes(t->dtype)) {
        Scalar v;
        if (whole) {
            uint64_t x = (uint64_t)(int64_t)start + (uint64_t)i * (uint64_t)(int64_t)step;
            v = dtype_convert(t->dtype, DT_int64, (Scalar){.i = (int64_t)x});
        } else {
            v = dtype_convert(t->dtype, DT_float64, (Scalar){.f = start + (double)i * step});
        }
        dtype_store(t->dtype, p, v);
    }
}

void tensor_random(Tensor *t, uint64_t seed, double lo, double hi)
{
    char *p = tensor_fill(t);
    int64_t n = tensor_size(t);
    Scalar first = dtype_convert(DT_int64, DT_float64, (Scalar){.f = lo});
    Scalar last = dtype_convert(DT_int64, DT_float64, (Scalar){.f = hi});
    uint64_t count = (uint64_t)last.i - (uint64_t)first.i + 1; /* 0: all 2^64 */
    for (int64_t i = 0; i < n && !stopped(i); i++, p += dtype_bytes(t->dtype)) {
        uint64_t z = random_at(seed, (uint64_t)i);
        Scalar v;
        if (t->dtype == DT_bool) {
            v.i = (int64_t)(z >> 63);
        } else if (dtype_is_float(t->dtype)) {
            double u =
                t->dtype == DT_float32 ? (double)(z >> 40) * 0x1p-24 : (double)(z >> 11) * 0x1p-53;
            v.f = lo + u * (hi - lo);
            if (t->dtype == DT_float32 && (float)v.f >= (float)hi && hi > lo)
                v.f = (double)nextafterf((float)hi, (float)lo);
        } else {
            v.i = dtype_wrap(t->dtype, (int64_t)((uint64_t)first.i + (count ? z % count : z)));
        }
        dtype_store(t->dtype, p, v);
    }
}

void tensor_randn(Tensor *t, uint64_t seed, double mean, double deviation)
{
    char *p = tensor_fill(t);
    int64_t n = tensor_size(t);
    for (int64_t i = 0; i < n && !stopped(i); i++, p += dtype_bytes(t->dtype)) {
        uint64_t z1 = random_at(seed, 2 * (uint64_t)i), z2 = random_at(seed, 2 * (uint64_t)i + 1);
        double u1 = (double)((z1 >> 11) + 1) * 0x1p-53, u2 = (double)(z2 >> 11) * 0x1p-53;
        double x = mean + deviation * sqrt(-2 * log(u1)) * cos(6.283185307179586 * u2);
        dtype_store(t->dtype, p, dtype_convert(t->dtype, DT_float64, (Scalar){.f = x}));
    }
}
