/* mathfn.h -- mathematical functions as expressions.
**
** Each function is a text in math.def over Fma, select, reinterpret and the calls of
** calls.def, parsed once. Interpreters and backends expand a Call to it, so that
** every one of them gives the same bits.
*/
#ifndef CORE_IR_MATHFN_H
#define CORE_IR_MATHFN_H

#include "core/ir/ir.h"

typedef struct MathFn {
    const char *name;
    DType type;
    int nargs;
    double ulp; /* the largest error in units of the last place of the exact result */
    const char *doc;
    const char *text; /* the body over x (and y) */
} MathFn;

/* A function of calls.def, which every backend computes itself. */
typedef enum CallDomain { DOM_FLOAT, DOM_SIGNED, DOM_TEST, DOM_BITS } CallDomain;
typedef struct CallRow {
    const char *name;
    uint32_t args;
    CallDomain domain;
} CallRow;

const CallRow *call_find(const char *name); /* or NULL */

extern const MathFn math_fns[];
extern const size_t math_fn_count;

/* The row for a function on values of type t, or NULL. */
const MathFn *math_find(const char *name, DType t);

/* Is it a function of floats alone, of math.def or of calls.def? */
bool math_takes_floats(const char *name);

/* The expression that computes the Call `n`, without calls of math.def inside; NULL if the function
** is not known for its type. */
const Node *math_expand(Arena *A, const Node *n, Err *err);

/* The same for every such Call in n. */
const Node *math_expand_all(Arena *A, const Node *n, Err *err);

#endif
