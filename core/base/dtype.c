/* dtype.c -- reading, writing and converting single elements. */
#include "core/base/dtype.h"

#include <math.h>
#include <string.h>

const DTypeInfo dtype_info[DT_COUNT] = {
#define DTYPE(name, ctype, bits, cls) {#name, bits, sizeof(ctype), DC_##cls},
#include "core/base/dtypes.def"
};

void dtype_put_shape(Buf *out, DType t, size_t rank, const int64_t *shape)
{
    buf_printf(out, "%s[", dtype_name(t));
    for (size_t d = 0; d < rank; d++)
        buf_printf(out, "%s%lld", d ? ", " : "", (long long)shape[d]);
    buf_putc(out, ']');
}

bool dtype_parse(const char *name, DType *out)
{
    static const struct {
        const char *alias;
        DType t;
    } aliases[] = {{"f32", DT_float32},    {"f64", DT_float64}, {"float", DT_float32},
                   {"double", DT_float64}, {"i8", DT_int8},     {"i16", DT_int16},
                   {"i32", DT_int32},      {"int", DT_int32},   {"i64", DT_int64},
                   {"u8", DT_uint8},       {"u16", DT_uint16},  {"u32", DT_uint32},
                   {"u64", DT_uint64}};
    for (int t = 0; t < DT_COUNT; t++)
        if (strcmp(name, dtype_info[t].name) == 0)
            return *out = (DType)t, true;
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (strcmp(name, aliases[i].alias) == 0)
            return *out = aliases[i].t, true;
    return false;
}

int64_t dtype_wrap(DType t, int64_t v)
{
    int bits = dtype_info[t].bits;
    if (bits == 64)
        return v;
    if (t == DT_bool)
        return v != 0;
    uint64_t low = (uint64_t)v & ((UINT64_C(1) << bits) - 1);
    if (dtype_info[t].cls == DC_INT && (low >> (bits - 1)))
        low |= ~UINT64_C(0) << bits;
    return (int64_t)low;
}

Scalar dtype_load(DType t, const void *p)
{
    Scalar v = {0};
    switch (t) {
/* clang-format off */
#define LOAD_BOOL(ctype)  { uint8_t x; memcpy(&x, p, 1); v.i = x != 0; }
#define LOAD_INT(ctype)   { ctype x; memcpy(&x, p, sizeof x); v.i = (int64_t)x; }
#define LOAD_UINT(ctype)  LOAD_INT(ctype)
#define LOAD_FLOAT(ctype) { ctype x; memcpy(&x, p, sizeof x); v.f = (double)x; }
#define DTYPE(name, ctype, bits, cls) case DT_##name: LOAD_##cls(ctype) break;
#include "core/base/dtypes.def"
        /* clang-format on */
    case DT_COUNT: break;
    }
    return v;
}

void dtype_store(DType t, void *p, Scalar v)
{
    switch (t) {
/* clang-format off */
#define STORE_BOOL(ctype)  { uint8_t x = v.i != 0; memcpy(p, &x, 1); }
#define STORE_INT(ctype)   { ctype x = (ctype)v.i; memcpy(p, &x, sizeof x); }
#define STORE_UINT(ctype)  STORE_INT(ctype)
#define STORE_FLOAT(ctype) { ctype x = (ctype)v.f; memcpy(p, &x, sizeof x); }
#define DTYPE(name, ctype, bits, cls) case DT_##name: STORE_##cls(ctype) break;
#include "core/base/dtypes.def"
        /* clang-format on */
    case DT_COUNT: break;
    }
}

static int64_t float_to_int(DType to, double f)
{
    if (isnan(f))
        return 0;
    f = trunc(f);
    int bits = dtype_info[to].bits;
    if (dtype_info[to].cls == DC_UINT) {
        if (f <= 0)
            return 0;
        if (f >= ldexp(1, bits))
            return dtype_wrap(to, -1);
        return (int64_t)(uint64_t)f;
    }
    if (f >= ldexp(1, bits - 1))
        return (int64_t)((UINT64_C(1) << (bits - 1)) - 1);
    if (f < -ldexp(1, bits - 1))
        return dtype_wrap(to, (int64_t)(UINT64_C(1) << (bits - 1)));
    return (int64_t)f;
}

static double int_to_float(DType to, DType from, int64_t i)
{
    if (to == DT_float32)
        return from == DT_uint64 ? (double)(float)(uint64_t)i : (double)(float)i;
    return from == DT_uint64 ? (double)(uint64_t)i : (double)i;
}

Scalar dtype_convert(DType to, DType from, Scalar v)
{
    bool ff = dtype_is_float(from), tf = dtype_is_float(to);
    if (to == DT_bool)
        return (Scalar){.i = ff ? v.f != 0 : v.i != 0};
    if (ff && tf)
        return (Scalar){.f = to == DT_float32 ? (double)(float)v.f : v.f};
    if (tf)
        return (Scalar){.f = int_to_float(to, from, v.i)};
    if (ff)
        return (Scalar){.i = float_to_int(to, v.f)};
    return (Scalar){.i = dtype_wrap(to, v.i)};
}
