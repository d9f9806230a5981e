/* fingerprint.c -- a program's identity: Vars and Buffers count by the order in which they appear,
** names and provenance do not count. */
#include "core/ir/ir.h"

#include <string.h>

typedef struct Numbers {
    Arena *A;
    const Node **slot; /* open addressing, a power of two */
    uint32_t *number;
    size_t cap, used;
} Numbers;

static size_t place(const Numbers *t, const Node *n)
{
    size_t i = ((uintptr_t)n >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 20 & (t->cap - 1);
    while (t->slot[i] && t->slot[i] != n)
        i = (i + 1) & (t->cap - 1);
    return i;
}

static void grow(Numbers *t)
{
    Numbers old = *t;
    t->cap = old.cap ? old.cap * 2 : 64;
    t->slot = ARENA_ARRAY(t->A, const Node *, t->cap);
    t->number = ARENA_ARRAY(t->A, uint32_t, t->cap);
    for (size_t i = 0; i < old.cap; i++)
        if (old.slot[i]) {
            size_t j = place(t, old.slot[i]);
            t->slot[j] = old.slot[i];
            t->number[j] = old.number[i];
        }
}

/* The number of an identity; *first tells whether it has just been met. */
static uint32_t number_of(Numbers *t, const Node *n, bool *first)
{
    if (t->used * 2 >= t->cap)
        grow(t);
    size_t i = place(t, n);
    *first = !t->slot[i];
    if (*first) {
        t->slot[i] = n;
        t->number[i] = (uint32_t)t->used++;
    }
    return t->number[i];
}

static void visit(Fingerprint *f, Numbers *t, const Node *n)
{
    fp_int(f, (uint64_t)n->op << 40 | (uint64_t)n->type << 32 | n->nkids);
    if (op_info[n->op].flags & OPF_IDENTITY) {
        bool first;
        fp_int(f, number_of(t, n, &first));
        if (!first)
            return;
    }
    switch (op_info[n->op].attr) {
    case ATTR_INT: fp_int(f, (uint64_t)n->at.i); break;
    case ATTR_FLOAT: fp_bytes(f, &n->at.f, sizeof n->at.f); break;
    case ATTR_NAME:
        if (n->op != OP_Func)
            fp_str(f, n->at.name);
        break;
    case ATTR_BUF: fp_int(f, n->at.buf->scope); break;
    case ATTR_NONE:
    case ATTR_VAR:
    case ATTR_BLOCK: break;
    }
    for (size_t i = 0; i < n->nkids; i++)
        visit(f, t, n->kid[i]);
}

Fingerprint ir_fingerprint(const Node *root)
{
    Fingerprint f = fp_begin();
    Numbers t = {.A = arena_new(NULL)};
    visit(&f, &t, root);
    arena_release(t.A);
    return f;
}
