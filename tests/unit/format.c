/* format.c -- what is written by hand is what vsnprintf would write. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/base/format.h"

enum { ROOM = 64 };

/* In every room from none at all to more than enough. */
__attribute__((format(printf, 1, 2))) static void same(const char *fmt, ...)
{
    for (size_t size = 0; size <= ROOM; size++) {
        char own[ROOM + 1], theirs[ROOM + 1];
        va_list ap, again;
        memset(own, '?', sizeof own);
        memset(theirs, '?', sizeof theirs);
        va_start(ap, fmt);
        va_copy(again, ap);
        int n = format_text(own, size, fmt, ap), m = vsnprintf(theirs, size, fmt, again);
        va_end(again);
        va_end(ap);
        assert_int_equal(n, m);
        size_t written = (size_t)m < size ? (size_t)m + 1 : size;
        assert_memory_equal(own, theirs, written);
    }
}

static void writes_the_same(void **state)
{
    (void)state;
    same("%s", "");
    same("plain, and 100 %%");
    same("%s(%lld) -> %s(%lld) %s(%lld)", "y", 1024LL, "yo", 128LL, "yi", 8LL);
    same("%s%s%zu%c", "name", "_", (size_t)7, 'i');
    same("%d %d %d %d", 0, -1, INT_MAX, INT_MIN);
    same("%lld %lld", (long long)INT64_MAX, (long long)INT64_MIN);
    same("%zu", SIZE_MAX);
    same("a%cb", '\0');
    same("…%s…", "é");
    same("%s, then %.*s and %5d", "names", 2, "abc", 3);
    same("%zd %ld %lu %x %g", (ptrdiff_t)-1, -2L, 3UL, 255u, 1.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(writes_the_same)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
