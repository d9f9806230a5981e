/* input_advice.c -- what to do with a tensor that is not the input that is wanted. */
#include "lua_api/input_advice.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/base/buf.h"
#include "lua_api/own_name.h"

/* How many of the entries of t's first dimension, of several times as many, are a tensor of that
** shape; 0 where that is not so. */
static int64_t first_entries(const Tensor *t, int rank, const int64_t *shape)
{
    int inner = t->rank - 1;
    if (inner < 0 || rank < inner ||
        memcmp(t->shape + 1, shape + rank - inner, (size_t)inner * sizeof *shape) != 0)
        return 0;
    int64_t entries = 1;
    for (int d = 0; d < rank - inner; d++)
        entries *= shape[d];
    bool several = entries > 0 && t->shape[0] > entries && t->shape[0] % entries == 0;
    return several ? entries : 0;
}

/* Has t the dimensions of that shape in another order, those of one index aside?  Then `order` is
** the one to put them in. */
static bool other_order(const Tensor *t, int rank, const int64_t *shape, int64_t *order)
{
    unsigned used = 0;
    int n = 0, last = -1;
    bool moved = false;
    for (int d = 0; d < rank; d++) {
        int k = 0;
        while (k < t->rank && ((used >> k & 1) || t->shape[k] != shape[d]))
            k++;
        if (k == t->rank && shape[d] == 1)
            continue;
        if (k == t->rank)
            return false;
        if (shape[d] != 1) {
            moved |= k < last;
            last = k;
        }
        order[n++] = k;
        used |= 1u << k;
    }
    for (int k = 0; k < t->rank; k++)
        if (!(used >> k & 1)) {
            if (t->shape[k] != 1)
                return false;
            order[n++] = k;
        }
    return moved;
}

static void put_call(Buf *b, const char *method, int n, const int64_t *numbers)
{
    buf_printf(b, ":%s {", method);
    for (int i = 0; i < n; i++)
        buf_printf(b, "%s%lld", i ? ", " : " ", (long long)numbers[i]);
    buf_puts(b, n > 0 ? " }" : "}");
}

/* Would one entry of t's last dimension, a channel of an image, be as large as the shape? */
static bool one_channel(const Tensor *t, int rank, const int64_t *shape)
{
    int64_t order[TENSOR_MAX_RANK];
    Tensor one = *t;
    if (t->rank < 3 || t->shape[t->rank - 1] > 4)
        return false;
    one.shape[t->rank - 1] = 1;
    int64_t wanted = 1;
    for (int d = 0; d < rank; d++)
        wanted *= shape[d];
    return tensor_size(&one) == wanted && !other_order(&one, rank, shape, order);
}

bool advise_input(Err *err, DType dtype, int rank, const int64_t *shape, const Tensor *t)
{
    Arena *A = arena_scratch(NULL);
    Buf fix = buf_new(A);
    int64_t first = first_entries(t, rank, shape), have = tensor_size(t), wanted = 1;
    int64_t order[TENSOR_MAX_RANK];
    bool reshape = t->rank != rank, turn = first == 0 && other_order(t, rank, shape, order);
    for (int d = 0; d < rank; d++) {
        int64_t extent = d < t->rank ? t->shape[turn ? order[d] : d] : 0;
        wanted *= shape[d];
        reshape = reshape || (extent != shape[d] && !(d == 0 && first > 0));
    }
    buf_puts(&fix, "t");
    if (first > 0)
        buf_printf(&fix, ":slice(0, 0, %lld)", (long long)first);
    if (turn)
        put_call(&fix, "transpose", t->rank, order);
    if (reshape)
        put_call(&fix, "reshape", rank, shape);
    if (t->dtype != dtype)
        buf_printf(&fix, ":astype \"%s\"", dtype_name(dtype));
    bool found = first > 0 || have == wanted;
    if (found)
        err_fix(err, "%s", buf_str(&fix));
    else if (one_channel(t, rank, shape))
        err_fix(err, "t:slice(%d, 0, 1) takes the first of %lld channels", t->rank - 1,
                (long long)t->shape[t->rank - 1]);
    else
        err_fix(err,
                "the sizes differ, %lld element%s where %lld are needed: give other data, or make "
                "the program for these sizes",
                (long long)have, plural(have), (long long)wanted);
    arena_release(A);
    return found;
}

/* Is it what the person calls the value at `idx`, a global or a local? */
static bool is_called(lua_State *L, int idx, const char *name)
{
    bool found = own_push_name(L, idx);
    bool same = found && strcmp(lua_tostring(L, -1), name) == 0;
    lua_pop(L, found);
    return same;
}

/* A name for something new: `base`, or with 2, 3 … behind it where that is a global already or what
** the person calls the model or its input.  A _G that raises for what it lacks is not asked. */
static void free_name(lua_State *L, const char *base, char *name, size_t size)
{
    snprintf(name, size, "%s", base);
    lua_pushglobaltable(L);
    for (int i = 2;; i++) {
        lua_pushstring(L, name);
        bool taken = lua_rawget(L, -2) != LUA_TNIL;
        lua_pop(L, 1);
        if (!taken && !is_called(L, 1, name) && !is_called(L, -2, name))
            break;
        snprintf(name, size, "%s%d", base, i);
    }
    lua_pop(L, 1);
}

/* For the first of many samples, all of them: the call in a loop that can be typed. */
static void advise_each(lua_State *L, Err *err, const Tensor *t, int64_t first)
{
    char rest[sizeof err->fix], by[32] = "", all[16], i[16];
    free_name(L, "y", all, sizeof all);
    free_name(L, "i", i, sizeof i);
    const char *slice = strchr(err->fix, ')');
    assert(slice && first > 0);
    strcpy(rest, slice + 1);
    if (first > 1)
        snprintf(by, sizeof by, ", %lld", (long long)first);
    err_fix(err,
            "%s = {}; for %s = 0, %lld%s do %s[#%s + 1] = m:run(t:slice(0, %s, %s + %lld)%s) end",
            all, i, (long long)(t->shape[0] - first), by, all, all, i, i, (long long)first, rest);
}

void advise_model_input(lua_State *L, Err *err, DType dtype, int rank, const int64_t *shape,
                        const Tensor *t, bool alone)
{
    int white = t->dtype == DT_uint8 ? UINT8_MAX : t->dtype == DT_uint16 ? UINT16_MAX : 0;
    bool found = advise_input(err, dtype, rank, shape, t);
    int64_t first = first_entries(t, rank, shape);
    if (!found || !white || !dtype_is_float(dtype)) {
        if (alone && first > 0)
            advise_each(L, err, t, first);
        return;
    }
    char whole[sizeof err->fix];
    strcpy(whole, err->fix);
    err_fix(err,
            "%s / %d makes pixels from 0 to 1, as most models take them; undivided they go to %d",
            whole, white, white);
}

/* Is it Lua, or a sentence?  Behind "return ": can it stand in the place of the tensor? */
static bool is_lua(lua_State *L, const char *before, const char *fix)
{
    bool ok = luaL_loadstring(L, lua_pushfstring(L, "%s%s", before, fix)) == LUA_OK;
    lua_pop(L, 2);
    return ok;
}

int raise_input(lua_State *L, Err *err, int idx, const char *call)
{
    lua_pushvalue(L, idx);
    lua_replace(L, 2);
    lua_settop(L, 2);
    if (!own_push_name(L, 2)) {
        char name[16];
        free_name(L, "x", name, sizeof name);
        own_push_text(L, err->fix, "t", name);
        const char *fix = lua_tostring(L, -1);
        bool value = is_lua(L, "return ", fix), called = value && call;
        const char *then = called               ? lua_pushfstring(L, "then %s(%s)", call, fix)
                           : value              ? lua_pushfstring(L, "then pass %s", fix)
                           : is_lua(L, "", fix) ? lua_pushfstring(L, "then %s", fix)
                                                : fix;
        if (strcmp(fix, err->fix) != 0)
            err_fix(err, "name the tensor %s; %s", name, then);
    }
    lua_settop(L, 2);
    return lua_raise(L, err);
}
