/* gpu.c -- kernels for NVIDIA GPUs: loops bound to thread axes, shared memory, barriers.
**
** Each kernel of the plan becomes a function over pointers to global memory.  A bound loop is no
** loop: its variable is the thread's or the block's number.
*/
#include <string.h>

#include "backends/llvm/emit/gen.h"
#include "core/base/mutant.h"
#include "core/ir/rewrite.h"

enum { SPACE_GLOBAL = 1, SPACE_SHARED = 3, CC_PTX_KERNEL = 71 };

static LLVMValueRef axis_number(Gen *g, ForKind kind)
{
    static const char *const name[] = {
        "llvm.nvvm.read.ptx.sreg.ctaid.x", "llvm.nvvm.read.ptx.sreg.ctaid.y",
        "llvm.nvvm.read.ptx.sreg.ctaid.z", "llvm.nvvm.read.ptx.sreg.tid.x",
        "llvm.nvvm.read.ptx.sreg.tid.y",   "llvm.nvvm.read.ptx.sreg.tid.z"};
    LLVMValueRef *known = &g->f.axis[kind - FOR_block_x];
    if (!*known) {
        Spot back = g->at;
        gen_before(g, g->levels.at[g->f.levels].anchor);
        LLVMValueRef n = gen_intrinsic(g, name[kind - FOR_block_x], 0, NULL, 0, NULL);
        *known = LLVMBuildZExt(g->b, n, g->i64, "");
        gen_go(g, back);
    }
    return *known;
}

void gen_bound(Gen *g, const Node *loop)
{
    int64_t n = ir_const_int(loop->kid[For_extent], 1);
    VarBind bind = {.var = loop->kid[For_var], .ranged = true, .hi = n - 1};
    ForKind axis = ir_for_kind(loop);
    if (n > 1)
        bind.v = axis_number(g, MUTANT(emit_axis_wrong, axis, FOR_thread_y));
    gen_loop_body(g, loop, bind);
}

void gen_barrier(Gen *g)
{
    if (MUTANT(emit_barrier_dropped, true, false))
        gen_intrinsic(g, "llvm.nvvm.barrier0", 0, NULL, 0, NULL);
}

LLVMValueRef gen_shared(Gen *g, const Node *buffer, uint64_t elements)
{
    LLVMTypeRef type = LLVMArrayType2(gen_mem_type(g, (DType)buffer->type), elements);
    LLVMValueRef v = LLVMAddGlobalInAddressSpace(g->mod, type, "shared", SPACE_SHARED);
    LLVMSetLinkage(v, LLVMInternalLinkage);
    LLVMSetInitializer(v, LLVMGetUndef(type));
    LLVMSetAlignment(v, 16);
    return v;
}

/* !{ptr kernel, !"name", i32 value} among nvvm.annotations. */
static void annotate(Gen *g, const char *name, int64_t value)
{
    LLVMMetadataRef part[] = {
        LLVMValueAsMetadata(g->f.fn), LLVMMDStringInContext2(g->ctx, name, strlen(name)),
        LLVMValueAsMetadata(LLVMConstInt(g->i32, (unsigned long long)value, 0))};
    LLVMAddNamedMetadataOperand(g->mod, "nvvm.annotations",
                                LLVMMetadataAsValue(g->ctx, LLVMMDNodeInContext2(g->ctx, part, 3)));
}

static bool writes(const Node *s, const Node *buffer)
{
    bool found = (s->op == OP_Store || s->op == OP_Update) && s->kid[0] == buffer;
    for (uint32_t i = 0; i < s->nkids && !found; i++)
        found = ir_is_stmt(s->kid[i]) && writes(s->kid[i], buffer);
    return found;
}

/* A buffer that threads hand each other over a barrier changes by other hands than its pointer's
** here: it is `noalias` only where nothing waits or nothing writes it. */
bool gen_gpu_kernel(Gen *g, const CudaKernel *k)
{
    LLVMTypeRef *types = ARENA_ARRAY(g->A, LLVMTypeRef, k->nbuffers + 1);
    for (size_t i = 0; i < k->nbuffers; i++)
        types[i] = LLVMPointerTypeInContext(g->ctx, SPACE_GLOBAL);
    LLVMTypeRef type =
        LLVMFunctionType(LLVMVoidTypeInContext(g->ctx), types, (unsigned)k->nbuffers, 0);
    gen_open_frame(g, LLVMAddFunction(g->mod, g->symbol, type));
    LLVMSetFunctionCallConv(g->f.fn, CC_PTX_KERNEL);
    annotate(g, "kernel", 1);
    annotate(g, "maxntidx", gpu_count(&k->shape, FOR_thread_x));
    annotate(g, "maxntidy", gpu_count(&k->shape, FOR_thread_y));
    annotate(g, "maxntidz", gpu_count(&k->shape, FOR_thread_z));
    unsigned noalias = LLVMGetEnumAttributeKindForName("noalias", 7);
    bool waits = ir_first(k->stmt, OP_Barrier) != NULL;
    for (size_t i = 0; i < k->nbuffers; i++) {
        BufBind bind = {.buffer = k->buffers[i],
                        .base = LLVMGetParam(g->f.fn, (unsigned)i),
                        .align = 64,
                        .level = g->f.levels};
        if (!waits || !writes(k->stmt, k->buffers[i]))
            LLVMAddAttributeAtIndex(g->f.fn, (LLVMAttributeIndex)i + 1,
                                    LLVMCreateEnumAttribute(g->ctx, noalias, 0));
        vec_push(g->A, &g->bufs, bind);
    }
    gen_stmt(g, k->stmt);
    LLVMBuildRetVoid(g->b);
    gen_pop_level(g);
    g->bufs.n = 0;
    g->vars.n = 0;
    return !g->failed;
}
