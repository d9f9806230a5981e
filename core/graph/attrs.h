/* attrs.h -- attributes of a node under construction: what was given, checked against the
** operator's row, and the row's defaults for the rest.
*/
#ifndef CORE_GRAPH_ATTRS_H
#define CORE_GRAPH_ATTRS_H

#include "core/graph/graph.h"

/* Sets n->attr from what the spec gives, checked against the operator's row and completed by its
** defaults. */
bool graph_fill_attrs(Arena *A, GNode *n, const GNodeSpec *spec, Err *err);

/* Lists that say of each axis what the row says of all become absent, so that nodes that mean the
** same are the same.  For a node that inference has accepted, which looks at how many entries they
** have. */
void graph_drop_idle_attrs(Arena *A, GNode *n);

#endif
