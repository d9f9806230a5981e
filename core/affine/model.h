/* model.h -- a program as sets and relations of integers, for isl.  For dep.c and model*.c.
**
** The integers of isl have no end, those of a program wrap: arithmetic that may wrap, by the ranges
** of the loops and axes in it, is not affine here.
**
** Every Store and Update is a statement; in a model by loops, also what reads memory before it
** decides what runs: an If, the extent of a For, the axes and the guard of a Block.  A statement's
** instances are named by the axes of the block around it and the loops inside that block; the init
** of a block is a statement of its own, "C.init", over the spatial axes.  What is not affine is
** taken as "any element", and said to be wider than what is touched.  Where it decides whether
** something runs, this is taken to run, and said to do so maybe.  A model by instances is unusable
** then, and where an index that is not affine is written to.
*/
#ifndef CORE_AFFINE_MODEL_H
#define CORE_AFFINE_MODEL_H

#include <isl/ctx.h>
#include <isl/map.h>
#include <isl/point.h>
#include <isl/set.h>
#include <isl/space.h>
#include <isl/union_map.h>
#include <isl/union_set.h>

#include "core/base/buf.h"
#include "core/ir/linear.h"

enum { MODEL_LOOPS = 48, MODEL_DIMS = 32 };

/* What is read stands in the index of a load from this buffer, and of those above. */
typedef struct Chosen {
    const Node *buffer;
    const struct Chosen *above;
} Chosen;

typedef struct Access {
    const Node *buffer;
    isl_map *of;           /* instance -> element; NULL in a model by loops */
    isl_map *by_loops;     /* values of the loops -> element */
    bool wider;            /* more than is touched: an index, or what decides, is not affine */
    const Chosen *chooses; /* NULL: its value is used as it is */
} Access;

typedef struct Stmt {
    const Node *node; /* the Store or Update, or what decides */
    bool maybe;       /* whether it runs where `runs` says depends on data */
    const char *name;
    const Node *block;            /* NULL outside every block */
    const Node *axis[MODEL_DIMS]; /* what counts instances */
    size_t naxes;
    const Node *loop[MODEL_LOOPS]; /* the Vars of the loops around, outermost first */
    ForKind kind[MODEL_LOOPS];
    size_t nloops;
    size_t number; /* statements count in the order of the text */
    isl_set *runs; /* values of the loops for which it runs */
    isl_map *when; /* instance -> values of the loops */
    isl_set *instances;
    bool update;      /* not a Store */
    int64_t combiner; /* of an update */
    Access write;     /* of what decides the buffer is NULL */
    Access *read;     /* those of the indices of the write come first, of a copy the value last */
    size_t nreads, cap;
} Stmt;

/* A buffer that is not there all the time: a different one for all values of the
** loops around its alloc. */
typedef struct Scoped {
    const Node *buffer;
    size_t nloops;
} Scoped;

typedef struct Model {
    Arena *A; /* owns all isl objects of the model */
    isl_ctx *ctx;
    const Node *func;
    Stmt **stmt;
    size_t nstmts, cap;
    Scoped *scoped;
    size_t nscoped, scoped_cap;
    const char *unknown; /* why nothing can be said, or NULL */
} Model;

/* Why an answer is not known. */
extern const char not_affine_store[], over_limit[];

/* The context of this thread; at most `operations` from now on (0: no limit). */
isl_ctx *model_ctx(unsigned long operations);

/* Should no further question be put to isl?  Either the session was asked to stop (cancel.h), or
** this thread has worked far longer since model_ctx than so many operations take: where divisors
** have nothing in common, one of them takes 20 us and more.  Of four stores behind ten such
** quotients s:parallel gives up after 14 seconds, where the answer takes 23. */
bool model_must_stop(void);

/* `under`: only the statements in the loop with this Var; NULL: all.  Statements are counted by
** axes, too, if `instances`. */
Model *model_of(Arena *A, isl_ctx *ctx, const Node *func, const Node *under, bool instances);

/* A model by loops of what writes the buffer, and of nothing else: other statements, affine or not,
** leave it as it is. */
Model *model_of_writes(Arena *A, isl_ctx *ctx, const Node *func, const Node *under,
                       const Node *buffer);

/* The number of loops around the alloc of a buffer; 0 for parameters. */
size_t model_scope(const Model *m, const Node *buffer);

/* The number of loops around both. */
size_t model_common(const Stmt *s, const Stmt *t);

/* ---- examples, for what is shown to a user ---- */

/* The lexicographically first point of the set, which it takes, or of the pairs; NULL if there is
** none. */
isl_point *model_first(isl_set *set);
isl_point *model_first_pair(isl_map *pairs);

/* A coordinate of a point, which fits 64 bits as loops and indices do. */
int64_t model_coordinate(isl_point *p, size_t i);

/* The relation, which it takes, for one input: the n coordinates of p from `from` on. */
isl_map *model_at(isl_map *m, isl_point *p, size_t from, size_t n);

/* The most quotients (i//4 or i%4) in a piece of the set.  What is computed with many of them takes
** far longer than the operations that isl counts. */
int model_quotients(isl_set *set);

/* All elements of the buffer: { [i, j] : 0 <= i < 8 and 0 <= j < 4 } of float32[8, 4]. */
isl_set *model_elements(isl_ctx *ctx, const Node *buffer);

/* "B[3, 4]" */
void model_put_element(Buf *b, const Node *buffer, isl_point *element);

/* ---- expressions (model_expr.c) ---- */

typedef struct Bind {
    const Node *var;
    isl_pw_aff *value; /* NULL: not affine */
} Bind;

enum { AFF_VARS = MODEL_LOOPS + 2 * MODEL_DIMS };

/* Values of variables as functions over one space of integers. */
typedef struct AffEnv {
    isl_ctx *ctx;
    isl_space *space;
    Bind bind[AFF_VARS];
    VarRange range[AFF_VARS]; /* of the same variables */
    size_t n;
    bool not_affine; /* something met was not */
} AffEnv;

void aff_begin(AffEnv *e, isl_ctx *ctx, unsigned dims);
void aff_end(AffEnv *e);
/* `in`: where the values of the variable lie, be they affine or not. */
void aff_bind_dim(AffEnv *e, const Node *var, int dim, Interval in);
void aff_bind_loop(AffEnv *e, const Node *loop, int dim);
void aff_bind(AffEnv *e, const Node *var, isl_pw_aff *value, Interval in);

/* Where the values of an integer expression lie, which may wrap. */
Interval aff_interval(const AffEnv *e, const Node *n);

/* The expression as a function; NULL, and e->not_affine, if it is not affine. */
isl_pw_aff *aff_of(AffEnv *e, const Node *n);
/* Takes the set and hands it back, if one can put it together with others in a moment, whatever isl
** counts as an operation; one of more pieces, or of more quotients in a piece, it frees: NULL, and
** e->not_affine. */
isl_set *aff_if_few(AffEnv *e, isl_set *set);
/* Where the condition has the value `truth`; NULL if it is not affine. */
isl_set *aff_where(AffEnv *e, const Node *cond, bool truth);

/* The relation from the space to the elements of the buffer at these indices, within its bounds; an
** index that is not affine may be any. */
isl_map *aff_access(AffEnv *e, const Node *buffer, const Node *const *index, isl_set *domain);

#endif
