/* cuda.h -- the CUDA backend, as the session knows it. */
#ifndef BACKENDS_CUDA_CUDA_H
#define BACKENDS_CUDA_CUDA_H

#include "backends/backend.h"

extern const Backend cuda_backend;

#endif
