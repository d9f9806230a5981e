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

/* One entry of a legend: a box as wide as a letter or two, and what it means. */
typedef struct DotKey {
    DotLook look;     /* without a border: a text alone */
    const char *sign; /* inside the box; may be NULL */
    const char *text;
} DotKey;

/* The entries as an HTML-like table, a few to a line; a text alone has a line of its own. */
void dot_legend(Buf *b, const DotKey *key, size_t n);

/* Text inside an HTML-like label (or SVG, or any XML): & < > " are escaped, control characters and
** broken UTF-8 become '?'. */
void put_xml(Buf *b, const char *text);

/* A name between quotes. */
void put_quoted(Buf *b, const char *text);

#endif
