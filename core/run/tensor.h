/* tensor.h -- arrays of numbers with a shape: what kernels read and write.
**
** A Tensor is a window (dtype, shape, strides, offset: the layout of DLPack, with strides in
** elements) on a Storage, which several tensors may share: a slice or a transpose copies nothing.
** Both are counted.  A tensor is filled once, by whoever makes it, and afterwards is a value.
**
** A storage's bytes lie on the heap, in a slot of the pool that kernel processes can map (pool.h),
** or in a file mapped read-only.  tensor_new picks: small arrays on the heap, large in the pool.
**
**      Tensor *t = tensor_new(DT_float32, 2, (int64_t[]){3, 4}, err);
**      if (!t)
**          return NULL;
**      tensor_arange(t, 0, 1);
**      Tensor *row = tensor_slice(t, 0, 1, 2, 1, err);    -- t[1:2], shares t's bytes
*/
#ifndef CORE_RUN_TENSOR_H
#define CORE_RUN_TENSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/dtype.h"
#include "core/base/err.h"
#include "core/base/fingerprint.h"

enum { TENSOR_MAX_RANK = 16 };

typedef struct Storage Storage;

typedef struct Tensor {
    int refs; /* use tensor_retain and tensor_release */
    DType dtype;
    int rank;
    int64_t shape[TENSOR_MAX_RANK];
    int64_t strides[TENSOR_MAX_RANK]; /* in elements; may be 0 or negative */
    int64_t offset;                   /* of element [0,…], in bytes from the storage's start */
    Storage *storage;
    Fingerprint fp; /* of the content, while fp_known */
    bool fp_known;
} Tensor;

/* A dense tensor whose elements are all 0.  Refuses rank > 16, negative extents, and more bytes
** than the machine has free (tensor_too_large).  An extent of 0 is legal. */
Tensor *tensor_new(DType t, int rank, const int64_t *shape, Err *err);

/* The same with elements that hold nothing in particular: for what a kernel will write. */
Tensor *tensor_empty(DType t, int rank, const int64_t *shape, Err *err);

Tensor *tensor_retain(Tensor *t);
void tensor_release(Tensor *t); /* NULL is fine */

/* Tensors alive in this process, for leak tests. */
long tensor_count(void);

/* The address of element [0,…]; of a tensor that is still being filled. */
const void *tensor_data(const Tensor *t);
void *tensor_fill(Tensor *t);

int64_t tensor_size(const Tensor *t);  /* number of elements */
int64_t tensor_bytes(const Tensor *t); /* of the elements, as if dense */
bool tensor_is_dense(const Tensor *t); /* row-major, no gaps */

/* Number of elements of a shape; -1 if it has a negative extent or does not fit int64 bytes. */
int64_t shape_size(int rank, const int64_t *shape, size_t element_bytes);
bool shape_equal(const Tensor *a, const Tensor *b);
/* Or says what the shapes are */
bool tensor_same_shape(const Tensor *a, const Tensor *b, Err *err);

/* One element.  `index` has rank entries, each in range. */
Scalar tensor_get(const Tensor *t, const int64_t *index);
void tensor_set(Tensor *t, const int64_t *index, Scalar v);

/* The i-th element in row-major order (slow if not dense), and its index. */
Scalar tensor_at(const Tensor *t, int64_t i);
void tensor_unravel(const Tensor *t, int64_t i, int64_t *index);

/* Views: share the storage.  slice keeps the dimension (`stop` excluded, step != 0, negative
** start and stop count from the end, everything is clipped as in numpy); pick drops it. */
Tensor *tensor_slice(const Tensor *t, int dim, int64_t start, int64_t stop, int64_t step, Err *err);
Tensor *tensor_pick(const Tensor *t, int dim, int64_t index, Err *err);
Tensor *tensor_transpose(const Tensor *t, const int *order, Err *err);

/* The same elements in row-major order under another shape, one extent of which may be -1: a view
** where `t` is dense, else a copy. */
Tensor *tensor_reshape(const Tensor *t, int rank, const int64_t *shape, Err *err);

/* A dense tensor with the same elements: `t` itself, retained, if it is dense already. */
Tensor *tensor_dense(Tensor *t, Err *err);
Tensor *tensor_copy(const Tensor *t, Err *err);
Tensor *tensor_convert(const Tensor *t, DType to, Err *err);

/* Fill a dense tensor that is being made.  random: see tensor_fill.c for the generator; floats are
** uniform in [lo, hi), integers in lo … hi with both ends, bool is a fair coin.  The result depends
** on seed, dtype, shape and bounds only, and is the same on every machine.  All stop early where
** the cancel flag is up: whoever calls them looks at it afterwards. */
void tensor_constant(Tensor *t, Scalar v);
void tensor_arange(Tensor *t, double start, double step);
void tensor_random(Tensor *t, uint64_t seed, double lo, double hi);
void tensor_randn(Tensor *t, uint64_t seed, double mean, double deviation);

/* The content: dtype, shape and elements in row-major order, whatever the strides.  Kept. */
Fingerprint tensor_fingerprint(Tensor *t);
bool tensor_equal(const Tensor *a, const Tensor *b); /* bit for bit */

/* "float32[3, 4]".  tensor_print adds the elements in the manner of numpy, with long
** dimensions elided to their first and last entries so that lines fit into `width`
** columns, and says whether any were; 0: all elements. */
void tensor_describe(const Tensor *t, Buf *out);
bool tensor_print(const Tensor *t, int width, Buf *out);
void scalar_print(DType t, Scalar v, Buf *out); /* shortest text that reads back the same */

/* Where two tensors differ.  Element i differs if |a - b| > atol + rtol * |b|, or one of them only
** is NaN, or they are infinities of different sign; two NaN agree. */
typedef struct TensorDiff {
    int64_t count;     /* elements that differ */
    int64_t total;     /* elements compared */
    int64_t alike;     /* of them those of the very same value, to the sign of zero */
    int64_t first;     /* row-major position of the first that differs, or -1 */
    int64_t worst_abs; /* where |a-b|, |a-b|/|b| and the distance in ulp are largest, or -1 */
    int64_t worst_rel;
    int64_t worst_ulp;
    int64_t first_nan_a, first_nan_b; /* where NaN began, or -1 */
    double max_abs, max_rel;          /* over elements where both are finite */
    double max_ulp;                   /* representable values between the two; 0 for integers */
    double max_b;                     /* largest finite |b| */
} TensorDiff;

/* Fails (shape_mismatch) if the shapes differ; dtypes may differ, and are compared as float64
** (integers exactly where both are integers); ulp are those of the narrower float type.  Fails too
** where the cancel flag is raised meanwhile. */
bool tensor_check(const Tensor *a, const Tensor *b, double rtol, double atol, TensorDiff *out,
                  Err *err);
void tensor_diff_print(const TensorDiff *d, const Tensor *a, const Tensor *b, Buf *out);

#endif
