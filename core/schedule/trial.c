/* trial.c -- steps that are tried before they are advised. */
#include "core/schedule/sched.h"

#include <stdio.h>
#include <string.h>

#include "core/schedule/block.h"
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

bool steps_advise(Arena *A, const Node *func, Err *err, const StepCall *first, const StepCall *then)
{
    Step *s = arena_alloc(A, sizeof *s);
    const Prim *one = prim_find(first->prim), *two = prim_find(then->prim);
    Buf does = buf_new(A);
    buf_puts(&does, "; ");
    step_text(&does, "s", two, then->nargs, then->args);
    const Node *between = err ? try_step(A, func, one, first->nargs, first->args, s) : NULL;
    return between && step_accepted(A, between, then->prim, then->nargs, then->args) &&
           advise_text(A, err, one->name, first->nargs, first->args, buf_str(&does));
}

const Node *step_result(Arena *A, const Node *func, const StepCall *step)
{
    Step *s = arena_alloc(A, sizeof *s);
    return try_step(A, func, prim_find(step->prim), step->nargs, step->args, s);
}

bool steps_fix(Arena *A, Err *err, size_t n, const StepCall *steps)
{
    Buf then = buf_new(A);
    for (size_t i = 1; i < n; i++) {
        buf_puts(&then, "; ");
        step_text(&then, "s", prim_find(steps[i].prim), steps[i].nargs, steps[i].args);
    }
    return advise_text(A, err, steps->prim, steps->nargs, steps->args, buf_str(&then));
}

/* ---- a name that was meant ---- */

/* The arguments, with another name where `wrong` stands: the very string, not one like it. */
static const Arg *with_name(Arena *A, size_t nargs, const Arg *args, const char *wrong,
                            const char *name)
{
    Arg *out = ARENA_ARRAY(A, Arg, nargs);
    for (size_t i = 0; i < nargs; i++) {
        out[i] = args[i];
        if (args[i].tag == ARG_LIST)
            out[i].list = with_name(A, args[i].n, args[i].list, wrong, name);
        else if (args[i].tag == ARG_STR && args[i].s == wrong)
            out[i].s = name;
    }
    return out;
}

/* The argument that the error is about: binding names it; scopes and axes come last. */
static const char *wrong_name(ErrCode code, const char *wrong, size_t nargs, const Arg *args)
{
    bool last = code == ERR_no_scope || code == ERR_no_thread_axis;
    return last && args[nargs - 1].tag == ARG_STR ? args[nargs - 1].s : wrong;
}

/* Adds to the sentence what there is to name: "no loop is named 'Y'; loops here: y, x, k". */
static void add_there(Arena *A, const Version *v, Err *err)
{
    NameList names = {0};
    if (err->code == ERR_no_loop)
        version_loops(A, v, &names);
    else
        names_there(A, v->func, err->code, &names);
    const char *what = err->code == ERR_no_loop     ? "loops here:"
                       : err->code == ERR_no_block  ? "blocks here:"
                       : err->code == ERR_no_buffer ? "buffers here:"
                       : err->code == ERR_no_scope  ? "the scopes are"
                                                    : "the axes are";
    size_t len = strlen(err->why);
    snprintf(err->why + len, sizeof err->why - len, "; %s %s", what, names_joined(A, &names));
}

void step_advise_meant(Arena *A, const Version *v, Err *err, const Prim *prim, size_t nargs,
                       const Arg *args, const char *wrong)
{
    ErrCode code = err->code;
    for (size_t tries = 0; tries < PRIM_MAX_PARAMS; tries++) {
        NameList names = {0};
        if (!names_there(A, v->func, code, &names) ||
            !(wrong = wrong_name(code, wrong, nargs, args)))
            return;
        const char *name = name_meant(A, v->func, code, wrong);
        if (!name)
            return;
        if (code == ERR_no_loop)
            name = version_loop(A, v, name);
        args = with_name(A, nargs, args, wrong, name);
        Step *s = arena_alloc(A, sizeof *s);
        if (try_step(A, v->func, prim, nargs, args, s)) {
            if (advise_text(A, err, prim->name, nargs, args, ""))
                add_there(A, v, err);
            return;
        }
        code = s->err->code;
        wrong = s->wrong;
    }
}

/* ---- blocks that find no place ---- */

/* More would let a refusal take longer than a person waits. */
enum { MOST_TRIED = 32, RANKS = 3 };

/* Who decides where the block can go: a loop that takes it must reach the last of those that write
** what it reads, or be around the first of those that read what it makes. */
static const Node *decides(const Node *func, const Node *block, bool back)
{
    const Node *made = block_target(block);
    if (back)
        return tree_last_source(func, block);
    return made ? tree_reader(func->kid[Func_body], block, made) : NULL;
}

/* When it is tried, from 0 to RANKS - 1: first loops like the one that was given, last those of a
** reduction, where most would be computed again. */
static size_t rank_of(const Node *loop, const Node *given)
{
    const Node *block, *axis;
    const char *axes = ir_var_axes(loop->kid[For_var]);
    if (feeds_reduce(loop, &block, &axis))
        return 2;
    return given && strcmp(axes, ir_var_axes(given->kid[For_var])) == 0 ? 0 : 1;
}

MoveSearch move_search(Step *s, const Node *block, const char *prim, const Node *given)
{
    bool back = strcmp(prim, "reverse_compute_at") == 0;
    MoveSearch search = {.near = decides(s->func, block, back)};
    const Node *loops[IR_MAX_DEPTH];
    Path p, own;
    if (!search.near || !path_to(s->func, search.near, &p))
        return search;
    size_t n = path_loops(&p, p.n - 1, loops), tried = 0;
    bool inner_first = back || given;
    for (size_t rank = 0; rank < RANKS; rank++)
        for (size_t i = 0; i < n; i++) {
            const Node *loop = loops[inner_first ? n - 1 - i : i];
            if (rank_of(loop, given) != rank || path_to(loop, block, &own))
                continue;
            search.gave_up = tried++ == MOST_TRIED;
            if (search.gave_up)
                return search;
            Arg args[] = {given_str(ir_block_name(block)),
                          given_str(loop_path(s->A, s->func, loop))};
            if (step_accepted(s->A, s->func, prim, 2, args)) {
                search.loop = loop;
                return search;
            }
        }
    return search;
}

bool move_advise(Step *s, Err *err, const Node *block, const char *prim, const Node *given,
                 const char *does)
{
    MoveSearch search = move_search(s, block, prim, given);
    if (!search.loop)
        return search.gave_up;
    const char *name =
        given ? loop_path(s->A, s->func, search.loop) : loop_handle(s->A, s->func, search.loop);
    Arg args[] = {given_str(ir_block_name(block)), given_str(name)};
    advise_text(s->A, err, prim, 2, args, does);
    return true;
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
    if (step_advise(s->A, s->func, s->err, step, loop ? 2 : 1, args) ||
        move_advise(s, s->err, block, "reverse_compute_at", NULL, ""))
        return false;
    Arg copy[] = {given_str(ir_buf_name(block_target(block))), given_str("local")};
    Step *tried = arena_alloc(s->A, sizeof *tried);
    if (try_step(s->A, s->func, prim_find("cache_write"), 2, copy, tried))
        advise_text(s->A, s->err, "cache_write", 2, copy,
                    " gives it a local copy that can be moved");
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
