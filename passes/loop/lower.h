/* lower.h -- from a scheduled program to a flat loop program that backends take.
**
** Blocks go: axes become their values, `where` becomes an If, init runs where every reduce axis is
** 0. Windows go: a windowed buffer becomes a buffer of the window's shape, its indices counted from
** the window's start.  What is left: Seq, For, If, Alloc without window, Store, Update, Barrier,
** Nop.  Each step is a row of passes.def, a function pass_<name> in a file of its own, and can be
** run and looked at by itself.
**
** Inside a vectorized loop an If may remain whose condition differs from lane to lane: a backend
** runs its branch under a mask.
*/
#ifndef PASSES_LOOP_LOWER_H
#define PASSES_LOOP_LOWER_H

#include "core/ir/ir.h"

typedef struct LoopPass {
    const char *name;
    const char *doc;
    const Node *(*run)(Arena *A, const Node *func, Err *err);
    bool gpu_only;
} LoopPass;

extern const LoopPass loop_passes[];
extern const size_t loop_pass_count;

const LoopPass *loop_pass_find(const char *name);

/* One pass that ran: the program after it, the very same pointer as before if it
** changed nothing. */
typedef struct LoopStep {
    const LoopPass *pass;
    const Node *after;
    bool changed;
    double seconds;
} LoopStep;

/* Has the program, or a part of one, loops that are bound to the threads of a GPU? */
bool loop_is_gpu(const Node *n);

/* All of them in order, for a CPU (gpu: false) or a GPU (barriers inserted).  NULL if a pass
** refuses the program, or breaks it: err->what then names the pass. */
const Node *loop_lower(Arena *A, const Node *func, bool gpu, Err *err);

/* The same, one LoopStep for each pass into steps[0 .. loop_pass_count-1]; *count
** says how many ran. */
const Node *loop_lower_steps(Arena *A, const Node *func, bool gpu, LoopStep *steps, size_t *count,
                             Err *err);

/* What the checking interpreter runs in the place of a program, one after the other: one with
** thread axes as it is written, one loop after the other or, where it has barriers, by its threads
** with these alone; and then lowered, by its threads. */
typedef struct CheckedForm {
    const Node *func;
    bool as_written; /* as in CheckOptions */
} CheckedForm;

/* How many there are; 0 if the program cannot be lowered. */
size_t loop_checked_forms(Arena *A, const Node *func, CheckedForm out[2], Err *err);

#define PASS(name, gpu, doc) const Node *pass_##name(Arena *A, const Node *func, Err *err);
#include "passes/loop/passes.def"

#endif
