/* dot.c -- DOT text. */
#include "viz/dot.h"

#include <string.h>

#include "viz/palette.h"
#include "viz/text/style.h"

void dot_begin(Buf *b, const char *name, const char *more)
{
    buf_puts(b, "digraph ");
    put_quoted(b, name);
    buf_printf(b,
               " {\n"
               "  graph [bgcolor=\"%s\" pad=\"0.25\" fontname=\"" FONT_TEXT "\" fontsize=11 "
               "fontcolor=\"%s\" %s]\n"
               "  node [shape=plain fontname=\"" FONT_TEXT "\" fontsize=11 fontcolor=\"%s\" color=\"%s\"]\n"
               "  edge [fontname=\"" FONT_TEXT "\" fontsize=9 fontcolor=\"%s\" color=\"%s\" "
               "arrowsize=0.7]\n",
               color_hex[COLOR_paper], color_hex[COLOR_ink], more, color_hex[COLOR_ink],
               color_hex[COLOR_edge], color_hex[COLOR_quiet], color_hex[COLOR_edge]);
}

void dot_end(Buf *b)
{
    buf_puts(b, "}\n");
}

/* Bytes of the code point at s, 0 if it is not valid UTF-8 that XML allows. */
static size_t xml_char(const char *s)
{
    const unsigned char *p = (const unsigned char *)s;
    if (p[0] < 0x80)
        return p[0] >= 0x20 && p[0] != 0x7f;
    size_t n = p[0] >= 0xC2 && p[0] < 0xE0 ? 2 : p[0] >= 0xE0 && p[0] < 0xF0 ? 3 : p[0] >= 0xF0 && p[0] < 0xF5 ? 4 : 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    bool surrogate = n == 3 && p[0] == 0xED && p[1] >= 0xA0;
    bool overlong = (p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xF0 && p[1] < 0x90);
    bool nonchar = p[0] == 0xEF && p[1] == 0xBF && p[2] >= 0xBE;
    return surrogate || overlong || nonchar ? 0 : n;
}

static void put_xml_n(Buf *b, const char *s, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t n = xml_char(s + i);
        switch (s[i]) {
        case '&': buf_puts(b, "&amp;"); break;
        case '<': buf_puts(b, "&lt;"); break;
        case '>': buf_puts(b, "&gt;"); break;
        case '"': buf_puts(b, "&quot;"); break;
        default:
            if (n)
                buf_add(b, s + i, n);
            else
                buf_putc(b, '?');
        }
        i += n ? n : 1;
    }
}

void put_xml(Buf *b, const char *text)
{
    put_xml_n(b, text, strlen(text));
}

void put_xml_cut(Buf *b, const char *text, int cols)
{
    size_t n = text_cols(text) > cols ? text_fit(text, cols - 1) : strlen(text);
    put_xml_n(b, text, n);
    if (text[n])
        buf_puts(b, "…");
}

void put_quoted(Buf *b, const char *text)
{
    buf_putc(b, '"');
    for (const char *s = text; *s;) {
        size_t n = xml_char(s);
        if (*s == '"' || *s == '\\')
            buf_putc(b, '\\');
        if (n)
            buf_add(b, s, n);
        else
            buf_putc(b, '?');
        s += n ? n : 1;
    }
    buf_putc(b, '"');
}
