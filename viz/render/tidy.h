/* tidy.h -- the last touches to arrows that Graphviz has laid out. */
#ifndef VIZ_RENDER_TIDY_H
#define VIZ_RENDER_TIDY_H

#include <gvc.h>

/* In a picture of which arrows bear labels: takes the loops out of arrows, and moves labels that an
** arrow crosses to free places beside their own.  What would take longer than the layout itself is
** left as it is. */
void tidy_arrows(Agraph_t *g);

#endif
