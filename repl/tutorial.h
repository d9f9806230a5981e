/* tutorial.h -- the function tour(), for a new state. */
#ifndef REPL_TUTORIAL_H
#define REPL_TUTORIAL_H

#include <lua.h>

void tutorial_open(lua_State *L);

#endif
