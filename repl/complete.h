/* complete.h -- what may come next: for the prompt's Tab, and for whoever asks the same later. */
#ifndef REPL_COMPLETE_H
#define REPL_COMPLETE_H

#include <stddef.h>

#include <lua.h>

typedef enum CompleteKind {
    COMPLETE_WORDS, /* the list holds what is known */
    COMPLETE_FILES, /* the word is in a string that names nothing known: a path */
} CompleteKind;

/* Pushes a sorted list of the words that may stand in `text` (which ends at the cursor) from *start
** on.  Runs nothing that could have an effect. */
CompleteKind complete_push(lua_State *L, const char *text, size_t *start);

/* Pushes the signature of the function whose argument list the cursor is in, or nil. */
void complete_push_signature(lua_State *L, const char *text);

#endif
