/* prompt.h -- the interactive session. */
#ifndef REPL_PROMPT_H
#define REPL_PROMPT_H

#include <lua.h>

/* Reads inputs and answers them until the person leaves; returns the exit code.  Without a
** terminal on standard input it reads lines without prompting. */
int prompt_run(lua_State *L);

/* Reads one input at the terminal, with `begun` typed already; malloc'ed, empty if it was given up,
** NULL at the end of input, and if it asks to leave.  For those who ask in the midst of something
** else, as a lesson does. */
char *prompt_ask(lua_State *L, const char *begun);

#endif
