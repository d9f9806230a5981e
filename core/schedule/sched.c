/* sched.c -- versions, the cursor, and the trace. */
#include "core/schedule/sched.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mutant.h"
#include "core/ir/rehome.h"
#include "core/ir/verify.h"
#include "core/schedule/tree.h"

/* ---- versions ---- */

Version *version_retain(Version *v)
{
    if (v)
        v->refs++;
    return v;
}

void version_release(Version *v)
{
    while (v && --v->refs == 0) {
        Version *parent = v->parent;
        arena_release(v->arena);
        v = parent;
    }
}

Version *version_new(Arena *A, const Node *func)
{
    Arena *own = arena_scratch(A);
    Version *v = arena_alloc(own, sizeof *v);
    *v = (Version){.refs = 1, .arena = own, .func = func, .said = "as written"};
    arena_keep(own);
    return v;
}

Version *version_ancestor(Version *v, int number)
{
    while (v && v->number > number)
        v = v->parent;
    return v && v->number == number ? v : NULL;
}

static Arg copy_arg(Arena *A, const Arg *a)
{
    Arg out = *a;
    if (a->tag == ARG_STR)
        out.s = arena_strdup(A, a->s);
    if (a->tag == ARG_LIST) {
        Arg *list = ARENA_ARRAY(A, Arg, a->n);
        for (size_t i = 0; i < a->n; i++)
            list[i] = copy_arg(A, &a->list[MUTANT(trace_repeats_first, i, 0)]);
        out.list = list;
    }
    return out;
}

typedef struct Apply {
    Version *from, *to;
    const Prim *prim;
    size_t nargs;
    const Arg *args;
    const char *wrong; /* the argument at which the step failed, where it names something */
    bool trial;        /* nobody reads what is advised */
} Apply;

/* What an argument may name, and the error where it names nothing. */
static const struct Naming {
    ErrCode code;
    const char *kind;
    const Node *(*find)(const Node *func, const char *name, Err *err);
} namings[] = {{ERR_no_loop, "loop", find_loop},
               {ERR_no_block, "block", find_block},
               {ERR_no_buffer, "buffer", find_buffer}};

static const struct Naming *naming_of(ErrCode code)
{
    for (size_t i = 0; i < sizeof namings / sizeof *namings; i++)
        if (namings[i].code == code)
            return &namings[i];
    return NULL;
}

/* "it is now xo, xi; ": what steps made of a loop, as far as they made loops of it; or "". */
static const char *made_of_it(Arena *A, const Version *before, const Version *now, const char *name)
{
    NameList made = {0};
    version_descent(A, before, now, name, &made);
    return made.n ? arena_printf(A, "it is now %s; ", names_joined(A, &made)) : "";
}

/* "R's loops are now y, x, yi": of the block whose loop it was, as far as it has any; or "". */
static const char *loops_now(Arena *A, const Version *now, const Version *before, const char *name)
{
    const Node *loop = find_loop(before->func, name, NULL);
    const char *path = loop ? loop_path(A, before->func, loop) : "", *slash = strrchr(path, '/');
    if (!slash)
        return "";
    const char *block = arena_printf(A, "%.*s", (int)(slash - path), path);
    const char *loops = loops_above(A, now->func, block);
    return *loops ? arena_printf(A, "%s's loops are now %s", block, loops) : "";
}

/* "R" of "R/x", if there is no such block any more, or "". */
static const char *block_gone(Arena *A, const Version *now, const char *path)
{
    const char *slash = strrchr(path, '/');
    Path p;
    const char *block = slash ? arena_printf(A, "%.*s", (int)(slash - path), path) : "";
    return slash && !path_to_block(now->func, block, &p) ? block : "";
}

/* The loop, block or buffer was used up by the step after `before`; `others` are loops of that name
** elsewhere, or NULL. */
static void refuse_used_up(const Apply *a, const Version *before, const char *kind,
                           const char *name, const Node *where, const char *others, Err *err)
{
    Arena *A = arena_scratch(NULL);
    const Version *now = a->from, *step = now;
    while (step->parent != before)
        step = step->parent;
    FAIL(err, stale_name, where, kind, name, step->number, step->said, before->number);
    const char *made = strcmp(kind, "loop") == 0 ? made_of_it(A, before, now, name) : "";
    const char *loops = strcmp(kind, "loop") == 0 ? loops_now(A, now, before, name) : "";
    const char *gone = strcmp(kind, "loop") == 0 ? block_gone(A, now, name) : "";
    if (err && *gone)
        err_fix(err, "%s and its loops are gone; s:back(%d) goes to where they were still there",
                gone, before->number);
    else if (err && !*made && !others && *loops)
        err_fix(err, "%s; s:back(%d) goes to where %s was still there", loops, before->number,
                name);
    else if (err)
        err_fix(err, "%s%ss:back(%d) goes to where it was still there%s%s", made,
                step->prim == a->prim ? "was the step taken twice?  " : "", before->number,
                others ? "; other nests' are " : "", others ? others : "");
    arena_release(A);
}

/* What an earlier step used up: says which step, and how to come back. */
static void explain_stale(const Apply *a, const char *name, Err *err)
{
    const struct Naming *in = naming_of(err->code);
    for (const Version *w = a->from; in && name && w->parent; w = w->parent) {
        Err quiet = {0};
        if (in->find(w->parent->func, name, &quiet)) {
            refuse_used_up(a, w->parent, in->kind, name, NULL, NULL, err);
            return;
        }
    }
}

/* A loop has a kind already: says which step gave it, and how to come back. */
static void explain_kind(const Apply *a, Err *err)
{
    const Node *loop = err->code == ERR_loop_has_kind ? err->where : NULL;
    Path p;
    for (const Version *w = a->from; loop && w->parent; w = w->parent) {
        if (!path_to_loop(w->parent->func, loop->kid[For_var], &p))
            return;
        const Node *before = p.at[p.n - 1];
        if (ir_for_kind(before) != FOR_serial)
            continue;
        err_fix(err, "s:back(%d) goes to before %s was made %s (step %d); a loop has one kind",
                w->parent->number, ir_var_name(loop->kid[For_var]),
                for_kind_text[ir_for_kind(loop)], w->number);
        return;
    }
}

/* What a step made that was undone since. */
static void explain_undone(const Sched *s, const char *name, Err *err)
{
    const struct Naming *in = naming_of(err->code);
    for (size_t n = 1; in && name && n <= s->nredo; n++) {
        const Version *w = s->redo[s->nredo - n];
        Err quiet = {0}, found = {0};
        if (in->find(w->func, name, &quiet)) {
            FAIL(&found, undone_name, NULL, in->kind, name, w->number, w->said, n);
            err_in(&found, err->what);
            *err = found;
            return;
        }
    }
}

/* The version before the step that used up the main block's loop of this name; NULL if none did. */
static const Version *before_used_up(const Version *v, const char *name)
{
    for (const Version *w = v->parent; w; w = w->parent) {
        Path p;
        const Node *loop = find_loop(w->func, name, NULL);
        if (loop && path_to_block(loop, w->func->at.name, &p) &&
            !path_to_loop(v->func, loop->kid[For_var], &p))
            return w;
    }
    return NULL;
}

/* A name alone of which only other nests have loops now: the main block's was used up. */
static void explain_ambiguous(const Apply *a, const char *name, Err *err)
{
    bool alone = err->code == ERR_loop_ambiguous && name && !strchr(name, '/');
    const Version *before = alone ? before_used_up(a->from, name) : NULL;
    if (!before)
        return;
    Arena *A = arena_scratch(NULL);
    refuse_used_up(a, before, "loop", name, NULL, loops_called(A, a->from->func, name), err);
    arena_release(A);
}

/* A name alone that meant a loop of the main block does not come to mean another nest's when a step
** has used that loop up: more often than not the step is taken twice.  The version before that
** step; NULL where the name means the loop. */
static const Version *no_more_meant(const Version *v, const char *name, const Node *loop)
{
    Path p;
    if (strchr(name, '/') || !path_to_block(v->func, v->func->at.name, &p) ||
        path_to_block(loop, v->func->at.name, &p))
        return NULL;
    return before_used_up(v, name);
}

const char *version_loop(Arena *A, const Version *v, const char *name)
{
    const Node *loop = strchr(name, '/') ? NULL : find_loop(v->func, name, NULL);
    return loop && no_more_meant(v, name, loop) ? loop_path(A, v->func, loop) : name;
}

static bool has_name(const NameList *names, const char *name)
{
    for (size_t i = 0; i < names->n; i++)
        if (ir_same_name(names->at[i], name))
            return true;
    return false;
}

/* The names of the main block's loops in the versions before: what a step can have used up. */
static void names_of_main(Arena *A, const Version *v, NameList *out)
{
    Path p;
    for (const Version *w = v->parent; w; w = w->parent)
        for (size_t i = path_to_block(w->func, w->func->at.name, &p) ? p.n : 0; i-- > 0;)
            if (p.at[i]->op == OP_For && !has_name(out, ir_var_name(p.at[i]->kid[For_var])))
                vec_push(A, out, ir_var_name(p.at[i]->kid[For_var]));
}

void version_loops(Arena *A, const Version *v, NameList *out)
{
    NameList before = {0};
    size_t first = out->n;
    list_loops(A, v->func, out);
    names_of_main(A, v, &before);
    for (size_t i = first; i < out->n; i++)
        if (has_name(&before, out->at[i]))
            out->at[i] = version_loop(A, v, out->at[i]);
}

static const char *hint_of_loops(Arena *A, const char *meant, const NameList *loops)
{
    const char *all = names_joined(A, loops);
    return meant ? arena_printf(A, "did you mean \"%s\"?  loops here: %s", meant, all)
                 : arena_printf(A, "loops here: %s", all);
}

/* The hint that lists the loops, which knows the program alone, with the names that steps take. */
static void list_as_taken(Arena *A, const Version *v, const char *wrong, Err *err)
{
    NameList labels = {0}, names = {0};
    const char *meant = name_meant(A, v->func, err->code, wrong);
    list_loops(A, v->func, &labels);
    version_loops(A, v, &names);
    if (strcmp(err->fix, hint_of_loops(A, meant, &labels)) == 0)
        err_fix(err, "%s", hint_of_loops(A, meant ? version_loop(A, v, meant) : NULL, &names));
}

static bool still_meant(const Apply *a, const char *name, const Step *s, const Node *loop)
{
    const Version *v = a->from, *before = no_more_meant(v, name, loop);
    if (!before)
        return true;
    const char *path = arena_printf(s->A, "\"%s\"", loop_path(s->A, v->func, loop));
    refuse_used_up(a, before, "loop", name, loop, path, s->err);
    return false;
}

static bool loops_still_meant(const Apply *a, Step *s)
{
    for (size_t i = 0; i < PRIM_MAX_PARAMS; i++) {
        const Bound *b = &s->arg[i];
        if (b->node && b->node->op == OP_For && !still_meant(a, b->s, s, b->node))
            return s->wrong = b->s, false;
        for (size_t k = 0; k < b->n; k++)
            if (b->nodes[k] && b->names[k] && !still_meant(a, b->names[k], s, b->nodes[k]))
                return s->wrong = b->names[k], false;
    }
    return true;
}

static const char *said_text(Arena *A, const Step *s, const Prim *prim)
{
    Buf said = s->said;
    const char *what = buf_str(&said);
    return arena_printf(A, "%s%s%s%s", prim->name, *what ? " " : "", what,
                        s->reassociates ? "  (sums in another order: rounding changes)" : "");
}

/* "parallel(ic)": the step that was refused, with what it is about: the argument that is wrong, else
** the first. */
static void name_step(Arena *A, const Apply *a, Err *err)
{
    const char *first = a->nargs && a->args[0].tag == ARG_STR ? a->args[0].s : "",
               *about = a->wrong ? a->wrong : first;
    err_in(err, *about ? arena_printf(A, "%s(%s)", a->prim->name, text_cut(A, about, 40))
                       : a->prim->name);
}

/* What an argument takes in an arena, beside the Arg itself. */
static size_t arg_size(const Arg *a)
{
    size_t n = a->tag == ARG_STR ? strlen(a->s) + 1 : 0;
    for (size_t i = 0; a->tag == ARG_LIST && i < a->n; i++)
        n += sizeof *a + arg_size(&a->list[i]);
    return n + (a->tag == ARG_LIST ? 16 : 0);
}

enum { ALIGNMENTS = 3 * 16 }; /* lost between strings and what must stand at a multiple of 16 */

/* A version that holds just what the step made. */
static Version *keep(const Apply *a, const Step *s, Arena *work)
{
    const char *said = said_text(work, s, a->prim);
    size_t size = sizeof(Version) + strlen(said) + 1 + a->nargs * sizeof(Arg) + ALIGNMENTS +
                  s->nmade * sizeof(char *) + ir_rehome_size(s->out, work);
    for (size_t i = 0; i < a->nargs; i++)
        size += arg_size(&a->args[i]);
    for (size_t i = 0; i < s->nmade; i++)
        size += strlen(s->made[i]) + 1;
    Arena *A = arena_new_sized(a->from->arena, size);
    Version *v = arena_alloc(A, sizeof *v);
    Arg *args = ARENA_ARRAY(A, Arg, a->nargs);
    for (size_t i = 0; i < a->nargs; i++)
        args[i] = copy_arg(A, &a->args[i]);
    const char **made = ARENA_ARRAY(A, const char *, s->nmade);
    for (size_t i = 0; i < s->nmade; i++)
        made[i] = arena_strdup(A, s->made[i]);
    *v = (Version){.refs = 1,
                   .parent = version_retain(a->from),
                   .arena = A,
                   .func = ir_rehome(s->out, work, A),
                   .number = s->number,
                   .prim = a->prim,
                   .nargs = a->nargs,
                   .args = args,
                   .said = arena_strdup(A, said),
                   .nmade = s->nmade,
                   .made = made};
    return v;
}

enum { WORK_BYTES = 16384 }; /* most steps build less */

/* Builds in a working arena, which is dropped whole; an accepted step keeps a copy of
** what is new. */
static bool apply_guarded(void *env, Err *err)
{
    Apply *a = env;
    Arena *work = arena_new_sized(a->from->arena, WORK_BYTES);
    Step s = {.A = work, .func = a->from->func, .number = a->from->number + 1, .err = err};
    s.trial = a->trial;
    s.said = buf_new(work);
    bool ok = prim_bind(&s, a->prim, a->nargs, a->args);
    if (!ok) {
        explain_stale(a, s.wrong, err);
        explain_ambiguous(a, s.wrong, err);
    }
    ok = ok && loops_still_meant(a, &s) && a->prim->apply(&s);
    if (!ok && err && !a->trial) {
        explain_kind(a, err);
        if (err->code == ERR_no_loop && s.wrong)
            list_as_taken(work, a->from, s.wrong, err);
        step_advise_meant(work, a->from, err, a->prim, a->nargs, a->args, s.wrong);
    }
    if (ok && s.out->depth > IR_MAX_DEPTH)
        ok = REFUSE(err, too_deep, NULL, IR_MAX_DEPTH);
    a->wrong = s.wrong;
    if (!ok)
        name_step(work, a, err);
    Err broken;
    if (ok && !ir_verify(s.out, &broken))
        ok = REFUSE(err, step_broke_program, NULL, a->prim->name, broken.why);
    bool changed = ok && (s.nmade > 0 || !ir_same(s.out, a->from->func));
    if (ok)
        a->to = changed ? keep(a, &s, work) : version_retain(a->from);
    arena_release(work);
    return ok;
}

Version *version_apply(Version *v, const Prim *prim, size_t nargs, const Arg *args, Err *err)
{
    Apply a = {v, NULL, prim, nargs, args, NULL, false};
    return mem_guard(apply_guarded, &a, err) ? a.to : NULL;
}

/* ---- the cursor ---- */

Sched *sched_new(Version *v)
{
    Sched *s = calloc(1, sizeof *s);
    if (s)
        s->at = version_retain(v);
    return s;
}

static void drop_redo(Sched *s)
{
    for (size_t i = 0; i < s->nredo; i++)
        version_release(s->redo[i]);
    free(s->redo);
    s->redo = NULL;
    s->nredo = 0;
}

static void free_marks(Mark *marks, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        version_release(marks[i].version);
        free((void *)(uintptr_t)marks[i].name);
    }
    free(marks);
}

void sched_free(Sched *s)
{
    if (!s)
        return;
    drop_redo(s);
    free_marks(s->marks, s->nmarks);
    free_marks(s->notes, s->nnotes);
    version_release(s->at);
    free(s);
}

void sched_restore(Sched *s, Sched *saved)
{
    Sched failed = *s;
    *s = *saved;
    *saved = failed;
    sched_free(saved);
}

static bool push_redo(Sched *s, Version *v)
{
    Version **more = realloc(s->redo, (s->nredo + 1) * sizeof *more);
    if (!more)
        return false;
    s->redo = more;
    s->redo[s->nredo++] = version_retain(v);
    return true;
}

static bool add_mark(Mark **marks, size_t *n, const char *name, Version *v, Err *err)
{
    Mark *more = realloc(*marks, (*n + 1) * sizeof *more);
    char *copy = more ? strdup(name) : NULL;
    if (more)
        *marks = more;
    if (!copy)
        return REFUSE(err, out_of_memory, NULL);
    more[(*n)++] = (Mark){copy, version_retain(v)};
    return true;
}

Sched *sched_fork(const Sched *s)
{
    Sched *f = sched_new(MUTANT(fork_one_step_back, s->at, s->at->parent ? s->at->parent : s->at));
    Err quiet = {0};
    if (f)
        f->trial = s->trial;
    for (size_t i = 0; f && i < s->nmarks; i++)
        add_mark(&f->marks, &f->nmarks, s->marks[i].name, s->marks[i].version, &quiet);
    for (size_t i = 0; f && i < s->nnotes; i++)
        add_mark(&f->notes, &f->nnotes, s->notes[i].name, s->notes[i].version, &quiet);
    for (size_t i = 0; f && i < s->nredo; i++)
        push_redo(f, s->redo[i]);
    return f;
}

static void move_to(Sched *s, Version *v)
{
    version_retain(v);
    version_release(s->at);
    s->at = v;
}

bool sched_apply(Sched *s, const Prim *prim, size_t nargs, const Arg *args, Err *err)
{
    Apply a = {s->at, NULL, prim, nargs, args, NULL, s->trial};
    Version *v = mem_guard(apply_guarded, &a, err) ? a.to : NULL;
    if (v == s->at) {
        version_release(v);
        return true;
    }
    bool dropped = MUTANT(refused_step_drops_redo, v != NULL, true);
    if (MUTANT(redo_survives_step, dropped, false))
        drop_redo(s);
    if (!v) {
        explain_undone(s, a.wrong, err);
        return false;
    }
    version_release(s->at);
    s->at = v;
    return true;
}

bool sched_undo(Sched *s, int n, Err *err)
{
    if (n < 0 || n > s->at->number)
        return s->at->number == 0 ? REFUSE(err, undo_at_start, NULL)
                                  : REFUSE(err, nothing_to_undo, NULL, n, s->at->number);
    for (; n > 0; n--) {
        if (!push_redo(s, s->at))
            return REFUSE(err, out_of_memory, NULL);
        move_to(s, s->at->parent);
    }
    return true;
}

bool sched_redo(Sched *s, int n, Err *err)
{
    if (n < 0 || (size_t)n > s->nredo)
        return s->nredo == 0 ? REFUSE(err, redo_at_end, NULL, s->at->number)
                             : REFUSE(err, nothing_to_redo, NULL, n, s->nredo,
                                      plural((int64_t)s->nredo), s->nredo);
    for (; n > 0; n--) {
        move_to(s, s->redo[s->nredo - 1]);
        version_release(s->redo[--s->nredo]);
    }
    return true;
}

bool sched_goto(Sched *s, Version *v, Err *err)
{
    if (version_ancestor(s->at, v->number) == v)
        return sched_undo(s, s->at->number - v->number, err);
    drop_redo(s);
    move_to(s, v);
    return true;
}

bool sched_mark(Sched *s, const char *name, Err *err)
{
    for (size_t i = 0; i < s->nmarks; i++)
        if (strcmp(s->marks[i].name, name) == 0) {
            version_release(s->marks[i].version);
            s->marks[i].version = version_retain(s->at);
            return true;
        }
    return add_mark(&s->marks, &s->nmarks, name, s->at, err);
}

bool sched_note(Sched *s, const char *text, Err *err)
{
    return add_mark(&s->notes, &s->nnotes, text, s->at, err);
}

Version *sched_marked(const Sched *s, const char *name)
{
    for (size_t i = 0; i < s->nmarks; i++)
        if (strcmp(s->marks[i].name, name) == 0)
            return s->marks[i].version;
    return NULL;
}

const char *sched_mark_of(const Sched *s, const Version *v)
{
    for (size_t i = 0; i < s->nmarks; i++)
        if (s->marks[i].version == v)
            return s->marks[i].name;
    return NULL;
}

/* ---- the trace ---- */

static void put_quoted(Buf *out, const char *s)
{
    buf_putc(out, '"');
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            buf_putc(out, '\\');
        if (*s == '\n')
            buf_puts(out, "\\n");
        else if ((unsigned char)*s < ' ')
            buf_printf(out, "\\%03d", *s);
        else
            buf_putc(out, *s);
    }
    buf_putc(out, '"');
}

static void put_arg(Buf *out, const Arg *a)
{
    switch (a->tag) {
    case ARG_INT: buf_printf(out, "%lld", (long long)a->i); break;
    case ARG_STR: put_quoted(out, a->s); break;
    case ARG_OTHER: buf_puts(out, a->s); break;
    case ARG_LIST:
        buf_putc(out, '{');
        for (size_t i = 0; i < a->n; i++) {
            if (i)
                buf_puts(out, ", ");
            put_arg(out, &a->list[i]);
        }
        buf_putc(out, '}');
        break;
    }
}

void step_text(Buf *out, const char *receiver, const Prim *prim, size_t nargs, const Arg *args)
{
    buf_printf(out, "%s:%s(", receiver, prim->name);
    for (size_t i = 0; i < nargs; i++) {
        if (i)
            buf_puts(out, ", ");
        put_arg(out, &args[i]);
    }
    buf_putc(out, ')');
}

/* What a cursor keeps at v, as calls of that method. */
static void put_kept(Buf *out, const char *receiver, const char *method, const Mark *kept, size_t n,
                     const Version *v)
{
    for (size_t i = 0; i < n; i++) {
        if (kept[i].version != v)
            continue;
        buf_printf(out, "%s:%s(", receiver, method);
        put_quoted(out, kept[i].name);
        buf_puts(out, ")\n");
    }
}

const char *sched_script(Arena *A, const Sched *s, const Version *v, const char *receiver)
{
    Buf out = buf_new(A);
    VEC(const Version *) way = {0};
    for (; v; v = v->parent)
        vec_push(A, &way, v);
    while (way.n > 0) {
        const Version *w = way.at[--way.n];
        if (w->parent) {
            step_text(&out, receiver, w->prim, w->nargs, w->args);
            buf_putc(&out, '\n');
        }
        if (s) {
            put_kept(&out, receiver, "mark", s->marks, s->nmarks, w);
            put_kept(&out, receiver, "note", s->notes, s->nnotes, w);
        }
    }
    return buf_str(&out);
}

const char *version_trace(Arena *A, const Version *v, const char *receiver)
{
    return sched_script(A, NULL, v, receiver);
}
