/* interp_impl.h -- what the two halves of the reference interpreter share.
**
** A program is compiled once into a tree of Ex and St, whose nodes carry the function
** that runs them, and the places of their variables: every Var has one cell, every
** Buffer one Mem, for a name is bound once and nothing recurses.  A failed access
** yields a dummy element and empties the fuel, so the loops end.
*/
#ifndef CORE_IR_INTERP_IMPL_H
#define CORE_IR_INTERP_IMPL_H

#include "core/ir/interp.h"
#include "core/ir/node_map.h"

typedef struct Machine Machine;
typedef struct Ex Ex;
typedef struct St St;

struct Ex {
    Scalar (*run)(const Ex *e, Machine *m);
    const Scalar *cell; /* not NULL: the value is there already (variables, literals) */
    const Ex *a, *b, *c;
    Scalar *bind; /* Let: where the value goes */
    const struct Access *access;
    uint8_t op, type, from; /* from: the operand's type */
};

/* One buffer's memory while it lives. */
typedef struct Mem {
    char *data;
    size_t capacity; /* bytes that an allocation owns */
    const Node *buffer;
    int64_t min[IR_MAX_RANK], extent[IR_MAX_RANK];
} Mem;

typedef struct Access {
    Mem *mem;
    const Node *node; /* the Load, Store or Update */
    size_t rank;
    const Ex *index[];
} Access;

struct Machine {
    Arena *A;
    Err *err;
    int64_t fuel;       /* iterations until the next look around */
    int64_t budget;     /* iterations left after that */
    int64_t iterations; /* the whole budget, for the message */
    size_t bytes_left;
    bool failed;
    const St *loop;  /* the innermost loop that runs */
    const St *block; /* the block that runs */
    char dummy[16];  /* stands in for an element outside its buffer */
};

/* Compilation: what each Var, Buffer and shared expression became. */
typedef struct Compiler {
    Arena *A;
    Machine *m;
    Err *err;
    NodeMap map;
} Compiler;

static inline Scalar ex_value(const Ex *e, Machine *m)
{
    return e->cell ? *e->cell : e->run(e, m);
}

/* The cell of a Var that is bound here. */
Scalar *interp_bind(Compiler *c, const Node *var);

/* NULL after filling c->err. */
const Ex *interp_expr(Compiler *c, const Node *n);
const Ex *interp_cell(Compiler *c, const Scalar *cell, DType type);
const Ex *interp_binary(Compiler *c, Op op, DType operands, const Ex *a, const Ex *b);
const Ex *interp_fma(Compiler *c, DType t, const Ex *x, const Ex *y, const Ex *z);
const Access *interp_access(Compiler *c, const Node *n, size_t first);

/* The address of the element, or of a dummy after recording the failure. */
void *interp_locate(const Access *a, Machine *m);

/* Fills m->err for an index outside its dimension and stops the run. */
void *interp_outside(const Access *a, Machine *m);

#endif
