/* select_lua.c -- naming several things at once: s:select "conv.*", s:unroll "k[xy]".
**
** A pattern matches a whole name.  A loop has two, "x" and "conv2/x"; what is given back is the
** shortest by which it is found.  "*" before the slash is the language's own: the loops of every
** nest whose name alone the rest matches.
*/
#include "lua_api/select.h"

#include <ctype.h>
#include <string.h>

#include "core/schedule/tree.h"
#include "lua_api/pattern.h"
#include "lua_api/program.h"
#include "lua_api/session.h"

typedef enum Kind { KIND_LOOPS, KIND_BLOCKS, KIND_BUFFERS } Kind;
static const char *const kind_names[] = {"loops", "blocks", "buffers", NULL};
static const char *const one_of_kind[] = {"loop", "block", "buffer"};

static void list_kind(Arena *A, const Version *v, Kind kind, NameList *out)
{
    if (kind == KIND_LOOPS)
        version_loops(A, v, out);
    else
        (kind == KIND_BLOCKS ? list_blocks : list_buffers)(A, v->func, out);
}

/* What comes after the "*" "/" that stands for every nest; the whole text where it has none. */
static const char *in_every_nest(const char *text)
{
    return text + (strncmp(text, "*/", 2) == 0 ? 2 : 0);
}

/* Does the pattern match the loop's name, or if `paths` hold too, its path from one of the blocks
** below it? */
static bool loop_matches(lua_State *L, Arena *A, const Pattern *p, bool paths, const Node *func,
                         const char *handle)
{
    NameList blocks = {0};
    Path path;
    const Node *loop = find_loop(func, handle, NULL);
    if (!loop)
        return false;
    const char *name = ir_var_name(loop->kid[For_var]);
    bool matches = pattern_matches(L, p, name);
    if (paths)
        list_blocks(A, func, &blocks);
    for (size_t i = 0; i < blocks.n && !matches; i++) {
        bool above = false;
        if (path_to_block(func, blocks.at[i], &path))
            for (size_t k = 0; k < path.n; k++)
                above |= path.at[k] == loop;
        matches = above && pattern_matches(L, p, arena_printf(A, "%s/%s", blocks.at[i], name));
    }
    return matches;
}

/* Pushes a list of the names that the pattern at `arg` matches; returns how many. */
static size_t push_matches(lua_State *L, const Version *v, Kind kind, int arg)
{
    Arena *A = lua_scratch(L, NULL);
    const char *text = arg_str(L, arg), *own = kind == KIND_LOOPS ? in_every_nest(text) : text;
    const Pattern *p = pattern_push(L, arg, (size_t)(own - text), false);
    NameList names = {0};
    list_kind(A, v, kind, &names);
    lua_new_list(L, names.n);
    lua_Integer n = 0;
    for (size_t i = 0; i < names.n; i++) {
        const char *name = names.at[i];
        if (kind == KIND_LOOPS ? loop_matches(L, A, p, own == text, v->func, name)
                               : pattern_matches(L, p, name)) {
            lua_pushstring(L, name);
            lua_rawseti(L, -2, ++n);
        }
    }
    lua_remove(L, -2); /* the pattern */
    lua_scratch_end(L, A);
    return (size_t)n;
}

/* The names of that kind, or of the list on top, with commas. */
static const char *all_names(Arena *A, const Version *v, Kind kind)
{
    NameList names = {0};
    Buf b = buf_new(A);
    list_kind(A, v, kind, &names);
    for (size_t i = 0; i < names.n; i++)
        buf_printf(&b, "%s%s", i ? ", " : "", names.at[i]);
    return buf_str(&b);
}

/* The star of a pattern such as "conv2/x*", as names of files have it; NULL if it has none. */
static const char *star_of_files(const char *pattern)
{
    const char *own = in_every_nest(pattern), *special = own + strcspn(own, "*+?[]()|\\");
    bool behind_name = special > own && (isalnum((unsigned char)special[-1]) || special[-1] == '/');
    return *special == '*' && behind_name ? special : NULL;
}

static void no_match(lua_State *L, const Version *v, Kind kind, const char *pattern)
{
    Arena *A = lua_scratch(L, NULL);
    const char *text = all_names(A, v, kind), *star = star_of_files(pattern);
    Err *err = lua_scratch_err(L);
    REFUSE(err, select_none, NULL, one_of_kind[kind], pattern, one_of_kind[kind], text);
    if (star) {
        const char *begin = arena_printf(A, "%.*s", (int)(star - pattern), pattern);
        err_fix(err, "%s.* stands for names that begin with %s; %ss here: %s", begin, begin,
                one_of_kind[kind], text);
    }
    lua_raise(L, err);
}

/* ---- arguments of primitives ---- */

static bool is_pattern(lua_State *L, int idx)
{
    if (lua_type(L, idx) != LUA_TSTRING)
        return false;
    return pattern_is(in_every_nest(lua_tostring(L, idx)));
}

/* Replaces the pattern at `idx` by its only match. */
static void select_one(lua_State *L, const Version *v, Kind kind, int idx)
{
    const char *pattern = lua_tostring(L, idx);
    size_t n = push_matches(L, v, kind, idx);
    if (n == 0)
        no_match(L, v, kind, pattern);
    lua_rawgeti(L, -1, 1);
    if (n > 1)
        RAISE(L, select_many, NULL, pattern, n, one_of_kind[kind], lua_tostring(L, -1));
    lua_replace(L, idx);
    lua_pop(L, 1);
}

/* Replaces the patterns among the values from `first` on by all their matches; returns how many
** values there are now.  The values are the top of the stack. */
static int select_all(lua_State *L, const Version *v, int first)
{
    for (int i = first; i <= lua_gettop(L); i++) {
        if (!is_pattern(L, i))
            continue;
        const char *pattern = lua_tostring(L, i);
        size_t n = push_matches(L, v, KIND_LOOPS, i);
        if (n == 0)
            no_match(L, v, KIND_LOOPS, pattern);
        if (n > PRIM_MAX_ITEMS)
            RAISE(L, too_many_loops, NULL, pattern, PRIM_MAX_ITEMS);
        int list = lua_gettop(L);
        luaL_checkstack(L, PRIM_MAX_ITEMS + 8, "loops");
        for (size_t k = 1; k <= n; k++) {
            lua_rawgeti(L, list, (lua_Integer)k);
            lua_insert(L, i + (int)k);
            list++;
        }
        lua_settop(L, list - 1);
        lua_remove(L, i);
        i += (int)n - 1;
    }
    return lua_gettop(L) - first + 1;
}

/* The list at `idx` anew, its patterns replaced. */
static void select_in_list(lua_State *L, const Version *v, int idx)
{
    size_t n = lua_rawlen(L, idx);
    bool any = false;
    for (size_t i = 1; i <= n && i <= PRIM_MAX_ITEMS; i++) {
        lua_rawgeti(L, idx, (lua_Integer)i);
        any |= is_pattern(L, -1);
        lua_pop(L, 1);
    }
    if (!any || n > PRIM_MAX_ITEMS)
        return;
    int first = lua_gettop(L) + 1;
    for (size_t i = 1; i <= n; i++)
        lua_rawgeti(L, idx, (lua_Integer)i);
    int now = select_all(L, v, first);
    lua_createtable(L, now, 0);
    for (int i = 1; i <= now; i++) {
        lua_pushvalue(L, first + i - 1);
        lua_rawseti(L, -2, i);
    }
    lua_replace(L, idx);
    lua_settop(L, first - 1);
}

void select_arguments(lua_State *L, const Prim *prim, const Version *v)
{
    Param params[PRIM_MAX_PARAMS];
    size_t n = prim_params(prim, params);
    for (size_t i = 0; i < n && (int)i + 2 <= lua_gettop(L); i++) {
        int idx = (int)i + 2;
        bool block = params[i].kind == PARAM_BLOCK;
        if (params[i].kind == PARAM_LOOPS) {
            if (lua_type(L, idx) == LUA_TTABLE)
                select_in_list(L, v, idx);
            else
                select_all(L, v, idx);
            return;
        }
        if (params[i].kind == PARAM_EACH && is_pattern(L, idx)) {
            lua_createtable(L, 1, 0);
            lua_pushvalue(L, idx);
            lua_rawseti(L, -2, 1);
            lua_replace(L, idx);
        }
        if (params[i].kind == PARAM_EACH && lua_type(L, idx) == LUA_TTABLE)
            select_in_list(L, v, idx);
        if ((block || params[i].kind == PARAM_LOOP) && is_pattern(L, idx))
            select_one(L, v, block ? KIND_BLOCKS : KIND_LOOPS, idx);
    }
}

/* ---- methods ---- */

LUA_FN(
    program_select, "s:select(pattern, kind?) -> list",
    "The names of its \"loops\" (if no kind is given), \"blocks\" or \"buffers\" that a PCRE2 pattern matches as a whole;\n"
    "a loop also by its path, such as conv2/x, and */x is the loop x of every nest.  Steps take the same, if it has\n"
    "one of * + ? [ ] ( ) |: s:unroll \"k[xy]\", s:unroll \"*/x\".\n"
    "> s = tvm.schedule(te [[ A: float32[8, 8]; B: float32[8, 8]; C[y, x] += A[k, y] * B[k, x] ]])\n"
    "> s:select \"C/[xy]\"\n"
    "{\"y\", \"x\"}\n"
    "> s:unroll \"x|y\"\n"
    "step 1  unroll y, x")
{
    Program p = program_check(L, 1);
    arg_str(L, 2);
    int kind = arg_choice_or(L, 3, kind_names, KIND_LOOPS);
    push_matches(L, p.version, (Kind)kind, 2);
    const char *pattern = lua_tostring(L, 2), *star = star_of_files(pattern);
    if (star) {
        int n = (int)(star - pattern);
        session_say_step(L, "note: %.*s.* stands for names that begin with %.*s", n, pattern, n,
                         pattern);
    }
    return 1;
}

LUA_FN(program_loops, "s:loops(block?) -> list",
       "The names of its loops, or of those above a block, from the outside in.")
{
    Program p = program_check(L, 1);
    const char *block = arg_str_or(L, 2, NULL);
    Err err = {0};
    if (block && !find_block(p.func, block, &err))
        return lua_raise(L, &err);
    lua_settop(L, 1);
    lua_pushfstring(L, block ? "\\Q%s\\E/.*" : ".*", block);
    push_matches(L, p.version, KIND_LOOPS, 2);
    return 1;
}

LUA_FN(program_blocks, "s:blocks() -> list",
       "The names of its blocks, in the order in which they run.")
{
    Program p = program_check(L, 1);
    lua_settop(L, 1);
    lua_pushliteral(L, ".*");
    push_matches(L, p.version, KIND_BLOCKS, 2);
    return 1;
}

const LuaFn *const program_select_members[] = {&program_select_fn, &program_loops_fn,
                                               &program_blocks_fn, NULL};
