/* onnx.c -- fuzzing the ONNX importer: any bytes give a graph or an error, and every graph prints as
** text that parses back to it.  Seeds: tests/fuzz/seeds/onnx, written by tests/fuzz/onnx_seeds.lua. */
#include <stdio.h>
#include <stdlib.h>

#include "core/graph/module.h"
#include "core/graph/text.h"
#include "core/import/onnx/onnx.h"
#include "passes/graph/driver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void round_trip(Graph *g)
{
    Err err = {0};
    Arena *A = arena_new(NULL);
    const char *text = graph_text(A, g);
    Graph *back = graph_parse(text, graph_find_data, g, &err);
    if (!back || !graph_equal(g, back)) {
        fprintf(stderr, "does not parse back: %s\n%s\n", err.why, text);
        abort();
    }
    graph_release(back);
    arena_release(A);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Err err = {0};
    Graph *g = onnx_import_bytes(data, size, "fuzz.onnx", NULL, &err);
    if (!g)
        return err.code == ERR_none ? abort(), 0 : 0;
    round_trip(g);
    PassRun run;
    Graph *fused = graph_pass(g, "fuse", &run, &err);
    if (!fused)
        abort();
    round_trip(fused);
    if (g->nnodes < 50) /* it verifies every program it makes */
        module_release(graph_lower(fused, &err));
    graph_release(fused);
    graph_release(g);
    return 0;
}
