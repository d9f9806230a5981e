/* lexer.h -- Lua's tokens, read tolerantly: what a person is still typing, or got wrong, has tokens
** too.  Allocates nothing. */
#ifndef REPL_LEXER_H
#define REPL_LEXER_H

#include <stdbool.h>
#include <stddef.h>

typedef enum TokenKind {
    TOKEN_END,
    TOKEN_NAME,
    TOKEN_KEYWORD,
    TOKEN_NUMBER,
    TOKEN_STRING,
    TOKEN_OP,   /* Lua's operators, and every other character by itself */
    TOKEN_OPEN, /* a string that is not finished: the rest of the text, or of the line */
} TokenKind;

typedef struct Token {
    TokenKind kind;
    const char *at;
    size_t len;
    int line; /* from 1 */
} Token;

typedef struct Lexer {
    const char *at, *end;
    int line;
    int blocks;   /* of function, if, do, repeat that are open after the last token */
    int brackets; /* likewise ( [ { */
} Lexer;

Lexer lexer(const char *text, size_t len);

/* The next token, comments left out. */
Token lex_next(Lexer *x);

bool token_is(const Token *t, const char *text);

#endif
