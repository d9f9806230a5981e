/* format.h -- vsnprintf, sooner done: most of the texts of a step are names and numbers. */
#ifndef CORE_BASE_FORMAT_H
#define CORE_BASE_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/* What vsnprintf(out, size, fmt, ap) writes and returns. */
int format_text(char *out, size_t size, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));

#endif
