/* alloc.c -- settling allocations. */
#include "core/schedule/alloc.h"

#include <string.h>

#include "core/affine/region.h"
#include "core/base/vec.h"
#include "core/schedule/tree.h"

static bool uses(const Node *n, const Node *buffer)
{
    return ir_mentions(n, buffer);
}

const Node *alloc_add(Arena *A, const Node *func, const Node *buffer)
{
    const Node *body = ir_alloc(A, buffer, ir_list(A, 0, NULL), func->kid[Func_body]);
    return ir_with_kid(A, func, Func_body, body);
}

const Node *alloc_drop(Arena *A, const Node *func, const Node *buffer)
{
    Path p;
    if (!path_to_alloc(func, buffer, &p))
        return func;
    return path_replace(A, &p, path_end(&p)->kid[Alloc_body]);
}

/* The child of a Seq that alone uses the buffer, or NULL. */
static const Node *only_user(const Node *seq, const Node *buffer, uint32_t *at)
{
    const Node *found = NULL;
    for (uint32_t i = 0; i < seq->nkids; i++) {
        if (!uses(seq->kid[i], buffer))
            continue;
        if (found)
            return NULL;
        found = seq->kid[i];
        *at = i;
    }
    return found;
}

/* Do iterations of such a loop, which are threads or thread blocks, all see one and the same memory? */
static bool is_seen_across(const Node *buffer, ForKind kind)
{
    switch (buffer->at.buf->scope) {
    case SCOPE_global: return for_is_bound(kind);
    case SCOPE_shared: return for_is_thread_axis(kind);
    default: return false;
    }
}

/* Goes down from the Func while one statement holds all uses. */
static void innermost_place(const Node *func, const Node *buffer, Path *p)
{
    p->n = 1;
    p->at[0] = func;
    p->kid[0] = Func_body;
    const Node *n = func->kid[Func_body];
    for (;;) {
        p->at[p->n++] = n;
        uint32_t kid = 0;
        if (n->op == OP_Alloc && !uses(n->kid[Alloc_window], buffer))
            kid = Alloc_body;
        else if (n->op == OP_For && !uses(n->kid[For_extent], buffer) && !is_seen_across(buffer, ir_for_kind(n)))
            kid = For_body;
        else if (n->op != OP_Seq || !only_user(n, buffer, &kid))
            return;
        p->kid[p->n - 1] = kid;
        n = n->kid[kid];
        if (n->op == OP_Block)
            return;
    }
}

const Node *alloc_settle(Arena *A, const Node *func, const Node *buffer)
{
    Path p;
    if (!path_to_alloc(func, buffer, &p))
        return func;
    const Node *bare = path_replace(A, &p, path_end(&p)->kid[Alloc_body]);
    if (!uses(bare->kid[Func_body], buffer))
        return bare;
    innermost_place(bare, buffer, &p);
    const Node *place = path_end(&p);
    Region r = region_of(A, place, buffer, REGION_READS | REGION_WRITES);
    const Node *alloc = ir_alloc(A, buffer, region_window(A, &r, buffer), place);
    return path_replace(A, &p, alloc);
}

typedef struct Found {
    Arena *A;
    VEC(const Node *) at;
} Found;

static void find_buffers(Found *f, const Node *n)
{
    if (n->op == OP_Buffer) {
        for (size_t i = 0; i < f->at.n; i++)
            if (f->at.at[i] == n)
                return;
        vec_push(f->A, &f->at, n);
        return;
    }
    for (size_t i = 0; i < n->nkids; i++)
        find_buffers(f, n->kid[i]);
}

const Node *alloc_settle_all(Arena *A, const Node *func, const Node *stmt)
{
    Found f = {.A = A};
    find_buffers(&f, stmt);
    for (size_t i = 0; i < f.at.n; i++)
        func = alloc_settle(A, func, f.at.at[i]);
    return func;
}
