/* link.c -- LLVM's linker, writing into the code window. */
#include "backends/llvm/emit/link.h"

#include <stdio.h>

#include <llvm-c/LLJIT.h>
#include <llvm-c/Orc.h>
#include <llvm-c/OrcEE.h>

/* Room taken from the window for the object that is being linked. */
typedef struct Room {
    char *next, *end;
} Room;

static struct {
    const EmitHost *host;
    LLVMOrcLLJITRef jit;
    Room room;
} linker;

static void *take(uintptr_t size, unsigned align)
{
    Room *r = &linker.room;
    uintptr_t unit = align < 64 ? 64 : align;
    uintptr_t at = ((uintptr_t)r->next + unit - 1) & ~(unit - 1);
    if (!r->next || at + size > (uintptr_t)r->end)
        return linker.host->take(linker.host->ctx, size, unit);
    r->next = (char *)(at + size);
    return (void *)at;
}

static uint8_t *take_code(void *ctx, uintptr_t size, unsigned align, unsigned id, const char *name)
{
    (void)ctx, (void)id, (void)name;
    return take(size, align);
}

static uint8_t *take_data(void *ctx, uintptr_t size, unsigned align, unsigned id, const char *name,
                          LLVMBool read_only)
{
    (void)ctx, (void)id, (void)name, (void)read_only;
    return take(size, align);
}

static LLVMBool finished(void *ctx, char **message)
{
    (void)ctx, (void)message;
    return 0;
}

static void nothing(void *ctx)
{
    (void)ctx;
}

static void *same_context(void *ctx)
{
    return ctx;
}

static LLVMOrcObjectLayerRef make_layer(void *ctx, LLVMOrcExecutionSessionRef session,
                                        const char *triple)
{
    (void)triple;
    return LLVMOrcCreateRTDyldObjectLinkingLayerWithMCJITMemoryManagerLikeCallbacks(
        session, ctx, same_context, nothing, take_code, take_data, finished, nothing);
}

static bool refuse(Err *err, const char *what, LLVMErrorRef error)
{
    char *message = LLVMGetErrorMessage(error);
    REFUSE(err, llvm_broken, NULL, what, message);
    LLVMDisposeErrorMessage(message);
    return false;
}

/* Functions that LLVM calls by itself (fmaf, memset, …) are the runner's.  One that the runner
** lacks must not be left to the linker, which would take this process's own, at an address that
** means nothing there. */
static LLVMErrorRef define(LLVMOrcDefinitionGeneratorRef generator, void *ctx,
                           LLVMOrcLookupStateRef *state, LLVMOrcLookupKind kind,
                           LLVMOrcJITDylibRef lib, LLVMOrcJITDylibLookupFlags flags,
                           LLVMOrcCLookupSet set, size_t n)
{
    (void)generator, (void)ctx, (void)state, (void)kind, (void)flags;
    for (size_t i = 0; i < n; i++) {
        const char *name = LLVMOrcSymbolStringPoolEntryStr(set[i].Name);
        uint64_t address = linker.host->symbol(linker.host->ctx, name);
        if (!address && set[i].LookupFlags == LLVMOrcSymbolLookupFlagsWeaklyReferencedSymbol)
            continue;
        if (!address) {
            char why[160];
            snprintf(why, sizeof why, "the process that runs kernels has no function %.80s", name);
            return LLVMCreateStringError(why);
        }
        LLVMOrcRetainSymbolStringPoolEntry(set[i].Name);
        LLVMOrcCSymbolMapPair pair = {
            set[i].Name,
            {address, {LLVMJITSymbolGenericFlagsExported | LLVMJITSymbolGenericFlagsCallable, 0}}};
        LLVMErrorRef error = LLVMOrcJITDylibDefine(lib, LLVMOrcAbsoluteSymbols(&pair, 1));
        if (error)
            return error;
    }
    return LLVMErrorSuccess;
}

bool link_open(const EmitHost *host, Err *err)
{
    linker.host = host;
    LLVMOrcLLJITBuilderRef builder = LLVMOrcCreateLLJITBuilder();
    LLVMOrcLLJITBuilderSetObjectLinkingLayerCreator(builder, make_layer, NULL);
    LLVMErrorRef error = LLVMOrcCreateLLJIT(&linker.jit, builder);
    if (error)
        return refuse(err, "start its linker", error);
    LLVMOrcJITDylibAddGenerator(LLVMOrcLLJITGetMainJITDylib(linker.jit),
                                LLVMOrcCreateCustomCAPIDefinitionGenerator(define, NULL, NULL));
    return true;
}

/* Linking happens when the first name is looked up. */
static bool look_up(size_t n, const char *const *names, uint64_t *addresses, Err *err)
{
    for (size_t i = 0; i < n; i++) {
        LLVMOrcExecutorAddress at = 0;
        LLVMErrorRef error = LLVMOrcLLJITLookup(linker.jit, &at, names[i]);
        if (error)
            return refuse(err, "link the kernel", error);
        addresses[i] = at;
    }
    return true;
}

bool link_object(LLVMMemoryBufferRef object, size_t n, const char *const *names,
                 uint64_t *addresses, Err *err)
{
    size_t size = LLVMGetBufferSize(object) + 16384; /* stubs and alignment */
    char *room = linker.host->take(linker.host->ctx, size, 64);
    if (!room) {
        LLVMDisposeMemoryBuffer(object);
        return REFUSE(err, window_full, NULL);
    }
    linker.room = (Room){room, room + size};
    LLVMOrcJITDylibRef lib = LLVMOrcLLJITGetMainJITDylib(linker.jit);
    LLVMOrcResourceTrackerRef tracker = LLVMOrcJITDylibCreateResourceTracker(lib);
    LLVMErrorRef error = LLVMOrcLLJITAddObjectFileWithRT(linker.jit, tracker, object);
    bool ok = error ? refuse(err, "take the object", error) : look_up(n, names, addresses, err);
    error = LLVMOrcResourceTrackerRemove(tracker); /* the names go, the code stays */
    if (error)
        LLVMConsumeError(error);
    LLVMOrcReleaseResourceTracker(tracker);
    return ok;
}
