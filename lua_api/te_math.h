/* te_math.h -- te.exp and its like, as rows made from the tables of mathematical functions. */
#ifndef LUA_API_TE_MATH_H
#define LUA_API_TE_MATH_H

#include "lua_api/lua_fn.h"

/* A list, ended by NULL, of te.NAME for every function of calls.def and math.def that takes one
** float; the row of each is its name, and `call` is what runs. */
const LuaFn *const *te_math_functions(lua_CFunction call);

#endif
