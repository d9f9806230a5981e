/* pictures.c -- the geometry of pictures: text stays in its box and on the page, boxes nest and
** never cross, what is in both versions stands at one height. */
#include "tests/program.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/base/buf.h"
#include "core/base/vec.h"
#include "viz/bars.h"
#include "viz/nest_dot.h"
#include "viz/svg/measure.h"
#include "viz/svg/order_svg.h"
#include "viz/pair_dot.h"
#include "viz/text/style.h"
#include "viz/text/wrap.h"

static const char before[] = MATMUL("64", "64", "64");

static const char after[] =
    "func matmul(A: float32[64, 64], B: float32[64, 64]) -> C: float32[64, 64]:\n"
    "  for yo in parallel(8):\n"
    "    alloc C.local: local window C[yo*8 :+ 8, 0 :+ 64]\n"
    "    for k in range(64):\n      for yi in unrolled(8):\n        for x in vectorized(64):\n"
    "          block C(y = yo*8 + yi, x, k: reduce):\n"
    "            init: C.local[y, x] = 0\n"
    "            C.local[y, x] += A[k, y] * B[k, x] + A[k, y] * B[k, x] + A[k, y] * B[k, x] * 2.0\n"
    "    for yi in range(8):\n      for x in range(64):\n"
    "        block C.store(y = yo*8 + yi, x):\n          C[y, x] = C.local[y, x]\n";

/* ---- reading a picture ---- */

typedef struct Shape {
    double x, y, w, h; /* of a box, or of a text as wide as it says it is */
    bool text;
    char said[160];
    char of[40]; /* the node or cluster of Graphviz's that it belongs to; "" in our own SVG */
} Shape;

typedef VEC(Shape) Shapes;

static double number(const char *element, const char *name)
{
    const char *end = strchr(element, '>'), *at = strstr(element, name);
    return at && at < end ? strtod(at + strlen(name), NULL) : -1;
}

static bool has(const char *element, const char *text)
{
    const char *at = strstr(element, text);
    return at && at < strchr(element, '>');
}

static Shape read_text(const char *s)
{
    Shape t = {.text = true, .x = number(s, " x=\""), .w = number(s, " textLength=\"")};
    double size = number(s, " font-size=\"");
    const char *body = strchr(s, '>') + 1;
    double blanks = 0;
    for (; strncmp(body, "&#160;", 6) == 0; body += 6)
        blanks += size * 0.3;
    snprintf(t.said, sizeof t.said, "%.*s", (int)strcspn(body, "<"), body);
    if (t.w < 0)
        t.w = text_cols(t.said) * size * 0.61;
    else
        t.w -= blanks;
    t.x += blanks;
    t.x -= has(s, "anchor=\"middle\"") ? t.w / 2 : has(s, "anchor=\"end\"") ? t.w : 0;
    t.y = number(s, " y=\"") - size * 0.76;
    t.h = size * 0.98;
    return t;
}

static Shape read_rect(const char *s)
{
    return (Shape){.x = number(s, " x=\""),
                   .y = number(s, " y=\""),
                   .w = number(s, " width=\""),
                   .h = number(s, " height=\"")};
}

/* The box around a polygon. */
static Shape read_polygon(const char *s)
{
    double x0 = 1e9, y0 = 1e9, x1 = -1e9, y1 = -1e9;
    char *at = strstr(s, " points=\"");
    assert_non_null(at);
    for (at += strlen(" points=\""); *at != '"'; at += *at == ' ') {
        double x = strtod(at, &at), y = strtod(at + 1, &at);
        x0 = x < x0 ? x : x0, y0 = y < y0 ? y : y0;
        x1 = x > x1 ? x : x1, y1 = y > y1 ? y : y1;
    }
    return (Shape){.x = x0, .y = y0, .w = x1 - x0, .h = y1 - y0};
}

/* The texts and boxes of an SVG of ours, or of Graphviz's: there the polygons of nodes and clusters
** are the boxes, called by their titles, a cluster as the node that bears its text. */
static Shapes read_shapes(Arena *A, const char *svg, double *width, double *height)
{
    Shapes all = {0};
    char of[40] = "";
    bool boxes = true;
    double dx = 0, dy = 0;
    *width = number(svg, " width=\"");
    *height = number(svg, " height=\"");
    for (const char *s = strchr(svg + 1, '<'); s; s = strchr(s + 1, '<')) {
        Shape one = {0};
        if (strncmp(s, "<g id=\"graph", 12) == 0) {
            const char *moved = strstr(s, "translate(");
            assert_int_equal(sscanf(moved, "translate(%lf %lf)", &dx, &dy), 2);
        }
        if (strncmp(s, "<g id=", 6) == 0 && has(s, " class=\""))
            boxes = has(s, "class=\"node\"") || has(s, "class=\"cluster\"");
        else if (strncmp(s, "<title>", 7) == 0 && boxes)
            snprintf(of, sizeof of, "%.*s", (int)strcspn(s + 7, "<"), s + 7);
        else if (strncmp(s, "<text ", 6) == 0)
            one = read_text(s);
        else if (strncmp(s, "<rect ", 6) == 0 && !has(s, "class=\"now\""))
            one = read_rect(s);
        else if (strncmp(s, "<polygon ", 9) == 0 && boxes)
            one = read_polygon(s);
        if (one.w <= 0)
            continue;
        one.x += dx;
        one.y += dy;
        strcpy(one.of, strncmp(of, "cluster_", 8) ? of : of + 8);
        vec_push(A, &all, one);
    }
    assert_true(all.n > 3);
    return all;
}

static bool inside(const Shape *a, const Shape *box, double slack)
{
    return a->x >= box->x - slack && a->y >= box->y - slack &&
           a->x + a->w <= box->x + box->w + slack && a->y + a->h <= box->y + box->h + slack;
}

static bool apart(const Shape *a, const Shape *b)
{
    double slack = 0.11; /* coordinates are written to a tenth */
    return a->x + a->w <= b->x + slack || b->x + b->w <= a->x + slack ||
           a->y + a->h <= b->y + slack || b->y + b->h <= a->y + slack;
}

static const char *svg_of(Arena *A, Picture p)
{
    Err err = {0};
    Bytes b;
    if (!draw_bytes(A, p, DRAW_svg, 0, &b, &err))
        fail_msg("%s", err.why);
    return b.data;
}

static void assert_on_page(Arena *A, const char *svg)
{
    double w, h;
    Shapes all = read_shapes(A, svg, &w, &h);
    Shape page = {.w = w, .h = h};
    for (size_t i = 0; i < all.n; i++) {
        if (!inside(&all.at[i], &page, 0.5))
            fail_msg("'%s' leaves the page: %g + %g of %g, %g", all.at[i].said, all.at[i].x,
                     all.at[i].w, w, all.at[i].y);
        for (size_t j = 0; j < i; j++)
            if (all.at[i].text && all.at[j].text && !apart(&all.at[i], &all.at[j]))
                fail_msg("'%s' lies on '%s'", all.at[i].said, all.at[j].said);
    }
}

static const Shape *box_of(const Shapes *all, const char *of)
{
    for (size_t i = 0; i < all->n; i++)
        if (!all->at[i].text && strcmp(all->at[i].of, of) == 0)
            return &all->at[i];
    return NULL;
}

/* ---- two versions ---- */

/* Text stays in the box of its row, and boxes lie apart or in each other; returns how many
** texts. */
static size_t assert_nested(Arena *A, const char *svg)
{
    double w, h;
    Shapes all = read_shapes(A, svg, &w, &h);
    size_t boxed = 0;
    assert_on_page(A, svg);
    for (size_t i = 0; i < all.n; i++) {
        const Shape *s = &all.at[i], *box = box_of(&all, s->of);
        if (s->text && box) {
            boxed++;
            if (!inside(s, box, 0))
                fail_msg("'%s' leaves its box", s->said);
        }
        for (size_t j = 0; !s->text && j < i; j++) {
            const Shape *t = &all.at[j];
            if (!t->text && !apart(s, t) && !inside(s, t, 0.1) && !inside(t, s, 0.1))
                fail_msg("two boxes cross at %g, %g", s->x, s->y);
        }
    }
    return boxed;
}

static void rows_hold_their_text_and_nest(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    const char *title = "step 0 as written, with a title that is too long for one line above it";
    Picture p = pair_picture(A, parse(A, before), parse(A, after), title, "step 9");
    assert_true(assert_nested(A, svg_of(A, p)) > 20);
    arena_release(A);
}

/* `n` nests, of which those from `first` to `last` are parallel. */
static const Node *many(Arena *A, int n, int first, int last)
{
    Buf b = buf_new(A);
    buf_puts(&b, "func f(A: float32[8, 8]) -> B: float32[8, 8]:\n");
    for (int i = 0; i < n; i++)
        buf_printf(
            &b,
            "  for y%d in %s(8):\n    for x%d in range(8):\n      block B%d(y = y%d, x = x%d):\n"
            "        B[y, x] = A[y, x] * %d.0\n",
            i, i >= first && i <= last ? "parallel" : "range", i, i, i, i, i);
    return parse(A, buf_str(&b));
}

static void long_programs_are_folded_around_the_change(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    const Node *plain = many(A, 150, -1, -1);
    double w, h;
    const char *svg = svg_of(A, pair_picture(A, plain, many(A, 150, 140, 140), "a", "b"));
    assert_nested(A, svg);
    read_shapes(A, svg, &w, &h);
    assert_true(h < 800);
    assert_non_null(strstr(svg, ";y140</text>"));
    assert_non_null(strstr(svg, ";was serial</text>"));
    assert_non_null(strstr(svg, " more, unchanged</text>"));
    assert_null(strstr(svg, ">y20</text>"));
    svg = svg_of(A, pair_picture(A, plain, many(A, 150, 0, 149), "a", "b"));
    assert_nested(A, svg);
    assert_null(strstr(svg, " more, unchanged</text>"));
    assert_non_null(strstr(svg, "… and 211 more lines that changed"));
    svg = svg_of(A, pair_picture(A, plain, plain, "a", "b"));
    assert_non_null(strstr(svg, ">no difference</text>"));
    arena_release(A);
}

/* The y of the first text that says so, from the n-th on. */
static double y_of(const Shapes *all, const char *said, double from_x)
{
    for (size_t i = 0; i < all->n; i++)
        if (all->at[i].text && strcmp(all->at[i].said, said) == 0 && all->at[i].x >= from_x)
            return all->at[i].y;
    fail_msg("nothing says %s", said);
    return 0;
}

static void what_is_in_both_stands_at_one_height(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    double w, h;
    Picture p = pair_picture(A, parse(A, before), parse(A, after), "a", "b");
    const char *svg = svg_of(A, p);
    Shapes all = read_shapes(A, svg, &w, &h);
    double y = y_of(&all, "C", 0);
    assert_true(y == y_of(&all, "C", w / 2));
    assert_true(y_of(&all, "a", 0) == y_of(&all, "b", 0));
    assert_true(y_of(&all, "y", 0) == y_of(&all, "yo", 0)); /* gone and new share a line */
    y_of(&all, "6 new", 0);
    assert_null(strstr(svg, "…")); /* there is room for the whole line */
    assert_non_null(strstr(svg, "*2</text>"));
    Picture same = pair_picture(A, parse(A, before), parse(A, before), "a", "b");
    assert_non_null(strstr(svg_of(A, same), ">no difference</text>"));
    Picture again = pair_picture(A, parse(A, before), parse(A, after), "a", "b");
    assert_string_equal(p.source, again.source);
    assert_string_equal(svg, svg_of(A, again));
    arena_release(A);
}

/* ---- orders and bars ---- */

/* The cells of an order and the frames of its vector steps, which do not overlap. */
static Shapes read_places(Arena *A, const char *svg)
{
    Shapes places = {0};
    for (const char *s = strstr(svg, "<rect "); s; s = strstr(s + 1, "<rect ")) {
        Shape one = read_rect(s);
        bool frame = has(s, " rx=\"7.0\""), again = false;
        if (!frame && (one.w != one.h || has(s, " rx=")))
            continue;
        for (size_t i = 0; i < places.n; i++) {
            const Shape *p = &places.at[i];
            bool same = p->x == one.x && p->y == one.y && p->w == one.w && p->h == one.h;
            assert_true(same || apart(p, &one));
            again |= same;
        }
        if (!again)
            vec_push(A, &places, one);
    }
    return places;
}

/* Each of the grid's numbers stands in one of `n` places. */
static void assert_numbers_in_places(const char *program, size_t n)
{
    Arena *A = arena_new(NULL);
    Order o;
    Err err = {0};
    OrderAsk ask = {.max_rows = 12, .max_cols = 12};
    assert_true(order_of(A, parse(A, program), &ask, &o, &err));
    Picture p = order_picture(A, &o, false, 1);
    assert_on_page(A, p.source);
    Shapes places = read_places(A, p.source);
    assert_int_equal(places.n, n);
    int numbers = 0;
    for (const char *s = strstr(p.source, "<text "); s; s = strstr(s + 1, "<text ")) {
        double x = number(s, " x=\""), y = number(s, " y=\"");
        size_t in = 0;
        if (has(s, " font-size=")) /* a title, a tick or a note */
            continue;
        for (size_t i = 0; i < n; i++) {
            const Shape *q = &places.at[i];
            in += x > q->x && x < q->x + q->w && y > q->y && y < q->y + q->h;
        }
        assert_int_equal(in, 1);
        numbers++;
    }
    assert_int_equal(numbers, 12 * 12);
    arena_release(A);
}

static void numbers_lie_in_cells_and_frames(void **state)
{
    (void)state;
    assert_numbers_in_places(before, 12 * 12);
    assert_numbers_in_places(after, 12); /* a vector step a row */
}

static int count(const char *text, const char *what)
{
    int n = 0;
    for (; (text = strstr(text, what)); text++)
        n++;
    return n;
}

static void lines_part_the_tiles(void **state)
{
    (void)state;
    static const char text[] = "func f(A: float32[8, 8]) -> C: float32[8, 8]:\n"
                               "  for yo in range(4):\n    for xo in range(2):\n"
                               "      for yi in range(2):\n        for xi in %s(4):\n"
                               "          block C(y = yo*2 + yi, x = xo*4 + xi):\n"
                               "            C[y, x] = A[y, x]\n";
    static const char thick[] = "stroke-width=\"1.3\"", frame[] = "rx=\"7.0\" fill=\"none\"";
    Arena *A = arena_new(NULL);
    Order o;
    Err err = {0};
    assert_true(order_of(A, parse(A, arena_printf(A, text, "range")), &(OrderAsk){0}, &o, &err));
    Picture p = order_picture(A, &o, false, 1);
    assert_int_equal(count(p.source, thick), 3 + 1); /* between 4 tiles down, 2 across */
    assert_int_equal(count(p.source, frame), 0);
    assert_non_null(strstr(p.source, "grey lines part tiles"));
    assert_true(
        order_of(A, parse(A, arena_printf(A, text, "vectorized")), &(OrderAsk){0}, &o, &err));
    assert_int_equal(count(order_picture(A, &o, false, 1).source, frame),
                     16); /* a step of 4 lanes each */
    arena_release(A);
}

static void bars_stay_on_the_page(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    double fast[] = {0.0010, 0.0011, 0.0012}, slow[] = {0.110, 0.120, 0.130};
    Bar bars[] = {{"a very long label of a schedule that somebody has marked", stats_of(slow, 3),
                   "the slowest, with its interval [0.9, 1.1]"},
                  {"b", stats_of(fast, 3), "100x faster [90, 110]"},
                  {"c", stats_of(fast, 1), ""}};
    assert_on_page(
        A,
        bars_picture(
            A,
            "a title that says at length what was measured, where, with which inputs and how often",
            3, bars, bars[0].label)
            .source);
    arena_release(A);
}

/* ---- measures ---- */

static void widths_are_those_of_the_font(void **state)
{
    (void)state;
    SvgFont plain = {.size = 2048}, bold = {.size = 2048, .bold = true},
            code = {.size = 2048, .code = true};
    bool exact;
    assert_true(svg_measure(plain, "il", &exact) == 569 + 569 && exact);
    assert_true(svg_measure(bold, "W", &exact) == 2259 && exact);
    assert_true(svg_measure(code, "…W", &exact) == 2 * 1233 && exact);
    svg_measure(plain, "漢", &exact);
    assert_false(exact);
    Arena *A = arena_new(NULL);
    Buf b = buf_new(A);
    svg_put_length(&b, plain, "漢字");
    assert_int_equal(b.len, 0);
    SvgLines lines = svg_wrap(A, (SvgFont){.size = 10},
                              "some words\nthat do not fit into averyveryverylongword", 70);
    assert_true(lines.n > 3);
    assert_string_equal(lines.line[0], "some words");
    assert_string_equal(lines.line[lines.n - 1], "averyveryverylongword");
    arena_release(A);
}

static void code_is_broken_where_it_may_be(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    const char *code =
        "P[c, y] = select(y - 1 >= 0 and y - 1 < 32 and x - 1 >= 0, A[c, y - 1, x - 1], 0)";
    for (int cols = 8; cols < 90; cols++) {
        CodeLines lines = wrap_code(A, code, cols);
        Buf again = buf_new(A);
        for (size_t i = 0; i < lines.n; i++) {
            const char *s = lines.line[i];
            assert_true(text_cols(s) <= cols);
            buf_puts(&again, s + strspn(s, " "));
        }
        const char *got = buf_str(&again);
        for (const char *want = code; *want; want++)
            if (*want == *got)
                got++;
            else
                assert_int_equal(*want, ' ');
    }
    assert_string_equal(wrap_code(A, code, 44).line[0],
                        "P[c, y] = select(y - 1 >= 0 and y - 1 < 32");
    assert_int_equal(wrap_code(A, "", 10).n, 0);
    assert_int_equal(wrap_code(A, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 10).n, 5);
    arena_release(A);
}

static void listings_stay_what_they_are(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"  B[i] = A[i, j] * C[i, jjjj]\nx", "  B[i] = A[i, j] * C[i,\n      jjjj]\nx"},
        {"  B[iiiiiiiii] = A[j] * 2 + 3 + 4", "  B[iiiiiiiii] = A[j] * 2 + 3 + 4"}, /* no bracket */
        {"  B[i] = A[i]  # [what is said]", "  B[i] = A[i]  # [what is said]"},
        {"# what is said of a program, at length", "# what is said of a\n#    program, at length"},
        {"f(\"a b c d e f g h i j k\", b)", "f(\"a b c d e f g h i j k\", b)"},
        {"f(aaaaaaa, bbbbbbbb, ccccccc, dddddddd, e)\n",
         "f(aaaaaaa, bbbbbbbb,\n    ccccccc, dddddddd,\n    e)\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Arena *A = arena_new(NULL);
        Buf out = buf_new(A);
        wrap_listing(&out, rows[i].text, 24);
        assert_string_equal(buf_str(&out), rows[i].want);
        arena_release(A);
    }
}

int main(int argc, char **argv)
{
    int drawn = draw_main(argc, argv);
    if (drawn >= 0)
        return drawn;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_hold_their_text_and_nest),
        cmocka_unit_test(long_programs_are_folded_around_the_change),
        cmocka_unit_test(what_is_in_both_stands_at_one_height),
        cmocka_unit_test(numbers_lie_in_cells_and_frames),
        cmocka_unit_test(lines_part_the_tiles),
        cmocka_unit_test(bars_stay_on_the_page),
        cmocka_unit_test(widths_are_those_of_the_font),
        cmocka_unit_test(code_is_broken_where_it_may_be),
        cmocka_unit_test(listings_stay_what_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
