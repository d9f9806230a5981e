/* verify.c -- a history looked at by integer sets: from the first program to the last at once, else
** step by step. */
#include "core/schedule/verify.h"

#include "core/affine/dep.h"
#include "core/schedule/tree.h"

typedef struct Verify {
    Arena *A;
    const Node *func;
    long operations;
    size_t statements;
    NameList at_once, untold; /* "xi (vectorized)"; sentences */
    Err *err;
} Verify;

static size_t count_statements(const Node *n)
{
    size_t sum = n->op == OP_Store || n->op == OP_Update;
    for (size_t i = 0; i < n->nkids; i++)
        if (ir_is_stmt(n->kid[i]))
            sum += count_statements(n->kid[i]);
    return sum;
}

/* Every loop below n whose iterations run at once. */
static bool verify_loops(Verify *y, const Node *n)
{
    ForKind kind = n->op == OP_For ? ir_for_kind(n) : FOR_serial;
    if (kind != FOR_serial && kind != FOR_unrolled) {
        DepAnswer answer = dep_check_parallel(y->func, n->kid[For_var], y->operations, y->err);
        if (answer == DEP_BROKEN)
            return false;
        if (answer == DEP_OK)
            vec_push(
                y->A, &y->at_once,
                arena_printf(y->A, "%s (%s)", loop_label(y->A, y->func, n), for_kind_text[kind]));
        else
            vec_push(y->A, &y->untold, arena_strdup(y->A, y->err->why));
    }
    for (size_t i = 0; i < n->nkids; i++)
        if (ir_is_stmt(n->kid[i]) && !verify_loops(y, n->kid[i]))
            return false;
    return true;
}

/* What cannot be seen from the first program to the last may be seen step by step. */
static DepAnswer verify_steps(Verify *y, const Version *v)
{
    DepAnswer all = DEP_OK;
    for (; v->parent; v = v->parent) {
        DepAnswer one = dep_check_step(v->parent->func, v->func, y->operations, y->err);
        if (one == DEP_BROKEN)
            return one;
        all = one == DEP_UNKNOWN ? one : all;
    }
    return all;
}

static void put_list(Buf *out, const char *head, const NameList *list, const char *between,
                     const char *tail)
{
    for (size_t i = 0; i < list->n; i++)
        buf_printf(out, "%s%s", i ? between : head, list->at[i]);
    buf_puts(out, list->n ? tail : "");
}

const char *version_verify(Arena *A, const Version *v, long operations, Err *err)
{
    Verify y = {.A = A, .func = v->func, .operations = operations, .err = err};
    y.statements = count_statements(v->func->kid[Func_body]);
    const Version *first = v;
    while (first->parent)
        first = first->parent;
    if (v == first)
        return "no step has been taken";
    DepAnswer same = dep_check_step(first->func, v->func, operations, err);
    const char *how = "";
    if (same == DEP_UNKNOWN && v->number > 1) {
        Err whole = *err;
        same = verify_steps(&y, v);
        how = ", step by step";
        if (same == DEP_UNKNOWN)
            *err = whole;
    }
    if (same == DEP_UNKNOWN)
        vec_push(A, &y.untold, arena_strdup(A, err->why));
    if (same == DEP_BROKEN || !verify_loops(&y, v->func->kid[Func_body]))
        return NULL;
    Buf out = buf_new(A);
    if (same == DEP_OK)
        buf_printf(
            &out,
            "proven: step %d computes what step 0 does%s\n"
            "  %zu statement%s: each reads what the same instances wrote in step 0, all of it made in time\n",
            v->number, how, y.statements, plural(y.statements));
    put_list(&out, same == DEP_OK ? "  at once: " : "proven, at once: ", &y.at_once, ", ", "\n");
    put_list(&out, "not told: ", &y.untold, "\nnot told: ", "\n");
    buf_puts(
        &out,
        "not looked at: the arithmetic inside blocks, the lowering, the machine code; s:check(inputs) and s:run(inputs) run them");
    return buf_str(&out);
}
