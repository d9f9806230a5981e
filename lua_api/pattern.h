/* pattern.h -- PCRE2 patterns, for searching text and for naming several loops or blocks at once.
**
**      const Pattern *p = pattern_push(L, 2, 0, false);  now on the stack, which keeps it
**      if (pattern_matches(L, p, name)) …
*/
#ifndef LUA_API_PATTERN_H
#define LUA_API_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

typedef struct Pattern Pattern;

/* Compiles the string that is argument `arg` from its letter `skip` on, pushes it and returns it;
** raises what is wrong with it, and where. */
const Pattern *pattern_push(lua_State *L, int arg, size_t skip, bool ignore_case);

/* Does the pattern match the whole of `name`? */
bool pattern_matches(lua_State *L, const Pattern *p, const char *name);

/* Could the string be meant as a pattern: has it a letter that no name has? */
bool pattern_is(const char *text);

#endif
