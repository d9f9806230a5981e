/* model_expr.c -- index expressions and conditions as functions and sets of isl. */
#include <isl/aff.h>
#include <isl/local_space.h>
#include <isl/val.h>

#include "core/affine/model.h"

void aff_begin(AffEnv *e, isl_ctx *ctx, unsigned dims)
{
    e->ctx = ctx;
    e->space = isl_space_set_alloc(ctx, 0, dims);
    e->n = 0;
    e->not_affine = false;
}

void aff_end(AffEnv *e)
{
    isl_space_free(e->space);
    while (e->n > 0)
        isl_pw_aff_free(e->bind[--e->n].value);
}

void aff_bind(AffEnv *e, const Node *var, isl_pw_aff *value, Interval in)
{
    if (e->n == AFF_VARS) {
        isl_pw_aff_free(value);
        return;
    }
    e->range[e->n] = (VarRange){var, in.lo, in.hi};
    e->bind[e->n++] = (Bind){var, value};
}

void aff_bind_dim(AffEnv *e, const Node *var, int dim, Interval in)
{
    isl_local_space *ls = isl_local_space_from_space(isl_space_copy(e->space));
    aff_bind(e, var, isl_pw_aff_var_on_domain(ls, isl_dim_set, (unsigned)dim), in);
}

enum { FUEL = 1000 }; /* far more than an index needs */

Interval aff_interval(const AffEnv *e, const Node *n)
{
    Known k = {e->range, e->n, FUEL};
    return interval_of(&k, n);
}

void aff_bind_loop(AffEnv *e, const Node *loop, int dim)
{
    Known k = {e->range, e->n, FUEL};
    aff_bind_dim(e, loop->kid[For_var], dim, values_of_loop(&k, loop));
}

/* May the sum, difference or product leave int64, for values of the operands as they are? */
static bool may_wrap(const AffEnv *e, const Node *n)
{
    Interval a = aff_interval(e, n->kid[0]);
    if (n->op == OP_Neg)
        return a.lo == INT64_MIN;
    Interval b = aff_interval(e, n->kid[1]);
    i128 lo, hi;
    if (n->op == OP_Mul) {
        i128 at[] = {(i128)a.lo * b.lo, (i128)a.lo * b.hi, (i128)a.hi * b.lo, (i128)a.hi * b.hi};
        lo = hi = at[0];
        for (int i = 1; i < 4; i++) {
            lo = at[i] < lo ? at[i] : lo;
            hi = at[i] > hi ? at[i] : hi;
        }
    } else {
        bool add = n->op == OP_Add;
        lo = add ? (i128)a.lo + b.lo : (i128)a.lo - b.hi;
        hi = add ? (i128)a.hi + b.hi : (i128)a.hi - b.lo;
    }
    return !fits64(lo, hi);
}

static isl_pw_aff *constant(AffEnv *e, int64_t v)
{
    return isl_pw_aff_val_on_domain(isl_set_universe(isl_space_copy(e->space)),
                                    isl_val_int_from_si(e->ctx, v));
}

static isl_pw_aff *not_affine(AffEnv *e)
{
    e->not_affine = true;
    return NULL;
}

enum { FEW = 64, FEW_QUOTIENTS = 12 };

isl_set *aff_if_few(AffEnv *e, isl_set *set)
{
    if (set && isl_set_n_basic_set(set) <= FEW && model_quotients(set) <= FEW_QUOTIENTS)
        return set;
    isl_set_free(set);
    return e->not_affine = true, NULL;
}

/* The same of a function. */
static isl_pw_aff *if_few(AffEnv *e, isl_pw_aff *f)
{
    if (!f || isl_pw_aff_n_piece(f) <= FEW)
        return f;
    isl_pw_aff_free(f);
    return not_affine(e);
}

static isl_pw_aff *of_var(AffEnv *e, const Node *n)
{
    for (size_t i = e->n; i-- > 0;)
        if (e->bind[i].var == n)
            return e->bind[i].value ? isl_pw_aff_copy(e->bind[i].value) : not_affine(e);
    return not_affine(e);
}

static isl_pw_aff *of_sum(AffEnv *e, const Node *n)
{
    isl_pw_aff *a = aff_of(e, n->kid[0]), *b = aff_of(e, n->kid[1]);
    return n->op == OP_Add ? isl_pw_aff_add(a, b) : isl_pw_aff_sub(a, b);
}

static isl_pw_aff *of_product(AffEnv *e, const Node *n)
{
    isl_pw_aff *a = aff_of(e, n->kid[0]), *b = aff_of(e, n->kid[1]);
    if (a && b && (isl_pw_aff_is_cst(a) == isl_bool_true || isl_pw_aff_is_cst(b) == isl_bool_true))
        return isl_pw_aff_mul(a, b);
    isl_pw_aff_free(a);
    isl_pw_aff_free(b);
    return not_affine(e);
}

/* a // k and a % k for a literal k > 0. */
static isl_pw_aff *of_quotient(AffEnv *e, const Node *n)
{
    if (n->kid[1]->op != OP_IntImm || n->kid[1]->at.i <= 0)
        return not_affine(e);
    isl_val *k = isl_val_int_from_si(e->ctx, n->kid[1]->at.i);
    isl_pw_aff *a = aff_of(e, n->kid[0]);
    return n->op == OP_FloorMod ? isl_pw_aff_mod_val(a, k)
                                : isl_pw_aff_floor(isl_pw_aff_scale_down_val(a, k));
}

static isl_pw_aff *of_select(AffEnv *e, const Node *n)
{
    isl_set *cond = aff_where(e, n->kid[Select_cond], true);
    if (!cond)
        return not_affine(e);
    isl_pw_aff *a = aff_of(e, n->kid[Select_a]), *b = aff_of(e, n->kid[Select_b]);
    return if_few(e, isl_pw_aff_cond(isl_set_indicator_function(cond), a, b));
}

isl_pw_aff *aff_of(AffEnv *e, const Node *n)
{
    bool wraps = n->op == OP_Add || n->op == OP_Sub || n->op == OP_Neg || n->op == OP_Mul;
    if (n->type != DT_int64 || (wraps && may_wrap(e, n)))
        return not_affine(e);
    switch ((Op)n->op) {
    case OP_IntImm: return constant(e, n->at.i);
    case OP_Var: return of_var(e, n);
    case OP_Add:
    case OP_Sub: return of_sum(e, n);
    case OP_Neg: return isl_pw_aff_neg(aff_of(e, n->kid[0]));
    case OP_Mul: return of_product(e, n);
    case OP_FloorDiv:
    case OP_FloorMod: return of_quotient(e, n);
    case OP_Min: return if_few(e, isl_pw_aff_min(aff_of(e, n->kid[0]), aff_of(e, n->kid[1])));
    case OP_Max: return if_few(e, isl_pw_aff_max(aff_of(e, n->kid[0]), aff_of(e, n->kid[1])));
    case OP_Select: return of_select(e, n);
    default: return not_affine(e);
    }
}

static isl_set *of_comparison(AffEnv *e, const Node *n)
{
    if (n->kid[0]->type != DT_int64)
        return e->not_affine = true, NULL;
    isl_pw_aff *a = aff_of(e, n->kid[0]), *b = aff_of(e, n->kid[1]);
    switch ((Op)n->op) {
    case OP_Eq: return isl_pw_aff_eq_set(a, b);
    case OP_Ne: return isl_pw_aff_ne_set(a, b);
    case OP_Lt: return isl_pw_aff_lt_set(a, b);
    case OP_Le: return isl_pw_aff_le_set(a, b);
    case OP_Gt: return isl_pw_aff_gt_set(a, b);
    default: return isl_pw_aff_ge_set(a, b);
    }
}

isl_set *aff_where(AffEnv *e, const Node *n, bool truth)
{
    if (n->op == OP_Not)
        return aff_where(e, n->kid[0], !truth);
    if (n->op == OP_IntImm)
        return (n->at.i != 0) == truth ? isl_set_universe(isl_space_copy(e->space))
                                       : isl_set_empty(isl_space_copy(e->space));
    if (n->op == OP_And || n->op == OP_Or) {
        isl_set *a = aff_where(e, n->kid[0], truth), *b = aff_where(e, n->kid[1], truth);
        return aff_if_few(e, (n->op == OP_And) == truth ? isl_set_intersect(a, b)
                                                        : isl_set_union(a, b));
    }
    if (!(op_info[n->op].flags & OPF_COMPARE))
        return e->not_affine = true, NULL;
    isl_set *holds = of_comparison(e, n);
    return aff_if_few(e, truth ? holds : isl_set_complement(holds));
}

isl_map *aff_access(AffEnv *e, const Node *buffer, const Node *const *index, isl_set *domain)
{
    isl_map *m = isl_map_from_domain(domain);
    for (size_t d = 0; d < ir_rank(buffer); d++) {
        isl_pw_aff *at = aff_of(e, index[d]);
        isl_map *one = at ? isl_map_from_pw_aff(at)
                          : isl_map_universe(isl_space_map_from_domain_and_range(
                                isl_space_copy(e->space), isl_space_set_alloc(e->ctx, 0, 1)));
        one = isl_map_lower_bound_si(one, isl_dim_out, 0, 0);
        one = isl_map_upper_bound_val(one, isl_dim_out, 0,
                                      isl_val_int_from_si(e->ctx, ir_dim(buffer, d) - 1));
        m = isl_map_flat_range_product(m, one);
    }
    return m;
}
