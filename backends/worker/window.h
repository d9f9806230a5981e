/* window.h -- who has which part of the code window, in the worker.
**
** Code is taken in pieces for the compilation that makes it, and given back by all
** that compilation took:
**
**      window_open(jumps);                      imports.h has the beginning
**      void *code = window_take(7, 4096, 64);
**      window_give(7);
*/
#ifndef BACKENDS_WORKER_WINDOW_H
#define BACKENDS_WORKER_WINDOW_H

#include <stddef.h>
#include <stdint.h>

/* The window from `used` bytes on is free. */
void window_open(size_t used);

/* Memory for compilation `owner`; NULL when nothing large enough is free. */
void *window_take(uint64_t owner, size_t bytes, size_t align);

/* Gives back all that `owner` took. */
void window_give(uint64_t owner);

/* The end of the highest byte that was ever taken, from the window's start. */
size_t window_top(void);

#endif
