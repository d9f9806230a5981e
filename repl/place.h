/* place.h -- Lua's own messages taken apart, and the place in the text that they speak of. */
#ifndef REPL_PLACE_H
#define REPL_PLACE_H

#include <stdbool.h>
#include <stddef.h>

#include <lauxlib.h>

#include "core/base/arena.h"

typedef struct Message {
    const char *words; /* without "name:line: " */
    /* The token that a syntax error stands at, in quotes; NULL if it names none */
    const char *near;
    int line;       /* in the input; 0 if the message is about another chunk */
    char chunk[80]; /* as Lua shows it */
} Message;

/* Takes "chunk:12: words" apart. */
Message message_of(const char *text);

/* Copies the part of `text` between `before` and the next quote; false if it is not there. */
bool quoted_behind(const char *text, const char *before, char *out, size_t size);

/* The line that a message names, and in it the token at which the syntax is wrong. */
typedef struct Place {
    const char *line, *token; /* NULL where there is none */
    size_t len, token_len;
} Place;

/* Where in the text, which may be a script, the message stands. */
Place place_of(lua_State *L, const char *text, bool script, const Message *m);

/* Adds the line with a mark under the token. */
void place_add(luaL_Buffer *b, const Place *place);

/* Lua's words with the letter that was typed in place of the number of its first byte. */
const char *place_words(Arena *A, const Message *m, const Place *place);

#endif
