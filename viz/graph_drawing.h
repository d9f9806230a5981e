/* graph_drawing.h -- what the cards of a model and the arrows between them are drawn with. */
#ifndef VIZ_GRAPH_DRAWING_H
#define VIZ_GRAPH_DRAWING_H

#include "core/base/buf.h"
#include "core/graph/ops.h"
#include "viz/dot.h"
#include "viz/graph_columns.h"

/* Which things hang together: a forest, each pointing to another of its component or to itself. */
typedef struct Joint {
    uint32_t *up;
} Joint;

typedef struct Level {
    uint32_t depth;   /* arrows on the longest path to a card */
    uint32_t in, out; /* arrows from the depth above, to the depth below */
} Level;

typedef struct GraphDrawing {
    Arena *A;
    Buf *out;
    const Graph *g;
    Fold fold;
    bool *shown;     /* by card */
    Columns columns; /* one, where not everything is shown */
    uint32_t *home;  /* by value that is an input: the column that reads it first, or CARD_NONE */
    Level *level;    /* by card */
    Joint joint;     /* of cards, values and the circles at which columns begin */
} GraphDrawing;

/* Classes of operators differ by border, too. */
extern const DotLook graph_looks[FUSE_OPAQUE + 1];

/* Node i of a card. */
const GNode *card_node(const GraphDrawing *d, Card c, uint32_t i);
/* Cards bear the name of their node in the DOT text, too; what else is there has a word in
** front. */
const char *card_id(const GraphDrawing *d, uint32_t c);
/* The card of an operator, or of several that were folded. */
void card_put(GraphDrawing *d, uint32_t c);

/* Opens a node; attributes and "]" follow. */
void card_put_node(GraphDrawing *d, const char *id, const char *tooltip);

/* Is this a constant, or computed from constants alone and not drawn? */
bool is_parameter(const GraphDrawing *d, ValueId v);

/* "1×8×32×32": short, for arrows; the element type is named where it is not float32. */
const char *flow_text(Arena *A, const Graph *g, GType t);
/* "relu1: float32[1, 16, 32, 32], 64 KiB". */
const char *value_text(const GraphDrawing *d, ValueId v);

#endif
