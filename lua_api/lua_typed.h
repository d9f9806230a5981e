/* lua_typed.h -- what a person typed, for an error that wants to quote it. */
#ifndef LUA_API_LUA_TYPED_H
#define LUA_API_LUA_TYPED_H

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

/* Finds the variable that was written as argument `n` (from 1) of the running call of `function`;
** false if something else stands there, or the variable is not nil. */
bool typed_argument(lua_State *L, const char *function, int n, char *out, size_t size);

#endif
