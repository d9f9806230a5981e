/* elementwise.c -- operators that make an element from one element of each input. */
#include <string.h>

#include "core/graph/infer.h"
#include "core/graph/ops/lower.h"

typedef struct Formula {
    const char *floats, *integers;
} Formula;

static const Formula formula[GOP_COUNT] = {
#define FORMULA(op, floats, integers) [GOP_##op] = {floats, integers},
#include "core/graph/ops/formulas.def"
};

/* ---- types ---- */

bool infer_same(GraphCall *c)
{
    call_out_like(c, 0, 0);
    return true;
}

bool infer_test(GraphCall *c)
{
    GType t = call_type(c, 0);
    call_out(c, 0, DT_bool, t.rank, t.dim);
    return true;
}

bool infer_cast(GraphCall *c)
{
    GType t = call_type(c, 0);
    call_out(c, 0, call_attr(c, A_cast_to)->at.t, t.rank, t.dim);
    return true;
}

bool infer_clip(GraphCall *c)
{
    return call_one_number(c, 1) && call_one_number(c, 2) && infer_same(c);
}

bool infer_dropout(GraphCall *c)
{
    double training = 0;
    if (call_has(c, 2) && (!call_const_number(c, 2, &training) || training != 0))
        return call_cannot(c, "training mode is not known here");
    GType t = call_type(c, 0);
    call_out(c, 0, t.dtype, t.rank, t.dim);
    call_out(c, 1, DT_bool, t.rank, t.dim);
    return true;
}

/* The shape that all inputs stretch to. */
static bool stretch_all(GraphCall *c, DType t)
{
    int64_t dim[GRAPH_MAX_RANK];
    int rank = 0;
    for (size_t i = 0; i < c->node->nin; i++) {
        GType in = call_type(c, i);
        if (!broadcast_dims(dim, &rank, in.dim, in.rank))
            return call_refuse(c, "the shapes %s and %s do not fit each other",
                               gtype_text(c->A, NULL, call_type(c, 0)), gtype_text(c->A, NULL, in));
    }
    call_out(c, 0, t, rank, dim);
    return true;
}

bool infer_broadcast(GraphCall *c)
{
    return stretch_all(c, call_type(c, 0).dtype);
}

bool infer_compare(GraphCall *c)
{
    return stretch_all(c, DT_bool);
}

bool infer_where(GraphCall *c)
{
    return stretch_all(c, call_type(c, 1).dtype);
}

/* ---- cost ---- */

int64_t flops_none(GraphCall *c)
{
    (void)c;
    return 0;
}

int64_t flops_per_element(GraphCall *c)
{
    return gtype_elements(c->out[0]);
}

/* ---- lowering ---- */

const char *lower_formula_of(const GraphOp *op, DType t)
{
    GraphOpId id = (GraphOpId)(op - graph_op);
    if ((id == GOP_atan || id == GOP_asin || id == GOP_acos) && t != DT_float32)
        return NULL;
    return dtype_is_float(t) ? formula[id].floats : formula[id].integers;
}

static const char *formula_for(LowerCall *l, DType t)
{
    const char *text = lower_formula_of(l->call.node->op, t);
    if (!text)
        call_cannot(&l->call, "it is not defined on %s", dtype_name(t));
    return text;
}

static const char *gelu_text(LowerCall *l)
{
    return !strcmp(call_str(&l->call, A_gelu_approximate), "tanh")
               ? "0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))"
               : "0.5 * x * (1 + erf(x * 0.7071067811865476))";
}

static const char *is_inf_text(LowerCall *l)
{
    bool low = call_int(&l->call, A_is_inf_detect_negative);
    bool high = call_int(&l->call, A_is_inf_detect_positive);
    return low && high ? "isinf(x)" : low ? "x == -inf" : high ? "x == inf" : "x != x and x == x";
}

bool lower_unary(LowerCall *l)
{
    const GNode *n = l->call.node;
    DType t = lower_type(l, 0).dtype;
    if (gnode_is(n, GOP_shrink) && !dtype_is_float(t))
        t = DT_float64; /* where lambd and bias are what they are, and -lambd is negative */
    const char *text = gnode_is(n, GOP_gelu)     ? gelu_text(l)
                       : gnode_is(n, GOP_is_inf) ? is_inf_text(l)
                                                 : formula_for(l, t);
    if (!text)
        return false;
    if (gnode_is(n, GOP_abs) && dtype_info[t].cls == DC_UINT)
        text = "x";
    if (gnode_is(n, GOP_sign) && dtype_info[t].cls == DC_UINT)
        text = "min(x, 1)";
    Axes ax = lower_axes_of(l, lower_out_type(l, 0));
    FormulaArg arg[4] = {{"x", te_cast(l->te, t, lower_load(l, 0, &ax))}};
    DType y = lower_out_type(l, 0).dtype;
    size_t nargs = 1;
    if (gnode_is(n, GOP_bitwise_not))
        arg[nargs++] = (FormulaArg){"ones", ir_int(l->call.A, t, -1)};
    for (size_t i = 0; i < n->op->nattrs && nargs < 4; i++)
        if (n->attr[i].kind == GA_FLOAT)
            arg[nargs++] = (FormulaArg){n->op->attr[i].name, te_num(l->te, t, n->attr[i].at.f)};
    const Node *e = lower_formula(l, text, y == DT_bool ? y : t, nargs, arg);
    if (!e)
        return false;
    lower_out(l, 0, &ax, te_cast(l->te, y, e));
    return true;
}

static const char *binary_text(LowerCall *l, DType t)
{
    const GNode *n = l->call.node;
    if (gnode_is(n, GOP_bit_shift))
        return !strcmp(call_str(&l->call, A_bit_shift_direction), "LEFT") ? "a << b" : "a >> b";
    if (gnode_is(n, GOP_mod) && call_int(&l->call, A_mod_fmod))
        return dtype_is_float(t) ? "let r = abs(a) % abs(b) in select(a < 0, -r, r)"
                                 : "a - a / b * b";
    return formula_for(l, t);
}

bool lower_binary(LowerCall *l)
{
    Axes ax = lower_axes_of(l, lower_out_type(l, 0));
    const Node *e = NULL;
    if (gnode_is(l->call.node, GOP_pow)) {
        e = lower_power(l, &ax);
    } else {
        DType t = lower_type(l, 0).dtype;
        const char *text = binary_text(l, t);
        FormulaArg arg[] = {{"a", lower_load(l, 0, &ax)}, {"b", lower_load(l, 1, &ax)}};
        e = text ? lower_formula(l, text, lower_out_type(l, 0).dtype, 2, arg) : NULL;
    }
    if (!e)
        return false;
    lower_out(l, 0, &ax, e);
    return true;
}

bool lower_variadic(LowerCall *l)
{
    Axes ax = lower_axes_of(l, lower_out_type(l, 0));
    const Node *e = lower_load(l, 0, &ax);
    DType t = (DType)e->type;
    const char *text = formula_for(l, t);
    for (size_t i = 1; e && text && i < l->call.node->nin; i++) {
        FormulaArg arg[] = {{"a", e}, {"b", lower_load(l, i, &ax)}};
        e = lower_formula(l, text, t, 2, arg);
    }
    if (!e || !text)
        return false;
    if (gnode_is(l->call.node, GOP_mean))
        e = te_div(l->te, e, te_num(l->te, t, l->call.node->nin));
    lower_out(l, 0, &ax, e);
    return true;
}

bool lower_where(LowerCall *l)
{
    Axes ax = lower_axes_of(l, lower_out_type(l, 0));
    lower_out(
        l, 0, &ax,
        te_select(l->te, lower_load(l, 0, &ax), lower_load(l, 1, &ax), lower_load(l, 2, &ax)));
    return true;
}

bool lower_cast(LowerCall *l)
{
    GType t = lower_out_type(l, 0);
    Axes ax = lower_axes_of(l, t);
    lower_out(l, 0, &ax, te_cast(l->te, t.dtype, lower_load(l, 0, &ax)));
    return true;
}

/* A NaN stays one, as in numpy's clip; where min is above max, max wins. */
bool lower_clip(LowerCall *l)
{
    Axes ax = lower_axes_of(l, lower_out_type(l, 0));
    const Node *e = lower_load(l, 0, &ax);
    DType t = (DType)e->type;
    for (size_t i = 1; i < 3; i++) {
        double known;
        if (!call_has(&l->call, i))
            continue;
        bool literal =
            call_const_number(&l->call, i, &known) && (dtype_is_float(t) || dtype_bytes(t) < 8);
        const Node *limit =
            literal ? te_num(l->te, t, known) : lower_at(l, i, (const Node *[]){ix(l, 0)});
        e = te_op(l->te, i == 1 ? OP_Max : OP_Min, e, limit);
    }
    lower_out(l, 0, &ax, e);
    return true;
}

bool lower_dropout(LowerCall *l)
{
    for (size_t k = 0; k < l->call.node->nout; k++) {
        Axes ax = lower_axes_of(l, lower_out_type(l, k));
        lower_out(l, k, &ax, k == 0 ? lower_load(l, 0, &ax) : ir_bool(l->call.A, true));
    }
    return true;
}
