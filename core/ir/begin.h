/* begin.h -- what to write where a reduction adds to elements that nothing has begun. */
#ifndef CORE_IR_BEGIN_H
#define CORE_IR_BEGIN_H

#include "core/base/err.h"
#include "core/ir/ir.h"

/* Adds to an error that `stmt` reads its own target unwritten the line of the text form that begins
** it, as `init: C[y, x] = 0`; `block` is the one around it, or NULL.  What is no Update, and one
** whose block has an init, which does not reach far enough, keeps what the error says. */
void ir_fix_unbegun(Arena *A, const Node *stmt, const Node *block, Err *err);

#endif
