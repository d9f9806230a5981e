/* elsewhere.h -- what to say where a value has no member of that name: which was meant, what has
** it, and how one comes to such a value.
**
**      tvm> m:split("x", 4)
**      error: Module has no member 'split', which is a method of Schedule
**        hint: s = m:schedule "conv2" or s = tvm.schedule(f) makes one, and then s:split(…)
*/
#ifndef LUA_API_ELSEWHERE_H
#define LUA_API_ELSEWHERE_H

#include "lua_api/lua_fn.h"

/* Raises that `owner` has no member `key`: one of the table at `members` may have been meant, a
** name that was right in another time or house, one that belongs to something else, or none. */
int lua_no_member(lua_State *L, const char *owner, const char *key, int members);

/* Raises it for a name of what `owner`, of a row BY_NAME in old_names.def, holds: s["x"]. */
int lua_goes_by_name(lua_State *L, const char *owner, const char *key);

/* Pushes and returns the classes that have the method, `first` and then the others: "Schedule,
** Graph and Tensor". */
const char *lua_push_owners(lua_State *L, const char *first, const char *method);

/* Pushes how one comes to a value that has a method of that name, "m = g:lower() makes one", where
** several classes have it the one whose values go by the first letter of `name`, which is what it
** is called in the text unless a value has that name, and of m2 how it comes from an m that there
** is; where the values of none of several do, which they are; false, and nothing pushed, if none
** has. */
bool lua_push_how_made(lua_State *L, const char *method, const char *name);

/* Pushes how one comes to a further value from a first that a global holds, "m2 = m:with(…) makes
** one of m", of that class or of any (NULL); false, and nothing pushed, if `name` is none such. */
bool lua_push_how_another(lua_State *L, const char *class, const char *name);

/* Pushes how the value at `idx`, which is called `name`, is run: "m:run{image = …} runs it"; false,
** and nothing pushed, where it is no program and no model. */
bool lua_push_how_run(lua_State *L, int idx, const char *name);

/* Pushes the global whose name is nearest to `name`, or nil: unless `member` is NULL, of those that
** have a method or a function of that name. */
void lua_push_nearest_global(lua_State *L, const char *name, const char *member);

/* What old_names.def knows to do for `key`, which `owner` lacks; NULL if nothing. */
const char *lua_instead(const char *owner, const char *key);

#endif
