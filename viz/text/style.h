/* style.h -- how text views are drawn on a terminal: colour, line-drawing letters, width.
**
** Meaning is never carried by colour alone: every coloured thing also has a mark or a word.  A view
** asked for without colour or without UTF-8 says the same.
*/
#ifndef VIZ_TEXT_STYLE_H
#define VIZ_TEXT_STYLE_H

#include "core/base/buf.h"
#include "core/ir/ir.h"

typedef struct TextStyle {
    bool color; /* SGR escapes */
    bool utf8;  /* line-drawing letters and marks; else plain ASCII */
    int width;  /* columns; longer lines are cut with a mark.  0: no limit */
    bool *cut;  /* becomes true where something is left out for lack of room; may be NULL */
} TextStyle;

typedef enum Ink {
    INK_plain,
    INK_strong,
    INK_quiet,
    INK_parallel,
    INK_vectorized,
    INK_unrolled,
    INK_block,
    INK_thread,
    INK_buffer,
    INK_new,
    INK_gone,
    INK_moved,
    INK_wrong,  /* the word that says so */
    INK_advice, /* what to type instead */
    INK_COUNT
} Ink;

Ink ink_of_kind(ForKind k);

/* The mark of a loop kind, one or two columns wide: "∥" or "||"; "" for serial. */
const char *mark_of_kind(ForKind k, bool utf8);
/* Its word: "parallel", "threadIdx.x"; "" for serial. */
const char *word_of_kind(ForKind k);

/* Adds the first `n` bytes of `text` in an ink; control characters become "?". */
void ink_text(Buf *out, bool color, Ink ink, const char *text, size_t n);

/* A line being written: text is counted in columns and cut at the width. */
typedef struct Line {
    Buf *out;
    TextStyle style;
    int col;
    bool cut; /* something did not fit */
} Line;

Line line_begin(Buf *out, TextStyle style);
void line_put(Line *l, Ink ink, const char *text);
void line_printf(Line *l, Ink ink, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Spaces up to the column (from 0); at least none. */
void line_to(Line *l, int col);
/* Something is left out here: says so to who asked for the view. */
void style_cut(TextStyle style);
/* Ends the line without trailing spaces. */
void line_end(Line *l);

/* Reads one code point and returns its bytes; a byte that begins none stands for itself. */
size_t text_letter(const char *s, uint32_t *cp);
/* Columns that UTF-8 text takes: code points, wide ones twice, combining ones not at all. */
int text_cols(const char *s);
/* Bytes of the longest start of `s` that fits into `cols` columns. */
size_t text_fit(const char *s, int cols);

#endif
