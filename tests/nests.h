/* nests.h -- statements of random nests of loops: affine indices, at times a condition. */
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
    nest_index(b, loops, n);
    buf_puts(b, below(4) ? "] = " : "] += ");
    if (below(2)) {
        buf_printf(b, "%s[", buffers[below(3)]);
        nest_index(b, loops, n);
        buf_puts(b, "] + 1\n");
    } else {
        buf_puts(b, "A[0]\n");
    }
}

#endif
