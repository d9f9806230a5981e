/* target.h -- the machine that code is made for: what the target string says (llvm/options.h,
** cuda/options.h), and for the rest what LLVM knows of this one.
*/
#ifndef BACKENDS_LLVM_EMIT_TARGET_H
#define BACKENDS_LLVM_EMIT_TARGET_H

#include <llvm-c/TargetMachine.h>

#include "core/base/err.h"

typedef struct Target {
    const char *triple, *cpu, *features;
    unsigned vector_bytes; /* of a vector register */
    int opt;               /* 0 … 3 */
    bool checked, unproven;
    bool masks; /* loads, stores and sums of some lanes cost no more than of all */
    bool gpu;
    LLVMTargetMachineRef machine;
} Target;

/* The target that a target string means; lives until the process ends, and is kept for the next
** compilation that asks for the same. */
const Target *target_for(const char *text, Err *err);

#endif
