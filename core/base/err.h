/* err.h -- what a user can do wrong, as a value.
**
** Two kinds of trouble are never mixed.  A user's mistake fills an Err, passed as the last
** argument, and the function returns NULL or false; an invariant that does not hold is an
** assert.  Every mistake is a row of errors.def, whose text is checked against its arguments
** when it is compiled:
**
**      if (factor <= 0)
**          return FAIL(err, bad_factor, loop, name, factor);
**
** An Err owns nothing: it may be copied, dropped, or jumped over.
*/
#ifndef CORE_BASE_ERR_H
#define CORE_BASE_ERR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef enum ErrCode {
    ERR_none,
#define ERR(code, why, fix) ERR_##code,
#include "core/base/errors.def"
#undef ERR
    ERR_COUNT
} ErrCode;

typedef struct Err {
    ErrCode code;
    char what[64];     /* the operation, "split"; set by whoever runs the operation */
    const void *where; /* the IR node to point at, or NULL */
    char why[768];     /* a sentence in the user's own names */
    char fix[384];     /* what to do instead: Lua source, or a sentence; may be empty */
    char witness[384]; /* the iterations and the element in conflict; may be empty */
    struct {           /* the same in parts, where the witness has them */
        char iteration[2][64], element[96]; /* "ic=0" and "ic=1", "C[0, 0]" */
    } conflict;
} Err;

#define ERR(code, why, fix) \
    static const char err_fmt_##code[] __attribute__((unused)) = why "\x1f" fix;
#include "core/base/errors.def"
#undef ERR

/* Fill *err (which may be NULL) from the row and its arguments; the first of them is `where`.
** FAIL is NULL, REFUSE is false. */
#define FAIL(err, code, ...)   err_fail((err), ERR_##code, err_fmt_##code, __VA_ARGS__)
#define REFUSE(err, code, ...) err_refuse((err), ERR_##code, err_fmt_##code, __VA_ARGS__)

void *err_fail(Err *err, ErrCode code, const char *fmt, const void *where, ...)
    __attribute__((format(printf, 3, 5)));
bool err_refuse(Err *err, ErrCode code, const char *fmt, const void *where, ...)
    __attribute__((format(printf, 3, 5)));

/* Names the operation that failed, unless something inside it already did; returns false. */
bool err_in(Err *err, const char *what);

/* Replaces the way out, for a caller that knows a better one than the row does. */
void err_fix(Err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void err_witness(Err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The parts of which the witness speaks, for programs that read errors. */
void err_conflict(Err *err, const char *first, const char *second, const char *element);
/* Takes over the witness of another error, and its parts. */
void err_keep_witness(Err *err, const Err *from);

/* What a noun that is counted ends with: "%zu loop%s".  The manual shows such an ending as "(s)". */
static inline const char *plural(int64_t n)
{
    return n == 1 ? "" : "s";
}

/* The article before a noun: "an If". */
static inline const char *article(const char *noun)
{
    return strchr("AEIOUaeio", noun[0]) ? "an" : "a"; /* a uint8 */
}

/* Is it the call of a step that is wrong, whatever the program is: a row MISCALL? */
bool err_is_miscall(ErrCode code);

/* "bad_factor", as scripts and the manual spell it. */
const char *err_name(ErrCode code);

#endif
