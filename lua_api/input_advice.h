/* input_advice.h -- what to do with a tensor that is not the input that is wanted. */
#ifndef LUA_API_INPUT_ADVICE_H
#define LUA_API_INPUT_ADVICE_H

#include "core/base/err.h"
#include "core/run/tensor.h"

/* What makes of `t` an input of that type and shape becomes the fix of `err`: the first of many,
** another order of dimensions, other ones, another type; or that nothing does. */
void advise_input(Err *err, DType dtype, int rank, const int64_t *shape, const Tensor *t);

#endif
