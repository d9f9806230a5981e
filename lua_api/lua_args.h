/* lua_args.h -- reading a Lua function's arguments: each raises an error that says which argument,
** what was expected, what came instead, and the signature.
**
** A nil where a value is needed is most often a misspelt or unquoted name, so the message looks at
** what was typed: argument 1 is nil: did you mean "ox"?
*/
#ifndef LUA_API_LUA_ARGS_H
#define LUA_API_LUA_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lua.h>

/* Raise unless argument `arg` is what the name says.  Numbers are never read from strings; a
** float counts as an integer if it is one.  The _or forms take nil and none as `otherwise`. */
int64_t arg_int(lua_State *L, int arg, int64_t lo, int64_t hi);
int64_t arg_int_or(lua_State *L, int arg, int64_t lo, int64_t hi, int64_t otherwise);
double arg_number(lua_State *L, int arg);
double arg_number_or(lua_State *L, int arg, double otherwise);
bool arg_bool(lua_State *L, int arg);
bool arg_bool_or(lua_State *L, int arg, bool otherwise);
const char *arg_str(lua_State *L, int arg);

/* The path of a file that one of `texts` (of SavedText) is to be written to; raises where its name
** says that it is something else, with `instead`, what may be wanted. */
const char *arg_text_path(lua_State *L, int arg, unsigned texts, const char *instead);
const char *arg_str_or(lua_State *L, int arg, const char *otherwise);
void arg_function(lua_State *L, int arg);
void arg_table(lua_State *L, int arg);
void arg_given(lua_State *L, int arg, const char *expected);

/* The index of the string in `names`, which ends with NULL. */
int arg_choice(lua_State *L, int arg, const char *const names[]);
int arg_choice_or(lua_State *L, int arg, const char *const names[], int otherwise);

/* A list {a, b, c} of at most `max` elements; returns how many.  The strings belong to Lua and
** live as long as the list does. */
size_t arg_ints(lua_State *L, int arg, int64_t lo, int64_t hi, int64_t *out, size_t max);
size_t arg_strs(lua_State *L, int arg, const char **out, size_t max);
size_t arg_list(lua_State *L, int arg, size_t max); /* its length alone; elements by lua_rawgeti */

/* Options {repeats = 5, …}: raises unless argument `arg` is nil or a table with no other keys than
** `keys`, which ends with NULL; then the opt_ functions read them. */
void arg_options(lua_State *L, int arg, const char *const keys[]);
int64_t opt_int(lua_State *L, int arg, const char *key, int64_t lo, int64_t hi, int64_t otherwise);
double opt_number(lua_State *L, int arg, const char *key, double otherwise);
bool opt_bool(lua_State *L, int arg, const char *key, bool otherwise);
const char *opt_str(lua_State *L, int arg, const char *key, const char *otherwise);

/* Inputs by name {A = a, …} or in order {a, …}: raises where a key of the table at `arg` is none of
** the n names and no place of the list, or where it has both. */
void arg_inputs(lua_State *L, int arg, size_t n, const char *const *names);

/* Pushes and returns "A, B", or "none". */
const char *arg_names(lua_State *L, size_t n, const char *const *names);

/* Pushes options[key] and returns its type; LUA_TNIL (pushed too) where it is not given. */
int opt_push(lua_State *L, int arg, const char *key);

/* Raises that the option, whose value is on top of the stack, should be something else. */
int opt_wrong(lua_State *L, const char *key, const char *expected);

/* Raises "argument N should be `expected`, but is …", for readers of kinds of one's own. */
int arg_wrong(lua_State *L, int arg, const char *expected);

/* The same where a string would do: a variable that is nil may be a name without its quotes. */
int arg_wrong_string(lua_State *L, int arg, const char *expected);

/* The same where a Func would do: a program with parameters may only have to be called. */
int arg_wrong_program(lua_State *L, int arg, const char *expected);

/* Raises that the argument is a variable without a value, if it is one; else returns. */
void arg_refuse_unset(lua_State *L, int arg, const char *expected);

/* Are there more than `most` arguments?  Nils behind them count as not given, and are dropped. */
bool arg_more(lua_State *L, int most);

/* Raises that argument `arg` is more than the running function takes. */
int arg_surplus(lua_State *L, int arg);

/* Pushes and returns what a value is, for a person: nil, "text", 3.5, a Schedule, a function. */
const char *arg_describe(lua_State *L, int idx);

/* Where the value at `arg` is a program with parameters, f for f(64): pushes that it is to be
** called, or returns false. */
bool lua_push_call_first(lua_State *L, int arg);

/* How the running function is called: its signature. */
const char *lua_signature(lua_State *L);

#endif
