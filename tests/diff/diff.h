/* diff.h -- the differential tester: random programs, random schedules, three executions.
**
** A trial is drawn from a string of bytes, so that a failure is a string of bytes too.  It becomes
** a Spec (what the program computes) and a list of Moves (primitives with their arguments); both
** are plain data that the shrinker takes pieces from.  The program as written runs in the reference
** interpreter; the scheduled one, and the one lowered from it, in the checking interpreter, which
** shares no code with passes; and the same compiled without optimisation.  Programs for a GPU's
** threads become PTX now and then, which the machine of tests/ptx runs.  So a failure says who is
** guilty: the step that broke the program, the schedule, the lowering, or a code generator.
*/
#ifndef TESTS_DIFF_DIFF_H
#define TESTS_DIFF_DIFF_H

#include "core/run/tensor.h"
#include "core/schedule/sched.h"

/* ---- choices ---- */

enum { CHOICES = 320 };

/* Bytes that decide a trial; past their end every choice is 0. */
typedef struct Choices {
    uint8_t bytes[CHOICES];
    size_t n, at;
} Choices;

void choices_fill(Choices *c, uint64_t seed, uint64_t trial);
/* 0 … n-1. */
int64_t choose(Choices *c, int64_t n);
bool chance(Choices *c, int percent);

/* ---- programs ---- */

enum {
    MAX_INPUTS = 3,
    MAX_STAGES = 4,
    MAX_TENSORS = MAX_INPUTS + MAX_STAGES,
    POOL = 4,
    MAX_DIMS = 3
};

typedef enum StageKind {
    STAGE_elementwise,
    STAGE_binary,
    STAGE_broadcast,
    STAGE_reduce,
    STAGE_matmul,
    STAGE_window,
    STAGE_pad,
    STAGE_transpose,
    STAGE_reshape,
    STAGE_select,
    STAGE_cast,
    STAGE_convolve,
    STAGE_moved,
    STAGE_gather,
    STAGE_scan,
    STAGE_longer,
    STAGE_COUNT
} StageKind;

typedef enum GuardFrom { GUARD_tensor, GUARD_own, GUARD_cell, GUARD_FROM_COUNT } GuardFrom;

/* A condition that reads memory, under which a stage runs. */
typedef struct Guard {
    bool on;
    GuardFrom from;
    int src;       /* the tensor that decides, or from which a cell is filled */
    int depth;     /* loops around the condition */
    bool where;    /* it stands in the block */
    bool together; /* what the elements are before stands in the same loops */
    bool again;    /* a second statement stands under the same condition */
    int op, than, turn, fill;
} Guard;

typedef struct Stage {
    StageKind kind;
    int src[2];       /* tensors: inputs, then stages */
    int variant, way; /* which of the forms of its kind */
    Combiner combiner;
    DType cast;
    bool result;
    Guard guard;
    bool gone; /* taken out by the shrinker: its tensor is an input now */
} Stage;

/* A program as text; each byte that is 0 makes it plainer. */
enum { WRITTEN_GROUPS = 2, WRITTEN_NESTS = 4 };
typedef struct WrittenNest {
    bool on;
    uint8_t form[17]; /* its loops, and of each of two statements 8 bytes */
} WrittenNest;
typedef struct WrittenGroup {
    uint8_t around, chain;
    WrittenNest nest[WRITTEN_NESTS];
} WrittenGroup;
typedef struct Written {
    bool on, full;
    uint8_t order;
    WrittenGroup group[WRITTEN_GROUPS];
} Written;

/* Extents come from a small pool, so that tensors fit each other and shrink together. */
typedef struct Spec {
    int64_t extent[POOL];
    DType type;
    int ninputs, nstages;
    struct {
        int rank, dim[MAX_DIMS];
    } input[MAX_INPUTS];
    Stage stage[MAX_STAGES];
    bool exact;    /* inputs are small integers: sums have one value in any order */
    bool specials; /* NaN, infinities and -0 among the inputs */
    bool wide;     /* integers of the type's whole range */
    /* If not 0: some elements of the last stage are written again, under a condition
    ** with // and % */
    int jagged;
    /* If not 0: they are written again where an index is in range only after it has wrapped */
    int wrapped;
    /* If not 0: there is a result more, of which nobody tells what is written */
    int scattered;
    uint64_t seed;   /* of the inputs' elements */
    Written written; /* if on, the program is this alone */
} Spec;

void spec_draw(Spec *s, Choices *c);
/* `func` with a nest more, if s->jagged: its last result's first axis decides, as in
** y + y//3%2*5 < n; and with another, if s->wrapped. */
const Node *jagged(Arena *A, const Spec *s, const Node *func);
/* `func` with a result X, of which a nest more writes some elements, if s->scattered. */
const Node *scatter(Arena *A, const Spec *s, const Node *func);

/* Makes it a program that is written as text. */
void written_draw(Spec *s, Choices *c);
const Node *written_func(Arena *A, const Spec *s, Err *err);
/* The elements of an input by which such a program places what it stores. */
Tensor *written_index(const Spec *s, uint64_t seed, Err *err);

typedef struct Program {
    const Node *func;
    /* The same with |x| summed instead of x; NULL where every order gives one value */
    const Node *magnitude;
    int64_t terms; /* summed for one element of it */
} Program;

/* False, with the reason, if te refuses the program: a mistake of the generator. */
bool spec_build(Arena *A, const Spec *s, Program *out, Err *err);

void guard_draw(Guard *g, Choices *c, int ntensors);
/* `func` with the stage of that name under the condition; `rounds`: the order in
** which it sums is seen. */
const Node *guard_stage(Arena *A, const Node *func, const char *name, const Guard *g,
                        const Node *from, bool rounds);

/* Inputs and results of the Func, as dense tensors. */
typedef struct Data {
    size_t nin, n;
    Tensor *at[MAX_TENSORS * 2];
} Data;

bool data_make(const Spec *s, const Node *func, Data *out, Err *err);
void data_free(Data *d);
/* The same inputs, and results that hold nothing sensible. */
bool data_again(const Data *d, Data *out, Err *err);
/* The inputs as Lua. */
void data_lua(Buf *out, const Spec *s, const Node *func, const Data *d);

/* ---- schedules ---- */

enum { MAX_MOVES = 8 };

typedef struct Move {
    const Prim *prim;
    size_t nargs;
    Arg args[12];
} Move;

/* A primitive and arguments for the program at hand, plausible or wild. */
void move_draw(Arena *A, Choices *c, const Node *func, Move *out);
/* The i-th of three steps after which a guard fails, holds and fails again along one loop: an axis
** is split into three or four, its parts change places and become one. */
void move_to_sawtooth(Arena *A, Choices *c, const Node *func, int i, Move *out);
/* The i-th of four steps after which neighbouring lanes are elements far apart, most of them beyond
** the end: an axis is split, and its outer part again, whose inner part is run in lanes. */
void move_to_strides(Arena *A, Choices *c, const Node *func, int i, Move *out);
/* The i-th of five steps after which a loop of a sum runs around unrolled or vectorized loops of
** its elements and nothing else: its zeros are written before, it changes places with one or two
** of them, or with a part of one. */
void move_to_registers(Arena *A, Choices *c, const Node *func, int i, Move *out);
/* The i-th of the steps that make a GPU program of it: one block at another's loop, memory of a
** block of threads, and then a loop of every nest for these. */
void move_to_threads(Arena *A, Choices *c, const Node *func, int i, Move *out);
/* The same where the nests stay apart: memory of a block's or a thread's own between them, and
** loops that are all on threads or all on blocks of them. */
void move_to_threads_apart(Arena *A, Choices *c, const Node *func, int i, Move *out);
/* The i-th of the steps that run the innermost loop of every nest in lanes. */
void move_to_lanes(Arena *A, Choices *c, const Node *func, int i, Move *out);

/* ---- trials ---- */

typedef enum Guilty {
    GUILTY_none,
    GUILTY_generator,
    GUILTY_reference,
    GUILTY_step,
    GUILTY_schedule,
    GUILTY_lowering,
    GUILTY_codegen,
    GUILTY_ptx,
    GUILTY_COUNT
} Guilty;
extern const char *const guilty_name[GUILTY_COUNT];

typedef struct Verdict {
    Guilty guilty;
    char why[1200];
} Verdict;

typedef struct Trial {
    Spec spec;
    bool optimised; /* compiled as in daily life, not with -O0 */
    bool ptx;       /* and for a GPU, if it runs there */
    size_t nmoves;
    Move moves[MAX_MOVES];
    bool refused[MAX_MOVES]; /* of the moves, when they were made last */
} Trial;

typedef struct Counts {
    long trials, accepted, refused, jitted, reassociated;
    long threaded;        /* GPU programs that were whole and ran by threads */
    long ptx;             /* of these, compiled for a GPU and run as PTX */
    long cut_off;         /* no verdict on the results: too many iterations, even when lowered */
    long per_prim[64][2]; /* refused, accepted */
} Counts;

/* A trial from its bytes; moves are drawn while they are made, and kept in A. */
bool trial_draw(Arena *A, Choices *c, Trial *out, bool jit, Counts *counts, Verdict *v);
/* The same trial from its data.  True if nothing is wrong. */
bool trial_run(Trial *t, bool jit, Counts *counts, Verdict *v);

/* The executions of a program and of what the steps made of it; compiled for `target`, unless that
** is NULL; as PTX, too. */
bool execute(const Spec *spec, const Program *p, const Node *scheduled, bool reassociated,
             const char *target, bool ptx, Counts *counts, Verdict *v);

/* The smallest trial that fails by the same guilty part. */
void trial_shrink(Trial *t, Verdict *v, bool jit);
/* A script that shows it. */
const char *trial_lua(Arena *A, const Trial *t, const Verdict *v);

/* The target for which a program becomes PTX: "cuda -arch=sm_80". */
const char *gpu_target(const Spec *spec);
/* Has ptxas assemble what became PTX. */
extern bool assemble_ptx;

bool blame(Verdict *v, Guilty g, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
