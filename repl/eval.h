/* eval.h -- running what a person typed, and showing what it gave. */
#ifndef REPL_EVAL_H
#define REPL_EVAL_H

#include <stdbool.h>
#include <stdio.h>

#include <lua.h>

typedef enum EvalStatus { EVAL_OK, EVAL_ERROR, EVAL_SYNTAX, EVAL_INTERRUPTED } EvalStatus;

/* The line at which the text stops being an input; 0 if it is one.  *unfinished: it is the
** beginning of something that parses, and no more. */
int eval_wrong_line(lua_State *L, const char *text, bool *unfinished);

/* Is the text the beginning of something that parses, and no more? */
bool eval_is_incomplete(lua_State *L, const char *text);

/* Runs an input as the prompt does: tried as an expression first, `local` outside blocks makes
** globals, "?x" asks for help.  Prints on `out` what was done (the steps of schedules), then the
** value of the last expression unless a semicolon ends the input; `_` becomes that value.  Errors
** go to `errors`, in words.  `name` is the chunk's ("=[3]"). */
EvalStatus eval_input(lua_State *L, const char *text, const char *name, FILE *out, FILE *errors);

/* Runs a chunk of a script: NULL reads standard input, else a file's path, with `narg` strings as
** its arguments.  Prints no values. */
EvalStatus eval_file(lua_State *L, const char *path, int narg, char **args, FILE *errors);

/* What the process answers. */
int eval_exit_code(EvalStatus status);

#endif
