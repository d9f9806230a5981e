/* fingerprint.c -- a program's identity: Vars and Buffers count by the order in which they appear,
** names and provenance do not count. */
#include "core/ir/node_map.h"

/* The number of an identity; *first tells whether it has just been met. */
static uint32_t number_of(NodeMap *numbers, const Node *n, bool *first)
{
    uintptr_t known = (uintptr_t)node_map_get(numbers, n); /* 1 for the first; 0: not met */
    *first = !known;
    if (*first)
        node_map_put(numbers, n, (void *)(known = numbers->n + 1));
    return (uint32_t)known - 1;
}

static void visit(Fingerprint *f, NodeMap *numbers, const Node *n)
{
    fp_int(f, (uint64_t)n->op << 40 | (uint64_t)n->type << 32 | n->nkids);
    if (op_info[n->op].flags & OPF_IDENTITY) {
        bool first;
        fp_int(f, number_of(numbers, n, &first));
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
        visit(f, numbers, n->kid[i]);
}

Fingerprint ir_fingerprint(const Node *root)
{
    Fingerprint f = fp_begin();
    NodeMap numbers = {.arena = arena_scratch(NULL)};
    visit(&f, &numbers, root);
    arena_release(numbers.arena);
    return f;
}
