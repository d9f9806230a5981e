/* rehome.c -- the working arena's nodes are marked while they are measured, and hold the address of
** their copy once they are copied. */
#include "core/ir/rehome.h"

#include <string.h>

enum { MEASURED = 0x80, MOVED = 0xff }; /* MOVED: at.name is the copy's address */
_Static_assert((int)OP_COUNT < (int)MEASURED, "the marks are no ops");

enum { ALIGN = 8 }; /* of a Node and of what hangs from it */

static size_t padded(size_t n)
{
    return (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

static size_t string_size(Arena *work, const char *s)
{
    return s && arena_holds(work, s) ? padded(strlen(s) + 1) : 0;
}

/* What is not in `work` is older than it, and points to nothing there. */
static size_t attr_size(Arena *work, AttrKind kind, Attr at)
{
    switch (kind) {
    case ATTR_NAME: return string_size(work, at.name);
    case ATTR_VAR: /* an axis that is the name is stored once */
        return !arena_holds(work, at.var)
                   ? 0
                   : padded(sizeof *at.var) + string_size(work, at.var->name) +
                         (at.var->axes == at.var->name ? 0 : string_size(work, at.var->axes));
    case ATTR_BUF:
        return !arena_holds(work, at.buf)
                   ? 0
                   : padded(sizeof *at.buf) + string_size(work, at.buf->name);
    case ATTR_BLOCK:
        return !arena_holds(work, at.block)
                   ? 0
                   : padded(sizeof *at.block) + string_size(work, at.block->name) +
                         string_size(work, at.block->from);
    case ATTR_NONE:
    case ATTR_INT:
    case ATTR_FLOAT: break;
    }
    return 0;
}

/* Of a node in `work` that is not measured yet. */
static size_t measure(const Node *n, Arena *work)
{
    size_t size = padded(sizeof *n + n->nkids * sizeof *n->kid);
    AttrKind attr = op_info[n->op].attr;
    if (attr >= ATTR_NAME)
        size += attr_size(work, attr, n->at);
    ((Node *)(uintptr_t)n)->op |= MEASURED;
    for (size_t i = 0; i < n->nkids; i++)
        if (!(n->kid[i]->op & MEASURED) && arena_holds(work, n->kid[i]))
            size += measure(n->kid[i], work);
    return size;
}

size_t ir_rehome_size(const Node *n, Arena *work)
{
    return !(n->op & MEASURED) && arena_holds(work, n) ? measure(n, work) : 0;
}

static const char *move_string(Arena *work, Arena *to, const char *s)
{
    return s && arena_holds(work, s) ? arena_strdup(to, s) : s;
}

static Attr move_attr(Arena *work, Arena *to, AttrKind kind, Attr at)
{
    switch (kind) {
    case ATTR_NAME: at.name = move_string(work, to, at.name); break;
    case ATTR_VAR:
        if (arena_holds(work, at.var)) {
            VarInfo *v = arena_room(to, sizeof *v, ALIGN);
            const char *name = move_string(work, to, at.var->name);
            bool same = at.var->axes == at.var->name;
            *v = (VarInfo){name, same ? name : move_string(work, to, at.var->axes), at.var->step};
            at.var = v;
        }
        break;
    case ATTR_BUF:
        if (arena_holds(work, at.buf)) {
            BufInfo *b = arena_room(to, sizeof *b, ALIGN);
            *b = (BufInfo){move_string(work, to, at.buf->name), at.buf->scope};
            at.buf = b;
        }
        break;
    case ATTR_BLOCK:
        if (arena_holds(work, at.block)) {
            BlockInfo *b = arena_room(to, sizeof *b, ALIGN);
            *b = (BlockInfo){move_string(work, to, at.block->name),
                             move_string(work, to, at.block->from), at.block->step};
            at.block = b;
        }
        break;
    case ATTR_NONE:
    case ATTR_INT:
    case ATTR_FLOAT: break;
    }
    return at;
}

const Node *ir_rehome(const Node *n, Arena *work, Arena *to)
{
    if (n->op == MOVED)
        return (const Node *)(const void *)n->at.name;
    if (!(n->op & MEASURED))
        return n;
    Node *old = (Node *)(uintptr_t)n;
    Op op = (Op)(n->op & ~MEASURED);
    Node *now = arena_room(to, sizeof *n + n->nkids * sizeof *n->kid, ALIGN);
    memcpy(now, n, sizeof *n);
    now->op = (uint8_t)op;
    if (op_info[op].attr >= ATTR_NAME)
        now->at = move_attr(work, to, op_info[op].attr, n->at);
    for (size_t i = 0; i < n->nkids; i++)
        now->kid[i] = n->kid[i]->op & MEASURED ? ir_rehome(n->kid[i], work, to) : n->kid[i];
    old->op = MOVED;
    old->at.name = (const char *)now;
    return now;
}
