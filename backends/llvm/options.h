/* options.h -- what follows the word "llvm" in a target string.
**
**      llvm                                    this machine's processor and features
**      llvm -mcpu=native                       the same, whatever the environment says
**      llvm -mcpu=x86-64 -mattr=+avx2,-fma     another one
**      llvm -O0                                0 … 3: how long LLVM may think (default 2)
**      llvm -check                             every index is checked before the access
**      llvm -check=unproven                    those that ranges of loops do not prove to be inside;
**                                              without it, of these those that depend on data
**
** The environment's TVMREPL_MCPU takes the place of this machine's processor where no
** -mcpu is given.
*/
#ifndef BACKENDS_LLVM_OPTIONS_H
#define BACKENDS_LLVM_OPTIONS_H

#include "core/base/arena.h"

typedef struct LlvmOptions {
    const char *cpu;       /* NULL: this machine's */
    const char *attr;      /* "+avx2,-fma", or NULL */
    unsigned vector_bytes; /* that cpu and attr ask for; 0 if they say nothing */
    int opt;
    bool checked, unproven;
    bool fma; /* cpu, attr apart, multiplies and adds in one instruction */
} LlvmOptions;

/* Unknown options, processors and features are refused: no other reaches LLVM. */
bool llvm_options(Arena *A, const char *target, LlvmOptions *out, Err *err);

/* What the plain target "llvm" makes code for: how many vector registers there are, of how many
** bytes, and whether a multiply-add is one instruction; where not, it is a call of a function. */
typedef struct LlvmMachine {
    unsigned registers, vector_bytes;
    bool fma;
} LlvmMachine;

LlvmMachine llvm_machine(void);

#endif
