/* format.c -- names and whole numbers by hand, all else by vsnprintf. */
#include "core/base/format.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/base/integer.h"

enum { DIGITS = 24 }; /* room for any number of 64 bits */

typedef struct Piece {
    const char *at;
    size_t n;
    char digits[DIGITS];
} Piece;

static bool number(Piece *p, uint64_t n, bool negative)
{
    char *end = p->digits + DIGITS, *s = end;
    do
        *--s = (char)('0' + n % 10);
    while (n /= 10);
    if (negative)
        *--s = '-';
    p->at = s;
    p->n = (size_t)(end - s);
    return true;
}

/* What %s, %c, %d, %lld or %zu at *fmt stands for, which is then the directive's last letter; false
** for any other. */
static bool directive(const char **fmt, va_list *ap, Piece *p)
{
    const char *f = *fmt + 1;
    int64_t i;
    switch (*f) {
    case 's':
        p->at = va_arg(*ap, const char *);
        p->n = p->at ? strlen(p->at) : 0;
        *fmt = f;
        return p->at;
    case 'c':
        p->digits[0] = (char)va_arg(*ap, int);
        p->at = p->digits;
        p->n = 1;
        *fmt = f;
        return true;
    case 'd': i = va_arg(*ap, int); break;
    case 'z': *fmt = ++f; return *f == 'u' && number(p, va_arg(*ap, size_t), false);
    case 'l':
        if (f[1] != 'l' || f[2] != 'd')
            return false;
        f += 2;
        i = va_arg(*ap, long long);
        break;
    default: return false;
    }
    *fmt = f;
    return number(p, magnitude(i), i < 0);
}

/* The text's length; -1 if there is more to the format than that, or too little room. */
static int plain_text(char *out, size_t size, const char *fmt, va_list *ap)
{
    size_t n = 0;
    Piece p;
    for (; *fmt; fmt++) {
        p.at = fmt;
        p.n = 1;
        if ((*fmt == '%' && !directive(&fmt, ap, &p)) || n + p.n >= size)
            return -1;
        for (size_t i = 0; i < p.n; i++)
            out[n++] = p.at[i];
    }
    out[n] = '\0';
    return (int)n;
}

int format_text(char *out, size_t size, const char *fmt, va_list ap)
{
    va_list first;
    va_copy(first, ap);
    int n = size ? plain_text(out, size, fmt, &first) : -1;
    va_end(first);
    return n >= 0 ? n : vsnprintf(out, size, fmt, ap);
}
