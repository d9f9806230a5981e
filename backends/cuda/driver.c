/* driver.c -- opening the CUDA driver. */
#include "backends/cuda/driver.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static CudaApi api;

static const char *error_name(const CudaApi *cu, int code)
{
    const char *name = NULL;
    return cu->cuGetErrorName(code, &name) || !name ? "an unknown error" : name;
}

bool cuda_failed(const CudaApi *cu, const char *function, int code, Err *err)
{
    return REFUSE(err, cuda_call, NULL, function, error_name(cu, code), code);
}

static bool not_loaded(Err *err)
{
    char why[512];
    snprintf(why, sizeof why, "NVIDIA's driver is not found or not whole: %s", dlerror());
    return REFUSE(err, cuda_no_driver, NULL, why);
}

static bool not_opened(const char *function, int code, Err *err)
{
    char why[128];
    snprintf(why, sizeof why, "%s gives %s (%d)", function, error_name(&api, code), code);
    return REFUSE(err, cuda_no_driver, NULL, why);
}

static bool find_functions(void *library, Err *err)
{
    static const struct {
        const char *name;
        size_t offset;
    } rows[] = {
#define CUDA(name, args) {#name, offsetof(CudaApi, name)},
#include "backends/cuda/cuda_api.def"
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        void *f = dlsym(library, rows[i].name);
        if (!f)
            return not_loaded(err);
        memcpy((char *)&api + rows[i].offset, &f, sizeof f);
    }
    return true;
}

static bool open_device(Err *err)
{
    int count = 0, device = 0, code;
    void *context = NULL;
    if ((code = api.cuInit(0)))
        return not_opened("cuInit", code, err);
    if ((code = api.cuDeviceGetCount(&count)))
        return not_opened("cuDeviceGetCount", code, err);
    if (count == 0)
        return REFUSE(err, cuda_no_driver, NULL, "the driver finds no device");
    if ((code = api.cuDeviceGet(&device, 0)))
        return not_opened("cuDeviceGet", code, err);
    if ((code = api.cuDevicePrimaryCtxRetain(&context, device)))
        return not_opened("cuDevicePrimaryCtxRetain", code, err);
    if ((code = api.cuCtxSetCurrent(context)))
        return not_opened("cuCtxSetCurrent", code, err);
    return true;
}

const CudaApi *cuda_driver(Err *err)
{
    static bool ready;
    if (ready)
        return &api;
    void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    ready = library ? find_functions(library, err) && open_device(err) : not_loaded(err);
    return ready ? &api : NULL;
}

enum { MAJOR = 75, MINOR = 76 }; /* CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_… */

void cuda_device_text(const CudaApi *cu, char *out, size_t size)
{
    char name[128] = "a GPU";
    int major = 0, minor = 0, version = 0;
    if (cu->cuDeviceGetName(name, sizeof name, 0) || cu->cuDeviceGetAttribute(&major, MAJOR, 0) ||
        cu->cuDeviceGetAttribute(&minor, MINOR, 0) || cu->cuDriverGetVersion(&version))
        major = minor = 0;
    snprintf(out, size, "%s, sm_%d%d, driver %d.%d", name, major, minor, version / 1000,
             version % 1000 / 10);
}
