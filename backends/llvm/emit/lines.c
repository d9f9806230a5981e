/* lines.c -- debug locations, and assembly made readable by them. */
#include "backends/llvm/emit/lines.h"

#include <ctype.h>
#include <llvm-c/DebugInfo.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/vec.h"
#include "core/ir/print.h"

typedef struct Place {
    const Node *stmt;
    int line; /* from 1 */
} Place;

struct Lines {
    Arena *A;
    LLVMContextRef ctx;
    LLVMDIBuilderRef builder;
    LLVMMetadataRef file, type, scope;
    VEC(Place) places;
};

static void find_places(Lines *l, const Node *func, const Node *n)
{
    if (ir_is_stmt(n) && n->op != OP_Seq) {
        int first = -1, last = -1;
        ir_text_marked(l->A, func, n, &first, &last);
        if (first >= 0)
            vec_push(l->A, &l->places, ((Place){n, first + 1}));
    }
    for (uint32_t i = 0; i < n->nkids; i++)
        if (ir_is_stmt(n->kid[i]))
            find_places(l, func, n->kid[i]);
}

Lines *lines_open(Arena *A, LLVMContextRef ctx, LLVMModuleRef mod, const Node *func)
{
    Lines *l = arena_alloc(A, sizeof *l);
    l->A = A;
    l->ctx = ctx;
    l->builder = LLVMCreateDIBuilder(mod);
    l->file = LLVMDIBuilderCreateFile(l->builder, "program", 7, "", 0);
    LLVMDIBuilderCreateCompileUnit(l->builder, LLVMDWARFSourceLanguageC99, l->file, "tvmrepl", 7, 0,
                                   "", 0, 0, "", 0, LLVMDWARFEmissionLineTablesOnly, 0, 0, 0, "", 0,
                                   "", 0);
    l->type = LLVMDIBuilderCreateSubroutineType(l->builder, l->file, NULL, 0, LLVMDIFlagZero);
    LLVMAddModuleFlag(mod, LLVMModuleFlagBehaviorWarning, "Debug Info Version", 18,
                      LLVMValueAsMetadata(LLVMConstInt(LLVMInt32TypeInContext(ctx),
                                                       LLVMDebugMetadataVersion(), 0)));
    find_places(l, func, func->kid[Func_body]);
    return l;
}

void lines_function(Lines *l, LLVMBuilderRef b, LLVMValueRef fn)
{
    size_t n = 0;
    const char *name = LLVMGetValueName2(fn, &n);
    l->scope = LLVMDIBuilderCreateFunction(l->builder, l->file, name, n, name, n, l->file, 1,
                                           l->type, 0, 1, 1, LLVMDIFlagZero, 0);
    LLVMSetSubprogram(fn, l->scope);
    LLVMSetCurrentDebugLocation2(b, LLVMDIBuilderCreateDebugLocation(l->ctx, 1, 0, l->scope, NULL));
}

void lines_return(Lines *l, LLVMBuilderRef b, LLVMValueRef fn)
{
    l->scope = LLVMGetSubprogram(fn);
    LLVMSetCurrentDebugLocation2(b, LLVMDIBuilderCreateDebugLocation(l->ctx, 1, 0, l->scope, NULL));
}

LLVMMetadataRef lines_at(Lines *l, LLVMBuilderRef b, const Node *s)
{
    LLVMMetadataRef before = LLVMGetCurrentDebugLocation2(b);
    for (size_t i = 0; i < l->places.n; i++)
        if (l->places.at[i].stmt == s) {
            unsigned line = (unsigned)l->places.at[i].line;
            LLVMSetCurrentDebugLocation2(
                b, LLVMDIBuilderCreateDebugLocation(l->ctx, line, 0, l->scope, NULL));
        }
    return before;
}

void lines_close(Lines *l)
{
    LLVMDIBuilderFinalize(l->builder);
    LLVMDisposeDIBuilder(l->builder);
}

/* ---- assembly for people ---- */

static const char *line_of_text(Arena *A, const char *text, int line)
{
    for (; line > 1 && text; line--)
        text = (text = strchr(text, '\n')) ? text + 1 : NULL;
    return text ? arena_strndup(A, text, strcspn(text, "\n")) : "";
}

/* A label that some instruction names; those of debug information are not. */
static bool is_code_label(const char *at)
{
    return strncmp(at, ".LBB", 4) == 0 || strncmp(at, ".LCPI", 5) == 0 || *at != '.';
}

const char *lines_tidy(Arena *A, const char *assembly, const char *text)
{
    Buf out = buf_new(A);
    int line = 0, shown = 0;
    for (const char *at = assembly, *end; *at; at = *end ? end + 1 : end) {
        end = at + strcspn(at, "\n");
        const char *word = at + strspn(at, " \t");
        bool label = word == at && memchr(at, ':', (size_t)(end - at));
        bool constant = strncmp(word, ".long", 5) == 0 || strncmp(word, ".quad", 5) == 0;
        if (strncmp(word, ".section\t.debug", 15) == 0)
            break;
        if (strncmp(word, ".loc", 4) == 0) {
            const char *number = word + 4 + strspn(word + 4, " \t");
            number += strcspn(number, " \t"); /* the file */
            int n = atoi(number);
            line = n ? n : line;
            continue;
        }
        if (word == end || *word == '#' || (label && !is_code_label(at)) ||
            (!label && *word == '.' && !constant))
            continue;
        if (!label && !constant && line != shown) {
            const char *source = line_of_text(A, text, line);
            buf_printf(&out, "# %4d  %s\n", line, source);
            shown = line;
        }
        const char *comment = memchr(at, '#', (size_t)(end - at));
        size_t n = (size_t)((comment ? comment : end) - at);
        while (n > 0 && isspace((unsigned char)at[n - 1]))
            n--;
        buf_add(&out, at, n);
        buf_putc(&out, '\n');
    }
    return buf_str(&out);
}
