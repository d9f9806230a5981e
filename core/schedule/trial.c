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

bool step_advise(Arena *A, const Node *func, Err *err, const char *prim, size_t nargs,
                 const Arg *args)
{
    if (!step_accepted(A, func, prim, nargs, args))
        return false;
    Buf step = buf_new(A);
    step_text(&step, "s", prim_find(prim), nargs, args);
    err_fix(err, "%s", buf_str(&step));
    return true;
}

bool move_accepted(Arena *A, const Node *func, const char *prim, const char *block)
{
    NameList loops = {0};
    list_loops(A, func, &loops);
    for (size_t i = 0; i < loops.n; i++)
        if (step_accepted(A, func, prim, 2, (Arg[]){given_str(block), given_str(loops.at[i])}))
            return true;
    return false;
}

bool refuse_result(Step *s, const Node *block, const Node *loop)
{
    const char *name = ir_block_name(block);
    REFUSE(s->err, is_result, block, name, ir_buf_name(block_target(block)));
    if (s->trial)
        return false;
    Arg args[] = {given_str(name), given_str(loop ? loop_path(s->A, s->func, loop) : NULL)};
    const char *step = loop ? "reverse_compute_at" : "reverse_compute_inline";
    if (!step_advise(s->A, s->func, s->err, step, loop ? 2 : 1, args) &&
        move_accepted(s->A, s->func, "reverse_compute_at", name))
        err_fix(s->err, "s:reverse_compute_at moves it to a loop of what it reads");
    return false;
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
