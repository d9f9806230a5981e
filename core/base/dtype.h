/* dtype.h -- element types.  One row each in dtypes.def; sizes, classes and names come from there.
**
** A value outside of memory is a Scalar, whatever its type:
**
**      Scalar v = dtype_convert(DT_uint8, DT_float32, (Scalar){.f = 300.7});     v.i is 255
**      dtype_store(DT_uint8, p, v);
*/
#ifndef CORE_BASE_DTYPE_H
#define CORE_BASE_DTYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"

typedef enum DType {
#define DTYPE(name, ctype, bits, cls) DT_##name,
#include "core/base/dtypes.def"
    DT_COUNT
} DType;

typedef enum DClass { DC_BOOL, DC_INT, DC_UINT, DC_FLOAT } DClass;

typedef struct DTypeInfo {
    const char *name; /* "float32" */
    uint8_t bits;     /* of the value; bool has 1 */
    uint8_t bytes;    /* in memory */
    uint8_t cls;      /* DClass */
} DTypeInfo;

extern const DTypeInfo dtype_info[DT_COUNT];

static inline const char *dtype_name(DType t)
{
    return dtype_info[t].name;
}
static inline size_t dtype_bytes(DType t)
{
    return dtype_info[t].bytes;
}
static inline bool dtype_is_float(DType t)
{
    return dtype_info[t].cls == DC_FLOAT;
}

/* The one of two that holds more: a float more than an integer, and of two the wider. */
static inline DType dtype_wider(DType a, DType b)
{
    if (dtype_is_float(a) != dtype_is_float(b))
        return dtype_is_float(a) ? a : b;
    return dtype_bytes(a) >= dtype_bytes(b) ? a : b;
}
static inline bool dtype_is_signed(DType t)
{
    return dtype_info[t].cls == DC_INT;
}

/* Integers of either sign; bool is none. */
static inline bool dtype_is_int(DType t)
{
    return dtype_info[t].cls == DC_INT || dtype_info[t].cls == DC_UINT;
}

/* "float32[3, 4]" */
void dtype_put_shape(Buf *out, DType t, size_t rank, const int64_t *shape);

/* Finds "float32", "f32", "double", …; false if `name` names no element type. */
bool dtype_parse(const char *name, DType *out);

/* Wraps `v` to the width of the integer type `t`: two's complement, sign or zero extended. */
int64_t dtype_wrap(DType t, int64_t v);

/* One value: .i holds bool and every integer (u64 as its bits), .f holds floats, already
** rounded to the type they have. */
typedef union Scalar {
    int64_t i;
    double f;
} Scalar;

/* Read and write one element in memory. */
Scalar dtype_load(DType t, const void *p);
void dtype_store(DType t, void *p, Scalar v);

/* Converts as docs/semantics.md defines it: integers wrap; floats go to integers toward zero,
** saturating, with NaN to 0; anything is true unless it is 0. */
Scalar dtype_convert(DType to, DType from, Scalar v);

#endif
