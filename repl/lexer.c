/* lexer.c -- Lua's tokens, read tolerantly. */
#include "repl/lexer.h"

#include <ctype.h>
#include <string.h>

#include "core/base/lua_word.h"

static const char *const long_ops[] = {"...", "..", "==", "~=", "<=", ">=", "//", "<<", ">>", "::"};

Lexer lexer(const char *text, size_t len)
{
    return (Lexer){.at = text, .end = text + len, .line = 1};
}

bool token_is(const Token *t, const char *text)
{
    return strlen(text) == t->len && memcmp(t->at, text, t->len) == 0;
}

static bool in_name(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* The level of a long bracket "[==[" at p, or -1. */
static int long_bracket(const Lexer *x, const char *p)
{
    int level = 0;
    for (p++; p < x->end && *p == '='; p++)
        level++;
    return p < x->end && *p == '[' ? level : -1;
}

/* Past the end of the long bracket that opens at p; NULL if it does not end. */
static const char *skip_long(Lexer *x, const char *p, int level)
{
    for (p += level + 2; p < x->end; p++) {
        if (*p == '\n')
            x->line++;
        if (*p != ']')
            continue;
        const char *q = p + 1;
        int n = 0;
        for (; q < x->end && *q == '='; q++)
            n++;
        if (n == level && q < x->end && *q == ']')
            return q + 1;
    }
    return NULL;
}

static void skip_blank(Lexer *x)
{
    while (x->at < x->end) {
        if (isspace((unsigned char)*x->at)) {
            x->line += *x->at++ == '\n';
        } else if (x->at + 1 < x->end && x->at[0] == '-' && x->at[1] == '-') {
            const char *p = x->at + 2;
            int level = p < x->end && *p == '[' ? long_bracket(x, p) : -1;
            const char *after = level >= 0 ? skip_long(x, p, level) : NULL;
            if (level < 0)
                after = memchr(p, '\n', (size_t)(x->end - p));
            x->at = after ? after : x->end;
        } else {
            return;
        }
    }
}

static const char *skip_quoted(Lexer *x, Token *t)
{
    const char *p = x->at + 1;
    for (; p < x->end && *p != *x->at; p++) {
        if (*p == '\\' && p + 1 < x->end)
            p++;
        else if (*p == '\n')
            break;
        x->line += *p == '\n';
    }
    if (p < x->end && *p == *x->at)
        return p + 1;
    t->kind = TOKEN_OPEN;
    return p < x->end ? p : x->end;
}

static const char *skip_op(const Lexer *x)
{
    for (size_t i = 0; i < sizeof long_ops / sizeof *long_ops; i++) {
        size_t n = strlen(long_ops[i]);
        if ((size_t)(x->end - x->at) >= n && memcmp(x->at, long_ops[i], n) == 0)
            return x->at + n;
    }
    const char *p = x->at + 1;
    while (p < x->end && ((unsigned char)*p & 0xc0) == 0x80) /* one character, however many bytes */
        p++;
    return p;
}

static const char *skip_number(const Lexer *x)
{
    const char *p = x->at;
    for (; p < x->end && (in_name(*p) || *p == '.'); p++)
        if ((*p == 'e' || *p == 'E' || *p == 'p' || *p == 'P') && p + 1 < x->end &&
            (p[1] == '+' || p[1] == '-'))
            p++;
    return p;
}

static void count_depth(Lexer *x, const Token *t)
{
    static const char *const openers[] = {"function", "if", "do", "repeat"};
    if (t->kind == TOKEN_OP && t->len == 1) {
        x->brackets += strchr("([{", *t->at) != NULL;
        x->brackets -= strchr(")]}", *t->at) != NULL;
    }
    if (t->kind != TOKEN_KEYWORD)
        return;
    for (size_t i = 0; i < sizeof openers / sizeof *openers; i++)
        x->blocks += token_is(t, openers[i]);
    x->blocks -= token_is(t, "end") || token_is(t, "until");
}

Token lex_next(Lexer *x)
{
    skip_blank(x);
    Token t = {.kind = TOKEN_END, .at = x->at, .line = x->line};
    if (x->at >= x->end)
        return t;
    char c = *x->at;
    const char *p;
    int level;
    if (isdigit((unsigned char)c) ||
        (c == '.' && x->at + 1 < x->end && isdigit((unsigned char)x->at[1]))) {
        t.kind = TOKEN_NUMBER;
        p = skip_number(x);
    } else if (in_name(c)) {
        for (p = x->at; p < x->end && in_name(*p); p++) {
        }
        t.kind = TOKEN_NAME;
    } else if (c == '"' || c == '\'') {
        t.kind = TOKEN_STRING;
        p = skip_quoted(x, &t);
    } else if (c == '[' && (level = long_bracket(x, x->at)) >= 0) {
        p = skip_long(x, x->at, level);
        t.kind = p ? TOKEN_STRING : TOKEN_OPEN;
        p = p ? p : x->end;
    } else {
        t.kind = TOKEN_OP;
        p = skip_op(x);
    }
    t.len = (size_t)(p - x->at);
    if (t.kind == TOKEN_NAME && is_lua_word(t.at, t.len))
        t.kind = TOKEN_KEYWORD;
    x->at = p;
    count_depth(x, &t);
    return t;
}
