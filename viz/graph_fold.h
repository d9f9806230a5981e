/* graph_fold.h -- a graph as few cards: stretches of nodes that are drawn as one. */
#ifndef VIZ_GRAPH_FOLD_H
#define VIZ_GRAPH_FOLD_H

#include "core/graph/graph.h"

/* Places [first, first + n) of Fold.node; `repeat` stretches of the same operators in a row. */
typedef struct Card {
    uint32_t first, n, repeat;
} Card;

typedef struct Fold {
    Card *card;
    uint32_t n;
    /* What is drawn, in the graph's order: a folded graph leaves out nodes that */
    uint32_t *node;
    uint32_t nnodes;   /* depend on constants alone, which count as parameters of their readers */
    uint32_t *card_of; /* by node; CARD_NONE where it is left out */
    const char *said;  /* how it was folded; "" if it was not */
} Fold;

#define CARD_NONE UINT32_MAX

Fold graph_fold(Arena *A, const Graph *g, uint32_t max_cards);

#endif
