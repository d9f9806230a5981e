/* own_name.c -- what the person calls a value: the globals and the function that runs know. */
#include "lua_api/own_name.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/schedule/prim.h"
#include "lua_api/sched_box.h"
#include "lua_api/session.h"

static bool is_letter(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

const char *own_letter(const LuaClass *cls, char letter[32])
{
    const LuaFn *fn;
    letter[0] = '\0';
    for (size_t k = 0; cls && !letter[0] && (fn = lua_member(cls, k)); k++)
        if (lua_fn_name(fn).kind == FN_METHOD)
            snprintf(letter, 32, "%s", lua_fn_name(fn).place);
    return letter;
}

/* ---- names ---- */

/* Is `a` the name to say of two: the letter of the class, else the shorter, else the first by its
** letters? */
static bool is_better(const char *a, const char *b, const char *letter)
{
    size_t na = strlen(a), nb = strlen(b);
    if (strcmp(a, letter) == 0 || strcmp(b, letter) == 0)
        return strcmp(a, letter) == 0;
    return na != nb ? na < nb : strcmp(a, b) < 0;
}

/* Can the global be typed as it is: letters of a name, and to Lua no keyword? */
static bool is_typed(lua_State *L, const char *name)
{
    char chunk[80];
    for (const char *at = name; *at; at++)
        if (!is_letter(*at))
            return false;
    snprintf(chunk, sizeof chunk, "local %s", name);
    int status = luaL_loadbufferx(L, chunk, strlen(chunk), "=name", "t");
    lua_pop(L, 1);
    return status == LUA_OK;
}

/* Pushes the best name of a global that holds the value at `idx`, or with 0 one of the class.  `_`
** holds what was shown last, which the next input changes. */
static bool push_global(lua_State *L, int idx, const LuaClass *cls)
{
    char best[64] = "", letter[32];
    own_letter(idx ? lua_class_of(L, idx, NULL) : cls, letter);
    lua_pushglobaltable(L);
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
        bool meant = idx ? lua_rawequal(L, -1, idx) : lua_class_of(L, -1, NULL) == cls;
        if (meant && name[0] && strcmp(name, "_") != 0 && strlen(name) < sizeof best &&
            (!best[0] || is_better(name, best, letter)) && is_typed(L, name))
            snprintf(best, sizeof best, "%s", name);
    }
    lua_pop(L, 1);
    if (best[0])
        lua_pushstring(L, best);
    return best[0] != '\0';
}

bool own_push_of_class(lua_State *L, const LuaClass *cls)
{
    return push_global(L, 0, cls);
}

/* Does the name of local `i` mean a later one by now? */
static bool is_hidden(lua_State *L, const lua_Debug *ar, int i, const char *name)
{
    const char *later;
    bool hidden = false;
    while (!hidden && (later = lua_getlocal(L, ar, ++i))) {
        hidden = strcmp(later, name) == 0;
        lua_pop(L, 1);
    }
    return hidden;
}

/* The person's function that is the nearest; the scripts that the program carries are nobody's.
** False if there is none. */
static bool find_function(lua_State *L, lua_Debug *ar)
{
    int level = 0;
    while (lua_getstack(L, level, ar) && lua_getinfo(L, "S", ar) &&
           (*ar->what == 'C' || strncmp(ar->source, "=lua_api/", 9) == 0))
        level++;
    return lua_getstack(L, level, ar) != 0;
}

/* A local of the person's function that is the nearest, or what it closes over: the letter of its
** class, else the last. */
static bool push_local(lua_State *L, int idx)
{
    lua_Debug ar;
    const char *name, *found = NULL;
    char letter[32];
    own_letter(lua_class_of(L, idx, NULL), letter);
    if (!find_function(L, &ar) || !lua_getinfo(L, "Sf", &ar))
        return false;
    for (int i = 1; (name = lua_getlocal(L, &ar, i)); i++) {
        if (lua_rawequal(L, -1, idx) && is_letter(name[0]) && !is_hidden(L, &ar, i, name) &&
            (!found || strcmp(found, letter) != 0))
            found = name;
        lua_pop(L, 1);
    }
    bool local = found;
    for (int i = 1; !local && (name = lua_getupvalue(L, -1, i)); i++) {
        if (lua_rawequal(L, -1, idx) && is_letter(name[0]) && (!found || strcmp(name, letter) == 0))
            found = name;
        lua_pop(L, 1);
    }
    if (found)
        lua_pushstring(L, found);
    lua_remove(L, found ? -2 : -1);
    return found != NULL;
}

bool own_push_name(lua_State *L, int idx)
{
    luaL_checkstack(L, 8, "names");
    idx = lua_absindex(L, idx);
    return push_global(L, idx, NULL) || push_local(L, idx);
}

/* Has a global of that name a value, or is a local of the person's function called so? */
static bool is_taken(lua_State *L, const char *name)
{
    lua_Debug ar;
    const char *local;
    lua_pushglobaltable(L); /* one that raises for what it lacks is not asked */
    lua_pushstring(L, name);
    bool taken = lua_rawget(L, -2) != LUA_TNIL;
    lua_pop(L, 2);
    if (taken || !find_function(L, &ar) || !lua_getinfo(L, "f", &ar))
        return taken;
    for (int i = 1; !taken && (local = lua_getlocal(L, &ar, i)); i++) {
        taken = strcmp(local, name) == 0;
        lua_pop(L, 1);
    }
    for (int i = 1; !taken && (local = lua_getupvalue(L, -1, i)); i++) {
        taken = strcmp(local, name) == 0;
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return taken;
}

/* ---- texts ---- */

/* Is `at` what a module's function alone is called with, "s" in "tvm.time(s)", and no plural? */
static bool is_only_argument(const char *text, const char *at, size_t len)
{
    if (at == text || at[-1] != '(' || at[len] != ')')
        return false;
    const char *end = at - 1, *function = end;
    while (function > text && (is_letter(function[-1]) || function[-1] == '.'))
        function--;
    return memchr(function, '.', (size_t)(end - function));
}

/* Does `at`, a place in `text` outside of quotes, begin the receiver `letter`? */
static bool is_receiver(const char *text, const char *at, const char *letter)
{
    size_t n = strlen(letter);
    if (strncmp(at, letter, n) != 0 || (at > text && (is_letter(at[-1]) || strchr(".:\"", at[-1]))))
        return false;
    if (strchr(":.", at[n]) && at[n])
        return isalpha((unsigned char)at[n + 1]);
    bool listed = at > text + 1 && at[-1] == ' ' && at[-2] == ',';
    return listed ? at[n] && strchr("})", at[n + strspn(at + n, " ")])
                  : is_only_argument(text, at, n);
}

void own_push_text(lua_State *L, const char *text, const char *letter, const char *name)
{
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    bool quoted = false;
    for (const char *at = text; *at; at++) {
        quoted ^= *at == '"' && (at == text || at[-1] != '\\');
        if (!quoted && letter[0] && is_receiver(text, at, letter)) {
            luaL_addstring(&b, name);
            at += strlen(letter) - 1;
        } else {
            luaL_addchar(&b, *at);
        }
    }
    luaL_pushresult(&b);
}

static bool speaks_of(lua_State *L, const char *text, const char *letter)
{
    own_push_text(L, text, letter, "");
    bool does = strcmp(lua_tostring(L, -1), text) != 0;
    lua_pop(L, 1);
    return does;
}

/* A step is a Schedule's: where the fix is one on a value that never changes, it makes a schedule
** of that first. */
static bool fix_on_schedule(Err *err, const LuaClass *cls, const char *letter, const char *name)
{
    char step[32], call[sizeof err->fix];
    size_t n = strlen(letter);
    if ((cls != &func_class && cls != &version_class) || strncmp(err->fix, letter, n) != 0 ||
        sscanf(err->fix + n, ":%31[a-z_](", step) != 1 || !prim_find(step))
        return false;
    strcpy(call, err->fix);
    err_fix(err, "%s = tvm.schedule(%s); %s", letter, name, call);
    return true;
}

enum { GIVEN = 6, MARK = 1 };

/* Puts the names where their marks stand, or leaves the text as it was before where they are too
** long. */
static void put_names(Err *err, char names[GIVEN][64], const char *before)
{
    char text[sizeof err->fix];
    size_t n = 0;
    for (const char *at = err->fix; *at; at++) {
        const char *name = *at == MARK ? names[at[1] - '0'] : NULL; /* own_fix lets no other in */
        size_t len = name ? strlen(name) : 1;
        if (n + len >= sizeof text) {
            strcpy(err->fix, before);
            return;
        }
        memcpy(text + n, name ? name : at, len);
        n += len;
        at += name != NULL;
    }
    text[n] = '\0';
    strcpy(err->fix, text);
}

/* Does the fix mean another value of the class by the letter, one behind `i` that has a name? */
static bool means_another(lua_State *L, int i, int given, const char *letter)
{
    bool found = false;
    char other[32];
    while (!found && ++i <= given) {
        found =
            strcmp(own_letter(lua_class_of(L, i, NULL), other), letter) == 0 && own_push_name(L, i);
        lua_pop(L, found);
    }
    return found;
}

/* What a fix calls a value without a name: the letter of its class, with 2, 3 … behind it where
** something else is called so. */
static void free_letter(lua_State *L, const char *letter, char called[64])
{
    snprintf(called, 64, "%s", letter);
    for (int i = 2; is_taken(L, called); i++)
        snprintf(called, 64, "%s%d", letter, i);
}

/* Puts the name for the letter, where the text keeps its room. */
static bool rename_in(lua_State *L, char *text, size_t size, const char *letter, const char *name)
{
    own_push_text(L, text, letter, name);
    bool fits = lua_rawlen(L, -1) < size;
    if (fits)
        strcpy(text, lua_tostring(L, -1));
    lua_pop(L, 1);
    return fits;
}

/* First each letter gives way to a mark, so that a name which is another class's letter stays. */
OwnFix own_fix(lua_State *L, Err *err)
{
    OwnFix own = {0};
    int given = lua_gettop(L) < GIVEN ? lua_gettop(L) : GIVEN;
    char named[GIVEN][32] = {0}; /* the letters that have given way: of two of a class the first */
    char names[GIVEN][sizeof own.called] = {0}, before[sizeof err->fix];
    if (strchr(err->fix, MARK)) /* it quotes such a byte */
        given = 0;
    strcpy(before, err->fix);
    for (int i = 1; i <= given && err->fix[0]; i++) {
        const LuaClass *cls = lua_class_of(L, i, NULL);
        char letter[32], mark[] = {MARK, (char)('0' + i - 1), '\0'};
        bool meant = own_letter(cls, letter)[0] && speaks_of(L, err->fix, letter);
        for (int k = 0; meant && k < i - 1; k++)
            meant = strcmp(named[k], letter) != 0;
        if (!meant)
            continue;
        bool found = own_push_name(L, i);
        if (found && lua_rawlen(L, -1) >= sizeof names[0]) {
            found = false;
            lua_pop(L, 1);
        }
        if (!found) {
            char called[sizeof own.called];
            free_letter(L, letter, called);
            if (means_another(L, i, given, letter) ||
                !rename_in(L, before, sizeof before, letter, called) ||
                !rename_in(L, err->fix, sizeof err->fix, letter, called))
                strcpy(called, letter);
            if (!own.called[0]) {
                own.nameless = cls;
                strcpy(own.called, called);
            }
            fix_on_schedule(err, cls, called, called);
            continue;
        }
        snprintf(names[i - 1], sizeof names[i - 1], "%s", lua_tostring(L, -1));
        own_push_text(L, err->fix, letter, mark);
        if (!fix_on_schedule(err, cls, letter, mark) && lua_rawlen(L, -1) < sizeof err->fix)
            strcpy(err->fix, lua_tostring(L, -1));
        if (!own.called[0] || strcmp(own.called, letter) == 0) {
            own.nameless = NULL;
            strcpy(own.called, names[i - 1]);
        }
        strcpy(named[i - 1], letter);
        lua_pop(L, 2);
    }
    if (given)
        put_names(err, names, before);
    return own;
}

/* ---- calls as they were typed ---- */

/* The end of the call whose arguments begin at `p`: brackets of one kind, or a string. */
static const char *call_end(const char *p)
{
    int depth = 0;
    char quote = '\0';
    for (p += strspn(p, " "); *p && *p != '\n'; p++) {
        if (quote)
            quote = *p == quote && p[-1] != '\\' ? '\0' : quote;
        else if (strchr("\"'", *p))
            quote = *p;
        else if (strchr("({", *p))
            depth++;
        else if (strchr(")}", *p))
            depth--;
        else if (depth == 0)
            return NULL;
        if (depth == 0 && !quote)
            return p + 1;
    }
    return NULL;
}

/* A call in the person's source: `object`, a separator, and `method` with its arguments. */
typedef struct TypedCall {
    const char *from, *method, *end;
} TypedCall;

/* Finds the next call of `method` between `p` and `stop`, with that separator. */
static bool next_call(const char *line, const char *p, const char *stop, char separator,
                      const char *method, TypedCall *out)
{
    size_t n = strlen(method);
    for (; (p = strstr(p, method)) && p < stop; p += n) {
        if (p == line || p[-1] != separator || is_letter(p[n]) || !(out->end = call_end(p + n)))
            continue;
        const char *from = p - 1;
        while (from > line && (is_letter(from[-1]) || from[-1] == '.'))
            from--;
        out->from = from;
        out->method = p;
        if (from < p - 1)
            return true;
    }
    return false;
}

/* Pushes the source of the person's function that is running, and returns the line in it; NULL, and
** nothing pushed, where that is not known. */
static const char *push_line(lua_State *L)
{
    lua_Debug ar;
    int level = 0;
    while (lua_getstack(L, level, &ar) && lua_getinfo(L, "Sl", &ar) && ar.currentline <= 0)
        level++;
    if (!lua_getstack(L, level, &ar) || !lua_getinfo(L, "Sl", &ar) ||
        !session_push_source(L, ar.source))
        return NULL;
    const char *line = lua_tostring(L, -1);
    for (int i = 1; line && i < ar.currentline; i++)
        line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL;
    if (!line)
        lua_pop(L, 1);
    return line;
}

/* Replaces the source of the call, on top, by "object:instead(…)". */
static void push_call(lua_State *L, const TypedCall *call, const char *method, const char *instead)
{
    const char *arguments = call->method + strlen(method);
    lua_pushlstring(L, call->from, (size_t)(call->method - 1 - call->from));
    lua_pushlstring(L, arguments, (size_t)(call->end - arguments));
    lua_pushfstring(L, "%s:%s%s", lua_tostring(L, -2), instead, lua_tostring(L, -1));
    lua_replace(L, -4);
    lua_pop(L, 2);
}

bool own_push_call_as(lua_State *L, const char *method, const char *instead)
{
    TypedCall call, other;
    const char *line = push_line(L), *stop = line ? strchrnul(line, '\n') : NULL;
    bool found = line && next_call(line, line, stop, ':', method, &call) &&
                 !next_call(line, call.method + 1, stop, ':', method, &other);
    if (found)
        push_call(L, &call, method, instead);
    else
        lua_pop(L, line != NULL);
    return found;
}

bool own_push_colon_call(lua_State *L, const char *method)
{
    TypedCall call;
    const char *line = push_line(L), *stop = line ? strchrnul(line, '\n') : NULL;
    bool found = line && next_call(line, line, stop, '.', method, &call);
    if (found)
        push_call(L, &call, method, method);
    else
        lua_pop(L, line != NULL);
    return found;
}
