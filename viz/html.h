/* html.h -- a picture for a notebook or a report. */
#ifndef VIZ_HTML_H
#define VIZ_HTML_H

#include "viz/draw.h"

/* `<img src="data:image/svg+xml;base64,…" alt="…">`: the one form that survives the sanitising of
** notebooks, trusted or not, and of nbconvert; animation inside it runs. */
const char *html_image(Arena *A, Bytes svg, const char *alt);

#endif
