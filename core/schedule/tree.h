/* tree.h -- finding places in a program and replacing what stands there.
**
** A Path leads from the Func down to a statement.  Replacing the statement rebuilds the nodes above
** it and shares everything else.
*/
#ifndef CORE_SCHEDULE_TREE_H
#define CORE_SCHEDULE_TREE_H

#include "core/ir/ir.h"

typedef struct Path {
    size_t n; /* at[0] is the Func, at[n-1] the statement */
    const Node *at[IR_MAX_DEPTH + 1];
    uint32_t kid[IR_MAX_DEPTH + 1]; /* at[i+1] is at[i]->kid[kid[i]] */
} Path;

/* The path to `target`, a statement of `func`; false if it is not there. */
bool path_to(const Node *func, const Node *target, Path *out);
/* The path to the For whose Var is `var`, to the block of that name, to the Alloc of the buffer. */
bool path_to_loop(const Node *func, const Node *var, Path *out);
bool path_to_block(const Node *func, const char *name, Path *out);
bool path_to_alloc(const Node *func, const Node *buffer, Path *out);
/* Is it a buffer of the Func: a parameter, a result, or allocated in it? */
bool tree_has_buffer(const Node *func, const Node *buffer);

static inline const Node *path_end(const Path *p)
{
    return p->at[p->n - 1];
}

/* The loops around the statement at[depth], outermost first, or all on the path where depth is n;
** how many. */
size_t path_loops(const Path *p, size_t depth, const Node **out);

/* The Func with path_end(p) replaced; a Nop in its place vanishes from the Seq around it. */
const Node *path_replace(Arena *A, const Path *p, const Node *with);
/* The same for the statement at[depth]. */
const Node *path_replace_at(Arena *A, const Path *p, size_t depth, const Node *with);
/* The same with two statements in its place. */
const Node *path_replace_by_two(Arena *A, const Path *p, size_t depth, const Node *first,
                                const Node *second);

/* Calls visit for every block below n, in program order; stops at a false answer and says so. */
bool tree_blocks(const Node *n, bool (*visit)(void *env, const Node *block), void *env);

/* The first block below n, which names its nest; NULL if there is none. */
const Node *tree_first_block(const Node *n);

/* The statement guarded: blocks get `cond` in their where (said in an axis where one
** has the value that cond compares); statements outside blocks, and what reads memory
** before it decides what runs, get an If. */
const Node *tree_guard(Arena *A, const Node *n, const Node *cond);

/* Does n store into, update or read the buffer? */
bool tree_writes(const Node *n, const Node *buffer);
bool tree_reads(const Node *n, const Node *buffer);
/* The Load of the buffer in n, NULL if there is none; of several that differ, the
** last, and *differ is true. */
const Node *tree_load(const Node *n, const Node *buffer, bool *differ);

/* The first statement of n that reads the buffer, which may be by a condition or an extent; the
** first block of n that writes it: outside of `except`. */
const Node *tree_reader(const Node *n, const Node *except, const Node *buffer);
const Node *tree_writer(const Node *n, const Node *except, const Node *buffer);
/* A block of n that writes the buffer after the loop, in the order of the text. */
const Node *tree_writer_after(const Node *n, const Node *loop, const Node *buffer);

/* The last block of n, in the order of the text, that writes what the block reads: not itself. */
const Node *tree_last_source(const Node *n, const Node *block);

/* The buffer that a block writes: what its one Store or Update goes to; NULL if it has several. */
const Node *block_target(const Node *block);
/* The Store or Update of a block whose body is just that; NULL else. */
const Node *block_access(const Node *block);

/* The value of a block's axis in terms of the loops around. */
const Node *block_axis_value(const Node *block, const Node *axis);
/* `name`, or name_1, name_2 … : the first that no loop around the path's end and none in `stmt`, or
** no block and no buffer of `func`, has. */
const char *fresh_loop_name(Arena *A, const Path *to, const Node *stmt, const char *name);
const char *fresh_name(Arena *A, const Node *func, const char *name);

#endif
