/* import.c -- ModelProto and GraphProto to a Graph. */
#include "core/import/onnx/onnx.h"

#include <string.h>

#include "core/graph/consts.h"
#include "core/graph/infer.h"
#include "core/graph/topo.h"
#include "core/import/onnx/reader.h"

/* ---- types ---- */

/* A dimension without a size gets a symbol, so that it can be bound: its own name, or the input's
** name and the axis.  Where nothing is asked for it is just not known. */
static int64_t read_dim(Importer *im, Wire w, const char *input, int axis, Err *err)
{
    int64_t value = -1;
    Span param = {0};
    for (WireField f; wire_next(&w, &f, err);) {
        if (f.id == Dim_dim_value)
            value = f.i;
        else
            param = f.bytes;
    }
    if (value >= 0)
        return value;
    if (!input)
        return DIM_ANY;
    const char *name =
        param.n ? onnx_text(im->A, param) : arena_printf(im->A, "%s_%d", input, axis);
    uint32_t symbol = strmap_get(&im->symbols, name, strlen(name), UINT32_MAX);
    if (symbol == UINT32_MAX) {
        symbol = gb_new_symbol(im->b, name);
        strmap_put(&im->symbols, name, strlen(name), symbol);
    }
    return dim_symbol(symbol);
}

static bool read_shape(Importer *im, Wire w, const char *input, GType *t, Err *err)
{
    int64_t *dim = ARENA_ARRAY(gb_arena(im->b), int64_t, GRAPH_MAX_RANK);
    t->rank = 0;
    t->dim = dim;
    for (WireField f; wire_next(&w, &f, err);) {
        if (t->rank == GRAPH_MAX_RANK)
            return REFUSE(err, onnx_malformed, NULL, f.offset, "Shape",
                          "it has more than 16 dimensions");
        dim[t->rank] = read_dim(im, wire_enter(&w, &f, MSG_Dim), input, t->rank, err);
        t->rank++;
    }
    return !w.failed;
}

static bool read_tensor_type(Importer *im, Wire w, const char *input, GType *t, Err *err)
{
    for (WireField f; wire_next(&w, &f, err);) {
        if (f.id == TensorType_elem_type)
            t->dtype = (uint8_t)onnx_dtype(f.i);
        else if (!read_shape(im, wire_enter(&w, &f, MSG_Shape), input, t, err))
            return false;
    }
    return !w.failed;
}

/* Name and type of a ValueInfo; `is_input` asks for symbols. */
static bool read_value_info(Importer *im, Wire w, bool is_input, const char **name, GType *t,
                            Err *err)
{
    Span type = {0}, label = {0};
    for (WireField f; wire_next(&w, &f, err);)
        *(f.id == ValueInfo_name ? &label : &type) = f.bytes;
    *name = onnx_text(im->A, label);
    *t = gtype_unknown();
    if (w.failed)
        return false;
    Wire in = wire_open(im->file, type, MSG_Type);
    for (WireField f; wire_next(&in, &f, err);)
        if (f.id == Type_tensor_type && !read_tensor_type(im, wire_enter(&in, &f, MSG_TensorType),
                                                          is_input ? *name : NULL, t, err))
            return false;
    return !in.failed;
}

/* ---- values ---- */

static ValueId find_value(const Importer *im, const char *name)
{
    return strmap_get(&im->values, name, strlen(name), VALUE_NONE);
}

static bool define(Importer *im, const char *name, ValueId v, const char *node, Err *err)
{
    if (find_value(im, name) != VALUE_NONE)
        return REFUSE(err, onnx_defined_twice, NULL, name, node);
    strmap_put(&im->values, name, strlen(name), v);
    return true;
}

/* Some exporters write the same constant twice, which harms nobody. */
static bool define_constant(Importer *im, const char *name, ValueId v, const char *node, Err *err)
{
    ValueId old = strmap_get(&im->constants, name, strlen(name), VALUE_NONE);
    const GValue *is = gb_value(im->b, v), *was = old == VALUE_NONE ? NULL : gb_value(im->b, old);
    if (was && gtype_equal(was->type, is->type) &&
        fp_equal(tensor_fingerprint(was->data), tensor_fingerprint(is->data)))
        return true;
    strmap_put(&im->constants, name, strlen(name), v);
    return define(im, name, v, node, err);
}

/* The last resort: a node that stands for what is not known. */
static bool make_unsupported(Importer *im, const OnnxNode *n, const char *why, ValueId *out,
                             Err *err)
{
    bool standard = !n->domain[0];
    GArg arg[] = {
        {"op",
         {.kind = GA_STR,
          .at.s = standard ? n->op_type : arena_printf(im->A, "%s::%s", n->domain, n->op_type)}},
        {"opset", {.kind = GA_INT, .at.i = n->version}},
        {"why", {.kind = GA_STR, .at.s = why}}};
    GNodeSpec spec = {.op = &graph_op[GOP_unsupported],
                      .origin = n->name,
                      .in = n->in,
                      .nin = n->nin,
                      .arg = arg,
                      .nargs = 3,
                      .nout = n->nout,
                      .out_origin = n->out_name};
    if (!gb_node(im->b, &spec, out, err))
        return false;
    for (size_t i = 0; i < n->nout; i++) { /* what the model says of them helps the rest */
        uint32_t k = strmap_get(&im->declared, n->out_name[i], strlen(n->out_name[i]), UINT32_MAX);
        if (k != UINT32_MAX) {
            GValue v = *gb_value(im->b, out[i]);
            v.type = im->types.at[k];
            gb_set_value(im->b, out[i], v);
        }
    }
    return true;
}

static bool read_initializer(Importer *im, Wire w, Err *err)
{
    TensorInfo info;
    ValueId v;
    if (!onnx_tensor_info(im->A, w, &info, err))
        return false;
    const char *name = info.name ? info.name : "";
    if (info.dtype == DT_COUNT) {
        OnnxNode n = {.name = name,
                      .op_type = "initializer",
                      .domain = "",
                      .nout = 1,
                      .version = im->opset,
                      .out_name = &name};
        const char *why = arena_printf(im->A, "elements of type %s are not known here",
                                       onnx_dtype_name(info.elem_type));
        if (!make_unsupported(im, &n, why, &v, err))
            return false;
    } else {
        Tensor *t = onnx_tensor_read(im->A, w, &info, im->folder, err);
        if (!t)
            return false;
        v = gb_const(im->b, NULL, name, t);
        tensor_release(t);
        return define_constant(im, name, v, "(an initializer)", err);
    }
    return define(im, name, v, "(an initializer)", err);
}

static bool read_sparse(Importer *im, Wire w, Err *err)
{
    TensorInfo info;
    Tensor *t = onnx_sparse_read(im->A, w, &info, im->folder, err);
    if (!t)
        return false;
    const char *name = info.name ? info.name : "";
    ValueId v = gb_const(im->b, NULL, name, t);
    tensor_release(t);
    return define_constant(im, name, v, "(an initializer)", err);
}

/* ---- nodes ---- */

static bool find_inputs(Importer *im, OnnxNode *n, Err *err)
{
    for (size_t i = 0; i < n->nin; i++) {
        n->in[i] = n->in_name[i][0] ? find_value(im, n->in_name[i]) : VALUE_NONE;
        if (n->in[i] == VALUE_NONE && n->in_name[i][0])
            return REFUSE(err, onnx_undefined, NULL, n->name, n->op_type, n->in_name[i]);
    }
    return true;
}

/* What keeps a node from being taken over, before its operator's row is asked; NULL if nothing. */
static const char *foreign(Importer *im, const OnnxNode *n)
{
    const char *full = arena_printf(im->A, "%s::%s", n->domain, n->op_type);
    if (strmap_get(&im->functions, full, strlen(full), 0))
        return "it is a function of the model's own, and such are not known here";
    if (n->domain[0])
        return arena_printf(im->A, "the domain %s is not known here", n->domain);
    if (!n->op && strcmp(n->op_type, "Constant") != 0)
        return "the operator is not known here";
    if (im->opset > ONNX_LATEST)
        return arena_printf(im->A, "operator sets after %d are not known here", ONNX_LATEST);
    for (size_t i = 0; i < n->nattrs; i++) {
        const OnnxAttr *a = &n->attr[i];
        if (a->contradicts)
            return arena_printf(im->A, "its attribute %s says another kind than it has", a->name);
        if (a->value.kind == GA_NONE && a->type != 0 && a->type != ATTR_TENSOR_)
            return arena_printf(im->A, "its attribute %s is %s, which is not known here", a->name,
                                a->type == ATTR_GRAPH_ ? "a graph" : "of a kind");
    }
    for (size_t i = 0; i < n->nin; i++)
        if (n->in[i] != VALUE_NONE &&
            strmap_get(&im->foreign, n->in_name[i], strlen(n->in_name[i]), 0))
            return arena_printf(im->A, "the element type of its input %s is not known here",
                                n->in_name[i]);
    return NULL;
}

size_t onnx_args(const OnnxNode *n, GArg *arg)
{
    size_t nargs = 0;
    for (size_t i = 0; i < n->nattrs; i++) {
        const OnnxAttr *a = &n->attr[i];
        if (a->taken || !strcmp(a->name, "consumed_inputs") || a->value.kind == GA_NONE)
            continue;
        arg[nargs++] = (GArg){a->name, a->value};
    }
    return nargs;
}

/* A tensor given as an attribute, which the operator's row has no place for. */
static const char *tensor_left(Importer *im, const OnnxNode *n)
{
    for (size_t i = 0; i < n->nattrs; i++)
        if (n->attr[i].type == ATTR_TENSOR_ && !n->attr[i].taken)
            return arena_printf(im->A, "its attribute %s is a tensor", n->attr[i].name);
    return NULL;
}

/* Is this mistake of a node something that is only not known here? */
static bool only_unknown(ErrCode code)
{
    return code == ERR_graph_unsupported || code == ERR_graph_input_type ||
           code == ERR_graph_attr_unknown || code == ERR_graph_attr_kind || code == ERR_graph_arity;
}

static bool take_over(Importer *im, OnnxNode *n, ValueId *out, Err *err)
{
    n->op = onnx_op(n->op_type);
    n->why = foreign(im, n);
    OnnxRule *rule = n->why ? NULL : onnx_rule_for(n);
    if (rule && !rule(im, n, err))
        return false;
    if (n->made && n->nout > n->nmade)
        return REFUSE(err, onnx_node, NULL, n->name, n->op_type,
                      arena_printf(im->A, "it has %zu outputs, not %zu", n->nout, n->nmade));
    if (!n->why)
        n->why = tensor_left(im, n);
    if (n->made) {
        mem_copy(out, n->made, n->nout * sizeof *out);
        return true;
    }
    if (!n->why && n->op) {
        GArg *arg = ARENA_ARRAY(im->A, GArg, n->nattrs + 1);
        GNodeSpec spec = {.op = n->op,
                          .origin = n->name,
                          .in = n->in,
                          .nin = n->nin,
                          .arg = arg,
                          .nargs = onnx_args(n, arg),
                          .nout = n->nout,
                          .out_origin = n->out_name};
        Err trouble = {0};
        if (gb_node(im->b, &spec, out, &trouble))
            return true;
        if (!only_unknown(trouble.code))
            return REFUSE(err, onnx_node, NULL, n->name, n->op_type, trouble.why);
        n->why = arena_strdup(im->A, trouble.why);
    }
    return make_unsupported(im, n, n->why ? n->why : "it is not known here", out, err);
}

static bool import_node(Importer *im, OnnxNode node, Err *err)
{
    OnnxNode n = node;
    if (!find_inputs(im, &n, err))
        return false;
    if (!n.nout)
        return true; /* nobody can see it */
    while (n.nout > 1 && !n.out_name[n.nout - 1][0])
        n.nout--;
    n.version = n.domain[0] ? strmap_get(&im->domains, n.domain, strlen(n.domain), 0) : im->opset;
    ValueId *out = ARENA_ARRAY(im->A, ValueId, n.nout);
    size_t nout = n.nout;
    if (!take_over(im, &n, out, err))
        return false;
    if (n.made && !n.op) /* a Constant */
        return define_constant(im, n.out_name[0], out[0], n.name, err);
    for (size_t i = 0; i < n.nout && i < nout; i++)
        if (n.out_name[i][0] && !define(im, n.out_name[i], out[i], n.name, err))
            return false;
    return true;
}

typedef VEC(OnnxNode) OnnxNodes;

typedef struct Makers {
    const Importer *im;
    const OnnxNodes *nodes;
    StrMap of; /* by value's name: the index of the node that makes it */
} Makers;

static int64_t maker_of(void *env, uint32_t at, uint32_t i)
{
    const Makers *m = env;
    const OnnxNode *n = &m->nodes->at[at];
    if (i >= n->nin)
        return TOPO_END;
    const char *name = n->in_name[i];
    uint32_t maker = find_value(m->im, name) != VALUE_NONE
                         ? UINT32_MAX
                         : strmap_get(&m->of, name, strlen(name), UINT32_MAX);
    return maker == UINT32_MAX ? TOPO_NOTHING : (int64_t)maker;
}

static bool is_constant(const OnnxNode *n)
{
    return !n->domain[0] && !strcmp(n->op_type, "Constant") && n->nout == 1;
}

/* Is there another Constant further on that gives the same name?  Files that tools
** have pasted together have such, and what the runtimes read, which know constants
** before they look at nodes, is the last. */
static bool is_replaced(const Makers *m, uint32_t at)
{
    const OnnxNode *n = &m->nodes->at[at];
    uint32_t last =
        is_constant(n) ? strmap_get(&m->of, n->out_name[0], strlen(n->out_name[0]), at) : at;
    return last != at && is_constant(&m->nodes->at[last]);
}

/* Imports nodes so that each comes after those it reads from.  ONNX asks for that order, and some
** exporters do not keep it; in a file that does the order stays. */
static bool import_sorted(Importer *im, const OnnxNodes *nodes, Err *err)
{
    uint32_t n = (uint32_t)nodes->n, stuck, *order = ARENA_ARRAY(im->A, uint32_t, n + 1);
    Makers makers = {im, nodes, strmap_new(im->A)};
    for (uint32_t k = 0; k < n; k++)
        gb_reserve(im->b, nodes->at[k].name);
    for (uint32_t k = 0; k < n; k++)
        for (size_t i = 0; i < nodes->at[k].nout; i++)
            if (nodes->at[k].out_name[i][0])
                strmap_put(&makers.of, nodes->at[k].out_name[i], strlen(nodes->at[k].out_name[i]),
                           k);
    if (!topo_order(im->A, n, maker_of, &makers, order, &stuck))
        return REFUSE(err, graph_cycle, NULL, nodes->at[stuck].name);
    for (uint32_t k = 0; k < n; k++) {
        if (is_replaced(&makers, order[k]))
            im->replaced++;
        else if (!import_node(im, nodes->at[order[k]], err))
            return false;
    }
    return true;
}

/* ---- the graph ---- */

static bool declare(Importer *im, Wire w, Err *err)
{
    const char *name;
    GType t;
    if (!read_value_info(im, w, false, &name, &t, err))
        return false;
    strmap_put(&im->declared, name, strlen(name), (uint32_t)im->types.n);
    vec_push(im->A, &im->types, t);
    return true;
}

static bool import_input(Importer *im, Wire w, Err *err)
{
    const char *name;
    GType t;
    Span label = {0};
    Wire peek = w;
    for (WireField f; wire_next(&peek, &f, NULL);)
        if (f.id == ValueInfo_name)
            label = f.bytes;
    name = onnx_text(im->A, label);
    if (strmap_get(&im->inputs, name, strlen(name), 0))
        return REFUSE(err, onnx_defined_twice, NULL, name, "(an input)");
    strmap_put(&im->inputs, name, strlen(name), 1);
    if (find_value(im, name) != VALUE_NONE)
        return true; /* an initializer, listed as an input too, as ONNX did once */
    if (!read_value_info(im, w, true, &name, &t, err))
        return false;
    ValueId v = gb_input(im->b, name, name, t);
    if (t.dtype == DT_COUNT)
        strmap_put(&im->foreign, name, strlen(name), 1);
    return define(im, name, v, "(an input)", err);
}

static bool import_output(Importer *im, Wire w, Err *err)
{
    const char *name;
    GType t;
    if (!read_value_info(im, w, false, &name, &t, err))
        return false;
    ValueId v = find_value(im, name);
    if (v == VALUE_NONE)
        return REFUSE(err, onnx_no_output, NULL, name);
    gb_output(im->b, name, v);
    return true;
}

/* One walk over the graph's fields for each kind: initializers before inputs, both before nodes. */
static bool import_graph(Importer *im, Span bytes, Err *err)
{
    OnnxNodes nodes = {0};
    static const FieldId order[] = {
        Graph_value_info, Graph_output, Graph_initializer, Graph_sparse_initializer,
        Graph_input,      Graph_node,   Graph_output};
    for (size_t step = 0; step < sizeof order / sizeof order[0]; step++) {
        Wire w = wire_open(im->file, bytes, MSG_Graph);
        for (WireField f; wire_next(&w, &f, err);) {
            bool ok = true;
            if (f.id != order[step])
                continue;
            if (f.id == Graph_value_info || (f.id == Graph_output && step == 1))
                ok = declare(im, wire_enter(&w, &f, MSG_ValueInfo), err);
            else if (f.id == Graph_output)
                ok = import_output(im, wire_enter(&w, &f, MSG_ValueInfo), err);
            else if (f.id == Graph_initializer)
                ok = read_initializer(im, wire_enter(&w, &f, MSG_Tensor), err);
            else if (f.id == Graph_input)
                ok = import_input(im, wire_enter(&w, &f, MSG_ValueInfo), err);
            else if (f.id == Graph_node) {
                OnnxNode n;
                ok = onnx_node_read(im, wire_enter(&w, &f, MSG_Node), f.offset, &n, err);
                vec_push(im->A, &nodes, n);
            } else
                ok = read_sparse(im, wire_enter(&w, &f, MSG_Sparse), err);
            if (!ok)
                return false;
        }
        if (w.failed || (order[step] == Graph_node && !import_sorted(im, &nodes, err)))
            return false;
    }
    return true;
}

/* The file's name without its ending; where that only says "model", the folder's. */
static const char *graph_name(Arena *A, const char *file, const char *folder)
{
    const char *dot = strrchr(file, '.'), *slash = folder ? strrchr(folder, '/') : NULL;
    const char *stem =
        arena_strndup(A, file, dot && dot > file ? (size_t)(dot - file) : strlen(file));
    const char *parent = slash ? slash + 1 : folder;
    return parent && parent[0] && parent[0] != '.' && !strcmp(stem, "model") ? parent : stem;
}

Graph *onnx_import_bytes(const uint8_t *bytes, size_t n, const char *name, const char *folder,
                         Err *err)
{
    Err mine = {0};
    Arena *A = arena_scratch(NULL);
    Importer im = {.A = A,
                   .file = bytes,
                   .folder = folder,
                   .values = strmap_new(A),
                   .declared = strmap_new(A),
                   .inputs = strmap_new(A),
                   .constants = strmap_new(A),
                   .foreign = strmap_new(A),
                   .domains = strmap_new(A),
                   .functions = strmap_new(A),
                   .symbols = strmap_new(A)};
    OnnxModel m;
    Graph *g = NULL;
    im.b = gb_new(NULL, graph_name(A, name, folder));
    bool ok = onnx_read_model(&im, (Span){bytes, n}, &m, &mine);
    if (ok && !m.graph.at)
        ok = REFUSE(&mine, onnx_no_model, NULL, name);
    if (ok && import_graph(&im, m.graph, &mine)) {
        const char *again =
            im.replaced
                ? arena_printf(A, "; %u constants given again, the last counts", im.replaced)
                : "";
        gb_set_source(im.b, arena_printf(A, "%s, ONNX opset %lld%s%s%s%s%s", name,
                                         (long long)im.opset, m.producer[0] ? ", from " : "",
                                         m.producer, m.version[0] ? " " : "", m.version, again));
        g = gb_finish(im.b, &mine);
    } else {
        gb_drop(im.b);
    }
    arena_release(A);
    if (!g && err) {
        err_in(&mine, "import");
        *err = mine;
    }
    return g;
}

Graph *onnx_import(const char *path, Err *err)
{
    Arena *A = arena_scratch(NULL);
    Span file;
    Graph *g = NULL;
    const char *slash = strrchr(path, '/');
    const char *folder = !slash          ? "."
                         : slash == path ? "/"
                                         : arena_strndup(A, path, (size_t)(slash - path));
    if (onnx_read_file(A, path, ".onnx", &file, err))
        g = onnx_import_bytes(file.at, file.n, slash ? slash + 1 : path, folder, err);
    arena_release(A);
    return g;
}
