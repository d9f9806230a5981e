/* check_impl.h -- the parts of the checking interpreter.
**
** check_expr.c evaluates, check_mem.c looks after memory and its records, check_build.c resolves
** statements and starts runs, check.c runs them.
**
** Every access has a time.  Iterations run one after another, so an earlier access belongs to
** another iteration of the same instance of a loop exactly if it lies between the loop's start and
** the present iteration's: no history is kept.  Threads of a block take turns, so records also name
** the thread, and count only since the last barrier.  For the message, the program is run again up
** to the earlier access, whose loop values are then read off.
*/
#ifndef CORE_IR_CHECK_IMPL_H
#define CORE_IR_CHECK_IMPL_H

#include "core/ir/check.h"
#include "core/ir/gpu.h"
#include "core/ir/node_map.h"

enum { CHECK_LEVELS = 8, NO_THREAD = -1, MANY_THREADS = -2 };

/* What is known of one element. */
typedef struct Record {
    uint32_t written, read; /* times of the last; 0: never */
    /* The last read before the present iteration of each level began */
    uint32_t before[CHECK_LEVELS];
    int32_t writer, reader; /* threads; reader may be MANY_THREADS */
    uint32_t home;          /* the place in the grid of the thread block that wrote */
    bool defined;
} Record;

/* One copy of a buffer: every thread has its own of a local one. */
typedef struct Copy {
    char *data;
    Record *records;
    size_t capacity; /* elements there is room for */
    bool outside;    /* the data are the caller's */
    bool given;      /* all elements are defined, and the records need not say so */
    uint64_t block;  /* the thread block that it belongs to */
    int64_t min[IR_MAX_RANK], extent[IR_MAX_RANK];
} Copy;

typedef struct Memory {
    const Node *buffer;
    bool windowed;
    bool per_thread; /* copies[thread] instead of copies[0] */
    Copy *copies;
    size_t ncopies;
} Memory;

/* An expression, resolved: variables have cells, buffers their Memory. */
typedef struct Code Code;
struct Code {
    const Node *node;
    Scalar *cell;   /* Var, Let */
    Memory *memory; /* Load */
    Scalar literal;
    int call; /* row of calls.def */
    size_t n;
    const Code *kid[]; /* of a Load, the indices */
};

typedef struct Axis {
    Scalar *cell;
    const Code *value;
    bool reduce;
} Axis;

/* A statement, resolved. */
typedef struct Step Step;
struct Step {
    const Node *node;
    const Step *up; /* the loop or block around */
    bool together;  /* has a barrier or a bound loop */
    bool overlaps;  /* a loop whose iterations may overlap */
    bool copies;    /* a Store of a Load and nothing else */
    Scalar *cell;   /* For: its variable */
    /* For: extent; If: condition; Block: where; Store: value; Update: fma's factors */
    const Code *x, *y;
    Memory *memory;
    const Code **index; /* Store, Update: the indices; Alloc: where its window begins */
    size_t n;           /* of kids; of Store and Update: of indices */
    Axis *axes;
    size_t naxes;
    const Step *kid[];
};

/* A loop whose iterations may overlap, while it runs. */
typedef struct Level {
    const Step *loop;
    uint32_t start; /* of this instance */
    uint32_t begin; /* of the present iteration */
} Level;

/* The other access of a conflict, to be found in a second run. */
typedef struct Wanted {
    bool writes; /* or reads */
    const Node *buffer;
    size_t copy, element;
    uint32_t from, until; /* times: from <= t < until */
    int32_t not_thread;   /* made by any other thread */
    char loops[160];      /* found: its loop values; else empty */
} Wanted;

typedef struct Checker {
    Arena *A;       /* for the whole run */
    Arena *scratch; /* for a thread block */
    Err *err;
    const CheckOptions *options;
    bool failed;
    int64_t iterations_left;
    size_t bytes_left;
    int look; /* iterations until the next poll */
    uint32_t now;
    Level levels[CHECK_LEVELS + 1];
    size_t nlevels;
    const Step *loop;  /* the innermost loop that runs */
    const Step *block; /* the block that runs */

    /* the kernel that runs */
    bool in_kernel;
    GpuShape shape;
    int32_t threads;           /* in a block */
    int32_t thread;            /* that runs, or NO_THREAD */
    uint32_t epoch;            /* the time of the last barrier */
    uint64_t thread_block;     /* counts the blocks that have run */
    uint32_t home;             /* the place in the grid of the one that runs */
    int64_t at[GPU_AXES];      /* where the iteration stands along each axis */
    unsigned axes, axes_bound; /* bound axes of the kernel, and around the present statement */

    bool copying;        /* the next access reads for a copy: what is unwritten may be copied */
    bool copied_nothing; /* and it was unwritten: so is what is written next */

    Wanted conflict; /* what to look for after a failure; buffer is NULL if there is nothing */
    bool writes;     /* what the access that failed does, */
    char loops[160]; /* and its loop values */
    Wanted *wanted;  /* in the second run: what to look for */

    NodeMap map; /* cells of Vars, memory of Buffers, code of expressions */
} Checker;

/* ---- check_expr.c ---- */
Scalar *check_cell(Checker *c, const Node *var);
const Code *check_compile(Checker *c, const Node *n);
Scalar check_value(Checker *c, const Code *e);
Scalar check_fma(DType t, Scalar a, Scalar b, Scalar s);

/* ---- check_mem.c ---- */
Memory *check_memory(Checker *c, const Node *buffer);
/* Makes `copy` hold a buffer of those extents, with fresh records unless `reuse` and it fits. */
bool check_room(Checker *c, const Node *buffer, Copy *copy, bool reuse);
/* The element's address after all checks, or NULL. */
void *check_access(Checker *c, Memory *m, const Node *node, size_t n, const Code *const *index,
                   bool reads, bool writes);
/* Is every element of the results written? */
bool check_complete(Checker *c, const Memory *m);

/* ---- check_build.c ---- */
const Step *check_build(Checker *c, const Step *up, const Node *n);

/* ---- check.c ---- */
void check_step(Checker *c, const Step *s);
/* "y=1, x=0" for the loops that run. */
void check_loops(const Checker *c, char *out, size_t size);
const char *check_place(const Checker *c);
const char *check_loop_name(const Step *loop);

#endif
