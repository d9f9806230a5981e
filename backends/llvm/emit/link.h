/* link.h -- finished code into the window that the runner shares.
**
** LLVM's linker asks for memory for each section of an object; it gets room in the window, at the
** address where the runner will execute it.  So relocations are right for the runner, and nothing
** here knows a relocation.
*/
#ifndef BACKENDS_LLVM_EMIT_LINK_H
#define BACKENDS_LLVM_EMIT_LINK_H

#include <llvm-c/Core.h>

#include "backends/emit.h"

bool link_open(const EmitHost *host, Err *err);

/* Links the object (and takes it over) and gives the addresses of n names. */
bool link_object(LLVMMemoryBufferRef object, size_t n, const char *const *names,
                 uint64_t *addresses, Err *err);

#endif
