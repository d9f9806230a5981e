/* tensor_shades_lua.c -- a plane of numbers as text: the larger a number, the more ink. */
#include <math.h>

#include "core/base/cancel.h"
#include "lua_api/input_advice.h"
#include "lua_api/session.h"
#include "lua_api/tensor_box.h"

static const char ink[] = " .:-=+*#%@";

enum { TALLEST = 100, SHADES = sizeof ink - 1 };

/* The last two dimensions of a tensor, of which the others have one index. */
typedef struct Plane {
    const Tensor *tensor;
    int64_t height, width;
    double least, most; /* of the numbers that are finite */
    double step;        /* elements to a cell, down and across; 1 or more */
} Plane;

static double at(const Plane *p, int64_t y, int64_t x)
{
    Scalar v = tensor_at(p->tensor, y * p->width + x);
    DType t = p->tensor->dtype;
    return dtype_is_float(t) ? v.f : dtype_convert(DT_float64, t, v).f;
}

static void find_range(Plane *p)
{
    p->least = INFINITY;
    p->most = -INFINITY;
    for (int64_t y = 0; y < p->height && !cancel_asked(); y++)
        for (int64_t x = 0; x < p->width; x++) {
            double v = at(p, y, x);
            p->least = isfinite(v) ? fmin(p->least, v) : p->least;
            p->most = isfinite(v) ? fmax(p->most, v) : p->most;
        }
}

/* The mean of the elements below the cell, as ink. */
static char shade(const Plane *p, int64_t row, int64_t column)
{
    double sum = 0;
    int64_t n = 0;
    int64_t bottom = (int64_t)fmin(floor((double)(row + 1) * p->step), (double)p->height);
    int64_t right = (int64_t)fmin(floor((double)(column + 1) * p->step), (double)p->width);
    for (int64_t y = (int64_t)((double)row * p->step); y < bottom; y++)
        for (int64_t x = (int64_t)((double)column * p->step); x < right; x++, n++)
            sum += at(p, y, x);
    double part = (sum / (double)n - p->least) / (p->most - p->least);
    if (p->most == p->least)
        part = 0;
    if (isnan(part))
        return '?';
    return ink[(int)fmin(fmax(part, 0) * SHADES, SHADES - 1)];
}

/* "t:slice(0, 0, 1):show()" */
static const char *first_plane(lua_State *L, const Tensor *t)
{
    Buf fix = buf_new(lua_scratch(L, NULL));
    buf_puts(&fix, "t");
    for (int d = 0; d < t->rank - 2; d++)
        if (t->shape[d] != 1)
            buf_printf(&fix, ":slice(%d, 0, 1)", d);
    buf_puts(&fix, ":show()");
    return buf_str(&fix);
}

static void raise_no_plane(lua_State *L, const Tensor *t)
{
    Err err = {0};
    Buf have = buf_new(lua_scratch(L, NULL));
    tensor_describe(t, &have);
    REFUSE(&err, tensor_no_plane, NULL, buf_str(&have));
    if (t->rank == 3 && t->shape[2] <= 4) /* the colours of an image */
        err_fix(&err, "t:slice(2, 0, 1):reshape { %lld, %lld }:show()", (long long)t->shape[0],
                (long long)t->shape[1]);
    else
        err_fix(&err, "%s", first_plane(L, t));
    lua_settop(L, 2);
    raise_input(L, &err, 1, NULL);
}

LUA_FN(
    tensor_show, "t:show(path?) -> string",
    "A plane of numbers as text, from blank, the least, to @, the greatest: of an image its picture.  All dimensions but\n"
    "the last two have one index; what is larger than the screen is averaged.  With a path it is t:save(path).\n"
    "> print(tvm.tensor({ { 0, 1, 0 }, { 1, 2, 1 } }):show())\n"
    "float32[2, 3], from 0 (blank) to 2 (@)\n"
    "  ++  \n"
    "++@@++")
{
    Tensor *t = arg_tensor(L, 1);
    if (!lua_isnoneornil(L, 2))
        return tensor_write(L);
    Plane p = {t, 1, 1, 0, 0, 1};
    for (int d = 0; d < t->rank; d++) {
        if (d < t->rank - 2 && t->shape[d] != 1)
            raise_no_plane(L, t);
        p.height = d == t->rank - 2 ? t->shape[d] : p.height;
        p.width = d == t->rank - 1 ? t->shape[d] : p.width;
    }
    find_range(&p);
    double across = fmax(lua_view(L)->width / 2, 8);
    p.step = fmax(1, fmax((double)p.width / across, (double)p.height / TALLEST));
    Arena *A = lua_scratch(L, NULL);
    Buf b = buf_new(A);
    tensor_describe(t, &b);
    if (p.least <= p.most)
        buf_printf(&b, ", from %g (blank) to %g (@)", p.least, p.most);
    Err err = {0};
    for (int64_t row = 0; (double)row * p.step < (double)p.height && !cancel_asked(); row++) {
        buf_putc(&b, '\n');
        for (int64_t column = 0; (double)column * p.step < (double)p.width; column++)
            buf_pad(&b, shade(&p, row, column), 2); /* letters are twice as high as wide */
    }
    if (cancel_poll(&err))
        return lua_raise(L, &err);
    return lua_scratch_text(L, A, buf_str(&b));
}

const LuaFn *const tensor_shades_members[] = {&tensor_show_fn, NULL};
