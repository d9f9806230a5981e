/* kernel_lua.c -- building and running programs: Kernel values, views of code, runs. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/backend.h"
#include "backends/cuda/cuda.h"
#include "backends/cuda/launch.h"
#include "core/affine/cost.h"
#include "core/affine/dep.h"
#include "core/affine/inside.h"
#include "core/base/cancel.h"
#include "core/base/progress.h"
#include "core/ir/check.h"
#include "core/ir/rewrite.h"
#include "core/schedule/legal.h"
#include "lua_api/input_advice.h"
#include "lua_api/kernel_box.h"
#include "lua_api/made_inputs.h"
#include "lua_api/program.h"
#include "lua_api/runnable.h"
#include "lua_api/session.h"
#include "lua_api/tensor_box.h"
#include "passes/loop/lower.h"

static void release_kernel(void *self)
{
    KernelBox *k = self;
    kernel_release(k->kernel);
    version_release(k->version);
}

static void kernel_tostring(lua_State *L, void *self)
{
    const Kernel *k = ((KernelBox *)self)->kernel;
    char took[32];
    snprintf(took, sizeof took, "%.3g", k->compile_ms);
    lua_pushfstring(L, "kernel %s for %s, %d argument%s, compiled in %s ms", k->name, k->target,
                    k->nparams, plural(k->nparams), took);
}

/* ---- targets and compiling ---- */

static const char *target_arg(lua_State *L, int arg)
{
    return arg_str_or(L, arg, "llvm");
}

static Kernel *compile(const Node *func, const char *target, Err *err)
{
    const Backend *b = backend_find(target, err);
    return b ? b->compile(func, target, err) : NULL;
}

/* The program before any step. */
static const Version *as_written(const Version *v)
{
    while (v->parent)
        v = v->parent;
    return v;
}

/* Says what is in doubt, and what comes of it where it does not hold. */
static void note_doubt(lua_State *L, const Err *err, const char *otherwise)
{
    session_note(L, "%s; %s: s:check(…) looks, on inputs", err->why, otherwise);
}

/* Of the program as written.  Is it in doubt?  Then *err says what. */
static bool refuse_races(lua_State *L, const Version *v, Err *err)
{
    DepAnswer a = legal_as_written(v->func, err);
    if (a == DEP_BROKEN)
        lua_refuse(L, err, &(Refusal){.arena = v->arena, .root = v->func, .fault = true});
    return a == DEP_UNKNOWN;
}

/* What a text says of its loops, and that it computes what it reads and returns, is held against
** what can be told; steps keep what holds. */
static void refuse_faults(lua_State *L, Version *v)
{
    Err races = {0}, rest = {0};
    if (!v->unjudged)
        return;
    bool may_race = refuse_races(L, v, &races);
    DepAnswer unwritten = dep_unwritten(v->func, DEP_GLANCE, &rest);
    if (cancel_poll(&rest))
        lua_raise(L, &rest);
    if (unwritten == DEP_BROKEN)
        lua_refuse(L, &rest, &(Refusal){.arena = v->arena, .root = v->func, .fault = true});
    if (may_race)
        note_doubt(L, &races, "if not, results are wrong and may differ from run to run");
    if (unwritten == DEP_UNKNOWN)
        note_doubt(L, &rest, "if not, what is left out may hold anything");
    v->unjudged = false;
}

/* The target, pushed: for machine code of a program as written of which an index is in doubt, one
** that compares what is not proven. */
static const char *push_target(lua_State *L, const Version *v, const char *target)
{
    Err unused = {0};
    bool doubt = false;
    if (strcspn(target, " ") == 4 && strncmp(target, "llvm", 4) == 0)
        inside_buffers(as_written(v)->func, &doubt, &unused);
    return lua_pushfstring(L, "%s%s", target, doubt ? " -check=unproven" : "");
}

KernelBox *push_kernel(lua_State *L, Version *v, const char *as_asked)
{
    const char *target = push_target(L, v, as_asked);
    KernelBox *box = new_kernel(L);
    Err err = {0};
    if (strcmp(target, "interp") != 0 && strcmp(target, "check") != 0)
        refuse_faults(L, version_ancestor(v, 0));
    box->version = version_retain(v);
    progress_say(PROGRESS_PHASE, "compiling %s", v->func->at.name);
    box->kernel = compile(v->func, target, &err);
    progress_done(PROGRESS_PHASE);
    if (!box->kernel) {
        err_in(&err, "build");
        lua_raise(L, &err);
    }
    lua_remove(L, -2);
    return box;
}

LUA_FN(
    program_build, "s:build(target?) -> Kernel",
    "Compiles the program in the worker process, for \"llvm\" (this machine) unless said: \"llvm -mcpu=x86-64\",\n"
    "\"llvm -check\" (every access is checked), \"cuda\", \"interp\" (as it is defined), \"check\" (see s:check).")
{
    Program p = program_check(L, 1);
    push_kernel(L, p.version, target_arg(L, 2));
    return 1;
}

static int push_view(lua_State *L, const char *target, const char *view)
{
    Program p = program_check(L, 1);
    const Node *func = p.func;
    Err err = {0};
    const Backend *b = backend_find(target, &err);
    if (!b)
        return lua_raise(L, &err);
    if (!b->view)
        return RAISE(L, no_view, NULL, target, view);
    refuse_races(L, as_written(p.version), &err);
    target = push_target(L, p.version, target);
    Arena *A = lua_scratch(L, NULL);
    progress_say(PROGRESS_PHASE, "compiling %s", func->at.name);
    const char *text = b->view(A, func, target, view, &err);
    progress_done(PROGRESS_PHASE);
    if (text) {
        lua_pushstring(L, text);
        session_say_listing(L);
    }
    lua_scratch_end(L, A);
    return text ? 1 : lua_raise(L, &err);
}

LUA_FN(program_llvm_ir, "s:llvm_ir(target?) -> string", "The LLVM IR that the program becomes.")
{
    return push_view(L, target_arg(L, 2), "ir");
}

LUA_FN(
    program_asm, "s:asm(target?) -> string",
    "The assembly that the program becomes; above the instructions stands the line of s:lowered() that they\n"
    "came of.")
{
    return push_view(L, target_arg(L, 2), "asm");
}

LUA_FN(program_ptx, "s:ptx(target?) -> string",
       "The PTX, for a GPU, that a program with thread axes becomes.")
{
    return push_view(L, arg_str_or(L, 2, "cuda"), "ptx");
}

/* ---- arguments ---- */

enum { MAX_TENSORS = 48 }; /* parameters and results of one program */

static int buffer_shape(const Node *b, int64_t *shape)
{
    for (size_t d = 0; d < ir_rank(b); d++)
        shape[d] = ir_dim(b, d);
    return (int)ir_rank(b);
}

/* "float32[64, 64]", as a tensor that fits describes itself. */
static const char *input_text(Arena *A, const Node *b)
{
    Buf out = buf_new(A);
    int64_t shape[IR_MAX_RANK];
    dtype_put_shape(&out, b->type, (size_t)buffer_shape(b, shape), shape);
    return buf_str(&out);
}

/* Does the tensor fit the buffer?  Else says how not. */
static bool fits(const Node *b, const Tensor *t, Err *err)
{
    int64_t shape[IR_MAX_RANK];
    int rank = buffer_shape(b, shape);
    Arena *A = arena_scratch(NULL);
    Buf have = buf_new(A);
    const char *want = input_text(A, b);
    tensor_describe(t, &have);
    bool ok = strcmp(buf_str(&have), want) == 0;
    if (!ok) {
        REFUSE(err, input_shape, NULL, ir_buf_name(b), want, buf_str(&have));
        advise_input(err, b->type, rank, shape, t);
    }
    arena_release(A);
    return ok;
}

/* Where inputs are wanted stands a list: of numbers, or of tensors. */
static void raise_list(lua_State *L, int list, const Node *b)
{
    Err err = {0};
    REFUSE(&err, input_no_tensor, NULL, ir_buf_name(b), dtype_name(b->type), "a list");
    LuaFnName fn = lua_fn_name(lua_fn_running(L));
    if (lua_rawgeti(L, list, 1) == LUA_TUSERDATA)
        err_fix(&err,
                "give tensors without braces, %s:%s(a, b), or by name, %s:%s { A = a, B = b }",
                fn.place, fn.name, fn.place, fn.name);
    else
        err_fix(&err, "numbers become a tensor by tvm.tensor { 1, 2, 3 }");
    lua_raise(L, &err);
}

/* What should be the input `b` at `idx` is no tensor, or is not given. */
static void raise_no_tensor(lua_State *L, const Node *b, int idx, size_t n,
                            const char *const *names)
{
    Err err = {0};
    bool given = !lua_isnoneornil(L, idx);
    Arena *A = lua_scratch(L, NULL);
    const char *name = ir_buf_name(b), *want = input_text(A, b);
    if (given)
        REFUSE(&err, input_no_tensor, NULL, name, want, arg_describe(L, idx));
    else
        REFUSE(&err, input_missing, NULL, name, want);
    lua_scratch_end(L, A);
    err_fix(&err, "give all inputs, in order or by name in braces: %s", arg_names(L, n, names));
    lua_raise(L, &err);
}

/* Reads the inputs of the program from index `first` on: tensors in order, or one table by name,
** which may also be a list of them where `listed`.  Borrowed from the stack and the table. */
static void read_inputs(lua_State *L, int first, bool listed, const Node *func, Tensor **out)
{
    const Node *params = func->kid[Func_params];
    bool by_name = lua_type(L, first) == LUA_TTABLE;
    Err err = {0};
    const char *names[MAX_TENSORS];
    size_t n = params->nkids;
    if (n + func->kid[Func_results]->nkids > MAX_TENSORS)
        RAISE(L, too_many_arguments, NULL, func->at.name);
    for (size_t i = 0; i < n; i++)
        names[i] = ir_buf_name(params->kid[i]);
    luaL_checkstack(L, (int)n + 8, "inputs");
    if (arg_more(L, first + (by_name ? 0 : (int)n - 1)) ||
        (by_name && listed && lua_rawlen(L, first) > n))
        RAISE(L, input_extra, NULL, arg_names(L, n, names));
    if (by_name)
        arg_inputs(L, first, n, names);
    for (size_t i = 0; i < n; i++) {
        const Node *b = params->kid[i];
        int idx = first + (int)i;
        if (by_name) {
            if (lua_getfield(L, first, names[i]) == LUA_TNIL && listed)
                lua_rawgeti(L, first, (lua_Integer)i + 1);
            idx = lua_gettop(L);
        }
        TensorBox *box = test_tensor(L, idx);
        if (!box && by_name && !listed && lua_rawlen(L, first) > 0)
            raise_list(L, first, b);
        if (!box && !by_name && !lua_isnone(L, idx))
            arg_refuse_unset(L, idx, lua_pushfstring(L, "a tensor, the input %s", names[i]));
        if (!box)
            raise_no_tensor(L, b, idx, n, names);
        if (!fits(b, box->tensor, &err))
            raise_input(L, &err, idx, NULL);
        out[i] = box->tensor;
    }
}

/* Makes the inputs (borrowed) dense and pushes the results, which join them in `args`. */
static void push_results(lua_State *L, const Node *params, const Node *results, Tensor **args)
{
    Err err = {0};
    luaL_checkstack(L, (int)(params->nkids + results->nkids) + 8, "results");
    /* Dense copies belong to boxes, so that nothing is lost */
    for (size_t i = 0; i < params->nkids; i++) {
        push_tensor(L, tensor_dense(args[i], &err), &err);
        args[i] = check_tensor(L, lua_gettop(L))->tensor;
    }
    for (size_t i = 0; i < results->nkids; i++) {
        int64_t shape[IR_MAX_RANK];
        int rank = buffer_shape(results->kid[i], shape);
        push_tensor(L, tensor_empty(results->kid[i]->type, rank, shape, &err), &err);
        args[params->nkids + i] = check_tensor(L, lua_gettop(L))->tensor;
    }
}

/* Interprets `func` on its inputs and results, every access checked. */
static bool run_checked(const Node *func, Tensor *const *args, const CheckOptions *options,
                        Err *err)
{
    InterpBuffer io[MAX_TENSORS];
    size_t n = 0;
    for (int part = Func_params; part <= Func_results; part++)
        for (size_t i = 0; i < func->kid[part]->nkids; i++, n++)
            io[n] = (InterpBuffer){args[n]->dtype, (size_t)args[n]->rank, args[n]->shape,
                                   part == Func_results ? tensor_fill(args[n])
                                                        : (void *)(uintptr_t)tensor_data(args[n])};
    progress_say(PROGRESS_PHASE, "checking %s", func->at.name);
    bool ok = check_run(func, n, io, options, err);
    progress_done(PROGRESS_PHASE);
    return ok;
}

typedef struct Greatest {
    const Node *alloc;
    double bytes;
} Greatest;

/* The Alloc that takes most. */
static void find_greatest(const Node *n, Greatest *g)
{
    if (n->op == OP_Alloc) {
        const Node *buffer = n->kid[Alloc_buffer];
        double bytes = (double)dtype_bytes((DType)buffer->type);
        for (size_t d = 0; d < ir_rank(buffer); d++)
            bytes *= (double)ir_alloc_extent(n, d);
        if (bytes > g->bytes)
            *g = (Greatest){n, bytes};
    }
    for (size_t i = 0; i < n->nkids; i++)
        if (op_info[n->kid[i]->op].cls == CLASS_STMT)
            find_greatest(n->kid[i], g);
}

/* Which of the program's buffers it was that there is no memory for. */
static void explain_no_memory(const Node *func, Err *err)
{
    Greatest g = {0};
    find_greatest(func, &g);
    if (g.alloc)
        REFUSE(err, kernel_no_memory, g.alloc, func->at.name,
               ir_buf_name(g.alloc->kid[Alloc_buffer]), g.bytes / (1 << 20));
}

/* A kernel that touched memory that is not its own says only where, one that found an index outside
** only which.  Which access it was, and in which iteration, is found by running the program again
** with each access checked, if that does not take long. */
static void explain_fault(const Node *func, Tensor *const *args, Err *err)
{
    Err found = {0};
    if (err->code == ERR_kernel_no_memory)
        explain_no_memory(func, err);
    bool astray = err->code == ERR_kernel_out_of_bounds || err->code == ERR_kernel_crashed ||
                  err->code == ERR_kernel_outside;
    if (!astray ||
        run_checked(func, args, &(CheckOptions){.iterations = 2000000, .partial = true}, &found) ||
        found.code != ERR_outside_buffer)
        return;
    err->where = found.where;
    memcpy(err->why, found.why, sizeof err->why);
    memcpy(err->witness, found.witness, sizeof err->witness);
    memcpy(err->fix, found.fix, sizeof err->fix);
}

/* How long one run may take: what never ends is stopped, what is only slow is not.  The slowest
** code that is right, a product of matrices that finds nothing in a cache, takes some nanoseconds
** for each operation; and a mistyped extent is no reason to wait for more than ten minutes. */
static double deadline(double flops)
{
    return fmin(10 + floor(flops * 1e-8), 600);
}

/* Runs a kernel on inputs (borrowed) and pushes the results. */
static int run_kernel(lua_State *L, const Kernel *k, const Version *v, Tensor **args)
{
    const Node *func = v->func, *params = func->kid[Func_params],
               *results = func->kid[Func_results];
    Err err = {0};
    push_results(L, params, results, args);
    ExecCall call = {k, args};
    ExecJob job = {&call, 1, 0, deadline(func_flops(as_written(v)->func))};
    progress_say(PROGRESS_PHASE, "running %s", func->at.name);
    bool ok = k->call ? k->call(k, args, &err) : exec_run(&job, NULL, &err);
    progress_done(PROGRESS_PHASE);
    if (!ok) {
        explain_fault(func, args, &err);
        return lua_refuse(L, &err, &(Refusal){.arena = v->arena, .root = func, .fault = true});
    }
    return (int)results->nkids;
}

LUA_FN(
    kernel_run, "k:run(inputs…) -> Tensor…",
    "Runs the kernel on its inputs, in order or as one table by name: k:run{A = a, B = b}.  Returns the results.")
{
    KernelBox *k = check_kernel(L, 1);
    Tensor *args[MAX_TENSORS];
    const Node *f = k->version->func;
    read_inputs(L, 2, false, f, args);
    refuse_beyond_gpu(L, k->version->arena, f);
    return run_kernel(L, k->kernel, k->version, args);
}

LUA_FN(kernel_call, "__call(k, inputs…) -> Tensor…", "k(x) is k:run(x).")
{
    return kernel_run(L);
}

LUA_FN(
    program_run, "s:run(inputs…) -> Tensor…",
    "Compiles the program for this machine and runs it on its inputs, in order or as one table by name:\n"
    "s:run{A = a, B = b}.  Returns the results.  The kernel runs in a process of its own.")
{
    Program p = program_check(L, 1);
    Tensor *args[MAX_TENSORS];
    read_inputs(L, 2, false, p.func, args);
    refuse_beyond_gpu(L, p.version->arena, p.func);
    refuse_barriers(L, p.version);
    KernelBox *k = push_kernel(L, p.version, "llvm");
    return run_kernel(L, k->kernel, p.version, args);
}

/* ---- checking ---- */

static Tensor *empty_for(const Node *b, Err *err)
{
    int64_t shape[IR_MAX_RANK];
    int rank = buffer_shape(b, shape);
    return tensor_empty(b->type, rank, shape, err);
}

/* The table of inputs that a person types for the program; NULL where none of its indices depends
** on them. */
static const char *typed_inputs(Arena *A, const Version *v)
{
    const Node *params = v->func->kid[Func_params];
    const char *names[MAX_TENSORS];
    if (!made_inputs_matter(as_written(v)->func))
        return NULL;
    for (size_t i = 0; i < params->nkids; i++)
        names[i] = ir_buf_name(params->kid[i]);
    return made_inputs_typed(A, params->nkids, names);
}

/* A check found an index outside, on inputs that were made up. */
static void explain_made(Arena *A, const Version *v, Err *err)
{
    const char *typed = made_inputs_fault(err) ? typed_inputs(A, v) : NULL;
    if (!typed)
        return;
    made_inputs_say(err);
    err_fix(err, "give inputs that fit: s:check %s", typed);
}

LUA_FN(
    program_check_run, "s:check(inputs…) -> Tensor…",
    "Runs the program in the checking interpreter, element by element, and returns the results.  It stops at an index\n"
    "outside its dimension, a read of memory that nothing has written, and a race between iterations of a parallel,\n"
    "vectorized or bound loop, and says in which iteration.  A program with thread axes runs as it is written, and then\n"
    "as on a GPU, thread by thread, with barriers where they are needed; one that has barriers runs with its own alone\n"
    "before that, so that a missing one is found.  Without inputs it takes random ones, the same\n"
    "each time: floats from -1 to 1, integers from 0 to 100, and of those that are indices what fits.\n"
    "> f = tvm.parse \"func f(A: int8[4]) -> B: int8[4]:\\n for i in parallel(4):\\n  B[0] = A[i]\"\n"
    "> ok, e = pcall(f.check, f)\n"
    "> e.why\n"
    "iterations of i depend on each other: B[0] is written in one and written in another")
{
    Program p = program_check(L, 1);
    const Node *params = p.func->kid[Func_params];
    Tensor *args[MAX_TENSORS];
    Err err = {0};
    if (params->nkids + p.func->kid[Func_results]->nkids > MAX_TENSORS)
        return RAISE(L, too_many_arguments, NULL, p.func->at.name);
    refuse_beyond_gpu(L, p.version->arena, p.func);
    if (loop_is_gpu(p.func))
        refuse_races(L, as_written(p.version), &err);
    bool given = lua_gettop(L) > 1;
    if (given)
        read_inputs(L, 2, false, p.func, args);
    luaL_checkstack(L, (int)params->nkids + 8, "inputs");
    for (size_t i = 0; i < params->nkids && !given; i++) {
        push_tensor(L, made_input(as_written(p.version)->func, i, &err), &err);
        args[i] = check_tensor(L, lua_gettop(L))->tensor;
    }
    push_results(L, params, p.func->kid[Func_results], args);
    Arena *A = lua_scratch(L, p.version->arena);
    CheckedForm forms[2];
    size_t n = loop_checked_forms(A, p.func, forms, &err);
    if (n == 0)
        return lua_refuse(L, &err, &(Refusal){.arena = A, .fault = true});
    for (size_t i = 0; i < n; i++)
        if (!run_checked(forms[i].func, args, &(CheckOptions){.as_written = forms[i].as_written},
                         &err)) {
            if (!given)
                explain_made(A, p.version, &err);
            return lua_refuse(L, &err,
                              &(Refusal){.arena = A, .root = forms[i].func, .fault = true});
        }
    lua_scratch_end(L, A);
    session_say_step(L, "ok: no index outside, no read of what nothing wrote, no race%s",
                     given ? "" : ", on random inputs");
    if (loop_is_gpu(p.func) && !cuda_backend.accepts(p.func, "cuda", &err))
        session_say_step(L, "note: emulated only, for a launch does not take it: %s", err.why);
    return (int)p.func->kid[Func_results]->nkids;
}

/* ---- as something to time ---- */

typedef struct Held {
    Kernel *kernel;
    Version *version;
    size_t n;
    Tensor *tensors[MAX_TENSORS];
} Held;

static void release_held(Runnable *r)
{
    Held *h = r->impl;
    kernel_release(h->kernel);
    version_release(h->version);
    for (size_t i = 0; i < h->n; i++)
        tensor_release(h->tensors[i]);
}

static const char *typed_for_held(Arena *A, const Runnable *r)
{
    return typed_inputs(A, ((const Held *)r->impl)->version);
}

/* Fills in tensors for parameters, those `given` or else made up, and results. */
static bool make_tensors(const Version *v, Tensor *const *given, Held *h, Err *err)
{
    for (int part = Func_params; part <= Func_results; part++)
        for (size_t i = 0; i < v->func->kid[part]->nkids; i++) {
            const Node *b = v->func->kid[part]->kid[i];
            Tensor *t = part == Func_results ? empty_for(b, err)
                        : given              ? tensor_dense(given[i], err)
                                             : made_input(as_written(v)->func, i, err);
            if (!t)
                return false;
            h->tensors[h->n++] = t;
        }
    return true;
}

static Find find_parallel(void *env, const Node *n)
{
    (void)env;
    return n->op == OP_For && ir_for_kind(n) == FOR_parallel ? FIND_THIS : FIND_INSIDE;
}

void runnable_add_kernel(Runnable *r, const Node *func, const Kernel *k)
{
    r->parallel |= ir_find(func, find_parallel, NULL) != NULL;
    r->elsewhere |= k->call != NULL;
    r->compile_ms += k->compile_ms;
}

/* The inputs for the program among the options, if there are any. */
static void timed_inputs(lua_State *L, const Node *func, int inputs, Tensor **out)
{
    if (func->kid[Func_params]->nkids + func->kid[Func_results]->nkids > MAX_TENSORS)
        RAISE(L, too_many_arguments, NULL, func->at.name);
    if (!inputs)
        return;
    lua_pushvalue(L, inputs);
    read_inputs(L, lua_gettop(L), true, func, out);
}

void check_timed_inputs(lua_State *L, int idx, int inputs)
{
    Program p = program_check(L, idx);
    Tensor *args[MAX_TENSORS];
    int top = lua_gettop(L);
    timed_inputs(L, p.func, inputs, args);
    lua_settop(L, top);
}

static void fill_program(lua_State *L, Version *v, Kernel *kernel, const char *label,
                         Tensor *const *given, Runnable *out)
{
    Arena *A = arena_scratch(NULL);
    Held *h = arena_alloc(A, sizeof *h);
    ExecCall *call = arena_alloc(A, sizeof *call);
    const char *said = timed_label(A, v->func, label, kernel->target);
    Err err = {0};
    arena_keep(A);
    h->kernel = kernel_retain(kernel);
    h->version = version_retain(v);
    *out = (Runnable){.label = said,
                      .flops = func_flops(as_written(v)->func),
                      .bytes = func_bytes(v->func),
                      .arena = A,
                      .typed_inputs = given ? NULL : typed_for_held,
                      .release = release_held,
                      .impl = h};
    runnable_add_kernel(out, v->func, kernel);
    if (!make_tensors(v, given, h, &err)) {
        runnable_release(out);
        lua_raise(L, &err);
    }
    *call = (ExecCall){h->kernel, h->tensors};
    out->job = (ExecJob){call, 1, 0, deadline(out->flops)};
}

static int program_runnable(lua_State *L, int idx, const char *target, int inputs, Runnable *out)
{
    Program p;
    Tensor *args[MAX_TENSORS], *const *given = inputs ? args : NULL;
    KernelBox *k = test_kernel(L, idx);
    if (!k && !program_test(L, idx, &p))
        return 0;
    int top = lua_gettop(L);
    timed_inputs(L, k ? k->version->func : p.func, inputs, args);
    if (k) {
        if (strncmp(k->kernel->target, "cuda", 4) != 0)
            timed_target(L, k->version->func, target);
        fill_program(L, k->version, k->kernel, k->kernel->name, given, out);
        lua_settop(L, top);
        return 1;
    }
    /* The mark; else the name, with "default" or the step unless it is as written. */
    Arena *A = lua_scratch(L, NULL);
    const char *label = text_cut(A, p.label ? p.label : p.func->at.name, 60);
    if (!p.label && p.version->parent && p.by_default)
        label = arena_printf(A, "%s default", label);
    else if (!p.label && p.version->parent)
        label = arena_printf(A, "%s step %d", label, p.version->number);
    k = push_kernel(L, p.version, timed_target(L, p.func, target));
    fill_program(L, p.version, k->kernel, label, given, out);
    lua_pop(L, 1);
    lua_scratch_end(L, A);
    lua_settop(L, top);
    return 1;
}

/* ---- registration ---- */

static const LuaFn *const kernel_members[] = {&kernel_run_fn, &kernel_call_fn, NULL};

const LuaClass kernel_class = {
    .name = "Kernel",
    .doc = "A compiled program.",
    .size = sizeof(KernelBox),
    .members = LUA_MEMBERS(kernel_members),
    .tostring = kernel_tostring,
    .release = release_kernel,
};

const LuaFn *const program_run_members[] = {&program_build_fn,
                                            &program_run_fn,
                                            &program_check_run_fn,
                                            &program_llvm_ir_fn,
                                            &program_asm_fn,
                                            &program_ptx_fn,
                                            NULL};

void lua_open_kernels(lua_State *L)
{
    runnable_add_kind(program_runnable);
    lua_put_class(L, &kernel_class);
}
