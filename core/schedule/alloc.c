/* alloc.c -- settling allocations. */
#include "core/schedule/alloc.h"

#include <string.h>

#include "core/base/vec.h"
#include "core/schedule/legal.h"

static bool uses(const Node *n, const Node *buffer)
{
    return ir_mentions(n, buffer);
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

/* Do iterations of such a loop, which are threads or thread blocks, all see one and
** the same memory? */
static bool is_seen_across(const Node *buffer, ForKind kind)
{
    switch (buffer->at.buf->scope) {
    case SCOPE_global: return for_is_bound(kind);
    case SCOPE_shared: return for_is_thread_axis(kind);
    default: return false;
    }
}

typedef struct Settle {
    const Node *func, *buffer;      /* the Func without the Alloc */
    const Node *free[IR_MAX_DEPTH]; /* Vars of loops that are known to carry nothing */
    size_t nfree;
} Settle;

static bool may_enter(const Settle *s, const Node *loop)
{
    if (uses(loop->kid[For_extent], s->buffer) || is_seen_across(s->buffer, ir_for_kind(loop)))
        return false;
    for (size_t i = 0; i < s->nfree; i++)
        if (s->free[i] == loop->kid[For_var])
            return true;
    return legal_carries_nothing(s->func, loop, s->buffer);
}

/* Goes down from the Func while one statement holds all uses. */
static void innermost_place(const Settle *s, Path *p)
{
    const Node *n = s->func->kid[Func_body], *buffer = s->buffer;
    p->n = 1;
    p->at[0] = s->func;
    p->kid[0] = Func_body;
    while (p->n <= IR_MAX_DEPTH) {
        p->at[p->n++] = n;
        uint32_t kid = 0;
        if (n->op == OP_Alloc && !uses(n->kid[Alloc_window], buffer))
            kid = Alloc_body;
        else if (n->op == OP_For && may_enter(s, n))
            kid = For_body;
        else if (n->op != OP_Seq || !only_user(n, buffer, &kid))
            return;
        if (n->kid[kid]->op == OP_Block)
            return;
        p->kid[p->n - 1] = kid;
        n = n->kid[kid];
    }
}

static void carry_nothing(Settle *s, const Path *p)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->at[i]->op == OP_For && s->nfree < IR_MAX_DEPTH)
            s->free[s->nfree++] = p->at[i]->kid[For_var];
}

Region path_region(Arena *A, const Path *p, size_t depth, const Node *buffer, int which)
{
    const Node **around = ARENA_ARRAY(A, const Node *, depth + 1);
    return region_of(A, path_loops(p, depth, around), around, p->at[depth], buffer, which);
}

/* The Func with the Alloc where it belongs. */
static const Node *put_alloc(Arena *A, Settle *s, const Node *made_in, Path *p)
{
    if (made_in && path_to_loop(s->func, made_in->kid[For_var], p))
        carry_nothing(s, p);
    innermost_place(s, p);
    Region r = path_region(A, p, p->n - 1, s->buffer, REGION_READS | REGION_WRITES);
    const Node *window = region_window(A, &r, s->buffer);
    return path_replace(A, p, ir_alloc(A, s->buffer, window, path_end(p)));
}

const Node *alloc_new(Arena *A, const Node *func, const Node *buffer, const Node *made_in)
{
    Path p;
    Settle s;
    s.func = func;
    s.buffer = buffer;
    s.nfree = 0;
    return put_alloc(A, &s, made_in, &p);
}

const Node *alloc_settle(Arena *A, const Node *func, const Node *buffer, const Node *made_in)
{
    Path p;
    Settle s;
    s.buffer = buffer;
    s.nfree = 0;
    if (!path_to_alloc(func, buffer, &p))
        return func;
    carry_nothing(&s, &p); /* the buffer has lived inside them so far */
    s.func = path_replace(A, &p, path_end(&p)->kid[Alloc_body]);
    return uses(s.func->kid[Func_body], buffer) ? put_alloc(A, &s, made_in, &p) : s.func;
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

const Node *alloc_settle_all(Arena *A, const Node *func, const Node *stmt, const Node *except)
{
    Found f = {.A = A};
    find_buffers(&f, stmt);
    for (size_t i = 0; i < f.at.n; i++)
        if (f.at.at[i] != except)
            func = alloc_settle(A, func, f.at.at[i], NULL);
    return func;
}
