/* trial.c -- steps, each checked, then the executions. */
#include "tests/diff/diff.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/ir/parse.h"
#include "core/ir/print.h"
#include "core/ir/verify.h"
#include "core/schedule/tree.h"
#include "core/schedule/verify.h"

const char *const guilty_name[GUILTY_COUNT] = {"nobody",   "generator", "reference", "step",
                                               "schedule", "lowering",  "codegen",   "ptx"};

bool blame(Verdict *v, Guilty g, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    v->guilty = g;
    vsnprintf(v->why, sizeof v->why, fmt, args);
    va_end(args);
    return false;
}

/* A program that stands: well formed, and its text reads back as the same program. */
static bool stands(const Node *func, const char *after, Verdict *v)
{
    Err err = {0};
    if (!ir_verify(func, &err))
        return blame(v, GUILTY_step, "%s broke the program: %s", after, err.why);
    Arena *A = arena_new(NULL);
    const char *text = ir_text(A, func);
    const Node *back = ir_parse_func(A, text, &err);
    bool ok = true;
    if (!back)
        ok = blame(v, GUILTY_step, "%s: the text does not parse: %s", after, err.why);
    else if (strcmp(ir_text(A, back), text) != 0)
        ok = blame(v, GUILTY_step, "%s: the text, read and printed, is another", after);
    else if (!ir_equal(back, func))
        ok = blame(v, GUILTY_step, "%s: the text reads back as another program", after);
    arena_release(A);
    return ok;
}

static bool one_step(Sched *s, const Move *m, Counts *counts, Verdict *v)
{
    Err err = {0};
    Fingerprint before = ir_fingerprint(s->at->func);
    bool ok = sched_apply(s, m->prim, m->nargs, m->args, &err);
    counts->per_prim[m->prim - prims][ok]++;
    if (ok) {
        counts->accepted++;
        return stands(s->at->func, m->prim->name, v);
    }
    counts->refused++;
    if (err.code == ERR_none || err.code == ERR_step_broke_program)
        return blame(v, GUILTY_step, "%s: refused without a reason of its own: %s", m->prim->name,
                     err.why);
    return fp_equal(before, ir_fingerprint(s->at->func)) ||
           blame(v, GUILTY_step, "%s: refused, but the program changed", m->prim->name);
}

/* The recorded steps, made again from the start, give the same program. */
static bool replays(Version *start, Version *end, Verdict *v)
{
    Version *steps[MAX_MOVES], *now = version_retain(start);
    size_t n = 0;
    Err err = {0};
    bool ok = true;
    for (Version *w = end; w->parent && n < MAX_MOVES; w = w->parent)
        steps[n++] = w;
    while (ok && n-- > 0) {
        Version *next = version_apply(now, steps[n]->prim, steps[n]->nargs, steps[n]->args, &err);
        if (!next) {
            ok = blame(v, GUILTY_step, "replay: %s was refused: %s", steps[n]->prim->name, err.why);
            continue;
        }
        version_release(now);
        now = next;
        if (!fp_equal(ir_fingerprint(now->func), ir_fingerprint(steps[n]->func)))
            ok = blame(v, GUILTY_step, "replay: %s made another program", steps[n]->prim->name);
        else if (strcmp(now->said, steps[n]->said) != 0)
            ok = blame(v, GUILTY_step, "replay: it said %s, now %s", steps[n]->said, now->said);
    }
    version_release(now);
    return ok;
}

static Fingerprint here(const Sched *s)
{
    return ir_fingerprint(s->at->func);
}

/* Back to the first program step by step, and forth again. */
static bool undoes(Sched *s, Verdict *v)
{
    Err err = {0};
    Version *at[MAX_MOVES + 1];
    int n = s->at->number;
    for (int i = n; i >= 0; i--) {
        at[i] = s->at;
        if (i && !sched_undo(s, 1, &err))
            return blame(v, GUILTY_step, "undoing step %d: %s", i, err.why);
    }
    for (int i = 1; i <= n; i++)
        if (!sched_redo(s, 1, &err) || s->at != at[i])
            return blame(v, GUILTY_step, "redoing step %d: %s", i,
                         *err.why ? err.why : "another program");
    return (sched_undo(s, n, &err) && s->at == at[0] && sched_redo(s, n, &err) && s->at == at[n]) ||
           blame(v, GUILTY_step, "%d steps back and forth: %s", n,
                 *err.why ? err.why : "another program");
}

/* A step on a fork leaves the original as it is; a refused step leaves what was undone to be
** redone, another does not. */
static bool branches(Sched *s, Verdict *v)
{
    Err err = {0};
    const Prim *annotate = prim_find("annotate");
    const Arg none[3] = {given_str("no such place"), given_str("key"), given_int(1)};
    Arg some[3] = {none[0], none[1], none[2]};
    NameList blocks = {0};
    Arena *A = arena_new(NULL);
    list_blocks(A, s->at->func, &blocks);
    Sched *fork = sched_fork(s);
    Fingerprint before = here(s);
    bool ok = fork->at == s->at || blame(v, GUILTY_step, "a fork stands at another program");
    some[0] = given_str(blocks.n ? arena_strdup(A, blocks.at[0]) : "");
    if (ok && blocks.n && s->at->number > 0) {
        bool refused = sched_undo(fork, 1, &err) && !sched_apply(fork, annotate, 3, none, &err);
        err = (Err){0};
        if (!refused || !sched_redo(fork, 1, &err) || fork->at != s->at)
            ok = blame(v, GUILTY_step, "a refused step lost what was undone: %s", err.why);
        else if (!sched_undo(fork, 1, &err) ||
                 !path_to_block(fork->at->func, some[0].s, &(Path){0}) ||
                 !sched_apply(fork, annotate, 3, some, &err))
            ok = true; /* a copy block that the last step made: nothing to annotate */
        else if (sched_redo(fork, 1, &err))
            ok = blame(v, GUILTY_step, "a step was redone after another step");
    }
    ok = ok && (fp_equal(before, here(s)) ||
                blame(v, GUILTY_step, "a step on a fork changed the original"));
    sched_free(fork);
    arena_release(A);
    return ok;
}

/* Did some step say that roundings change? */
static bool rounding_changed(const Version *v)
{
    for (; v->parent; v = v->parent)
        if (strcmp(v->prim->name, "contract") == 0 || strstr(v->said, "rounding changes"))
            return true;
    return false;
}

enum { SETS_LIMIT = 20000 }; /* some ten milliseconds */

/* What computed the right result is not proven wrong. */
static bool not_disproven(const Version *end, Verdict *v)
{
    Err err = {0};
    Arena *A = arena_new(NULL);
    bool ok = version_verify(A, end, SETS_LIMIT, &err) ||
              blame(v, GUILTY_step, "verify takes it for wrong: %s", err.why);
    arena_release(A);
    return ok;
}

/* ---- what a trial is after ---- */

typedef enum Aim { SAWTOOTH, STRIDES, REGISTERS, THREADS_APART, LANES, ANYTHING } Aim;

/* Of 256 trials so many; the others are after nothing in particular. */
static const struct {
    Aim aim;
    int share, of_bytes; /* where elements are bytes, whose lanes are read in ways of their own */
} aims[] = {
    {SAWTOOTH, 21, 21},      {STRIDES, 10, 10}, {REGISTERS, 16, 16},
    {THREADS_APART, 10, 10}, {LANES, 5, 50},
};

static Aim draw_aim(Choices *c, DType type)
{
    int64_t at = choose(c, 256);
    for (size_t i = 0; i < sizeof aims / sizeof *aims; i++) {
        at -= dtype_bytes(type) == 1 ? aims[i].of_bytes : aims[i].share;
        if (at < 0)
            return aims[i].aim;
    }
    return ANYTHING;
}

/* `plain` steps of any kind, then some that bind to threads; in the place of some of these stand
** the steps of the aim, from `begin` on. */
typedef struct Course {
    Aim aim;
    size_t begin, plain, steps;
} Course;

static Course draw_course(Choices *c, Trial *t)
{
    enum { STRIDES_STEPS = 4, OTHER_STEPS = 5 };
    size_t steps = (size_t)choose(c, MAX_MOVES + 1), plain = chance(c, 15) ? steps / 2 : steps;
    Course k = {draw_aim(c, t->spec.type), 0, plain, steps};
    if (k.aim == ANYTHING)
        return k;
    k.begin = k.aim == LANES ? 2 : (size_t)choose(c, 3);
    switch (k.aim) {
    case REGISTERS:
        if (steps < k.begin + OTHER_STEPS)
            k.steps = k.plain = k.begin + OTHER_STEPS;
        break;
    case STRIDES: /* the last ones, for code as quick as can be */
        t->optimised = true;
        k.steps = k.plain = k.begin + STRIDES_STEPS;
        break;
    case THREADS_APART:
    case LANES:
        k.plain = k.begin;
        k.steps = k.begin + OTHER_STEPS;
        break;
    default: break;
    }
    return k;
}

static void draw_move(Arena *A, Choices *c, const Course *k, size_t i, const Node *func, Move *out)
{
    int step = (int)i - (int)k->begin; /* of the aim */
    if (k->aim == SAWTOOTH && step >= 0 && step < 3)
        move_to_sawtooth(A, c, func, step, out);
    else if (k->aim == REGISTERS && step >= 0 && step < 5)
        move_to_registers(A, c, func, step, out);
    else if (k->aim == STRIDES && step >= 0)
        move_to_strides(A, c, func, step, out);
    else if (k->aim == LANES && i < k->plain)
        move_to_lanes(A, c, func, (int)i, out);
    else if (i < k->plain)
        move_draw(A, c, func, out);
    else if (k->aim == LANES || k->aim == THREADS_APART)
        move_to_threads_apart(A, c, func, step, out);
    else
        move_to_threads(A, c, func, (int)(i - k->plain), out);
}

/* The steps, and what must hold of their result; draws them on the way where c is given. */
static bool take_steps(Arena *A, Choices *c, Trial *t, Sched *s, Counts *counts, Verdict *v)
{
    Course k = c ? draw_course(c, t) : (Course){.steps = t->nmoves};
    bool ok = true;
    for (size_t i = 0; ok && i < k.steps; i++) {
        if (c) {
            draw_move(A, c, &k, i, s->at->func, &t->moves[i]);
            t->nmoves = i + 1;
        }
        int before = s->at->number;
        ok = one_step(s, &t->moves[i], counts, v);
        t->refused[i] = s->at->number == before;
    }
    return ok;
}

/* Runs t's moves, or draws them on the way where c is given. */
static bool run_trial(Arena *A, Choices *c, Trial *t, bool jit, Counts *counts, Verdict *v)
{
    Program p;
    Err err = {0};
    Arena *own = arena_new(NULL);
    counts->trials++;
    if (!spec_build(own, &t->spec, &p, &err)) {
        arena_release(own);
        return blame(v, GUILTY_generator, "te: %s", err.why);
    }
    Version *start = version_new(own, p.func);
    Sched *s = sched_new(start);
    bool ok = stands(p.func, "te", v) && take_steps(A, c, t, s, counts, v) &&
              replays(start, s->at, v) && undoes(s, v) && branches(s, v);
    const char *target = !jit ? NULL : t->optimised ? "llvm" : "llvm -O0";
    bool rounded = rounding_changed(s->at);
    counts->reassociated += rounded;
    ok = ok && execute(&t->spec, &p, s->at->func, rounded, target, t->ptx, counts, v);
    bool asked = !c || here(s).lo % 8 == 0;
    ok = ok && (!asked || not_disproven(s->at, v));
    sched_free(s);
    version_release(start);
    arena_release(own);
    return ok;
}

bool trial_draw(Arena *A, Choices *c, Trial *out, bool jit, Counts *counts, Verdict *v)
{
    memset(out, 0, sizeof *out);
    out->optimised = chance(c, 5);
    out->ptx = chance(c, 40);
    spec_draw(&out->spec, c);
    return run_trial(A, c, out, jit, counts, v);
}

bool trial_run(Trial *t, bool jit, Counts *counts, Verdict *v)
{
    return run_trial(NULL, NULL, t, jit, counts, v);
}
