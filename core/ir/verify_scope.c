/* verify_scope.c -- what is in scope where a verifier stands, by one table of pointers and one of
** names. */
#include "core/ir/verify_impl.h"

/* ---- the tables ---- */

Arena *verify_scratch(Verifier *v)
{
    if (!v->A)
        v->A = arena_scratch(NULL);
    return v->A;
}

void verify_grow(Verifier *v)
{
    const Slot *old = v->slots;
    size_t n = v->nslots;
    v->nslots *= 2;
    v->slots = ARENA_ARRAY(verify_scratch(v), Slot, v->nslots);
    for (size_t i = 0; i < n; i++)
        if (old[i].key)
            *verify_slot(v, old[i].key) = old[i];
}

static size_t name_place(const Verifier *v, NodeClass space, const char *name)
{
    uint32_t h = UINT32_C(2166136261) + (uint32_t)space;
    for (const char *s = name; *s; s++)
        h = (h ^ (unsigned char)*s) * UINT32_C(16777619);
    size_t i = (h ^ h >> 15) & (v->nnames - 1);
    while (v->names[i].name && (v->names[i].space != space || strcmp(v->names[i].name, name) != 0))
        i = (i + 1) & (v->nnames - 1);
    return i;
}

static void grow_names(Verifier *v)
{
    const NameSlot *old = v->names;
    size_t n = v->nnames;
    v->nnames *= 2;
    v->names = ARENA_ARRAY(verify_scratch(v), NameSlot, v->nnames);
    for (size_t i = 0; i < n; i++)
        if (old[i].name)
            v->names[name_place(v, old[i].space, old[i].name)] = old[i];
}

bool verify_take_name(Verifier *v, NodeClass space, const char *name)
{
    if (v->names_used * 2 >= v->nnames)
        grow_names(v);
    NameSlot *s = &v->names[name_place(v, space, name)];
    if (s->name)
        return false;
    *s = (NameSlot){name, space};
    v->names_used++;
    return true;
}

/* ---- scopes ---- */

static inline void push(Verifier *v, const Node *n, Kind kind, Slot *s)
{
    if (v->depth == v->scope_cap) {
        Scoped *now = ARENA_ARRAY(verify_scratch(v), Scoped, v->scope_cap * 2);
        memcpy(now, v->scope, v->depth * sizeof *now);
        v->scope = now;
        v->scope_cap *= 2;
    }
    s->kind = kind;
    s->value = v->depth;
    bool var = n->op == OP_Var, alike = var && (n->type != DT_int64 || *verify_taken(v, n));
    if (var)
        *verify_taken(v, n) = true;
    v->alike += alike;
    v->scope[v->depth++] = (Scoped){n, kind, alike, NULL};
    v->number = v->next++;
}

void verify_pop(Verifier *v, uint32_t depth, uint32_t number)
{
    while (v->depth > depth) {
        const Scoped *s = &v->scope[--v->depth];
        verify_slot(v, s->node)->value = CLOSED;
        v->alike -= s->alike;
        if (s->node->op == OP_Var && !s->alike)
            *verify_taken(v, s->node) = false;
    }
    v->number = number;
}

/* An expression is a value, so one Let may stand in several places; any other binding
** happens once. */
bool verify_bind_var(Verifier *v, const Node *var, Kind kind)
{
    Slot *s = verify_enter(v, var);
    bool again = kind == K_LET && s->kind == K_LET && s->value == CLOSED;
    if (s->kind != K_NONE && !again)
        return verify_bad(v, var, "the variable '%s' is bound twice", ir_var_name(var));
    push(v, var, kind, s);
    return true;
}

bool verify_bind_buffer(Verifier *v, const Node *b, Kind kind)
{
    if (ir_rank(b) > IR_MAX_RANK)
        return verify_bad(v, b, "buffer '%s' has more than %d dimensions", ir_buf_name(b),
                          IR_MAX_RANK);
    int64_t bytes = (int64_t)dtype_bytes((DType)b->type);
    for (size_t d = 0; d < b->nkids; d++) {
        if (!verify_is_size(b->kid[d]))
            return verify_bad(v, b, "extent %zu of buffer '%s' is no number of at least 0", d,
                              ir_buf_name(b));
        if (__builtin_mul_overflow(bytes, b->kid[d]->at.i, &bytes))
            return verify_bad(v, b, "buffer '%s' has more bytes than 64 bits can count",
                              ir_buf_name(b));
    }
    Slot *s = verify_enter(v, b);
    if (s->kind != K_NONE)
        return verify_bad(v, b, "the buffer '%s' is declared twice", ir_buf_name(b));
    if (!verify_take_name(v, CLASS_BUFFER, ir_buf_name(b)))
        return verify_bad(v, b, "two buffers are named '%s'", ir_buf_name(b));
    push(v, b, kind, s);
    return true;
}

bool verify_buffer(Verifier *v, const Node *b)
{
    const Slot *s = verify_slot(v, b);
    if (!s->key)
        return verify_bad(v, b, "buffer '%s' is not declared", ir_buf_name(b));
    return s->value != CLOSED ||
           verify_bad(v, b, "buffer '%s' is used outside its alloc", ir_buf_name(b));
}

bool verify_var(Verifier *v, const Node *n)
{
    const Slot *s = verify_slot(v, n);
    const char *name = ir_var_name(n);
    if (!s->key || s->value == CLOSED)
        return verify_bad(
            v, n, "the variable '%s' is used outside the loop, block or let that binds it", name);
    if (s->value < v->wall)
        return verify_bad(
            v, n, "the loop '%s' is used inside the block, where only axes are visible", name);
    for (uint32_t i = v->depth; v->alike && --i > s->value;) {
        const Node *other = v->scope[i].node;
        if (other->op == OP_Var && verify_same_name(other, n))
            return verify_bad(v, n, "the variable '%s' is hidden by another of the same name",
                              name);
    }
    return true;
}
