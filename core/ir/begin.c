/* begin.c -- the line that begins a reduction, in the words of the text form. */
#include "core/ir/begin.h"

#include <string.h>

#include "core/ir/print.h"

static bool has_reduce_axis(const Node *block)
{
    const Node *iters = block->kid[Block_iters];
    for (size_t i = 0; i < iters->nkids; i++)
        if (iters->kid[i]->at.i == ITER_reduce)
            return true;
    return false;
}

void ir_fix_unbegun(Arena *A, const Node *stmt, const Node *block, Err *err)
{
    if (stmt->op != OP_Update || (block && block->kid[Block_init]->op != OP_Nop))
        return;
    const Node *buffer = stmt->kid[Update_buffer];
    const Node *first = ir_identity(A, (Combiner)stmt->at.i, (DType)buffer->type);
    const char *line =
        ir_text(A, ir_store(A, buffer, ir_rank(buffer), stmt->kid + Update_index, first));
    int len = (int)strcspn(line, "\n");
    if (block && has_reduce_axis(block))
        err_fix(err, "write init: %.*s as the first line of block %s", len, line,
                ir_block_name(block));
    else if (!block)
        err_fix(err, "write %.*s before the loops that go on with it", len, line);
}
