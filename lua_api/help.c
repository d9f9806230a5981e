/* help.c -- help() and its parts, from the descriptors. */
#include <ctype.h>
#include <string.h>

#include "core/base/nearest.h"
#include "lua_api/doc.h"

static const void *registered(lua_State *L, SessionTable table, int i)
{
    session_push_table(L, table);
    lua_rawgeti(L, -1, i + 1);
    const void *p = lua_touserdata(L, -1);
    lua_pop(L, 2);
    return p;
}

const LuaFn *doc_function(lua_State *L, int i) { return registered(L, TABLE_FUNCTIONS, i); }
const LuaClass *doc_class(lua_State *L, int i) { return registered(L, TABLE_CLASSES, i); }

bool doc_module(lua_State *L, int i, const char **name, const char **doc)
{
    session_push_table(L, TABLE_MODULES);
    bool found = lua_rawgeti(L, -1, i + 1) == LUA_TTABLE;
    if (found) {
        lua_rawgeti(L, -1, 1);
        *name = lua_tostring(L, -1);
        lua_rawgeti(L, -2, 2);
        *doc = lua_tostring(L, -1);
        lua_pop(L, 2);
    }
    lua_pop(L, 2);
    return found;
}

/* ---- texts ---- */

void doc_add_sentence(luaL_Buffer *b, const char *doc)
{
    for (; *doc && !(*doc == '.' && (isspace((unsigned char)doc[1]) || !doc[1])); doc++)
        luaL_addchar(b, *doc == '\n' ? ' ' : *doc);
}

static void add_indented(luaL_Buffer *b, const char *text, int indent)
{
    while (*text) {
        const char *end = strchrnul(text, '\n');
        for (int i = 0; i < indent && end > text; i++)
            luaL_addchar(b, ' ');
        luaL_addlstring(b, text, (size_t)(end - text));
        if (*end)
            luaL_addchar(b, '\n');
        text = *end ? end + 1 : end;
    }
}

static void add_function(luaL_Buffer *b, const LuaFn *fn)
{
    luaL_addstring(b, fn->sig);
    luaL_addchar(b, '\n');
    add_indented(b, fn->doc, 2);
}

/* "  te.sum(value, …)      Adds up value over the axes", one line of the terminal. */
static void add_line(luaL_Buffer *b, const char *name, const char *doc)
{
    enum { COLUMN = 36, LEAST = 24 };
    const LuaView *view = lua_view(b->L);
    int n = 0;
    for (const char *p = name; *p; p++)
        n += ((unsigned char)*p & 0xc0) != 0x80;
    luaL_addstring(b, "\n  ");
    luaL_addstring(b, name);
    for (; n < COLUMN; n++)
        luaL_addchar(b, ' ');
    luaL_addstring(b, "  ");
    int room = view->width - n - 4;
    size_t from = luaL_bufflen(b);
    doc_add_sentence(b, doc);
    const char *text = luaL_buffaddr(b) + from;
    size_t len = luaL_bufflen(b) - from, fits = 0;
    for (int cells = 0; fits < len; fits++)
        if (((unsigned char)text[fits] & 0xc0) != 0x80 && ++cells > (room > LEAST ? room : LEAST) - 1)
            break;
    if (!view->whole && fits < len) {
        luaL_buffsub(b, len - fits);
        luaL_addstring(b, "…");
    }
}

void doc_push_function(lua_State *L, const LuaFn *fn)
{
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    add_function(&b, fn);
    luaL_pushresult(&b);
}

void doc_push_class(lua_State *L, const LuaClass *cls)
{
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    luaL_addstring(&b, cls->name);
    luaL_addchar(&b, '\n');
    add_indented(&b, cls->doc, 2);
    for (const LuaFn *const *m = cls->members; m && *m; m++)
        if (lua_fn_name(*m).kind != FN_META)
            add_line(&b, (*m)->sig, (*m)->doc);
    luaL_pushresult(&b);
}

static void push_module(lua_State *L, const char *name, const char *doc)
{
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    luaL_addstring(&b, name);
    luaL_addchar(&b, '\n');
    add_indented(&b, doc, 2);
    const LuaFn *fn;
    for (int i = 0; (fn = doc_function(L, i)); i++)
        if (strcmp(lua_fn_name(fn).place, name) == 0)
            add_line(&b, fn->sig, fn->doc);
    luaL_pushresult(&b);
}

void doc_push_overview(lua_State *L)
{
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    luaL_addstring(&b, "Modules");
    const char *name, *doc;
    for (int i = 0; doc_module(L, i, &name, &doc); i++)
        add_line(&b, name, doc);
    luaL_addstring(&b, "\n\nValues");
    const LuaClass *cls;
    for (int i = 0; (cls = doc_class(L, i)); i++)
        add_line(&b, cls->name, cls->doc);
    luaL_addstring(&b, "\n\nMore help");
    add_line(&b, "help(x)  or  ?x", "What a function, module or value is for, with examples");
    add_line(&b, "help \"word\"", "What is called so, or mentions it");
    add_line(&b, "??f", "The source of a function");
    add_line(&b, "tour()", "Plays the first lesson; `tvmrepl tutorial` lists the others");
    add_line(&b, "Tab", "Completes names, members, and names of loops and blocks inside strings");
    add_line(&b, "x = 1;", "A trailing ; silences; _ is the last value");
    luaL_pushresult(&b);
}

/* ---- by name ---- */

static bool same_letters(const char *a, const char *b) { return strcasecmp(a, b) == 0; }

/* Is `word` "split", "s:split", "te.sum", or (in a class) "Schedule:split"? */
static bool is_called(const LuaFn *fn, const char *cls, const char *word)
{
    LuaFnName n = lua_fn_name(fn);
    const char *dot = strpbrk(word, ".:");
    if (!dot)
        return strcmp(n.name, word) == 0;
    size_t len = (size_t)(dot - word);
    bool place = (strlen(n.place) == len && strncmp(n.place, word, len) == 0) ||
                 (cls && strlen(cls) == len && strncmp(cls, word, len) == 0);
    return place && strcmp(n.name, dot + 1) == 0;
}

/* Calls visit(fn, class or NULL) for every function and member. */
static void each_function(lua_State *L, void (*visit)(const LuaFn *fn, const LuaClass *cls, void *env),
                          void *env)
{
    const LuaFn *fn;
    const LuaClass *cls;
    for (int i = 0; (fn = doc_function(L, i)); i++)
        visit(fn, NULL, env);
    for (int i = 0; (cls = doc_class(L, i)); i++)
        for (const LuaFn *const *m = cls->members; m && *m; m++)
            if (lua_fn_name(*m).kind != FN_META)
                visit(*m, cls, env);
}

typedef struct Search {
    luaL_Buffer b;
    const char *word;
    Nearest near;
    LuaFnName names[1]; /* keeps near.best alive */
    const LuaFn *last;  /* classes may share a method */
    int found;
} Search;

static void add_called(const LuaFn *fn, const LuaClass *cls, void *env)
{
    Search *s = env;
    if (fn == s->last || !is_called(fn, cls ? cls->name : NULL, s->word))
        return;
    s->last = fn;
    if (s->found++)
        luaL_addstring(&s->b, "\n\n");
    add_function(&s->b, fn);
}

static void add_mention(const LuaFn *fn, const LuaClass *cls, void *env)
{
    (void)cls;
    Search *s = env;
    if (!strcasestr(fn->sig, s->word) && !strcasestr(fn->doc, s->word))
        return;
    s->found++;
    add_line(&s->b, fn->sig, fn->doc);
}

static void try_name(const LuaFn *fn, const LuaClass *cls, void *env)
{
    (void)cls;
    Search *s = env;
    LuaFnName n = lua_fn_name(fn);
    const char *before = s->near.best;
    nearest_try(&s->near, n.name);
    if (s->near.best != before) {
        s->names[0] = n;
        s->near.best = s->names[0].name;
    }
}

void doc_push_word(lua_State *L, const char *word)
{
    const LuaClass *cls;
    const char *name, *doc;
    for (int i = 0; (cls = doc_class(L, i)); i++)
        if (same_letters(cls->name, word)) {
            doc_push_class(L, cls);
            return;
        }
    for (int i = 0; doc_module(L, i, &name, &doc); i++)
        if (strcmp(name, word) == 0) {
            push_module(L, name, doc);
            return;
        }
    Search s = {.word = word, .near = nearest_to(word)};
    luaL_buffinit(L, &s.b);
    each_function(L, add_called, &s);
    if (!s.found && word[0]) {
        lua_pushfstring(L, "mentioning \"%s\":", word);
        luaL_addvalue(&s.b);
        each_function(L, add_mention, &s);
    }
    luaL_pushresult(&s.b);
    if (s.found)
        return;
    const char *member = strpbrk(word, ".:"); /* "s:split", where s is anything */
    if (member && !strpbrk(member + 1, ".:") && member[1]) {
        doc_push_word(L, member + 1);
        return;
    }
    each_function(L, try_name, &s);
    char meant[96] = "";
    if (s.near.best)
        snprintf(meant, sizeof meant, ": did you mean '%s'?", s.near.best);
    RAISE(L, help_unknown, NULL, word, meant);
}

bool doc_is_module(lua_State *L, int idx, const char **name, const char **doc)
{
    idx = lua_absindex(L, idx);
    for (int i = 0; doc_module(L, i, name, doc); i++) {
        lua_pushglobaltable(L);
        lua_pushstring(L, *name);
        lua_rawget(L, -2);
        bool same = lua_rawequal(L, -1, idx);
        lua_pop(L, 2);
        if (same)
            return true;
    }
    return false;
}

void doc_push_value(lua_State *L, int idx)
{
    const char *name, *doc;
    const LuaFn *fn = lua_fn_of(L, idx);
    const LuaClass *cls = lua_class_of(L, idx, NULL);
    if (fn)
        doc_push_function(L, fn);
    else if (cls)
        doc_push_class(L, cls);
    else if (lua_type(L, idx) == LUA_TSTRING)
        doc_push_word(L, lua_tostring(L, idx));
    else if (doc_is_module(L, idx, &name, &doc))
        push_module(L, name, doc);
    else
        lua_pushfstring(L, "a plain %s of Lua's", luaL_typename(L, idx));
}

/* Pushes the lines that define the Lua function at `idx`, or where a C function is registered. */
static void push_source(lua_State *L, int idx)
{
    lua_Debug ar;
    const LuaFn *fn = lua_fn_of(L, idx);
    if (fn) {
        lua_pushfstring(L, "%s\n  defined at %s:%d", fn->sig, fn->file, fn->line);
        return;
    }
    lua_pushvalue(L, idx);
    lua_getinfo(L, ">S", &ar);
    if (ar.what[0] == 'C' || !session_push_source(L, ar.source)) {
        lua_pushliteral(L, "the source is not at hand");
        return;
    }
    const char *from = lua_tostring(L, -1);
    for (int line = 1; from && line < ar.linedefined; line++)
        from = strchr(from, '\n') ? strchr(from, '\n') + 1 : NULL;
    const char *end = from;
    for (int line = ar.linedefined; end && line <= ar.lastlinedefined; line++)
        end = strchrnul(end, '\n') + (*strchrnul(end, '\n') && line < ar.lastlinedefined);
    lua_pushlstring(L, from ? from : "", from ? (size_t)(end - from) : 0);
}

void doc_push_nearest_global(lua_State *L, const char *name)
{
    Nearest n = nearest_to(name);
    lua_pushglobaltable(L);
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
        if (lua_type(L, -2) == LUA_TSTRING)
            nearest_try(&n, lua_tostring(L, -2));
    lua_pop(L, 1);
    lua_pushstring(L, n.best);
}

LUA_FN(help, "help(x?, source?)",
       "Prints what a function, a module or a value is for, with examples; help \"word\" finds what is\n"
       "called so or mentions it; help() says what there is. With source = true, the source.\n"
       "> help(print)\n"
       "print(…)\n"
       "  Prints its arguments, separated by tabs.\n"
       "  > print(1, \"two\")\n"
       "  1\ttwo")
{
    if (arg_bool_or(L, 2, false) && lua_isfunction(L, 1))
        push_source(L, 1);
    else if (lua_isnoneornil(L, 1))
        doc_push_overview(L);
    else
        doc_push_value(L, 1);
    fprintf(session_of(L)->out, "%s\n", lua_tostring(L, -1));
    return 0;
}

void lua_open_help(lua_State *L)
{
    static const LuaFn *const functions[] = {&help_fn, NULL};
    lua_put_module(L, "tvm", "The workbench: models, schedules, running, comparing, drawing.");
    lua_put_functions(L, functions);
}
