/* dice.h -- random choices of a test, the same in every run. */
#ifndef TESTS_DICE_H
#define TESTS_DICE_H

#include <stdint.h>

static uint64_t dice = 20261121;

static inline uint64_t dice_next(void)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    return dice ^= dice << 17;
}

/* 0 … n-1 */
static inline int below(int n)
{
    return (int)(dice_next() % (uint64_t)n);
}

#endif
