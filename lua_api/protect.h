/* protect.h -- stopping Lua code from outside, wherever it is.
**
** No hook stands while nothing is wrong, for any hook doubles the time of a Lua loop.  A request to
** stop (Ctrl-C) raises core's cancel flag and hangs a hook on the coroutine that runs at that
** moment; the hook raises an error that this file's pcall, xpcall, resume and load hand on instead
** of catching.  The hook stays until protect_rest(), so nothing that Lua code does on the way out
** (handlers, __close) can hold it up.
*/
#ifndef LUA_API_PROTECT_H
#define LUA_API_PROTECT_H

#include <stdbool.h>
#include <stdio.h>

#include <lua.h>

/* A state whose memory is limited to half of the machine's, and each table of it to eight million
** values of a list and four million others; NULL if there is none. */
lua_State *protect_new_state(void);

/* Ctrl-C means this state from now on.  `patient`: a second one waits too (a prompt); otherwise it
** ends the process (a script), and SIGTERM means the same as Ctrl-C. */
void protect_watch(lua_State *L, bool patient);
void protect_unwatch(void);

/* Ask the watched state to stop: what the signal does.  Safe in signal handlers. */
void protect_stop(void);

/* How many requests to stop there have been. */
unsigned protect_stops(void);

/* For loops of C that may take long and hold nothing: raises the stop if there is a request. */
void protect_poll(lua_State *L);

/* Calls the function below the `nargs` arguments on top and drops what it gives.  True: a request
** to stop ended it, and is done with; other errors are raised.  Only the first request of an input
** is taken so, and no SIGTERM: a loop around such calls can be stopped. */
bool protect_until_stopped(lua_State *L, int nargs);

/* From here on `co` runs, on behalf of L: signals and a lack of memory stop that one; until it is
** left, with what entering gave.  A request from before has no hook on it: look for one then. */
lua_State *protect_enter(lua_State *L, lua_State *co);
void protect_leave(lua_State *L, lua_State *from);

/* The prompt is reached: the request, if there was one, is done with. */
void protect_rest(lua_State *L);

/* Is the value at `idx` the error that a request to stop raises? */
bool protect_is_stop(lua_State *L, int idx);

#endif
