/* rewrite.c -- what is typed at a prompt, as a chunk that Lua compiles. */
#include "repl/rewrite.h"

#include <string.h>

#include "core/base/buf.h"
#include "repl/lexer.h"

/* ---- local ---- */

static void blank(char *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (from[i] != '\n')
            from[i] = ' ';
}

/* Reads "a <const>, b" after `local`, and blanks the attributes in the copy.  Returns the end of
** the last name, or NULL if these names may not become global; *t is the token behind them.  The
** names go to *made, also those before a NULL. */
static const char *read_names(Arena *A, Lexer *x, Token *t, char *copy, const char *text,
                              LocalNames *made)
{
    struct {
        size_t at, len;
    } attribs[16];
    size_t n = 0;
    const char *last = NULL;
    for (;;) {
        *t = lex_next(x);
        if (t->kind != TOKEN_NAME)
            return NULL;
        last = t->at + t->len;
        vec_push(A, made, arena_strndup(A, t->at, t->len));
        *t = lex_next(x);
        if (token_is(t, "<")) {
            const char *from = t->at;
            Token name = lex_next(x), close = lex_next(x);
            if (token_is(&name, "close") || !token_is(&close, ">") ||
                n == sizeof attribs / sizeof *attribs)
                return NULL;
            attribs[n].at = (size_t)(from - text);
            attribs[n++].len = (size_t)(close.at + 1 - from);
            *t = lex_next(x);
        }
        if (!token_is(t, ","))
            break;
    }
    for (size_t i = 0; i < n; i++)
        blank(copy + attribs[i].at, attribs[i].len);
    return last;
}

char *rewrite_locals(Arena *A, const char *text, LocalNames *made)
{
    size_t len = strlen(text), done = 0;
    LocalNames unasked = {0};
    made = made ? made : &unasked;
    char *copy = arena_strndup(A, text, len);
    Buf b = buf_new(A);
    Lexer x = lexer(text, len);
    for (Token t = lex_next(&x); t.kind != TOKEN_END;) {
        if (x.blocks || x.brackets || !token_is(&t, "local") || t.kind != TOKEN_KEYWORD) {
            t = lex_next(&x);
            continue;
        }
        char *word = copy + (t.at - text);
        Lexer before = x;
        Token next = lex_next(&x);
        if (token_is(&next, "function")) {
            blank(word, strlen("local"));
            t = lex_next(&x);
            if (t.kind == TOKEN_NAME)
                vec_push(A, made, arena_strndup(A, t.at, t.len));
            continue;
        }
        x = before;
        size_t known = made->n;
        const char *last = read_names(A, &x, &t, copy, text, made);
        if (!last) {
            made->n = known;
            continue;
        }
        blank(word, strlen("local"));
        if (!token_is(&t, "=")) {
            size_t upto = (size_t)(last - text);
            buf_add(&b, copy + done, upto - done);
            buf_puts(&b, "=nil");
            done = upto;
        }
    }
    buf_add(&b, copy + done, len - done);
    return arena_strdup(A, buf_str(&b));
}

/* ---- the last expression ---- */

/* A line that begins so goes on with the statement above it. */
static bool continues(const Token *t)
{
    if (t->kind == TOKEN_STRING || t->kind == TOKEN_OPEN)
        return true;
    if (t->kind == TOKEN_KEYWORD)
        return !token_is(t, "function") && !token_is(t, "not") && !token_is(t, "nil") &&
               !token_is(t, "true") && !token_is(t, "false");
    return t->kind == TOKEN_OP && !token_is(t, "#") && !token_is(t, "...");
}

/* May a value end here?  Then a name behind it begins the next statement. */
static bool ends_value(const Token *t)
{
    return t->kind == TOKEN_NAME || t->kind == TOKEN_NUMBER || t->kind == TOKEN_STRING ||
           (t->kind == TOKEN_KEYWORD && (token_is(t, "end") || token_is(t, "nil") ||
                                         token_is(t, "true") || token_is(t, "false"))) ||
           (t->kind == TOKEN_OP && t->len == 1 && strchr(")]}", *t->at));
}

long rewrite_last_start(const char *text, int n)
{
    enum { MOST = 64 };
    long places[MOST];
    int count = 0, line = 0;
    Lexer x = lexer(text, strlen(text));
    bool after_semicolon = false, after_value = false;
    for (;;) {
        bool outside = x.blocks == 0 && x.brackets == 0;
        Token t = lex_next(&x);
        if (t.kind == TOKEN_END)
            break;
        if (outside && (after_semicolon || (after_value && t.kind == TOKEN_NAME) ||
                        (t.line > line && !continues(&t))))
            places[count++ % MOST] = (long)(t.at - text);
        after_semicolon = t.kind == TOKEN_OP && token_is(&t, ";");
        after_value = ends_value(&t);
        line = x.line;
    }
    return n < count && n < MOST ? places[(count - 1 - n) % MOST] : -1;
}

size_t rewrite_trim(const char *text, bool *silent)
{
    Lexer x = lexer(text, strlen(text));
    size_t end = 0;
    *silent = false;
    for (Token t = lex_next(&x); t.kind != TOKEN_END; t = lex_next(&x)) {
        *silent = t.kind == TOKEN_OP && token_is(&t, ";");
        if (!*silent)
            end = (size_t)(t.at + t.len - text);
    }
    return end;
}
