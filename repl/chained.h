/* chained.h -- a method that was asked of what a call gave: s:split("y", 4):vectorize "yi". */
#ifndef REPL_CHAINED_H
#define REPL_CHAINED_H

#include <stdbool.h>

#include <lua.h>

/* In line `line` of `text` a method was found to be nil, which `owners` have ("": nobody).  Pushes
** what the call before it gives, and what to write; false where that is no call of ours. */
bool push_chained_hint(lua_State *L, const char *method, const char *owners, const char *text,
                       int line);

#endif
