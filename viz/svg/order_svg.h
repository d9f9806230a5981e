/* order_svg.h -- the order of a block's points as a picture. */
#ifndef VIZ_SVG_ORDER_SVG_H
#define VIZ_SVG_ORDER_SVG_H

#include "viz/draw.h"
#include "viz/order.h"

/* A grid with a number in each cell; a path leads through them, a deeper shade means later.  Grey
** lines part tiles, frames join vector lanes, hues and black lines part what runs in any order, a
** corner marks points computed again.  `animated`: in a browser the cells light up in their order,
** over `seconds`; the still picture is complete. */
Picture order_picture(Arena *A, const Order *o, bool animated, double seconds);

#endif
