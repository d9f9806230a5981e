/* tree_text.h -- how a program prints at the prompt: its loops as a tree.
**
**      matmul(A: float32[64, 64], B: float32[64, 64]) -> C: float32[64, 64]
**      └─ yo           8  ∥ parallel    of y, step 1
**         └─ x        64
**            └─ yi     8  ⇉ vectorized  of y, step 1
**               └─ C   C[y, x] = A[y, x] + B[y, x]
*/
#ifndef VIZ_TEXT_TREE_TEXT_H
#define VIZ_TEXT_TREE_TEXT_H

#include "viz/text/style.h"

/* The tree of a Func (or of one statement), a line for each loop, block and
** allocation; it lives in A. */
const char *tree_text(Arena *A, const Node *root, TextStyle style);

#endif
