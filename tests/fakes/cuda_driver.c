/* cuda_driver.c -- stands in for NVIDIA's driver where there is no GPU, so that what
** the session and the GPU process say to it is tested: device memory is host memory,
** and the one kernel that it can run adds two vectors, whatever the PTX says.  It is
** a GPU of sm_80, which refuses code for newer ones; a grid of 7 in y is answered as
** a fault, one of 8 ends the process, and one of 9 never ends.  With NO_DEVICE in the
** environment there is no GPU at all. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CUDA(name, args) int name args;
#include "backends/cuda/cuda_api.def"

enum { NO_DEVICE = 100, ILLEGAL_ADDRESS = 700, INVALID_IMAGE = 200, NOT_FOUND = 500, MOST = 64 };

static struct {
    uint64_t pointer;
    size_t bytes;
} memory[MOST];
static int live;

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
    return *value = attribute == 75 ? 8 : 0, 0;
}

int cuDevicePrimaryCtxRetain(void **context, int device)
{
    (void)device;
    return *context = memory, 0;
}

int cuCtxSetCurrent(void *context)
{
    return context == memory ? 0 : 201;
}

int cuCtxSynchronize(void)
{
    return 0;
}

int cuModuleLoadDataEx(void **module, const void *image, unsigned n, int *options, void **values)
{
    if (strstr(image, ".entry") && !strstr(image, ".target sm_90")) {
        *module = memory;
        return 0;
    }
    if (n > 0 && options[0] == 5)
        strcpy(values[0], "ptxas: no entry for sm_80\nmore");
    return INVALID_IMAGE;
}

int cuModuleUnload(void *module)
{
    return module == memory ? 0 : INVALID_IMAGE;
}

int cuModuleGetFunction(void **function, void *module, const char *name)
{
    *function = module;
    return strncmp(name, "kernel", 6) == 0 ? 0 : NOT_FOUND;
}

int cuMemAlloc_v2(uint64_t *pointer, size_t bytes)
{
    if (live == MOST)
        return 2;
    void *p = calloc(1, bytes);
    memory[live].pointer = *pointer = (uint64_t)(uintptr_t)p;
    memory[live++].bytes = bytes;
    return p ? 0 : 2;
}

int cuMemFree_v2(uint64_t pointer)
{
    for (int i = 0; i < live; i++)
        if (memory[i].pointer == pointer) {
            free((void *)(uintptr_t)pointer);
            memory[i] = memory[--live];
            return 0;
        }
    return 1;
}

static size_t size_of(uint64_t pointer)
{
    for (int i = 0; i < live; i++)
        if (memory[i].pointer == pointer)
            return memory[i].bytes;
    return 0;
}

int cuMemcpyHtoD_v2(uint64_t to, const void *from, size_t bytes)
{
    if (bytes > size_of(to))
        return 1;
    memcpy((void *)(uintptr_t)to, from, bytes);
    return 0;
}

int cuMemcpyDtoH_v2(void *to, uint64_t from, size_t bytes)
{
    if (bytes > size_of(from))
        return 1;
    memcpy(to, (const void *)(uintptr_t)from, bytes);
    return 0;
}

int cuLaunchKernel(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by,
                   unsigned bz, unsigned shared, void *stream, void **arguments, void **extra)
{
    (void)shared, (void)stream, (void)extra;
    if (function != memory || gy == 7)
        return ILLEGAL_ADDRESS;
    if (gy == 8)
        abort();
    while (gy == 9)
        pause();
    uint64_t p[3];
    for (int i = 0; i < 3; i++)
        p[i] = *(uint64_t *)arguments[i];
    size_t threads = (size_t)gx * gy * gz * bx * by * bz;
    for (size_t i = 0; i < threads && i < size_of(p[2]) / sizeof(float); i++)
        ((float *)(uintptr_t)p[2])[i] =
            ((float *)(uintptr_t)p[0])[i] + ((float *)(uintptr_t)p[1])[i];
    return 0;
}

int cuGetErrorName(int code, const char **name)
{
    *name = code == ILLEGAL_ADDRESS ? "CUDA_ERROR_ILLEGAL_ADDRESS"
            : code == NO_DEVICE     ? "CUDA_ERROR_NO_DEVICE"
                                    : "CUDA_ERROR_UNKNOWN";
    return 0;
}
