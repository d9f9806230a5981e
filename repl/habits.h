/* habits.h -- what people bring along from Python, C and older Lua, and what Lua says instead.
**
**      habit_method("append")      "Lua writes it as t[#t + 1] = x"
**
** The rows stand in habits.def.  `text` is the input, and `line` the one that an error names. */
#ifndef REPL_HABITS_H
#define REPL_HABITS_H

#include <stdbool.h>

#include <lua.h>

/* Pushes the hint for an input that Lua refused with this message; or returns false. */
bool habit_push_syntax(lua_State *L, const char *message, const char *text, int line);

/* The same for an error that was raised while the line ran. */
bool habit_push_raised(lua_State *L, const char *message, const char *text, int line);

/* What is meant by a global, or a method, that means nothing here, but does elsewhere; or NULL. */
const char *habit_global(const char *name);
const char *habit_method(const char *name);

/* The global of those that is nearest to a misspelt one, and nearer than `known`, a name that has a
** value (NULL if none is near); or NULL. */
const char *habit_nearest_global(const char *name, const char *known);

/* Is it a library of other languages, whose functions have namesakes here? */
bool habit_is_library(const char *name);

/* How Lua writes what an input that goes on has begun as Python would; or NULL. */
const char *habit_unfinished(const char *text);

#endif
