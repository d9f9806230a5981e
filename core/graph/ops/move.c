/* move.c -- operators that put elements elsewhere: shapes, orders, parts and copies. */
#include <string.h>

#include "core/graph/infer.h"
#include "core/graph/ops/lower.h"

/* ---- other shapes for the same elements ---- */

bool infer_reshape(GraphCall *c)
{
    GType x = call_type(c, 0);
    const int64_t *want;
    size_t n;
    if (!call_const_ints(c, 1, &want, &n)) {
        call_out(c, 0, x.dtype, call_shape_length(c, 1), dims_unknown);
        return true;
    }
    if (n > GRAPH_MAX_RANK)
        return call_refuse(c, "a shape of %zu dimensions; at most %d are possible", n,
                           GRAPH_MAX_RANK);
    int64_t dim[GRAPH_MAX_RANK], known = 1, total = gtype_elements(x);
    int open = -1;
    for (size_t d = 0; d < n; d++) {
        dim[d] = want[d];
        if (want[d] == 0 && !call_int(c, A_reshape_allowzero)) {
            if ((int)d >= x.rank)
                return call_refuse(c, "dimension %zu is copied from x, which has only %d", d,
                                   x.rank);
            dim[d] = x.dim[d];
        }
        if (want[d] < -1 || (want[d] == -1 && open >= 0))
            return call_refuse(c, "at most one dimension may be -1, and none less");
        if (want[d] == -1)
            open = (int)d;
        else if (!dim_known(dim[d]))
            known = -1;
        else if (known >= 0 && __builtin_mul_overflow(known, dim[d], &known))
            return call_refuse(c, "the shape has too many elements");
    }
    if (open >= 0)
        dim[open] = total >= 0 && known > 0    ? total / known
                    : total == 0 && known == 0 ? 0
                                               : DIM_ANY;
    if (total >= 0 && known >= 0 &&
        (open >= 0 ? known == 0 ? total != 0 : total % known != 0 : total != known))
        return call_refuse(c, "%s has %lld elements, which do not fill %s",
                           gtype_text(c->A, NULL, x), (long long)total,
                           gtype_text(c->A, NULL, (GType){x.dtype, (int8_t)n, want}));
    call_out(c, 0, x.dtype, (int)n, dim);
    return true;
}

static int64_t product(const int64_t *dim, int from, int to)
{
    int64_t n = 1;
    for (int d = from; d < to; d++)
        if (!dim_known(dim[d]) || __builtin_mul_overflow(n, dim[d], &n))
            return DIM_ANY;
    return n;
}

bool infer_flatten(GraphCall *c)
{
    GType x = call_type(c, 0);
    int64_t axis = call_int(c, A_flatten_axis);
    if (axis < -x.rank || axis > x.rank)
        return call_refuse(c, "axis %lld is not from %d to %d", (long long)axis, -x.rank, x.rank);
    int at = (int)(axis < 0 ? axis + x.rank : axis);
    int64_t dim[2] = {product(x.dim, 0, at), product(x.dim, at, x.rank)};
    call_out(c, 0, x.dtype, 2, dim);
    return true;
}

bool infer_squeeze(GraphCall *c)
{
    GType x = call_type(c, 0);
    const int64_t *axis = NULL;
    size_t n = 0;
    bool gone[GRAPH_MAX_RANK] = {0};
    int64_t dim[GRAPH_MAX_RANK];
    int rank = 0;
    if (call_has(c, 1) && !call_const_ints(c, 1, &axis, &n)) {
        call_out(c, 0, x.dtype, -1, NULL);
        return true;
    }
    for (size_t i = 0; i < n; i++) {
        int a;
        if (!call_axis(c, axis[i], x.rank, &a))
            return false;
        if (dim_known(x.dim[a]) && x.dim[a] != 1)
            return call_refuse(c, "axis %d has size %lld, not 1", a, (long long)x.dim[a]);
        gone[a] = true;
    }
    for (int d = 0; d < x.rank; d++) {
        if (!call_has(c, 1) && !dim_known(x.dim[d])) {
            call_out(c, 0, x.dtype, -1, NULL);
            return true;
        }
        if (!(call_has(c, 1) ? gone[d] : x.dim[d] == 1))
            dim[rank++] = x.dim[d];
    }
    call_out(c, 0, x.dtype, rank, dim);
    return true;
}

bool infer_unsqueeze(GraphCall *c)
{
    GType x = call_type(c, 0);
    const int64_t *axis;
    size_t n;
    bool new[GRAPH_MAX_RANK] = {0};
    int64_t dim[GRAPH_MAX_RANK];
    if (!call_const_ints(c, 1, &axis, &n)) {
        call_out(c, 0, x.dtype, -1, NULL);
        return true;
    }
    if (n + (size_t)x.rank > GRAPH_MAX_RANK)
        return call_refuse(c, "its result has more than %d dimensions", GRAPH_MAX_RANK);
    int rank = x.rank + (int)n;
    for (size_t i = 0; i < n; i++) {
        int a;
        if (!call_axis(c, axis[i], rank, &a))
            return false;
        if (new[a])
            return call_refuse(c, "axis %d is given twice", a);
        new[a] = true;
    }
    for (int d = 0, from = 0; d < rank; d++)
        dim[d] = new[d] ? 1 : x.dim[from++];
    call_out(c, 0, x.dtype, rank, dim);
    return true;
}

/* Dimensions of size 1 aside, a common run of equal dimensions at either end keeps its axes; only
** what lies between goes by position. */
bool lower_reshape(LowerCall *l)
{
    GType x = lower_type(l, 0), y = lower_out_type(l, 0);
    Axes ax = lower_axes_of(l, y);
    const Node *index[GRAPH_MAX_RANK];
    int fx = 0, fy = 0, ex = x.rank, ey = y.rank;
    for (;;) {
        while (fx < ex && x.dim[fx] == 1)
            index[fx++] = ix(l, 0);
        while (fy < ey && y.dim[fy] == 1)
            fy++;
        if (fx == ex || fy == ey || x.dim[fx] != y.dim[fy])
            break;
        index[fx++] = ax.at[fy++];
    }
    for (;;) {
        while (ex > fx && x.dim[ex - 1] == 1)
            index[--ex] = ix(l, 0);
        while (ey > fy && y.dim[ey - 1] == 1)
            ey--;
        if (fx == ex || fy == ey || x.dim[ex - 1] != y.dim[ey - 1])
            break;
        index[--ex] = ax.at[--ey];
    }
    ix_unflat(l, ix_flat(l, ey - fy, y.dim + fy, ax.at + fy), ex - fx, x.dim + fx, index + fx);
    lower_out(l, 0, &ax, lower_at(l, 0, index));
    return true;
}

/* ---- order ---- */

static bool permutation(GraphCall *c, int *perm)
{
    int rank = call_rank(c, 0);
    const GAttr *a = call_attr(c, A_transpose_perm);
    bool seen[GRAPH_MAX_RANK] = {0};
    for (int d = 0; d < rank; d++)
        perm[d] = rank - 1 - d;
    if (a->kind == GA_NONE)
        return true;
    if ((int)a->n != rank)
        return call_refuse(c, "perm has %u entries, but x has rank %d", a->n, rank);
    for (int d = 0; d < rank; d++) {
        if (a->at.is[d] < 0 || a->at.is[d] >= rank || seen[a->at.is[d]])
            return call_refuse(c, "perm must name each of the axes 0 to %d once", rank - 1);
        seen[a->at.is[d]] = true;
        perm[d] = (int)a->at.is[d];
    }
    return true;
}

bool infer_transpose(GraphCall *c)
{
    GType x = call_type(c, 0);
    int perm[GRAPH_MAX_RANK];
    int64_t dim[GRAPH_MAX_RANK];
    if (!permutation(c, perm))
        return false;
    for (int d = 0; d < x.rank; d++)
        dim[d] = x.dim[perm[d]];
    call_out(c, 0, x.dtype, x.rank, dim);
    return true;
}

bool lower_transpose(LowerCall *l)
{
    int perm[GRAPH_MAX_RANK];
    const Node *index[GRAPH_MAX_RANK];
    Axes ax = lower_axes_of(l, lower_out_type(l, 0));
    permutation(&l->call, perm);
    for (int d = 0; d < ax.n; d++)
        index[perm[d]] = ax.at[d];
    lower_out(l, 0, &ax, lower_at(l, 0, index));
    return true;
}

/* ---- joining and cutting ---- */

bool infer_concat(GraphCall *c)
{
    GType x = call_type(c, 0);
    int64_t dim[GRAPH_MAX_RANK];
    int axis;
    if (!call_axis(c, call_int(c, A_concat_axis), x.rank, &axis))
        return false;
    mem_copy(dim, x.dim, (size_t)x.rank * sizeof *dim);
    for (size_t i = 1; i < c->node->nin; i++) {
        GType in = call_type(c, i);
        if (in.rank != x.rank)
            return call_refuse(c, "its inputs have ranks %d and %d", x.rank, in.rank);
        for (int d = 0; d < x.rank; d++) {
            if (d == axis)
                dim[d] = dim_known(dim[d]) && dim_known(in.dim[d]) ? dim[d] + in.dim[d] : DIM_ANY;
            else if (dim_known(dim[d]) && dim_known(in.dim[d]) && dim[d] != in.dim[d])
                return call_refuse(c, "inputs 0 and %zu differ on axis %d: %lld and %lld", i, d,
                                   (long long)dim[d], (long long)in.dim[d]);
            else if (!dim_known(dim[d]) && dim_known(in.dim[d]))
                dim[d] = in.dim[d];
        }
    }
    call_out(c, 0, x.dtype, x.rank, dim);
    return true;
}

/* The element of one of the inputs i .. i + n - 1, where input i begins at `start` of the axis: by
** halves, as there may be hundreds. */
static const Node *joined(LowerCall *l, const Axes *ax, int axis, size_t i, size_t n,
                          const int64_t *start)
{
    if (n == 1) {
        const Node *index[GRAPH_MAX_RANK];
        memcpy(index, ax->at, sizeof index);
        index[axis] = ix_sub(l->call.A, ax->at[axis], ix(l, start[i]));
        return lower_at(l, i, index);
    }
    size_t half = n / 2, middle = i + half;
    if (start[middle] == start[i]) /* the first half is empty */
        return joined(l, ax, axis, middle, n - half, start);
    if (start[i + n] == start[middle])
        return joined(l, ax, axis, i, half, start);
    const Node *low = joined(l, ax, axis, i, half, start),
               *high = joined(l, ax, axis, middle, n - half, start);
    return te_select(l->te, te_op(l->te, OP_Lt, ax->at[axis], ix(l, start[middle])), low, high);
}

bool lower_concat(LowerCall *l)
{
    int axis;
    GType y = lower_out_type(l, 0);
    size_t n = l->call.node->nin;
    Axes ax = lower_axes_of(l, y);
    call_axis(&l->call, call_int(&l->call, A_concat_axis), y.rank, &axis);
    int64_t *start = ARENA_ARRAY(l->call.A, int64_t, n + 1);
    for (size_t i = 0; i < n; i++)
        start[i + 1] = start[i] + lower_type(l, i).dim[axis];
    lower_out(l, 0, &ax, joined(l, &ax, axis, 0, n, start));
    return true;
}

/* The size of each part; false, without an error, where it is not known. */
static bool split_sizes(GraphCall *c, int axis, int64_t *size, bool *ok)
{
    int64_t whole = call_dim(c, 0, axis), sum = 0;
    size_t n, parts = c->node->nout;
    const int64_t *given;
    const GAttr *count = call_attr(c, A_split_num_outputs);
    *ok = true;
    if (count->kind != GA_NONE && (count->at.i < 1 || (size_t)count->at.i != parts)) {
        *ok = false;
        return call_refuse(c, "num_outputs is %lld, but it has %zu outputs", (long long)count->at.i,
                           parts);
    }
    if (call_has(c, 1)) {
        if (!call_const_ints(c, 1, &given, &n))
            return false;
        for (size_t i = 0; i < n && i < parts; i++) {
            if (given[i] < 0 || __builtin_add_overflow(sum, given[i], &sum))
                n = 0;
            size[i] = given[i];
        }
        if (n != parts || (dim_known(whole) && sum != whole)) {
            *ok = false;
            return call_refuse(c, "its %zu parts do not make up the axis of size %lld", parts,
                               (long long)whole);
        }
        return true;
    }
    if (!dim_known(whole))
        return false;
    int64_t part = (whole + (int64_t)parts - 1) / (int64_t)parts;
    for (size_t i = 0; i < parts; i++, whole -= part)
        size[i] = whole < part ? (whole > 0 ? whole : 0) : part;
    return true;
}

bool infer_split(GraphCall *c)
{
    GType x = call_type(c, 0);
    int axis;
    bool ok;
    int64_t dim[GRAPH_MAX_RANK], *size = ARENA_ARRAY(c->A, int64_t, c->node->nout);
    if (!call_axis(c, call_int(c, A_split_axis), x.rank, &axis))
        return false;
    bool known = split_sizes(c, axis, size, &ok);
    mem_copy(dim, x.dim, (size_t)x.rank * sizeof *dim);
    for (size_t i = 0; ok && i < c->node->nout; i++) {
        dim[axis] = known ? size[i] : DIM_ANY;
        call_out(c, i, x.dtype, x.rank, dim);
    }
    return ok;
}

bool lower_split(LowerCall *l)
{
    int axis;
    int64_t from = 0;
    call_axis(&l->call, call_int(&l->call, A_split_axis), lower_type(l, 0).rank, &axis);
    for (size_t k = 0; k < l->call.node->nout; k++) {
        GType y = lower_out_type(l, k);
        Axes ax = lower_axes_of(l, y);
        const Node *index[GRAPH_MAX_RANK];
        memcpy(index, ax.at, sizeof index);
        index[axis] = ix_add(l->call.A, ax.at[axis], ix(l, from));
        lower_out(l, k, &ax, lower_at(l, 0, index));
        from += y.dim[axis];
    }
    return true;
}

/* ---- slices ---- */

typedef struct Cut {
    int64_t start, step, size;
} Cut;

/* The part of an axis of size n that start:end:step names, clipped as numpy does. */
static Cut cut(int64_t n, int64_t start, int64_t end, int64_t step)
{
    int64_t low = step > 0 ? 0 : -1, high = step > 0 ? n : n - 1;
    start = start < 0 ? (start < -n ? low : start + n) : start;
    end = end < 0 ? (end < -n ? low : end + n) : end;
    start = start < low ? low : start > high ? high : start;
    end = end < low ? low : end > high ? high : end;
    int64_t span = step > 0 ? end - start : start - end;
    uint64_t pace = step > 0 ? (uint64_t)step : 0 - (uint64_t)step;
    int64_t size = span > 0 ? (int64_t)(((uint64_t)span - 1) / pace) + 1 : 0;
    return (Cut){start, step, size};
}

/* The cut of each axis; false where it is not known.  Axes not named stay whole. */
static bool slice_cuts(GraphCall *c, Cut *cuts, bool *named, bool *ok)
{
    const int64_t *start, *end, *axes = NULL, *steps = NULL;
    size_t n, m, k = 0;
    int rank = call_rank(c, 0);
    *ok = true;
    for (int d = 0; d < rank; d++) {
        cuts[d] = (Cut){0, 1, call_dim(c, 0, d)};
        named[d] = false;
    }
    bool starts = call_const_ints(c, 1, &start, &n), ends = call_const_ints(c, 2, &end, &m);
    if (!starts || !ends || (call_has(c, 3) && !call_const_ints(c, 3, &axes, &k)) ||
        (call_has(c, 4) && !call_const_ints(c, 4, &steps, &k)))
        return false;
    if (n != m || (axes && call_dim(c, 3, 0) != (int64_t)n) ||
        (steps && call_dim(c, 4, 0) != (int64_t)n) || n > (size_t)rank)
        return *ok = call_refuse(
                   c, "starts, ends, axes and steps must be as many, at most one an axis");
    for (size_t i = 0; i < n; i++) {
        int a;
        int64_t step = steps ? steps[i] : 1;
        if (!call_axis(c, axes ? axes[i] : (int64_t)i, rank, &a))
            return *ok = false;
        if (!step || named[a])
            return *ok = call_refuse(
                       c, step ? "axis %d is given twice" : "the step on axis %d is 0", a);
        named[a] = true;
        if (dim_known(cuts[a].size))
            cuts[a] = cut(cuts[a].size, start[i], end[i], step);
        else
            cuts[a].size = DIM_ANY;
    }
    return true;
}

bool infer_slice(GraphCall *c)
{
    GType x = call_type(c, 0);
    Cut cuts[GRAPH_MAX_RANK];
    bool named[GRAPH_MAX_RANK], ok;
    int64_t dim[GRAPH_MAX_RANK];
    for (size_t i = 1; i < c->node->nin; i++)
        if (call_has(c, i) && call_rank(c, i) != 1)
            return call_refuse(c, "starts, ends, axes and steps must be lists");
    bool known = slice_cuts(c, cuts, named, &ok);
    for (int d = 0; d < x.rank; d++)
        dim[d] = known ? cuts[d].size : DIM_ANY;
    if (ok)
        call_out(c, 0, x.dtype, x.rank, dim);
    return ok;
}

bool lower_slice(LowerCall *l)
{
    Cut cuts[GRAPH_MAX_RANK];
    bool named[GRAPH_MAX_RANK], ok;
    if (!slice_cuts(&l->call, cuts, named, &ok))
        return ok && call_cannot(&l->call, "its limits are not constant");
    Axes ax = lower_axes_of(l, lower_out_type(l, 0));
    const Node *index[GRAPH_MAX_RANK];
    for (int d = 0; d < ax.n; d++)
        index[d] = ix_add(l->call.A, ix_mul(l->call.A, ax.at[d], ix(l, cuts[d].step)),
                          ix(l, cuts[d].start));
    lower_out(l, 0, &ax, lower_at(l, 0, index));
    return true;
}

/* ---- copies ---- */

bool infer_expand(GraphCall *c)
{
    GType x = call_type(c, 0);
    const int64_t *want;
    size_t n;
    int64_t dim[GRAPH_MAX_RANK];
    if (!call_const_ints(c, 1, &want, &n)) {
        int length = call_shape_length(c, 1);
        call_out(c, 0, x.dtype, length < 0 || length > x.rank ? length : x.rank, dims_unknown);
        return true;
    }
    if (n > GRAPH_MAX_RANK)
        return call_refuse(c, "a shape of %zu dimensions; at most %d are possible", n,
                           GRAPH_MAX_RANK);
    int rank = x.rank;
    mem_copy(dim, x.dim, (size_t)rank * sizeof *dim);
    for (size_t d = 0; d < n; d++)
        if (want[d] < 0)
            return call_refuse(c, "the shape has a negative dimension");
    if (!broadcast_dims(dim, &rank, want, (int)n))
        return call_refuse(c, "%s does not stretch to %s", gtype_text(c->A, NULL, x),
                           gtype_text(c->A, NULL, (GType){x.dtype, (int8_t)n, want}));
    call_out(c, 0, x.dtype, rank, dim);
    return true;
}

bool lower_expand(LowerCall *l)
{
    Axes ax = lower_axes_of(l, lower_out_type(l, 0));
    lower_out(l, 0, &ax, lower_load(l, 0, &ax));
    return true;
}

bool infer_tile(GraphCall *c)
{
    GType x = call_type(c, 0);
    const int64_t *times;
    size_t n;
    int64_t dim[GRAPH_MAX_RANK];
    bool known = call_const_ints(c, 1, &times, &n);
    if (known && n != (size_t)x.rank)
        return call_refuse(c, "it has %zu repeats, but x has rank %d", n, x.rank);
    for (int d = 0; d < x.rank; d++) {
        dim[d] = DIM_ANY;
        if (known && (times[d] < 0 ||
                      (dim_known(x.dim[d]) && __builtin_mul_overflow(x.dim[d], times[d], &dim[d]))))
            return call_refuse(c, "it cannot repeat axis %d %lld times", d, (long long)times[d]);
        if (!dim_known(x.dim[d]))
            dim[d] = DIM_ANY;
    }
    call_out(c, 0, x.dtype, x.rank, dim);
    return true;
}

bool lower_tile(LowerCall *l)
{
    GType x = lower_type(l, 0);
    Axes ax = lower_axes_of(l, lower_out_type(l, 0));
    const Node *index[GRAPH_MAX_RANK];
    for (int d = 0; d < x.rank; d++)
        index[d] = x.dim[d] == 1 ? ix(l, 0) : ix_mod(l->call.A, ax.at[d], ix(l, x.dim[d]));
    lower_out(l, 0, &ax, lower_at(l, 0, index));
    return true;
}
