/* check_lua.c -- how two tensors compare, as a Lua value. */
#include "core/run/tensor_io.h"
#include "lua_api/tensor_box.h"

typedef struct CheckBox {
    TensorDiff diff;
    Tensor *a, *b;
} CheckBox;

extern const LuaClass check_class;
LUA_BOX(check, CheckBox, check_class)

LUA_FN(
    tvm_check, "tvm.check(a, b, {rtol, atol}?) -> Check",
    "Compares two tensors: how many elements differ by more than atol + rtol * |b| (1e-7 and 1e-5 if not given),\n"
    "the first of them, the largest differences, and where NaN begins; or that they are identical, to the sign of zero.\n"
    "> print(tvm.check(tvm.arange{4}, tvm.arange{4}))\n"
    "identical, 4 elements")
{
    static const char *const keys[] = {"rtol", "atol", NULL};
    Tensor *a = arg_tensor(L, 1), *b = arg_tensor(L, 2);
    Err err = {0};
    arg_options(L, 3, keys);
    double rtol = opt_number(L, 3, "rtol", 1e-5), atol = opt_number(L, 3, "atol", 1e-7);
    CheckBox *box = new_check(L);
    if (!tensor_check(a, b, rtol, atol, &box->diff, &err))
        return lua_raise(L, &err);
    box->a = tensor_retain(a);
    box->b = tensor_retain(b);
    return 1;
}

LUA_FN(check_ok, "c.ok -> boolean", "No element differs.")
{
    lua_pushboolean(L, check_check(L, 1)->diff.count == 0);
    return 1;
}

LUA_FN(check_count, "c.count -> integer", "How many elements differ.")
{
    lua_pushinteger(L, check_check(L, 1)->diff.count);
    return 1;
}

LUA_FN(check_first, "c.first -> list", "The index of the first element that differs, or nil.")
{
    CheckBox *c = check_check(L, 1);
    if (c->diff.first < 0)
        lua_pushnil(L);
    else
        push_tensor_index(L, c->a, c->diff.first);
    return 1;
}

LUA_FN(check_max_abs, "c.max_abs -> number", "The largest |a - b| of finite elements.")
{
    lua_pushnumber(L, check_check(L, 1)->diff.max_abs);
    return 1;
}

LUA_FN(check_max_rel, "c.max_rel -> number", "The largest |a - b| / |b| of finite elements.")
{
    lua_pushnumber(L, check_check(L, 1)->diff.max_rel);
    return 1;
}

LUA_FN(check_max_ulp, "c.max_ulp -> number",
       "The largest number of steps between a and b, from one float to the next.")
{
    lua_pushnumber(L, check_check(L, 1)->diff.max_ulp);
    return 1;
}

static void check_tostring(lua_State *L, void *self)
{
    CheckBox *c = self;
    Arena *A = lua_scratch(L, NULL);
    Buf b = buf_new(A);
    tensor_diff_print(&c->diff, c->a, c->b, &b);
    lua_pushstring(L, buf_str(&b));
    lua_scratch_end(L, A);
}

static void check_release(void *self)
{
    CheckBox *c = self;
    tensor_release(c->a);
    tensor_release(c->b);
    c->a = c->b = NULL;
}

static const LuaFn *const check_members[] = {&check_ok_fn,
                                             &check_count_fn,
                                             &check_first_fn,
                                             &check_max_abs_fn,
                                             &check_max_rel_fn,
                                             &check_max_ulp_fn,
                                             NULL};

const LuaClass check_class = {
    .name = "Check",
    .doc = "How two tensors compare, from tvm.check.",
    .size = sizeof(CheckBox),
    .members = LUA_MEMBERS(check_members),
    .release = check_release,
    .tostring = check_tostring,
};

void lua_open_checks(lua_State *L)
{
    static const LuaFn *const functions[] = {&tvm_check_fn, NULL};
    lua_put_functions(L, functions);
    lua_put_class(L, &check_class);
}
