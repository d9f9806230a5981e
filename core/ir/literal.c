/* literal.c -- which integers a type has. */
#include "core/ir/literal.h"

#include <assert.h>
#include <stdio.h>

static i128 least(DType t)
{
    return dtype_is_signed(t) ? -((i128)1 << (dtype_info[t].bits - 1)) : 0;
}

static i128 most(DType t)
{
    return ((i128)1 << (dtype_info[t].bits - dtype_is_signed(t))) - 1;
}

bool literal_fits(DType t, i128 v)
{
    assert(!dtype_is_float(t));
    return v >= least(t) && v <= most(t);
}

/* A literal has at most 64 bits and a sign. */
static void put(char *out, size_t size, i128 v)
{
    uint64_t bits = v < 0 ? (uint64_t)-v : (uint64_t)v;
    snprintf(out, size, "%s%llu", v < 0 ? "-" : "", (unsigned long long)bits);
}

LiteralWords literal_words(DType t, i128 v)
{
    LiteralWords w = {.wider = NULL};
    char low[24], high[24];
    int64_t wrapped = dtype_wrap(t, (int64_t)(uint64_t)v);
    put(w.number, sizeof w.number, v);
    put(low, sizeof low, least(t));
    put(high, sizeof high, most(t));
    snprintf(w.range, sizeof w.range, "%s to %s", low, high);
    put(w.wrapped, sizeof w.wrapped, t == DT_uint64 ? (i128)(uint64_t)wrapped : (i128)wrapped);
    int bits = 0;
    for (int i = 0; i < DT_COUNT; i++)
        if (dtype_is_int((DType)i) && literal_fits((DType)i, v) &&
            literal_fits((DType)i, least(t)) && literal_fits((DType)i, most(t)) &&
            (!bits || dtype_info[i].bits < bits)) {
            bits = dtype_info[i].bits;
            w.wider = dtype_name((DType)i);
        }
    return w;
}
