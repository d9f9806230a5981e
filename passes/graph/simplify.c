/* simplify.c -- leaving out nodes that change nothing. */
#include "core/graph/ops.h"
#include "passes/graph/driver.h"

/* Does n give its first input as it is? */
static bool changes_nothing(const Graph *g, const GUses *uses, const GNode *n)
{
    if (gnode_is(n, GOP_dropout)) /* unless someone wants the mask */
        return n->nout < 2 || (uses->start[n->out[1]] == uses->start[n->out[1] + 1] &&
                               !graph_is_output(g, n->out[1]));
    if (gnode_is(n, GOP_identity))
        return true;
    bool alike = gnode_is(n, GOP_reshape) || gnode_is(n, GOP_flatten) || gnode_is(n, GOP_squeeze) ||
                 gnode_is(n, GOP_unsqueeze) || gnode_is(n, GOP_cast) || gnode_is(n, GOP_expand);
    GType out = g->value[n->out[0]]->type;
    return alike && gtype_static(out) && gtype_equal(g->value[n->in[0]]->type, out);
}

Graph *pass_simplify(Graph *g, PassRun *run, Err *err)
{
    (void)run;
    GraphBuilder *b = gb_new(g, NULL);
    Arena *A = arena_scratch(NULL);
    GUses uses = graph_uses(g, A);
    uint32_t count = 0;
    for (uint32_t k = 0; k < g->nnodes; k++) {
        const GNode *n = g->node[k];
        if (!changes_nothing(g, &uses, n))
            continue;
        gb_redirect(b, n->out[0], n->in[0]);
        gb_replace_node(b, k, NULL);
        count++;
    }
    arena_release(A);
    if (count)
        return gb_finish(b, err);
    gb_drop(b);
    return graph_retain(g);
}
