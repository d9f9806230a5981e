/* peak.h -- how fast this machine can multiply and add: what "% of peak" refers to. */
#ifndef BACKENDS_LLVM_PEAK_H
#define BACKENDS_LLVM_PEAK_H

#include "core/base/dtype.h"
#include "core/base/err.h"

/* Measured GFLOP/s of one core for float32 or float64: the best run of a loop over independent
** accumulators, each multiplied and added to (2 operations) without touching memory.  Measured at
** the first call and kept; 0 with *err where nothing can be run. */
double llvm_peak_gflops(DType t, Err *err);

#endif
