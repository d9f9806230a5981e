/* trial.c -- steps that are tried before they are advised. */
#include "core/schedule/sched.h"

#include <string.h>

#include "core/schedule/tree.h"

/* The program after the step, NULL if it is refused; *s keeps the names of what was made. */
static const Node *try_step(Arena *A, const Node *func, const Prim *prim, size_t nargs,
                            const Arg *args, Step *s)
{
    Err *unread = arena_alloc(A, sizeof *unread);
    *s = (Step){.A = A, .func = func, .err = unread, .said = buf_new(A), .trial = true};
    bool ok = prim_bind(s, prim, nargs, args) && prim->apply(s);
    return ok && s->out->depth <= IR_MAX_DEPTH ? s->out : NULL;
}

bool step_accepted(Arena *A, const Node *func, const char *prim, size_t nargs, const Arg *args)
{
    Step *s = arena_alloc(A, sizeof *s);
    return try_step(A, func, prim_find(prim), nargs, args, s) != NULL;
}

const char *split_first(Arena *A, const Node *func, const char *path, int64_t factor,
                        const char *prim, const char *axis)
{
    Path p;
    const Node *loop = find_loop(func, path, NULL);
    if (!loop)
        return NULL;
    /* A name alone, once the main block's, is not taken for another nest's. */
    if (path_to_block(func, func->at.name, &p) && !path_to_block(loop, func->at.name, &p))
        path = loop_path(A, func, loop);
    const char *slash = strrchr(path, '/');
    int block = slash ? (int)(slash + 1 - path) : 0;
    const Prim *split = prim_find("split"), *then = prim_find(prim);
    Step *s = arena_alloc(A, sizeof *s);
    const Node *cut = try_step(A, func, split, 2, (Arg[]){given_str(path), given_int(factor)}, s);
    if (!cut || s->nmade != 2)
        return NULL;
    Arg parts[] = {given_str(path), given_int(factor), given_str(s->made[0]),
                   given_str(s->made[1])};
    Arg inner[] = {given_str(arena_printf(A, "%.*s%s", block, path, s->made[1])), given_str(axis)};
    size_t n = axis ? 2 : 1;
    if (!try_step(A, cut, then, n, inner, s))
        return NULL;
    Buf out = buf_new(A);
    step_text(&out, "s", split, 4, parts);
    buf_puts(&out, "; ");
    step_text(&out, "s", then, n, inner);
    return buf_str(&out);
}
