/* target.c -- target machines: this machine's processor unless the target string says otherwise. */
#include "backends/llvm/emit/target.h"

#include <llvm-c/Core.h>
#include <llvm-c/Target.h>
#include <string.h>

#include "backends/cuda/options.h"
#include "backends/llvm/options.h"

typedef struct Known {
    struct Known *next;
    const char *text;
    Target target;
} Known;

/* Lives as long as the worker process. */
static struct {
    Arena *arena;
    Known *known;
    const char *triple, *cpu, *features; /* of this machine */
} home;

static void find_home(void)
{
    if (home.arena)
        return;
    home.arena = arena_new(NULL);
    char *triple = LLVMGetDefaultTargetTriple(), *cpu = LLVMGetHostCPUName();
    char *features = LLVMGetHostCPUFeatures();
    home.triple = arena_strdup(home.arena, triple);
    home.cpu = arena_strdup(home.arena, cpu);
    home.features = arena_strdup(home.arena, features);
    LLVMDisposeMessage(triple);
    LLVMDisposeMessage(cpu);
    LLVMDisposeMessage(features);
}

static unsigned host_vector_bytes(void)
{
    if (strstr(home.features, "+avx512f"))
        return 64;
    return strstr(home.features, "+avx,") || strstr(home.features, "+avx2") ? 32 : 16;
}

static bool open_machine(Target *t, Err *err)
{
    static const LLVMCodeGenOptLevel level[] = {LLVMCodeGenLevelNone, LLVMCodeGenLevelLess,
                                                LLVMCodeGenLevelDefault,
                                                LLVMCodeGenLevelAggressive};
    char *message = NULL;
    LLVMTargetRef target;
    if (LLVMGetTargetFromTriple(t->triple, &target, &message)) {
        REFUSE(err, llvm_broken, NULL, "find its target", message);
        LLVMDisposeMessage(message);
        return false;
    }
    t->machine = LLVMCreateTargetMachine(target, t->triple, t->cpu, t->features, level[t->opt],
                                         LLVMRelocPIC, LLVMCodeModelSmall);
    return t->machine ? true : REFUSE(err, llvm_broken, NULL, "make a target machine", t->cpu);
}

const Target *target_for(const char *text, Err *err)
{
    LlvmOptions o = {0};
    CudaOptions cuda = {0};
    find_home();
    for (Known *k = home.known; k; k = k->next)
        if (strcmp(k->text, text) == 0)
            return &k->target;
    bool gpu = strncmp(text, "cuda", 4) == 0;
    if (!(gpu ? cuda_options(text, &cuda, err) : llvm_options(home.arena, text, &o, err)))
        return NULL;
    Known *k = arena_alloc(home.arena, sizeof *k);
    unsigned own = o.cpu ? 0 : host_vector_bytes();
    const char *base = o.cpu ? "" : home.features;
    k->text = arena_strdup(home.arena, text);
    k->target = (Target){
        .triple = home.triple,
        .cpu = o.cpu ? o.cpu : home.cpu,
        .features =
            o.attr ? arena_printf(home.arena, "%s%s%s", base, *base ? "," : "", o.attr) : base,
        .vector_bytes = o.vector_bytes ? o.vector_bytes : own,
        .opt = o.opt,
        .checked = o.checked,
        .unproven = o.unproven,
    };
    k->target.masks = k->target.vector_bytes == 64;
    if (gpu) /* vectors are for loads and stores of at most 16 bytes */
        k->target = (Target){.triple = "nvptx64-nvidia-cuda",
                             .cpu = cuda.arch,
                             .features = cuda.features,
                             .vector_bytes = 2,
                             .opt = 2,
                             .gpu = true};
    if (!open_machine(&k->target, err))
        return NULL;
    k->next = home.known;
    home.known = k;
    return &k->target;
}
