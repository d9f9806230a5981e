/* graph_dot.h -- a model as a picture, laid out by Graphviz.
**
** Operators are cards with what they take as parameters; arrows bear the shapes that flow along
** them; what is computed together after fusion shares a frame.  A graph of many nodes is folded:
** fused groups become one card each, then stretches between points where a single value is live,
** equal neighbours once with a count; the picture says so.
*/
#ifndef VIZ_GRAPH_DOT_H
#define VIZ_GRAPH_DOT_H

#include "core/graph/graph.h"
#include "viz/draw.h"

enum { GRAPH_MAX_CARDS = 300 };

typedef struct GraphView {
    uint32_t max_cards; /* fold above this many; 0: GRAPH_MAX_CARDS */
    const char *around; /* draw only this node and its surroundings; NULL: everything */
    int hops;           /* how far from it */
} GraphView;

/* Errors: graph_unknown_value. */
bool graph_picture(Arena *A, const Graph *g, GraphView view, Picture *out, Err *err);

/* "float32[1, 8, 32, 32]"; dimensions that are not known print their symbol or "?". */
const char *graph_type_text(Arena *A, const Graph *g, GType t);

#endif
