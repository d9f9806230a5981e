/* graph_columns.c -- where a chain of cards may be cut, and where it is. */
#include "viz/graph_columns.h"

#include <math.h>
#include <string.h>

enum {
    CARD_WIDTH = 230,
    PAGE = 640, /* a column as low as a page is not cut */
    END = 58,   /* the height of an input or a result with its arrow */
};

/* What is live below each card: how many values, and their sum, which is the value where it is
** one. */
typedef struct Live {
    uint32_t *count;
    uint64_t *sum;
} Live;

static void add_range(Live l, uint32_t from, uint32_t to, ValueId v)
{
    for (uint32_t c = from; c < to; c++) {
        l.count[c]++;
        l.sum[c] += v;
    }
}

/* Where each card counts as standing: what depends on constants alone stands with its first
** reader. */
static uint32_t *places_of(Arena *A, const Graph *g, const Fold *f, const bool *joined)
{
    uint32_t *place = ARENA_ARRAY(A, uint32_t, f->n + 1);
    bool *fed = ARENA_ARRAY(A, bool, f->n + 1);
    GUses uses = graph_uses(g, A);
    for (uint32_t c = 0; c < f->n; c++) {
        place[c] = c;
        fed[c] = joined[c] || (c > 0 && joined[c - 1]);
        for (uint32_t i = 0; i < f->card[c].n; i++) {
            const GNode *n = g->node[f->node[f->card[c].first + i]];
            for (uint32_t k = 0; k < n->nin; k++) {
                if (n->in[k] == VALUE_NONE || graph_is_const(g, n->in[k]))
                    continue;
                int32_t p = g->producer[n->in[k]];
                fed[c] |= p < 0 ||
                          (f->card_of[p] != CARD_NONE && f->card_of[p] != c && fed[f->card_of[p]]);
            }
        }
    }
    for (uint32_t c = f->n; c-- > 0;) {
        uint32_t first = CARD_NONE;
        for (uint32_t i = 0; i < f->card[c].n && !fed[c]; i++) {
            const GNode *n = g->node[f->node[f->card[c].first + i]];
            for (uint32_t k = 0; k < n->nout; k++)
                for (uint32_t u = uses.start[n->out[k]];
                     n->out[k] != VALUE_NONE && u < uses.start[n->out[k] + 1]; u++) {
                    uint32_t reader = f->card_of[uses.at[u]];
                    if (reader != CARD_NONE && reader != c && place[reader] < first)
                        first = place[reader];
                }
        }
        place[c] = first != CARD_NONE ? first : c;
    }
    return place;
}

static Live live_values(Arena *A, const Graph *g, const Fold *f, const uint32_t *place)
{
    Live l = {ARENA_ARRAY(A, uint32_t, f->n + 1), ARENA_ARRAY(A, uint64_t, f->n + 1)};
    GUses uses = graph_uses(g, A);
    for (uint32_t v = 0; v < g->nvalues; v++) {
        int32_t p = g->producer[v];
        if (!g->value[v] || graph_is_const(g, v) || (p >= 0 && f->card_of[p] == CARD_NONE))
            continue;
        uint32_t first = p >= 0 ? place[f->card_of[p]] : CARD_NONE, last = p >= 0 ? first : 0;
        for (uint32_t u = uses.start[v]; u < uses.start[v + 1]; u++) {
            uint32_t c = f->card_of[uses.at[u]];
            if (c == CARD_NONE)
                continue;
            first = first == CARD_NONE || place[c] < first ? place[c] : first;
            last = place[c] > last ? place[c] : last;
        }
        if (first != CARD_NONE)
            add_range(l, first, last, v);
    }
    return l;
}

/* How far down the longest path of arrows has come when each card is drawn, for layout puts cards
** side by side that do not wait for each other; the results stand below the last. */
static double *reach_of(Arena *A, const Graph *g, const Fold *f, const double *height)
{
    double *bottom = ARENA_ARRAY(A, double, f->n + 1), *reach = ARENA_ARRAY(A, double, f->n + 1),
           most = 0;
    for (uint32_t c = 0; c < f->n; c++) {
        double top = 0;
        for (uint32_t i = 0; i < f->card[c].n; i++) {
            const GNode *n = g->node[f->node[f->card[c].first + i]];
            for (uint32_t k = 0; k < n->nin; k++) {
                if (n->in[k] == VALUE_NONE || graph_is_const(g, n->in[k]))
                    continue;
                int32_t p = g->producer[n->in[k]];
                uint32_t from = p < 0 ? CARD_NONE : f->card_of[p];
                top = fmax(top, p < 0 ? END : from < c ? bottom[from] : 0);
            }
        }
        bottom[c] = top + height[c];
        reach[c] = most = fmax(most, bottom[c]);
    }
    reach[f->n - 1] += END;
    return reach;
}

static uint32_t how_many(const Fold *f, const double *height, double total)
{
    double sum = 0;
    for (uint32_t c = 0; c < f->n; c++)
        sum += height[c];
    double width = CARD_WIDTH * fmax(1, sum / total);
    uint32_t n = 1;
    while (total / n > fmax(PAGE, n * width))
        n++;
    return n;
}

/* How many nodes read what a column that ends below card c would hand on: one is drawn best. */
static uint32_t readers(const GUses *uses, const Live *live, uint32_t c)
{
    uint64_t v = live->sum[c];
    return live->count[c] == 1 ? uses->start[v + 1] - uses->start[v] : 0;
}

Columns graph_columns(Arena *A, const Graph *g, const Fold *f, const double *height,
                      const bool *joined)
{
    Columns cols = {1, ARENA_ARRAY(A, uint32_t, f->n + 1), NULL};
    if (f->n < 2)
        return cols;
    double *reach = reach_of(A, g, f, height), total = reach[f->n - 1];
    uint32_t want = how_many(f, height, total), from = 0;
    uint32_t *place = places_of(A, g, f, joined), *column = ARENA_ARRAY(A, uint32_t, f->n + 1);
    Live live = live_values(A, g, f, place);
    GUses uses = graph_uses(g, A);
    cols.handed = ARENA_ARRAY(A, ValueId, want + 1);
    for (uint32_t k = 1; k < want; k++) {
        uint32_t best = CARD_NONE;
        double above = from > 0 ? reach[from - 1] : 0, share = (total - above) / (want - k + 1);
        double goal = above + share, off = share / 2;
        for (uint32_t c = from; c + 1 < f->n; c++) {
            double far = fabs(reach[c] - goal) + (readers(&uses, &live, c) > 1 ? share / 20 : 0);
            if (joined[c] || live.count[c] > 1 || far > off)
                continue;
            best = c;
            off = far;
        }
        if (best == CARD_NONE)
            continue;
        cols.handed[cols.n - 1] = live.count[best] ? (ValueId)live.sum[best] : VALUE_NONE;
        for (uint32_t c = best + 1; c < f->n; c++)
            column[c] = cols.n;
        cols.n++;
        from = best + 1;
    }
    for (uint32_t c = 0; c < f->n; c++)
        cols.of[c] = column[place[c]];
    return cols;
}
