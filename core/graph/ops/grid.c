/* grid.c -- elements at computed places between others: GridSample. */
#include <string.h>

#include "core/graph/infer.h"
#include "core/graph/ops/lower.h"

enum { AXES_MOST = 3 };
typedef enum Way { WAY_nearest, WAY_linear, WAY_cubic, WAY_BAD } Way;
typedef enum Border { BORDER_zeros, BORDER_border, BORDER_reflection, BORDER_BAD } Border;

static Way read_way(const GraphCall *c)
{
    static const char *const names[][2] = {
        {"nearest", "nearest"}, {"linear", "bilinear"}, {"cubic", "bicubic"}};
    for (int i = 0; i < WAY_BAD; i++)
        for (int k = 0; k < 2; k++) /* its name until version 20 */
            if (!strcmp(names[i][k], call_str(c, A_grid_sample_mode)))
                return (Way)i;
    call_refuse(c, "mode '%s' is none of nearest, linear and cubic",
                call_str(c, A_grid_sample_mode));
    return WAY_BAD;
}

static Border read_border(const GraphCall *c)
{
    static const char *const names[] = {"zeros", "border", "reflection"};
    for (int i = 0; i < BORDER_BAD; i++)
        if (!strcmp(names[i], call_str(c, A_grid_sample_padding_mode)))
            return (Border)i;
    call_refuse(c, "padding_mode '%s' is none of zeros, border and reflection",
                call_str(c, A_grid_sample_padding_mode));
    return BORDER_BAD;
}

bool infer_grid_sample(GraphCall *c)
{
    GType x = call_type(c, 0), grid = call_type(c, 1);
    int64_t dim[GRAPH_MAX_RANK], n = x.rank - 2;
    Way way = read_way(c);
    if (way == WAY_BAD || read_border(c) == BORDER_BAD)
        return false;
    bool fits = n >= 1 && n <= AXES_MOST && grid.rank == x.rank && (way != WAY_cubic || n == 2);
    if (!fits || (dim_known(grid.dim[n + 1]) && grid.dim[n + 1] != n) ||
        (dim_known(grid.dim[0]) && dim_known(x.dim[0]) && grid.dim[0] != x.dim[0]))
        return call_refuse(c,
                           "x is %s and the grid %s: it needs a place in 1 to %d (for cubic 2) "
                           "axes of x for each element",
                           gtype_text(c->A, NULL, x), gtype_text(c->A, NULL, grid), AXES_MOST);
    dim[0] = x.dim[0];
    dim[1] = x.dim[1];
    memcpy(dim + 2, grid.dim + 1, (size_t)n * sizeof *dim);
    call_out(c, 0, x.dtype, x.rank, dim);
    return true;
}

/* An element's sample on its way. */
typedef struct Sample {
    LowerCall *l;
    Border border;
    bool align;
    int n;                             /* spatial axes */
    const Node *index[GRAPH_MAX_RANK]; /* of x; the spatial axes are filled in */
} Sample;

static const Node *formula(const Sample *s, const char *text, size_t n, const FormulaArg *arg)
{
    return lower_formula(s->l, text, lower_type(s->l, 0).dtype, n, arg);
}

/* A place v brought inside by mirrors at the ends: the middles of the outer elements, or their
 * edges. */
static const Node *reflected(const Sample *s, const Node *v, int64_t extent)
{
    DType t = lower_type(s->l, 0).dtype;
    double low = s->align ? 0 : -0.5, span = s->align ? (double)extent - 1 : (double)extent;
    if (span == 0)
        return te_num(s->l->te, t, 0);
    FormulaArg arg[] = {
        {"v", v}, {"low", te_num(s->l->te, t, low)}, {"span", te_num(s->l->te, t, span)}};
    return formula(s, "let r = abs(v - low) % (2 * span) in low + span - abs(span - r)", 3, arg);
}

/* The place in axis d of x that the grid names: -1 and 1 are its ends. */
static const Node *place(const Sample *s, int d, const Axes *ax)
{
    LowerCall *l = s->l;
    const Node *index[GRAPH_MAX_RANK] = {ax->at[0]};
    memcpy(index + 1, ax->at + 2, (size_t)s->n * sizeof *index);
    index[s->n + 1] = ix(l, s->n - 1 - d); /* the last axis first */
    DType t = lower_type(l, 0).dtype;
    FormulaArg arg[] = {{"g", te_cast(l->te, t, lower_at(l, 1, index))},
                        {"n", te_num(l->te, t, (double)lower_type(l, 0).dim[d + 2])}};
    return formula(s, s->align ? "(g + 1) * 0.5 * (n - 1)" : "((g + 1) * n - 1) * 0.5", 2, arg);
}

/* The element of x at whole places; one outside is brought inside, or is 0. */
static const Node *element(const Sample *s, const Node *const *at)
{
    LowerCall *l = s->l;
    const Node *index[GRAPH_MAX_RANK], *inside = ir_bool(l->call.A, true);
    DType t = lower_type(l, 0).dtype;
    memcpy(index, s->index, sizeof index);
    for (int d = 0; d < s->n; d++) {
        int64_t extent = lower_type(l, 0).dim[d + 2];
        const Node *v = s->border == BORDER_reflection ? reflected(s, at[d], extent) : at[d];
        const Node *i = te_cast(l->te, DT_int64, v);
        if (s->border == BORDER_zeros)
            inside = ir_and(l->call.A, inside, in_range(l, i, extent));
        else
            i = ix_max(l->call.A, ix(l, 0), ix_min(l->call.A, i, ix(l, extent - 1)));
        index[d + 2] = i;
    }
    return te_select(l->te, inside, lower_at(l, 0, index), te_num(l->te, t, 0));
}

/* The sum over neighbours along axes d … of their weights times their elements. */
static const Node *weighed(const Sample *s, int d, const Node *const *low, const Node *const *part,
                           bool cubic, const Node **at)
{
    static const char *const linear[] = {"1 - f", "f"};
    static const char *const cubics[] = {"((-0.75 * (f + 1) + 3.75) * (f + 1) - 6) * (f + 1) + 3",
                                         "(1.25 * f - 2.25) * f * f + 1",
                                         "(1.25 * (1 - f) - 2.25) * (1 - f) * (1 - f) + 1",
                                         "((-0.75 * (2 - f) + 3.75) * (2 - f) - 6) * (2 - f) + 3"};
    DType t = lower_type(s->l, 0).dtype;
    const Node *sum = NULL;
    if (d == s->n)
        return element(s, at);
    for (int k = 0; k < (cubic ? 4 : 2); k++) {
        const Node *weight =
            formula(s, cubic ? cubics[k] : linear[k], 1, (FormulaArg[]){{"f", part[d]}});
        at[d] = te_add(s->l->te, low[d], te_num(s->l->te, t, cubic ? k - 1 : k));
        const Node *e = te_mul(s->l->te, weight, weighed(s, d + 1, low, part, cubic, at));
        sum = sum ? te_add(s->l->te, sum, e) : e;
    }
    return sum;
}

bool lower_grid_sample(LowerCall *l)
{
    Way way = read_way(&l->call);
    Sample s = {.l = l,
                .border = read_border(&l->call),
                .align = call_int(&l->call, A_grid_sample_align_corners),
                .n = lower_type(l, 0).rank - 2};
    for (int d = 0; d < s.n; d++)
        if (!lower_type(l, 0).dim[d + 2])
            return call_cannot(&l->call, "x has no elements to sample");
    Axes ax = lower_axes_of(l, lower_out_type(l, 0));
    const Node *low[AXES_MOST], *part[AXES_MOST], *at[AXES_MOST];
    s.index[0] = ax.at[0];
    s.index[1] = ax.at[1];
    for (int d = 0; d < s.n; d++) {
        const Node *v = place(&s, d, &ax);
        FormulaArg arg[] = {
            {"v", v},
            {"n", te_num(l->te, (DType)v->type, (double)lower_type(l, 0).dim[d + 2] - 1)}};
        if (way != WAY_cubic && s.border == BORDER_border)
            arg[0].value = v = formula(&s, "max(0, min(n, v))", 2, arg);
        if (way != WAY_cubic && s.border == BORDER_reflection)
            arg[0].value = v = reflected(&s, v, lower_type(l, 0).dim[d + 2]);
        low[d] = formula(&s, way == WAY_nearest ? "round(v)" : "floor(v)", 1, arg);
        part[d] = te_sub(l->te, v, low[d]);
    }
    lower_out(l, 0, &ax,
              way == WAY_nearest ? element(&s, low)
                                 : weighed(&s, 0, low, part, way == WAY_cubic, at));
    return true;
}
