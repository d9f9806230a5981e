/* complete.c -- what may come next.
**
** The text is read as tokens up to the cursor.  What stands before the last word
** decides: a chain "a.b:" offers members of that value, an open string offers the
** names that the object of the call knows (loops, blocks, buffers), everything else
** globals and keywords.  Chains are followed through tables and through fields of the
** workbench's own values, never by calling what a script defined.
*/
#include "repl/complete.h"

#include <string.h>

#include <lauxlib.h>

#include "core/base/lua_word.h"
#include "lua_api/doc.h"
#include "repl/lexer.h"

enum { TOKENS = 64 }; /* that are looked at before the cursor */

typedef struct Tail {
    Token at[TOKENS]; /* the last ones, the very last at n - 1 */
    int n;
} Tail;

static Tail read_tail(const char *text)
{
    Tail tail = {.n = 0};
    Lexer x = lexer(text, strlen(text));
    for (Token t = lex_next(&x); t.kind != TOKEN_END; t = lex_next(&x)) {
        if (tail.n == TOKENS)
            memmove(tail.at, tail.at + 1, sizeof tail.at[0] * (size_t)--tail.n);
        tail.at[tail.n++] = t;
    }
    return tail;
}

/* ---- values ---- */

/* Replaces the value on top by its field `name`, nil if that cannot be had without effects. */
static void step_into(lua_State *L, const Token *name)
{
    void *self;
    int at = lua_gettop(L);
    lua_pushlstring(L, name->at, name->len);
    const char *key = lua_tostring(L, -1);
    const LuaClass *cls = lua_class_of(L, at, &self);
    if (cls && self) {
        const LuaFn *m;
        for (size_t i = 0; (m = lua_member(cls, i)) && strcmp(lua_fn_name(m).name, key) != 0;)
            i++;
        if (m && lua_fn_name(m).kind != FN_META)
            lua_getfield(L, at, key);
        else
            lua_pushnil(L);
    } else if (lua_istable(L, at)) {
        lua_pushvalue(L, -1);
        lua_rawget(L, at);
    } else {
        lua_pushnil(L);
    }
    lua_replace(L, at);
    lua_settop(L, at);
}

/* Pushes the value of the chain of names that ends at token `last`; false (and nothing) if there
** stands something else.  *first is the chain's first token. */
static bool push_chain(lua_State *L, const Tail *tail, int last, int *first)
{
    int i = last;
    if (i < 0 || tail->at[i].kind != TOKEN_NAME)
        return false;
    while (i >= 2 && tail->at[i - 2].kind == TOKEN_NAME &&
           (token_is(&tail->at[i - 1], ".") || token_is(&tail->at[i - 1], ":")))
        i -= 2;
    if (i >= 1 && (token_is(&tail->at[i - 1], ".") || token_is(&tail->at[i - 1], ":")))
        return false; /* the chain begins with a call or an index */
    *first = i;
    lua_pushglobaltable(L);
    for (; i <= last; i += 2)
        step_into(L, &tail->at[i]);
    return true;
}

/* The token of the "(" whose argument list the end of the text is in, or -1. */
static int open_call(const Tail *tail, int from)
{
    int depth = 0;
    for (int i = from; i >= 0; i--) {
        const Token *t = &tail->at[i];
        if (t->kind != TOKEN_OP || t->len != 1)
            continue;
        if (strchr(")]}", *t->at))
            depth++;
        else if (strchr("([{", *t->at) && depth-- == 0 && *t->at == '(')
            return i;
        else if (depth < 0)
            depth = 0; /* out of a list inside the call */
    }
    return -1;
}

/* ---- candidates ---- */

typedef struct Words {
    int list; /* index of the list on the stack */
    const char *prefix;
    size_t len;
} Words;

static void offer(lua_State *L, const Words *w, const char *word)
{
    if (strncmp(word, w->prefix, w->len) != 0 || (w->len == 0 && word[0] == '_'))
        return;
    lua_pushstring(L, word);
    lua_rawseti(L, w->list, (lua_Integer)lua_rawlen(L, w->list) + 1);
}

static void offer_keys(lua_State *L, const Words *w, int table)
{
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1))
        if (lua_type(L, -2) == LUA_TSTRING && is_lua_name(lua_tostring(L, -2)))
            offer(L, w, lua_tostring(L, -2));
}

static void offer_list(lua_State *L, const Words *w)
{
    int list = lua_gettop(L);
    for (lua_Integer i = 1, n = (lua_Integer)lua_rawlen(L, list); i <= n; i++) {
        lua_rawgeti(L, list, i);
        if (lua_type(L, -1) == LUA_TSTRING)
            offer(L, w, lua_tostring(L, -1));
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

/* Members of the value on top; after a colon only what can be called. */
static void offer_members(lua_State *L, const Words *w, bool colon)
{
    void *self;
    int at = lua_gettop(L);
    const LuaClass *cls = lua_class_of(L, at, &self);
    if (cls) {
        const LuaFn *m;
        for (size_t i = 0; (m = lua_member(cls, i)); i++) {
            LuaFnName n = lua_fn_name(m);
            if (n.kind == FN_METHOD || (n.kind == FN_FIELD && !colon))
                offer(L, w, n.name);
        }
        if (cls->keys && self && !colon) {
            cls->keys(L, self);
            offer_list(L, w);
        }
        return;
    }
    if (lua_type(L, at) == LUA_TSTRING) {
        lua_getglobal(L, "string");
        offer_keys(L, w, lua_gettop(L));
        return;
    }
    for (int depth = 0; depth < 8 && lua_istable(L, -1); depth++) {
        offer_keys(L, w, lua_gettop(L));
        if (luaL_getmetafield(L, -1, "__index") == LUA_TNIL)
            break;
    }
}

static void offer_globals(lua_State *L, const Words *w)
{
    lua_pushglobaltable(L);
    offer_keys(L, w, lua_gettop(L));
    for (const char *const *word = lua_words; w->len && *word; word++)
        offer(L, w, *word);
}

static void offer_help(lua_State *L, const Words *w)
{
    const LuaFn *fn;
    const LuaClass *cls;
    for (int i = 0; (fn = doc_function(L, i)); i++)
        offer(L, w, lua_fn_name(fn).name);
    for (int i = 0; (cls = doc_class(L, i)); i++) {
        offer(L, w, cls->name);
        for (size_t k = 0; (fn = lua_member(cls, k)); k++)
            if (lua_fn_name(fn).kind != FN_META)
                offer(L, w, lua_fn_name(fn).name);
    }
}

/* ---- the three places ---- */

/* Which argument of the call whose "(" is token `call` the last token is in. */
static int argument_at(const Tail *tail, int call)
{
    int depth = 0, arg = 1;
    for (int i = call + 1; i < tail->n; i++) {
        const Token *t = &tail->at[i];
        if (t->kind != TOKEN_OP || t->len != 1)
            continue;
        depth += strchr("([{", *t->at) != NULL;
        depth -= strchr(")]}", *t->at) != NULL;
        arg += depth == 0 && *t->at == ',';
    }
    return arg;
}

/* In a string: the names that the object of the call knows. */
static CompleteKind in_string(lua_State *L, const Tail *tail, Words *w)
{
    int string = tail->n - 1, callee = string - 1, first;
    int call = open_call(tail, callee);
    if (call >= 0 && !(callee >= 0 && tail->at[callee].kind == TOKEN_NAME && callee > call))
        callee = call - 1;
    if (callee < 0 || tail->at[callee].kind != TOKEN_NAME)
        return COMPLETE_FILES;
    if (token_is(&tail->at[callee], "help")) {
        offer_help(L, w);
        return COMPLETE_WORDS;
    }
    char method[48];
    snprintf(method, sizeof method, "%.*s", (int)tail->at[callee].len, tail->at[callee].at);
    int arg = call > callee ? argument_at(tail, call) : 1;
    if (callee < 2 || !token_is(&tail->at[callee - 1], ":") ||
        !push_chain(L, tail, callee - 2, &first) ||
        !lua_complete_names(L, -1, method, arg, w->prefix))
        return COMPLETE_FILES;
    offer_list(L, w);
    return COMPLETE_WORDS;
}

static void in_code(lua_State *L, const Tail *tail, const Words *w)
{
    int n = tail->n - (w->len > 0), first;
    const Token *before = n > 0 ? &tail->at[n - 1] : NULL;
    bool dot = before && token_is(before, "."), colon = before && token_is(before, ":");
    if (!dot && !colon)
        offer_globals(L, w);
    else if (push_chain(L, tail, n - 2, &first))
        offer_members(L, w, colon);
    else if (n >= 2 &&
             (tail->at[n - 2].kind == TOKEN_STRING || (n >= 3 && token_is(&tail->at[n - 2], ")") &&
                                                       tail->at[n - 3].kind == TOKEN_STRING))) {
        lua_pushliteral(L, "");
        offer_members(L, w, colon);
    }
}

/* Sorts the list and takes doubles out. */
static void tidy(lua_State *L, int list)
{
    lua_settop(L, list);
    lua_getglobal(L, "table");
    lua_pushliteral(L, "sort");
    lua_rawget(L, -2);
    lua_pushvalue(L, list);
    lua_call(L, 1, 0);
    lua_Integer kept = 0, n = (lua_Integer)lua_rawlen(L, list);
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(L, list, i);
        lua_rawgeti(L, list, kept);
        bool same = kept > 0 && lua_rawequal(L, -1, -2);
        lua_pop(L, 1);
        if (same)
            lua_pop(L, 1);
        else
            lua_rawseti(L, list, ++kept);
    }
    for (lua_Integer i = kept + 1; i <= n; i++) {
        lua_pushnil(L);
        lua_rawseti(L, list, i);
    }
    lua_settop(L, list);
}

typedef struct Request {
    const char *text;
    size_t start;
    CompleteKind kind;
} Request;

static int complete(lua_State *L)
{
    Request *r = lua_touserdata(L, 1);
    Tail tail = read_tail(r->text);
    const Token *last = tail.n ? &tail.at[tail.n - 1] : NULL;
    const char *end = r->text + strlen(r->text);
    bool touching = last && last->at + last->len == end;
    lua_newtable(L);
    Words w = {.list = lua_gettop(L), .prefix = end};
    if (touching && last->kind == TOKEN_OPEN && *last->at != '[') {
        w.prefix = last->at + 1;
        w.len = strlen(w.prefix);
        r->kind = in_string(L, &tail, &w);
    } else if (!last || last->kind != TOKEN_OPEN) {
        if (touching && (last->kind == TOKEN_NAME || last->kind == TOKEN_KEYWORD)) {
            w.prefix = last->at;
            w.len = last->len;
        }
        in_code(L, &tail, &w);
    }
    r->start = (size_t)(w.prefix - r->text);
    tidy(L, w.list);
    return 1;
}

CompleteKind complete_push(lua_State *L, const char *text, size_t *start)
{
    Request r = {.text = text, .start = strlen(text), .kind = COMPLETE_WORDS};
    lua_pushcfunction(L, complete);
    lua_pushlightuserdata(L, &r);
    if (lua_pcall(L, 1, 1, 0) != LUA_OK) {
        lua_pop(L, 1);
        lua_newtable(L);
    }
    *start = r.start;
    return r.kind;
}

/* ---- signatures ---- */

static int signature(lua_State *L)
{
    Tail tail = read_tail(lua_touserdata(L, 1));
    int call = open_call(&tail, tail.n - 1), first;
    if (call >= 1 && push_chain(L, &tail, call - 1, &first)) {
        const LuaFn *fn = lua_fn_of(L, -1);
        if (fn) {
            lua_pushstring(L, fn->sig);
            return 1;
        }
    }
    lua_pushnil(L);
    return 1;
}

void complete_push_signature(lua_State *L, const char *text)
{
    lua_pushcfunction(L, signature);
    lua_pushlightuserdata(L, (void *)text);
    if (lua_pcall(L, 1, 1, 0) != LUA_OK) {
        lua_pop(L, 1);
        lua_pushnil(L);
    }
}
