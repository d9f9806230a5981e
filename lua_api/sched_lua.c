/* sched_lua.c -- the cursor in Lua: every primitive as a method, and moving. */
#include <stdio.h>
#include <string.h>

#include "core/affine/dep.h"
#include "core/base/utf8.h"
#include "core/schedule/verify.h"
#include "lua_api/file_kind.h"
#include "lua_api/program.h"
#include "lua_api/own_name.h"
#include "lua_api/saved_text.h"
#include "lua_api/sched_box.h"
#include "lua_api/scripts.h"
#include "lua_api/select.h"
#include "lua_api/session.h"

/* ---- arguments as data ---- */

enum { MAX_ARGS = 32 };

static void read_arg(lua_State *L, int idx, int arg, Arg *out, Arg *pool, size_t *used, bool nested)
{
    int is_int;
    lua_Integer i;
    luaL_checkstack(L, 8, "arguments");
    switch (lua_type(L, idx)) {
    case LUA_TNUMBER:
        i = lua_tointegerx(L, idx, &is_int);
        *out = is_int ? given_int(i) : given_other(arg_describe(L, idx));
        return;
    case LUA_TSTRING: *out = given_str(lua_tostring(L, idx)); return;
    case LUA_TTABLE: {
        size_t n = nested ? MAX_ARGS + 1 : (size_t)lua_rawlen(L, idx);
        if (n > MAX_ARGS || *used + n > 4 * MAX_ARGS)
            arg_wrong(L, arg, "a shorter list");
        Arg *list = pool + *used;
        *used += n;
        for (size_t k = 0; k < n; k++) {
            lua_rawgeti(L, idx, (lua_Integer)k + 1);
            int at = lua_gettop(L);
            read_arg(L, at, arg, &list[k], pool, used, true);
            lua_remove(L, at); /* a string stays alive in the table, a description on the stack */
        }
        *out = given_list(n, list);
        return;
    }
    case LUA_TNIL: arg_wrong_string(L, arg, "a name, a number or a list of them"); return;
    default: *out = given_other(arg_describe(L, idx));
    }
}

/* The arguments of a step, from index 2 on; patterns become the names that they match. */
static size_t read_args(lua_State *L, const Prim *prim, const Version *v, Arg args[MAX_ARGS],
                        Arg pool[4 * MAX_ARGS])
{
    size_t used = 0;
    luaL_checkstack(L, 16, "arguments");
    select_arguments(L, prim, v);
    int n = lua_gettop(L) - 1;
    if (n > MAX_ARGS)
        RAISE(L, extra_argument, NULL, (size_t)MAX_ARGS + 1);
    for (int i = 0; i < n; i++)
        read_arg(L, i + 2, i + 2, &args[i], pool, &used, false);
    return (size_t)n;
}

static int refuse(lua_State *L, Sched *s, const Err *err)
{
    char note[64];
    snprintf(note, sizeof note, "schedule unchanged, still at step %d", s->at->number);
    Refusal r = {.arena = s->at->arena, .root = s->at->func, .note = note};
    return lua_refuse(L, err, &r);
}

/* Pushes the names of what the step made; how many. */
static int push_made(lua_State *L, const Version *v)
{
    luaL_checkstack(L, (int)v->nmade + 4, "names");
    for (size_t i = 0; i < v->nmade; i++) {
        const char *block, *name = version_made(v, i, &block);
        if (block)
            lua_pushfstring(L, "%s/%s", block, name);
        else
            lua_pushstring(L, name);
        session_say_made(L);
    }
    return (int)v->nmade;
}

/* Rows of primitives, as Lua functions. */
enum { MOST_STEPS = 64 };
static LuaFn step_fns[MOST_STEPS];
static char signatures[MOST_STEPS][160];
const LuaFn *sched_step_members[MOST_STEPS + 1];

/* A step that was called wrongly is told how it is called, if nothing better is known to do. */
static void advise_call(const Prim *prim, Err *err)
{
    if (err_is_miscall(err->code) && !err->fix[0])
        err_fix(err, "call it as %s", signatures[prim - prims]);
}

/* Says which loop a name meant where another may have been: a name alone is the main block's, which
** may do little; a path leads to the nearest block's own loop, or to one around several. */
static void say_meant(lua_State *L, const Version *before, size_t n, const Arg *args)
{
    const char *heavier = NULL;
    Arena *A = lua_scratch(L, NULL);
    for (size_t i = 0; i < n && !heavier; i++)
        if (args[i].tag == ARG_STR)
            heavier = heavier_namesake(A, before->func, args[i].s);
    if (heavier)
        session_say_step(L, "note: most iterations are those of %s", heavier);
    for (size_t i = 0; i < n; i++) {
        const char *own = args[i].tag == ARG_STR ? own_namesakes(A, before->func, args[i].s) : NULL;
        if (own)
            session_say_step(L, "note: %s is around other blocks, too; its own %s %s", args[i].s,
                             strchr(own, ',') ? "are" : "is", own);
    }
    lua_scratch_end(L, A);
}

/* s:NAME(…): upvalue 1 is the row. */
static int call_primitive(lua_State *L)
{
    const Prim *prim = lua_touserdata(L, lua_upvalueindex(1));
    Sched *s = check_sched(L, 1)->sched;
    Arg args[MAX_ARGS], pool[4 * MAX_ARGS];
    size_t n = read_args(L, prim, s->at, args, pool);
    const Version *before = s->at;
    Err err = {0};
    if (!sched_apply(s, prim, n, args, &err)) {
        advise_call(prim, &err);
        return err_is_miscall(err.code) ? lua_raise(L, &err) : refuse(L, s, &err);
    }
    lua_weigh(L, arena_bytes(s->at->arena));
    if (s->at == before)
        session_say_step(L, "step %d  (unchanged: %s leaves the program as it is)", before->number,
                         prim->name);
    else
        session_say_step(L, "step %d  %s", s->at->number, s->at->said);
    if (s->at != before && session_listens(L))
        say_meant(L, before, n, args);
    if (!prim->returns_made || s->at == before) {
        lua_settop(L, 1);
        return 1;
    }
    return push_made(L, s->at);
}

/* ---- moving ---- */

Version *sched_version_arg(lua_State *L, Sched *s, int arg)
{
    VersionBox *box = test_version(L, arg);
    if (box)
        return box->version;
    Version *v = NULL;
    if (lua_type(L, arg) == LUA_TSTRING) {
        const char *name = lua_tostring(L, arg);
        v = sched_marked(s, name);
        if (!v)
            RAISE(L, no_mark, NULL, name);
        return v;
    }
    if (lua_type(L, arg) != LUA_TNUMBER)
        arg_wrong_program(L, arg, "a step's number, a mark or a Version");
    int64_t n = arg_int(L, arg, INT32_MIN, INT32_MAX);
    v = version_ancestor(s->at, (int)n);
    int64_t ahead = n - s->at->number;
    if (!v && ahead > 0 && (size_t)ahead <= s->nredo)
        RAISE(L, undone_step, NULL, (int)n, s->at->number, (int)ahead);
    if (!v)
        RAISE(L, no_such_step, NULL, (int)n, s->at->number);
    return v;
}

LUA_FN(
    sched_at, "s:at(step?) -> Version",
    "The program as it is now, after a step's number (0 is as written), or at a mark: a value that stays.")
{
    const SchedBox *from = check_sched(L, 1);
    Sched *s = from->sched;
    Version *v = lua_isnoneornil(L, 2) ? s->at : sched_version_arg(L, s, 2);
    const char *mark = sched_mark_of(s, v);
    box_version(L, &version_class, v);
    VersionBox *box = check_version(L, -1);
    snprintf(box->label, sizeof box->label, "%s", mark ? mark : "");
    box->by_default = from->by_default == v;
    return 1;
}

static int moved(lua_State *L, Sched *s, bool ok, const Err *err)
{
    if (!ok)
        return lua_raise(L, err);
    session_say_step(L, "at step %d  %s", s->at->number, s->at->said);
    lua_settop(L, 1);
    return 1;
}

LUA_FN(sched_step, "s.step -> integer",
       "The number of the step at which it stands; 0 is as written.")
{
    lua_pushinteger(L, check_sched(L, 1)->sched->at->number);
    return 1;
}

LUA_FN(sched_back_to, "s:back(step) -> Schedule",
       "Goes back to a step's number (0 is as written), a mark or a Version.")
{
    Sched *s = check_sched(L, 1)->sched;
    Err err = {0};
    return moved(L, s, sched_goto(s, sched_version_arg(L, s, 2), &err), &err);
}

LUA_FN(
    sched_undo_steps, "s:undo(n?) -> Schedule",
    "Takes back the last n steps (1 if not given); s:redo() takes them again.  The next step drops what was taken\n"
    "back, but for what s:mark or a Version (v = s:at()) keeps: s:back(mark) and s:back(v) go there.")
{
    Sched *s = check_sched(L, 1)->sched;
    Err err = {0};
    return moved(L, s, sched_undo(s, (int)arg_int_or(L, 2, 0, INT32_MAX, 1), &err), &err);
}

LUA_FN(sched_redo_steps, "s:redo(n?) -> Schedule",
       "Takes again n steps (1 if not given) that s:undo() took back.")
{
    Sched *s = check_sched(L, 1)->sched;
    Err err = {0};
    return moved(L, s, sched_redo(s, (int)arg_int_or(L, 2, 0, INT32_MAX, 1), &err), &err);
}

LUA_FN(sched_mark_here, "s:mark(name) -> Schedule",
       "Names the place where the schedule stands; s:at(name) and s:back(name) find it.")
{
    Sched *s = check_sched(L, 1)->sched;
    Err err = {0};
    if (!arg_str(L, 2)[0])
        return arg_wrong(L, 2, "a name");
    if (!sched_mark(s, lua_tostring(L, 2), &err))
        return lua_raise(L, &err);
    session_tell(L, 1, "step %d is \"%s\"", s->at->number, lua_tostring(L, 2));
    lua_settop(L, 1);
    return 1;
}

LUA_FN(sched_fork_here, "s:fork() -> Schedule", "Another cursor at the same place.")
{
    program_push_fork(L, check_sched(L, 1));
    return 1;
}

LUA_FN(
    sched_note_here, "s:note(text) -> Schedule",
    "Keeps a remark where the schedule stands, such as why the next steps are taken; s:history() shows it there.")
{
    Sched *s = check_sched(L, 1)->sched;
    Err err = {0};
    if (!sched_note(s, arg_str(L, 2), &err))
        return lua_raise(L, &err);
    lua_settop(L, 1);
    return 1;
}

/* The marks that are not on the way from the program as written to here. */
static void put_marks_elsewhere(Buf *out, const Sched *s)
{
    for (size_t i = 0; i < s->nmarks; i++) {
        Version *v = s->marks[i].version;
        if (version_ancestor(s->at, v->number) != v)
            buf_printf(out, "\nelsewhere: step %d  %s   \"%s\"", v->number, v->said,
                       s->marks[i].name);
    }
}

LUA_FN(
    sched_history, "s:history() -> string",
    "The steps so far, with marks and notes, as they were said; then the marks that are elsewhere, where s:back(mark)\n"
    "goes.\n"
    "> s = tvm.schedule(tvm.parse \"func f(A: int8[4]) -> B: int8[4]:\\n for i in range(4):\\n  B[i] = A[i]\")\n"
    "> s:split(\"i\", 2); s:mark \"halves\"; s:undo(); s:parallel \"i\"\n"
    "step 1  split i(4) -> io(2) ii(2)\n"
    "at step 0  as written\n"
    "step 1  parallel i\n"
    "> print(s:history())\n"
    "step 0  as written\n"
    "step 1  parallel i\n"
    "elsewhere: step 1  split i(4) -> io(2) ii(2)   \"halves\"")
{
    Sched *s = check_sched(L, 1)->sched;
    Arena *A = lua_scratch(L, NULL);
    Buf out = buf_new(A);
    for (int i = 0; i <= s->at->number; i++) {
        const Version *v = version_ancestor(s->at, i);
        buf_printf(&out, "%sstep %d  %s", i ? "\n" : "", i, v->said);
        for (size_t n = 0, shown = 0; n < s->nmarks; n++)
            if (s->marks[n].version == v)
                buf_printf(&out, "%s\"%s\"", shown++ ? ", " : "   ", s->marks[n].name);
        for (size_t n = 0; n < s->nnotes; n++)
            if (s->notes[n].version == v)
                buf_printf(&out, "\n        %s", s->notes[n].name);
    }
    if (s->nredo)
        buf_printf(&out, "\n(%zu more to redo)", s->nredo);
    put_marks_elsewhere(&out, s);
    lua_pushstring(L, buf_str(&out));
    lua_scratch_end(L, A);
    return 1;
}

LUA_FN(
    sched_trace, "s:trace(receiver?) -> string",
    "The steps as Lua source that takes them again on the schedule named `receiver` (\"s\" if not given).")
{
    Sched *s = check_sched(L, 1)->sched;
    const char *receiver = arg_str_or(L, 2, "s");
    Arena *A = lua_scratch(L, NULL);
    lua_pushstring(L, version_trace(A, s->at, receiver));
    lua_scratch_end(L, A);
    return 1;
}

/* ---- steps that may fail ---- */

static int call_method(lua_State *L, int nargs)
{
    return lua_pcall(L, nargs, LUA_MULTRET, 0);
}

LUA_FN(
    sched_try, "s:try(step, …) -> …",
    "Takes a step if it is legal: s:try(\"parallel\", \"k\") returns what the step returns, or nil and the\n"
    "error, and then nothing has changed.")
{
    const char *name = arg_str(L, 2);
    check_sched(L, 1);
    if (!prim_find(name))
        return RAISE(L, no_primitive, NULL, name);
    int n = lua_gettop(L);
    lua_getfield(L, 1, name);
    lua_pushvalue(L, 1);
    for (int i = 3; i <= n; i++)
        lua_pushvalue(L, i);
    int status = call_method(L, n - 1);
    if (status == LUA_OK)
        return lua_gettop(L) - n;
    if (!lua_error_at(L, lua_gettop(L)))
        return lua_error(L);
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
}

/* The fix of the error on top was legal after steps of the schedule at `idx` that are about to be
** taken back: they come with it. */
static void wrap_fix(lua_State *L, int idx, Version *from, Version *to)
{
    if (from == to || version_ancestor(to, from->number) != from || !lua_error_at(L, -1))
        return;
    const char *name = own_push_name(L, idx) ? lua_tostring(L, -1) : lua_pushliteral(L, "s");
    Arena *A = lua_scratch(L, NULL);
    Buf before = buf_new(A);
    buf_printf(&before, "%s:steps(function(%s) ", name, name);
    for (const char *at = version_trace(A, to, name) + strlen(version_trace(A, from, name)); *at;
         at++)
        buf_puts(&before, *at == '\n' ? "; " : (char[]){*at, '\0'});
    lua_error_wrap(L, -3, name, buf_str(&before), " end)");
    lua_scratch_end(L, A);
    lua_pop(L, 1);
}

/* Why the step of the schedule at `idx` was refused, as a sentence with its witness and the way
** out.  Pushes what the text keeps alive. */
static const char *refusal_text(lua_State *L, int idx, Arena *A, const Err *err)
{
    const char *name = own_push_name(L, idx) ? lua_tostring(L, -1) : lua_pushliteral(L, "s");
    own_push_text(L, err->fix, "s", name);
    const char *fix = lua_tostring(L, -1);
    return arena_printf(A, "%s: %s%s%s%s%s%s%s", err->what, err->why, err->witness[0] ? "; " : "",
                        err->witness, fix[0] ? "\n  " : "",
                        fix[0] ? lua_advice_word(L, fix, true) : "", fix[0] ? ": " : "", fix);
}

LUA_FN(
    sched_why_not, "s:why_not(step, …) -> string",
    "What would be said to a step, which is not taken: why it is refused, with two iterations and the element\n"
    "where iterations conflict; or that it is legal, and what it would do.\n"
    "> s = tvm.schedule(tvm.parse \"func f(A: int8[4]) -> B: int8[1]:\\n for i in range(4):\\n  B[0] += A[i]\")\n"
    "> print(s:why_not(\"parallel\", \"i\"))\n"
    "parallel(i): iterations of i write the same elements: a statement into B; iterations i=0 and i=1 both update B[0]\n"
    "  hint: allocate what is written inside the loop (compute_at), or choose another loop\n"
    "> print(s:why_not(\"split\", \"i\", 2))\n"
    "legal: split i(4) -> io(2) ii(2)")
{
    Sched *s = check_sched(L, 1)->sched;
    const char *name = arg_str(L, 2);
    const Prim *prim = prim_find(name);
    if (!prim)
        return RAISE(L, no_primitive, NULL, name);
    lua_remove(L, 2);
    Arg args[MAX_ARGS], pool[4 * MAX_ARGS];
    size_t n = read_args(L, prim, s->at, args, pool);
    Err err = {0};
    box_version(L, &version_class, s->at);
    VersionBox *box = check_version(L, -1);
    Version *v = version_apply(s->at, prim, n, args, &err);
    if (v) {
        version_release(box->version);
        box->version = v;
    }
    advise_call(prim, &err);
    Arena *A = lua_scratch(L, NULL);
    const char *said = !v ? refusal_text(L, 1, A, &err)
                       : v == s->at
                           ? arena_printf(A, "legal: %s leaves the program as it is", prim->name)
                           : arena_printf(A, "legal: %s", v->said);
    lua_pushstring(L, said);
    lua_scratch_end(L, A);
    return 1;
}

LUA_FN(
    sched_verify, "s:verify() -> string",
    "Proves by integer sets that the program still computes what step 0 does: every read gets what the same\n"
    "instances wrote, in time, and iterations that run at once leave each other alone.  It trusts nothing that the\n"
    "steps checked.  Says what is proven and what cannot be told; raises an error where something is proven wrong.\n"
    "> s = tvm.schedule(tvm.parse \"func f(A: int8[4]) -> B: int8[4]:\\n for i in range(4):\\n  block B(i):\\n   B[i] = A[i]\")\n"
    "> s:split(\"i\", 2); s:parallel \"io\"\n"
    "step 1  split i(4) -> io(2) ii(2)\n"
    "step 2  parallel io\n"
    "> print(s:verify())\n"
    "proven: step 2 computes what step 0 does\n"
    "  1 statement: each reads what the same instances wrote in step 0, all of it made in time\n"
    "  at once: io (parallel)\n"
    "not looked at: the arithmetic inside blocks, the lowering, the machine code; s:check(inputs) and s:run(inputs) run them")
{
    Sched *s = check_sched(L, 1)->sched;
    Err err = {0};
    Arena *A = lua_scratch(L, NULL);
    const char *text = version_verify(A, s->at, DEP_THOROUGH, &err);
    if (text) {
        const char *name = own_push_name(L, 1) ? lua_tostring(L, -1) : "s";
        own_push_text(L, text, "s", name);
        session_say_prose(L);
    }
    lua_scratch_end(L, A);
    return text ? 1 : refuse(L, s, &err);
}

/* What became of the schedule, for the note of an error: it is back at `before`, and the error
** speaks of where it was when a step was refused. */
static void say_taken_back(const Version *before, Version *refused_at, char *note, size_t size)
{
    bool on_the_way = version_ancestor(refused_at, before->number) == before;
    int n = on_the_way ? refused_at->number - before->number : 0;
    int len = 0;
    if (n > 0)
        len = snprintf(note, size, "refused after %d step%s, which %s taken back: ", n, plural(n),
                       n == 1 ? "is" : "are");
    snprintf(note + len, size - (size_t)len, "the schedule is at step %d, as before",
             before->number);
}

LUA_FN(
    sched_steps, "s:steps(f) -> …",
    "Calls f(s); if it fails, the schedule goes back to where it was, and the error goes on: all or nothing.")
{
    SchedBox *box = check_sched(L, 1);
    arg_function(L, 2);
    box_version(L, &version_class, box->sched->at); /* index 3 keeps the place */
    int n = lua_gettop(L);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 1);
    Sched *saved = sched_fork(box->sched);
    if (!saved)
        return RAISE(L, out_of_memory, NULL);
    size_t said = session_hold_steps(L);
    int status = call_method(L, 1);
    session_let_steps(L, said, status != LUA_OK);
    if (status == LUA_OK) {
        sched_free(saved);
        return lua_gettop(L) - n;
    }
    char note[128];
    Version *before = check_version(L, 3)->version;
    say_taken_back(before, box->sched->at, note, sizeof note);
    wrap_fix(L, 1, before, box->sched->at);
    lua_error_note(L, -1, note);
    sched_restore(box->sched, saved);
    return lua_error(L);
}

/* Pushes the kernel whose steps s:save wrote into this text, or nil: they may stand in a script
** that somebody wrote. */
static void push_saved_of(lua_State *L, const char *text)
{
    static const char head[] = "-- tvmrepl 1: the steps of ";
    bool saved = strncmp(text, head, sizeof head - 1) == 0;
    const char *name = text + sizeof head - 1;
    if (saved)
        lua_pushlstring(L, name, strcspn(name, ",\n"));
    else
        lua_pushnil(L);
}

/* Is what Lua cannot read no script at all: a file of another kind, one that is no text, or one
** that asks for no schedule? */
static bool is_foreign(lua_State *L, const char *path)
{
    const FileKind *kind = file_kind(path);
    if (kind && !kind->texts)
        return true;
    size_t n;
    if (!session_push_source(L, lua_pushfstring(L, "@%s", path)))
        return false;
    const char *text = lua_tolstring(L, -1, &n), *end = text + n;
    const char *at = text;
    for (size_t letter; at < end && *at && (letter = utf8_char(at, end)) > 0;)
        at += letter;
    return at < end || !strstr(text, "...");
}

LUA_FN(sched_load, "s:load(path) -> Schedule",
       "Replays the steps that s:save(\"name.lua\") wrote; if one is refused, none is taken.")
{
    const Sched *s = check_sched(L, 1)->sched;
    int before = s->at->number;
    const char *path = arg_str(L, 2);
    Err err = {0};
    if (!file_readable(path, &err))
        return lua_raise(L, &err);
    if (reader_of_file(path))
        return RAISE(L, steps_expected, NULL, path, reader_of_file(path));
    lua_getfield(L, 1, "steps");
    lua_pushvalue(L, 1);
    if (luaL_loadfilex(L, path, "t") != LUA_OK) {
        bool foreign = is_foreign(L, path);
        lua_settop(L, 5); /* what Lua says */
        if (!foreign)
            return lua_error(L);
        const FileKind *kind = file_kind(path);
        REFUSE(&err, steps_foreign, NULL, path, kind ? kind->is : "something else");
        advise_reader(path, "s:load", &err);
        return lua_raise(L, &err);
    }
    bool read = session_push_source(L, lua_pushfstring(L, "@%s", path));
    const char *text = read ? lua_tostring(L, -1) : "...";
    if (!strstr(text, "..."))
        return RAISE(L, steps_no_schedule, NULL, path, path);
    push_saved_of(L, text);
    lua_replace(L, 2);
    lua_settop(L, 5);
    const char *name = lua_tostring(L, 2), *here = s->at->func->at.name;
    bool other = name && strcmp(name, here) != 0;
    if (call_method(L, 2) != LUA_OK) {
        if (other)
            lua_error_add_note(L, -1, "the script was saved of %s, and this is %s", name, here);
        return lua_error(L);
    }
    int n = s->at->number - before;
    if (other && !session_listens(L))
        session_note(L, "the steps were saved of %s, and this is %s", name, here);
    session_say_step(L, "%d step%s taken%s%s", n, plural(n), other ? ", saved of " : "",
                     other ? name : "");
    lua_settop(L, 1);
    return 1;
}

LUA_FN(
    tvm_default, "tvm.default(schedule) -> Schedule",
    "Takes the default steps for a kernel: a Schedule is moved, a Func or a Version gets a new one.  What steps have\n"
    "made before stays: loops that they changed and copies that they made are left alone, and named;\n"
    "tvm.default(s:at(0)) begins with none of them.  The rules are Lua with public primitives, for a CPU; s:history()\n"
    "shows what they did.\n"
    "> s = tvm.schedule(te [[ A: float32[64]; B[i] = A[i] + 1; C[i] = B[i] * 2 ]])\n"
    "> s:set_scope(\"B\", \"local\")\n"
    "step 1  set_scope B -> local\n"
    "> tvm.default(s)\n"
    "step 2  vectorize C/i\n"
    "left as it stands: B")
{
    Program p = program_check(L, 1);
    if (!p.sched) {
        program_push_schedule(L, &p);
        lua_replace(L, 1);
    }
    lua_settop(L, 1);
    SchedBox *box = check_sched(L, 1);
    bool as_written = !box->sched->at->parent;
    lua_push_script(L, "defaults");
    lua_getfield(L, -1, "apply");
    lua_pushvalue(L, 1);
    box->sched->trial = true;
    int status = lua_pcall(L, 1, 2, 0);
    box->sched->trial = false;
    if (status != LUA_OK)
        return lua_error(L);
    if (!lua_isnil(L, -1))
        session_say_step(L, "%s", lua_tostring(L, -1));
    if (as_written) {
        if (box->by_default)
            version_release(box->by_default);
        box->by_default = version_retain(box->sched->at);
    }
    lua_settop(L, 1);
    return 1;
}

void lua_open_schedules(lua_State *L)
{
    static const LuaFn *const functions[] = {&tvm_default_fn, NULL};
    lua_put_functions(L, functions);
}

/* ---- members ---- */

const LuaFn *const sched_members[] = {
    &sched_at_fn,         &sched_step_fn,      &sched_back_to_fn,   &sched_undo_steps_fn,
    &sched_redo_steps_fn, &sched_mark_here_fn, &sched_note_here_fn, &sched_fork_here_fn,
    &sched_history_fn,    &sched_trace_fn,     &sched_try_fn,       &sched_why_not_fn,
    &sched_verify_fn,     &sched_steps_fn,     &sched_load_fn,      NULL};

/* "L:loop F:factors S?:names" as s:split(loop, factors, names…). */
static void write_signature(const Prim *p, char *out, size_t size)
{
    Param params[PRIM_MAX_PARAMS];
    size_t n = prim_params(p, params), len = (size_t)snprintf(out, size, "s:%s(", p->name);
    for (size_t i = 0; i < n; i++)
        len += (size_t)snprintf(
            out + len, size - len, "%s%s%s", i ? ", " : "", params[i].name,
            params[i].kind == PARAM_NAMES || (params[i].kind == PARAM_LOOPS && i + 1 == n) ? "…"
            : params[i].optional                                                           ? "?"
                                                                                           : "");
    snprintf(out + len, size - len, ") -> %s", p->returns_made ? "names" : "Schedule");
}

void sched_describe_steps(void)
{
    assert(prim_count <= MOST_STEPS);
    for (size_t i = 0; i < prim_count; i++) {
        write_signature(&prims[i], signatures[i], sizeof signatures[i]);
        step_fns[i] = (LuaFn){signatures[i], prims[i].doc, call_primitive,  __FILE__,
                              __LINE__,      &prims[i],    SURPLUS_counted, 0};
        sched_step_members[i] = &step_fns[i];
    }
}
