/* te.c -- from stages to a program of loops and blocks. */
#include "core/te/te.h"

#include <string.h>

#include "core/base/vec.h"
#include "core/ir/parse.h"
#include "core/ir/rewrite.h"

typedef struct Axis {
    const Node *var;
    int64_t extent;
    bool reduce, used;
} Axis;

typedef struct Stage {
    const Node *buffer;
    const Node *nest; /* its loops and its block */
    const Node *value;
    bool needed;
} Stage;

struct Te {
    Arena *A;
    const char *name;
    const char *from;
    VEC(Axis) axes;
    VEC(Stage) stages;
    VEC(const Node *) inputs;
    Err err; /* the first mistake */
};

Te *te_new(Arena *A, const char *name)
{
    Te *te = arena_alloc(A, sizeof *te);
    te->A = A;
    te->name = arena_strdup(A, name);
    return te;
}

Arena *te_arena(Te *te)
{
    return te->A;
}

bool te_take_mistake(Te *te, Err *out)
{
    if (te->err.code == ERR_none)
        return false;
    *out = te->err;
    te->err = (Err){0};
    return true;
}

void te_from(Te *te, const char *op)
{
    te->from = op ? arena_strdup(te->A, op) : NULL;
}

#define MISTAKE(t, row, ...)                     \
    do {                                         \
        if ((t)->err.code == ERR_none)           \
            REFUSE(&(t)->err, row, __VA_ARGS__); \
    } while (0)

/* ---- inputs and axes ---- */

static bool name_taken(const Te *te, const char *name)
{
    for (size_t i = 0; i < te->inputs.n; i++)
        if (strcmp(ir_buf_name(te->inputs.at[i]), name) == 0)
            return true;
    for (size_t i = 0; i < te->stages.n; i++)
        if (strcmp(ir_buf_name(te->stages.at[i].buffer), name) == 0)
            return true;
    return false;
}

const char *te_fresh_name(Te *te, const char *name)
{
    const char *fresh = name;
    for (int i = 1; name_taken(te, fresh); i++)
        fresh = arena_printf(te->A, "%s_%d", name, i);
    return fresh;
}

/* A buffer whose name is new; a name taken twice is a mistake. */
static const Node *new_buffer(Te *te, DType t, const char *name, size_t rank, const int64_t *shape)
{
    const Node *dims[IR_MAX_RANK];
    if (!ir_is_name(name))
        MISTAKE(te, te_bad_name, NULL, name);
    if (name_taken(te, name))
        MISTAKE(te, te_name_taken, NULL, name, name, name);
    if (rank > IR_MAX_RANK) {
        MISTAKE(te, te_rank, NULL, name, rank, IR_MAX_RANK);
        rank = IR_MAX_RANK;
    }
    for (size_t d = 0; d < rank; d++) {
        if (shape[d] < 0)
            MISTAKE(te, te_extent, NULL, name, (long long)shape[d]);
        dims[d] = ir_idx(te->A, shape[d]);
    }
    return ir_buffer(te->A, t, name, SCOPE_global, rank, dims);
}

const Node *te_placeholder(Te *te, const char *name, DType t, size_t rank, const int64_t *shape)
{
    const Node *b = new_buffer(te, t, name, rank, shape);
    vec_push(te->A, &te->inputs, b);
    return b;
}

static const Node *new_axis(Te *te, const char *name, int64_t extent, bool reduce)
{
    if (extent < 0)
        MISTAKE(te, te_extent, NULL, name, (long long)extent);
    if (!ir_is_name(name))
        MISTAKE(te, te_bad_name, NULL, name);
    Axis axis = {ir_var_like(te->A, DT_int64, name, name, 0), extent, reduce, false};
    vec_push(te->A, &te->axes, axis);
    return axis.var;
}

const Node *te_axis(Te *te, const char *name, int64_t extent)
{
    return new_axis(te, name, extent, false);
}

const Node *te_reduce_axis(Te *te, const char *name, int64_t extent)
{
    return new_axis(te, name, extent, true);
}

static Axis *find_axis(Te *te, const Node *var)
{
    for (size_t i = te->axes.n; i-- > 0;)
        if (te->axes.at[i].var == var)
            return &te->axes.at[i];
    return NULL;
}

/* ---- stages ---- */

/* Checks that the axes are this Te's, of the right kind, not used by a stage before,
** and named apart. */
static bool claim_axes(Te *te, const char *stage, size_t n, const Node *const *vars, bool reduce)
{
    for (size_t i = 0; i < n; i++) {
        Axis *a = find_axis(te, vars[i]);
        if (!a || a->reduce != reduce || a->used) {
            MISTAKE(te, te_axis_misused, NULL, ir_var_name(vars[i]), stage,
                    !a          ? "not an axis of this definition"
                    : a->used   ? "used by a stage before"
                    : a->reduce ? "a reduce axis"
                                : "not a reduce axis");
            return false;
        }
        a->used = true;
    }
    return true;
}

/* Loops over the axes, outermost first, around one block that binds an axis of its own to each. */
static const Node *build_nest(Te *te, const char *name, size_t n, const Node *const *vars,
                              const Node *init, const Node *body)
{
    Arena *A = te->A;
    const Node **iters = ARENA_ARRAY(A, const Node *, n + 1);
    Subst *map = ARENA_ARRAY(A, Subst, n + 1);
    for (size_t i = 0; i < n; i++) {
        const char *axis = ir_var_name(vars[i]);
        map[i] = (Subst){vars[i], ir_var_like(A, DT_int64, axis, axis, 0)};
        iters[i] = ir_iter(A, find_axis(te, vars[i])->reduce ? ITER_reduce : ITER_spatial,
                           map[i].to, vars[i]);
    }
    BlockInfo *info = arena_alloc(A, sizeof *info);
    *info = (BlockInfo){arena_strdup(A, name), te->from, 0};
    const Node *s = ir_block(A, info, ir_list(A, n, iters), ir_bool(A, true),
                             ir_subst(A, init, n, map), ir_subst(A, body, n, map));
    for (size_t i = n; i-- > 0;)
        s = ir_for(A, FOR_serial, vars[i], ir_idx(A, find_axis(te, vars[i])->extent), s);
    return s;
}

/* A sum over nothing is 0, a product 1: there is no iteration that could begin it. */
static bool combines_nothing(Te *te, size_t n, const Node *const *axes)
{
    for (size_t i = 0; i < n; i++)
        if (find_axis(te, axes[i])->extent == 0)
            return true;
    return false;
}

static const Node *new_stage(Te *te, const char *name, size_t naxes, const Node *const *axes,
                             size_t nreduce, const Node *const *reduce, int combiner,
                             const Node *value)
{
    Arena *A = te->A;
    int64_t shape[IR_MAX_RANK];
    bool ok =
        claim_axes(te, name, naxes, axes, false) && claim_axes(te, name, nreduce, reduce, true);
    for (size_t i = 0; i < naxes && i < IR_MAX_RANK; i++)
        shape[i] = ok ? find_axis(te, axes[i])->extent : 1;
    const Node *b = new_buffer(te, value->type, name, naxes, shape);
    if (value->depth > IR_MAX_DEPTH / 2 || value->size > IR_MAX_EXPR)
        MISTAKE(te, te_too_big, NULL, name);
    if (te->err.code != ERR_none || naxes + nreduce > IR_MAX_RANK * 2) {
        MISTAKE(te, te_rank, NULL, name, naxes + nreduce, IR_MAX_RANK * 2);
        Stage none = {b, ir_nop(A), value, false};
        vec_push(A, &te->stages, none);
        return b;
    }
    const Node *all[IR_MAX_RANK * 2];
    memcpy(all, axes, naxes * sizeof *all);
    if (nreduce)
        memcpy(all + naxes, reduce, nreduce * sizeof *all);
    const Node *init = ir_nop(A), *body;
    if (combiner >= 0 && combines_nothing(te, nreduce, reduce)) {
        value = ir_identity(A, (Combiner)combiner, value->type);
        combiner = -1;
        nreduce = 0;
    }
    if (combiner < 0) {
        body = ir_store(A, b, naxes, axes, value);
    } else {
        init = ir_store(A, b, naxes, axes, ir_identity(A, (Combiner)combiner, value->type));
        body = ir_update(A, (Combiner)combiner, b, naxes, axes, value);
    }
    Stage stage = {b, build_nest(te, name, naxes + nreduce, all, init, body), value, false};
    vec_push(A, &te->stages, stage);
    return b;
}

const Node *te_compute(Te *te, const char *name, size_t naxes, const Node *const *axes,
                       const Node *value)
{
    return new_stage(te, name, naxes, axes, 0, NULL, -1, value);
}

const Node *te_reduce(Te *te, const char *name, Combiner c, size_t naxes, const Node *const *axes,
                      size_t nreduce, const Node *const *reduce, const Node *value)
{
    if (c == COMB_fma && value->op != OP_Mul)
        MISTAKE(te, te_fma_product, NULL, name);
    return new_stage(te, name, naxes, axes, nreduce, reduce, (int)c, value);
}

/* ---- the Func ---- */

/* Marks what the results need; a stage only reads stages made before it. */
static void mark_needed(Te *te)
{
    for (size_t i = te->stages.n; i-- > 0;) {
        if (!te->stages.at[i].needed)
            continue;
        for (size_t j = 0; j < i; j++)
            if (!te->stages.at[j].needed)
                te->stages.at[j].needed =
                    ir_mentions(te->stages.at[i].value, te->stages.at[j].buffer);
    }
}

/* An axis that is left in a block's body: the block's own axes have replaced the stage's. */
static const Node *stray_axis(Te *te, const Node *n)
{
    if (n->op == OP_Var && find_axis(te, n))
        return n;
    for (size_t i = 0; i < n->nkids; i++) {
        const Node *v = stray_axis(te, n->kid[i]);
        if (v)
            return v;
    }
    return NULL;
}

static const Node *nest_body(const Node *nest)
{
    while (nest->op == OP_For)
        nest = nest->kid[For_body];
    return nest->op == OP_Block ? nest->kid[Block_body] : nest;
}

static bool is_result(size_t n, const Node *const *results, const Node *b)
{
    for (size_t i = 0; i < n; i++)
        if (results[i] == b)
            return true;
    return false;
}

const Node *te_func(Te *te, size_t nresults, const Node *const *results, Err *err)
{
    Arena *A = te->A;
    for (size_t r = 0; r < nresults; r++) {
        bool found = false;
        for (size_t i = 0; i < te->stages.n; i++)
            if (te->stages.at[i].buffer == results[r])
                found = te->stages.at[i].needed = true;
        if (!found)
            MISTAKE(te, te_no_stage, NULL, ir_buf_name(results[r]));
    }
    if (!ir_is_name(te->name))
        MISTAKE(te, te_bad_name, NULL, te->name);
    if (te->err.code == ERR_none)
        mark_needed(te);
    for (size_t i = 0; i < te->stages.n && te->err.code == ERR_none; i++) {
        const Stage *s = &te->stages.at[i];
        const Node *stray = s->needed ? stray_axis(te, nest_body(s->nest)) : NULL;
        if (stray)
            MISTAKE(te, te_axis_misused, NULL, ir_var_name(stray), ir_buf_name(s->buffer),
                    "not one of its axes");
    }
    if (te->err.code != ERR_none) {
        if (err)
            *err = te->err;
        return NULL;
    }
    const Node **nests = ARENA_ARRAY(A, const Node *, te->stages.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < te->stages.n; i++)
        if (te->stages.at[i].needed)
            nests[n++] = te->stages.at[i].nest;
    const Node *body = ir_seq(A, n, nests);
    for (size_t i = te->stages.n; i-- > 0;) {
        const Stage *s = &te->stages.at[i];
        if (s->needed && !is_result(nresults, results, s->buffer))
            body = ir_alloc(A, s->buffer, ir_list(A, 0, NULL), body);
    }
    const Node **params = ARENA_ARRAY(A, const Node *, te->inputs.n + 1);
    size_t np = 0;
    for (size_t i = 0; i < te->inputs.n; i++)
        params[np++] = te->inputs.at[i];
    return ir_func(A, te->name, ir_list(A, np, params), ir_list(A, nresults, results), body);
}

/* ---- expressions ---- */

const Node *te_load(Te *te, const Node *buffer, size_t n, const Node *const *index)
{
    if (buffer->op != OP_Buffer || n != ir_rank(buffer)) {
        MISTAKE(te, te_index_rank, NULL,
                buffer->op == OP_Buffer ? ir_buf_name(buffer) : "this value",
                buffer->op == OP_Buffer ? ir_rank(buffer) : 0, n);
        return te_num(te, buffer->type, 0);
    }
    for (size_t i = 0; i < n; i++)
        if (index[i]->type != DT_int64) {
            MISTAKE(te, te_index_type, NULL, i, ir_buf_name(buffer), dtype_name(index[i]->type));
            return te_num(te, buffer->type, 0);
        }
    return ir_load(te->A, buffer, n, index);
}

const Node *te_num(Te *te, DType t, double v)
{
    return ir_const(te->A, t, v);
}

const Node *te_int(Te *te, int64_t v)
{
    return ir_idx(te->A, v);
}

const Node *te_op(Te *te, Op op, const Node *a, const Node *b)
{
    const OpInfo *info = &op_info[op];
    DType t = (DType)a->type;
    bool logic = info->flags & OPF_LOGIC;
    if (a->type != b->type)
        MISTAKE(te, te_type_mix, NULL, info->symbol, dtype_name(a->type), dtype_name(b->type),
                dtype_name(a->type));
    else if ((logic && t != DT_bool) || ((info->flags & OPF_INT) && dtype_is_float(t)) ||
             (!logic && !(info->flags & (OPF_COMPARE | OPF_INT)) && t == DT_bool))
        MISTAKE(te, te_type_op, NULL, info->symbol, dtype_name(t));
    else if (t == DT_int64 && (op == OP_Add || op == OP_Sub || op == OP_Mul))
        return op == OP_Add   ? ix_add(te->A, a, b)
               : op == OP_Sub ? ix_sub(te->A, a, b)
                              : ix_mul(te->A, a, b);
    else
        return ir_binary(te->A, op, a, b);
    return a;
}

const Node *te_select(Te *te, const Node *cond, const Node *a, const Node *b)
{
    if (cond->type != DT_bool)
        MISTAKE(te, te_type_op, NULL, "select", dtype_name(cond->type));
    else if (a->type != b->type)
        MISTAKE(te, te_type_mix, NULL, "select", dtype_name(a->type), dtype_name(b->type),
                dtype_name(a->type));
    else
        return ir_select(te->A, cond, a, b);
    return a;
}

const Node *te_cast(Te *te, DType t, const Node *a)
{
    return ir_cast(te->A, t, a);
}

const Node *te_call(Te *te, const char *name, const Node *a)
{
    bool test = strcmp(name, "isnan") == 0 || strcmp(name, "isinf") == 0;
    if (!dtype_is_float(a->type) && !(strcmp(name, "abs") == 0 && dtype_is_signed(a->type))) {
        MISTAKE(te, te_type_op, NULL, name, dtype_name(a->type));
        return a;
    }
    return ir_call(te->A, test ? DT_bool : (DType)a->type, name, 1, &a);
}
