/* answer.h -- what a session does with what was entered. */
#ifndef REPL_ANSWER_H
#define REPL_ANSWER_H

#include <stdbool.h>

#include <lua.h>

/* `exit` and `quit` leave, called or not, unless they are names of the person's own. */
bool answer_leaves(lua_State *L, const char *text);

/* Runs an input and shows what it gave; false if it asks to leave. */
bool answer_input(lua_State *L, const char *text, int number);

/* Runs a text of several lines as if they had been typed one after the other: the first that fails
** or is interrupted ends it.  *number counts the inputs.  False if one asks to leave. */
bool answer_lines(lua_State *L, const char *text, int *number);

#endif
