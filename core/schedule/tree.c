/* tree.c -- paths, replacement, and small questions about blocks. */
#include "core/schedule/tree.h"

#include <string.h>

#include "core/ir/rewrite.h"

/* ---- paths ---- */

typedef bool Wanted(const Node *n, const void *what);

/* Puts the way to what is wanted, at or below n and outside blocks, behind the path's end. */
static bool descend(const Node *n, Wanted *wanted, const void *what, Path *p)
{
    size_t above = p->n;
    while (p->n <= IR_MAX_DEPTH) {
        size_t i = n->op == OP_Block ? n->nkids : ir_first_stmt(n);
        p->at[p->n++] = n;
        if (wanted(n, what))
            return true;
        for (; i + 1 < n->nkids; i++) {
            p->kid[p->n - 1] = (uint32_t)i;
            if (descend(n->kid[i], wanted, what, p))
                return true;
        }
        if (i >= n->nkids)
            break;
        p->kid[p->n - 1] = (uint32_t)i;
        n = n->kid[i];
    }
    p->n = above;
    return false;
}

static bool find(const Node *func, Wanted *wanted, const void *what, Path *out)
{
    out->n = 0;
    return descend(func, wanted, what, out);
}

static bool is_node(const Node *n, const void *what)
{
    return n == what;
}

static bool is_loop(const Node *n, const void *var)
{
    return n->op == OP_For && n->kid[For_var] == var;
}

static bool is_block(const Node *n, const void *name)
{
    return n->op == OP_Block && ir_same_name(ir_block_name(n), name);
}

static bool is_alloc(const Node *n, const void *buffer)
{
    return n->op == OP_Alloc && n->kid[Alloc_buffer] == buffer;
}

bool path_to(const Node *func, const Node *target, Path *out)
{
    return find(func, is_node, target, out);
}

bool path_to_loop(const Node *func, const Node *var, Path *out)
{
    return find(func, is_loop, var, out);
}

bool path_to_block(const Node *func, const char *name, Path *out)
{
    return find(func, is_block, name, out);
}

bool path_to_alloc(const Node *func, const Node *buffer, Path *out)
{
    return find(func, is_alloc, buffer, out);
}

bool tree_has_buffer(const Node *func, const Node *buffer)
{
    Path p;
    return ir_has_kid(func->kid[Func_params], buffer) ||
           ir_has_kid(func->kid[Func_results], buffer) || path_to_alloc(func, buffer, &p);
}

static const Node *rebuild_seq(Arena *A, const Node *seq, uint32_t i, const Node *with)
{
    const Node **kids = ARENA_ARRAY(A, const Node *, seq->nkids);
    memcpy(kids, seq->kid, seq->nkids * sizeof *kids);
    kids[i] = with;
    return ir_seq(A, seq->nkids, kids);
}

size_t path_loops(const Path *p, size_t depth, const Node **out)
{
    size_t n = 0;
    for (size_t i = 0; i < depth; i++)
        if (p->at[i]->op == OP_For)
            out[n++] = p->at[i];
    return n;
}

const Node *path_replace_at(Arena *A, const Path *p, size_t depth, const Node *with)
{
    for (size_t i = depth; i-- > 0;) {
        const Node *up = p->at[i];
        with = up->op == OP_Seq ? rebuild_seq(A, up, p->kid[i], with)
                                : ir_with_kid(A, up, p->kid[i], with);
    }
    return with;
}

const Node *path_replace_by_two(Arena *A, const Path *p, size_t depth, const Node *first,
                                const Node *second)
{
    return path_replace_at(A, p, depth, ir_seq(A, 2, (const Node *[]){first, second}));
}

const Node *path_replace(Arena *A, const Path *p, const Node *with)
{
    return path_replace_at(A, p, p->n - 1, with);
}

/* ---- blocks ---- */

bool tree_blocks(const Node *n, bool (*visit)(void *env, const Node *block), void *env)
{
    if (n->op == OP_Block)
        return visit(env, n);
    for (size_t i = ir_first_stmt(n); i < n->nkids; i++)
        if (!tree_blocks(n->kid[i], visit, env))
            return false;
    return true;
}

const Node *tree_first_block(const Node *n)
{
    if (n->op == OP_Block)
        return n;
    for (size_t i = ir_first_stmt(n); i < n->nkids; i++) {
        const Node *b = tree_first_block(n->kid[i]);
        if (b)
            return b;
    }
    return NULL;
}

/* The condition with a block's axis in place of the axis's value, which reads better. */
static const Node *in_axes(Arena *A, const Node *block, const Node *cond)
{
    if (op_info[cond->op].flags & OPF_LOGIC && cond->op != OP_Not)
        return ir_binary(A, cond->op, in_axes(A, block, cond->kid[0]),
                         in_axes(A, block, cond->kid[1]));
    if (!(op_info[cond->op].flags & OPF_COMPARE))
        return cond;
    const Node *iters = block->kid[Block_iters];
    for (size_t i = 0; i < iters->nkids; i++)
        if (ir_same(iters->kid[i]->kid[Iter_value], cond->kid[0]))
            return ir_binary(A, cond->op, iters->kid[i]->kid[Iter_var], cond->kid[1]);
    return cond;
}

/* What a statement evaluates before it decides what runs. */
static const Node *first_evaluated(const Node *n)
{
    switch ((Op)n->op) {
    case OP_If: return n->kid[If_cond];
    case OP_For: return n->kid[For_extent];
    case OP_Block: return n->kid[Block_iters];
    default: return NULL;
    }
}

/* A where that reads memory does so only where the condition holds. */
static const Node *guard_block(Arena *A, const Node *block, const Node *cond)
{
    const Node *where = block->kid[Block_where], *own = in_axes(A, block, cond);
    return ir_with_kid(A, block, Block_where,
                       ir_loads(where) ? ir_and(A, own, where) : ir_and(A, where, own));
}

const Node *tree_guard(Arena *A, const Node *n, const Node *cond)
{
    const Node *first = first_evaluated(n);
    if (ir_is_true(cond) || n->op == OP_Nop || n->op == OP_Barrier)
        return n;
    if (n->op == OP_Store || n->op == OP_Update || (first && ir_loads(first)))
        return ir_if(A, cond, n, ir_nop(A));
    if (n->op == OP_Block)
        return guard_block(A, n, cond);
    const Node *few[8], **kids = n->nkids <= 8 ? few : ARENA_ARRAY(A, const Node *, n->nkids);
    for (size_t i = 0; i < n->nkids; i++)
        kids[i] = ir_is_stmt(n->kid[i]) ? tree_guard(A, n->kid[i], cond) : n->kid[i];
    return ir_with_kids(A, n, kids);
}

bool tree_writes(const Node *n, const Node *buffer)
{
    if ((n->op == OP_Store || n->op == OP_Update) && n->kid[Store_buffer] == buffer)
        return true;
    for (size_t i = ir_first_stmt(n); i < n->nkids; i++)
        if (tree_writes(n->kid[i], buffer))
            return true;
    return false;
}

bool tree_reads(const Node *n, const Node *buffer)
{
    if (n->op == OP_Load && n->kid[Load_buffer] == buffer)
        return true;
    for (size_t i = 0; i < n->nkids; i++)
        if (tree_reads(n->kid[i], buffer))
            return true;
    return false;
}

static void find_load(const Node *n, const Node *buffer, const Node **load, bool *differ)
{
    if (n->op == OP_Load && n->kid[Load_buffer] == buffer) {
        *differ |= *load && !ir_same(*load, n);
        *load = n;
    }
    for (size_t i = 0; i < n->nkids; i++)
        find_load(n->kid[i], buffer, load, differ);
}

const Node *tree_load(const Node *n, const Node *buffer, bool *differ)
{
    const Node *load = NULL;
    *differ = false;
    find_load(n, buffer, &load, differ);
    return load;
}

/* ---- who uses a buffer ---- */

typedef struct Use {
    const Node *buffer, *except; /* a statement that does not count, nor what stands in it */
    bool passed;                 /* has the search come by it? */
} Use;

/* A condition, or an extent, that the statement evaluates reads the buffer. */
static bool reads_to_decide(const Node *n, const Node *buffer)
{
    for (size_t i = 0; i < n->nkids; i++)
        if (!ir_is_stmt(n->kid[i]) && tree_reads(n->kid[i], buffer))
            return true;
    return false;
}

static Find reads_it(void *env, const Node *n)
{
    const Use *u = env;
    if (n->op == OP_Block || n->op == OP_Store || n->op == OP_Update)
        return n != u->except && tree_reads(n, u->buffer) ? FIND_THIS : FIND_NEXT;
    if (reads_to_decide(n, u->buffer))
        return FIND_THIS;
    return n == u->except ? FIND_NEXT : FIND_INSIDE;
}

static Find writes_it(void *env, const Node *n)
{
    Use *u = env;
    u->passed |= n == u->except;
    if (n == u->except)
        return FIND_NEXT;
    if (n->op != OP_Block)
        return FIND_INSIDE;
    return tree_writes(n, u->buffer) ? FIND_THIS : FIND_NEXT;
}

static Find writes_it_after(void *env, const Node *n)
{
    const Use *u = env;
    Find f = writes_it(env, n);
    return f == FIND_THIS && !u->passed ? FIND_NEXT : f;
}

const Node *tree_reader(const Node *n, const Node *except, const Node *buffer)
{
    return ir_find(n, reads_it, &(Use){buffer, except, false});
}

const Node *tree_writer(const Node *n, const Node *except, const Node *buffer)
{
    return ir_find(n, writes_it, &(Use){buffer, except, false});
}

const Node *tree_writer_after(const Node *n, const Node *loop, const Node *buffer)
{
    return ir_find(n, writes_it_after, &(Use){buffer, loop, false});
}

/* ---- blocks ---- */

const Node *block_access(const Node *block)
{
    const Node *body = block->kid[Block_body];
    return body->op == OP_Store || body->op == OP_Update ? body : NULL;
}

const Node *block_target(const Node *block)
{
    const Node *a = block_access(block);
    return a ? a->kid[Store_buffer] : NULL;
}

typedef struct Source {
    const Node *reader, *last; /* so far */
} Source;

static bool note_source(void *env, const Node *block)
{
    Source *s = env;
    const Node *made = block_target(block);
    if (block != s->reader && made && tree_reads(s->reader, made))
        s->last = block;
    return true;
}

const Node *tree_last_source(const Node *n, const Node *block)
{
    Source s = {.reader = block};
    tree_blocks(n, note_source, &s);
    return s.last;
}

const Node *block_axis_value(const Node *block, const Node *axis)
{
    const Node *iters = block->kid[Block_iters];
    for (size_t i = 0; i < iters->nkids; i++)
        if (iters->kid[i]->kid[Iter_var] == axis)
            return iters->kid[i]->kid[Iter_value];
    return NULL;
}

/* ---- names ---- */

static bool loop_named(const Node *n, const char *name)
{
    if (n->op == OP_For && ir_same_name(ir_var_name(n->kid[For_var]), name))
        return true;
    if (n->op == OP_Block)
        return false;
    for (size_t i = ir_first_stmt(n); i < n->nkids; i++)
        if (loop_named(n->kid[i], name))
            return true;
    return false;
}

/* By a block, or by a buffer where it is declared, at or below n. */
static bool name_used(const Node *n, const char *name)
{
    if (n->op == OP_Block)
        return ir_same_name(ir_block_name(n), name);
    if (n->op == OP_Alloc && ir_same_name(ir_buf_name(n->kid[Alloc_buffer]), name))
        return true;
    for (size_t i = ir_first_stmt(n); i < n->nkids; i++)
        if (name_used(n->kid[i], name))
            return true;
    return false;
}

static bool param_named(const Node *func, const char *name)
{
    for (int k = Func_params; k <= Func_results; k++)
        for (size_t i = 0; i < func->kid[k]->nkids; i++)
            if (ir_same_name(ir_buf_name(func->kid[k]->kid[i]), name))
                return true;
    return false;
}

static bool loop_above(const Path *p, const char *name)
{
    for (size_t i = 0; i + 1 < p->n; i++)
        if (p->at[i]->op == OP_For && ir_same_name(ir_var_name(p->at[i]->kid[For_var]), name))
            return true;
    return false;
}

const char *fresh_loop_name(Arena *A, const Path *to, const Node *stmt, const char *name)
{
    const char *try = name;
    for (int i = 1; loop_named(stmt, try) || loop_above(to, try); i++)
        try = arena_printf(A, "%s_%d", name, i);
    return try;
}

const char *fresh_name(Arena *A, const Node *func, const char *name)
{
    const char *try = name;
    for (int i = 1; param_named(func, try) || name_used(func, try); i++)
        try = arena_printf(A, "%s_%d", name, i);
    return try;
}
