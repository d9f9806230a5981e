/* compare_remarks.h -- what a comparison says of the programs in its list, beside their times. */
#ifndef LUA_API_COMPARE_REMARKS_H
#define LUA_API_COMPARE_REMARKS_H

#include "lua_api/lua_fn.h"

/* Raises list_named if the table at `list` has entries beside its first n. */
void refuse_named(lua_State *L, int list, size_t n);

/* Pushes lines, each after a newline: which of the programs in the list are one and the same, and
** which certainly compute different things, for what they take and give differs.  "" if none. */
void push_remarks(lua_State *L, int list);

#endif
