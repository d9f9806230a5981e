/* interp_expr.c -- expressions of the reference interpreter.
**
** Common operators on common types have functions of their own; the rest goes through
** ir_eval_binary, which also says what the fast ones must give (a test compares them).
*/
#include "core/ir/interp_impl.h"

#include <math.h>
#include <string.h>

#include "core/ir/mathfn.h"

/* ---- binary operators ---- */

#define F32(name, expr)                                                       \
    static Scalar f32_##name(const Ex *e, Machine *m)                         \
    {                                                                         \
        float a = (float)ex_value(e->a, m).f, b = (float)ex_value(e->b, m).f; \
        return (Scalar){.f = (double)(expr)};                                 \
    }
#define F64(name, expr)                                          \
    static Scalar f64_##name(const Ex *e, Machine *m)            \
    {                                                            \
        double a = ex_value(e->a, m).f, b = ex_value(e->b, m).f; \
        return (Scalar){.f = (expr)};                            \
    }
#define I64(name, expr)                                                                \
    static Scalar i64_##name(const Ex *e, Machine *m)                                  \
    {                                                                                  \
        uint64_t a = (uint64_t)ex_value(e->a, m).i, b = (uint64_t)ex_value(e->b, m).i; \
        return (Scalar){.i = (int64_t)(expr)};                                         \
    }
#define I32(name, expr)                                                                \
    static Scalar i32_##name(const Ex *e, Machine *m)                                  \
    {                                                                                  \
        uint32_t a = (uint32_t)ex_value(e->a, m).i, b = (uint32_t)ex_value(e->b, m).i; \
        return (Scalar){.i = (int32_t)(expr)};                                         \
    }
#define COMPARE(name, op)                                         \
    static Scalar float_##name(const Ex *e, Machine *m)           \
    {                                                             \
        double a = ex_value(e->a, m).f, b = ex_value(e->b, m).f;  \
        return (Scalar){.i = a op b};                             \
    }                                                             \
    static Scalar int_##name(const Ex *e, Machine *m)             \
    {                                                             \
        int64_t a = ex_value(e->a, m).i, b = ex_value(e->b, m).i; \
        return (Scalar){.i = a op b};                             \
    }

/* clang-format off */
F32(Add, a + b) F32(Sub, a - b) F32(Mul, a * b) F32(Div, a / b)
F64(Add, a + b) F64(Sub, a - b) F64(Mul, a * b) F64(Div, a / b)
I64(Add, a + b) I64(Sub, a - b) I64(Mul, a * b)
I32(Add, a + b) I32(Sub, a - b) I32(Mul, a * b)
COMPARE(Eq, ==) COMPARE(Ne, !=) COMPARE(Lt, <) COMPARE(Le, <=) COMPARE(Gt, >) COMPARE(Ge, >=)
    /* clang-format on */

    static Scalar logic_And(const Ex *e, Machine *m)
{
    return (Scalar){.i = ex_value(e->a, m).i && ex_value(e->b, m).i};
}

static Scalar logic_Or(const Ex *e, Machine *m)
{
    return (Scalar){.i = ex_value(e->a, m).i || ex_value(e->b, m).i};
}

static Scalar any_binary(const Ex *e, Machine *m)
{
    Scalar a = ex_value(e->a, m), b = ex_value(e->b, m);
    return ir_eval_binary((Op)e->op, (DType)e->from, a, b);
}

typedef Scalar Run(const Ex *e, Machine *m);

/* The function for an operator on operands of type t. */
static Run *binary_run(Op op, DType t)
{
    static Run *const f32[OP_COUNT] = {
        [OP_Add] = f32_Add, [OP_Sub] = f32_Sub, [OP_Mul] = f32_Mul, [OP_Div] = f32_Div};
    static Run *const f64[OP_COUNT] = {
        [OP_Add] = f64_Add, [OP_Sub] = f64_Sub, [OP_Mul] = f64_Mul, [OP_Div] = f64_Div};
    static Run *const i64[OP_COUNT] = {[OP_Add] = i64_Add, [OP_Sub] = i64_Sub, [OP_Mul] = i64_Mul};
    static Run *const i32[OP_COUNT] = {[OP_Add] = i32_Add, [OP_Sub] = i32_Sub, [OP_Mul] = i32_Mul};
    static Run *const floats[OP_COUNT] = {
        [OP_Eq] = float_Eq, [OP_Ne] = float_Ne, [OP_Lt] = float_Lt,
        [OP_Le] = float_Le, [OP_Gt] = float_Gt, [OP_Ge] = float_Ge};
    static Run *const ints[OP_COUNT] = {[OP_Eq] = int_Eq, [OP_Ne] = int_Ne, [OP_Lt] = int_Lt,
                                        [OP_Le] = int_Le, [OP_Gt] = int_Gt, [OP_Ge] = int_Ge};
    Run *run = NULL;
    if (op == OP_And || op == OP_Or)
        return op == OP_And ? logic_And : logic_Or;
    switch (t) {
    case DT_float32: run = f32[op] ? f32[op] : floats[op]; break;
    case DT_float64: run = f64[op] ? f64[op] : floats[op]; break;
    case DT_int64: run = i64[op] ? i64[op] : ints[op]; break;
    case DT_int32: run = i32[op] ? i32[op] : ints[op]; break;
    default: run = dtype_is_signed(t) ? ints[op] : NULL; break;
    }
    return run ? run : any_binary;
}

/* ---- the others ---- */

static Scalar run_neg(const Ex *e, Machine *m)
{
    Scalar a = ex_value(e->a, m);
    if (dtype_is_float((DType)e->type))
        return (Scalar){.f = -a.f};
    return (Scalar){.i = dtype_wrap((DType)e->type, (int64_t)(0 - (uint64_t)a.i))};
}

static Scalar run_not(const Ex *e, Machine *m)
{
    return (Scalar){.i = !ex_value(e->a, m).i};
}

static Scalar run_cast(const Ex *e, Machine *m)
{
    return dtype_convert((DType)e->type, (DType)e->from, ex_value(e->a, m));
}

static Scalar run_select(const Ex *e, Machine *m)
{
    return ex_value(ex_value(e->a, m).i ? e->b : e->c, m);
}

static Scalar run_fma(const Ex *e, Machine *m)
{
    Scalar x = ex_value(e->a, m), y = ex_value(e->b, m), z = ex_value(e->c, m);
    if (e->type == DT_float32)
        return (Scalar){.f = (double)fmaf((float)x.f, (float)y.f, (float)z.f)};
    if (e->type == DT_float64)
        return (Scalar){.f = fma(x.f, y.f, z.f)};
    uint64_t v = (uint64_t)x.i * (uint64_t)y.i + (uint64_t)z.i;
    return (Scalar){.i = dtype_wrap((DType)e->type, (int64_t)v)};
}

static Scalar run_let(const Ex *e, Machine *m)
{
    *e->bind = ex_value(e->a, m);
    return ex_value(e->b, m);
}

#define VALUE_BOOL  \
    {               \
        .i = v != 0 \
    }
#define VALUE_INT       \
    {                   \
        .i = (int64_t)v \
    }
#define VALUE_UINT      \
    {                   \
        .i = (int64_t)v \
    }
#define VALUE_FLOAT    \
    {                  \
        .f = (double)v \
    }
#define DTYPE(name, ctype, bits, cls)                      \
    static Scalar load_##name(const Ex *e, Machine *m)     \
    {                                                      \
        ctype v;                                           \
        memcpy(&v, interp_locate(e->access, m), sizeof v); \
        return (Scalar)VALUE_##cls;                        \
    }
#include "core/base/dtypes.def"

static Run *const load_run[DT_COUNT] = {
#define DTYPE(name, ctype, bits, cls) load_##name,
#include "core/base/dtypes.def"
};

/* ---- the calls of calls.def ---- */

#define FLOAT_CALL(name, fn)                           \
    static Scalar call_##name(const Ex *e, Machine *m) \
    {                                                  \
        return (Scalar){.f = fn(ex_value(e->a, m).f)}; \
    }
/* clang-format off */
FLOAT_CALL(floor, floor) FLOAT_CALL(ceil, ceil) FLOAT_CALL(round, rint) FLOAT_CALL(trunc, trunc)
    /* clang-format on */

    static Scalar call_sqrt(const Ex *e, Machine *m)
{
    double a = ex_value(e->a, m).f;
    return (Scalar){.f = e->type == DT_float32 ? (double)sqrtf((float)a) : sqrt(a)};
}

static Scalar call_abs(const Ex *e, Machine *m)
{
    Scalar a = ex_value(e->a, m);
    if (dtype_is_float((DType)e->type))
        return (Scalar){.f = fabs(a.f)};
    return a.i < 0 ? (Scalar){.i = dtype_wrap((DType)e->type, (int64_t)(0 - (uint64_t)a.i))} : a;
}

static Scalar call_isnan(const Ex *e, Machine *m)
{
    return (Scalar){.i = isnan(ex_value(e->a, m).f) != 0};
}

static Scalar call_isinf(const Ex *e, Machine *m)
{
    return (Scalar){.i = isinf(ex_value(e->a, m).f) != 0};
}

/* A float32 NaN is kept quiet by its way through a double; nothing else changes. */
static Scalar call_reinterpret(const Ex *e, Machine *m)
{
    char bytes[8] = {0};
    dtype_store((DType)e->from, bytes, ex_value(e->a, m));
    return dtype_load((DType)e->type, bytes);
}

static Run *call_run(const char *name)
{
    static const struct {
        const char *name;
        Run *run;
    } calls[] = {
#define CALL(name, arguments, domain, doc) {#name, call_##name},
#include "core/ir/calls.def"
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (strcmp(calls[i].name, name) == 0)
            return calls[i].run;
    return NULL;
}

/* ---- compilation ---- */

static Ex *make(Compiler *c, Run *run, const Node *n)
{
    Ex *e = arena_alloc(c->A, sizeof *e);
    e->run = run;
    e->op = n->op;
    e->type = n->type;
    return e;
}

const Ex *interp_cell(Compiler *c, const Scalar *cell, DType type)
{
    Ex *e = arena_alloc(c->A, sizeof *e);
    e->cell = cell;
    e->type = (uint8_t)type;
    return e;
}

const Ex *interp_binary(Compiler *c, Op op, DType operands, const Ex *a, const Ex *b)
{
    bool truth = op_info[op].flags & (OPF_COMPARE | OPF_LOGIC);
    Ex *e = arena_alloc(c->A, sizeof *e);
    *e = (Ex){.run = binary_run(op, operands),
              .a = a,
              .b = b,
              .op = (uint8_t)op,
              .type = (uint8_t)(truth ? DT_bool : operands),
              .from = (uint8_t)operands};
    return e;
}

const Ex *interp_fma(Compiler *c, DType t, const Ex *x, const Ex *y, const Ex *z)
{
    Ex *e = arena_alloc(c->A, sizeof *e);
    *e = (Ex){.run = run_fma, .a = x, .b = y, .c = z, .op = OP_Fma, .type = (uint8_t)t};
    return e;
}

static const Ex *literal(Compiler *c, const Node *n)
{
    Scalar *cell = arena_alloc(c->A, sizeof *cell);
    *cell = n->op == OP_FloatImm ? (Scalar){.f = n->at.f} : (Scalar){.i = n->at.i};
    return interp_cell(c, cell, (DType)n->type);
}

static const Ex *variable(Compiler *c, const Node *n)
{
    const Scalar *cell = node_map_get(&c->map, n);
    if (!cell)
        return FAIL(c->err, unbound_name, n, ir_var_name(n));
    return interp_cell(c, cell, (DType)n->type);
}

/* Up to three operands, the children from `first` on. */
static const Ex *operands(Compiler *c, Run *run, const Node *n, size_t first, size_t count)
{
    Ex *e = make(c, run, n);
    const Ex **to[3] = {&e->a, &e->b, &e->c};
    for (size_t i = 0; i < count; i++)
        if (!(*to[i] = interp_expr(c, n->kid[first + i])))
            return NULL;
    if (count > 0)
        e->from = n->kid[first]->type;
    return e;
}

static const Ex *let(Compiler *c, const Node *n)
{
    Ex *e = make(c, run_let, n);
    if (!(e->a = interp_expr(c, n->kid[Let_value])))
        return NULL;
    e->bind = interp_bind(c, n->kid[Let_var]);
    return (e->b = interp_expr(c, n->kid[Let_body])) ? e : NULL;
}

static const Ex *load(Compiler *c, const Node *n)
{
    Ex *e = make(c, load_run[n->type], n);
    return (e->access = interp_access(c, n, Load_index)) ? e : NULL;
}

static const Ex *call(Compiler *c, const Node *n)
{
    Run *run = call_run(n->at.name);
    if (run && n->nkids == 1)
        return operands(c, run, n, Call_arg, 1);
    const Node *expanded = math_expand(c->A, n, c->err);
    return expanded ? interp_expr(c, expanded) : NULL;
}

static const Ex *compile(Compiler *c, const Node *n)
{
    switch ((Op)n->op) {
    case OP_IntImm:
    case OP_FloatImm: return literal(c, n);
    case OP_Var: return variable(c, n);
    case OP_Neg: return operands(c, run_neg, n, 0, 1);
    case OP_Not: return operands(c, run_not, n, 0, 1);
    case OP_Cast: return operands(c, run_cast, n, 0, 1);
    case OP_Select: return operands(c, run_select, n, 0, 3);
    case OP_Fma: return operands(c, run_fma, n, 0, 3);
    case OP_Let: return let(c, n);
    case OP_Load: return load(c, n);
    case OP_Call: return call(c, n);
    default: break;
    }
    if (!op_info[n->op].symbol)
        return FAIL(c->err, not_a_value, n, op_info[n->op].name);
    return operands(c, binary_run((Op)n->op, (DType)n->kid[0]->type), n, 0, 2);
}

const Ex *interp_expr(Compiler *c, const Node *n)
{
    const Ex *known = n->op == OP_Var ? NULL : node_map_get(&c->map, n);
    if (known)
        return known;
    const Ex *e = compile(c, n);
    if (e && n->nkids > 0)
        node_map_put(&c->map, n, (void *)(uintptr_t)e);
    return e;
}

const Access *interp_access(Compiler *c, const Node *n, size_t first)
{
    size_t rank = n->nkids - first;
    Access *a = arena_alloc(c->A, sizeof *a + rank * sizeof *a->index);
    a->node = n;
    a->rank = rank;
    a->mem = node_map_get(&c->map, n->kid[0]);
    if (!a->mem)
        return FAIL(c->err, unbound_name, n, ir_buf_name(n->kid[0]));
    for (size_t d = 0; d < rank; d++)
        if (!(a->index[d] = interp_expr(c, n->kid[first + d])))
            return NULL;
    return a;
}

void *interp_locate(const Access *a, Machine *m)
{
    const Mem *mem = a->mem;
    uint64_t at = 0;
    for (size_t d = 0; d < a->rank; d++) {
        uint64_t i = (uint64_t)ex_value(a->index[d], m).i - (uint64_t)mem->min[d];
        if (i >= (uint64_t)mem->extent[d])
            return interp_outside(a, m);
        at = at * (uint64_t)mem->extent[d] + i;
    }
    return mem->data + at * dtype_bytes((DType)mem->buffer->type);
}
