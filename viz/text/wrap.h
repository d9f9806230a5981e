/* wrap.h -- prose in lines that fit. */
#ifndef VIZ_TEXT_WRAP_H
#define VIZ_TEXT_WRAP_H

#include "core/base/buf.h"

/* Adds `text`, which may have colours, broken between words, so that no line is wider than `width`
** columns unless a single word is; 0: never broken.  The first line goes on at column `col`, the
** others begin with `indent` blanks.  Adds no newline at the end. */
void wrap_text(Buf *out, const char *text, int col, int indent, int width);

/* Adds a docstring, indented: its prose is filled, and what is drawn stays as it is: lines that
** begin with a blank or "> ", and what the examples print, up to an empty line. */
void wrap_doc(Buf *out, const char *doc, int indent, int width);

/* Adds `text` line by line, those wider than `width` columns broken between words: what goes on
** stands below where the words of the line begin, and the bars of a tree on its left go on, too. */
void wrap_lines(Buf *out, const char *text, int width);

/* Adds a listing line by line, those wider than `width` broken where a newline changes nothing for
** who reads the program back: at a blank within brackets, or in a comment, whose mark is put again.
** A line without such a place stays. */
void wrap_listing(Buf *out, const char *text, int width);

/* One line of code in lines of at most `cols` columns: broken where the fewest brackets are open,
** after a comma or before an operator sooner than elsewhere; what goes on is indented. */
typedef struct CodeLines {
    size_t n;
    const char **line;
} CodeLines;
CodeLines wrap_code(Arena *A, const char *code, int cols);

#endif
