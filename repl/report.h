/* report.h -- an error in words. */
#ifndef REPL_REPORT_H
#define REPL_REPORT_H

#include <stdbool.h>

#include <lua.h>

/* Pushes the text for the error at `idx`: 12 lines at most, with a way out where one is known.
** `name` is the chunk of the input that is being answered ("=[3]", "@demo.lua"), `text` its source;
** `width` and `color` as in dress_error. */
void report_push(lua_State *L, int idx, const char *name, const char *text, int width, bool color);

/* What Lua's own message says, and of which line of the script: pushes "attempt to …" and
** "demo.lua:2", or nil for that if it was raised elsewhere than in the script called `name`. */
void report_push_parts(lua_State *L, const char *message, const char *name, const char *text);

/* The message handler for calls whose errors are reported: remembers who called whom. */
int report_handler(lua_State *L);

#endif
