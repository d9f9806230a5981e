/* check.c -- indices that are compared with their dimensions before the access: all of them in code
** built with checks, and in any code those that depend on data, of which nothing else knows where
** they lead.  Others are known to be inside since the program was made (core/affine/inside.h), or,
** where that could not be told, are compared unless ranges prove them.
*/
#include "backends/llvm/emit/gen.h"

static int32_t number_of(const Gen *g, const Node *access)
{
    for (size_t i = 0; i < g->naccesses; i++)
        if (g->accesses[i] == access)
            return (int32_t)i;
    return -1;
}

bool gen_by_data(const Gen *g, const Node *e)
{
    if (e->op == OP_Var) {
        const VarBind *v = gen_find_var(g, e);
        return v && (!v->ranged || v->by_data);
    }
    for (size_t i = 0; i < e->nkids; i++)
        if (e->op == OP_Load || gen_by_data(g, e->kid[i]))
            return true;
    return false;
}

/* Is the index compared?  GPUs have nobody to tell. */
static bool is_doubted(Gen *g, const Node *index, int64_t extent)
{
    int64_t lo, hi;
    if (g->checked)
        return true;
    return !g->target->gpu && (g->unproven || gen_by_data(g, index)) &&
           !(gen_range(g, index, &lo, &hi) && lo >= 0 && hi < extent);
}

/* The first of the lanes that `outside` marks. */
static LLVMValueRef first_of(Gen *g, LLVMValueRef outside, LLVMValueRef index)
{
    LLVMTypeRef bits = LLVMIntTypeInContext(g->ctx, g->lanes);
    LLVMValueRef set = LLVMBuildBitCast(g->b, outside, bits, "");
    LLVMValueRef args[] = {set, LLVMConstInt(g->i1, 0, 0)};
    LLVMValueRef lane = gen_intrinsic(g, "llvm.cttz", 1, &bits, 2, args);
    return LLVMBuildExtractElement(g->b, index, lane, "");
}

static void check_index(Gen *g, const Node *access, size_t dim, Val i, int64_t extent)
{
    LLVMValueRef n = gen_i64(g, extent);
    n = i.vec ? gen_splat(g, n, g->lanes) : n;
    LLVMValueRef outside = LLVMBuildICmp(g->b, LLVMIntUGE, i.v, n, ""), any = outside;
    if (i.vec) {
        if (g->mask) /* of other lanes nothing was read */
            outside =
                LLVMBuildSelect(g->b, g->mask, outside, LLVMConstNull(LLVMTypeOf(outside)), "");
        any = gen_unary_intrinsic(g, "llvm.vector.reduce.or", outside);
    } else if (g->mask) {
        any = LLVMBuildAnd(g->b, outside, gen_any(g), "");
    }
    LLVMBasicBlockRef bad = gen_block(g, "outside"), good = gen_block(g, "inside");
    LLVMBuildCondBr(g->b, any, bad, good);
    gen_at_end(g, bad);
    LLVMValueRef args[] = {LLVMConstInt(g->i32, (unsigned long long)number_of(g, access), 1),
                           LLVMConstInt(g->i32, dim, 0), i.vec ? first_of(g, outside, i.v) : i.v};
    gen_leave(g, gen_runtime_call(g, RTF_oob, g->i32, 3, args));
    gen_at_end(g, good);
}

bool gen_doubts(Gen *g, const Node *access, const Node *const *index)
{
    for (size_t d = 0; d < ir_rank(access->kid[0]); d++)
        if (is_doubted(g, index[d], ir_dim(access->kid[0], d)))
            return true;
    return false;
}

void gen_check(Gen *g, const Node *access, const Node *const *index)
{
    const Node *buffer = access->kid[0];
    for (size_t d = 0; d < ir_rank(buffer); d++)
        if (is_doubted(g, index[d], ir_dim(buffer, d)))
            check_index(g, access, d, gen_expr(g, index[d]), ir_dim(buffer, d));
}
