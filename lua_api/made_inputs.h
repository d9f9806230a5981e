/* made_inputs.h -- inputs for programs that are timed or checked without any.
**
** Floats are drawn from -1 to 1, and integers from 0 to 100, by a seed that is the name's, so that
** equal names and shapes get equal data.  But integers are often indices:
**
**      for i in range(400):
**        for j in range(N[0]):
**          block B(i, j):
**            B[i, j] = A[D[i] + 4, j]          A has 7 rows, and 9 columns
**
** Such a program runs only on data that fits it: D from 0 to 2, and N from 0 to 9.
**
**      Tensor *d = made_input(func, 1, &err);
*/
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
