/* pair_svg.h -- two versions of a program side by side, row by row.
**
** What is in both stands at the same height, so a gap on one side is what the other has more. Loops
** are boxes around what they run; only what changed has a colour, with its sign and a note, and
** links lead from a row to where it went and from a loop that is gone to the loops it became.
*/
#ifndef VIZ_SVG_PAIR_SVG_H
#define VIZ_SVG_PAIR_SVG_H

#include "viz/draw.h"
#include "viz/nest.h"

/* The titles stand above the columns ("step 3  split y").  As DOT it is nest_pair_dot's text. */
Picture pair_picture(Arena *A, const Node *before, const Node *after, const char *title_before,
                     const char *title_after);

#endif
