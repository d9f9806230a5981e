/* arena.h -- where IR lives, and for how long.
**
** A value built in an arena lives as long as the arena and never changes once it is built.  It
** may point into its own arena or into one that this arena retains, so a root together with its
** arena keeps a whole program alive, and nothing else does:
**
**      A0          the program as written
**      A1 -> A0    after split            a step gets an arena of its own,
**      A2 -> A1    after reorder          forgetting the step releases it,
**      B2 -> A1    after vectorize        a branch is one more child.
**
** One thread builds in an arena; afterwards it is read-only and any thread may read it.
**
** Memory that runs out inside mem_guard() makes that call fail with ERR_out_of_memory and
** releases every arena made meanwhile, so callers never check for NULL.  A function that runs under
** a guard keeps everything it may lose in arenas.  Outside a guard the jump goes to what
** mem_on_empty() was told, after the release of all arena_scratch; without that the process ends.
*/
#ifndef CORE_BASE_ARENA_H
#define CORE_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "core/base/err.h"

/* memcpy, for arrays that may be empty and so NULL. */
static inline void mem_copy(void *to, const void *from, size_t bytes)
{
    if (bytes)
        memcpy(to, from, bytes);
}

typedef struct Arena Arena;

/* A new, empty arena that retains `parent` (may be NULL); the caller owns it. */
Arena *arena_new(Arena *parent);

/* The same, with room for `bytes` at once and no more than that taken for them. */
Arena *arena_new_sized(Arena *parent, size_t bytes);

/* The same, but released where memory runs out and no guard stands, or none any more: for what a
** function has in hand.  It is not held while Lua runs; what is handed to a lasting owner is kept
** first.  The thread that made it keeps it or drops its last share (asserted). */
Arena *arena_scratch(Arena *parent);
void arena_keep(Arena *a);

/* Lets values of `a` point into `other` too: used where two programs are joined.  Where memory runs
** out the newest goes first, so what goes then is adopted only by what is newer (asserted). */
void arena_adopt(Arena *a, Arena *other);

/* Keeps `object` until `a` goes, then calls release(object): for data that is not in arenas,
** such as tensors and mapped files. */
void arena_own(Arena *a, void *object, void (*release)(void *object));

/* Share and drop ownership; arena_release(NULL) does nothing.  Thread-safe, but for the last share
** of an arena_scratch not kept, or of an arena made under a guard that still stands: those go on
** the thread that made them. */
Arena *arena_retain(Arena *a);
void arena_release(Arena *a);

/* `size` bytes, zeroed, aligned for any object, freed with the arena. */
void *arena_alloc(Arena *a, size_t size);

/* `size` bytes at a multiple of `align`, a power of two of at most 16, not zeroed: for what is
** written before it is read. */
void *arena_room(Arena *a, size_t size, size_t align);

/* A copy of `n` bytes and a closing zero; of a C string; of formatted text. */
char *arena_strndup(Arena *a, const char *s, size_t n);
char *arena_strdup(Arena *a, const char *s);
char *arena_printf(Arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Does `p` live in `a` itself? */
bool arena_holds(const Arena *a, const void *p);

/* Bytes taken from the system by `a` alone. */
size_t arena_bytes(const Arena *a);

/* Arenas alive in this process: a test that ends with more than it began with leaks. */
size_t arena_count(void);

/* Runs fn(env, err) so that running out of memory inside it is an error of this call. */
bool mem_guard(bool (*fn)(void *env, Err *err), void *env, Err *err);

/* What becomes of this thread where memory runs out and no guard stands: `escape` must not return.
** Without one (NULL) the process ends. */
void mem_on_empty(void (*escape)(void *env), void *env);

/* For tests: the n-th chunk from now cannot be had (0: all can).  Tells whether one that the call
** before asked for was refused. */
bool mem_fail_after(long n);

/* A zeroed array of `n` elements of `type`. */
#define ARENA_ARRAY(a, type, n) ((type *)arena_alloc((a), sizeof(type) * (size_t)(n)))

#endif
