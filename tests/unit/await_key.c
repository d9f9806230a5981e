/* await_key.c -- a lesson that waits for a key hears each Ctrl-C, whenever it comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

#include "core/base/cancel.h"
#include "repl/await_key.h"

enum { LONG = 5000 /* ms, of which a test that passes waits none */ };

static int writer; /* what is written here is standard input */
static volatile sig_atomic_t resized;

static void on_interrupt(int sig)
{
    (void)sig;
    cancel_ask();
}

static void on_resize(int sig)
{
    (void)sig;
    resized++;
}

static void hold(int how)
{
    sigset_t interrupt;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    pthread_sigmask(how, &interrupt, NULL);
}

static bool is_held(void)
{
    sigset_t now;
    pthread_sigmask(SIG_BLOCK, NULL, &now);
    return sigismember(&now, SIGINT) == 1;
}

static int open_input(void **state)
{
    (void)state;
    int ends[2];
    if (pipe(ends) != 0 || dup2(ends[0], STDIN_FILENO) < 0)
        return -1;
    close(ends[0]);
    writer = ends[1];
    sigaction(SIGINT, &(struct sigaction){.sa_handler = on_interrupt}, NULL);
    sigaction(SIGALRM, &(struct sigaction){.sa_handler = on_resize}, NULL);
    cancel_clear();
    return 0;
}

static int close_input(void **state)
{
    (void)state;
    hold(SIG_UNBLOCK);
    cancel_clear();
    return close(writer);
}

/* The signal comes after await_key has looked for one and before it waits: that moment cannot be
** hit, but in it the signal is pending, and pending it is here. */
static void a_pending_interrupt_ends_the_wait(void **state)
{
    (void)state;
    hold(SIG_BLOCK);
    raise(SIGINT);
    assert_false(cancel_asked());
    assert_int_equal(await_key(LONG), -1);
    assert_true(cancel_asked());
    assert_true(is_held());
}

static void an_interrupt_before_ends_the_wait(void **state)
{
    (void)state;
    raise(SIGINT);
    assert_true(cancel_asked());
    assert_int_equal(await_key(LONG), -1);
    assert_false(is_held());
}

static void a_key_is_told_from_none(void **state)
{
    (void)state;
    assert_int_equal(await_key(0), 0);
    assert_int_equal(await_key(5), 0);
    assert_int_equal(write(writer, "x", 1), 1);
    assert_int_equal(await_key(LONG), 1);
    assert_int_equal(await_key(-1), 1);
}

/* Another signal with a handler, as that of a resized window, breaks ppoll off. */
static void another_signal_is_no_interrupt(void **state)
{
    (void)state;
    resized = 0;
    struct itimerval soon = {.it_value = {.tv_usec = 5000}};
    setitimer(ITIMER_REAL, &soon, NULL);
    assert_int_equal(await_key(50), 0);
    assert_int_equal(resized, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_pending_interrupt_ends_the_wait, open_input, close_input),
        cmocka_unit_test_setup_teardown(an_interrupt_before_ends_the_wait, open_input, close_input),
        cmocka_unit_test_setup_teardown(a_key_is_told_from_none, open_input, close_input),
        cmocka_unit_test_setup_teardown(another_signal_is_no_interrupt, open_input, close_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
