/* format.h -- vsnprintf, for short texts.
**
** Most texts are names and whole numbers put one after the other.  For these the C library's
** vsnprintf takes most of its time before the first letter.
*/
#ifndef CORE_BASE_FORMAT_H
#define CORE_BASE_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/* The same contract as vsnprintf, to which it leaves a format with any directive but %s, %c, %d,
** %lld, %zu and %%. */
int text_format(char *out, size_t size, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));

#endif
