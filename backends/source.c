/* source.c -- a lowered program becomes text with an entry. */
#include "backends/source.h"

#include <string.h>

#include "core/ir/print.h"

ExecSource source_of(Arena *A, const Node *low, const char *target)
{
    const char *text = ir_text(A, low);
    ExecEntry *entry = arena_alloc(A, sizeof *entry);
    entry->name = low->at.name;
    entry->params = kernel_params(A, low, &entry->nparams);
    return (ExecSource){.module = EMIT_LLVM, .target = target, .text = text, .length = strlen(text),
                        .entries = entry, .nentries = 1};
}

const char *source_view(Arena *A, const Node *low, const char *target, EmitView view, Err *err)
{
    ExecSource source = source_of(A, low, target);
    EmitBlob blob;
    return exec_view(A, &source, view, &blob, err) ? arena_strndup(A, blob.data, blob.bytes) : NULL;
}
