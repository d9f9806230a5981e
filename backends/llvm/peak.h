/* peak.h -- how fast this machine can multiply and add: what "% of peak" refers to. */
#ifndef BACKENDS_LLVM_PEAK_H
#define BACKENDS_LLVM_PEAK_H

#include <stdbool.h>

#include "core/base/dtype.h"
#include "core/base/err.h"

enum { PEAK_MAX_THREADS = 1024 };

/* What is known of the peak of so many cores, in 10^9 operations a second; 0 where nothing could be
** run.  `waited` is which part of its time the measurement waited for a free processor, where that
** may have made it lower; else 0. */
typedef struct Peak {
    double gflops, waited;
} Peak;

/* What was measured of one type; zeros to begin with.  Other programs only ever make a
** machine look slower.  So the highest counts; what fewer cores reached, more of them do;
** and of n cores one does at least the n-th part. */
typedef struct PeakBook {
    double highest[PEAK_MAX_THREADS + 1]; /* GFLOP/s of so many threads; 0 where not measured */
    double waited[PEAK_MAX_THREADS + 1];  /* in the quietest measurement */
} PeakBook;

void peak_note(PeakBook *book, int threads, double gflops, double waited);
Peak peak_known(const PeakBook *book, int threads);

/* Is the peak what one core's promises?  Where cores share their units or slow each other
** down, it is not, on a quiet machine either. */
bool peak_plausible(const PeakBook *book, int threads);

/* The peak of `threads` cores for float32 or float64: the best of many short runs of a loop
** over independent accumulators, each multiplied and added to (2 operations) without
** touching memory.  Measured at the first call, several times if it is not plausible; and
** once more at each call with `again`, and after a measurement that waited and fell short.
** No gflops and *err where nothing can be run. */
Peak llvm_peak(DType t, int threads, bool again, Err *err);

#endif
