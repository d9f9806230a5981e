/* onnx.h -- graphs and tensors from ONNX files.
**
** Operators are taken over with the meaning that their operator set's version gives them; where an
** older version means something else, versions.def says how it is told in today's terms.  What is
** not known here (an operator, a domain, an attribute, an element type, a subgraph) becomes an
** `unsupported` node, so that the rest of the model still loads and prints.
**
** A file that is no model, or contradicts itself, is refused with the offset of the
** byte or the name of the node.  Files are read into memory, not mapped: one that
** shrinks meanwhile cannot hurt.
*/
#ifndef CORE_IMPORT_ONNX_ONNX_H
#define CORE_IMPORT_ONNX_ONNX_H

#include "core/graph/graph.h"

/* The model at `path`.  Its external data are looked for beside it, and nowhere else. */
Graph *onnx_import(const char *path, Err *err);

/* The model in memory; `folder` is where its external data lie, NULL if it may have none. */
Graph *onnx_import_bytes(const uint8_t *bytes, size_t n, const char *name, const char *folder,
                         Err *err);

/* A TensorProto in a file of its own, as test cases have them (input_0.pb). */
Tensor *onnx_tensor_file(const char *path, Err *err);

/* The same in memory. */
Tensor *onnx_tensor_bytes(const uint8_t *bytes, size_t n, Err *err);

#endif
