/* cover.c -- what cover_box and cover_taken say of random sums of digits, against every
** iteration. */
#include "tests/dice.h"
#include "tests/program.h"

#include <string.h>

#include "core/ir/print.h"
#include "core/schedule/cover.h"

enum { LOOPS = 4, MOST = 64 }; /* values of an axis are told apart in -MOST … MOST - 1 */

typedef struct Nest {
    int64_t extent[LOOPS];
    const Node *loops[LOOPS];
    AxisSpan one[2];
    bool takes[2 * MOST][2 * MOST];
} Nest;

/* A number that counts up: a loop, or what two make together. */
static void number(Buf *b, const Nest *n)
{
    int i = below(LOOPS), k = below(LOOPS);
    if (below(2))
        buf_printf(b, "l%d", i);
    else
        buf_printf(b, "(l%d*%d + l%d)", i, below(4) ? (int)n->extent[k] : 1 + below(4), k);
}

static void digit(Buf *b, const Nest *n)
{
    static const int by[] = {2, 3, 4, 6, 8};
    number(b, n);
    if (below(2))
        buf_printf(b, "//%d", by[below(5)]);
    if (below(2))
        buf_printf(b, "%%%d", by[below(5)]);
}

static void sum(Buf *b, const Nest *n)
{
    digit(b, n);
    if (below(2)) {
        buf_printf(b, "*%d + ", 1 + below(4));
        digit(b, n);
    }
    if (below(6) == 0)
        buf_printf(b, " - %d", below(4));
}

static void mark(Arena *A, Nest *n)
{
    Err err = {0};
    const Node *var[LOOPS];
    InterpExpr *run[2];
    Scalar at[LOOPS];
    for (int i = 0; i < LOOPS; i++)
        var[i] = n->loops[i]->kid[For_var];
    for (int i = 0; i < 2; i++)
        run[i] = interp_compile(A, n->one[i].min, LOOPS, var, &err);
    for (int64_t i = 0; i < n->extent[0] * n->extent[1] * n->extent[2] * n->extent[3]; i++) {
        int64_t rest = i;
        for (int k = 0; k < LOOPS; rest /= n->extent[k++])
            at[k].i = rest % n->extent[k];
        int64_t v = interp_eval(run[0], at).i + MOST, w = interp_eval(run[1], at).i + MOST;
        for (int64_t x = v; x < v + n->one[0].extent && x < 2 * MOST; x++)
            for (int64_t y = w; y < w + n->one[1].extent && y < 2 * MOST; y++)
                if (x >= 0 && y >= 0)
                    n->takes[x][y] = true;
    }
}

static Nest *random_nest(Arena *A)
{
    static const int extents[] = {1, 2, 2, 3, 4, 4, 6, 8};
    Nest *n = arena_alloc(A, sizeof *n);
    Buf b = buf_new(A);
    buf_puts(&b, "func f() -> B: int8[8, 8]:\n");
    for (int i = 0; i < LOOPS; i++) {
        n->extent[i] = extents[below(8)];
        buf_printf(&b, "%*sfor l%d in range(%d):\n", 2 + 2 * i, "", i, (int)n->extent[i]);
    }
    buf_printf(&b, "%*sB[", 2 + 2 * LOOPS, "");
    sum(&b, n);
    buf_puts(&b, ", ");
    sum(&b, n);
    buf_puts(&b, "] = 1\n");
    const Node *at = parse(A, buf_str(&b))->kid[Func_body];
    for (int i = 0; i < LOOPS; i++, at = at->kid[For_body])
        n->loops[i] = at;
    for (int i = 0; i < 2; i++)
        n->one[i] = (AxisSpan){at->kid[Store_index + i], below(3) ? 1 : 1 + below(3), NULL};
    mark(A, n);
    return n;
}

/* From the first to the last value of each axis, and now and then some more or less. */
static void random_domain(Arena *A, const Nest *n, AxisSpan domain[2])
{
    int lo[2] = {2 * MOST, 2 * MOST}, hi[2] = {-1, -1};
    for (int x = 0; x < 2 * MOST; x++)
        for (int y = 0; y < 2 * MOST; y++)
            for (int i = 0; i < 2 && n->takes[x][y]; i++) {
                int v = i ? y : x;
                lo[i] = v < lo[i] ? v : lo[i];
                hi[i] = v > hi[i] ? v : hi[i];
            }
    for (int i = 0; i < 2; i++) {
        int from = lo[i] - (below(8) == 0), n_values = hi[i] - from + 1 - (below(4) ? 0 : below(3));
        domain[i] = (AxisSpan){ir_idx(A, from - MOST), n_values < 1 ? 1 : n_values, NULL};
    }
}

/* Is what `some` takes of the domain (NULL: all of it) among what n takes? */
static bool all_taken(const Nest *n, const Nest *some, const AxisSpan domain[2])
{
    for (int64_t x = 0; x < domain[0].extent; x++)
        for (int64_t y = 0; y < domain[1].extent; y++) {
            int64_t v = domain[0].min->at.i + MOST + x, w = domain[1].min->at.i + MOST + y;
            bool asked =
                !some || (v >= 0 && w >= 0 && v < 2 * MOST && w < 2 * MOST && some->takes[v][w]);
            if (asked && (v < 0 || w < 0 || v >= 2 * MOST || w >= 2 * MOST || !n->takes[v][w]))
                return false;
        }
    return true;
}

static void boxes(void **state)
{
    (void)state;
    int full = 0, told = 0;
    for (int trial = 0; trial < 40000; trial++) {
        Arena *A = arena_new(NULL);
        Nest *n = random_nest(A);
        AxisSpan domain[2];
        size_t axis;
        random_domain(A, n, domain);
        bool all = all_taken(n, NULL, domain);
        Covering c = cover_box(A, 2, n->one, domain, LOOPS, n->loops, &axis);
        if (c != COVER_UNTOLD && all != (c == COVER_FULL))
            fail_msg(
                "trial %d: said %s of %d, %d values from %s, %s of each iteration's %d, %d of\n%s",
                trial, c == COVER_FULL ? "full" : "gaps", (int)domain[0].extent,
                (int)domain[1].extent, ir_text(A, domain[0].min), ir_text(A, domain[1].min),
                (int)n->one[0].extent, (int)n->one[1].extent, ir_text(A, n->loops[0]));
        full += all;
        told += c == COVER_FULL;
        arena_release(A);
    }
    assert_true(full > 2000);
    assert_true(told * 3 > full);
}

static void among(void **state)
{
    (void)state;
    int gaps = 0, full = 0;
    for (int trial = 0; trial < 20000; trial++) {
        Arena *A = arena_new(NULL);
        Nest *n = random_nest(A), *some = random_nest(A);
        AxisSpan domain[2];
        int64_t left[2];
        random_domain(A, below(2) ? n : some, domain);
        const Node *axis[] = {ir_var(A, "v"), ir_var(A, "w")};
        const Node *where = below(2) ? NULL : ir_binary(A, OP_Ne, axis[0], ir_idx(A, below(3)));
        for (int x = 0; where && x < 2 * MOST; x++) /* the guard keeps these out */
            if (x - MOST == where->kid[1]->at.i)
                memset(some->takes[x], 0, sizeof some->takes[x]);
        Asked asked = {2, axis, domain, where};
        Covering c = cover_taken(A, &asked, &(Taken){n->one, LOOPS, n->loops},
                                 &(Taken){some->one, LOOPS, some->loops}, left);
        bool all = all_taken(n, some, domain);
        if (c == COVER_UNTOLD || all != (c == COVER_FULL))
            fail_msg("trial %d: said %d of\n%s\n%s", trial, c, ir_text(A, n->loops[0]),
                     ir_text(A, some->loops[0]));
        if (c == COVER_GAP) {
            assert_true(some->takes[left[0] + MOST][left[1] + MOST]);
            assert_false(n->takes[left[0] + MOST][left[1] + MOST]);
        }
        gaps += !all;
        full += all;
        arena_release(A);
    }
    assert_true(gaps > 2000 && full > 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boxes),
        cmocka_unit_test(among),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
