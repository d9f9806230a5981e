/* lower.h -- from a scheduled program to a flat loop program that backends take.
**
** Blocks go: axes become their values, `where` becomes an If, init runs where every reduce axis is 0.
** Windows go: a windowed buffer becomes a buffer of the window's shape, its indices counted from the window's
** start.  What is left: Seq, For, If, Alloc without window, Store, Update, Barrier, Nop.  Each step is a row of passes.def and can be run
** and looked at by itself.
*/
#ifndef PASSES_LOOP_LOWER_H
#define PASSES_LOOP_LOWER_H

#include "core/ir/ir.h"

typedef struct LoopPass {
    const char *name;
    const char *doc;
    const Node *(*run)(Arena *A, const Node *func, Err *err);
} LoopPass;

extern const LoopPass loop_passes[];
extern const size_t loop_pass_count;

const LoopPass *loop_pass_find(const char *name);

/* All of them in order, for a CPU (gpu: false) or a GPU (barriers inserted). */
const Node *loop_lower(Arena *A, const Node *func, bool gpu, Err *err);

#endif
