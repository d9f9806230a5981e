/* prims.h -- the apply functions of the primitives, by family.  Rows and docs are in prims.c. */
#ifndef CORE_SCHEDULE_PRIMS_H
#define CORE_SCHEDULE_PRIMS_H

#include "core/schedule/prim.h"

/* loops.c */
bool prim_split(Step *s);
bool prim_fuse(Step *s);
bool prim_reorder(Step *s);
bool prim_tile(Step *s);
/* kinds.c */
bool prim_parallel(Step *s);
bool prim_vectorize(Step *s);
bool prim_unroll(Step *s);
bool prim_bind_axis(Step *s);
bool prim_annotate(Step *s);
/* inline.c */
bool prim_compute_inline(Step *s);
bool prim_reverse_compute_inline(Step *s);
/* place.c */
bool prim_compute_at(Step *s);
bool prim_reverse_compute_at(Step *s);
/* cache.c */
bool prim_cache_read(Step *s);
bool prim_cache_write(Step *s);
bool prim_set_scope(Step *s);
/* layout.c */
bool prim_transform_layout(Step *s);
/* reduce.c */
bool prim_decompose_reduction(Step *s);
bool prim_contract(Step *s);

#endif
