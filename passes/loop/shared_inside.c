/* shared_inside.c -- shared memory that no thread block computes.
**
**      alloc A.shared: … shared                       for y in bind("blockIdx.x", 64):
**      for y in range(64): A.shared[y] = A[y]    →      alloc A.shared: … shared
**      for y in bind("blockIdx.x", 64):                 A.shared[y] = A[y]
**        C[y] = A.shared[y]                             C[y] = A.shared[y]
**
** Shared memory makes one kernel of all that stands in its scope, and each thread block has its
** own: no block reads what was computed outside of it.  This is asked first, for what else would be
** refused is often another part of that kernel, which by itself is right. */
#include "core/ir/rewrite.h"
#include "passes/loop/lower.h"

typedef struct Outside {
    const Node *buffer; /* in shared memory, allocated outside the loops over thread blocks */
    const Node *block;  /* computes it there */
    const Node *loop;   /* over thread blocks, the innermost one in which it is read */
    const Node *reader; /* a block in that loop */
} Outside;

static bool touches(const Node *n, const Node *buffer, bool write)
{
    bool is = write ? n->op == OP_Store || n->op == OP_Update : n->op == OP_Load;
    if (is && n->kid[0] == buffer)
        return true;
    for (size_t i = 0; i < n->nkids; i++)
        if (touches(n->kid[i], buffer, write))
            return true;
    return false;
}

static bool over_blocks(const Node *n)
{
    return n->op == OP_For && for_is_block_axis(ir_for_kind(n));
}

static Find computes(void *env, const Node *n)
{
    const Outside *o = env;
    if (over_blocks(n))
        return FIND_NEXT;
    if (n->op != OP_Block)
        return FIND_INSIDE;
    return touches(n, o->buffer, true) ? FIND_THIS : FIND_NEXT;
}

static Find loop_reads(void *env, const Node *n)
{
    const Outside *o = env;
    if (!over_blocks(n))
        return n->op == OP_Block ? FIND_NEXT : FIND_INSIDE;
    return touches(n, o->buffer, false) ? FIND_THIS : FIND_NEXT;
}

static Find block_reads(void *env, const Node *n)
{
    const Outside *o = env;
    if (n->op != OP_Block)
        return FIND_INSIDE;
    return touches(n, o->buffer, false) ? FIND_THIS : FIND_NEXT;
}

static Find stands_outside(void *env, const Node *n)
{
    Outside *o = env;
    if (over_blocks(n) || n->op == OP_Block)
        return FIND_NEXT;
    if (n->op != OP_Alloc || n->kid[Alloc_buffer]->at.buf->scope != SCOPE_shared)
        return FIND_INSIDE;
    o->buffer = n->kid[Alloc_buffer];
    o->block = ir_find(n, computes, o);
    o->loop = NULL;
    for (const Node *loop = ir_find(n, loop_reads, o); loop;
         loop = ir_find(loop->kid[For_body], loop_reads, o))
        o->loop = loop;
    o->reader = o->loop ? ir_find(o->loop, block_reads, o) : NULL;
    return o->block && o->reader ? FIND_THIS : FIND_INSIDE;
}

bool loop_shared_inside(const Node *func, Err *err)
{
    Outside o = {0};
    if (!ir_find(func, stands_outside, &o))
        return true;
    return REFUSE(err, shared_outside_blocks, NULL, ir_buf_name(o.buffer),
                  for_kind_text[ir_for_kind(o.loop)], ir_block_name(o.block),
                  ir_block_name(o.reader), ir_var_name(o.loop->kid[For_var]));
}
