/* diff_text.h -- two versions of a program as one text: what is new, gone, moved and changed.
**
**        matmul(…) -> C: float32[64, 64]
**      -    y     64                         now yo, yi
**      + └─ yo     8  ∥ parallel  of y, step 1
**           └─ x  64
*/
#ifndef VIZ_TEXT_DIFF_TEXT_H
#define VIZ_TEXT_DIFF_TEXT_H

#include "viz/text/style.h"

typedef enum DiffForm {
    DIFF_unified, /* the version after, with what is gone in between */
    DIFF_sides,   /* before on the left, after on the right */
    DIFF_fitting  /* sides where both fit into style.width, else unified; nothing is cut */
} DiffForm;

/* Ends with a line that counts the changes; "no difference" where there are none. */
const char *diff_text(Arena *A, const Node *before, const Node *after, DiffForm form,
                      TextStyle style);

#endif
