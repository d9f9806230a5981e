/* nests.h -- statements of random nests of loops: affine indices, at times a condition, and now and
** then an index that is not affine: what is certain of it is little. */
#ifndef TESTS_NESTS_H
#define TESTS_NESTS_H

#include "core/base/buf.h"
#include "tests/dice.h"

enum { NEST_SIZE = 13 };

/* Below NEST_SIZE, for loops of at most 4. */
static inline void nest_index(Buf *b, const char *const *loops, int n)
{
    static const char *const more[] = {
        "%d", "%s*2 + %d", "%s + %d", "%s*3 - %s + 3", "(%s + %d)//2", "(%s*3 + %d) %% 5"};
    int form = n > 0 ? below(6) : 0;
    const char *x = n > 0 ? loops[below(n)] : "", *y = n > 0 ? loops[below(n)] : "";
    int c = below(4);
    switch (form) {
    case 0: buf_printf(b, more[0], c); break;
    case 3: buf_printf(b, more[3], x, y); break;
    default: buf_printf(b, more[form], x, c); break;
    }
}

/* Has every access so far an affine index, and every value that is read a use? */
static bool nest_plain = true;

static inline void nest_read(Buf *b, const char *const *loops, int n)
{
    static const char *const buffers[] = {"T", "U", "C"};
    const char *buffer = buffers[below(3)], *x = n > 0 ? loops[below(n)] : "2",
               *y = n > 0 ? loops[below(n)] : "3";
    int form = below(12);
    nest_plain &= form >= 4;
    switch (form) {
    case 0: buf_printf(b, "%s[%s*%s %% 5]", buffer, x, y); return;
    case 1: buf_printf(b, "%s[select(A[0] > 0, %s, %s + 1)]", buffer, x, y); return;
    case 2: buf_printf(b, "select(A[0] > 0, %s[%s + 1], 1)", buffer, x); return;
    default: break;
    }
    buf_printf(b, "%s[", buffer);
    nest_index(b, loops, n);
    buf_puts(b, form == 3 ? "]" : "] + 1");
}

/* One that reads and writes T, U and C, of NEST_SIZE elements each, and A[0]. */
static inline void nest_statement(Buf *b, int indent, const char *const *loops, int n)
{
    static const char *const buffers[] = {"T", "U", "C"};
    if (n > 0 && below(4) == 0) {
        buf_printf(b, "%*sif %s %s %d:\n", indent, "", loops[below(n)],
                   below(2) ? "<" : "==", below(4));
        indent += 2;
    }
    buf_printf(b, "%*s%s[", indent, "", buffers[below(3)]);
    if (n > 0 && below(12) == 0) {
        nest_plain = false;
        buf_printf(b, "%s*%s %% 5", loops[below(n)], loops[below(n)]);
    } else {
        nest_index(b, loops, n);
    }
    buf_puts(b, below(4) ? "] = " : "] += ");
    if (below(2)) {
        nest_read(b, loops, n);
        buf_putc(b, '\n');
    } else {
        buf_puts(b, "A[0]\n");
    }
}

#endif
