/* data.c -- what programs are run on. */
#include "tests/diff/diff.h"

#include <math.h>
#include <string.h>

/* Between which integers elements lie; of 64 bits, as near to the type's ends as a double comes. */
static void whole_range(const Spec *s, DType t, double *lo, double *hi)
{
    int bits = dtype_info[t].bits;
    bool sign = dtype_is_signed(t);
    *lo = sign ? -3 : 0;
    *hi = 3;
    if (s->wide && dtype_is_int(t)) {
        *lo = sign || bits == 64 ? -ldexp(1, bits - 1) : 0;
        *hi = bits == 64 ? 0x1p63 : ldexp(1, sign ? bits - 1 : bits) - 1;
    }
}

static Tensor *make_input(const Spec *s, DType t, int rank, const int64_t *shape, uint64_t seed,
                          Err *err)
{
    Tensor *out = tensor_new(t, rank, shape, err);
    if (!out)
        return NULL;
    if (dtype_is_float(t) && !s->exact) {
        tensor_randn(out, seed, 0, 1);
    } else if (!dtype_is_float(t)) {
        double lo, hi;
        whole_range(s, t, &lo, &hi);
        tensor_random(out, seed, lo, hi);
    } else {
        Tensor *whole = tensor_new(DT_int32, rank, shape, err);
        if (whole)
            tensor_random(whole, seed, -3, 3);
        Tensor *as = whole ? tensor_convert(whole, t, err) : NULL;
        tensor_release(whole);
        tensor_release(out);
        return as;
    }
    static const double odd[] = {NAN, INFINITY, -INFINITY, -0.0, 0.0, 1e-40, 3e38};
    uint8_t *p = tensor_fill(out);
    for (int64_t i = 0; s->specials && i < tensor_size(out); i++)
        if ((i * 2654435761u + seed * 40503u) % 11 == 0)
            dtype_store(t, p + (size_t)i * dtype_bytes(t),
                        dtype_convert(t, DT_float64, (Scalar){.f = odd[(size_t)i / 3 % 7]}));
    return out;
}

static int shape_of(const Node *buffer, int64_t *shape)
{
    for (size_t d = 0; d < ir_rank(buffer); d++)
        shape[d] = ir_dim(buffer, d);
    return (int)ir_rank(buffer);
}

/* Bytes that no result holds by accident. */
static Tensor *make_result(DType t, int rank, const int64_t *shape, Err *err)
{
    Tensor *out = tensor_new(t, rank, shape, err);
    if (out)
        memset(tensor_fill(out), 0xa5, (size_t)tensor_bytes(out));
    return out;
}

bool data_make(const Spec *s, const Node *func, Data *out, Err *err)
{
    memset(out, 0, sizeof *out);
    const Node *params = func->kid[Func_params], *results = func->kid[Func_results];
    int64_t shape[TENSOR_MAX_RANK];
    for (size_t i = 0; i < params->nkids + results->nkids; i++) {
        const Node *b = i < params->nkids ? params->kid[i] : results->kid[i - params->nkids];
        int rank = shape_of(b, shape);
        Tensor *t = i >= params->nkids ? make_result((DType)b->type, rank, shape, err)
                    : s->written.on && i > 0
                        ? written_index(s, s->seed + i, err)
                        : make_input(s, (DType)b->type, rank, shape, s->seed + i, err);
        if (!t)
            return data_free(out), false;
        out->at[out->n++] = t;
        out->nin += i < params->nkids;
    }
    return true;
}

void data_free(Data *d)
{
    for (size_t i = 0; i < d->n; i++)
        tensor_release(d->at[i]);
    d->n = 0;
}

bool data_again(const Data *d, Data *out, Err *err)
{
    memset(out, 0, sizeof *out);
    out->nin = d->nin;
    for (size_t i = 0; i < d->n; i++) {
        const Tensor *t = d->at[i];
        Tensor *own =
            i < d->nin ? tensor_retain(d->at[i]) : make_result(t->dtype, t->rank, t->shape, err);
        if (!own)
            return data_free(out), false;
        out->at[out->n++] = own;
    }
    return true;
}

static void put_shape(Buf *out, const Tensor *t)
{
    buf_putc(out, '{');
    for (int d = 0; d < t->rank; d++)
        buf_printf(out, "%s%lld", d ? ", " : "", (long long)t->shape[d]);
    buf_putc(out, '}');
}

static void put_elements(Buf *out, const Tensor *t)
{
    buf_puts(out, "tvm.tensor({");
    for (int64_t i = 0; i < tensor_size(t); i++) {
        Scalar at = tensor_at(t, i);
        double v = dtype_is_float(t->dtype) ? at.f : (double)at.i;
        buf_puts(out, i ? ", " : "");
        if (isnan(v))
            buf_puts(out, "0/0");
        else if (isinf(v))
            buf_puts(out, v < 0 ? "-1/0" : "1/0");
        else
            buf_printf(out, "%.17g", v);
    }
    buf_printf(out, "}, \"%s\"):reshape", dtype_name(t->dtype));
    put_shape(out, t);
}

void data_lua(Buf *out, const Spec *s, const Node *func, const Data *d)
{
    for (size_t i = 0; i < d->nin; i++) {
        const Tensor *t = d->at[i];
        bool exact = !dtype_is_float(t->dtype) || s->exact,
             cast = exact && dtype_is_float(t->dtype);
        buf_printf(out, "local %s = ", ir_buf_name(func->kid[Func_params]->kid[i]));
        if ((s->specials && dtype_is_float(t->dtype)) || (s->written.on && i > 0)) {
            put_elements(out, t);
            buf_putc(out, '\n');
            continue;
        }
        buf_puts(out, "tvm.random(");
        put_shape(out, t);
        buf_printf(out, ", \"%s\", {seed = %llu", dtype_name(cast ? DT_int32 : t->dtype),
                   (unsigned long long)(s->seed + i));
        double lo = -3, hi = 3;
        if (!cast)
            whole_range(s, t->dtype, &lo, &hi);
        if (exact)
            buf_printf(out, ", lo = %.17g, hi = %.17g})", lo, hi);
        else
            buf_puts(out, ", normal = true})");
        buf_printf(out, cast ? ":astype \"%s\"\n" : "\n", dtype_name(t->dtype));
    }
}
