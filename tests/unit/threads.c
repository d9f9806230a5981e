/* threads.c -- parallel loops: every iteration once, nested loops, failures, changing
** numbers. test: threads */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "backends/worker/threads.h"

enum { MOST = 5000 };

static volatile int32_t cancel;
static _Atomic int seen[MOST];
static int plain[MOST];

static int32_t mark(void *env, int64_t i)
{
    (void)env;
    atomic_fetch_add(&seen[i], 1);
    plain[i] += 1;
    return 0;
}

static void every_iteration_once(void **state)
{
    (void)state;
    for (int round = 0; round < 3000; round++) {
        int64_t n = round % 37 == 0 ? MOST : round % 97;
        threads_limit(round % 5);
        memset(plain, 0, sizeof *plain * (size_t)n);
        for (int64_t i = 0; i < n; i++)
            atomic_store(&seen[i], 0);
        assert_int_equal(threads_parallel(mark, NULL, n, &cancel), 0);
        for (int64_t i = 0; i < n; i++)
            assert_true(atomic_load(&seen[i]) == 1 && plain[i] == 1);
    }
}

static int32_t inner(void *env, int64_t i)
{
    return mark(NULL, *(int64_t *)env * 50 + i);
}

static int32_t outer(void *env, int64_t i)
{
    (void)env;
    return threads_parallel(inner, &i, 50, &cancel);
}

static void nested(void **state)
{
    (void)state;
    threads_limit(4);
    for (int i = 0; i < MOST; i++)
        atomic_store(&seen[i], 0);
    assert_int_equal(threads_parallel(outer, NULL, 100, &cancel), 0);
    for (int i = 0; i < MOST; i++)
        assert_int_equal(atomic_load(&seen[i]), 1);
}

static int32_t fails_at(void *env, int64_t i)
{
    return i == *(int64_t *)env ? 17 : 0;
}

static void failures(void **state)
{
    (void)state;
    threads_limit(3);
    for (int64_t at = 0; at < 1000; at += 111) {
        assert_int_equal(threads_parallel(fails_at, &at, 1000, &cancel), 17);
        assert_int_equal(threads_parallel(fails_at, &at, at, &cancel), 0);
    }
    cancel = 1;
    assert_int_equal(threads_parallel(mark, NULL, 100, &cancel), RT_CANCELLED);
    cancel = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_iteration_once),
                                       cmocka_unit_test(nested), cmocka_unit_test(failures)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
