/* options.h -- what follows the word "cuda" in a target string: -arch=sm_80 and the like. */
#ifndef BACKENDS_CUDA_OPTIONS_H
#define BACKENDS_CUDA_OPTIONS_H

#include "core/base/err.h"

typedef struct CudaOptions {
    const char *arch;     /* "sm_80" */
    const char *features; /* the version of PTX that it needs, as LLVM writes it: "+ptx70" */
} CudaOptions;

/* Without -arch the code is for sm_80, which newer GPUs also run. */
bool cuda_options(const char *target, CudaOptions *out, Err *err);

#endif
