/* onnx.c -- fuzzing the ONNX importer: any bytes give a graph or an error, and every graph prints
** as text that parses back to it.  Models lie beside a file w.bin, which their external data may
** name; the bytes are read as a tensor too.  Seeds: tests/fuzz/seeds/onnx, written by
** tests/fuzz/onnx_seeds.lua. */
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

/* A folder that holds w.bin and nothing else. */
static const char *folder(void)
{
    static char path[] = "/tmp/tvmrepl-fuzz-XXXXXX";
    static bool made;
    if (made)
        return path;
    char name[64];
    made = mkdtemp(path) != NULL;
    snprintf(name, sizeof name, "%s/w.bin", path);
    FILE *f = fopen(name, "wb");
    if (!made || !f || fwrite("0123456789abcdef", 1, 16, f) != 16 || fclose(f) != 0)
        abort();
    return path;
}

static void read_as_tensor(const uint8_t *data, size_t size)
{
    Err err = {0};
    Tensor *t = onnx_tensor_bytes(data, size, &err);
    if (!t && err.code == ERR_none)
        abort();
    tensor_release(t);
}

/* All sizes that are free become 2. */
static void bind_sizes(Graph *g)
{
    enum { MOST = 8 };
    int64_t two[MOST] = {2, 2, 2, 2, 2, 2, 2, 2};
    Err err = {0};
    if (g->nsymbols == 0 || g->nsymbols > MOST)
        return;
    Graph *bound =
        graph_bind(g, &(GBinding){.nsizes = g->nsymbols, .symbol = g->symbol, .size = two}, &err);
    if (!bound && err.code == ERR_none)
        abort();
    if (bound)
        round_trip(bound);
    graph_release(bound);
}

static void look_at(const Graph *a, const Graph *b)
{
    Arena *A = arena_new(NULL);
    for (uint32_t k = 0; k < a->nnodes; k++)
        graph_node_text(A, a, k);
    graph_diff(A, a, b);
    arena_release(A);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Err err = {0};
    read_as_tensor(data, size);
    Graph *g = onnx_import_bytes(data, size, "fuzz.onnx", folder(), &err);
    if (!g)
        return err.code == ERR_none ? abort(), 0 : 0;
    round_trip(g);
    bind_sizes(g);
    PassRun run;
    Graph *fused = graph_pass(g, "fuse", &run, &err);
    if (!fused)
        abort();
    round_trip(fused);
    look_at(g, fused);
    if (g->nnodes < 50) /* it verifies every program it makes */
        module_release(graph_lower(fused, &err));
    graph_release(fused);
    graph_release(g);
    return 0;
}
