/* stmt.c -- statements: conditions, loops of every kind, temporaries. */
#include <assert.h>

#include "backends/llvm/emit/gen.h"
#include "core/base/mutant.h"
#include "core/run/runtime.h"

typedef void StmtRule(Gen *g, const Node *s);

/* ---- leaving ---- */

static void release(Gen *g, LLVMValueRef temporary)
{
    gen_runtime_call(g, RTF_release, LLVMVoidTypeInContext(g->ctx), 1, &temporary);
}

void gen_leave(Gen *g, LLVMValueRef code)
{
    for (size_t i = g->temps.n; i-- > g->f.temps;)
        release(g, g->temps.at[i].pointer);
    LLVMBuildRet(g->b, code);
}

/* Leaves the kernel here if somebody asked for it. */
static void poll_cancel(Gen *g)
{
    LLVMValueRef flag = LLVMBuildLoad2(g->b, g->i32, gen_runtime(g, RTF_cancel), "");
    LLVMSetVolatile(flag, 1);
    LLVMBasicBlockRef stop = gen_block(g, "cancelled"), go = gen_block(g, "go");
    LLVMBuildCondBr(g->b, LLVMBuildICmp(g->b, LLVMIntNE, flag, LLVMConstInt(g->i32, 0, 0), ""),
                    stop, go);
    gen_at_end(g, stop);
    gen_leave(g, LLVMConstInt(g->i32, (unsigned long long)RT_CANCELLED, 1));
    gen_at_end(g, go);
}

/* ---- conditions ---- */

static void run_where(Gen *g, LLVMValueRef lanes, const Node *s)
{
    LLVMValueRef outer = g->mask;
    if (s->op == OP_Nop)
        return;
    g->mask =
        MUTANT(emit_mask_dropped, outer ? LLVMBuildAnd(g->b, outer, lanes, "") : lanes, outer);
    gen_stmt(g, s);
    g->mask = outer;
}

static void run_if(Gen *g, LLVMValueRef cond, const Node *then, const Node *otherwise)
{
    if (LLVMIsAConstantInt(cond)) {
        gen_stmt(g, LLVMConstIntGetZExtValue(cond) ? then : otherwise);
        return;
    }
    LLVMBasicBlockRef yes = gen_block(g, "then"), next = gen_block(g, "next");
    LLVMBasicBlockRef no = otherwise->op == OP_Nop ? next : gen_block(g, "else");
    LLVMBuildCondBr(g->b, cond, yes, no);
    gen_at_end(g, yes);
    gen_stmt(g, then);
    LLVMBuildBr(g->b, next);
    if (no != next) {
        gen_at_end(g, no);
        gen_stmt(g, otherwise);
        LLVMBuildBr(g->b, next);
    }
    gen_at_end(g, next);
}

/* Splits a conjunction into what is the same for all lanes and what is not; either may be NULL. */
static void split_condition(Gen *g, const Node *c, const Node **uniform, const Node **lanes)
{
    if (c->op == OP_And) {
        split_condition(g, c->kid[0], uniform, lanes);
        split_condition(g, c->kid[1], uniform, lanes);
        return;
    }
    const Node **side = gen_has_lanes(g, c) ? lanes : uniform;
    *side = *side ? ir_and(g->A, *side, c) : c;
}

static void on_if(Gen *g, const Node *s)
{
    const Node *cond = s->kid[If_cond], *otherwise = s->kid[If_otherwise];
    const Node *uniform = NULL, *lanes = NULL;
    if (gen_has_lanes(g, cond) && otherwise->op == OP_Nop && !gen_may_trap(g, cond)) {
        split_condition(g, cond, &uniform, &lanes);
        if (uniform) {
            const Node *inner = ir_if(g->A, lanes, s->kid[If_then], otherwise);
            run_if(g, gen_expr(g, uniform).v, inner, otherwise);
            return;
        }
    }
    Val c = gen_expr(g, cond);
    if (!c.vec) {
        run_if(g, c.v, s->kid[If_then], otherwise);
        return;
    }
    run_where(g, c.v, s->kid[If_then]);
    run_where(g, gen_not(g, c).v, otherwise);
}

/* ---- loops ---- */

/* A vector statement counts as one for eight lanes. */
double gen_work(const Node *s)
{
    double sum = 0;
    switch (s->op) {
    case OP_For: {
        double n = (double)ir_const_int(s->kid[For_extent], 256), per = gen_work(s->kid[For_body]);
        return 1 + (ir_for_kind(s) == FOR_vectorized ? (n + 7) / 8 : n) * per;
    }
    case OP_If: return 1 + gen_work(s->kid[If_then]) + gen_work(s->kid[If_otherwise]);
    case OP_Alloc: return 1 + gen_work(s->kid[Alloc_body]);
    case OP_Seq:
        for (uint32_t i = 0; i < s->nkids; i++)
            sum += gen_work(s->kid[i]);
        return sum;
    default: return 1;
    }
}

static VarBind bind_loop(Gen *g, const Node *loop)
{
    int64_t lo, hi;
    VarBind v = {.var = loop->kid[For_var], .by_data = gen_by_data(g, loop->kid[For_extent])};
    if (gen_range(g, loop->kid[For_extent], &lo, &hi)) {
        v.ranged = true;
        v.hi = hi > 0 ? hi - 1 : 0;
    }
    return v;
}

void gen_loop_body(Gen *g, const Node *loop, VarBind bind)
{
    gen_push_level(g);
    bind.level = gen_level(g);
    vec_push(g->A, &g->vars, bind);
    gen_stmt(g, loop->kid[For_body]);
    g->vars.n--;
    gen_pop_level(g);
}

static void run_constant(Gen *g, const Node *loop, int64_t i)
{
    gen_loop_body(g, loop,
                  (VarBind){.var = loop->kid[For_var], .c = i, .ranged = true, .lo = i, .hi = i});
}

Count gen_begin_count(Gen *g, LLVMValueRef from, LLVMValueRef to, bool may_be_empty)
{
    Count c = {.to = to, .head = gen_block(g, "loop"), .exit = gen_block(g, "done")};
    LLVMBasicBlockRef before = g->at.block;
    if (may_be_empty)
        LLVMBuildCondBr(g->b, LLVMBuildICmp(g->b, LLVMIntSLT, from, to, ""), c.head, c.exit);
    else
        LLVMBuildBr(g->b, c.head);
    gen_at_end(g, c.head);
    c.i = LLVMBuildPhi(g->b, g->i64, "i");
    LLVMAddIncoming(c.i, &from, &before, 1);
    return c;
}

void gen_end_count(Gen *g, Count *c)
{
    LLVMValueRef next = LLVMBuildAdd(g->b, c->i, gen_i64(g, 1), "");
    LLVMSetNSW(next, 1);
    LLVMSetNUW(next, 1);
    LLVMAddIncoming(c->i, &next, &g->at.block, 1);
    LLVMBuildCondBr(g->b, LLVMBuildICmp(g->b, LLVMIntSLT, next, c->to, ""), c->head, c->exit);
    gen_at_end(g, c->exit);
}

/* Polling is paid for by the body where that is long; a long loop over a short body is cut into
** stretches, and each polls once. */
enum { POLL_BODY = 2000, POLL_LOOP = 1000000, POLL_STRETCH = 16384 };

/* The lanes for which iteration i happens, where the extent differs from lane to lane. */
static LLVMValueRef lanes_below(Gen *g, LLVMValueRef i, LLVMValueRef extents)
{
    return LLVMBuildICmp(g->b, LLVMIntSLT, gen_splat(g, i, g->lanes), extents, "");
}

static void serial_from(Gen *g, const Node *loop, VarBind bind, LLVMValueRef from, Val to,
                        bool may_be_empty)
{
    LLVMValueRef outer = g->mask, end = to.v;
    bool kept = !to.vec && promote_begin(g, loop);
    if (to.vec)
        end = gen_unary_intrinsic(g, "llvm.vector.reduce.smax", to.v);
    Count c = gen_begin_count(g, from, end, may_be_empty);
    if (g->polls && gen_work(loop->kid[For_body]) >= POLL_BODY)
        poll_cancel(g);
    if (to.vec) {
        LLVMValueRef some = lanes_below(g, c.i, to.v);
        g->mask = outer ? LLVMBuildAnd(g->b, outer, some, "") : some;
    }
    bind.v = c.i;
    gen_loop_body(g, loop, bind);
    g->mask = outer;
    gen_end_count(g, &c);
    if (kept)
        promote_end(g);
}

void gen_serial(Gen *g, const Node *loop)
{
    int64_t n = ir_const_int(loop->kid[For_extent], -1);
    if (n == 0)
        return;
    if (n == 1) {
        run_constant(g, loop, 0);
        return;
    }
    VarBind bind = bind_loop(g, loop);
    Val to = gen_expr(g, loop->kid[For_extent]);
    double body = gen_work(loop->kid[For_body]), iterations = n < 0 ? 1e5 : (double)n;
    LLVMValueRef zero = gen_i64(g, 0);
    if (!g->polls || to.vec || body >= POLL_BODY || body * iterations < POLL_LOOP) {
        serial_from(g, loop, bind, zero, to, n < 0);
        return;
    }
    LLVMValueRef size = gen_i64(g, POLL_STRETCH);
    LLVMValueRef up = LLVMBuildAdd(g->b, to.v, gen_i64(g, POLL_STRETCH - 1), "");
    Count c = gen_begin_count(g, zero, LLVMBuildSDiv(g->b, up, size, ""), n < 0);
    poll_cancel(g);
    LLVMValueRef from = LLVMBuildMul(g->b, c.i, size, "");
    LLVMValueRef end = LLVMBuildAdd(g->b, from, size, "");
    Val stop = {gen_binary_intrinsic(g, "llvm.smin", end, to.v), false};
    serial_from(g, loop, bind, from, stop, false);
    gen_end_count(g, &c);
}

/* The session has made sure that it is not too much (backends/source.c). */
static void run_unrolled(Gen *g, const Node *loop)
{
    int64_t n = ir_const_int(loop->kid[For_extent], -1);
    if (n < 0) {
        gen_serial(g, loop);
        return;
    }
    bool kept = n > 1 && promote_begin(g, loop);
    for (int64_t i = 0; i < n; i++)
        run_constant(g, loop, i);
    if (kept)
        promote_end(g);
}

/* ---- vectorised loops ---- */

/* The bytes of the largest element that is read or written there. */
static unsigned widest_access(const Node *n)
{
    unsigned most = 1;
    if (n->op == OP_Load || n->op == OP_Store || n->op == OP_Update)
        most = (unsigned)dtype_bytes((DType)n->kid[0]->type);
    for (uint32_t i = 0; i < n->nkids; i++) {
        unsigned w = n->kid[i]->op == OP_Buffer ? 1 : widest_access(n->kid[i]);
        most = w > most ? w : most;
    }
    return most;
}

/* How many lanes the vectorized loops in there make together, as far as MAX_LANES. */
static unsigned lanes_inside(const Node *s)
{
    unsigned most = 1;
    for (size_t i = 0; i < s->nkids; i++) {
        unsigned lanes = ir_is_stmt(s->kid[i]) ? lanes_inside(s->kid[i]) : 1;
        most = lanes > most ? lanes : most;
    }
    int64_t n = s->op == OP_For && ir_for_kind(s) == FOR_vectorized
                    ? ir_const_int(s->kid[For_extent], 1)
                    : 1;
    return n >= MAX_LANES / most ? MAX_LANES : most * (unsigned)(n < 1 ? 1 : n);
}

static bool rounds(const Node *update)
{
    return dtype_is_float((DType)update->kid[0]->type) && update->at.i != COMB_min &&
           update->at.i != COMB_max;
}

/* Would vectors change the order in which rounded numbers are summed up?  Within one
** statement lanes combine in order; around further loops they would be combined for
** all lanes, iteration by iteration. */
static bool reorders_sum(const Node *s, const Node *var, bool in_loop)
{
    if (s->op == OP_Update)
        return in_loop && rounds(s) && !update_moves(s, var);
    for (uint32_t i = 0; i < s->nkids; i++)
        if (ir_is_stmt(s->kid[i]) && reorders_sum(s->kid[i], var, in_loop || s->op == OP_For))
            return true;
    return false;
}

/* Each iteration has memory of its own there, so the lanes of such a loop run one after another. */
static bool allocates(const Node *s)
{
    if (s->op == OP_Alloc)
        return true;
    for (size_t i = 0; i < s->nkids; i++)
        if (ir_is_stmt(s->kid[i]) && allocates(s->kid[i]))
            return true;
    return false;
}

/* The lanes, a power of two, of the next vector, for `rest` iterations at most: where that costs
** nothing the last few share a vector of `one` register with lanes that take no part. */
static unsigned next_width(const Gen *g, int64_t rest, unsigned lanes, unsigned one)
{
    unsigned width = 1;
    if (g->target->masks && rest < one && rest > 2) {
        while (width < rest)
            width *= 2;
        return width;
    }
    while (lanes > rest)
        lanes /= 2;
    return lanes;
}

/* A vector takes at most eight registers, and of their lanes those of the loops inside come first,
** for along the innermost memory is contiguous more often than not. */
VectorPlan gen_vector_plan(const Gen *g, const Node *loop, unsigned around)
{
    const Node *body = loop->kid[For_body];
    const VectorPlan serial = {.lanes = 1};
    VectorPlan p = serial;
    int64_t n = ir_const_int(loop->kid[For_extent], -1);
    unsigned bytes = widest_access(body), most = 8 * g->target->vector_bytes / bytes,
             one = g->target->vector_bytes / bytes / around;
    most = (most > MAX_LANES ? MAX_LANES : most) / lanes_inside(body);
    while (p.lanes * 2 * around <= most && p.lanes * 2 <= n)
        p.lanes *= 2;
    if (p.lanes == 1 || g->checked || allocates(body) ||
        reorders_sum(body, loop->kid[For_var], false))
        return serial;
    if (n / p.lanes > FEW_VECTORS)
        p.looped = n / p.lanes;
    for (int64_t rest = n - p.looped * p.lanes; rest > 0; rest -= p.piece[p.n++].used) {
        assert(p.n < MOST_PIECES);
        unsigned width = next_width(g, rest, p.lanes, one);
        p.piece[p.n] = (VectorPiece){width, width < rest ? width : (unsigned)rest};
    }
    return p;
}

/* The mask around a vectorised loop for each of its lanes, and the lanes that only
** fill up the vector left out. */
static void widen_mask(Gen *g, unsigned before, unsigned n, unsigned width)
{
    int idx[MAX_LANES];
    int64_t bit[MAX_LANES];
    bool known = !g->mask || gen_lanes_known(g);
    bool *active = ARENA_ARRAY(g->A, bool, g->lanes);
    for (unsigned i = 0; i < g->lanes; i++) {
        idx[i] = (int)(i / width);
        active[i] = i % width < n && (!gen_lanes_known(g) || g->active[i / width]);
        bit[i] = active[i];
    }
    if (g->mask)
        g->mask = before == 1 ? gen_splat(g, g->mask, width)
                              : gen_shuffle(g, g->mask, NULL, idx, g->lanes);
    LLVMValueRef some = gen_const_lanes(g, g->i1, bit, g->lanes);
    if (width > n)
        g->mask = g->mask ? LLVMBuildAnd(g->b, g->mask, some, "") : some;
    g->active = active;
    g->active_mask = known && g->mask ? some : NULL;
    if (known && g->mask)
        g->mask = some;
}

/* Iterations v + c .. v + c + n-1 as lanes of one vector of `width`. */
static void run_lanes(Gen *g, const Node *loop, LLVMValueRef v, int64_t c, unsigned n,
                      unsigned width)
{
    unsigned before = g->lanes;
    LLVMValueRef outer = g->mask, outer_known = g->active_mask;
    const bool *active = g->active;
    VarBind bind = bind_loop(g, loop);
    bind.v = v;
    bind.c = c;
    bind.before = before;
    bind.extent = width;
    if (!v) {
        bind.lo = c;
        bind.hi = c + width - 1;
    }
    g->lanes = before * width;
    widen_mask(g, before, n, width);
    gen_loop_body(g, loop, bind);
    g->lanes = before;
    g->mask = outer;
    g->active = active;
    g->active_mask = outer_known;
}

/* In the vectors of the plan, one after the other. */
static void run_vectorized(Gen *g, const Node *loop)
{
    VectorPlan plan = gen_vector_plan(g, loop, g->lanes);
    int64_t done = plan.looped * plan.lanes;
    if (plan.lanes == 1) {
        gen_serial(g, loop);
        return;
    }
    if (plan.looped) {
        Count c = gen_begin_count(g, gen_i64(g, 0), gen_i64(g, plan.looped), false);
        gen_push_level(g);
        LLVMValueRef first = LLVMBuildMul(g->b, c.i, gen_i64(g, plan.lanes), "");
        run_lanes(g, loop, first, 0, plan.lanes, plan.lanes);
        gen_pop_level(g);
        gen_end_count(g, &c);
    }
    for (int i = 0; i < plan.n; i++) {
        const VectorPiece *v = &plan.piece[i];
        if (v->width == 1 && g->lanes == 1)
            run_constant(g, loop, done);
        else if (MUTANT(emit_tail_dropped, true, done == 0))
            run_lanes(g, loop, NULL, done, v->used, v->width);
        done += v->used;
    }
}

static void on_for(Gen *g, const Node *s)
{
    if (g->target->gpu && for_is_bound(ir_for_kind(s))) {
        gen_bound(g, s);
        return;
    }
    switch (ir_for_kind(s)) {
    case FOR_parallel: gen_parallel(g, s); break;
    case FOR_vectorized: run_vectorized(g, s); break;
    case FOR_unrolled: run_unrolled(g, s); break;
    default: gen_serial(g, s); break;
    }
}

/* ---- memory ---- */

enum { STACK_BUFFER = 16384, STACK_ALL = 131072 };

/* Rows of an array on the stack are padded to whole vectors, so that the lanes beyond a row's end
** have a place; not those of one that would outgrow the stack by it.  0: as many as there are. */
static int64_t padded_row(const Gen *g, const Node *buffer, int64_t elements)
{
    size_t rank = ir_rank(buffer);
    int64_t size = (int64_t)dtype_bytes((DType)buffer->type),
            whole = g->target->vector_bytes / size, row = 1;
    int64_t n = rank ? ir_dim(buffer, rank - 1) : 0;
    if (!g->target->masks || g->checked || n < 3 || elements <= 0 || elements > STACK_BUFFER / size)
        return 0;
    if (n > whole)
        row = (n + whole - 1) / whole * whole;
    while (row < n)
        row *= 2;
    int64_t bytes = elements / n * row * size;
    return row > n && bytes <= STACK_BUFFER && g->f.stack + (size_t)bytes <= STACK_ALL ? row : 0;
}

/* Cache lines whose addresses differ by a multiple of 4096 bytes share a few places in a first
** cache.  Rows of an array on the heap that are 512 bytes long, or a multiple of it, would bring a
** column of it to such addresses, so they lie one cache line further apart, for an eighth of memory
** at most.  0: as they are, and as those of arrays so large that it could overflow. */
static int64_t staggered_row(const Gen *g, const Node *buffer, int64_t elements)
{
    enum { LINE = 64, CROWDED = 512, MOST = 1 << 30 };
    size_t rank = ir_rank(buffer);
    int64_t size = (int64_t)dtype_bytes((DType)buffer->type);
    int64_t n = rank > 1 ? ir_dim(buffer, rank - 1) : 0;
    if (g->checked || n <= 0 || elements <= n || elements > MOST || n * size % CROWDED != 0)
        return 0;
    return n + LINE / size;
}

/* The elements that it takes with rows of `row`, where that is not 0. */
static int64_t with_rows(const Node *buffer, int64_t elements, int64_t row)
{
    return row ? elements / ir_dim(buffer, ir_rank(buffer) - 1) * row : elements;
}

/* Memory of this function: shared by a block's threads, or an alloca; false if it is too large. */
static bool alloc_here(Gen *g, BufBind *bind, int64_t elements)
{
    const Node *buffer = bind->buffer;
    DType t = (DType)buffer->type;
    int64_t size = (int64_t)dtype_bytes(t), row = padded_row(g, buffer, elements);
    int64_t n = with_rows(buffer, elements, row), bytes = n * size;
    if (g->target->gpu && buffer->at.buf->scope == SCOPE_shared) {
        bind->base = gen_shared(g, buffer, (uint64_t)(n ? n : 1));
        bind->align = 16;
        return true;
    }
    if (!g->target->gpu && (n > STACK_BUFFER / size || g->f.stack + (size_t)bytes > STACK_ALL))
        return false;
    g->f.stack += (size_t)bytes;
    bind->row = row;
    bind->base = gen_alloca(g, LLVMArrayType2(gen_mem_type(g, t), (uint64_t)(n ? n : 1)), 64,
                            ir_buf_name(buffer));
    bind->stack = true;
    return true;
}

static void on_alloc(Gen *g, const Node *s)
{
    const Node *buffer = s->kid[Alloc_buffer];
    int64_t n = ir_elements(buffer);
    BufBind bind = {.buffer = buffer, .align = 64, .level = g->f.levels};
    if (alloc_here(g, &bind, n)) {
        vec_push(g->A, &g->bufs, bind);
        gen_stmt(g, s->kid[Alloc_body]);
        g->bufs.n--;
        return;
    }
    bind.row = staggered_row(g, buffer, n);
    n = with_rows(buffer, n, bind.row);
    LLVMValueRef total = gen_i64(g, n * (int64_t)dtype_bytes((DType)buffer->type));
    bind.base = gen_runtime_call(g, RTF_alloc, g->ptr, 1, &total);
    gen_push_level(g);
    bind.level = gen_level(g);
    vec_push(g->A, &g->bufs, bind);
    vec_push(g->A, &g->temps, (Temp){bind.base});
    gen_stmt(g, s->kid[Alloc_body]);
    g->temps.n--;
    g->bufs.n--;
    gen_pop_level(g);
    release(g, bind.base);
}

static void on_store(Gen *g, const Node *s)
{
    gen_check(g, s, s->kid + Store_index);
    Val v = gen_expr(g, s->kid[Store_value]);
    Place p = gen_place(g, s, s->kid + Store_index);
    place_store(g, &p, v);
}

static void on_seq(Gen *g, const Node *s)
{
    for (uint32_t i = 0; i < s->nkids; i++)
        gen_stmt(g, s->kid[i]);
}

static void on_nop(Gen *g, const Node *s)
{
    (void)g;
    (void)s;
}

static void on_barrier(Gen *g, const Node *s)
{
    if (g->target->gpu) {
        gen_barrier(g);
        return;
    }
    if (!g->failed)
        FAIL(g->err, llvm_barrier, s);
    gen_fail(g);
}

static void on_unknown(Gen *g, const Node *s)
{
    if (!g->failed)
        FAIL(g->err, llvm_not_lowered, s, op_info[s->op].name);
    gen_fail(g);
}

static StmtRule *const rules[OP_COUNT] = {
    [OP_Nop] = on_nop, [OP_Store] = on_store, [OP_Update] = gen_update, [OP_Seq] = on_seq,
    [OP_If] = on_if,   [OP_For] = on_for,     [OP_Alloc] = on_alloc,    [OP_Barrier] = on_barrier,
};

/* Values known from before may be out of date after a store, so each statement starts afresh. */
void gen_stmt(Gen *g, const Node *s)
{
    size_t floor = g->memo_floor, mark = gen_memo_mark(g);
    LLVMMetadataRef before = g->lines ? lines_at(g->lines, g->b, s) : NULL;
    g->memo_floor = mark;
    (rules[s->op] ? rules[s->op] : on_unknown)(g, s);
    if (g->lines)
        LLVMSetCurrentDebugLocation2(g->b, before);
    gen_memo_drop(g, mark);
    g->memo_floor = floor;
}
