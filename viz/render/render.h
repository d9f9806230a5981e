/* render.h -- the one function of the module tvmrepl-viz.so; called only in the drawing child. */
#ifndef VIZ_RENDER_RENDER_H
#define VIZ_RENDER_RENDER_H

#include <stddef.h>

/* Draws `source`, in the language "dot" or "svg", as "svg" or "png".  The bytes are
** malloc'd.  Returns 0, or 1 with a sentence in `why`. */
typedef int RenderFn(const char *from, const char *to, const char *source, size_t n, char **out,
                     size_t *out_n, char *why, size_t why_n);

#define RENDER_SYMBOL "tvmrepl_render"
RenderFn tvmrepl_render;

#endif
