/* nest_dot.h -- loop nests as pictures, laid out by Graphviz.
**
** Each loop is a box around what it runs.  Its kind is told by the box's colour, by its border, by a mark and by
** a word.  Allocations and blocks lie inside, with the line that computes; the buffers stand beside the nest,
** and arrows say who reads and who writes.
*/
#ifndef VIZ_NEST_DOT_H
#define VIZ_NEST_DOT_H

#include "viz/draw.h"
#include "viz/nest.h"

/* Larger programs are drawn as far as this many rows, and the picture says what is left out. */
enum { NEST_MAX_ROWS = 240 };

Picture nest_picture(Arena *A, const Node *func);

/* Two versions side by side: what is gone, new, moved or changed is marked, and links lead from
** each loop to what became of it.  The titles stand above ("step 3"). */
Picture nest_pair_picture(Arena *A, const Node *before, const Node *after, const char *title_before,
                          const char *title_after);

#endif
