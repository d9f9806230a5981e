/* cores.c -- see cores.h. */
#include "core/base/cores.h"

#include <sched.h>
#include <unistd.h>

int cores_usable(void)
{
    cpu_set_t mine;
    long n = sched_getaffinity(0, sizeof mine, &mine) == 0 ? CPU_COUNT(&mine)
                                                           : sysconf(_SC_NPROCESSORS_ONLN);
    return n > 1 ? (int)n : 1;
}
