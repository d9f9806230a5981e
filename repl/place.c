/* place.c -- Lua's own messages taken apart, and the place in the text that they speak of. */
#include "repl/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/utf8.h"

Message message_of(const char *text)
{
    Message m = {.words = text};
    for (const char *p = text; (p = strchr(p, ':')); p++) {
        char *end;
        long line = strtol(p + 1, &end, 10);
        if (end > p + 1 && end[0] == ':' && end[1] == ' ') {
            snprintf(m.chunk, sizeof m.chunk, "%.*s", (int)(p - text), text);
            m.line = (int)line;
            m.words = end + 2;
            break;
        }
    }
    const char *near = strstr(m.words, " near ");
    m.near = near ? near + strlen(" near ") : NULL;
    return m;
}

bool quoted_behind(const char *text, const char *before, char *out, size_t size)
{
    const char *p = strstr(text, before);
    const char *end = p ? strchr(p + strlen(before), '\'') : NULL;
    if (!end)
        return false;
    p += strlen(before);
    snprintf(out, size, "%.*s", (int)(end - p), p);
    return true;
}

/* A piece of a line as a terminal may show it: a file need not be text. */
static const char *shown(Arena *A, const char *text, size_t len)
{
    Buf out = buf_new(A);
    for (const char *end = text + len, *tab; text < end; text = tab + 1) {
        tab = memchr(text, '\t', (size_t)(end - text));
        buf_plain(&out, text, (size_t)((tab ? tab : end) - text));
        if (!tab)
            break;
        buf_putc(&out, '\t');
    }
    return buf_str(&out);
}

/* Does the text up to `end` draw the same message?  The parser has read no further. */
static bool is_refused_at(lua_State *L, const char *head, const char *text, const char *end,
                          const Message *m)
{
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    luaL_addstring(&b, head);
    luaL_addlstring(&b, text, (size_t)(end - text));
    luaL_pushresult(&b);
    size_t len;
    const char *whole = lua_tolstring(L, -1, &len);
    bool same = false;
    if (luaL_loadbufferx(L, whole, len, "=", "t") != LUA_OK) {
        Message now = message_of(lua_tostring(L, -1));
        same = now.line == m->line && strcmp(now.words, m->words) == 0;
    }
    lua_pop(L, 2);
    return same;
}

/* The token that the message quotes; of a letter that Lua does not know it quotes the first byte,
** in numbers. */
static bool quoted_token(const Message *m, char *out, size_t size)
{
    int byte;
    if (sscanf(m->near, "'<\\%d>'", &byte) == 1 && byte >= 0x80) {
        snprintf(out, size, "%c", byte);
        return true;
    }
    return quoted_behind(m->near, "'", out, size) && *out;
}

/* An input may have been tried as a value. */
Place place_of(lua_State *L, const char *text, bool script, const Message *m)
{
    enum { WIDEST = 120 };
    static const char *const heads[] = {"", "return "};
    const char *line = text;
    for (int n = 1; line && n < m->line; n++) {
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    size_t len = line ? strcspn(line, "\r\n") : 0;
    if (len == 0 || strspn(line, " \t") >= len || len > WIDEST)
        return (Place){0};
    Place place = {.line = line, .len = len};
    char token[64];
    if (!m->near || !quoted_token(m, token, sizeof token))
        return place;
    if (script && *text == '#') /* for the shell to read */
        text += strcspn(text, "\n");
    for (size_t h = 0; h < sizeof heads / sizeof *heads; h++)
        for (const char *p = line; (p = strstr(p, token)) && p < line + len; p++)
            if (is_refused_at(L, heads[h], text, p + strlen(token), m)) {
                size_t letter = utf8_char(p, line + len);
                place.token = letter ? p : NULL;
                place.token_len = token[1] ? strlen(token) : letter;
                return place;
            }
    return place;
}

static void add_columns(luaL_Buffer *b, const char *text, size_t len, char as)
{
    for (const char *p = text; p < text + len; p++)
        if (((unsigned char)*p & 0xc0) != 0x80)
            luaL_addchar(b, *p == '\t' ? '\t' : as);
}

void place_add(luaL_Buffer *b, const Place *place)
{
    if (!place->line)
        return;
    Arena *A = arena_scratch(NULL);
    luaL_addstring(b, "\n  ");
    luaL_addstring(b, shown(A, place->line, place->len));
    if (place->token) {
        const char *before = shown(A, place->line, (size_t)(place->token - place->line));
        size_t room = (size_t)(place->line + place->len - place->token);
        luaL_addstring(b, "\n  ");
        add_columns(b, before, strlen(before), ' ');
        add_columns(b, place->token, place->token_len < room ? place->token_len : room, '^');
    }
    arena_release(A);
}

const char *place_words(Arena *A, const Message *m, const Place *place)
{
    if (!place->token || strncmp(m->near, "'<\\", 3) != 0)
        return m->words;
    return arena_printf(A, "%.*s'%.*s'", (int)(m->near - m->words), m->words, (int)place->token_len,
                        place->token);
}
