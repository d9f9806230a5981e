/* json.c -- results for programs: one line of JSON for each input.
**
** Numbers, strings, booleans and plain tables are written as they are; a value of the workbench as
** the table that its display hook or its __json gives, else as {"type":…,"text":…}.
*/
#include "repl/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "core/base/buf.h"
#include "core/base/utf8.h"
#include "lua_api/protect.h"
#include "lua_api/session.h"
#include "repl/report.h"

enum { DEEPEST = 32 };
#define NO_LETTER "\\ufffd" /* JSON has no place for bytes that are no UTF-8 */

static void add_string(luaL_Buffer *b, const char *s, size_t len)
{
    luaL_addchar(b, '"');
    for (size_t i = 0, n; i < len; i += n ? n : 1) {
        unsigned char c = (unsigned char)s[i];
        char code[8];
        n = utf8_char(s + i, s + len);
        if (c == '"' || c == '\\') {
            luaL_addchar(b, '\\');
            luaL_addchar(b, (char)c);
        } else if (c == '\n') {
            luaL_addstring(b, "\\n");
        } else if (c < 32) {
            snprintf(code, sizeof code, "\\u%04x", c);
            luaL_addstring(b, code);
        } else if (n) {
            luaL_addlstring(b, s + i, n);
        } else {
            luaL_addstring(b, NO_LETTER);
        }
    }
    luaL_addchar(b, '"');
}

/* Pushes the string at `idx` as JSON. */
static void push_string(lua_State *L, int idx)
{
    size_t len;
    const char *s = lua_tolstring(L, idx, &len);
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    add_string(&b, s, len);
    luaL_pushresult(&b);
}

static void push_json(lua_State *L, int idx, int depth);

/* Joins the list of strings on top between the brackets; replaces it. */
static void join(lua_State *L, char open, char close)
{
    int list = lua_gettop(L);
    size_t n = lua_rawlen(L, list);
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    luaL_addchar(&b, open);
    for (size_t i = 1; i <= n; i++) {
        if (i > 1)
            luaL_addchar(&b, ',');
        lua_rawgeti(L, list, (lua_Integer)i);
        luaL_addvalue(&b);
    }
    luaL_addchar(&b, close);
    luaL_pushresult(&b);
    lua_remove(L, list);
}

static void push_list(lua_State *L, int table, lua_Integer n, int depth)
{
    lua_newtable(L);
    int parts = lua_gettop(L);
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(L, table, i);
        push_json(L, -1, depth + 1);
        lua_rawseti(L, parts, i);
        lua_settop(L, parts);
    }
    join(L, '[', ']');
}

/* Are the table's keys 1 .. n, and no others? */
static bool is_list(lua_State *L, int table)
{
    size_t keys = 0, n = lua_rawlen(L, table);
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1))
        keys++;
    return n > 0 && keys == n;
}

/* Sorts the list of n strings on top, none of which holds a zero. */
static void sort_strings(lua_State *L, lua_Integer n)
{
    int list = lua_gettop(L);
    const char **at = lua_newuserdatauv(L, ((size_t)n + 1) * sizeof *at, 0);
    lua_createtable(L, (int)n, 0); /* keeps them while the list is filled anew */
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(L, list, i);
        at[i - 1] = lua_tostring(L, -1);
        lua_rawseti(L, -2, i);
    }
    qsort(at, (size_t)n, sizeof *at, text_order);
    for (lua_Integer i = 1; i <= n; i++) {
        lua_pushstring(L, at[i - 1]);
        lua_rawseti(L, list, i);
    }
    lua_settop(L, list);
}

/* The keys stand in the order of their letters: Lua's own order changes from run to run. */
static void push_object(lua_State *L, int table, int depth)
{
    lua_newtable(L);
    int parts = lua_gettop(L);
    lua_Integer n = 0;
    for (lua_pushnil(L); lua_next(L, table); lua_settop(L, parts + 1)) {
        luaL_tolstring(L, parts + 1, NULL);
        push_string(L, -1);
        push_json(L, parts + 2, depth + 1);
        lua_pushfstring(L, "%s:%s", lua_tostring(L, -2), lua_tostring(L, -1));
        lua_rawseti(L, parts, ++n);
    }
    lua_settop(L, parts);
    sort_strings(L, n);
    join(L, '{', '}');
}

static void push_boxed(lua_State *L, int idx, int depth)
{
    if (lua_display(L, idx, "json")) {
        push_json(L, -1, depth + 1);
        return;
    }
    const LuaClass *cls = lua_class_of(L, idx, NULL);
    lua_display_text(L, idx);
    push_string(L, -1);
    lua_pushfstring(L, "{\"type\":\"%s\",\"text\":%s}", cls ? cls->name : luaL_typename(L, idx),
                    lua_tostring(L, -1));
}

static void push_number(lua_State *L, int idx)
{
    double v = lua_tonumber(L, idx);
    if (lua_isinteger(L, idx))
        lua_pushfstring(L, "%I", (LUAI_UACINT)lua_tointeger(L, idx));
    else if (isfinite(v)) {
        char text[40];
        snprintf(text, sizeof text, "%.17g", v);
        lua_pushstring(L, text);
    } else
        lua_pushstring(L, isnan(v) ? "\"nan\"" : v > 0 ? "\"inf\"" : "\"-inf\"");
}

static void push_json(lua_State *L, int idx, int depth)
{
    idx = lua_absindex(L, idx);
    int top = lua_gettop(L);
    luaL_checkstack(L, 16, "deep table");
    switch (lua_type(L, idx)) {
    case LUA_TNIL: lua_pushliteral(L, "null"); break;
    case LUA_TBOOLEAN: lua_pushstring(L, lua_toboolean(L, idx) ? "true" : "false"); break;
    case LUA_TNUMBER: push_number(L, idx); break;
    case LUA_TSTRING: push_string(L, idx); break;
    case LUA_TTABLE:
        if (depth >= DEEPEST)
            lua_pushliteral(L, "null");
        else if (luaL_callmeta(L, idx, "__json"))
            push_json(L, -1, depth + 1);
        else if (is_list(L, idx))
            push_list(L, idx, (lua_Integer)lua_rawlen(L, idx), depth);
        else
            push_object(L, idx, depth);
        break;
    default: push_boxed(L, idx, depth);
    }
    lua_copy(L, -1, top + 1);
    lua_settop(L, top + 1);
}

/* ---- what is printed ---- */

/* The stream behind print: complete lines are written at once, the rest when it is flushed. */
static struct Printed {
    FILE *stream, *out;
    size_t n;
    char line[1 << 14];
} printed;

static void end_line(void)
{
    fputs("{\"print\":\"", printed.out);
    for (size_t i = 0, n; i < printed.n; i += n ? n : 1) {
        unsigned char c = (unsigned char)printed.line[i];
        n = utf8_char(printed.line + i, printed.line + printed.n);
        if (c == '"' || c == '\\')
            fprintf(printed.out, "\\%c", c);
        else if (c < 32)
            fprintf(printed.out, "\\u%04x", c);
        else if (n)
            fwrite(printed.line + i, 1, n, printed.out);
        else
            fputs(NO_LETTER, printed.out);
    }
    fputs("\"}\n", printed.out);
    printed.n = 0;
}

static ssize_t take_text(void *cookie, const char *text, size_t n)
{
    (void)cookie;
    for (size_t i = 0; i < n; i++) {
        /* A letter, which no line's end may cut */
        bool begins = ((unsigned char)text[i] & 0xc0) != 0x80;
        if (text[i] == '\n' || (begins && printed.n > sizeof printed.line - 8) ||
            printed.n == sizeof printed.line)
            end_line();
        if (text[i] != '\n')
            printed.line[printed.n++] = text[i];
    }
    fflush(printed.out);
    return (ssize_t)n;
}

static void flush_print(void)
{
    if (!printed.stream)
        return;
    fflush(printed.stream);
    if (printed.n)
        end_line();
}

/* The stream stays open, as standard output does. */
static int keep_open(lua_State *L)
{
    luaL_Stream *file = luaL_checkudata(L, 1, LUA_FILEHANDLE);
    file->closef = keep_open;
    flush_print();
    lua_pushnil(L);
    lua_pushliteral(L, "cannot close standard file");
    return 2;
}

void json_take_print(lua_State *L, FILE *out)
{
    printed.out = out;
    printed.stream = fopencookie(NULL, "w", (cookie_io_functions_t){.write = take_text});
    if (!printed.stream)
        return;
    setvbuf(printed.stream, NULL, _IOLBF, BUFSIZ);
    session_of(L)->out = printed.stream;
    luaL_Stream *file = lua_newuserdatauv(L, sizeof *file, 0);
    *file = (luaL_Stream){printed.stream, keep_open};
    luaL_setmetatable(L, LUA_FILEHANDLE);
    lua_getglobal(L, "io");
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, "stdout");
    lua_getfield(L, -1, "output");
    lua_pushvalue(L, -3);
    lua_call(L, 1, 0);
    lua_pop(L, 2);
}

/* ---- one line ---- */

static const char *const status_names[] = {[EVAL_OK] = "ok",
                                           [EVAL_ERROR] = "error",
                                           [EVAL_SYNTAX] = "syntax",
                                           [EVAL_INTERRUPTED] = "interrupted"};

static void push_error(lua_State *L, int idx, const char *name, const char *text)
{
    static const char *const fields[] = {"code",    "what",       "where",   "why", "refused",
                                         "witness", "iterations", "element", "fix", "program"};
    Session *s = session_of(L);
    LuaMarkFn *mark = s->mark;
    lua_newtable(L);
    int table = lua_gettop(L);
    if (!s->view.json_program) /* which may be long: its fingerprint says which one it is */
        s->mark = NULL;
    if (lua_error_at(L, idx)) {
        for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
            lua_getfield(L, idx, fields[i]);
            lua_setfield(L, table, fields[i]);
        }
    } else if (lua_type(L, idx) == LUA_TSTRING) {
        report_push_parts(L, lua_tostring(L, idx), name, text);
        lua_setfield(L, table, "where");
        lua_setfield(L, table, "why");
    }
    report_push(L, idx, name, text, 0, false);
    lua_setfield(L, table, "text");
    s->mark = mark;
    push_object(L, table, 0);
    lua_remove(L, table);
}

/* Runs protected.  Arguments: the result, its status, the chunk's name and text. */
static int push_result(lua_State *L)
{
    EvalStatus status = (EvalStatus)lua_tointeger(L, 2);
    if (status != EVAL_OK) {
        push_error(L, 1, lua_tostring(L, 3), lua_tostring(L, 4));
        lua_pushfstring(L, "{\"ok\":false,\"status\":\"%s\",\"error\":%s}", status_names[status],
                        lua_tostring(L, -1));
        return 1;
    }
    lua_Integer n = 0;
    if (lua_istable(L, 1)) {
        lua_getfield(L, 1, "n");
        n = lua_tointeger(L, -1);
    }
    push_list(L, 1, n, 0);
    session_push_table(L, TABLE_STEPS);
    push_list(L, lua_gettop(L), (lua_Integer)lua_rawlen(L, -1), 0);
    lua_pushfstring(L, "{\"ok\":true,\"values\":%s,\"steps\":%s}", lua_tostring(L, -3),
                    lua_tostring(L, -1));
    return 1;
}

EvalStatus json_result(lua_State *L, EvalStatus status, const char *name, const char *text,
                       FILE *out)
{
    int top = lua_gettop(L);
    flush_print();
    lua_pushcfunction(L, push_result);
    if (top > 0)
        lua_pushvalue(L, top);
    else
        lua_pushnil(L);
    lua_pushinteger(L, status);
    lua_pushstring(L, name);
    lua_pushstring(L, text);
    bool made = lua_pcall(L, 4, 1, 0) == LUA_OK, stopped = !made && protect_is_stop(L, -1);
    protect_rest(L);
    if (made) {
        fprintf(out, "%s\n", lua_tostring(L, -1));
    } else {
        static const char stop[] =
            "\"code\":\"interrupted\",\"refused\":false,\"text\":\"interrupted\","
            "\"why\":\"interrupted\"";
        status = stopped ? EVAL_INTERRUPTED : status == EVAL_OK ? EVAL_ERROR : status;
        fprintf(out, "{\"ok\":false,\"status\":\"%s\",\"error\":{%s}}\n", status_names[status],
                stopped ? stop : "\"text\":\"a value that cannot be shown\"");
    }
    session_drop_steps(L);
    lua_settop(L, top);
    return status;
}
