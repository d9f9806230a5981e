/* lower.c -- axes, loads and formulas for the lowering rules. */
#include "core/graph/ops/lower.h"

#include <string.h>

#include "core/ir/mathfn.h"
#include "core/ir/parse.h"
#include "core/ir/rewrite.h"

const char *lower_axis_name(LowerCall *l, int rank, int d)
{
    static const char *const usual[6][5] = {
        {0}, {"x"}, {"y", "x"}, {"n", "c", "x"}, {"n", "c", "y", "x"}, {"n", "c", "z", "y", "x"}};
    return rank <= 5 ? usual[rank][d] : arena_printf(l->call.A, "i%d", d);
}

Axes lower_axes(LowerCall *l, int rank, const int64_t *dim, const char *const *names)
{
    Axes ax = {.n = rank};
    for (int d = 0; d < rank; d++) {
        ax.at[d] = te_axis(l->te, names ? names[d] : lower_axis_name(l, rank, d), dim[d]);
        ax.extent[d] = dim[d];
    }
    return ax;
}

Axes lower_axes_of(LowerCall *l, GType t)
{
    return lower_axes(l, t.rank, t.dim, NULL);
}

Axes lower_reduce_axes(LowerCall *l, int rank, const int64_t *dim, const char *const *names)
{
    Axes ax = {.n = rank};
    for (int d = 0; d < rank; d++) {
        const char *name = names ? names[d] : rank == 1 ? "k" : arena_printf(l->call.A, "k%d", d);
        ax.at[d] = te_reduce_axis(l->te, name, dim[d]);
        ax.extent[d] = dim[d];
    }
    return ax;
}

const Node *lower_load_as(LowerCall *l, const Node *buffer, const Axes *ax)
{
    const Node *index[GRAPH_MAX_RANK];
    int rank = (int)ir_rank(buffer);
    if (rank > ax->n) /* more than can be stretched: te_load says so */
        return te_load(l->te, buffer, (size_t)ax->n, ax->at);
    for (int d = 0; d < rank; d++) {
        int a = ax->n - rank + d;
        index[d] = ir_dim(buffer, (size_t)d) == 1 && ax->extent[a] != 1 ? ix(l, 0) : ax->at[a];
    }
    return te_load(l->te, buffer, (size_t)rank, index);
}

const Node *lower_load(LowerCall *l, size_t i, const Axes *ax)
{
    return lower_load_as(l, lower_in(l, i), ax);
}

const Node *lower_at(LowerCall *l, size_t i, const Node *const *index)
{
    return te_load(l->te, lower_in(l, i), (size_t)lower_type(l, i).rank, index);
}

const char *lower_out_name(LowerCall *l, size_t k)
{
    return l->call.node->nout == 1 ? l->name : arena_printf(l->call.A, "%s.%zu", l->name, k);
}

void lower_out(LowerCall *l, size_t k, const Axes *ax, const Node *value)
{
    if (k < l->call.node->nout)
        l->out[k] = te_compute(l->te, lower_out_name(l, k), (size_t)ax->n, ax->at, value);
}

static const char *stage_name(LowerCall *l, const char *suffix)
{
    return suffix ? arena_printf(l->call.A, "%s.%s", l->name, suffix) : l->name;
}

const Node *lower_stage(LowerCall *l, const char *suffix, const Axes *ax, const Node *value)
{
    return te_compute(l->te, stage_name(l, suffix), (size_t)ax->n, ax->at, value);
}

const Node *lower_reduce(LowerCall *l, const char *suffix, Combiner c, const Axes *ax,
                         const Axes *over, const Node *value)
{
    /* Over nothing there is no iteration that could start the sum. */
    for (int d = 0; d < over->n; d++)
        if (over->extent[d] == 0)
            return lower_stage(l, suffix, ax, ir_identity(l->call.A, c, (DType)value->type));
    return te_reduce(l->te, stage_name(l, suffix), c, (size_t)ax->n, ax->at, (size_t)over->n,
                     over->at, value);
}

/* ---- formulas ---- */

typedef struct Unknown {
    const char *name;
    DType type;
} Unknown;

static bool find_unknown(void *env, const Node *n)
{
    static const char *const exact[] = {
#define CALL(name, args, domain, doc) #name,
#include "core/ir/calls.def"
    };
    Unknown *u = env;
    if (n->op != OP_Call || u->name)
        return !u->name;
    for (size_t i = 0; i < sizeof exact / sizeof exact[0]; i++)
        if (!strcmp(exact[i], n->at.name))
            return true;
    if (!math_find(n->at.name, (DType)n->type))
        *u = (Unknown){n->at.name, (DType)n->type};
    return true;
}

const Node *lower_formula(LowerCall *l, const char *text, DType t, size_t n, const FormulaArg *arg)
{
    enum { MOST = 8 };
    Arena *A = l->call.A;
    const Node *names[MOST];
    Subst map[MOST];
    assert(n <= MOST);
    for (size_t i = 0; i < n; i++) {
        names[i] = ir_var_like(A, (DType)arg[i].value->type, arg[i].name, NULL, 0);
        map[i] = (Subst){names[i], arg[i].value};
    }
    const Node *e = ir_parse_expr(A, text, t, n, names, l->call.err);
    if (!e)
        return NULL;
    Unknown u = {0};
    ir_walk(e, find_unknown, &u);
    if (u.name) {
        call_cannot(&l->call, "%s is not known for %s", u.name, dtype_name(u.type));
        return NULL;
    }
    return ir_subst(A, e, n, map);
}

const Node *lower_is_best(LowerCall *l, const Node *x, const Node *best)
{
    const Node *hit = te_op(l->te, OP_Eq, x, best);
    return dtype_is_float(x->type) ? te_op(l->te, OP_Or, hit, te_call(l->te, "isnan", x)) : hit;
}

/* ---- indices ---- */

const Node *ix(LowerCall *l, int64_t v)
{
    return te_int(l->te, v);
}

const Node *in_range(LowerCall *l, const Node *i, int64_t extent)
{
    return te_op(l->te, OP_And, te_op(l->te, OP_Ge, i, ix(l, 0)),
                 te_op(l->te, OP_Lt, i, ix(l, extent)));
}

const Node *ix_flat(LowerCall *l, int rank, const int64_t *dim, const Node *const *index)
{
    const Node *flat = ix(l, 0);
    for (int d = 0; d < rank; d++)
        flat = ix_add(l->call.A, ix_mul(l->call.A, flat, ix(l, dim[d])),
                      dim[d] == 1 ? ix(l, 0) : index[d]);
    return flat;
}

void ix_unflat(LowerCall *l, const Node *flat, int rank, const int64_t *dim, const Node **index)
{
    Arena *A = l->call.A;
    int64_t below = 1;
    for (int d = rank - 1; d >= 0; d--) {
        const Node *at = below == 1 ? flat : ix_div(A, flat, ix(l, below));
        bool outermost = true;
        for (int e = 0; e < d; e++)
            outermost &= dim[e] == 1;
        index[d] = dim[d] == 1 ? ix(l, 0) : outermost ? at : ix_mod(A, at, ix(l, dim[d]));
        below *= dim[d] ? dim[d] : 1;
    }
}

const Node *lower_wrapped(LowerCall *l, const Node *i, int64_t extent)
{
    i = te_cast(l->te, DT_int64, i);
    return te_select(l->te, te_op(l->te, OP_Lt, i, ix(l, 0)), ix_add(l->call.A, i, ix(l, extent)),
                     i);
}
