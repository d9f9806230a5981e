/* dot.h -- writing DOT text. */
#ifndef VIZ_DOT_H
#define VIZ_DOT_H

#include "core/base/buf.h"

/* Opens a graph with our fonts, colours and spacing; `more` are further graph attributes. */
void dot_begin(Buf *b, const char *name, const char *more);
void dot_end(Buf *b);

/* Text inside an HTML-like label (or SVG, or any XML): & < > " are escaped, control characters and broken
** UTF-8 become '?'. */
void put_xml(Buf *b, const char *text);
/* The same, at most `cols` columns, with an ellipsis where it is cut. */
void put_xml_cut(Buf *b, const char *text, int cols);

/* A name between quotes. */
void put_quoted(Buf *b, const char *text);

#endif
