/* driver.c -- running graph passes one after the other. */
#include "passes/graph/driver.h"

#include <string.h>
#include <time.h>

#include "core/base/buf.h"
#include "core/base/nearest.h"

const GraphPass graph_passes[] = {
#define GRAPH_PASS(name, usual, doc) {#name, doc, usual, pass_##name},
#include "passes/graph/passes.def"
};
const size_t graph_pass_count = sizeof graph_passes / sizeof graph_passes[0];

static const GraphPass *find_pass(const char *name, Err *err)
{
    Nearest near = nearest_to(name);
    for (size_t i = 0; i < graph_pass_count; i++) {
        if (!strcmp(graph_passes[i].name, name))
            return &graph_passes[i];
        nearest_try(&near, graph_passes[i].name);
    }
    FAIL(err, graph_no_pass, NULL, name);
    if (near.best)
        err_fix(err, "g:pass \"%s\"; tvm.passes() lists them all", near.best);
    return NULL;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

Graph *graph_pass(Graph *g, const char *name, PassRun *run, Err *err)
{
    const GraphPass *pass = find_pass(name, err);
    if (!pass)
        return NULL;
    double start = seconds();
    *run = (PassRun){.name = pass->name, .nodes_before = g->nnodes};
    Graph *out = pass->run(g, run, err);
    run->seconds = seconds() - start;
    run->unchanged = out == g;
    run->nodes_after = out ? out->nnodes : 0;
    run->ngroups = out ? out->ngroups : 0;
    if (out && out != g && !graph_verify(out, true, err)) {
        graph_release(out);
        out = NULL;
    }
    if (!out)
        err_in(err, pass->name);
    return out;
}

Graph *graph_pipeline(Graph *g, const char *const *names, size_t n, PassRun *runs, size_t *nruns,
                      Err *err)
{
    Graph *at = g;
    *nruns = 0;
    for (size_t i = 0; i < (names ? n : graph_pass_count); i++) {
        if (!names && !graph_passes[i].usual)
            continue;
        Graph *next = graph_pass(at, names ? names[i] : graph_passes[i].name, &runs[*nruns], err);
        if (at != g || next == g)
            graph_release(at);
        if (!next)
            return NULL;
        ++*nruns;
        at = next;
    }
    return at == g ? graph_retain(g) : at;
}

const char *graph_why(Arena *A, const Graph *g, const char *from, const char *to)
{
    Buf b = buf_new(A);
    for (uint32_t i = 0; i < g->nedges; i++) {
        const GEdge *e = &g->edge[i];
        if (strcmp(e->from, from) != 0 || (to && strcmp(e->to, to) != 0))
            continue;
        buf_printf(&b, "%s -> %s: %s: %s\n", e->from, e->to, e->fused ? "fused" : "not fused",
                   e->why);
    }
    return b.len ? buf_str(&b) : NULL;
}
