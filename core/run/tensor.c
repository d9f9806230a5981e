/* tensor.c -- making tensors, and windows on them. */
#include "core/run/tensor.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cancel.h"
#include "core/run/storage.h"

static long alive;

int64_t shape_size(int rank, const int64_t *shape, size_t element_bytes)
{
    /* A product with an extent of 0 is 0 however large the others are, but each prefix that is not
    ** must still fit, so that strides do. */
    int64_t n = 1, bytes;
    bool empty = false;
    for (int d = 0; d < rank; d++) {
        if (shape[d] < 0)
            return -1;
        if (shape[d] == 0)
            empty = true;
        else if (__builtin_mul_overflow(n, shape[d], &n))
            return -1;
    }
    if (__builtin_mul_overflow(n, (int64_t)element_bytes, &bytes) || bytes > INT64_MAX / 2)
        return -1;
    return empty ? 0 : n;
}

static bool check_shape(DType t, int rank, const int64_t *shape, int64_t *size, Err *err)
{
    if (rank < 0 || rank > TENSOR_MAX_RANK)
        return REFUSE(err, tensor_rank, NULL, rank, TENSOR_MAX_RANK);
    for (int d = 0; d < rank; d++)
        if (shape[d] < 0)
            return REFUSE(err, tensor_extent, NULL, d, (long long)shape[d]);
    *size = shape_size(rank, shape, dtype_bytes(t));
    if (*size < 0)
        return REFUSE(err, tensor_overflow, NULL);
    return true;
}

static void dense_strides(int rank, const int64_t *shape, int64_t *strides)
{
    int64_t step = 1;
    for (int d = rank - 1; d >= 0; d--) {
        strides[d] = step;
        step *= shape[d] ? shape[d] : 1;
    }
}

/* Takes over the caller's hold on `s`, also when it fails. */
static Tensor *over(Storage *s, DType t, int rank, const int64_t *shape, Err *err)
{
    Tensor *out = s ? calloc(1, sizeof *out) : NULL;
    if (!out) {
        storage_release(s);
        return s ? FAIL(err, out_of_memory, NULL) : NULL;
    }
    out->refs = 1;
    out->dtype = t;
    out->rank = rank;
    if (rank)
        memcpy(out->shape, shape, (size_t)rank * sizeof *shape);
    dense_strides(rank, shape, out->strides);
    out->storage = s;
    __atomic_add_fetch(&alive, 1, __ATOMIC_RELAXED);
    return out;
}

Tensor *tensor_new(DType t, int rank, const int64_t *shape, Err *err)
{
    int64_t n;
    if (!check_shape(t, rank, shape, &n, err))
        return NULL;
    return over(storage_new(n * (int64_t)dtype_bytes(t), err), t, rank, shape, err);
}

Tensor *tensor_empty(DType t, int rank, const int64_t *shape, Err *err)
{
    int64_t n;
    if (!check_shape(t, rank, shape, &n, err))
        return NULL;
    return over(storage_for_result(n * (int64_t)dtype_bytes(t), err), t, rank, shape, err);
}

Tensor *tensor_retain(Tensor *t)
{
    __atomic_add_fetch(&t->refs, 1, __ATOMIC_RELAXED);
    return t;
}

void tensor_release(Tensor *t)
{
    if (!t || __atomic_sub_fetch(&t->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    storage_release(t->storage);
    free(t);
    __atomic_sub_fetch(&alive, 1, __ATOMIC_RELAXED);
}

long tensor_count(void)
{
    return __atomic_load_n(&alive, __ATOMIC_RELAXED);
}

const void *tensor_data(const Tensor *t)
{
    return t->storage->data + t->offset;
}

void *tensor_fill(Tensor *t)
{
    t->fp_known = false;
    storage_touch(t->storage);
    return t->storage->data + t->offset;
}

int64_t tensor_size(const Tensor *t)
{
    int64_t n = 1;
    for (int d = 0; d < t->rank; d++)
        n *= t->shape[d];
    return n;
}

int64_t tensor_bytes(const Tensor *t)
{
    return tensor_size(t) * (int64_t)dtype_bytes(t->dtype);
}

bool tensor_is_dense(const Tensor *t)
{
    int64_t step = 1;
    if (tensor_size(t) == 0)
        return true;
    for (int d = t->rank - 1; d >= 0; d--) {
        if (t->shape[d] != 1 && t->strides[d] != step)
            return false;
        step *= t->shape[d];
    }
    return true;
}

bool shape_equal(const Tensor *a, const Tensor *b)
{
    return a->rank == b->rank &&
           (a->rank == 0 || memcmp(a->shape, b->shape, (size_t)a->rank * sizeof *a->shape) == 0);
}

static const char *element(const Tensor *t, const int64_t *index)
{
    int64_t at = 0;
    for (int d = 0; d < t->rank; d++) {
        assert(index[d] >= 0 && index[d] < t->shape[d]);
        at += index[d] * t->strides[d];
    }
    return t->storage->data + t->offset + at * (int64_t)dtype_bytes(t->dtype);
}

Scalar tensor_get(const Tensor *t, const int64_t *index)
{
    return dtype_load(t->dtype, element(t, index));
}

void tensor_set(Tensor *t, const int64_t *index, Scalar v)
{
    tensor_fill(t);
    dtype_store(t->dtype, (char *)(uintptr_t)element(t, index), v);
}

void tensor_unravel(const Tensor *t, int64_t i, int64_t *index)
{
    for (int d = t->rank - 1; d >= 0; d--) {
        int64_t extent = t->shape[d] ? t->shape[d] : 1;
        index[d] = i % extent;
        i /= extent;
    }
}

Scalar tensor_at(const Tensor *t, int64_t i)
{
    int64_t index[TENSOR_MAX_RANK];
    tensor_unravel(t, i, index);
    return tensor_get(t, index);
}

/* Another window on the storage of `t`, the same as `t` to begin with. */
static Tensor *view_of(const Tensor *t, Err *err)
{
    Tensor *v = over(storage_retain(t->storage), t->dtype, t->rank, t->shape, err);
    if (v) {
        memcpy(v->strides, t->strides, sizeof v->strides);
        v->offset = t->offset;
    }
    return v;
}

static bool check_dim(const Tensor *t, int dim, Err *err)
{
    return (dim >= 0 && dim < t->rank) || REFUSE(err, tensor_dim, NULL, dim, t->rank);
}

static int64_t clip(int64_t v, int64_t low, int64_t high)
{
    return v < low ? low : v > high ? high : v;
}

Tensor *tensor_slice(const Tensor *t, int dim, int64_t start, int64_t stop, int64_t step, Err *err)
{
    if (!check_dim(t, dim, err))
        return NULL;
    if (step == 0 || step == INT64_MIN)
        return FAIL(err, tensor_step, NULL);
    int64_t n = t->shape[dim], low = step > 0 ? 0 : -1, high = step > 0 ? n : n - 1;
    start = clip(start < 0 ? start + n : start, low, high);
    stop = clip(stop < 0 ? stop + n : stop, low, high);
    int64_t span = step > 0 ? stop - start : start - stop, by = step > 0 ? step : -step;
    int64_t count = span > 0 ? (span - 1) / by + 1 : 0;
    Tensor *v = view_of(t, err);
    if (!v)
        return NULL;
    v->shape[dim] = count;
    if (count > 0)
        v->offset += start * v->strides[dim] * (int64_t)dtype_bytes(v->dtype);
    if (count > 1)
        v->strides[dim] *= step;
    return v;
}

Tensor *tensor_pick(const Tensor *t, int dim, int64_t index, Err *err)
{
    if (!check_dim(t, dim, err))
        return NULL;
    int64_t n = t->shape[dim];
    if (index < -n || index >= n)
        return FAIL(err, tensor_index, NULL, (long long)index, dim, (long long)n);
    Tensor *v = view_of(t, err);
    if (!v)
        return NULL;
    index += index < 0 ? n : 0;
    v->offset += index * v->strides[dim] * (int64_t)dtype_bytes(v->dtype);
    v->rank--;
    for (int d = dim; d < v->rank; d++) {
        v->shape[d] = v->shape[d + 1];
        v->strides[d] = v->strides[d + 1];
    }
    return v;
}

Tensor *tensor_transpose(const Tensor *t, const int *order, Err *err)
{
    unsigned seen = 0;
    for (int d = 0; d < t->rank; d++) {
        if (!check_dim(t, order[d], err))
            return NULL;
        if (seen & (1u << order[d]))
            return FAIL(err, tensor_order, NULL, order[d]);
        seen |= 1u << order[d];
    }
    Tensor *v = view_of(t, err);
    for (int d = 0; v && d < t->rank; d++) {
        v->shape[d] = t->shape[order[d]];
        v->strides[d] = t->strides[order[d]];
    }
    return v;
}

/* Puts the extent that -1 stands for into `full`. */
static bool complete_shape(const Tensor *t, int rank, const int64_t *shape, int64_t *full, Err *err)
{
    int64_t known, n = tensor_size(t);
    int open = -1;
    if (rank < 0 || rank > TENSOR_MAX_RANK)
        return REFUSE(err, tensor_rank, NULL, rank, TENSOR_MAX_RANK);
    for (int d = 0; d < rank; d++) {
        full[d] = shape[d];
        if (shape[d] == -1 && open < 0)
            open = d;
        else if (shape[d] < 0)
            return REFUSE(err, tensor_extent, NULL, d, (long long)shape[d]);
    }
    if (open >= 0)
        full[open] = 1;
    known = shape_size(rank, full, 1);
    if (open >= 0)
        full[open] = known > 0 ? n / known : 0;
    known = shape_size(rank, full, dtype_bytes(t->dtype));
    if (known < 0)
        return REFUSE(err, tensor_overflow, NULL);
    return known == n ||
           REFUSE(err, tensor_reshape, NULL, (long long)n, plural(n), (long long)known);
}

Tensor *tensor_reshape(const Tensor *t, int rank, const int64_t *shape, Err *err)
{
    int64_t full[TENSOR_MAX_RANK];
    if (!complete_shape(t, rank, shape, full, err))
        return NULL;
    Tensor *v = tensor_is_dense(t) ? view_of(t, err) : tensor_copy(t, err);
    if (!v)
        return NULL;
    v->rank = rank;
    if (rank)
        memcpy(v->shape, full, (size_t)rank * sizeof *full);
    dense_strides(rank, full, v->strides);
    v->fp_known = false;
    return v;
}

/* Copies the elements of `t`, rows of the last dimension at a time where they lie together. */
static void gather(const Tensor *t, char *to)
{
    int64_t index[TENSOR_MAX_RANK] = {0}, n = tensor_size(t), size = (int64_t)dtype_bytes(t->dtype);
    int last = t->rank - 1;
    int64_t row = last >= 0 && t->strides[last] == 1 ? t->shape[last] : 1;
    for (int64_t done = 0; done < n; done += row) {
        memcpy(to, element(t, index), (size_t)(row * size));
        to += row * size;
        if (last >= 0)
            index[last] += row - 1;
        for (int d = last; d >= 0 && ++index[d] == t->shape[d]; d--)
            index[d] = 0;
    }
}

Tensor *tensor_copy(const Tensor *t, Err *err)
{
    Tensor *out = tensor_new(t->dtype, t->rank, t->shape, err);
    if (!out)
        return NULL;
    if (tensor_is_dense(t))
        memcpy(tensor_fill(out), tensor_data(t), (size_t)tensor_bytes(t));
    else
        gather(t, tensor_fill(out));
    return out;
}

Tensor *tensor_dense(Tensor *t, Err *err)
{
    return tensor_is_dense(t) ? tensor_retain(t) : tensor_copy(t, err);
}

Tensor *tensor_convert(const Tensor *t, DType to, Err *err)
{
    Tensor *out = tensor_new(to, t->rank, t->shape, err);
    if (!out)
        return NULL;
    char *p = tensor_fill(out);
    int64_t index[TENSOR_MAX_RANK] = {0}, n = tensor_size(t);
    for (int64_t i = 0; i < n; i++, p += dtype_bytes(to)) {
        if ((i & 0xffff) == 0 && cancel_poll(err)) {
            tensor_release(out);
            return NULL;
        }
        dtype_store(to, p, dtype_convert(to, t->dtype, tensor_get(t, index)));
        for (int d = t->rank - 1; d >= 0 && ++index[d] == t->shape[d]; d--)
            index[d] = 0;
    }
    return out;
}

Fingerprint tensor_fingerprint(Tensor *t)
{
    if (t->fp_known)
        return t->fp;
    Fingerprint f = fp_begin();
    fp_str(&f, dtype_name(t->dtype));
    fp_int(&f, (uint64_t)t->rank);
    for (int d = 0; d < t->rank; d++)
        fp_int(&f, (uint64_t)t->shape[d]);
    if (tensor_is_dense(t)) {
        fp_bytes(&f, tensor_data(t), (size_t)tensor_bytes(t));
    } else {
        Tensor *c = tensor_copy(t, NULL);
        if (!c) /* without the memory for a copy the element-wise hash would differ: say nothing */
            return fp_begin();
        fp_bytes(&f, tensor_data(c), (size_t)tensor_bytes(c));
        tensor_release(c);
    }
    t->fp = f;
    t->fp_known = true;
    return f;
}

bool tensor_equal(const Tensor *a, const Tensor *b)
{
    if (a->dtype != b->dtype || !shape_equal(a, b))
        return false;
    if (tensor_is_dense(a) && tensor_is_dense(b))
        return memcmp(tensor_data(a), tensor_data(b), (size_t)tensor_bytes(a)) == 0;
    int64_t index[TENSOR_MAX_RANK] = {0}, n = tensor_size(a);
    for (int64_t i = 0; i < n; i++) {
        if (memcmp(element(a, index), element(b, index), dtype_bytes(a->dtype)) != 0)
            return false;
        for (int d = a->rank - 1; d >= 0 && ++index[d] == a->shape[d]; d--)
            index[d] = 0;
    }
    return true;
}
