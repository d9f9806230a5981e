/* index_range.c -- interval arithmetic over index expressions. */
#include "viz/index_range.h"

#include "core/base/integer.h"

static const IndexRange anything = {INT64_MIN, INT64_MAX};
static const IndexRange maybe = {0, 1};

static IndexRange truth(bool yes, bool no)
{
    return yes ? (IndexRange){1, 1} : no ? (IndexRange){0, 0} : maybe;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static IndexRange multiply(IndexRange a, IndexRange b)
{
    int64_t p[4];
    if (__builtin_mul_overflow(a.lo, b.lo, &p[0]) || __builtin_mul_overflow(a.lo, b.hi, &p[1]) ||
        __builtin_mul_overflow(a.hi, b.lo, &p[2]) || __builtin_mul_overflow(a.hi, b.hi, &p[3]))
        return anything;
    return (IndexRange){least(least(p[0], p[1]), least(p[2], p[3])),
                        most(most(p[0], p[1]), most(p[2], p[3]))};
}

/* Of two points the value that ir_eval_binary defines. */
static IndexRange exactly(const Node *e, IndexRange a, IndexRange b)
{
    DType t = (DType)e->kid[0]->type;
    int64_t v = ir_eval_binary((Op)e->op, t, (Scalar){.i = a.lo}, (Scalar){.i = b.lo}).i;
    return (IndexRange){v, v};
}

static IndexRange binary(const Node *e, IndexRange a, IndexRange b)
{
    if (range_is_point(a) && range_is_point(b))
        return exactly(e, a, b);
    IndexRange r;
    switch (e->op) {
    case OP_Add:
        return __builtin_add_overflow(a.lo, b.lo, &r.lo) ||
                       __builtin_add_overflow(a.hi, b.hi, &r.hi)
                   ? anything
                   : r;
    case OP_Sub:
        return __builtin_sub_overflow(a.lo, b.hi, &r.lo) ||
                       __builtin_sub_overflow(a.hi, b.lo, &r.hi)
                   ? anything
                   : r;
    case OP_Mul: return multiply(a, b);
    case OP_FloorDiv:
        if (!range_is_point(b) || b.lo <= 0)
            return anything;
        return (IndexRange){floor_div(a.lo, b.lo), floor_div(a.hi, b.lo)};
    case OP_FloorMod:
        if (!range_is_point(b) || b.lo <= 0)
            return anything;
        if (floor_div(a.lo, b.lo) == floor_div(a.hi, b.lo))
            return (IndexRange){a.lo - floor_div(a.lo, b.lo) * b.lo,
                                a.hi - floor_div(a.hi, b.lo) * b.lo};
        return (IndexRange){0, b.lo - 1};
    case OP_Min: return (IndexRange){least(a.lo, b.lo), least(a.hi, b.hi)};
    case OP_Max: return (IndexRange){most(a.lo, b.lo), most(a.hi, b.hi)};
    case OP_Lt: return truth(a.hi < b.lo, a.lo >= b.hi);
    case OP_Le: return truth(a.hi <= b.lo, a.lo > b.hi);
    case OP_Gt: return truth(a.lo > b.hi, a.hi <= b.lo);
    case OP_Ge: return truth(a.lo >= b.hi, a.hi < b.lo);
    case OP_Eq: return truth(false, a.hi < b.lo || b.hi < a.lo);
    case OP_Ne: return truth(a.hi < b.lo || b.hi < a.lo, false);
    case OP_And: return truth(a.lo == 1 && b.lo == 1, a.hi == 0 || b.hi == 0);
    case OP_Or: return truth(a.lo == 1 || b.lo == 1, a.hi == 0 && b.hi == 0);
    default: return op_info[e->op].flags & OPF_COMPARE ? maybe : anything;
    }
}

IndexRange index_range(const Node *e, const IndexEnv *env)
{
    switch (e->op) {
    case OP_IntImm: return (IndexRange){e->at.i, e->at.i};
    case OP_Var:
        for (size_t i = env->n; i-- > 0;)
            if (env->var[i] == e)
                return env->range[i];
        return anything;
    case OP_Not: {
        IndexRange a = index_range(e->kid[Not_a], env);
        return (IndexRange){1 - most(0, least(a.hi, 1)), 1 - most(0, least(a.lo, 1))};
    }
    case OP_Neg: {
        IndexRange a = index_range(e->kid[Neg_a], env);
        return a.lo == INT64_MIN ? anything : (IndexRange){-a.hi, -a.lo};
    }
    case OP_Select: {
        IndexRange c = index_range(e->kid[Select_cond], env);
        if (range_is_point(c))
            return index_range(e->kid[c.lo ? Select_a : Select_b], env);
        IndexRange a = index_range(e->kid[Select_a], env), b = index_range(e->kid[Select_b], env);
        return (IndexRange){least(a.lo, b.lo), most(a.hi, b.hi)};
    }
    default:
        if (e->nkids != 2 || op_info[e->op].symbol == NULL ||
            dtype_is_float((DType)e->kid[0]->type))
            return e->type == DT_bool ? maybe : anything;
        return binary(e, index_range(e->kid[0], env), index_range(e->kid[1], env));
    }
}
