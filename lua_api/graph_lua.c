/* graph_lua.c -- models as Lua values: import, look, change, lower. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/progress.h"
#include "core/base/savefile.h"
#include "core/graph/ops.h"
#include "core/graph/text.h"
#include "core/import/onnx/onnx.h"
#include "lua_api/doc.h"
#include "lua_api/file_kind.h"
#include "lua_api/graph_box.h"
#include "lua_api/own_name.h"
#include "lua_api/pattern.h"
#include "lua_api/saved_text.h"
#include "lua_api/sched_box.h"
#include "lua_api/session.h"
#include "lua_api/tensor_box.h"
#include "passes/graph/driver.h"
#include "viz/text/style.h"
#include "viz/text/wrap.h"

enum { SHOWN_NODES = 40 };

static void release_graph(void *self)
{
    graph_release(((GraphBox *)self)->graph);
}

static void release_held_graph(void *g)
{
    graph_release(g);
}

int push_graph(lua_State *L, Graph *g, const Err *err)
{
    if (g)
        arena_keep(g->arena);
    return lua_push_owned(L, &graph_class, g, release_held_graph, g ? arena_bytes(g->arena) : 0,
                          err);
}

/* Where word number `n` of a line begins, or where it ends if it has fewer. */
static size_t word_at(const char *line, size_t len, int n)
{
    size_t at = strspn(line, " ");
    while (n-- > 0 && at < len)
        for (at += strcspn(line + at, " \n"); at < len && line[at] == ' ';)
            at++;
    return at < len ? at : len;
}

/* A Lua string of a text whose lines are filled to the terminal's width where a person reads; what
** goes on stands `more` columns behind where word number `word` begins. */
static int push_folded(lua_State *L, Arena *A, const char *text, int word, int more)
{
    const LuaView *v = lua_view(L);
    Buf out = buf_new(A);
    if (v->whole || v->more)
        return lua_scratch_text(L, A, text);
    for (const char *line = text; *line;) {
        size_t len = strcspn(line, "\n"), from = word_at(line, len, word);
        const char *head = arena_strndup(A, line, from),
                   *rest = arena_strndup(A, line + from, len - from);
        int col = text_cols(head);
        buf_puts(&out, head);
        wrap_text(&out, rest, col, col + more, v->width);
        buf_putc(&out, '\n');
        line += len + (line[len] == '\n');
    }
    return lua_scratch_text(L, A, buf_str(&out));
}

static void push_table(lua_State *L, const Graph *g, uint32_t rows, int columns)
{
    Arena *A = lua_scratch(L, NULL);
    bool *cut = lua_view(L)->more ? NULL : &session_of(L)->left_out;
    const char *table = graph_table(A, g, rows, columns, cut);
    const char *sizes = graph_free_sizes(A, g);
    const char *called = lua_view(L)->called[0] ? lua_view(L)->called : "g";
    bool many = strchr(sizes, ',');
    if (sizes[0])
        table = arena_printf(A, "%s%s %s free: %s = %s:bind%s sets %s, and what follows\n", table,
                             sizes, many ? "are" : "is", called, called, graph_binding_text(A, g),
                             many ? "them" : "it");
    lua_scratch_text(L, A, table);
}

static void graph_tostring(lua_State *L, void *self)
{
    push_table(L, ((GraphBox *)self)->graph, 0, 0);
}

static int graph_display(lua_State *L, void *self, const char *kind)
{
    if (strcmp(kind, "text") != 0)
        return 0;
    const LuaView *view = lua_view(L);
    push_table(L, ((GraphBox *)self)->graph, view->whole ? 0 : SHOWN_NODES, view->cut);
    return 1;
}

/* Aliases of nodes, and where a pass is meant the passes. */
static void graph_names(lua_State *L, void *self, const char *method, int arg)
{
    (void)arg;
    if (strcmp(method, "pass") == 0) {
        lua_new_list(L, graph_pass_count);
        for (size_t i = 0; i < graph_pass_count; i++) {
            lua_pushstring(L, graph_passes[i].name);
            lua_rawseti(L, -2, (lua_Integer)i + 1);
        }
        return;
    }
    const Graph *g = ((GraphBox *)self)->graph;
    lua_new_list(L, g->nnodes);
    for (uint32_t k = 0; k < g->nnodes; k++) {
        lua_pushstring(L, g->node[k]->alias);
        lua_rawseti(L, -2, (lua_Integer)k + 1);
    }
}

/* ---- import ---- */

/* The graph with the sizes of a table {batch = 1}; takes over g, which goes. */
static int push_bound(lua_State *L, Graph *g, int table)
{
    enum { MOST = 64 };
    const char *symbol[MOST];
    int64_t size[MOST];
    GBinding to = {.symbol = symbol, .size = size};
    GraphBox *box = new_graph(L);
    arena_keep(g->arena);
    box->graph = g;
    int top = lua_gettop(L);
    lua_pushnil(L);
    while (lua_next(L, table)) {
        int whole;
        lua_Integer n = lua_tointegerx(L, -1, &whole);
        if (lua_type(L, -2) != LUA_TSTRING || !whole || to.nsizes == MOST)
            return arg_wrong(L, table, "a table of sizes, as {batch = 1}");
        symbol[to.nsizes] = lua_tostring(L, -2);
        size[to.nsizes++] = n;
        lua_pop(L, 1);
    }
    Err err = {0};
    lua_settop(L, top);
    return push_graph(L, graph_bind(g, &to, &err), &err);
}

/* Says of which file the error speaks, and what reads it if it is no model. */
static void name_file(const char *path, Err *err)
{
    if (!strstr(err->why, path)) {
        char why[600];
        snprintf(why, sizeof why, "%.599s", err->why);
        snprintf(err->why, sizeof err->why, "%.120s: %s", path, why);
    }
    if (err->code == ERR_not_readable) {
        char lesson[300];
        snprintf(lesson, sizeof lesson, "tutorials/models/%.200s", path);
        if (access(lesson, R_OK) == 0)
            err_fix(err, "tvm.import %s", quote_path(lesson).text);
        return;
    }
    advise_reader(path, "tvm.import", err);
    const char *reader = reader_of_file(path);
    if (reader)
        advise_reading(path, reader, err);
}

LUA_FN(
    tvm_import, "tvm.import(path, sizes?) -> Graph",
    "A model from an ONNX file.  Free sizes of its inputs are bound by name, as {batch = 1}.  What "
    "is not known\n"
    "here stands in the graph as `unsupported` nodes, which g:unsupported() lists; the rest works.")
{
    const char *path = arg_str(L, 1);
    if (!lua_isnoneornil(L, 2))
        arg_table(L, 2);
    Err err = {0};
    progress_say(PROGRESS_PHASE, "reading %s", path);
    Graph *g = onnx_import(path, &err);
    progress_done(PROGRESS_PHASE);
    if (!g)
        name_file(path, &err);
    if (!g || lua_isnoneornil(L, 2))
        return push_graph(L, g, &err);
    return push_bound(L, g, 2);
}

LUA_FN(tvm_parse_graph, "tvm.parse_graph(text, from?) -> Graph",
       "The graph of a text that g:text() gave.  Constants written as data<…> are looked up in the "
       "graph `from`.\n"
       "> print(tvm.parse_graph(\"graph f(x: float32[2]) -> (y):\\n  relu1 = relu(x)\\n  return y "
       "= relu1\"):text())\n"
       "graph f(x: float32[2]) -> (y: float32[2]):\n"
       "  relu1: float32[2] = relu(x)\n"
       "  return y = relu1")
{
    const char *text = arg_str(L, 1);
    Graph *from = lua_isnoneornil(L, 2) ? NULL : check_graph(L, 2)->graph;
    Err err = {0};
    Graph *g = graph_parse(text, from ? graph_find_data : NULL, from, &err);
    if (!g)
        advise_path(text, &err);
    return push_graph(L, g, &err);
}

LUA_FN(tvm_ops, "tvm.ops(pattern?) -> string",
       "The operators that graphs may use, those whose name contains `pattern`, with what they do.")
{
    const char *pattern = arg_str_or(L, 1, "");
    Arena *A = lua_scratch(L, NULL);
    Buf b = buf_new(A);
    for (size_t i = 0; i < graph_op_count; i++)
        if (strstr(graph_op[i].name, pattern) && graph_op[i].onnx[0])
            buf_printf(&b, "%-26s %-12s %s\n", graph_op[i].name, fuse_class_name[graph_op[i].fuse],
                       graph_op[i].doc);
    int results = push_folded(L, A, buf_str(&b), 2, 0);
    if (lua_rawlen(L, -1) == 0)
        session_tell(L, -1, "no operator's name contains \"%s\"", pattern);
    return results;
}

LUA_FN(tvm_op, "tvm.op(name) -> string",
       "What an operator takes: inputs, attributes with their defaults, and what it gives.\n"
       "> print(tvm.op \"softmax\")\n"
       "softmax(x) -> y: exp(x) over its sum along an axis\n"
       "  ONNX's Softmax; for fusion a reduction operator\n"
       "  axis = -1: the axis along which elements compete")
{
    const char *name = arg_str(L, 1);
    const GraphOp *op = graph_op_find(name);
    if (!op)
        return RAISE(L, graph_unknown_op, NULL, name, "");
    Arena *A = lua_scratch(L, NULL);
    Buf b = buf_new(A);
    buf_printf(&b, "%s(", op->name);
    for (size_t i = 0; i < op->nin; i++)
        buf_printf(&b, "%s%s%s", i ? ", " : "", op->in[i].name,
                   op->in[i].kind == ARG_OPTIONAL   ? "?"
                   : op->in[i].kind == ARG_VARIADIC ? "…"
                                                    : "");
    buf_puts(&b, ") -> ");
    for (size_t i = 0; i < op->nout; i++)
        buf_printf(&b, "%s%s%s", i ? ", " : "", op->out[i].name,
                   op->out[i].kind == ARG_OPTIONAL   ? "?"
                   : op->out[i].kind == ARG_VARIADIC ? "…"
                                                     : "");
    buf_printf(&b, ": %s\n  ONNX's %s; for fusion a%s %s operator\n", op->doc, op->onnx,
               strchr("aeio", fuse_class_name[op->fuse][0]) ? "n" : "", fuse_class_name[op->fuse]);
    for (size_t i = 0; i < op->nattrs; i++)
        buf_printf(&b, "  %s%s%s: %s\n", op->attr[i].name,
                   !op->attr[i].standard     ? " (needed)"
                   : op->attr[i].standard[0] ? " = "
                                             : " (optional)",
                   op->attr[i].standard ? op->attr[i].standard : "", op->attr[i].doc);
    return push_folded(L, A, buf_str(&b), 0, 2);
}

LUA_FN(tvm_passes, "tvm.passes() -> string",
       "The graph passes, in the order in which g:fuse() runs them.")
{
    Arena *A = lua_scratch(L, NULL);
    Buf b = buf_new(A);
    for (size_t i = 0; i < graph_pass_count; i++)
        buf_printf(&b, "%-16s %s\n", graph_passes[i].name, graph_passes[i].doc);
    return push_folded(L, A, buf_str(&b), 1, 0);
}

/* ---- looking ---- */

LUA_FN(graph_text_, "g:text() -> string",
       "The graph as text that tvm.parse_graph reads back; constants are written as data<…> of "
       "their content.")
{
    Arena *A = lua_scratch(L, NULL);
    return lua_scratch_text(L, A, graph_text(A, check_graph(L, 1)->graph));
}

LUA_FN(graph_ops_, "g:ops() -> string", "How often each operator occurs, and what it does.")
{
    Arena *A = lua_scratch(L, NULL);
    return push_folded(L, A, graph_ops_table(A, check_graph(L, 1)->graph), 2, 0);
}

LUA_FN(graph_unsupported_, "g:unsupported() -> string",
       "The operators that could not be taken over: how many, their name, version and reason; \"\" "
       "if all could.")
{
    Arena *A = lua_scratch(L, NULL);
    const Graph *g = check_graph(L, 1)->graph;
    int results = push_folded(L, A, graph_unsupported_text(A, g), 1, 2);
    if (lua_rawlen(L, -1) == 0)
        session_tell(L, -1, "every operator of %s is supported", g->name);
    return results;
}

static void push_value(lua_State *L, const Graph *g, const char *name, ValueId v)
{
    GType t = graph_value(g, v)->type;
    lua_createtable(L, 0, 3);
    lua_pushstring(L, name);
    lua_setfield(L, -2, "name");
    if (t.dtype < DT_COUNT) {
        lua_pushstring(L, dtype_name(t.dtype));
        lua_setfield(L, -2, "dtype");
    }
    lua_createtable(L, t.rank > 0 ? t.rank : 0, 0);
    for (int d = 0; d < t.rank; d++) {
        if (dim_known(t.dim[d]))
            lua_pushinteger(L, t.dim[d]);
        else
            lua_pushstring(L,
                           dim_is_symbol(t.dim[d]) ? g->symbol[dim_symbol_index(t.dim[d])] : "?");
        lua_rawseti(L, -2, d + 1);
    }
    lua_setfield(L, -2, "shape");
}

LUA_FN(graph_inputs_, "g:inputs() -> list",
       "Its inputs, as {name = …, dtype = …, shape = {…}}; a free size is its name.")
{
    const Graph *g = check_graph(L, 1)->graph;
    lua_new_list(L, g->ninputs);
    for (uint32_t i = 0; i < g->ninputs; i++) {
        push_value(L, g, graph_value(g, g->input[i])->name, g->input[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

LUA_FN(graph_outputs_, "g:outputs() -> list", "Its outputs, as g:inputs() gives the inputs.")
{
    const Graph *g = check_graph(L, 1)->graph;
    lua_new_list(L, g->noutputs);
    for (uint32_t i = 0; i < g->noutputs; i++) {
        push_value(L, g, g->output[i].name, g->output[i].value);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

LUA_FN(graph_nodes_, "g:nodes() -> list", "The aliases of its nodes, in order.")
{
    graph_names(L, check_graph(L, 1), "nodes", 1);
    return 1;
}

LUA_FN(
    graph_select_, "g:select(pattern) -> list",
    "The aliases of the nodes whose alias, operator or name in the model file a PCRE2 pattern matches as a "
    "whole.")
{
    const Graph *g = check_graph(L, 1)->graph;
    const Pattern *p = pattern_push(L, 2, 0, false);
    lua_new_list(L, 0);
    lua_Integer n = 0;
    for (uint32_t k = 0; k < g->nnodes; k++) {
        const GNode *node = g->node[k];
        if (pattern_matches(L, p, node->alias) || pattern_matches(L, p, node->op->name) ||
            (node->origin && pattern_matches(L, p, node->origin))) {
            lua_pushstring(L, node->alias);
            lua_rawseti(L, -2, ++n);
        }
    }
    return 1;
}

LUA_FN(graph_node_, "g:node(name) -> string",
       "One node as a line of the text form, by its alias or its name in the model file, and what "
       "it is called there.")
{
    const Graph *g = check_graph(L, 1)->graph;
    const char *name = arg_str(L, 2);
    int32_t k = graph_find_node(g, name);
    if (k < 0)
        return RAISE(L, graph_unknown_value, NULL, name, "");
    Arena *A = lua_scratch(L, NULL);
    const char *text = graph_node_text(A, g, (uint32_t)k);
    if (g->node[k]->origin)
        text = arena_printf(A, "%s\n  in the model file: %s", text, g->node[k]->origin);
    return lua_scratch_text(L, A, text);
}

LUA_FN(graph_data_, "g:data(name) -> Tensor",
       "The elements of a constant, by its name in g:text() or in the model file.")
{
    const Graph *g = check_graph(L, 1)->graph;
    const char *name = arg_str(L, 2);
    ValueId v = graph_find_value(g, name);
    if (v == VALUE_NONE || !graph_value(g, v)->data)
        return RAISE(L, graph_unknown_value, NULL, name, v == VALUE_NONE ? "" : " and constant");
    return push_tensor(L, tensor_retain(graph_value(g, v)->data), NULL);
}

LUA_FN(
    graph_diff_, "g:diff(other) -> string",
    "What has changed since the other graph: nodes gone, new and changed; \"(unchanged)\" if nothing "
    "did.\n"
    "> a = tvm.parse_graph(\"graph f(x: float32[2]) -> (y):\\n  n = relu(x)\\n  return y = n\")\n"
    "> b = tvm.parse_graph(\"graph f(x: float32[2]) -> (y):\\n  n = neg(x)\\n  return y = n\")\n"
    "> print(b:diff(a))\n"
    "- n: float32[2] = relu(x)\n"
    "+ n: float32[2] = neg(x)\n"
    "  0 nodes unchanged")
{
    const Graph *g = check_graph(L, 1)->graph, *other = check_graph(L, 2)->graph;
    Arena *A = lua_scratch(L, NULL);
    return push_folded(L, A, graph_diff(A, other, g), 1, 2);
}

LUA_FN(graph_fingerprint_, "g:fingerprint() -> string",
       "32 hexadecimal digits that two graphs share if they compute the same in the same way, "
       "whatever their names.")
{
    char text[33];
    fp_text(graph_fingerprint(check_graph(L, 1)->graph), text);
    lua_pushstring(L, text);
    return 1;
}

LUA_FN(graph_eq, "__eq(a, b)", "Do both compute the same in the same way?")
{
    lua_pushboolean(L, graph_equal(check_graph(L, 1)->graph, check_graph(L, 2)->graph));
    return 1;
}

LUA_FN(graph_name_, "g.name -> string", "Its name.")
{
    lua_pushstring(L, check_graph(L, 1)->graph->name);
    return 1;
}

LUA_FN(graph_why_, "g:why(from?, to?) -> string",
       "Why the edge between two nodes is, or is not, inside a group.  With one name, all edges "
       "that leave that\n"
       "node; with none, every edge that was not fused.  An edge may also be given as \"conv1 -> "
       "relu1\".")
{
    const Graph *g = check_graph(L, 1)->graph;
    const char *from = arg_str_or(L, 2, NULL), *to = arg_str_or(L, 3, NULL),
               *arrow = from ? strstr(from, "->") : NULL;
    Arena *A = lua_scratch(L, NULL);
    const char *text = NULL;
    if (arrow) {
        to = arrow + 2 + strspn(arrow + 2, " ");
        size_t n = (size_t)(arrow - from);
        while (n && from[n - 1] == ' ')
            n--;
        from = arena_strndup(A, from, n);
    }
    if (from) {
        text = graph_why(A, g, from, to);
    } else if (g->nedges) {
        Buf b = buf_new(A);
        for (uint32_t i = 0; i < g->nedges; i++)
            if (!g->edge[i].fused)
                buf_printf(&b, "%s -> %s: %s\n", g->edge[i].from, g->edge[i].to, g->edge[i].why);
        text = buf_str(&b);
    }
    if (text) {
        lua_scratch_text(L, A, text);
        session_say_prose(L);
        return 1;
    }
    char label[160];
    snprintf(label, sizeof label, "%.70s%s%.70s", from ? from : "any node", to ? " -> " : " -> …",
             to ? to : "");
    lua_scratch_end(L, A);
    return RAISE(L, graph_no_edge, NULL, label,
                 g->ngroups ? "there is no such edge" : "the graph is not fused");
}

/* ---- changing ---- */

LUA_FN(
    graph_bind_, "g:bind(sizes) -> Graph",
    "The graph for particular sizes of what was left free: g:bind{batch = 1}.  All shapes follow.")
{
    Graph *g = check_graph(L, 1)->graph;
    arg_table(L, 2);
    return push_bound(L, graph_retain(g), 2);
}

static void say_runs(lua_State *L, const PassRun *runs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const PassRun *r = &runs[i];
        char change[80];
        if (r->unchanged)
            snprintf(change, sizeof change, "(unchanged)");
        else if (r->ngroups)
            snprintf(change, sizeof change, "%u node%s in %u group%s", r->nodes_after,
                     plural(r->nodes_after), r->ngroups, plural(r->ngroups));
        else if (r->nodes_before != r->nodes_after)
            snprintf(change, sizeof change, "%u -> %u node%s", r->nodes_before, r->nodes_after,
                     plural(r->nodes_after));
        else
            snprintf(change, sizeof change, "%u node%s", r->nodes_after, plural(r->nodes_after));
        session_say_step(L, "%-16s %8.2f ms  %s%s%s", r->name, r->seconds * 1e3, change,
                         *r->note ? "; " : "", r->note);
    }
}

static int run_passes(lua_State *L, const char *const *names, size_t n)
{
    PassRun runs[64];
    size_t done = 0;
    Err err = {0};
    Graph *g = graph_pipeline(check_graph(L, 1)->graph, names, n, runs, &done, &err);
    say_runs(L, runs, done);
    return push_graph(L, g, &err);
}

LUA_FN(graph_pass_, "g:pass(name, …) -> Graph",
       "The graph after one pass, or several one after the other: \"infer_shapes\", "
       "\"fold_constants\", \"simplify\",\n"
       "\"fold_batch_norm\", \"fold_transposes\", \"dead_code\", \"fuse\".  Each is timed, and its "
       "result verified;\n"
       "what it leaves undone, such as constants that would take too long to fold, it says.")
{
    const char *names[64];
    int n = lua_gettop(L) - 1;
    if (n < 1 || n > 64)
        return arg_wrong_string(L, 2, "the name of a pass");
    for (int i = 0; i < n; i++)
        names[i] = arg_str(L, i + 2);
    return run_passes(L, names, (size_t)n);
}

LUA_FN(graph_fuse_, "g:fuse() -> Graph",
       "The graph after all passes, its nodes in groups that are computed together.  g:why() "
       "tells, for each edge\n"
       "that is not inside a group, why.")
{
    return run_passes(L, NULL, 0);
}

LUA_FN(graph_lower_, "g:lower() -> Module",
       "The graph as loop programs: a Func for each group, or for each node where it is not fused. "
       " Every size must\n"
       "be known: g:bind{…}.")
{
    Err err = {0};
    return push_module(L, graph_lower(check_graph(L, 1)->graph, &err), &err);
}

LUA_FN(
    graph_save_, "g:save(path) -> Graph",
    "Writes the text form to a file, .txt; constants stay outside, as data<…>, so that\n"
    "tvm.parse_graph(assert(io.open(path)):read \"a\", g) needs g, or a graph with the same constants, to read it.")
{
    const Graph *g = check_graph(L, 1)->graph;
    const char *path = arg_text_path(
        L, 2, TEXT_graph,
        "a name that ends in .txt keeps the text; g:show(path) draws; models are not written");
    Arena *A = lua_scratch(L, NULL);
    Err err = {0};
    const char *text = arena_printf(A, "tvmrepl 1\n%s", graph_text(A, g));
    bool ok = save_bytes(path, text, strlen(text), &err);
    lua_scratch_end(L, A);
    if (!ok)
        return lua_raise(L, &err);
    session_tell(L, 1, "graph of %s, written to %s", g->name, path);
    lua_settop(L, 1);
    return 1;
}

/* ---- opening ---- */

/* g.conv2, g["conv2"]: a node is no member, and g:node tells about it. */
static int graph_index(lua_State *L, void *self)
{
    const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
    if (graph_find_node(((GraphBox *)self)->graph, key) < 0 || doc_method(L, "Module", key))
        return 0;
    const char *name = own_push_name(L, 1) ? lua_tostring(L, -1) : "g";
    return RAISE(L, no_member, NULL, "Graph", key, ", but a node of that name",
                 lua_pushfstring(L, "%s:node \"%s\"", name, key));
}

static const LuaFn *const graph_members[] = {
    &graph_text__fn,    &graph_ops__fn,   &graph_unsupported__fn, &graph_inputs__fn,
    &graph_outputs__fn, &graph_nodes__fn, &graph_select__fn,      &graph_node__fn,
    &graph_data__fn,    &graph_diff__fn,  &graph_fingerprint__fn, &graph_eq_fn,
    &graph_name__fn,    &graph_why__fn,   &graph_bind__fn,        &graph_pass__fn,
    &graph_fuse__fn,    &graph_lower__fn, &graph_save__fn,        NULL};

const LuaClass graph_class = {
    .name = "Graph",
    .doc = "A model: operators, the values between them, and constants.  It never changes; methods "
           "give new ones.",
    .size = sizeof(GraphBox),
    .members = LUA_MEMBERS(graph_members, graph_picture_members),
    .release = release_graph,
    .tostring = graph_tostring,
    .display = graph_display,
    .names = graph_names,
    .index = graph_index,
};

void lua_open_graph(lua_State *L)
{
    static const LuaFn *const functions[] = {&tvm_import_fn, &tvm_parse_graph_fn, &tvm_ops_fn,
                                             &tvm_op_fn,     &tvm_passes_fn,      NULL};
    lua_put_functions(L, functions);
    lua_put_class(L, &graph_class);
}
