/* viz.c -- text views, the order of points, DOT and SVG that are well formed, and the
** drawing child. */
#include "tests/program.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/cancel.h"
#include "viz/bars.h"
#include "viz/dot.h"
#include "viz/html.h"
#include "viz/nest_diff.h"
#include "viz/nest_dot.h"
#include "viz/svg/order_svg.h"
#include "viz/pair_dot.h"
#include "viz/text/diff_text.h"
#include "viz/text/order_text.h"
#include "viz/text/tree_text.h"

static const TextStyle ascii = {0}, utf8 = {.utf8 = true};

static const char naive[] = MATMUL("64", "64", "64");

static const char tiled[] =
    "func matmul(A: float32[64, 64], B: float32[64, 64]) -> C: float32[64, 64]:\n"
    "  for yo in parallel(8):\n"
    "    alloc C.local: local window C[yo*8 :+ 8, 0 :+ 64]\n"
    "    for k in range(64):\n"
    "      for yi in unrolled(8):\n"
    "        for x in vectorized(64):\n"
    "          block C(y = yo*8 + yi, x, k: reduce):\n"
    "            init: C.local[y, x] = 0\n"
    "            C.local[y, x] += A[k, y] * B[k, x]\n"
    "    for yi in range(8):\n"
    "      for x in range(64):\n"
    "        block C.store(y = yo*8 + yi, x):\n"
    "          C[y, x] = C.local[y, x]\n";

static void tree_is_aligned(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    assert_string_equal(tree_text(A, parse(A, tiled), utf8),
                        "matmul(A: float32[64, 64], B: float32[64, 64]) -> C: float32[64, 64]\n"
                        "└─ yo           8  ∥ parallel\n"
                        "   ├─ C.local  local float32[8, 64], 2 KiB\n"
                        "   ├─ k        64\n"
                        "   │  └─ yi     8  ≡ unrolled\n"
                        "   │     └─ x  64  ⇉ vectorized\n"
                        "   │        └─ C  C.local[y, x] += A[k, y] * B[k, x]  init 0\n"
                        "   └─ yi        8\n"
                        "      └─ x     64\n"
                        "         └─ C.store  C[y, x] = C.local[y, x]\n");
    const char *plain = tree_text(A, parse(A, tiled), ascii);
    for (const char *s = plain; *s; s++)
        assert_true((unsigned char)*s < 0x80);
    assert_non_null(strstr(plain, "|- k        64\n"));
    assert_non_null(strstr(plain, "|| parallel"));
    arena_release(A);
}

/* The longest line in columns. */
static int widest(const char *text)
{
    int most = 0;
    while (*text) {
        size_t n = strcspn(text, "\n");
        char line[4096];
        snprintf(line, sizeof line, "%.*s", (int)n, text);
        int cols = text_cols(line);
        most = cols > most ? cols : most;
        text += n + (text[n] == '\n');
    }
    return most;
}

static void width_is_kept_and_colour_is_only_colour(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    const Node *f = parse(A, tiled);
    for (int w = 20; w < 90; w += 7)
        assert_true(widest(tree_text(A, f, (TextStyle){.utf8 = true, .width = w})) <= w);
    bool cut = false;
    tree_text(A, f, (TextStyle){.width = 200, .cut = &cut});
    assert_false(cut);
    tree_text(A, f, (TextStyle){.width = 30, .cut = &cut});
    assert_true(cut);
    const char *colored = tree_text(A, f, (TextStyle){.color = true, .utf8 = true});
    Buf bare = buf_new(A);
    for (const char *s = colored; *s; s++) {
        if (*s == '\x1b')
            s += strcspn(s, "m");
        else
            buf_putc(&bare, *s);
    }
    assert_string_not_equal(colored, buf_str(&bare));
    assert_string_equal(buf_str(&bare), tree_text(A, f, utf8));
    arena_release(A);
}

static void control_characters_do_not_reach_the_terminal(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    Buf out = buf_new(A);
    Line l = line_begin(&out, utf8);
    line_put(&l, INK_plain, "a\x1b[2Jb\n");
    line_end(&l);
    assert_string_equal(buf_str(&out), "a?[2Jb?\n");
    assert_int_equal(text_cols("∥ 漢e\xcc\x81"), 5);
    arena_release(A);
}

static void diff_marks_every_change(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    const Node *a = parse(A, naive), *b = parse(A, tiled);
    assert_string_equal(diff_text(A, a, a, DIFF_unified, utf8), "no difference\n");
    NestDiff d = nest_diff(A, a, b);
    assert_int_equal(d.count[CHANGE_gone], 1); /* y */
    /* Yo C.local yi, and yi x C.store of the second nest */
    assert_int_equal(d.count[CHANGE_new], 6);
    assert_int_equal(d.count[CHANGE_moved], 1); /* x or k */
    assert_int_equal(d.count[CHANGE_changed], 1 + (d.a_change[d.b_to_a[5]] == CHANGE_changed));
    const char *text = diff_text(A, a, b, DIFF_unified, utf8);
    assert_non_null(strstr(text, "\n-    y"));
    assert_non_null(strstr(text, "\n+ └─ yo"));
    assert_non_null(strstr(text, "↕"));
    assert_true(widest(diff_text(A, a, b, DIFF_sides, (TextStyle){.utf8 = true, .width = 100})) <=
                100);
    arena_release(A);
}

static void diff_notices_a_kind(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    const Node *a = parse(A, "func f(A: float32[8]) -> B: float32[8]:\n  for i in range(8):\n"
                             "    block B(i):\n      B[i] = A[i]\n");
    const Node *b = parse(A, "func f(A: float32[8]) -> B: float32[8]:\n  for i in vectorized(8):\n"
                             "    block B(i):\n      B[i] = A[i]\n");
    const char *text = diff_text(A, a, b, DIFF_unified, utf8);
    assert_non_null(strstr(text, "~ └─ i  8  ⇉ vectorized  was serial\n"));
    assert_non_null(strstr(text, "~ 1 changed\n"));
    arena_release(A);
}

static Order order(Arena *A, const char *text, OrderAsk ask)
{
    Order o;
    Err err = {0};
    if (!order_of(A, parse(A, text), &ask, &o, &err))
        fail_msg("%s", err.why);
    return o;
}

static void order_of_tiles(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    Order o = order(A,
                    "func f(A: float32[8, 8]) -> C: float32[8, 8]:\n"
                    "  for yo in range(4):\n    for xo in range(4):\n"
                    "      for yi in range(2):\n        for xi in range(2):\n"
                    "          block C(y = yo*2 + yi, x = xo*2 + xi):\n"
                    "            C[y, x] = A[y, x]\n",
                    (OrderAsk){0});
    static const int first[3][8] = {{1, 2, 5, 6, 9, 10, 13, 14},
                                    {3, 4, 7, 8, 11, 12, 15, 16},
                                    {17, 18, 21, 22, 25, 26, 29, 30}};
    assert_int_equal(o.rows, 8);
    assert_int_equal(o.cols, 8);
    for (int r = 0; r < 3; r++)
        for (int c = 0; c < 8; c++)
            assert_int_equal(order_cell(&o, r, c)->number, first[r][c]);
    assert_int_equal(order_cell(&o, 7, 7)->number, 64);
    assert_non_null(strstr(order_text(A, &o, ascii, false),
                           "y 0   1   2   5   6   9  10  13  14\n"
                           "  1   3   4   7   8  11  12  15  16\n"));
    arena_release(A);
}

static void order_of_guards_lanes_and_chunks(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    Order o = order(A,
                    "func f(A: float32[10, 8]) -> C: float32[10, 8]:\n"
                    "  for yo in parallel(3):\n    for yi in range(4):\n      for xo in range(2):\n"
                    "        for xi in vectorized(4):\n"
                    "          block C(y = yo*4 + yi, x = xo*4 + xi) where yo*4 + yi < 10:\n"
                    "            C[y, x] = A[y, x]\n",
                    (OrderAsk){0});
    assert_int_equal(o.rows, 10); /* the guard cuts the last two */
    assert_int_equal(o.all_rows, 10);
    assert_int_equal(o.chunks, 3);
    assert_int_equal(order_cell(&o, 4, 0)->number, 1);
    assert_int_equal(order_cell(&o, 9, 7)->number, 16);
    assert_int_equal(order_cell(&o, 0, 0)->lanes, order_cell(&o, 0, 3)->lanes);
    assert_int_not_equal(order_cell(&o, 0, 3)->lanes, order_cell(&o, 0, 4)->lanes);
    assert_non_null(strstr(order_text(A, &o, ascii, false), "[ 1   2   3   4][ 5   6   7   8]"));
    arena_release(A);
}

static void order_marks_what_is_computed_again(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    Order o = order(A,
                    "func f(A: float32[6]) -> C: float32[4]:\n"
                    "  alloc P: float32[6] global\n"
                    "  for i in range(4):\n"
                    "    for j in range(3):\n"
                    "      block P(x = i + j):\n        P[x] = A[x]\n"
                    "    block C(i):\n      C[i] = P[i] + P[i + 2]\n",
                    (OrderAsk){.block = "P"});
    static const int visits[6] = {1, 2, 3, 3, 2, 1};
    assert_null(o.row);
    assert_int_equal(o.cols, 6);
    for (int c = 0; c < 6; c++)
        assert_int_equal(order_cell(&o, 0, c)->visits, visits[c]);
    assert_int_equal(o.most_visits, 3);
    arena_release(A);
}

static void order_crops_and_stays_fast(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    Order o = order(
        A,
        "func f(A: float32[4096, 4096], B: float32[4096, 4096]) -> C: float32[4096, 4096]:\n"
        "  for y in range(4096):\n    for x in range(4096):\n      for k in range(4096):\n"
        "        block C(y, x, k: reduce):\n          init: C[y, x] = 0\n"
        "          C[y, x] += A[y, k] * B[k, x]\n",
        (OrderAsk){
            .max_rows = 6, .max_cols = 5, .nfixed = 1, .fixed_axis = {"k"}, .fixed_value = {7}});
    assert_int_equal(o.rows, 6);
    assert_int_equal(o.cols, 5);
    assert_int_equal(o.all_rows, 4096);
    assert_false(o.stopped);
    assert_int_equal(order_cell(&o, 5, 4)->number, 30);
    assert_string_equal(o.fixed, "k = 7");
    arena_release(A);
}

static void order_refuses_by_name(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    Order o;
    Err err = {0};
    const Node *f = parse(A, naive);
    assert_false(order_of(A, f, &(OrderAsk){.block = "D"}, &o, &err));
    assert_int_equal(err.code, ERR_order_block);
    assert_false(order_of(A, f, &(OrderAsk){.row = "q"}, &o, &err));
    assert_int_equal(err.code, ERR_order_axis);
    assert_false(order_of(A, f, &(OrderAsk){.row = "y", .col = "y"}, &o, &err));
    assert_int_equal(err.code, ERR_order_axis);
    const Node *one =
        parse(A, "func f(A: float32[1]) -> B: float32[1]:\n  block B():\n    B[0] = A[0]\n");
    assert_false(order_of(A, one, &(OrderAsk){0}, &o, &err));
    assert_int_equal(err.code, ERR_order_no_axes);
    const Node *data = parse(A, "func f(A: int64[8]) -> B: int64[8]:\n  for i in range(8):\n"
                                "    block B(j = A[i]):\n      B[j] = j\n");
    assert_false(order_of(A, data, &(OrderAsk){0}, &o, &err));
    assert_int_equal(err.code, ERR_order_data);
    cancel_ask();
    bool stopped = !order_of(A,
                             parse(A, "func f(A: float32[64, 64]) -> C: float32[64, 64]:\n"
                                      "  for y in range(64):\n    for x in range(64):\n"
                                      "      block C(y, x):\n        C[y, x] = A[y, x]\n"),
                             &(OrderAsk){0}, &o, &err);
    cancel_clear();
    assert_true(stopped);
    assert_int_equal(err.code, ERR_interrupted);
    arena_release(A);
}

/* ---- drawing ---- */

/* Elements nest and close, attributes are quoted, no bare & or <: what a browser asks of XML. */
static void assert_xml(const char *s)
{
    char open[64][32];
    int depth = 0, roots = 0;
    while (*s) {
        if (*s == '&') {
            size_t n = strcspn(s, ";");
            assert_true(n > 1 && n < 10);
        }
        if (*s != '<') {
            s++;
            continue;
        }
        if (strncmp(s, "<!--", 4) == 0) {
            s = strstr(s, "-->");
            assert_non_null(s);
            continue;
        }
        bool close = s[1] == '/';
        s += 1 + close;
        size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
        assert_true(n > 0 && n < 32);
        char name[32];
        snprintf(name, sizeof name, "%.*s", (int)n, s);
        for (bool quoted = false; quoted || *s != '>'; s++) {
            assert_true(*s && (!quoted || *s != '<'));
            quoted ^= *s == '"';
        }
        bool empty = s[-1] == '/';
        if (close) {
            assert_true(depth > 0);
            assert_string_equal(open[--depth], name);
        } else if (!empty) {
            roots += depth == 0;
            assert_true(depth < 64);
            strcpy(open[depth++], name);
        }
        s++;
    }
    assert_int_equal(depth, 0);
    assert_int_equal(roots, 1);
}

static Bytes draw(Arena *A, Picture p, DrawFormat to)
{
    Err err = {0};
    Bytes b;
    if (!draw_bytes(A, p, to, 0, &b, &err))
        fail_msg("%s", err.why);
    return b;
}

static void assert_drawn(Arena *A, Picture p)
{
    Bytes svg = draw(A, p, DRAW_svg);
    assert_xml(svg.data);
    assert_non_null(strstr(svg.data, "prefers-color-scheme"));
    assert_null(strstr(svg.data, "<script"));
    assert_null(strstr(svg.data, "DTD"));
    Bytes png = draw(A, p, DRAW_png);
    assert_true(png.n > 500);
    assert_memory_equal(png.data, "\x89PNG\r\n\x1a\n", 8);
}

static void pictures_are_well_formed(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    const Node *a = parse(A, naive), *b = parse(A, tiled);
    assert_drawn(A, nest_picture(A, b));
    assert_drawn(A, pair_picture(A, a, b, "a < \"b\" & c", "step 2"));
    Order o = order(A, tiled, (OrderAsk){.max_rows = 10, .max_cols = 10});
    assert_drawn(A, order_picture(A, &o, true, 4));
    double x[] = {0.010, 0.011, 0.012, 0.010, 0.013};
    Bar bars[] = {{"a & b", stats_of(x, 5), ""}, {"<c>", stats_of(x, 1), "no difference"}};
    assert_drawn(A, bars_picture(A, "times", 2, bars, NULL));
    const char *text = bars_text(A, 2, bars, NULL, (TextStyle){.width = 72});
    assert_true(widest(text) <= 72);
    assert_non_null(strstr(text, "11.0 ms"));
    assert_null(strstr(text, "against"));
    text = bars_text(A, 2, bars, "a & b", (TextStyle){.width = 72});
    assert_true(widest(text) <= 72);
    assert_non_null(strstr(text, " against a & b\n"));
    text = bars_text(A, 2, bars, "a label as long as no other", (TextStyle){.width = 54});
    assert_non_null(strstr(text, " against a label"));
    assert_null(strstr(text, "no other"));
    assert_true(widest(text) <= 54);
    bars[0].label = "a label as long as no other";
    text = bars_text(A, 2, bars, bars[0].label, (TextStyle){.width = 80});
    assert_true(widest(text) <= 80);
    assert_non_null(strstr(text, " against the first\n"));
    bars[0].label = "a & b";
    assert_non_null(
        strstr(bars_picture(A, "times", 2, bars, "a & b").source,
               ">shorter is faster; ratios: how many times as fast as a &amp; b</text>"));
    assert_non_null(
        strstr(bars_picture(A, "times", 2, bars, NULL).source, ">shorter is faster</text>"));
    Bytes dot = draw(A, nest_picture(A, b), DRAW_dot);
    assert_non_null(strstr(dot.data, "digraph \"matmul\" {"));
    arena_release(A);
}

static void hostile_names_stay_text(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    Buf b = buf_new(A);
    put_xml(&b, "<&>\"\x01\xff\xed\xa0\x80ü");
    assert_string_equal(buf_str(&b), "&lt;&amp;&gt;&quot;?????ü");
    b = buf_new(A);
    put_quoted(&b, "a\"b\\c");
    assert_string_equal(buf_str(&b), "\"a\\\"b\\\\c\"");
    assert_non_null(strstr(html_image(A, (Bytes){"abcd", 4}, "\"x\""),
                           "base64,YWJjZA==\" alt=\"&quot;x&quot;\""));
    arena_release(A);
}

/* A graph that Graphviz lays out for minutes. */
static Picture slow_picture(Arena *A)
{
    Buf b = buf_new(A);
    buf_puts(&b, "digraph {");
    unsigned seed = 1;
    for (int i = 0; i < 6000; i++) {
        seed = seed * 1103515245 + 12345;
        buf_printf(&b, "n%u->n%u;", seed >> 16 & 1023, seed >> 4 & 1023);
    }
    buf_puts(&b, "}");
    return (Picture){PICTURE_dot, .source = buf_str(&b)};
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void a_slow_layout_is_ended(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    Err err = {0};
    Bytes b;
    double start = seconds();
    assert_false(draw_bytes(A, slow_picture(A), DRAW_svg, 200, &b, &err));
    assert_int_equal(err.code, ERR_draw_timeout);
    assert_true(seconds() - start < 2);
    cancel_ask();
    start = seconds();
    bool drawn = draw_bytes(A, slow_picture(A), DRAW_svg, 60000, &b, &err);
    cancel_clear();
    assert_false(drawn);
    assert_int_equal(err.code, ERR_interrupted);
    assert_true(seconds() - start < 1);
    arena_release(A);
}

static void what_cannot_be_drawn_says_so(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    Err err = {0};
    Bytes b;
    DrawFormat f;
    assert_false(
        draw_bytes(A, (Picture){PICTURE_dot, .source = "digraph { a -> "}, DRAW_svg, 0, &b, &err));
    assert_int_equal(err.code, ERR_draw_failed);
    assert_false(draw_bytes(A, (Picture){PICTURE_svg, .source = "<svg"}, DRAW_png, 0, &b, &err));
    assert_int_equal(err.code, ERR_draw_failed);
    assert_false(draw_bytes(A, (Picture){PICTURE_svg, .source = "<svg/>"}, DRAW_dot, 0, &b, &err));
    assert_int_equal(err.code, ERR_draw_no_dot);
    assert_false(draw_format_of("picture.gif", &f, &err));
    assert_int_equal(err.code, ERR_draw_format);
    assert_false(draw_format_of("svg", &f, &err));
    Picture p = {PICTURE_svg,
                 .source = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"/>"};
    assert_false(draw_file(A, p, "/nowhere/at/all.svg", 0, &err));
    assert_int_equal(err.code, ERR_io_failed);
    arena_release(A);
}

int main(int argc, char **argv)
{
    int drawn = draw_main(argc, argv);
    if (drawn >= 0)
        return drawn;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tree_is_aligned),
        cmocka_unit_test(width_is_kept_and_colour_is_only_colour),
        cmocka_unit_test(control_characters_do_not_reach_the_terminal),
        cmocka_unit_test(diff_marks_every_change),
        cmocka_unit_test(diff_notices_a_kind),
        cmocka_unit_test(order_of_tiles),
        cmocka_unit_test(order_of_guards_lanes_and_chunks),
        cmocka_unit_test(order_marks_what_is_computed_again),
        cmocka_unit_test(order_crops_and_stays_fast),
        cmocka_unit_test(order_refuses_by_name),
        cmocka_unit_test(pictures_are_well_formed),
        cmocka_unit_test(hostile_names_stay_text),
        cmocka_unit_test(a_slow_layout_is_ended),
        cmocka_unit_test(what_cannot_be_drawn_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
