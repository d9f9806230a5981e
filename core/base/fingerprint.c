/* fingerprint.c -- multiply and shift, 64 bits at a time. */
#include "core/base/fingerprint.h"

#include <stdio.h>
#include <string.h>

Fingerprint fp_begin(void)
{
    return (Fingerprint){UINT64_C(0x6a09e667f3bcc908), UINT64_C(0xbb67ae8584caa73b)};
}

static uint64_t mix(uint64_t x, uint64_t m)
{
    x ^= x >> 32;
    x *= m;
    x ^= x >> 29;
    return x;
}

void fp_int(Fingerprint *f, uint64_t v)
{
    f->hi = mix(f->hi ^ v, UINT64_C(0x9e3779b97f4a7c15)) + f->lo;
    f->lo = mix(f->lo + v * UINT64_C(0xd6e8feb86659fd93), UINT64_C(0xc2b2ae3d27d4eb4f)) ^ f->hi;
}

void fp_bytes(Fingerprint *f, const void *p, size_t n)
{
    const unsigned char *s = p;
    fp_int(f, n);
    for (; n >= 8; n -= 8, s += 8) {
        uint64_t w;
        memcpy(&w, s, 8);
        fp_int(f, w);
    }
    uint64_t tail = 0;
    for (size_t i = 0; i < n; i++)
        tail |= (uint64_t)s[i] << (8 * i);
    fp_int(f, tail);
}

void fp_str(Fingerprint *f, const char *s)
{
    fp_bytes(f, s, strlen(s));
}

void fp_text(Fingerprint f, char out[33])
{
    snprintf(out, 33, "%016llx%016llx", (unsigned long long)f.hi, (unsigned long long)f.lo);
}
