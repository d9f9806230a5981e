/* inside_tried.c -- indices of loops alone, proven to be inside their buffers by ranges and by the
** conditions around them, or tried at every value of the loops that decide them. */
#include "core/affine/inside_impl.h"

#include "core/base/buf.h"
#include "core/base/vec.h"
#include "core/ir/interp.h"
#include "core/ir/linear.h"
#include "core/ir/rewrite.h"

/* Iterations tried for one index, of one that has more, and of all of a program; nodes of an
** expression with the axes put in; what one question about ranges may cost. */
enum { TRIED = 1 << 16, TRIED_FIRST = 1 << 12, TRIED_ALL = 1 << 19, LARGE = 20000, FUEL = 1000 };

/* A loop, or a condition, around the current place; `e` is the extent or the condition, over loops
** alone unless memory or a name that was not resolved is in it. */
typedef struct Around {
    const Node *var; /* of the loop; NULL: a condition */
    const Node *e;
    size_t loop; /* the loop's number */
    bool fails;  /* it is known not to hold */
    bool plain;  /* `e` is decided by the loops around */
    bool used;   /* now: loops that run, and conditions that are asked */
    InterpExpr *run;
} Around;

typedef struct Window {
    const Node *buffer;
    const Node *const *min; /* over loops */
    const Node *alloc;
} Window;

typedef struct Walk {
    Arena *A;
    Err *err;
    bool doubt; /* there is an index that may be outside */
    int vague;  /* what stands here may not be evaluated, whatever the conditions say */
    long tried;
    const Node *block;
    VEC(Around) around;
    VEC(VarRange) loops;
    VEC(const Node *) vars; /* of the loops */
    VEC(Subst) names;       /* axes and names bound by Let, over loops */
    VEC(Window) windows;
} Walk;

/* ---- over loops ---- */

/* `e` over loops; what would become too large keeps its axes, which are then not known. */
static const Node *over_loops(Walk *w, const Node *e)
{
    const Node *out = w->names.n ? ir_subst(w->A, e, w->names.n, w->names.at) : e;
    return out->size > LARGE ? e : out;
}

static void push_name(Walk *w, const Node *var, const Node *value)
{
    const Node *v = over_loops(w, value);
    vec_push(w->A, &w->names, ((Subst){var, v}));
}

static size_t loop_of(const Walk *w, const Node *var)
{
    for (size_t i = w->vars.n; i-- > 0;)
        if (w->vars.at[i] == var)
            return i;
    return SIZE_MAX;
}

/* Are there loops in it and nothing else that varies? */
static bool is_plain(const Walk *w, const Node *e)
{
    if (e->op == OP_Var)
        return loop_of(w, e) != SIZE_MAX;
    for (size_t i = 0; i < e->nkids; i++)
        if (e->op == OP_Load || e->op == OP_Let || !is_plain(w, e->kid[i]))
            return false;
    return e->op != OP_Load;
}

static Around *around_of(Walk *w, size_t loop)
{
    for (size_t i = w->around.n; i-- > 0;)
        if (w->around.at[i].var == w->vars.at[loop])
            return &w->around.at[i];
    return NULL;
}

/* Is every loop in it, and in the extents of these, in use? */
static bool all_used(Walk *w, const Node *e)
{
    if (e->op == OP_Var)
        return around_of(w, loop_of(w, e))->used;
    for (size_t i = 0; i < e->nkids; i++)
        if (!all_used(w, e->kid[i]))
            return false;
    return true;
}

/* Takes the loops in `e` into use, and those that say how far they go; false if memory says it. */
static bool use(Walk *w, const Node *e)
{
    if (e->op == OP_Var) {
        Around *a = around_of(w, loop_of(w, e));
        bool known = a->used || (a->plain && use(w, a->e));
        a->used = true;
        return known;
    }
    bool known = true;
    for (size_t i = 0; i < e->nkids; i++)
        known &= use(w, e->kid[i]);
    return known;
}

/* ---- by ranges ---- */

/* The bound on a - b that the condition is: lo <= a - b <= hi. */
static bool bound_of(Op op, bool fails, i128 *lo, i128 *hi)
{
    const i128 far = (i128)1 << 100;
    *lo = -far;
    *hi = far;
    switch (op) {
    case OP_Lt: *(fails ? lo : hi) = fails ? 0 : -1; return true;
    case OP_Le: *(fails ? lo : hi) = fails ? 1 : 0; return true;
    case OP_Gt: *(fails ? hi : lo) = fails ? 0 : 1; return true;
    case OP_Ge: *(fails ? hi : lo) = fails ? -1 : 0; return true;
    case OP_Eq: *lo = *hi = 0; return !fails;
    case OP_Ne: *lo = *hi = 0; return fails;
    default: return false;
    }
}

static bool exact(Walk *w, const Node *e, Linear *sum, i128 *lo, i128 *hi)
{
    Known k = {w->loops.at, w->loops.n, FUEL};
    *sum = (Linear){0};
    return linear_add(sum, e, 1) && linear_exact(&k, sum, lo, hi);
}

/* Narrows what the sum can be where the condition bounds it, or its negative, a constant apart. */
static void clip(Walk *w, const Linear *sum, const Around *c, i128 *lo, i128 *hi)
{
    Linear a, b, rest;
    i128 least, most, unused;
    if (!bound_of((Op)c->e->op, c->fails, &least, &most) ||
        !exact(w, c->e->kid[0], &a, &unused, &unused) ||
        !exact(w, c->e->kid[1], &b, &unused, &unused) || !linear_add_exactly(&a, &b, -1))
        return;
    for (int sign = 1; sign >= -1; sign -= 2) {
        rest = *sum;
        if (!linear_add_exactly(&rest, &a, -sign) || rest.n > 0)
            continue;
        i128 from = rest.c0 + (sign > 0 ? least : -most), to = rest.c0 + (sign > 0 ? most : -least);
        *lo = from > *lo ? from : *lo;
        *hi = to < *hi ? to : *hi;
    }
}

static bool is_proven(Walk *w, const Node *index, int64_t extent)
{
    Known k = {w->loops.at, w->loops.n, FUEL};
    Interval v = interval_of(&k, index);
    Linear sum;
    i128 lo, hi;
    if (v.lo >= 0 && v.hi < extent)
        return true;
    if (!exact(w, index, &sum, &lo, &hi))
        return false;
    for (size_t i = 0; i < w->around.n; i++)
        if (!w->around.at[i].var)
            clip(w, &sum, &w->around.at[i], &lo, &hi);
    return lo > hi || (lo >= 0 && hi < extent);
}

/* ---- by trying ---- */

typedef enum Found { FOUND_NOTHING, FOUND_OUTSIDE, FOUND_NO_ANSWER } Found;

typedef struct Trial {
    Walk *w;
    const InterpExpr *index;
    int64_t extent;
    long left;
    Scalar *at; /* the value of each loop */
} Trial;

static Found try_from(Trial *t, size_t i)
{
    Walk *w = t->w;
    for (; i < w->around.n; i++) {
        const Around *a = &w->around.at[i];
        if (!a->used)
            continue;
        if (a->var)
            break;
        if ((interp_eval(a->run, t->at).i != 0) == a->fails)
            return FOUND_NOTHING;
    }
    if (i == w->around.n) {
        int64_t v = interp_eval(t->index, t->at).i;
        return v < 0 || v >= t->extent ? FOUND_OUTSIDE : FOUND_NOTHING;
    }
    const Around *loop = &w->around.at[i];
    int64_t n = interp_eval(loop->run, t->at).i;
    for (int64_t v = 0; v < n; v++) {
        if (--t->left < 0 || --w->tried < 0)
            return FOUND_NO_ANSWER;
        t->at[loop->loop].i = v;
        Found found = try_from(t, i + 1);
        if (found != FOUND_NOTHING)
            return found;
    }
    return FOUND_NOTHING;
}

/* All that is in use, compiled; false if something cannot be. */
static bool compile(Walk *w)
{
    Err unused = {0};
    for (size_t i = 0; i < w->around.n; i++) {
        Around *a = &w->around.at[i];
        if (a->used && !a->run &&
            !(a->run = interp_compile(w->A, a->e, w->vars.n, w->vars.at, &unused)))
            return false;
    }
    return true;
}

/* So many iterations at least, as far as the extents are numbers. */
static double times(const Walk *w)
{
    double n = 1;
    for (size_t i = 0; i < w->around.n; i++)
        if (w->around.at[i].used && w->around.at[i].var)
            n *= (double)ir_const_int(w->around.at[i].e, 1);
    return n;
}

static Found try_used(Walk *w, Trial *t)
{
    t->left = times(w) > TRIED ? TRIED_FIRST : TRIED;
    for (size_t i = 0; i < w->vars.n; i++)
        t->at[i].i = 0;
    return compile(w) ? try_from(t, 0) : FOUND_NO_ANSWER;
}

/* Every condition that loops decide, and the loops that decide whether it holds, or that may not
** run at all; false if something else decides, too. */
static bool use_all(Walk *w)
{
    bool all = true;
    for (size_t i = w->around.n; i-- > 0;) {
        Around *a = &w->around.at[i];
        if (a->var && (ir_const_int(a->e, 0) > 0 || a->used))
            continue;
        a->used = a->plain && use(w, a->e);
        all &= a->used;
    }
    return all;
}

/* Does memory say how far a loop in use goes? */
static bool runs_by_memory(const Walk *w)
{
    for (size_t i = 0; i < w->around.n; i++)
        if (w->around.at[i].used && w->around.at[i].var && ir_loads(w->around.at[i].e))
            return true;
    return false;
}

/* Tries the loops of the index under the conditions on these, and then, if that leads outside,
** under all; *sure: nothing but what was tried decides.  An index that memory decides gives no
** answer, and is in no doubt, for the code compares it. */
static Found try_index(Walk *w, const Node *index, Trial *t, bool *sure, bool *by_memory)
{
    Err unused = {0};
    for (size_t i = 0; i < w->around.n; i++)
        w->around.at[i].used = false;
    *by_memory = ir_loads(index);
    if (!is_plain(w, index))
        return FOUND_NO_ANSWER;
    if (!use(w, index)) {
        *by_memory = runs_by_memory(w);
        return FOUND_NO_ANSWER;
    }
    for (size_t i = 0; i < w->around.n; i++) {
        Around *a = &w->around.at[i];
        if (!a->var)
            a->used = a->plain && all_used(w, a->e);
    }
    t->index = interp_compile(w->A, index, w->vars.n, w->vars.at, &unused);
    if (!t->index)
        return FOUND_NO_ANSWER;
    Found found = try_used(w, t);
    if (found != FOUND_OUTSIDE)
        return found;
    *sure = use_all(w);
    return try_used(w, t);
}

/* ---- what is said of it ---- */

static bool value_at(Walk *w, const Scalar *at, const Node *e, int64_t *value)
{
    Err unused = {0};
    const Node *over = over_loops(w, e);
    InterpExpr *run =
        is_plain(w, over) ? interp_compile(w->A, over, w->vars.n, w->vars.at, &unused) : NULL;
    if (run)
        *value = interp_eval(run, at).i;
    return run;
}

static const char *iteration_text(Walk *w, const Scalar *at)
{
    Buf out = buf_new(w->A);
    const Node *iters = w->block ? w->block->kid[Block_iters] : NULL;
    size_t n = iters ? iters->nkids : w->vars.n;
    const char *between = " at ";
    for (size_t i = 0; i < n; i++) {
        const Node *var = iters ? iters->kid[i]->kid[Iter_var] : w->vars.at[i];
        int64_t value;
        if (!value_at(w, at, var, &value))
            continue;
        buf_printf(&out, "%s%s=%lld", between, ir_var_name(var), (long long)value);
        between = ", ";
    }
    return buf_str(&out);
}

static bool refuse(Walk *w, const Node *access, const Node *const *index, size_t d,
                   const Scalar *at)
{
    const Node *buffer = access->kid[0];
    Buf out = buf_new(w->A);
    buf_printf(&out, "%s[", ir_buf_name(buffer));
    for (size_t i = 0; i < ir_rank(buffer); i++) {
        int64_t value;
        buf_puts(&out, i ? ", " : "");
        if (value_at(w, at, index[i], &value))
            buf_printf(&out, "%lld", (long long)value);
        else
            buf_puts(&out, "…");
    }
    buf_putc(&out, ']');
    return inside_refuse(w->A, w->err, access, d, w->block, iteration_text(w, at), buf_str(&out));
}

/* ---- the walk ---- */

static const Window *window_of(const Walk *w, const Node *buffer)
{
    for (size_t i = w->windows.n; i-- > 0;)
        if (w->windows.at[i].buffer == buffer)
            return &w->windows.at[i];
    return NULL;
}

static bool index_inside(Walk *w, const Node *access, const Node *const *index, size_t d)
{
    const Window *window = window_of(w, access->kid[0]);
    const Node *i = over_loops(w, index[d]);
    int64_t extent = window ? ir_alloc_extent(window->alloc, d) : ir_dim(access->kid[0], d);
    if (window)
        i = ix_sub(w->A, i, window->min[d]);
    if (is_proven(w, i, extent))
        return true;
    bool sure = false, by_memory;
    Trial t = {.w = w, .extent = extent, .at = ARENA_ARRAY(w->A, Scalar, w->vars.n)};
    Found found = try_index(w, i, &t, &sure, &by_memory);
    if (found == FOUND_OUTSIDE && sure && !w->vague && !window)
        return refuse(w, access, index, d, t.at);
    w->doubt |= found != FOUND_NOTHING && !by_memory;
    return true;
}

static bool expr_inside(Walk *w, const Node *e);

static bool access_inside(Walk *w, const Node *access, const Node *const *index)
{
    size_t rank = ir_rank(access->kid[0]);
    for (size_t d = 0; d < rank; d++)
        if (!expr_inside(w, index[d]) || !index_inside(w, access, index, d))
            return false;
    return true;
}

/* Its parts by themselves, where all must hold. */
static void push_condition(Walk *w, const Node *cond, bool fails)
{
    if (cond->op == OP_Not) {
        push_condition(w, cond->kid[0], !fails);
    } else if (cond->op == (fails ? OP_Or : OP_And)) {
        push_condition(w, cond->kid[0], fails);
        push_condition(w, cond->kid[1], fails);
    } else if (!ir_is_true(cond) || fails) {
        const Node *e = over_loops(w, cond);
        Around a = {.e = e, .fails = fails, .plain = is_plain(w, e)};
        vec_push(w->A, &w->around, a);
    }
}

static bool expr_under(Walk *w, const Node *cond, bool fails, const Node *e)
{
    size_t outer = w->around.n;
    push_condition(w, cond, fails);
    bool inside = expr_inside(w, e);
    w->around.n = outer;
    return inside;
}

static bool expr_inside(Walk *w, const Node *e)
{
    switch ((Op)e->op) {
    case OP_Load: return access_inside(w, e, e->kid + Load_index);
    case OP_Select:
        return expr_inside(w, e->kid[Select_cond]) &&
               expr_under(w, e->kid[Select_cond], false, e->kid[Select_a]) &&
               expr_under(w, e->kid[Select_cond], true, e->kid[Select_b]);
    case OP_And:
    case OP_Or:
        return expr_inside(w, e->kid[0]) && expr_under(w, e->kid[0], e->op == OP_Or, e->kid[1]);
    case OP_Let: {
        if (!expr_inside(w, e->kid[Let_value]))
            return false;
        push_name(w, e->kid[Let_var], e->kid[Let_value]);
        bool inside = expr_inside(w, e->kid[Let_body]);
        w->names.n--;
        return inside;
    }
    default: break;
    }
    for (size_t i = 0; i < e->nkids; i++)
        if (!expr_inside(w, e->kid[i]))
            return false;
    return true;
}

static bool stmt_inside(Walk *w, const Node *s);

static bool loop_inside(Walk *w, const Node *s)
{
    if (!expr_inside(w, s->kid[For_extent]))
        return false;
    const Node *e = over_loops(w, s->kid[For_extent]);
    Known k = {w->loops.at, w->loops.n, FUEL};
    int64_t most = interval_of(&k, e).hi;
    Around a = {.var = s->kid[For_var], .e = e, .loop = w->vars.n, .plain = is_plain(w, e)};
    vec_push(w->A, &w->around, a);
    vec_push(w->A, &w->loops, ((VarRange){a.var, 0, most > 0 ? most - 1 : 0}));
    vec_push(w->A, &w->vars, a.var);
    bool inside = stmt_inside(w, s->kid[For_body]);
    w->around.n--;
    w->loops.n--;
    w->vars.n--;
    return inside;
}

/* Init runs where the axes of reductions are 0. */
static bool init_inside(Walk *w, const Node *s, size_t names)
{
    const Node *iters = s->kid[Block_iters];
    Arena *A = w->A;
    Subst *kept = ARENA_ARRAY(A, Subst, iters->nkids);
    for (size_t i = 0; i < iters->nkids; i++) {
        kept[i] = w->names.at[names + i];
        if (iters->kid[i]->at.i == ITER_reduce)
            w->names.at[names + i].to = ir_idx(A, 0);
    }
    w->vague++;
    bool inside = stmt_inside(w, s->kid[Block_init]);
    w->vague--;
    for (size_t i = 0; i < iters->nkids; i++)
        w->names.at[names + i] = kept[i];
    return inside;
}

static bool block_inside(Walk *w, const Node *s)
{
    const Node *iters = s->kid[Block_iters], *outer = w->block;
    size_t names = w->names.n, around = w->around.n;
    for (size_t i = 0; i < iters->nkids; i++)
        if (!expr_inside(w, iters->kid[i]->kid[Iter_value]))
            return false;
    for (size_t i = 0; i < iters->nkids; i++)
        push_name(w, iters->kid[i]->kid[Iter_var], iters->kid[i]->kid[Iter_value]);
    w->block = s;
    bool inside = expr_inside(w, s->kid[Block_where]);
    push_condition(w, s->kid[Block_where], false);
    inside = inside && init_inside(w, s, names) && stmt_inside(w, s->kid[Block_body]);
    w->names.n = names;
    w->around.n = around;
    w->block = outer;
    return inside;
}

static bool alloc_inside(Walk *w, const Node *s)
{
    size_t outer = w->windows.n;
    const Node *window = s->kid[Alloc_window];
    const Node **min = ARENA_ARRAY(w->A, const Node *, window->nkids);
    for (size_t d = 0; d < window->nkids; d++)
        min[d] = over_loops(w, window->kid[d]->kid[Range_min]);
    if (window->nkids > 0)
        vec_push(w->A, &w->windows, ((Window){s->kid[Alloc_buffer], min, s}));
    bool inside = stmt_inside(w, s->kid[Alloc_body]);
    w->windows.n = outer;
    return inside;
}

static bool stmt_under(Walk *w, const Node *cond, bool fails, const Node *s)
{
    size_t outer = w->around.n;
    push_condition(w, cond, fails);
    bool inside = stmt_inside(w, s);
    w->around.n = outer;
    return inside;
}

static bool stmt_inside(Walk *w, const Node *s)
{
    switch ((Op)s->op) {
    case OP_For: return loop_inside(w, s);
    case OP_Block: return block_inside(w, s);
    case OP_Alloc: return alloc_inside(w, s);
    case OP_If:
        return expr_inside(w, s->kid[If_cond]) &&
               stmt_under(w, s->kid[If_cond], false, s->kid[If_then]) &&
               stmt_under(w, s->kid[If_cond], true, s->kid[If_otherwise]);
    case OP_Store:
        return expr_inside(w, s->kid[Store_value]) && access_inside(w, s, s->kid + Store_index);
    case OP_Update:
        return expr_inside(w, s->kid[Update_value]) && access_inside(w, s, s->kid + Update_index);
    case OP_Seq:
        for (size_t i = 0; i < s->nkids; i++)
            if (!stmt_inside(w, s->kid[i]))
                return false;
        return true;
    default: return true;
    }
}

bool inside_tried(Arena *A, const Node *func, bool *doubt, Err *err)
{
    Walk w = {.A = A, .err = err, .tried = TRIED_ALL};
    bool inside = stmt_inside(&w, func->kid[Func_body]);
    *doubt = w.doubt || !inside;
    return inside;
}
