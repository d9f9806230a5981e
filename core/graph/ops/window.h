/* window.h -- the geometry that convolutions and pools share.
**
** Along each spatial axis the window of output o has its taps k at o*stride + k*dilation of the
** padded input, so out = (before + in + after - dilation*(kernel - 1) - 1) // stride + 1.
*/
#ifndef CORE_GRAPH_OPS_WINDOW_H
#define CORE_GRAPH_OPS_WINDOW_H

#include "core/graph/ops/lower.h"

enum { WINDOW_MAX = 6 };

/* A window that moves over `n` spatial axes; sizes may be DIM_ANY while shapes are inferred. */
typedef struct Window {
    int n;
    int64_t in[WINDOW_MAX], out[WINDOW_MAX];
    int64_t kernel[WINDOW_MAX], stride[WINDOW_MAX], dilation[WINDOW_MAX];
    int64_t before[WINDOW_MAX], after[WINDOW_MAX]; /* padding */
} Window;

/* Reads the attributes of the call's node; `kernel` gives the kernel's size where the attribute
** kernel_shape is absent.  Refuses what cannot be. */
bool window_read(const GraphCall *c, const int64_t *in, int n, const int64_t *kernel, Window *w);

/* The same for a transposed convolution, where `out` is larger than `in`. */
bool window_read_transposed(const GraphCall *c, const int64_t *in, int n, const int64_t *kernel,
                            Window *w);

/* From its first to its last tap on axis d: less than 2^62, whatever attributes say. */
int64_t window_span(const Window *w, int d);

/* The attribute of that name; NULL if the operator has none. */
const GAttr *attr_named(const GNode *n, const char *name);

/* Names of spatial and kernel axes: y, x and ky, kx for 2. */
const char *window_axis(LowerCall *l, int n, int d, bool kernel);

/* Input 0 with its spatial axes padded by `fill`: a stage "alias.pad", or the input itself. */
const Node *window_pad(LowerCall *l, const Window *w, const Node *fill);

/* What the windows of output `out` read at their taps: a buffer, and in `index` from the first
** spatial axis on how it is indexed; *rank becomes its rank.  With a stride of 1 along the axis of
** neighbours, the innermost with more than one output, that is the padded input.  With a stride of
** s it is a stage "alias.phases" in which the columns that neighbouring outputs read lie side by
** side: column s*q + p is at [p, q].  Along an axis whose kernel has one tap only what is read is
** kept. */
const Node *window_input(LowerCall *l, const Window *w, const Node *fill, const Node *const *out,
                         const Node *const *taps, const Node **index, int *rank);

/* Where in the padded input an output element's window lies: out * stride + k * dilation. */
const Node *window_index(LowerCall *l, const Window *w, int d, const Node *out, const Node *k);

#endif
