/* nearest.c -- which name was meant; and the flag that stops long work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/base/cancel.h"
#include "core/base/nearest.h"

static const char *meant(const char *word)
{
    static const char *const names[] = {
        "split", "fuse", "reorder", "compute_at", "cache_read", "cache_write", "x", "yo", NULL};
    Nearest n = nearest_to(word);
    for (int i = 0; names[i]; i++)
        nearest_try(&n, names[i]);
    return n.best;
}

static void finds_slips(void **state)
{
    (void)state;
    assert_string_equal(meant("splt"), "split");
    assert_string_equal(meant("slpit"), "split");
    assert_string_equal(meant("Split"), "split");
    assert_string_equal(meant("reoder"), "reorder");
    assert_string_equal(meant("xx"), "x"); /* a letter twice is less than an edit */
    assert_string_equal(meant("Yoo"), "yo");
    assert_string_equal(meant("comput_at"), "compute_at");
    assert_string_equal(meant("cache_wirte"), "cache_write");
    assert_string_equal(meant("compute"), "compute_at");
    assert_string_equal(meant("read"), "cache_read");
    assert_string_equal(meant("cache"), "cache_read"); /* of two, the first by its letters */
}

static void leaves_strangers(void **state)
{
    (void)state;
    assert_null(meant("vectorize"));
    assert_null(meant("q"));
    assert_null(meant("xy"));
    assert_null(meant("faces")); /* two of five: fuse */
    assert_null(meant(""));
    assert_null(meant("a_name_that_is_far_longer_than_any_name_that_is_ever_compared_with"));
}

static void cancels(void **state)
{
    (void)state;
    Err err;
    cancel_clear();
    assert_false(cancel_poll(&err));
    cancel_ask();
    assert_true(cancel_poll(&err));
    assert_int_equal(err.code, ERR_interrupted);
    cancel_clear();
    assert_false(cancel_poll(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_slips),
        cmocka_unit_test(leaves_strangers),
        cmocka_unit_test(cancels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
