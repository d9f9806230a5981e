/* cuda.h -- the CUDA backend, as the session knows it. */
#ifndef BACKENDS_CUDA_CUDA_H
#define BACKENDS_CUDA_CUDA_H

#include "backends/backend.h"

extern const Backend cuda_backend;

/* Is a program, lowered or not, what a GPU could be asked to run, so that to emulate it says
** something about one?  A program without bound loops is.  What a launch cannot do and an emulation
** can passes (cuda_plan_emulated).  *form is the program that the error points into, in A; NULL
** where its lowering fails. */
bool cuda_can_emulate(Arena *A, const Node *func, const Node **form, Err *err);

#endif
