/* driver.h -- the CUDA driver, opened at run time: only in the GPU process.
**
**      const CudaApi *cu = cuda_driver(err);
**      int code = cu->cuMemAlloc_v2(&at, bytes);
**      if (code)
**          return cuda_failed(cu, "cuMemAlloc", code, err);
*/
#ifndef BACKENDS_CUDA_DRIVER_H
#define BACKENDS_CUDA_DRIVER_H

#include <stdint.h>

#include "core/base/err.h"

typedef struct CudaApi {
#define CUDA(name, args) int(*name) args;
#include "backends/cuda/cuda_api.def"
} CudaApi;

/* The driver's functions, with device 0 ready to be used by this thread; NULL with *err where there
** is no driver, no device, or one that refuses. */
const CudaApi *cuda_driver(Err *err);

enum { CUDA_OUT_OF_MEMORY = 2 };

/* Fails with cuda_call: which function, and what the driver calls the trouble. */
bool cuda_failed(const CudaApi *cu, const char *function, int code, Err *err);

/* "NVIDIA H100 PCIe, sm_90, driver 12.4" */
void cuda_device_text(const CudaApi *cu, char *out, size_t size);

#endif
