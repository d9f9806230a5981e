/* backend.h -- the table of backends: the half that the session asks.
**
** A target string names a backend by its first word and options for it after that:
** "llvm", "llvm -mcpu=x86-64 -O0", "interp", "cuda -arch=sm_90".  The session's half says what the
** backend is and what it accepts, and turns a Func into a Kernel; where that takes a heavy library
** the work is done in the worker process through exec.h, and the half that runs there (the folder
** emit/ of the backend) is reached through emit.h.
**
** Adding a backend is one folder and one row in backend.c.
*/
#ifndef BACKENDS_BACKEND_H
#define BACKENDS_BACKEND_H

#include "backends/kernel.h"
#include "core/ir/ir.h"

typedef struct Backend {
    const char *name;
    const char *doc; /* one sentence */

    /* One line for the banner and `--features`; may start nothing and must be quick. */
    void (*describe)(Buf *out);

    /* Can this Func, lowered or not, be compiled for `target`?  Says why not. */
    bool (*accepts)(const Node *func, const char *target, Err *err);

    /* A kernel for one Func; the caller owns it. */
    Kernel *(*compile)(const Node *func, const char *target, Err *err);

    /* What can be looked at besides running, by name ("ir", "asm", "ptx"), ended by NULL; and the
    ** text of one.  view may be NULL where there is nothing. */
    const char *const *views;
    const char *(*view)(Arena *A, const Node *func, const char *target, const char *view, Err *err);
} Backend;

/* All rows, ended by NULL. */
extern const Backend *const backends[];

/* The backend that a target's first word names; fails (no_backend) with the names there are. */
const Backend *backend_find(const char *target, Err *err);

#endif
