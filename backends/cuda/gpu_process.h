/* gpu_process.h -- the process that owns the GPU: `tvmrepl --gpu`.
**
** It is started fresh, for the CUDA driver does not survive a fork, and a GPU that faults takes the
** context with it: then this process ends and the next call starts another.
**
** Frames.  GPU_LOAD: PTX, sizes of the buffers (parameters, results, temporaries), how many are
** inputs and results, the kernels with grid, block and the numbers of their buffers; answered by
** GPU_DONE with a number for the program.  GPU_RUN: that number and the inputs' bytes; answered by
** GPU_DONE with the results' bytes.  GPU_FORGET: the number.  Trouble is answered by GPU_ERROR.
*/
#ifndef BACKENDS_CUDA_GPU_PROCESS_H
#define BACKENDS_CUDA_GPU_PROCESS_H

enum { GPU_LOAD = 100, GPU_RUN, GPU_FORGET, GPU_DESCRIBE, GPU_DONE, GPU_ERROR };

/* Serves the socket until the session closes it; the exit status. */
int gpu_process_main(int sock);

#endif
