/* affine.c -- index expressions as  c + sum of coef * term + k[lane].
**
** Terms are uniform values: loop variables, and whatever is not linear (y // 3) but the same for
** all lanes.  Lane offsets are known numbers, also through // and % by literals, so that
** fused, split and nested vectorised loops still give plain runs and strides.
*/
#include "backends/llvm/emit/gen.h"

#include <string.h>

#include "core/base/integer.h"
#include "passes/loop/flat_index.h"

/* ---- what an expression mentions ---- */

bool gen_is_index(const Gen *g, const Node *e)
{
    if (e->op == OP_Load || e->op == OP_Let || e->op == OP_Call || dtype_is_float((DType)e->type))
        return false;
    if (e->op == OP_Var) {
        const VarBind *v = gen_find_var(g, e);
        return !v || !v->is_let;
    }
    for (uint32_t i = 0; i < e->nkids; i++)
        if (!gen_is_index(g, e->kid[i]))
            return false;
    return true;
}

bool gen_has_lanes(Gen *g, const Node *e)
{
    if (g->lanes == 1)
        return false;
    if (e->op == OP_Var) {
        const VarBind *v = gen_var(g, e);
        return v->is_let ? v->let.vec : v->extent > 0;
    }
    if (e->op == OP_Let) {
        bool vec = gen_has_lanes(g, e->kid[Let_value]);
        gen_suppose_let(g, e, vec);
        vec |= gen_has_lanes(g, e->kid[Let_body]);
        g->vars.n--;
        return vec;
    }
    for (uint32_t i = e->op == OP_Load; i < e->nkids; i++)
        if (gen_has_lanes(g, e->kid[i]))
            return true;
    return false;
}

/* The innermost scope that e depends on. */
static int level_of(Gen *g, const Node *e)
{
    if (e->op == OP_Var)
        return gen_var(g, e)->level;
    int level = 0;
    for (uint32_t i = 0; i < e->nkids; i++) {
        int l = level_of(g, e->kid[i]);
        level = l > level ? l : level;
    }
    return level;
}

/* ---- ranges ---- */

/* Two numbers that are nearer to 0 have a sum that is no more than an int64. */
static const int64_t FAR = INT64_C(1) << 62;

static bool near_zero(int64_t lo, int64_t hi)
{
    return lo > -FAR && hi < FAR;
}

/* What is known of the variables in scope, until the next call. */
static Ranges known_ranges(Gen *g)
{
    g->ranges.n = 0;
    for (size_t i = 0; i < g->vars.n; i++) {
        const VarBind *v = &g->vars.at[i];
        if (v->ranged)
            vec_push(g->A, &g->ranges, ((VarRange){v->var, v->lo, v->hi}));
    }
    return (Ranges){g->ranges.n, g->ranges.at};
}

bool gen_range(Gen *g, const Node *e, int64_t *lo, int64_t *hi)
{
    Ranges known = known_ranges(g);
    return ir_bounds(e, &known, lo, hi) && near_zero(*lo, *hi);
}

int gen_truth(Gen *g, const Node *cond)
{
    Ranges known = known_ranges(g);
    int64_t lo, hi;
    return ir_bounds(cond, &known, &lo, &hi) && lo == hi ? (int)lo : -1;
}

/* ---- the linear form ---- */

static bool add_term(Affine *a, AffineTerm t)
{
    if (t.coef == 0)
        return true;
    for (int i = 0; i < a->n; i++)
        if (a->term[i].v == t.v) {
            a->term[i].coef = wrap_add(a->term[i].coef, t.coef);
            if (a->term[i].coef == 0)
                memmove(&a->term[i], &a->term[i + 1], sizeof(AffineTerm) * (size_t)(--a->n - i));
            return true;
        }
    if (a->n == MAX_TERMS)
        return false;
    int at = a->n++;
    for (; at > 0 && a->term[at - 1].level > t.level; at--)
        a->term[at] = a->term[at - 1];
    a->term[at] = t;
    return true;
}

static bool add_scaled(Gen *g, Affine *a, const Affine *b, int64_t times)
{
    a->c = wrap_add(a->c, wrap_mul(b->c, times));
    for (int i = 0; i < b->n; i++) {
        AffineTerm t = b->term[i];
        t.coef = wrap_mul(t.coef, times);
        if (!add_term(a, t))
            return false;
    }
    if (!b->k)
        return true;
    int64_t *k = ARENA_ARRAY(g->A, int64_t, g->lanes);
    bool all_zero = true;
    for (unsigned i = 0; i < g->lanes; i++) {
        k[i] = wrap_add(a->k ? a->k[i] : 0, wrap_mul(b->k[i], times));
        all_zero &= k[i] == 0;
    }
    a->k = all_zero ? NULL : k;
    return true;
}

static bool of_var(Gen *g, const Node *e, Affine *out)
{
    const VarBind *v = gen_var(g, e);
    if (v->is_let) {
        if (v->let.vec)
            return false;
        return add_term(out, (AffineTerm){.v = v->let.v, .coef = 1, .level = v->level});
    }
    out->c = v->c;
    int64_t lanes = v->extent ? (int64_t)v->extent - 1 : 0;
    if (v->v)
        add_term(out,
                 (AffineTerm){v->v, 1, v->level, v->ranged, v->lo - v->c, v->hi - v->c - lanes});
    if (v->extent) {
        int64_t *k = ARENA_ARRAY(g->A, int64_t, g->lanes);
        unsigned inner = g->lanes / (v->before * v->extent);
        for (unsigned i = 0; i < g->lanes; i++)
            k[i] = i / inner % v->extent;
        out->k = k;
    }
    return true;
}

static AffineTerm uniform_term(Gen *g, const Node *e, LLVMValueRef v, int level)
{
    AffineTerm t = {.v = v, .coef = 1, .level = level};
    t.ranged = gen_range(g, e, &t.lo, &t.hi);
    return t;
}

/* A uniform value that is no linear form of others: computed once, as far outside as it can be. */
static bool of_other(Gen *g, const Node *e, Affine *out)
{
    if (gen_has_lanes(g, e))
        return false;
    if (!gen_is_index(g, e)) {
        Val v = gen_expr(g, e);
        return !v.vec && add_term(out, uniform_term(g, e, v.v, LEVEL_HERE));
    }
    int level = level_of(g, e);
    level = level > g->f.levels ? level : g->f.levels;
    Level *s = &g->levels.at[level];
    for (size_t i = 0; i < s->exprs.n; i++)
        if (s->exprs.at[i].e == e || ir_same(s->exprs.at[i].e, e))
            return add_term(out, uniform_term(g, e, s->exprs.at[i].val.v, level));
    Spot back = g->at;
    LLVMValueRef mask = g->mask;
    size_t floor = g->memo_floor;
    g->mask = NULL;
    g->memo_floor = g->memo.n; /* what is known here may not be known there */
    gen_before(g, s->anchor);
    Val v = gen_by_rule(g, e);
    gen_go(g, back);
    g->mask = mask;
    g->memo.n = g->memo_floor;
    g->memo_floor = floor;
    vec_push(g->A, &g->levels.at[level].exprs, ((ExprMemo){e, v}));
    return add_term(out, uniform_term(g, e, v.v, level));
}

/* (c + terms + k) // n or % n, where n divides all coefficients. */
static bool of_division(Gen *g, const Node *e, Affine *out)
{
    Affine a;
    int64_t n = e->kid[1]->op == OP_IntImm ? e->kid[1]->at.i : 0;
    if (n <= 0 || !affine_of(g, e->kid[0], &a))
        return of_other(g, e, out);
    for (int i = 0; i < a.n; i++)
        if (a.term[i].coef % n)
            return of_other(g, e, out);
    int64_t lo, hi;
    if (a.n > 0 && !gen_range(g, e->kid[0], &lo, &hi)) /* dividing term by term must not wrap */
        return of_other(g, e, out);
    bool mod = e->op == OP_FloorMod;
    int64_t k0 = 0, *k = a.k ? ARENA_ARRAY(g->A, int64_t, g->lanes) : NULL;
    bool all_zero = true;
    for (unsigned i = 0; i < (k ? g->lanes : 1); i++) {
        int64_t v = wrap_add(a.c, k ? a.k[i] : 0), q = floor_div(v, n);
        int64_t r = mod ? wrap_sub(v, wrap_mul(q, n)) : q;
        if (i == 0)
            k0 = r;
        if (k)
            k[i] = wrap_sub(r, k0);
        all_zero &= r == k0;
    }
    out->c = k0;
    out->k = all_zero ? NULL : k;
    for (int i = 0; !mod && i < a.n; i++) {
        AffineTerm t = a.term[i];
        t.coef /= n;
        add_term(out, t);
    }
    return true;
}

static bool of_product(Gen *g, const Node *e, Affine *out)
{
    int side = e->kid[1]->op == OP_IntImm ? 1 : e->kid[0]->op == OP_IntImm ? 0 : -1;
    Affine a;
    if (side >= 0)
        return affine_of(g, e->kid[1 - side], &a) && add_scaled(g, out, &a, e->kid[side]->at.i);
    for (int i = 0; i < 2; i++) /* an unrolled variable is a literal by now */
        if (gen_is_index(g, e->kid[i]) && affine_of(g, e->kid[i], &a) && a.n == 0 && !a.k) {
            int64_t times = a.c;
            return affine_of(g, e->kid[1 - i], &a) && add_scaled(g, out, &a, times);
        }
    return of_other(g, e, out);
}

bool affine_of(Gen *g, const Node *e, Affine *out)
{
    Affine a;
    *out = (Affine){0};
    if (e->type != DT_int64)
        return false;
    switch (e->op) {
    case OP_IntImm: out->c = e->at.i; return true;
    case OP_Var: return of_var(g, e, out);
    case OP_Neg: return affine_of(g, e->kid[0], &a) && add_scaled(g, out, &a, -1);
    case OP_Add:
    case OP_Sub:
        return affine_of(g, e->kid[0], &a) && add_scaled(g, out, &a, 1) &&
               affine_of(g, e->kid[1], &a) && add_scaled(g, out, &a, e->op == OP_Add ? 1 : -1);
    case OP_Mul: return of_product(g, e, out);
    case OP_FloorDiv:
    case OP_FloorMod: return of_division(g, e, out);
    default: return of_other(g, e, out);
    }
}

static bool has_remainder(const Node *e)
{
    if (e->op == OP_Add || e->op == OP_Sub || e->op == OP_Mul)
        return has_remainder(e->kid[0]) || has_remainder(e->kid[1]);
    return e->op == OP_FloorMod;
}

const Node *affine_flat(Gen *g, const Node *const *index, const int64_t *stride, size_t *rank)
{
    if (*rank < 2 || !has_remainder(index[*rank - 1]))
        return NULL;
    Ranges known = known_ranges(g);
    return flat_index(g->A, &known, index, stride, rank);
}

bool affine_range(const Gen *g, const Affine *a, int64_t *lo, int64_t *hi)
{
    int64_t kl = 0, kh = 0;
    for (unsigned i = 0; a->k && i < g->lanes; i++) {
        kl = i == 0 || a->k[i] < kl ? a->k[i] : kl;
        kh = i == 0 || a->k[i] > kh ? a->k[i] : kh;
    }
    i128 least = (i128)a->c + kl, most = (i128)a->c + kh;
    for (int i = 0; i < a->n; i++) {
        const AffineTerm *t = &a->term[i];
        i128 p = (i128)t->coef * t->lo, q = (i128)t->coef * t->hi;
        if (!t->ranged || least <= -FAR || most >= FAR)
            return false;
        least += p < q ? p : q;
        most += p < q ? q : p;
    }
    if (least <= -FAR || most >= FAR)
        return false;
    *lo = (int64_t)least;
    *hi = (int64_t)most;
    return true;
}

/* All terms as one. */
static void collapse(Gen *g, Affine *a)
{
    LLVMValueRef v = affine_sum(g, a, NULL, 0, 1);
    a->n = 0;
    if (v)
        add_term(a, (AffineTerm){.v = v, .coef = 1, .level = LEVEL_HERE});
}

void affine_add(Gen *g, Affine *a, const Affine *b, int64_t times)
{
    Affine more = *b;
    if (a->n + b->n > MAX_TERMS) {
        collapse(g, a);
        collapse(g, &more);
    }
    add_scaled(g, a, &more, times);
}

/* ---- and back to code ---- */

static LLVMValueRef sum_terms(Gen *g, const AffineTerm *t, int n, LLVMValueRef base, bool pointer,
                              int64_t scale)
{
    LLVMValueRef sum = NULL;
    for (int i = 0; i < n; i++) {
        int64_t coef = wrap_mul(t[i].coef, scale);
        LLVMValueRef v = coef == 1 ? t[i].v : LLVMBuildMul(g->b, t[i].v, gen_i64(g, coef), "");
        sum = sum ? LLVMBuildAdd(g->b, sum, v, "") : v;
    }
    if (pointer)
        return LLVMBuildGEP2(g->b, g->i8, base, &sum, 1, "");
    return base ? LLVMBuildAdd(g->b, base, sum, "") : sum;
}

static bool memo_fits(const SumMemo *m, LLVMValueRef base, const AffineTerm *t, int n)
{
    if (m->base != base || m->n != n)
        return false;
    for (int i = 0; i < n; i++)
        if (m->term[i].v != t[i].v || m->term[i].coef != t[i].coef)
            return false;
    return true;
}

LLVMValueRef affine_sum(Gen *g, const Affine *a, LLVMValueRef base, int base_level, int64_t scale)
{
    base_level = base_level > g->f.levels ? base_level : g->f.levels;
    bool pointer = base && LLVMGetTypeKind(LLVMTypeOf(base)) == LLVMPointerTypeKind;
    for (int i = 0, n; i < a->n; i += n) {
        const AffineTerm *t = &a->term[i];
        int level = t->level > base_level ? t->level : base_level;
        for (n = 1; i + n < a->n && (t[n].level <= level); n++)
            ;
        if (level >= (int)g->levels.n) { /* known here and nowhere outside */
            base = sum_terms(g, t, n, base, pointer, scale);
            continue;
        }
        Level *s = &g->levels.at[level];
        LLVMValueRef found = NULL;
        for (size_t m = 0; m < s->sums.n && !found; m++)
            if (memo_fits(&s->sums.at[m], base, t, n))
                found = s->sums.at[m].sum;
        if (!found) {
            Spot back = g->at;
            gen_before(g, s->anchor);
            found = sum_terms(g, t, n, base, pointer, scale);
            gen_go(g, back);
            SumMemo memo = {base, found, n, {{0}}};
            memcpy(memo.term, t, sizeof(AffineTerm) * (size_t)n);
            vec_push(g->A, &s->sums, memo);
        }
        base = found;
    }
    return base;
}

Val affine_value(Gen *g, const Affine *a)
{
    LLVMValueRef sum = affine_sum(g, a, NULL, 0, 1);
    if (!a->k) {
        LLVMValueRef c = gen_i64(g, a->c);
        return (Val){!sum ? c : a->c ? LLVMBuildAdd(g->b, sum, c, "") : sum, false};
    }
    int64_t k[MAX_LANES];
    for (unsigned i = 0; i < g->lanes; i++)
        k[i] = wrap_add(a->k[i], a->c);
    LLVMValueRef lanes = gen_const_lanes(g, g->i64, k, g->lanes);
    if (sum)
        lanes = LLVMBuildAdd(g->b, gen_splat(g, sum, g->lanes), lanes, "");
    return (Val){lanes, true};
}
