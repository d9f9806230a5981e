/* trial.c -- steps that are tried before they are advised. */
#include "core/schedule/sched.h"

#include <string.h>

#include "core/base/vec.h"
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
    const Node *out = try_step(A, func, prim_find(prim), nargs, args, s);
    return out && !ir_same(out, func);
}

/* Advises it as it is typed, unless there is no room for that. */
static bool advise_text(Arena *A, Err *err, const char *prim, size_t nargs, const Arg *args,
                        const char *does)
{
    Buf step = buf_new(A);
    step_text(&step, "s", prim_find(prim), nargs, args);
    buf_puts(&step, does);
    bool fits = strlen(buf_str(&step)) < sizeof err->fix;
    if (fits)
        err_fix(err, "%s", buf_str(&step));
    return fits;
}

bool step_advise(Arena *A, const Node *func, Err *err, const char *prim, size_t nargs,
                 const Arg *args)
{
    return err && step_accepted(A, func, prim, nargs, args) &&
           advise_text(A, err, prim, nargs, args, "");
}

/* ---- blocks that find no place ---- */

/* More would let a refusal take longer than a person waits. */
enum { MOST_TRIED = 32 };

typedef struct Near {
    Arena *A;
    const Node *block;
    VEC(const Node *) before, after; /* loops, in the order of the text; the block's own: before */
    bool passed;
} Near;

static void collect_near(Near *near, const Node *n)
{
    near->passed |= n == near->block;
    if (n->op == OP_For && near->passed)
        vec_push(near->A, &near->after, n);
    else if (n->op == OP_For)
        vec_push(near->A, &near->before, n);
    for (size_t i = 0; i < n->nkids && n->op != OP_Block; i++)
        if (ir_is_stmt(n->kid[i]))
            collect_near(near, n->kid[i]);
}

/* Does the block write what near->block reads? */
static bool is_source(void *env, const Node *block)
{
    const Near *near = env;
    const Node *made = block_target(block);
    return block == near->block || (made && !tree_reads(near->block, made));
}

/* Is there in the loop who reads what the block writes, or who writes what it reads? */
static bool may_take(Near *near, const Node *loop, bool back)
{
    const Node *made = block_target(near->block);
    return back ? !tree_blocks(loop, is_source, near) : !made || tree_reads(loop, made);
}

MoveAdvice move_advise(Step *s, Err *err, const Node *block, const char *prim, const char *does)
{
    Near near = {.A = s->A, .block = block};
    bool back = strcmp(prim, "reverse_compute_at") == 0;
    collect_near(&near, s->func->kid[Func_body]);
    size_t n = back ? near.before.n : near.after.n, tried = 0;
    for (size_t i = 0; i < n && tried < MOST_TRIED; i++) {
        const Node *loop = back ? near.before.at[n - 1 - i] : near.after.at[i];
        Arg args[] = {given_str(ir_block_name(block)), given_str(loop_handle(s->A, s->func, loop))};
        if (!may_take(&near, loop, back))
            continue;
        tried++;
        if (step_accepted(s->A, s->func, prim, 2, args))
            return advise_text(s->A, err, prim, 2, args, does) ? MOVE_ADVISED : MOVE_UNTOLD;
    }
    return tried < MOST_TRIED ? MOVE_NOWHERE : MOVE_UNTOLD;
}

bool refuse_result(Step *s, const Node *block, const Node *loop)
{
    const char *name = ir_block_name(block);
    REFUSE(s->err, is_result, block, name, ir_buf_name(block_target(block)));
    if (s->trial || !s->err)
        return false;
    Arg args[2] = {given_str(name)};
    if (loop)
        args[1] = given_str(loop_handle(s->A, s->func, loop));
    const char *step = loop ? "reverse_compute_at" : "reverse_compute_inline";
    if (!step_advise(s->A, s->func, s->err, step, loop ? 2 : 1, args))
        move_advise(s, s->err, block, "reverse_compute_at", "");
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
