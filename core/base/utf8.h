/* utf8.h -- which bytes are letters. */
#ifndef CORE_BASE_UTF8_H
#define CORE_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the well-formed character that begins at `s` and ends before `end`; 0 if
** there is none. */
static inline size_t utf8_char(const char *s, const char *end)
{
    const unsigned char *p = (const unsigned char *)s;
    if (s >= end)
        return 0;
    if (p[0] < 0x80)
        return 1;
    size_t n = p[0] < 0xC2 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : p[0] < 0xF5 ? 4 : 0;
    if (!n || (size_t)(end - s) < n)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    bool surrogate = p[0] == 0xED && p[1] >= 0xA0, beyond = p[0] == 0xF4 && p[1] >= 0x90;
    bool overlong = (p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xF0 && p[1] < 0x90);
    return surrogate || beyond || overlong ? 0 : n;
}

/* Does a terminal obey the character of `n` bytes at `s` instead of showing it? */
static inline bool utf8_is_control(const char *s, size_t n)
{
    const unsigned char *p = (const unsigned char *)s;
    return n == 1 ? p[0] < 0x20 || p[0] == 0x7f : n == 2 && p[0] == 0xC2 && p[1] < 0xA0;
}

#endif
