/* infer_shapes.c -- types of all values from those of the inputs. */
#include "passes/graph/driver.h"

Graph *pass_infer_shapes(Graph *g, PassRun *run, Err *err)
{
    (void)run;
    GraphBuilder *b = gb_new(g, NULL);
    uint32_t changed;
    bool ok = gb_infer(b, &changed, err);
    if (ok && changed)
        return gb_finish(b, err);
    gb_drop(b);
    return ok ? graph_retain(g) : NULL;
}
