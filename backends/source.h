/* source.h -- a lowered program as what the worker is asked to compile: its text, by the module
** that holds LLVM.
**
** LLVM makes the code of every native backend, so they share this step:
**
**      const Node *low = loop_lower(A, func, false, err);
**      ExecSource source;
**      return low && source_of(A, low, "llvm -O3", &source, err) && exec_compile(&source, &kernel, err);
*/
#ifndef BACKENDS_SOURCE_H
#define BACKENDS_SOURCE_H

#include "backends/exec.h"
#include "core/ir/ir.h"

/* One entry, the Func itself.  Lives in A.  Refused where unrolled loops would become more straight
** code than LLVM can be given. */
bool source_of(Arena *A, const Node *low, const char *target, ExecSource *out, Err *err);

/* The text of a view of it, in A. */
const char *source_view(Arena *A, const Node *low, const char *target, EmitView view, Err *err);

#endif
