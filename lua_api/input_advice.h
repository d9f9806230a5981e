/* input_advice.h -- what to do with a tensor that is not the input that is wanted. */
#ifndef LUA_API_INPUT_ADVICE_H
#define LUA_API_INPUT_ADVICE_H

#include "core/base/err.h"
#include "core/run/tensor.h"
#include "lua_api/lua_fn.h"

/* What makes of `t` an input of that type and shape becomes the fix of `err`: the first of many,
** another order of dimensions, other ones, another type.  False where nothing does, which the fix
** says then. */
bool advise_input(Err *err, DType dtype, int rank, const int64_t *shape, const Tensor *t);

/* The same for an input of a model: whole numbers of one or two bytes are pixels there, as tvm.load
** reads them, and models for floats take these from 0 to 1.  Where it is the model's only one
** (`alone`), many samples go through in a loop, which gives nothing the name of a global.  On the
** stack the model is first and the tensor last. */
void advise_model_input(lua_State *L, Err *err, DType dtype, int rank, const int64_t *shape,
                        const Tensor *t, bool alone);

/* Raises `err`, whose fix speaks of the tensor at `idx` as t, and of no other that was given.  One
** that is no variable gets a name first: x = …; m:run(x:reshape { 1, 8 }), if `call` is "m:run". */
int raise_input(lua_State *L, Err *err, int idx, const char *call);

#endif
