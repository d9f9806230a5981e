/* palette.c -- the colours, and the style sheet that turns light pictures dark. */
#include "viz/palette.h"

const char *const color_hex[COLOR_COUNT] = {
#define COLOR(name, light, dark, doc) [COLOR_##name] = light,
#include "viz/palette.def"
};

const char *const color_dark_hex[COLOR_COUNT] = {
#define COLOR(name, light, dark, doc) [COLOR_##name] = dark,
#include "viz/palette.def"
};

Color color_of_kind(ForKind k)
{
    return k == FOR_parallel       ? COLOR_parallel
           : k == FOR_vectorized   ? COLOR_vectorized
           : k == FOR_unrolled     ? COLOR_unrolled
           : for_is_block_axis(k)  ? COLOR_block
           : for_is_thread_axis(k) ? COLOR_thread
                                   : COLOR_ink;
}

const char *palette_style(void)
{
    return "<style>@media (prefers-color-scheme: dark) {\n"
#define COLOR(name, light, dark, doc) \
    "[fill=\"" light "\"]{fill:" dark "} [stroke=\"" light "\"]{stroke:" dark "}\n"
#include "viz/palette.def"
           "}</style>\n";
}
