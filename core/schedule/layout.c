/* layout.c -- transform_layout: the elements of an allocated buffer in another order.
**
** Nothing but indices changes: a dimension stays whole, or becomes a quotient and a remainder, and
** the dimensions change places.
**
**      alloc B.global: float32[128, 1024]         alloc B.global: float32[32, 128, 32]
**      … B.global[k, x] …                    →    … B.global[x//32, k, x % 32] …
*/
#include "core/schedule/prims.h"

#include <string.h>

#include "core/affine/inside.h"
#include "core/base/mutant.h"
#include "core/ir/parse.h"
#include "core/ir/print.h"
#include "core/ir/rewrite.h"
#include "core/schedule/alloc.h"
#include "core/schedule/nest.h"

/* One dimension of the layout: of a dimension of the buffer all, the quotient, or the remainder. */
typedef enum Part { PART_WHOLE, PART_QUOTIENT, PART_REMAINDER } Part;
typedef struct Digit {
    Part part;
    size_t of;
    int64_t by;
} Digit;

typedef struct Layout {
    size_t n;
    Digit digit[IR_MAX_RANK];
    const Node *from, *to;
} Layout;

static bool is_one_of(const char *text, size_t n, const char *const *names)
{
    for (size_t i = 0; i < n; i++)
        if (names[i] && strcmp(names[i], text) == 0)
            return true;
    return false;
}

void name_dimensions(Arena *A, const Node *func, const Node *b, const char **name)
{
    const Node *block = tree_writer(func->kid[Func_body], NULL, b),
               *access = block ? block_access(block) : NULL;
    for (size_t d = 0; d < b->nkids; d++) {
        const Node *at = access ? ir_index(access)[d] : NULL;
        const char *axis = at && at->op == OP_Var ? ir_var_name(at) : NULL;
        name[d] = axis && !is_one_of(axis, d, name) ? axis : NULL;
    }
    for (size_t d = 0; d < b->nkids; d++) {
        const char *own = arena_printf(A, "ax%u", (unsigned)d), *free_name = own;
        for (int i = 1; !name[d] && is_one_of(free_name, b->nkids, name); i++)
            free_name = arena_printf(A, "%s_%d", own, i);
        name[d] = name[d] ? name[d] : free_name;
    }
}

static const char *all_names(Arena *A, size_t n, const char *const *name)
{
    const char *out = name[0];
    for (size_t d = 1; d < n; d++)
        out = arena_printf(A, "%s, %s", out, name[d]);
    return out;
}

/* "x", "x//32" or "x % 32", where x is one of the Vars. */
static bool read_digit(Arena *A, const char *text, size_t rank, const Node *const *dim, Digit *out)
{
    Err unused = {0};
    const Node *e = ir_parse_expr(A, text, DT_int64, rank, dim, &unused);
    bool parts = e && (e->op == OP_FloorDiv || e->op == OP_FloorMod);
    *out = (Digit){.by = parts ? ir_const_int(e->kid[1], 0) : 1,
                   .part = !parts                 ? PART_WHOLE
                           : e->op == OP_FloorDiv ? PART_QUOTIENT
                                                  : PART_REMAINDER};
    for (; out->of < rank; out->of++)
        if (dim[out->of] == (parts ? e->kid[0] : e))
            return out->by >= 1 && out->by < INT64_MAX;
    return false;
}

/* Is each dimension there once, as a whole or by both parts of one number? */
static bool is_complete(Step *s, const Layout *l, const char *const *name)
{
    for (size_t d = 0; d < l->from->nkids; d++) {
        int64_t by[] = {0, 0, 0};
        int times[] = {0, 0, 0};
        for (size_t i = 0; i < l->n; i++) {
            if (l->digit[i].of != d)
                continue;
            times[l->digit[i].part]++;
            by[l->digit[i].part] = l->digit[i].by;
        }
        int whole = times[PART_WHOLE], high = times[PART_QUOTIENT], low = times[PART_REMAINDER];
        if (whole == 1 ? high + low > 0 : whole > 1 || high != 1 || low != 1 || by[1] != by[2])
            return REFUSE(s->err, layout_incomplete, NULL, name[d], ir_buf_name(l->from), name[d],
                          name[d], name[d]);
    }
    return true;
}

/* Where a number does not divide a dimension there are elements that only fill up.  An index that
** is outside of the dimension, by what is in memory, would lead there, and no longer be found. */
static bool still_finds_outside(Step *s, const Layout *l, const char *const *name)
{
    for (size_t i = 0; i < l->n; i++) {
        const Digit *g = &l->digit[i];
        int64_t extent = ir_dim(l->from, g->of);
        if (g->part != PART_QUOTIENT || g->by >= extent || extent % g->by == 0)
            continue;
        const Node *access = inside_not_surely(s->func, l->from, g->of);
        if (access)
            return REFUSE(s->err, layout_fills, access, name[g->of], ir_buf_name(l->from),
                          (long long)extent, (long long)g->by,
                          ir_text(s->A, ir_index(access)[g->of]), (long long)extent, name[g->of]);
    }
    return true;
}

static bool read_layout(Step *s, const Bound *given, Layout *l)
{
    const char *name[IR_MAX_RANK];
    const Node *dim[IR_MAX_RANK];
    name_dimensions(s->A, s->func, l->from, name);
    for (size_t d = 0; d < l->from->nkids; d++)
        dim[d] = ir_var(s->A, name[d]);
    for (l->n = 0; l->n < given->n; l->n++)
        if (!read_digit(s->A, given->names[l->n], l->from->nkids, dim, &l->digit[l->n]))
            return REFUSE(s->err, layout_entry, NULL, given->names[l->n], ir_buf_name(l->from),
                          all_names(s->A, l->from->nkids, name), name[0], name[0]);
    return is_complete(s, l, name) && still_finds_outside(s, l, name);
}

static const Node *layout_extent(Arena *A, const Layout *l, const Digit *g)
{
    int64_t extent = ir_dim(l->from, g->of);
    switch (g->part) {
    case PART_WHOLE: return l->from->kid[g->of];
    case PART_QUOTIENT: return ir_idx(A, extent / g->by + (extent % g->by != 0));
    default: return ir_idx(A, extent < g->by ? extent : g->by);
    }
}

static const Node *layout_index(Arena *A, const Digit *g, const Node *index)
{
    switch (g->part) {
    case PART_WHOLE: return index;
    case PART_QUOTIENT: return ix_div(A, index, ir_idx(A, g->by));
    default: return ix_mod(A, index, ir_idx(A, MUTANT(layout_remainder_short, g->by, g->by - 1)));
    }
}

static const Node *on_access(Rewriter *rw, const Node *n)
{
    const Layout *l = rw->env;
    n = rw_kids(rw, n);
    if (!n || n->kid[0] != l->from)
        return n;
    const Node *index[IR_MAX_RANK];
    for (size_t i = 0; i < l->n; i++)
        index[i] = layout_index(rw->A, &l->digit[i], ir_index(n)[l->digit[i].of]);
    return ir_access_at(rw->A, n, l->to, l->n, index);
}

static const Node *on_alloc(Rewriter *rw, const Node *n)
{
    const Layout *l = rw->env;
    n = rw_kids(rw, n);
    if (!n || n->kid[Alloc_buffer] != l->from)
        return n;
    return ir_alloc(rw->A, l->to, ir_list(rw->A, 0, NULL), n->kid[Alloc_body]);
}

bool prim_transform_layout(Step *s)
{
    static Rule *const on[OP_COUNT] = {[OP_Load] = on_access,
                                       [OP_Store] = on_access,
                                       [OP_Update] = on_access,
                                       [OP_Alloc] = on_alloc};
    Arena *A = s->A;
    const Node *b = s->arg[0].node, *shape[IR_MAX_RANK];
    int64_t bytes = (int64_t)dtype_bytes((DType)b->type);
    Layout l = {.from = b};
    Path p;
    if (!path_to_alloc(s->func, b, &p))
        return REFUSE(s->err, not_allocated, b, ir_buf_name(b));
    if (b->nkids == 0)
        return REFUSE(s->err, layout_scalar, b, ir_buf_name(b));
    if (!read_layout(s, &s->arg[1], &l))
        return false;
    buf_printf(&s->said, "%s -> [", ir_buf_name(b));
    for (size_t i = 0; i < l.n; i++) {
        shape[i] = layout_extent(A, &l, &l.digit[i]);
        if (__builtin_mul_overflow(bytes, shape[i]->at.i, &bytes))
            return REFUSE(s->err, layout_large, b, ir_buf_name(b));
        buf_printf(&s->said, "%s%s", i ? ", " : "", s->arg[1].names[i]);
    }
    buf_puts(&s->said, "]");
    l.to = ir_buffer(A, b->type, ir_buf_name(b), b->at.buf->scope, l.n, shape);
    const Node *func = rw_run(A, on, &l, s->err, s->func);
    if (!func)
        return false;
    func = alloc_settle(A, func, l.to, NULL);
    return nest_recheck(s, func) && step_done(s, func);
}
