/* cuda_driver.c -- stands in for NVIDIA's driver where there is no GPU, so that what
** the session and the GPU process say to it is tested, and what the GPU is given to run.
**
** Its kernels run in the machine of tests/ptx, which takes what stands in the PTX at its word.  It
** is a GPU of sm_80, or of what PRETENDED_SM says, which refuses code for newer ones.  As with the
** driver, launching says nothing of a kernel that faults: all calls from the next cuCtxSynchronize
** on do; so they do when bytes are copied back that nobody wrote.  A grid of 8 in y ends the
** process, and one of 9 never ends.  With NO_DEVICE in the environment there is no GPU at all.
*/
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/ptx/ptx.h"

#define CUDA(name, args) int name args;
#include "backends/cuda/cuda_api.def"

enum {
    INVALID_VALUE = 1,
    OUT_OF_MEMORY = 2,
    NO_DEVICE = 100,
    INVALID_IMAGE = 200,
    INVALID_CONTEXT = 201,
    INVALID_PTX = 218,
    NOT_FOUND = 500,
    ILLEGAL_ADDRESS = 700,
    MISALIGNED_ADDRESS = 716,
    LAUNCH_FAILED = 719,
    MOST = 64
};

/* Addresses are the GPU's, not this process's: where nothing is allocated there is nothing. */
enum { ALIGN = 256, GAP = 4096 };
static PtxSpan memory[MOST];
static size_t live;
static uint64_t next_address = UINT64_C(0x7f0000000000);

static int capability(void)
{
    const char *sm = getenv("PRETENDED_SM");
    return sm ? atoi(sm) : 80;
}

static int failed; /* what a kernel that faulted left behind */

int cuInit(unsigned flags)
{
    return getenv("NO_DEVICE") ? NO_DEVICE : (int)flags;
}

int cuDriverGetVersion(int *version)
{
    return *version = 12040, 0;
}

int cuDeviceGetCount(int *count)
{
    return *count = 1, 0;
}

int cuDeviceGet(int *device, int ordinal)
{
    return *device = ordinal, 0;
}

int cuDeviceGetName(char *name, int length, int device)
{
    (void)device;
    strncpy(name, "Pretended GPU", (size_t)length);
    return 0;
}

int cuDeviceGetAttribute(int *value, int attribute, int device)
{
    (void)device;
    return *value = attribute == 75 ? capability() / 10 : capability() % 10, 0;
}

int cuDevicePrimaryCtxRetain(void **context, int device)
{
    (void)device;
    return *context = memory, 0;
}

int cuCtxSetCurrent(void *context)
{
    return context == memory ? 0 : INVALID_CONTEXT;
}

int cuCtxSynchronize(void)
{
    return failed;
}

/* options[0] is CU_JIT_ERROR_LOG_BUFFER, options[1] its size. */
static int complain(int code, const char *why, unsigned n, const int *options, void **values)
{
    if (n > 1 && options[0] == 5)
        snprintf(values[0], (size_t)(uintptr_t)values[1], "ptxas: %s\nmore", why);
    return code;
}

int cuModuleLoadDataEx(void **module, const void *image, unsigned n, int *options, void **values)
{
    char why[PTX_WHY];
    PtxModule *m = ptx_read(image, why);
    if (!m)
        return complain(INVALID_PTX, why, n, options, values);
    if (ptx_target(m) > capability()) {
        ptx_free(m);
        snprintf(why, sizeof why, "no entry for sm_%d", capability());
        return complain(INVALID_IMAGE, why, n, options, values);
    }
    *module = m;
    return failed;
}

int cuModuleUnload(void *module)
{
    ptx_free(module);
    return failed;
}

int cuModuleGetFunction(void **function, void *module, const char *name)
{
    const PtxKernel *k = ptx_kernel(module, name);
    *function = (void *)(uintptr_t)k;
    return k ? failed : NOT_FOUND;
}

int cuMemAlloc_v2(uint64_t *pointer, size_t bytes)
{
    uint8_t *data = live < MOST ? malloc(2 * bytes) : NULL;
    if (!data)
        return OUT_OF_MEMORY;
    memset(data, 0xff, 2 * bytes);
    memory[live++] = (PtxSpan){next_address, data, bytes, data + bytes};
    *pointer = next_address;
    next_address += (bytes + GAP + ALIGN - 1) / ALIGN * ALIGN;
    return failed;
}

static PtxSpan *span_at(uint64_t pointer)
{
    for (size_t i = 0; i < live; i++)
        if (memory[i].address == pointer)
            return &memory[i];
    return NULL;
}

int cuMemFree_v2(uint64_t pointer)
{
    PtxSpan *s = span_at(pointer);
    if (!s)
        return INVALID_VALUE;
    free(s->data);
    *s = memory[--live];
    return failed;
}

int cuMemcpyHtoD_v2(uint64_t to, const void *from, size_t bytes)
{
    const PtxSpan *s = span_at(to);
    if (!s || bytes > s->bytes)
        return INVALID_VALUE;
    memcpy(s->data, from, bytes);
    memset(s->unset, 0, bytes);
    return failed;
}

int cuMemcpyDtoH_v2(void *to, uint64_t from, size_t bytes)
{
    const PtxSpan *s = span_at(from);
    if (!s || bytes > s->bytes)
        return INVALID_VALUE;
    for (size_t i = 0; i < bytes && !failed; i++)
        if (s->unset[i]) {
            fprintf(stderr, "byte %zu of what is copied back was not written, or by two threads\n",
                    i);
            failed = LAUNCH_FAILED;
        }
    memcpy(to, s->data, bytes);
    return failed;
}

int cuLaunchKernel(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by,
                   unsigned bz, unsigned shared, void *stream, void **arguments, void **extra)
{
    static const int code[] = {[PTX_BAD_ADDRESS] = ILLEGAL_ADDRESS,
                               [PTX_BAD_ALIGNMENT] = MISALIGNED_ADDRESS,
                               [PTX_FAULT] = LAUNCH_FAILED,
                               [PTX_NOT_LAUNCHED] = INVALID_VALUE};
    char why[PTX_WHY];
    if (failed || shared || stream || extra)
        return failed ? failed : INVALID_VALUE;
    if (gy == 8)
        abort();
    while (gy == 9)
        pause();
    PtxLaunch l = {.grid = {gx, gy, gz},
                   .block = {bx, by, bz},
                   .arguments = arguments,
                   .memory = memory,
                   .nmemory = live};
    PtxOutcome outcome = ptx_launch(function, &l, why);
    if (outcome == PTX_NOT_LAUNCHED)
        return INVALID_VALUE;
    failed = outcome == PTX_DONE ? 0 : code[outcome];
    if (failed)
        fprintf(stderr, "%s\n", why);
    return 0;
}

int cuGetErrorName(int error, const char **name)
{
    static const struct {
        int code;
        const char *name;
    } known[] = {{NO_DEVICE, "CUDA_ERROR_NO_DEVICE"},
                 {ILLEGAL_ADDRESS, "CUDA_ERROR_ILLEGAL_ADDRESS"},
                 {MISALIGNED_ADDRESS, "CUDA_ERROR_MISALIGNED_ADDRESS"},
                 {LAUNCH_FAILED, "CUDA_ERROR_LAUNCH_FAILED"},
                 {INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE"}};
    *name = "CUDA_ERROR_UNKNOWN";
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].code == error)
            *name = known[i].name;
    return 0;
}
