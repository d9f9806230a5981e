/* te_func_lua.c -- programs with parameters in Lua: te.func, and te.text or te [[ … ]].
**
** te.func(name, f) is a program with parameters of Lua's own: calling it runs f, in which
** placeholders and stages are made, and gives a Func.  An expression belongs to the call in which
** it was made.
*/
#include <string.h>

#include "core/affine/inside.h"
#include "lua_api/program.h"
#include "lua_api/scripts.h"
#include "lua_api/te_expr.h"

enum { MAX_PARAMETERS = 200 };

/* Under this key the registry holds the scope of the call that is going on. */
static const char current_key;

/* What a te.func's user value 1 lists; the parameters' names only where it was given them. */
enum { PART_FUNCTION = 1, PART_NAME, PART_PARAMETERS };

typedef struct TeFunc {
    bool made;
} TeFunc;
extern const LuaClass te_func_class;
LUA_BOX(te_func, TeFunc, te_func_class)

static void release_scope(void *self)
{
    arena_release(((TeScope *)self)->arena);
}

TeScope *te_push_scope(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &current_key);
    TeScope *s = test_te_scope(L, lua_gettop(L));
    if (!s || s->closed)
        RAISE(L, te_no_program, NULL);
    return s;
}

const char *te_parameter(lua_State *L, int fn, int names, int i)
{
    if (lua_type(L, names) == LUA_TTABLE) {
        bool given = lua_rawgeti(L, names, i) == LUA_TSTRING;
        const char *name = given ? lua_tostring(L, -1) : NULL;
        lua_pop(L, 1);
        return name; /* lives in the list */
    }
    lua_pushvalue(L, fn);
    const char *name = lua_getlocal(L, NULL, i);
    lua_pop(L, 1);
    return name; /* lives in the function's prototype */
}

void te_names_or_nil(lua_State *L, int arg)
{
    const char *names[MAX_PARAMETERS];
    if (!lua_isnoneornil(L, arg))
        arg_strs(L, arg, names, MAX_PARAMETERS);
}

LUA_FN(
    te_func_, "te.func(name, f, parameters?) -> function",
    "A program with parameters: calling the result runs f, which makes placeholders and stages and returns the\n"
    "tensors that are the results, and gives a Func.  The parameters are named as f's are, or as the list says.")
{
    arg_str(L, 1);
    arg_function(L, 2);
    te_names_or_nil(L, 3);
    lua_settop(L, 3);
    new_te_func(L)->made = true;
    lua_createtable(L, PART_PARAMETERS, 0);
    lua_pushvalue(L, 2);
    lua_rawseti(L, -2, PART_FUNCTION);
    lua_pushvalue(L, 1);
    lua_rawseti(L, -2, PART_NAME);
    lua_pushvalue(L, 3);
    lua_rawseti(L, -2, PART_PARAMETERS);
    lua_setiuservalue(L, -2, 1);
    return 1;
}

/* refuse(why, fix): what the script raises. */
static int refuse_text(lua_State *L)
{
    return RAISE(L, te_text, NULL, luaL_checkstring(L, 1), luaL_checkstring(L, 2));
}

LUA_FN(
    te_text_, "te.text(text, name?) -> Func or function",
    "A program from equations; te [[…]] is short for it.  The names in the shapes are the program's parameters; an\n"
    "input that is not declared is float32 and as large as the furthest element that is read of it; how far the\n"
    "axes go that index it then are parameters, in the order in which they appear.  Without any it is a Func at\n"
    "once.  += sums over the axes that only the right side has; *= max= min= and sum(k, …), prod, max, min\n"
    "likewise; a reduction is the whole value of its equation.  A tensor without axes is read by its\n"
    "name alone.  The results are the tensors that no later equation reads.\n"
    "> f = te [[ C[y, x] = sum(k, A[k, y] * B[k, x]) ]]\n"
    "> f\n"
    "C(y, x, k)   a program with parameters: call it\n"
    "> g = te [[\n"
    ">   A: float32[n, n]\n"
    ">   S[y] += A[y, k]\n"
    ">   D[y, x] = A[y, x] - S[y] / n\n"
    "> ]]\n"
    "> print(g(8):ir())\n"
    "func D(A: float32[8, 8]) -> D: float32[8, 8]:\n"
    "…\n"
    "> te [[ M = max(j, X[j]); E[i] = exp(X[i] - M); S = sum(j, E[j]); Y[i] = E[i] / S ]]\n"
    "Y(j)   a program with parameters: call it")
{
    arg_str(L, 1);
    arg_str_or(L, 2, NULL);
    lua_settop(L, 2);
    lua_push_script(L, "te_text");
    lua_getfield(L, -1, "compile");
    lua_replace(L, -2);
    lua_insert(L, 1);
    lua_pushcfunction(L, refuse_text);
    lua_call(L, 3, 2);
    bool whole = lua_toboolean(L, -1);
    lua_settop(L, 1);
    if (whole)
        lua_call(L, 0, 1);
    return 1;
}

/* te(text): the module is called, and stands before the arguments. */
static int te_called(lua_State *L)
{
    lua_remove(L, 1);
    return te_text_(L);
}

/* The scope of an outer te.func stands again, whatever happened inside. */
static void restore(lua_State *L, int outer, TeScope *s)
{
    s->closed = true;
    lua_pushvalue(L, outer);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &current_key);
}

/* Pushes a part of the te.func at `idx`. */
static void push_part(lua_State *L, int idx, int what)
{
    lua_getiuservalue(L, idx, 1);
    lua_rawgeti(L, -1, what);
    lua_remove(L, -2);
}

/* Pushes the parameters of the te.func at index 1: "y, x, k". */
static const char *push_parameters(lua_State *L)
{
    luaL_Buffer b;
    push_part(L, 1, PART_FUNCTION);
    int f = lua_gettop(L);
    push_part(L, 1, PART_PARAMETERS);
    luaL_buffinit(L, &b);
    const char *name;
    for (int i = 1; (name = te_parameter(L, f, f + 1, i)); i++) {
        luaL_addstring(&b, i > 1 ? ", " : "");
        luaL_addstring(&b, name);
    }
    luaL_pushresult(&b);
    return lua_tostring(L, -1);
}

/* Is the value at `key` the name of a parameter of the function at `fn`, which `names` may list? */
static bool is_parameter(lua_State *L, int fn, int names, int key)
{
    const char *name, *given = lua_type(L, key) == LUA_TSTRING ? lua_tostring(L, key) : NULL;
    for (int i = 1; given && (name = te_parameter(L, fn, names, i)); i++)
        if (strcmp(name, given) == 0)
            return true;
    return false;
}

/* Is the value at index 2 a table that has some parameter by name?  A table may inherit it. */
static bool is_named(lua_State *L, int fn, int names)
{
    const char *name;
    bool named = false;
    for (int i = 1; lua_istable(L, 2) && !named && (name = te_parameter(L, fn, names, i)); i++) {
        named = lua_getfield(L, 2, name) != LUA_TNIL;
        lua_pop(L, 1);
    }
    return named;
}

/* Refuses what the table at index 2 has beside parameters: it would be dropped. */
static void check_names(lua_State *L, int fn, int names)
{
    lua_pushnil(L);
    while (lua_next(L, 2)) {
        lua_pop(L, 1);
        int key = lua_gettop(L);
        if (is_parameter(L, fn, names, key))
            continue;
        bool word = lua_type(L, key) == LUA_TSTRING;
        const char *given =
            word ? lua_tostring(L, key) : lua_pushfstring(L, "[%s]", arg_describe(L, key));
        push_part(L, 1, PART_NAME);
        const char *name = lua_tostring(L, -1);
        RAISE(L, te_unknown_parameter, NULL, name, given, push_parameters(L));
    }
}

/* Where one argument is a table that names the parameters, f{n = 8}, puts them in order instead. */
static void spread_named(lua_State *L)
{
    push_part(L, 1, PART_FUNCTION);
    push_part(L, 1, PART_PARAMETERS);
    if (is_named(L, 3, 4)) {
        const char *name;
        check_names(L, 3, 4);
        luaL_checkstack(L, MAX_PARAMETERS + 10, "parameters");
        for (int i = 1; (name = te_parameter(L, 3, 4, i)); i++)
            lua_getfield(L, 2, name);
        lua_rotate(L, 2, -3);
        lua_pop(L, 3);
        return;
    }
    lua_settop(L, 2);
}

static void te_func_tostring(lua_State *L, void *self)
{
    (void)self;
    push_part(L, 1, PART_NAME);
    const char *name = lua_tostring(L, -1);
    lua_pushfstring(L, "%s(%s)   a program with parameters: call it", name, push_parameters(L));
}

/* Refuses more arguments than the te.func has parameters: they would be dropped. */
static void check_count(lua_State *L, int given)
{
    lua_Debug ar;
    push_part(L, 1, PART_PARAMETERS);
    bool listed = lua_istable(L, -1);
    int most = listed ? (int)lua_rawlen(L, -1) : 0;
    push_part(L, 1, PART_FUNCTION);
    lua_getinfo(L, ">u", &ar);
    lua_pop(L, 1);
    if (!listed)
        most = ar.isvararg ? given : ar.nparams;
    if (given <= most)
        return;
    push_part(L, 1, PART_NAME);
    const char *name = lua_tostring(L, -1);
    RAISE(L, te_extra_arguments, NULL, name, most, plural(most), given, push_parameters(L));
}

/* The name of a parameter for which nothing was given, of `n` from index 2 on; NULL if all were. */
static const char *missing_parameter(lua_State *L, int fn, int names, int n)
{
    const char *name;
    for (int i = 1; (name = te_parameter(L, fn, names, i)); i++)
        if (i > n || lua_isnil(L, i + 1))
            return name;
    return NULL;
}

/* Is the error at the top about a parameter's value: of the workbench, which says
** one of the two of something, or Lua's, about the variable of that name? */
static bool is_about(lua_State *L, const char *parameter, const char *is, const char *or_is)
{
    const Err *err = lua_error_at(L, -1);
    if (err)
        return strstr(err->why, is) || strstr(err->why, or_is);
    int top = lua_gettop(L);
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
    bool about = strstr(text, lua_pushfstring(L, "(local '%s')", parameter)) ||
                 strstr(text, lua_pushfstring(L, "(upvalue '%s')", parameter));
    lua_settop(L, top);
    return about;
}

/* Has the table at index 2 a name among its keys? */
static bool has_name(lua_State *L)
{
    bool named = false;
    for (lua_pushnil(L); !named && lua_next(L, 2);) {
        lua_pop(L, 1);
        named = lua_type(L, -1) == LUA_TSTRING;
    }
    lua_pop(L, named);
    return named;
}

/* Raises the error on top; where it is of a parameter that the call, of `n` arguments, did not give
** or not so, with what the te.func takes: its caller need not know what is done with it within. */
static int raise_within(lua_State *L, int n)
{
    int error = lua_gettop(L), fn = error + 1, names = error + 2;
    push_part(L, 1, PART_FUNCTION);
    push_part(L, 1, PART_PARAMETERS);
    const char *missing = missing_parameter(L, fn, names, n),
               *first = te_parameter(L, fn, names, 1);
    lua_pushvalue(L, error);
    bool table =
        n == 1 && first && lua_istable(L, 2) && is_about(L, first, "is a table", "is a list");
    if (table && has_name(L))
        check_names(L, fn, names);
    const Err *err = lua_error_at(L, error);
    bool told = err && err->code == ERR_te_text;
    if (told || !(table || (missing && is_about(L, missing, "is nil", "has no value"))))
        return lua_error(L);
    const char *why = !err           ? lua_tostring(L, error)
                      : err->what[0] ? lua_pushfstring(L, "%s: %s", err->what, err->why)
                                     : err->why;
    push_part(L, 1, PART_NAME);
    const char *name = lua_tostring(L, -1), *all = push_parameters(L);
    const char *by_name = luaL_gsub(L, all, ", ", " = …, ");
    return RAISE(L, te_parameter_missing, NULL, table ? first : missing,
                 table ? "a list" : "not given", name, all, why, by_name);
}

LUA_FN(te_func_call, "__call(f, …) -> Func",
       "The program for these parameters, in order or by name: f(8), f{n = 8}.")
{
    check_te_func(L, 1);
    if (lua_gettop(L) == 2)
        spread_named(L);
    int n = lua_gettop(L) - 1;
    check_count(L, n);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &current_key);
    int outer = lua_gettop(L);
    TeScope *s = new_te_scope(L);
    int scope = lua_gettop(L);
    push_part(L, 1, PART_NAME);
    s->arena = arena_new(NULL);
    s->te = te_new(s->arena, lua_tostring(L, -1));
    lua_pop(L, 1);
    lua_pushvalue(L, scope);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &current_key);
    push_part(L, 1, PART_FUNCTION);
    for (int i = 0; i < n; i++)
        lua_pushvalue(L, 2 + i);
    int status = lua_pcall(L, n, LUA_MULTRET, 0);
    restore(L, outer, s);
    if (status != LUA_OK)
        return raise_within(L, n);
    size_t nresults = (size_t)(lua_gettop(L) - scope);
    const Node *results[IR_MAX_RANK];
    for (size_t i = 0; i < nresults; i++) {
        TeExpr *e = test_te_expr(L, scope + 1 + (int)i);
        if (!e || e->kind != EXPR_TENSOR || e->scope != s || i >= IR_MAX_RANK)
            return RAISE(L, te_results, NULL, i + 1);
        results[i] = e->node;
    }
    if (nresults == 0)
        return RAISE(L, te_results, NULL, (size_t)1);
    Err err = {0};
    const Node *f = te_func(s->te, nresults, results, &err);
    if (!f || !inside_buffers(f, NULL, &err))
        return lua_raise(L, &err);
    program_push_func(L, s->arena, f);
    return 1;
}

/* ---- registration ---- */

static const LuaFn *const func_members[] = {&te_func_call_fn, NULL};

const LuaClass te_scope_class = {
    .name = "te scope", .size = sizeof(TeScope), .release = release_scope};
const LuaClass te_func_class = {.name = "te function",
                                .doc = "A program with parameters, from te.func.",
                                .size = sizeof(TeFunc),
                                .members = LUA_MEMBERS(func_members),
                                .tostring = te_func_tostring};

const LuaFn *const te_func_row = &te_func__fn, *const te_text_row = &te_text__fn;

void lua_open_te_func(lua_State *L)
{
    lua_getglobal(L, "te");
    lua_getmetatable(L, -1);
    lua_pushcfunction(L, te_called);
    lua_setfield(L, -2, "__call");
    lua_pop(L, 2);
    lua_put_class(L, &te_scope_class);
    lua_put_class(L, &te_func_class);
}
