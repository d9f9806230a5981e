/* program_lua.c -- Funcs, Versions and Schedules as Lua values, and what can be asked
** of any of them. */
#include "lua_api/program.h"

#include <string.h>

#include "backends/backend.h"
#include "core/affine/inside.h"
#include "core/base/savefile.h"
#include "core/ir/parse.h"
#include "core/ir/print.h"
#include "core/ir/verify.h"
#include "core/schedule/block.h"
#include "core/schedule/tree.h"
#include "lua_api/sched_box.h"
#include "lua_api/session.h"
#include "passes/loop/lower.h"
#include "viz/text/diff_text.h"
#include "viz/text/tree_text.h"

TextStyle view_style(lua_State *L)
{
    const LuaView *v = lua_view(L);
    return (TextStyle){v->color, v->utf8, v->more ? 0 : v->width};
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
    }
    if (f)
        out->version = f->version;
    if (s) {
        out->version = s->sched->at;
        out->sched = s->sched;
        out->label = sched_mark_of(s->sched, s->sched->at);
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
        arg_wrong(L, idx, "a Func, a Version or a Schedule");
    return p;
}

static void release_version(void *self)
{
    version_release(((VersionBox *)self)->version);
}

static void release_sched(void *self)
{
    sched_free(((SchedBox *)self)->sched);
}

/* A Lua string of text that lives in an arena, which goes; without the last line's end, which print
** adds.  Where a terminal cuts lines of the tree, the head says what shows them whole. */
static void push_tree(lua_State *L, const Node *func, const char *head)
{
    Arena *A = lua_scratch(L, NULL);
    TextStyle style = view_style(L);
    const char *tree = tree_text(A, func, style);
    Buf out = buf_new(A);
    buf_puts(&out, head);
    if (head[0] && !lua_view(L)->whole && strstr(tree, style.utf8 ? "…" : "...")) {
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

static void push_names(lua_State *L, const Node *func, const char *method, int arg)
{
    Arena *A = lua_scratch(L, NULL);
    NameList names = {0};
    const char *what;
    ParamKind kind = kind_of_arg(method, arg, &what);
    bool any = kind == PARAM_VALUE;
    if (any || kind == PARAM_LOOP || kind == PARAM_LOOPS || kind == PARAM_PLACE)
        list_loops(A, func, &names);
    if (any || kind == PARAM_BLOCK || kind == PARAM_PLACE)
        list_blocks(A, func, &names);
    if (any || kind == PARAM_BUFFER)
        list_buffers(A, func, &names);
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
    push_names(L, ((VersionBox *)self)->version->func, method, arg);
}

/* Marks where a place of the schedule is meant, primitives where s:try takes one. */
static void sched_names(lua_State *L, void *self, const char *method, int arg)
{
    const Sched *s = ((SchedBox *)self)->sched;
    bool place =
        strcmp(method, "at") == 0 || strcmp(method, "back") == 0 || strcmp(method, "diff") == 0;
    if (strcmp(method, "try") != 0 && !place) {
        push_names(L, s->at->func, method, arg);
        return;
    }
    if (!place && arg > 1) {
        push_names(L, s->at->func, "", arg);
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

void program_push_fork(lua_State *L, const Sched *s)
{
    SchedBox *box = new_sched(L);
    box->sched = sched_fork(s);
    if (!box->sched)
        RAISE(L, out_of_memory, NULL);
    lua_weigh(L, arena_bytes(s->at->arena));
}

void program_push_func(lua_State *L, Arena *A, const Node *func)
{
    VersionBox *box = new_func(L);
    box->version = version_new(A, func);
    lua_weigh(L, arena_bytes(A));
}

void program_push_schedule(lua_State *L, Version *v)
{
    SchedBox *box = new_sched(L);
    box->sched = sched_new(v);
    if (!box->sched)
        RAISE(L, out_of_memory, NULL);
}

/* ---- looking ---- */

LUA_FN(program_ir, "s:ir() -> string",
       "The program as text, which tvm.parse reads back.\n"
       "> f = te [[ A: int8[4]; B[i] = A[i] + 1 ]]\n"
       "> print(f:ir())\n"
       "func B(A: int8[4]) -> B: int8[4]:\n"
       "  for i in range(4):\n"
       "    block B(i):\n"
       "      B[i] = A[i] + 1")
{
    Program p = program_check(L, 1);
    Arena *A = lua_scratch(L, NULL);
    return lua_scratch_text(L, A, ir_text(A, p.func));
}

LUA_FN(
    program_lowered, "s:lowered(target?) -> string",
    "The flat loop program that a backend gets: no blocks, windows as buffers of their own shape, guards as\n"
    "conditions.  With \"cuda\" barriers are put in.")
{
    Program p = program_check(L, 1);
    Err err = {0};
    const Backend *backend = backend_find(arg_str_or(L, 2, "llvm"), &err);
    if (!backend)
        return lua_raise(L, &err);
    Arena *A = lua_scratch(L, p.version->arena);
    const Node *flat = loop_lower(A, p.func, strcmp(backend->name, "cuda") == 0, &err);
    if (!flat) {
        lua_scratch_end(L, A);
        return lua_raise(L, &err);
    }
    return lua_scratch_text(L, A, ir_text(A, flat));
}

LUA_FN(program_names, "s:names(kind) -> list",
       "The names of its \"loops\", \"blocks\" or \"buffers\", from the outside in.\n"
       "> f = te [[ A: int8[4]; B[i] = A[i] ]]\n"
       "> print(table.concat(f:names \"loops\", \" \"), table.concat(f:names \"buffers\", \" \"))\n"
       "i\tA B")
{
    static const char *const kinds[] = {"loops", "blocks", "buffers", NULL};
    Program p = program_check(L, 1);
    int kind = arg_choice(L, 2, kinds);
    Arena *A = lua_scratch(L, NULL);
    NameList names = {0};
    (kind == 0 ? list_loops : kind == 1 ? list_blocks : list_buffers)(A, p.func, &names);
    lua_createtable(L, (int)names.n, 0);
    for (size_t i = 0; i < names.n; i++) {
        lua_pushstring(L, names.at[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_scratch_end(L, A);
    return 1;
}

/* What a loop feeds of a block: "spatial", "reduce" or "none". */
static const char *feeds(const Node *block, const Node *var)
{
    const Node *iters = block->kid[Block_iters];
    const char *what = "none";
    for (size_t i = 0; i < iters->nkids; i++)
        if (ir_mentions(iters->kid[i]->kid[Iter_value], var))
            what = iters->kid[i]->at.i == ITER_reduce ? "reduce" : "spatial";
    return what;
}

/* Does a read under n walk along the axis, element by element: is the axis its last index? */
static bool reads_along(const Node *n, const Node *axis)
{
    if (n->op == OP_Load && n->nkids > Load_index && n->kid[n->nkids - 1] == axis)
        return true;
    for (size_t i = 0; i < n->nkids; i++)
        if (reads_along(n->kid[i], axis))
            return true;
    return false;
}

static bool loop_reads_along(const Node *block, const Node *var)
{
    const Node *iters = block->kid[Block_iters];
    for (size_t i = 0; i < iters->nkids; i++)
        if (iters->kid[i]->kid[Iter_value] == var &&
            reads_along(block->kid[Block_body], iters->kid[i]->kid[Iter_var]))
            return true;
    return false;
}

static void push_loops(lua_State *L, const Path *p)
{
    lua_newtable(L);
    lua_Integer n = 0;
    for (size_t i = 0; i + 1 < p->n; i++) {
        const Node *loop = p->at[i];
        if (loop->op != OP_For)
            continue;
        lua_createtable(L, 0, 5);
        lua_pushstring(L, ir_var_name(loop->kid[For_var]));
        lua_setfield(L, -2, "name");
        lua_pushfstring(L, "%s/%s", ir_block_name(path_end(p)), ir_var_name(loop->kid[For_var]));
        lua_setfield(L, -2, "path");
        lua_pushinteger(L, ir_const_int(loop->kid[For_extent], -1));
        lua_setfield(L, -2, "extent");
        lua_pushstring(L, ir_for_kind(loop) == FOR_serial ? "serial"
                                                          : for_kind_text[ir_for_kind(loop)]);
        lua_setfield(L, -2, "kind");
        lua_pushstring(L, feeds(path_end(p), loop->kid[For_var]));
        lua_setfield(L, -2, "feeds");
        lua_pushboolean(L, loop_reads_along(path_end(p), loop->kid[For_var]));
        lua_setfield(L, -2, "along");
        lua_rawseti(L, -2, ++n);
    }
}

static lua_Integer count_loads(const Node *n, const Node *buffer)
{
    lua_Integer count = n->op == OP_Load && n->kid[Load_buffer] == buffer;
    for (size_t i = 0; i < n->nkids; i++)
        count += count_loads(n->kid[i], buffer);
    return count;
}

LUA_FN(
    program_block, "s:block(name) -> table",
    "What is known of a block: {name, class, from, target, reads, places, size, loops}.  class is \"complete\",\n"
    "\"reduction\" or \"opaque\"; target the buffer that it writes; reads a list of buffers, and places says of each\n"
    "how often the block's text reads it; size counts the nodes of that text; loops, outermost first, are\n"
    "{name, path, extent, kind, feeds, along} with feeds \"spatial\", \"reduce\" or \"none\", and along true where\n"
    "the loop walks along a read's last dimension.")
{
    static const char *const classes[] = {"complete", "reduction", "opaque"};
    Program p = program_check(L, 1);
    const char *name = arg_str(L, 2);
    Err err = {0};
    Path path;
    if (!path_to_block(p.func, name, &path)) {
        find_block(p.func, name, &err);
        return lua_raise(L, &err);
    }
    const Node *block = path_end(&path), *target = block_target(block);
    lua_newtable(L);
    lua_pushstring(L, name);
    lua_setfield(L, -2, "name");
    lua_pushstring(L, classes[block_class(block, NULL)]);
    lua_setfield(L, -2, "class");
    lua_pushstring(L, block->at.block->from);
    lua_setfield(L, -2, "from");
    lua_pushstring(L, target ? ir_buf_name(target) : NULL);
    lua_setfield(L, -2, "target");
    push_loops(L, &path);
    lua_setfield(L, -2, "loops");
    Arena *A = lua_scratch(L, NULL);
    NameList names = {0};
    list_buffers(A, p.func, &names);
    lua_newtable(L);
    lua_newtable(L);
    lua_Integer n = 0;
    for (size_t i = 0; i < names.n; i++) {
        lua_Integer places =
            count_loads(block->kid[Block_body], find_buffer(p.func, names.at[i], NULL));
        if (places == 0)
            continue;
        lua_pushstring(L, names.at[i]);
        lua_rawseti(L, -3, ++n);
        lua_pushinteger(L, places);
        lua_setfield(L, -2, names.at[i]);
    }
    lua_scratch_end(L, A);
    lua_setfield(L, -3, "places");
    lua_setfield(L, -2, "reads");
    lua_pushinteger(L, block->kid[Block_body]->size);
    lua_setfield(L, -2, "size");
    return 1;
}

LUA_FN(
    program_buffer, "s:buffer(name) -> table",
    "What is known of a buffer: {name, dtype, shape, scope, role}; role is \"parameter\", \"result\" or \"allocated\".")
{
    Program p = program_check(L, 1);
    Err err = {0};
    const Node *b = find_buffer(p.func, arg_str(L, 2), &err);
    if (!b)
        return lua_raise(L, &err);
    const char *role = "allocated";
    for (size_t i = 0; i < p.func->kid[Func_params]->nkids; i++)
        role = p.func->kid[Func_params]->kid[i] == b ? "parameter" : role;
    for (size_t i = 0; i < p.func->kid[Func_results]->nkids; i++)
        role = p.func->kid[Func_results]->kid[i] == b ? "result" : role;
    lua_newtable(L);
    lua_pushstring(L, ir_buf_name(b));
    lua_setfield(L, -2, "name");
    lua_pushstring(L, dtype_name(b->type));
    lua_setfield(L, -2, "dtype");
    lua_pushstring(L, scope_name[b->at.buf->scope]);
    lua_setfield(L, -2, "scope");
    lua_pushstring(L, role);
    lua_setfield(L, -2, "role");
    lua_createtable(L, (int)ir_rank(b), 0);
    for (size_t d = 0; d < ir_rank(b); d++) {
        lua_pushinteger(L, ir_dim(b, d));
        lua_rawseti(L, -2, (lua_Integer)d + 1);
    }
    lua_setfield(L, -2, "shape");
    return 1;
}

LUA_FN(
    program_fingerprint, "s:fingerprint() -> string",
    "32 hexadecimal digits that are equal for equal programs, whatever their names, on every machine.")
{
    char text[33];
    fp_text(ir_fingerprint(program_check(L, 1).func), text);
    lua_pushstring(L, text);
    return 1;
}

LUA_FN(program_grep, "s:grep(pattern) -> string",
       "The lines of the program in which a PCRE2 pattern matches, each with its number.")
{
    Program p = program_check(L, 1);
    lua_getglobal(L, "tvm");
    lua_getfield(L, -1, "grep");
    Arena *A = lua_scratch(L, NULL);
    lua_scratch_text(L, A, ir_text(A, p.func));
    lua_pushvalue(L, 2);
    lua_call(L, 2, 1);
    return 1;
}

LUA_FN(
    program_diff, "s:diff(other) -> string",
    "How this program differs from another one: a Func, a Version, a Schedule; of a schedule also a step's\n"
    "number or a mark, as in s:diff(0).")
{
    Program p = program_check(L, 1), q;
    if (!program_test(L, 2, &q)) {
        if (!p.sched)
            return arg_wrong(L, 2, "a Func, a Version or a Schedule");
        q.func = sched_version_arg(L, p.sched, 2)->func;
    }
    Arena *A = lua_scratch(L, NULL);
    return lua_scratch_text(L, A, diff_text(A, q.func, p.func, DIFF_fitting, view_style(L)));
}

LUA_FN(
    program_save, "s:save(path)",
    "Writes a file.  A path that ends in .lua gets the steps as a script, which s:load\n"
    "takes again on a schedule of the same program; any other the program's text, with the version line.")
{
    Program p = program_check(L, 1);
    const char *path = arg_str(L, 2), *dot = strrchr(path, '.');
    Arena *A = lua_scratch(L, NULL);
    bool script = dot && strcmp(dot, ".lua") == 0;
    const char *text =
        script
            ? arena_printf(A,
                           "-- tvmrepl 1: the steps of %s, for s:load\nlocal s = ...\n%sreturn s\n",
                           p.func->at.name, version_trace(A, p.version, "s"))
            : arena_printf(A, "tvmrepl 1\n%s", ir_text(A, p.func));
    Err err = {0};
    bool ok = save_bytes(path, text, strlen(text), &err);
    lua_scratch_end(L, A);
    if (!ok)
        return lua_raise(L, &err);
    session_tell(L, 1, "%s of %s, written to %s", script ? "steps" : "text", p.func->at.name, path);
    lua_settop(L, 1);
    return 1;
}

LUA_FN(program_eq, "__eq(a, b)", "Are the two the same program?  Names do not count.")
{
    Program p, q;
    bool both = program_test(L, 1, &p) && program_test(L, 2, &q);
    lua_pushboolean(L, both && ir_equal(p.func, q.func));
    return 1;
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
    return p->func && ir_verify(p->func, err) && inside_buffers(p->A, p->func, err);
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
        return lua_raise(L, &err);
    }
    program_push_func(L, p.A, p.func);
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
        program_push_fork(L, p.sched);
    else
        program_push_schedule(L, p.version);
    return 1;
}

/* ---- registration ---- */

static const LuaFn *const program_members[] = {&program_ir_fn,
                                               &program_lowered_fn,
                                               &program_names_fn,
                                               &program_block_fn,
                                               &program_buffer_fn,
                                               &program_fingerprint_fn,
                                               &program_grep_fn,
                                               &program_diff_fn,
                                               &program_save_fn,
                                               &program_eq_fn,
                                               NULL};

/* What all three kinds of program have. */
#define SHARED program_run_members, program_picture_members, program_select_members, program_members

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

/* s[C].split(…): where TVM's stages were. */
static int sched_index(lua_State *L, void *self)
{
    const Node *func = ((SchedBox *)self)->sched->at->func;
    Err err = {0};
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : NULL;
    if (name && !find_block(func, name, &err) && !find_buffer(func, name, &err))
        return 0;
    return RAISE(L, old_name, NULL, "Schedule", name ? lua_pushfstring(L, "[\"%s\"]", name) : "[C]",
                 "a step is a method, and loops go by name: s:split(\"y\", 8)");
}

const LuaClass sched_class = {
    .name = "Schedule",
    .doc =
        "A cursor over a tree of versions of one Func.  Steps (s:split, s:reorder, …) move it forward;\n"
        "s:undo(), s:back(n) and s:redo() move it along; s:at(n) gives a version as a value.",
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
