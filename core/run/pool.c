/* pool.c -- slots of one sparse memfd, in size classes with a list of free slots each. */
#include "core/run/pool.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/memory.h"

typedef struct Free Free;
struct Free {
    Free *next;
    int64_t home, room;
    bool empty; /* its memory went back to the system */
};

static struct {
    int fd;
    char *base;
    int64_t bytes, top; /* of the file; of what was ever given out */
    int64_t used, kept;
    Free *free[POOL_CLASSES];
} pool = {.fd = -1};

static int64_t round_up(int64_t n, int64_t to)
{
    return (n + to - 1) / to * to;
}

int pool_class(int64_t pages, int64_t *rounded)
{
    int shift = 0;
    while (pages > INT64_C(8) << shift)
        shift++;
    int64_t steps = (pages + (INT64_C(1) << shift) - 1) >> shift;
    *rounded = steps << shift;
    return shift == 0 ? (int)steps - 1 : 8 + (shift - 1) * 4 + (int)steps - 5;
}

static bool pool_open(Err *err)
{
    if (pool.fd >= 0)
        return true;
    int fd = memfd_create("tvmrepl-tensors", MFD_CLOEXEC);
    if (fd < 0)
        return REFUSE(err, io_failed, NULL, "make", "memory for tensors", strerror(errno));
    /* A limit on address space may stand in the way of the largest size. */
    for (int64_t bytes = INT64_C(256) << 30; bytes >= INT64_C(256) << 20; bytes /= 2) {
        if (ftruncate(fd, bytes) != 0)
            continue;
        void *p =
            mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
        if (p == MAP_FAILED)
            continue;
        pool.fd = fd;
        pool.base = p;
        pool.bytes = bytes;
        pool.top = POOL_GAP;
        return true;
    }
    close(fd);
    return REFUSE(err, io_failed, NULL, "map", "memory for tensors", strerror(ENOMEM));
}

/* Gives the memory of all kept slots back to the system. */
static void drop_kept(void)
{
    for (int c = 0; c < POOL_CLASSES; c++)
        for (Free *f = pool.free[c]; f; f = f->next) {
            fallocate(pool.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, f->home, f->room);
            f->empty = true;
        }
    pool.kept = 0;
}

/* Bytes that slots in use may still take from the system, for a slot's pages come
** when they are first touched. */
static int64_t promised(void)
{
    struct stat now;
    if (pool.fd < 0 || fstat(pool.fd, &now) != 0)
        return 0;
    int64_t missing = pool.used + pool.kept - (int64_t)now.st_blocks * 512;
    return missing > 0 ? missing : 0;
}

static int64_t bytes_free(void)
{
    int64_t have = memory_free();
    return have == INT64_MAX ? have : have - promised();
}

/* Says that there is no room: neither more than `most` nor more than the machine has free. */
static bool no_room(int64_t bytes, int64_t most, Err *err)
{
    int64_t have = bytes_free(), room = have < most ? have : most;
    return REFUSE(err, tensor_too_large, NULL, (double)bytes / (1 << 20),
                  (double)(room > 0 ? room : 0) / (1 << 20));
}

/* Can the machine give `bytes` more? */
static bool have_room(int64_t bytes, Err *err)
{
    if (bytes < MEMORY_SMALL || bytes <= bytes_free())
        return true;
    if (pool.kept > 0) {
        drop_kept();
        if (bytes <= bytes_free())
            return true;
    }
    return no_room(bytes, INT64_MAX, err);
}

static void place(Slot *slot, int64_t bytes, int64_t home, int64_t room)
{
    int64_t end = home + room;
    slot->bytes = bytes;
    slot->home = home;
    slot->room = room;
    slot->offset = end - round_up(bytes ? bytes : 1, 64);
    slot->page = slot->offset / POOL_PAGE * POOL_PAGE;
    slot->span = end - slot->page;
}

void pool_repair(const Slot *slot)
{
    int64_t end = slot->offset + slot->bytes;
    memset(pool.base + slot->page, POOL_PATTERN, (size_t)(slot->offset - slot->page));
    memset(pool.base + end, POOL_PATTERN, (size_t)(slot->page + slot->span - end));
}

bool pool_take(int64_t bytes, bool zero, Slot *slot, Err *err)
{
    assert(bytes >= 0);
    if (!pool_open(err))
        return false;
    if (bytes > pool.bytes / 2)
        return no_room(bytes, pool.bytes / 2, err);
    int64_t pages;
    int c = pool_class(round_up(bytes ? bytes : 1, POOL_PAGE) / POOL_PAGE, &pages);
    int64_t room = pages * POOL_PAGE;
    Free *f = pool.free[c];
    if ((!f || f->empty) && !have_room(room, err))
        return false;
    if (f) {
        pool.free[c] = f->next;
        place(slot, bytes, f->home, f->room);
        pool.kept -= f->empty ? 0 : room;
        if (zero && !f->empty) /* what is new from the system is zero */
            memset(pool_data(slot), 0, (size_t)bytes);
        free(f);
    } else {
        if (pool.top + room + POOL_GAP > pool.bytes)
            return no_room(bytes, pool.bytes - pool.top, err);
        place(slot, bytes, pool.top, room);
        pool.top += room + POOL_GAP;
    }
    pool_repair(slot);
    pool.used += room;
    return true;
}

void pool_give(const Slot *slot)
{
    int64_t pages, limit = INT64_C(1) << 30;
    int c = pool_class(slot->room / POOL_PAGE, &pages);
    assert(pages * POOL_PAGE == slot->room);
    pool.used -= slot->room;
    bool empty = pool.kept + slot->room > limit;
    if (empty)
        fallocate(pool.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, slot->home, slot->room);
    else
        pool.kept += slot->room;
    Free *f = malloc(sizeof *f);
    if (!f)
        return; /* the address range is not used again; its memory is gone or counted as kept */
    *f = (Free){pool.free[c], slot->home, slot->room, empty};
    pool.free[c] = f;
}

char *pool_data(const Slot *slot)
{
    return pool.base + slot->offset;
}

int pool_fd(int64_t *bytes, Err *err)
{
    if (!pool_open(err))
        return -1;
    *bytes = pool.bytes;
    return pool.fd;
}

/* The first byte in [from, to) that is not the pattern, or `to`. */
static int64_t first_damage(const char *base, int64_t from, int64_t to)
{
    static const char pattern[8] = {(char)0xA5, (char)0xA5, (char)0xA5, (char)0xA5,
                                    (char)0xA5, (char)0xA5, (char)0xA5, (char)0xA5};
    while (to - from >= 8 && memcmp(base + from, pattern, 8) == 0)
        from += 8;
    while (from < to && (unsigned char)base[from] == POOL_PATTERN)
        from++;
    return from;
}

bool pool_damaged(const Slot *slot, const char *base, int64_t *at)
{
    int64_t end = slot->offset + slot->bytes, last = slot->page + slot->span;
    int64_t hit = first_damage(base, end, last);
    if (hit == last) {
        hit = first_damage(base, slot->page, slot->offset);
        if (hit == slot->offset)
            return false;
    }
    *at = hit - slot->offset;
    return true;
}
