/* err_rows.h -- the rows of errors.def as a person looks them up, by help or in the manual.
**
**      err_row_text(&b, err_row("bad_factor")->why);        "the factor … is not … or more"
*/
#ifndef CORE_BASE_ERR_ROWS_H
#define CORE_BASE_ERR_ROWS_H

#include "core/base/buf.h"

typedef struct ErrRow {
    const char *code, *why, *fix;
} ErrRow;

/* The i-th row; NULL behind the last. */
const ErrRow *err_row_at(size_t i);

/* The row of a code; NULL if there is none. */
const ErrRow *err_row(const char *code);

/* Adds the text of a row in one line: each value that it tells as "…", once where one follows the
** other, and the ending of a noun that is counted as "(s)". */
void err_row_text(Buf *b, const char *text);

#endif
