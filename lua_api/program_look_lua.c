/* program_look_lua.c -- what can be asked of any program: its text, its parts, how it differs. */
#include <string.h>

#include "backends/backend.h"
#include "core/base/integer.h"
#include "core/base/savefile.h"
#include "core/ir/linear.h"
#include "core/ir/print.h"
#include "core/schedule/block.h"
#include "core/schedule/tree.h"
#include "lua_api/file_kind.h"
#include "lua_api/program.h"
#include "lua_api/sched_box.h"
#include "lua_api/session.h"
#include "passes/loop/lower.h"
#include "viz/text/diff_text.h"
#include "viz/text/wrap.h"

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
    lua_scratch_text(L, A, ir_text(A, p.func));
    session_say_listing(L);
    return 1;
}

LUA_FN(
    program_lowered, "s:lowered(target?) -> string",
    "The flat loop program that a backend gets: no blocks, windows as buffers of their own shape, guards as\n"
    "conditions.  For \"cuda\", a GPU, which a program with thread axes gets unless a target is named,\n"
    "barriers are put in.")
{
    Program p = program_check(L, 1);
    Err err = {0};
    const Backend *backend =
        backend_find(arg_str_or(L, 2, loop_is_gpu(p.func) ? "cuda" : "llvm"), &err);
    if (!backend)
        return lua_raise(L, &err);
    Arena *A = lua_scratch(L, p.version->arena);
    const Node *flat = loop_lower(A, p.func, strcmp(backend->name, "cuda") == 0, &err);
    if (!flat) {
        lua_scratch_end(L, A);
        return lua_raise(L, &err);
    }
    lua_scratch_text(L, A, ir_text(A, flat));
    session_say_listing(L);
    return 1;
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
    if (kind == 0)
        version_loops(A, p.version, &names);
    else
        (kind == 1 ? list_blocks : list_buffers)(A, p.func, &names);
    lua_new_list(L, names.n);
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

/* Does n grow by one with the axis, but for places where a least or greatest value holds it? */
static bool grows_by_one(const Node *n, const Node *axis)
{
    if (n == axis)
        return true;
    if (n->op == OP_Min || n->op == OP_Max) {
        bool left = ir_mentions(n->kid[0], axis), right = ir_mentions(n->kid[1], axis);
        return left != right && grows_by_one(n->kid[left ? 0 : 1], axis);
    }
    Linear sum = {0};
    if (!linear_add(&sum, n, 1))
        return false;
    const Term *by = NULL;
    for (size_t i = 0; i < sum.n; i++) {
        if (!ir_mentions(sum.t[i].atom, axis))
            continue;
        if (by)
            return false;
        by = &sum.t[i];
    }
    return by && by->c == 1 && by->atom != n && grows_by_one(by->atom, axis);
}

/* Do the elements that a load gives for neighbouring values of the axis lie side by side?
** Dimensions of one element change no place in memory, so the last that is longer counts. */
static bool load_is_along(const Node *load, const Node *axis)
{
    const Node *last = NULL;
    for (size_t i = Load_index; i < load->nkids; i++) {
        if (ir_dim(load->kid[Load_buffer], i - Load_index) == 1)
            continue;
        if (last && ir_mentions(last, axis))
            return false;
        last = load->kid[i];
    }
    return last && grows_by_one(last, axis);
}

/* Does a read under n walk along the axis, element by element? */
static bool reads_along(const Node *n, const Node *axis)
{
    if (n->op == OP_Load && load_is_along(n, axis))
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
    lua_new_list(L, 0);
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

/* Two tables: the buffers that a block reads, and how often its text reads each. */
static void push_reads(lua_State *L, const Node *func, const Node *block)
{
    Arena *A = lua_scratch(L, NULL);
    NameList names = {0};
    lua_Integer n = 0;
    list_buffers(A, func, &names);
    lua_new_list(L, names.n);
    lua_newtable(L);
    for (size_t i = 0; i < names.n; i++) {
        const Node *buffer = find_buffer(func, names.at[i], NULL);
        lua_Integer places = count_loads(block->kid[Block_body], buffer);
        if (places == 0)
            continue;
        lua_pushstring(L, names.at[i]);
        lua_rawseti(L, -3, ++n);
        lua_pushinteger(L, places);
        lua_setfield(L, -2, names.at[i]);
    }
    lua_scratch_end(L, A);
}

static const Node *axis_value(const Node *block, const Node *var)
{
    const Node *iters = block->kid[Block_iters];
    for (size_t i = 0; i < iters->nkids; i++)
        if (iters->kid[i]->kid[Iter_var] == var)
            return iters->kid[i]->kid[Iter_value];
    return NULL;
}

static bool is_loop_around(const Path *p, const Node *var)
{
    for (size_t i = 0; i + 1 < p->n; i++)
        if (p->at[i]->op == OP_For && p->at[i]->kid[For_var] == var)
            return true;
    return false;
}

/* For how many iterations in a row of the loop with that Var, which is around the block at the end
** of the path, n surely has one value; 0: for all.  Of what a let names, for one. */
static int64_t changes_every(const Path *p, const Node *n, const Node *var)
{
    const Node *value = n->op == OP_Var ? axis_value(path_end(p), n) : NULL;
    if (value)
        return changes_every(p, value, var);
    if (n->op == OP_Var)
        return n == var || !is_loop_around(p, n);
    if (n->op == OP_FloorDiv && ir_const_int(n->kid[1], 0) > 0) {
        value = axis_value(path_end(p), n->kid[0]);
        if (n->kid[0] == var || value == var)
            return ir_const_int(n->kid[1], 0);
    }
    int64_t all = 0;
    for (size_t i = 0; i < n->nkids; i++)
        all = (int64_t)gcd((uint64_t)all, (uint64_t)changes_every(p, n->kid[i], var));
    return all;
}

/* Appends each Load under n to the list on the stack, with its `every` for the loops around. */
static void push_loads(lua_State *L, const Path *p, const Node *n)
{
    for (size_t i = 0; i < n->nkids; i++)
        push_loads(L, p, n->kid[i]);
    if (n->op != OP_Load)
        return;
    lua_createtable(L, 0, 2);
    lua_pushstring(L, ir_buf_name(n->kid[Load_buffer]));
    lua_setfield(L, -2, "buffer");
    lua_newtable(L);
    for (size_t i = 0; i + 1 < p->n; i++) {
        const Node *var = p->at[i]->op == OP_For ? p->at[i]->kid[For_var] : NULL;
        int64_t every = var ? changes_every(p, n, var) : 0;
        if (!every)
            continue;
        lua_pushinteger(L, every);
        lua_setfield(L, -2, ir_var_name(var));
    }
    lua_setfield(L, -2, "every");
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
}

/* Are the loops of two trees the same, with the same blocks in them, whatever these compute? */
static bool same_loops(const Node *a, const Node *b)
{
    if (a == b)
        return true;
    if (a->op != b->op || a->nkids != b->nkids)
        return false;
    if (a->op == OP_Block)
        return strcmp(ir_block_name(a), ir_block_name(b)) == 0 &&
               block_target(a) == block_target(b);
    bool same = a->op != OP_For || ir_for_kind(a) == ir_for_kind(b);
    for (size_t i = 0; i < a->nkids && same; i++)
        same = op_info[a->kid[i]->op].cls == CLASS_STMT ? same_loops(a->kid[i], b->kid[i])
                                                        : ir_same(a->kid[i], b->kid[i]);
    return same;
}

/* The outermost loop above the block at the end of the path, or the block. */
static const Node *nest_of(const Path *p)
{
    size_t i = 0;
    while (i + 1 < p->n && p->at[i]->op != OP_For)
        i++;
    return p->at[i];
}

/* Does the block's nest stand in the program as written, with the same loops and blocks? */
static bool is_as_written(Version *now, const char *block)
{
    Path here, before;
    return path_to_block(now->func, block, &here) &&
           path_to_block(version_ancestor(now, 0)->func, block, &before) &&
           same_loops(nest_of(&before), nest_of(&here));
}

LUA_FN(
    program_block, "s:block(name) -> table",
    "What is known of a block: {name, class, update, from, target, reads, places, loads, size, loops, as_written}.\n"
    "class is \"complete\", \"reduction\" or \"opaque\"; update is how it combines with what is there, such as \"+=\" (nil if it stores);\n"
    "target the buffer that it writes; reads a list of buffers, and places says of each how often the block's text\n"
    "reads it; loads are these places, {buffer, every}, where every[loop] says for how many iterations of that loop in a\n"
    "row it is surely one element, and is nil where it is so for all; size counts the nodes of the text; loops,\n"
    "outermost first, are {name, path, extent, kind, feeds, along} with feeds \"spatial\", \"reduce\" or \"none\", and along\n"
    "true where neighbouring iterations read neighbouring elements of a buffer; as_written is true where no step has\n"
    "changed these loops or what stands in them.")
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
    const Node *body = block->kid[Block_body];
    lua_pushstring(L, body->op == OP_Update ? combiner_text[body->at.i] : NULL);
    lua_setfield(L, -2, "update");
    lua_pushstring(L, block->at.block->from);
    lua_setfield(L, -2, "from");
    lua_pushstring(L, target ? ir_buf_name(target) : NULL);
    lua_setfield(L, -2, "target");
    push_loops(L, &path);
    lua_setfield(L, -2, "loops");
    push_reads(L, p.func, block);
    lua_setfield(L, -3, "places");
    lua_setfield(L, -2, "reads");
    lua_newtable(L);
    push_loads(L, &path, block->kid[Block_body]);
    lua_setfield(L, -2, "loads");
    lua_pushinteger(L, block->kid[Block_body]->size);
    lua_setfield(L, -2, "size");
    lua_pushboolean(L, is_as_written(p.version, name));
    lua_setfield(L, -2, "as_written");
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
    const char *role = ir_has_kid(p.func->kid[Func_results], b)  ? "result"
                       : ir_has_kid(p.func->kid[Func_params], b) ? "parameter"
                                                                 : "allocated";
    lua_newtable(L);
    lua_pushstring(L, ir_buf_name(b));
    lua_setfield(L, -2, "name");
    lua_pushstring(L, dtype_name(b->type));
    lua_setfield(L, -2, "dtype");
    lua_pushstring(L, scope_name[b->at.buf->scope]);
    lua_setfield(L, -2, "scope");
    lua_pushstring(L, role);
    lua_setfield(L, -2, "role");
    lua_new_list(L, ir_rank(b));
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
    arg_str(L, 2);
    lua_getglobal(L, "tvm");
    lua_getfield(L, -1, "grep");
    Arena *A = lua_scratch(L, NULL);
    lua_scratch_text(L, A, ir_text(A, p.func));
    lua_pushvalue(L, 2);
    lua_call(L, 2, 1);
    return 1;
}

LUA_FN(
    program_diff, "s:diff(other?) -> string",
    "How this program differs from another one: a Func, a Version, a Schedule; of a schedule also a step's\n"
    "number or a mark, and s:diff() is s:diff(0).")
{
    Program p = program_check(L, 1), q;
    if (!program_test(L, 2, &q)) {
        if (!p.sched)
            return arg_wrong_program(L, 2, "a Func, a Version or a Schedule");
        if (lua_type(L, 2) == LUA_TUSERDATA && !test_version(L, 2))
            return arg_wrong_program(L, 2,
                                     "a Func, a Version, a Schedule, a step's number or a mark");
        q.func = lua_isnone(L, 2) ? version_ancestor(p.sched->at, 0)->func
                                  : sched_version_arg(L, p.sched, 2)->func;
    }
    Arena *A = lua_scratch(L, NULL);
    Buf out = buf_new(A);
    const LuaView *v = lua_view(L);
    TextStyle style = view_style(L);
    style.width = v->width; /* decides between two columns and one; nothing is cut */
    const char *text = diff_text(A, q.func, p.func, DIFF_fitting, style);
    if (v->whole || v->more)
        return lua_scratch_text(L, A, text);
    wrap_lines(&out, text, v->width);
    return lua_scratch_text(L, A, buf_str(&out));
}

LUA_FN(
    program_save, "s:save(path)",
    "Writes a file.  A path that ends in .lua gets the steps as a script, with a Schedule's marks and notes, which\n"
    "s:load takes again on a schedule of the same program; .tir, .txt or no ending the program's text, which\n"
    "tvm.parse(assert(io.open(path)):read \"a\") reads.")
{
    Program p = program_check(L, 1);
    const char *path = arg_text_path(
        L, 2, TEXT_steps | TEXT_program,
        "a name that ends in .lua keeps the steps, one in .tir the text; s:show(path) draws");
    const FileKind *kind = file_kind(path);
    Arena *A = lua_scratch(L, NULL);
    bool script = kind && kind->texts & TEXT_steps;
    const char *text =
        script
            ? arena_printf(A,
                           "-- tvmrepl 1: the steps of %s, for s:load\n"
                           "local s = assert(..., \"these are steps of %s: s:load takes them on a "
                           "schedule s\")\n"
                           "%sreturn s\n",
                           p.func->at.name, p.func->at.name,
                           sched_script(A, p.sched, p.version, "s"))
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

const LuaFn *const program_look_members[] = {&program_ir_fn,
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
