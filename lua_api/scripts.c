/* scripts.c -- loading the scripts that the program carries. */
#include "lua_api/scripts.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

#include "core/base/progress.h"
#include "lua_api/own_name.h"
#include "lua_api/protect.h"
#include "lua_api/session.h"

static const LuaScript *find_script(const char *name)
{
    const LuaScript *script = lua_scripts;
    while (script->name && strcmp(script->name, name) != 0)
        script++;
    assert(script->name);
    return script;
}

/* How wide the view is, whether it shows letters beyond ASCII, whether lines must fit into it, what
** the person calls the value that is shown, or nil, and whether nothing may be left out. */
static int view(lua_State *L)
{
    const LuaView *view = lua_view(L);
    lua_pushinteger(L, view->width);
    lua_pushboolean(L, view->utf8);
    lua_pushboolean(L, view->cut > 0);
    lua_pushstring(L, view->called[0] ? view->called : NULL);
    lua_pushboolean(L, view->more);
    return 5;
}

/* leave_out(): the view that is being made leaves something out. */
static int leave_out(lua_State *L)
{
    session_of(L)->left_out = true;
    return 0;
}

/* progress(text): what a script's trials are at; nil: they are over. */
static int say_progress(lua_State *L)
{
    if (lua_isnoneornil(L, 1))
        progress_done(PROGRESS_TRIAL);
    else
        progress_say(PROGRESS_TRIAL, "%s", luaL_checkstring(L, 1));
    return 0;
}

/* until_stopped(f, …): calls f(…); was it ended by a request to stop, which is then done with? */
static int until_stopped(lua_State *L)
{
    bool stopped = protect_until_stopped(L, lua_gettop(L) - 1);
    if (stopped && !progress_interrupted() && isatty(STDERR_FILENO))
        fputc('\n', stderr); /* behind the terminal's ^C */
    lua_pushboolean(L, stopped);
    return 1;
}

/* tell(line, value): to whoever started what goes on otherwise than was meant, which the value's
** view says too. */
static int tell(lua_State *L)
{
    Session *s = session_of(L);
    bool json = lua_view(L)->json;
    fflush(s->out);
    fprintf(json ? s->out : stderr, "%s\n", luaL_checkstring(L, 1));
    if (!json && isatty(STDERR_FILENO) && isatty(fileno(s->out)))
        s->heard = lua_topointer(L, 2);
    return 0;
}

/* heard(value): has the person, at the terminal where it is shown, been told that line by this
** input already? */
static int heard(lua_State *L)
{
    const Session *s = session_of(L);
    lua_pushboolean(L, session_listens(L) && s->heard && s->heard == lua_topointer(L, 1));
    return 1;
}

/* script(name) -> what that script returns. */
static int other(lua_State *L)
{
    lua_push_script(L, luaL_checkstring(L, 1));
    return 1;
}

/* class(name): a metatable for values of the script's own. */
static int class(lua_State *L)
{
    lua_push_script_class(L, luaL_checkstring(L, 1));
    return 1;
}

/* own_name(value, otherwise): what the person calls the value, or the word for it where it has no
** name. */
static int own_name(lua_State *L)
{
    lua_settop(L, 2);
    if (!own_push_name(L, 1))
        lua_pushvalue(L, 2);
    return 1;
}

void lua_push_script(lua_State *L, const char *name)
{
    static const char loaded;
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &loaded) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &loaded);
    }
    if (lua_getfield(L, -1, name) == LUA_TNIL) {
        lua_pop(L, 1);
        const LuaScript *script = find_script(name);
        const char *chunk = lua_pushfstring(L, "=lua_api/scripts/%s.lua", name);
        if (luaL_loadbufferx(L, script->text, script->size, chunk, "t") != LUA_OK)
            lua_error(L);
        static const luaL_Reg given[] = {
            {"view", view},   {"script", other},      {"leave_out", leave_out},
            {"class", class}, {"own_name", own_name}, {"progress", say_progress},
            {"tell", tell},   {"heard", heard},       {"until_stopped", until_stopped},
            {NULL, NULL}};
        luaL_newlib(L, given);
        lua_call(L, 1, 1);
        lua_remove(L, -2);
        lua_pushvalue(L, -1);
        lua_setfield(L, -3, name);
    }
    lua_remove(L, -2);
}
