/* rewrite.h -- what is typed at a prompt, as a chunk that Lua compiles. */
#ifndef REPL_REWRITE_H
#define REPL_REWRITE_H

#include "core/base/arena.h"
#include "core/base/vec.h"

/* A copy of `text` in which `local` outside every block makes globals, so that the next input
** still sees them.  Lines stay where they are, and so do columns, but behind a `local a, b` without
** values.  Variables that are to be closed stay local.  The names that became global go to *made,
** unless that is NULL. */
typedef VEC(const char *) LocalNames;
char *rewrite_locals(Arena *A, const char *text, LocalNames *made);

/* Where the last statement may begin: the n-th place from the end (from 0) outside every
** block and bracket where an expression can begin, and the statement before it has ended; -1 if
** there are no more. */
long rewrite_last_start(const char *text, int n);

/* The length of `text` without trailing blanks, comments and semicolons; *silent says whether
** there was a semicolon. */
size_t rewrite_trim(const char *text, bool *silent);

#endif
