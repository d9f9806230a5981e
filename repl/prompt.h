/* prompt.h -- the interactive session. */
#ifndef REPL_PROMPT_H
#define REPL_PROMPT_H

#include <lua.h>

/* Reads inputs and answers them until the person leaves; returns the exit code.  Without a
** terminal on standard input it reads lines without prompting. */
int prompt_run(lua_State *L);

#endif
