/* output.c -- print, io.write and file:write.
**
** They are here, and not Lua's, because the line that tells what long work is at stands on the same
** terminal: it makes way for what a script writes, and stays away until that line is ended.
*/
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "core/base/progress.h"
#include "lua_api/session.h"

/* Writes to a stream, of which the terminal may be the other end. */
static bool put(FILE *out, const char *text, size_t len)
{
    if (len && (out == stdout || out == stderr))
        progress_yield(text[len - 1] != '\n');
    return fwrite(text, 1, len, out) == len;
}

/* Whoever reads a long script's output through a pipe sees it soon; a system call for each line
** would make printing five times slower. */
static void flush_now_and_then(FILE *out)
{
    enum { EVERY_MS = 50 };
    static int64_t flushed;
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    int64_t now = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
    if (now - flushed < EVERY_MS)
        return;
    flushed = now;
    fflush(out);
}

LUA_FN_LUAS_OWN(base_print, "print(…)",
                "Prints its arguments, separated by tabs.\n> print(1, \"two\")\n1\ttwo")
{
    int n = lua_gettop(L);
    FILE *out = session_of(L)->out;
    session_show_steps_before(L);
    for (int i = 1; i <= n; i++) {
        size_t len;
        const char *text = luaL_tolstring(L, i, &len);
        if (i > 1)
            put(out, "\t", 1);
        put(out, text, len);
        lua_pop(L, 1);
    }
    put(out, "\n", 1);
    flush_now_and_then(out);
    return 0;
}

/* Writes the arguments from `first` on to the file on top of the stack, which is what it gives. */
static int write_all(lua_State *L, int first)
{
    int last = lua_gettop(L) - 1;
    const luaL_Stream *file = lua_touserdata(L, -1);
    bool good = true;
    if (!file->closef)
        return luaL_error(L, "attempt to use a closed file");
    for (int i = first; i <= last; i++) {
        char digits[64];
        size_t len;
        const char *text = digits;
        if (lua_type(L, i) != LUA_TNUMBER)
            text = luaL_checklstring(L, i, &len);
        else if (lua_isinteger(L, i))
            len = (size_t)snprintf(digits, sizeof digits, LUA_INTEGER_FMT, lua_tointeger(L, i));
        else
            len = (size_t)snprintf(digits, sizeof digits, LUA_NUMBER_FMT, lua_tonumber(L, i));
        good = good && put(file->f, text, len);
    }
    return good ? 1 : luaL_fileresult(L, 0, NULL);
}

static int file_write(lua_State *L)
{
    luaL_checkudata(L, 1, LUA_FILEHANDLE);
    lua_pushvalue(L, 1);
    return write_all(L, 2);
}

/* Upvalue 1 is io.output, which tells where io.write goes. */
static int io_write(lua_State *L)
{
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_call(L, 0, 1);
    if (!((const luaL_Stream *)lua_touserdata(L, -1))->closef)
        return luaL_error(L, "default output file is closed");
    return write_all(L, 1);
}

void lua_open_output(lua_State *L)
{
    static const LuaFn *const functions[] = {&base_print_fn, NULL};
    lua_put_functions(L, functions);
    lua_getglobal(L, "io");
    lua_getfield(L, -1, "output");
    lua_pushcclosure(L, io_write, 1);
    lua_setfield(L, -2, "write");
    luaL_getmetatable(L, LUA_FILEHANDLE);
    lua_getfield(L, -1, "__index");
    lua_pushcfunction(L, file_write);
    lua_setfield(L, -2, "write");
    lua_pop(L, 3);
}
