/* html.c -- SVG as a data URL. */
#include "viz/html.h"

#include "core/base/buf.h"
#include "viz/dot.h"

static void put_base64(Buf *b, const unsigned char *p, size_t n)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        unsigned v = (unsigned)p[i] << 16;
        v |= i + 1 < n ? (unsigned)p[i + 1] << 8 : 0;
        v |= i + 2 < n ? p[i + 2] : 0;
        buf_putc(b, digit[v >> 18]);
        buf_putc(b, digit[v >> 12 & 63]);
        buf_putc(b, i + 1 < n ? digit[v >> 6 & 63] : '=');
        buf_putc(b, i + 2 < n ? digit[v & 63] : '=');
    }
}

const char *html_image(Arena *A, Bytes svg, const char *alt)
{
    Buf b = buf_new(A);
    buf_puts(&b, "<img src=\"data:image/svg+xml;base64,");
    put_base64(&b, svg.data, svg.n);
    buf_puts(&b, "\" alt=\"");
    put_xml(&b, alt);
    buf_puts(&b, "\">");
    return buf_str(&b);
}
