/* format.c -- text_format gives what vsnprintf gives. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/format.h"

/* Of every length of room, none included. */
__attribute__((format(printf, 1, 2))) static void same(const char *fmt, ...)
{
    char ours[64], theirs[64];
    for (size_t size = 0; size <= sizeof ours; size++) {
        va_list a, b;
        va_start(a, fmt);
        va_copy(b, a);
        memset(ours, '#', sizeof ours);
        memset(theirs, '#', sizeof theirs);
        assert_int_equal(text_format(ours, size, fmt, a), vsnprintf(theirs, size, fmt, b));
        assert_memory_equal(ours, theirs, sizeof ours);
        va_end(b);
        va_end(a);
    }
}

static void as_vsnprintf(void **state)
{
    (void)state;
    same("%s", "");
    same("plain, 100%%");
    same("%s(%lld) -> %s(%d), %c", "y", 1024LL, "yo", 128, 'x');
    same("%d %d %d %d", 0, -1, INT_MAX, INT_MIN);
    same("%lld %lld %lld", 0LL, LLONG_MAX, LLONG_MIN);
    same("%zu %zu", (size_t)0, SIZE_MAX);
    same("%s %5d|%-4s|%.*s|%.3g", "other directives", 42, "a", 2, "bcd", 0.1);
    same("%s: %u %ld %x %zd", "more of them", 3U, -4L, 255U, (ptrdiff_t)-5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_vsnprintf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
