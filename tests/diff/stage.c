/* stage.c -- the stages of random programs: one maker for each kind. */
#include "tests/diff/build.h"

#include <math.h>
#include <string.h>

static const Tens *source(const Build *b, int i)
{
    return &b->tensor[b->stage->src[i]];
}

/* Axes over the first `rank` of out.dim, cut down to the budget of iterations. */
static void open_axes(Build *b, int64_t inner)
{
    static const char *const names[2][MAX_DIMS] = {{"y", "x", "z"}, {"i", "j", "l"}};
    Tens *o = &b->out;
    int64_t all = inner;
    for (int d = 0; d < o->rank; d++)
        all *= o->dim[d];
    while (all > MAX_ITERATIONS) {
        int largest = 0;
        for (int d = 1; d < o->rank; d++)
            if (o->dim[d] > o->dim[largest])
                largest = d;
        if (o->rank == 0 || o->dim[largest] <= 1)
            break;
        all = all / o->dim[largest] * (o->dim[largest] / 2);
        o->dim[largest] /= 2;
    }
    for (int d = 0; d < o->rank; d++)
        b->axis[d] = te_axis(b->te, names[b->stage->way & 1][d], o->dim[d]);
}

static bool is_empty(const Tens *t)
{
    for (int d = 0; d < t->rank; d++)
        if (t->dim[d] == 0)
            return true;
    return false;
}

/* The tensor at the axes of the stage, the last dimensions to the last axes; smaller ones repeat,
** one without elements stands for 1. */
static const Node *at_axes(Build *b, const Tens *t, double *bound)
{
    const Node *index[MAX_DIMS];
    *bound = t->bound;
    if (is_empty(t))
        return te_num(b->te, t->type, 1);
    for (int d = 0; d < t->rank; d++) {
        int a = b->out.rank - t->rank + d;
        if (a < 0 || t->dim[d] == 1)
            index[d] = te_int(b->te, 0);
        else if (t->dim[d] >= b->out.dim[a])
            index[d] = b->axis[a];
        else
            index[d] = te_op(b->te, OP_FloorMod, b->axis[a], te_int(b->te, t->dim[d]));
    }
    return te_load(b->te, t->buffer, (size_t)t->rank, index);
}

static const Node *finish(Build *b, const Node *value, double bound)
{
    b->out.bound = bound;
    return te_compute(b->te, b->name, (size_t)b->out.rank, b->axis, value);
}

/* Sums and products in floats, whose order is seen, stand last in a program that is not exact. */
static Combiner allowed(Build *b, Combiner c, DType t)
{
    if (c == COMB_fma)
        c = COMB_sum;
    return b->spec->exact || !dtype_is_float(t) || c == COMB_max || c == COMB_min ? c
           : b->last                                                              ? c
                                                                                  : COMB_max;
}

/* What bounds the difference that an order makes.  A product has no bound where a part of it may
** leave the range of normal numbers: there the product of max(|x|, 1 / |x|) is infinite. */
static const Node *magnitude(Build *b, Combiner c, const Node *value)
{
    const Node *size = te_call(b->te, "abs", value);
    if (c != COMB_prod)
        return size;
    return te_max(b->te, size, te_op(b->te, OP_Div, te_num(b->te, (DType)size->type, 1), size));
}

static const Node *reduce(Build *b, Combiner c, size_t n, const Node *const *axes, int64_t terms,
                          const Node *value, double bound)
{
    DType t = (DType)value->type;
    c = allowed(b, c, t);
    if (c == COMB_prod) {
        value = within(b, value, &bound, 1);
    } else if (c == COMB_sum) {
        value = within(b, value, &bound, floor(whole_limit(t) / (double)(terms + 1)));
        bound *= (double)terms;
    }
    if ((c == COMB_sum || c == COMB_prod) && dtype_is_float(t) && !b->spec->exact) {
        b->terms = terms;
        if (b->magnitude)
            value = magnitude(b, c, value);
    }
    b->out.bound = bound;
    return te_reduce(b->te, b->name, c, (size_t)b->out.rank, b->axis, n, axes, value);
}

static void like(Build *b, const Tens *t)
{
    b->out = *t;
    b->out.buffer = NULL;
}

static const Node *make_pointwise(Build *b)
{
    const Tens *p = source(b, 0), *q = source(b, 1);
    double bound, other;
    like(b, p);
    if (b->stage->kind == STAGE_broadcast && p->rank < MAX_DIMS) {
        b->out.rank = p->rank + 1;
        memmove(b->out.dim + 1, p->dim, (size_t)p->rank * sizeof *p->dim);
        b->out.dim[0] = b->spec->extent[b->stage->way % POOL];
    }
    open_axes(b, 1);
    const Node *x = at_axes(b, p, &bound);
    if (b->stage->kind == STAGE_cast) {
        b->out.type = b->stage->cast;
        return finish(b, to_type(b, x, b->out.type, &bound), bound);
    }
    if (b->stage->kind == STAGE_elementwise)
        x = unary(b, x, &bound);
    if (b->stage->kind == STAGE_binary) {
        const Node *y = at_axes(b, q, &other);
        y = to_type(b, y, p->type, &other);
        x = binary(b, x, y, &bound, other);
    }
    if (b->stage->kind == STAGE_broadcast && b->stage->variant % 2 && b->out.rank)
        x = te_select(b->te, te_op(b->te, OP_Lt, b->axis[0], te_int(b->te, 2)), x,
                      unary(b, x, &bound));
    return finish(b, x, bound + 4);
}

/* out[the other dimensions] = reduction over one or two dimensions. */
static const Node *make_reduce(Build *b)
{
    const Tens *p = source(b, 0);
    static const char *const names[] = {"k", "r"};
    bool away[MAX_DIMS] = {false};
    int n = p->rank >= 2 && b->stage->variant % 2 ? 2 : p->rank ? 1 : 0;
    for (int i = 0; i < n; i++)
        away[(b->stage->way + i) % p->rank] = true;
    like(b, p);
    b->out.rank = 0;
    int64_t terms = 1;
    for (int d = 0; d < p->rank; d++)
        if (away[d])
            terms *= p->dim[d];
        else
            b->out.dim[b->out.rank++] = p->dim[d];
    open_axes(b, terms);
    const Node *index[MAX_DIMS], *axes[MAX_DIMS];
    int kept = 0, k = 0;
    for (int d = 0; d < p->rank; d++)
        index[d] = away[d] ? (axes[k] = te_reduce_axis(b->te, names[k], p->dim[d]), axes[k++])
                           : b->axis[kept++];
    double bound = p->bound;
    const Node *x = te_load(b->te, p->buffer, (size_t)p->rank, index);
    if (b->stage->variant & 4)
        x = unary(b, x, &bound);
    if (b->stage->combiner == COMB_fma) {
        x = within(b, x, &bound, 0x1p5);
        x = arith(b, OP_Mul, x, x);
        bound *= bound;
    }
    return reduce(b, b->stage->combiner, (size_t)n, axes, terms, x, bound);
}

/* out[…, x] = sum over k of p[…, k] * q[k, x]; a vector q gives one column. */
static const Node *make_matmul(Build *b)
{
    const Tens *p = source(b, 0), *q = source(b, 1);
    if (p->rank == 0 || q->rank == 0 || q->rank == MAX_DIMS || is_empty(p) || is_empty(q))
        return make_pointwise(b);
    like(b, p);
    int rows = p->rank == MAX_DIMS && q->rank == 2 ? 1 : p->rank - 1;
    int64_t terms = p->dim[p->rank - 1] < q->dim[0] ? p->dim[p->rank - 1] : q->dim[0];
    b->out.rank = rows + q->rank - 1;
    if (q->rank == 2)
        b->out.dim[rows] = q->dim[1];
    open_axes(b, terms);
    const Node *k = te_reduce_axis(b->te, "k", terms), *pi[MAX_DIMS], *qi[MAX_DIMS] = {k};
    for (int d = 0; d < p->rank - 1; d++)
        pi[d] = d < rows ? b->axis[d] : te_int(b->te, 0);
    pi[p->rank - 1] = k;
    if (q->rank == 2)
        qi[1] = b->axis[rows];
    double bp = p->bound, bq = q->bound;
    const Node *x = within(b, te_load(b->te, p->buffer, (size_t)p->rank, pi), &bp, 16);
    const Node *y = to_type(b, te_load(b->te, q->buffer, (size_t)q->rank, qi), p->type, &bq);
    y = within(b, y, &bq, 16);
    return reduce(b, COMB_sum, 1, &k, terms, arith(b, OP_Mul, x, y), bp * bq);
}

/* p where `axis` (the first) is `first`, at the stage's other axes. */
static const Node *row(Build *b, const Tens *p, const Node *first)
{
    const Node *index[MAX_DIMS];
    for (int d = 0; d < p->rank; d++)
        index[d] = d ? b->axis[d] : first;
    return te_load(b->te, p->buffer, (size_t)p->rank, index);
}

/* p, and then what stands for more of it. */
static const Node *make_longer(Build *b)
{
    const Tens *p = source(b, 0);
    Te *te = b->te;
    if (p->rank == 0)
        return make_pointwise(b);
    like(b, p);
    b->out.dim[0] = p->dim[0] + 1 + b->stage->way % 3;
    open_axes(b, 1);
    const Node *inside = te_op(te, OP_Lt, b->axis[0], te_int(te, p->dim[0]));
    return finish(b, te_select(te, inside, row(b, p, b->axis[0]), num(b, b->stage->variant % 8)),
                  p->bound + 8);
}

/* One row of p, chosen by a formula of the first axis. */
static const Node *make_moved(Build *b)
{
    const Tens *p = source(b, 0);
    Te *te = b->te;
    int64_t n = p->rank ? p->dim[0] : 0;
    if (n == 0)
        return make_pointwise(b);
    like(b, p);
    int form = b->stage->variant % 3;
    if (form == 2)
        b->out.dim[0] = 2 * n - 1;
    open_axes(b, 1);
    const Node *i = b->axis[0];
    if (form == 0) /* from the end to the start */
        i = te_sub(te, te_int(te, n - 1), i);
    else if (form == 1) /* around in a circle */
        i = te_op(te, OP_FloorMod, te_sub(te, i, te_int(te, 1 + b->stage->way)), te_int(te, n));
    else /* each twice, but the first */
        i = te_add(te, te_op(te, OP_FloorDiv, te_sub(te, i, te_int(te, 1)), te_int(te, 2)),
                   te_int(te, 1));
    double bound = p->bound;
    const Node *x = row(b, p, i);
    return finish(b, b->stage->variant & 4 ? unary(b, x, &bound) : x, bound);
}

static const Node *make_window(Build *b)
{
    const Tens *p = source(b, 0);
    if (p->rank == 0 || p->dim[0] < 3)
        return make_moved(b);
    Te *te = b->te;
    like(b, p);
    int64_t n = p->dim[0];
    int form = b->stage->variant % 3;
    b->out.dim[0] = form == 1 ? n / 2 : n - 2;
    open_axes(b, 1);
    const Node *i = b->axis[0], *sum;
    double bound = p->bound, most = 0x1p20;
    if (form == 1) {
        const Node *twice = te_mul(te, i, te_int(te, 2));
        const Node *x = within(b, row(b, p, twice), &bound, most);
        sum = arith(b, OP_Sub, x,
                    within(b, row(b, p, te_add(te, twice, te_int(te, 1))), &bound, most));
    } else {
        sum = NULL;
        for (int k = 0; k < 3; k++) {
            double own = p->bound;
            const Node *at = form == 0
                                 ? te_add(te, i, te_int(te, k))
                                 : te_add(te, te_sub(te, te_int(te, n - 1), i), te_int(te, -k));
            const Node *x = within(b, row(b, p, at), &own, most);
            sum = sum ? arith(b, OP_Add, sum, x) : x;
            bound = own;
        }
    }
    return finish(b, sum, bound * 3);
}

/* Rows of p, chosen by the elements of q. */
static const Node *make_gather(Build *b)
{
    const Tens *p = source(b, 0), *q = source(b, 1);
    Te *te = b->te;
    double bound;
    if (p->rank == 0 || p->dim[0] == 0)
        return make_pointwise(b);
    like(b, p);
    open_axes(b, 1);
    const Node *at = te_cast(te, DT_int64, at_axes(b, q, &bound));
    at = te_max(te, te_min(te, at, te_int(te, p->dim[0] - 1)), te_int(te, 0));
    return finish(b, row(b, p, at), p->bound);
}

/* Neighbours, with a value of its own beyond the ends. */
static const Node *make_pad(Build *b)
{
    const Tens *p = source(b, 0);
    if (p->rank == 0)
        return make_pointwise(b);
    Te *te = b->te;
    like(b, p);
    int64_t n = p->dim[0];
    b->out.dim[0] = n + 2 * (b->stage->variant & 1);
    open_axes(b, 1);
    const Node *i = te_sub(te, b->axis[0], te_int(te, 1));
    double bound = p->bound, other = p->bound, most = 0x1p20;
    const Node *inside =
        te_op(te, OP_And, te_op(te, OP_Ge, i, te_int(te, 0)), te_op(te, OP_Lt, i, te_int(te, n)));
    const Node *x = te_select(te, inside, within(b, row(b, p, i), &bound, most), num(b, 0));
    if (b->stage->variant & 2) {
        const Node *j = te_add(te, b->axis[0], te_int(te, 1));
        const Node *y = within(b, row(b, p, j), &other, most);
        x = arith(b, OP_Add, x, te_select(te, te_op(te, OP_Lt, j, te_int(te, n)), y, num(b, 1)));
    }
    return finish(b, x, bound + other + 1);
}

static const Node *make_transpose(Build *b)
{
    const Tens *p = source(b, 0);
    if (p->rank < 2)
        return make_moved(b);
    like(b, p);
    int turn = 1 + b->stage->way % (p->rank - 1);
    for (int d = 0; d < p->rank; d++)
        b->out.dim[d] = p->dim[(d + turn) % p->rank];
    open_axes(b, 1);
    const Node *index[MAX_DIMS];
    for (int d = 0; d < p->rank; d++)
        index[(d + turn) % p->rank] = b->axis[d];
    double bound = p->bound;
    const Node *x = te_load(b->te, p->buffer, (size_t)p->rank, index);
    return finish(b, b->stage->variant & 1 ? unary(b, x, &bound) : x, bound);
}

static const Node *make_reshape(Build *b)
{
    const Tens *p = source(b, 0);
    Te *te = b->te;
    if (p->rank == 0)
        return make_pointwise(b);
    like(b, p);
    const Node *index[MAX_DIMS];
    if (p->rank == 1) {
        int64_t m = 2 + b->stage->way % 3;
        b->out.rank = 2;
        b->out.dim[0] = p->dim[0] > m ? p->dim[0] / m : 1;
        b->out.dim[1] = p->dim[0] > m ? m : p->dim[0];
        open_axes(b, 1);
        index[0] = te_add(te, te_mul(te, b->axis[0], te_int(te, m)), b->axis[1]);
    } else {
        b->out.rank = 1;
        b->out.dim[0] = 1;
        for (int d = 0; d < p->rank; d++)
            b->out.dim[0] *= p->dim[d];
        open_axes(b, 1);
        const Node *rest = b->axis[0];
        for (int d = p->rank; d-- > 0;) {
            index[d] = d ? te_op(te, OP_FloorMod, rest, te_int(te, p->dim[d])) : rest;
            rest = te_op(te, OP_FloorDiv, rest, te_int(te, p->dim[d]));
        }
    }
    return finish(b, te_load(te, p->buffer, (size_t)p->rank, index), p->bound);
}

static const Node *make_select(Build *b)
{
    const Tens *p = source(b, 0), *q = source(b, 1);
    Te *te = b->te;
    double bound, other;
    like(b, p);
    open_axes(b, 1);
    const Node *x = at_axes(b, p, &bound);
    const Node *y = at_axes(b, q, &other), *cond;
    y = to_type(b, y, p->type, &other);
    const Node *i = b->out.rank ? b->axis[0] : te_int(te, 3);
    if (b->out.rank >= 2 && b->stage->variant & 1)
        cond = te_op(te, OP_Le, b->axis[1], i);
    else if (b->stage->variant & 2)
        cond = te_op(te, OP_Eq, te_op(te, OP_FloorMod, i, te_int(te, 2)), te_int(te, 0));
    else
        cond = te_op(te, OP_Ge, i, te_int(te, 1 + b->stage->way));
    return finish(b, te_select(te, cond, x, y), bound > other ? bound : other);
}

/* out[i, …] = sum over r < 3 of p[i + r, …] * q[r]. */
static const Node *make_convolve(Build *b)
{
    const Tens *p = source(b, 0), *q = source(b, 1);
    if (p->rank == 0 || p->dim[0] < 3)
        return make_pointwise(b);
    like(b, p);
    b->out.dim[0] = p->dim[0] - 2;
    open_axes(b, 3);
    const Node *r = te_reduce_axis(b->te, "r", 3);
    double bp = p->bound, bq = q->bound;
    const Node *x = within(b, row(b, p, te_add(b->te, b->axis[0], r)), &bp, 16);
    if (q->rank == 1 && q->dim[0] >= 3) {
        const Node *w = to_type(b, te_load(b->te, q->buffer, 1, &r), p->type, &bq);
        x = arith(b, OP_Mul, x, within(b, w, &bq, 16));
        bp *= bq;
    }
    return reduce(b, COMB_sum, 1, &r, 3, x, bp);
}

/* out[i, …] = out[i - 1, …] combined with p[i, …]: each iteration needs the one before. */
static const Node *make_scan(Build *b)
{
    const Tens *p = source(b, 0);
    Te *te = b->te;
    if (p->rank == 0 || is_empty(p))
        return make_pointwise(b);
    like(b, p);
    open_axes(b, 1);
    const Node *self = te_placeholder(te, arena_printf(b->A, "%sself", b->name), p->type,
                                      (size_t)p->rank, b->out.dim);
    const Node *i = b->axis[0];
    double bound = p->bound, last = 0x1p19;
    const Node *x = within(b, row(b, p, i), &bound, 0x1p4);
    Tens before = b->out;
    before.buffer = self;
    static const Op ops[] = {OP_Add, OP_Max, OP_Sub, OP_Min};
    const Node *inside = te_op(te, OP_Ge, i, te_int(te, 1)),
               *y = row(b, &before, te_sub(te, i, te_int(te, 1)));
    if (p->rank > 1 && b->stage->way & 2) { /* … by way of out[i - 1, j + 1] */
        const Node *index[MAX_DIMS] = {te_sub(te, i, te_int(te, 1)),
                                       te_add(te, b->axis[1], te_int(te, 1)), b->axis[2]};
        y = te_load(te, self, (size_t)p->rank, index);
        inside = te_op(te, OP_And, inside, te_op(te, OP_Lt, index[1], te_int(te, b->out.dim[1])));
    }
    y = within(b, arith(b, ops[b->stage->variant % 4], y, x), &(double){0x1p20}, last);
    const Node *out = finish(b, te_select(te, inside, y, x), last);
    if (!b->stage->gone)
        b->scan[b->nscans++] = (Subst){self, out};
    return out;
}

const Node *(*const stage_maker[STAGE_COUNT])(Build *) = {[STAGE_elementwise] = make_pointwise,
                                                          [STAGE_binary] = make_pointwise,
                                                          [STAGE_broadcast] = make_pointwise,
                                                          [STAGE_reduce] = make_reduce,
                                                          [STAGE_matmul] = make_matmul,
                                                          [STAGE_window] = make_window,
                                                          [STAGE_pad] = make_pad,
                                                          [STAGE_transpose] = make_transpose,
                                                          [STAGE_reshape] = make_reshape,
                                                          [STAGE_select] = make_select,
                                                          [STAGE_cast] = make_pointwise,
                                                          [STAGE_convolve] = make_convolve,
                                                          [STAGE_moved] = make_moved,
                                                          [STAGE_gather] = make_gather,
                                                          [STAGE_scan] = make_scan,
                                                          [STAGE_longer] = make_longer};
