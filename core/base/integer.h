/* integer.h -- arithmetic on whole numbers that C leaves to its users.
**
**      floor_div(-7, 2) is -4, where -7 / 2 is -3
**      gcd(12, 18) is 6
*/
#ifndef CORE_BASE_INTEGER_H
#define CORE_BASE_INTEGER_H

#include <stdint.h>

__extension__ typedef __int128 i128;

/* The greatest whole number that is at most a / b, for b != 0; over 128 bits, too. */
static inline int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

static inline i128 floor_div_wide(i128 a, i128 b)
{
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

/* Modulo 2^64, as the language's int64 counts. */
static inline int64_t wrap_mul(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a * (uint64_t)b);
}
static inline int64_t wrap_add(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}
static inline int64_t wrap_sub(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)b);
}
static inline int64_t wrap_neg(int64_t a)
{
    return (int64_t)(0 - (uint64_t)a);
}

/* |v|, which for INT64_MIN fits no int64. */
static inline uint64_t magnitude(int64_t v)
{
    return v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
}

/* The greatest common divisor; gcd(0, b) is b. */
static inline uint64_t gcd(uint64_t a, uint64_t b)
{
    while (b) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

#endif
