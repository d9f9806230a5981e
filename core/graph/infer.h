/* infer.h -- types of a node's outputs from those of its inputs.
**
** Small outputs whose inputs are known are computed along the way, so that a shape which the
** exporter of a model left to be computed (shape, gather, concat, reshape) is known here.
*/
#ifndef CORE_GRAPH_INFER_H
#define CORE_GRAPH_INFER_H

#include "core/graph/graph.h"

/* Fills type[0 … nout-1], allocated in A.  Where all inputs are known and small, so are the
** outputs: known[0 … nout-1] are tensors that A owns; else they are NULL. */
bool graph_infer_node(Arena *A, const GNode *n, const GValue *const *values, GType *type,
                      Tensor **known, Err *err);

/* Checks number and presence of inputs and outputs against the operator's row. */
bool graph_check_arity(Arena *A, const GNode *n, Err *err);

/* "float32[1, batch, ?, 3]" */
const char *gtype_text(Arena *A, const Graph *g, GType t);

/* Two shapes stretched to one, as ONNX and numpy do; false where they do not fit. */
bool broadcast_dims(int64_t *dim, int *rank, const int64_t *other, int other_rank);

#endif
