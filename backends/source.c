/* source.c -- a lowered program becomes text with an entry. */
#include "backends/source.h"

#include <math.h>
#include <string.h>

#include "core/ir/print.h"

enum { UNROLL_MOST = 1 << 14, LANES = 16 }; /* statements of straight code, lanes of a vector */

/* How many statements n becomes; *loop is an unrolled one around which they are too many. */
static double written(const Node *n, const Node **loop)
{
    double sum = n->op == OP_Store || n->op == OP_Update || n->op == OP_If;
    for (size_t i = 0; i < n->nkids; i++)
        if (ir_is_stmt(n->kid[i]))
            sum += written(n->kid[i], loop);
    if (n->op != OP_For)
        return sum;
    double extent = (double)ir_const_int(n->kid[For_extent], 1);
    if (ir_for_kind(n) == FOR_vectorized)
        sum *= ceil(extent / LANES);
    if (ir_for_kind(n) == FOR_unrolled)
        sum *= extent;
    if (ir_for_kind(n) == FOR_unrolled && sum > UNROLL_MOST)
        *loop = n;
    return sum;
}

bool source_of(Arena *A, const Node *low, const char *target, ExecSource *out, Err *err)
{
    const Node *loop = NULL;
    double statements = written(low->kid[Func_body], &loop);
    if (loop) {
        const char *name = ir_var_name(loop->kid[For_var]);
        return REFUSE(err, unrolled_too_long, NULL, name, statements, UNROLL_MOST, name);
    }
    const char *text = ir_text(A, low);
    ExecEntry *entry = arena_alloc(A, sizeof *entry);
    entry->name = low->at.name;
    entry->params = kernel_params(A, low, &entry->nparams);
    *out = (ExecSource){.module = EMIT_LLVM,
                        .target = target,
                        .text = text,
                        .length = strlen(text),
                        .entries = entry,
                        .nentries = 1};
    return true;
}

const char *source_view(Arena *A, const Node *low, const char *target, EmitView view, Err *err)
{
    ExecSource source;
    EmitBlob blob;
    return source_of(A, low, target, &source, err) && exec_view(A, &source, view, &blob, err)
               ? arena_strndup(A, blob.data, blob.bytes)
               : NULL;
}
