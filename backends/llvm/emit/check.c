/* check.c -- code built with checks: every index against its dimension before the access. */
#include "backends/llvm/emit/gen.h"

static int32_t number_of(const Gen *g, const Node *access)
{
    for (size_t i = 0; i < g->naccesses; i++)
        if (g->accesses[i] == access)
            return (int32_t)i;
    return -1;
}

void gen_check(Gen *g, const Node *access, const Node *const *index)
{
    const Node *buffer = access->kid[0];
    if (!g->checked)
        return;
    for (size_t d = 0; d < ir_rank(buffer); d++) {
        LLVMValueRef i = gen_uniform(g, index[d]), n = gen_i64(g, ir_dim(buffer, d));
        LLVMValueRef fits = LLVMBuildICmp(g->b, LLVMIntULT, i, n, "");
        LLVMBasicBlockRef bad = gen_block(g, "outside"), good = gen_block(g, "inside");
        LLVMBuildCondBr(g->b, fits, good, bad);
        gen_at_end(g, bad);
        LLVMValueRef args[] = {LLVMConstInt(g->i32, (unsigned long long)number_of(g, access), 1),
                               LLVMConstInt(g->i32, d, 0), i};
        gen_leave(g, gen_runtime_call(g, RTF_oob, g->i32, 3, args));
        gen_at_end(g, good);
    }
}
