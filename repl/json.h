/* json.h -- results for programs: one line of JSON for each input. */
#ifndef REPL_JSON_H
#define REPL_JSON_H

#include <stdio.h>

#include "repl/eval.h"

/* Writes what the input gave: {"ok":true,"values":[…],"steps":[…]} for the packed results on top,
** {"ok":false,"status":"error","error":{code,what,where,why,witness,fix,text}} for the error.
** How the input ended after that: a request to stop may come while the line is made. */
EvalStatus json_result(lua_State *L, EvalStatus status, const char *name, const char *text,
                       FILE *out);

/* Has what the program prints become lines of JSON of their own, {"print":"text"}, on `out`: print,
** io.write and whatever else goes to the session's output. */
void json_take_print(lua_State *L, FILE *out);

#endif
