/* lua_typed.c -- finding an argument in the source of the call that is running. */
#include "lua_api/lua_typed.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "lua_api/session.h"

static bool in_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static const char *skip_space(const char *p)
{
    while (isspace((unsigned char)*p))
        p++;
    return p;
}

static const char *line_start(const char *text, int line)
{
    for (; text && line > 1; line--) {
        text = strchr(text, '\n');
        text = text ? text + 1 : NULL;
    }
    return text;
}

/* Past the next argument: at its comma, its closing bracket, or the end of the text. */
static const char *skip_argument(const char *p)
{
    int depth = 0;
    for (; *p; p++) {
        if (*p == '"' || *p == '\'') {
            for (char quote = *p++; *p && *p != quote; p++)
                if (*p == '\\' && p[1])
                    p++;
            if (!*p)
                return p;
        } else if (strchr("([{", *p)) {
            depth++;
        } else if (strchr(")]}", *p)) {
            if (depth-- == 0)
                return p;
        } else if (*p == ',' && depth == 0) {
            return p;
        }
    }
    return p;
}

/* A local of the caller, or a global, whose value is not nil cannot be the culprit. */
static bool is_nil_there(lua_State *L, lua_Debug *ar, const char *name)
{
    bool nil = true;
    const char *local;
    for (int i = 1; (local = lua_getlocal(L, ar, i)); i++) {
        if (strcmp(local, name) == 0)
            nil = lua_isnil(L, -1);
        lua_pop(L, 1);
    }
    lua_pushglobaltable(L);
    lua_pushstring(L, name);
    nil = nil && lua_rawget(L, -2) == LUA_TNIL;
    lua_pop(L, 2);
    return nil;
}

static bool read_argument(lua_State *L, lua_Debug *ar, const char *p, int n, char *out, size_t size)
{
    for (int i = 1; i < n; i++) {
        p = skip_argument(p);
        if (*p != ',')
            return false;
        p++;
    }
    p = skip_space(p);
    const char *end = p;
    while (in_word(*end))
        end++;
    if (end == p || isdigit((unsigned char)*p) || !strchr(",)", *skip_space(end)))
        return false;
    snprintf(out, size, "%.*s", (int)(end - p), p);
    return strcmp(out, "nil") != 0 && is_nil_there(L, ar, out);
}

bool typed_argument(lua_State *L, const char *function, int n, char *out, size_t size)
{
    lua_Debug ar;
    int top = lua_gettop(L);
    if (!lua_getstack(L, 1, &ar) || !lua_getinfo(L, "Sl", &ar) || ar.currentline <= 0 ||
        !session_push_source(L, ar.source))
        return false;
    bool found = false;
    const char *p = line_start(lua_tostring(L, -1), ar.currentline);
    size_t len = strlen(function);
    const char *end = p ? p + strcspn(p, "\n") : NULL; /* the call begins in this line */
    for (; !found && p && (p = strstr(p, function)) && p < end; p += len) {
        const char *open = skip_space(p + len);
        if (*open == '(' && !in_word(p[len]))
            found = read_argument(L, &ar, open + 1, n, out, size);
    }
    lua_settop(L, top);
    return found;
}
