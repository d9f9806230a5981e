/* render.c -- DOT to pictures, by libcgraph and libgvc. */
#include "viz/render/render.h"

#include <cgraph.h>
#include <gvc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "viz/palette.h"
#include "viz/render/raster.h"
#include "viz/render/tidy.h"
#include "viz/svg/measure.h"

static char last_message[256];

static int keep_message(char *text)
{
    size_t n = strlen(last_message);
    snprintf(last_message + n, sizeof last_message - n, "%s", text);
    return 0;
}

/* The letter that an entity of Graphviz's stands for, and its bytes. */
static size_t entity(const char *s, char *letter)
{
    static const struct {
        const char *entity;
        char letter;
    } known[] = {{"&amp;", '&'},  {"&lt;", '<'},  {"&gt;", '>'},  {"&quot;", '"'},
                 {"&#39;", '\''}, {"&#45;", '-'}, {"&#160;", ' '}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t n = strlen(known[i].entity);
        if (strncmp(s, known[i].entity, n) == 0) {
            *letter = known[i].letter;
            return n;
        }
    }
    *letter = *s;
    return 1;
}

/* What holds the text of the element `<text head>body` to its width, so that it stays in its box in
** whatever font a browser has. */
static void put_length(FILE *f, Arena *A, const char *head, const char *body)
{
    Buf text = buf_new(A), length = buf_new(A);
    for (const char *s = body; *s && *s != '<';) {
        char letter;
        s += entity(s, &letter);
        buf_putc(&text, letter);
    }
    const char *size = strstr(head, "font-size=\"");
    SvgFont font = {.size = size && size < body ? strtod(size + strlen("font-size=\""), NULL) : 0};
    head = arena_strndup(A, head, (size_t)(body - head));
    font.code = strstr(head, "Mono") != NULL;
    font.bold = strstr(head, "font-weight=\"bold\"") != NULL;
    if (font.size > 0)
        svg_put_length(&length, font, buf_str(&text));
    fputs(buf_str(&length), f);
}

/* The text up to `end`; SVG would drop a blank that it begins or ends with. */
static void put_body(FILE *f, const char *body, const char *end)
{
    bool first = body<end && * body == ' ', last = end - body> 1 && end[-1] == ' ';
    fputs(first ? "&#160;" : "", f);
    fwrite(body + first, 1, (size_t)(end - body) - first - last, f);
    fputs(last ? "&#160;" : "", f);
}

/* Graphviz's SVG without its document type, which names a file on the network, and with our
** styles. */
static int finish_svg(const char *svg, size_t n, char **out, size_t *out_n)
{
    const char *start = strstr(svg, "<svg");
    const char *body = start ? strchr(start, '>') : NULL;
    FILE *f = body ? open_memstream(out, out_n) : NULL;
    if (!f)
        return 1;
    fwrite(start, 1, (size_t)(body + 1 - start), f);
    fputs("\n", f);
    fputs(palette_style(), f);
    Arena *A = arena_new(NULL);
    const char *s = body + 1, *end = svg + n;
    for (const char *text; (text = strstr(s, "<text "));) {
        const char *close = strchr(text, '>');
        if (!close)
            break;
        fwrite(s, 1, (size_t)(close - s), f);
        put_length(f, A, text, close + 1);
        s = strchr(close, '<');
        s = s ? s : end;
        fputc('>', f);
        put_body(f, close + 1, s);
    }
    fwrite(s, 1, (size_t)(end - s), f);
    arena_release(A);
    return fclose(f);
}

static int draw_dot(const char *to, const char *source, char **out, size_t *out_n, char *why,
                    size_t why_n)
{
    agseterrf(keep_message);
    GVC_t *gvc = gvContext();
    Agraph_t *g = agmemread(source);
    if (!g) {
        snprintf(why, why_n, "libcgraph does not accept the DOT text: %s", last_message);
        return 1;
    }
    if (strcmp(to, "png") == 0)
        agattr(g, AGRAPH, "dpi", "144");
    char *data = NULL;
    unsigned n = 0;
    bool bad = gvLayout(gvc, g, "dot");
    if (!bad)
        tidy_arrows(g);
    if (bad || gvRenderData(gvc, g, to, &data, &n) || !data) {
        snprintf(why, why_n, "Graphviz failed: %s", *last_message ? last_message : "no layout");
        return 1;
    }
    if (strcmp(to, "svg") == 0) {
        if (finish_svg(data, n, out, out_n) == 0)
            return 0;
        snprintf(why, why_n, "Graphviz made no SVG");
        return 1;
    }
    *out = data;
    *out_n = n;
    return 0;
}

int tvmrepl_render(const char *from, const char *to, const char *source, size_t n, char **out,
                   size_t *out_n, char *why, size_t why_n)
{
    if (strcmp(from, "svg") == 0)
        return raster_svg(source, n, out, out_n, why, why_n);
    return draw_dot(to, source, out, out_n, why, why_n);
}
