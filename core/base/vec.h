/* vec.h -- a typed array that grows in an arena.
**
**      typedef VEC(const Node *) NodeVec;
**      NodeVec v = {0};
**      vec_push(A, &v, n);
**      for (size_t i = 0; i < v.n; i++) visit(v.at[i]);
*/
#ifndef CORE_BASE_VEC_H
#define CORE_BASE_VEC_H

#include <string.h>

#include "core/base/arena.h"

#define VEC(T)         \
    struct {           \
        T *at;         \
        size_t n, cap; \
    }

#define vec_push(A, v, x)                                                         \
    do {                                                                          \
        if ((v)->n == (v)->cap)                                                   \
            (v)->at = vec_grow((A), (v)->at, (v)->n, &(v)->cap, sizeof *(v)->at); \
        (v)->at[(v)->n++] = (x);                                                  \
    } while (0)

static inline void *vec_grow(Arena *A, void *old, size_t n, size_t *cap, size_t size)
{
    *cap = *cap ? *cap * 2 : 8;
    void *p = arena_alloc(A, *cap * size);
    if (n)
        memcpy(p, old, n * size);
    return p;
}

#endif
