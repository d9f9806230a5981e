/* chained.c -- a method that was asked of what a call gave: s:split("y", 4):vectorize "yi". */
#include "repl/chained.h"

#include <string.h>

#include <lauxlib.h>

#include "lua_api/doc.h"
#include "repl/lexer.h"

/* In the source: `name:first(…)`, and behind its colon the method that was not found. */
typedef struct Chain {
    Token name, first;
    const char *end;         /* of the first call */
    const char *then, *done; /* the method, and the end of its arguments; NULL: none follow */
} Chain;

/* The end of the arguments that begin with the next token, brackets or a string; NULL: none do. */
static const char *skip_arguments(Lexer *x)
{
    int before = x->brackets;
    Token t = lex_next(x);
    if (t.kind == TOKEN_STRING)
        return t.at + t.len;
    if (!token_is(&t, "(") && !token_is(&t, "{"))
        return NULL;
    while (x->brackets > before && t.kind != TOKEN_END)
        t = lex_next(x);
    return t.kind == TOKEN_END ? NULL : t.at + t.len;
}

static bool chain_here(Lexer x, const char *method, int line, Chain *out)
{
    out->name = lex_next(&x);
    Token colon = lex_next(&x);
    out->first = lex_next(&x);
    if (out->name.kind != TOKEN_NAME || !token_is(&colon, ":") || out->first.kind != TOKEN_NAME ||
        !(out->end = skip_arguments(&x)))
        return false;
    colon = lex_next(&x);
    Token then = lex_next(&x);
    if (!token_is(&colon, ":") || !token_is(&then, method) || line < out->name.line ||
        line > then.line)
        return false;
    out->then = then.at;
    out->done = skip_arguments(&x);
    return true;
}

/* The class that the person's global is of, or the first one with such a method. */
static const LuaClass *class_of_call(lua_State *L, const char *name, const char *first)
{
    const LuaClass *cls;
    lua_getglobal(L, name);
    cls = lua_class_of(L, -1, NULL);
    lua_pop(L, 1);
    for (int i = 0; !cls && (cls = doc_class(L, i)); i++)
        cls = doc_method(L, cls->name, first) ? cls : NULL;
    return cls;
}

/* What it gives whose signature ends so, in words; NULL where methods of it may be asked. */
static const char *given_by(const LuaFn *fn)
{
    static const struct {
        const char *result, *is;
    } kinds[] = {
        {"names", "names"}, {"string", "a string"}, {"list", "a list"}, {"table", "a table"}};
    const char *arrow = strstr(fn->sig, "-> ");
    for (size_t i = 0; arrow && i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(arrow + strlen("-> "), kinds[i].result) == 0)
            return kinds[i].is;
    return NULL;
}

/* Pushes the second step as a call of its own; the first one is taken when its names are asked. */
static void push_next_call(lua_State *L, const Chain *c)
{
    lua_pushlstring(L, c->name.at, c->name.len);
    lua_pushlstring(L, c->then, (size_t)(c->done - c->then));
    lua_pushfstring(L, "; each step is a call of its own, the next one: %s:%s", lua_tostring(L, -2),
                    lua_tostring(L, -1));
    lua_replace(L, -3);
    lua_pop(L, 1);
}

bool push_chained_hint(lua_State *L, const char *method, const char *owners, const char *text,
                       int line)
{
    Chain c;
    Lexer x = lexer(text, strlen(text));
    while (!chain_here(x, method, line, &c))
        if (lex_next(&x).kind == TOKEN_END)
            return false;
    int top = lua_gettop(L);
    const char *name = lua_pushlstring(L, c.name.at, c.name.len);
    const char *first = lua_pushlstring(L, c.first.at, c.first.len);
    const LuaClass *cls = class_of_call(L, name, first);
    const LuaFn *fn = cls ? doc_method(L, cls->name, first) : NULL;
    const char *gives = fn ? given_by(fn) : NULL;
    if (!gives) {
        lua_settop(L, top);
        return false;
    }
    bool names = strcmp(gives, "names") == 0, shows = strcmp(method, "show") == 0;
    lua_pushfstring(L, "%s:%s gives %s%s", name, first, gives,
                    shows && !names ? ", which the prompt shows and print(…) prints" : "");
    if (*owners)
        lua_pushfstring(L, "; %s is a method of %s", method, owners);
    else
        lua_pushfstring(L, ", which %s no method %s", names ? "have" : "has", method);
    if (names && c.done && doc_method(L, cls->name, method))
        push_next_call(L, &c);
    else
        lua_pushliteral(L, "");
    lua_concat(L, 3);
    lua_replace(L, top + 1);
    lua_settop(L, top + 1);
    return true;
}
