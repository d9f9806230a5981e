/* index_range.h -- the values that an index expression can take while its variables run over
** ranges.
**
** With every variable at one value the result is that of the expression; wider ranges may be
** overestimated but never underestimated.
*/
#ifndef VIZ_INDEX_RANGE_H
#define VIZ_INDEX_RANGE_H

#include "core/ir/ir.h"

typedef struct IndexRange {
    int64_t lo, hi; /* both included */
} IndexRange;

typedef struct IndexEnv {
    size_t n;
    const Node **var;
    IndexRange *range;
} IndexEnv;

static inline bool range_is_point(IndexRange r)
{
    return r.lo == r.hi;
}

/* Truth values are 0 and 1.  What depends on data, or overflows, can be anything. */
IndexRange index_range(const Node *e, const IndexEnv *env);

#endif
