/* own_name.h -- what the person calls a value, for texts that say what to type.
**
** Docstrings and rows of errors.def speak of `s:split(…)`; the person's schedule has a name of its
** own, and that is what an error shows.
*/
#ifndef LUA_API_OWN_NAME_H
#define LUA_API_OWN_NAME_H

#include "lua_api/lua_fn.h"

/* The receiver in the signatures of a class's methods: "s" of Schedule; "" if it has none. */
const char *own_letter(const LuaClass *cls, char letter[32]);

/* Pushes the name of the global that holds the very value at `idx`, or of a variable of the
** person's function that is running; false, and nothing pushed, where it has none. */
bool own_push_name(lua_State *L, int idx);

/* Pushes the name of a global that holds a value of the class, the best to say where there are
** several; false, and nothing pushed, where there is none. */
bool own_push_of_class(lua_State *L, const LuaClass *cls);

/* Pushes `text` with `name` for `letter` wherever that is a receiver: before ":" or "." and a
** name, outside of quotes; as the last of a list; and alone in the call of a module's function. */
void own_push_text(lua_State *L, const char *text, const char *letter, const char *name);

/* In `err`'s fix the values that the function which is running was given go by their own names. */
typedef struct OwnFix {
    char called[64];          /* what the fix calls the first of them that it speaks of; or "" */
    const LuaClass *nameless; /* of that class it is, if it has no name and stays a letter */
} OwnFix;
OwnFix own_fix(lua_State *L, Err *err);

/* Pushes the call `object:method(…)` in the line of the person's that is running as
** `object:instead(…)`; false, and nothing pushed, where that line has none, or more than one. */
bool own_push_call_as(lua_State *L, const char *method, const char *instead);

/* Pushes the call `object.method(…)` in the line of the person's that is running as
** `object:method(…)`; false, and nothing pushed, where that line has none. */
bool own_push_colon_call(lua_State *L, const char *method);

#endif
