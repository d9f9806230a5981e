/* tensor_math_lua.c -- arithmetic on tensors at the prompt, element by element.
**
** It is for getting data ready (x / 255, x - x:mean()), in the arithmetic of docs/semantics.md;
** what is to be fast is written with te and scheduled.  Nothing is converted or repeated silently:
** two tensors have one dtype and one shape, and a number must be one that the dtype can hold.
*/
#include "core/base/cancel.h"
#include "core/ir/ir.h"
#include "lua_api/lua_fn.h"
#include "lua_api/tensor_box.h"

typedef struct Operand {
    const Tensor *tensor; /* or NULL: a number */
    Scalar number;
} Operand;

static Scalar element(const Operand *x, int64_t i)
{
    return x->tensor ? tensor_at(x->tensor, i) : x->number;
}

static int elementwise(lua_State *L, Op op)
{
    TensorBox *boxes[] = {test_tensor(L, 1), test_tensor(L, 2)};
    Operand x[2] = {0};
    const Tensor *like = boxes[0] ? boxes[0]->tensor : boxes[1]->tensor;
    DType t = like->dtype;
    Err err = {0};
    if (t == DT_bool)
        return RAISE(L, tensor_bool, NULL);
    if (op == OP_Div && !dtype_is_float(t))
        return RAISE(L, tensor_divide, NULL, dtype_name(t));
    for (int i = 0; i < 2; i++) {
        x[i].tensor = boxes[i] ? boxes[i]->tensor : NULL;
        if (!boxes[i] && lua_type(L, i + 1) != LUA_TNUMBER)
            return RAISE(L, tensor_operand, NULL, luaL_typename(L, i + 1));
        if (!boxes[i] && !element_of(L, i + 1, t, &x[i].number))
            return RAISE(L, tensor_number, NULL, dtype_name(t), lua_tonumber(L, i + 1));
    }
    if (x[0].tensor && x[1].tensor && x[0].tensor->dtype != x[1].tensor->dtype)
        return RAISE(L, tensor_dtypes, NULL, dtype_name(x[0].tensor->dtype),
                     dtype_name(x[1].tensor->dtype));
    if (x[0].tensor && x[1].tensor && !tensor_same_shape(x[0].tensor, x[1].tensor, &err))
        return lua_raise(L, &err);
    push_tensor(L, tensor_new(t, like->rank, like->shape, &err), &err);
    Tensor *made = arg_tensor(L, -1);
    char *p = tensor_fill(made);
    int64_t n = tensor_size(made);
    for (int64_t i = 0; i < n && !cancel_asked(); i++, p += dtype_bytes(t))
        dtype_store(t, p, ir_eval_binary(op, t, element(&x[0], i), element(&x[1], i)));
    return cancel_poll(&err) ? lua_raise(L, &err) : 1;
}

#define ELEMENTWISE(id, sig, op, doc) \
    LUA_FN(tensor_##id, sig, doc)     \
    {                                 \
        return elementwise(L, op);    \
    }

ELEMENTWISE(
    add, "__add(a, b)", OP_Add,
    "a + b, element by element: two tensors of one dtype and shape, or a tensor and a number.")
ELEMENTWISE(sub, "__sub(a, b)", OP_Sub, "a - b, element by element.")
ELEMENTWISE(mul, "__mul(a, b)", OP_Mul, "a * b, element by element.")
ELEMENTWISE(
    div, "__div(a, b)", OP_Div,
    "a / b, element by element, of floats; integers want t:astype \"float32\" first, or //.\n"
    "> print(tvm.tensor({0, 51, 255}, \"uint8\"):astype \"float32\" / 255)\n"
    "float32[3]\n"
    "[0.0, 0.2, 1.0]")
ELEMENTWISE(idiv, "__idiv(a, b)", OP_FloorDiv, "a // b, element by element, rounded down.")
ELEMENTWISE(mod, "__mod(a, b)", OP_FloorMod, "a % b, element by element, with the sign of b.")

LUA_FN(tensor_unm, "__unm(t)", "-t, element by element; of integers it wraps.")
{
    lua_settop(L, 1);
    lua_pushnumber(L, -0.0); /* -0 - 0 is -0, where 0 - 0 would be 0 */
    lua_insert(L, 1);
    return elementwise(L, OP_Sub);
}

const LuaFn *const tensor_math_members[] = {
    &tensor_add_fn,  &tensor_sub_fn, &tensor_mul_fn, &tensor_div_fn,
    &tensor_idiv_fn, &tensor_mod_fn, &tensor_unm_fn, NULL};
