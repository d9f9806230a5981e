/* gpu_process.c -- loading PTX and launching kernels, on request. */
#include "backends/cuda/gpu_process.h"

#include <stdio.h>
#include <string.h>

#include "backends/cuda/driver.h"
#include "core/run/frame.h"

enum { MOST_BUFFERS = 1024, MOST_KERNELS = 1024 };

/* Both ends are this program, so a request that makes no sense is a mistake of ours. */
static bool not_understood(Err *err)
{
    return REFUSE(err, cuda_process, NULL, "got a request that it does not understand");
}

typedef struct Launch {
    void *function;
    unsigned grid[3], block[3];
    size_t nargs;
    size_t *arg; /* numbers of buffers */
} Launch;

typedef struct Program {
    struct Program *next;
    Arena *arena;
    uint64_t id;
    void *module;
    size_t nbuffers, ninputs, nresults, nlaunches;
    size_t *bytes;
    uint64_t *device;
    Launch *launch;
} Program;

static Program *programs;

static void unload(const CudaApi *cu, Program *p)
{
    for (size_t i = 0; i < p->nbuffers && p->device; i++)
        if (p->device[i])
            cu->cuMemFree_v2(p->device[i]);
    if (p->module)
        cu->cuModuleUnload(p->module);
    arena_release(p->arena);
}

/* ---- loading ---- */

/* The driver's compiler explains itself in a log. */
static bool load_module(const CudaApi *cu, Program *p, const char *ptx, Err *err)
{
    char log[512] = "";
    int options[] = {5, 6}; /* CU_JIT_ERROR_LOG_BUFFER and its size */
    void *values[] = {log, (void *)(uintptr_t)(sizeof log - 1)};
    int code = cu->cuModuleLoadDataEx(&p->module, ptx, 2, options, values);
    if (!code)
        return true;
    p->module = NULL;
    if (code == CUDA_OUT_OF_MEMORY)
        return REFUSE(err, cuda_memory, NULL, "the code");
    if (!log[0])
        return cuda_failed(cu, "cuModuleLoadDataEx", code, err);
    log[strcspn(log, "\n")] = '\0';
    return REFUSE(err, cuda_rejected, NULL, log);
}

static bool read_sizes(Program *p, FrameReader *r)
{
    p->ninputs = (size_t)frame_u64(r);
    p->nresults = (size_t)frame_u64(r);
    p->nbuffers = (size_t)frame_u64(r);
    if (!r->ok || p->nbuffers > MOST_BUFFERS || p->ninputs > p->nbuffers ||
        p->nresults > p->nbuffers - p->ninputs)
        return false;
    p->bytes = ARENA_ARRAY(p->arena, size_t, p->nbuffers + 1);
    p->device = ARENA_ARRAY(p->arena, uint64_t, p->nbuffers + 1);
    for (size_t i = 0; i < p->nbuffers; i++)
        p->bytes[i] = (size_t)frame_u64(r);
    p->nlaunches = (size_t)frame_u64(r);
    p->launch = r->ok && p->nlaunches <= MOST_KERNELS
                    ? ARENA_ARRAY(p->arena, Launch, p->nlaunches + 1)
                    : NULL;
    return p->launch != NULL;
}

static bool read_launch(const CudaApi *cu, Program *p, Launch *l, FrameReader *r, Err *err)
{
    const char *name = frame_str(r, NULL);
    for (int i = 0; i < 3; i++)
        l->grid[i] = (unsigned)frame_u64(r);
    for (int i = 0; i < 3; i++)
        l->block[i] = (unsigned)frame_u64(r);
    l->nargs = (size_t)frame_u64(r);
    if (!r->ok || l->nargs > p->nbuffers)
        return not_understood(err);
    l->arg = ARENA_ARRAY(p->arena, size_t, l->nargs + 1);
    for (size_t i = 0; i < l->nargs; i++) {
        l->arg[i] = (size_t)frame_u64(r);
        if (!r->ok || l->arg[i] >= p->nbuffers)
            return not_understood(err);
    }
    int code = cu->cuModuleGetFunction(&l->function, p->module, name);
    return code ? cuda_failed(cu, "cuModuleGetFunction", code, err) : true;
}

static bool take_memory(const CudaApi *cu, Program *p, Err *err)
{
    for (size_t i = 0; i < p->nbuffers; i++) {
        int code = cu->cuMemAlloc_v2(&p->device[i], p->bytes[i] ? p->bytes[i] : 1);
        if (code == CUDA_OUT_OF_MEMORY) {
            char what[64];
            p->device[i] = 0;
            snprintf(what, sizeof what, "%zu bytes", p->bytes[i]);
            return REFUSE(err, cuda_memory, NULL, what);
        }
        if (code)
            return cuda_failed(cu, "cuMemAlloc", code, err);
    }
    return true;
}

static bool load(const CudaApi *cu, Program *p, const Frame *f, Err *err)
{
    FrameReader r = frame_read(f);
    const char *ptx = frame_str(&r, NULL);
    if (!read_sizes(p, &r))
        return not_understood(err);
    if (!load_module(cu, p, ptx, err))
        return false;
    for (size_t i = 0; i < p->nlaunches; i++)
        if (!read_launch(cu, p, &p->launch[i], &r, err))
            return false;
    if (!frame_done(&r))
        return not_understood(err);
    return take_memory(cu, p, err);
}

static bool answer_load(const CudaApi *cu, const Frame *f, Buf *reply, Err *err)
{
    static uint64_t last;
    Arena *A = arena_new(NULL);
    Program *p = arena_alloc(A, sizeof *p);
    p->arena = A;
    if (!load(cu, p, f, err)) {
        unload(cu, p);
        return false;
    }
    p->id = ++last;
    p->next = programs;
    programs = p;
    frame_put_u64(reply, p->id);
    return true;
}

/* ---- running ---- */

static bool launch_all(const CudaApi *cu, const Program *p, Err *err)
{
    void *args[MOST_BUFFERS];
    for (size_t i = 0; i < p->nlaunches; i++) {
        const Launch *l = &p->launch[i];
        for (size_t a = 0; a < l->nargs; a++)
            args[a] = &p->device[l->arg[a]];
        int code = cu->cuLaunchKernel(l->function, l->grid[0], l->grid[1], l->grid[2], l->block[0],
                                      l->block[1], l->block[2], 0, NULL, args, NULL);
        if (code)
            return cuda_failed(cu, "cuLaunchKernel", code, err);
    }
    int code = cu->cuCtxSynchronize();
    return code ? cuda_failed(cu, "cuCtxSynchronize", code, err) : true;
}

static Program *find(uint64_t id)
{
    Program *p = programs;
    while (p && p->id != id)
        p = p->next;
    return p;
}

static bool answer_run(const CudaApi *cu, Arena *A, const Frame *f, Buf *reply, Err *err)
{
    FrameReader r = frame_read(f);
    const Program *p = find(frame_u64(&r));
    if (!p)
        return not_understood(err);
    for (size_t i = 0; i < p->ninputs; i++) {
        size_t n = 0;
        const char *data = frame_str(&r, &n);
        if (!r.ok || n != p->bytes[i])
            return not_understood(err);
        int code = cu->cuMemcpyHtoD_v2(p->device[i], data, n);
        if (code)
            return cuda_failed(cu, "cuMemcpyHtoD", code, err);
    }
    if (!launch_all(cu, p, err))
        return false;
    for (size_t i = p->ninputs; i < p->ninputs + p->nresults; i++) {
        char *data = arena_alloc(A, p->bytes[i] + 1);
        int code = cu->cuMemcpyDtoH_v2(data, p->device[i], p->bytes[i]);
        if (code)
            return cuda_failed(cu, "cuMemcpyDtoH", code, err);
        frame_put_bytes(reply, data, p->bytes[i]);
    }
    return true;
}

static void forget(const CudaApi *cu, const Frame *f)
{
    FrameReader r = frame_read(f);
    uint64_t id = frame_u64(&r);
    for (Program **at = &programs; *at; at = &(*at)->next)
        if ((*at)->id == id) {
            Program *p = *at;
            *at = p->next;
            unload(cu, p);
            return;
        }
}

/* ---- the loop ---- */

static bool answer(int sock, Arena *A, const Frame *f)
{
    Err err = {0};
    Buf reply = frame_buf(A);
    const CudaApi *cu = cuda_driver(&err);
    bool ok = cu != NULL;
    char text[256];
    if (ok && f->kind == GPU_FORGET) {
        forget(cu, f);
        return true;
    }
    if (ok && f->kind == GPU_LOAD)
        ok = answer_load(cu, f, &reply, &err);
    else if (ok && f->kind == GPU_RUN)
        ok = answer_run(cu, A, f, &reply, &err);
    else if (ok) {
        cuda_device_text(cu, text, sizeof text);
        frame_put_str(&reply, text);
    }
    if (ok)
        return frame_send(sock, GPU_DONE, &reply, NULL, 0);
    if (f->kind == GPU_FORGET)
        return true;
    Buf failure = frame_buf(A);
    err.where = NULL;
    frame_put_bytes(&failure, &err, sizeof err);
    return frame_send(sock, GPU_ERROR, &failure, NULL, 0);
}

int gpu_process_main(int sock)
{
    bool ok = true;
    while (ok) {
        Frame f;
        Arena *A = arena_new(NULL);
        ok = frame_receive(sock, A, -1, false, &f) == FRAME_OK && answer(sock, A, &f);
        arena_release(A);
    }
    return 0;
}
