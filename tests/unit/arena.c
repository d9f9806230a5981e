/* arena.c -- who answers for an arena where memory runs out: a guard while it stands, then nobody
** for one that lasts, and the thread for what is in hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/arena.h"

static jmp_buf emptied;

static void escape(void *env)
{
    (void)env;
    longjmp(emptied, 1);
}

/* Memory runs out where no guard stands. */
static void run_out(void)
{
    mem_on_empty(escape, NULL);
    if (setjmp(emptied) == 0) {
        mem_fail_after(1);
        arena_new(NULL);
        fail_msg("memory did not run out");
    }
    mem_fail_after(0);
    mem_on_empty(NULL, NULL);
}

typedef struct Made {
    Arena *lasting, *kept, *scratch;
} Made;

static bool make(void *env, Err *err)
{
    (void)err;
    Made *m = env;
    m->lasting = arena_new(NULL);
    m->kept = arena_scratch(NULL);
    arena_keep(m->kept);
    /* The upper one holds the lower, which its maker has given up. */
    Arena *below = arena_scratch(NULL);
    m->scratch = arena_scratch(below);
    arena_release(below);
    return true;
}

static bool make_deeper(void *env, Err *err)
{
    return mem_guard(make, env, err);
}

static bool make_and_run_out(void *env, Err *err)
{
    make_deeper(env, err);
    mem_fail_after(1);
    arena_new(NULL);
    return true;
}

static void scratch_that_outlives_a_guard(void **state)
{
    (void)state;
    bool (*const makers[])(void *, Err *) = {make, make_deeper};
    for (size_t i = 0; i < 2; i++) {
        size_t before = arena_count();
        Made m;
        Err err = {0};
        assert_true(mem_guard(makers[i], &m, &err));
        assert_int_equal(arena_count(), before + 4);
        run_out();
        assert_int_equal(arena_count(), before + 2);
        arena_release(m.lasting);
        arena_release(m.kept);
        assert_int_equal(arena_count(), before);
    }
}

static void guards_release_what_was_made(void **state)
{
    (void)state;
    size_t before = arena_count();
    Made m;
    Err err = {0};
    assert_false(mem_guard(make_and_run_out, &m, &err));
    mem_fail_after(0);
    assert_int_equal(err.code, ERR_out_of_memory);
    assert_int_equal(arena_count(), before);
}

/* What is adopted goes after what adopted it, though its maker has given it up. */
static bool adopt_and_run_out(void *env, Err *err)
{
    (void)env, (void)err;
    Arena *below = arena_scratch(NULL), *held = arena_scratch(below), *upper = arena_scratch(NULL);
    arena_release(below);
    arena_adopt(upper, held);
    arena_adopt(upper, held);
    arena_release(held);
    mem_fail_after(1);
    arena_new(NULL);
    return true;
}

static void adopted_goes_last(void **state)
{
    (void)state;
    Err err = {0};
    size_t before = arena_count();
    assert_false(mem_guard(adopt_and_run_out, NULL, &err));
    mem_fail_after(0);
    assert_int_equal(arena_count(), before);
}

static void scratch_without_a_guard(void **state)
{
    (void)state;
    size_t before = arena_count();
    Made m;
    Err err = {0};
    make(&m, &err);
    Arena *released = arena_scratch(NULL);
    arena_release(released);
    run_out();
    assert_int_equal(arena_count(), before + 2);
    arena_release(m.lasting);
    arena_release(m.kept);
    assert_int_equal(arena_count(), before);
}

static void *release_it(void *a)
{
    arena_release(a);
    return NULL;
}

/* In a process of its own: the signal that ends it where another thread drops the last share. */
static int signal_of_release(Arena *(*make_arena)(Arena *))
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        pthread_t t;
        bool quiet = freopen("/dev/null", "w", stderr) != NULL;
        bool ran = pthread_create(&t, NULL, release_it, make_arena(NULL)) == 0;
        _exit(quiet && ran && pthread_join(t, NULL) == 0 ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFSIGNALED(status))
        assert_int_equal(WEXITSTATUS(status), 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void scratch_stays_on_its_thread(void **state)
{
    (void)state;
    assert_int_equal(signal_of_release(arena_new), 0);
#ifndef NDEBUG
    assert_int_equal(signal_of_release(arena_scratch), SIGABRT);
#endif
}

/* In memory that was in use before, in chunks of all kinds. */
static void asked_for_zeroed(void **state)
{
    static const size_t sizes[] = {1, 100, 1024, 5000, 65536, 65537, 300000};
    (void)state;
    for (int sized = 0; sized < 2; sized++)
        for (int again = 0; again < 2; again++) {
            Arena *A = sized ? arena_new_sized(NULL, 500000) : arena_new(NULL);
            for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
                char *p = arena_alloc(A, sizes[i]);
                assert_true(p[0] == 0 && memcmp(p, p + 1, sizes[i] - 1) == 0);
                memset(p, 0xff, sizes[i]);
                memset(arena_room(A, sizes[i], 8), 0xff, sizes[i]);
            }
            arena_release(A);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scratch_that_outlives_a_guard),
        cmocka_unit_test(guards_release_what_was_made),
        cmocka_unit_test(adopted_goes_last),
        cmocka_unit_test(scratch_without_a_guard),
        cmocka_unit_test(scratch_stays_on_its_thread),
        cmocka_unit_test(asked_for_zeroed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
