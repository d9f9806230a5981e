/* session.c -- the state behind a Lua state, and opening all of it. */
#include "lua_api/session.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <lualib.h>

#include "core/base/progress.h"
#include "viz/text/wrap.h"

static const char table_keys[TABLE_COUNT];

Session *session_of(lua_State *L)
{
    return *(Session **)lua_getextraspace(L);
}

const LuaView *lua_view(lua_State *L)
{
    return &session_of(L)->view;
}

void lua_set_mark(lua_State *L, LuaMarkFn *mark)
{
    session_of(L)->mark = mark;
}

Err *lua_scratch_err(lua_State *L)
{
    return &session_of(L)->scratch;
}

void session_push_table(lua_State *L, SessionTable which)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &table_keys[which]);
}

/* Memory ran out in core, which stood under no guard: the call that asked ends with an error. */
static void raise_out_of_memory(void *session)
{
    lua_State *L = ((Session *)session)->running;
    RAISE(L, out_of_memory, NULL);
}

static int session_gc(lua_State *L)
{
    lua_hold(L, NULL, NULL);
    mem_on_empty(NULL, NULL);
    return 0;
}

void lua_open_workbench(lua_State *L)
{
    Session *s = lua_newuserdatauv(L, sizeof *s, 0);
    memset(s, 0, sizeof *s);
    s->main = s->running = L;
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, session_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    mem_on_empty(raise_out_of_memory, s);
    s->out = stdout;
    s->view = (LuaView){.width = 80, .height = 62, .cut = 80};
    *(Session **)lua_getextraspace(L) = s;
    lua_rawsetp(L, LUA_REGISTRYINDEX, s);
    for (int i = 0; i < TABLE_COUNT; i++) {
        lua_newtable(L);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &table_keys[i]);
    }
    luaL_openlibs(L);
#define MODULE(name) lua_open_##name(L);
#include "lua_api/modules.def"
#undef MODULE
}

/* ---- steps ---- */

static void keep_line(lua_State *L, const char *line)
{
    session_push_table(L, TABLE_STEPS);
    lua_pushstring(L, line);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    lua_pop(L, 1);
}

void session_say_step(lua_State *L, const char *fmt, ...)
{
    if (!session_listens(L))
        return;
    char line[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    keep_line(L, line);
}

void session_note(lua_State *L, const char *fmt, ...)
{
    const Session *s = session_of(L);
    char line[512] = "note: ";
    size_t said = strlen(line);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line + said, sizeof line - said, fmt, ap);
    va_end(ap);
    if (s->listening) {
        keep_line(L, line);
        return;
    }
    fflush(s->out);
    const LuaPlace place = lua_place(L);
    fprintf(stderr, "%s%s%s\n", place.text, place.text[0] ? ": " : "", line);
}

bool session_listens(lua_State *L)
{
    const Session *s = session_of(L);
    return s->listening && !s->unheard;
}

static size_t steps_kept(lua_State *L)
{
    session_push_table(L, TABLE_STEPS);
    size_t n = lua_rawlen(L, -1);
    lua_pop(L, 1);
    return n;
}

size_t session_hold_steps(lua_State *L)
{
    session_of(L)->holding++;
    return steps_kept(L);
}

void session_let_steps(lua_State *L, size_t n, bool taken_back)
{
    session_of(L)->holding--;
    session_push_table(L, TABLE_STEPS);
    for (size_t i = lua_rawlen(L, -1); taken_back && i > n; i--) {
        lua_pushnil(L);
        lua_rawseti(L, -2, (lua_Integer)i);
    }
    lua_pop(L, 1);
}

/* Remembers the string on top, until the input has ended. */
static void remember(lua_State *L, SessionTable which)
{
    if (!session_listens(L))
        return;
    session_push_table(L, which);
    lua_pushvalue(L, -2);
    lua_pushboolean(L, true);
    lua_rawset(L, -3);
    lua_pop(L, 1);
}

static bool remembers(lua_State *L, SessionTable which, int idx)
{
    if (lua_type(L, idx) != LUA_TSTRING)
        return false;
    lua_pushvalue(L, idx);
    session_push_table(L, which);
    lua_insert(L, -2);
    bool found = lua_rawget(L, -2) != LUA_TNIL;
    lua_pop(L, 2);
    return found;
}

void session_say_made(lua_State *L)
{
    remember(L, TABLE_MADE);
}

bool session_said_made(lua_State *L, int idx)
{
    return remembers(L, TABLE_MADE, idx);
}

void session_say_prose(lua_State *L)
{
    remember(L, TABLE_PROSE);
}

void session_say_listing(lua_State *L)
{
    remember(L, TABLE_LISTINGS);
}

bool session_is_listing(lua_State *L, int idx)
{
    return remembers(L, TABLE_LISTINGS, idx);
}

bool session_is_prose(lua_State *L, int idx)
{
    return remembers(L, TABLE_PROSE, idx);
}

void session_tell(lua_State *L, int idx, const char *fmt, ...)
{
    Session *s = session_of(L);
    if (!session_listens(L))
        return;
    s->told = lua_topointer(L, idx);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(s->told_line, sizeof s->told_line, fmt, ap);
    va_end(ap);
}

const char *session_told(lua_State *L, int idx)
{
    const Session *s = session_of(L);
    return s->told && lua_topointer(L, idx) == s->told ? s->told_line : NULL;
}

static int lines_of(const char *text)
{
    int lines = 1;
    for (; (text = strchr(text, '\n')); text++)
        lines++;
    return lines;
}

void session_print_long(lua_State *L, const char *text)
{
    const Session *s = session_of(L);
    session_show_steps_before(L);
    bool screen = s->page && isatty(fileno(s->out)); /* a lesson catches what its cells print */
    fflush(s->out);
    if (s->out == stdout)
        progress_yield(false);
    if (!screen || lines_of(text) < s->view.height || !s->page(text))
        fprintf(s->out, "%s\n", text);
}

void session_call_unheard(lua_State *L, int nargs, int nresults)
{
    Session *s = session_of(L);
    bool unheard = s->unheard;
    s->unheard = true;
    int status = lua_pcall(L, nargs, nresults, 0);
    s->unheard = unheard;
    if (status != LUA_OK)
        lua_error(L);
}

static void empty_table(lua_State *L, SessionTable which)
{
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &table_keys[which]);
}

void session_drop_steps(lua_State *L)
{
    empty_table(L, TABLE_STEPS);
    empty_table(L, TABLE_MADE);
    empty_table(L, TABLE_PROSE);
    empty_table(L, TABLE_LISTINGS);
    session_of(L)->stepped = false;
    session_of(L)->holding = 0;
}

void session_print_line(lua_State *L, const char *line, FILE *out)
{
    const LuaView *view = lua_view(L);
    Arena *A = lua_scratch(L, NULL);
    Buf folded = buf_new(A);
    wrap_lines(&folded, line, view->whole ? 0 : view->width);
    fprintf(out, "%s\n", buf_str(&folded));
    lua_scratch_end(L, A);
}

void session_show_steps(lua_State *L, FILE *out)
{
    enum { FIRST = 12, LAST = 3 };
    session_push_table(L, TABLE_STEPS);
    lua_Integer n = (lua_Integer)lua_rawlen(L, -1);
    for (lua_Integer i = 1; i <= n; i++) {
        if (n > FIRST + LAST + 1 && i == FIRST + 1) {
            fprintf(out, "… %lld more steps …\n", (long long)(n - FIRST - LAST));
            i = n - LAST + 1;
        }
        lua_rawgeti(L, -1, i);
        session_print_line(L, lua_tostring(L, -1), out);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    if (n)
        empty_table(L, TABLE_STEPS);
    session_of(L)->stepped |= n > 0;
}

void session_show_steps_before(lua_State *L)
{
    const Session *s = session_of(L);
    if (!session_listens(L) || s->view.json || s->holding || !steps_kept(L))
        return;
    if (s->out == stdout)
        progress_yield(false);
    session_show_steps(L, s->out);
}

/* ---- sources ---- */

void session_keep_source(lua_State *L, const char *chunkname, const char *text, size_t len)
{
    session_push_table(L, TABLE_SOURCES);
    lua_pushlstring(L, text, len);
    lua_setfield(L, -2, chunkname);
    lua_pop(L, 1);
}

bool session_push_source(lua_State *L, const char *chunkname)
{
    session_push_table(L, TABLE_SOURCES);
    int kept = lua_getfield(L, -1, chunkname);
    lua_remove(L, -2);
    if (kept == LUA_TSTRING)
        return true;
    lua_pop(L, 1);
    FILE *f = chunkname[0] == '@' ? fopen(chunkname + 1, "rb") : NULL;
    if (!f)
        return false;
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    char *room = luaL_prepbuffsize(&b, 1 << 20);
    luaL_addsize(&b, fread(room, 1, 1 << 20, f));
    fclose(f);
    luaL_pushresult(&b);
    return true;
}
