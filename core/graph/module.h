/* module.h -- a graph as loop programs: one Func for each group of nodes.
**
** Lowering turns each node of a group into stages of tensor expressions by its operator's rule; the
** blocks of the Func bear the nodes' aliases.  What a group reads from outside become the Func's
** parameters, and what others read from it its results; a constant that only decided shapes is not
** passed.  Running a module is calling its kernels in order.
**
**      Module *m = graph_lower(g, &err);
**      for (uint32_t i = 0; i < m->nkernels; i++)
**          … m->kernel[i].func, with the tensors of m->kernel[i].arg
*/
#ifndef CORE_GRAPH_MODULE_H
#define CORE_GRAPH_MODULE_H

#include "core/graph/graph.h"
#include "core/ir/ir.h"

typedef struct GraphKernel {
    const char *name; /* the group's, and the Func's */
    const Node *func;
    const char *given; /* what module_with gave, to run as it is; NULL: the default schedule */
    uint32_t first, n; /* the nodes of the graph that it computes */
    uint32_t nin, nout;
    /* Nin values read, then nout values made: the Func's parameters and results */
    const ValueId *arg;
} GraphKernel;

typedef struct Module {
    Arena *arena; /* retains the graph's */
    Graph *graph;
    uint32_t nkernels;
    const GraphKernel *kernel;
} Module;

/* Lowers every group, or every node where the graph is not fused.  Every shape must be known. */
Module *graph_lower(Graph *g, Err *err);
Module *module_retain(Module *m);
void module_release(Module *m);

/* The kernel of that name, or the one that computes the node of that alias; -1 if there is none. */
int32_t module_find(const Module *m, const char *name);

/* The module with another Func for kernel `i`, which must have the same parameters and results, and
** goes by `given`; it lives in `owner`, which the new module retains. */
Module *module_with(Module *m, uint32_t i, const Node *func, const char *given, Arena *owner,
                    Err *err);

/* Runs the graph by the reference interpreter on inputs in the order of g->input.  Results are
** owned by the caller, in the order of g->output. */
bool graph_interpret(const Module *m, Tensor *const *in, Tensor **out, Err *err);

/* What node `n` gives on inputs that all have data, by the reference interpreter: nout tensors
** that the caller owns. */
bool graph_eval_node(const GNode *n, const GValue *const *values, const GType *type, Tensor **out,
                     Err *err);

#endif
