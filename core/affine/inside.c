/* inside.c -- the walk over a program that asks of every index whether it stays inside. */
#include "core/affine/inside_impl.h"

#include "core/ir/print.h"
#include "core/ir/rewrite.h"

/* Nodes that trials evaluate in all of a program; nodes of an expression with the axes put in. */
enum { WORK = 1 << 23, LARGE = 20000 };

typedef struct Window {
    const Node *buffer;
    const Node *const *min; /* over loops */
    const Node *alloc;
} Window;

typedef struct Walk {
    Place p;
    Err *err;
    bool doubt; /* there is an index that may be outside */
    int vague;  /* what stands here may not be evaluated, whatever the conditions say */
    const Node *block;
    /* Where `only` is a buffer, just its dimension `dim` is asked about, as if all of it were
    ** there, and the walk ends at the first access that is not known to stay inside: `unsure`. */
    const Node *only, *unsure;
    size_t dim;
    VEC(Subst) names; /* axes and names bound by Let, over loops */
    VEC(Window) windows;
} Walk;

/* `e` over loops; what would become too large keeps its axes, which are then not known. */
static const Node *over_loops(Walk *w, const Node *e)
{
    const Node *out = w->names.n ? ir_subst(w->p.A, e, w->names.n, w->names.at) : e;
    return out->size > LARGE ? e : out;
}

/* ---- what is said of it ---- */

/* " at y=7, x=0", by the axes of the block, or else by the loops. */
static const char *iteration_text(Walk *w, const Scalar *at)
{
    Buf list = buf_new(w->p.A);
    const Node *iters = w->block ? w->block->kid[Block_iters] : NULL;
    size_t n = iters ? iters->nkids : w->p.vars.n;
    for (size_t i = 0; i < n; i++) {
        const Node *var = iters ? iters->kid[i]->kid[Iter_var] : w->p.vars.at[i];
        int64_t value;
        if (inside_value(&w->p, at, over_loops(w, var), &value))
            ir_put_value(&list, var, value);
    }
    return list.len ? arena_printf(w->p.A, " at %s", buf_str(&list)) : "";
}

static const char *element_text(Walk *w, const Scalar *at, const Node *access)
{
    const Node *buffer = access->kid[0];
    Buf out = buf_new(w->p.A);
    buf_printf(&out, "%s[", ir_buf_name(buffer));
    for (size_t d = 0; d < ir_rank(buffer); d++) {
        int64_t value;
        buf_puts(&out, d ? ", " : "");
        if (inside_value(&w->p, at, over_loops(w, ir_index(access)[d]), &value))
            buf_printf(&out, "%lld", (long long)value);
        else
            buf_puts(&out, "…");
    }
    buf_putc(&out, ']');
    return buf_str(&out);
}

static bool refuse(Walk *w, const Node *access, size_t d, const Scalar *at)
{
    const Node *buffer = access->kid[0];
    long long n = ir_dim(buffer, d);
    const char *has = n == 0   ? "no elements"
                      : n == 1 ? "only element 0"
                               : arena_printf(w->p.A, "%lld elements, 0 to %lld", n, n - 1);
    return REFUSE(w->err, surely_outside, access,
                  w->block ? ir_block_name(w->block) : "the program", iteration_text(w, at),
                  access->op == OP_Load ? "reads" : "writes", element_text(w, at, access), d,
                  ir_buf_name(buffer), has, ir_buf_name(buffer));
}

/* ---- the walk ---- */

static bool walk(Walk *w, const Node *n);

static const Window *window_of(const Walk *w, const Node *buffer)
{
    for (size_t i = w->windows.n; i-- > 0;)
        if (w->windows.at[i].buffer == buffer)
            return &w->windows.at[i];
    return NULL;
}

static bool index_inside(Walk *w, const Node *access, size_t d)
{
    Arena *A = w->p.A;
    if (w->only && (access->kid[0] != w->only || d != w->dim))
        return true;
    const Window *window = w->only ? NULL : window_of(w, access->kid[0]);
    const Node *i = over_loops(w, ir_index(access)[d]);
    int64_t extent = window ? ir_alloc_extent(window->alloc, d) : ir_dim(access->kid[0], d);
    if (window)
        i = ix_sub(A, i, window->min[d]);
    if (inside_by_range(&w->p, i, extent))
        return true;
    Scalar *at = ARENA_ARRAY(A, Scalar, w->p.vars.n);
    Tried tried = inside_try(&w->p, i, extent, at);
    if (w->only) {
        w->unsure = tried == TRIED_INSIDE ? NULL : access;
        return !w->unsure;
    }
    if (tried == TRIED_OUTSIDE && !w->vague && !window)
        return refuse(w, access, d, at);
    w->doubt |= tried == TRIED_OUTSIDE || tried == TRIED_DOUBT;
    return true;
}

static bool access_inside(Walk *w, const Node *access)
{
    for (size_t d = 0; d < ir_rank(access->kid[0]); d++)
        if (!walk(w, ir_index(access)[d]) || !index_inside(w, access, d))
            return false;
    return true;
}

/* Its parts by themselves, where all must hold; it lasts where nothing below can overwrite what
** memory says in it. */
static void push_condition(Walk *w, const Node *cond, bool fails, bool lasts)
{
    if (cond->op == OP_Not) {
        push_condition(w, cond->kid[0], !fails, lasts);
    } else if (cond->op == (fails ? OP_Or : OP_And)) {
        push_condition(w, cond->kid[0], fails, lasts);
        push_condition(w, cond->kid[1], fails, lasts);
    } else if (!ir_is_true(cond) || fails) {
        const Node *e = over_loops(w, cond);
        Around a = {.e = e, .fails = fails};
        a.plain = inside_loops(&w->p, w->p.A, e, &a.loops);
        a.bounded = lasts || !ir_loads(e) ? inside_bounded(&w->p, e, fails) : NULL;
        vec_push(w->p.A, &w->p.around, a);
    }
}

static bool walk_under(Walk *w, const Node *cond, bool fails, const Node *n)
{
    size_t outer = w->p.around.n;
    push_condition(w, cond, fails, !ir_is_stmt(n));
    bool inside = walk(w, n);
    w->p.around.n = outer;
    return inside;
}

static void push_name(Walk *w, const Node *var, const Node *value)
{
    const Node *v = over_loops(w, value);
    vec_push(w->p.A, &w->names, ((Subst){var, v}));
}

static bool walk_let(Walk *w, const Node *e)
{
    if (!walk(w, e->kid[Let_value]))
        return false;
    push_name(w, e->kid[Let_var], e->kid[Let_value]);
    bool inside = walk(w, e->kid[Let_body]);
    w->names.n--;
    return inside;
}

static bool walk_loop(Walk *w, const Node *s)
{
    if (!walk(w, s->kid[For_extent]))
        return false;
    Place *p = &w->p;
    const Node *e = over_loops(w, s->kid[For_extent]);
    Known k = {p->loops.at, p->loops.n, INSIDE_FUEL};
    int64_t most = interval_of(&k, e).hi;
    Around a = {.var = s->kid[For_var], .e = e, .loop = p->vars.n};
    a.plain = inside_loops(p, p->A, e, &a.loops);
    vec_push(p->A, &p->around, a);
    vec_push(p->A, &p->loops, ((VarRange){a.var, 0, most > 0 ? most - 1 : 0}));
    vec_push(p->A, &p->vars, a.var);
    bool inside = walk(w, s->kid[For_body]);
    p->around.n--;
    p->loops.n--;
    p->vars.n--;
    return inside;
}

/* Init runs where the axes of reductions are 0; these begin at names.at[names]. */
static bool walk_init(Walk *w, const Node *s, size_t names)
{
    const Node *iters = s->kid[Block_iters];
    Arena *A = w->p.A;
    Subst *kept = ARENA_ARRAY(A, Subst, iters->nkids);
    for (size_t i = 0; i < iters->nkids; i++) {
        kept[i] = w->names.at[names + i];
        if (iters->kid[i]->at.i == ITER_reduce)
            w->names.at[names + i].to = ir_idx(A, 0);
    }
    w->vague++;
    bool inside = walk(w, s->kid[Block_init]);
    w->vague--;
    for (size_t i = 0; i < iters->nkids; i++)
        w->names.at[names + i] = kept[i];
    return inside;
}

static bool walk_block(Walk *w, const Node *s)
{
    const Node *iters = s->kid[Block_iters], *outer = w->block;
    size_t names = w->names.n, around = w->p.around.n;
    for (size_t i = 0; i < iters->nkids; i++)
        if (!walk(w, iters->kid[i]->kid[Iter_value]))
            return false;
    for (size_t i = 0; i < iters->nkids; i++)
        push_name(w, iters->kid[i]->kid[Iter_var], iters->kid[i]->kid[Iter_value]);
    w->block = s;
    bool inside = walk(w, s->kid[Block_where]);
    push_condition(w, s->kid[Block_where], false, false);
    inside = inside && walk_init(w, s, names) && walk(w, s->kid[Block_body]);
    w->names.n = names;
    w->p.around.n = around;
    w->block = outer;
    return inside;
}

static bool walk_alloc(Walk *w, const Node *s)
{
    size_t outer = w->windows.n;
    const Node *window = s->kid[Alloc_window];
    const Node **min = ARENA_ARRAY(w->p.A, const Node *, window->nkids);
    for (size_t d = 0; d < window->nkids; d++)
        min[d] = over_loops(w, window->kid[d]->kid[Range_min]);
    if (window->nkids > 0)
        vec_push(w->p.A, &w->windows, ((Window){s->kid[Alloc_buffer], min, s}));
    bool inside = walk(w, s->kid[Alloc_body]);
    w->windows.n = outer;
    return inside;
}

/* False at the first access that is refused. */
static bool walk(Walk *w, const Node *n)
{
    switch ((Op)n->op) {
    case OP_For: return walk_loop(w, n);
    case OP_Block: return walk_block(w, n);
    case OP_Alloc: return walk_alloc(w, n);
    case OP_Let: return walk_let(w, n);
    case OP_If:
    case OP_Select:
        return walk(w, n->kid[0]) && walk_under(w, n->kid[0], false, n->kid[1]) &&
               walk_under(w, n->kid[0], true, n->kid[2]);
    case OP_And:
    case OP_Or: return walk(w, n->kid[0]) && walk_under(w, n->kid[0], n->op == OP_Or, n->kid[1]);
    case OP_Load: return access_inside(w, n);
    case OP_Store: return walk(w, n->kid[Store_value]) && access_inside(w, n);
    case OP_Update: return walk(w, n->kid[Update_value]) && access_inside(w, n);
    default: break;
    }
    for (size_t i = 0; i < n->nkids; i++)
        if (!walk(w, n->kid[i]))
            return false;
    return true;
}

bool inside_buffers(const Node *func, bool *doubt, Err *err)
{
    Arena *A = arena_scratch(NULL);
    Walk w = {.p = {.A = A, .left = WORK}, .err = err};
    bool inside = walk(&w, func->kid[Func_body]);
    if (doubt)
        *doubt = w.doubt || !inside;
    arena_release(A);
    return inside;
}

const Node *inside_not_surely(const Node *func, const Node *buffer, size_t d)
{
    Arena *A = arena_scratch(NULL);
    Walk w = {.p = {.A = A, .left = WORK}, .only = buffer, .dim = d};
    walk(&w, func->kid[Func_body]);
    arena_release(A);
    return w.unsure;
}
