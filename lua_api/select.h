/* select.h -- PCRE2 patterns where names of loops, blocks or operators are meant. */
#ifndef LUA_API_SELECT_H
#define LUA_API_SELECT_H

#include "core/schedule/sched.h"
#include "lua_api/lua_fn.h"

/* Replaces patterns among the arguments of a primitive (from index 2 on) by the names in the
** version that they match: all of them where several loops are meant, else the one; raises where
** there is none, or more than one. */
void select_arguments(lua_State *L, const Prim *prim, const Version *v);

#endif
