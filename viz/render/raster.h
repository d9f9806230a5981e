/* raster.h -- SVG text to a PNG at twice its nominal size. */
#ifndef VIZ_RENDER_RASTER_H
#define VIZ_RENDER_RASTER_H

#include <stdbool.h>
#include <stddef.h>

int raster_svg(const char *svg, size_t n, char **out, size_t *out_n, char *why, size_t why_n);

#endif
