/* llvm.h -- the LLVM backend, as the session knows it; code is made in the worker (emit/). */
#ifndef BACKENDS_LLVM_LLVM_H
#define BACKENDS_LLVM_LLVM_H

#include "backends/backend.h"

extern const Backend llvm_backend;

#endif
