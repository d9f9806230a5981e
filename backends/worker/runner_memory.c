/* runner_memory.c -- see runner_memory.h.
**
** Temporaries come from one reserved range of addresses, cut from its start in blocks
** [gap | pages] and ended by a gap; a table lists all blocks by address, so that a fault's address
** finds its block by bisection.  Freed blocks wait in lists by size class.
*/
#include "backends/worker/runner_memory.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/base/memory.h"
#include "core/run/pool.h"
#include "core/run/runtime.h"

/* A temporary of HUGE_LEAST bytes gets a huge page, though it may leave three quarters of it
** unused: going down its columns would touch more small pages than a processor remembers the places
** of. */
enum { MAX_BLOCKS = 1 << 16, HUGE_PAGE = 2 << 20, HUGE_LEAST = 512 << 10 };

#define TEMPORARY_RANGE (INT64_C(1) << 40)

typedef struct Block {
    char *start;   /* of its pages */
    int64_t bytes; /* of its pages */
    int64_t asked; /* of the temporary in it; -1 if free */
    int32_t next;  /* free block of the class, or -1 */
    int32_t cls;
    bool held; /* has pages that were not given back to the system */
} Block;

static struct {
    int fd;
    char *pool;
    int64_t pool_bytes;
    BoardSlot *mapped; /* ascending */
    uint32_t nmapped;

    char *range, *top; /* temporaries */
    int64_t range_bytes;
    Block *blocks;
    int32_t nblocks, free[POOL_CLASSES];
    _Atomic int32_t live;
    int64_t live_bytes; /* of blocks that are not free */
    int64_t budget;     /* what they may come to, as far as this job asked */
    int64_t held_bytes; /* of blocks that hold pages, free ones too */
    pthread_mutex_t lock;
} mem = {.lock = PTHREAD_MUTEX_INITIALIZER};

static char *reserve(int64_t *bytes, int64_t least)
{
    for (; *bytes >= least; *bytes /= 2) {
        void *p = mmap(NULL, (size_t)*bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                       -1, 0);
        if (p != MAP_FAILED)
            return p;
    }
    return NULL;
}

int memory_open(int fd, int64_t pool_bytes)
{
    mem.fd = fd;
    mem.pool_bytes = pool_bytes;
    mem.pool = reserve(&pool_bytes, mem.pool_bytes);
    mem.range_bytes = TEMPORARY_RANGE;
    mem.range = mem.top = reserve(&mem.range_bytes, INT64_C(1) << 30);
    mem.blocks = mmap(NULL, sizeof *mem.blocks * MAX_BLOCKS, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (!mem.pool || !mem.range || mem.blocks == MAP_FAILED)
        return ENOMEM;
    for (int c = 0; c < POOL_CLASSES; c++)
        mem.free[c] = -1;
    return 0;
}

static bool same_slot(const BoardSlot *a, const BoardSlot *b)
{
    return a->page == b->page && a->span == b->span && a->writable == b->writable;
}

static void unmap(const BoardSlot *s)
{
    mmap(mem.pool + s->page, (size_t)s->span, PROT_NONE,
         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

static int map(const BoardSlot *s)
{
    if (s->page < 0 || s->span <= 0 || s->page > mem.pool_bytes - s->span)
        return EINVAL;
    void *p = mmap(mem.pool + s->page, (size_t)s->span, PROT_READ | (s->writable ? PROT_WRITE : 0),
                   MAP_SHARED | MAP_FIXED | MAP_POPULATE, mem.fd, s->page);
    return p == MAP_FAILED ? errno : 0;
}

int memory_map_job(const BoardSlot *slots, uint32_t n)
{
    uint32_t i = 0, j = 0;
    mem.budget = 0;
    if (n == mem.nmapped && n > 0) {
        while (i < n && same_slot(&slots[i], &mem.mapped[i]))
            i++;
        if (i == n)
            return 0;
    }
    BoardSlot *now = malloc(sizeof *now * (n ? n : 1));
    if (!now)
        return ENOMEM;
    /* What goes away goes first: an old slot may overlap a new one of another size. */
    for (i = 0; i < mem.nmapped; i++) {
        while (j < n && slots[j].page < mem.mapped[i].page)
            j++;
        if (j == n || !same_slot(&slots[j], &mem.mapped[i])) {
            unmap(&mem.mapped[i]);
            mem.mapped[i].span = 0;
        }
    }
    int failed = 0;
    uint32_t made = 0;
    for (i = 0, j = 0; i < n && !failed; i++) {
        while (j < mem.nmapped && (mem.mapped[j].span == 0 || mem.mapped[j].page < slots[i].page))
            j++;
        if (j == mem.nmapped || !same_slot(&slots[i], &mem.mapped[j]))
            failed = map(&slots[i]);
        if (!failed)
            now[made++] = slots[i];
    }
    /* After a failure what is left of the old mappings would not be known: unmap it all. */
    for (i = 0; failed && i < mem.nmapped; i++)
        if (mem.mapped[i].span)
            unmap(&mem.mapped[i]);
    for (i = 0; failed && i < made; i++)
        unmap(&now[i]);
    free(mem.mapped);
    mem.mapped = now;
    mem.nmapped = failed ? 0 : made;
    return failed;
}

char *memory_at(int64_t pool_offset)
{
    return mem.pool + pool_offset;
}

/* Gives the pages of free blocks back to the system; true if there were any. */
static bool drop_free(void)
{
    bool any = false;
    for (int32_t i = 0; i < mem.nblocks; i++)
        if (mem.blocks[i].asked < 0 && mem.blocks[i].held) {
            madvise(mem.blocks[i].start, (size_t)mem.blocks[i].bytes, MADV_DONTNEED);
            mem.blocks[i].held = false;
            mem.held_bytes -= mem.blocks[i].bytes;
            any = true;
        }
    return any;
}

/* May so many bytes more be in use, `more` of which are on pages that no free block holds?
** Pages come when they are touched, so what the machine has left would not tell: it is asked while
** temporaries take next to nothing, and counted down from there.  The answer, which takes long, is
** good for the job; free blocks go back to the system before all that hold pages are more. */
static bool affordable(int64_t bytes, int64_t more)
{
    int64_t then = mem.live_bytes + bytes;
    if (then < MEMORY_SMALL)
        return true;
    if (mem.live_bytes < MEMORY_SMALL && then > mem.budget) {
        mem.budget = memory_free();
        if (then > mem.budget && drop_free())
            mem.budget = memory_free();
    }
    if (mem.held_bytes + more > mem.budget)
        drop_free();
    return then <= mem.budget;
}

/* Cuts a new block from the range; -1 when addresses are used up. */
static int32_t new_block(int cls, int64_t pages)
{
    int64_t bytes = pages * POOL_PAGE;
    char *start = mem.top + POOL_GAP;
    if (bytes >= HUGE_PAGE)
        start += (HUGE_PAGE - (uintptr_t)start % HUGE_PAGE) % HUGE_PAGE;
    if (mem.nblocks == MAX_BLOCKS || start + bytes + POOL_GAP > mem.range + mem.range_bytes)
        return -1;
    if (mmap(start, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
             -1, 0) == MAP_FAILED)
        return -1;
    if (bytes >= HUGE_PAGE)
        madvise(start, (size_t)bytes, MADV_HUGEPAGE);
    mem.top = start + bytes;
    mem.blocks[mem.nblocks] = (Block){start, bytes, -1, -1, cls, false};
    return mem.nblocks++;
}

/* The block that holds `p` or, with gaps, is nearest before it; -1 if there is none. */
static int32_t block_before(const char *p)
{
    int32_t low = 0, high = mem.nblocks;
    while (low < high) {
        int32_t mid = low + (high - low) / 2;
        if (mem.blocks[mid].start <= p)
            low = mid + 1;
        else
            high = mid;
    }
    return low - 1;
}

static char *data_of(const Block *b)
{
    int64_t size = b->asked > 0 ? b->asked : 1;
    return b->start + b->bytes - (size + RT_ALIGN - 1) / RT_ALIGN * RT_ALIGN;
}

void *memory_alloc(void *ctx, int64_t bytes)
{
    (void)ctx;
    int64_t pages = 0;
    if (bytes < 0 || bytes > mem.range_bytes)
        fault_no_memory(bytes);
    int64_t room = bytes >= HUGE_LEAST && bytes < HUGE_PAGE ? HUGE_PAGE - POOL_PAGE : bytes;
    int cls = pool_class((room + POOL_PAGE) / POOL_PAGE, &pages);
    pthread_mutex_lock(&mem.lock);
    int32_t i = mem.free[cls];
    if (!affordable(pages * POOL_PAGE, i >= 0 && mem.blocks[i].held ? 0 : pages * POOL_PAGE))
        fault_no_memory(bytes);
    if (i >= 0)
        mem.free[cls] = mem.blocks[i].next;
    else
        i = new_block(cls, pages);
    if (i < 0)
        fault_no_memory(bytes);
    Block *b = &mem.blocks[i];
    b->asked = bytes;
    mem.held_bytes += b->held ? 0 : b->bytes;
    b->held = true;
    mem.live++;
    mem.live_bytes += b->bytes;
    char *p = data_of(b);
    pthread_mutex_unlock(&mem.lock);
    return p;
}

static void put_back(int32_t i)
{
    Block *b = &mem.blocks[i];
    b->asked = -1;
    b->next = mem.free[b->cls];
    mem.free[b->cls] = i;
    mem.live--;
    mem.live_bytes -= b->bytes;
}

void memory_release(void *ctx, void *temporary)
{
    (void)ctx;
    pthread_mutex_lock(&mem.lock);
    int32_t i = block_before(temporary);
    if (i >= 0 && mem.blocks[i].asked >= 0 && data_of(&mem.blocks[i]) == (char *)temporary)
        put_back(i);
    pthread_mutex_unlock(&mem.lock);
}

void memory_reclaim(void)
{
    if (mem.live == 0)
        return;
    for (int32_t i = 0; i < mem.nblocks; i++)
        if (mem.blocks[i].asked >= 0)
            put_back(i);
}

void memory_explain(uint64_t address, BoardFault *fault)
{
    const char *p = (const char *)(uintptr_t)address;
    if (mem.pool && p >= mem.pool && p < mem.pool + mem.pool_bytes) {
        fault->in_pool = 1;
        fault->pool_at = p - mem.pool;
    }
    if (!mem.range || p < mem.range || p >= mem.range + mem.range_bytes || mem.nblocks == 0)
        return;
    int32_t before = block_before(p), nearest = before < 0 ? 0 : before;
    if (before >= 0 && before + 1 < mem.nblocks &&
        mem.blocks[before + 1].start - p <
            p - (mem.blocks[before].start + mem.blocks[before].bytes))
        nearest = before + 1;
    const Block *b = &mem.blocks[nearest];
    fault->in_temporary = 1;
    fault->value = b->asked;
    fault->offset = p - data_of(b);
}
