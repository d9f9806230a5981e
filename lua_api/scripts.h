/* scripts.h -- the parts of the workbench that are written in Lua: lua_api/scripts/NAME.lua.
**
** The build puts their text into the program, which so needs no files beside it.
*/
#ifndef LUA_API_SCRIPTS_H
#define LUA_API_SCRIPTS_H

#include "lua_api/lua_fn.h"

typedef struct LuaScript {
    const char *name, *text;
    size_t size;
} LuaScript;

extern const LuaScript lua_scripts[]; /* ends with a NULL name */

/* Pushes what the script returns.  It is run at the first call in a state; later calls push the
** same value.  Its argument is a table of functions:
**   view() -> width, utf8, fits, called, all; script(name), another script's value;
**   leave_out(), which says that a view lacks room for all;
**   class(name), the metatable of values that help() describes under that name;
**   own_name(value, otherwise), what the person calls a value;
**   progress(text), what whoever waits may like to know, and progress() that it is over;
**   until_stopped(f, …), which calls f(…) and says whether a request to stop ended it;
**   tell(line), which goes to the person beside the input's results. */
void lua_push_script(lua_State *L, const char *name);

#endif
