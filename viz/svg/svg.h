/* svg.h -- writing SVG by hand: no script, no fonts to fetch, colours from the palette. */
#ifndef VIZ_SVG_SVG_H
#define VIZ_SVG_SVG_H

#include "core/base/buf.h"
#include "viz/palette.h"

/* An image of that size on paper; `title` is what a screen reader says. */
void svg_open(Buf *b, double width, double height, const char *title);
void svg_close(Buf *b);

typedef enum SvgAnchor { SVG_start, SVG_middle, SVG_end } SvgAnchor;

typedef struct SvgFont {
    double size;
    bool code, bold;
    SvgAnchor anchor;
    Color color;
} SvgFont;

/* Text whose baseline is at y. */
void svg_text(Buf *b, double x, double y, SvgFont f, const char *text);

/* `opacity` from 0 to 1. */
void svg_rect(Buf *b, double x, double y, double w, double h, double round, Color fill,
              double opacity);
void svg_frame(Buf *b, double x, double y, double w, double h, double round, Color stroke,
               double width);
void svg_line(Buf *b, double x1, double y1, double x2, double y2, Color stroke, double width);

#endif
