/* build.h -- a random program in the making, shared by what makes its stages and their formulas. */
#ifndef TESTS_DIFF_BUILD_H
#define TESTS_DIFF_BUILD_H

#include "core/ir/rewrite.h"
#include "core/te/te.h"
#include "tests/diff/diff.h"

/* About as many times at most does a stage compute an element or a term of one. */
enum { MAX_ITERATIONS = 20000 };

typedef struct Tens {
    const Node *buffer;
    DType type;
    int rank;
    int64_t dim[MAX_DIMS];
    double bound; /* |element| is at most this, in an exact program */
} Tens;

typedef struct Build {
    Arena *A;
    Te *te;
    const Spec *spec;
    bool magnitude; /* |x| in the last reduction */
    int64_t terms;  /* of a sum whose order matters */
    int ntensors;
    Tens tensor[MAX_TENSORS];
    /* Of the stage at hand: */
    const Stage *stage;
    bool last;
    const char *name;
    Tens out;
    const Node *axis[MAX_DIMS];
    /* Of scans: inputs that stand for what their stage has made so far. */
    int nscans;
    Subst scan[MAX_STAGES];
} Build;

/* Makes the stage at hand, and tells in b->out what came of it. */
extern const Node *(*const stage_maker[STAGE_COUNT])(Build *b);

/* ---- formulas; `bound` is what |x| is at most, before and after ---- */

/* Up to here every whole number is a float of the type. */
double whole_limit(DType t);
/* Keeps the values of an exact program so small that no operation on them rounds. */
const Node *within(Build *b, const Node *e, double *bound, double most);
/* `e` in another type, small enough to stay exact there. */
const Node *to_type(Build *b, const Node *e, DType t, double *bound);
/* A number of the type of the stage's elements. */
const Node *num(Build *b, double v);
/* x op y in the elements' type; of truth values, what comes nearest. */
const Node *arith(Build *b, Op op, const Node *x, const Node *y);
/* f(x), and f(x, y), by the variant. */
const Node *unary(Build *b, const Node *x, double *bound);
const Node *binary(Build *b, const Node *x, const Node *y, double *bound, double ybound);

#endif
