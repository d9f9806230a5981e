/* verify.h -- is this a well-formed program?
**
** Checks what every pass relies on: classes, types and ranks; every Var and Buffer bound once and
** used in its scope; inside a block only its own axes; no statement in two places; unique names of
** blocks and buffers, and of loops along a path; reduce axes not in the indices that the block
** writes; depth.  A failure is a broken invariant of whoever built the program, reported as an Err
** so that a bad program never runs.
*/
#ifndef CORE_IR_VERIFY_H
#define CORE_IR_VERIFY_H

#include "core/ir/ir.h"

bool ir_verify(const Node *func, Err *err);

#endif
