/* pair_dot.h -- two versions of a program side by side, row by row, as a graph.
**
** What is in both stands at the same height, so a gap on one side is what the other has more. Loops
** are clusters around what they run; only what changed has a colour, with its sign and a note, and
** edges lead from a row to where it went and from a loop that is gone to the loops it became.
**
** No layout engine aligns the rows of two columns, so every node, cluster and edge has its place
** from here, and the graph asks for the engine that keeps them (layout=nop2).
*/
#ifndef VIZ_PAIR_DOT_H
#define VIZ_PAIR_DOT_H

#include "viz/draw.h"
#include "viz/nest.h"

/* The titles stand above the columns ("step 3  split y"). */
Picture pair_picture(Arena *A, const Node *before, const Node *after, const char *title_before,
                     const char *title_after);

#endif
