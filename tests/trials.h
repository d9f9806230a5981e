/* trials.h -- how many random trials a test makes.
**
** ./dev test sets TVMREPL_TEST to full or quick; TRIALS sets a number by hand.  A build with
** assertions and sanitizers takes three times as long for a trial and makes a quarter of them: the
** first ones that the other build makes.
*/
#ifndef TESTS_TRIALS_H
#define TESTS_TRIALS_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static inline bool is_full_run(void)
{
    const char *mode = getenv("TVMREPL_TEST");
    return mode && strcmp(mode, "full") == 0;
}

static inline int trials_of(int full, int quick)
{
    const char *want = getenv("TRIALS");
    if (want)
        return atoi(want);
#ifndef NDEBUG
    full /= 4;
#endif
    return is_full_run() ? full : quick;
}

#endif
