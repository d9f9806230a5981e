/* module_lua.c -- lowered models as Lua values: one loop program for each group. */
#include <stdio.h>
#include <string.h>

#include "core/graph/infer.h"
#include "core/graph/text.h"
#include "lua_api/graph_box.h"
#include "lua_api/own_name.h"
#include "lua_api/pattern.h"
#include "lua_api/program.h"
#include "lua_api/sched_box.h"
#include "lua_api/session.h"
#include "lua_api/tensor_box.h"
#include "viz/text/style.h"

static void release_module(void *self)
{
    module_release(((ModuleBox *)self)->module);
}

static void release_held_module(void *m)
{
    module_release(m);
}

int push_module(lua_State *L, Module *m, const Err *err)
{
    if (m)
        arena_keep(m->arena);
    return lua_push_owned(L, &module_class, m, release_held_module, m ? arena_bytes(m->arena) : 0,
                          err);
}

static int64_t kernel_flops(const Module *m, const GraphKernel *k)
{
    int64_t sum = 0;
    for (uint32_t i = k->first; i < k->first + k->n; i++)
        sum += graph_node_flops(m->graph, i);
    return sum;
}

static const char *kernel_type(Arena *A, const Module *m, const GraphKernel *k)
{
    return gtype_text(A, m->graph, graph_value(m->graph, k->arg[k->nin])->type);
}

static const char *kernel_nodes(Arena *A, const Module *m, const GraphKernel *k)
{
    Buf b = buf_new(A);
    for (uint32_t i = 0; i < k->n; i++)
        buf_printf(&b, "%s%s", i ? " " : "", m->graph->node[k->first + i]->alias);
    return buf_str(&b);
}

static const char *kernel_schedule(const GraphKernel *k)
{
    return k->given ? k->given : "default";
}

static int wider(int cols, const char *text)
{
    return text_cols(text) > cols ? text_cols(text) : cols;
}

/* A line for each of the first `rows` kernels (0: all), cut at `width` columns (0: not cut).  What
** they run is told where it is not the default schedule for all. */
static void push_table(lua_State *L, const Module *m, uint32_t rows, int width)
{
    Arena *A = lua_scratch(L, NULL);
    Buf b = buf_new(A);
    uint32_t shown = rows && rows < m->nkernels ? rows : m->nkernels;
    TextStyle style = {.utf8 = true, .width = width, .cut = &session_of(L)->left_out};
    int names = wider(0, "kernel"), types = wider(0, "output"), schedules = 0;
    for (uint32_t i = 0; i < m->nkernels; i++)
        if (m->kernel[i].given)
            schedules = wider(0, "schedule");
    for (uint32_t i = 0; i < shown; i++) {
        const GraphKernel *k = &m->kernel[i];
        names = wider(names, k->name);
        types = wider(types, kernel_type(A, m, k));
        schedules = schedules ? wider(schedules, kernel_schedule(k)) : 0;
    }
    buf_printf(&b, "module %s: %u kernel%s\n%-*s      MFLOP  %-*s  ", m->graph->name, m->nkernels,
               plural(m->nkernels), names, "kernel", types, "output");
    if (schedules)
        buf_printf(&b, "%-*s  ", schedules, "schedule");
    buf_puts(&b, "nodes\n");
    for (uint32_t i = 0; i < shown; i++) {
        const GraphKernel *k = &m->kernel[i];
        Line line = line_begin(&b, style);
        line_printf(&line, INK_plain, "%-*s %10.3f  %-*s  ", names, k->name,
                    (double)kernel_flops(m, k) / 1e6, types, kernel_type(A, m, k));
        int col = names + 11 + 2 + types + 2;
        if (schedules) {
            line_printf(&line, INK_plain, "%s", kernel_schedule(k));
            line_to(&line, col + schedules + 2);
        }
        line_printf(&line, INK_plain, "%s", kernel_nodes(A, m, k));
        line_end(&line);
    }
    if (shown < m->nkernels) {
        buf_printf(&b, "… and %u more kernels\n", m->nkernels - shown);
        style_cut(style);
    }
    const char *text = buf_str(&b);
    lua_pushlstring(L, text, strlen(text) - 1);
    lua_scratch_end(L, A);
}

static void module_tostring(lua_State *L, void *self)
{
    push_table(L, ((ModuleBox *)self)->module, 0, 0);
}

static int module_display(lua_State *L, void *self, const char *kind)
{
    if (strcmp(kind, "text") != 0)
        return 0;
    const LuaView *view = lua_view(L);
    push_table(L, ((ModuleBox *)self)->module, view->whole ? 0 : 40, view->more ? 0 : view->cut);
    return 1;
}

/* m.conv2: a kernel is no member, and m:schedule begins with it. */
static int module_index(lua_State *L, void *self)
{
    const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
    if (module_find(((ModuleBox *)self)->module, key) < 0)
        return 0;
    const char *name = own_push_name(L, 1) ? lua_tostring(L, -1) : "m";
    return RAISE(L, no_member, NULL, "Module", key, ", but a kernel of that name",
                 lua_pushfstring(L, "%s:schedule \"%s\"", name, key));
}

static void module_names(lua_State *L, void *self, const char *method, int arg)
{
    (void)method, (void)arg;
    const Module *m = ((ModuleBox *)self)->module;
    lua_new_list(L, m->nkernels);
    for (uint32_t i = 0; i < m->nkernels; i++) {
        lua_pushstring(L, m->kernel[i].name);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

/* Is it the kernel's name, or that of a node in it, as we or as the model file call it? */
static bool kernel_matches(lua_State *L, const Pattern *p, const Module *m, const GraphKernel *k)
{
    bool matches = pattern_matches(L, p, k->name);
    for (uint32_t i = k->first; i < k->first + k->n && !matches; i++) {
        const GNode *n = m->graph->node[i];
        matches =
            pattern_matches(L, p, n->alias) || (n->origin && pattern_matches(L, p, n->origin));
    }
    return matches;
}

/* A kernel by name, or by a pattern that matches it alone. */
static uint32_t arg_kernel(lua_State *L, const Module *m, int arg)
{
    const char *name = arg_str(L, arg);
    int32_t found = module_find(m, name);
    if (found < 0 && pattern_is(name)) {
        const Pattern *p = pattern_push(L, arg, 0, false);
        size_t n = 0;
        for (uint32_t i = 0; i < m->nkernels; i++)
            if (kernel_matches(L, p, m, &m->kernel[i]) && n++ == 0)
                found = (int32_t)i;
        lua_pop(L, 1);
        if (n > 1)
            RAISE(L, select_many, NULL, name, n, "kernel", m->kernel[found].name);
    }
    if (found < 0)
        RAISE(L, module_no_kernel, NULL, name, m->nkernels ? m->kernel[0].name : "");
    return (uint32_t)found;
}

LUA_FN(module_schedule_, "m:schedule(name) -> Schedule",
       "A schedule of one kernel, by its name or that of a node in it.")
{
    const Module *m = check_module(L, 1)->module;
    uint32_t i = arg_kernel(L, m, 2);
    program_push_func(L, m->arena, m->kernel[i].func);
    Program p = program_check(L, -1);
    program_push_schedule(L, &p);
    return 1;
}

LUA_FN(module_func_, "m:func(name) -> Func",
       "One kernel's loop program, by its name or that of a node in it.")
{
    const Module *m = check_module(L, 1)->module;
    program_push_func(L, m->arena, m->kernel[arg_kernel(L, m, 2)].func);
    return 1;
}

LUA_FN(
    module_with_, "m:with(name, program) -> Module",
    "The module with another loop program (a Schedule, a Version or a Func) for one kernel, which runs as it is:\n"
    "without steps as written, not by the default schedule.")
{
    Module *m = check_module(L, 1)->module;
    uint32_t i = arg_kernel(L, m, 2);
    Program p = program_check(L, 3);
    Err err = {0};
    Arena *A = lua_scratch(L, NULL);
    const char *given = p.label              ? arena_printf(A, "\"%s\"", text_cut(A, p.label, 20))
                        : !p.version->parent ? "as written"
                        : p.by_default       ? "default"
                                             : arena_printf(A, "step %d", p.version->number);
    Module *with = module_with(m, i, p.func, given, p.version->arena, &err);
    lua_scratch_end(L, A);
    return push_module(L, with, &err);
}

LUA_FN(module_kernels_, "m:kernels() -> list",
       "The names of its kernels, in the order in which they run.")
{
    module_names(L, check_module(L, 1), "kernels", 1);
    return 1;
}

LUA_FN(
    module_select_, "m:select(pattern) -> list",
    "The names of the kernels that a PCRE2 pattern matches as a whole, by their names or those of nodes in them,\n"
    "here or in the model file.")
{
    const Module *m = check_module(L, 1)->module;
    const Pattern *p = pattern_push(L, 2, 0, false);
    lua_new_list(L, 0);
    lua_Integer n = 0;
    for (uint32_t i = 0; i < m->nkernels; i++)
        if (kernel_matches(L, p, m, &m->kernel[i])) {
            lua_pushstring(L, m->kernel[i].name);
            lua_rawseti(L, -2, ++n);
        }
    return 1;
}

LUA_FN(module_graph_, "m.graph -> Graph", "The graph that was lowered.")
{
    Err err;
    return push_graph(L, graph_retain(check_module(L, 1)->module->graph), &err);
}

LUA_FN_COUNTS(
    module_interpret_, "m:interpret(inputs) -> Tensor, …",
    "Runs the model by the reference interpreter, which defines what it means: slow, for small "
    "models and tests.\n"
    "`inputs` are as m:run takes them: a tensor if it has one input, else a list in the order of "
    "g:inputs(), or a table by name.")
{
    const Module *m = check_module(L, 1)->module;
    const Graph *g = m->graph;
    model_push_inputs(L, g, "interpret");
    int first = lua_gettop(L) - (int)g->ninputs + 1;
    luaL_checkstack(L, (int)g->noutputs + 6, "outputs");
    Tensor **in = lua_newuserdatauv(L, (g->ninputs + 1) * sizeof *in, 0),
           **out = lua_newuserdatauv(L, (g->noutputs + 1) * sizeof *out, 0);
    for (uint32_t i = 0; i < g->ninputs; i++)
        in[i] = check_tensor(L, first + (int)i)->tensor;
    int results = lua_gettop(L) + 1;
    for (uint32_t i = 0; i < g->noutputs; i++)
        new_tensor(L);
    Err err = {0};
    if (!graph_interpret(m, in, out, &err))
        return lua_raise(L, &err);
    for (uint32_t i = 0; i < g->noutputs; i++)
        check_tensor(L, results + (int)i)->tensor = out[i];
    return (int)g->noutputs;
}

static const LuaFn *const module_members[] = {
    &module_schedule__fn, &module_func__fn,  &module_with__fn,      &module_kernels__fn,
    &module_select__fn,   &module_graph__fn, &module_interpret__fn, NULL};

const LuaClass module_class = {
    .name = "Module",
    .doc = "A lowered model: one loop program for each group of its nodes.  m:schedule(name) "
           "begins to schedule one.",
    .size = sizeof(ModuleBox),
    .members = LUA_MEMBERS(module_members, module_run_members),
    .release = release_module,
    .tostring = module_tostring,
    .index = module_index,
    .display = module_display,
    .names = module_names,
};

void lua_open_module(lua_State *L)
{
    lua_put_class(L, &module_class);
}
