/* consts.c -- small constant tensors. */
#include "core/graph/consts.h"

#include <assert.h>

static void release(void *t)
{
    tensor_release(t);
}

void const_own(Arena *A, Tensor *t)
{
    arena_own(A, tensor_retain(t), release);
}

GType const_type(Arena *A, const Tensor *t)
{
    int64_t *dim = ARENA_ARRAY(A, int64_t, t->rank + 1);
    for (int d = 0; d < t->rank; d++)
        dim[d] = t->shape[d];
    return (GType){.dtype = (uint8_t)t->dtype, .rank = (int8_t)t->rank, .dim = dim};
}

Tensor *const_ints(int rank, const int64_t *v, size_t n)
{
    Err err;
    Tensor *t = tensor_new(DT_int64, rank, (int64_t[]){(int64_t)n}, &err);
    assert(t);
    for (size_t i = 0; i < n; i++)
        dtype_store(DT_int64, (int64_t *)tensor_fill(t) + i, (Scalar){.i = v[i]});
    return t;
}

bool const_read_ints(Arena *A, const Tensor *t, size_t most, const int64_t **v, size_t *n)
{
    int64_t size = tensor_size(t);
    if (!(dtype_is_int(t->dtype) || t->dtype == DT_bool) || size < 0 || (size_t)size > most)
        return false;
    int64_t *list = ARENA_ARRAY(A, int64_t, size + 1);
    for (int64_t i = 0; i < size; i++)
        list[i] = tensor_at(t, i).i;
    *v = list;
    *n = (size_t)size;
    return true;
}
