/* lua_args.c -- reading a Lua function's arguments. */
#include "lua_api/lua_args.h"

#include <string.h>

#include "core/base/nearest.h"
#include "lua_api/elsewhere.h"
#include "lua_api/file_kind.h"
#include "lua_api/lua_typed.h"
#include "lua_api/own_name.h"
#include "lua_api/session.h"

enum { SHOWN = 40 }; /* letters of a value that an error quotes */

const LuaFn *lua_fn_running(lua_State *L)
{
    const LuaFn *fn = NULL;
    lua_Debug ar = {.what = "C"};
    for (int level = 0; !fn && *ar.what == 'C' && lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Sf", &ar);
        fn = lua_fn_of(L, -1);
        lua_pop(L, 1);
    }
    return fn;
}

const char *lua_signature(lua_State *L)
{
    const LuaFn *fn = lua_fn_running(L);
    if (!fn || lua_fn_name(fn).kind != FN_META)
        return fn ? fn->sig : "help() shows";
    return lua_pushlstring(L, fn->doc, strcspn(fn->doc, ",;.")); /* "a + b" */
}

/* The number a person counts: an object before the colon is none. */
static int counted(lua_State *L, int arg)
{
    const LuaFn *fn = lua_fn_running(L);
    LuaFnKind kind = fn ? lua_fn_name(fn).kind : FN_FUNCTION;
    return kind == FN_METHOD || kind == FN_FIELD ? arg - 1 : arg;
}

const char *arg_describe(lua_State *L, int idx)
{
    void *self;
    const LuaClass *cls = lua_class_of(L, idx, &self);
    if (cls)
        return lua_pushfstring(L, "%s %s", article(cls->name), cls->name);
    switch (lua_type(L, idx)) {
    case LUA_TNONE:
    case LUA_TNIL: return lua_pushliteral(L, "nil");
    case LUA_TBOOLEAN: return lua_pushstring(L, lua_toboolean(L, idx) ? "true" : "false");
    case LUA_TNUMBER: return luaL_tolstring(L, idx, NULL);
    case LUA_TSTRING: {
        char text[SHOWN + 1];
        snprintf(text, sizeof text, "%s", lua_tostring(L, idx));
        return lua_pushfstring(L, strlen(text) < SHOWN ? "\"%s\"" : "\"%s…\"", text);
    }
    default: return lua_pushfstring(L, "a %s", luaL_typename(L, idx));
    }
}

/* s.split("y", 8): the call is at hand, and lacks only the colon. */
static int no_self(lua_State *L, const LuaFn *fn)
{
    LuaFnName name = lua_fn_name(fn);
    Err err = {0};
    REFUSE(&err, no_self, NULL, name.name, fn->sig);
    if (own_push_colon_call(L, name.name))
        err_fix(&err, "%s", lua_tostring(L, -1));
    return lua_raise(L, &err);
}

bool lua_push_call_first(lua_State *L, int arg)
{
    const LuaClass *cls = lua_class_of(L, arg, NULL);
    if (!cls || strcmp(cls->name, "te function") != 0)
        return false;
    const char *text = luaL_tolstring(L, arg, NULL), *open = strchr(text, '(');
    const char *name = own_push_name(L, arg) ? lua_tostring(L, -1) : lua_pushliteral(L, "f");
    const char *list = lua_pushlstring(L, open, strcspn(open, ")") + 1);
    lua_pushfstring(L, "it has parameters: %s%s makes a Func, with a number for each", name, list);
    return true;
}

/* zeros(2, 3): advises the list where the numbers of a shape or an order came one by one. */
static void advise_list(lua_State *L, Err *err)
{
    char list[80] = "";
    size_t len = 0;
    const LuaFn *fn = lua_fn_running(L);
    int last = lua_gettop(L), first = counted(L, 1) == 0 ? 2 : 1;
    int i = first;
    if (!fn || !fn->list)
        return;
    for (; i <= last && lua_isinteger(L, i) && len < sizeof list; i++)
        len += (size_t)snprintf(list + len, sizeof list - len, "%s%lld", i > first ? ", " : "",
                                (long long)lua_tointeger(L, i));
    if (i > first + 1 && len < sizeof list)
        err_fix(err, "these are one argument, a list: {%s}", list);
}

static bool given_class(lua_State *L, int arg, const char *name)
{
    const LuaClass *cls = lua_class_of(L, arg, NULL);
    return cls && strcmp(cls->name, name) == 0;
}

/* What may have been meant by a value that does not fit. */
typedef enum Meant { MEANT_value, MEANT_string, MEANT_program } Meant;

/* The argument is a variable of that name, which has no value; another one has, or may not have. */
static int refuse_unset(lua_State *L, int n, const char *name, const char *expected)
{
    Err err = {0};
    REFUSE(&err, argument_nil_variable, NULL, n, name, expected, name);
    lua_push_nearest_global(L, name, NULL);
    if (lua_isstring(L, -1))
        err_fix(&err, "did you mean %s?", lua_tostring(L, -1));
    lua_pop(L, 1);
    return lua_raise(L, &err);
}

static int wrong(lua_State *L, int arg, const char *expected, Meant meant)
{
    int n = counted(L, arg);
    const LuaFn *fn = lua_fn_running(L);
    if (n == 0)
        return no_self(L, fn);
    if (lua_isnone(L, arg))
        return RAISE(L, argument_missing, NULL, n, expected, lua_signature(L));
    char typed[64];
    if (lua_isnil(L, arg) && fn &&
        typed_argument(L, lua_fn_name(fn).name, n, typed, sizeof typed)) {
        if (meant != MEANT_string)
            return refuse_unset(L, n, typed, expected);
        char fix[224];
        snprintf(fix, sizeof fix,
                 "\"%s\" is the name; %s without quotes is a variable, which is nil", typed, typed);
        return RAISE(L, argument_nil, NULL, n, typed, fix);
    }
    if (lua_isnil(L, arg))
        return RAISE(L, argument_nil_plain, NULL, n, expected, lua_signature(L));
    Err err = {0};
    int given = lua_gettop(L);
    REFUSE(&err, argument_type, NULL, n, expected, arg_describe(L, arg), lua_signature(L));
    lua_settop(L, given);
    advise_list(L, &err);
    if (meant == MEANT_program && lua_push_call_first(L, arg))
        err_fix(&err, "%s", lua_tostring(L, -1));
    else if (meant == MEANT_program && given_class(L, arg, "Module"))
        err_fix(&err, "m:schedule(name) makes one of a kernel, and m:kernels() lists the names");
    else if (meant == MEANT_program && lua_type(L, arg) == LUA_TSTRING)
        err_fix(&err,
                "tvm.parse(text) makes a Func of a program's text, and te.text(text) of equations");
    return lua_raise(L, &err);
}

int arg_wrong(lua_State *L, int arg, const char *expected)
{
    return wrong(L, arg, expected, MEANT_value);
}

int arg_wrong_string(lua_State *L, int arg, const char *expected)
{
    return wrong(L, arg, expected, MEANT_string);
}

int arg_wrong_program(lua_State *L, int arg, const char *expected)
{
    return wrong(L, arg, expected, MEANT_program);
}

void arg_refuse_unset(lua_State *L, int arg, const char *expected)
{
    char typed[64];
    int n = counted(L, arg);
    const LuaFn *fn = lua_fn_running(L);
    if (lua_isnil(L, arg) && fn && typed_argument(L, lua_fn_name(fn).name, n, typed, sizeof typed))
        refuse_unset(L, n, typed, expected);
}

bool arg_more(lua_State *L, int most)
{
    while (lua_gettop(L) > most && lua_isnil(L, -1))
        lua_pop(L, 1);
    return lua_gettop(L) > most;
}

int arg_surplus(lua_State *L, int arg)
{
    Err err = {0};
    REFUSE(&err, extra_argument, NULL, (size_t)counted(L, arg));
    bool replaced = counted(L, arg) == 2 && lua_type(L, arg) == LUA_TNUMBER &&
                    lua_type(L, arg - 1) == LUA_TSTRING;
    err_fix(&err, "call it as %s%s", lua_signature(L),
            replaced ? "; of gsub's two values, parentheses around the call keep the first" : "");
    advise_list(L, &err);
    return lua_raise(L, &err);
}

/* An integer, or a float that is one; never a string that looks like one. */
static bool to_int(lua_State *L, int idx, int64_t *out)
{
    int exact = 0;
    *out = lua_type(L, idx) == LUA_TNUMBER ? lua_tointegerx(L, idx, &exact) : 0;
    return exact != 0;
}

/* Pushes and returns what the number should be; of a bound that is that of an integer's room only
** whoever is beyond it is told. */
static const char *range(lua_State *L, int64_t v, int64_t lo, int64_t hi)
{
    enum { ROOM = 1000000000 };
    if (v < lo && hi >= ROOM)
        return lua_pushfstring(L, "%I or more", (LUAI_UACINT)lo);
    if (v > hi && (lo <= -ROOM || hi >= ROOM))
        return lua_pushfstring(L, "at most %I", (LUAI_UACINT)hi);
    return lua_pushfstring(L, "between %I and %I", (LUAI_UACINT)lo, (LUAI_UACINT)hi);
}

int64_t arg_int(lua_State *L, int arg, int64_t lo, int64_t hi)
{
    int64_t v;
    if (!to_int(L, arg, &v))
        return arg_wrong(L, arg, "an integer");
    if (v < lo || v > hi)
        return RAISE(L, argument_range, NULL, counted(L, arg), (long long)v, range(L, v, lo, hi),
                     lua_signature(L));
    return v;
}

int64_t arg_int_or(lua_State *L, int arg, int64_t lo, int64_t hi, int64_t otherwise)
{
    return lua_isnoneornil(L, arg) ? otherwise : arg_int(L, arg, lo, hi);
}

double arg_number(lua_State *L, int arg)
{
    if (lua_type(L, arg) != LUA_TNUMBER)
        arg_wrong(L, arg, "a number");
    return lua_tonumber(L, arg);
}

double arg_number_or(lua_State *L, int arg, double otherwise)
{
    return lua_isnoneornil(L, arg) ? otherwise : arg_number(L, arg);
}

bool arg_bool(lua_State *L, int arg)
{
    if (!lua_isboolean(L, arg))
        arg_wrong(L, arg, "true or false");
    return lua_toboolean(L, arg);
}

bool arg_bool_or(lua_State *L, int arg, bool otherwise)
{
    return lua_isnoneornil(L, arg) ? otherwise : arg_bool(L, arg);
}

const char *arg_str(lua_State *L, int arg)
{
    if (lua_type(L, arg) != LUA_TSTRING)
        arg_wrong_string(L, arg, "a string");
    size_t n;
    const char *s = lua_tolstring(L, arg, &n);
    if (strlen(s) != n)
        arg_wrong_string(L, arg, "a string without zero bytes");
    return s;
}

const char *arg_text_path(lua_State *L, int arg, unsigned texts, const char *instead)
{
    const char *path = arg_str(L, arg);
    if (file_takes_text(path, texts))
        return path;
    const FileKind *kind = file_kind(path);
    Err err = {0};
    FAIL(&err, format_other, NULL, path, kind ? kind->is : "something else");
    err_fix(&err, "%s", instead);
    lua_raise(L, &err);
    return NULL;
}

const char *arg_str_or(lua_State *L, int arg, const char *otherwise)
{
    return lua_isnoneornil(L, arg) ? otherwise : arg_str(L, arg);
}

void arg_function(lua_State *L, int arg)
{
    if (!lua_isfunction(L, arg))
        arg_wrong(L, arg, "a function");
}

void arg_given(lua_State *L, int arg, const char *expected)
{
    if (lua_isnone(L, arg))
        arg_wrong(L, arg, expected);
}

void arg_table(lua_State *L, int arg)
{
    if (!lua_istable(L, arg))
        arg_wrong(L, arg, "a table");
}

/* Writes `"a", "b", "c"` and returns it. */
static const char *quoted(const char *const names[], char out[200])
{
    size_t len = 0;
    out[0] = '\0';
    for (int i = 0; names[i] && len < 200; i++)
        len += (size_t)snprintf(out + len, 200 - len, "%s\"%s\"", i ? ", " : "", names[i]);
    return out;
}

int arg_choice(lua_State *L, int arg, const char *const names[])
{
    char list[200], expected[220];
    snprintf(expected, sizeof expected, "one of %s", quoted(names, list));
    if (lua_type(L, arg) != LUA_TSTRING)
        arg_wrong_string(L, arg, expected);
    const char *given = arg_str(L, arg);
    for (int i = 0; names[i]; i++)
        if (strcmp(given, names[i]) == 0)
            return i;
    return RAISE(L, argument_choice, NULL, counted(L, arg), given, list);
}

int arg_choice_or(lua_State *L, int arg, const char *const names[], int otherwise)
{
    return lua_isnoneornil(L, arg) ? otherwise : arg_choice(L, arg, names);
}

/* ---- lists ---- */

size_t arg_list(lua_State *L, int arg, size_t max)
{
    if (!lua_istable(L, arg))
        arg_wrong(L, arg, "a list");
    size_t n = lua_rawlen(L, arg);
    if (n > max)
        RAISE(L, list_too_long, NULL, counted(L, arg), (long long)n, (long long)max,
              lua_signature(L));
    return n;
}

/* Element i of the list, on top of the stack, is not what it should be. */
static int element_wrong(lua_State *L, int arg, size_t i, const char *expected)
{
    return RAISE(L, element_type, NULL, (int)i, counted(L, arg), expected, arg_describe(L, -1),
                 lua_signature(L));
}

size_t arg_ints(lua_State *L, int arg, int64_t lo, int64_t hi, int64_t *out, size_t max)
{
    size_t n = arg_list(L, arg, max);
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, arg, (lua_Integer)i + 1);
        if (!to_int(L, -1, &out[i]) || out[i] < lo || out[i] > hi) {
            char expected[80];
            snprintf(expected, sizeof expected, "an integer between %lld and %lld", (long long)lo,
                     (long long)hi);
            element_wrong(L, arg, i + 1, expected);
        }
        lua_pop(L, 1);
    }
    return n;
}

size_t arg_strs(lua_State *L, int arg, const char **out, size_t max)
{
    size_t n = arg_list(L, arg, max);
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, arg, (lua_Integer)i + 1);
        if (lua_type(L, -1) != LUA_TSTRING)
            element_wrong(L, arg, i + 1, "a string");
        out[i] = lua_tostring(L, -1);
        lua_pop(L, 1);
    }
    return n;
}

/* ---- options ---- */

static void check_option(lua_State *L, const char *const keys[])
{
    bool named = lua_type(L, -1) == LUA_TSTRING;
    const char *key = named ? lua_tostring(L, -1) : arg_describe(L, -1);
    Nearest near = nearest_to(key);
    for (int i = 0; keys[i]; i++) {
        if (strcmp(keys[i], key) == 0)
            return;
        nearest_try(&near, keys[i]);
    }
    char meant[128] = "", list[200];
    if (!named)
        snprintf(meant, sizeof meant, ": this is a list, and options have names");
    else if (near.best)
        snprintf(meant, sizeof meant, ": did you mean '%s'?", near.best);
    RAISE(L, option_unknown, NULL, key, meant, quoted(keys, list));
}

void arg_options(lua_State *L, int arg, const char *const keys[])
{
    if (lua_isnoneornil(L, arg))
        return;
    if (!lua_istable(L, arg))
        arg_wrong(L, arg, "a table of options");
    int top = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, arg);) {
        lua_pop(L, 1);
        check_option(L, keys);
        lua_settop(L, top + 1);
    }
}

const char *arg_names(lua_State *L, size_t n, const char *const *names)
{
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    luaL_addstring(&b, n == 0 ? "none" : "");
    for (size_t i = 0; i < n; i++) {
        luaL_addstring(&b, i ? ", " : "");
        luaL_addstring(&b, names[i]);
    }
    luaL_pushresult(&b);
    return lua_tostring(L, -1);
}

/* Raises unless the key at the top of the stack, a string, is one of the names. */
static void check_input(lua_State *L, size_t n, const char *const *names)
{
    size_t len;
    const char *key = lua_tolstring(L, -1, &len);
    Nearest near = nearest_to(key);
    for (size_t i = 0; i < n; i++) {
        if (strlen(names[i]) == len && memcmp(names[i], key, len) == 0)
            return;
        nearest_try(&near, names[i]);
    }
    const char *shown = strlen(key) == len ? key : lua_pushfstring(L, "%s and a zero byte", key);
    RAISE(L, input_unknown, NULL, shown,
          near.best ? lua_pushfstring(L, ": did you mean %s?", near.best) : "",
          arg_names(L, n, names));
}

void arg_inputs(lua_State *L, int arg, size_t n, const char *const *names)
{
    lua_Integer listed = (lua_Integer)lua_rawlen(L, arg);
    for (lua_pushnil(L); lua_next(L, arg);) {
        lua_pop(L, 1);
        int key = lua_gettop(L);
        bool in_list =
            lua_isinteger(L, key) && lua_tointeger(L, key) >= 1 && lua_tointeger(L, key) <= listed;
        if (lua_type(L, key) == LUA_TSTRING) {
            check_input(L, n, names);
            if (listed > 0)
                RAISE(L, input_mixed, NULL, lua_tostring(L, key), arg_names(L, n, names));
        } else if (!in_list) {
            RAISE(L, input_unknown, NULL, lua_pushfstring(L, "[%s]", arg_describe(L, key)), "",
                  arg_names(L, n, names));
        }
    }
}

int opt_push(lua_State *L, int arg, const char *key)
{
    if (!lua_istable(L, arg)) {
        lua_pushnil(L);
        return LUA_TNIL;
    }
    lua_pushstring(L, key);
    return lua_rawget(L, arg);
}

int opt_wrong(lua_State *L, const char *key, const char *expected)
{
    return RAISE(L, option_type, NULL, key, expected, arg_describe(L, -1), lua_signature(L));
}

int64_t opt_int(lua_State *L, int arg, const char *key, int64_t lo, int64_t hi, int64_t otherwise)
{
    int64_t v = otherwise;
    if (opt_push(L, arg, key) != LUA_TNIL) {
        if (!to_int(L, -1, &v))
            return opt_wrong(L, key, "an integer");
        if (v < lo || v > hi)
            return RAISE(L, option_range, NULL, key, (long long)v, range(L, v, lo, hi),
                         lua_signature(L));
    }
    lua_pop(L, 1);
    return v;
}

/* The value of an option on the stack; is it given, and of this type? */
static bool opt_given(lua_State *L, int arg, const char *key, int type, const char *expected)
{
    int is = opt_push(L, arg, key);
    if (is != LUA_TNIL && is != type)
        opt_wrong(L, key, expected);
    return is == type;
}

double opt_number(lua_State *L, int arg, const char *key, double otherwise)
{
    bool given = opt_given(L, arg, key, LUA_TNUMBER, "a number");
    double v = given ? lua_tonumber(L, -1) : otherwise;
    lua_pop(L, 1);
    return v;
}

bool opt_bool(lua_State *L, int arg, const char *key, bool otherwise)
{
    bool given = opt_given(L, arg, key, LUA_TBOOLEAN, "true or false");
    bool v = given ? lua_toboolean(L, -1) : otherwise;
    lua_pop(L, 1);
    return v;
}

const char *opt_str(lua_State *L, int arg, const char *key, const char *otherwise)
{
    bool given = opt_given(L, arg, key, LUA_TSTRING, "a string");
    const char *v = given ? lua_tostring(L, -1) : otherwise;
    lua_pop(L, 1); /* the table keeps it */
    return v;
}
