/* dot.c -- DOT text. */
#include "viz/dot.h"

#include <math.h>
#include <string.h>

#include "core/base/utf8.h"
#include "viz/svg/measure.h"

void dot_begin(Buf *b, const char *name, const char *more)
{
    buf_puts(b, "digraph ");
    put_quoted(b, name);
    buf_printf(b,
               " {\n"
               "  graph [bgcolor=\"%s\" pad=\"0.25\" fontname=\"" FONT_TEXT "\" fontsize=11 "
               "fontcolor=\"%s\" %s]\n"
               "  node [shape=plain fontname=\"" FONT_TEXT
               "\" fontsize=11 fontcolor=\"%s\" color=\"%s\"]\n"
               "  edge [fontname=\"" FONT_TEXT "\" fontsize=9 fontcolor=\"%s\" color=\"%s\" "
               "arrowsize=0.7]\n",
               color_hex[COLOR_paper], color_hex[COLOR_ink], more, color_hex[COLOR_ink],
               color_hex[COLOR_edge], color_hex[COLOR_quiet], color_hex[COLOR_edge]);
}

void dot_end(Buf *b)
{
    buf_puts(b, "}\n");
}

void dot_table(Buf *b, const char *port, DotLook look, int spacing, int padding)
{
    buf_puts(b, "<TABLE");
    if (port)
        buf_printf(b, " PORT=\"%s\"", port);
    buf_printf(b,
               " BORDER=\"%d\" CELLBORDER=\"0\" CELLSPACING=\"%d\" CELLPADDING=\"%d\" COLOR=\"%s\" "
               "BGCOLOR=\"%s\"",
               look.border, spacing, padding, color_hex[look.line], color_hex[look.fill]);
    if (*look.style)
        buf_printf(b, " STYLE=\"%s\"", look.style);
    buf_putc(b, '>');
}

void dot_text(Buf *b, SvgFont f, const char *text)
{
    buf_printf(b, "<FONT COLOR=\"%s\" FACE=\"%s\" POINT-SIZE=\"%.0f\">%s", color_hex[f.color],
               f.code ? FONT_CODE : FONT_TEXT, f.size, f.bold ? "<B>" : "");
    put_xml(b, text);
    buf_printf(b, "%s</FONT>", f.bold ? "</B>" : "");
}

enum { KEYS_IN_LINE = 3, SWATCH = 20 };

static void put_key(Buf *b, const DotKey *k)
{
    if (k->look.border) {
        buf_puts(b, "<TD>");
        dot_table(b, NULL, k->look, 0, 0);
        buf_printf(b,
                   "<TR><TD WIDTH=\"%d\" HEIGHT=\"13\"><FONT POINT-SIZE=\"9\" "
                   "COLOR=\"%s\">%s</FONT></TD></TR></TABLE></TD>",
                   SWATCH, color_hex[k->look.line], k->sign && *k->sign ? k->sign : " ");
    }
    buf_printf(b, "<TD ALIGN=\"LEFT\" COLSPAN=\"%d\"><FONT POINT-SIZE=\"9\" COLOR=\"%s\">",
               k->look.border ? 1 : 2 * KEYS_IN_LINE + 1, color_hex[COLOR_quiet]);
    put_xml(b, k->text);
    buf_puts(b, "   </FONT></TD>");
}

/* A table hands what it is wider than its columns to all of them, so a last column takes what texts
** need more. */
static int filler_width(const DotKey *key, size_t n)
{
    SvgFont font = {.size = 9};
    double texts = 0, column[KEYS_IN_LINE] = {0}, boxes = 0;
    for (size_t i = 0, k = 0; i < n; i++) {
        double width = svg_measure(font, key[i].text, NULL);
        if (key[i].look.border) {
            column[k] = fmax(column[k], width + SWATCH + 16);
            k = (k + 1) % KEYS_IN_LINE;
        } else {
            texts = fmax(texts, width);
        }
    }
    for (int k = 0; k < KEYS_IN_LINE; k++)
        boxes += column[k];
    return texts > boxes ? (int)(texts - boxes) + 1 : 0;
}

void dot_legend(Buf *b, const DotKey *key, size_t n)
{
    buf_puts(b, "<TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLSPACING=\"0\" CELLPADDING=\"2\">\n");
    int col = 0, filler = filler_width(key, n);
    for (size_t i = 0; i < n; i++) {
        if (col == 0 || !key[i].look.border)
            buf_puts(b, col ? "</TR>\n<TR>" : "<TR>");
        put_key(b, &key[i]);
        col = key[i].look.border ? (col + 1) % KEYS_IN_LINE : 0;
        if (col == 0 || i + 1 == n)
            buf_puts(b, "</TR>\n");
    }
    if (filler)
        buf_printf(b, "<TR><TD COLSPAN=\"%d\"></TD><TD WIDTH=\"%d\"></TD></TR>\n", 2 * KEYS_IN_LINE,
                   filler);
    buf_puts(b, "</TABLE>");
}

/* Bytes of the code point at s, 0 if it is not valid UTF-8 that XML allows. */
static size_t xml_char(const char *s)
{
    size_t n = utf8_char(s, s + strnlen(s, 4));
    bool nonchar = n == 3 && memcmp(s, "\xEF\xBF", 2) == 0 && (unsigned char)s[2] >= 0xBE;
    return utf8_is_control(s, n) || nonchar ? 0 : n;
}

void put_xml(Buf *b, const char *s)
{
    for (size_t i = 0; s[i];) {
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
