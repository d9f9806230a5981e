/* nest_dot.h -- loop nests as pictures, laid out by Graphviz.
**
** Each loop is a box around what it runs.  Its kind is told by the box's colour, by its border, by
** a mark and by a word.  Allocations and blocks lie inside, with the line that computes; the
** buffers stand beside the nest, and arrows say who reads and who writes.
*/
#ifndef VIZ_NEST_DOT_H
#define VIZ_NEST_DOT_H

#include "viz/draw.h"
#include "viz/nest.h"

/* Larger programs are drawn as far as this many rows, and the picture says what is left out. */
enum { NEST_MAX_ROWS = 240 };

/* Code is broken into lines of so many columns; a loop's extent that is longer stands on lines of
** its own. */
enum { NEST_CODE_COLS = 64, NEST_NOTE_COLS = 44, NEST_EXTENT_COLS = 24 };

Picture nest_picture(Arena *A, const Node *func);

#endif
