/* format.c -- formatting by the plain directives. */
#include "core/base/format.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Text of which the first `size` letters are kept. */
typedef struct Out {
    char *at;
    size_t size, len;
} Out;

static void put(Out *o, const char *s, size_t n)
{
    if (o->len < o->size)
        memcpy(o->at + o->len, s, n < o->size - o->len ? n : o->size - o->len);
    o->len += n;
}

static void put_number(Out *o, bool negative, uint64_t magnitude)
{
    char digits[24], *at = digits + sizeof digits;
    do
        *--at = (char)('0' + magnitude % 10);
    while (magnitude /= 10);
    if (negative)
        *--at = '-';
    put(o, at, (size_t)(digits + sizeof digits - at));
}

static void put_signed(Out *o, int64_t v)
{
    put_number(o, v < 0, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

/* False at the first directive that is not plain. */
static bool plain(Out *o, const char *fmt, va_list ap)
{
    while (*fmt) {
        if (*fmt != '%') {
            size_t n = strcspn(fmt, "%");
            put(o, fmt, n);
            fmt += n;
            continue;
        }
        const char *s, *directive = fmt + 1;
        char c;
        fmt += 2;
        switch (*directive) {
        case 's':
            s = va_arg(ap, const char *);
            if (!s)
                return false;
            put(o, s, strlen(s));
            break;
        case 'c':
            c = (char)va_arg(ap, int);
            put(o, &c, 1);
            break;
        case 'd': put_signed(o, va_arg(ap, int)); break;
        case '%': put(o, "%", 1); break;
        case 'z':
            if (*fmt++ != 'u')
                return false;
            put_number(o, false, va_arg(ap, size_t));
            break;
        case 'l':
            if (strncmp(fmt, "ld", 2) != 0)
                return false;
            fmt += 2;
            put_signed(o, va_arg(ap, long long));
            break;
        default: return false;
        }
    }
    return o->len <= INT_MAX;
}

int text_format(char *out, size_t size, const char *fmt, va_list ap)
{
    Out o = {.at = out, .size = size ? size - 1 : 0};
    va_list again;
    va_copy(again, ap);
    bool done = plain(&o, fmt, ap);
    int n = done ? (int)o.len : vsnprintf(out, size, fmt, again);
    if (done && size)
        out[o.len < o.size ? o.len : o.size] = '\0';
    va_end(again);
    return n;
}
