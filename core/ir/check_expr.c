/* check_expr.c -- expressions of the checking interpreter: one switch over resolved trees. */
#include "core/ir/check_impl.h"

#include <math.h>
#include <string.h>

#include "core/ir/mathfn.h"

Scalar *check_cell(Checker *c, const Node *var)
{
    Scalar *cell = node_map_get(&c->map, var);
    if (!cell) {
        cell = arena_alloc(c->A, sizeof *cell);
        node_map_put(&c->map, var, cell);
    }
    return cell;
}

/* ---- compilation ---- */

enum {
    NOT_A_CALL = -1,
#define CALL(name, arguments, domain, doc) CALL_##name,
#include "core/ir/calls.def"
    CALLS
};

static int call_row(const char *name)
{
    static const char *const names[CALLS] = {
#define CALL(name, arguments, domain, doc) #name,
#include "core/ir/calls.def"
    };
    for (int i = 0; i < CALLS; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return NOT_A_CALL;
}

static Code *code(Checker *c, const Node *n, size_t first)
{
    size_t kids = n->nkids - first;
    Code *e = arena_alloc(c->A, sizeof *e + kids * sizeof *e->kid);
    e->node = n;
    e->n = kids;
    for (size_t i = 0; i < kids; i++)
        if (!(e->kid[i] = check_compile(c, n->kid[first + i])))
            return NULL;
    return e;
}

static const Code *compile_let(Checker *c, const Node *n)
{
    Code *e = arena_alloc(c->A, sizeof *e + 2 * sizeof *e->kid);
    e->node = n;
    e->n = 2;
    if (!(e->kid[0] = check_compile(c, n->kid[Let_value])))
        return NULL;
    e->cell = check_cell(c, n->kid[Let_var]);
    return (e->kid[1] = check_compile(c, n->kid[Let_body])) ? e : NULL;
}

static const Code *compile_atom(Checker *c, const Node *n)
{
    Code *e = code(c, n, n->nkids);
    if (n->op == OP_Var && !(e->cell = node_map_get(&c->map, n)))
        return FAIL(c->err, unbound_name, n, ir_var_name(n));
    if (n->op == OP_IntImm)
        e->literal.i = n->at.i;
    if (n->op == OP_FloatImm)
        e->literal.f = n->at.f;
    return e;
}

static const Code *compile_new(Checker *c, const Node *n)
{
    Code *e;
    switch ((Op)n->op) {
    case OP_IntImm:
    case OP_FloatImm:
    case OP_Var: return compile_atom(c, n);
    case OP_Let: return compile_let(c, n);
    case OP_Load:
        e = code(c, n, Load_index);
        if (e && !(e->memory = node_map_get(&c->map, n->kid[Load_buffer])))
            return FAIL(c->err, unbound_name, n, ir_buf_name(n->kid[Load_buffer]));
        return e;
    case OP_Call:
        if (call_row(n->at.name) == NOT_A_CALL) {
            const Node *expanded = math_expand(c->A, n, c->err);
            return expanded ? check_compile(c, expanded) : NULL;
        }
        e = code(c, n, 0);
        if (e)
            e->call = call_row(n->at.name);
        return e;
    case OP_Neg:
    case OP_Not:
    case OP_Cast:
    case OP_Select:
    case OP_Fma: return code(c, n, 0);
    default: break;
    }
    return op_info[n->op].symbol ? code(c, n, 0)
                                 : FAIL(c->err, not_a_value, n, op_info[n->op].name);
}

const Code *check_compile(Checker *c, const Node *n)
{
    const Code *known = n->nkids ? node_map_get(&c->map, n) : NULL;
    if (known)
        return known;
    const Code *e = compile_new(c, n);
    if (e && n->nkids)
        node_map_put(&c->map, n, (void *)(uintptr_t)e);
    return e;
}

/* ---- evaluation ---- */

static Scalar rounded(DType t, double v)
{
    return (Scalar){.f = t == DT_float32 ? (double)(float)v : v};
}

static Scalar negated(DType t, Scalar a)
{
    if (dtype_is_float(t))
        return (Scalar){.f = -a.f};
    return (Scalar){.i = dtype_wrap(t, (int64_t)(~(uint64_t)a.i + 1))};
}

static Scalar call(const Code *e, Scalar a)
{
    DType t = (DType)e->node->type, from = (DType)e->kid[0]->node->type;
    char bytes[8] = {0};
    switch (e->call) {
    /* Twice rounded is once rounded for a square root */
    case CALL_sqrt: return rounded(t, sqrt(a.f));
    case CALL_floor: return (Scalar){.f = floor(a.f)};
    case CALL_ceil: return (Scalar){.f = ceil(a.f)};
    case CALL_round: return (Scalar){.f = nearbyint(a.f)};
    case CALL_trunc: return (Scalar){.f = trunc(a.f)};
    case CALL_abs:
        if (dtype_is_float(t))
            return (Scalar){.f = fabs(a.f)};
        return a.i < 0 ? negated(t, a) : a;
    case CALL_isnan: return (Scalar){.i = a.f != a.f};
    case CALL_isinf: return (Scalar){.i = fabs(a.f) == (double)INFINITY};
    case CALL_reinterpret: dtype_store(from, bytes, a); return dtype_load(t, bytes);
    default: break;
    }
    assert(!"a row of calls.def");
    return a;
}

Scalar check_fma(DType t, Scalar a, Scalar b, Scalar s)
{
    if (t == DT_float32)
        return (Scalar){.f = (double)fmaf((float)a.f, (float)b.f, (float)s.f)};
    if (t == DT_float64)
        return (Scalar){.f = fma(a.f, b.f, s.f)};
    Scalar product = ir_eval_binary(OP_Mul, t, a, b);
    return ir_eval_binary(OP_Add, t, product, s);
}

static Scalar load(Checker *c, const Code *e)
{
    const void *p = check_access(c, e->memory, e->node, e->n, e->kid, true, false);
    return p ? dtype_load((DType)e->node->type, p) : (Scalar){0};
}

Scalar check_value(Checker *c, const Code *e)
{
    const Node *n = e->node;
    DType t = (DType)n->type;
    Scalar a;
    switch ((Op)n->op) {
    case OP_IntImm:
    case OP_FloatImm: return e->literal;
    case OP_Var: return *e->cell;
    case OP_Load: return load(c, e);
    case OP_Neg: return negated(t, check_value(c, e->kid[0]));
    case OP_Not: return (Scalar){.i = check_value(c, e->kid[0]).i == 0};
    case OP_Cast: return dtype_convert(t, (DType)e->kid[0]->node->type, check_value(c, e->kid[0]));
    case OP_Select:
        a = check_value(c, e->kid[0]);
        return check_value(c, a.i ? e->kid[1] : e->kid[2]);
    case OP_Let: *e->cell = check_value(c, e->kid[0]); return check_value(c, e->kid[1]);
    case OP_Call: return call(e, check_value(c, e->kid[0]));
    case OP_And: a = check_value(c, e->kid[0]); return a.i ? check_value(c, e->kid[1]) : a;
    case OP_Or: a = check_value(c, e->kid[0]); return a.i ? a : check_value(c, e->kid[1]);
    case OP_Fma: {
        a = check_value(c, e->kid[0]);
        Scalar b = check_value(c, e->kid[1]);
        return check_fma(t, a, b, check_value(c, e->kid[2]));
    }
    default: break;
    }
    a = check_value(c, e->kid[0]);
    return ir_eval_binary((Op)n->op, (DType)e->kid[0]->node->type, a, check_value(c, e->kid[1]));
}
