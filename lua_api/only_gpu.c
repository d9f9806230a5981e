/* only_gpu.c -- programs whose meaning is that of a GPU's threads, where it is the processor that
** runs or times them. */
#include <string.h>

#include "backends/cuda/cuda.h"
#include "backends/cuda/launch.h"
#include "core/ir/rewrite.h"
#include "lua_api/kernel_box.h"
#include "lua_api/own_name.h"
#include "lua_api/runnable.h"
#include "passes/loop/lower.h"

void refuse_beyond_gpu(lua_State *L, Arena *owner, const Node *func)
{
    Err err = {0};
    const Node *form;
    Arena *A = lua_scratch(L, owner);
    if (!cuda_can_emulate(A, func, &form, &err))
        lua_refuse(L, &err, &(Refusal){.arena = A, .root = form ? form : func, .fault = true});
    lua_scratch_end(L, A);
}

void refuse_barriers(lua_State *L, Version *v)
{
    Err err = {0};
    const Node *barrier = ir_first(v->func, OP_Barrier);
    if (!barrier)
        return;
    REFUSE(&err, run_barrier, barrier, v->func->at.name, "…");
    if (own_push_call_as(L, "run", "check"))
        err_fix(&err, "%s", lua_tostring(L, -1));
    lua_refuse(L, &err, &(Refusal){.arena = v->arena, .root = v->func, .fault = true});
}

const char *timed_target(lua_State *L, const Node *func, const char *asked)
{
    if (asked || !loop_is_gpu(func))
        return asked ? asked : "llvm";
    Arena *A = lua_scratch(L, NULL);
    Err missing = {0};
    if (!cuda_device(A, &missing))
        RAISE(L, gpu_not_timed, NULL, func->at.name, missing.why);
    lua_scratch_end(L, A);
    return "cuda";
}

const char *timed_label(Arena *A, const Node *func, const char *label, const char *target)
{
    if (!loop_is_gpu(func))
        return arena_strdup(A, label);
    if (strncmp(target, "cuda", 4) == 0)
        return arena_printf(A, "%s (with copies to the GPU)", label);
    return arena_printf(A, "%s (on %.*s, not a GPU)", label, (int)strcspn(target, " "), target);
}
