/* gather.c -- elements by computed place: gather, pad, blocks, triangles, one-hot. */
#include <string.h>

#include "core/graph/ops/lower.h"

/* ---- gather ---- */

bool infer_gather(GraphCall *c)
{
    GType x = call_type(c, 0), at = call_type(c, 1);
    int64_t dim[2 * GRAPH_MAX_RANK];
    int axis, rank = 0;
    if (!call_axis(c, call_int(c, A_gather_axis), x.rank, &axis))
        return false;
    if (x.rank + at.rank - 1 > GRAPH_MAX_RANK)
        return call_refuse(c, "its result has more than %d dimensions", GRAPH_MAX_RANK);
    for (int d = 0; d < axis; d++)
        dim[rank++] = x.dim[d];
    for (int d = 0; d < at.rank; d++)
        dim[rank++] = at.dim[d];
    for (int d = axis + 1; d < x.rank; d++)
        dim[rank++] = x.dim[d];
    call_out(c, 0, x.dtype, rank, dim);
    return true;
}

bool lower_gather(LowerCall *l)
{
    GType x = lower_type(l, 0), at = lower_type(l, 1);
    int axis;
    call_axis(&l->call, call_int(&l->call, A_gather_axis), x.rank, &axis);
    Axes ax = lower_axes_of(l, lower_out_type(l, 0));
    const Node *index[GRAPH_MAX_RANK];
    for (int d = 0; d < x.rank; d++)
        index[d] = d < axis ? ax.at[d] : d > axis ? ax.at[d + at.rank - 1] : NULL;
    index[axis] = lower_wrapped(l, lower_at(l, 1, ax.at + axis), x.dim[axis]);
    lower_out(l, 0, &ax, lower_at(l, 0, index));
    return true;
}

bool infer_gather_elements(GraphCall *c)
{
    GType x = call_type(c, 0), at = call_type(c, 1);
    int axis;
    if (at.rank != x.rank)
        return call_refuse(c, "x has rank %d, but indices %d", x.rank, at.rank);
    if (!call_axis(c, call_int(c, A_gather_elements_axis), x.rank, &axis))
        return false;
    for (int d = 0; d < x.rank; d++)
        if (d != axis && dim_known(x.dim[d]) && at.dim[d] > x.dim[d])
            return call_refuse(c, "indices are longer than x on axis %d", d);
    call_out(c, 0, x.dtype, at.rank, at.dim);
    return true;
}

bool lower_gather_elements(LowerCall *l)
{
    GType x = lower_type(l, 0);
    int axis;
    call_axis(&l->call, call_int(&l->call, A_gather_elements_axis), x.rank, &axis);
    Axes ax = lower_axes_of(l, lower_out_type(l, 0));
    const Node *index[GRAPH_MAX_RANK];
    memcpy(index, ax.at, sizeof index);
    index[axis] = lower_wrapped(l, lower_at(l, 1, ax.at), x.dim[axis]);
    lower_out(l, 0, &ax, lower_at(l, 0, index));
    return true;
}

bool infer_gather_nd(GraphCall *c)
{
    GType x = call_type(c, 0), at = call_type(c, 1);
    int64_t batch = call_int(c, A_gather_nd_batch_dims);
    int64_t dim[2 * GRAPH_MAX_RANK], width = at.rank ? at.dim[at.rank - 1] : 0;
    int rank = 0;
    if (at.rank < 1 || batch < 0 || batch >= at.rank || batch >= x.rank)
        return call_refuse(c, "batch_dims %lld does not fit its inputs", (long long)batch);
    if (!dim_known(width)) {
        call_out(c, 0, x.dtype, -1, NULL);
        return true;
    }
    if (width < 1 || width > x.rank - batch)
        return call_refuse(c, "rows of %lld indices for %lld axes", (long long)width,
                           (long long)(x.rank - batch));
    if (at.rank - 1 + x.rank - batch - width > GRAPH_MAX_RANK)
        return call_refuse(c, "its result has more than %d dimensions", GRAPH_MAX_RANK);
    for (int d = 0; d < batch; d++)
        if (dim_known(at.dim[d]) && dim_known(x.dim[d]) && at.dim[d] != x.dim[d])
            return call_refuse(c, "axis %d has size %lld in x, but %lld in indices", d,
                               (long long)x.dim[d], (long long)at.dim[d]);
    for (int d = 0; d < at.rank - 1; d++)
        dim[rank++] = at.dim[d];
    for (int d = (int)(batch + width); d < x.rank; d++)
        dim[rank++] = x.dim[d];
    call_out(c, 0, x.dtype, rank, dim);
    return true;
}

bool lower_gather_nd(LowerCall *l)
{
    GType x = lower_type(l, 0), at = lower_type(l, 1);
    int batch = (int)call_int(&l->call, A_gather_nd_batch_dims), width = (int)at.dim[at.rank - 1];
    Axes ax = lower_axes_of(l, lower_out_type(l, 0));
    const Node *index[GRAPH_MAX_RANK], *row[GRAPH_MAX_RANK];
    memcpy(row, ax.at, sizeof row);
    for (int d = 0; d < x.rank; d++) {
        if (d < batch) {
            index[d] = ax.at[d];
        } else if (d < batch + width) {
            row[at.rank - 1] = ix(l, d - batch);
            index[d] = lower_wrapped(l, lower_at(l, 1, row), x.dim[d]);
        } else {
            index[d] = ax.at[at.rank - 1 + d - batch - width];
        }
    }
    lower_out(l, 0, &ax, lower_at(l, 0, index));
    return true;
}

/* ---- pad ---- */

/* How much is added before and after each axis; false, without an error, where it is not known. */
static bool pad_amounts(GraphCall *c, int64_t *before, int64_t *after, bool *ok)
{
    const int64_t *pads, *axes = NULL;
    size_t n, k = 0;
    int rank = call_rank(c, 0);
    *ok = true;
    if (!call_const_ints(c, 1, &pads, &n) || (call_has(c, 3) && !call_const_ints(c, 3, &axes, &k)))
        return false;
    size_t count = axes ? k : (size_t)rank;
    if (n != 2 * count || count > (size_t)rank)
        return *ok = call_refuse(c, "%zu pads for %zu axes: each axis has two", n, count);
    for (int d = 0; d < rank; d++)
        before[d] = after[d] = 0;
    for (size_t i = 0; i < count; i++) {
        int a;
        if (!call_axis(c, axes ? axes[i] : (int64_t)i, rank, &a))
            return *ok = false;
        before[a] = pads[i];
        after[a] = pads[i + count];
    }
    return true;
}

bool infer_pad(GraphCall *c)
{
    GType x = call_type(c, 0);
    int64_t before[GRAPH_MAX_RANK], after[GRAPH_MAX_RANK], dim[GRAPH_MAX_RANK];
    bool ok, known = pad_amounts(c, before, after, &ok);
    const char *mode = call_str(c, A_pad_mode);
    static const char *const modes[] = {"constant", "reflect", "edge", "wrap"};
    int m = 0;
    while (m < 4 && strcmp(modes[m], mode) != 0)
        m++;
    if (m == 4)
        return call_refuse(c, "mode '%s' is none of constant, reflect, edge and wrap", mode);
    if (call_has(c, 2) && call_type(c, 2).dtype != x.dtype)
        return call_refuse(c, "the padding's type is not x's");
    if (!call_one_number(c, 2))
        return false;
    for (int d = 0; ok && d < x.rank; d++) {
        dim[d] = known && dim_known(x.dim[d]) ? x.dim[d] : DIM_ANY;
        if (dim[d] == DIM_ANY)
            continue;
        if (__builtin_add_overflow(dim[d], before[d], &dim[d]) ||
            __builtin_add_overflow(dim[d], after[d], &dim[d]) || dim[d] < 0)
            return call_refuse(c, "axis %d cannot be padded by %lld and %lld", d,
                               (long long)before[d], (long long)after[d]);
        int64_t most = m == 1 ? x.dim[d] - 1 : m == 0 ? INT64_MAX : x.dim[d] ? INT64_MAX : 0;
        if (before[d] > most || after[d] > most)
            return call_refuse(c, "axis %d of size %lld is too short for %s padding by %lld", d,
                               (long long)x.dim[d], mode,
                               (long long)(before[d] > after[d] ? before[d] : after[d]));
    }
    if (ok)
        call_out(c, 0, x.dtype, x.rank, dim);
    return ok;
}

bool lower_pad(LowerCall *l)
{
    GType x = lower_type(l, 0);
    Arena *A = l->call.A;
    int64_t before[GRAPH_MAX_RANK], after[GRAPH_MAX_RANK];
    bool ok;
    char mode = call_str(&l->call, A_pad_mode)[0];
    if (!pad_amounts(&l->call, before, after, &ok))
        return ok && call_cannot(&l->call, "its pads are not constant");
    Axes ax = lower_axes_of(l, lower_out_type(l, 0));
    const Node *index[GRAPH_MAX_RANK], *inside = ir_bool(A, true);
    for (int d = 0; d < x.rank; d++) {
        const Node *i = ix_sub(A, ax.at[d], ix(l, before[d]));
        int64_t n = x.dim[d];
        bool grows = before[d] > 0 || after[d] > 0;
        if (grows && mode == 'c')
            inside = ir_and(A, inside, in_range(l, i, n));
        else if (grows && mode == 'e')
            i = ix_max(A, ix(l, 0), ix_min(A, i, ix(l, n - 1)));
        else if (grows && mode == 'w')
            i = ix_mod(A, i, ix(l, n));
        else if (grows && mode == 'r') { /* n-1 - |n-1 - |i||: a mirror at 0 and one at n-1 */
            i = ix_max(A, i, ix_sub(A, ix(l, 0), i));
            const Node *j = ix_sub(A, ix(l, n - 1), i);
            i = ix_sub(A, ix(l, n - 1), ix_max(A, j, ix_sub(A, ix(l, 0), j)));
        }
        index[d] = i;
    }
    const Node *e = lower_at(l, 0, index);
    if (!ir_is_true(inside)) {
        const Node *fill = call_has(&l->call, 2) ? lower_at(l, 2, (const Node *[]){ix(l, 0)})
                                                 : te_num(l->te, x.dtype, 0);
        e = te_select(l->te, inside, e, fill);
    }
    lower_out(l, 0, &ax, e);
    return true;
}

/* ---- blocks of pixels ---- */

bool infer_depth_space(GraphCall *c)
{
    GType x = call_type(c, 0);
    bool to_space = gnode_is(c->node, GOP_depth_to_space);
    int64_t b = call_int(c, A_depth_to_space_blocksize);
    if (x.rank != 4)
        return call_refuse(c, "x has rank %d, not 4", x.rank);
    if (b < 1 || b > 1 << 15)
        return call_refuse(c, "blocksize %lld is not possible", (long long)b);
    int64_t dim[4] = {x.dim[0], DIM_ANY, DIM_ANY, DIM_ANY};
    for (int d = 1; d < 4; d++) {
        int64_t n = x.dim[d], by = d == 1 ? b * b : b;
        bool shrink = (d == 1) == to_space;
        if (!dim_known(n))
            continue;
        if (shrink && n % by)
            return call_refuse(c, "axis %d of size %lld does not divide by %lld", d, (long long)n,
                               (long long)by);
        dim[d] = shrink ? n / by : n * by;
    }
    call_out(c, 0, x.dtype, 4, dim);
    return true;
}

bool lower_depth_space(LowerCall *l)
{
    Arena *A = l->call.A;
    const Node *b = ix(l, call_int(&l->call, A_depth_to_space_blocksize));
    Axes ax = lower_axes_of(l, lower_out_type(l, 0));
    const Node *c = ax.at[1], *y = ax.at[2], *x = ax.at[3];
    if (gnode_is(l->call.node, GOP_depth_to_space)) {
        const Node *by = ix_mod(A, y, b), *bx = ix_mod(A, x, b);
        const Node *block = ix_add(A, ix_mul(A, by, b), bx);
        bool crd = !strcmp(call_str(&l->call, A_depth_to_space_mode), "CRD");
        const Node *channels = ix(l, lower_out_type(l, 0).dim[1]);
        const Node *from = crd ? ix_add(A, ix_mul(A, c, ix_mul(A, b, b)), block)
                               : ix_add(A, ix_mul(A, block, channels), c);
        const Node *index[] = {ax.at[0], from, ix_div(A, y, b), ix_div(A, x, b)};
        lower_out(l, 0, &ax, lower_at(l, 0, index));
        return true;
    }
    const Node *channels = ix(l, lower_type(l, 0).dim[1]), *block = ix_div(A, c, channels);
    const Node *index[] = {ax.at[0], ix_mod(A, c, channels),
                           ix_add(A, ix_mul(A, y, b), ix_div(A, block, b)),
                           ix_add(A, ix_mul(A, x, b), ix_mod(A, block, b))};
    lower_out(l, 0, &ax, lower_at(l, 0, index));
    return true;
}

/* ---- by place ---- */

bool infer_trilu(GraphCall *c)
{
    if (call_rank(c, 0) < 2)
        return call_refuse(c, "x is no matrix");
    call_out_like(c, 0, 0);
    return call_one_number(c, 1);
}

bool lower_trilu(LowerCall *l)
{
    GType x = lower_type(l, 0);
    Arena *A = l->call.A;
    Axes ax = lower_axes_of(l, x);
    const Node *k = call_has(&l->call, 1) ? lower_at(l, 1, (const Node *[]){ix(l, 0)}) : ix(l, 0);
    const Node *off = ix_sub(A, ax.at[x.rank - 1], ax.at[x.rank - 2]);
    const Node *keep = te_op(l->te, call_int(&l->call, A_trilu_upper) ? OP_Ge : OP_Le, off, k);
    const Node *zero = x.dtype == DT_bool ? ir_bool(A, false) : te_num(l->te, x.dtype, 0);
    lower_out(l, 0, &ax, te_select(l->te, keep, lower_load(l, 0, &ax), zero));
    return true;
}

bool infer_reverse_sequence(GraphCall *c)
{
    int64_t batch = call_int(c, A_reverse_sequence_batch_axis);
    int64_t time = call_int(c, A_reverse_sequence_time_axis);
    if (call_rank(c, 0) < 2 || batch < 0 || batch > 1 || time != 1 - batch)
        return call_refuse(c, "batch_axis and time_axis must be 0 and 1");
    call_out_like(c, 0, 0);
    return call_list_of(c, 1, call_dim(c, 0, (int)batch));
}

bool lower_reverse_sequence(LowerCall *l)
{
    GType x = lower_type(l, 0);
    Arena *A = l->call.A;
    int64_t batch = call_int(&l->call, A_reverse_sequence_batch_axis);
    int64_t time = call_int(&l->call, A_reverse_sequence_time_axis);
    Axes ax = lower_axes_of(l, x);
    const Node *index[GRAPH_MAX_RANK], *t = ax.at[time];
    const Node *len = lower_at(l, 1, &ax.at[batch]);
    memcpy(index, ax.at, sizeof index);
    index[time] =
        te_select(l->te, te_op(l->te, OP_Lt, t, len), ix_sub(A, ix_sub(A, len, ix(l, 1)), t), t);
    lower_out(l, 0, &ax, lower_at(l, 0, index));
    return true;
}

bool infer_one_hot(GraphCall *c)
{
    GType at = call_type(c, 0);
    double depth;
    int64_t dim[GRAPH_MAX_RANK + 1];
    int axis;
    if (at.rank + 1 > GRAPH_MAX_RANK)
        return call_refuse(c, "its result has more than %d dimensions", GRAPH_MAX_RANK);
    if (!call_axis(c, call_int(c, A_one_hot_axis), at.rank + 1, &axis) || !call_list_of(c, 2, 2))
        return false;
    bool known = call_const_number(c, 1, &depth);
    if (known && !(depth >= 0 && depth <= (double)GRAPH_MAX_ELEMENTS))
        return call_refuse(c, "a depth of %g is not possible", depth);
    for (int d = 0, from = 0; d <= at.rank; d++)
        dim[d] = d != axis ? at.dim[from++] : known ? (int64_t)depth : DIM_ANY;
    call_out(c, 0, call_type(c, 2).dtype, at.rank + 1, dim);
    return true;
}

bool lower_one_hot(LowerCall *l)
{
    GType y = lower_out_type(l, 0);
    int axis;
    call_axis(&l->call, call_int(&l->call, A_one_hot_axis), y.rank, &axis);
    Axes ax = lower_axes_of(l, y);
    const Node *index[GRAPH_MAX_RANK];
    for (int d = 0, from = 0; d < y.rank; d++)
        if (d != axis)
            index[from++] = ax.at[d];
    const Node *hit =
        te_op(l->te, OP_Eq, lower_wrapped(l, lower_at(l, 0, index), y.dim[axis]), ax.at[axis]);
    lower_out(l, 0, &ax,
              te_select(l->te, hit, lower_at(l, 2, (const Node *[]){ix(l, 1)}),
                        lower_at(l, 2, (const Node *[]){ix(l, 0)})));
    return true;
}
