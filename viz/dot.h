/* dot.h -- writing DOT text. */
#ifndef VIZ_DOT_H
#define VIZ_DOT_H

#include "core/base/buf.h"
#include "viz/svg/svg.h"

/* Opens a graph with our fonts, colours and spacing; `more` are further graph attributes. */
void dot_begin(Buf *b, const char *name, const char *more);
void dot_end(Buf *b);

/* How a box is drawn. */
typedef struct DotLook {
    Color line, fill;
    int border;
    const char *style; /* of the border: "", "DASHED", … */
} DotLook;

/* Opens an HTML-like table in a box; `port` may be NULL. */
void dot_table(Buf *b, const char *port, DotLook look, int spacing, int padding);

/* Text in a font, in a label; the anchor does not count. */
void dot_text(Buf *b, SvgFont f, const char *text);

/* What Graphviz's nodes look like that are no boxes. */
typedef enum DotShape { DOT_box, DOT_cylinder, DOT_box3d, DOT_component } DotShape;
extern const char *const dot_shape_name[];

/* One entry of a legend: a box as wide as a letter or two, and what it means. */
typedef struct DotKey {
    DotLook look;     /* without a border: a text alone */
    const char *sign; /* inside the box; may be NULL */
    const char *text;
    DotShape shape; /* those that are no boxes come last, and fill no more than a line */
} DotKey;

enum { DOT_KEYS_IN_LINE = 3 };

/* The entries as an HTML-like table, a few to a line; a text alone has a line of its own. */
void dot_legend(Buf *b, const DotKey *key, size_t n);

/* A picture's label at its lower left: the legend, in which tables leave room for the shapes that
** no table has, and these, drawn there on the picture's background. */
void dot_legend_below(Buf *b, const DotKey *key, size_t n);

/* Text inside an HTML-like label (or SVG, or any XML): & < > " are escaped, control characters and
** broken UTF-8 become '?'. */
void put_xml(Buf *b, const char *text);

/* A name between quotes. */
void put_quoted(Buf *b, const char *text);

#endif
