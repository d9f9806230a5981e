/* random.h -- numbers that look drawn, and are the same on every machine: SplitMix64.
**
**      uint64_t state = 1;
**      size_t i = random_next(&state) % n;           one after the other
**      uint64_t z = random_at(1, i);                 the i-th by itself: threads need no agreement
*/
#ifndef CORE_BASE_RANDOM_H
#define CORE_BASE_RANDOM_H

#include <stdint.h>

/* The number at place i = 0, 1, … of those that random_next draws from the state `seed`. */
static inline uint64_t random_at(uint64_t seed, uint64_t i)
{
    uint64_t z = seed + (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static inline uint64_t random_next(uint64_t *state)
{
    uint64_t z = random_at(*state, 0);
    *state += UINT64_C(0x9e3779b97f4a7c15);
    return z;
}

#endif
