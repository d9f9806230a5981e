/* launch.c -- the session's side of the GPU process. */
#include "backends/cuda/launch.h"

#include <stdlib.h>
#include <string.h>

#include "backends/cuda/gpu_process.h"
#include "backends/process.h"
#include "core/run/frame.h"

static Process gpu = {.role = "--gpu", .sock = -1, .log = -1};
static uint64_t age; /* counts GPU processes: programs of an older one are gone */

enum { LIMIT_S = 30 };

static bool gone(Err *err)
{
    char text[512];
    process_reap(&gpu, 0.2);
    REFUSE(err, cuda_process, NULL, process_epitaph(&gpu, text));
    process_close(&gpu);
    return false;
}

static bool need_process(Err *err)
{
    if (process_alive(&gpu))
        return true;
    process_close(&gpu);
    age++;
    return process_start(&gpu, err);
}

/* Sends a request and waits for its answer. */
static bool ask(Arena *A, uint32_t kind, const Buf *b, Frame *answer, Err *err)
{
    if (!need_process(err))
        return false;
    if (!frame_send(gpu.sock, kind, b, NULL, 0))
        return gone(err);
    FrameStatus status = frame_receive(gpu.sock, A, LIMIT_S, true, answer);
    if (status == FRAME_TIMEOUT || status == FRAME_STOPPED) {
        process_kill(&gpu);
        return status == FRAME_STOPPED ? REFUSE(err, interrupted, NULL)
                                       : REFUSE(err, cuda_timeout, NULL, (int)LIMIT_S);
    }
    if (status != FRAME_OK)
        return gone(err);
    if (answer->kind == GPU_DONE)
        return true;
    FrameReader r = frame_read(answer);
    size_t n = 0;
    const char *data = frame_str(&r, &n);
    if (err && r.ok && n == sizeof *err)
        memcpy(err, data, n);
    if (err && err->code == ERR_cuda_call) /* its context is of no more use */
        process_kill(&gpu);
    return false;
}

/* ---- programs ---- */

typedef struct Loaded {
    uint64_t id, age;
    int ninputs, nresults;
} Loaded;

static void forget(Kernel *k)
{
    Loaded *l = k->impl;
    if (l && l->age == age && process_alive(&gpu)) {
        Arena *A = arena_scratch(NULL);
        Buf b = frame_buf(A);
        frame_put_u64(&b, l->id);
        frame_send(gpu.sock, GPU_FORGET, &b, NULL, 0);
        arena_release(A);
    }
    free(l);
}

static void release_tensor(void *t)
{
    tensor_release(t);
}

static bool put_inputs(Arena *A, const Kernel *k, Tensor *const *args, int n, Buf *b, Err *err)
{
    for (int i = 0; i < k->nparams; i++)
        if (k->params[i].written && !tensor_is_dense(args[i]))
            return REFUSE(err, kernel_result, NULL);
    for (int i = 0; i < n; i++) {
        Tensor *dense = tensor_dense(args[i], err);
        if (!dense)
            return false;
        arena_own(A, dense, release_tensor);
        frame_put_bytes(b, tensor_data(dense), (size_t)tensor_bytes(dense));
    }
    return true;
}

static bool call(const Kernel *k, Tensor *const *args, Err *err)
{
    const Loaded *l = k->impl;
    if (l->age != age || !process_alive(&gpu))
        return REFUSE(err, cuda_lost, NULL, k->name);
    Arena *A = arena_scratch(NULL);
    Frame answer;
    Buf b = frame_buf(A);
    frame_put_u64(&b, l->id);
    bool ok = put_inputs(A, k, args, l->ninputs, &b, err) && ask(A, GPU_RUN, &b, &answer, err);
    FrameReader r = ok ? frame_read(&answer) : (FrameReader){0};
    for (int i = 0; ok && i < l->nresults; i++) {
        Tensor *t = args[l->ninputs + i];
        size_t n = 0;
        const char *data = frame_str(&r, &n);
        ok = r.ok && n == (size_t)tensor_bytes(t)
                 ? true
                 : REFUSE(err, cuda_process, NULL, "gave an answer of another size");
        if (ok)
            memcpy(tensor_fill(t), data, n);
    }
    arena_release(A);
    return ok;
}

/* ---- loading ---- */

static size_t number_of(const Node *const *all, size_t n, const Node *buffer)
{
    size_t i = 0;
    while (i < n && all[i] != buffer)
        i++;
    return i;
}

static void put_plan(Arena *A, const Node *func, const CudaPlan *plan, Buf *b)
{
    size_t n = 0, ninputs = func->kid[Func_params]->nkids,
           nresults = func->kid[Func_results]->nkids;
    const Node **all = ARENA_ARRAY(A, const Node *, ninputs + nresults + plan->ntemporaries + 1);
    for (int part = Func_params; part <= Func_results; part++)
        for (uint32_t i = 0; i < func->kid[part]->nkids; i++)
            all[n++] = func->kid[part]->kid[i];
    for (size_t i = 0; i < plan->ntemporaries; i++)
        all[n++] = plan->temporaries[i];
    frame_put_u64(b, ninputs);
    frame_put_u64(b, nresults);
    frame_put_u64(b, n);
    for (size_t i = 0; i < n; i++)
        frame_put_u64(b, (uint64_t)cuda_elements(all[i]) * dtype_bytes((DType)all[i]->type));
    frame_put_u64(b, plan->nkernels);
    for (size_t i = 0; i < plan->nkernels; i++) {
        const CudaKernel *k = &plan->kernels[i];
        frame_put_str(b, cuda_kernel_name(A, i));
        for (int x = FOR_block_x; x < FOR_COUNT; x++)
            frame_put_u64(b, (uint64_t)gpu_count(&k->shape, (ForKind)x));
        frame_put_u64(b, k->nbuffers);
        for (size_t a = 0; a < k->nbuffers; a++)
            frame_put_u64(b, number_of(all, n, k->buffers[a]));
    }
}

/* A run's inputs travel in one frame, and so do its results. */
static bool fits_frames(const Kernel *k, const Node *func, Err *err)
{
    static const char *const what[] = {[Func_params] = "inputs", [Func_results] = "results"};
    for (int part = Func_params; part <= Func_results; part++) {
        const Node *list = func->kid[part];
        double bytes = 64;
        for (uint32_t i = 0; i < list->nkids; i++)
            bytes += 16 + (double)cuda_elements(list->kid[i]) *
                              (double)dtype_bytes((DType)list->kid[i]->type);
        if (bytes > FRAME_MOST)
            return REFUSE(err, cuda_too_much, NULL, what[part], k->name, bytes / (1 << 20),
                          FRAME_MOST >> 20);
    }
    return true;
}

bool cuda_load(Kernel *k, const Node *func, const CudaPlan *plan, const char *ptx, Err *err)
{
    if (!fits_frames(k, func, err))
        return false;
    Arena *A = arena_scratch(NULL);
    Buf b = frame_buf(A);
    Frame answer;
    frame_put_str(&b, ptx);
    put_plan(A, func, plan, &b);
    bool ok = ask(A, GPU_LOAD, &b, &answer, err);
    Loaded *l = ok ? malloc(sizeof *l) : NULL;
    if (ok && l) {
        FrameReader r = frame_read(&answer);
        *l = (Loaded){frame_u64(&r), age, (int)func->kid[Func_params]->nkids,
                      (int)func->kid[Func_results]->nkids};
        k->impl = l;
        k->call = call;
        k->release = forget;
    }
    arena_release(A);
    return ok && !l ? REFUSE(err, out_of_memory, NULL) : ok;
}

const char *cuda_device(Arena *A, Err *err)
{
    Frame answer;
    Buf b = frame_buf(A);
    if (!ask(A, GPU_DESCRIBE, &b, &answer, err))
        return NULL;
    FrameReader r = frame_read(&answer);
    return arena_strdup(A, frame_str(&r, NULL));
}

void cuda_shutdown(void)
{
    process_kill(&gpu);
}
