/* bounds.c -- what values an integer expression can have, by intervals; sums are bounded term by
** term after equal ones have cancelled. */
#include "core/ir/linear.h"
#include "core/base/mutant.h"

enum { FUEL = 20000 };

static Interval range_of_type(DType t)
{
    int bits = dtype_info[t].bits;
    if (t == DT_bool)
        return (Interval){0, 1};
    if (bits == 64 || !dtype_is_int(t))
        return (Interval){INT64_MIN, INT64_MAX};
    if (dtype_is_signed(t))
        return (Interval){-(INT64_C(1) << (bits - 1)), (INT64_C(1) << (bits - 1)) - 1};
    return (Interval){0, (INT64_C(1) << bits) - 1};
}

/* [lo, hi] if every value of the type between them is meant, else all of the type: it wraps. */
static Interval in_type(DType t, i128 lo, i128 hi)
{
    Interval all = range_of_type(t);
    return lo >= all.lo && hi <= all.hi ? (Interval){(int64_t)lo, (int64_t)hi} : all;
}

static i128 least(i128 a, i128 b)
{
    return a < b ? a : b;
}
static i128 most(i128 a, i128 b)
{
    return a > b ? a : b;
}

/* From the four corners of a function that is monotone in each argument. */
static Interval corners(DType t, i128 a, i128 b, i128 c, i128 d)
{
    return in_type(t, least(least(a, b), least(c, d)), most(most(a, b), most(c, d)));
}

static Interval of_quotient(const Node *n, Interval a, Interval b)
{
    if (b.lo < 0)
        return range_of_type(n->type);
    bool zero = b.lo == 0; /* then the quotient is 0 */
    i128 lo = zero ? 1 : b.lo, hi = b.hi < 1 ? 1 : b.hi;
    Interval q = n->op == OP_Div
                     ? corners(n->type, a.lo / lo, a.lo / hi, a.hi / lo, a.hi / hi)
                     : corners(n->type, floor_div_wide(a.lo, lo), floor_div_wide(a.lo, hi),
                               floor_div_wide(a.hi, lo), floor_div_wide(a.hi, hi));
    return zero ? in_type(n->type, least(q.lo, 0), most(q.hi, 0)) : q;
}

static Interval of_remainder(const Node *n, Interval a, Interval b)
{
    if (b.lo < 0 || b.hi == 0)
        return b.hi == 0 && b.lo == 0 ? (Interval){0, 0} : range_of_type(n->type);
    if (b.lo == b.hi && floor_div_wide(a.lo, b.lo) == floor_div_wide(a.hi, b.lo)) {
        /* Between a.lo - b.lo and a.lo */
        int64_t down = (int64_t)(floor_div_wide(a.lo, b.lo) * b.lo);
        if (floor_div_wide(a.lo, b.lo) * b.lo >= INT64_MIN)
            return (Interval){a.lo - down, a.hi - down};
    }
    return (Interval){0, a.lo >= 0 && a.hi < b.hi - 1 ? a.hi : b.hi - 1};
}

static Interval of_sum(Known *k, const Node *n)
{
    Linear l = {0};
    i128 lo, hi;
    bool one = n->op == OP_Mul && n->kid[0]->op != OP_IntImm && n->kid[1]->op != OP_IntImm;
    if (n->type == DT_int64 && !one && linear_add(&l, n, 1))
        return linear_exact(k, &l, &lo, &hi) ? (Interval){(int64_t)lo, (int64_t)hi}
                                             : range_of_type(DT_int64);
    Interval a = interval_of(k, n->kid[0]);
    if (n->op == OP_Neg)
        return in_type(n->type, -(i128)a.hi, -(i128)a.lo);
    Interval b = interval_of(k, n->kid[1]);
    if (n->op == OP_Mul)
        return corners(n->type, (i128)a.lo * b.lo, (i128)a.lo * b.hi, (i128)a.hi * b.lo,
                       (i128)a.hi * b.hi);
    return n->op == OP_Add ? in_type(n->type, (i128)a.lo + b.lo, (i128)a.hi + b.hi)
                           : in_type(n->type, (i128)a.lo - b.hi, (i128)a.hi - b.lo);
}

static Interval of_bits(const Node *n, Interval a, Interval b)
{
    bool literal = b.lo == b.hi && b.lo >= 0 && b.lo < dtype_info[n->type].bits;
    if (n->op == OP_BitAnd && (a.lo >= 0 || b.lo >= 0)) {
        int64_t hi = a.lo < 0 ? b.hi : b.lo < 0 ? a.hi : a.hi < b.hi ? a.hi : b.hi;
        return (Interval){0, hi};
    }
    if (n->op == OP_Shr && literal)
        return (Interval){a.lo >> b.lo, a.hi >> b.lo};
    return range_of_type(n->type);
}

static Interval of_logic(Known *k, const Node *n)
{
    Interval a = interval_of(k, n->kid[0]);
    if (n->op == OP_Not)
        return (Interval){!a.hi, !a.lo};
    Interval b = interval_of(k, n->kid[1]);
    return n->op == OP_And ? (Interval){a.lo & b.lo, a.hi & b.hi}
                           : (Interval){a.lo | b.lo, a.hi | b.hi};
}

static Interval of_cast(Known *k, const Node *n)
{
    DType from = n->kid[0]->type;
    if (from == DT_uint64 || dtype_is_float(from) || n->type == DT_bool)
        return range_of_type(n->type);
    Interval a = interval_of(k, n->kid[0]);
    return in_type(n->type, a.lo, a.hi);
}

static Interval of_choice(Known *k, const Node *n)
{
    if (n->op == OP_Select) {
        Interval c = interval_of(k, n->kid[Select_cond]);
        if (c.lo == c.hi)
            return interval_of(k, n->kid[c.lo ? Select_a : Select_b]);
    }
    size_t first = n->op == OP_Select ? Select_a : 0;
    Interval a = interval_of(k, n->kid[first]), b = interval_of(k, n->kid[first + 1]);
    Interval join = {a.lo < b.lo ? a.lo : b.lo, a.hi > b.hi ? a.hi : b.hi};
    if (n->op == OP_Min)
        join.hi = a.hi < b.hi ? a.hi : b.hi;
    if (n->op == OP_Max)
        join.lo = a.lo > b.lo ? a.lo : b.lo;
    return join;
}

static Interval of_var(const Known *k, const Node *v)
{
    for (size_t i = k->n; i-- > 0;)
        if (k->at[i].var == v)
            return (Interval){k->at[i].min, k->at[i].max};
    return range_of_type(v->type);
}

Interval interval_of(Known *k, const Node *n)
{
    if (--k->fuel < 0 || n->type == DT_uint64 || n->type >= DT_COUNT || dtype_is_float(n->type))
        return range_of_type(n->type < DT_COUNT ? n->type : DT_int64);
    switch ((Op)n->op) {
    case OP_IntImm: return (Interval){n->at.i, n->at.i};
    case OP_Var: return of_var(k, n);
    case OP_Add:
    case OP_Sub:
    case OP_Mul:
    case OP_Neg: return n->type == DT_bool ? range_of_type(DT_bool) : of_sum(k, n);
    case OP_Min:
    case OP_Max:
    case OP_Select: return of_choice(k, n);
    case OP_Not:
    case OP_And:
    case OP_Or: return of_logic(k, n);
    case OP_Cast: return of_cast(k, n);
    case OP_Let: return interval_of(k, n->kid[Let_body]);
    case OP_Div:
    case OP_FloorDiv: return of_quotient(n, interval_of(k, n->kid[0]), interval_of(k, n->kid[1]));
    case OP_FloorMod: return of_remainder(n, interval_of(k, n->kid[0]), interval_of(k, n->kid[1]));
    case OP_BitAnd:
    case OP_Shr: return of_bits(n, interval_of(k, n->kid[0]), interval_of(k, n->kid[1]));
    default: break;
    }
    if (op_info[n->op].flags & OPF_COMPARE) {
        int holds = comparison_holds(k, n->op, n->kid[0], n->kid[1]);
        return holds < 0 ? (Interval){0, 1} : (Interval){holds, holds};
    }
    return range_of_type(n->type);
}

Interval values_of_loop(Known *k, const Node *loop)
{
    const int64_t longest = INT64_C(1) << 60;
    int64_t most = interval_of(k, loop->kid[For_extent]).hi;
    if (most > longest && loop->kid[For_extent]->op != OP_IntImm)
        most = longest;
    return (Interval){0, most > 0 ? most - 1 : 0};
}

/* Bounds of a - b without wrapping, for integers of one type; false if they cannot be told. */
static bool difference_bounds(Known *k, const Node *a, const Node *b, i128 *lo, i128 *hi)
{
    Linear la = {0}, lb = {0};
    i128 unused_lo, unused_hi;
    if (a->type == DT_uint64 || dtype_is_float(a->type))
        return false;
    if (a->type != DT_int64) {
        Interval x = interval_of(k, a), y = interval_of(k, b);
        *lo = (i128)x.lo - y.hi;
        *hi = (i128)x.hi - y.lo;
        return true;
    }
    if (!linear_add(&la, a, 1) || !linear_exact(k, &la, &unused_lo, &unused_hi) ||
        !linear_add(&lb, b, 1) || !linear_exact(k, &lb, &unused_lo, &unused_hi))
        return false;
    return linear_add_exactly(&la, &lb, -1) && linear_bounds(k, &la, lo, hi);
}

int comparison_holds(Known *k, Op op, const Node *a, const Node *b)
{
    i128 lo, hi;
    if (!difference_bounds(k, a, b, &lo, &hi))
        return -1;
    switch (op) {
    case OP_Lt: return hi < MUTANT(simplify_guard_dropped, 0, 1) ? 1 : lo >= 0 ? 0 : -1;
    case OP_Le: return hi <= 0 ? 1 : lo > 0 ? 0 : -1;
    case OP_Gt: return lo > 0 ? 1 : hi <= 0 ? 0 : -1;
    case OP_Ge: return lo >= 0 ? 1 : hi < 0 ? 0 : -1;
    case OP_Eq: return lo == 0 && hi == 0 ? 1 : lo > 0 || hi < 0 ? 0 : -1;
    default: return lo == 0 && hi == 0 ? 0 : lo > 0 || hi < 0 ? 1 : -1;
    }
}

bool ir_bounds(const Node *e, const Ranges *ranges, int64_t *min, int64_t *max)
{
    Known k = {ranges ? ranges->at : NULL, ranges ? ranges->n : 0, FUEL};
    Interval v = interval_of(&k, e);
    if (dtype_is_float(e->type) || e->type == DT_uint64 || (v.lo == INT64_MIN && v.hi == INT64_MAX))
        return false;
    *min = v.lo;
    *max = v.hi;
    return true;
}
