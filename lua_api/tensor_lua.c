/* tensor_lua.c -- tensors at the prompt: made, loaded, looked at, sliced, saved. */
#include "lua_api/tensor_box.h"

#include <math.h>
#include <string.h>

#include "core/base/cancel.h"
#include "core/import/onnx/onnx.h"
#include "core/run/tensor_io.h"
#include "lua_api/file_kind.h"
#include "lua_api/own_name.h"
#include "lua_api/session.h"

/* ---- the border ---- */

static void release_held_tensor(void *t)
{
    tensor_release(t);
}

int push_tensor(lua_State *L, Tensor *t, const Err *err)
{
    return lua_push_owned(L, &tensor_class, t, release_held_tensor, t ? (size_t)tensor_bytes(t) : 0,
                          err);
}

Tensor *arg_tensor(lua_State *L, int idx)
{
    return check_tensor(L, idx)->tensor;
}

/* A list of extents, or one number. */
static int arg_shape(lua_State *L, int idx, int64_t shape[TENSOR_MAX_RANK])
{
    if (lua_type(L, idx) == LUA_TNUMBER) {
        shape[0] = arg_int(L, idx, 0, INT64_C(1) << 40);
        return 1;
    }
    return (int)arg_ints(L, idx, 0, INT64_C(1) << 40, shape, TENSOR_MAX_RANK);
}

DType arg_element_type(lua_State *L, int idx, DType otherwise)
{
    DType t = otherwise;
    const char *name = arg_str_or(L, idx, NULL);
    if (name && !dtype_parse(name, &t))
        RAISE(L, no_dtype, NULL, name);
    return t;
}

/* An element as Lua has it: a boolean, an integer or a number. */
static void push_scalar(lua_State *L, DType t, Scalar v)
{
    if (t == DT_bool)
        lua_pushboolean(L, v.i != 0);
    else if (dtype_is_float(t))
        lua_pushnumber(L, v.f);
    else
        lua_pushinteger(L, v.i);
}

void push_tensor_index(lua_State *L, const Tensor *t, int64_t i)
{
    int64_t index[TENSOR_MAX_RANK];
    tensor_unravel(t, i, index);
    lua_new_list(L, (size_t)t->rank);
    for (int d = 0; d < t->rank; d++) {
        lua_pushinteger(L, index[d]);
        lua_rawseti(L, -2, d + 1);
    }
}

/* Going over a large tensor takes long enough to be interrupted, and stops early then. */
static int finished(lua_State *L)
{
    Err err = {0};
    return cancel_poll(&err) ? lua_raise(L, &err) : 1;
}

/* ---- making ---- */

/* The shape of nested lists is that of the first element at each depth. */
static int list_shape(lua_State *L, int idx, int64_t *shape)
{
    int rank = 0;
    lua_pushvalue(L, idx);
    while (lua_type(L, -1) == LUA_TTABLE) {
        if (rank == TENSOR_MAX_RANK)
            RAISE(L, tensor_rank, NULL, rank + 1, TENSOR_MAX_RANK);
        shape[rank++] = (int64_t)lua_rawlen(L, -1);
        lua_rawgeti(L, -1, 1);
        lua_remove(L, -2);
    }
    lua_pop(L, 1);
    return rank;
}

/* Stores the list at the top of the stack, whose shape is t's from dimension d on, at *p.  The
** depth is bounded by TENSOR_MAX_RANK. */
static void store_list(lua_State *L, const Tensor *t, int d, char **p)
{
    luaL_checkstack(L, 4, "tensor");
    if (d == t->rank) {
        dtype_store(t->dtype, *p, element_at_top(L, t->dtype, "tvm.tensor(…"));
        *p += dtype_bytes(t->dtype);
        return;
    }
    if (lua_type(L, -1) != LUA_TTABLE || (int64_t)lua_rawlen(L, -1) != t->shape[d])
        RAISE(L, tensor_ragged, NULL, d, (long long)t->shape[d]);
    for (int64_t i = 0; i < t->shape[d]; i++) {
        lua_rawgeti(L, -1, i + 1);
        store_list(L, t, d + 1, p);
        lua_pop(L, 1);
    }
}

/* Are there values in the lists at the top of the stack, and all booleans?  At most `depth` lists
** stand in one another. */
static bool only_booleans(lua_State *L, int depth)
{
    luaL_checkstack(L, 4, "tensor");
    if (lua_type(L, -1) != LUA_TTABLE)
        return lua_type(L, -1) == LUA_TBOOLEAN;
    lua_Unsigned n = lua_rawlen(L, -1);
    bool all = n > 0 && depth > 0;
    for (lua_Unsigned i = 1; all && i <= n; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i);
        all = only_booleans(L, depth - 1);
        lua_pop(L, 1);
    }
    return all;
}

/* The type of what is made of the value at the top of the stack, unless argument `arg` says it. */
static DType type_for(lua_State *L, int arg, int depth)
{
    if (!lua_isnoneornil(L, arg))
        return arg_element_type(L, arg, DT_float32);
    return only_booleans(L, depth) ? DT_bool : DT_float32;
}

/* Does each bracket that closes follow one that opens, and is none left open? */
static bool is_balanced(const char *text)
{
    int depth = 0;
    for (; *text && depth >= 0; text++)
        depth += (*text == '[') - (*text == ']');
    return depth == 0;
}

/* [[1, 2], [3, 4]] is a string to Lua, and so is "[1, 2]": what was meant is the same in braces. */
static int raise_text(lua_State *L)
{
    Err err = {0};
    char list[64];
    const char *text = lua_tostring(L, 1);
    size_t n = strlen(text);
    if (strspn(text, "0123456789+-.,eE[] \n") != n || !strpbrk(text, "0123456789"))
        return arg_wrong(L, 1, "a list of numbers");
    bool quoted = text[strspn(text, " \n")] == '[' && is_balanced(text);
    int wrapped = snprintf(list, sizeof list, quoted ? "%s" : "[[%s]]", text);
    if (wrapped >= (int)sizeof list || !is_balanced(list))
        strcpy(list, "[[1, 2], [3, 4]]");
    for (char *at = list; *at; at++)
        *at = *at == '[' ? '{' : *at == ']' ? '}' : *at == '\n' ? ' ' : *at;
    REFUSE(&err, argument_type, NULL, 1, "a list of numbers", arg_describe(L, 1), "");
    err_fix(&err, "%slists stand in braces: tvm.tensor %s",
            quoted ? "" : "[[ … ]] is a string in Lua, and ", list);
    return lua_raise(L, &err);
}

LUA_FN(
    tvm_tensor, "tvm.tensor(values, dtype?) -> Tensor",
    "A tensor of the numbers in nested lists; unless a type is given, bool where all are booleans, else float32.\n"
    "> print(tvm.tensor({{1, 2}, {3, 4}}, \"int32\"))\n"
    "int32[2, 2]\n"
    "[[1, 2],\n"
    " [3, 4]]")
{
    int64_t shape[TENSOR_MAX_RANK];
    Err err = {0};
    lua_settop(L, 2);
    if (lua_type(L, 1) == LUA_TSTRING)
        return raise_text(L);
    if (lua_type(L, 1) != LUA_TTABLE && lua_type(L, 1) != LUA_TNUMBER &&
        lua_type(L, 1) != LUA_TBOOLEAN)
        return arg_wrong(L, 1, "a list of numbers");
    int rank = list_shape(L, 1, shape);
    lua_pushvalue(L, 1);
    DType t = type_for(L, 2, rank);
    push_tensor(L, tensor_new(t, rank, shape, &err), &err);
    Tensor *made = arg_tensor(L, -1);
    char *p = tensor_fill(made);
    lua_pushvalue(L, 1);
    store_list(L, made, 0, &p);
    lua_pop(L, 1);
    return 1;
}

/* A new tensor of the shape at argument 1, on the stack. */
static Tensor *made_of_shape(lua_State *L, DType t)
{
    int64_t shape[TENSOR_MAX_RANK];
    Err err = {0};
    int rank = arg_shape(L, 1, shape);
    push_tensor(L, tensor_new(t, rank, shape, &err), &err);
    return arg_tensor(L, -1);
}

LUA_FN_LIST(tvm_zeros, "tvm.zeros(shape, dtype?) -> Tensor",
            "A tensor of zeros.\n"
            "> print(tvm.zeros({2}, \"int8\"))\n"
            "int8[2]\n"
            "[0, 0]")
{
    made_of_shape(L, arg_element_type(L, 2, DT_float32));
    return 1;
}

LUA_FN(
    tvm_full, "tvm.full(shape, value, dtype?) -> Tensor",
    "A tensor that has the same value everywhere; of bool if that is a boolean and no type is given.\n"
    "> print(tvm.full({3}, 0.5))\n"
    "float32[3]\n"
    "[0.5, 0.5, 0.5]")
{
    arg_given(L, 2, "a number or a boolean");
    lua_settop(L, 3);
    lua_pushvalue(L, 2);
    DType t = type_for(L, 3, 0);
    Scalar v = element_at_top(L, t, "tvm.full(…, …");
    tensor_constant(made_of_shape(L, t), v);
    return finished(L);
}

LUA_FN(tvm_arange, "tvm.arange(shape, dtype?, start?, step?) -> Tensor",
       "Counts through the elements: start, start + step, ….\n"
       "> print(tvm.arange({2, 3}, \"int32\"))\n"
       "int32[2, 3]\n"
       "[[0, 1, 2],\n"
       " [3, 4, 5]]")
{
    DType t = arg_element_type(L, 2, DT_float32);
    double start = arg_number_or(L, 3, 0), step = arg_number_or(L, 4, 1);
    tensor_arange(made_of_shape(L, t), start, step);
    return finished(L);
}

LUA_FN_LIST(
    tvm_random, "tvm.random(shape, dtype?, {seed, lo, hi, normal}?) -> Tensor",
    "Random elements: the same ones at each call and on every machine, unless {seed = 2} or another seed gives others.\n"
    "Floats are uniform in lo … hi (0 … 1), integers in lo … hi with both ends (-8 … 7, or 0 … 15 without sign);\n"
    "normal = true gives mean 0 and deviation 1.\n"
    "> print(tvm.random({4}) == tvm.random({4}), tvm.random({4}) == tvm.random({4}, \"float32\", {seed = 2}))\n"
    "true\tfalse")
{
    static const char *const keys[] = {"seed", "lo", "hi", "normal", NULL};
    DType t = arg_element_type(L, 2, DT_float32);
    arg_options(L, 3, keys);
    bool fractions = dtype_is_float(t), sign = dtype_is_signed(t);
    double lo = opt_number(L, 3, "lo", fractions || !sign ? 0 : -8);
    double hi = opt_number(L, 3, "hi", fractions ? 1 : sign ? 7 : 15);
    uint64_t seed = (uint64_t)opt_int(L, 3, "seed", INT64_MIN, INT64_MAX, 1);
    bool normal = opt_bool(L, 3, "normal", false);
    if (!(lo <= hi))
        RAISE(L, tensor_bounds, NULL, lo, hi);
    Tensor *made = made_of_shape(L, t);
    if (normal)
        tensor_randn(made, seed, 0, 1);
    else
        tensor_random(made, seed, lo, hi);
    return finished(L);
}

LUA_FN(
    tvm_load, "tvm.load(path) -> Tensor",
    "The tensor in a .npy file, as t:save or numpy.save wrote it; in a .pb file, as ONNX's test cases have them\n"
    "(input_0.pb holds a TensorProto); or the pixels of a PNG, PGM or PPM image: [height, width] if gray, [height,\n"
    "width, 3] if coloured, from 0 to 255 (uint8) or, of 16 bits, to 65535 (uint16).  A PNG with transparency has a\n"
    "channel more, its opacity: [height, width, 2] if gray, [height, width, 4] if coloured;\n"
    "t:slice(2, 0, -1) leaves it out.")
{
    Err err = {0};
    const char *path = arg_str(L, 1);
    const FileKind *kind = file_kind(path);
    bool proto = kind && strcmp(kind->ending, ".pb") == 0;
    Tensor *t = proto ? onnx_tensor_file(path, &err) : tensor_load(path, &err);
    if (!t && err.code == ERR_format_unknown) {
        err_fix(
            &err, "%s",
            "numpy.save writes .npy, which is read, as are ONNX's .pb, and .png, .pgm and .ppm images");
        advise_reader(path, "tvm.load", &err);
    }
    return push_tensor(L, t, &err);
}

/* ---- methods ---- */

int tensor_write(lua_State *L)
{
    Err err = {0};
    const char *path = arg_str(L, 2);
    const Tensor *t = arg_tensor(L, 1);
    if (!tensor_save(t, path, &err)) {
        int64_t height = t->rank > 2 ? t->shape[t->rank - 2] : 0;
        int64_t width = t->rank > 2 ? t->shape[t->rank - 1] : 0;
        bool plane = tensor_size(t) == height * width && width > 4; /* no more are channels */
        if (err.code == ERR_image_shape && plane)
            err_fix(&err, "t:reshape { %lld, %lld }:save \"%s\"", (long long)height,
                    (long long)width, path);
        return lua_raise(L, &err);
    }
    session_tell(L, 1, "written to %s", path);
    lua_settop(L, 1);
    return 1;
}

LUA_FN(
    tensor_save_, "t:save(path) -> Tensor",
    "Writes a .npy file, which numpy.load reads, or an image: .png, .pgm, .ppm, of the shapes that tvm.load gives.\n"
    "The file is there whole or not at all.")
{
    return tensor_write(L);
}

/* Raises where a slice that goes forward stops before its start: likely a count, given as stop. */
static void refuse_backward(lua_State *L, const Tensor *t, int dim, int64_t start, int64_t stop,
                            int64_t step)
{
    if (dim >= t->rank || (start >= 0 && stop < 0)) /* so many off each end: none may be left */
        return;
    int64_t n = t->shape[dim], from = start, to = stop;
    if ((start < 0) != (stop < 0)) { /* the ends of the dimension bound them */
        from = from < 0 ? from + n : from > n ? n : from;
        to = to < 0 ? to + n : to > n ? n : to;
        from = from < 0 ? 0 : from;
        to = to < 0 ? 0 : to;
    }
    if (to >= from)
        return;
    Err err = {0};
    REFUSE(&err, tensor_slice_order, NULL, (long long)stop, (long long)start);
    if (stop >= 0 && start >= 0 && start < n) {
        int64_t count = stop > 0 ? stop : 1;
        const char *name = own_push_name(L, 1) ? lua_tostring(L, -1) : "t";
        err_fix(&err, "did you mean %s:slice(%d, %lld, %lld%s)?", name, dim, (long long)start,
                (long long)(start + count < n ? start + count : n),
                step == 1 ? "" : lua_pushfstring(L, ", %I", (lua_Integer)step));
    }
    lua_raise(L, &err);
}

LUA_FN(
    tensor_slice_, "t:slice(dim, start, stop?, step?) -> Tensor",
    "The entries start … stop-1 of a dimension, by step; negative numbers count from the end.  Shares the elements.\n"
    "Where stop is start there are none; a stop before start is an error, unless step is below 0.\n"
    "> print(tvm.arange({2, 6}, \"int32\"):slice(1, 0, -1, 2))\n"
    "int32[2, 3]\n"
    "[[ 0,  2,  4],\n"
    " [ 6,  8, 10]]")
{
    Err err = {0};
    Tensor *t = arg_tensor(L, 1);
    int dim = (int)arg_int(L, 2, 0, TENSOR_MAX_RANK);
    int64_t start = arg_int(L, 3, INT64_MIN / 4, INT64_MAX / 4);
    int64_t step = arg_int_or(L, 5, INT64_MIN / 4, INT64_MAX / 4, 1);
    int64_t all = step < 0 ? INT64_MIN / 4 : INT64_MAX / 4;
    int64_t stop = arg_int_or(L, 4, INT64_MIN / 4, INT64_MAX / 4, all);
    if (step > 0)
        refuse_backward(L, t, dim, start, stop, step);
    return push_tensor(L, tensor_slice(t, dim, start, stop, step, &err), &err);
}

LUA_FN_LIST(tensor_transpose_, "t:transpose(order?) -> Tensor",
            "The dimensions in another order (reversed if none is given).  Shares the elements.\n"
            "> print(tvm.arange({2, 3}, \"int32\"):transpose())\n"
            "int32[3, 2]\n"
            "[[0, 3],\n"
            " [1, 4],\n"
            " [2, 5]]")
{
    Err err = {0};
    Tensor *t = arg_tensor(L, 1);
    int64_t given[TENSOR_MAX_RANK];
    int order[TENSOR_MAX_RANK];
    bool reverse = lua_isnoneornil(L, 2);
    size_t n =
        reverse ? (size_t)t->rank : arg_ints(L, 2, 0, TENSOR_MAX_RANK, given, TENSOR_MAX_RANK);
    if (n != (size_t)t->rank)
        RAISE(L, tensor_dim, NULL, (int)n, t->rank);
    for (int d = 0; d < t->rank; d++)
        order[d] = reverse ? t->rank - 1 - d : (int)given[d];
    return push_tensor(L, tensor_transpose(t, order, &err), &err);
}

LUA_FN_LIST(tensor_reshape_, "t:reshape(shape) -> Tensor",
            "The same elements in the same order under another shape; one extent may be -1.\n"
            "> print(tvm.arange({6}, \"int32\"):reshape{2, -1})\n"
            "int32[2, 3]\n"
            "[[0, 1, 2],\n"
            " [3, 4, 5]]")
{
    Err err = {0};
    int64_t shape[TENSOR_MAX_RANK];
    Tensor *t = arg_tensor(L, 1);
    size_t rank = arg_ints(L, 2, -1, INT64_C(1) << 40, shape, TENSOR_MAX_RANK);
    return push_tensor(L, tensor_reshape(t, (int)rank, shape, &err), &err);
}

LUA_FN(tensor_astype_, "t:astype(dtype) -> Tensor",
       "The elements converted: floats go to integers toward zero and stay within their range.\n"
       "> print(tvm.tensor({1.7, -300}):astype \"uint8\")\n"
       "uint8[2]\n"
       "[1, 0]")
{
    Err err = {0};
    Tensor *t = arg_tensor(L, 1);
    arg_str(L, 2);
    return push_tensor(L, tensor_convert(t, arg_element_type(L, 2, DT_float32), &err), &err);
}

/* Nested lists from dimension d on; the depth is bounded by TENSOR_MAX_RANK. */
static void push_lists(lua_State *L, const Tensor *t, int d, int64_t *index)
{
    luaL_checkstack(L, 4, "tensor");
    if (d == t->rank) {
        push_scalar(L, t->dtype, tensor_get(t, index));
        return;
    }
    lua_createtable(L, t->shape[d] < 1 << 20 ? (int)t->shape[d] : 0, 0);
    for (int64_t i = 0; i < t->shape[d] && !cancel_asked(); i++) {
        index[d] = i;
        push_lists(L, t, d + 1, index);
        lua_rawseti(L, -2, i + 1);
    }
}

LUA_FN(tensor_totable_, "t:totable() -> table",
       "The elements as nested lists, which count from 1 as all plain Lua lists do.\n"
       "> print(tvm.arange({2, 2}):totable()[2][1])\n"
       "2.0")
{
    int64_t index[TENSOR_MAX_RANK] = {0};
    push_lists(L, arg_tensor(L, 1), 0, index);
    return finished(L);
}

/* Where the largest (or smallest) element is; NaN counts as larger than everything, so that it is
** not missed. -1 if there are no elements. */
static int64_t extreme(const Tensor *t, double sign)
{
    int64_t best = -1, n = tensor_size(t);
    double most = 0;
    for (int64_t i = 0; i < n && !cancel_asked(); i++) {
        Scalar v = tensor_at(t, i);
        double x = dtype_is_float(t->dtype) ? v.f : dtype_convert(DT_float64, t->dtype, v).f;
        if (best < 0 || sign * x > sign * most || (isnan(x) && !isnan(most))) {
            best = i;
            most = x;
        }
    }
    return best;
}

static int push_extreme(lua_State *L, double sign, bool place)
{
    Tensor *t = arg_tensor(L, 1);
    int64_t i = extreme(t, sign);
    if (i < 0)
        lua_pushnil(L);
    else if (place)
        push_tensor_index(L, t, i);
    else
        push_scalar(L, t->dtype, tensor_at(t, i));
    return finished(L);
}

LUA_FN(tensor_max_, "t:max() -> number",
       "The largest element, or NaN if there is one; nil if there are no elements.\n"
       "> print(tvm.tensor({3, 9, 4}):max())\n"
       "9.0")
{
    return push_extreme(L, 1, false);
}

LUA_FN(tensor_min_, "t:min() -> number",
       "The smallest element, or NaN if there is one; nil if there are no elements.\n"
       "> print(tvm.tensor({3, 9, 4}):min())\n"
       "3.0")
{
    return push_extreme(L, -1, false);
}

LUA_FN(
    tensor_argmax_, "t:argmax() -> list",
    "The index of the largest element, the first of equals: one number a dimension, each from 0 on.\n"
    "> print(tvm.tensor({{3, 9}, {4, 9}}):argmax()[2])\n"
    "1")
{
    return push_extreme(L, 1, true);
}

static double sum_of(const Tensor *t)
{
    double sum = 0;
    int64_t n = tensor_size(t);
    for (int64_t i = 0; i < n && !cancel_asked(); i++) {
        Scalar v = tensor_at(t, i);
        sum += dtype_is_float(t->dtype) ? v.f : dtype_convert(DT_float64, t->dtype, v).f;
    }
    return sum;
}

LUA_FN(tensor_sum_, "t:sum() -> number",
       "The sum of the elements, in float64.\n"
       "> print(tvm.tensor({1, 2, 6}):sum())\n"
       "9.0")
{
    lua_pushnumber(L, sum_of(arg_tensor(L, 1)));
    return finished(L);
}

LUA_FN(tensor_mean_, "t:mean() -> number",
       "The mean of the elements, summed in float64; NaN if there are none.\n"
       "> print(tvm.tensor({1, 2, 6}):mean())\n"
       "3.0")
{
    Tensor *t = arg_tensor(L, 1);
    lua_pushnumber(L, sum_of(t) / (double)tensor_size(t));
    return finished(L);
}

LUA_FN(tensor_shape_, "t.shape -> list",
       "The extents; as all lists it counts from 1.\n"
       "> t = tvm.zeros { 4, 7 }\n"
       "> print(t.shape, t.shape[1])\n"
       "{4, 7}\t4")
{
    Tensor *t = arg_tensor(L, 1);
    lua_new_list(L, (size_t)t->rank);
    for (int d = 0; d < t->rank; d++) {
        lua_pushinteger(L, t->shape[d]);
        lua_rawseti(L, -2, d + 1);
    }
    return 1;
}

LUA_FN(tensor_dtype_, "t.dtype -> string", "The element type: \"float32\", ….")
{
    lua_pushstring(L, dtype_name(arg_tensor(L, 1)->dtype));
    return 1;
}

LUA_FN(tensor_size_, "t.size -> integer", "The number of elements.")
{
    lua_pushinteger(L, tensor_size(arg_tensor(L, 1)));
    return 1;
}

LUA_FN(tensor_bytes_, "t.bytes -> integer", "What the elements take in memory, laid side by side.")
{
    lua_pushinteger(L, tensor_bytes(arg_tensor(L, 1)));
    return 1;
}

LUA_FN(tensor_hash_, "t.hash -> string",
       "32 digits that tell contents apart: dtype, shape and elements, the same on every machine.")
{
    char text[33];
    fp_text(tensor_fingerprint(arg_tensor(L, 1)), text);
    lua_pushstring(L, text);
    return 1;
}

LUA_FN(tensor_len, "__len(t)", "#t is the extent of the first dimension.")
{
    Tensor *t = arg_tensor(L, 1);
    lua_pushinteger(L, t->rank ? t->shape[0] : 0);
    return 1;
}

LUA_FN(tensor_eq, "__eq(a, b)",
       "Equal are tensors of one dtype and shape with the same elements, bit for bit.")
{
    TensorBox *a = test_tensor(L, 1), *b = test_tensor(L, 2);
    lua_pushboolean(L, a && b && tensor_equal(a->tensor, b->tensor));
    return 1;
}

/* t[i]: the i-th row, or the element where there is one dimension left.  Counts from 0. */
static int tensor_index_(lua_State *L, void *self)
{
    Tensor *t = ((TensorBox *)self)->tensor;
    Err err = {0};
    int exact;
    int64_t i = lua_tointegerx(L, 2, &exact);
    if (lua_istable(L, 2))
        return RAISE(L, tensor_list_index, NULL);
    if (lua_type(L, 2) != LUA_TNUMBER || !exact)
        return 0;
    Tensor *row = tensor_pick(t, 0, i, &err);
    if (!row || row->rank > 0)
        return push_tensor(L, row, &err);
    push_scalar(L, row->dtype, tensor_at(row, 0));
    tensor_release(row);
    return 1;
}

/* Within `width` columns; 0: all elements. */
static void push_printed(lua_State *L, const Tensor *t, int width)
{
    Arena *A = lua_scratch(L, NULL);
    Buf b = buf_new(A);
    session_of(L)->left_out |= tensor_print(t, width, &b);
    lua_pushstring(L, buf_str(&b));
    lua_scratch_end(L, A);
}

static void tensor_tostring(lua_State *L, void *self)
{
    push_printed(L, ((TensorBox *)self)->tensor, 80);
}

static int tensor_display(lua_State *L, void *self, const char *kind)
{
    if (strcmp(kind, "text") != 0)
        return 0;
    push_printed(L, ((TensorBox *)self)->tensor, lua_view(L)->more ? 0 : lua_view(L)->width);
    return 1;
}

static void tensor_box_release(void *self)
{
    TensorBox *box = self;
    tensor_release(box->tensor);
    box->tensor = NULL;
}

static const LuaFn *const tensor_members[] = {&tensor_save__fn,
                                              &tensor_slice__fn,
                                              &tensor_transpose__fn,
                                              &tensor_reshape__fn,
                                              &tensor_astype__fn,
                                              &tensor_totable__fn,
                                              &tensor_max__fn,
                                              &tensor_min__fn,
                                              &tensor_argmax__fn,
                                              &tensor_sum__fn,
                                              &tensor_mean__fn,
                                              &tensor_shape__fn,
                                              &tensor_dtype__fn,
                                              &tensor_size__fn,
                                              &tensor_bytes__fn,
                                              &tensor_hash__fn,
                                              &tensor_len_fn,
                                              &tensor_eq_fn,
                                              NULL};

const LuaClass tensor_class = {
    .name = "Tensor",
    .doc =
        "An array of numbers with a shape.  A value: it never changes.  t[i] is a row or an element, from 0.\n"
        "It prints its corners where it is large: more() prints all, and t:show() draws a plane of it.\n"
        "+ - * / // % take two tensors of one dtype and shape, or a tensor and a number.",
    .size = sizeof(TensorBox),
    .members = LUA_MEMBERS(tensor_members, tensor_shades_members, tensor_math_members,
                           tensor_walk_members),
    .release = tensor_box_release,
    .tostring = tensor_tostring,
    .index = tensor_index_,
    .display = tensor_display,
};

void lua_open_tensors(lua_State *L)
{
    static const LuaFn *const functions[] = {
        &tvm_tensor_fn, &tvm_zeros_fn, &tvm_full_fn, &tvm_arange_fn,
        &tvm_random_fn, &tvm_load_fn,  NULL};
    lua_put_functions(L, functions);
    lua_put_class(L, &tensor_class);
}
