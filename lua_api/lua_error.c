/* lua_error.c -- the error object: an Err, the place it happened, and how it reads. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/ir/ir.h"
#include "lua_api/own_name.h"
#include "lua_api/session.h"

typedef struct LuaError {
    Err err;
    Arena *arena; /* keeps root and err.where alive */
    const void *root;
    bool refused;
    OwnFix own;        /* whom the fix speaks of */
    char note[320];    /* what stands after the fix, in parentheses */
    LuaPlace position; /* where it was raised */
} LuaError;

extern const LuaClass error_class;
LUA_BOX(error, LuaError, error_class)

static void error_release(void *self)
{
    arena_release(((LuaError *)self)->arena);
}

/* Can `text` be typed as it stands, or is it a sentence? */
static bool is_lua(lua_State *L, const char *text)
{
    bool ok = luaL_loadbufferx(L, text, strlen(text), "=fix", "t") == LUA_OK;
    lua_pop(L, 1);
    return ok;
}

const char *lua_advice_word(lua_State *L, const char *fix, bool refused)
{
    return !is_lua(L, fix) ? "hint" : refused ? "legal here" : "try";
}

static bool push_place(lua_State *L, const LuaError *e, int lines)
{
    LuaMarkFn *mark = session_of(L)->mark;
    return mark && e->root && e->err.where && mark(L, e->root, e->err.where, lines);
}

/* What stands in parentheses: what has become of the schedule, and who is meant by a letter. */
static void add_note(luaL_Buffer *b, const LuaError *e)
{
    bool nameless = e->own.nameless && e->err.fix[0];
    if (!e->note[0] && !nameless)
        return;
    luaL_addstring(b, e->err.fix[0] ? "   (" : "\n  (");
    luaL_addstring(b, e->note);
    if (nameless) {
        const char *parts[] = {e->note[0] ? "; " : "", e->own.called, " stands for this ",
                               e->own.nameless->name};
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
            luaL_addstring(b, parts[i]);
    }
    luaL_addchar(b, ')');
}

static void error_tostring(lua_State *L, void *self)
{
    enum { PLACE_LINES = 7 };
    const LuaError *e = self;
    const Err *err = &e->err;
    luaL_Buffer b;
    if (err->code == ERR_interrupted) {
        lua_pushliteral(L, "interrupted");
        return;
    }
    bool place = push_place(L, e, PLACE_LINES);
    int place_at = lua_gettop(L);
    const char *word = lua_advice_word(L, err->fix, e->refused);
    luaL_buffinit(L, &b);
    if (e->position.text[0]) {
        luaL_addstring(&b, e->position.text);
        luaL_addstring(&b, ": ");
    }
    luaL_addstring(&b, e->refused ? "REFUSED " : "error: ");
    if (err->what[0]) {
        luaL_addstring(&b, err->what);
        luaL_addstring(&b, ": ");
    }
    luaL_addstring(&b, err->why);
    if (err->witness[0]) {
        luaL_addstring(&b, "; ");
        luaL_addstring(&b, err->witness);
    }
    if (place) {
        size_t len;
        const char *text = lua_tolstring(L, place_at, &len);
        luaL_addchar(&b, '\n');
        luaL_addlstring(&b, text, len && text[len - 1] == '\n' ? len - 1 : len);
    }
    if (err->fix[0]) {
        const char *parts[] = {"\n  ", word, ": ", err->fix};
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
            luaL_addstring(&b, parts[i]);
    }
    add_note(&b, e);
    luaL_pushresult(&b);
}

LuaPlace lua_place(lua_State *L)
{
    LuaPlace p = {""};
    lua_Debug ar;
    for (int level = 0; level < 8 && lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Sl", &ar);
        if (ar.currentline <= 0)
            continue;
        if (ar.source[0] == '@' || strcmp(ar.source, "=stdin") == 0)
            snprintf(p.text, sizeof p.text, "%s:%d", ar.short_src, ar.currentline);
        break;
    }
    return p;
}

/* The name of the api function that is running, for errors that do not name their operation; an
** operator's is nobody's word. */
static void find_operation(lua_State *L, Err *err)
{
    const LuaFn *fn = lua_fn_running(L);
    if (fn && lua_fn_name(fn).kind != FN_META)
        err_in(err, lua_fn_name(fn).name);
}

void lua_push_error(lua_State *L, const Err *err, const Refusal *refused)
{
    luaL_checkstack(L, 8, "error");
    LuaError *e = new_error(L);
    e->err = *err;
    if (refused) {
        e->refused = !refused->fault;
        e->root = refused->root;
        e->arena = refused->arena ? arena_retain(refused->arena) : NULL;
        snprintf(e->note, sizeof e->note, "%s", refused->note ? refused->note : "");
    }
    if (!e->err.what[0])
        find_operation(L, &e->err);
    e->own = own_fix(L, &e->err);
    e->position = lua_place(L);
}

int lua_raise(lua_State *L, const Err *err)
{
    return lua_refuse(L, err, NULL);
}

int lua_refuse(lua_State *L, const Err *err, const Refusal *refused)
{
    lua_push_error(L, err, refused);
    return lua_error(L);
}

const Err *lua_error_at(lua_State *L, int idx)
{
    LuaError *e = test_error(L, idx);
    return e ? &e->err : NULL;
}

void lua_error_wrap(lua_State *L, int idx, const char *name, const char *before, const char *after)
{
    LuaError *e = check_error(L, idx);
    Err *err = &e->err;
    if (!err->fix[0] || !is_lua(L, err->fix))
        return;
    own_push_text(L, err->fix, e->own.called, name);
    err->fix[0] = '\0';
    if (strlen(before) + lua_rawlen(L, -1) + strlen(after) < sizeof err->fix)
        err_fix(err, "%s%s%s", before, lua_tostring(L, -1), after);
    lua_pop(L, 1);
}

void lua_error_note(lua_State *L, int idx, const char *note)
{
    LuaError *e = test_error(L, idx);
    if (e && e->refused)
        snprintf(e->note, sizeof e->note, "%s", note);
}

void lua_error_add_note(lua_State *L, int idx, const char *fmt, ...)
{
    LuaError *e = test_error(L, idx);
    if (!e || !e->refused)
        return;
    char more[sizeof e->note];
    size_t len = strlen(e->note);
    va_list args;
    va_start(args, fmt);
    vsnprintf(more, sizeof more, fmt, args);
    va_end(args);
    snprintf(e->note + len, sizeof e->note - len, "%s%s", len ? "; " : "", more);
}

/* ---- members ---- */

static int push_text(lua_State *L, const char *text)
{
    if (text[0])
        lua_pushstring(L, text);
    else
        lua_pushnil(L);
    return 1;
}

LUA_FN(error_code, "e.code -> string",
       "The mistake's name, as in the manual's list: compare this in scripts.")
{
    return push_text(L, err_name(check_error(L, 1)->err.code));
}

LUA_FN(error_what, "e.what -> string or nil", "The operation that failed: \"split\".")
{
    return push_text(L, check_error(L, 1)->err.what);
}

LUA_FN(error_why, "e.why -> string", "A sentence that says what is wrong.")
{
    return push_text(L, check_error(L, 1)->err.why);
}

LUA_FN(error_where, "e.where -> string or nil",
       "The program with the place marked, or the line of the script.")
{
    LuaError *e = check_error(L, 1);
    return push_place(L, e, 1000) ? 1 : push_text(L, e->position.text);
}

LUA_FN(error_witness, "e.witness -> string or nil",
       "Two iterations and the element they fight over, where a step was refused for that.")
{
    return push_text(L, check_error(L, 1)->err.witness);
}

LUA_FN(error_iterations, "e.iterations -> list or nil",
       "The two iterations of which the witness speaks: {\"k=0\", \"k=1\"}.")
{
    const Err *err = &check_error(L, 1)->err;
    if (!err->conflict.element[0])
        return push_text(L, "");
    lua_new_list(L, 2);
    for (int i = 0; i < 2; i++) {
        lua_pushstring(L, err->conflict.iteration[i]);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

LUA_FN(error_element, "e.element -> string or nil",
       "The element that both iterations touch: \"C[0, 0]\".")
{
    return push_text(L, check_error(L, 1)->err.conflict.element);
}

LUA_FN(error_program, "e.program -> string or nil",
       "The fingerprint of the program in which that happened, as s:fingerprint() gives it.")
{
    char text[33] = "";
    const LuaError *e = check_error(L, 1);
    if (e->root)
        fp_text(ir_fingerprint(e->root), text);
    return push_text(L, text);
}

LUA_FN(error_fix, "e.fix -> string or nil",
       "What to do instead: Lua source where that can be typed, else a sentence.")
{
    return push_text(L, check_error(L, 1)->err.fix);
}

LUA_FN(error_refused, "e.refused -> boolean",
       "Was this a schedule step that would break the program?")
{
    lua_pushboolean(L, check_error(L, 1)->refused);
    return 1;
}

static const LuaFn *const error_members[] = {&error_code_fn,
                                             &error_what_fn,
                                             &error_why_fn,
                                             &error_where_fn,
                                             &error_witness_fn,
                                             &error_iterations_fn,
                                             &error_element_fn,
                                             &error_program_fn,
                                             &error_fix_fn,
                                             &error_refused_fn,
                                             NULL};

const LuaClass error_class = {
    .name = "Error",
    .doc =
        "What went wrong, as a value: pcall returns it, and tostring(e) is what the prompt prints.",
    .size = sizeof(LuaError),
    .members = LUA_MEMBERS(error_members),
    .release = error_release,
    .tostring = error_tostring,
};

void lua_open_errors(lua_State *L)
{
    lua_put_class(L, &error_class);
}
