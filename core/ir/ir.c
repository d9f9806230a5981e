/* ir.c -- the node table, the constructor, and what is read off a node. */
#include "core/ir/ir.h"

#include <string.h>

#include "core/base/integer.h"

const OpInfo op_info[OP_COUNT] = {
#define NODE(name, cls, attr, flags, doc)                                              \
    [OP_##name] = {#name, doc, CLASS_##cls, ATTR_##attr, flags, name##_NKIDS, 0, NULL, \
                   (const KidInfo[]) {
#define KID(name, field, cls)  {#field, CLASS_##cls, false},
#define REST(name, field, cls) {#field, CLASS_##cls, true},
#define END(name) \
    {             \
        0         \
    }             \
    }             \
    }             \
    ,
#define BINARY(name, symbol, level, flags, doc) \
    [OP_##name] = {#name,                       \
                   doc,                         \
                   CLASS_EXPR,                  \
                   ATTR_NONE,                   \
                   flags,                       \
                   2,                           \
                   level,                       \
                   symbol,                      \
                   (const KidInfo[]){{"a", CLASS_EXPR, false}, {"b", CLASS_EXPR, false}, {0}}},
#include "core/ir/ir_ops.def"
};

const char *const for_kind_text[FOR_COUNT] = {
#define FOR_KIND(name, written, doc) written,
#include "core/ir/for_kinds.def"
};
const char *const combiner_name[COMB_COUNT] = {
#define COMBINER(name, written, doc) #name,
#include "core/ir/combiners.def"
};
const char *const combiner_text[COMB_COUNT] = {
#define COMBINER(name, written, doc) written,
#include "core/ir/combiners.def"
};
const char *const scope_name[SCOPE_COUNT] = {"global", "shared", "local"};

const uint8_t ir_stmts_from[OP_COUNT] = {
    [OP_Seq] = 1 + Seq_stmt,     [OP_If] = 1 + If_then,       [OP_For] = 1 + For_body,
    [OP_Block] = 1 + Block_init, [OP_Alloc] = 1 + Alloc_body, [OP_Func] = 1 + Func_body};

static uint32_t mix(uint32_t h, uint32_t v)
{
    h = (h ^ v) * UINT32_C(0x9e3779b1);
    return h ^ (h >> 15);
}

static uint32_t mix_str(uint32_t h, const char *s)
{
    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * UINT32_C(16777619);
    return mix(h, 1);
}

static uint32_t attr_hash(AttrKind kind, Attr at)
{
    uint64_t bits = 0;
    switch (kind) {
    case ATTR_NONE: return 0;
    case ATTR_INT: bits = (uint64_t)at.i; break;
    case ATTR_FLOAT: memcpy(&bits, &at.f, sizeof bits); break;
    case ATTR_NAME: return mix_str(2, at.name);
    case ATTR_VAR: return mix_str(3, at.var->name);
    case ATTR_BUF: return mix_str(4, at.buf->name);
    case ATTR_BLOCK: return mix_str(5, at.block->name);
    }
    return mix(mix(1, (uint32_t)bits), (uint32_t)(bits >> 32));
}

const Node *ir_make(Arena *A, Op op, DType type, Attr at, size_t nkids, const Node *const *kids)
{
    assert(op < OP_COUNT && nkids >= op_info[op].nkids && nkids <= UINT32_MAX);
    Node *n = arena_room(A, sizeof *n + nkids * sizeof *kids, 16);
    n->op = (uint8_t)op;
    n->type = (uint8_t)type;
    n->nkids = (uint32_t)nkids;
    n->at = at;
    uint32_t h = mix(mix(mix(0, op), type), attr_hash(op_info[op].attr, at));
    unsigned depth = 0;
    uint64_t size = 1;
    const KidInfo *k = op_info[op].kids;
    for (size_t i = 0; i < nkids; i++, k += !k->rest) {
        assert(kids[i] && ir_kid_fits(k, kids[i]));
        n->kid[i] = kids[i];
        h = mix(h, kids[i]->hash);
        if (kids[i]->depth > depth)
            depth = kids[i]->depth;
        size += kids[i]->size;
    }
    n->hash = h;
    n->size = (uint32_t)(size < UINT32_MAX ? size : UINT32_MAX);
    n->depth = (uint16_t)(depth < UINT16_MAX ? depth + 1 : UINT16_MAX);
    return n;
}

const Node *ir_with_kids(Arena *A, const Node *n, const Node *const *kids)
{
    for (size_t i = 0; i < n->nkids; i++)
        if (kids[i] != n->kid[i])
            return ir_make(A, n->op, n->type, n->at, n->nkids, kids);
    return n;
}

_Static_assert(Load_buffer == 0 && Store_buffer == 0 && Update_buffer == 0 &&
                   (int)Store_index == (int)Update_index,
               "an access begins with its buffer and ends with the index");

const Node *ir_access_at(Arena *A, const Node *access, const Node *buffer, size_t rank,
                         const Node *const *index)
{
    const Node *kids[Store_index + IR_MAX_RANK] = {buffer};
    size_t first = access->op == OP_Load ? Load_index : Store_index;
    if (first > Store_value)
        kids[Store_value] = access->kid[Store_value];
    for (size_t d = 0; d < rank; d++)
        kids[first + d] = index[d];
    return ir_make(A, access->op, access->type, access->at, first + rank, kids);
}

const Node *ir_with_kid(Arena *A, const Node *n, size_t i, const Node *kid)
{
    if (n->kid[i] == kid)
        return n;
    const Node *few[16], **kids = n->nkids <= 16 ? few : ARENA_ARRAY(A, const Node *, n->nkids);
    memcpy(kids, n->kid, n->nkids * sizeof *kids);
    kids[i] = kid;
    return ir_make(A, n->op, n->type, n->at, n->nkids, kids);
}

int64_t ir_elements(const Node *buffer)
{
    int64_t n = 1;
    for (size_t d = 0; d < ir_rank(buffer); d++)
        n = wrap_mul(n, ir_dim(buffer, d));
    return n;
}

int64_t ir_alloc_extent(const Node *alloc, size_t d)
{
    const Node *window = alloc->kid[Alloc_window];
    return window->nkids ? window->kid[d]->kid[Range_extent]->at.i
                         : ir_dim(alloc->kid[Alloc_buffer], d);
}

static bool attr_same(const Node *a, const Node *b)
{
    switch (op_info[a->op].attr) {
    case ATTR_NONE: return true;
    case ATTR_INT: return a->at.i == b->at.i;
    case ATTR_FLOAT: return memcmp(&a->at.f, &b->at.f, sizeof a->at.f) == 0;
    case ATTR_NAME: return strcmp(a->at.name, b->at.name) == 0;
    case ATTR_BLOCK: return strcmp(a->at.block->name, b->at.block->name) == 0;
    case ATTR_VAR:
    case ATTR_BUF: return false;
    }
    return false;
}

bool ir_same(const Node *a, const Node *b)
{
    if (a == b)
        return true;
    if (a->hash != b->hash || a->op != b->op || a->type != b->type || a->nkids != b->nkids ||
        (op_info[a->op].flags & OPF_IDENTITY) || !attr_same(a, b))
        return false;
    for (size_t i = 0; i < a->nkids; i++)
        if (!ir_same(a->kid[i], b->kid[i]))
            return false;
    return true;
}

bool ir_mentions(const Node *n, const Node *what)
{
    if (n == what)
        return true;
    for (size_t i = 0; i < n->nkids; i++)
        if (n->kid[i] == what || (n->kid[i]->nkids && ir_mentions(n->kid[i], what)))
            return true;
    return false;
}

bool ir_axes_have(const char *axes, const char *axis, size_t n)
{
    for (; *axes; axes += strcspn(axes, " "), axes += *axes == ' ')
        if (strcspn(axes, " ") == n && memcmp(axes, axis, n) == 0)
            return true;
    return false;
}

bool ir_loads(const Node *n)
{
    if (n->op == OP_Load)
        return true;
    for (size_t i = 0; i < n->nkids; i++)
        if (ir_loads(n->kid[i]))
            return true;
    return false;
}
