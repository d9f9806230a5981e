/* simplify.c -- the walk: children first, then the root by ranges and by rules, until
** nothing changes. */
#include "core/ir/simplify_index.h"

#include <string.h>

#include "core/base/mutant.h"
#include "core/ir/rewrite.h"

/* ---- what is known ---- */

void simp_learn(Simplifier *s, const Node *var, i128 lo, i128 hi)
{
    if (lo > hi || lo < INT64_MIN || hi > INT64_MAX)
        return;
    if (s->known.n == s->cap) {
        VarRange *now = ARENA_ARRAY(s->A, VarRange, s->cap * 2);
        memcpy(now, s->range, s->known.n * sizeof *now);
        s->range = now;
        s->cap *= 2;
    }
    s->range[s->known.n++] = (VarRange){var, (int64_t)lo, (int64_t)hi};
    s->known.at = s->range;
}

void simp_suppose(Simplifier *s, const Node *cond, bool truth)
{
    if (cond->op == (truth ? OP_And : OP_Or)) {
        simp_suppose(s, cond->kid[0], truth);
        simp_suppose(s, cond->kid[1], truth);
        return;
    }
    if (cond->op == OP_Not) {
        simp_suppose(s, cond->kid[0], !truth);
        return;
    }
    if (!(op_info[cond->op].flags & OPF_COMPARE) || cond->kid[0]->op != OP_Var ||
        cond->kid[1]->op != OP_IntImm || cond->kid[0]->type != DT_int64)
        return;
    Interval v = interval_of(&s->known, cond->kid[0]);
    i128 c = cond->kid[1]->at.i, lo = v.lo, hi = v.hi;
    Op op = cond->op;
    if (!truth) {
        static const uint8_t inverse[OP_COUNT] = {
            [OP_Lt] = OP_Ge, [OP_Ge] = OP_Lt, [OP_Le] = OP_Gt,
            [OP_Gt] = OP_Le, [OP_Eq] = OP_Ne, [OP_Ne] = OP_Eq};
        op = inverse[op];
    }
    i128 least = op == OP_Gt ? c + 1 : op == OP_Ge || op == OP_Eq ? c : lo;
    i128 most = op == OP_Lt                  ? c - MUTANT(suppose_off_by_one, 1, 2)
                : op == OP_Le || op == OP_Eq ? c
                                             : hi;
    simp_learn(s, cond->kid[0], least > lo ? least : lo, most < hi ? most : hi);
}

/* ---- roots ---- */

static Scalar literal(const Node *n)
{
    return n->op == OP_FloatImm ? (Scalar){.f = n->at.f} : (Scalar){.i = n->at.i};
}

/* Does every value of `from` keep its value in `to`? */
static bool holds_all(DType to, DType from)
{
    int room = to == DT_float64 ? 53 : to == DT_float32 ? 24 : dtype_info[to].bits;
    int bits = dtype_info[from].bits;
    if (to == from || to == DT_bool)
        return to == from;
    if (dtype_is_float(from))
        return to == DT_float64;
    if (dtype_is_float(to))
        return bits <= room;
    return dtype_is_signed(from) ? dtype_is_signed(to) && bits <= room
                                 : bits + dtype_is_signed(to) <= room;
}

/* A conversion through a type that loses nothing is a conversion from the first type; but from a
** float an integer is saturated, where from another integer it wraps. */
static const Node *fold_cast(Simplifier *s, const Node *n)
{
    const Node *a = n->kid[0];
    if (ir_is_literal(a) || a->type == n->type)
        return ir_cast(s->A, n->type, a);
    if (a->op != OP_Cast || !holds_all(a->type, a->kid[0]->type))
        return n;
    DType first = a->kid[0]->type;
    bool saturates = dtype_is_float(a->type) && !dtype_is_float(first) && dtype_is_int(n->type);
    return saturates && !holds_all(n->type, first) ? n : ir_cast(s->A, n->type, a->kid[0]);
}

static const Node *fold(Simplifier *s, const Node *n)
{
    switch ((Op)n->op) {
    case OP_Cast: return fold_cast(s, n);
    case OP_Not: return ir_is_literal(n->kid[0]) ? ir_not(s->A, n->kid[0]) : n;
    case OP_Neg:
        if (!ir_is_literal(n->kid[0]))
            return n;
        return dtype_is_float(n->type) ? ir_float(s->A, n->type, -n->kid[0]->at.f)
                                       : ir_int(s->A, n->type, wrap_neg(n->kid[0]->at.i));
    default: break;
    }
    if (!op_info[n->op].symbol || !ir_is_literal(n->kid[0]) || !ir_is_literal(n->kid[1]))
        return n;
    DType t = n->kid[0]->type;
    return ir_scalar(s->A, n->type,
                     ir_eval_binary(n->op, t, literal(n->kid[0]), literal(n->kid[1])));
}

static const Node *by_ranges(Simplifier *s, const Node *n)
{
    if (op_info[n->op].flags & OPF_COMPARE)
        return simp_compare(s, n);
    if (n->type != DT_int64)
        return n;
    switch ((Op)n->op) {
    case OP_FloorDiv:
    case OP_FloorMod:
    case OP_Div: return simp_quotient(s, n);
    case OP_Min:
    case OP_Max: return simp_minmax(s, n);
    default: return n;
    }
}

/* A node with simple children. */
static const Node *simp_root(Simplifier *s, const Node *n)
{
    const Node *now = fold(s, n);
    if (now == n)
        now = by_ranges(s, n);
    if (now == n) {
        const Node *by_rule = simplify_by_rule(s->A, n);
        now = by_rule ? by_rule : n;
    }
    return now == n ? n : simp(s, now);
}

/* ---- the walk ---- */

static const Node *simp_kids(Simplifier *s, const Node *n)
{
    const Node *few[8], **kids = n->nkids <= 8 ? few : ARENA_ARRAY(s->A, const Node *, n->nkids);
    for (size_t i = 0; i < n->nkids; i++)
        kids[i] = simp(s, n->kid[i]);
    return ir_with_kids(s->A, n, kids);
}

/* Does evaluating `n` read memory?  An expression too big to tell might. */
static bool may_load(const Node *n, int *budget)
{
    if (n->op == OP_Load || --*budget < 0)
        return true;
    for (size_t i = 0; i < n->nkids; i++)
        if (may_load(n->kid[i], budget))
            return true;
    return false;
}

/* b counts only where a is true (false, for `or`), and a is not needed where b says as much; but a
** stays where it guards a load in b. */
static const Node *simp_logic(Simplifier *s, const Node *n)
{
    size_t known = s->known.n;
    bool truth = n->op == OP_And;
    int budget = 64;
    const Node *a = simp(s, n->kid[0]);
    simp_suppose(s, a, truth);
    const Node *b = simp(s, n->kid[1]);
    s->known.n = known;
    if (b->op != OP_IntImm && !may_load(b, &budget)) {
        simp_suppose(s, b, truth);
        const Node *given_b = simp(s, a);
        s->known.n = known;
        if (ir_is_int(given_b, truth))
            return b;
    }
    return simp_root(s, ir_with_kids(s->A, n, (const Node *const[]){a, b}));
}

static const Node *simp_select(Simplifier *s, const Node *n)
{
    size_t known = s->known.n;
    const Node *cond = simp(s, n->kid[Select_cond]);
    if (cond->op == OP_IntImm)
        return simp(s, n->kid[cond->at.i ? Select_a : Select_b]);
    simp_suppose(s, cond, true);
    const Node *a = simp(s, n->kid[Select_a]);
    s->known.n = known;
    simp_suppose(s, cond, false);
    const Node *b = simp(s, n->kid[Select_b]);
    s->known.n = known;
    return simp_root(s, ir_with_kids(s->A, n, (const Node *const[]){cond, a, b}));
}

static const Node *simp_let(Simplifier *s, const Node *n)
{
    const Node *var = n->kid[Let_var], *value = simp(s, n->kid[Let_value]);
    size_t known = s->known.n;
    if (ir_is_literal(value) || value->op == OP_Var) {
        Subst one = {var, value};
        return simp(s, ir_subst(s->A, n->kid[Let_body], 1, &one));
    }
    if (value->type == DT_int64) {
        Interval v = interval_of(&s->known, value);
        simp_learn(s, var, v.lo, v.hi);
    }
    const Node *body = simp(s, n->kid[Let_body]);
    s->known.n = known;
    return ir_mentions(body, var) ? ir_with_kids(s->A, n, (const Node *const[]){var, value, body})
                                  : body;
}

static bool is_sum(const Node *n)
{
    return n->type == DT_int64 &&
           (n->op == OP_Add || n->op == OP_Sub || n->op == OP_Mul || n->op == OP_Neg);
}

const Node *simp(Simplifier *s, const Node *n)
{
    if (n->nkids == 0 || --s->fuel < 0 || op_info[n->op].cls != CLASS_EXPR)
        return n;
    switch ((Op)n->op) {
    case OP_And:
    case OP_Or: return simp_logic(s, n);
    case OP_Select: return simp_select(s, n);
    case OP_Let: return simp_let(s, n);
    case OP_Load:
    case OP_Call: return simp_kids(s, n);
    default: break;
    }
    if (!is_sum(n))
        return simp_root(s, simp_kids(s, n));
    const Node *now = simp_sum(s, n);
    return now == n || is_sum(now) ? now : simp(s, now);
}

/* ---- entry ---- */

void simp_begin(Simplifier *s, Arena *A, const Ranges *ranges)
{
    s->A = A;
    s->fuel = s->known.fuel = SIMP_FUEL;
    s->known.at = s->range = s->few;
    s->known.n = 0;
    s->cap = SIMP_RANGES;
    for (size_t i = 0; ranges && i < ranges->n; i++)
        simp_learn(s, ranges->at[i].var, ranges->at[i].min, ranges->at[i].max);
}

const Node *ir_simplify(Arena *A, const Node *e, const Ranges *ranges)
{
    Simplifier s;
    simp_begin(&s, A, ranges);
    return simp(&s, e);
}
