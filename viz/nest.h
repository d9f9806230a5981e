/* nest.h -- a Func as rows: what every view of a loop nest is drawn from.
**
** The rows stand in program order, so the tree is read by `depth`; text trees, diffs and pictures
** differ only in how they draw a row.  Nodes of the program stay reachable, so a view can always go
** back.
**
**      row 0  func   matmul
**      row 1  loop     yo       128  parallel
**      row 2  loop       xo      32
**      row 3  alloc        C.local
**      row 4  loop         k    1024
**      row 5  block          C        C.local[y, x] += A[k, y] * B[k, x]
*/
#ifndef VIZ_NEST_H
#define VIZ_NEST_H

#include "core/ir/ir.h"

typedef enum RowKind {
    ROW_func,
    ROW_loop,
    ROW_alloc,
    ROW_block,
    ROW_if,
    ROW_else,
    ROW_stmt
} RowKind;

typedef struct NestRow {
    RowKind kind;
    int depth;        /* 0 for the Func itself */
    int parent;       /* a row before this one; -1 for the Func */
    bool last;        /* the last child of its parent */
    const Node *node; /* the Func, For, Alloc, Block, If or statement */
    /* Of the Func, loop, buffer or block; of other rows a word: "if", "barrier" */
    const char *name;
    const char *extent; /* of a loop: "128", "n" */
    int64_t count;      /* of a loop: its constant extent; else -1 */
    /* Of a block or statement what it computes, of an If its condition, else "" */
    const char *text;
    const char *note; /* what else the program says: init, where, annotations; or "" */
    int64_t bytes;    /* of an alloc: memory behind its window, -1 if not constant */
} NestRow;

typedef struct Nest {
    const Node *func;
    size_t n;
    NestRow *row;
} Nest;

/* The rows of a Func or statement; they live in A. */
Nest nest_of(Arena *A, const Node *root);

/* Where a loop, block or buffer comes from, "of y, step 2", of a fused one "of y x,
** step 2"; "" for one that is as first written. */
const char *nest_origin(Arena *A, const NestRow *r);

/* All there is to know about a row, in a line: "xi in vectorized(32); of x, step 2". */
const char *nest_tooltip(Arena *A, const NestRow *r);

/* The first block among the rows below row i (or row i itself); NULL if there is none. */
const char *nest_block_below(const Nest *nest, size_t i);

/* What a buffer holds, "float32[8, 32]", and its memory (-1 if not constant): by the window of its
** allocation, or of the whole buffer if `alloc` is NULL. */
const char *nest_buffer_shape(Arena *A, const Node *buffer, const Node *alloc);
int64_t nest_buffer_bytes(const Node *buffer, const Node *alloc);

/* What the Func takes and gives: "(A: float32[8, 8]) -> C: float32[8, 8]". */
const char *nest_signature(Arena *A, const Node *func);

/* The buffers that a statement reads or writes, each once, in order of appearance; init counts. */
typedef struct BufferUse {
    const Node *buffer;
    bool read, written;
} BufferUse;
size_t nest_uses(Arena *A, const Node *stmt, BufferUse **out);

#endif
