/* doc.h -- reading what is registered: for help, the manual, completion and the doc tests. */
#ifndef LUA_API_DOC_H
#define LUA_API_DOC_H

#include "lua_api/session.h"

/* The i-th function or class in the order of registration, from 0; NULL after the last. */
const LuaFn *doc_function(lua_State *L, int i);
const LuaClass *doc_class(lua_State *L, int i);

/* The method `key` of the class of that name, or NULL. */
const LuaFn *doc_method(lua_State *L, const char *class, const char *key);

/* The i-th described module; false after the last. */
bool doc_module(lua_State *L, int i, const char **name, const char **doc);

/* Is the value at `idx` the table of a described module? */
bool doc_is_module(lua_State *L, int idx, const char **name, const char **doc);

/* Pushes the help text of a function, of a class, of the module or word `name`, or of everything,
** as wide as the view. The word raises if nothing is called so or mentions it. */
void doc_push_function(lua_State *L, const LuaFn *fn);
void doc_push_class(lua_State *L, const LuaClass *cls);
void doc_push_word(lua_State *L, const char *word);
void doc_push_overview(lua_State *L);

/* Pushes help for the value at `idx`. */
void doc_push_value(lua_State *L, int idx);

#endif
