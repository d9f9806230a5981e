/* accesses.h -- the accesses of a program, numbered in the order of its text.
**
** Checked code reports a bad index by the number of the access.  Who printed the program and who
** parsed it count alike, so the number finds the access again, and with it the loops around it.
*/
#ifndef PASSES_LOOP_ACCESSES_H
#define PASSES_LOOP_ACCESSES_H

#include "core/ir/ir.h"

/* Every Load, Store and Update below n, as they stand in the text: an element that is written
** comes before its indices, and these before the value. */
const Node *const *loop_accesses(Arena *A, const Node *n, size_t *count);

#endif
