/* peak.h -- how fast this machine can multiply and add: what "% of peak" refers to. */
#ifndef BACKENDS_LLVM_PEAK_H
#define BACKENDS_LLVM_PEAK_H

#include "core/base/dtype.h"
#include "core/base/err.h"

enum { PEAK_MAX_THREADS = 1024 };

/* Measured GFLOP/s of `threads` cores for float32 or float64: the best of many short
** runs of a loop over independent accumulators, each multiplied and added to (2
** operations) without touching memory. Measured at the first call, and once more if
** `again`; the highest that was ever measured counts, for other programs only ever
** make it look lower.  0 with *err where nothing can be run. */
double llvm_peak_gflops(DType t, int threads, bool again, Err *err);

#endif
