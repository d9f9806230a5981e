/* tensor_element.c -- Lua values as elements of tensors, and what is said of what is none. */
#include <math.h>

#include "core/base/buf.h"
#include "lua_api/own_name.h"
#include "lua_api/tensor_box.h"

bool element_of(lua_State *L, int arg, DType t, Scalar *out)
{
    double v = lua_tonumber(L, arg);
    if (dtype_is_float(t)) {
        *out = dtype_convert(t, DT_float64, (Scalar){.f = v});
        return true;
    }
    *out = lua_isinteger(L, arg) ? dtype_convert(t, DT_int64, (Scalar){.i = lua_tointeger(L, arg)})
                                 : dtype_convert(t, DT_float64, (Scalar){.f = v});
    /* As a double, the largest value of 64 bits is the power of two above it, which
    ** is not one of the type. */
    double beyond = ldexp(1, dtype_info[t].bits - dtype_is_signed(t));
    return dtype_convert(DT_float64, t, *out).f == v && (lua_isinteger(L, arg) || v < beyond);
}

/* The value on top is no element of anything; a tensor may have been meant to become a row. */
static void raise_no_element(lua_State *L)
{
    Err err = {0};
    TensorBox *box = test_tensor(L, lua_gettop(L));
    REFUSE(&err, tensor_element, NULL, arg_describe(L, -1));
    lua_pop(L, 1);
    if (box) {
        Buf shape = buf_new(lua_scratch(L, NULL));
        for (int d = 0; d < box->tensor->rank; d++)
            buf_printf(&shape, ", %lld", (long long)box->tensor->shape[d]);
        lua_pushvalue(L, -2);
        bool named = own_push_name(L, -1);
        const char *name = named ? lua_tostring(L, -1) : "x";
        err_fix(&err,
                "elements are numbers or booleans; %s%s:reshape { 1%s } has one more dimension",
                named ? "" : "name the tensor x, and ", name, buf_str(&shape));
    }
    lua_settop(L, 0); /* the fix speaks of no argument */
    lua_raise(L, &err);
}

/* The number at the top of the stack is no element of type `t`, of which `maker` was to make a
** tensor: another type has it. */
static void raise_other_type(lua_State *L, DType t, const char *maker)
{
    Err err = {0};
    double v = lua_tonumber(L, -1);
    DType fits = v != floor(v) || isinf(v) ? DT_float32
                 : fabs(v) < 0x1p31        ? DT_int32
                 : fabs(v) < 0x1p63        ? DT_int64
                                           : DT_float64;
    REFUSE(&err, tensor_number, NULL, dtype_name(t), v);
    err_fix(&err, "give it a type that has such elements: %s, \"%s\")", maker, dtype_name(fits));
    lua_settop(L, 0);
    lua_raise(L, &err);
}

Scalar element_at_top(lua_State *L, DType t, const char *maker)
{
    Scalar made;
    int type = lua_type(L, -1);
    if (type == LUA_TBOOLEAN)
        return dtype_convert(t, DT_bool, (Scalar){.i = lua_toboolean(L, -1)});
    if (type != LUA_TNUMBER)
        raise_no_element(L);
    if (lua_isinteger(L, -1) && (!dtype_is_int(t) || t == DT_uint64)) /* read so from uint64, too */
        return dtype_convert(t, DT_int64, (Scalar){.i = lua_tointeger(L, -1)});
    if (t == DT_bool)
        return dtype_convert(t, DT_float64, (Scalar){.f = lua_tonumber(L, -1)});
    if (!element_of(L, -1, t, &made))
        raise_other_type(L, t, maker);
    return made;
}
