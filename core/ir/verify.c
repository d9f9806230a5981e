/* verify.c -- one walk over a program, with a stack of what is in scope and one table
** by pointer.
**
** The table knows each identity's place in the scope, each statement met, and the large expressions
** already found good in the present scope, so that shared expressions are looked at once. */
#include "core/ir/verify_impl.h"

#include <stdarg.h>
#include <stdio.h>

#include "core/ir/linear.h"

enum { FIRST_SLOTS = 256, FIRST_SCOPE = 64, FIRST_NAMES = 32 };

static bool check_stmt(Verifier *v, const Node *n);

/* ---- refusing ---- */

static const char *place(const Node *n, char *out, size_t size)
{
    switch ((Op)n->op) {
    case OP_For: snprintf(out, size, "loop %s", ir_var_name(n->kid[For_var])); break;
    case OP_Block: snprintf(out, size, "block %s", ir_block_name(n)); break;
    case OP_Alloc: snprintf(out, size, "alloc %s", ir_buf_name(n->kid[Alloc_buffer])); break;
    default: snprintf(out, size, "func %s", n->op == OP_Func ? n->at.name : "?"); break;
    }
    return out;
}

bool verify_bad(Verifier *v, const Node *where, const char *fmt, ...)
{
    char what[400], at[128];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    return REFUSE(v->err, ill_formed, where, place(v->here, at, sizeof at), what);
}

/* ---- statements ---- */

static bool check_annots(Verifier *v, const Node *list)
{
    for (size_t i = 0; i < list->nkids; i++) {
        const Node *a = list->kid[i];
        if (a->op != OP_Annot || !(op_info[a->kid[Annot_value]->op].flags & OPF_IMM))
            return verify_bad(v, list, "an annotation is no literal with a name");
    }
    return true;
}

static bool check_write(Verifier *v, const Node *n)
{
    const Node *buffer = n->kid[Store_buffer], *value = n->kid[Store_value];
    if (!verify_index(v, n, buffer, Store_index) || !verify_expr(v, value))
        return false;
    const Slot *s = verify_slot(v, buffer);
    if (s->kind == K_PARAM)
        return verify_bad(v, n, "the parameter '%s' is written", ir_buf_name(buffer));
    if (value->type != buffer->type)
        return verify_bad(v, n, "%s is stored to '%s', which holds %s", dtype_name(value->type),
                          ir_buf_name(buffer), dtype_name(buffer->type));
    if (n->op == OP_Update && (n->at.i < 0 || n->at.i >= COMB_COUNT))
        return verify_bad(v, n, "the update of '%s' has no combiner", ir_buf_name(buffer));
    if (n->op == OP_Update && n->at.i == COMB_fma &&
        (value->op != OP_Mul || !dtype_is_float(value->type)))
        return verify_bad(v, n, "fma= on '%s' needs a product of floats", ir_buf_name(buffer));
    const Node *iters = v->block && s->value < v->wall ? v->block->kid[Block_iters] : NULL;
    for (size_t i = Store_index; i < n->nkids; i++) {
        if (!verify_expr(v, n->kid[i]))
            return false;
        for (size_t k = 0; iters && k < iters->nkids; k++)
            if (iters->kid[k]->at.i == ITER_reduce &&
                ir_mentions(n->kid[i], iters->kid[k]->kid[Iter_var]))
                return verify_bad(
                    v, n,
                    "the reduce axis '%s' is in the index of '%s', which is written: as an "
                    "axis without ': reduce' it may be",
                    ir_var_name(iters->kid[k]->kid[Iter_var]), ir_buf_name(buffer));
    }
    return true;
}

static bool check_for(Verifier *v, const Node *n)
{
    const Node *var = n->kid[For_var], *extent = n->kid[For_extent];
    ForKind kind = ir_for_kind(n);
    if (n->at.i < 0 || n->at.i >= FOR_COUNT)
        return verify_bad(v, n, "the loop has no kind");
    if (var->type != DT_int64 || extent->type != DT_int64)
        return verify_bad(v, n, "its variable or its extent is not int64");
    for (uint32_t i = 0; *verify_taken(v, var) && i < v->depth; i++)
        if (v->scope[i].kind == K_LOOP && verify_same_name(v->scope[i].node, var))
            return verify_bad(v, n, "two nested loops are named '%s'", ir_var_name(var));
    if (for_is_bound(kind) && (v->axes_bound & 1u << kind))
        return verify_bad(v, n, "%s is bound by two nested loops", for_kind_text[kind]);
    if (!verify_expr(v, extent) || !check_annots(v, n->kid[For_annots]))
        return false;
    uint32_t depth = v->depth, number = v->number;
    unsigned axes = v->axes_bound;
    v->axes_bound |= for_is_bound(kind) ? 1u << kind : 0;
    bool ok = verify_bind_var(v, var, K_LOOP) && check_stmt(v, n->kid[For_body]);
    v->axes_bound = axes;
    verify_pop(v, depth, number);
    return ok;
}

static bool check_iters(Verifier *v, const Node *iters)
{
    for (size_t i = 0; i < iters->nkids; i++) {
        const Node *it = iters->kid[i];
        if (it->op != OP_Iter)
            return verify_bad(v, it, "axis %zu is no axis", i);
        if (it->kid[Iter_var]->type != DT_int64 || it->kid[Iter_value]->type != DT_int64)
            return verify_bad(v, it, "the axis '%s' is not int64", ir_var_name(it->kid[Iter_var]));
        for (size_t j = 0; j < i; j++)
            if (verify_same_name(iters->kid[j]->kid[Iter_var], it->kid[Iter_var]))
                return verify_bad(v, it, "two axes are named '%s'", ir_var_name(it->kid[Iter_var]));
        if (!verify_expr(v, it->kid[Iter_value]))
            return false;
    }
    return true;
}

static Interval value_under(const VarRange *known, size_t n, const Node *e)
{
    Known k = {.at = known, .n = n, .fuel = 20000};
    return interval_of(&k, e);
}

/* Are the reduce axes of the block, whose axes stand in the scope from `own` on, 0 in the first
** iteration of the loops? */
static bool check_first(Verifier *v, const Node *block, uint32_t own)
{
    VarRange few[FIRST_SCOPE],
        *first = v->depth <= FIRST_SCOPE ? few : ARENA_ARRAY(verify_scratch(v), VarRange, v->depth);
    size_t n = 0;
    for (uint32_t i = 0; i < v->depth; i++) {
        const Scoped *s = &v->scope[i];
        if (s->kind != K_LOOP && (!s->value || (i >= own && s->kind != K_REDUCE)))
            continue;
        Interval at = s->value ? value_under(first, n, s->value) : (Interval){0, 0};
        first[n++] = (VarRange){s->node, at.lo, at.hi};
        if (i < own || (at.lo == 0 && at.hi == 0))
            continue;
        if (at.lo == at.hi)
            return verify_bad(v, block,
                              "the reduce axis '%s' begins at %lld, but init runs where it is 0",
                              ir_var_name(s->node), (long long)at.lo);
        return verify_bad(v, block,
                          "nothing says that the reduce axis '%s' begins at 0, where init runs",
                          ir_var_name(s->node));
    }
    return true;
}

/* Init starts an element before anything is combined into it: where all reduce axes are 0.  That
** must be so in the first iteration, and the condition must not keep it out; what it says of other
** axes and of loops is its own affair. */
static bool check_init(Verifier *v, const Node *block, uint32_t own)
{
    const Node *iters = block->kid[Block_iters], *where = block->kid[Block_where];
    if (block->kid[Block_init]->op == OP_Nop)
        return true;
    if (!check_first(v, block, own))
        return false;
    VarRange few[16],
        *zero = iters->nkids <= 16 ? few : ARENA_ARRAY(verify_scratch(v), VarRange, iters->nkids);
    size_t n = 0;
    for (size_t i = 0; i < iters->nkids; i++)
        if (iters->kid[i]->at.i == ITER_reduce)
            zero[n++] = (VarRange){iters->kid[i]->kid[Iter_var], 0, 0};
    return value_under(zero, n, where).hi != 0 || value_under(NULL, 0, where).hi == 0 ||
           verify_bad(
               v, block,
               "its condition keeps out where the reduce axes are 0, which is where init runs");
}

static bool check_block(Verifier *v, const Node *n)
{
    const Node *iters = n->kid[Block_iters], *where = n->kid[Block_where];
    if (!verify_take_name(v, CLASS_STMT, ir_block_name(n)))
        return verify_bad(v, n, "two blocks are named '%s'", ir_block_name(n));
    if (!check_iters(v, iters) || !check_annots(v, n->kid[Block_annots]))
        return false;
    if (where->type != DT_bool)
        return verify_bad(v, n, "its condition is %s", dtype_name(where->type));
    uint32_t depth = v->depth, number = v->number, wall = v->wall;
    const Node *block = v->block;
    bool ok = true;
    for (size_t i = 0; ok && i < iters->nkids; i++) {
        ok = verify_bind_var(v, iters->kid[i]->kid[Iter_var],
                             iters->kid[i]->at.i == ITER_reduce ? K_REDUCE : K_AXIS);
        v->scope[v->depth - 1].value = iters->kid[i]->kid[Iter_value];
    }
    /* The condition may speak of the loops around, too: a part of a split that does
    ** not divide is no axis. */
    ok = ok && verify_expr(v, where) && check_init(v, n, depth);
    v->wall = depth;
    v->block = n;
    ok = ok && check_stmt(v, n->kid[Block_init]) && check_stmt(v, n->kid[Block_body]);
    v->wall = wall;
    v->block = block;
    verify_pop(v, depth, number);
    return ok;
}

static bool check_alloc(Verifier *v, const Node *n)
{
    const Node *buffer = n->kid[Alloc_buffer], *window = n->kid[Alloc_window];
    const char *name = ir_buf_name(buffer);
    int64_t bytes = (int64_t)dtype_bytes((DType)buffer->type);
    if (window->nkids && window->nkids != ir_rank(buffer))
        return verify_bad(v, n, "the window of '%s' has %u ranges for %zu dimensions", name,
                          (unsigned)window->nkids, ir_rank(buffer));
    for (size_t i = 0; i < window->nkids; i++) {
        const Node *r = window->kid[i];
        if (r->op != OP_Range || r->kid[Range_min]->type != DT_int64)
            return verify_bad(v, n, "range %zu of the window of '%s' is not int64", i, name);
        if (!verify_is_size(r->kid[Range_extent]))
            return verify_bad(v, n, "extent %zu of the window of '%s' is no number of at least 0",
                              i, name);
        if (__builtin_mul_overflow(bytes, r->kid[Range_extent]->at.i, &bytes))
            return verify_bad(v, n, "the window of '%s' has more bytes than 64 bits can count",
                              name);
        if (!verify_expr(v, r->kid[Range_min]))
            return false;
    }
    uint32_t depth = v->depth, number = v->number;
    bool ok = verify_bind_buffer(v, buffer, K_ALLOC) && check_stmt(v, n->kid[Alloc_body]);
    verify_pop(v, depth, number);
    return ok;
}

/* A Seq is as ir_seq makes it, or its text would not parse back to it. */
static bool check_seq(Verifier *v, const Node *n)
{
    if (n->nkids < 2)
        return verify_bad(v, n, "a sequence of %u statements", (unsigned)n->nkids);
    for (size_t i = 0; i < n->nkids; i++) {
        if (n->kid[i]->op == OP_Seq || n->kid[i]->op == OP_Nop)
            return verify_bad(v, n, "a sequence holds %s %s: ir_seq drops it",
                              article(op_info[n->kid[i]->op].name), op_info[n->kid[i]->op].name);
        if (!check_stmt(v, n->kid[i]))
            return false;
    }
    return true;
}

static bool check_if(Verifier *v, const Node *n)
{
    const Node *cond = n->kid[If_cond];
    if (cond->type != DT_bool)
        return verify_bad(v, n, "a condition is %s", dtype_name(cond->type));
    return verify_expr(v, cond) && check_stmt(v, n->kid[If_then]) &&
           check_stmt(v, n->kid[If_otherwise]);
}

static bool check_barrier(Verifier *v, const Node *n)
{
    for (int s = 0; s < SCOPE_COUNT; s++)
        if (strcmp(n->at.name, scope_name[s]) == 0)
            return true;
    return verify_bad(v, n, "a barrier on '%s', which is no scope", n->at.name);
}

static bool check_stmt_kind(Verifier *v, const Node *n)
{
    switch ((Op)n->op) {
    case OP_Store:
    case OP_Update: return check_write(v, n);
    case OP_Seq: return check_seq(v, n);
    case OP_If: return check_if(v, n);
    case OP_For: return check_for(v, n);
    case OP_Block: return check_block(v, n);
    case OP_Alloc: return check_alloc(v, n);
    case OP_Barrier: return check_barrier(v, n);
    default:
        return verify_bad(v, n, "%s %s stands where a statement is meant",
                          article(op_info[n->op].name), op_info[n->op].name);
    }
}

static bool check_stmt(Verifier *v, const Node *n)
{
    if (n->op == OP_Nop)
        return true;
    if (!verify_kids(v, n))
        return false;
    Slot *s = verify_enter(v, n);
    const Node *here = v->here;
    if (n->op == OP_For || n->op == OP_Block || n->op == OP_Alloc)
        v->here = n;
    if (s->kind != K_NONE)
        return verify_bad(v, n, "%s %s stands in two places", article(op_info[n->op].name),
                          op_info[n->op].name);
    s->kind = K_STMT;
    bool ok = check_stmt_kind(v, n);
    v->here = here;
    return ok;
}

static bool check_params(Verifier *v, const Node *list, Kind kind)
{
    for (size_t i = 0; i < list->nkids; i++) {
        if (list->kid[i]->op != OP_Buffer || list->kid[i]->at.buf->scope != SCOPE_global)
            return verify_bad(v, list->kid[i], "parameter %zu is no global buffer", i);
        if (!verify_bind_buffer(v, list->kid[i], kind))
            return false;
    }
    return true;
}

bool ir_verify(const Node *func, Err *err)
{
    Slot slots[FIRST_SLOTS];
    NameSlot names[FIRST_NAMES];
    Scoped scope[FIRST_SCOPE];
    memset(slots, 0, sizeof slots);
    memset(names, 0, sizeof names);
    Verifier v = {.err = err,
                  .slots = slots,
                  .nslots = FIRST_SLOTS,
                  .names = names,
                  .nnames = FIRST_NAMES,
                  .scope = scope,
                  .scope_cap = FIRST_SCOPE,
                  .next = 1,
                  .here = func};
    if (func->op != OP_Func)
        return verify_bad(&v, func, "this is %s %s, not a whole program",
                          article(op_info[func->op].name), op_info[func->op].name);
    if (func->depth > IR_MAX_DEPTH)
        return verify_bad(&v, func, "nested %u deep, and at most %d is allowed", func->depth,
                          IR_MAX_DEPTH);
    bool ok = verify_kids(&v, func) && check_params(&v, func->kid[Func_params], K_PARAM) &&
              check_params(&v, func->kid[Func_results], K_RESULT) &&
              check_stmt(&v, func->kid[Func_body]);
    arena_release(v.A);
    return ok;
}
