/* cover.c -- what cover_box and cover_taken say of random sums of digits, against every
** iteration. */
#include "tests/dice.h"
#include "tests/program.h"

#include <stdio.h>
#include <string.h>

#include "core/ir/print.h"
#include "core/ir/simplify.h"
#include "core/schedule/cover.h"

enum { LOOPS = 4, MOST = 64 }; /* values of an axis are told apart in -MOST … MOST - 1 */

typedef struct Nest {
    bool plain;            /* all loops run as often as extent says, and under no condition */
    int64_t extent[LOOPS]; /* at most */
    Path to;               /* the Store */
    const Node *var[LOOPS];
    const InterpExpr *run[4 * LOOPS]; /* of to.at[i]: how far the loop goes, whether the If holds */
    AxisSpan one[2];
    const InterpExpr *least[2];
    bool takes[2 * MOST][2 * MOST];
} Nest;

/* A number that counts up: a loop, there and back, or what two make together. */
static void number(Buf *b, const Nest *n)
{
    int i = below(LOOPS), k = below(LOOPS);
    if (below(8) == 0)
        buf_printf(b, "(%d - l%d)", (int)n->extent[i] - 1, i);
    else if (below(2))
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

/* All loops fused, and split again into the two axes; with an axis in between that is left out. */
static void fused(Buf *b, const Nest *n)
{
    static const int by[] = {2, 3, 4, 6, 8, 12};
    char all[80];
    int rows = by[below(6)], columns = by[below(6)];
    snprintf(all, sizeof all, "(((l0*%d + l1)*%d + l2)*%d + l3)", (int)n->extent[1],
             (int)n->extent[2], (int)n->extent[3]);
    if (below(2))
        buf_printf(b, "%s//%d, %s%%%d", all, rows, all, rows);
    else
        buf_printf(b, "%s//%d%%%d, %s%%%d", all, rows, columns, all, rows);
}

/* A nest as text, its loops numbered from `from` on; if it is not plain, some go as far as others
** say, or stand under conditions. */
static void nest_text(Buf *b, Nest *n)
{
    static const int extents[] = {1, 2, 2, 3, 4, 4, 6, 8};
    int indent = 2;
    for (int i = 0; i < LOOPS; i++, indent += 2) {
        n->extent[i] = extents[below(8)];
        if (!n->plain && i > 0 && below(4) == 0)
            buf_printf(b, "%*sfor l%d in range(min(l%d, %d)):\n", indent, "", i, below(i),
                       (int)n->extent[i]);
        else
            buf_printf(b, "%*sfor l%d in range(%d):\n", indent, "", i, (int)n->extent[i]);
        if (!n->plain && below(4) == 0)
            buf_printf(b, "%*sif l%d %% 2 == %d:\n", indent += 2, "", below(i + 1), below(2));
    }
    buf_printf(b, "%*sB[", indent, "");
    if (below(4) == 0) {
        fused(b, n);
    } else {
        sum(b, n);
        buf_puts(b, ", ");
        sum(b, n);
    }
    buf_puts(b, "] = 1\n");
}

static void mark_from(Nest *n, size_t at, Scalar *value)
{
    const Node *stmt = n->to.at[at];
    if (stmt->op == OP_Store) {
        int64_t v = interp_eval(n->least[0], value).i + MOST,
                w = interp_eval(n->least[1], value).i + MOST;
        for (int64_t x = v; x < v + n->one[0].extent; x++)
            for (int64_t y = w; y < w + n->one[1].extent; y++)
                if (x >= 0 && y >= 0 && x < 2 * MOST && y < 2 * MOST)
                    n->takes[x][y] = true;
        return;
    }
    int64_t times = n->run[at] ? interp_eval(n->run[at], value).i : 1;
    for (int64_t i = 0; i < times; i++) {
        for (int k = 0; k < LOOPS && stmt->op == OP_For; k++)
            if (n->var[k] == stmt->kid[For_var])
                value[k].i = i;
        mark_from(n, at + 1, value);
    }
}

/* The nest that the Store ends, of a Func. */
static void nest_of(Arena *A, const Node *func, const Node *store, Nest *n)
{
    Err err = {0};
    VarRange range[LOOPS];
    Scalar value[LOOPS] = {0};
    int loops = 0;
    path_to(func, store, &n->to);
    for (size_t i = 0; i < n->to.n; i++)
        if (n->to.at[i]->op == OP_For)
            n->var[loops++] = n->to.at[i]->kid[For_var];
    for (int i = 0; i < LOOPS; i++)
        range[i] = (VarRange){n->var[i], 0, n->extent[i] - 1};
    for (int i = 0; i < 2; i++)
        n->one[i] = (AxisSpan){ir_simplify(A, store->kid[Store_index + i], &(Ranges){LOOPS, range}),
                               below(3) ? 1 : 1 + below(3), NULL};
    for (int i = 0; i < 2; i++)
        n->least[i] = interp_compile(A, n->one[i].min, LOOPS, n->var, &err);
    for (size_t i = 0; i < n->to.n; i++) {
        const Node *stmt = n->to.at[i];
        if (stmt->op == OP_For || stmt->op == OP_If)
            n->run[i] =
                interp_compile(A, stmt->kid[stmt->op == OP_For ? (int)For_extent : (int)If_cond],
                               LOOPS, n->var, &err);
    }
    mark_from(n, 0, value);
}

/* One nest, or two in a Func. */
static void random_nests(Arena *A, size_t count, Nest **out)
{
    Buf b = buf_new(A);
    buf_puts(&b, "func f() -> B: int8[8, 8]:\n");
    for (size_t i = 0; i < count; i++) {
        out[i] = arena_alloc(A, sizeof **out);
        out[i]->plain = count == 1 || below(2);
        nest_text(&b, out[i]);
    }
    const Node *func = parse(A, buf_str(&b)), *body = func->kid[Func_body];
    for (size_t i = 0; i < count; i++)
        nest_of(A, func, ir_first(count == 1 ? body : body->kid[i], OP_Store), out[i]);
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
        Nest *n;
        AxisSpan domain[2];
        const Node *loops[LOOPS];
        size_t axis;
        random_nests(A, 1, &n);
        path_loops(&n->to, n->to.n, loops);
        random_domain(A, n, domain);
        bool all = all_taken(n, NULL, domain);
        Covering c = cover_box(A, 2, n->one, domain, LOOPS, loops, &axis);
        if (c != COVER_UNTOLD && all != (c == COVER_FULL))
            fail_msg(
                "trial %d: said %s of %d, %d values from %s, %s of each iteration's %d, %d of\n%s",
                trial, c == COVER_FULL ? "full" : "gaps", (int)domain[0].extent,
                (int)domain[1].extent, ir_text(A, domain[0].min), ir_text(A, domain[1].min),
                (int)n->one[0].extent, (int)n->one[1].extent, ir_text(A, loops[0]));
        full += all;
        told += c == COVER_FULL;
        arena_release(A);
    }
    assert_true(full > 2000);
    assert_true(told * 4 > full * 3);
}

static void among(void **state)
{
    (void)state;
    int gaps = 0, full = 0;
    for (int trial = 0; trial < 20000; trial++) {
        Arena *A = arena_new(NULL);
        Nest *nests[2], *n, *some;
        AxisSpan domain[2];
        Lacking lacking;
        random_nests(A, 2, nests);
        n = nests[0];
        some = nests[1];
        random_domain(A, below(2) ? n : some, domain);
        const Node *axis[] = {ir_var(A, "v"), ir_var(A, "w")};
        const Node *where = below(2) ? NULL : ir_binary(A, OP_Ne, axis[0], ir_idx(A, below(3)));
        for (int x = 0; where && x < 2 * MOST; x++) /* the guard keeps these out */
            if (x - MOST == where->kid[1]->at.i)
                memset(some->takes[x], 0, sizeof some->takes[x]);
        Asked asked = {2, axis, domain, where};
        Covering c = cover_taken(A, &asked, &(Taken){n->one, &n->to},
                                 &(Taken){some->one, &some->to}, &lacking);
        bool all = all_taken(n, some, domain);
        if (c == COVER_UNTOLD || all != (c == COVER_FULL))
            fail_msg("trial %d: said %d of\n%s", trial, c, ir_text(A, n->to.at[0]));
        if (c == COVER_GAP) {
            assert_true(some->takes[lacking.at[0] + MOST][lacking.at[1] + MOST]);
            assert_false(n->takes[lacking.at[0] + MOST][lacking.at[1] + MOST]);
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
