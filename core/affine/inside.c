/* inside.c -- indices as sums over loops that run from 0 to a constant, quotients and remainders of
** such, and the iteration that takes one to its end. */
#include "core/affine/inside_impl.h"

#include "core/base/buf.h"
#include "core/ir/linear.h"

/* The blocks around, innermost first. */
typedef struct Frame {
    const Node *block;
    const struct Frame *up;
} Frame;

typedef struct Walk {
    VarRange loop[IR_MAX_DEPTH]; /* what surely runs around here, each at least once */
    size_t nloops;
    const Frame *frame;
    const Node *windowed[IR_MAX_DEPTH]; /* the allocs around of which only a part is there */
    size_t nwindowed;
    Arena *A; /* of the error's words */
    Err *err;
} Walk;

static bool is_loop(const Walk *w, const Node *var)
{
    for (size_t i = 0; i < w->nloops; i++)
        if (w->loop[i].var == var)
            return true;
    return false;
}

/* What a block gives to the axis; NULL if it is none. */
static const Node *axis_value(const Frame *frame, const Node *var)
{
    for (const Frame *f = frame; f; f = f->up) {
        const Node *iters = f->block->kid[Block_iters];
        for (size_t i = 0; i < iters->nkids; i++)
            if (iters->kid[i]->kid[Iter_var] == var)
                return iters->kid[i]->kid[Iter_value];
    }
    return NULL;
}

/* `e` as a sum over loops alone: axes are replaced by their values, the outer blocks' last. */
static bool over_loops(const Walk *w, const Node *e, Linear *sum)
{
    *sum = (Linear){0};
    if (!linear_add(sum, e, 1))
        return false;
    for (size_t i = 0; i < sum->n;) {
        Term t = sum->t[i];
        const Node *value = axis_value(w->frame, t.atom);
        if (!value && !is_loop(w, t.atom))
            return false;
        if (!value) {
            i++;
            continue;
        }
        linear_add_term(sum, t.atom, wrap_neg(t.c)); /* takes it out; another may move here */
        if (!linear_add(sum, value, t.c))
            return false;
        i = 0;
    }
    return true;
}

static bool bounds_of(const Walk *w, const VarRange *at, const Linear *sum, i128 *lo, i128 *hi)
{
    enum { FUEL = 1000 }; /* far more than the terms of a sum */
    Known k = {at, w->nloops, FUEL};
    return linear_exact(&k, sum, lo, hi);
}

/* ---- what is said of it ---- */

/* The loops where the sum is greatest, or least: each stands at one value. */
static void go_to_end(const Walk *w, const Linear *sum, bool greatest, VarRange *at)
{
    for (size_t i = 0; i < w->nloops; i++) {
        at[i] = (VarRange){w->loop[i].var, 0, 0};
        for (size_t j = 0; j < sum->n; j++)
            if (sum->t[j].atom == at[i].var && (sum->t[j].c > 0) == greatest)
                at[i].min = at[i].max = w->loop[i].max;
    }
}

/* One of the operands is a literal: the other, and what is added to it. */
static const Node *shifted(const Node *e, int64_t *by)
{
    bool sub = e->op == OP_Sub, first = e->op == OP_Add && e->kid[0]->op == OP_IntImm;
    if ((!sub && e->op != OP_Add) || e->type != DT_int64 || e->kid[!first]->op != OP_IntImm)
        return NULL;
    *by = sub ? wrap_neg(e->kid[1]->at.i) : e->kid[!first]->at.i;
    return e->kid[first];
}

static bool in_range(i128 v)
{
    return fits64(v, v);
}

/* The value of `e` in that iteration; false if it is made of anything but sums over loops, and
** quotients and remainders by literals. */
static bool value_at(const Walk *w, const VarRange *at, const Node *e, i128 *value)
{
    Linear sum;
    i128 hi;
    int64_t by;
    if (over_loops(w, e, &sum))
        return bounds_of(w, at, &sum, value, &hi);
    const Node *axis = axis_value(w->frame, e), *rest = shifted(e, &by);
    if (axis)
        return value_at(w, at, axis, value);
    if (rest)
        return value_at(w, at, rest, value) && in_range(*value += by);
    bool quotient = is_by_literal(e, OP_FloorDiv);
    if ((!quotient && !is_by_literal(e, OP_FloorMod)) || !value_at(w, at, e->kid[0], value))
        return false;
    i128 k = e->kid[1]->at.i, q = floor_div_wide(*value, k);
    *value = quotient ? q : *value - q * k;
    return true;
}

/* The iteration in which sum % k is greatest, or least, where the sum runs from lo to hi.  Within
** one period that is an end of the sum; else a sum that meets every number from lo to hi, as that
** of one loop by 1 does, meets both ends of a period. */
static bool end_of_remainder(const Walk *w, const Linear *sum, i128 lo, i128 hi, int64_t k,
                             bool greatest, VarRange *at)
{
    i128 next = (floor_div_wide(lo, k) + 1) * k; /* the first multiple above lo */
    go_to_end(w, sum, greatest, at);
    if (hi < next)
        return true;
    if (sum->n != 1 || (sum->t[0].c != 1 && sum->t[0].c != -1))
        return false;
    i128 wanted = next - (greatest ? 1 : 0);
    for (size_t i = 0; i < w->nloops; i++)
        if (at[i].var == sum->t[0].atom)
            at[i].min = at[i].max = (int64_t)((wanted - sum->c0) * sum->t[0].c);
    return true;
}

/* The iteration in which `e` is greatest, or least; false if it is no such thing as value_at knows,
** or where that is cannot be told.  Quotients grow with what they divide. */
static bool end_of(const Walk *w, const Node *e, bool greatest, VarRange *at)
{
    Linear sum;
    i128 lo, hi;
    int64_t by;
    if (over_loops(w, e, &sum)) {
        go_to_end(w, &sum, greatest, at);
        return bounds_of(w, w->loop, &sum, &lo, &hi);
    }
    const Node *axis = axis_value(w->frame, e), *rest = shifted(e, &by);
    if (axis)
        return end_of(w, axis, greatest, at);
    if (rest)
        return end_of(w, rest, greatest, at);
    if (is_by_literal(e, OP_FloorDiv))
        return end_of(w, e->kid[0], greatest, at);
    return is_by_literal(e, OP_FloorMod) && over_loops(w, e->kid[0], &sum) &&
           bounds_of(w, w->loop, &sum, &lo, &hi) &&
           end_of_remainder(w, &sum, lo, hi, e->kid[1]->at.i, greatest, at);
}

/* " at y=7, x=0", by the axes of the block, or else by the loops. */
static const char *iteration_text(const Walk *w, const VarRange *at)
{
    Buf out = buf_new(w->A);
    const Node *iters = w->frame ? w->frame->block->kid[Block_iters] : NULL;
    size_t n = iters ? iters->nkids : w->nloops;
    const char *between = " at ";
    for (size_t i = 0; i < n; i++) {
        const Node *var = iters ? iters->kid[i]->kid[Iter_var] : at[i].var;
        i128 value;
        if (!value_at(w, at, var, &value))
            continue;
        buf_printf(&out, "%s%s=%lld", between, ir_var_name(var), (long long)value);
        between = ", ";
    }
    return buf_str(&out);
}

static const char *element_text(const Walk *w, const VarRange *at, const Node *buffer,
                                const Node *const *index)
{
    Buf out = buf_new(w->A);
    buf_printf(&out, "%s[", ir_buf_name(buffer));
    for (size_t d = 0; d < ir_rank(buffer); d++) {
        i128 value;
        buf_puts(&out, d ? ", " : "");
        if (value_at(w, at, index[d], &value))
            buf_printf(&out, "%lld", (long long)value);
        else
            buf_puts(&out, "…");
    }
    buf_putc(&out, ']');
    return buf_str(&out);
}

static bool refuse(Walk *w, const Node *access, const Node *const *index, size_t d,
                   const VarRange *at)
{
    return inside_refuse(w->A, w->err, access, d, w->frame ? w->frame->block : NULL,
                         iteration_text(w, at), element_text(w, at, access->kid[0], index));
}

bool inside_refuse(Arena *A, Err *err, const Node *access, size_t d, const Node *block,
                   const char *iteration, const char *element)
{
    const Node *buffer = access->kid[0];
    long long n = ir_dim(buffer, d);
    const char *has = n == 0   ? "no elements"
                      : n == 1 ? "only element 0"
                               : arena_printf(A, "%lld elements, 0 to %lld", n, n - 1);
    return REFUSE(err, surely_outside, access, block ? ir_block_name(block) : "the program",
                  iteration, access->op == OP_Load ? "reads" : "writes", element, d,
                  ir_buf_name(buffer), has, ir_buf_name(buffer));
}

/* ---- the walk ---- */

static bool has_window(const Walk *w, const Node *buffer)
{
    for (size_t i = 0; i < w->nwindowed; i++)
        if (w->windowed[i] == buffer)
            return true;
    return false;
}

_Static_assert(Load_buffer == 0 && Store_buffer == 0 && Update_buffer == 0,
               "an access begins with its buffer");

static bool access_inside(Walk *w, const Node *access, const Node *const *index)
{
    const Node *buffer = access->kid[0];
    VarRange at[IR_MAX_DEPTH];
    for (size_t d = 0; d < ir_rank(buffer) && !has_window(w, buffer); d++)
        for (int greatest = 1; greatest >= 0; greatest--) {
            i128 value;
            if (end_of(w, index[d], greatest, at) && value_at(w, at, index[d], &value) &&
                (value < 0 || value >= ir_dim(buffer, d)))
                return refuse(w, access, index, d, at);
        }
    return true;
}

/* What of an expression is evaluated whatever happens. */
static bool expr_inside(Walk *w, const Node *e)
{
    if (e->op == OP_Load && !access_inside(w, e, e->kid + Load_index))
        return false;
    bool only_first = e->op == OP_Select || e->op == OP_And || e->op == OP_Or;
    size_t first = e->op == OP_Load ? Load_index : e->op == OP_Let ? Let_body : 0;
    for (size_t i = first; i < (only_first ? 1 : e->nkids); i++)
        if (!expr_inside(w, e->kid[i]))
            return false;
    return true;
}

static bool stmt_inside(Walk *w, const Node *s);

static bool loop_inside(Walk *w, const Node *s)
{
    int64_t extent = ir_const_int(s->kid[For_extent], 0);
    if (extent < 1)
        return true;
    w->loop[w->nloops++] = (VarRange){s->kid[For_var], 0, extent - 1};
    bool inside = stmt_inside(w, s->kid[For_body]);
    w->nloops--;
    return inside;
}

static bool block_inside(Walk *w, const Node *s)
{
    if (!ir_is_true(s->kid[Block_where]))
        return true;
    Frame frame = {s, w->frame};
    w->frame = &frame;
    bool inside = stmt_inside(w, s->kid[Block_body]);
    w->frame = frame.up;
    return inside;
}

static bool alloc_inside(Walk *w, const Node *s)
{
    size_t outer = w->nwindowed;
    if (s->kid[Alloc_window]->nkids > 0)
        w->windowed[w->nwindowed++] = s->kid[Alloc_buffer];
    bool inside = stmt_inside(w, s->kid[Alloc_body]);
    w->nwindowed = outer;
    return inside;
}

static bool stmt_inside(Walk *w, const Node *s)
{
    switch ((Op)s->op) {
    case OP_For: return loop_inside(w, s);
    case OP_Block: return block_inside(w, s);
    case OP_Alloc: return alloc_inside(w, s);
    case OP_If: return expr_inside(w, s->kid[If_cond]);
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

bool inside_buffers(const Node *func, bool *doubt, Err *err)
{
    Arena *A = arena_scratch(NULL);
    Walk w = {.A = A, .err = err};
    bool unused, inside = stmt_inside(&w, func->kid[Func_body]) &&
                          inside_tried(A, func, doubt ? doubt : &unused, err);
    arena_release(A);
    return inside;
}
