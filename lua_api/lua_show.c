/* lua_show.c -- how values show themselves: objects by their class, tables by their content, all
** within the width and length that a person reads. */
#include <string.h>

#include "core/base/lua_word.h"
#include "lua_api/doc.h"
#include "lua_api/own_name.h"
#include "lua_api/session.h"
#include "viz/text/wrap.h"

static const char rest_key; /* registry: what was last shown in part */
static const char list_key; /* registry: the metatable of lists */

bool lua_display(lua_State *L, int idx, const char *kind)
{
    void *self;
    const LuaClass *cls = lua_class_of(L, idx, &self);
    luaL_checkstack(L, 16, "display");
    return cls && self && cls->display && cls->display(L, self, kind) == 1;
}

bool lua_complete_names(lua_State *L, int idx, const char *method, int arg, const char *prefix)
{
    void *self;
    const LuaClass *cls = lua_class_of(L, idx, &self);
    if (!cls || !self || !cls->names)
        return false;
    luaL_checkstack(L, 16, "names");
    cls->names(L, self, method, arg);
    size_t len = strlen(prefix);
    lua_newtable(L);
    lua_Integer kept = 0, n = (lua_Integer)lua_rawlen(L, -2);
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(L, -2, i);
        const char *name = lua_tostring(L, -1);
        if (name && strncmp(name, prefix, len) == 0)
            lua_rawseti(L, -2, ++kept);
        else
            lua_pop(L, 1);
    }
    lua_remove(L, -2);
    return true;
}

/* ---- tables ----
** A table is written on one line where that fits, else one element a line.  Each function below
** pushes one string; parts are gathered in a Lua table, so an error on the way loses nothing. */

typedef struct Pretty {
    int width;
    int shown; /* elements of one table that are written */
    int depth; /* tables deeper than this are "{…}" */
    int seen;  /* index of the set of tables that are being written */
    int col;   /* where the next value begins */
    bool elided;
} Pretty;

static void push_value(lua_State *L, Pretty *p, int idx, int indent, int level);

/* Letters on the screen: continuation bytes take no room. */
static int cells(const char *s)
{
    int n = 0;
    for (; *s; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

static void push_quoted(lua_State *L, int idx)
{
    enum { LONGEST = 200 };
    size_t len;
    const char *s = lua_tolstring(L, idx, &len);
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    luaL_addchar(&b, '"');
    for (size_t i = 0; i < len && i < LONGEST; i++) {
        unsigned char c = (unsigned char)s[i];
        char code[8];
        if (c == '\n')
            luaL_addstring(&b, "\\n");
        else if (c == '"' || c == '\\')
            snprintf(code, sizeof code, "\\%c", c), luaL_addstring(&b, code);
        else if (c < 32 || c == 127)
            snprintf(code, sizeof code, "\\x%02x", c), luaL_addstring(&b, code);
        else
            luaL_addchar(&b, (char)c);
    }
    luaL_addstring(&b, len > LONGEST ? "…\"" : "\"");
    luaL_pushresult(&b);
}

/* Sorts keys: strings by their letters, after everything else in the order it came. */
static int by_key(lua_State *L)
{
    bool a = lua_type(L, 1) == LUA_TSTRING, b = lua_type(L, 2) == LUA_TSTRING;
    if (a && b)
        lua_pushboolean(L, strcmp(lua_tostring(L, 1), lua_tostring(L, 2)) < 0);
    else if (lua_type(L, 1) == LUA_TNUMBER && lua_type(L, 2) == LUA_TNUMBER)
        lua_pushboolean(L, lua_compare(L, 1, 2, LUA_OPLT));
    else
        lua_pushboolean(L, !a && b);
    return 1;
}

/* Pushes a list of the keys outside the list part, sorted, at most `max`; returns how many there
** are in all. */
static size_t push_keys(lua_State *L, int table, size_t list, size_t max)
{
    size_t all = 0, kept = 0;
    lua_newtable(L);
    int keys = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, table);) {
        lua_pop(L, 1);
        lua_Integer i = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : 0;
        if (i >= 1 && (lua_Unsigned)i <= list)
            continue;
        all++;
        if (kept < max) {
            lua_pushvalue(L, -1);
            lua_rawseti(L, keys, (lua_Integer)++kept);
        }
    }
    lua_getglobal(L, "table");
    lua_getfield(L, -1, "sort");
    lua_pushvalue(L, keys);
    lua_pushcfunction(L, by_key);
    lua_call(L, 2, 0);
    lua_settop(L, keys);
    return all;
}

/* Appends the string on top to the parts. */
static void add_part(lua_State *L, int parts)
{
    lua_rawseti(L, parts, (lua_Integer)lua_rawlen(L, parts) + 1);
}

static void push_parts(lua_State *L, Pretty *p, int table, int indent, int level)
{
    lua_newtable(L);
    int parts = lua_gettop(L);
    size_t list = lua_rawlen(L, table), max = (size_t)p->shown, n = 0;
    for (; n < list && n < max; n++) {
        lua_rawgeti(L, table, (lua_Integer)n + 1);
        p->col = indent + 2;
        push_value(L, p, -1, indent + 2, level + 1);
        add_part(L, parts);
        lua_settop(L, parts);
    }
    size_t others = push_keys(L, table, list, p->shown > 4096 ? SIZE_MAX : 4096);
    size_t kept = lua_rawlen(L, parts + 1);
    for (size_t i = 1; i <= kept && n < max; i++, n++) {
        lua_rawgeti(L, parts + 1, (lua_Integer)i);
        if (lua_type(L, -1) == LUA_TSTRING && is_lua_name(lua_tostring(L, -1))) {
            lua_pushvalue(L, -1);
        } else {
            push_value(L, p, -1, indent + 2, level + 1);
            lua_pushfstring(L, "[%s]", lua_tostring(L, -1));
            lua_remove(L, -2);
        }
        lua_pushvalue(L, -2);
        lua_rawget(L, table);
        p->col = indent + 2 + cells(lua_tostring(L, -2)) + 3;
        push_value(L, p, -1, indent + 2, level + 1);
        lua_pushfstring(L, "%s = %s", lua_tostring(L, -3), lua_tostring(L, -1));
        add_part(L, parts);
        lua_settop(L, parts + 1);
    }
    lua_settop(L, parts);
    if (list + others > n) {
        p->elided = true;
        lua_pushfstring(L, "… %d more", (int)(list + others - n));
        add_part(L, parts);
    }
}

static void add_line(luaL_Buffer *b, int indent)
{
    luaL_addchar(b, '\n');
    for (int i = 0; i < indent; i++)
        luaL_addchar(b, ' ');
}

/* Joins parts: on one line if they fit, short ones in lines that are filled, else a line each.
** Replaces the parts by the text. */
static void join_parts(lua_State *L, const Pretty *p, int parts, int indent)
{
    enum { SHORT = 16 };
    size_t n = lua_rawlen(L, parts);
    int width = indent + 2, widest = 0;
    bool lines = false;
    for (size_t i = 1; i <= n; i++) {
        lua_rawgeti(L, parts, (lua_Integer)i);
        const char *text = lua_tostring(L, -1);
        int wide = strchr(text, '\n') ? p->width : cells(text);
        width += wide + 2;
        widest = wide > widest ? wide : widest;
        lua_pop(L, 1);
    }
    lines = width > p->width;
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    luaL_addchar(&b, '{');
    int column = p->width;
    for (size_t i = 1; i <= n; i++) {
        lua_rawgeti(L, parts, (lua_Integer)i);
        int wide = cells(lua_tostring(L, -1)) + 2;
        lua_pop(L, 1);
        bool breaks = lines && (widest > SHORT || column + wide - 1 > p->width);
        if (i > 1)
            luaL_addstring(&b, breaks ? "," : ", ");
        if (breaks) {
            add_line(&b, indent + 2);
            column = indent + 2;
        }
        column += wide;
        lua_rawgeti(L, parts, (lua_Integer)i);
        luaL_addvalue(&b);
    }
    if (lines)
        add_line(&b, indent);
    luaL_addchar(&b, '}');
    luaL_pushresult(&b);
    lua_replace(L, parts);
    lua_settop(L, parts);
}

static void push_table(lua_State *L, Pretty *p, int table, int indent, int level)
{
    lua_pushvalue(L, table);
    bool cycle = lua_rawget(L, p->seen) != LUA_TNIL;
    lua_pop(L, 1);
    if (cycle || level >= p->depth) {
        p->elided = p->elided || !cycle;
        lua_pushnil(L);
        bool empty = lua_next(L, table) == 0;
        if (!empty)
            lua_pop(L, 2);
        lua_pushstring(L, empty ? "{}" : cycle ? "{… itself}" : "{…}");
        return;
    }
    lua_pushvalue(L, table);
    lua_pushboolean(L, 1);
    lua_rawset(L, p->seen);
    push_parts(L, p, table, indent, level);
    join_parts(L, p, lua_gettop(L), indent);
    lua_pushvalue(L, table);
    lua_pushnil(L);
    lua_rawset(L, p->seen);
}

/* Is it a table of which nothing but its content is known: one of the person's, or a list? */
static bool is_plain_table(lua_State *L, int idx)
{
    if (!lua_istable(L, idx) || !lua_getmetatable(L, idx))
        return lua_istable(L, idx);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &list_key);
    bool list = lua_rawequal(L, -1, -2);
    lua_pushliteral(L, "__tostring");
    bool shown = lua_rawget(L, -3) != LUA_TNIL;
    lua_pop(L, 3);
    return list || !shown;
}

/* What an object says of itself: its lines stay below each other; a single one is broken behind
** commas, and in what is longer yet between words; one more comma may follow. */
static void push_object(lua_State *L, const Pretty *p, int idx, int indent)
{
    luaL_tolstring(L, idx, NULL);
    const char *text = lua_tostring(L, -1);
    bool lines = strchr(text, '\n') != NULL;
    if (!lines && p->col + cells(text) < p->width)
        return;
    Arena *A = lua_scratch(L, NULL);
    Buf out = buf_new(A);
    for (; lines && *text; text++) {
        buf_putc(&out, *text);
        if (*text == '\n')
            buf_pad(&out, ' ', indent);
    }
    for (int col = p->col, first = 1; *text; first = 0) {
        const char *comma = strstr(text, ", ");
        size_t len = comma ? (size_t)(comma + 1 - text) : strlen(text);
        const char *part = arena_printf(A, "%.*s", (int)len, text);
        bool breaks = !first && col + 1 + cells(part) >= p->width;
        if (!first)
            buf_puts(&out, breaks ? "\n" : " ");
        if (breaks)
            buf_pad(&out, ' ', indent + 2);
        col = breaks ? indent + 2 : col + !first;
        wrap_text(&out, part, col, indent + 2, p->width - 1);
        col += cells(part);
        text += len + strspn(text + len, " ");
    }
    lua_scratch_text(L, A, buf_str(&out));
}

static void push_value(lua_State *L, Pretty *p, int idx, int indent, int level)
{
    idx = lua_absindex(L, idx);
    luaL_checkstack(L, 24, "deep table");
    if (lua_type(L, idx) == LUA_TSTRING)
        push_quoted(L, idx);
    else if (is_plain_table(L, idx))
        push_table(L, p, idx, indent, level);
    else if (lua_isfunction(L, idx))
        lua_pushliteral(L, "function");
    else if (lua_class_of(L, idx, NULL))
        push_object(L, p, idx, indent);
    else
        luaL_tolstring(L, idx, NULL);
    lua_copy(L, -1, idx + 1);
    lua_settop(L, idx + 1);
}

/* ---- functions ---- */

static void push_function(lua_State *L, int idx)
{
    const LuaFn *fn = lua_fn_of(L, idx);
    lua_Debug ar;
    if (fn) {
        lua_pushfstring(L, "function %s", fn->sig);
        return;
    }
    lua_pushvalue(L, idx);
    lua_getinfo(L, ">S", &ar);
    if (ar.what[0] == 'C')
        lua_pushliteral(L, "function of Lua's library");
    else
        lua_pushfstring(L, "function at %s:%d", ar.short_src, ar.linedefined);
}

/* ---- what the prompt prints ---- */

/* Is it a value of Lua's own, and no object of the workbench or of one of its scripts? */
static bool is_plain(lua_State *L, int idx)
{
    return lua_istable(L, idx) ? is_plain_table(L, idx) : !lua_class_of(L, idx, NULL);
}

/* Pushes what stands in the plain table at `idx`, all of it or what a person reads at once. */
static void push_content(lua_State *L, int idx, bool whole, bool *elided)
{
    lua_newtable(L);
    Pretty p = {.width = lua_view(L)->width,
                .shown = whole ? 1 << 30 : 20,
                .depth = whole ? 40 : 4,
                .seen = lua_gettop(L)};
    lua_pushvalue(L, idx);
    push_value(L, &p, -1, 0, 0);
    lua_replace(L, p.seen);
    lua_settop(L, p.seen);
    *elided = p.elided;
}

static void push_value_text(lua_State *L, int idx, bool whole, bool *elided)
{
    if (lua_display(L, idx, "text"))
        return;
    const char *name, *doc;
    if (doc_is_module(L, idx, &name, &doc)) {
        lua_pushfstring(L, "module %s   help(%s) says what is in it", name, name);
    } else if (is_plain_table(L, idx)) {
        push_content(L, idx, whole, elided);
    } else if (lua_isfunction(L, idx)) {
        push_function(L, idx);
    } else {
        luaL_tolstring(L, idx, NULL);
    }
}

/* The text of a value, which may say what to type about it. */
static void push_shown(lua_State *L, int idx, bool whole, bool *elided)
{
    LuaView *view = &session_of(L)->view;
    idx = lua_absindex(L, idx);
    strcpy(view->called, "_"); /* which the prompt makes of what nobody named */
    if ((lua_class_of(L, idx, NULL) || lua_istable(L, idx)) && own_push_name(L, idx)) {
        if (lua_rawlen(L, -1) < sizeof view->called)
            strcpy(view->called, lua_tostring(L, -1));
        lua_pop(L, 1);
    }
    session_of(L)->left_out = false;
    push_value_text(L, idx, whole, elided);
    view->called[0] = '\0';
}

/* Pushes what is said beside a value. */
static void push_quiet(lua_State *L, const char *text)
{
    lua_pushfstring(L, lua_view(L)->color ? "\x1b[2m%s\x1b[0m" : "%s", text);
}

/* Rows of the screen that a line takes; its colours take no room. */
static int rows_of(const char *line, size_t len, int width)
{
    int n = 0;
    for (size_t i = 0; i < len; i++) {
        if (line[i] == '\x1b')
            i += strcspn(line + i, "m");
        else
            n += ((unsigned char)line[i] & 0xc0) != 0x80;
    }
    return n > width ? (n + width - 1) / width : 1;
}

/* Replaces the text on top by its first lines, if it takes more rows than the screen has. */
static void elide_lines(lua_State *L, bool *elided)
{
    int height = lua_view(L)->height, most = height > 12 ? height - 2 : 10, kept = most - most / 6;
    const char *text = lua_tostring(L, -1), *cut = NULL;
    int rows = 0, left_out = 0;
    for (const char *p = text; *p;) {
        size_t len = strcspn(p, "\n");
        rows += rows_of(p, len, lua_view(L)->width);
        if (rows > kept && p > text) {
            cut = cut ? cut : p - 1;
            left_out++;
        }
        p += len + (p[len] == '\n');
    }
    if (rows <= most || !cut)
        return;
    *elided = true;
    lua_pushlstring(L, text, (size_t)(cut - text));
    push_quiet(L, lua_pushfstring(L, "… %d more line%s", left_out, left_out == 1 ? "" : "s"));
    lua_pushfstring(L, "%s\n%s", lua_tostring(L, -3), lua_tostring(L, -1));
    lua_replace(L, -5);
    lua_pop(L, 3);
}

/* Folds the lines of the text on top that are wider than the screen. */
static void fold_lines(lua_State *L, void (*wrap)(Buf *out, const char *text, int width))
{
    Arena *A = lua_scratch(L, NULL);
    Buf out = buf_new(A);
    wrap(&out, lua_tostring(L, -2), lua_view(L)->width);
    lua_scratch_text(L, A, buf_str(&out));
    lua_remove(L, -2);
}

/* Adds to the text on top what shows the rest of it: in its last line if there is room. */
static void add_more(lua_State *L)
{
    static const char more[] = "more() shows all";
    const char *text = lua_tostring(L, -1), *last = strrchr(text, '\n');
    bool room = cells(last ? last + 1 : text) + (int)sizeof more + 2 <= lua_view(L)->width;
    push_quiet(L, lua_pushfstring(L, "%s%s", room ? "   " : "\n", more));
    lua_remove(L, -2);
    lua_concat(L, 2);
}

void lua_display_text(lua_State *L, int idx)
{
    bool elided = false, whole = lua_view(L)->whole;
    idx = lua_absindex(L, idx);
    luaL_checkstack(L, 24, "display");
    push_shown(L, idx, whole, &elided);
    bool object = !is_plain(L, idx);
    if ((object || session_is_prose(L, idx)) && !whole && !lua_error_at(L, idx)) {
        elided = elided || session_of(L)->left_out;
        fold_lines(L, wrap_lines);
    } else if (session_is_listing(L, idx) && !whole) {
        fold_lines(L, wrap_listing);
    }
    if (!whole)
        elide_lines(L, &elided);
    /* An object elides by itself; an error shown whole leaves what was looked at before it. */
    if (elided || (object && !lua_error_at(L, idx))) {
        lua_pushvalue(L, idx);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &rest_key);
    }
    if (elided && !whole)
        add_more(L);
}

/* Runs protected.  Pushes the text of its second argument with nothing left out; if the first is
** true, somebody reads it, and lines wider than the screen are folded. */
static int push_whole(lua_State *L)
{
    bool elided = false;
    push_shown(L, -1, true, &elided);
    if (lua_toboolean(L, 1) && !is_plain(L, 2))
        fold_lines(L, wrap_lines);
    return 1;
}

LUA_FN_COUNTS(
    show_more, "more(value?)",
    "Prints a value without leaving anything out; without an argument, the one that was last printed.\n"
    "Every object has it as a method too: s:more().\n"
    "> t = {}; for i = 1, 22 do t[i] = i end\n"
    "> t\n"
    "{\n"
    "  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,\n"
    "  … 2 more\n"
    "}   more() shows all\n"
    "> more()\n"
    "{\n"
    "  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22\n"
    "}")
{
    if (arg_more(L, 1))
        return arg_surplus(L, 2);
    if (lua_isnoneornil(L, 1))
        lua_rawgetp(L, LUA_REGISTRYINDEX, &rest_key);
    else
        lua_pushvalue(L, 1);
    if (lua_isnil(L, -1))
        return RAISE(L, nothing_more, NULL);
    LuaView *view = &session_of(L)->view, before = *view;
    view->whole = view->more = true;
    lua_pushcfunction(L, push_whole);
    lua_pushboolean(L, !before.whole);
    lua_rotate(L, -3, 2);
    int status = lua_pcall(L, 2, 1, 0);
    *view = before;
    if (status != LUA_OK)
        return lua_error(L);
    session_print_long(L, lua_tostring(L, -1));
    return 0;
}

/* ---- lists ---- */

static int list_tostring(lua_State *L)
{
    bool elided;
    arg_table(L, 1);
    push_content(L, 1, true, &elided);
    return 1;
}

/* Nothing stands at the key: nil, as of every table, but for numbers where nothing ever could. */
static int list_index(lua_State *L)
{
    if (lua_type(L, 2) != LUA_TNUMBER || (lua_isinteger(L, 2) && lua_tointeger(L, 2) > 0))
        return 0;
    return RAISE(L, list_index, NULL, luaL_tolstring(L, 2, NULL));
}

void lua_new_list(lua_State *L, size_t n)
{
    lua_createtable(L, n < 1 << 20 ? (int)n : 0, 0);
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &list_key) == LUA_TNIL) {
        lua_pop(L, 1);
        lua_createtable(L, 0, 2);
        lua_pushcfunction(L, list_tostring);
        lua_setfield(L, -2, "__tostring");
        lua_pushcfunction(L, list_index);
        lua_setfield(L, -2, "__index");
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &list_key);
    }
    lua_setmetatable(L, -2);
}

void lua_push_more(lua_State *L)
{
    lua_pushcfunction(L, show_more);
}

void lua_open_show(lua_State *L)
{
    static const LuaFn *const functions[] = {&show_more_fn, NULL};
    lua_put_functions(L, functions);
}
