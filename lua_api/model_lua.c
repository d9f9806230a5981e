/* model_lua.c -- whole models: compiled kernel by kernel, run as one job, timed, profiled.
**
** A kernel for which m:with gave no program gets the default schedule
** (scripts/defaults.lua); what they become, and compiled code, is kept by the
** program's fingerprint, so equal kernels are made once.
*/
#include <stdio.h>
#include <string.h>

#include "core/base/progress.h"
#include "core/graph/infer.h"
#include "core/graph/text.h"
#include "core/run/cpu_time.h"
#include "lua_api/graph_box.h"
#include "lua_api/input_advice.h"
#include "lua_api/kernel_box.h"
#include "lua_api/made_inputs.h"
#include "lua_api/model_run.h"
#include "lua_api/own_name.h"
#include "lua_api/program.h"
#include "lua_api/runnable.h"
#include "lua_api/scripts.h"
#include "lua_api/session.h"
#include "lua_api/tensor_box.h"
#include "passes/loop/lower.h"

static const char kernels_key; /* registry: fingerprint and target -> Kernel */

/* ---- kernels of a module ---- */

/* Pushes the compiled code of a kernel: from the table of those made before, or made now. */
static KernelBox *push_cached(lua_State *L, Arena *A, const GraphKernel *made, const char *target)
{
    char key[120], fp[33];
    const Node *func = made->func;
    bool given = made->given;
    fp_text(ir_fingerprint(func), fp);
    snprintf(key, sizeof key, "%s %s%.80s", fp, given ? "given " : "", target);
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kernels_key) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, -1);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &kernels_key);
    }
    if (lua_getfield(L, -1, key) == LUA_TNIL) {
        lua_pop(L, 1);
        program_push_func(L, A, func);
        if (!given) {
            lua_push_script(L, "defaults");
            lua_getfield(L, -1, "of_func");
            lua_pushvalue(L, -3);
            session_call_unheard(L, 1, 1);
            lua_replace(L, -3);
            lua_pop(L, 1);
        }
        push_kernel(L, program_check(L, lua_gettop(L)).version, target);
        lua_remove(L, -2);
        lua_pushvalue(L, -1);
        lua_setfield(L, -3, key);
    }
    lua_remove(L, -2);
    return check_kernel(L, lua_gettop(L));
}

/* ---- a module as a job ---- */

typedef struct Model {
    Module *module;
    uint32_t nvalues;
    Tensor **value;  /* by value id; NULL where nothing runs needs it */
    Kernel **kernel; /* by kernel of the module */
    ExecCall *call;
} Model;

static void release_model(Runnable *r)
{
    Model *m = r->impl;
    for (uint32_t i = 0; i < m->nvalues; i++)
        tensor_release(m->value[i]);
    for (uint32_t i = 0; i < m->module->nkernels; i++)
        if (m->kernel[i])
            kernel_release(m->kernel[i]);
    module_release(m->module);
}

/* Floats from -1 to 1, integers 0 and 1, as far as the kernel with that parameter takes them. */
static void make_up(Tensor *t, const Node *func, uint32_t param)
{
    int64_t lo = -1, hi = 1;
    if (!dtype_is_float(t->dtype))
        made_input_range(func, param, &lo, &hi);
    tensor_random(t, 1, (double)lo, (double)(hi < 1 || lo > 1 ? hi : 1));
}

/* Tensors for every value that a kernel reads or writes: constants as they are,
** inputs random, the rest empty. */
static bool make_values(Model *m, Err *err)
{
    const Graph *g = m->module->graph;
    for (uint32_t i = 0; i < m->module->nkernels; i++) {
        const GraphKernel *k = &m->module->kernel[i];
        for (uint32_t a = 0; a < k->nin + k->nout; a++) {
            ValueId v = k->arg[a];
            const GValue *value = graph_value(g, v);
            if (m->value[v])
                continue;
            bool constant = value->data && a < k->nin;
            m->value[v] =
                constant ? tensor_dense(value->data, err)
                         : tensor_empty(value->type.dtype, value->type.rank, value->type.dim, err);
            if (!m->value[v])
                return false;
            if (!constant && a < k->nin)
                make_up(m->value[v], k->func, a);
        }
    }
    return true;
}

/* Fills in the calls; every tensor of an argument is looked up by its value. */
static void make_calls(Arena *A, Model *m)
{
    for (uint32_t i = 0; i < m->module->nkernels; i++) {
        const GraphKernel *k = &m->module->kernel[i];
        Tensor **args = ARENA_ARRAY(A, Tensor *, k->nin + k->nout + 1);
        for (uint32_t a = 0; a < k->nin + k->nout; a++)
            args[a] = m->value[k->arg[a]];
        m->call[i] = (ExecCall){m->kernel[i], args};
    }
}

static double module_flops(const Module *m)
{
    double sum = 0;
    for (uint32_t i = 0; i < m->graph->nnodes; i++)
        sum += (double)graph_node_flops(m->graph, i);
    return sum;
}

/* "digits", "digits with conv2": the model, and the kernels that m:with gave. */
static const char *module_label(Arena *A, const Module *m)
{
    enum { NAMED = 3 };
    Buf label = buf_new(A);
    uint32_t n = 0;
    buf_puts(&label, m->graph->name);
    for (uint32_t i = 0; i < m->nkernels; i++)
        if (m->kernel[i].given && n++ < NAMED)
            buf_printf(&label, "%s%s", n > 1 ? ", " : " with ", m->kernel[i].name);
    if (n > NAMED)
        buf_printf(&label, " and %u more", n - NAMED);
    return buf_str(&label);
}

/* ---- inputs ---- */

/* The input `v` is not among what was given at index 2, and what its place holds is on top. */
static void raise_no_input(lua_State *L, const Graph *g, const char *method, const GValue *v)
{
    Err err = {0};
    int given = lua_istable(L, 2) ? lua_gettop(L) : 2;
    arg_refuse_unset(L, 2, "a tensor, or the inputs by name in braces");
    Arena *A = lua_scratch(L, NULL);
    const char *want = gtype_text(A, g, v->type);
    if (lua_isnoneornil(L, given))
        REFUSE(&err, input_missing, NULL, v->name, want);
    else
        REFUSE(&err, input_no_tensor, NULL, v->name, want, arg_describe(L, given));
    lua_scratch_end(L, A);
    err_fix(&err, "give a tensor for each input: m:%s { %s = x }", method, v->name);
    if (lua_type(L, given) == LUA_TSTRING)
        err_fix(&err, "tvm.load makes a tensor of a file: then m:%s { %s = x }", method, v->name);
    lua_raise(L, &err);
}

/* Inputs stand in one argument, and more are given.  The fix lists them by their own names. */
static int refuse_more(lua_State *L, const Graph *g, const char *method)
{
    Err err = {0};
    int n = lua_gettop(L) - 1;
    char own[64] = "m";
    if (g->ninputs < 2)
        return RAISE(L, module_inputs, NULL, g->ninputs, (size_t)n);
    REFUSE(&err, module_inputs_apart, NULL, n);
    Arena *A = lua_scratch(L, NULL);
    Buf list = buf_new(A);
    bool named = (uint32_t)n == g->ninputs;
    for (int i = 0; i < n && named; i++) {
        named = own_push_name(L, i + 2);
        buf_printf(&list, "%s%s", i ? ", " : "", named ? lua_tostring(L, -1) : "");
        lua_pop(L, named);
    }
    bool has_name = own_push_name(L, 1);
    if (has_name)
        snprintf(own, sizeof own, "%s", lua_tostring(L, -1));
    lua_pop(L, has_name);
    if (named)
        err_fix(&err, "%s:%s { %s }", own, method, buf_str(&list));
    else
        err_fix(&err,
                "several inputs are one list, in the order of %s.graph:inputs(): %s:%s { x, y }",
                own, own, method);
    lua_scratch_end(L, A);
    lua_settop(L, has_name ? 0 : 1);
    return lua_raise(L, &err);
}

/* The tensor on top must be what the input takes; `alone`: it was given by itself. */
static void check_input(lua_State *L, const Graph *g, const char *method, const GValue *v,
                        bool alone)
{
    TensorBox *box = test_tensor(L, lua_gettop(L));
    if (!box)
        raise_no_input(L, g, method, v);
    Tensor *t = box->tensor;
    if (t->dtype == v->type.dtype && t->rank == v->type.rank &&
        memcmp(t->shape, v->type.dim, (size_t)t->rank * sizeof *t->shape) == 0)
        return;
    Err err = {0};
    Arena *A = lua_scratch(L, NULL);
    Buf have = buf_new(A);
    tensor_describe(t, &have);
    REFUSE(&err, input_shape, NULL, v->name, gtype_text(A, g, v->type), buf_str(&have));
    lua_scratch_end(L, A);
    advise_model_input(L, &err, v->type.dtype, v->type.rank, v->type.dim, t, g->ninputs == 1);
    char call[24];
    snprintf(call, sizeof call, "m:%s", method);
    raise_input(L, &err, lua_gettop(L), alone ? call : NULL);
}

void model_push_inputs(lua_State *L, const Graph *g, const char *method)
{
    bool table = lua_type(L, 2) == LUA_TTABLE;
    size_t listed = table ? lua_rawlen(L, 2) : !lua_isnoneornil(L, 2);
    if (lua_gettop(L) > 2)
        refuse_more(L, g, method);
    lua_settop(L, 2);
    if (listed > g->ninputs || (test_tensor(L, 2) && g->ninputs > 1))
        RAISE(L, module_inputs, NULL, g->ninputs, listed);
    luaL_checkstack(L, (int)g->ninputs + 8, "inputs");
    if (table) {
        Arena *A = lua_scratch(L, NULL);
        const char **names = ARENA_ARRAY(A, const char *, g->ninputs + 1);
        for (uint32_t i = 0; i < g->ninputs; i++)
            names[i] = graph_value(g, g->input[i])->name;
        arg_inputs(L, 2, g->ninputs, names);
        lua_scratch_end(L, A);
    }
    for (uint32_t i = 0; i < g->ninputs; i++) {
        const GValue *v = graph_value(g, g->input[i]);
        bool alone = g->ninputs == 1 && test_tensor(L, 2);
        if (alone)
            lua_pushvalue(L, 2);
        else if (!table)
            lua_pushnil(L);
        else if (lua_getfield(L, 2, v->name) == LUA_TNIL) {
            lua_pop(L, 1);
            lua_rawgeti(L, 2, (lua_Integer)i + 1);
        }
        check_input(L, g, method, v, alone);
    }
}

/* Puts the inputs, the last of which stands at index `last`, into the values. */
static void read_inputs(lua_State *L, int last, Model *m)
{
    const Graph *g = m->module->graph;
    for (uint32_t i = 0; i < g->ninputs; i++) {
        Err err = {0};
        int idx = last + 1 - (int)(g->ninputs - i);
        Tensor *dense = tensor_dense(check_tensor(L, idx)->tensor, &err);
        if (!dense)
            lua_raise(L, &err);
        tensor_release(m->value[g->input[i]]);
        m->value[g->input[i]] = dense;
    }
}

/* ---- running ---- */

static int take_in_call(lua_State *L)
{
    Model *m = lua_touserdata(L, lua_upvalueindex(1));
    model_push_inputs(L, m->module->graph, "run");
    read_inputs(L, lua_gettop(L), m);
    return 0;
}

/* The inputs that the module at `idx` is timed on become its values, as in a call of m:run. */
static void take_inputs(lua_State *L, int idx, int inputs, Model *m)
{
    idx = lua_absindex(L, idx);
    lua_pushlightuserdata(L, m);
    lua_pushcclosure(L, take_in_call, 1);
    lua_pushvalue(L, idx);
    lua_pushvalue(L, inputs);
    lua_call(L, 2, 0);
}

/* The table of inputs that a person types, where an index of a kernel may depend on them; else
** NULL. */
static const char *typed_inputs(Arena *A, const Runnable *r)
{
    const Module *m = ((const Model *)r->impl)->module;
    const Graph *g = m->graph;
    const char **names = ARENA_ARRAY(A, const char *, g->ninputs + 1);
    bool matter = false;
    for (uint32_t i = 0; i < m->nkernels && !matter; i++)
        matter = made_inputs_matter(m->kernel[i].func);
    for (uint32_t i = 0; i < g->ninputs; i++)
        names[i] = graph_value(g, g->input[i])->name;
    return matter ? made_inputs_typed(A, g->ninputs, names) : NULL;
}

static int module_runnable(lua_State *L, int idx, const char *target, int inputs, Runnable *out)
{
    bool gpu = false;
    ModuleBox *box = test_module(L, idx);
    if (!box)
        return 0;
    Module *module = box->module;
    Arena *A = arena_scratch(NULL);
    Model *m = arena_alloc(A, sizeof *m);
    *m = (Model){module, module->graph->nvalues,
                 ARENA_ARRAY(A, Tensor *, module->graph->nvalues + 1),
                 ARENA_ARRAY(A, Kernel *, module->nkernels + 1),
                 ARENA_ARRAY(A, ExecCall, module->nkernels + 1)};
    const char *label = module_label(A, module);
    arena_keep(A);
    module_retain(module);
    *out = (Runnable){.label = label,
                      .flops = module_flops(module),
                      .arena = A,
                      .release = release_model,
                      .impl = m};
    luaL_checkstack(L, 8, "kernels");
    for (uint32_t i = 0; i < module->nkernels; i++) {
        progress_say(PROGRESS_KERNEL, "kernel %u of %u", i + 1, module->nkernels);
        const Node *func = module->kernel[i].func;
        const char *used = timed_target(L, func, target);
        KernelBox *k = push_cached(L, module->arena, &module->kernel[i], used);
        m->kernel[i] = kernel_retain(k->kernel);
        runnable_add_kernel(out, k->version->func, k->kernel);
        if (loop_is_gpu(func) && !gpu)
            out->label = timed_label(A, func, out->label, used);
        gpu |= loop_is_gpu(func);
        lua_pop(L, 1);
    }
    progress_done(PROGRESS_KERNEL);
    Err err = {0};
    if (!make_values(m, &err)) {
        runnable_release(out);
        lua_raise(L, &err);
    }
    if (inputs)
        take_inputs(L, idx, inputs, m);
    else
        out->typed_inputs = typed_inputs;
    make_calls(A, m);
    out->job = (ExecJob){m->call, (int)module->nkernels, 0, 0};
    return 1;
}

/* A Runnable in a box, so that an error on the way releases it. */
static void release_job(void *self)
{
    Runnable *r = self;
    if (r->arena)
        runnable_release(r);
}
static const LuaClass job_class = {.name = "job", .size = sizeof(Runnable), .release = release_job};

static Runnable *push_job(lua_State *L, const char *target)
{
    Runnable *r = lua_box(L, &job_class);
    if (!module_runnable(L, 1, target, 0, r))
        arg_wrong(L, 1, "a Module");
    return r;
}

/* One run, of which whoever waits is told. */
static bool run_said(const Model *m, const ExecJob *job, Err *err)
{
    progress_say(PROGRESS_PHASE, "running %s", m->module->graph->name);
    bool ok = exec_run(job, NULL, err);
    progress_done(PROGRESS_PHASE);
    return ok;
}

LUA_FN_COUNTS(
    module_run, "m:run(inputs) -> Tensor…",
    "Runs the model on its inputs (a tensor if it has one, else a list or a table by name) on this machine's CPU;\n"
    "kernels for which m:with gave no program get the default schedules.  Returns the outputs.")
{
    const Module *given = check_module(L, 1)->module;
    for (uint32_t i = 0; i < given->nkernels; i++)
        refuse_beyond_gpu(L, given->arena, given->kernel[i].func);
    model_push_inputs(L, given->graph, "run");
    Runnable *r = push_job(L, "llvm");
    Model *m = r->impl;
    const Graph *g = m->module->graph;
    read_inputs(L, lua_gettop(L) - 1, m);
    make_calls(r->arena, m);
    Err err = {0};
    r->job.deadline_s = 120;
    if (!run_said(m, &r->job, &err))
        return lua_raise(L, &err);
    luaL_checkstack(L, (int)g->noutputs + 4, "outputs");
    for (uint32_t i = 0; i < g->noutputs; i++) {
        ValueId v = g->output[i].value;
        Tensor *t = m->value[v] ? m->value[v] : graph_value(g, v)->data;
        push_tensor(L, tensor_retain(t), &err);
    }
    return (int)g->noutputs;
}

LUA_FN(
    module_profile, "m:profile(options?) -> Profile",
    "Where a run spends its time: each kernel's milliseconds (the median of `repeat` runs, 7 unless said), its\n"
    "share and GFLOP/s.  `all` is the sum of the kernels, each timed by itself, and mostly more than\n"
    "tvm.time(m) says of whole runs made over and over.  A list of {name, ms, share, gflops} that prints as a table.  Option: threads.")
{
    static const char *const keys[] = {"repeat", "threads", NULL};
    check_module(L, 1);
    lua_settop(L, 2);
    arg_options(L, 2, keys);
    int repeat = (int)opt_int(L, 2, "repeat", 1, 1000, 7),
        threads = (int)opt_int(L, 2, "threads", 0, 1024, 0);
    Runnable *r = push_job(L, NULL);
    Model *m = r->impl;
    uint32_t n = m->module->nkernels;
    double *seconds = ARENA_ARRAY(r->arena, double, n *(uint32_t)repeat + 1);
    Err err = {0};
    r->job.threads = threads;
    r->job.deadline_s = 120;
    if (!run_said(m, &r->job, &err))
        return lua_raise(L, &err);
    CpuTime before = cpu_time_of(exec_runner_pid());
    for (int i = 0; i < repeat; i++) {
        progress_say(PROGRESS_PHASE, "timing %u kernels, run %d of %d", n, i + 1, repeat);
        if (!exec_run(&r->job, seconds + (size_t)i * n, &err))
            return lua_raise(L, &err);
    }
    progress_done(PROGRESS_PHASE);
    double waited = cpu_time_waited(before, cpu_time_of(exec_runner_pid()));
    lua_createtable(L, (int)n, 1);
    lua_pushnumber(L, waited);
    lua_setfield(L, -2, "waited");
    for (uint32_t k = 0; k < n; k++) {
        const GraphKernel *kernel = &m->module->kernel[k];
        double flops = 0;
        for (uint32_t i = kernel->first; i < kernel->first + kernel->n; i++)
            flops += (double)graph_node_flops(m->module->graph, i);
        lua_createtable(L, 0, 3);
        lua_pushstring(L, kernel->name);
        lua_setfield(L, -2, "name");
        lua_pushnumber(L, flops);
        lua_setfield(L, -2, "flops");
        lua_createtable(L, repeat, 0);
        for (int i = 0; i < repeat; i++) {
            lua_pushnumber(L, seconds[(size_t)i * n + k]);
            lua_rawseti(L, -2, i + 1);
        }
        lua_setfield(L, -2, "samples");
        lua_rawseti(L, -2, (lua_Integer)k + 1);
    }
    lua_push_script(L, "compare");
    lua_getfield(L, -1, "profile");
    lua_pushvalue(L, -3);
    lua_call(L, 1, 1);
    return 1;
}

/* The call under pcall: the module, its inputs and room for its outputs come in as
** light userdata. */
typedef struct RunCall {
    Module *module;
    Tensor *const *in;
    Tensor **out;
} RunCall;

static int run_call(lua_State *L)
{
    const RunCall *c = lua_touserdata(L, 1);
    Err err = {0};
    lua_settop(L, 0);
    push_module(L, module_retain(c->module), &err);
    Runnable *r = push_job(L, "llvm");
    Model *m = r->impl;
    const Graph *g = c->module->graph;
    for (uint32_t i = 0; i < g->ninputs; i++) {
        Tensor *dense = tensor_dense(c->in[i], &err);
        if (!dense)
            return lua_raise(L, &err);
        tensor_release(m->value[g->input[i]]);
        m->value[g->input[i]] = dense;
    }
    make_calls(r->arena, m);
    r->job.deadline_s = 300;
    if (!exec_run(&r->job, NULL, &err))
        return lua_raise(L, &err);
    for (uint32_t i = 0; i < g->noutputs; i++) {
        ValueId v = g->output[i].value;
        c->out[i] = tensor_retain(m->value[v] ? m->value[v] : graph_value(g, v)->data);
    }
    return 0;
}

bool model_run(void *lua, const Module *m, Tensor *const *in, Tensor **out, Err *err)
{
    lua_State *L = lua;
    RunCall c = {(Module *)(uintptr_t)m, in, out};
    lua_pushcfunction(L, run_call);
    lua_pushlightuserdata(L, &c);
    if (lua_pcall(L, 1, 0, 0) == LUA_OK)
        return true;
    /* What is no error of ours is Lua's own, and the only one left to it here is a
    ** lack of memory. */
    const Err *e = lua_error_at(L, lua_gettop(L));
    if (e)
        *err = *e;
    else
        REFUSE(err, out_of_memory, NULL);
    lua_settop(L, 0);
    return false;
}

const LuaFn *const module_run_members[] = {&module_run_fn, &module_profile_fn, NULL};

void lua_open_model(lua_State *L)
{
    runnable_add_kind(module_runnable);
    lua_put_class(L, &job_class);
}
