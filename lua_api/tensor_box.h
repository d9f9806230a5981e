/* tensor_box.h -- tensors as Lua values, for every file of the api that takes or gives them. */
#ifndef LUA_API_TENSOR_BOX_H
#define LUA_API_TENSOR_BOX_H

#include "core/run/tensor.h"
#include "lua_api/lua_fn.h"

typedef struct TensorBox {
    Tensor *tensor;
} TensorBox;

extern const LuaClass tensor_class;
LUA_BOX(tensor, TensorBox, tensor_class)

/* The tensor at `idx`; raises unless there is one. */
Tensor *arg_tensor(lua_State *L, int idx);

DType arg_element_type(lua_State *L, int idx, DType otherwise);

/* The number at `arg` as an element of type `t`; false where it would become another one. */
bool element_of(lua_State *L, int arg, DType t, Scalar *out);

/* The number or boolean on top as an element of type `t`; raises where it is none.  `maker` is the
** call that makes the tensor, up to where its type stands: "tvm.tensor(…". */
Scalar element_at_top(lua_State *L, DType t, const char *maker);

/* Pushes a box that takes over `t`; with NULL raises *err instead. */
int push_tensor(lua_State *L, Tensor *t, const Err *err);

/* Pushes the index of element number `i`, a list. */
void push_tensor_index(lua_State *L, const Tensor *t, int64_t i);

/* Writes the tensor, argument 1, to the path that is argument 2, as t:save does, and returns what
** that returns. */
int tensor_write(lua_State *L);

/* The operators, of tensor_math_lua.c; ends with NULL. */
extern const LuaFn *const tensor_math_members[];
extern const LuaFn *const tensor_walk_members[];
extern const LuaFn *const tensor_shades_members[];

#endif
