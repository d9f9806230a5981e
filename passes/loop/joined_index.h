/* joined_index.h -- dimensions that are digits of one number.
**
** A fused loop indexes a buffer by quotients and remainders:
**
**      S[f//324, f//18 % 18, f % 18]     324*(f//324) + 18*(f//18 % 18) + f % 18  is  f
**
** where f is a sum.  Two accesses to one element then have equal sums, of which more can be told
** than of their digits.  A digit may have been simplified: (4*o + i)//28 is o//7 where i is less
** than 4.
*/
#ifndef PASSES_LOOP_JOINED_INDEX_H
#define PASSES_LOOP_JOINED_INDEX_H

#include "core/ir/linear.h"

typedef struct JoinedIndex {
    int64_t weight[IR_MAX_RANK]; /* of each dimension in the sum; 0 for those that are not joined */
    Linear sum;                  /* its atoms are known, and it never wraps */
} JoinedIndex;

/* The last dimensions that are such digits, as far as `known` tells; false if there are none. */
bool join_index(Known *known, size_t rank, const Node *const *index, JoinedIndex *out);

/* The last dimensions that are digits of number % modulus + rest, and lie in memory as their
** weights say: stride[d] elements for each step of dimension d. */
typedef struct Digits {
    Linear number, rest; /* the number never wraps */
    int64_t modulus;
    bool all; /* it is number + rest */
    int64_t weight[IR_MAX_RANK];
} Digits;

/* How many they are; of any weights where `stride` is NULL. */
size_t join_digits(Known *known, size_t rank, const Node *const *index, const int64_t *stride,
                   Digits *out);

/* Are the same dimensions joined in the same way? */
bool joined_alike(const JoinedIndex *a, const JoinedIndex *b);

#endif
