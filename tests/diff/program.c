/* program.c -- random programs by tensor expressions. */
#include "tests/diff/diff.h"

#include <math.h>
#include <string.h>

#include "core/te/te.h"

enum { MAX_ITERATIONS = 20000 };

void spec_draw(Spec *s, Choices *c)
{
    static const int64_t small[] = {1, 2, 3, 4, 5, 7, 8, 13, 16, 17}, large[] = {31, 33, 64, 100};
    static const DType types[] = {DT_float32, DT_float32, DT_float32, DT_float32, DT_float64, DT_int32, DT_int32,
                                  DT_int8, DT_int16, DT_int64, DT_uint8, DT_uint16, DT_uint32, DT_uint64};
    memset(s, 0, sizeof *s);
    for (int i = 0; i < POOL; i++)
        s->extent[i] = chance(c, 10) ? large[choose(c, 4)] : small[choose(c, 10)];
    s->type = types[choose(c, 14)];
    s->exact = !dtype_is_float(s->type) || chance(c, 75);
    s->specials = !s->exact && chance(c, 40);
    s->seed = (uint64_t)choose(c, 256);
    s->ninputs = 1 + (int)choose(c, MAX_INPUTS);
    for (int i = 0; i < s->ninputs; i++) {
        s->input[i].rank = chance(c, 5) ? 0 : 1 + (int)choose(c, MAX_DIMS);
        for (int d = 0; d < MAX_DIMS; d++)
            s->input[i].dim[d] = (int)choose(c, POOL);
    }
    s->nstages = 1 + (int)choose(c, MAX_STAGES);
    for (int i = 0; i < s->nstages; i++) {
        Stage *t = &s->stage[i];
        static const Combiner combiners[] = {COMB_sum, COMB_sum, COMB_prod, COMB_max, COMB_min, COMB_fma};
        t->kind = (StageKind)choose(c, STAGE_COUNT);
        /* Mostly the tensor made last, so that stages form chains. */
        t->src[0] = i && chance(c, 65) ? s->ninputs + i - 1 : (int)choose(c, s->ninputs + i);
        t->src[1] = (int)choose(c, s->ninputs + i);
        t->variant = (int)choose(c, 16);
        t->way = (int)choose(c, 8);
        t->combiner = combiners[choose(c, 6)];
        t->cast = types[choose(c, 14)];
        t->result = i + 1 == s->nstages || chance(c, 10);
    }
}

/* ---- building ---- */

typedef struct Tens {
    const Node *buffer;
    DType type;
    int rank;
    int64_t dim[MAX_DIMS];
    double bound; /* |element| is at most this, in an exact program */
} Tens;

typedef struct Build {
    Arena *A;
    Te *te;
    const Spec *spec;
    bool magnitude; /* |x| in the last reduction */
    int64_t terms;  /* of a sum whose order matters */
    int ntensors;
    Tens tensor[MAX_TENSORS];
    /* of the stage at hand */
    const Stage *stage;
    bool last;
    const char *name;
    Tens out;
    const Node *axis[MAX_DIMS];
} Build;

static bool exact_float(const Build *b, DType t)
{
    return b->spec->exact && dtype_is_float(t);
}

/* Keeps the values of an exact program so small that no operation on them rounds. */
static const Node *within(Build *b, const Node *e, double *bound, double most)
{
    if (!exact_float(b, (DType)e->type) || *bound <= most)
        return e;
    *bound = most;
    DType t = (DType)e->type;
    return te_max(b->te, te_min(b->te, e, te_num(b->te, t, most)), te_num(b->te, t, -most));
}

static double whole_limit(DType t)
{
    return t == DT_float64 ? 0x1p52 : 0x1p24;
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

/* The tensor at the axes of the stage, the last dimensions to the last axes; smaller ones repeat. */
static const Node *at_axes(Build *b, const Tens *t, double *bound)
{
    const Node *index[MAX_DIMS];
    for (int d = 0; d < t->rank; d++) {
        int a = b->out.rank - t->rank + d;
        if (a < 0 || t->dim[d] == 1)
            index[d] = te_int(b->te, 0);
        else if (t->dim[d] >= b->out.dim[a])
            index[d] = b->axis[a];
        else
            index[d] = te_op(b->te, OP_FloorMod, b->axis[a], te_int(b->te, t->dim[d]));
    }
    *bound = t->bound;
    return te_load(b->te, t->buffer, (size_t)t->rank, index);
}

/* `e` in another type, small enough to stay exact there. */
static const Node *to_type(Build *b, const Node *e, DType t, double *bound)
{
    if (e->type == t)
        return e;
    if (exact_float(b, t) && !dtype_is_float((DType)e->type)) {
        e = te_op(b->te, OP_FloorMod, e, te_num(b->te, (DType)e->type, 8));
        *bound = 8;
    }
    if (dtype_is_float(t))
        e = within(b, e, bound, whole_limit(t));
    return te_cast(b->te, t, e);
}

static const Tens *source(const Build *b, int i)
{
    return &b->tensor[b->stage->src[i]];
}

static const Node *num(Build *b, double v)
{
    return te_num(b->te, b->out.type, v);
}

/* f(x), by the variant. */
static const Node *unary(Build *b, const Node *x, double *bound)
{
    Te *te = b->te;
    bool fl = dtype_is_float((DType)x->type), sg = dtype_is_signed((DType)x->type) || fl;
    x = within(b, x, bound, 0x1p20);
    switch (b->stage->variant % 8) {
    case 0: *bound = *bound * 2 + 1; return te_add(te, te_mul(te, x, num(b, 2)), num(b, 1));
    case 1: *bound += 3; return te_sub(te, x, num(b, 3));
    case 2: *bound += 1; return te_max(te, x, num(b, 1));
    case 3: *bound += 4; return te_min(te, x, num(b, 4));
    case 4: *bound += 2; return te_select(te, te_op(te, OP_Gt, x, num(b, 1)), te_sub(te, x, num(b, 2)), x);
    case 5: return fl ? te_call(te, "abs", x) : te_op(te, OP_FloorDiv, x, num(b, sg ? -3 : 3));
    case 6: return fl ? te_select(te, te_op(te, OP_Lt, x, num(b, 0)), num(b, 1), x)
                      : te_op(te, OP_FloorMod, x, num(b, 5));
    default: return fl ? x : te_op(te, OP_BitXor, te_op(te, OP_Shr, x, num(b, 1)), num(b, 5));
    }
}

static const Node *binary(Build *b, const Node *x, const Node *y, double *bound, double ybound)
{
    static const Op ops[] = {OP_Add, OP_Sub, OP_Mul, OP_Min, OP_Max, OP_Add, OP_FloorDiv, OP_Div};
    Op op = ops[b->stage->variant % 8];
    if (dtype_is_float((DType)x->type) && (op == OP_FloorDiv || op == OP_Div))
        op = OP_Sub;
    double most = op == OP_Mul ? 0x1p11 : 0x1p22;
    x = within(b, x, bound, most);
    y = within(b, y, &ybound, most);
    *bound = op == OP_Mul ? *bound * ybound : *bound + ybound;
    return te_op(b->te, op, x, y);
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
    return b->spec->exact || !dtype_is_float(t) || c == COMB_max || c == COMB_min ? c : b->last ? c : COMB_max;
}

static const Node *reduce(Build *b, Combiner c, size_t n, const Node *const *axes, int64_t terms, const Node *value,
                          double bound)
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
            value = te_call(b->te, "abs", value);
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
        x = te_select(b->te, te_op(b->te, OP_Lt, b->axis[0], te_int(b->te, 2)), x, unary(b, x, &bound));
    return finish(b, x, bound + 4);
}

/* out[the other dimensions] = reduction over one or two dimensions. */
static const Node *make_reduce(Build *b)
{
    const Tens *p = source(b, 0);
    static const char *const names[] = {"k", "r"};
    bool away[MAX_DIMS] = {false};
    int n = p->rank >= 2 && b->stage->variant % 3 == 0 ? 2 : p->rank ? 1 : 0;
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
        index[d] = away[d] ? (axes[k] = te_reduce_axis(b->te, names[k], p->dim[d]), axes[k++]) : b->axis[kept++];
    double bound = p->bound;
    const Node *x = te_load(b->te, p->buffer, (size_t)p->rank, index);
    if (b->stage->variant & 4)
        x = unary(b, x, &bound);
    if (b->stage->combiner == COMB_fma) {
        x = within(b, x, &bound, 0x1p5);
        x = te_mul(b->te, x, x);
        bound *= bound;
    }
    return reduce(b, b->stage->combiner, (size_t)n, axes, terms, x, bound);
}

/* out[…, x] = sum over k of p[…, k] * q[k, x]; a vector q gives one column. */
static const Node *make_matmul(Build *b)
{
    const Tens *p = source(b, 0), *q = source(b, 1);
    if (p->rank == 0 || q->rank == 0 || q->rank == MAX_DIMS)
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
    return reduce(b, COMB_sum, 1, &k, terms, te_mul(b->te, x, y), bp * bq);
}

/* p where `axis` (the first) is `first`, at the stage's other axes. */
static const Node *row(Build *b, const Tens *p, const Node *first)
{
    const Node *index[MAX_DIMS];
    for (int d = 0; d < p->rank; d++)
        index[d] = d ? b->axis[d] : first;
    return te_load(b->te, p->buffer, (size_t)p->rank, index);
}

static const Node *make_window(Build *b)
{
    const Tens *p = source(b, 0);
    if (p->rank == 0)
        return make_pointwise(b);
    Te *te = b->te;
    like(b, p);
    int64_t n = p->dim[0];
    int form = b->stage->variant % 4;
    if (form == 0 || form == 3)
        b->out.dim[0] = n > 2 ? n - 2 : 1;
    else if (form == 1)
        b->out.dim[0] = n > 1 ? n / 2 : 1;
    open_axes(b, 1);
    const Node *i = b->axis[0], *sum;
    double bound = p->bound, most = 0x1p20;
    if (n < 3 || form == 2) { /* from the end to the start */
        sum = row(b, p, te_sub(te, te_int(te, n - 1), i));
    } else if (form == 1) {
        const Node *twice = te_mul(te, i, te_int(te, 2));
        const Node *x = within(b, row(b, p, twice), &bound, most);
        sum = te_sub(te, x, within(b, row(b, p, te_add(te, twice, te_int(te, 1))), &bound, most));
    } else {
        sum = NULL;
        for (int k = 0; k < 3; k++) {
            double own = p->bound;
            const Node *at = form == 0 ? te_add(te, i, te_int(te, k)) : te_add(te, te_sub(te, te_int(te, n - 1), i), te_int(te, -k));
            const Node *x = within(b, row(b, p, at), &own, most);
            sum = sum ? te_add(te, sum, x) : x;
            bound = own;
        }
    }
    return finish(b, sum, bound * 3);
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
    const Node *inside = te_op(te, OP_And, te_op(te, OP_Ge, i, te_int(te, 0)), te_op(te, OP_Lt, i, te_int(te, n)));
    const Node *x = te_select(te, inside, within(b, row(b, p, i), &bound, most), num(b, 0));
    if (b->stage->variant & 2) {
        const Node *j = te_add(te, b->axis[0], te_int(te, 1));
        const Node *y = within(b, row(b, p, j), &other, most);
        x = te_add(te, x, te_select(te, te_op(te, OP_Lt, j, te_int(te, n)), y, num(b, 1)));
    }
    return finish(b, x, bound + other + 1);
}

static const Node *make_transpose(Build *b)
{
    const Tens *p = source(b, 0);
    if (p->rank < 2)
        return make_window(b);
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
        x = te_mul(b->te, x, within(b, w, &bq, 16));
        bp *= bq;
    }
    return reduce(b, COMB_sum, 1, &r, 3, x, bp);
}

static const Node *(*const makers[STAGE_COUNT])(Build *) = {
    [STAGE_elementwise] = make_pointwise, [STAGE_binary] = make_pointwise, [STAGE_broadcast] = make_pointwise,
    [STAGE_reduce] = make_reduce, [STAGE_matmul] = make_matmul, [STAGE_window] = make_window,
    [STAGE_pad] = make_pad, [STAGE_transpose] = make_transpose, [STAGE_reshape] = make_reshape,
    [STAGE_select] = make_select, [STAGE_cast] = make_pointwise, [STAGE_convolve] = make_convolve};

static void add_input(Build *b, int i)
{
    Tens t = {.type = b->spec->type, .rank = b->spec->input[i].rank, .bound = 3};
    for (int d = 0; d < t.rank; d++)
        t.dim[d] = b->spec->extent[b->spec->input[i].dim[d]];
    while (t.rank && shape_size(t.rank, t.dim, 1) > MAX_ITERATIONS)
        t.rank--;
    static const char *const names[] = {"A", "B", "W"};
    t.buffer = te_placeholder(b->te, names[i], t.type, (size_t)t.rank, t.dim);
    b->tensor[b->ntensors++] = t;
}

/* In the Te that is thrown away, a stage that is gone tells the shape of the input that stands for it. */
static void add_stage(Build *b, int i, Te *te, Te *scratch)
{
    static const char *const names[] = {"P", "Q", "R", "S"}, *const inputs[] = {"Pin", "Qin", "Rin", "Sin"};
    b->stage = &b->spec->stage[i];
    b->name = names[i];
    b->te = b->stage->gone ? scratch : te;
    const Node *made = makers[b->stage->kind](b);
    b->te = te;
    Tens t = b->out;
    t.buffer = b->stage->gone ? te_placeholder(te, inputs[i], t.type, (size_t)t.rank, t.dim) : made;
    if (b->stage->gone)
        t.bound = 3;
    t.type = (DType)t.buffer->type;
    b->tensor[b->ntensors++] = t;
}

static const Node *build_func(Arena *A, const Spec *s, bool magnitude, int64_t *terms, Err *err)
{
    Build b = {.A = A, .te = te_new(A, "f"), .spec = s, .magnitude = magnitude};
    Te *te = b.te, *scratch = te_new(A, "scratch");
    const Node *results[MAX_STAGES];
    size_t nresults = 0;
    int last = -1;
    for (int i = 0; i < s->nstages; i++)
        if (!s->stage[i].gone)
            last = i;
    for (int i = 0; i < s->ninputs; i++)
        add_input(&b, i);
    for (int i = 0; i < s->nstages; i++) {
        b.last = i == last;
        add_stage(&b, i, te, scratch);
        if (!s->stage[i].gone && (s->stage[i].result || i == last))
            results[nresults++] = b.tensor[s->ninputs + i].buffer;
    }
    *terms = b.terms;
    return te_func(te, nresults, results, err);
}

bool spec_build(Arena *A, const Spec *s, Program *out, Err *err)
{
    int64_t again;
    *out = (Program){0};
    out->func = build_func(A, s, false, &out->terms, err);
    if (out->func && out->terms)
        out->magnitude = build_func(A, s, true, &again, err);
    return out->func != NULL;
}
