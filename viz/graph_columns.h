/* graph_columns.h -- a long model in columns, so that its picture fits a page.
**
** A column ends where at most one value is live: that value is handed to the next column, and no
** other arrow crosses.
*/
#ifndef VIZ_GRAPH_COLUMNS_H
#define VIZ_GRAPH_COLUMNS_H

#include "viz/graph_fold.h"

typedef struct Columns {
    uint32_t n;
    uint32_t *of;    /* by card */
    ValueId *handed; /* from column i to column i + 1, or VALUE_NONE */
} Columns;

/* `height` is that of each card with the arrow into it.  Where `joined[c]`, no column ends below
** card c.  Columns are as many as make the picture about as wide as high, and one where it is low
** anyway. */
Columns graph_columns(Arena *A, const Graph *g, const Fold *f, const double *height,
                      const bool *joined);

#endif
