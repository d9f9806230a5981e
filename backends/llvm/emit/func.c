/* func.c -- whole kernels, and the bodies of parallel loops as functions of their own.
**
** A kernel is `i32 f(ptr buffers, ptr dims, ptr rt)` (core/run/runtime.h).  The body of a parallel
** loop becomes `i32 body(ptr env, i64 i)`; env is an array of what it mentions from outside.
*/
#include <stdio.h>
#include <string.h>

#include "backends/llvm/emit/gen.h"
#include "core/run/runtime.h"

/* ---- the Runtime ---- */

LLVMValueRef gen_runtime(Gen *g, RtField field)
{
    if (g->f.runtime[field])
        return g->f.runtime[field];
    Spot back = g->at;
    gen_before(g, g->levels.at[g->f.levels].anchor);
    LLVMValueRef at = gen_i64(g, 8 * (int64_t)field);
    LLVMValueRef p = LLVMBuildGEP2(g->b, g->i8, g->f.rt, &at, 1, "");
    g->f.runtime[field] = LLVMBuildLoad2(g->b, g->ptr, p, "");
    gen_go(g, back);
    return g->f.runtime[field];
}

LLVMValueRef gen_runtime_call(Gen *g, RtField field, LLVMTypeRef result, unsigned n,
                              LLVMValueRef *args)
{
    LLVMValueRef all[5] = {gen_runtime(g, RTF_ctx)};
    LLVMTypeRef types[5] = {g->ptr};
    for (unsigned i = 0; i < n; i++) {
        all[i + 1] = args[i];
        types[i + 1] = LLVMTypeOf(args[i]);
    }
    LLVMTypeRef type = LLVMFunctionType(result, types, n + 1, 0);
    return LLVMBuildCall2(g->b, type, gen_runtime(g, field), all, n + 1, "");
}

/* ---- functions ---- */

static void attribute(Gen *g, LLVMValueRef fn, const char *name, const char *value)
{
    LLVMAddAttributeAtIndex(fn, LLVMAttributeFunctionIndex,
                            LLVMCreateStringAttribute(g->ctx, name, (unsigned)strlen(name), value,
                                                      (unsigned)strlen(value)));
}

void gen_target_attributes(Gen *g, LLVMValueRef fn)
{
    unsigned nounwind = LLVMGetEnumAttributeKindForName("nounwind", 8);
    LLVMAddAttributeAtIndex(fn, LLVMAttributeFunctionIndex,
                            LLVMCreateEnumAttribute(g->ctx, nounwind, 0));
    attribute(g, fn, "target-cpu", g->target->cpu);
    attribute(g, fn, "target-features", g->target->features);
}

void gen_open_frame(Gen *g, LLVMValueRef fn)
{
    g->f = (Frame){.fn = fn, .levels = (int)g->levels.n, .temps = g->temps.n};
    if (g->lines)
        lines_function(g->lines, g->b, fn);
    gen_target_attributes(g, fn);
    g->f.entry = gen_block(g, "entry");
    LLVMBasicBlockRef body = gen_block(g, "body");
    gen_at_end(g, g->f.entry);
    LLVMBuildBr(g->b, body);
    gen_at_end(g, body);
    gen_push_level(g);
}

LLVMValueRef gen_spare(Gen *g)
{
    if (g->f.spare)
        return g->f.spare;
    g->f.spare = gen_alloca(g, LLVMArrayType2(g->i8, 8), 8, "spare");
    Spot back = g->at;
    gen_before(g, g->levels.at[g->f.levels].anchor);
    LLVMBuildStore(g->b, gen_i64(g, 0), g->f.spare);
    gen_go(g, back);
    return g->f.spare;
}

static void close_frame(Gen *g)
{
    LLVMBuildRet(g->b, LLVMConstInt(g->i32, RT_OK, 0));
    gen_pop_level(g);
}

/* Element i of an array of pointers or of i64. */
static LLVMValueRef slot(Gen *g, LLVMTypeRef type, LLVMValueRef array, size_t i)
{
    LLVMValueRef at = gen_i64(g, 8 * (int64_t)i);
    LLVMValueRef p = i ? LLVMBuildGEP2(g->b, g->i8, array, &at, 1, "") : array;
    return LLVMBuildLoad2(g->b, type, p, "");
}

static void set_slot(Gen *g, LLVMValueRef array, size_t i, LLVMValueRef v)
{
    LLVMValueRef at = gen_i64(g, 8 * (int64_t)i);
    LLVMBuildStore(g->b, v, LLVMBuildGEP2(g->b, g->i8, array, &at, 1, ""));
}

/* ---- kernels ---- */

bool gen_kernel(Gen *g, const Node *func)
{
    LLVMTypeRef type = LLVMFunctionType(g->i32, (LLVMTypeRef[]){g->ptr, g->ptr, g->ptr}, 3, 0);
    gen_open_frame(g, LLVMAddFunction(g->mod, g->symbol, type));
    LLVMValueRef buffers = LLVMGetParam(g->f.fn, 0);
    g->f.rt = LLVMGetParam(g->f.fn, 2);
    size_t n = 0;
    Spot back = g->at;
    gen_before(g, g->levels.at[g->f.levels].anchor);
    for (int part = Func_params; part <= Func_results; part++) {
        const Node *list = func->kid[part];
        for (uint32_t i = 0; i < list->nkids; i++) {
            BufBind bind = {.buffer = list->kid[i], .align = RT_ALIGN, .level = g->f.levels};
            bind.base = slot(g, g->ptr, buffers, n++);
            vec_push(g->A, &g->bufs, bind);
        }
    }
    gen_go(g, back);
    gen_stmt(g, func->kid[Func_body]);
    close_frame(g);
    g->bufs.n = 0;
    return !g->failed;
}

/* ---- parallel loops ---- */

/* What a body mentions from outside, and under which number in env; slot 0 is the Runtime. */
typedef struct Env {
    VEC(LLVMValueRef) values;
    VEC(VarBind) vars;
    VEC(BufBind) bufs;
    LLVMValueRef outer; /* env in the function around the loop */
} Env;

static Env capture(Gen *g, const Node *loop)
{
    Env e = {0};
    vec_push(g->A, &e.values, g->f.rt);
    for (size_t i = 0; i < g->vars.n; i++) {
        VarBind v = g->vars.at[i];
        if (!ir_mentions(loop, v.var))
            continue;
        if (v.v)
            vec_push(g->A, &e.values, v.v);
        vec_push(g->A, &e.vars, v);
    }
    for (size_t i = 0; i < g->bufs.n; i++) {
        BufBind b = g->bufs.at[i];
        if (!ir_mentions(loop, b.buffer))
            continue;
        vec_push(g->A, &e.values, b.base);
        vec_push(g->A, &e.bufs, b);
    }
    return e;
}

/* Fills env, calls the Runtime, and leaves if an iteration said so. */
static void call_parallel(Gen *g, const Env *e, LLVMValueRef body, LLVMValueRef n)
{
    LLVMTypeRef array = LLVMArrayType2(g->i64, e->values.n);
    LLVMValueRef env = gen_alloca(g, array, 8, "env");
    for (size_t i = 0; i < e->values.n; i++)
        set_slot(g, env, i, e->values.at[i]);
    LLVMValueRef args[] = {body, env, n};
    LLVMValueRef code = gen_runtime_call(g, RTF_parallel, g->i32, 3, args);
    LLVMBasicBlockRef stop = gen_block(g, "stopped"), go = gen_block(g, "go");
    LLVMValueRef zero = LLVMConstInt(g->i32, 0, 0);
    LLVMBuildCondBr(g->b, LLVMBuildICmp(g->b, LLVMIntNE, code, zero, ""), stop, go);
    gen_at_end(g, stop);
    gen_leave(g, code);
    gen_at_end(g, go);
}

/* Binds what was captured to what env holds; all of it is known from the body's first scope on. */
static void unpack(Gen *g, const Env *e, LLVMValueRef env)
{
    size_t n = 0;
    Spot back = g->at;
    gen_before(g, g->levels.at[g->f.levels].anchor);
    g->f.rt = slot(g, g->ptr, env, n++);
    g->vars.n = g->bufs.n = 0;
    for (size_t i = 0; i < e->vars.n; i++) {
        VarBind v = e->vars.at[i];
        v.level = g->f.levels;
        if (v.v)
            v.v = slot(g, g->i64, env, n++);
        vec_push(g->A, &g->vars, v);
    }
    for (size_t i = 0; i < e->bufs.n; i++) {
        BufBind b = e->bufs.at[i];
        b.base = slot(g, g->ptr, env, n++);
        b.level = g->f.levels;
        b.stack = false;
        vec_push(g->A, &g->bufs, b);
    }
    gen_go(g, back);
}

/* Iterations at a time: enough to be worth a call, few enough to share among threads. */
static int64_t grain(const Node *loop, int64_t n)
{
    double per = gen_work(loop->kid[For_body]);
    int64_t most = n > 64 ? n / 64 : 1;
    int64_t size = per > 4096 ? 1 : (int64_t)(4096 / (per < 1 ? 1 : per));
    return size < most ? size : most;
}

static void body_iterations(Gen *g, const Node *loop, LLVMValueRef task, int64_t n, int64_t size)
{
    VarBind bind = {.var = loop->kid[For_var], .v = task, .ranged = n > 0, .hi = n - 1};
    if (size == 1) {
        gen_loop_body(g, loop, bind);
        return;
    }
    LLVMValueRef from = LLVMBuildMul(g->b, task, gen_i64(g, size), "");
    LLVMValueRef to = LLVMBuildAdd(g->b, from, gen_i64(g, size), "");
    to = gen_binary_intrinsic(g, "llvm.smin", to, gen_i64(g, n));
    Count c = gen_begin_count(g, from, to, false);
    bind.v = c.i;
    gen_loop_body(g, loop, bind);
    gen_end_count(g, &c);
}

/* The body as a function; everything of the generator that belongs to one function is put aside. */
static LLVMValueRef body_function(Gen *g, const Node *loop, const Env *e, int64_t n, int64_t size)
{
    char name[96];
    snprintf(name, sizeof name, "%.60s.body%d", g->symbol, g->bodies++);
    LLVMTypeRef type = LLVMFunctionType(g->i32, (LLVMTypeRef[]){g->ptr, g->i64}, 2, 0);
    LLVMValueRef fn = LLVMAddFunction(g->mod, name, type);
    LLVMSetLinkage(fn, LLVMInternalLinkage);
    Gen outer = *g;
    size_t vars = g->vars.n, bufs = g->bufs.n;
    VarBind *var = ARENA_ARRAY(g->A, VarBind, vars + 1);
    BufBind *buf = ARENA_ARRAY(g->A, BufBind, bufs + 1);
    if (vars)
        memcpy(var, g->vars.at, vars * sizeof *var);
    if (bufs)
        memcpy(buf, g->bufs.at, bufs * sizeof *buf);
    gen_open_frame(g, fn);
    g->f.parallel = true;
    unpack(g, e, LLVMGetParam(fn, 0));
    body_iterations(g, loop, LLVMGetParam(fn, 1), n, size);
    close_frame(g);
    g->f = outer.f;
    g->vars.n = vars;
    g->bufs.n = bufs;
    if (vars)
        memcpy(g->vars.at, var, vars * sizeof *var);
    if (bufs)
        memcpy(g->bufs.at, buf, bufs * sizeof *buf);
    if (g->lines)
        lines_return(g->lines, g->b, outer.f.fn);
    gen_go(g, outer.at);
    return fn;
}

void gen_parallel(Gen *g, const Node *loop)
{
    int64_t n = ir_const_int(loop->kid[For_extent], -1);
    if (g->target->gpu || g->f.parallel || g->lanes > 1 || (n >= 0 && n < 2)) {
        gen_serial(g, loop);
        return;
    }
    int64_t size = n > 0 ? grain(loop, n) : 1;
    Env e = capture(g, loop);
    LLVMValueRef body = body_function(g, loop, &e, n, size);
    LLVMValueRef tasks =
        n > 0 ? gen_i64(g, (n + size - 1) / size) : gen_uniform(g, loop->kid[For_extent]);
    call_parallel(g, &e, body, tasks);
}
