/* dead_code.c -- leaving out nodes whose results nobody reads. */
#include "passes/graph/driver.h"

Graph *pass_dead_code(Graph *g, PassRun *run, Err *err)
{
    (void)run;
    Arena *A = arena_scratch(NULL);
    bool *live = ARENA_ARRAY(A, bool, g->nvalues + 1), *keep = ARENA_ARRAY(A, bool, g->nnodes + 1);
    uint32_t dead = 0;
    for (uint32_t i = 0; i < g->noutputs; i++)
        live[g->output[i].value] = true;
    for (uint32_t k = g->nnodes; k-- > 0;) {
        const GNode *n = g->node[k];
        for (size_t i = 0; i < n->nout; i++)
            keep[k] |= live[n->out[i]];
        for (size_t i = 0; keep[k] && i < n->nin; i++)
            if (n->in[i] != VALUE_NONE)
                live[n->in[i]] = true;
        dead += !keep[k];
    }
    Graph *out = g;
    if (dead) {
        GraphBuilder *b = gb_new(g, NULL);
        for (uint32_t k = 0; k < g->nnodes; k++)
            if (!keep[k])
                gb_replace_node(b, k, NULL);
        out = gb_finish(b, err);
    }
    arena_release(A);
    return out == g ? graph_retain(g) : out;
}
