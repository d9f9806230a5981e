/* sparse.c -- sparse tensors of ONNX, which become dense ones.
**
** A SparseTensorProto has `values`, a list of the elements that are not 0, and `indices`: for each
** its place counted through the whole shape, or a row with its place on each axis.  Places ascend.
** The zeros are pages that nothing has touched, so a small file with a huge shape takes address
** space, and no memory before something reads them; the pool refuses more than the machine has. */
#include "core/import/onnx/reader.h"

#include "core/base/cancel.h"

static bool bad(const TensorInfo *t, const char *why, Err *err)
{
    return REFUSE(err, onnx_tensor, NULL, t->name ? t->name : "", why);
}

typedef struct Parts {
    TensorInfo dense, values, indices;
    Wire values_at, indices_at;
} Parts;

static bool read_parts(Arena *A, Wire w, Parts *p, Err *err)
{
    bool has_values = false, has_indices = false;
    *p = (Parts){.dense = {.name = NULL}};
    for (WireField f; wire_next(&w, &f, err);) {
        bool ok = true;
        if (f.id == Sparse_values) {
            has_values = true;
            p->values_at = wire_enter(&w, &f, MSG_Tensor);
            ok = onnx_tensor_info(A, p->values_at, &p->values, err);
        } else if (f.id == Sparse_indices) {
            has_indices = true;
            p->indices_at = wire_enter(&w, &f, MSG_Tensor);
            ok = onnx_tensor_info(A, p->indices_at, &p->indices, err);
        } else {
            ok = onnx_tensor_dims(&f, &p->dense, err);
        }
        if (!ok)
            return false;
    }
    if (w.failed)
        return false;
    TensorInfo *d = &p->dense;
    d->name = p->values.name;
    d->elem_type = p->values.elem_type;
    d->dtype = p->values.dtype;
    int64_t n = shape_size(d->rank, d->dim, 8), count = p->values.dim[0];
    const TensorInfo *at = &p->indices;
    if (!has_values || !has_indices)
        return bad(d, "it is sparse, and has no values or no indices", err);
    if (n < 0 || n > GRAPH_MAX_ELEMENTS)
        return bad(d, "its dimensions multiply to more than 2^40 elements", err);
    if (at->dtype != DT_int64 || p->values.rank != 1 || at->rank < 1 || at->rank > 2 ||
        at->dim[0] != count || (at->rank == 2 && at->dim[1] != d->rank))
        return bad(d, "it is sparse, and its indices do not say where each value belongs", err);
    return true;
}

/* Where the i-th value belongs, counted through the whole shape; -1 where that is outside. */
static int64_t place(const TensorInfo *dense, const Tensor *indices, int64_t i)
{
    int rank = indices->rank == 2 ? dense->rank : 1;
    int64_t flat = 0, size = shape_size(dense->rank, dense->dim, 1);
    for (int d = 0; d < rank; d++) {
        int64_t at = tensor_at(indices, i * rank + d).i,
                extent = indices->rank == 2 ? dense->dim[d] : size;
        if (at < 0 || at >= extent)
            return -1;
        flat = flat * extent + at;
    }
    return flat;
}

/* Puts the values among the zeros of `out`. */
static bool fill(const TensorInfo *dense, const Tensor *values, const Tensor *indices, Tensor *out,
                 Err *err)
{
    size_t each = dtype_bytes(dense->dtype);
    uint8_t *to = tensor_fill(out);
    for (int64_t i = 0, last = -1; i < tensor_size(values); i++) {
        int64_t at = place(dense, indices, i);
        if (cancel_poll(err))
            return false;
        if (at < 0)
            return bad(dense, "it is sparse, and an index lies outside its shape", err);
        if (at == last)
            return bad(dense, "it is sparse, and gives an element twice, so its value is open",
                       err);
        if (at < last)
            return bad(dense, "it is sparse, and its indices do not ascend, as ONNX has them", err);
        dtype_store(dense->dtype, to + (size_t)at * each, tensor_at(values, i));
        last = at;
    }
    return true;
}

Tensor *onnx_sparse_read(Arena *A, Wire w, TensorInfo *info, const char *folder, Err *err)
{
    Parts p;
    Tensor *values = NULL, *indices = NULL, *out = NULL;
    if (!read_parts(A, w, &p, err))
        return NULL;
    *info = p.dense;
    if (info->dtype == DT_COUNT)
        return FAIL(err, onnx_element_type, NULL, info->name ? info->name : "",
                    onnx_dtype_name(info->elem_type));
    if ((values = onnx_tensor_read(A, p.values_at, &p.values, folder, err)) &&
        (indices = onnx_tensor_read(A, p.indices_at, &p.indices, folder, err)) &&
        (out = tensor_new(info->dtype, info->rank, info->dim, err)) &&
        !fill(info, values, indices, out, err)) {
        tensor_release(out);
        out = NULL;
    }
    tensor_release(values);
    tensor_release(indices);
    return out;
}
