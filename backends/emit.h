/* emit.h -- what a heavy module (tvmrepl-llvm.so) offers the worker process that opens it.
**
** The worker is this program started as `tvmrepl --worker`.  It receives programs as text, asks the
** module to compile them, and answers with addresses in the code window: shared memory that the
** worker maps read-write and the runner, at the same address, read-execute.  The module writes
** finished code there and nowhere else; it never runs it.
**
** A module exports exactly one symbol, EMIT_SYMBOL, of type EmitOpenFn.  Nothing here includes a
** header of LLVM, and nothing of LLVM is mapped before the first compilation is asked for.
*/
#ifndef BACKENDS_EMIT_H
#define BACKENDS_EMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/err.h"

enum { EMIT_VERSION = 1 };
#define EMIT_SYMBOL "tvmrepl_emit_open"
/* The module that makes code for CPUs and GPUs; a file beside the program */
#define EMIT_LLVM "tvmrepl-llvm"

/* What the worker offers the module, for the whole life of the process. */
typedef struct EmitHost {
    void *ctx;

    /* `bytes` bytes of the code window for the compilation that is going on; NULL when the window
    ** is full.  They are given back by the worker when the session forgets the kernel, or at once
    ** when the compilation fails. */
    void *(*take)(void *ctx, size_t bytes, size_t align);

    /* Where generated code finds a function of the runner ("memcpy", "memset",
    ** "memmove", "fmaf", "fma", "sqrtf", …): an address in the runner's process, or 0
    ** if it offers none by that name. */
    uint64_t (*symbol)(void *ctx, const char *name);
} EmitHost;

/* What may be looked at, one bit each, for EmitRequest.views. */
typedef enum EmitView {
    EMIT_CODE, /* executable code in the window */
    EMIT_IR,   /* LLVM IR after passes, text */
    EMIT_ASM,  /* target assembly, text */
    EMIT_OBJ,  /* an object file */
    EMIT_PTX,  /* PTX, for `cuda` targets */
    EMIT_VIEWS
} EmitView;

typedef struct EmitRequest {
    const char *target; /* as the user wrote it: "llvm -mcpu=skylake-avx512 -O0" */
    const char *text;   /* the program's text form, `length` bytes and a closing zero */
    size_t length;
    const char *const *entries; /* names of the Funcs to be called from outside; NULL: all */
    int nentries;
    uint32_t views; /* 1u << EMIT_CODE | … */
} EmitRequest;

typedef struct EmitEntry {
    const char *name;
    uint64_t address; /* in the window; 0 unless EMIT_CODE was asked for */
    uint64_t bytes;   /* of its code, for disassembly; 0 if not known */
} EmitEntry;

typedef struct EmitBlob {
    const char *data; /* NULL: this view was not asked for */
    size_t bytes;
} EmitBlob;

/* One line of code: instructions from `address` on come from line `line` of the text. */
typedef struct EmitLine {
    uint64_t address;
    uint32_t line;
} EmitLine;

typedef struct EmitResult {
    EmitEntry *entries;
    int nentries;
    EmitBlob view[EMIT_VIEWS]; /* [EMIT_CODE] stays empty */
    EmitLine *lines;           /* ascending; may be none */
    int nlines;
    double parse_ms, build_ms, opt_ms, codegen_ms, link_ms;
} EmitResult;

typedef struct Emit {
    int version; /* EMIT_VERSION */
    const char *name;

    /* Compiles; everything in *out lives in A.  On failure fills *err and returns false. */
    bool (*compile)(Arena *A, const EmitRequest *ask, EmitResult *out, Err *err);
} Emit;

/* Called once.  The result lives until the process ends; NULL with *err where it cannot work. */
typedef const Emit *EmitOpenFn(const EmitHost *host, Err *err);

#endif
