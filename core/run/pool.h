/* pool.h -- the shared memory that tensors live in when kernels are to reach them.
**
** One large sparse file in memory, mapped whole by the session; the runner maps only the slots that
** its job names.  In the file each slot lies between gaps that nobody maps there:
**
**      … gap | pad | data | pad | gap | pad | data | pad | gap …
**              ^page            ^page
**
** The data ends within 63 bytes of a page's end, so that running past it faults soon; the pads hold
** a pattern, so that what the gaps do not catch is found after the run.  Slots that are given back
** are kept for the next tensor of their size, because touching memory for the first time costs
** more than computing on it.
*/
#ifndef CORE_RUN_POOL_H
#define CORE_RUN_POOL_H

#include "core/run/storage.h"

enum { POOL_GAP = 65536, POOL_PAGE = 4096, POOL_PATTERN = 0xA5 };

/* A slot for `bytes` bytes; its data holds zeros if `zero`, else nothing in particular.  Fails with
** tensor_too_large if the machine has not that much memory free. */
bool pool_take(int64_t bytes, bool zero, Slot *slot, Err *err);
void pool_give(const Slot *slot);

/* What is given back is kept for the next of its size, so sizes come in classes, four between each
** power of two, which waste at most a quarter: the class of `pages` pages, and how many pages one
** of that class has.  The runner keeps its temporaries in the same classes. */
enum { POOL_CLASSES = 160 };
int pool_class(int64_t pages, int64_t *rounded);

/* The slot's data in this process. */
char *pool_data(const Slot *slot);

/* The file and its size, for the runner; -1 where it cannot be made (*err says why). */
int pool_fd(int64_t *bytes, Err *err);

/* Finds a byte of the pads that no longer holds the pattern: its offset from the data's start (so
** negative before it, >= slot->bytes behind it).  `base` is where the pool's start would be mapped.
** pool_repair writes the pattern again. */
bool pool_damaged(const Slot *slot, const char *base, int64_t *at);
void pool_repair(const Slot *slot);

#endif
