/* row_text.h -- one row of a nest as a line: shared by the tree and by diffs. */
#ifndef VIZ_TEXT_ROW_TEXT_H
#define VIZ_TEXT_ROW_TEXT_H

#include "viz/nest.h"
#include "viz/text/style.h"

/* Where the columns of a tree stand, counted from the start of the row. */
typedef struct RowColumns {
    int extent; /* first column of the extents */
    int kind;   /* of the kind's mark and word */
    int origin; /* of where the loop comes from */
} RowColumns;

RowColumns row_columns(Arena *A, const Nest *nest, TextStyle style);
/* The columns that suit both. */
RowColumns row_columns_max(RowColumns a, RowColumns b);

/* The tree's branches in front of row i, and the row itself. */
void row_put(Arena *A, Line *line, const Nest *nest, size_t i, const RowColumns *cols);
/* How wide the longest row is, a Func's signature not counted. */
int row_width(Arena *A, const Nest *nest, const RowColumns *cols, TextStyle style);

#endif
