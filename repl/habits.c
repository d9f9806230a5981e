/* habits.c -- what people bring along from other languages: the rows of habits.def. */
#include "repl/habits.h"

#include <string.h>

#include <lauxlib.h>

#include "core/base/nearest.h"
#include "repl/lexer.h"

/* Is it a text in [[ ]] in which a bracket is open: was it the ]] of A[I[i]] that ended it? */
static bool is_cut(const Token *t)
{
    int open = 0;
    for (size_t i = 0; i < t->len; i++)
        open += t->at[i] == '[' ? 1 : t->at[i] == ']' ? -1 : 0;
    return t->kind == TOKEN_STRING && t->at[0] == '[' && open > 0;
}

static int last_line(const Token *t)
{
    int line = t->line;
    for (size_t i = 0; t->kind == TOKEN_STRING && i < t->len; i++)
        line += t->at[i] == '\n';
    return line;
}

static bool fits(const Token *t, const char *word, size_t len)
{
    static const struct {
        const char *name;
        TokenKind kind;
    } kinds[] = {{"NAME", TOKEN_NAME}, {"NUM", TOKEN_NUMBER}, {"STR", TOKEN_STRING}};
    if (len == 3 && strncmp(word, "CUT", len) == 0)
        return is_cut(t);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strlen(kinds[i].name) == len && strncmp(kinds[i].name, word, len) == 0)
            return t->kind == kinds[i].kind;
    return t->kind != TOKEN_STRING && t->len == len && strncmp(t->at, word, len) == 0;
}

enum { MOST_WORDS = 8 };

/* Do the words of `pattern` stand from token x on?  With ^ at its beginning, in one line.  They
** come into `words`, from 1 on; ^ counts as one. */
static bool fits_here(Lexer x, const char *pattern, bool one_line, Token words[MOST_WORDS + 1])
{
    int first = 0;
    Token here[MOST_WORDS + 1] = {0};
    for (int n = one_line ? 2 : 1; *pattern; n++) {
        size_t len = strcspn(pattern, " ");
        Token t = lex_next(&x);
        first = first ? first : t.line;
        bool ended = t.kind == TOKEN_END || (one_line && t.line != first);
        bool end = len == 1 && *pattern == '$';
        if (end != ended || (!end && !fits(&t, pattern, len)))
            return false;
        if (n <= MOST_WORDS)
            here[n] = t;
        pattern += len + (pattern[len] == ' ');
    }
    memcpy(words, here, sizeof here);
    return true;
}

/* Does the pattern stand in a line of the text around `line`?  Its last place counts. */
static bool fits_line(const char *text, int line, const char *pattern, Token words[MOST_WORDS + 1])
{
    Lexer x = lexer(text, strlen(text));
    bool first = pattern[0] == '^', fitted = false;
    for (int last = 0;;) {
        Lexer here = x;
        Token t = lex_next(&x);
        if (t.kind == TOKEN_END || t.line > line)
            return fitted;
        if (last_line(&t) >= line - 1 && (!first || t.line != last))
            fitted |= fits_here(here, pattern + (first ? 2 : 0), first, words);
        last = t.line;
    }
}

/* Pushes a hint with the person's own words for $1 and so on. */
static void push_filled(lua_State *L, const char *hint, const Token words[MOST_WORDS + 1])
{
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    for (const char *p = hint; *p; p++)
        if (*p == '$' && p[1] >= '1' && p[1] <= '0' + MOST_WORDS) {
            const Token *word = &words[*++p - '0'];
            luaL_addlstring(&b, word->at, word->len);
        } else {
            luaL_addchar(&b, *p);
        }
    luaL_pushresult(&b);
}

typedef struct Habit {
    const char *message, *tokens, *hint;
} Habit;

/* Is `part` in the message, or at its end if it ends with $? */
static bool says(const char *message, const char *part)
{
    size_t n = strlen(part), all = strlen(message);
    if (!n || part[n - 1] != '$')
        return strstr(message, part) != NULL;
    return all >= n - 1 && strncmp(message + all - (n - 1), part, n - 1) == 0;
}

/* Pushes the hint of the first row that fits the message and the line; or returns false. */
static bool push_first(lua_State *L, const Habit *rows, size_t n, const char *message,
                       const char *text, int line)
{
    Token words[MOST_WORDS + 1] = {0};
    for (size_t i = 0; i < n; i++)
        if (says(message, rows[i].message) &&
            (!rows[i].tokens[0] || fits_line(text, line, rows[i].tokens, words))) {
            push_filled(L, rows[i].hint, words);
            return true;
        }
    return false;
}

bool habit_push_syntax(lua_State *L, const char *message, const char *text, int line)
{
    static const Habit rows[] = {
#define TOKENS(message, tokens, hint) {message, tokens, hint},
#include "repl/habits.def"
    };
    return push_first(L, rows, sizeof rows / sizeof *rows, message, text, line);
}

bool habit_push_raised(lua_State *L, const char *message, const char *text, int line)
{
    static const Habit rows[] = {
#define RAISED(message, tokens, hint) {message, tokens, hint},
#include "repl/habits.def"
    };
    return push_first(L, rows, sizeof rows / sizeof *rows, message, text, line);
}

typedef struct Name {
    const char *name, *hint;
} Name;

static const char *hint_of(const Name *rows, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].hint;
    return NULL;
}

static const Name globals[] = {
#define GLOBAL(name, hint) {name, hint},
#include "repl/habits.def"
};

const char *habit_global(const char *name)
{
    return hint_of(globals, sizeof globals / sizeof *globals, name);
}

const char *habit_nearest_global(const char *name, const char *known)
{
    Nearest n = nearest_to(name), of_known = n;
    for (size_t i = 0; i < sizeof globals / sizeof *globals; i++)
        nearest_try(&n, globals[i].name);
    if (known)
        nearest_try(&of_known, known);
    return n.distance < of_known.distance ? n.best : NULL;
}

const char *habit_method(const char *name)
{
    static const Name rows[] = {
#define METHOD(name, hint) {name, hint},
#include "repl/habits.def"
    };
    return hint_of(rows, sizeof rows / sizeof *rows, name);
}

bool habit_is_library(const char *name)
{
    static const Name rows[] = {
#define LIBRARY(name) {name, ""},
#include "repl/habits.def"
    };
    return hint_of(rows, sizeof rows / sizeof *rows, name);
}

/* Does the first line end behind a colon, or go on with a blank there, and lack then and do? */
static bool has_python_colon(const char *text)
{
    bool colon = false;
    Lexer x = lexer(text, strlen(text));
    for (Token t = lex_next(&x); t.kind != TOKEN_END && t.line == 1; t = lex_next(&x)) {
        if (token_is(&t, "then") || token_is(&t, "do"))
            return false;
        const char *end = t.at + t.len;
        colon = colon || (token_is(&t, ":") && (!*end || strchr(" \t\r\n", *end)));
    }
    return colon;
}

const char *habit_unfinished(const char *text)
{
    static const struct {
        const char *word, *hint;
    } rows[] = {
#define UNFINISHED(word, hint) {word, hint},
#include "repl/habits.def"
    };
    Lexer x = lexer(text, strlen(text));
    Token first = lex_next(&x);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (first.len == strlen(rows[i].word) && memcmp(first.at, rows[i].word, first.len) == 0)
            return has_python_colon(text) ? rows[i].hint : NULL;
    return NULL;
}
