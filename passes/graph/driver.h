/* driver.h -- running graph passes: each timed, its result verified, its change told.
**
**      PassRun run;
**      Graph *g2 = graph_pass(A, g, "fuse", &run, &err);
**      puts(run.diff);
*/
#ifndef PASSES_GRAPH_DRIVER_H
#define PASSES_GRAPH_DRIVER_H

#include "core/graph/graph.h"

typedef struct PassRun {
    const char *name;
    double seconds;
    bool unchanged;
    uint32_t nodes_before, nodes_after, ngroups;
    char note[200]; /* what it left undone, and why, or why there are more nodes; "" if nothing */
} PassRun;

typedef struct GraphPass {
    const char *name, *doc;
    bool usual; /* part of the pipeline */
    Graph *(*run)(Graph *g, PassRun *run, Err *err);
} GraphPass;

extern const GraphPass graph_passes[];
extern const size_t graph_pass_count;

/* Runs one pass; the caller owns the graph it gives. */
Graph *graph_pass(Graph *g, const char *name, PassRun *run, Err *err);

/* The passes named, or the usual pipeline where names is NULL.  `runs` has room for as many as
** there are passes to run (graph_pass_count for the usual ones). */
Graph *graph_pipeline(Graph *g, const char *const *names, size_t n, PassRun *runs, size_t *nruns,
                      Err *err);

/* Why the edge from one node to another is, or is not, inside a group, in words; NULL if there is
** no such edge, or the graph is not fused.  `to` NULL: all edges that leave `from`. */
const char *graph_why(Arena *A, const Graph *g, const char *from, const char *to);

#define GRAPH_PASS(name, usual, doc) Graph *pass_##name(Graph *g, PassRun *run, Err *err);
#include "passes/graph/passes.def"

#endif
