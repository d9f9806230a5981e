/* te_lua.c -- tensor expressions in Lua: te.placeholder, te.compute, te.sum and the operators. */
#include <string.h>

#include "core/ir/literal.h"
#include "core/ir/print.h"
#include "lua_api/te_expr.h"
#include "lua_api/te_math.h"

enum { MAX_REDUCE = 8 };

/* A box for an expression of the scope at the top of the stack, which it replaces. */
static TeExpr *new_expr(lua_State *L, TeScope *s, ExprKind kind, const Node *node)
{
    TeExpr *e = new_te_expr(L);
    *e = (TeExpr){.scope = s, .kind = kind, .node = node};
    lua_insert(L, -2);
    lua_setiuservalue(L, -2, 1);
    return e;
}

/* Raises the mistake that te keeps, if there is one. */
static void raise_mistake(lua_State *L, TeScope *s)
{
    Err err;
    if (te_take_mistake(s->te, &err))
        lua_raise(L, &err);
}

static int push_value(lua_State *L, TeScope *s, const Node *n)
{
    new_expr(L, s, EXPR_VALUE, n);
    raise_mistake(L, s);
    return 1;
}

/* A tensor that has got all its indices is an element of it. */
static const Node *value_of(lua_State *L, int arg, TeExpr *e)
{
    if (e->scope->closed)
        RAISE(L, te_outside, NULL);
    switch (e->kind) {
    case EXPR_VALUE:
    case EXPR_AXIS: return e->node;
    case EXPR_INDEXED:
    case EXPR_TENSOR: {
        const Node *v = te_load(e->scope->te, e->node, e->n, e->more);
        raise_mistake(L, e->scope);
        return v;
    }
    case EXPR_REDUCE: RAISE(L, te_reduce_inside, NULL); break;
    }
    arg_wrong(L, arg, "an expression");
    return NULL;
}

/* The scope that the operands, arguments 1 and 2, belong to, and whether they belong together; of
** plain numbers (both NULL), that of the call that is going on. */
static TeScope *scope_of(lua_State *L, TeExpr *a, TeExpr *b)
{
    TeExpr *e = a ? a : b;
    if (!e)
        return te_push_scope(L);
    if (a && b && a->scope != b->scope)
        RAISE(L, te_outside, NULL);
    lua_getiuservalue(L, a ? 1 : 2, 1);
    return e->scope;
}

/* The integer at `arg`, as a value of the type of the other operand; raises where it is none. */
static const Node *integer_operand(lua_State *L, int arg, TeScope *s, DType like)
{
    int64_t v = lua_tointeger(L, arg);
    if (!literal_fits(like, v)) {
        LiteralWords w = literal_words(like, v);
        const char *t = dtype_name(like);
        Err err = {0};
        FAIL(&err, te_literal, NULL, arg, t, w.range, (long long)v, w.wider ? w.wider : "", t,
             (long long)v, w.wrapped);
        if (!w.wider)
            err_fix(&err, "convert it: te.cast(\"%s\", %lld) is %s", t, (long long)v, w.wrapped);
        lua_raise(L, &err);
    }
    return ir_int(te_arena(s->te), like, v);
}

/* Argument `arg` as a value; a number takes the type `like`. */
static const Node *operand(lua_State *L, int arg, TeScope *s, TeExpr *e, DType like)
{
    if (e)
        return value_of(L, arg, e);
    if (lua_type(L, arg) == LUA_TBOOLEAN)
        return ir_bool(te_arena(s->te), lua_toboolean(L, arg));
    if (lua_type(L, arg) != LUA_TNUMBER)
        arg_wrong(L, arg, "an expression or a number");
    if (like == DT_bool && lua_tonumber(L, arg) != 0 && lua_tonumber(L, arg) != 1)
        arg_wrong(L, arg, "true, false, 0 or 1, as the other operand is a bool");
    if (lua_isinteger(L, arg) && !dtype_is_float(like))
        return integer_operand(L, arg, s, like);
    if (!lua_isinteger(L, arg) && !dtype_is_float(like))
        arg_wrong(L, arg, "an integer, as the other operand is");
    return te_num(s->te, like, lua_tonumber(L, arg));
}

static DType type_of(const TeExpr *e)
{
    return (DType)e->node->type;
}

static int binary(lua_State *L, Op op)
{
    TeExpr *a = test_te_expr(L, 1), *b = test_te_expr(L, 2);
    TeScope *s = scope_of(L, a, b);
    DType plain = lua_isinteger(L, 1) && lua_isinteger(L, 2) ? DT_int64 : DT_float32;
    const Node *x = operand(L, 1, s, a, b ? type_of(b) : plain);
    const Node *y = operand(L, 2, s, b, (DType)x->type);
    return push_value(L, s, te_op(s->te, op, x, y));
}

#define OPERATOR(id, sig, op, doc) \
    LUA_FN(expr_##id, sig, doc)    \
    {                              \
        return binary(L, op);      \
    }

OPERATOR(add, "__add(a, b)", OP_Add, "a + b")
OPERATOR(sub, "__sub(a, b)", OP_Sub, "a - b")
OPERATOR(mul, "__mul(a, b)", OP_Mul, "a * b")
OPERATOR(div, "__div(a, b)", OP_Div, "a / b; on integers toward zero")
OPERATOR(idiv, "__idiv(a, b)", OP_FloorDiv, "a // b, rounded down")
OPERATOR(mod, "__mod(a, b)", OP_FloorMod, "a % b, with the sign of b")
OPERATOR(band, "__band(a, b)", OP_BitAnd, "a & b")
OPERATOR(bor, "__bor(a, b)", OP_BitOr, "a | b")
OPERATOR(bxor, "__bxor(a, b)", OP_BitXor, "a ~ b")
OPERATOR(shl, "__shl(a, b)", OP_Shl, "a << b")
OPERATOR(shr, "__shr(a, b)", OP_Shr, "a >> b")

LUA_FN(expr_unm, "__unm(a)", "-a")
{
    TeExpr *a = check_te_expr(L, 1);
    TeScope *s = scope_of(L, a, NULL);
    const Node *x = value_of(L, 1, a);
    const Node *zero = te_num(s->te, (DType)x->type, 0);
    const Node *n = dtype_is_float(x->type)
                        ? ir_make(te_arena(s->te), OP_Neg, x->type, (Attr){0}, 1, &x)
                        : te_sub(s->te, zero, x);
    return push_value(L, s, n);
}

static int no_compare(lua_State *L, const char *with)
{
    return RAISE(L, te_compare, NULL, with);
}

LUA_FN(expr_lt, "__lt(a, b)", "Raises: write te.lt(a, b).")
{
    return no_compare(L, "te.lt(a, b) or te.gt(a, b)");
}
LUA_FN(expr_le, "__le(a, b)", "Raises: write te.le(a, b).")
{
    return no_compare(L, "te.le(a, b) or te.ge(a, b)");
}
LUA_FN(expr_eq, "__eq(a, b)", "Raises: write te.eq(a, b).")
{
    return no_compare(L, "te.eq(a, b) or te.ne(a, b)");
}

/* Adds an index to a tensor, or to a tensor that has some of its indices. */
static TeExpr *indexed(lua_State *L, TeExpr *t, int nargs, int first)
{
    if (t->kind != EXPR_TENSOR && t->kind != EXPR_INDEXED)
        RAISE(L, te_not_tensor, NULL);
    lua_getiuservalue(L, 1, 1);
    TeExpr *e = new_expr(L, t->scope, EXPR_INDEXED, t->node);
    e->n = t->n;
    memcpy(e->more, t->more, sizeof e->more);
    for (int i = 0; i < nargs; i++) {
        if (e->n >= ir_rank(t->node))
            RAISE(L, te_index_rank, NULL, ir_buf_name(t->node), ir_rank(t->node), e->n + 1);
        TeExpr *index = test_te_expr(L, first + i);
        e->more[e->n++] = operand(L, first + i, t->scope, index, DT_int64);
    }
    return e;
}

LUA_FN(expr_call, "__call(t, i, …)", "An element: A(i, j) is A[i][j].")
{
    TeExpr *t = check_te_expr(L, 1);
    int n = lua_gettop(L) - 1;
    indexed(L, t, n, 2);
    return 1;
}

static int index_expr(lua_State *L, void *self)
{
    if (lua_type(L, 2) == LUA_TSTRING)
        return 0;
    indexed(L, self, 1, 2);
    return 1;
}

static void expr_tostring(lua_State *L, void *self)
{
    const TeExpr *e = self;
    Arena *A = lua_scratch(L, NULL);
    Buf out = buf_new(A);
    if (e->kind == EXPR_AXIS)
        buf_printf(&out, "%s in range(%lld)", ir_var_name(e->node), (long long)e->extent);
    else if (e->kind == EXPR_REDUCE)
        buf_printf(&out, "%s(%s, over %zu %s)", combiner_name[e->combiner], ir_text(A, e->node),
                   e->n, e->n == 1 ? "axis" : "axes");
    else if (e->kind == EXPR_INDEXED) {
        buf_puts(&out, ir_buf_name(e->node));
        for (size_t i = 0; i < e->n; i++)
            buf_printf(&out, "[%s]", ir_text(A, e->more[i]));
    } else
        buf_puts(&out, ir_text(A, e->node));
    lua_pushstring(L, buf_str(&out));
    lua_scratch_end(L, A);
}

/* ---- making ---- */

static DType arg_dtype(lua_State *L, int arg, DType otherwise)
{
    DType t = otherwise;
    const char *name = arg_str_or(L, arg, NULL);
    if (name && !dtype_parse(name, &t))
        RAISE(L, no_dtype, NULL, name);
    return t;
}

static size_t shape_arg(lua_State *L, int arg, int64_t *shape)
{
    if (lua_type(L, arg) == LUA_TNUMBER) {
        shape[0] = arg_int(L, arg, 0, INT32_MAX);
        return 1;
    }
    return arg_ints(L, arg, 0, INT32_MAX, shape, IR_MAX_RANK);
}

LUA_FN_LIST(
    te_placeholder_, "te.placeholder(shape, dtype?, name?) -> Tensor",
    "An input of the program; unless said, of float32 and named A, A_1, ….  A(i, j) and A[i][j] are its\n"
    "elements.")
{
    int64_t shape[IR_MAX_RANK];
    size_t rank = shape_arg(L, 1, shape);
    DType t = arg_dtype(L, 2, DT_float32);
    const char *name = arg_str_or(L, 3, NULL);
    TeScope *s = te_push_scope(L);
    if (!name)
        name = te_fresh_name(s->te, "A");
    new_expr(L, s, EXPR_TENSOR, te_placeholder(s->te, name, t, rank, shape));
    raise_mistake(L, s);
    return 1;
}

LUA_FN(te_reduce_axis_, "te.reduce_axis(extent, name?) -> Axis",
       "An axis to reduce over, for te.sum, te.prod, te.max and te.min.")
{
    int64_t extent = arg_int(L, 1, 0, INT32_MAX);
    const char *name = arg_str_or(L, 2, "k");
    TeScope *s = te_push_scope(L);
    TeExpr *e = new_expr(L, s, EXPR_AXIS, te_reduce_axis(s->te, name, extent));
    e->extent = extent;
    e->reduces = true;
    return 1;
}

/* Gathers the reduce axes at `arg`: one, or a list. */
static void reduce_axes(lua_State *L, int arg, TeExpr *out)
{
    static const char expected[] = "a reduce axis or a list of them, behind the value";
    TeExpr *one = test_te_expr(L, arg);
    if (one) {
        if (one->kind != EXPR_AXIS)
            arg_wrong(L, arg, expected);
        out->more[out->n++] = one->node;
        return;
    }
    if (!lua_istable(L, arg))
        arg_wrong(L, arg, expected);
    size_t n = arg_list(L, arg, MAX_REDUCE);
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, arg, (lua_Integer)i + 1);
        TeExpr *e = test_te_expr(L, lua_gettop(L));
        if (!e || e->kind != EXPR_AXIS)
            arg_wrong(L, arg, expected);
        out->more[out->n++] = e->node;
        lua_pop(L, 1);
    }
}

static int reduce(lua_State *L, Combiner c)
{
    if (lua_type(L, 1) == LUA_TTABLE)
        return arg_wrong(L, 1, "a value; the axes stand behind it");
    TeExpr *e = check_te_expr(L, 1);
    if (!lua_isnoneornil(L, 3)) /* it would be a sum over the first axis alone */
        return arg_wrong(L, 3, "left out, for several axes are one list, {k, r}");
    const Node *v = value_of(L, 1, e);
    lua_getiuservalue(L, 1, 1);
    TeExpr *r = new_expr(L, e->scope, EXPR_REDUCE, v);
    r->combiner = c;
    reduce_axes(L, 2, r);
    return 1;
}

/* te.max(a, k) reduces over an axis, te.max(a, b) takes the larger. */
static int reduce_or_binary(lua_State *L, Combiner c, Op op)
{
    TeExpr *b = test_te_expr(L, 2);
    if (lua_type(L, 2) == LUA_TTABLE || (b && b->reduces && test_te_expr(L, 1)))
        return reduce(L, c);
    if (lua_isnoneornil(L, 2))
        return arg_wrong(L, 2, "an expression, a number, or a reduce axis");
    if (lua_gettop(L) > 2)
        return arg_surplus(L, 3);
    return binary(L, op);
}

LUA_FN_COUNTS(te_sum_, "te.sum(value, axis) -> Reduction",
              "The sum of a value over a reduce axis, or over a list of them.")
{
    return reduce(L, COMB_sum);
}

LUA_FN_COUNTS(te_prod_, "te.prod(value, axis) -> Reduction",
              "The product of a value over a reduce axis, or over a list of them.")
{
    return reduce(L, COMB_prod);
}

LUA_FN_COUNTS(
    te_max_, "te.max(a, b) -> Expr",
    "The larger of two values; with a reduce axis (or a list of them) for b, the largest over it.")
{
    return reduce_or_binary(L, COMB_max, OP_Max);
}

LUA_FN_COUNTS(
    te_min_, "te.min(a, b) -> Expr",
    "The smaller of two values; with a reduce axis (or a list of them) for b, the smallest over it.")
{
    return reduce_or_binary(L, COMB_min, OP_Min);
}

#define COMPARISON(id, op, sign)                                                      \
    LUA_FN(te_##id##_, "te." #id "(a, b) -> Expr", "a " sign " b, as an expression.") \
    {                                                                                 \
        return binary(L, op);                                                         \
    }
COMPARISON(lt, OP_Lt, "<")
COMPARISON(le, OP_Le, "<=")
COMPARISON(gt, OP_Gt, ">")
COMPARISON(ge, OP_Ge, ">=")
COMPARISON(eq, OP_Eq, "==")
COMPARISON(ne, OP_Ne, "!=")
COMPARISON(all, OP_And, "and")
COMPARISON(any, OP_Or, "or")

LUA_FN(te_select_, "te.select(cond, a, b) -> Expr",
       "a where cond holds, else b; only the chosen one is read.")
{
    if (lua_isboolean(L, 1)) /* Lua's own == of an element and a number, which is no expression */
        return no_compare(L, "te.eq(a, b) or te.ne(a, b)");
    TeExpr *c = check_te_expr(L, 1), *a = test_te_expr(L, 2), *b = test_te_expr(L, 3);
    lua_getiuservalue(L, 1, 1);
    TeScope *s = c->scope;
    const Node *y = b ? value_of(L, 3, b) : NULL;
    const Node *x = operand(L, 2, s, a, y ? (DType)y->type : DT_float32);
    if (!y)
        y = operand(L, 3, s, NULL, (DType)x->type);
    return push_value(L, s, te_select(s->te, value_of(L, 1, c), x, y));
}

LUA_FN(te_cast_, "te.cast(dtype, value) -> Expr",
       "A value, or a number, converted to another element type.")
{
    DType t = arg_dtype(L, 1, DT_float32);
    TeExpr *e = test_te_expr(L, 2);
    TeScope *s = scope_of(L, NULL, e);
    const Node *v = operand(L, 2, s, e, lua_isinteger(L, 2) ? DT_int64 : DT_float64);
    return push_value(L, s, te_cast(s->te, t, v));
}

/* te.exp(x) …: upvalue 1 is the name. */
static int call_math(lua_State *L)
{
    const char *name = lua_touserdata(L, lua_upvalueindex(1));
    TeExpr *e = test_te_expr(L, 1);
    TeScope *s = scope_of(L, e, NULL);
    return push_value(L, s, te_call(s->te, name, operand(L, 1, s, e, DT_float32)));
}

LUA_FN_LIST(
    te_compute_, "te.compute(shape, f, name?, axes?) -> Tensor",
    "A stage: the tensor whose element at (y, x) is f(y, x).  The axes take the names of f's parameters, or those\n"
    "in the list.  f may return te.sum(…) and its like.\n"
    "> f = te.func(\"double\", function(n)\n"
    ">   local A = te.placeholder({n}, \"float32\", \"A\")\n"
    ">   return te.compute({n}, function(i) return A(i) * 2 end, \"B\")\n"
    "> end)\n"
    "> print(f(8):ir())\n"
    "func double(A: float32[8]) -> B: float32[8]:\n"
    "  for i in range(8):\n"
    "    block B(i):\n"
    "      B[i] = A[i] * 2")
{
    int64_t shape[IR_MAX_RANK];
    const Node *axes[IR_MAX_RANK];
    size_t rank = shape_arg(L, 1, shape);
    arg_function(L, 2);
    const char *name = arg_str_or(L, 3, NULL);
    te_names_or_nil(L, 4);
    lua_settop(L, 4);
    TeScope *s = te_push_scope(L); /* index 5 */
    if (!name)
        name = te_fresh_name(s->te, "C");
    luaL_checkstack(L, (int)rank + 10, "axes");
    lua_pushvalue(L, 2);
    for (size_t i = 0; i < rank; i++) {
        const char *axis = te_parameter(L, 2, 4, (int)i + 1);
        char plain[24];
        snprintf(plain, sizeof plain, "i%zu", i);
        axes[i] = te_axis(s->te, axis ? axis : plain, shape[i]);
        lua_pushvalue(L, 5);
        TeExpr *e = new_expr(L, s, EXPR_AXIS, axes[i]);
        e->extent = shape[i];
    }
    lua_call(L, (int)rank, 1);
    TeExpr *v = test_te_expr(L, lua_gettop(L));
    const Node *b;
    if (v && v->scope != s)
        return RAISE(L, te_outside, NULL);
    if (v && v->kind == EXPR_REDUCE)
        b = te_reduce(s->te, name, v->combiner, rank, axes, v->n, v->more, v->node);
    else if (!v && lua_type(L, -1) != LUA_TNUMBER)
        return RAISE(L, te_no_value, NULL, name, luaL_typename(L, -1));
    else
        b = te_compute(s->te, name, rank, axes, operand(L, lua_gettop(L), s, v, DT_float32));
    raise_mistake(L, s);
    lua_settop(L, 5);
    new_expr(L, s, EXPR_TENSOR, b);
    return 1;
}

/* ---- registration ---- */

LUA_FN(expr_dtype, "e.dtype -> string", "The type of its values: \"float32\", ….")
{
    lua_pushstring(L, dtype_name(type_of(check_te_expr(L, 1))));
    return 1;
}

static const LuaFn *const expr_members[] = {
    &expr_dtype_fn, &expr_add_fn,  &expr_sub_fn, &expr_mul_fn,  &expr_div_fn,  &expr_idiv_fn,
    &expr_mod_fn,   &expr_band_fn, &expr_bor_fn, &expr_bxor_fn, &expr_shl_fn,  &expr_shr_fn,
    &expr_unm_fn,   &expr_lt_fn,   &expr_le_fn,  &expr_eq_fn,   &expr_call_fn, NULL};
const LuaClass te_expr_class = {.name = "Expr",
                                .doc = "A tensor expression: a value, an axis, a tensor.",
                                .size = sizeof(TeExpr),
                                .members = LUA_MEMBERS(expr_members),
                                .tostring = expr_tostring,
                                .index = index_expr};
void lua_open_te(lua_State *L)
{
    const LuaFn *const functions[] = {
        &te_placeholder__fn, &te_reduce_axis__fn, &te_compute__fn, te_func_row, &te_sum__fn,
        &te_prod__fn,        &te_max__fn,         &te_min__fn,     &te_lt__fn,  &te_le__fn,
        &te_gt__fn,          &te_ge__fn,          &te_eq__fn,      &te_ne__fn,  &te_all__fn,
        &te_any__fn,         &te_select__fn,      &te_cast__fn,    te_text_row, NULL};
    lua_put_module(
        L, "te",
        "Tensor expressions: what to compute, before how.  te [[ equations ]] is te.text.");
    lua_put_functions(L, functions);
    lua_put_functions(L, te_math_functions(call_math));
    lua_put_class(L, &te_expr_class);
}
