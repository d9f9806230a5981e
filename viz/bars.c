/* bars.c -- timing bars as text and as SVG. */
#include "viz/bars.h"

#include <math.h>
#include <string.h>

#include "viz/dot.h"
#include "viz/svg/measure.h"

const char *text_seconds(Arena *A, double seconds, bool utf8)
{
    const char *const unit[] = {"s", "ms", utf8 ? "µs" : "us", "ns"};
    if (!(seconds > 0) || !isfinite(seconds))
        return "0 s";
    size_t u = 0;
    while (u < 3 && seconds < 0.9995) {
        seconds *= 1000;
        u++;
    }
    int digits = seconds < 9.995 ? 2 : seconds < 99.95 ? 1 : 0;
    return arena_printf(A, "%.*f %s", digits, seconds, unit[u]);
}

static double longest(size_t n, const Bar *bar)
{
    double top = 0;
    for (size_t i = 0; i < n; i++)
        top = fmax(top, fmax(bar[i].time.median, bar[i].time.q3));
    return top > 0 ? top : 1;
}

/* Eighths of a column where the terminal can; at least a sliver, so that the fastest is seen. */
static void put_bar(Line *l, double share, double q1, double q3, int room)
{
    static const char *const part[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    bool utf8 = l->style.utf8;
    int eighths = (int)(share * room * 8 + 0.5);
    eighths = eighths < 1 ? 1 : eighths;
    int full = utf8 ? eighths / 8 : (eighths + 7) / 8;
    Buf b = buf_new(l->out->arena);
    for (int i = 0; i < full; i++)
        buf_puts(&b, utf8 ? "█" : "#");
    if (utf8)
        buf_puts(&b, part[eighths % 8]);
    line_put(l, INK_parallel, buf_str(&b));
    int at = full + (utf8 && eighths % 8 > 0), end = (int)(q3 * room + 0.5);
    if (end <= at || q3 <= q1)
        return;
    b = buf_new(l->out->arena);
    for (int i = at; i < end - 1; i++)
        buf_puts(&b, utf8 ? "─" : "-");
    buf_puts(&b, utf8 ? "┤" : "|");
    line_put(l, INK_quiet, buf_str(&b));
}

static int widest(int old, const char *s)
{
    int n = text_cols(s);
    return n > old ? n : old;
}

enum { LEAST_ROOM = 10, MOST_ROOM = 60 };

/* In at most `most` columns, but never less than the name of the first. */
static const char *short_head(Arena *A, size_t n, const Bar *bar, const char *against, int most)
{
    static const char first[] = "against the first", begin[] = "against ";
    if (n && strcmp(bar[0].label, against) == 0)
        return first;
    int least = (int)sizeof first - 1;
    most = (most > least ? most : least) - ((int)sizeof begin - 1);
    return arena_printf(A, "%s%s", begin, text_cut(A, against, most));
}

/* Half the width of the middle half, in per cent of the median: beyond that no number, as in the
** tables of compare.lua. */
static const char *spread_text(Arena *A, double half, bool utf8)
{
    if (half > 100)
        return "too noisy";
    return arena_printf(A, utf8 ? "±%.*f%%" : "+-%.*f%%", half < 9.95 ? 1 : 0, half);
}

const char *bars_text(Arena *A, size_t n, const Bar *bar, const char *against, TextStyle style)
{
    int label = 0, median = 0, spread = 0, note = 0;
    const char **spreads = ARENA_ARRAY(A, const char *, n + 1);
    for (size_t i = 0; i < n; i++) {
        const Stats *t = &bar[i].time;
        double half = t->median > 0 ? (t->q3 - t->q1) / 2 / t->median * 100 : 0;
        spreads[i] = spread_text(A, half, style.utf8);
        label = widest(label, bar[i].label);
        median = widest(median, text_seconds(A, t->median, style.utf8));
        spread = widest(spread, spreads[i]);
        note = widest(note, bar[i].note);
    }
    label = label > 32 && style.width > 0 ? 32 : label;
    int width = style.width > 0 ? style.width : 100;
    int room = width - label - median - spread - 8;
    const char *head = against ? arena_printf(A, "against %s", against) : "";
    if (against && style.width > 0 && room - text_cols(head) < LEAST_ROOM)
        head = short_head(A, n, bar, against, room - LEAST_ROOM);
    room -= widest(note, head);
    room = room < LEAST_ROOM ? LEAST_ROOM : room > MOST_ROOM ? MOST_ROOM : room;
    double top = longest(n, bar);
    Buf out = buf_new(A);
    if (*head) {
        Line l = line_begin(&out, style);
        line_to(&l, label + median + spread + 5 + room + 2);
        line_put(&l, INK_quiet, head);
        line_end(&l);
    }
    for (size_t i = 0; i < n; i++) {
        const Stats *t = &bar[i].time;
        const char *m = text_seconds(A, t->median, style.utf8);
        Line l = line_begin(&out, style);
        l.style.width = label;
        line_put(&l, INK_strong, bar[i].label);
        l.style.width = style.width;
        l.cut = false;
        line_to(&l, label + 2 + median - text_cols(m));
        line_put(&l, INK_plain, m);
        line_to(&l, label + 2 + median + 1 + spread - text_cols(spreads[i]));
        line_put(&l, INK_quiet, spreads[i]);
        line_to(&l, label + median + spread + 5);
        put_bar(&l, t->median / top, t->q1 / top, t->q3 / top, room);
        if (*bar[i].note) {
            line_to(&l, label + median + spread + 5 + room + 2);
            line_put(&l, INK_plain, bar[i].note);
        }
        line_end(&l);
    }
    return buf_str(&out);
}

/* The scale's step: 1, 2 or 5 times a power of ten, about five of them. */
static double tick_step(double top)
{
    double step = pow(10, floor(log10(top / 5)));
    return top / step > 25 ? step * 5 : top / step > 10 ? step * 2 : step;
}

/* 10 ms, 2.5 ms: no more digits than the step has, and the unit of the longest time. */
static const char *tick_text(Arena *A, double t, double top)
{
    if (!(t > 0))
        return "0";
    double scale = top >= 0.9995 ? 1 : top >= 0.9995e-3 ? 1e3 : top >= 0.9995e-6 ? 1e6 : 1e9;
    const char *unit = scale == 1 ? "s" : scale == 1e3 ? "ms" : scale == 1e6 ? "µs" : "ns";
    return arena_printf(A, "%.4g %s", t * scale, unit);
}

enum { BARS_LEFT = 20, BARS_ROW = 34, BARS_PLOT = 420, BARS_THICK = 18 };

static const SvgFont label_font = {.size = 12, .bold = true, .color = COLOR_ink, .anchor = SVG_end};
static const SvgFont median_font = {.size = 11, .bold = true, .color = COLOR_ink};
static const SvgFont note_font = {.size = 11, .color = COLOR_ink};
static const SvgFont scale_font = {.size = 10, .color = COLOR_quiet, .anchor = SVG_middle};

/* Opens a group whose numbers a browser shows under the pointer. */
static void put_tooltip(Buf *b, const Bar *bar)
{
    const Stats *t = &bar->time;
    Arena *A = b->arena;
    buf_puts(b, "<g><title>");
    put_xml(b, arena_printf(A, "%s: median %s, middle half %s to %s, all %s to %s", bar->label,
                            text_seconds(A, t->median, true), text_seconds(A, t->q1, true),
                            text_seconds(A, t->q3, true), text_seconds(A, t->min, true),
                            text_seconds(A, t->max, true)));
    buf_puts(b, "</title>\n");
}

/* One row: label, bar, whiskers with a box on them, and what it says behind them; `scale` is in
** units a second. */
static void put_row(Buf *b, const Bar *bar, double x0, double y, double scale)
{
    const Stats *t = &bar->time;
    double mid = y + BARS_ROW / 2.0, end = fmax(t->median * scale, 1), top = mid - BARS_THICK / 2.0;
    double low = x0 + t->min * scale, high = x0 + t->max * scale;
    put_tooltip(b, bar);
    svg_text(b, x0 - 10, mid + 4, label_font, bar->label);
    svg_rect(b, x0, top, end, BARS_THICK, 2, COLOR_paper, 1);
    svg_rect(b, x0, top, end, BARS_THICK, 2, COLOR_parallel, 0.78);
    svg_line(b, low, mid, high, mid, COLOR_ink, 1);
    svg_line(b, low, mid - 4, low, mid + 4, COLOR_ink, 1);
    svg_line(b, high, mid - 4, high, mid + 4, COLOR_ink, 1);
    double box = fmax((t->q3 - t->q1) * scale, 0.5);
    svg_rect(b, x0 + t->q1 * scale, mid - 4, box, 8, 0, COLOR_paper, 1);
    svg_frame(b, x0 + t->q1 * scale, mid - 4, box, 8, 0, COLOR_ink, 1);
    svg_line(b, x0 + t->median * scale, mid - 4, x0 + t->median * scale, mid + 4, COLOR_parallel,
             2);
    const char *median = text_seconds(b->arena, t->median, true);
    double x = x0 + fmax(t->max * scale, end) + 10, wide = svg_measure(median_font, median, NULL);
    double all = *bar->note ? wide + 10 + svg_measure(note_font, bar->note, NULL) : wide;
    svg_rect(b, x - 3, mid - 9, all + 6, 18, 0, COLOR_paper,
             1); /* the scale's lines do not cross out text */
    svg_text(b, x, mid + 4, median_font, median);
    svg_text(b, x + wide + 10, mid + 4, note_font, bar->note);
    buf_puts(b, "</g>\n");
}

Picture bars_picture(Arena *A, const char *title, size_t n, const Bar *bar, const char *against)
{
    Buf b = buf_new(A);
    double names = 0, top = 0, right = BARS_PLOT;
    for (size_t i = 0; i < n; i++) {
        names = fmax(names, svg_measure(label_font, bar[i].label, NULL));
        top = fmax(top, bar[i].time.max);
    }
    top = top > 0 ? top : 1;
    for (size_t i = 0; i < n; i++)
        right = fmax(right, bar[i].time.max / top * BARS_PLOT + 90 +
                                svg_measure(note_font, bar[i].note, NULL));
    double x0 = BARS_LEFT + names + 10, width = fmax(x0 + right + BARS_LEFT, 560);
    SvgFont head = {.size = 15, .bold = true, .color = COLOR_ink};
    SvgLines titles = svg_wrap(A, head, title, width - 2 * BARS_LEFT);
    SvgFont small = scale_font, under = note_font;
    small.anchor = SVG_start;
    under.color = COLOR_quiet;
    const char *of = against ? "; ratios: how many times as fast as " : "";
    const char *sense = arena_printf(A, "shorter is faster%s%s", of, against ? against : "");
    SvgLines senses = svg_wrap(A, under, sense, width - 2 * BARS_LEFT);
    double head_end = 32 + 18 * (double)titles.n, first = head_end + 8 + 16 * (double)senses.n,
           bottom = first + (double)n * BARS_ROW;
    svg_open(&b, width, bottom + 62, title);
    for (size_t i = 0; i < titles.n; i++)
        svg_text(&b, BARS_LEFT, 32 + 18 * (double)i, head, titles.line[i]);
    for (size_t i = 0; i < senses.n; i++)
        svg_text(&b, BARS_LEFT, head_end + 2 + 16 * (double)i, under, senses.line[i]);
    for (double t = 0; t <= top; t += tick_step(top)) {
        double x = x0 + t / top * BARS_PLOT;
        svg_line(&b, x, first - 6, x, bottom, COLOR_rule, 1);
        svg_text(&b, x, bottom + 14, scale_font, tick_text(A, t, top));
    }
    for (size_t i = 0; i < n; i++)
        put_row(&b, &bar[i], x0, first + (double)i * BARS_ROW, BARS_PLOT / top);
    svg_line(&b, x0, first - 6, x0, bottom, COLOR_edge, 1.5);
    svg_text(
        &b, BARS_LEFT, bottom + 40, small,
        "bars end at the median; the box holds the middle half of the runs, the line all of them");
    svg_close(&b);
    return (Picture){PICTURE_svg, .source = buf_str(&b)};
}
