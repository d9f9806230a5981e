/* interp.c -- statements of the reference interpreter, and running a Func. */
#include "core/ir/interp_impl.h"

#include <stdio.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/cancel.h"
#include "core/base/memory.h"
#include "core/base/progress.h"
#include "core/ir/print.h"

typedef struct BlockAxis {
    Scalar *cell;
    const Ex *value;
    bool reduce;
} BlockAxis;

struct St {
    void (*run)(const St *s, Machine *m);
    const Node *node;
    const St *up; /* For, Block: the loop or block around it */
    Scalar *cell; /* For: the variable; Update: the old element */
    const Ex *x;  /* the extent, condition or value */
    const Access *access;
    Mem *mem;         /* Alloc */
    const Ex **least; /* Alloc: where its window begins, or NULL: at 0 */
    const St *a, *b;  /* bodies */
    size_t n;         /* Seq: statements; Block: axes; Alloc: dimensions */
    const St **stmts;
    BlockAxis *axes;
};

enum { LOOK_AROUND = 4096 };

/* ---- what nodes become ---- */

Scalar *interp_bind(Compiler *c, const Node *var)
{
    Scalar *cell = node_map_get(&c->map, var);
    if (!cell) {
        cell = arena_alloc(c->A, sizeof *cell);
        node_map_put(&c->map, var, cell);
    }
    return cell;
}

static Mem *bind_buffer(Compiler *c, const Node *buffer)
{
    Mem *mem = arena_alloc(c->A, sizeof *mem);
    mem->buffer = buffer;
    node_map_put(&c->map, buffer, mem);
    return mem;
}

/* ---- failing ---- */

static void put_loops(Buf *out, const St *loop)
{
    for (; loop; loop = loop->up)
        if (loop->node->op == OP_For)
            ir_put_value(out, loop->node->kid[For_var], loop->cell->i);
}

static void *stop(Machine *m)
{
    m->failed = true;
    m->fuel = 0;
    return m->dummy;
}

void *interp_outside(const Access *a, Machine *m)
{
    if (m->failed)
        return m->dummy;
    const Mem *mem = a->mem;
    Buf index = buf_new(m->A), loops = buf_new(m->A);
    size_t bad = a->rank;
    for (size_t d = 0; d < a->rank; d++) {
        int64_t i = ex_value(a->index[d], m).i;
        buf_printf(&index, "%s%lld", d ? ", " : "", (long long)i);
        if (bad == a->rank && (uint64_t)i - (uint64_t)mem->min[d] >= (uint64_t)mem->extent[d])
            bad = d;
    }
    put_loops(&loops, m->loop);
    const char *block = m->block ? ir_block_name(m->block->node) : "the program";
    FAIL(m->err, out_of_bounds, a->node, block, a->node->op == OP_Load ? "reads" : "writes",
         ir_buf_name(mem->buffer), buf_str(&index), bad, (long long)mem->min[bad],
         (long long)(mem->min[bad] + mem->extent[bad] - 1));
    err_witness(m->err, "%s", buf_str(&loops));
    return stop(m);
}

/* Every LOOK_AROUND iterations: may the run go on? */
static bool refuel(Machine *m)
{
    if (m->failed)
        return false;
    progress_tick();
    if (cancel_asked())
        FAIL(m->err, interrupted, NULL);
    else if (m->budget <= 0)
        FAIL(m->err, iterations_spent, m->loop->node, (long long)m->iterations);
    else {
        m->fuel = m->budget < LOOK_AROUND ? m->budget : LOOK_AROUND;
        m->budget -= m->fuel;
        return true;
    }
    stop(m);
    return false;
}

/* ---- statements ---- */

static void exec(const St *s, Machine *m)
{
    s->run(s, m);
}

static void run_nop(const St *s, Machine *m)
{
    (void)s, (void)m;
}

static void run_seq(const St *s, Machine *m)
{
    for (size_t i = 0; i < s->n; i++)
        exec(s->stmts[i], m);
}

static void run_if(const St *s, Machine *m)
{
    exec(ex_value(s->x, m).i ? s->a : s->b, m);
}

static void run_for(const St *s, Machine *m)
{
    int64_t n = ex_value(s->x, m).i;
    const St *outer = m->loop;
    m->loop = s;
    for (int64_t i = 0; i < n; i++) {
        if (m->fuel-- <= 0 && !refuel(m))
            break;
        s->cell->i = i;
        exec(s->a, m);
    }
    m->loop = outer;
}

/* a: init, b: body */
static void run_block(const St *s, Machine *m)
{
    bool first = true;
    for (size_t i = 0; i < s->n; i++) {
        *s->axes[i].cell = ex_value(s->axes[i].value, m);
        first &= !s->axes[i].reduce || s->axes[i].cell->i == 0;
    }
    if (!ex_value(s->x, m).i)
        return;
    const St *outer = m->block;
    m->block = s;
    if (first)
        exec(s->a, m);
    exec(s->b, m);
    m->block = outer;
}

#define STORE_AS(ctype, member)    \
    {                              \
        ctype x = (ctype)v.member; \
        memcpy(p, &x, sizeof x);   \
    }
#define STORE_BOOL(ctype)  STORE_AS(ctype, i)
#define STORE_INT(ctype)   STORE_AS(ctype, i)
#define STORE_UINT(ctype)  STORE_AS(ctype, i)
#define STORE_FLOAT(ctype) STORE_AS(ctype, f)
#define DTYPE(name, ctype, bits, cls)                 \
    static void store_##name(const St *s, Machine *m) \
    {                                                 \
        Scalar v = ex_value(s->x, m);                 \
        void *p = interp_locate(s->access, m);        \
        STORE_##cls(ctype)                            \
    }
#include "core/base/dtypes.def"

static void (*const store_run[DT_COUNT])(const St *, Machine *) = {
#define DTYPE(name, ctype, bits, cls) store_##name,
#include "core/base/dtypes.def"
};

static void run_update(const St *s, Machine *m)
{
    void *p = interp_locate(s->access, m);
    DType t = (DType)s->access->mem->buffer->type;
    *s->cell = dtype_load(t, p);
    dtype_store(t, p, ex_value(s->x, m));
}

static bool take_memory(Machine *m, Mem *mem, const Node *alloc, size_t *bytes)
{
    size_t need = dtype_bytes((DType)mem->buffer->type);
    bool fits = true;
    double asked = (double)need;
    for (size_t d = 0; d < ir_rank(mem->buffer); d++) {
        fits &= !__builtin_mul_overflow(need, (size_t)mem->extent[d], &need);
        asked *= (double)mem->extent[d];
    }
    *bytes = need;
    if (fits && need <= mem->capacity)
        return true;
    if (!fits || need > m->bytes_left ||
        ((int64_t)need >= MEMORY_SMALL && (int64_t)need > memory_free())) {
        FAIL(m->err, alloc_too_big, alloc, ir_buf_name(mem->buffer), asked / (1 << 20));
        stop(m);
        return false;
    }
    m->bytes_left -= need - mem->capacity;
    mem->data = arena_alloc(m->A, need);
    mem->capacity = need;
    return true;
}

/* Fresh memory reads as NaN or -1, so that a program that relies on it stands out. */
static void run_alloc(const St *s, Machine *m)
{
    Mem *mem = s->mem;
    for (size_t d = 0; d < s->n; d++)
        mem->min[d] = s->least[d] ? ex_value(s->least[d], m).i : 0;
    size_t bytes;
    if (!take_memory(m, mem, s->node, &bytes))
        return;
    if (bytes)
        memset(mem->data, 0xff, bytes);
    exec(s->a, m);
}

/* ---- compilation ---- */

static const St *statement(Compiler *c, const St *up, const Node *n);

static St *make(Compiler *c, void (*run)(const St *, Machine *), const St *up, const Node *n)
{
    St *s = arena_alloc(c->A, sizeof *s);
    s->run = run;
    s->up = up;
    s->node = n;
    return s;
}

static const St *compile_seq(Compiler *c, const St *up, const Node *n)
{
    St *s = make(c, run_seq, up, n);
    s->n = n->nkids;
    s->stmts = ARENA_ARRAY(c->A, const St *, s->n);
    for (size_t i = 0; i < s->n; i++)
        if (!(s->stmts[i] = statement(c, up, n->kid[i])))
            return NULL;
    return s;
}

static const St *compile_if(Compiler *c, const St *up, const Node *n)
{
    St *s = make(c, run_if, up, n);
    bool ok = (s->x = interp_expr(c, n->kid[If_cond])) &&
              (s->a = statement(c, up, n->kid[If_then])) &&
              (s->b = statement(c, up, n->kid[If_otherwise]));
    return ok ? s : NULL;
}

static const St *compile_for(Compiler *c, const St *up, const Node *n)
{
    St *s = make(c, run_for, up, n);
    if (!(s->x = interp_expr(c, n->kid[For_extent])))
        return NULL;
    s->cell = interp_bind(c, n->kid[For_var]);
    return (s->a = statement(c, s, n->kid[For_body])) ? s : NULL;
}

static const St *compile_block(Compiler *c, const St *up, const Node *n)
{
    St *s = make(c, run_block, up, n);
    const Node *iters = n->kid[Block_iters];
    s->n = iters->nkids;
    s->axes = ARENA_ARRAY(c->A, BlockAxis, s->n);
    for (size_t i = 0; i < s->n; i++)
        if (!(s->axes[i].value = interp_expr(c, iters->kid[i]->kid[Iter_value])))
            return NULL;
    for (size_t i = 0; i < s->n; i++) {
        s->axes[i].cell = interp_bind(c, iters->kid[i]->kid[Iter_var]);
        s->axes[i].reduce = iters->kid[i]->at.i == ITER_reduce;
    }
    bool ok = (s->x = interp_expr(c, n->kid[Block_where])) &&
              (s->a = statement(c, s, n->kid[Block_init])) &&
              (s->b = statement(c, s, n->kid[Block_body]));
    return ok ? s : NULL;
}

static const St *compile_alloc(Compiler *c, const St *up, const Node *n)
{
    St *s = make(c, run_alloc, up, n);
    const Node *buffer = n->kid[Alloc_buffer], *window = n->kid[Alloc_window];
    s->n = ir_rank(buffer);
    s->least = ARENA_ARRAY(c->A, const Ex *, s->n);
    for (size_t d = 0; d < window->nkids; d++)
        if (!(s->least[d] = interp_expr(c, window->kid[d]->kid[Range_min])))
            return NULL;
    s->mem = bind_buffer(c, buffer);
    for (size_t d = 0; d < s->n; d++)
        s->mem->extent[d] = ir_alloc_extent(n, d);
    return (s->a = statement(c, up, n->kid[Alloc_body])) ? s : NULL;
}

static const St *compile_store(Compiler *c, const St *up, const Node *n)
{
    St *s = make(c, store_run[n->kid[Store_buffer]->type], up, n);
    bool ok = (s->x = interp_expr(c, n->kid[Store_value])) &&
              (s->access = interp_access(c, n, Store_index));
    return ok ? s : NULL;
}

static const Ex *combined(Compiler *c, const Node *n, const Ex *old)
{
    static const Op ops[COMB_COUNT] = {
        [COMB_sum] = OP_Add, [COMB_prod] = OP_Mul, [COMB_max] = OP_Max, [COMB_min] = OP_Min};
    const Node *value = n->kid[Update_value];
    if (n->at.i == COMB_fma && value->op == OP_Mul) {
        const Ex *x = interp_expr(c, value->kid[Mul_a]), *y = interp_expr(c, value->kid[Mul_b]);
        return x && y ? interp_fma(c, (DType)value->type, x, y, old) : NULL;
    }
    if (n->at.i == COMB_fma)
        return FAIL(c->err, not_a_value, n, "an fma update of something that is no product");
    const Ex *x = interp_expr(c, value);
    return x ? interp_binary(c, ops[n->at.i], (DType)value->type, old, x) : NULL;
}

static const St *compile_update(Compiler *c, const St *up, const Node *n)
{
    St *s = make(c, run_update, up, n);
    s->cell = arena_alloc(c->A, sizeof *s->cell);
    const Ex *old = interp_cell(c, s->cell, (DType)n->kid[Update_buffer]->type);
    bool ok = (s->x = combined(c, n, old)) && (s->access = interp_access(c, n, Update_index));
    return ok ? s : NULL;
}

static const St *statement(Compiler *c, const St *up, const Node *n)
{
    switch ((Op)n->op) {
    case OP_Nop: return make(c, run_nop, up, n);
    case OP_Seq: return compile_seq(c, up, n);
    case OP_If: return compile_if(c, up, n);
    case OP_For: return compile_for(c, up, n);
    case OP_Block: return compile_block(c, up, n);
    case OP_Alloc: return compile_alloc(c, up, n);
    case OP_Store: return compile_store(c, up, n);
    case OP_Update: return compile_update(c, up, n);
    case OP_Barrier: return FAIL(c->err, barrier_in_reference, n);
    default: return FAIL(c->err, not_a_value, n, op_info[n->op].name);
    }
}

/* ---- running ---- */

/* A parameter or result, which has the type and the shape that the program says. */
static bool bind_argument(Compiler *c, const Node *buffer, const InterpBuffer *given)
{
    bool fits = (DType)buffer->type == given->type && ir_rank(buffer) == given->rank;
    for (size_t d = 0; fits && d < given->rank; d++)
        fits = ir_dim(buffer, d) == given->shape[d];
    if (!fits) {
        Buf have = buf_new(c->A);
        dtype_put_shape(&have, given->type, given->rank, given->shape);
        return REFUSE(c->err, argument_mismatch, buffer, ir_buf_name(buffer),
                      dtype_name((DType)buffer->type), ir_rank(buffer), buf_str(&have));
    }
    Mem *mem = bind_buffer(c, buffer);
    mem->data = given->data;
    for (size_t d = 0; d < given->rank; d++)
        mem->extent[d] = given->shape[d];
    return true;
}

static bool bind_arguments(Compiler *c, const Node *func, size_t n, const InterpBuffer *buffers)
{
    const Node *params = func->kid[Func_params], *results = func->kid[Func_results];
    size_t want = params->nkids + results->nkids;
    if (n != want)
        return REFUSE(c->err, argument_count, func, func->at.name, want, plural((int64_t)want), n);
    for (size_t i = 0; i < n; i++) {
        const Node *buffer = i < params->nkids ? params->kid[i] : results->kid[i - params->nkids];
        if (!bind_argument(c, buffer, &buffers[i]))
            return false;
    }
    return true;
}

static bool run_in(Arena *A, const Node *func, size_t n, const InterpBuffer *buffers,
                   const InterpLimits *limits, Err *err)
{
    InterpLimits l = limits ? *limits : (InterpLimits){0};
    Machine m = {.A = A, .err = err};
    m.iterations = m.budget = l.iterations > 0 ? l.iterations : INT64_C(1) << 62;
    m.bytes_left = l.bytes > 0 ? l.bytes : (size_t)4 << 30;
    Compiler c = {.A = A, .m = &m, .err = err, .map = {.arena = A}};
    if (!bind_arguments(&c, func, n, buffers))
        return false;
    const St *body = statement(&c, NULL, func->kid[Func_body]);
    if (!body)
        return false;
    exec(body, &m);
    return !m.failed;
}

bool interp_run(const Node *func, size_t n, const InterpBuffer *buffers, const InterpLimits *limits,
                Err *err)
{
    Arena *A = arena_scratch(NULL);
    bool ok = run_in(A, func, n, buffers, limits, err);
    arena_release(A);
    return ok;
}

/* ---- expressions by themselves ---- */

struct InterpExpr {
    const Ex *e;
    size_t n;
    Scalar **cells;
};

InterpExpr *interp_compile(Arena *A, const Node *e, size_t n, const Node *const *vars, Err *err)
{
    Compiler c = {.A = A, .err = err, .map = {.arena = A}};
    InterpExpr *out = arena_alloc(A, sizeof *out);
    out->n = n;
    out->cells = ARENA_ARRAY(A, Scalar *, n);
    for (size_t i = 0; i < n; i++)
        out->cells[i] = interp_bind(&c, vars[i]);
    return (out->e = interp_expr(&c, e)) ? out : NULL;
}

Scalar interp_eval(const InterpExpr *e, const Scalar *values)
{
    for (size_t i = 0; i < e->n; i++)
        *e->cells[i] = values[i];
    return ex_value(e->e, NULL);
}
