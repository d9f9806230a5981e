/* nearest.h -- which of several names was meant: "did you mean …?".
**
**      Nearest n = nearest_to("splt");
**      for (…) nearest_try(&n, candidate);
**      if (n.best) …
*/
#ifndef CORE_BASE_NEAREST_H
#define CORE_BASE_NEAREST_H

typedef struct Nearest {
    const char *word;
    const char *best; /* the nearest candidate so far, if any is near; borrowed */
    int distance;     /* its distance; candidates must be nearer to replace it */
} Nearest;

Nearest nearest_to(const char *word);

/* Letters changed, left out, added or swapped with their neighbour count one each; case counts
** less than a letter, so does a letter typed twice, and a candidate that the word begins, or ends
** as its last part (inline, compute_inline), is near.  Of two that are equally near the first by
** its letters counts. */
void nearest_try(Nearest *n, const char *candidate);

#endif
