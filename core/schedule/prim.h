/* prim.h -- schedule primitives as rows.
**
** A row says what a primitive is called, what it takes, what it does (with a program before and
** after), and the C function that does it.  From the row come the Lua method, the checks of its
** arguments, help, completion, the trace and its replay, and the random-schedule tester; a new
** primitive is one function and one row of prims.def.
*/
#ifndef CORE_SCHEDULE_PRIM_H
#define CORE_SCHEDULE_PRIM_H

#include "core/base/buf.h"
#include "core/base/vec.h"
#include "core/ir/ir.h"

/* What a caller gives: plain data, the same from Lua, from a trace, and from the tester. */
typedef enum ArgTag { ARG_INT, ARG_STR, ARG_LIST, ARG_OTHER } ArgTag;
typedef struct Arg Arg;
struct Arg {
    ArgTag tag;
    int64_t i;
    const char *s;
    size_t n;
    const Arg *list;
};

static inline Arg given_int(int64_t i)
{
    return (Arg){.tag = ARG_INT, .i = i};
}
static inline Arg given_str(const char *s)
{
    return (Arg){.tag = ARG_STR, .s = s};
}
static inline Arg given_list(size_t n, const Arg *list)
{
    return (Arg){.tag = ARG_LIST, .n = n, .list = list};
}

/* What no step takes; `s` says what it is, for the error. */
static inline Arg given_other(const char *s)
{
    return (Arg){.tag = ARG_OTHER, .s = s};
}

/* What a parameter means; the letters of a row's signature. */
typedef enum ParamKind {
    PARAM_LOOP = 'L',   /* a loop, by name or path */
    PARAM_LOOPS = 'M',  /* several, as a list or as the arguments up to the end */
    PARAM_EACH = 'E',   /* a loop, or a list of several */
    PARAM_BLOCK = 'B',  /* a block, by name */
    PARAM_PLACE = 'P',  /* a loop or a block */
    PARAM_BUFFER = 'T', /* a buffer, by name */
    PARAM_INT = 'I',
    PARAM_FACTORS = 'F', /* an inner factor, or a list of factors with at most one -1 */
    PARAM_NAME = 'N',    /* a string */
    PARAM_NAMES = 'S',   /* the strings that are left */
    PARAM_DIGITS = 'D',  /* the dimensions of a layout, as a list of strings or as what is left */
    PARAM_VALUE = 'V',   /* an integer or a string */
} ParamKind;

enum { PRIM_MAX_PARAMS = 8, PRIM_MAX_ITEMS = 16 };

/* An argument after binding: names have become nodes of the version at hand. */
typedef struct Bound {
    bool given;
    const Node *node; /* For, Block or Buffer */
    size_t n;         /* how many nodes, factors or names */
    const Node *nodes[PRIM_MAX_ITEMS];
    int64_t ints[PRIM_MAX_ITEMS];
    const char *names[PRIM_MAX_ITEMS]; /* new names; for loops, what each was called by */
    int64_t i;
    const char *s;
} Bound;

/* One application of a primitive. */
typedef struct Step {
    Arena *A;         /* where the new program is built */
    const Node *func; /* the program before */
    int number;       /* of this step */
    Bound arg[PRIM_MAX_PARAMS];
    Err *err;
    const char *wrong; /* the argument at which binding failed, where it names something */
    bool trial;        /* only to see whether it is accepted: nobody reads what is advised */
    /* what apply fills in */
    const Node *out; /* the program after */
    Buf said;        /* "y(1024) -> yo(128) yi(8)" */
    size_t nmade;
    const char *made[PRIM_MAX_ITEMS];
    bool reassociates; /* the order of a floating-point reduction changed */
} Step;

typedef struct Prim {
    const char *name;
    /* "L:loop F:factors S?:names", a ? after the letter where it may be left out */
    const char *signature;
    const char *doc;
    bool (*apply)(Step *s);
    bool returns_made; /* the method returns the names of what was made, not the cursor */
} Prim;

extern const Prim prims[];
extern const size_t prim_count;
const Prim *prim_find(const char *name);

/* Reads a row's signature; how many parameters it has. */
typedef struct Param {
    ParamKind kind;
    bool optional;
    char name[24];
} Param;
size_t prim_params(const Prim *p, Param out[PRIM_MAX_PARAMS]);

/* Turns what was given into nodes of s->func and plain values. */
bool prim_bind(Step *s, const Prim *p, size_t nargs, const Arg *args);

/* Would the step be accepted, and change something?  Asked before it is advised. */
bool step_accepted(Arena *A, const Node *func, const char *prim, size_t nargs, const Arg *args);

/* Advises the step, as it is typed, if it would be accepted. */
bool step_advise(Arena *A, const Node *func, Err *err, const char *prim, size_t nargs,
                 const Arg *args);

/* Advises two steps, one after the other, if both would be accepted. */
typedef struct StepCall {
    const char *prim;
    size_t nargs;
    Arg args[2];
} StepCall;
bool steps_advise(Arena *A, const Node *func, Err *err, const StepCall *first,
                  const StepCall *then);

/* Which loop takes the block by compute_at or reverse_compute_at?  The loops around the one who
** decides are tried: the innermost first of those over the axes of `given`, a loop that does not
** take it; for compute_at without one the outermost first, where least is computed again. */
typedef struct MoveSearch {
    const Node *near; /* the first who reads what the block makes, or the last who writes what it
                      ** reads; NULL: nobody does */
    const Node *loop; /* NULL: none was found */
    bool gave_up;     /* there are too many to try them all */
} MoveSearch;
MoveSearch move_search(Step *s, const Node *block, const char *prim, const Node *given);

/* Advises the move to the loop that is found, named in full beside one that was given, and tells
** what it `does`; false if no loop takes the block. */
bool move_advise(Step *s, Err *err, const Node *block, const char *prim, const Node *given,
                 const char *does);

/* Refuses to bring a block to those who read it (to the loop, or into them: NULL), for what it
** computes is a result; advises the way to what it reads, where there is one. */
bool refuse_result(Step *s, const Node *block, const Node *loop);

/* The program after a step, NULL if that is refused. */
const Node *step_result(Arena *A, const Node *func, const StepCall *step);

/* Advises these steps, which are known to be accepted, as they are typed. */
bool steps_fix(Arena *A, Err *err, size_t n, const StepCall *steps);

/* The advice to split the loop, and to take a step with the inner part (and with `axis`, or NULL):
** s:split("y", 8, "yo", "yi"); s:vectorize("yi").  NULL if either step would be refused. */
const char *split_first(Arena *A, const Node *func, const char *loop, int64_t factor,
                        const char *prim, const char *axis);

/* Names to nodes, or an error that lists what there is.  A loop's name alone means the one loop of
** that name; where several nests have it, the one above the block that is named as the Func, its
** main block; "C/yi" means that above block C. */
const Node *find_loop(const Node *func, const char *name, Err *err);
const Node *find_block(const Node *func, const char *name, Err *err);
const Node *find_buffer(const Node *func, const char *name, Err *err);

/* What a layout calls the dimensions of the buffer: as the first block that writes it calls its
** axes there; ax0, ax1 … where it has no axis in that place, or one that an earlier place has. */
void name_dimensions(Arena *A, const Node *func, const Node *buffer, const char **name);

/* The way back.  A path has the block, "conv2/x"; a handle is what a person types: the name of a
** loop of the main block, the path of another's, since a name that was the main block's before some
** step means nothing else after it; a label, for reading, is the path where other nests have a loop
** of that name. */
const char *loop_path(Arena *A, const Node *func, const Node *loop);
const char *loop_handle(Arena *A, const Node *func, const Node *loop);
/* The block that the handle begins with, or NULL. */
const char *loop_handle_block(const Node *func, const Node *loop);
const char *loop_label(Arena *A, const Node *func, const Node *loop);

/* The label, or where that is a path the one by which the step was given the loop: a loop around
** several blocks has a path by each. */
const char *step_label(const Step *s, const Node *func, const Node *loop);

/* The loops of that name in all nests, "conv2/x, pad/x", for an error to list. */
const char *loops_called(Arena *A, const Node *func, const char *name);

/* Where the name alone means a loop of the main block, and another of that name stands around
** eight times as many iterations, or more: that one's path, "C/y"; else NULL. */
const char *heavier_namesake(Arena *A, const Node *func, const char *name);

/* Where the path "P/y" means a loop around P that is another block's, while P has loops over the
** same axis that are not around that, which have other names: these, "y_1" or "y_1o, y_1i"; else NULL. */
const char *own_namesakes(Arena *A, const Node *func, const char *path);

/* The loops around the block, "y, x, k", from the outside in; "" if there is no such block. */
const char *loops_above(Arena *A, const Node *func, const char *block);

/* The names of all loops (paths where a name is not unique), blocks or buffers, for
** completion and errors. */
typedef VEC(const char *) NameList;
void list_loops(Arena *A, const Node *func, NameList *out);
void list_blocks(Arena *A, const Node *func, NameList *out);
void list_buffers(Arena *A, const Node *func, NameList *out);

/* What could be named where an error of that code says that nothing is called so: the loops,
** blocks, buffers, scopes or thread axes; false if it is about no name.  And which of them was
** meant; NULL if none is near. */
bool names_there(Arena *A, const Node *func, ErrCode code, NameList *out);
const char *name_meant(Arena *A, const Node *func, ErrCode code, const char *name);

/* "y, x, k", cut where it is long. */
const char *names_joined(Arena *A, const NameList *names);

/* For apply functions: records what was made, and ends the step. */
void step_made(Step *s, const char *name);
bool step_done(Step *s, const Node *out);

#endif
