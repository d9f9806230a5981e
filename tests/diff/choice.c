/* choice.c -- bytes that decide. */
#include "tests/diff/diff.h"

/* splitmix64: one generator for each seed and trial. */
static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

void choices_fill(Choices *c, uint64_t seed, uint64_t trial)
{
    uint64_t state = seed * 0x2545f4914f6cdd1du + trial;
    state = next(&state);
    for (size_t i = 0; i < CHOICES; i++)
        c->bytes[i] = (uint8_t)(next(&state) >> 24);
    c->n = CHOICES;
    c->at = 0;
}

int64_t choose(Choices *c, int64_t n)
{
    return c->at < c->n && n > 1 ? c->bytes[c->at++] % n : 0;
}

bool chance(Choices *c, int percent)
{
    return choose(c, 256) * 100 < percent * 256 && c->at < c->n;
}
