/* lex.h -- the tokens of the text form, a line at a time.  For parse.c alone.
**
** Indentation says what belongs to what, so lines come first: each with its indentation and its
** text.  Their tokens are read one by one where they are wanted: "yo*8 :+ 8" is the name yo, the
** symbol *, the number 8, the symbol :+ and the number 8.
*/
#ifndef CORE_IR_LEX_H
#define CORE_IR_LEX_H

#include "core/base/arena.h"

typedef enum TokenKind {
    TOK_END,
    TOK_NAME,
    TOK_INT,
    TOK_FLOAT,
    TOK_STRING,
    TOK_SYMBOL,
    TOK_BAD
} TokenKind;

typedef struct Token {
    TokenKind kind;
    const char *at; /* in the line */
    size_t len;
} Token;

/* A line that holds something: its indentation, and its text without comment. */
typedef struct Line {
    int number; /* from 1 */
    int indent;
    const char *text;
    size_t len;
} Line;

/* The lines of a text that are not blank.  A parenthesis left open continues on the next line. */
const Line *lex_lines(Arena *A, const char *text, size_t *count);

/* The token at `at`, which ends at `end`. */
Token lex_token(const char *at, const char *end);

#endif
