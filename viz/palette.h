/* palette.h -- names for the colours of palette.def. */
#ifndef VIZ_PALETTE_H
#define VIZ_PALETTE_H

#include "core/ir/ir.h"

typedef enum Color {
#define COLOR(name, light, dark, doc) COLOR_##name,
#include "viz/palette.def"
    COLOR_COUNT
} Color;

/* On light paper: what pictures are written in */
extern const char *const color_hex[COLOR_COUNT];
extern const char *const color_dark_hex[COLOR_COUNT];

/* The hue of a kind of loop; ink for serial ones. */
Color color_of_kind(ForKind k);

/* A <style> element that exchanges the colours where dark is preferred. */
const char *palette_style(void);

/* Font families that are there on the usual systems, with nearly the same widths;
** nothing is fetched. */
#define FONT_TEXT "DejaVu Sans,Verdana,sans-serif"
#define FONT_CODE "DejaVu Sans Mono,Menlo,Consolas,monospace"

#endif
