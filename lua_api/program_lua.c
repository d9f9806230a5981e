/* program_lua.c -- Funcs, Versions and Schedules as Lua values: made, shown, completed. */
#include "lua_api/program.h"

#include <string.h>

#include "core/affine/inside.h"
#include "core/ir/parse.h"
#include "core/ir/print.h"
#include "core/ir/verify.h"
#include "core/schedule/block.h"
#include "lua_api/elsewhere.h"
#include "lua_api/saved_text.h"
#include "lua_api/sched_box.h"
#include "lua_api/session.h"
#include "viz/text/tree_text.h"

TextStyle view_style(lua_State *L)
{
    const LuaView *v = lua_view(L);
    return (TextStyle){v->color, v->utf8, v->more ? 0 : v->cut, &session_of(L)->left_out};
}

/* ---- the three classes ---- */

bool program_test(lua_State *L, int idx, Program *out)
{
    VersionBox *v = test_version(L, idx);
    SchedBox *s = v ? NULL : test_sched(L, idx);
    VersionBox *f = v || s ? NULL : test_func(L, idx);
    memset(out, 0, sizeof *out);
    if (v) {
        out->version = v->version;
        out->label = v->label[0] ? v->label : NULL;
        out->by_default = v->by_default;
    }
    if (f)
        out->version = f->version;
    if (s) {
        out->version = s->sched->at;
        out->sched = s->sched;
        out->label = sched_mark_of(s->sched, s->sched->at);
        out->by_default = s->by_default == s->sched->at;
    }
    if (!out->version)
        return false;
    out->func = out->version->func;
    return true;
}

Program program_check(lua_State *L, int idx)
{
    Program p;
    if (!program_test(L, idx, &p))
        arg_wrong_program(L, idx, "a Func, a Version or a Schedule");
    return p;
}

static void release_version(void *self)
{
    version_release(((VersionBox *)self)->version);
}

static void release_sched(void *self)
{
    SchedBox *box = self;
    sched_free(box->sched);
    if (box->by_default)
        version_release(box->by_default);
}

/* A Lua string of text that lives in an arena, which goes; without the last line's end, which print
** adds.  Where a terminal cuts lines of the tree, the head says what shows them whole. */
static void push_tree(lua_State *L, const Node *func, const char *head)
{
    Arena *A = lua_scratch(L, NULL);
    bool cut = false;
    TextStyle style = view_style(L);
    style.cut = head[0] && !lua_view(L)->whole ? &cut : style.cut;
    const char *tree = tree_text(A, func, style);
    Buf out = buf_new(A);
    buf_puts(&out, head);
    if (cut) {
        const char *called = lua_view(L)->called;
        const char *more =
            arena_printf(A, "   %s:ir() is the whole text", called[0] ? called : "s");
        ink_text(&out, style.color, INK_quiet, more, strlen(more));
    }
    buf_printf(&out, "%s%s", head[0] ? "\n" : "", tree);
    lua_scratch_text(L, A, buf_str(&out));
}

static void func_tostring(lua_State *L, void *self)
{
    push_tree(L, ((VersionBox *)self)->version->func, "");
}

static void version_tostring(lua_State *L, void *self)
{
    const Version *v = ((VersionBox *)self)->version;
    char head[400];
    snprintf(head, sizeof head, "step %d  %.360s", v->number, v->said);
    push_tree(L, v->func, head);
}

static void sched_tostring(lua_State *L, void *self)
{
    const Sched *s = ((SchedBox *)self)->sched;
    const char *mark = sched_mark_of(s, s->at);
    char head[400];
    snprintf(head, sizeof head, "%s at step %d%s%s%s", s->at->func->at.name, s->at->number,
             mark ? " \"" : "", mark ? mark : "", mark ? "\"" : "");
    push_tree(L, s->at->func, head);
}

/* What a string that is argument `arg` of a method means, by the letters of primitives' signatures;
** for other methods any name of the program. */
static ParamKind kind_of_arg(const char *method, int arg, const char **name)
{
    Param params[PRIM_MAX_PARAMS];
    const Prim *prim = prim_find(method);
    size_t n = prim ? prim_params(prim, params) : 0, at = (size_t)arg - 1;
    *name = "";
    if (strcmp(method, "block") == 0 || strcmp(method, "loops") == 0)
        return PARAM_BLOCK;
    if (strcmp(method, "buffer") == 0)
        return PARAM_BUFFER;
    if (n == 0)
        return PARAM_VALUE;
    at = at < n ? at : n - 1;
    while (at > 0 && params[at].kind == PARAM_NAMES && params[at - 1].kind == PARAM_LOOPS)
        at--;
    *name = strcmp(params[at].name, "scope") == 0  ? "scope"
            : strcmp(params[at].name, "axis") == 0 ? "axis"
                                                   : "";
    return params[at].kind;
}

static void append_names(lua_State *L, size_t n, const char *const *names)
{
    for (size_t i = 0; i < n; i++) {
        lua_pushstring(L, names[i]);
        lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    }
}

static void push_names(lua_State *L, const Version *v, const char *method, int arg)
{
    Arena *A = lua_scratch(L, NULL);
    NameList names = {0};
    const char *what;
    ParamKind kind = kind_of_arg(method, arg, &what);
    bool any = kind == PARAM_VALUE;
    if (any || kind == PARAM_LOOP || kind == PARAM_LOOPS || kind == PARAM_EACH ||
        kind == PARAM_PLACE)
        version_loops(A, v, &names);
    if (any || kind == PARAM_BLOCK || kind == PARAM_PLACE)
        list_blocks(A, v->func, &names);
    if (any || kind == PARAM_BUFFER)
        list_buffers(A, v->func, &names);
    lua_newtable(L);
    append_names(L, names.n, names.at);
    if (strcmp(what, "scope") == 0)
        append_names(L, SCOPE_COUNT, scope_name);
    else if (strcmp(what, "axis") == 0)
        append_names(L, FOR_COUNT - FOR_block_x, for_kind_text + FOR_block_x);
    lua_scratch_end(L, A);
}

static void version_names(lua_State *L, void *self, const char *method, int arg)
{
    push_names(L, ((VersionBox *)self)->version, method, arg);
}

/* Marks where a place of the schedule is meant, primitives where s:try takes one. */
static void sched_names(lua_State *L, void *self, const char *method, int arg)
{
    const Sched *s = ((SchedBox *)self)->sched;
    bool place =
        strcmp(method, "at") == 0 || strcmp(method, "back") == 0 || strcmp(method, "diff") == 0;
    if (strcmp(method, "try") != 0 && !place) {
        push_names(L, s->at, method, arg);
        return;
    }
    if (!place && arg > 1) {
        push_names(L, s->at, "", arg);
        return;
    }
    lua_newtable(L);
    for (size_t i = 0; place && i < s->nmarks; i++)
        append_names(L, 1, &s->marks[i].name);
    for (size_t i = 0; !place && i < prim_count; i++)
        append_names(L, 1, &prims[i].name);
}

void box_version(lua_State *L, const LuaClass *cls, Version *v)
{
    VersionBox *box = lua_box(L, cls);
    box->version = version_retain(v);
    lua_weigh(L, arena_bytes(v->arena));
}

void program_push_fork(lua_State *L, const SchedBox *from)
{
    SchedBox *box = new_sched(L);
    box->sched = sched_fork(from->sched);
    if (!box->sched)
        RAISE(L, out_of_memory, NULL);
    if (from->by_default)
        box->by_default = version_retain(from->by_default);
    lua_weigh(L, arena_bytes(from->sched->at->arena));
}

void program_push_func(lua_State *L, Arena *A, const Node *func)
{
    VersionBox *box = new_func(L);
    box->version = version_new(A, func);
    lua_weigh(L, arena_bytes(A));
}

void program_push_schedule(lua_State *L, const Program *p)
{
    SchedBox *box = new_sched(L);
    box->sched = sched_new(p->version);
    if (!box->sched)
        RAISE(L, out_of_memory, NULL);
    if (p->by_default)
        box->by_default = version_retain(p->version);
}

/* ---- making ---- */

typedef struct Parse {
    const char *text;
    Arena *A;
    const Node *func;
} Parse;

static bool parse_guarded(void *env, Err *err)
{
    Parse *p = env;
    p->func = ir_parse_func(p->A, p->text, err);
    bool whole = p->func && ir_verify(p->func, err);
    if (p->func && !whole && err->code == ERR_ill_formed)
        err_fix(err, "docs/text-form.md says what may be written by hand");
    return whole && inside_buffers(p->func, NULL, err);
}

LUA_FN(tvm_parse, "tvm.parse(text) -> Func",
       "A program from its text.\n"
       "> f = tvm.parse [[\n"
       "> func f(A: int8[4]) -> B: int8[4]:\n"
       ">   for i in range(4):\n"
       ">     block B(i):\n"
       ">       B[i] = A[i] + 1\n"
       "> ]]\n"
       "> ok, e = pcall(tvm.parse, \"func f(\")\n"
       "> print(e.code)\n"
       "text_syntax")
{
    Parse p = {.text = arg_str(L, 1), .A = lua_scratch(L, NULL)};
    Err err = {0};
    if (!mem_guard(parse_guarded, &p, &err)) {
        err_in(&err, "parse");
        if (reader_of_text(p.text) && strcmp(reader_of_text(p.text), "tvm.parse") != 0)
            err_fix(&err, "%s(text)", reader_of_text(p.text));
        else
            advise_path(p.text, &err);
        return lua_raise(L, &err);
    }
    program_push_func(L, p.A, p.func);
    program_check(L, -1).version->unjudged = true;
    lua_scratch_end(L, p.A);
    return 1;
}

LUA_FN(
    tvm_schedule, "tvm.schedule(program) -> Schedule",
    "A cursor that begins at a Func or a Version and moves with every step.  help(s.split) and its like say what\n"
    "the steps do.")
{
    Program p = program_check(L, 1);
    if (p.sched)
        program_push_fork(L, check_sched(L, 1));
    else
        program_push_schedule(L, &p);
    return 1;
}

/* ---- registration ---- */

/* What all three kinds of program have. */
#define SHARED \
    program_run_members, program_picture_members, program_select_members, program_look_members

/* v:split(…): steps are a schedule's. */
static int value_index(lua_State *L, void *self)
{
    (void)self;
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
    const LuaClass *cls = lua_class_of(L, 1, NULL);
    return prim_find(name) ? RAISE(L, no_cursor, NULL, cls->name) : 0;
}

const LuaClass func_class = {
    .name = "Func",
    .doc = "A program: a kernel as loops and blocks.  A value: it never changes.",
    .size = sizeof(VersionBox),
    .members = LUA_MEMBERS(SHARED),
    .tostring = func_tostring,
    .release = release_version,
    .names = version_names,
    .index = value_index,
};

const LuaClass version_class = {
    .name = "Version",
    .doc = "A program at one step of a schedule.  A value: it never changes.",
    .size = sizeof(VersionBox),
    .members = LUA_MEMBERS(SHARED),
    .tostring = version_tostring,
    .release = release_version,
    .names = version_names,
    .index = value_index,
};

/* Raises what a step that is given the name says, if the loop or block was used up or undone. */
static void raise_stale(lua_State *L, const Sched *s, const char *name, const char *step)
{
    Err err = {0};
    Sched *fork = sched_fork(s);
    Arg args[] = {given_str(name)};
    if (fork)
        sched_apply(fork, prim_find(step), 1, args, &err);
    sched_free(fork);
    err.what[0] = '\0'; /* no step was asked for */
    if (err.code == ERR_stale_name || err.code == ERR_undone_name)
        lua_raise(L, &err);
}

/* s[C].split(…): where TVM's stages were; s["x"], s[1]. */
static int sched_index(lua_State *L, void *self)
{
    const Sched *s = ((SchedBox *)self)->sched;
    const Node *func = s->at->func;
    Err err = {0};
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : NULL;
    bool known = name && (find_loop(func, name, &err) || err.code == ERR_loop_ambiguous ||
                          find_block(func, name, &err) || find_buffer(func, name, &err));
    if (name)
        raise_stale(L, s, name, "unroll");
    if (known)
        return lua_goes_by_name(L, "Schedule", name);
    if (name)
        raise_stale(L, s, name, "compute_inline");
    if (name || lua_isnumber(L, 2) || lua_isboolean(L, 2))
        return 0;
    return RAISE(L, old_name, NULL, "Schedule", "[C]",
                 "a step is a method, and loops go by name: s:split(\"y\", 8)");
}

const LuaClass sched_class = {
    .name = "Schedule",
    .doc =
        "A cursor over a tree of versions of one Func.  Steps (s:split, s:reorder, …) move it forward;\n"
        "s:undo(), s:back(n) and s:redo() move it along; s:at(n) gives a version as a value.\n"
        "A loop's name alone means the only loop of that name, or else that of the main block, which is named as the\n"
        "kernel; \"block/loop\" means any nest's, and \"*/x\" the loop x of every nest.",
    .size = sizeof(SchedBox),
    .members = LUA_MEMBERS(sched_step_members, sched_members, SHARED),
    .tostring = sched_tostring,
    .release = release_sched,
    .names = sched_names,
    .index = sched_index,
    .told_by_steps = true,
};

/* The statement in which `where`, maybe an expression, stands; NULL if it stands nowhere in `n`. */
static const Node *statement_with(const Node *n, const Node *where)
{
    if (n == where)
        return n;
    for (uint32_t i = 0; i < n->nkids; i++) {
        const Node *found = statement_with(n->kid[i], where);
        if (found)
            return op_info[found->op].cls == CLASS_STMT ? found : n;
    }
    return NULL;
}

/* Marks the place of an error in the program's text, with a few lines around. */
static bool mark_place(lua_State *L, const void *root, const void *where, int lines)
{
    Arena *A = lua_scratch(L, NULL);
    int first, last, line = 0;
    const Node *statement = statement_with(root, where);
    const char *text = ir_text_marked(A, root, statement ? statement : where, &first, &last);
    Buf out = buf_new(A);
    int from = first > lines / 2 ? first - lines / 2 : 0;
    for (const char *s = text; *s && line < from + lines; line++) {
        const char *eol = strchrnul(s, '\n');
        if (line >= from)
            buf_printf(&out, "%s %.*s\n", line == first ? ">" : " ", (int)(eol - s), s);
        s = *eol ? eol + 1 : eol;
    }
    if (first >= 0)
        lua_pushstring(L, buf_str(&out));
    lua_scratch_end(L, A);
    return first >= 0;
}

void lua_open_programs(lua_State *L)
{
    static const LuaFn *const functions[] = {&tvm_parse_fn, &tvm_schedule_fn, NULL};
    sched_describe_steps();
    lua_put_functions(L, functions);
    lua_put_class(L, &func_class);
    lua_put_class(L, &version_class);
    lua_put_class(L, &sched_class);
    lua_set_mark(L, mark_place);
}
