/* graph_build_lua.c -- models written in Lua, with the same operators that importers use. */
#include <stdio.h>
#include <string.h>

#include "core/graph/consts.h"
#include "core/graph/infer.h"
#include "core/base/nearest.h"
#include "core/graph/ops.h"
#include "lua_api/elsewhere.h"
#include "lua_api/graph_box.h"
#include "lua_api/tensor_box.h"

/* The builder is gone once its graph is finished. */
typedef struct BuilderBox {
    GraphBuilder *b;
} BuilderBox;

/* A value of a graph under construction; its user value keeps the builder's box. */
typedef struct ValueBox {
    BuilderBox *builder;
    ValueId id;
} ValueBox;

static const LuaClass builder_class, value_class;
LUA_BOX(builder, BuilderBox, builder_class)
LUA_BOX(value, ValueBox, value_class)

static void release_builder(void *self)
{
    BuilderBox *box = self;
    if (box->b)
        gb_drop(box->b);
    box->b = NULL;
}

static GraphBuilder *open_builder(lua_State *L, BuilderBox *box)
{
    if (!box->b)
        RAISE(L, graph_finished, NULL);
    return box->b;
}

/* Pushes a value of the builder whose box is at `idx`. */
static void push_value(lua_State *L, int idx, ValueId id)
{
    BuilderBox *builder = check_builder(L, idx);
    ValueBox *box = new_value(L);
    box->builder = builder;
    box->id = id;
    lua_pushvalue(L, idx);
    lua_setiuservalue(L, -2, 1);
}

/* ---- arguments of an operator ---- */

/* A constant from a list of integers, a number, or a tensor.  Numbers take the element type `like`.
 */
static ValueId arg_constant(lua_State *L, GraphBuilder *b, int arg, DType like)
{
    if (test_tensor(L, arg))
        return gb_const(b, NULL, NULL, arg_tensor(L, arg));
    if (lua_type(L, arg) == LUA_TTABLE) {
        int64_t list[256];
        size_t n = arg_ints(L, arg, INT64_MIN, INT64_MAX, list, 256);
        return gb_const_ints(b, 1, list, n);
    }
    double v = arg_number(L, arg);
    DType t = like < DT_COUNT ? like : DT_float32;
    Err err = {0};
    Tensor *s = tensor_new(t, 0, NULL, &err);
    if (!s)
        lua_raise(L, &err);
    dtype_store(t, tensor_fill(s),
                dtype_is_float(t) ? (Scalar){.f = v} : (Scalar){.i = (int64_t)v});
    ValueId id = gb_const(b, NULL, NULL, s);
    tensor_release(s);
    return id;
}

/* The value at `arg`: one of this builder's, or something that becomes a constant. */
static ValueId arg_value(lua_State *L, BuilderBox *builder, int arg, DType like)
{
    ValueBox *v = test_value(L, arg);
    if (lua_isnil(L, arg))
        return VALUE_NONE;
    if (!v)
        return arg_constant(L, open_builder(L, builder), arg, like);
    if (v->builder != builder)
        RAISE(L, graph_other_builder, NULL);
    return v->id;
}

/* A table of attributes has names for keys; a list of integers has not. */
static bool is_attributes(lua_State *L, int idx)
{
    if (lua_type(L, idx) != LUA_TTABLE || lua_rawlen(L, idx))
        return false;
    lua_pushnil(L);
    bool any = lua_next(L, idx);
    if (any)
        lua_pop(L, 2);
    return any;
}

static GAttr read_attr(lua_State *L, Arena *A, const char *name, int idx)
{
    if (lua_isinteger(L, idx))
        return (GAttr){.kind = GA_INT, .at.i = lua_tointeger(L, idx)};
    if (lua_isboolean(L, idx))
        return (GAttr){.kind = GA_INT, .at.i = lua_toboolean(L, idx)};
    if (lua_type(L, idx) == LUA_TNUMBER)
        return (GAttr){.kind = GA_FLOAT, .at.f = (double)(float)lua_tonumber(L, idx)};
    if (lua_type(L, idx) == LUA_TSTRING)
        return (GAttr){.kind = GA_STR, .at.s = arena_strdup(A, lua_tostring(L, idx))};
    if (lua_type(L, idx) != LUA_TTABLE || lua_rawlen(L, idx) > 64) {
        RAISE(L, graph_attr_value, NULL, name, luaL_typename(L, idx));
        return (GAttr){0};
    }
    uint32_t n = (uint32_t)lua_rawlen(L, idx);
    int64_t *list = ARENA_ARRAY(A, int64_t, n + 1);
    for (uint32_t i = 0; i < n; i++) {
        int whole;
        lua_rawgeti(L, idx, (lua_Integer)i + 1);
        list[i] = lua_tointegerx(L, -1, &whole);
        lua_pop(L, 1);
        if (!whole)
            RAISE(L, graph_attr_value, NULL, name, "a list of other things than integers");
    }
    return (GAttr){.kind = GA_INTS, .n = n, .at.is = list};
}

/* Everything lives in the builder's arena: raising loses nothing. */
static size_t read_attrs(lua_State *L, GraphBuilder *b, int idx, GArg *arg, size_t most)
{
    size_t n = 0;
    int top = lua_gettop(L);
    lua_pushnil(L);
    while (lua_next(L, idx)) {
        if (lua_type(L, -2) != LUA_TSTRING || n == most)
            arg_wrong(L, idx, "attributes by name, as {strides = {2, 2}}");
        const char *name = arena_strdup(gb_arena(b), lua_tostring(L, -2));
        arg[n++] = (GArg){name, read_attr(L, gb_arena(b), name, lua_gettop(L))};
        lua_pop(L, 1);
    }
    lua_settop(L, top);
    return n;
}

/* How many outputs a node has: what `outputs` says, the length of split's list, else one. */
static size_t count_outputs(lua_State *L, const GraphOp *op, GArg *arg, size_t *nargs, int last)
{
    for (size_t i = 0; i < *nargs; i++)
        if (!strcmp(arg[i].name, "outputs") && arg[i].value.kind == GA_INT) {
            int64_t n = arg[i].value.at.i;
            arg[i] = arg[--*nargs];
            return n < 0 ? 0 : (size_t)n;
        } else if (!strcmp(arg[i].name, "num_outputs") && arg[i].value.kind == GA_INT) {
            return arg[i].value.at.i < 0 ? 0 : (size_t)arg[i].value.at.i;
        }
    bool listed = op == &graph_op[GOP_split] && last >= 3 && lua_type(L, 3) == LUA_TTABLE;
    return listed ? (size_t)lua_rawlen(L, 3) : 1;
}

/* b:OP(inputs…, {attributes}): upvalue 1 is the row. */
static int call_op(lua_State *L)
{
    enum { MOST = 64 };
    const GraphOp *op = lua_touserdata(L, lua_upvalueindex(1));
    BuilderBox *builder = check_builder(L, 1);
    GraphBuilder *b = open_builder(L, builder);
    int last = lua_gettop(L);
    ValueId *in = ARENA_ARRAY(gb_arena(b), ValueId, last), out[MOST];
    GArg arg[MOST];
    size_t nin = 0, nargs = 0;
    const char *alias = NULL;
    if (last >= 2 && is_attributes(L, last)) {
        nargs = read_attrs(L, b, last, arg, MOST);
        last--;
    }
    for (size_t i = 0; i < nargs; i++)
        if (!strcmp(arg[i].name, "name") && arg[i].value.kind == GA_STR) {
            alias = arg[i].value.at.s;
            arg[i] = arg[--nargs];
            break;
        }
    DType like = DT_COUNT;
    for (int i = 2; i <= last && like == DT_COUNT; i++)
        if (test_value(L, i) && test_value(L, i)->builder == builder)
            like = gb_value(b, test_value(L, i)->id)->type.dtype;
    for (int i = 2; i <= last; i++)
        in[nin++] = arg_value(L, builder, i, like);
    size_t nout = count_outputs(L, op, arg, &nargs, last);
    GNodeSpec spec = {
        .op = op, .alias = alias, .in = in, .nin = nin, .arg = arg, .nargs = nargs, .nout = nout};
    Err err = {0};
    if (!nout || nout > MOST || !gb_node(b, &spec, out, &err))
        return err.code ? lua_raise(L, &err) : arg_wrong(L, 3, "a list of 1 to 64 sizes");
    luaL_checkstack(L, (int)nout + 4, "outputs");
    for (size_t i = 0; i < nout; i++)
        push_value(L, 1, out[i]);
    return (int)nout;
}

/* Raises which operator was meant, if that can be told; else returns 0. */
static int no_operator(lua_State *L, const char *name)
{
    const char *instead = lua_instead("GraphBuilder", name);
    Nearest near = nearest_to(name);
    for (size_t i = 0; i + 1 < graph_op_count; i++)
        nearest_try(&near, graph_op[i].name);
    if (!instead && !near.best)
        return 0;
    const char *meant = instead ? "" : lua_pushfstring(L, ": did you mean '%s'?", near.best);
    return RAISE(L, no_member, NULL, "GraphBuilder", name, meant,
                 instead ? instead : "tvm.ops() lists the operators");
}

static const GraphOp *operator_named(lua_State *L, int arg)
{
    const char *name = lua_type(L, arg) == LUA_TSTRING ? lua_tostring(L, arg) : NULL;
    const GraphOp *op = name ? graph_op_find(name) : NULL;
    return op == &graph_op[GOP_unsupported] ? NULL : op;
}

static int builder_index(lua_State *L, void *self)
{
    (void)self;
    const GraphOp *op = operator_named(L, 2);
    if (!op)
        return lua_type(L, 2) == LUA_TSTRING ? no_operator(L, lua_tostring(L, 2)) : 0;
    lua_pushlightuserdata(L, (void *)(uintptr_t)op);
    lua_pushcclosure(L, call_op, 1);
    return 1;
}

static void builder_keys(lua_State *L, void *self)
{
    (void)self;
    lua_createtable(L, (int)graph_op_count, 0);
    for (size_t i = 0; i + 1 < graph_op_count; i++) {
        lua_pushstring(L, graph_op[i].name);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

LUA_FN(builder_input, "b:input(name, dtype, shape) -> GraphValue",
       "An input of the graph.  A size given as a name is free, and bound later by g:bind.")
{
    GraphBuilder *b = open_builder(L, check_builder(L, 1));
    const char *name = arg_str(L, 2);
    DType t = arg_element_type(L, 3, DT_float32);
    int64_t dim[GRAPH_MAX_RANK];
    size_t n = arg_list(L, 4, GRAPH_MAX_RANK);
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, 4, (lua_Integer)i + 1);
        if (lua_type(L, -1) == LUA_TSTRING)
            dim[i] = dim_symbol(gb_symbol(b, lua_tostring(L, -1)));
        else if (lua_isinteger(L, -1) && lua_tointeger(L, -1) >= 0 &&
                 lua_tointeger(L, -1) <= INT32_MAX)
            dim[i] = lua_tointeger(L, -1);
        else
            return arg_wrong(L, 4, "a list of sizes, or names for free ones");
        lua_pop(L, 1);
    }
    push_value(L, 1, gb_input(b, name, name, gb_type(b, t, (int)n, dim)));
    return 1;
}

LUA_FN(builder_const, "b:const(value) -> GraphValue",
       "A constant: a Tensor, a list of integers, or one number.")
{
    BuilderBox *builder = check_builder(L, 1);
    open_builder(L, builder);
    push_value(L, 1, arg_value(L, builder, 2, DT_COUNT));
    return 1;
}

LUA_FN(builder_output, "b:output(name, value)",
       "Names an output of the graph; what the function returns is called y.")
{
    BuilderBox *builder = check_builder(L, 1);
    const char *name = arg_str(L, 2);
    ValueBox *v = check_value(L, 3);
    gb_output(open_builder(L, builder), name, arg_value(L, builder, 3, DT_COUNT));
    (void)v;
    return 0;
}

/* ---- values
 * ---------------------------------------------------------------------------------------- */

static void value_tostring(lua_State *L, void *self)
{
    ValueBox *v = self;
    GraphBuilder *b = open_builder(L, v->builder);
    Arena *A = lua_scratch(L, NULL);
    const GValue *value = gb_value(b, v->id);
    lua_pushfstring(L, "%s: %s", value->name ? value->name : "a constant",
                    gtype_text(A, NULL, value->type));
    lua_scratch_end(L, A);
}

/* a OP b, where one of them may be a number or a tensor. */
static int arithmetic(lua_State *L, GraphOpId id)
{
    ValueBox *v = test_value(L, 1) ? test_value(L, 1) : check_value(L, 2);
    lua_settop(L, 2);
    lua_getiuservalue(L, test_value(L, 1) ? 1 : 2, 1);
    lua_insert(L, 1);
    (void)v;
    lua_pushlightuserdata(L, (void *)(uintptr_t)&graph_op[id]);
    lua_pushcclosure(L, call_op, 1);
    lua_insert(L, 1);
    lua_call(L, 3, 1);
    return 1;
}

LUA_FN(value_add, "__add(a, b)", "The sum, stretched as ONNX's Add.")
{
    return arithmetic(L, GOP_add);
}
LUA_FN(value_sub, "__sub(a, b)", "The difference.")
{
    return arithmetic(L, GOP_sub);
}
LUA_FN(value_mul, "__mul(a, b)", "The product, element by element.")
{
    return arithmetic(L, GOP_mul);
}
LUA_FN(value_div, "__div(a, b)", "The quotient; integers toward zero.")
{
    return arithmetic(L, GOP_div);
}

LUA_FN(value_shape, "v.shape -> list", "Its sizes; one that is not known is \"?\".")
{
    ValueBox *v = check_value(L, 1);
    GType t = gb_value(open_builder(L, v->builder), v->id)->type;
    lua_new_list(L, t.rank > 0 ? (size_t)t.rank : 0);
    for (int d = 0; d < t.rank; d++) {
        if (dim_known(t.dim[d]))
            lua_pushinteger(L, t.dim[d]);
        else
            lua_pushliteral(L, "?");
        lua_rawseti(L, -2, d + 1);
    }
    return 1;
}

LUA_FN(value_dtype, "v.dtype -> string", "Its element type.")
{
    ValueBox *v = check_value(L, 1);
    GType t = gb_value(open_builder(L, v->builder), v->id)->type;
    lua_pushstring(L, t.dtype < DT_COUNT ? dtype_name(t.dtype) : "?");
    return 1;
}

/* ---- the graph
 * -------------------------------------------------------------------------------------- */

/* What the function given to tvm.graph returned as its `i`th value of n is none of its graph's. */
static int refuse_result_value(lua_State *L, int idx, int i, int n)
{
    Err err = {0};
    const char *which = n > 1 ? lua_pushfstring(L, " as value %d", i) : "";
    REFUSE(&err, graph_result, NULL, arg_describe(L, idx), which);
    if (lua_type(L, idx) == LUA_TTABLE)
        err_fix(&err, "return the outputs one after the other, without a table: return y, z");
    else if (test_tensor(L, idx) || lua_type(L, idx) == LUA_TNUMBER)
        err_fix(&err, "b:const makes a value of the graph of it, which can be returned");
    lua_settop(L, 0);
    return lua_raise(L, &err);
}

LUA_FN(tvm_graph, "tvm.graph(name, build) -> Graph",
       "A model written in Lua: build(b) makes inputs by b:input, then values by operators as "
       "methods, and returns\n"
       "the outputs.  Attributes come in a table at the end; `name` there names the node.  "
       "tvm.ops() lists the\n"
       "operators, tvm.op(name) says what one takes.\n"
       "> g = tvm.graph(\"net\", function(b)\n"
       ">   local x = b:input(\"x\", \"float32\", {1, 3, 8, 8})\n"
       ">   return b:relu(b:max_pool(x, {kernel_shape = {2, 2}, strides = {2, 2}})) * 0.5\n"
       "> end)\n"
       "> print(g:text())\n"
       "graph net(x: float32[1, 3, 8, 8]) -> (y: float32[1, 3, 4, 4]):\n"
       "  max_pool1: float32[1, 3, 4, 4] = max_pool(x, kernel_shape=[2, 2], strides=[2, 2])\n"
       "  relu1: float32[1, 3, 4, 4] = relu(max_pool1)\n"
       "  mul1: float32[1, 3, 4, 4] = mul(relu1, float32[] 0.5)\n"
       "  return y = mul1")
{
    const char *name = arg_str(L, 1);
    arg_function(L, 2);
    BuilderBox *box = new_builder(L);
    box->b = gb_new(NULL, name);
    arena_keep(gb_arena(box->b));
    int at = lua_gettop(L);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, at);
    lua_call(L, 1, LUA_MULTRET);
    int n = lua_gettop(L) - at;
    for (int i = 1; i <= n; i++) {
        char output[16];
        snprintf(output, sizeof output, n == 1 ? "y" : "y%d", i - 1);
        ValueBox *v = test_value(L, at + i);
        if (!v)
            return refuse_result_value(L, at + i, i, n);
        if (v->builder != box)
            return RAISE(L, graph_other_builder, NULL);
        gb_output(open_builder(L, box), output, v->id);
    }
    GraphBuilder *b = open_builder(L, box);
    Err err = {0};
    Graph *g = gb_finish(b, &err);
    box->b = NULL; /* that took it, whether it succeeded or not */
    push_graph(L, g, &err);
    if (g->noutputs)
        return 1;
    lua_settop(L, 0); /* the fix speaks of the b of the function, which is none of these */
    return RAISE(L, graph_no_output, NULL);
}

static const LuaFn *const builder_members[] = {&builder_input_fn, &builder_const_fn,
                                               &builder_output_fn, NULL};
static const LuaFn *const value_members[] = {&value_add_fn, &value_sub_fn,   &value_mul_fn,
                                             &value_div_fn, &value_shape_fn, &value_dtype_fn,
                                             NULL};

static const LuaClass builder_class = {
    .name = "GraphBuilder",
    .doc =
        "A graph under construction, inside tvm.graph: every operator that tvm.ops() lists is a method.",
    .size = sizeof(BuilderBox),
    .members = LUA_MEMBERS(builder_members),
    .release = release_builder,
    .index = builder_index,
    .keys = builder_keys,
};

/* x:relu(), where the builder has the operators. */
static int value_index(lua_State *L, void *self)
{
    (void)self;
    const GraphOp *op = operator_named(L, 2);
    return !op ? 0
               : RAISE(L, member_elsewhere, NULL, "GraphValue", op->name,
                       "a method of GraphBuilder", lua_pushfstring(L, "b:%s(x)", op->name));
}

static const LuaClass value_class = {
    .name = "GraphValue",
    .doc = "A value of a graph under construction.",
    .size = sizeof(ValueBox),
    .members = LUA_MEMBERS(value_members),
    .tostring = value_tostring,
    .index = value_index,
};

void lua_open_graph_build(lua_State *L)
{
    static const LuaFn *const functions[] = {&tvm_graph_fn, NULL};
    lua_put_functions(L, functions);
    lua_put_class(L, &builder_class);
    lua_put_class(L, &value_class);
}
