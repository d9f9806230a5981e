/* bars.h -- timings side by side: a bar to the median, and how far the runs spread. */
#ifndef VIZ_BARS_H
#define VIZ_BARS_H

#include "core/run/stats.h"
#include "viz/draw.h"
#include "viz/text/style.h"

typedef struct Bar {
    const char *label; /* "tiled" */
    Stats time;        /* in seconds */
    const char *note;  /* "3.1x faster [2.9, 3.3]", "38 GFLOP/s"; may be "" */
} Bar;

/* A line for each: label, median, spread, bar, note.  The bar ends at the median; `├──┤` shows the
** quartiles. One scale for all, from 0.  Where notes are ratios, `against` is the label
** of what they are against, and is told, if need be cut; else NULL. */
const char *bars_text(Arena *A, size_t n, const Bar *bar, const char *against, TextStyle style);

Picture bars_picture(Arena *A, const char *title, size_t n, const Bar *bar, const char *against);

/* "812 ns", "1.52 ms": three digits; "µs" needs UTF-8. */
const char *text_seconds(Arena *A, double seconds, bool utf8);

#endif
