/* onnx.c -- fuzz target: any file gives a graph or an error; a graph prints, and what can be lowered
** is lowered to programs that verify. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/graph/module.h"
#include "core/graph/text.h"
#include "core/import/onnx/onnx.h"
#include "core/ir/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void lower(Graph *g)
{
    Err err = {0};
    Module *m = graph_lower(g, &err);
    for (uint32_t i = 0; m && i < m->nkernels; i++)
        if (!ir_verify(m->kernel[i].func, &err)) {
            fprintf(stderr, "lowered to a bad program: %s\n", err.why);
            abort();
        }
    module_release(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Err err = {0};
    Graph *g = onnx_import_bytes(data, size, "fuzz", NULL, &err);
    if (!g)
        return 0;
    Arena *A = arena_new(NULL);
    graph_text(A, g);
    arena_release(A);
    if (g->nnodes < 50)
        lower(g);
    graph_release(g);
    return 0;
}
