/* module.c -- groups of nodes to Funcs, and running them by the reference interpreter. */
#include "core/graph/module.h"

#include <string.h>

#include "core/base/progress.h"
#include "core/graph/infer.h"
#include "core/graph/ops.h"
#include "core/ir/interp.h"
#include "core/ir/verify.h"

/* ---- one Func ---- */

/* The buffers of a Func under construction, by value. */
typedef struct Lowering {
    Arena *A;
    Te *te;
    const Graph *g; /* NULL for a node by itself */
    const GValue *const *value;
    const Node **buffer; /* by value id: a parameter or a stage; NULL until there is one */
    VEC(ValueId) params; /* in the order te has them */
} Lowering;

static const Node *input_buffer(LowerCall *l, size_t i)
{
    Lowering *low = l->env;
    ValueId v = l->call.node->in[i];
    if (!low->buffer[v]) {
        const GValue *value = low->value[v];
        low->buffer[v] =
            te_placeholder(low->te, value->name ? value->name : arena_printf(low->A, "c%u", v),
                           value->type.dtype, (size_t)value->type.rank, value->type.dim);
        vec_push(low->A, &low->params, v);
    }
    return low->buffer[v];
}

/* Why the type of a value is not known, and what to do about it. */
static bool refuse_open(const Lowering *low, const GNode *n, const char *what, GType t,
                        bool comes_in, Err *err)
{
    const char *sizes = low->g ? graph_free_sizes(low->A, low->g) : "";
    const char *why = t.dtype >= DT_COUNT       ? "its element type is not known here"
                      : t.rank >= 0 && sizes[0] ? "some of its sizes are free"
                      : comes_in                ? "the model does not say it"
                                                : "it depends on what is computed at run time";
    REFUSE(err, graph_not_static, n, what, gtype_text(low->A, low->g, t), why);
    if (sizes[0])
        err_fix(err, "g:bind%s:lower()", graph_binding_text(low->A, low->g));
    return false;
}

static bool all_static(const Lowering *low, const GNode *n, const GType *type, Err *err)
{
    const GValue *const *value = low->value;
    for (size_t i = 0; i < (size_t)n->nin + n->nout; i++) {
        bool in = i < n->nin;
        if (in && n->in[i] == VALUE_NONE)
            continue;
        GType t = in ? value[n->in[i]]->type : type[i - n->nin];
        if (gtype_static(t))
            continue;
        const char *what = in ? value[n->in[i]]->name : n->alias;
        bool comes_in = in && low->g && low->g->producer[n->in[i]] < 0;
        return refuse_open(low, n, what ? what : n->alias, t, comes_in, err);
    }
    return true;
}

static bool lower_node(Lowering *low, const GNode *n, const GType *type, Err *err)
{
    Arena *A = low->A;
    GType *out = ARENA_ARRAY(A, GType, n->nout);
    LowerCall l = {.call = graph_call(A, n, low->value, out, err),
                   .te = low->te,
                   .name = n->alias,
                   .input = input_buffer,
                   .env = low,
                   .out = ARENA_ARRAY(A, const Node *, n->nout)};
    if (gnode_is(n, GOP_unsupported))
        return n->op->lower(&l);
    if (!all_static(low, n, type, err))
        return false;
    mem_copy(out, type, n->nout * sizeof *out);
    te_from(low->te, n->alias);
    if (!n->op->lower(&l))
        return false;
    for (size_t i = 0; i < n->nout; i++)
        low->buffer[n->out[i]] = l.out[i];
    return true;
}

static bool used_outside(const Graph *g, const GUses *uses, ValueId v, uint32_t first, uint32_t n)
{
    for (uint32_t i = uses->start[v]; i < uses->start[v + 1]; i++)
        if (uses->at[i] < first || uses->at[i] >= first + n)
            return true;
    return graph_is_output(g, v);
}

/* Nodes [first, first + n) as a kernel, one Func in A. */
static bool lower_nodes(Arena *A, const Graph *g, const GUses *uses, uint32_t first, uint32_t n,
                        const char *name, GraphKernel *out, Err *err)
{
    Lowering low = {.A = A, .te = te_new(A, name), .g = g, .value = g->value};
    low.buffer = ARENA_ARRAY(A, const Node *, g->nvalues + 1);
    VEC(ValueId) made = {0};
    for (uint32_t k = first; k < first + n; k++) {
        const GNode *node = g->node[k];
        GType *type = ARENA_ARRAY(A, GType, node->nout);
        for (size_t i = 0; i < node->nout; i++) {
            type[i] = g->value[node->out[i]]->type;
            if (used_outside(g, uses, node->out[i], first, n))
                vec_push(A, &made, node->out[i]);
        }
        if (!lower_node(&low, node, type, err))
            return false;
    }
    for (size_t i = 0; !made.n && i < g->node[first + n - 1]->nout; i++)
        vec_push(A, &made, g->node[first + n - 1]->out[i]);
    const Node **results = ARENA_ARRAY(A, const Node *, made.n + 1);
    for (size_t i = 0; i < made.n; i++)
        results[i] = low.buffer[made.at[i]];
    ValueId *arg = ARENA_ARRAY(A, ValueId, low.params.n + made.n + 1);
    if (low.params.n)
        memcpy(arg, low.params.at, low.params.n * sizeof *arg);
    mem_copy(arg + low.params.n, made.at, made.n * sizeof *arg);
    const Node *f = te_func(low.te, made.n, results, err);
    *out = (GraphKernel){.name = name,
                         .func = f,
                         .first = first,
                         .n = n,
                         .nin = (uint32_t)low.params.n,
                         .nout = (uint32_t)made.n,
                         .arg = arg};
    return f && ir_verify(f, err);
}

/* ---- the module ---- */

Module *graph_lower(Graph *g, Err *err)
{
    Arena *A = arena_scratch(g->arena), *scratch = arena_scratch(NULL);
    Module *m = arena_alloc(A, sizeof *m);
    uint32_t count = g->ngroups ? g->ngroups : g->nnodes;
    GraphKernel *kernel = ARENA_ARRAY(A, GraphKernel, count + 1);
    GUses uses = graph_uses(g, scratch);
    bool ok = true;
    for (uint32_t i = 0; ok && i < count; i++) {
        GGroup group = g->ngroups ? g->group[i] : (GGroup){g->node[i]->alias, i, 1};
        ok = lower_nodes(A, g, &uses, group.first, group.n, group.name, &kernel[i], err);
    }
    arena_release(scratch);
    if (!ok) {
        arena_release(A);
        return NULL;
    }
    *m = (Module){.arena = A, .graph = g, .nkernels = count, .kernel = kernel};
    return m;
}

Module *module_retain(Module *m)
{
    arena_retain(m->arena);
    return m;
}

void module_release(Module *m)
{
    if (m)
        arena_release(m->arena);
}

int32_t module_find(const Module *m, const char *name)
{
    for (uint32_t i = 0; i < m->nkernels; i++)
        if (!strcmp(m->kernel[i].name, name))
            return (int32_t)i;
    int32_t node = graph_find_node(m->graph, name);
    for (uint32_t i = 0; node >= 0 && i < m->nkernels; i++)
        if ((uint32_t)node >= m->kernel[i].first &&
            (uint32_t)node < m->kernel[i].first + m->kernel[i].n)
            return (int32_t)i;
    return -1;
}

static bool same_buffers(const Node *a, const Node *b)
{
    if (a->nkids != b->nkids)
        return false;
    for (uint32_t i = 0; i < a->nkids; i++) {
        const Node *x = a->kid[i], *y = b->kid[i];
        if (x->type != y->type || ir_rank(x) != ir_rank(y))
            return false;
        for (size_t d = 0; d < ir_rank(x); d++)
            if (ir_dim(x, d) != ir_dim(y, d))
                return false;
    }
    return true;
}

Module *module_with(Module *m, uint32_t i, const Node *func, const char *given, Arena *owner,
                    Err *err)
{
    const Node *old = m->kernel[i].func;
    if (!same_buffers(old->kid[Func_params], func->kid[Func_params]) ||
        !same_buffers(old->kid[Func_results], func->kid[Func_results]))
        return FAIL(err, module_other_kernel, func, func->at.name, m->kernel[i].name);
    Arena *A = arena_scratch(m->arena);
    if (owner)
        arena_adopt(A, owner);
    Module *copy = arena_alloc(A, sizeof *copy);
    GraphKernel *kernel = ARENA_ARRAY(A, GraphKernel, m->nkernels);
    mem_copy(kernel, m->kernel, m->nkernels * sizeof *kernel);
    kernel[i].func = func;
    kernel[i].given = arena_strdup(A, given);
    *copy = (Module){.arena = A, .graph = m->graph, .nkernels = m->nkernels, .kernel = kernel};
    return copy;
}

/* ---- by the interpreter ---- */

static bool interpret(const GraphKernel *k, Tensor *const *args, Err *err)
{
    Arena *A = arena_scratch(NULL);
    InterpBuffer *io = ARENA_ARRAY(A, InterpBuffer, k->nin + k->nout + 1);
    for (uint32_t i = 0; i < k->nin + k->nout; i++)
        io[i] = (InterpBuffer){args[i]->dtype, (size_t)args[i]->rank, args[i]->shape,
                               i < k->nin ? (void *)(uintptr_t)tensor_data(args[i])
                                          : tensor_fill(args[i])};
    bool ok = interp_run(k->func, k->nin + k->nout, io, NULL, err);
    arena_release(A);
    return ok;
}

static void release_tensor(void *t)
{
    tensor_release(t);
}

bool graph_interpret(const Module *m, Tensor *const *in, Tensor **out, Err *err)
{
    const Graph *g = m->graph;
    Arena *A = arena_scratch(NULL); /* owns every tensor made on the way */
    Tensor **at = ARENA_ARRAY(A, Tensor *, g->nvalues + 1);
    bool ok = true;
    for (uint32_t v = 0; v < g->nvalues; v++)
        at[v] = g->value[v] ? g->value[v]->data : NULL;
    for (uint32_t i = 0; ok && i < g->ninputs; i++) {
        at[g->input[i]] = tensor_dense(in[i], err);
        ok = at[g->input[i]];
        if (ok)
            arena_own(A, at[g->input[i]], release_tensor);
    }
    for (uint32_t k = 0; ok && k < m->nkernels; k++) {
        const GraphKernel *kernel = &m->kernel[k];
        progress_say(PROGRESS_KERNEL, "interpreting kernel %u of %u", k + 1, m->nkernels);
        Tensor **args = ARENA_ARRAY(A, Tensor *, kernel->nin + kernel->nout + 1);
        for (uint32_t i = 0; ok && i < kernel->nin + kernel->nout; i++) {
            ValueId v = kernel->arg[i];
            if (i >= kernel->nin) {
                GType t = g->value[v]->type;
                at[v] = tensor_new(t.dtype, t.rank, t.dim, err);
                if (!(ok = at[v]))
                    break;
                arena_own(A, at[v], release_tensor);
            }
            args[i] = at[v];
        }
        ok = ok && interpret(kernel, args, err);
    }
    progress_done(PROGRESS_KERNEL);
    for (uint32_t i = 0; ok && i < g->noutputs; i++)
        out[i] = tensor_retain(at[g->output[i].value]);
    arena_release(A);
    return ok;
}

bool graph_eval_node(const GNode *n, const GValue *const *values, const GType *type, Tensor **out,
                     Err *err)
{
    Arena *A = arena_scratch(NULL);
    /* The node by itself: its values are numbered anew, inputs first. */
    GNode alone = *n;
    const GValue **value = ARENA_ARRAY(A, const GValue *, n->nin + n->nout + 1u);
    ValueId *ids = ARENA_ARRAY(A, ValueId, n->nin + n->nout + 1u);
    for (size_t i = 0; i < (size_t)n->nin + n->nout; i++) {
        bool absent = i < n->nin && n->in[i] == VALUE_NONE;
        ids[i] = absent ? VALUE_NONE : (ValueId)i;
        value[i] = absent || i >= n->nin ? NULL : values[n->in[i]];
    }
    for (size_t i = 0; i < n->nin; i++) /* one value read twice is one parameter */
        for (size_t j = 0; j < i; j++)
            if (n->in[i] != VALUE_NONE && n->in[i] == n->in[j])
                ids[i] = ids[j];
    alone.in = ids;
    alone.out = ids + n->nin;
    Lowering low = {.A = A, .te = te_new(A, "eval"), .value = value};
    low.buffer = ARENA_ARRAY(A, const Node *, n->nin + n->nout + 1u);
    bool ok = lower_node(&low, &alone, type, err);
    const Node *f = ok ? te_func(low.te, n->nout, low.buffer + n->nin, err) : NULL;
    Tensor **args = ARENA_ARRAY(A, Tensor *, low.params.n + n->nout + 1);
    for (size_t i = 0; i < low.params.n; i++)
        args[i] = value[low.params.at[i]]->data;
    size_t made = 0;
    for (ok = f; ok && made < n->nout; made += ok) {
        out[made] = tensor_new(type[made].dtype, type[made].rank, type[made].dim, err);
        ok = out[made];
        args[low.params.n + made] = out[made];
    }
    if (ok) {
        GraphKernel k = {.func = f, .nin = (uint32_t)low.params.n, .nout = n->nout};
        ok = interpret(&k, args, err);
    }
    for (size_t i = 0; !ok && i < made; i++)
        tensor_release(out[i]);
    arena_release(A);
    return ok;
}
