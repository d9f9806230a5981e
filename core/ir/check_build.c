/* check_build.c -- from nodes to steps, and a run from its arguments to its verdict. */
#include <stdio.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/ir/check_impl.h"

static Step *make(Checker *c, const Step *up, const Node *n, size_t kids)
{
    Step *s = arena_alloc(c->A, sizeof *s + kids * sizeof *s->kid);
    s->node = n;
    s->up = up;
    s->n = kids;
    return s;
}

/* Child i of the step from child `at` of the node. */
static bool child(Checker *c, Step *s, const Step *up, size_t i, size_t at)
{
    s->kid[i] = check_build(c, up, s->node->kid[at]);
    if (s->kid[i])
        s->together |= s->kid[i]->together;
    return s->kid[i] != NULL;
}

static const Step *build_seq(Checker *c, const Step *up, const Node *n)
{
    Step *s = make(c, up, n, n->nkids);
    for (size_t i = 0; i < n->nkids; i++)
        if (!child(c, s, up, i, i))
            return NULL;
    return s;
}

static const Step *build_if(Checker *c, const Step *up, const Node *n)
{
    Step *s = make(c, up, n, 2);
    bool ok = (s->x = check_compile(c, n->kid[If_cond])) && child(c, s, up, 0, If_then) &&
              child(c, s, up, 1, If_otherwise);
    return ok ? s : NULL;
}

static const Step *build_for(Checker *c, const Step *up, const Node *n)
{
    Step *s = make(c, up, n, 1);
    ForKind kind = ir_for_kind(n);
    s->overlaps = kind == FOR_parallel || kind == FOR_vectorized || for_is_block_axis(kind) ||
                  (c->options->as_written && for_is_bound(kind));
    s->overlaps &= !ir_is_int(n->kid[For_extent], 1);
    s->together = for_is_bound(kind);
    if (!(s->x = check_compile(c, n->kid[For_extent])))
        return NULL;
    s->cell = check_cell(c, n->kid[For_var]);
    return child(c, s, s, 0, For_body) ? s : NULL;
}

static const Step *build_block(Checker *c, const Step *up, const Node *n)
{
    Step *s = make(c, up, n, 2);
    const Node *iters = n->kid[Block_iters];
    s->naxes = iters->nkids;
    s->axes = ARENA_ARRAY(c->A, Axis, s->naxes);
    for (size_t i = 0; i < s->naxes; i++) {
        s->axes[i].reduce = iters->kid[i]->at.i == ITER_reduce;
        if (!(s->axes[i].value = check_compile(c, iters->kid[i]->kid[Iter_value])))
            return NULL;
    }
    for (size_t i = 0; i < s->naxes; i++)
        s->axes[i].cell = check_cell(c, iters->kid[i]->kid[Iter_var]);
    bool ok = (s->x = check_compile(c, n->kid[Block_where])) && child(c, s, s, 0, Block_init) &&
              child(c, s, s, 1, Block_body);
    return ok ? s : NULL;
}

static const Step *build_alloc(Checker *c, const Step *up, const Node *n)
{
    Step *s = make(c, up, n, 1);
    const Node *buffer = n->kid[Alloc_buffer], *window = n->kid[Alloc_window];
    s->index = ARENA_ARRAY(c->A, const Code *, ir_rank(buffer));
    for (size_t d = 0; d < window->nkids; d++)
        if (!(s->index[d] = check_compile(c, window->kid[d]->kid[Range_min])))
            return NULL;
    s->memory = check_memory(c, buffer);
    s->memory->windowed = window->nkids > 0;
    return child(c, s, up, 0, Alloc_body) ? s : NULL;
}

static const Step *build_access(Checker *c, const Step *up, const Node *n)
{
    Step *s = make(c, up, n, 0);
    s->n = n->nkids - Store_index;
    s->index = ARENA_ARRAY(c->A, const Code *, s->n);
    for (size_t d = 0; d < s->n; d++)
        if (!(s->index[d] = check_compile(c, n->kid[Store_index + d])))
            return NULL;
    const Node *value = n->kid[Store_value];
    bool product = n->op == OP_Update && n->at.i == COMB_fma;
    if (product && value->op != OP_Mul)
        return FAIL(c->err, not_a_value, n, "an fma update of something that is no product");
    s->copies = n->op == OP_Store && value->op == OP_Load;
    s->x = check_compile(c, product ? value->kid[Mul_a] : value);
    s->y = product ? check_compile(c, value->kid[Mul_b]) : NULL;
    if (!s->x || (product && !s->y))
        return NULL;
    if (!(s->memory = node_map_get(&c->map, n->kid[Store_buffer])))
        return FAIL(c->err, unbound_name, n, ir_buf_name(n->kid[Store_buffer]));
    return s;
}

const Step *check_build(Checker *c, const Step *up, const Node *n)
{
    switch ((Op)n->op) {
    case OP_Seq: return build_seq(c, up, n);
    case OP_If: return build_if(c, up, n);
    case OP_For: return build_for(c, up, n);
    case OP_Block: return build_block(c, up, n);
    case OP_Alloc: return build_alloc(c, up, n);
    case OP_Store:
    case OP_Update: return build_access(c, up, n);
    case OP_Nop: return make(c, up, n, 0);
    case OP_Barrier: {
        Step *s = make(c, up, n, 0);
        s->together = true;
        return s;
    }
    default: return FAIL(c->err, not_a_value, n, op_info[n->op].name);
    }
}

/* ---- arguments ---- */

static bool mismatch(Checker *c, const Node *buffer, const InterpBuffer *given)
{
    Buf got = buf_new(c->A);
    buf_printf(&got, "%s[", dtype_name(given->type));
    for (size_t d = 0; d < given->rank; d++)
        buf_printf(&got, "%s%lld", d ? ", " : "", (long long)given->shape[d]);
    buf_putc(&got, ']');
    return REFUSE(c->err, argument_mismatch, buffer, ir_buf_name(buffer),
                  dtype_name((DType)buffer->type), ir_rank(buffer), buf_str(&got));
}

static bool take_argument(Checker *c, const Node *buffer, const InterpBuffer *given, bool is_result)
{
    if ((DType)buffer->type != given->type || ir_rank(buffer) != given->rank)
        return mismatch(c, buffer, given);
    Copy shape = {0};
    for (size_t d = 0; d < given->rank; d++) {
        if (ir_dim(buffer, d) != given->shape[d])
            return mismatch(c, buffer, given);
        shape.extent[d] = given->shape[d];
    }
    Memory *m = check_memory(c, buffer);
    shape.data = given->data;
    shape.outside = true;
    shape.given = !is_result;
    m->copies[0] = shape;
    return check_room(c, buffer, &m->copies[0], false);
}

static bool take_arguments(Checker *c, const Node *func, size_t n, const InterpBuffer *buffers)
{
    const Node *params = func->kid[Func_params], *results = func->kid[Func_results];
    if (n != params->nkids + results->nkids)
        return REFUSE(c->err, argument_count, func, func->at.name,
                      (size_t)(params->nkids + results->nkids),
                      plural(params->nkids + results->nkids), n);
    for (size_t i = 0; i < n; i++) {
        bool is_result = i >= params->nkids;
        const Node *b = is_result ? results->kid[i - params->nkids] : params->kid[i];
        if (!take_argument(c, b, &buffers[i], is_result))
            return false;
    }
    return true;
}

/* ---- runs ---- */

typedef struct Run {
    const Node *func;
    size_t n;
    const InterpBuffer *buffers;
    CheckOptions options;
} Run;

static bool run_once(Checker *c, const Run *run)
{
    c->options = &run->options;
    c->iterations_left = run->options.iterations > 0 ? run->options.iterations : INT64_C(1) << 32;
    c->bytes_left = run->options.bytes > 0 ? run->options.bytes : (size_t)4 << 30;
    c->thread = NO_THREAD;
    if (!take_arguments(c, run->func, run->n, run->buffers))
        return false;
    const Step *body = check_build(c, NULL, run->func->kid[Func_body]);
    if (!body)
        return false;
    check_step(c, body);
    if (c->failed)
        return false;
    const Node *results = run->func->kid[Func_results];
    for (size_t i = 0; i < results->nkids && !run->options.partial; i++)
        if (!check_complete(c, node_map_get(&c->map, results->kid[i])))
            return false;
    return true;
}

/* Both accesses of a conflict: the loop values of the earlier one come from a second run. */
static void add_witness(const Checker *first, const Run *run, Err *err)
{
    Arena *A = arena_scratch(NULL);
    Err again = {0};
    Checker *c = arena_alloc(A, sizeof *c);
    Wanted wanted = first->conflict;
    c->A = c->scratch = c->map.arena = A;
    c->err = &again;
    c->wanted = &wanted;
    run_once(c, run);
    err_witness(err, "%s %s; %s %s", wanted.loops[0] ? wanted.loops : "another iteration",
                wanted.writes ? "writes" : "reads", first->loops,
                first->writes ? "writes" : "reads");
    arena_release(A);
}

bool check_run(const Node *func, size_t n, const InterpBuffer *buffers, const CheckOptions *options,
               Err *err)
{
    Run run = {func, n, buffers, options ? *options : (CheckOptions){0}};
    Arena *A = arena_scratch(NULL);
    Checker *c = arena_alloc(A, sizeof *c);
    c->A = c->scratch = c->map.arena = A;
    c->err = err;
    bool ok = run_once(c, &run);
    if (!ok && err && c->conflict.buffer)
        add_witness(c, &run, err);
    arena_release(A);
    return ok;
}
