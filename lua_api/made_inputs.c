/* made_inputs.c -- integers that fit as indices.
**
** A range of values fits an index if interval arithmetic says that the index stays inside for all
** of them, where every element of the inputs, the loops around and the axes of blocks have values
** of their own: loops those below their extent, which may itself depend on data.  Of each index
** that data has part in, the widest range is looked for, from 0 to 100 if it can be, else among the
** numbers below; an input gets what all its indices have in common.  Where no range fits (an index
** that a guard keeps inside, or one through a temporary) its integers are no greater than the last
** index, which may be right. */
#include "lua_api/made_inputs.h"

#include <stdio.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/ir/rewrite.h"
#include "core/ir/simplify.h"

enum { MOST = 100 };

typedef struct Values {
    int64_t lo, hi;
} Values;

/* What a variable stands for. */
typedef struct Binding Binding;
struct Binding {
    const Binding *up;
    size_t n; /* of these, this one included */
    const Node *var;
    const Node *loop;  /* its extent, and */
    const Node *value; /* an axis's value, in both of which each element of an input is a Var; or */
    const Node *buffer; /* what it is an element of */
    bool depends;       /* on an element of the input that is searched for */
};

/* The search for what the elements of `input` may be, or for whether any matter. */
typedef struct Search {
    Arena *A;
    const Node *params, *input; /* input: NULL where any will do, or what a temporary keeps of it */
    Values may;
    bool found;
} Search;

/* Does `e` depend on an element of the input, by itself or by what is in scope? */
static bool depends(const Node *e, const Binding *scope)
{
    for (; scope; scope = scope->up)
        if (scope->depends && ir_mentions(e, scope->var))
            return true;
    return false;
}

static const Binding *scope_in(const Search *s, const Binding *up, Binding b)
{
    Binding *in = arena_alloc(s->A, sizeof *in);
    const Node *of = b.loop ? b.loop : b.value;
    *in = b;
    in->up = up;
    in->n = up ? up->n + 1 : 1;
    in->depends = of ? depends(of, up) : !s->input || b.buffer == s->input;
    return in;
}

/* ---- data as variables ---- */

typedef struct Naming {
    Search *search;
    const Binding *scope;
} Naming;

static const Node *name_load(Rewriter *rw, const Node *load)
{
    Naming *n = rw->env;
    const Node *buffer = load->kid[Load_buffer];
    if (n->search->input && !ir_has_kid(n->search->params, buffer))
        return load;
    const Node *var = ir_var_like(rw->A, (DType)load->type, "data", NULL, 0);
    n->scope = scope_in(n->search, n->scope, (Binding){.var = var, .buffer = buffer});
    return var;
}

/* `e` with a variable, which joins the scope, for each element of an input. */
static const Node *name_data(Search *s, const Node *e, const Binding **scope)
{
    static Rule *const rules[OP_COUNT] = {[OP_Load] = name_load};
    Naming n = {s, *scope};
    e = rw_run(s->A, rules, &n, NULL, e);
    *scope = n.scope;
    return e;
}

/* ---- what fits ---- */

/* Is the index from 0 to `last` while all data is in that range? */
static bool is_inside(Arena *A, const Node *index, int64_t last, const Binding *scope, Values data)
{
    size_t n = scope->n;
    VarRange *at = ARENA_ARRAY(A, VarRange, n);
    const Binding **all = ARENA_ARRAY(A, const Binding *, n);
    for (const Binding *s = scope; s; s = s->up)
        all[s->n - 1] = s;
    for (size_t i = 0; i < n; i++) {
        const Binding *s = all[i];
        int64_t lo = data.lo, hi = data.hi;
        const Node *of = s->loop ? s->loop : s->value;
        if (of && !ir_bounds(of, &(Ranges){i, at}, &lo, &hi)) {
            lo = INT64_MIN;
            hi = INT64_MAX;
        }
        at[i] = s->loop ? (VarRange){s->var, 0, hi > 0 ? hi - 1 : 0} : (VarRange){s->var, lo, hi};
    }
    int64_t lo, hi;
    return ir_bounds(index, &(Ranges){n, at}, &lo, &hi) && lo >= 0 && hi <= last;
}

/* The widest range that fits; false where none does.  The more values, the farther the index goes,
** so that what fits can be widened number by number. */
static bool fitting(const Node *index, int64_t last, const Binding *scope, bool below, Values *out)
{
    Arena *A = arena_scratch(NULL);
    int64_t first = 0;
    while (first <= MOST && !is_inside(A, index, last, scope, (Values){first, first}))
        first++;
    if (first > MOST && below)
        for (first = -1; first >= -MOST; first--)
            if (is_inside(A, index, last, scope, (Values){first, first}))
                break;
    bool found = first >= -MOST && first <= MOST;
    Values fit = {first, first};
    while (found && fit.hi < MOST && is_inside(A, index, last, scope, (Values){fit.lo, fit.hi + 1}))
        fit.hi++;
    while (found && first < 0 && fit.lo > -MOST &&
           is_inside(A, index, last, scope, (Values){fit.lo - 1, fit.hi}))
        fit.lo--;
    arena_release(A);
    *out = fit;
    return found;
}

static int64_t lesser(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t greater(int64_t a, int64_t b)
{
    return a < b ? b : a;
}

/* An index into a dimension whose last is `last`: narrows what the elements may be. */
static void narrow(Search *s, const Node *index, int64_t last, const Binding *scope)
{
    Values fit, old = s->may;
    index = name_data(s, index, &scope);
    if (!depends(index, scope))
        return;
    s->found = true;
    if (!s->input)
        return;
    bool fits = fitting(index, last, scope, dtype_is_signed((DType)s->input->type), &fit);
    if (fits)
        s->may = (Values){greater(old.lo, fit.lo), lesser(old.hi, fit.hi)};
    if (!fits || s->may.lo > s->may.hi)
        s->may = (Values){lesser(old.lo, greater(last, 0)), lesser(old.hi, greater(last, 0))};
}

static void visit(Search *s, const Node *n, const Binding *scope)
{
    if (s->found && !s->input)
        return;
    for (size_t d = 0; ir_is_access(n) && d < ir_rank(n->kid[0]); d++)
        narrow(s, ir_index(n)[d], ir_dim(n->kid[0], d) - 1, scope);
    const Binding *in = scope;
    for (size_t i = 0; i < n->nkids; i++) {
        const Node *kid = n->kid[i];
        visit(s, kid, in);
        if (n->op == OP_For && i == For_extent) {
            const Node *extent = name_data(s, kid, &in);
            in = scope_in(s, in, (Binding){.var = n->kid[For_var], .loop = extent});
        } else if (n->op == OP_Let && i == Let_value) {
            const Node *value = name_data(s, kid, &in);
            in = scope_in(s, in, (Binding){.var = n->kid[Let_var], .value = value});
        }
        for (size_t k = 0; n->op == OP_Block && i == Block_iters && k < kid->nkids; k++) {
            const Node *value = name_data(s, kid->kid[k]->kid[Iter_value], &in);
            in = scope_in(s, in, (Binding){.var = kid->kid[k]->kid[Iter_var], .value = value});
        }
    }
}

bool made_inputs_matter(const Node *func)
{
    Search s = {.A = arena_scratch(NULL), .params = func->kid[Func_params]};
    visit(&s, func->kid[Func_body], NULL);
    arena_release(s.A);
    return s.found;
}

/* ---- tensors ---- */

static uint64_t seed_of(const char *name)
{
    uint64_t h = 1469598103934665603u;
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 1099511628211u;
    return h;
}

void made_input_range(const Node *func, size_t i, int64_t *lo, int64_t *hi)
{
    const Node *params = func->kid[Func_params], *input = params->kid[i];
    Search s = {arena_scratch(NULL), params, input, {-MOST, MOST}, false};
    visit(&s, func->kid[Func_body], NULL);
    arena_release(s.A);
    *lo = s.may.hi >= 0 ? greater(s.may.lo, 0) : s.may.lo;
    *hi = s.may.hi;
}

Tensor *made_input(const Node *func, size_t i, Err *err)
{
    const Node *b = func->kid[Func_params]->kid[i];
    int64_t shape[IR_MAX_RANK], lo = -1, hi = 1;
    for (size_t d = 0; d < ir_rank(b); d++)
        shape[d] = ir_dim(b, d);
    Tensor *t = tensor_empty((DType)b->type, (int)ir_rank(b), shape, err);
    if (!t)
        return NULL;
    if (!dtype_is_float((DType)b->type))
        made_input_range(func, i, &lo, &hi);
    tensor_random(t, seed_of(ir_buf_name(b)), (double)lo, (double)hi);
    return t;
}

/* ---- errors ---- */

bool made_inputs_fault(const Err *err)
{
    return err->code == ERR_kernel_outside || err->code == ERR_kernel_index ||
           err->code == ERR_kernel_out_of_bounds || err->code == ERR_kernel_crashed ||
           err->code == ERR_outside_buffer;
}

void made_inputs_say(Err *err)
{
    size_t n = strlen(err->why);
    snprintf(err->why + n, sizeof err->why - n, ", on inputs that tvmrepl made up");
}

static bool is_name(const char *s)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    return s[strspn(s, letters)] == '\0' && s[0] && !(s[0] >= '0' && s[0] <= '9');
}

const char *made_inputs_typed(Arena *A, size_t n, const char *const *names)
{
    enum { LISTED = 6 };
    Buf b = buf_new(A);
    buf_putc(&b, '{');
    for (size_t i = 0; i < n && i < LISTED; i++)
        buf_printf(&b, is_name(names[i]) ? "%s %s = %s" : "%s [\"%s\"] = x", i ? "," : "", names[i],
                   names[i]);
    buf_puts(&b, n > LISTED ? ", … }" : " }");
    return buf_str(&b);
}
