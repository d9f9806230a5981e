/* tidy.h -- the last touches to arrows that Graphviz has laid out. */
#ifndef VIZ_RENDER_TIDY_H
#define VIZ_RENDER_TIDY_H

#include <gvc.h>

/* In a picture whose arrows bear labels: takes the loops out of arrows, and moves labels that an
** arrow crosses to free places beside their own.  Where that would take long, some stay. */
void tidy_arrows(Agraph_t *g);

#endif
