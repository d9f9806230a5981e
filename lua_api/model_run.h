/* model_run.h -- running a module from C as m:run does: compiled, with default schedules. */
#ifndef LUA_API_MODEL_RUN_H
#define LUA_API_MODEL_RUN_H

#include "core/graph/module.h"

/* `lua` is a lua_State in which the workbench is open; inputs and outputs are in the graph's order,
** and the caller owns the outputs.  Has the form of a CaseRun (core/import/onnx/cases.h). */
bool model_run(void *lua, const Module *m, Tensor *const *in, Tensor **out, Err *err);

#endif
