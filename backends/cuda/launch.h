/* launch.h -- GPU programs from the session: loaded into the GPU process, run there.
**
** That process owns the driver and is started for the first program; when it dies, its programs are
** lost (cuda_lost), and the session goes on.  A run copies the parameters there, launches the
** kernels of the plan in order, and copies the results back.
*/
#ifndef BACKENDS_CUDA_LAUNCH_H
#define BACKENDS_CUDA_LAUNCH_H

#include "backends/cuda/plan.h"
#include "backends/kernel.h"

/* Loads the PTX of a planned program; fills in how `k` runs.  Fails with cuda_no_driver where there
** is no GPU. */
bool cuda_load(Kernel *k, const Node *func, const CudaPlan *plan, const char *ptx, Err *err);

/* "NVIDIA H100 PCIe, sm_90, driver 12.4"; NULL with *err where there is none.  Starts
** the process. */
const char *cuda_device(Arena *A, Err *err);

/* Ends the GPU process; the next use starts another. */
void cuda_shutdown(void);

#endif
