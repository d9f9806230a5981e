/* dot.c -- DOT text. */
#include "viz/dot.h"

#include <assert.h>
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

const char *const dot_shape_name[] = {[DOT_box] = "box",
                                      [DOT_cylinder] = "cylinder",
                                      [DOT_box3d] = "box3d",
                                      [DOT_component] = "component"};

/* A box of a legend, the widest cell that it stands in, and what a cell of text has besides. */
enum { SWATCH = 20, SWATCH_CELL = 30, KEY_HEIGHT = 19, KEY_ROOM = 16 };

static void put_key(Buf *b, const DotKey *k, int width)
{
    if (k->shape != DOT_box)
        buf_printf(b, "<TD WIDTH=\"%d\" HEIGHT=\"%d\"></TD>", SWATCH_CELL, KEY_HEIGHT);
    else if (k->look.border) {
        buf_printf(b, "<TD WIDTH=\"%d\">", SWATCH_CELL);
        dot_table(b, NULL, k->look, 0, 0);
        buf_printf(b,
                   "<TR><TD WIDTH=\"%d\" HEIGHT=\"13\"><FONT POINT-SIZE=\"9\" "
                   "COLOR=\"%s\">%s</FONT></TD></TR></TABLE></TD>",
                   SWATCH, color_hex[k->look.line], k->sign && *k->sign ? k->sign : " ");
    }
    if (k->look.border)
        buf_printf(b, "<TD ALIGN=\"LEFT\" WIDTH=\"%d\">", width);
    else
        buf_printf(b, "<TD ALIGN=\"LEFT\" COLSPAN=\"%d\">", 2 * DOT_KEYS_IN_LINE + 1);
    buf_printf(b, "<FONT POINT-SIZE=\"9\" COLOR=\"%s\">", color_hex[COLOR_quiet]);
    put_xml(b, k->text);
    buf_puts(b, "   </FONT></TD>");
}

typedef struct Widths {
    int column[DOT_KEYS_IN_LINE]; /* of text */
    int filler; /* A table hands what it is wider than its columns to all of them, so a last column
                ** takes what texts alone need more. */
} Widths;

static Widths key_widths(const DotKey *key, size_t n)
{
    SvgFont font = {.size = 9};
    Widths w = {0};
    double texts = 0;
    int boxes = 0;
    for (size_t i = 0, k = 0; i < n; i++) {
        double width = svg_measure(font, key[i].text, NULL) + KEY_ROOM;
        if (!key[i].look.border) {
            texts = fmax(texts, width);
            k = 0;
            continue;
        }
        w.column[k] = (int)fmax(w.column[k], width);
        k = (k + 1) % DOT_KEYS_IN_LINE;
    }
    for (int k = 0; k < DOT_KEYS_IN_LINE; k++)
        boxes += w.column[k] ? w.column[k] + SWATCH_CELL : 0;
    w.filler = texts > boxes ? (int)texts - boxes + 1 : 0;
    return w;
}

void dot_legend(Buf *b, const DotKey *key, size_t n)
{
    buf_puts(b, "<TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLSPACING=\"0\" CELLPADDING=\"2\">\n");
    Widths w = key_widths(key, n);
    bool open = false;
    for (size_t i = 0, col = 0; i < n; i++) {
        if (col == 0 || !key[i].look.border) {
            buf_puts(b, open ? "</TR>\n<TR>" : "<TR>");
            col = 0;
        }
        put_key(b, &key[i], w.column[col]);
        col = key[i].look.border ? (col + 1) % DOT_KEYS_IN_LINE : 0;
        open = col != 0 && i + 1 < n;
        if (!open)
            buf_puts(b, "</TR>\n");
        bool texts_end = !key[i].look.border && (i + 1 == n || key[i + 1].look.border);
        if (w.filler && texts_end)
            buf_printf(b, "<TR><TD COLSPAN=\"%d\"></TD><TD WIDTH=\"%d\"></TD></TR>\n",
                       2 * DOT_KEYS_IN_LINE, w.filler);
    }
    buf_puts(b, "</TABLE>");
}

/* ---- shapes that tables do not have ---- */

enum { SHAPE_WIDTH = 24, SHAPE_HEIGHT = 16 };

/* In the language of Graphviz's xdot, where y goes up: P fills a polygon, b a curve; L and B are
** lines. */
static void put_points(Buf *b, const char *what, const double *at, size_t numbers)
{
    buf_printf(b, "%s %zu ", what, numbers / 2);
    for (size_t i = 0; i < numbers; i++)
        buf_printf(b, "%.4g ", at[i]);
}

#define PUT_POINTS(b, what, ...)                       \
    put_points(b, what, (const double[]){__VA_ARGS__}, \
               sizeof(double[]){__VA_ARGS__} / sizeof(double))

static void put_cylinder(Buf *b, double l, double low, double r, double top)
{
    enum { LID = 2, ARC = 3 };
    low += LID;
    top -= LID;
    PUT_POINTS(b, "b", l, top, l, top + ARC, r, top + ARC, r, top, r, top, r, low, r, low, r,
               low - ARC, l, low - ARC, l, low, l, low, l, top, l, top);
    PUT_POINTS(b, "B", l, top, l, top - ARC, r, top - ARC, r, top);
}

static void put_box3d(Buf *b, double l, double low, double r, double top)
{
    enum { DEEP = 3 };
    PUT_POINTS(b, "P", l, low, r - DEEP, low, r, low + DEEP, r, top, l + DEEP, top, l, top - DEEP);
    PUT_POINTS(b, "L", l, top - DEEP, r - DEEP, top - DEEP, r - DEEP, low);
    PUT_POINTS(b, "L", r - DEEP, top - DEEP, r, top);
}

static void put_component(Buf *b, double l, double low, double r, double top)
{
    enum { TAB = 3 }; /* half of one's width, its height, and how far it is from the corner */
    double edge = l + TAB, in = edge + TAB;
    PUT_POINTS(b, "P", r, top, edge, top, edge, top - TAB, l, top - TAB, l, top - 2 * TAB, edge,
               top - 2 * TAB, edge, low + 2 * TAB, l, low + 2 * TAB, l, low + TAB, edge, low + TAB,
               edge, low, r, low);
    PUT_POINTS(b, "L", edge, top - TAB, in, top - TAB, in, top - 2 * TAB, edge, top - 2 * TAB);
    PUT_POINTS(b, "L", edge, low + TAB, in, low + TAB, in, low + 2 * TAB, edge, low + 2 * TAB);
}

void dot_legend_below(Buf *b, const DotKey *key, size_t n)
{
    static void (*const put[])(Buf *, double, double, double, double) = {
        [DOT_cylinder] = put_cylinder, [DOT_box3d] = put_box3d, [DOT_component] = put_component};
    enum { LABEL_X = 8, LABEL_Y = 4 }; /* what Graphviz leaves around a picture's label */
    Widths w = key_widths(key, n);
    double left = LABEL_X + (SWATCH_CELL - SHAPE_WIDTH) / 2.0,
           low = LABEL_Y + (KEY_HEIGHT - SHAPE_HEIGHT) / 2.0;
    size_t column = 0;
    buf_puts(b, "  label=<<TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLSPACING=\"0\" CELLPADDING=\"0\">"
                "<TR><TD HEIGHT=\"8\"></TD></TR><TR><TD>"); /* off what is above */
    dot_legend(b, key, n);
    buf_puts(b, "</TD></TR></TABLE>>\n");
    for (size_t i = 0; i < n; i++) {
        if (key[i].shape == DOT_box)
            continue;
        assert(column < DOT_KEYS_IN_LINE);
        buf_puts(b, column == 0 ? "  _background=\"" : "");
        buf_printf(b, "c 7 -%s C 7 -%s ", color_hex[key[i].look.line], color_hex[key[i].look.fill]);
        put[key[i].shape](b, left, low, left + SHAPE_WIDTH, low + SHAPE_HEIGHT);
        left += SWATCH_CELL + w.column[column++];
    }
    buf_puts(b, column ? "\"\n" : "");
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
