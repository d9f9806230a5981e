/* program.h -- Lua values that are a program: a Func, a Version of a schedule, a Schedule.
**
** Whatever only looks at a program (views, pictures, building, timing) takes any of the three.
*/
#ifndef LUA_API_PROGRAM_H
#define LUA_API_PROGRAM_H

#include "core/schedule/sched.h"
#include "lua_api/lua_fn.h"
#include "viz/text/style.h"

typedef struct Program {
    Version *version;  /* borrowed from the box */
    Sched *sched;      /* the cursor, if it is one */
    const Node *func;  /* version->func */
    const char *label; /* its mark, or NULL */
    bool by_default;   /* tvm.default alone made it */
} Program;

/* Reads the value at `idx`; false if it is none. / Raises unless it is one. */
bool program_test(lua_State *L, int idx, Program *out);
Program program_check(lua_State *L, int idx);

/* Push a Func, whose arena is retained / a Schedule that begins at the program's version. */
void program_push_func(lua_State *L, Arena *A, const Node *func);
void program_push_schedule(lua_State *L, const Program *p);

/* How text views are drawn where the prompt shows them. */
TextStyle view_style(lua_State *L);

/* What every program has as methods, in the files that know how: running (kernel_lua.c), pictures
** (viz_lua.c), selecting (select_lua.c), looking (program_look_lua.c). */
extern const LuaFn *const program_run_members[], *const program_picture_members[],
                                                     *const program_select_members[],
                                                         *const program_look_members[];

#endif
