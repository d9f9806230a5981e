/* lines.h -- which line of the program an instruction comes from.
**
** For views only: statements are given the line on which they stand in the text, LLVM carries it
** along as a debug location, and the assembly shows it as a comment.
*/
#ifndef BACKENDS_LLVM_EMIT_LINES_H
#define BACKENDS_LLVM_EMIT_LINES_H

#include <llvm-c/Core.h>

#include "core/base/buf.h"
#include "core/ir/ir.h"

typedef struct Lines Lines;

/* For the statements of `func`. */
Lines *lines_open(Arena *A, LLVMContextRef ctx, LLVMModuleRef mod, const Node *func);
/* A function of the module, whose instructions get lines from now on. */
void lines_function(Lines *l, LLVMBuilderRef b, LLVMValueRef fn);
/* Back in a function that had been left for another. */
void lines_return(Lines *l, LLVMBuilderRef b, LLVMValueRef fn);
/* What is built from now on belongs to statement s; gives back what was set before. */
LLVMMetadataRef lines_at(Lines *l, LLVMBuilderRef b, const Node *s);
void lines_close(Lines *l);

/* Assembly for people: instructions and labels, with the program's lines between them. */
const char *lines_tidy(Arena *A, const char *assembly, const char *text);

#endif
