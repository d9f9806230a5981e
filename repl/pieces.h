/* pieces.h -- a text of several lines as the inputs that typing its lines would have made.
**
**      A = tvm.random { 4 }
**      A                           three inputs, and three answers
**      A:sum()
*/
#ifndef REPL_PIECES_H
#define REPL_PIECES_H

#include <stdbool.h>

#include <lua.h>

#include "core/base/arena.h"
#include "core/base/vec.h"

typedef struct Piece {
    const char *text; /* behind an empty line for each line above it: errors count these */
    const char *code; /* without those */
    int line, last;   /* where it begins and ends, from 1 */
} Piece;

typedef VEC(Piece) Pieces;

/* What to run for the text.  A piece ends with the line at which the text so far is complete, if
** each is an input of its own.  Otherwise the whole is one input, as where a line begins with the
** colon of a call; but if that is none either, the one piece shows best where it is wrong. */
Pieces pieces_of(lua_State *L, Arena *A, const char *text);

/* Does the text want further lines: is its last piece the beginning of something, and no more?
** Two empty lines at its end say that it does not. */
bool pieces_go_on(lua_State *L, const char *text);

#endif
