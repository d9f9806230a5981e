/* memory.h -- how much memory there is left to take. */
#ifndef CORE_BASE_MEMORY_H
#define CORE_BASE_MEMORY_H

#include <stdint.h>

/* What is small next to any machine's memory and need not be asked for. */
#define MEMORY_SMALL (INT64_C(32) << 20)

/* Bytes that may still be taken: what the machine has available, or the control groups (containers)
** around this process leave it if that is less, without some that is kept for everybody else.
** INT64_MAX where nothing is known.  Reads files of the system, for some 20 us. */
int64_t memory_free(void);

#endif
