/* kernel_box.h -- compiled programs as Lua values. */
#ifndef LUA_API_KERNEL_BOX_H
#define LUA_API_KERNEL_BOX_H

#include "backends/kernel.h"
#include "core/schedule/sched.h"
#include "lua_api/lua_fn.h"

/* A kernel with the program it was made of, whose parameters say what to hand it. */
typedef struct KernelBox {
    Kernel *kernel;
    Version *version;
} KernelBox;

extern const LuaClass kernel_class;
LUA_BOX(kernel, KernelBox, kernel_class)

/* Pushes a new kernel of the program; raises where it cannot be built. */
KernelBox *push_kernel(lua_State *L, Version *v, const char *target);

/* Raises where the program has thread axes, which this machine would emulate, and no GPU could be
** asked to run it (cuda_can_emulate).  `owner` is the arena that the program lives in. */
void refuse_beyond_gpu(lua_State *L, Arena *owner, const Node *func);

/* For a call s:run(…): raises where the program has barriers of its own, which the processor has no
** meaning for, with the call of s:check, which has. */
void refuse_barriers(lua_State *L, Version *v);

#endif
