/* print.h -- programs as text that parses back (docs/text-form.md has the grammar).
**
**      func matmul(A: float32[64, 64], B: float32[64, 64]) -> C: float32[64, 64]:
**        for y in range(64):
**          for x in range(64):
**            for k in range(64):
**              block C(y, x, k: reduce):
**                init: C[y, x] = 0
**                C[y, x] += A[k, y] * B[k, x]
*/
#ifndef CORE_IR_PRINT_H
#define CORE_IR_PRINT_H

#include "core/base/buf.h"
#include "core/ir/ir.h"

/* The canonical text of a Func, statement or expression. */
const char *ir_text(Arena *A, const Node *n);

/* The same, with the line range that `mark` occupies reported (from 0; -1 if it is not there), so
** that a view can point at it. */
const char *ir_text_marked(Arena *A, const Node *n, const Node *mark, int *first, int *last);

/* The shortest decimal that reads back as the same value of type t ("0.1", "1e-05", "inf"). */
void ir_put_float(Buf *out, DType t, double v);

/* "yo=1, yi=7": adds a variable and its value to such a list, which is all that `list` holds. */
void ir_put_value(Buf *list, const Node *var, int64_t value);

/* `n` on stderr, for a debugger. */
void ir_dump(const Node *n);

#endif
