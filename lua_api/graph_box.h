/* graph_box.h -- graphs and modules as Lua values, for every file of the api that
** takes or gives them. */
#ifndef LUA_API_GRAPH_BOX_H
#define LUA_API_GRAPH_BOX_H

#include "core/graph/module.h"
#include "lua_api/lua_fn.h"

typedef struct GraphBox {
    Graph *graph;
} GraphBox;

typedef struct ModuleBox {
    Module *module;
} ModuleBox;

extern const LuaClass graph_class, module_class;
LUA_BOX(graph, GraphBox, graph_class)
LUA_BOX(module, ModuleBox, module_class)

/* Push a box that takes over the value; with NULL raise *err instead. */
int push_graph(lua_State *L, Graph *g, const Err *err);
int push_module(lua_State *L, Module *m, const Err *err);

/* Pushes what m:METHOD(inputs), the function that is running, was given for each input of the
** graph: a tensor if it has one, a list, or a table by name; raises where it is not what the input
** takes. */
void model_push_inputs(lua_State *L, const Graph *g, const char *method);

/* Methods from other files of the api: g:show(…) of viz_lua.c, m:run(…) and
** m:profile(…) of model_lua.c. */
extern const LuaFn *const graph_picture_members[], *const module_run_members[];

#endif
