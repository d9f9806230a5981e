/* tensor_walk_lua.c -- loops over tensors: pairs(t) and ipairs(t) give rows or
** elements with their indices, from 0. */
#include "lua_api/session.h"
#include "lua_api/tensor_box.h"

/* The iterator: (t, i) -> i + 1 and t[i + 1], or nothing. */
static int next_row(lua_State *L)
{
    const Tensor *t = arg_tensor(L, 1);
    lua_Integer i = luaL_checkinteger(L, 2) + 1;
    if (t->rank == 0 || i >= t->shape[0])
        return 0;
    lua_pushinteger(L, i);
    lua_geti(L, 1, i);
    return 2;
}

static int walk(lua_State *L)
{
    arg_tensor(L, 1);
    lua_pushcfunction(L, next_row);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, -1);
    return 3;
}

LUA_FN(tensor_pairs, "__pairs(t)",
       "for i, row in pairs(t) do … end: rows, or elements where there is one dimension, from 0.")
{
    return walk(L);
}

static const char lists_key; /* registry: Lua's ipairs */

LUA_FN(
    base_ipairs, "ipairs(list) -> iterator, list, 0",
    "for i, x in ipairs(list) do … end: the elements of a plain list, from 1; the rows of a tensor, from 0.\n"
    "> for i, x in ipairs(tvm.tensor { 10, 20 }) do print(i, x) end\n"
    "0\t10.0\n"
    "1\t20.0\n"
    "> for i, x in ipairs { 10, 20 } do print(i, x) end\n"
    "1\t10\n"
    "2\t20")
{
    if (test_tensor(L, 1))
        return walk(L);
    luaL_checkany(L, 1);
    lua_settop(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &lists_key);
    lua_insert(L, 1);
    lua_call(L, 1, 3);
    return 3;
}

const LuaFn *const tensor_walk_members[] = {&tensor_pairs_fn, NULL};

void lua_open_tensor_walk(lua_State *L)
{
    static const LuaFn *const functions[] = {&base_ipairs_fn, NULL};
    lua_getglobal(L, "ipairs");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &lists_key);
    lua_put_functions(L, functions);
}
