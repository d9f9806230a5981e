/* svg.c -- elements of SVG. */
#include "viz/svg/svg.h"

#include "viz/dot.h"
#include "viz/svg/measure.h"

void svg_open(Buf *b, double width, double height, const char *title)
{
    buf_printf(b,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
               "viewBox=\"0 0 %.0f %.0f\" role=\"img\">\n<title>",
               width, height, width, height);
    put_xml(b, title);
    buf_printf(b, "</title>\n%s", palette_style());
    svg_rect(b, 0, 0, width, height, 0, COLOR_paper, 1);
}

void svg_close(Buf *b)
{
    buf_puts(b, "</svg>\n");
}

void svg_text(Buf *b, double x, double y, SvgFont f, const char *text)
{
    static const char *const anchor[] = {"", " text-anchor=\"middle\"", " text-anchor=\"end\""};
    buf_printf(b,
               "<text x=\"%.1f\" y=\"%.1f\" font-family=\"%s\" font-size=\"%.4g\"%s%s fill=\"%s\"",
               x, y, f.code ? FONT_CODE : FONT_TEXT, f.size, anchor[f.anchor],
               f.bold ? " font-weight=\"bold\"" : "", color_hex[f.color]);
    svg_put_length(b, f, text);
    buf_putc(b, '>');
    put_xml(b, text);
    buf_puts(b, "</text>\n");
}

void svg_rect(Buf *b, double x, double y, double w, double h, double round, Color fill,
              double opacity)
{
    buf_printf(b, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"", x, y, w, h);
    if (round > 0)
        buf_printf(b, " rx=\"%.1f\"", round);
    buf_printf(b, " fill=\"%s\"", color_hex[fill]);
    if (opacity < 1)
        buf_printf(b, " fill-opacity=\"%.2f\"", opacity);
    buf_puts(b, "/>\n");
}

void svg_frame(Buf *b, double x, double y, double w, double h, double round, Color stroke,
               double width)
{
    buf_printf(
        b,
        "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"%.1f\" fill=\"none\" "
        "stroke=\"%s\" stroke-width=\"%.1f\"/>\n",
        x, y, w, h, round, color_hex[stroke], width);
}

void svg_line(Buf *b, double x1, double y1, double x2, double y2, Color stroke, double width)
{
    buf_printf(b,
               "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" "
               "stroke-width=\"%.1f\"/>\n",
               x1, y1, x2, y2, color_hex[stroke], width);
}
