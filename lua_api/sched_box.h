/* sched_box.h -- the boxes of program_lua.c and sched_lua.c. */
#ifndef LUA_API_SCHED_BOX_H
#define LUA_API_SCHED_BOX_H

#include "core/schedule/sched.h"
#include "lua_api/lua_fn.h"

typedef struct VersionBox {
    Version *version;
    char label[48];  /* the mark that it had when it was taken from a schedule, or empty */
    bool by_default; /* tvm.default alone made it */
} VersionBox;

typedef struct SchedBox {
    Sched *sched;
    Version *by_default; /* what tvm.default made of the program as written, or NULL */
} SchedBox;

extern const LuaClass func_class, version_class, sched_class;
LUA_BOX(func, VersionBox, func_class)
LUA_BOX(version, VersionBox, version_class)
LUA_BOX(sched, SchedBox, sched_class)

/* Push a box that retains the version / holds another cursor at the same place. */
void box_version(lua_State *L, const LuaClass *cls, Version *v);
void program_push_fork(lua_State *L, const SchedBox *from);

/* A step's number, a mark or a Version, as s:at and s:back take it. */
Version *sched_version_arg(lua_State *L, Sched *s, int arg);

/* The members of Schedule beside what every program has: the primitives, whose descriptors are made
** from their rows by sched_describe_steps, and the cursor's own. */
extern const LuaFn *sched_step_members[], *const sched_members[];
void sched_describe_steps(void);

#endif
