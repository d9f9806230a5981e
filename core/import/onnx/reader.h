/* reader.h -- what the parts of the ONNX importer share. */
#ifndef CORE_IMPORT_ONNX_READER_H
#define CORE_IMPORT_ONNX_READER_H

#include "core/graph/ops.h"
#include "core/graph/strmap.h"
#include "core/import/onnx/wire.h"

/* ---- tensors ---- */

/* Our element type for ONNX's number; DT_COUNT if it has none here. */
DType onnx_dtype(int64_t elem_type);
const char *onnx_dtype_name(int64_t elem_type);

typedef struct TensorInfo {
    const char *name;
    int64_t elem_type;
    DType dtype; /* DT_COUNT: not known here */
    int rank;
    int64_t dim[GRAPH_MAX_RANK];
    const char *external; /* where it lies in `folder`; NULL if it is in the file */
    int64_t external_offset, external_length;
    Span raw;
    bool has_raw;
} TensorInfo;

/* Reads what a TensorProto says of itself, without its elements. */
bool onnx_tensor_info(Arena *A, Wire w, TensorInfo *info, Err *err);

/* Its elements, in a tensor that the caller owns.  The dtype must be known. */
Tensor *onnx_tensor_read(Arena *A, Wire w, const TensorInfo *info, const char *folder, Err *err);

/* One dims field more of a tensor's shape. */
bool onnx_tensor_dims(const WireField *f, TensorInfo *info, Err *err);

/* The dense tensor that a SparseTensorProto stands for, the caller's; *info says its name, element
** type and shape. */
Tensor *onnx_sparse_read(Arena *A, Wire w, TensorInfo *info, const char *folder, Err *err);

/* A name of the model as text that may be shown: bytes that are no letters, or that a
** terminal obeys, become \xNN. */
const char *onnx_text(Arena *A, Span s);

/* The whole of a regular file, in A.  Where the path is a folder, the error names the files in it
** with that ending. */
bool onnx_read_file(Arena *A, const char *path, const char *ending, Span *out, Err *err);

/* ---- nodes ---- */

/* The last version of the standard operator set whose meaning versions.def knows. */
enum { ONNX_LATEST = 28 };

typedef struct OnnxAttr {
    const char *name;
    int64_t type;     /* AttributeProto's: 1 FLOAT 2 INT 3 STRING 4 TENSOR 6 FLOATS 7 INTS … */
    GAttr value;      /* of numbers, strings and lists of numbers */
    Wire tensor;      /* of a TENSOR */
    bool taken;       /* a version's rule has used it */
    bool contradicts; /* it says that it is of another kind than the value it has */
} OnnxAttr;

enum {
    ATTR_FLOAT_ = 1,
    ATTR_INT_,
    ATTR_STRING_,
    ATTR_TENSOR_,
    ATTR_GRAPH_,
    ATTR_FLOATS_,
    ATTR_INTS_,
    ATTR_STRINGS_
};

typedef struct Importer {
    Arena *A; /* scratch */
    GraphBuilder *b;
    const uint8_t *file;
    const char *folder;
    int64_t opset;    /* of the standard domain; 0 where the model has not said it yet */
    StrMap values;    /* by name in the model: ValueId */
    StrMap declared;  /* by name: index into types, for value_info and outputs */
    StrMap inputs;    /* names listed as inputs */
    StrMap constants; /* by name: ValueId of initializers and Constant nodes */
    VEC(GType) types;
    StrMap foreign;    /* inputs whose element type has no counterpart here */
    StrMap symbols;    /* by name in the model */
    StrMap domains;    /* by domain: its version */
    StrMap functions;  /* by "domain::name": functions of the model's own */
    uint32_t replaced; /* Constant nodes that another one of the same name stands for */
} Importer;

typedef struct OnnxModel {
    Span graph;
    const char *producer, *version;
} OnnxModel;

/* Finds the graph in a file, and keeps what the file says of operator sets and functions. */
bool onnx_read_model(Importer *im, Span file, OnnxModel *m, Err *err);

typedef struct OnnxNode {
    const char *name, *op_type, *domain;
    size_t offset;
    int64_t version;
    const GraphOp *op;
    size_t nin, nout, nattrs;
    ValueId *in; /* room for four more */
    const char **in_name;
    const char **out_name; /* "" for an output that nobody wants */
    OnnxAttr *attr;        /* room for three more */
    const char *why;       /* why it cannot be taken over; NULL if it can */
    ValueId *made;         /* by a rule that builds the node itself: its first outputs */
    size_t nmade;
} OnnxNode;

/* Reads a node; its inputs are names yet.  `offset` is where it stands in the file. */
bool onnx_node_read(Importer *im, Wire w, size_t offset, OnnxNode *n, Err *err);

/* Rules of versions.def: change a node to its latest version's terms.  False on a mistake in the
** model; n->why where what it asks for is not known. */
typedef bool OnnxRule(Importer *im, OnnxNode *n, Err *err);
OnnxRule *onnx_rule_for(const OnnxNode *n);

/* Attributes as gb_node wants them, in `arg`, and how many: those that a version's rule has used
** are gone, and some that never meant anything. */
size_t onnx_args(const OnnxNode *n, GArg *arg);

/* The operator behind a name of the standard domain; NULL if it is not known here. */
const GraphOp *onnx_op(const char *op_type);

#endif
