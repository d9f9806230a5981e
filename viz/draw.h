/* draw.h -- pictures as bytes: the session's half of drawing.
**
** A picture is described as text, in DOT (graphs, which Graphviz lays out) or in SVG (grids and
** plots, drawn by us).  Laying out and rasterising happen in a child, `tvmrepl --draw`: Graphviz
** cannot be interrupted and may take minutes on an unlucky graph, so the child is killed when its
** time is over or the user presses ctrl-C, and the session never loads those libraries.
*/
#ifndef VIZ_DRAW_H
#define VIZ_DRAW_H

#include "core/base/arena.h"

typedef enum DrawFormat { DRAW_svg, DRAW_png, DRAW_dot } DrawFormat;

/* A picture that was described but not drawn yet. */
typedef struct Picture {
    enum { PICTURE_dot, PICTURE_svg } language;
    const char *source;
} Picture;

/* How long the child may take where nobody says otherwise. */
enum { DRAW_MS = 20000 };

typedef struct Bytes {
    const void *data;
    size_t n;
} Bytes;

/* The picture in the format asked for, in A; the child may take `ms` (0: DRAW_MS).  A format
** that is the picture's language gives the description itself and needs no child.
** Errors: draw_no_dot, draw_timeout, draw_failed, interrupted, viz_missing. */
bool draw_bytes(Arena *A, Picture p, DrawFormat to, int ms, Bytes *out, Err *err);

/* The format that a file name asks for by its ending; draw_format if it asks for none
** that exists. */
bool draw_format_of(const char *path, DrawFormat *out, Err *err);

/* Draws into a file, which is replaced only when the picture is complete. */
bool draw_file(Arena *A, Picture p, const char *path, int ms, Err *err);

/* What a program that may be asked to draw calls first in main: runs `ARGV0 --draw …` if that is
** what it was started as, else returns -1; otherwise the exit status. */
int draw_main(int argc, char **argv);

#endif
