/* runnable.h -- what can be run and timed: programs, kernels, modules; all become a
** list of calls.
**
** A file of the api that knows another kind of value adds it with runnable_add_kind, so that
** tvm.compare and tvm.time take it too.
*/
#ifndef LUA_API_RUNNABLE_H
#define LUA_API_RUNNABLE_H

#include "backends/exec.h"
#include "core/ir/ir.h"
#include "lua_api/lua_fn.h"

typedef struct Runnable {
    const char *label; /* how a table names it; lives in the arena */
    double flops;      /* of one run of what was written; 0 if not known */
    double bytes;      /* of its parameters and results; 0 if not known */
    double compile_ms;
    bool parallel;  /* has a loop for all cores */
    bool elsewhere; /* not run by the processor itself: interpreted, or by a GPU */
    /* Where the inputs were made up: a table of inputs as it is typed, in A, or NULL if no index
       depends on what is in them.  Where they were given: NULL. */
    const char *(*typed_inputs)(Arena *A, const struct Runnable *r);
    ExecJob job;                         /* its calls, with tensors for every argument */
    Arena *arena;                        /* of the calls and the list of tensors */
    void (*release)(struct Runnable *r); /* kernels and tensors; set by whoever filled it in */
    void *impl;
} Runnable;

void runnable_release(Runnable *r);

/* Fills *out from the value at `idx` for a target, NULL where none is named: compiles, and takes
** the inputs, a tensor, a list or a table by name, at index `inputs`; where that is 0, makes them
** up (random, the same for equal names and shapes).  Returns 1, 0 if the value is of another kind,
** or raises. */
typedef int RunnableKind(lua_State *L, int idx, const char *target, int inputs, Runnable *out);
void runnable_add_kind(RunnableKind *kind);

/* Raises unless the inputs at index `inputs`, if that is not 0, are the program's at `idx`. */
void check_timed_inputs(lua_State *L, int idx, int inputs);

/* What times a program: the target asked for; where none is (NULL), "cuda" if loops are bound to a
** GPU's threads, else "llvm".  Raises gpu_not_timed where that GPU is missing: the CPU would only
** time an emulation. */
const char *timed_target(lua_State *L, const Node *func, const char *asked);

/* The label of a timing of `func`: a GPU program's tells where it ran. */
const char *timed_label(Arena *A, const Node *func, const char *label, const char *target);

/* Fills in what kind of run one of the kernels is. */
void runnable_add_kernel(Runnable *r, const Node *func, const Kernel *k);

extern const LuaClass timing_class;

#endif
