/* verify_impl.h -- what the parts of the verifier share.
**
**      verify.c         statements, and the walk from the root
**      verify_expr.c    expressions: literals, operators, calls, indices
**      verify_scope.c   what is in scope, which names are taken, what was met before
*/
#ifndef CORE_IR_VERIFY_IMPL_H
#define CORE_IR_VERIFY_IMPL_H

#include <string.h>

#include "core/ir/verify.h"

typedef enum Kind {
    K_NONE,
    K_STMT,
    K_EXPR,
    K_LOOP,
    K_AXIS,
    K_REDUCE,
    K_LET,
    K_PARAM,
    K_RESULT,
    K_ALLOC
} Kind;

#define CLOSED UINT32_MAX

typedef struct Slot {
    const Node *key;
    uint32_t kind; /* Kind */
    /* Of an identity, its place in the scope or CLOSED; of an expression, the scope's number */
    uint32_t value;
} Slot;

typedef struct Scoped {
    const Node *node;
    Kind kind;
    bool alike;        /* a Var whose name may be that of another in the scope */
    const Node *value; /* of a block's axis, what it is bound to */
} Scoped;

typedef struct NameSlot {
    const char *name;
    NodeClass space;
} NameSlot;

enum { NAME_PLACES = 1024 };

typedef struct Verifier {
    Err *err;
    Arena *A; /* made when the stack memory does not suffice */
    Slot *slots;
    size_t nslots, used;
    NameSlot *names;
    size_t nnames, names_used;
    Scoped *scope;
    uint32_t depth, scope_cap;
    uint32_t wall;           /* Vars below are hidden by the block around */
    uint32_t number, next;   /* of the present scope, and of the next new one */
    const Node *block;       /* the block around, or NULL */
    const Node *here;        /* the innermost statement that has a name */
    unsigned axes_bound;     /* thread axes bound around, by ForKind */
    uint32_t alike;          /* how many in the scope are alike */
    bool taken[NAME_PLACES]; /* by the hashes of the Vars in the scope */
} Verifier;

/* Refuses, and says where: false. */
bool verify_bad(Verifier *v, const Node *where, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- verify_scope.c ---- */

/* The slot of `n`: its own, or the free one where it would go. */
static inline Slot *verify_slot(const Verifier *v, const Node *n)
{
    size_t i = ((uintptr_t)n >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 32 & (v->nslots - 1);
    while (v->slots[i].key && v->slots[i].key != n)
        i = (i + 1) & (v->nslots - 1);
    return &v->slots[i];
}

/* Makes the table twice as large. */
void verify_grow(Verifier *v);

/* The slot of `n`, new (K_NONE) if it was not there. */
static inline Slot *verify_enter(Verifier *v, const Node *n)
{
    if (v->used * 2 >= v->nslots)
        verify_grow(v);
    Slot *s = verify_slot(v, n);
    if (!s->key) {
        s->key = n;
        v->used++;
    }
    return s;
}

/* Memory that goes with the verifier, for what the stack is too small for. */
Arena *verify_scratch(Verifier *v);

/* Is the name new in its space (buffers or blocks)?  Then it is taken. */
bool verify_take_name(Verifier *v, NodeClass space, const char *name);

bool verify_bind_var(Verifier *v, const Node *var, Kind kind);
bool verify_bind_buffer(Verifier *v, const Node *b, Kind kind);

/* What was bound beyond `depth` is closed; `number` is that scope's again. */
void verify_pop(Verifier *v, uint32_t depth, uint32_t number);

/* Are the Var and the Buffer in scope where they stand? */
bool verify_var(Verifier *v, const Node *n);
bool verify_buffer(Verifier *v, const Node *b);

/* ---- verify_expr.c ---- */

bool verify_expr(Verifier *v, const Node *n);

/* The indices of an access, from child `first` on: as many as the buffer has dimensions, and int64;
** what they are made of is not looked at. */
bool verify_index(Verifier *v, const Node *n, const Node *buffer, size_t first);

/* Are the children as many and of the classes that the table says? */
bool verify_kids(Verifier *v, const Node *n);

static inline bool verify_is_size(const Node *n)
{
    return n->op == OP_IntImm && n->type == DT_int64 && n->at.i >= 0;
}

/* Of the int64 Vars in the scope, none has the name of `var` where its place is not taken. */
static inline bool *verify_taken(Verifier *v, const Node *var)
{
    return &v->taken[var->hash % NAME_PLACES];
}

/* A Var's hash is of its type and its name. */
static inline bool verify_same_name(const Node *a, const Node *b)
{
    return (a->hash == b->hash || a->type != b->type) &&
           strcmp(ir_var_name(a), ir_var_name(b)) == 0;
}

#endif
