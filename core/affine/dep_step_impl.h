/* dep_step_impl.h -- what the parts of the comparison of two programs share.
**
**      dep_step.c       which programs can be compared, and the answer
**      dep_sources.c    what each instance reads, through copies, and who has written it
**      dep_in_time.c    whether that is written by the time it is read, once
*/
#ifndef CORE_AFFINE_DEP_STEP_IMPL_H
#define CORE_AFFINE_DEP_STEP_IMPL_H

#include "core/affine/dep.h"
#include "core/affine/model.h"

typedef struct Check {
    Model *m, *other;
    Arena *A;
    bool failed;        /* isl gave no answer */
    const char *untold; /* why what is wrong may be no more than that reads are taken for wider */
    Err *err;
} Check;

extern const char
    step_wider[]; /* a read is of more than what it needs, as its index is not affine */

/* The answer, if isl gave one. */
bool step_yes(Check *c, isl_bool b);

/* The statement of that name, over so many axes; NULL if there is none. */
const Stmt *step_stmt(const Model *m, const char *name, size_t naxes);

/* Has the other program this statement, too?  Not if the one of that name stores another value:
** where P = A*2; Q = P + B has become one by reverse_compute_inline, that one is called P. */
bool step_is_common(const Check *c, const Stmt *s);

/* "C(y=0, x=0, k=1)", from the coordinates that begin at `at`. */
const char *step_instance(Arena *A, const Stmt *s, isl_point *p, size_t at);

/* Has what both compute the same sources in both, and do both compute the results?  If certainly
** not, err says where. */
bool step_same_sources(Check *before, Check *after);

/* Is all that is read in time, and made once?  If certainly not, err (if there is one) says what is
** not. */
bool step_order_holds(Check *c);

#endif
