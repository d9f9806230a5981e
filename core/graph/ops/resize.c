/* resize.c -- other sizes by interpolation, one axis after the other. */
#include <math.h>
#include <string.h>

#include "core/graph/ops/lower.h"

typedef enum Coord {
    HALF_PIXEL,
    HALF_PIXEL_SYMMETRIC,
    ALIGN_CORNERS,
    ASYMMETRIC,
    PYTORCH_HALF_PIXEL,
    TF_HALF_PIXEL, /* of version 11 alone */
    TF_CROP,
    COORD_BAD
} Coord;
static const char *const coord_names[] = {
    "half_pixel",         "half_pixel_symmetric", "align_corners",     "asymmetric",
    "pytorch_half_pixel", "tf_half_pixel_for_nn", "tf_crop_and_resize"};

/* How each axis is resized; on: its size or place changes. */
typedef struct Plan {
    bool on[GRAPH_MAX_RANK];
    double scale[GRAPH_MAX_RANK], roi_start[GRAPH_MAX_RANK], roi_end[GRAPH_MAX_RANK];
    int64_t out[GRAPH_MAX_RANK];
    Coord coord;
} Plan;

static bool present(const GraphCall *c, size_t i)
{
    return call_has(c, i) && !(call_rank(c, i) == 1 && call_dim(c, i, 0) == 0);
}

static bool read_numbers(const GraphCall *c, size_t i, double *v, size_t *n)
{
    const Tensor *t = c->in[i]->data;
    if (!t || tensor_size(t) > 2 * GRAPH_MAX_RANK)
        return false;
    *n = (size_t)tensor_size(t);
    for (size_t k = 0; k < *n; k++) {
        Scalar s = tensor_at(t, (int64_t)k);
        v[k] = dtype_is_float(t->dtype) ? s.f : (double)s.i;
    }
    return true;
}

/* Which axis the k-th entry of sizes or scales speaks of. */
static bool axis_of(const GraphCall *c, size_t k, size_t n, int *axis)
{
    const GAttr *axes = call_attr(c, A_resize_axes);
    size_t want = axes->kind == GA_NONE ? (size_t)call_rank(c, 0) : axes->n;
    if (n != want)
        return call_refuse(c, "%zu sizes or scales for %zu axes", n, want);
    *axis = (int)k;
    return axes->kind == GA_NONE ||
           call_axis((GraphCall *)c, axes->at.is[k], call_rank(c, 0), axis);
}

/* Sizes that keep the aspect ratio: one scale for all axes named. */
static void keep_aspect(const GraphCall *c, Plan *p, const int *axis, size_t n)
{
    const char *policy = call_str(c, A_resize_keep_aspect_ratio_policy);
    bool larger = !strcmp(policy, "not_smaller");
    double scale = 0;
    for (size_t k = 0; k < n; k++) {
        double s = p->scale[axis[k]];
        if (!k || (larger ? s > scale : s < scale))
            scale = s;
    }
    for (size_t k = 0; k < n; k++) {
        p->scale[axis[k]] = scale;
        p->out[axis[k]] = (int64_t)floor(scale * (double)call_dim(c, 0, axis[k]) + 0.5);
    }
}

/* The product is rounded to float32 before it is cut off, as in ONNX's shape inference: 0.7 of 10
** are 7, though the float32 below 0.7 makes that 6.9999999. */
static double scaled_size(const Plan *p, int d, int64_t in, double scale)
{
    if (p->coord == TF_CROP)
        return floor((double)in * (p->roi_end[d] - p->roi_start[d]) * scale);
    return floor((double)((float)in * (float)scale));
}

/* False, without an error, where sizes are not known yet. */
static bool plan(GraphCall *c, Plan *p, bool *ok)
{
    GType x = call_type(c, 0);
    double v[2 * GRAPH_MAX_RANK], roi[2 * GRAPH_MAX_RANK];
    int axis[2 * GRAPH_MAX_RANK];
    size_t n, nroi = 0, from = present(c, 3) ? 3 : 2;
    *ok = true;
    memset(p, 0, sizeof *p);
    if (present(c, 2) == present(c, 3))
        return *ok = call_refuse(c, "it needs either scales or sizes");
    for (p->coord = 0; p->coord < COORD_BAD; p->coord++)
        if (!strcmp(coord_names[p->coord], call_str(c, A_resize_coordinate_transformation_mode)))
            break;
    if (p->coord == COORD_BAD)
        return *ok = call_cannot(c, "coordinate_transformation_mode '%s' is not known",
                                 call_str(c, A_resize_coordinate_transformation_mode));
    for (int d = 0; d < x.rank; d++) {
        if (!dim_known(x.dim[d]))
            return false;
        p->scale[d] = p->roi_end[d] = 1;
        p->out[d] = x.dim[d];
    }
    if (!read_numbers(c, from, v, &n) ||
        (p->coord == TF_CROP && (!present(c, 1) || !read_numbers(c, 1, roi, &nroi))))
        return false;
    if (p->coord == TF_CROP && nroi != 2 * n)
        return *ok = call_refuse(c, "its roi has %zu entries, not %zu", nroi, 2 * n);
    for (size_t k = 0; k < n; k++) {
        if (!axis_of(c, k, n, &axis[k]))
            return *ok = false;
        int d = axis[k];
        if (from == 3 && x.dim[d] == 0 && v[k] != 0)
            return *ok = call_refuse(c, "axis %d is empty: it has nothing to make %g elements of",
                                     d, v[k]);
        if (!((v[k] > 0 || (from == 3 && x.dim[d] == 0)) && v[k] <= (double)INT32_MAX))
            return *ok = call_refuse(c, "it cannot make axis %d %g", d, v[k]);
        if (p->coord == TF_CROP) {
            p->roi_start[d] = roi[k];
            p->roi_end[d] = roi[n + k];
        }
        p->scale[d] = from == 2 ? v[k] : x.dim[d] ? v[k] / (double)x.dim[d] : 1;
        double size = from == 3 ? v[k] : scaled_size(p, d, x.dim[d], v[k]);
        if (!(size >= 0 && size <= (double)INT32_MAX))
            return *ok = call_refuse(c, "it cannot make axis %d %g times as long", d, v[k]);
        p->out[d] = (int64_t)size;
    }
    if (from == 3 && strcmp(call_str(c, A_resize_keep_aspect_ratio_policy), "stretch") != 0)
        keep_aspect(c, p, axis, n);
    for (int d = 0; d < x.rank; d++)
        p->on[d] =
            p->out[d] != x.dim[d] || p->scale[d] != 1 || p->roi_start[d] != 0 || p->roi_end[d] != 1;
    return true;
}

bool infer_resize(GraphCall *c)
{
    GType x = call_type(c, 0);
    Plan p;
    bool ok;
    int64_t dim[GRAPH_MAX_RANK];
    bool known = plan(c, &p, &ok);
    for (int d = 0; d < x.rank; d++)
        dim[d] = known ? p.out[d] : DIM_ANY;
    if (ok)
        call_out(c, 0, x.dtype, x.rank, dim);
    return ok;
}

/* ---- lowering ---- */

/* Where output index i of axis d lies in the input, in float64. */
static const Node *place(LowerCall *l, const Plan *p, int d, const Node *i)
{
    double in = (double)lower_type(l, 0).dim[d], scale = p->scale[d];
    /* Corners are aligned as if a scale's fraction of an element were there. */
    double out = scale * in, whole = round(out);
    out = fabs(out - whole) < 1e-5 ? whole : out;
    const char *text = "(i + 0.5) / s - 0.5";
    double shift = 0, s = scale;
    switch (p->coord) {
    case HALF_PIXEL: break;
    case HALF_PIXEL_SYMMETRIC:
        text = "t + (i + 0.5) / s - 0.5";
        shift = in / 2 * (1 - (double)p->out[d] / (scale * in));
        break;
    case ALIGN_CORNERS:
        text = "i * s";
        s = out > 1 ? (in - 1) / (out - 1) : 0;
        break;
    case ASYMMETRIC: text = "i / s"; break;
    case TF_HALF_PIXEL: text = "(i + 0.5) / s"; break;
    case PYTORCH_HALF_PIXEL:
        if (out <= 1)
            text = "i * 0";
        break;
    default:
        text = "t + i * s";
        s = out > 1 ? (p->roi_end[d] - p->roi_start[d]) * (in - 1) / (out - 1) : 0;
        shift = out > 1 ? p->roi_start[d] * (in - 1)
                        : 0.5 * (p->roi_start[d] + p->roi_end[d]) * (in - 1);
    }
    FormulaArg arg[] = {{"i", te_cast(l->te, DT_float64, i)},
                        {"s", te_num(l->te, DT_float64, s)},
                        {"t", te_num(l->te, DT_float64, shift)}};
    return lower_formula(l, text, DT_float64, 3, arg);
}

static const Node *clamped(LowerCall *l, const Node *i, int64_t extent)
{
    return ix_max(l->call.A, ix(l, 0), ix_min(l->call.A, i, ix(l, extent - 1)));
}

/* One tap: the element at index i of axis d of `from`. */
static const Node *tap(LowerCall *l, const Node *from, const Axes *ax, int d, const Node *i)
{
    const Node *index[GRAPH_MAX_RANK];
    memcpy(index, ax->at, sizeof index);
    index[d] = clamped(l, i, ir_dim(from, (size_t)d));
    return te_load(l->te, from, (size_t)ax->n, index);
}

static const Node *nearest(LowerCall *l, const Node *from, const Axes *ax, int d, const Node *x)
{
    static const char *const modes[][2] = {{"round_prefer_floor", "ceil(x - 0.5)"},
                                           {"round_prefer_ceil", "floor(x + 0.5)"},
                                           {"floor", "floor(x)"},
                                           {"ceil", "ceil(x)"}};
    for (int m = 0; m < 4; m++)
        if (!strcmp(modes[m][0], call_str(&l->call, A_resize_nearest_mode)))
            return tap(
                l, from, ax, d,
                te_cast(l->te, DT_int64,
                        lower_formula(l, modes[m][1], DT_float64, 1, (FormulaArg[]){{"x", x}})));
    call_cannot(&l->call, "nearest_mode '%s' is not known",
                call_str(&l->call, A_resize_nearest_mode));
    return NULL;
}

/* Weights of the taps floor(x) - 1 … floor(x) + 2 (cubic) or floor(x), floor(x) + 1 (linear), where
** f is what x has behind the point.  With exclude_outside, taps outside have no weight, the others
** sum to 1. The sum is a float; of integers it is float64, as in ONNX's reference, for it is cut
** off at the end. */
static const Node *weighted(LowerCall *l, const Node *from, const Axes *ax, int d, const Node *x,
                            bool cubic)
{
    static const char *const linear_text[] = {"1 - f", "f"};
    static const char *const cubic_text[] = {
        "((a * (f + 1) - 5 * a) * (f + 1) + 8 * a) * (f + 1) - 4 * a",
        "((a + 2) * f - (a + 3)) * f * f + 1",
        "((a + 2) * (1 - f) - (a + 3)) * (1 - f) * (1 - f) + 1",
        "((a * (2 - f) - 5 * a) * (2 - f) + 8 * a) * (2 - f) - 4 * a"};
    DType t = lower_out_type(l, 0).dtype, w = dtype_is_float(t) ? t : DT_float64;
    Arena *A = l->call.A;
    const Node *low = lower_formula(l, "floor(x)", DT_float64, 1, (FormulaArg[]){{"x", x}});
    const Node *base = te_cast(l->te, DT_int64, low);
    FormulaArg arg[] = {{"f", te_cast(l->te, w, te_sub(l->te, x, low))},
                        {"a", te_num(l->te, w, call_float(&l->call, A_resize_cubic_coeff_a))}};
    bool exclude = call_int(&l->call, A_resize_exclude_outside);
    const Node *sum = NULL, *total = NULL;
    for (int k = 0; k < (cubic ? 4 : 2); k++) {
        const Node *i = ix_add(A, base, ix(l, cubic ? k - 1 : k));
        const Node *weight = lower_formula(l, cubic ? cubic_text[k] : linear_text[k], w, 2, arg);
        if (exclude)
            weight = te_select(l->te, in_range(l, i, ir_dim(from, (size_t)d)), weight,
                               te_num(l->te, w, 0));
        const Node *term = te_mul(l->te, weight, te_cast(l->te, w, tap(l, from, ax, d, i)));
        sum = sum ? te_add(l->te, sum, term) : term;
        total = total ? te_add(l->te, total, weight) : weight;
    }
    return exclude ? te_div(l->te, sum, total) : sum;
}

/* What lies outside the input when a region of interest is cropped. */
static const Node *cropped(LowerCall *l, const Plan *p, const Axes *ax, const Node *e)
{
    const Node *inside = ir_bool(l->call.A, true);
    for (int d = 0; d < ax->n; d++) {
        if (!p->on[d])
            continue;
        FormulaArg arg[] = {{"x", place(l, p, d, ax->at[d])},
                            {"n", te_num(l->te, DT_float64, (double)lower_type(l, 0).dim[d] - 1)}};
        inside = ir_and(l->call.A, inside, lower_formula(l, "x >= 0 and x <= n", DT_bool, 2, arg));
    }
    return te_select(
        l->te, inside, e,
        te_num(l->te, (DType)e->type, call_float(&l->call, A_resize_extrapolation_value)));
}

bool lower_resize(LowerCall *l)
{
    GType x = lower_type(l, 0);
    Plan p;
    bool ok;
    const char *mode = call_str(&l->call, A_resize_mode);
    if (!plan(&l->call, &p, &ok))
        return ok && call_cannot(&l->call, "its sizes are not constant");
    if (call_int(&l->call, A_resize_antialias))
        return call_cannot(&l->call, "antialias is not known here");
    if (strcmp(mode, "nearest") && strcmp(mode, "linear") && strcmp(mode, "cubic"))
        return call_refuse(&l->call, "mode '%s' is none of nearest, linear and cubic", mode);
    int64_t dim[GRAPH_MAX_RANK];
    int last = -1;
    mem_copy(dim, x.dim, (size_t)x.rank * sizeof *dim);
    for (int d = 0; d < x.rank; d++)
        last = p.on[d] ? d : last;
    const Node *from = lower_in(l, 0);
    for (int d = 0; d <= last; d++) {
        if (!p.on[d])
            continue;
        dim[d] = p.out[d];
        Axes ax = lower_axes(l, x.rank, dim, NULL);
        const Node *at = place(l, &p, d, ax.at[d]);
        const Node *e = mode[0] == 'n' ? nearest(l, from, &ax, d, at)
                                       : weighted(l, from, &ax, d, at, mode[0] == 'c');
        if (!e)
            return false;
        if (d == last && p.coord == TF_CROP)
            e = cropped(l, &p, &ax, e);
        if (d == last)
            e = te_cast(l->te, x.dtype, e);
        from = lower_stage(l, d == last ? NULL : lower_axis_name(l, x.rank, d), &ax, e);
    }
    if (last < 0) {
        Axes ax = lower_axes_of(l, x);
        from = lower_stage(l, NULL, &ax, lower_load(l, 0, &ax));
    }
    l->out[0] = from;
    return true;
}
