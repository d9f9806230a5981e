/* meant.c -- which name was meant by one that nothing has. */
#include <string.h>

#include "core/base/nearest.h"
#include "core/schedule/prim.h"
#include "core/schedule/tree.h"

static bool is_near(const char *name, const char *candidate)
{
    Nearest near = nearest_to(name);
    nearest_try(&near, candidate);
    return near.best;
}

/* Is each part of the path near to that of the candidate?  "conv2/x" is not near to "conv2/n",
** however long the block's name. */
static bool parts_are_near(Arena *A, const char *path, const char *candidate)
{
    const char *own = strrchr(path, '/'), *other = strrchr(candidate, '/');
    return is_near(own + 1, other + 1) &&
           is_near(arena_printf(A, "%.*s", (int)(own - path), path),
                   arena_printf(A, "%.*s", (int)(other - candidate), candidate));
}

/* The nearest of all loops by all blocks that stand in them: "C/y". */
static const char *path_meant(Arena *A, const Node *func, const char *path)
{
    const Node *loops[IR_MAX_DEPTH];
    NameList blocks = {0};
    Nearest near = nearest_to(path);
    Path p;
    list_blocks(A, func, &blocks);
    for (size_t i = 0; i < blocks.n; i++) {
        size_t n = path_to_block(func, blocks.at[i], &p) ? path_loops(&p, p.n, loops) : 0;
        for (size_t k = 0; k < n; k++) {
            const char *other =
                arena_printf(A, "%s/%s", blocks.at[i], ir_var_name(loops[k]->kid[For_var]));
            if (parts_are_near(A, path, other))
                nearest_try(&near, other);
        }
    }
    return near.best;
}

/* A loop by its name alone, which several nests may have. */
static const char *alone_meant(Arena *A, const Node *func, const char *name)
{
    NameList labels = {0};
    Nearest near = nearest_to(name);
    list_loops(A, func, &labels);
    for (size_t i = 0; i < labels.n; i++) {
        const char *slash = strrchr(labels.at[i], '/');
        nearest_try(&near, slash ? slash + 1 : labels.at[i]);
    }
    return near.best;
}

/* Which loop was meant by a name that none has: "conv2.x" by its path, others by their letters. */
static const char *loop_meant(Arena *A, const Node *func, const char *name)
{
    const char *dot = strchr(name, '/') ? NULL : strrchr(name, '.');
    if (dot)
        name = arena_printf(A, "%.*s/%s", (int)(dot - name), name, dot + 1);
    if (dot && find_loop(func, name, NULL))
        return name;
    return strchr(name, '/') ? path_meant(A, func, name) : alone_meant(A, func, name);
}

bool names_there(Arena *A, const Node *func, ErrCode code, NameList *out)
{
    if (code == ERR_no_loop)
        list_loops(A, func, out);
    else if (code == ERR_no_block)
        list_blocks(A, func, out);
    else if (code == ERR_no_buffer)
        list_buffers(A, func, out);
    else if (code == ERR_no_scope)
        for (int i = 0; i < SCOPE_COUNT; i++)
            vec_push(A, out, scope_name[i]);
    else if (code == ERR_no_thread_axis)
        for (int k = FOR_block_x; k < FOR_COUNT; k++)
            vec_push(A, out, for_kind_text[k]);
    return out->n > 0;
}

/* Is it the name of a block where a loop is wanted, or of a buffer where a block is?  Then it is no
** slip, and the error says so. */
static bool is_other_kind(const Node *func, ErrCode code, const char *name)
{
    Path p;
    return (code == ERR_no_loop && path_to_block(func, name, &p)) ||
           (code == ERR_no_block && find_buffer(func, name, NULL));
}

const char *name_meant(Arena *A, const Node *func, ErrCode code, const char *name)
{
    NameList names = {0};
    if (is_other_kind(func, code, name))
        return NULL;
    if (code == ERR_no_loop)
        return loop_meant(A, func, name);
    Nearest near = nearest_to(name);
    names_there(A, func, code, &names);
    for (size_t i = 0; i < names.n; i++)
        nearest_try(&near, names.at[i]);
    return near.best;
}
