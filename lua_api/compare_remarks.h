/* compare_remarks.h -- what a comparison calls the programs in its list, and says of them beside
** their times. */
#ifndef LUA_API_COMPARE_REMARKS_H
#define LUA_API_COMPARE_REMARKS_H

#include "lua_api/lua_fn.h"
#include "lua_api/runnable.h"

/* Raises list_named if the table at `list` has entries beside its first n. */
void refuse_named(lua_State *L, int list, size_t n);

/* Tells apart what the rows for the list at `list` are called.  Further forms of a model share its
** name, and other things may: beside each other they stand under what the person calls them, as
** "m2 (digits with conv2)", or are counted. */
void label_rows(lua_State *L, int list, Runnable *rows, size_t n);

/* Pushes lines, each after a newline: which of the programs in the list are one and the same, and
** which certainly compute different things, for what they take and give differs.  "" if none. */
void push_remarks(lua_State *L, int list);

#endif
