/* order_text.h -- the order of a block's points as a grid of numbers on the terminal. */
#ifndef VIZ_TEXT_ORDER_TEXT_H
#define VIZ_TEXT_ORDER_TEXT_H

#include "viz/order.h"
#include "viz/text/style.h"

/* Brackets join the lanes of a vector step, lines part what runs in any order, a star marks points
** that are computed again, a dot those that are not computed.  The notes stand below.  Columns that
** do not fit into style.width are left out or, where the grid is to be `whole`, stand in grids
** below. */
const char *order_text(Arena *A, const Order *o, TextStyle style, bool whole);

/* "yo(4) xo(4) yi(2) ⇉xi(2)": the loops around the block, in one line. */
const char *order_loops_text(Arena *A, const Order *o, bool utf8);

#endif
