/* conditions.h -- taking conditions apart, for the passes that move them. */
#ifndef PASSES_LOOP_CONDITIONS_H
#define PASSES_LOOP_CONDITIONS_H

#include "core/base/vec.h"
#include "core/ir/ir.h"

typedef VEC(const Node *) NodeVec;

/* The terms of a conjunction, from left to right. */
void cond_terms(Arena *A, const Node *cond, NodeVec *out);

/* Their conjunction; a literal true for none. */
const Node *cond_all(Arena *A, const NodeVec *terms);

#endif
