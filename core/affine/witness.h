/* witness.h -- a concrete pair of iterations that get into each other's way.
**
** A refusal that says "iterations ic=0 and ic=1 both update conv2[0, 0, 0, 0]" can be checked by
** hand.  This search needs no solver: it runs the loops over a few small values, computes which
** elements are touched, and stops at the first two iterations of the loop that meet in one element
** of which at least one is a write.  It proves conflicts and never their absence; core/affine/dep.h
** decides.
**
**      LoopConflict c;
**      if (witness_find(A, func, loop, WITNESS_STEPS, &c))
**          witness_tell(A, loop, &c, err);
*/
#ifndef CORE_AFFINE_WITNESS_H
#define CORE_AFFINE_WITNESS_H

#include "core/ir/ir.h"

typedef enum AccessKind { ACCESS_READ, ACCESS_WRITE, ACCESS_UPDATE, ACCESS_KINDS } AccessKind;

/* Two iterations of `loop` that touch one element.  `first` < `second`. */
typedef struct LoopConflict {
    const Node *buffer;
    int64_t index[IR_MAX_RANK];
    int64_t first, second; /* values of the loop */
    AccessKind first_does, second_does;
    const char *first_at, *second_at; /* other loops that are not 0, as "yo=1, yi=7"; "" if none */
} LoopConflict;

/* As much as a step is worth: some 100 ms where nothing is found. */
enum { WITNESS_STEPS = 400000 };

/* Looks for two iterations of the loop with this Var in `func` that conflict.  Buffers allocated
** inside the loop are private to an iteration, but for shared ones inside a loop over threads; and
** two threads have copies of local memory, two blocks of shared memory, wherever it is allocated.
** It runs at most `steps` statements.  The text of *out lives in A. */
bool witness_find(Arena *A, const Node *func, const Node *loop, long steps, LoopConflict *out);

/* "conflict[0, 0]": the element. */
const char *witness_element(Arena *A, const LoopConflict *c);
/* "iterations ic=0 and ic=1 both update conv2[0, 0, 0, 0]" */
const char *witness_text(Arena *A, const Node *loop, const LoopConflict *c);
/* Makes that the witness of an error. */
void witness_tell(Arena *A, const Node *loop, const LoopConflict *c, Err *err);

#endif
