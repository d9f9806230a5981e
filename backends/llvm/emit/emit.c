/* emit.c -- the module tvmrepl-llvm.so: programs as text in, code in the window and views out. */
#include "backends/emit.h"

#include <llvm-c/Analysis.h>
#include <llvm-c/Error.h>
#include <llvm-c/Support.h>
#include <llvm-c/Target.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <string.h>
#include <time.h>

#include "backends/llvm/emit/gen.h"
#include "backends/llvm/emit/link.h"
#include "core/ir/parse.h"
#include "passes/loop/accesses.h"

/* One request on its way. */
typedef struct Job {
    Arena *A;
    const EmitRequest *ask;
    EmitResult *out;
    Err *err;
    const Target *target;
    LLVMContextRef ctx;
    LLVMModuleRef mod;
    size_t nfuncs;
    const char **symbols; /* of the Funcs, unlike those of any other request */
    char trouble[512];    /* what LLVM reported while it worked; empty if all went well */
    double since;
} Job;

static unsigned requests; /* so far, for names that are never given twice */

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double lap(Job *j)
{
    double now = now_ms(), took = now - j->since;
    j->since = now;
    return took;
}

/* ---- text to LLVM IR ---- */

/* LLVM says here what went wrong, and may well report success afterwards. */
static void on_diagnostic(LLVMDiagnosticInfoRef info, void *env)
{
    Job *j = env;
    char *message = LLVMGetDiagInfoDescription(info);
    if (LLVMGetDiagInfoSeverity(info) == LLVMDSError && !j->trouble[0])
        strncpy(j->trouble, message, sizeof j->trouble - 1);
    LLVMDisposeMessage(message);
}

static bool rejected(Job *j, const char *message)
{
    return REFUSE(j->err, llvm_rejected, NULL, j->nfuncs ? j->out->entries[0].name : "", message);
}

static Gen new_generator(Job *j, const char *symbol)
{
    return (Gen){
        .A = j->A,
        .err = j->err,
        .target = j->target,
        .checked = j->target->checked,
        .unproven = j->target->unproven,
        .polls = !j->target->gpu,
        .symbol = symbol,
        .ctx = j->ctx,
        .mod = j->mod,
        .b = LLVMCreateBuilderInContext(j->ctx),
        .i1 = LLVMInt1TypeInContext(j->ctx),
        .i8 = LLVMInt8TypeInContext(j->ctx),
        .i32 = LLVMInt32TypeInContext(j->ctx),
        .i64 = LLVMInt64TypeInContext(j->ctx),
        .ptr = LLVMPointerTypeInContext(j->ctx, 0),
        .lanes = 1,
    };
}

static bool generate_gpu(Job *j, const Node *func)
{
    CudaPlan plan;
    if (!cuda_plan(j->A, func, &plan, j->err))
        return false;
    bool ok = true;
    for (size_t i = 0; i < plan.nkernels && ok; i++) {
        Gen g = new_generator(j, cuda_kernel_name(j->A, i));
        ok = gen_gpu_kernel(&g, &plan.kernels[i]);
        LLVMDisposeBuilder(g.b);
    }
    return ok;
}

static bool generate(Job *j, const Node *func, const char *symbol)
{
    if (j->target->gpu)
        return generate_gpu(j, func);
    Gen g = new_generator(j, symbol);
    bool lines = j->ask->views == 1u << EMIT_ASM;
    if (lines)
        g.lines = lines_open(j->A, j->ctx, j->mod, func);
    g.accesses = loop_accesses(j->A, func, &g.naccesses);
    bool ok = gen_kernel(&g, func);
    if (lines)
        lines_close(g.lines);
    LLVMDisposeBuilder(g.b);
    return ok;
}

/* The text holds one Func after another; each begins at the start of a line. */
static const char *next_func(const char *text)
{
    const char *at = strstr(text, "\nfunc ");
    return at ? at + 1 : NULL;
}

static bool parse_and_generate(Job *j)
{
    size_t n = 0;
    const char *at = j->ask->text;
    for (const char *f = at; f; f = next_func(f))
        n++;
    j->out->entries = ARENA_ARRAY(j->A, EmitEntry, n);
    j->symbols = ARENA_ARRAY(j->A, const char *, n);
    unsigned request = requests++;
    for (; at; j->nfuncs++) {
        const char *end = next_func(at + strspn(at, "\n"));
        if (!end)
            end = j->ask->text + j->ask->length;
        const Node *func = ir_parse_func(j->A, arena_strndup(j->A, at, (size_t)(end - at)), j->err);
        j->out->parse_ms += lap(j);
        if (!func)
            return false;
        j->out->entries[j->nfuncs].name = func->at.name;
        j->symbols[j->nfuncs] = arena_printf(j->A, "kernel%u_%zu", request, j->nfuncs);
        if (!generate(j, func, j->symbols[j->nfuncs]))
            return false;
        j->out->build_ms += lap(j);
        at = *end ? end : NULL;
    }
    j->out->nentries = (int)j->nfuncs;
    return true;
}

static bool verify(Job *j)
{
    char *message = NULL;
    bool bad = LLVMVerifyModule(j->mod, LLVMReturnStatusAction, &message);
    if (bad)
        rejected(j, message);
    LLVMDisposeMessage(message);
    j->out->build_ms += lap(j);
    return !bad;
}

/* ---- passes, code, views ---- */

/* The program says by itself what to unroll and vectorise, so that little is left to do: arrays
** that are indexed by literals become registers, and what is computed twice is computed once. */
static bool optimise(Job *j)
{
    static const char *const passes[] = {"sroa", "sroa,early-cse", "sroa,early-cse", "default<O3>"};
    LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
    LLVMErrorRef error = LLVMRunPasses(j->mod, passes[j->target->opt], j->target->machine, options);
    LLVMDisposePassBuilderOptions(options);
    if (error) {
        char *message = LLVMGetErrorMessage(error);
        rejected(j, message);
        LLVMDisposeErrorMessage(message);
    }
    j->out->opt_ms = lap(j);
    return !error;
}

static bool wants(const Job *j, EmitView view)
{
    return j->ask->views & (1u << view);
}

static void keep(Job *j, EmitView view, const char *data, size_t bytes)
{
    j->out->view[view] = (EmitBlob){arena_strndup(j->A, data, bytes), bytes};
}

static LLVMMemoryBufferRef emit(Job *j, LLVMModuleRef mod, LLVMCodeGenFileType type)
{
    char *message = NULL;
    LLVMMemoryBufferRef out = NULL;
    bool bad = LLVMTargetMachineEmitToMemoryBuffer(j->target->machine, mod, type, &message, &out);
    if (bad || j->trouble[0])
        rejected(j, j->trouble[0] ? j->trouble : message ? message : "no reason is given");
    if (message)
        LLVMDisposeMessage(message);
    if (!bad && j->trouble[0]) {
        LLVMDisposeMemoryBuffer(out);
        return NULL;
    }
    return bad ? NULL : out;
}

static bool text_views(Job *j)
{
    if (wants(j, EMIT_IR)) {
        char *text = LLVMPrintModuleToString(j->mod);
        keep(j, EMIT_IR, text, strlen(text));
        LLVMDisposeMessage(text);
    }
    EmitView assembly = j->target->gpu ? EMIT_PTX : EMIT_ASM;
    if (!wants(j, assembly))
        return true;
    LLVMModuleRef copy = LLVMCloneModule(j->mod); /* making code changes a module */
    LLVMMemoryBufferRef text = emit(j, copy, LLVMAssemblyFile);
    LLVMDisposeModule(copy);
    if (!text)
        return false;
    const char *code = arena_strndup(j->A, LLVMGetBufferStart(text), LLVMGetBufferSize(text));
    if (!j->target->gpu)
        code = lines_tidy(j->A, code, j->ask->text);
    keep(j, assembly, code, strlen(code));
    LLVMDisposeMemoryBuffer(text);
    lap(j);
    return true;
}

static bool machine_code(Job *j)
{
    if (j->target->gpu || (!wants(j, EMIT_CODE) && !wants(j, EMIT_OBJ)))
        return true;
    LLVMMemoryBufferRef object = emit(j, j->mod, LLVMObjectFile);
    j->out->codegen_ms = lap(j);
    if (!object)
        return false;
    if (wants(j, EMIT_OBJ))
        keep(j, EMIT_OBJ, LLVMGetBufferStart(object), LLVMGetBufferSize(object));
    if (!wants(j, EMIT_CODE)) {
        LLVMDisposeMemoryBuffer(object);
        return true;
    }
    uint64_t *at = ARENA_ARRAY(j->A, uint64_t, j->nfuncs);
    if (!link_object(object, j->nfuncs, j->symbols, at, j->err))
        return false;
    for (size_t i = 0; i < j->nfuncs; i++)
        j->out->entries[i].address = at[i];
    j->out->link_ms = lap(j);
    return true;
}

static void open_module(Job *j)
{
    j->ctx = LLVMContextCreate();
    LLVMContextSetDiagnosticHandler(j->ctx, on_diagnostic, j);
    j->mod = LLVMModuleCreateWithNameInContext("tvmrepl", j->ctx);
    LLVMSetTarget(j->mod, j->target->triple);
    LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(j->target->machine);
    LLVMSetModuleDataLayout(j->mod, layout);
    LLVMDisposeTargetData(layout);
}

static bool compile(Arena *A, const EmitRequest *ask, EmitResult *out, Err *err)
{
    *out = (EmitResult){0};
    Job j = {.A = A, .ask = ask, .out = out, .err = err, .since = now_ms()};
    j.target = target_for(ask->target, err);
    if (!j.target)
        return false;
    open_module(&j);
    bool ok =
        parse_and_generate(&j) && verify(&j) && optimise(&j) && text_views(&j) && machine_code(&j);
    LLVMDisposeModule(j.mod);
    LLVMContextDispose(j.ctx);
    return ok;
}

/* ---- opening ---- */

/* Loop strength reduction costs a third of the time of code generation and gains nothing on loops
** whose addresses are hoisted already.  The schedulers compare each access of a block with all
** others: of more than 200 with groups of 100, so that straight code of thousands of statements
** takes seconds at most. Assembly is shown in Intel's syntax. */
static void set_options(void)
{
    static const char *const argv[] = {"tvmrepl", "-disable-lsr", "-dag-maps-huge-region=200",
                                       "-dag-maps-reduction-size=100", "-x86-asm-syntax=intel"};
    LLVMParseCommandLineOptions(sizeof argv / sizeof *argv, argv, "");
}

extern EmitOpenFn tvmrepl_emit_open;

const Emit *tvmrepl_emit_open(const EmitHost *host, Err *err)
{
    static const Emit emit_llvm = {EMIT_VERSION, "llvm", compile};
    if (LLVMInitializeNativeTarget() || LLVMInitializeNativeAsmPrinter())
        return FAIL(err, llvm_broken, NULL, "generate code for this machine", "no such target");
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
    set_options();
    return link_open(host, err) ? &emit_llvm : NULL;
}
