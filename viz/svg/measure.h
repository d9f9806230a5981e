/* measure.h -- how wide text is, without a font library.
**
** The advances of DejaVu Sans and its bold and code faces, which pictures name first, are tabled. A
** text that is written with its width (svg_text does) takes that much room in any font that a
** browser has instead.
*/
#ifndef VIZ_SVG_MEASURE_H
#define VIZ_SVG_MEASURE_H

#include "viz/svg/svg.h"

/* In user units.  `*exact` (may be NULL) is false if a letter's advance is not tabled but
** guessed. */
double svg_measure(SvgFont f, const char *text, bool *exact);

/* The attributes that hold text to its width, " textLength=…", or nothing where that is guessed. */
void svg_put_length(Buf *b, SvgFont f, const char *text);

/* Text in lines of at most `width`, broken between words; a word that is wider has a line of its
** own. */
typedef struct SvgLines {
    size_t n;
    const char **line;
} SvgLines;
SvgLines svg_wrap(Arena *A, SvgFont f, const char *text, double width);

#endif
