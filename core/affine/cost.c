/* cost.c -- counting. */
#include "core/affine/cost.h"

static double expr_flops(const Node *e)
{
    double n = 0;
    for (size_t i = 0; i < e->nkids; i++)
        n += expr_flops(e->kid[i]);
    if (op_info[e->op].cls != CLASS_EXPR || !dtype_is_float(e->type))
        return n;
    switch ((Op)e->op) {
    case OP_Add:
    case OP_Sub:
    case OP_Mul:
    case OP_Div:
    case OP_FloorDiv:
    case OP_FloorMod:
    case OP_Min:
    case OP_Max:
    case OP_Neg:
    case OP_Call: return n + 1;
    case OP_Fma: return n + 2;
    default: return n;
    }
}

static double stmt_flops(const Node *n)
{
    double sum = 0;
    switch ((Op)n->op) {
    case OP_Store: return expr_flops(n->kid[Store_value]);
    case OP_Update:
        return expr_flops(n->kid[Update_value]) + dtype_is_float(n->kid[Update_buffer]->type);
    case OP_For: return (double)ir_const_int(n->kid[For_extent], 0) * stmt_flops(n->kid[For_body]);
    case OP_Block: return stmt_flops(n->kid[Block_body]);
    default:
        for (size_t i = 0; i < n->nkids; i++)
            if (ir_is_stmt(n->kid[i]))
                sum += stmt_flops(n->kid[i]);
        return sum;
    }
}

double func_flops(const Node *func)
{
    return stmt_flops(func->kid[Func_body]);
}

double func_bytes(const Node *func)
{
    double sum = 0;
    for (int k = Func_params; k <= Func_results; k++)
        for (size_t i = 0; i < func->kid[k]->nkids; i++) {
            const Node *b = func->kid[k]->kid[i];
            double n = (double)dtype_bytes(b->type);
            for (size_t d = 0; d < ir_rank(b); d++)
                n *= (double)ir_const_int(b->kid[d], 0);
            sum += n;
        }
    return sum;
}
