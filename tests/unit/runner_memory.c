/* runner_memory.c -- temporaries of the runner, where there is as much memory as a test says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The file that is tested asks this one. */
#define memory_free memory_told
#include "backends/worker/runner_memory.c"

static int64_t told = INT64_MAX; /* what the machine has, without the temporaries that are there */
static int asked;
static jmp_buf out_of_memory;

/* What temporaries really take. */
static int64_t resident(void)
{
    static unsigned char is_there[1 << 16];
    int64_t pages = 0;
    for (int32_t i = 0; i < mem.nblocks; i++) {
        int64_t n = mem.blocks[i].bytes / POOL_PAGE;
        assert_true(n <= (int64_t)sizeof is_there);
        assert_int_equal(mincore(mem.blocks[i].start, (size_t)mem.blocks[i].bytes, is_there), 0);
        for (int64_t k = 0; k < n; k++)
            pages += is_there[k] & 1;
    }
    return pages * POOL_PAGE;
}

int64_t memory_free(void)
{
    asked++;
    return told == INT64_MAX ? told : told - resident();
}

_Noreturn void fault_no_memory(int64_t bytes)
{
    (void)bytes;
    pthread_mutex_unlock(&mem.lock);
    longjmp(out_of_memory, 1);
}

enum { MANY = 40, BLOCK = 1 << 20 };

/* Takes many temporaries at once and gives them back. */
static void take_many(void)
{
    char *at[MANY];
    for (int i = 0; i < MANY; i++) {
        at[i] = memory_alloc(NULL, BLOCK);
        at[i][0] = at[i][BLOCK - 1] = 1;
    }
    for (int i = MANY; i-- > 0;)
        memory_release(NULL, at[i]);
    assert_int_equal(mem.live, 0);
}

static void the_system_is_asked_once_a_job(void **state)
{
    (void)state;
    for (int job = 1; job <= 3; job++) {
        assert_int_equal(memory_map_job(NULL, 0), 0);
        for (int i = 0; i < 20; i++)
            take_many();
        assert_int_equal(asked, job);
    }
}

static void what_is_not_there_is_not_given(void **state)
{
    (void)state;
    assert_int_equal(memory_map_job(NULL, 0), 0);
    told = INT64_C(64) << 20;
    char *volatile some = memory_alloc(NULL, 40 << 20);
    if (setjmp(out_of_memory) == 0) {
        memory_alloc(NULL, 40 << 20);
        fail_msg("80 MiB of 64 were given");
    }
    memory_release(NULL, some);
    memory_release(NULL, memory_alloc(NULL, 60 << 20));
    assert_int_equal(mem.live, 0);
}

/* What was given back is counted while it holds pages, and they go before they are too many. */
static void free_blocks_count(void **state)
{
    (void)state;
    assert_int_equal(memory_map_job(NULL, 0), 0);
    told = INT64_C(100) << 20;
    for (int i = 0; i < 3; i++)
        for (int64_t size = 40; size <= 90; size += 10) {
            char *p = memory_alloc(NULL, size << 20);
            memset(p, 1, (size_t)size << 20);
            memory_release(NULL, p);
            assert_true(resident() <= told);
        }
}

/* Half a MiB and more lies in a huge page of its own; its last byte is the last before the gap. */
static void large_ones_get_huge_pages(void **state)
{
    (void)state;
    char *small = memory_alloc(NULL, HUGE_LEAST - 64), *large = memory_alloc(NULL, HUGE_LEAST);
    assert_true(mem.blocks[block_before(small)].bytes < HUGE_PAGE);
    const Block *b = &mem.blocks[block_before(large)];
    assert_int_equal(b->bytes, HUGE_PAGE);
    assert_int_equal((uintptr_t)b->start % HUGE_PAGE, 0);
    assert_ptr_equal(large + HUGE_LEAST, b->start + b->bytes);
    memory_reclaim();
    assert_int_equal(mem.live, 0);
}

static int open_memory(void **state)
{
    (void)state;
    return memory_open(-1, POOL_PAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_system_is_asked_once_a_job),
        cmocka_unit_test(what_is_not_there_is_not_given),
        cmocka_unit_test(free_blocks_count),
        cmocka_unit_test(large_ones_get_huge_pages),
    };
    return cmocka_run_group_tests(tests, open_memory, NULL);
}
