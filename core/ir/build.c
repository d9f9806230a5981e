/* build.c -- constructors for every kind of node, and index arithmetic that folds as it goes. */
#include "core/ir/ir.h"

#include <math.h>
#include <string.h>

#define NO_ATTR ((Attr){0})

const Node *ir_int(Arena *A, DType t, int64_t v)
{
    assert(!dtype_is_float(t));
    return ir_make(A, OP_IntImm, t, (Attr){.i = dtype_wrap(t, v)}, 0, NULL);
}

const Node *ir_float(Arena *A, DType t, double v)
{
    assert(dtype_is_float(t));
    double f = t == DT_float32 ? (double)(float)v : v;
    return ir_make(A, OP_FloatImm, t, (Attr){.f = isnan(f) ? NAN : f}, 0, NULL);
}

const Node *ir_scalar(Arena *A, DType t, Scalar v)
{
    return dtype_is_float(t) ? ir_float(A, t, v.f) : ir_int(A, t, v.i);
}

const Node *ir_const(Arena *A, DType t, double v)
{
    return ir_scalar(A, t, dtype_convert(t, DT_float64, (Scalar){.f = v}));
}

const Node *ir_idx(Arena *A, int64_t v)
{
    return ir_int(A, DT_int64, v);
}

const Node *ir_bool(Arena *A, bool v)
{
    return ir_int(A, DT_bool, v);
}

const Node *ir_var_like(Arena *A, DType t, const char *name, const char *axes, int step)
{
    VarInfo *info = arena_alloc(A, sizeof *info);
    const char *own = arena_strdup(A, name), *from = axes && strcmp(axes, name) == 0 ? own : axes;
    *info = (VarInfo){own, from && from != own ? arena_strdup(A, from) : from, step};
    return ir_make(A, OP_Var, t, (Attr){.var = info}, 0, NULL);
}

const Node *ir_var(Arena *A, const char *name)
{
    return ir_var_like(A, DT_int64, name, NULL, 0);
}

static Scalar literal(const Node *n)
{
    return n->op == OP_FloatImm ? (Scalar){.f = n->at.f} : (Scalar){.i = n->at.i};
}

const Node *ir_binary(Arena *A, Op op, const Node *a, const Node *b)
{
    assert(op_info[op].symbol && a->type == b->type);
    DType t = op_info[op].flags & (OPF_COMPARE | OPF_LOGIC) ? DT_bool : a->type;
    if (ir_is_literal(a) && ir_is_literal(b))
        return ir_scalar(A, t, ir_eval_binary(op, a->type, literal(a), literal(b)));
    return ir_make(A, op, t, NO_ATTR, 2, (const Node *const[]){a, b});
}

const Node *ir_cast(Arena *A, DType t, const Node *a)
{
    if (a->type == t)
        return a;
    if (ir_is_literal(a))
        return ir_scalar(A, t, dtype_convert(t, a->type, literal(a)));
    return ir_make(A, OP_Cast, t, NO_ATTR, 1, &a);
}

const Node *ir_select(Arena *A, const Node *cond, const Node *a, const Node *b)
{
    assert(cond->type == DT_bool && a->type == b->type);
    if (cond->op == OP_IntImm)
        return cond->at.i ? a : b;
    return ir_make(A, OP_Select, a->type, NO_ATTR, 3, (const Node *const[]){cond, a, b});
}

const Node *ir_not(Arena *A, const Node *a)
{
    if (a->op == OP_IntImm)
        return ir_bool(A, !a->at.i);
    return a->op == OP_Not ? a->kid[Not_a] : ir_make(A, OP_Not, DT_bool, NO_ATTR, 1, &a);
}

const Node *ir_call(Arena *A, DType t, const char *name, size_t n, const Node *const *args)
{
    return ir_make(A, OP_Call, t, (Attr){.name = arena_strdup(A, name)}, n, args);
}

const Node *ir_load(Arena *A, const Node *buffer, size_t n, const Node *const *index)
{
    assert(buffer->op == OP_Buffer && ir_rank(buffer) == n && n <= IR_MAX_RANK);
    const Node *kids[1 + IR_MAX_RANK] = {buffer};
    for (size_t i = 0; i < n; i++)
        kids[1 + i] = index[i];
    return ir_make(A, OP_Load, buffer->type, NO_ATTR, n + 1, kids);
}

/* ---- index arithmetic ---- */

/* x + c or x - c for a literal c, so that constants gather at the right end. */
static bool split_const(const Node *n, const Node **rest, int64_t *c)
{
    if ((n->op != OP_Add && n->op != OP_Sub) || n->kid[1]->op != OP_IntImm)
        return false;
    *rest = n->kid[0];
    *c = n->op == OP_Add ? n->kid[1]->at.i : (int64_t)(0 - (uint64_t)n->kid[1]->at.i);
    return true;
}

static const Node *add_const(Arena *A, const Node *a, int64_t c)
{
    if (c == 0)
        return a;
    if (c < 0 && c != INT64_MIN)
        return ir_binary(A, OP_Sub, a, ir_idx(A, -c));
    return ir_binary(A, OP_Add, a, ir_idx(A, c));
}

const Node *ix_add(Arena *A, const Node *a, const Node *b)
{
    const Node *ra = a, *rb = b;
    int64_t ca = 0, cb = 0;
    if (a->op == OP_IntImm && b->op != OP_IntImm)
        return ix_add(A, b, a);
    split_const(a, &ra, &ca);
    if (b->op == OP_IntImm) {
        if (a->op == OP_IntImm)
            return ir_binary(A, OP_Add, a, b);
        return b->at.i == 0 ? a : add_const(A, ra, (int64_t)((uint64_t)ca + (uint64_t)b->at.i));
    }
    split_const(b, &rb, &cb);
    return add_const(A, ir_binary(A, OP_Add, ra, rb), (int64_t)((uint64_t)ca + (uint64_t)cb));
}

const Node *ix_sub(Arena *A, const Node *a, const Node *b)
{
    if (b->op == OP_IntImm && b->at.i != INT64_MIN)
        return ix_add(A, a, ir_idx(A, -b->at.i));
    if (ir_same(a, b))
        return ir_idx(A, 0);
    return ir_binary(A, OP_Sub, a, b);
}

const Node *ix_mul(Arena *A, const Node *a, const Node *b)
{
    if (a->op == OP_IntImm && b->op != OP_IntImm)
        return ix_mul(A, b, a);
    if (ir_is_int(b, 1))
        return a;
    if (ir_is_int(b, 0))
        return b;
    if (b->op == OP_IntImm && a->op == OP_Mul && a->kid[Mul_b]->op == OP_IntImm)
        return ix_mul(A, a->kid[Mul_a], ir_binary(A, OP_Mul, a->kid[Mul_b], b));
    return ir_binary(A, OP_Mul, a, b);
}

const Node *ix_div(Arena *A, const Node *a, const Node *b)
{
    return ir_is_int(b, 1) ? a : ir_is_int(a, 0) ? a : ir_binary(A, OP_FloorDiv, a, b);
}

const Node *ix_mod(Arena *A, const Node *a, const Node *b)
{
    return ir_is_int(b, 1) || ir_is_int(a, 0) ? ir_idx(A, 0) : ir_binary(A, OP_FloorMod, a, b);
}

const Node *ix_min(Arena *A, const Node *a, const Node *b)
{
    return ir_same(a, b) ? a : ir_binary(A, OP_Min, a, b);
}

const Node *ix_max(Arena *A, const Node *a, const Node *b)
{
    return ir_same(a, b) ? a : ir_binary(A, OP_Max, a, b);
}

const Node *ir_and(Arena *A, const Node *a, const Node *b)
{
    if (ir_is_true(a))
        return b;
    if (ir_is_true(b) || ir_same(a, b))
        return a;
    return ir_binary(A, OP_And, a, b);
}

/* ---- statements and parts ---- */

const Node *ir_buffer(Arena *A, DType t, const char *name, Scope scope, size_t rank,
                      const Node *const *shape)
{
    for (size_t d = 0; d < rank; d++)
        assert(shape[d]->op == OP_IntImm);
    BufInfo *info = arena_alloc(A, sizeof *info);
    *info = (BufInfo){arena_strdup(A, name), scope};
    return ir_make(A, OP_Buffer, t, (Attr){.buf = info}, rank, shape);
}

const Node *ir_list(Arena *A, size_t n, const Node *const *items)
{
    return ir_make(A, OP_List, 0, NO_ATTR, n, items);
}

const Node *ir_iter(Arena *A, IterKind kind, const Node *var, const Node *value)
{
    return ir_node(A, Iter, 0, (Attr){.i = kind}, [Iter_var] = var, [Iter_value] = value);
}

const Node *ir_range(Arena *A, const Node *min, const Node *extent)
{
    assert(extent->op == OP_IntImm);
    return ir_node(A, Range, 0, NO_ATTR, [Range_min] = min, [Range_extent] = extent);
}

const Node *ir_for(Arena *A, ForKind kind, const Node *var, const Node *extent, const Node *body)
{
    return ir_node(A, For, 0, (Attr){.i = kind}, [For_var] = var, [For_extent] = extent,
                   [For_annots] = ir_list(A, 0, NULL), [For_body] = body);
}

static const Node *access(Arena *A, Op op, Attr at, const Node *buffer, size_t n,
                          const Node *const *index, const Node *value)
{
    assert(ir_rank(buffer) == n && n <= IR_MAX_RANK && value->type == buffer->type);
    const Node *kids[2 + IR_MAX_RANK] = {buffer, value};
    for (size_t i = 0; i < n; i++)
        kids[2 + i] = index[i];
    return ir_make(A, op, 0, at, n + 2, kids);
}

const Node *ir_store(Arena *A, const Node *buffer, size_t n, const Node *const *index,
                     const Node *value)
{
    return access(A, OP_Store, NO_ATTR, buffer, n, index, value);
}

const Node *ir_update(Arena *A, Combiner c, const Node *buffer, size_t n, const Node *const *index,
                      const Node *value)
{
    assert(c != COMB_fma || value->op == OP_Mul);
    return access(A, OP_Update, (Attr){.i = c}, buffer, n, index, value);
}

const Node *ir_nop(Arena *A)
{
    return ir_make(A, OP_Nop, 0, NO_ATTR, 0, NULL);
}

const Node *ir_seq(Arena *A, size_t n, const Node *const *stmts)
{
    size_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += stmts[i]->op == OP_Seq ? stmts[i]->nkids : stmts[i]->op != OP_Nop;
    const Node **flat = ARENA_ARRAY(A, const Node *, total + 1);
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        if (stmts[i]->op == OP_Seq)
            for (size_t j = 0; j < stmts[i]->nkids; j++)
                flat[k++] = stmts[i]->kid[j];
        else if (stmts[i]->op != OP_Nop)
            flat[k++] = stmts[i];
    }
    if (k == 1)
        return flat[0];
    return k == 0 ? ir_nop(A) : ir_make(A, OP_Seq, 0, NO_ATTR, k, flat);
}

const Node *ir_block(Arena *A, const BlockInfo *info, const Node *iters, const Node *where,
                     const Node *init, const Node *body)
{
    return ir_node(A, Block, 0, (Attr){.block = info}, [Block_iters] = iters, [Block_where] = where,
                   [Block_annots] = ir_list(A, 0, NULL), [Block_init] = init, [Block_body] = body);
}

const Node *ir_alloc(Arena *A, const Node *buffer, const Node *window, const Node *body)
{
    assert(window->nkids == 0 || window->nkids == ir_rank(buffer));
    return ir_node(A, Alloc, 0,
                   NO_ATTR, [Alloc_buffer] = buffer, [Alloc_window] = window, [Alloc_body] = body);
}

const Node *ir_if(Arena *A, const Node *cond, const Node *then, const Node *otherwise)
{
    if (cond->op == OP_IntImm)
        return cond->at.i ? then : otherwise;
    return ir_node(A, If, 0,
                   NO_ATTR, [If_cond] = cond, [If_then] = then, [If_otherwise] = otherwise);
}

const Node *ir_func(Arena *A, const char *name, const Node *params, const Node *results,
                    const Node *body)
{
    return ir_node(A, Func, 0, (Attr){.name = arena_strdup(A, name)}, [Func_params] = params,
                   [Func_results] = results, [Func_body] = body);
}

const Node *ir_identity(Arena *A, Combiner c, DType t)
{
    int bits = dtype_info[t].bits;
    bool is_signed = dtype_is_signed(t);
    switch (c) {
    case COMB_prod: return ir_const(A, t, 1);
    case COMB_max:
        if (dtype_is_float(t))
            return ir_float(A, t, -INFINITY);
        return ir_int(A, t, is_signed ? (int64_t)(UINT64_MAX << (bits - 1)) : 0);
    case COMB_min:
        if (dtype_is_float(t))
            return ir_float(A, t, INFINITY);
        return ir_int(A, t, is_signed ? (int64_t)((UINT64_C(1) << (bits - 1)) - 1) : -1);
    case COMB_sum:
    case COMB_fma:
    case COMB_COUNT: break;
    }
    return ir_const(A, t, 0);
}

const Node *ir_combine(Arena *A, Combiner c, const Node *a, const Node *v)
{
    switch (c) {
    case COMB_sum: return ir_binary(A, OP_Add, a, v);
    case COMB_prod: return ir_binary(A, OP_Mul, a, v);
    case COMB_max: return ir_binary(A, OP_Max, a, v);
    case COMB_min: return ir_binary(A, OP_Min, a, v);
    case COMB_fma:
        return ir_node(A, Fma, a->type,
                       NO_ATTR, [Fma_a] = v->kid[Mul_a], [Fma_b] = v->kid[Mul_b], [Fma_c] = a);
    case COMB_COUNT: break;
    }
    assert(!"a combiner of the table");
    return a;
}
