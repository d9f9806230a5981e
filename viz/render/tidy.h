/* tidy.h -- the last touches to arrows that Graphviz has laid out. */
#ifndef VIZ_RENDER_TIDY_H
#define VIZ_RENDER_TIDY_H

#include <gvc.h>

/* Takes the loops out of arrows, and moves labels that an arrow crosses to free places beside their
** own arrow. */
void tidy_arrows(Agraph_t *g);

#endif
