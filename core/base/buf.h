/* buf.h -- text (or bytes) that grows, in an arena.
**
**      Buf b = buf_new(A);
**      buf_printf(&b, "for %s in range(%lld):\n", name, n);
**      return buf_str(&b);
*/
#ifndef CORE_BASE_BUF_H
#define CORE_BASE_BUF_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"

typedef struct Buf {
    Arena *arena;
    char *data;
    size_t len, cap;
} Buf;

Buf buf_new(Arena *a);
void buf_add(Buf *b, const void *bytes, size_t n);
void buf_puts(Buf *b, const char *s);
void buf_putc(Buf *b, char c);
void buf_pad(Buf *b, char c, int n);
void buf_printf(Buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Adds bytes from outside so that a terminal shows them: what it would obey, and what is no letter,
** as \xHH. */
void buf_plain(Buf *b, const char *bytes, size_t n);

/* Adds the text, or its first letters and a mark, `most` in all; was that less than all of it? */
bool buf_cut(Buf *b, const char *s, int most);

/* The text so far with a closing zero; valid until more is added. */
const char *buf_str(Buf *b);

/* What buf_cut adds, by itself: text that a user wrote, in a sentence or a label. */
const char *text_cut(Arena *A, const char *s, int most);

/* The order of two texts, each a `const char *` in an array: for qsort. */
int text_order(const void *a, const void *b);

/* A number of bytes as it is said everywhere: 36 B, 1 KiB, 2.5 MiB. */
const char *text_bytes(Arena *A, int64_t bytes);

#endif
