/* start.h -- a state of the workbench, ready for input. */
#ifndef REPL_START_H
#define REPL_START_H

#include <stdbool.h>
#include <stdio.h>

#include <lua.h>

typedef enum ExitCode {
    EXIT_ok = 0,
    EXIT_failed = 1,
    EXIT_usage = 2,
    EXIT_syntax = 4,
    EXIT_interrupted = 130,
} ExitCode;

/* A new state whose view fits where standard output goes; the caller closes it.  NULL, and a
** message, if there is no memory. */
lua_State *start_session(void);

/* The same for a program or a test to read: 80 columns, no colours. */
lua_State *start_plain_session(void);

/* Is it a terminal that knows escapes? */
bool start_is_screen(int fd);

/* Measures the terminal again. */
void start_measure(lua_State *L);

/* One line on what this is and what it runs on. */
void start_banner(lua_State *L, FILE *out);

/* What this build and this machine can do, a line each: --features. */
void start_features(FILE *out);

#define COMMAND(word, function, arguments, doc) int function(int argc, char **argv);
#include "repl/commands.def"
#undef COMMAND

#endif
