/* legal.h -- the one question that every step asks: is every dependence kept?
**
** Two touches of one element depend on each other if one of them writes; two updates by one
** combiner may change places, which for floating-point sums is said.  A step keeps the meaning if
** any two that depend stand in the same order before and after it, if no two depend that come to
** run at the same time, and if memory that was an iteration's own is not overwritten by others
** where it has come to be shared.
**
** The answer is looked for where it is cheap, and is never a guess:
**   1. bounds on distances (core/affine/distance.h) prove most legal steps legal: microseconds;
**   2. a search over a few iterations (core/affine/witness.h) proves most illegal ones illegal, and
**      shows two iterations;
**   3. integer sets (core/affine/dep.h) decide the rest, in a number of operations
**      that is bounded.
** Where they come to no answer, the step is refused, and the refusal says that it
** could not be told.
*/
#ifndef CORE_SCHEDULE_LEGAL_H
#define CORE_SCHEDULE_LEGAL_H

#include "core/affine/dep.h"
#include "core/ir/ir.h"

/* May the iterations of this loop of func run at the same time (parallel, vectorized, bound)? */
bool legal_concurrent(const Node *func, const Node *loop, Err *err);

/* The same of all loops of a program that was written so, whose iterations run at the same time:
** DEP_BROKEN shows two that surely get into each other's way (iterations_conflict,
** threads_conflict); DEP_UNKNOWN names the first loop of which none of the ways tells, since data
** decide or the work would be too much (dependences_unknown).  Threads that a barrier of the
** program orders are not asked about. */
DepAnswer legal_as_written(const Node *func, Err *err);

/* May the loops of one nest, each the only thing in the one before, stand in another order?
** *reassociates: does that change the order in which floating-point numbers are summed? */
bool legal_reorder(const Node *func, size_t n, const Node *const *before, const Node *const *after,
                   bool *reassociates, Err *err);

/* The same by the first way alone: true is a proof, false says nothing. */
bool legal_surely_concurrent(const Node *func, const Node *loop);
bool legal_surely_reordered(const Node *func, size_t n, const Node *const *before,
                            const Node *const *after, bool *reassociates);

/* A block has come to another place, and its instances with it. */
typedef struct Moved {
    const Node *before, *after; /* Funcs */
    const char *block; /* its name in `after`; NULL: all that `part` has become a part of */
    /* The block of `before` whose dependences it takes over, for a copy; NULL: its own */
    const char *stands_for;
    /* A block of `before` that is a part of it now, and whose dependences are kept, too; or NULL */
    const char *part;
    /* A buffer that it may write more than once, the same each time, before it is read; or NULL */
    const Node *remade;
    /* A reduction that it begins before the loop of `after` with that Var, where each of its
    ** instances runs just once; or NULL */
    const char *begins;
    const Node *before_loop;
    /* Not only the order decides: memory that is an iteration's own, or sums that a loop repeats */
    bool ask_all;
} Moved;

/* Do all that depend on each other stand in the order of before?  And memory that was
** each iteration's own, and is one for all when its Alloc has left the loop: does no
** iteration find there, or lose, what another one put there?  Does not look at loops
** whose iterations run at once. */
bool legal_move(const Moved *m, Err *err);

/* Has n an update whose result depends on the order of such updates? */
bool legal_rounds(const Node *n);

/* Is it sure that no two iterations of the loop touch one element of the buffer (NULL: of any that
** outlives an iteration), of which one writes? */
bool legal_carries_nothing(const Node *func, const Node *loop, const Node *buffer);

/* In one iteration of the first `nloops` loops around, does each instance of the block run just
** once, which stands below `stmt`? */
bool legal_once(const Node *func, const Node *stmt, const Node *block, size_t nloops);

/* Does each iteration of the loop run the block, which stands below it, for elements of its own? */
bool legal_apart(const Node *func, const Node *loop, const Node *block);

/* What stands in the way when `block` moves past all that follows `from` and precedes `to` (NULL:
** the end) in the order of the text: the first statement that writes what it reads, or touches what
** it writes; NULL if nothing does.  It explains: what stands there may be harmless. */
enum { PASS_INPUTS = 1, PASS_TARGET = 2 };
const Node *legal_passes(const Node *func, const Node *from, const Node *to, const Node *block,
                         unsigned what);

/* The name of a block, or of the first one below; of a statement outside blocks, that of the buffer
** into which it stores. */
const char *statement_name(const Node *n);

#endif
