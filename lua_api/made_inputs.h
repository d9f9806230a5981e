/* made_inputs.h -- inputs for programs that are timed or checked without any. */
#ifndef LUA_API_MADE_INPUTS_H
#define LUA_API_MADE_INPUTS_H

#include "core/base/err.h"
#include "core/ir/ir.h"
#include "core/run/tensor.h"

/* A dense tensor for parameter `i` of the program, as it was written: before steps, so that those
** that are compared get the same data.  NULL, and *err, where there is no memory. */
Tensor *made_input(const Node *func, size_t i, Err *err);

/* What the integers for parameter `i` are drawn from, both ends included. */
void made_input_range(const Node *func, size_t i, int64_t *lo, int64_t *hi);

/* Does an index, or how far a loop goes that has part in one, depend on what is in an input? */
bool made_inputs_matter(const Node *func);

/* Is it an error of an index that may be so because of what is in the inputs? */
bool made_inputs_fault(const Err *err);

/* Says in such an error that tvmrepl made the inputs up. */
void made_inputs_say(Err *err);

/* "{ D = D, A = A }": a table of inputs with those names, as it is typed. */
const char *made_inputs_typed(Arena *A, size_t n, const char *const *names);

#endif
