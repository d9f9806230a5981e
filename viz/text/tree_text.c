/* tree_text.c -- the loop tree, aligned. */
#include "viz/text/tree_text.h"

#include "viz/nest.h"
#include "viz/text/row_text.h"

const char *tree_text(Arena *A, const Node *root, TextStyle style)
{
    Nest nest = nest_of(A, root);
    RowColumns cols = row_columns(A, &nest, style);
    Buf out = buf_new(A);
    for (size_t i = 0; i < nest.n; i++) {
        Line line = line_begin(&out, style);
        row_put(A, &line, &nest, i, &cols);
        line_end(&line);
    }
    return buf_str(&out);
}
