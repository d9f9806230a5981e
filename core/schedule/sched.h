/* sched.h -- a cursor over a tree of versions of one Func.
**
** A Version is a value: a Func, the step that made it, and the version before.  A Schedule stands
** on one version; a step that is accepted makes a child version and moves there, one that is
** refused changes nothing.  So undo and branching are moving, and every version that anyone holds
** stays as it was.
**
**      Sched *s = sched_new(A, func, &err);
**      Arg split[] = {given_str("y"), given_int(8)};
**      if (!sched_apply(s, prim_find("split"), 2, split, NULL, &err)) … err says why …
**      sched_back(s, 0);
*/
#ifndef CORE_SCHEDULE_SCHED_H
#define CORE_SCHEDULE_SCHED_H

#include "core/schedule/prim.h"

typedef struct Version Version;
struct Version {
    int refs;
    Version *parent; /* NULL for the program as written */
    Arena *arena;    /* of the nodes that this step made */
    const Node *func;
    int number;       /* steps since the program as written */
    bool unjudged;    /* a person wrote the text, and nobody has asked yet whether it holds */
    const Prim *prim; /* the step, and what it was asked for; NULL for the program as written */
    size_t nargs;
    const Arg *args;
    const char *said; /* "split y(1024) -> yo(128) yi(8)" */
    size_t nmade;     /* names of the loops, or of the block, that the step made */
    const char *const *made;
};

Version *version_retain(Version *v);
void version_release(Version *v);

/* A Func as a version without a past.  The arena is retained. */
Version *version_new(Arena *A, const Node *func);

/* The ancestor with that number, or NULL. */
Version *version_ancestor(Version *v, int number);

/* The name of a loop, or its path where steps do not take the name alone any more, since a loop of
** the main block had it before.  The same for the labels of all loops. */
const char *version_loop(Arena *A, const Version *v, const char *name);
void version_loops(Arena *A, const Version *v, NameList *out);

/* Where *err says that an argument, `wrong` if binding knows it, names nothing: advises the step
** with the name that was meant, if one is near and the step would be accepted. */
void step_advise_meant(Arena *A, const Version *v, Err *err, const Prim *prim, size_t nargs,
                       const Arg *args, const char *wrong);

/* A made name; *block: the block to be named before it, "C/y", where the name alone means another
** loop, or NULL. */
const char *version_made(const Version *v, size_t i, const char **block);

/* Adds the names of the loops of `now` that steps since `before` made of its loop of that name. */
void version_descent(Arena *A, const Version *before, const Version *now, const char *name,
                     NameList *out);

/* A name or a remark that a cursor keeps at a version. */
typedef struct Mark {
    const char *name;
    Version *version;
} Mark;

typedef struct Sched {
    Version *at;
    Version **redo; /* what undo left, the next one last */
    size_t nredo;
    Mark *marks, *notes;
    size_t nmarks, nnotes;
    bool trial; /* nobody reads what is legal in place of a refused step */
} Sched;

Sched *sched_new(Version *v);
Sched *sched_fork(const Sched *s);
void sched_free(Sched *s);
/* Everything of s, what can be redone and the marks too, is again as it was when `saved` was forked
** from it; ends `saved`. */
void sched_restore(Sched *s, Sched *saved);

/* Applies a primitive to a version: a new version, or the same where the step leaves the program as
** it is (owned by the caller), or NULL. */
Version *version_apply(Version *v, const Prim *prim, size_t nargs, const Arg *args, Err *err);

/* The same on the cursor, which moves if there is a new version. */
bool sched_apply(Sched *s, const Prim *prim, size_t nargs, const Arg *args, Err *err);

/* Moving: to a version that is an ancestor or is kept by a mark; n steps back; forward again. */
bool sched_undo(Sched *s, int n, Err *err);
bool sched_redo(Sched *s, int n, Err *err);
bool sched_goto(Sched *s, Version *v, Err *err);
bool sched_mark(Sched *s, const char *name, Err *err);
Version *sched_marked(const Sched *s, const char *name);
const char *sched_mark_of(const Sched *s, const Version *v);

/* Keeps a remark where the cursor stands: why the next steps are taken, or what was
** refused there. */
bool sched_note(Sched *s, const char *text, Err *err);

/* The steps from the program as written to v, as Lua source that replays them on `s`. */
const char *version_trace(Arena *A, const Version *v, const char *receiver);
/* The same with the marks and the notes that s keeps on that way; s may be NULL. */
const char *sched_script(Arena *A, const Sched *s, const Version *v, const char *receiver);
/* One step as Lua source: s:split("y", 8, "yo", "yi"). */
void step_text(Buf *out, const char *receiver, const Prim *prim, size_t nargs, const Arg *args);

#endif
