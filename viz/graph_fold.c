/* graph_fold.c -- folding, by ever coarser units until the cards are few enough. */
#include "viz/graph_fold.h"

#include <string.h>

/* What is drawn: every node, or those that depend on an input. */
typedef struct Places {
    const Graph *g;
    uint32_t *node, n;
} Places;

static Places places_of(Arena *A, const Graph *g, bool all)
{
    Places p = {g, ARENA_ARRAY(A, uint32_t, g->nnodes + 1), 0};
    bool *live = ARENA_ARRAY(A, bool, g->nnodes + 1);
    for (uint32_t i = 0; i < g->nnodes; i++) {
        const GNode *n = g->node[i];
        for (uint32_t k = 0; k < n->nin; k++) {
            ValueId v = n->in[k];
            if (v != VALUE_NONE && !graph_is_const(g, v))
                live[i] |= g->producer[v] < 0 || live[g->producer[v]];
        }
        if (all || live[i])
            p.node[p.n++] = i;
    }
    return p;
}

static Fold one_each(Arena *A, const Places *p)
{
    Fold f = {.card = ARENA_ARRAY(A, Card, p->n + 1), .n = p->n, .said = ""};
    for (uint32_t i = 0; i < p->n; i++)
        f.card[i] = (Card){i, 1, 1};
    return f;
}

/* Groups are ranges of nodes in order, so the places of a group are neighbours. */
static Fold by_groups(Arena *A, const Places *p)
{
    const Graph *g = p->g;
    Fold f = {.card = ARENA_ARRAY(A, Card, p->n + 1)};
    for (uint32_t i = 0, k = 0; i < p->n;) {
        while (k < g->ngroups && g->group[k].first + g->group[k].n <= p->node[i])
            k++;
        uint32_t end = k < g->ngroups && g->group[k].first <= p->node[i]
                           ? g->group[k].first + g->group[k].n
                           : p->node[i] + 1;
        Card c = {i, 0, 1};
        while (i < p->n && p->node[i] < end) {
            i++;
            c.n++;
        }
        f.card[f.n++] = c;
    }
    f.said = arena_printf(A, "%u nodes, a card for each of %u fused groups", g->nnodes, f.n);
    return f;
}

/* For each place the number of values of drawn nodes that cross the line below it. */
static uint32_t *live_below(Arena *A, const Places *p)
{
    const Graph *g = p->g;
    uint32_t *place = ARENA_ARRAY(A, uint32_t, g->nnodes + 1);
    memset(place, 0xff, g->nnodes * sizeof *place);
    for (uint32_t i = 0; i < p->n; i++)
        place[p->node[i]] = i;
    int64_t *change = ARENA_ARRAY(A, int64_t, p->n + 2);
    GUses uses = graph_uses(g, A);
    for (uint32_t v = 0; v < g->nvalues; v++) {
        if (!g->value[v] || g->producer[v] < 0 || place[g->producer[v]] == CARD_NONE)
            continue;
        uint32_t from = place[g->producer[v]], last = from;
        for (uint32_t u = uses.start[v]; u < uses.start[v + 1]; u++) {
            uint32_t at = place[uses.at[u]];
            last = at != CARD_NONE && at > last ? at : last;
        }
        change[from] += last > from;
        change[last] -= last > from;
    }
    uint32_t *live = ARENA_ARRAY(A, uint32_t, p->n + 1);
    int64_t now = 0;
    for (uint32_t i = 0; i < p->n; i++)
        live[i] = (uint32_t)(now += change[i]);
    return live;
}

/* A stretch ends where one value is live, so stretches form a chain. */
static Fold by_stretches(Arena *A, const Places *p)
{
    Fold f = {.card = ARENA_ARRAY(A, Card, p->n + 1)};
    uint32_t *live = live_below(A, p);
    for (uint32_t i = 0, first = 0; i < p->n; i++) {
        if (live[i] > 1 && i + 1 < p->n)
            continue;
        f.card[f.n++] = (Card){first, i + 1 - first, 1};
        first = i + 1;
    }
    return f;
}

static bool same_ops(const Places *p, uint32_t a, uint32_t b, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (p->g->node[p->node[a + i]]->op != p->g->node[p->node[b + i]]->op)
            return false;
    return true;
}

/* Places from card i on, over `period` cards. */
static uint32_t span(const Fold *f, uint32_t i, uint32_t period)
{
    return f->card[i + period - 1].first + f->card[i + period - 1].n - f->card[i].first;
}

/* Joins equal runs of cards: the shortest period that repeats wins, as in (conv relu) x 3. */
static Fold join_repeats(Arena *A, const Places *p, const Fold *f)
{
    enum { LONGEST = 12 };
    Fold out = {.card = ARENA_ARRAY(A, Card, f->n + 1)};
    for (uint32_t i = 0; i < f->n;) {
        uint32_t period = 1, times = 1;
        for (uint32_t k = 1; k <= LONGEST && i + 2 * k <= f->n && times == 1; k++) {
            uint32_t n = span(f, i, k), t = 1;
            while (i + (t + 1) * k <= f->n && span(f, i + t * k, k) == n &&
                   same_ops(p, f->card[i].first, f->card[i + t * k].first, n))
                t++;
            if (t > 1) {
                period = k;
                times = t;
            }
        }
        out.card[out.n++] = (Card){f->card[i].first, span(f, i, period * times), times};
        i += period * times;
    }
    return out;
}

/* The last resort: stretches of equal length. */
static Fold by_length(Arena *A, const Places *p, uint32_t max_cards)
{
    uint32_t each = (p->n + max_cards - 1) / max_cards;
    Fold f = {.card = ARENA_ARRAY(A, Card, max_cards + 1)};
    for (uint32_t i = 0; i < p->n; i += each)
        f.card[f.n++] = (Card){i, p->n - i < each ? p->n - i : each, 1};
    f.said = arena_printf(A, "%u nodes, %u to a card", p->g->nnodes, each);
    return f;
}

/* A folded picture is for a first look: groups, unless there are too many to take in and stretches
** tell more than a handful of cards. */
static Fold choose(Arena *A, const Places *p, uint32_t max_cards)
{
    enum { OVERVIEW = 100, FEWEST = 8 };
    const Graph *g = p->g;
    Fold f = one_each(A, p);
    if (p->n < g->nnodes)
        f.said =
            arena_printf(A, "%u nodes, of which %u that depend on constants alone are not drawn",
                         g->nnodes, g->nnodes - p->n);
    if (f.n <= max_cards)
        return f;
    Fold groups = {0}, stretches = by_stretches(A, p);
    if (g->ngroups)
        groups = by_groups(A, p);
    if (g->ngroups && groups.n <= max_cards && groups.n <= OVERVIEW)
        return groups;
    f = join_repeats(A, p, &stretches);
    f.said = arena_printf(A,
                          "%u nodes in %u cards: each is a stretch that hands on one value; "
                          "repeated stretches are drawn once",
                          g->nnodes, f.n);
    if (f.n <= max_cards && f.n >= FEWEST)
        return f;
    if (g->ngroups && groups.n <= max_cards)
        return groups;
    return f.n <= max_cards ? f : by_length(A, p, max_cards);
}

Fold graph_fold(Arena *A, const Graph *g, uint32_t max_cards)
{
    max_cards = max_cards ? max_cards : 1;
    Places p = places_of(A, g, g->nnodes <= max_cards);
    Fold f = choose(A, &p, max_cards);
    f.node = p.node;
    f.nnodes = p.n;
    f.card_of = ARENA_ARRAY(A, uint32_t, g->nnodes + 1);
    for (uint32_t i = 0; i < g->nnodes; i++)
        f.card_of[i] = CARD_NONE;
    for (uint32_t c = 0; c < f.n; c++)
        for (uint32_t i = 0; i < f.card[c].n; i++)
            f.card_of[p.node[f.card[c].first + i]] = c;
    return f;
}
