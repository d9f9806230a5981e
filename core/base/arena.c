/* arena.c -- chunks that double from 1 KiB to 64 KiB, and the guard around running out. */
#include "core/base/arena.h"

#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/format.h"

typedef struct Chunk Chunk;
struct Chunk {
    Chunk *next;
    size_t size;
    _Alignas(16) char data[];
};

typedef struct Owned Owned;
struct Owned {
    Owned *next;
    void *object;
    void (*release)(void *);
};

typedef struct Adopted Adopted;
struct Adopted {
    Adopted *next;
    Arena *arena;
};

typedef struct Guard Guard;
struct Guard {
    jmp_buf escape;
    Guard *up;
    const Guard *thread; /* the `outside` of the thread that set it; NULL in that one itself */
    Arena *made;         /* arenas born under this guard, newest first */
};

struct Arena {
    _Alignas(16) atomic_int refs;
    bool scratch; /* in hand, and not kept yet */
    Arena *parent;
    Adopted *adopted;
    Owned *owned;
    Chunk *chunks;   /* newest first */
    Chunk *attached; /* the one that came with the arena and goes with it; or NULL */
    char *free, *end;
    size_t bytes;
    Guard *guard;       /* the guard that would release this arena, while it stands */
    Arena *prev, *next; /* its neighbours in guard->made */
};

enum { CHUNK_MIN = 1024, CHUNK_MAX = 65536 };

static _Thread_local Guard *innermost;
/* Answers for what is in hand where no guard stands; nothing jumps to it */
static _Thread_local Guard outside;
static _Thread_local void (*on_empty)(void *env);
static _Thread_local void *on_empty_env;
static _Thread_local long fail_after;
static _Thread_local bool failed;
static atomic_size_t alive;

static void guard_forget(Arena *a)
{
    if (!a->guard)
        return;
    /* The list is the thread's own, and nothing locks it. */
    assert(a->guard == &outside || a->guard->thread == &outside);
    if (a->prev)
        a->prev->next = a->next;
    else
        a->guard->made = a->next;
    if (a->next)
        a->next->prev = a->prev;
    a->guard = NULL;
}

static void release_made(Guard *g)
{
    while (g->made) {
        Arena *a = g->made;
        guard_forget(a);
        arena_release(a);
    }
}

static _Noreturn void out_of_memory(void)
{
    if (innermost)
        longjmp(innermost->escape, 1);
    release_made(&outside);
    if (on_empty)
        on_empty(on_empty_env);
    fputs("tvmrepl: out of memory\n", stderr);
    abort();
}

static void *take(size_t size, bool zeroed)
{
    if (fail_after > 0 && --fail_after == 0) {
        failed = true;
        out_of_memory();
    }
    void *p = size > PTRDIFF_MAX ? NULL : zeroed ? calloc(1, size) : malloc(size);
    if (!p)
        out_of_memory();
    return p;
}

void mem_on_empty(void (*escape)(void *env), void *env)
{
    on_empty = escape;
    on_empty_env = env;
}

bool mem_fail_after(long n)
{
    bool before = failed;
    failed = false;
    fail_after = n;
    return before;
}

/* From now on `g` (NULL: nobody) answers for `a`. */
static void guard_watch(Guard *g, Arena *a)
{
    a->guard = g;
    if (!g)
        return;
    a->prev = NULL;
    a->next = g->made;
    if (a->next)
        a->next->prev = a;
    g->made = a;
}

/* An arena of `size` bytes, itself included. */
static Arena *begin(Arena *parent, size_t size)
{
    Arena *a = take(size, false);
    memset(a, 0, sizeof *a);
    atomic_init(&a->refs, 1);
    a->parent = arena_retain(parent);
    a->bytes = size;
    atomic_fetch_add(&alive, 1);
    guard_watch(innermost, a);
    return a;
}

Arena *arena_new(Arena *parent)
{
    return begin(parent, sizeof(Arena));
}

Arena *arena_new_sized(Arena *parent, size_t bytes)
{
    Arena *a = begin(parent, sizeof *a + sizeof(Chunk) + bytes);
    a->chunks = a->attached = (Chunk *)(void *)(a + 1);
    *a->chunks = (Chunk){.size = bytes};
    a->free = a->chunks->data;
    a->end = a->free + bytes;
    return a;
}

Arena *arena_scratch(Arena *parent)
{
    Arena *a = arena_new(parent);
    a->scratch = true;
    if (!a->guard)
        guard_watch(&outside, a);
    return a;
}

/* What it retains lasts, too, though who made that may have given up its own share. */
void arena_keep(Arena *a)
{
    for (; a; a = a->parent) {
        if (a->scratch) { /* what lasts already is not written to: another thread may read it */
            a->scratch = false;
            if (a->guard && !a->guard->thread)
                guard_forget(a);
        }
        for (Adopted *d = a->adopted; d; d = d->next)
            arena_keep(d->arena);
    }
}

Arena *arena_retain(Arena *a)
{
    if (a)
        atomic_fetch_add_explicit(&a->refs, 1, memory_order_relaxed);
    return a;
}

/* Long chains of parents are released by the loop, not by recursion. */
void arena_release(Arena *a)
{
    while (a && atomic_fetch_sub_explicit(&a->refs, 1, memory_order_acq_rel) == 1) {
        Arena *parent = a->parent;
        guard_forget(a);
        for (Owned *o = a->owned; o; o = o->next)
            o->release(o->object);
        for (Adopted *d = a->adopted; d; d = d->next)
            arena_release(d->arena);
        for (Chunk *c = a->chunks, *next; c; c = next) {
            next = c->next;
            if (c != a->attached)
                free(c);
        }
        free(a);
        atomic_fetch_sub(&alive, 1);
        a = parent;
    }
}

/* The first of a new chunk, for what the current one has no room for. */
static void *next_chunk(Arena *a, size_t size, bool zeroed)
{
    size_t last = a->chunks && a->chunks->size >= CHUNK_MIN ? a->chunks->size : CHUNK_MIN / 2;
    size_t want = last * 2 < CHUNK_MAX ? last * 2 : CHUNK_MAX;
    bool big = size > CHUNK_MAX;
    if (size > want)
        want = size;
    Chunk *c = take(sizeof *c + want, big && zeroed);
    c->size = want;
    a->bytes += sizeof *c + want;
    c->next = a->chunks;
    a->chunks = c;
    if (big)
        return c->data; /* a big object has a chunk to itself; the current one stays open */
    a->free = c->data + size;
    a->end = c->data + want;
    return zeroed ? memset(c->data, 0, size) : c->data;
}

static inline void *next_room(Arena *a, size_t size, size_t align, bool zeroed)
{
    if (size > PTRDIFF_MAX - 64)
        out_of_memory();
    size_t skip = -(uintptr_t)a->free & (align - 1);
    if (size + skip > (size_t)(a->end - a->free))
        return next_chunk(a, size, zeroed);
    void *p = a->free + skip;
    a->free += skip + size;
    return zeroed && size ? memset(p, 0, size) : p;
}

void *arena_alloc(Arena *a, size_t size)
{
    return next_room(a, size, 16, true);
}

void *arena_room(Arena *a, size_t size, size_t align)
{
    return next_room(a, size, align, false);
}

/* Where memory runs out, is `held` let go after `a`, which holds it, or not at all?  Else its
** maker's share, given up before, would be dropped once more. */
__attribute__((unused)) static bool outlasts(const Arena *held, const Arena *a)
{
    const Guard *g = a->guard;
    for (const Arena *older = held->guard == g ? held->next : NULL; older; older = older->next)
        if (older == a)
            return false;
    while (g && g != held->guard)
        g = g->up;
    return !held->guard || g || (a->guard && held->guard == &outside);
}

void arena_adopt(Arena *a, Arena *other)
{
    if (a == other || !other)
        return;
    assert(outlasts(other, a));
    for (Adopted *d = a->adopted; d; d = d->next)
        if (d->arena == other)
            return;
    Adopted *d = arena_alloc(a, sizeof *d);
    d->arena = arena_retain(other);
    d->next = a->adopted;
    a->adopted = d;
}

void arena_own(Arena *a, void *object, void (*release)(void *))
{
    Owned *o = arena_alloc(a, sizeof *o);
    o->object = object;
    o->release = release;
    o->next = a->owned;
    a->owned = o;
}

char *arena_strndup(Arena *a, const char *s, size_t n)
{
    char *copy = arena_room(a, n + 1, 1);
    mem_copy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

char *arena_strdup(Arena *a, const char *s)
{
    return arena_strndup(a, s, strlen(s));
}

char *arena_printf(Arena *a, const char *fmt, ...)
{
    char few[160];
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = format_text(few, sizeof few, fmt, ap);
    if (n < 0) /* longer than any text may be */
        out_of_memory();
    char *s = arena_room(a, (size_t)n + 1, 1);
    if ((size_t)n < sizeof few)
        memcpy(s, few, (size_t)n + 1);
    else
        vsnprintf(s, (size_t)n + 1, fmt, again);
    va_end(again);
    va_end(ap);
    return s;
}

bool arena_holds(const Arena *a, const void *p)
{
    for (const Chunk *c = a->chunks; c; c = c->next)
        if ((const char *)p >= c->data && (const char *)p < c->data + c->size)
            return true;
    return false;
}

size_t arena_bytes(const Arena *a)
{
    return a->bytes;
}

size_t arena_count(void)
{
    return atomic_load(&alive);
}

/* What outlives a guard: the next one answers for it, or where there is none the thread, for what
** is scratch.  The order stays, for a parent must not go before what was built on it. */
static void hand_up(Guard *g)
{
    Arena *a = g->made;
    while (a && a->next)
        a = a->next;
    for (Arena *newer; a; a = newer) {
        newer = a->prev;
        guard_forget(a);
        guard_watch(g->up ? g->up : a->scratch ? &outside : NULL, a);
    }
}

bool mem_guard(bool (*fn)(void *env, Err *err), void *env, Err *err)
{
    Guard guard = {.up = innermost, .thread = &outside};
    volatile bool ok = false;
    if (setjmp(guard.escape) == 0) {
        innermost = &guard;
        ok = fn(env, err);
        innermost = guard.up;
        hand_up(&guard);
        return ok;
    }
    innermost = guard.up;
    release_made(&guard);
    return REFUSE(err, out_of_memory, NULL);
}
