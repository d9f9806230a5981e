/* err.c -- filling in an Err. */
#include "core/base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const names[ERR_COUNT] = {
    "none",
#define ERR(code, why, fix) #code,
#include "core/base/errors.def"
#undef ERR
};

const char *err_name(ErrCode code)
{
    return code < ERR_COUNT ? names[code] : "unknown";
}

bool err_is_miscall(ErrCode code)
{
    static const bool miscall[ERR_COUNT] = {
#define ERR(code, why, fix)
#define MISCALL(code, why, fix) [ERR_##code] = true,
#include "core/base/errors.def"
#undef ERR
    };
    return code < ERR_COUNT && miscall[code];
}

/* The text, or as many whole letters of it as fit. */
static void put(char *out, size_t size, const char *s)
{
    size_t n = strnlen(s, size - 1);
    while (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80)
        n--;
    memcpy(out, s, n);
    out[n] = '\0';
}

static void fill(Err *err, ErrCode code, const char *fmt, const void *where, va_list ap)
{
    if (!err)
        return;
    char text[sizeof err->why + sizeof err->fix];
    vsnprintf(text, sizeof text, fmt, ap);
    char *fix = strchr(text, '\x1f');
    memset(err, 0, sizeof *err);
    err->code = code;
    err->where = where;
    if (fix) {
        *fix++ = '\0';
        put(err->fix, sizeof err->fix, fix);
    }
    put(err->why, sizeof err->why, text);
}

void *err_fail(Err *err, ErrCode code, const char *fmt, const void *where, ...)
{
    va_list ap;
    va_start(ap, where);
    fill(err, code, fmt, where, ap);
    va_end(ap);
    return NULL;
}

bool err_refuse(Err *err, ErrCode code, const char *fmt, const void *where, ...)
{
    va_list ap;
    va_start(ap, where);
    fill(err, code, fmt, where, ap);
    va_end(ap);
    return false;
}

bool err_in(Err *err, const char *what)
{
    if (err && !err->what[0])
        put(err->what, sizeof err->what, what);
    return false;
}

void err_fix(Err *err, const char *fmt, ...)
{
    if (!err)
        return;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(err->fix, sizeof err->fix, fmt, ap);
    va_end(ap);
}

void err_conflict(Err *err, const char *first, const char *second, const char *element)
{
    if (!err)
        return;
    const char *iteration[2] = {first, second};
    for (int i = 0; i < 2; i++)
        snprintf(err->conflict.iteration[i], sizeof err->conflict.iteration[i], "%s", iteration[i]);
    snprintf(err->conflict.element, sizeof err->conflict.element, "%s", element);
}

void err_keep_witness(Err *err, const Err *from)
{
    memcpy(err->witness, from->witness, sizeof err->witness);
    err->conflict = from->conflict;
}

void err_witness(Err *err, const char *fmt, ...)
{
    if (!err)
        return;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(err->witness, sizeof err->witness, fmt, ap);
    va_end(ap);
}
