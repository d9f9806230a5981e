/* nest_diff.h -- what happened between two versions of a program, loop by loop and block by block.
**
** A loop of both versions is the same if it has the same Var (versions of one schedule share them),
** else if it has the same name above the same block; a block, if it has the same name.  What keeps
** its order is aligned; what is in both but changed its order has moved.
*/
#ifndef VIZ_NEST_DIFF_H
#define VIZ_NEST_DIFF_H

#include "viz/nest.h"

typedef enum Change { CHANGE_same, CHANGE_changed, CHANGE_moved, CHANGE_new, CHANGE_gone } Change;

/* One line of the alignment: a row of the version before, one of the version after, or both. */
typedef struct DiffLine {
    int a, b; /* row numbers, or -1; both are set only where they are the same or changed, or stand
                 in one gap */
    bool aligned;
} DiffLine;

typedef struct NestDiff {
    Nest a, b;
    int *a_to_b, *b_to_a; /* the row that is the same in the other version, or -1 */
    Change *a_change;     /* of each row: same, changed, moved or gone */
    Change *b_change;     /* same, changed, moved or new */
    size_t n;
    DiffLine *line;
    int count[CHANGE_gone + 1]; /* rows of each change; one that is in both counts once */
} NestDiff;

NestDiff nest_diff(Arena *A, const Node *before, const Node *after);

static inline bool nest_differs(const NestDiff *d)
{
    return d->count[CHANGE_changed] + d->count[CHANGE_moved] + d->count[CHANGE_new] +
               d->count[CHANGE_gone] >
           0;
}

/* Did loop i, which is gone, become loop j of the version after?  That is the first new one of its
** name on an axis of it around a block that loop i was around. */
bool diff_descends(const NestDiff *d, size_t i, size_t j);

/* What became of a row of the version before ("now yo, yi"), or how a row of the version after
** differs ("was serial", "was inside y"); "" where there is nothing to say. */
const char *diff_note_before(Arena *A, const NestDiff *d, int row);
const char *diff_note_after(Arena *A, const NestDiff *d, int row);

/* Which lines a view of at most `most` shows, by line: of a long pair what changed with its
** surroundings and all that is around it; of a short one, or of two that do not differ, all.
** `*left` is how many that were worth it did not fit. */
bool *diff_shown(Arena *A, const NestDiff *d, size_t most, size_t *left);

#endif
