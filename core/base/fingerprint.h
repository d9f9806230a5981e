/* fingerprint.h -- 128 bits that tell two values apart, the same in every process and on every
** machine.  Two streams with different finalisers; not meant against an adversary.
**
**      Fingerprint f = fp_begin();
**      fp_str(&f, "split");
**      fp_int(&f, 8);
**      fp_text(f, text);
*/
#ifndef CORE_BASE_FINGERPRINT_H
#define CORE_BASE_FINGERPRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Fingerprint {
    uint64_t hi, lo;
} Fingerprint;

Fingerprint fp_begin(void);
void fp_int(Fingerprint *f, uint64_t v);
void fp_bytes(Fingerprint *f, const void *p, size_t n);
void fp_str(Fingerprint *f, const char *s);

static inline bool fp_equal(Fingerprint a, Fingerprint b)
{
    return a.hi == b.hi && a.lo == b.lo;
}

/* 32 hexadecimal digits and a closing zero. */
void fp_text(Fingerprint f, char out[33]);

#endif
