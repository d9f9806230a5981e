/* legal.c -- the fast way to an answer about legality against the thorough one: on
** random programs, what distances prove legal must be so by integer sets, too, and no
** search over iterations may find a conflict. */
#include "tests/dice.h"
#include "tests/program.h"
#include "tests/trials.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/affine/dep.h"
#include "core/affine/witness.h"
#include "core/base/buf.h"
#include "core/ir/print.h"
#include "core/schedule/legal.h"
#include "core/schedule/sched.h"
#include "core/schedule/tree.h"

/* ---- random programs ---- */

/* A sum over some of the n names, at times divided. */
static void put_index(Buf *b, int n, const char *const *names, bool positive)
{
    static const int factors[] = {1, 1, 1, 2, 3, 4, 8};
    int divide = n > 0 ? below(6) : 0;
    buf_puts(b, divide == 1 || divide == 2 ? "(" : "");
    buf_printf(b, "%d", positive ? 0 : 20 + below(3));
    for (int i = 0; i < n; i++)
        if (below(3))
            buf_printf(b, " %c %s*%d", positive || below(5) ? '+' : '-', names[i],
                       factors[below(7)]);
    if (divide == 1 || divide == 2)
        buf_printf(b, ")%s%d", divide == 1 ? "//" : "%", 2 + below(4));
}

static bool has_own; /* is there memory T that is an iteration's own? */

static void put_access(Buf *b, int n, const char *const *names)
{
    bool own = has_own && below(2), flat = own || below(3) > 0;
    buf_puts(b, own ? "T[" : flat ? "P[" : "Q[");
    put_index(b, n, names, false);
    if (!flat) {
        buf_puts(b, ", ");
        put_index(b, n, names, false);
    }
    buf_putc(b, ']');
}

static void put_update(Buf *b, int indent, int n, const char *const *names)
{
    static const char *const ops[] = {"=", "=", "=", "+=", "+=", "max="};
    if (below(8) == 0) { /* what decides reads what is written */
        buf_printf(b, "%*sif ", indent, "");
        put_access(b, n, names);
        buf_puts(b, " == 0:\n");
        indent += 2;
    }
    buf_printf(b, "%*s", indent, "");
    put_access(b, n, names);
    buf_printf(b, " %s ", ops[below(6)]);
    if (below(2))
        buf_puts(b, "A[0]");
    else
        put_access(b, n, names);
    buf_putc(b, '\n');
}

/* The same element begun and then updated, as a reduction. */
static void put_reduction(Buf *b, int indent, int n, const char *const *names)
{
    Buf target = buf_new(b->arena);
    put_access(&target, n, names);
    buf_printf(b, "%*sinit: %s = 0\n%*s%s += A[0]\n", indent, "", buf_str(&target), indent, "",
               buf_str(&target));
}

static void put_block(Buf *b, int indent, int n, const char *const *loops, int number)
{
    static const char *const axes[] = {"a", "b", "r"};
    bool reduce = below(3) == 0;
    buf_printf(b, "%*sblock B%d(", indent, "", number);
    for (int i = 0; i < 2 + reduce; i++) {
        buf_printf(b, "%s%s = ", i ? ", " : "", axes[i]);
        put_index(b, n, loops, true);
        buf_puts(b, i == 2 ? ": reduce" : "");
    }
    buf_putc(b, ')');
    if (below(4) == 0)
        buf_printf(b, " where %s < %d", axes[below(2)], 1 + below(6));
    buf_puts(b, ":\n");
    if (reduce)
        put_reduction(b, indent + 2, 2, axes);
    else
        put_update(b, indent + 2, 2, axes);
}

static const char *random_program(Arena *A)
{
    static const char *const loops[] = {"i", "j", "k", "l"};
    Buf b = buf_new(A);
    int depth = 2 + below(3), number = 0, own = below(2) ? below(depth) + 1 : 0;
    has_own = false;
    buf_puts(&b, "func f(A: int32[8]) -> P: int32[300], Q: int32[300, 300]:\n");
    for (int d = 0; d < depth; d++) {
        buf_printf(&b, "%*sfor %s in range(%d):\n", 2 + 2 * d, "", loops[d], 1 + below(6));
        if (d + 1 == own) {
            buf_printf(&b, "%*salloc T: int32[300]\n", 4 + 2 * d, "");
            has_own = true;
        }
        if (d > 0 && d + 1 < depth && below(4) == 0)
            put_update(&b, 4 + 2 * d, d + 1, loops);
    }
    for (int s = 1 + below(2); s > 0; s--)
        if (below(3))
            put_block(&b, 2 + 2 * depth, depth, loops, number++);
        else
            put_update(&b, 2 + 2 * depth, depth, loops);
    return buf_str(&b);
}

/* ---- the two ways ---- */

typedef struct Counts {
    long loops, sure, legal, unknown, orders, sure_orders, legal_orders;
} Counts;

typedef struct Loops {
    size_t n;
    const Node *at[32];
} Loops;

static void find_loops(const Node *n, Loops *out)
{
    if (n->op == OP_For && out->n < 32)
        out->at[out->n++] = n;
    for (size_t i = 0; i < n->nkids; i++)
        if (ir_is_stmt(n->kid[i]))
            find_loops(n->kid[i], out);
}

static void compare_concurrency(Arena *A, const Node *func, const Node *loop, Counts *c)
{
    Err err = {0};
    LoopConflict conflict;
    bool sure = legal_surely_concurrent(func, loop);
    DepAnswer truth = dep_check_parallel(func, loop->kid[For_var], DEP_QUICK, &err);
    if (sure && (truth == DEP_BROKEN ||
                 witness_find(A, func, loop->kid[For_var], WITNESS_STEPS, &conflict)))
        fail_msg("loop %s is said to be legal: %s\n%s", ir_var_name(loop->kid[For_var]),
                 err.witness, ir_text(A, func));
    c->loops++;
    c->sure += sure;
    c->legal += truth == DEP_OK;
    c->unknown += truth == DEP_UNKNOWN;
}

static void compare_orders(Arena *A, const Node *func, const Node *loop, Counts *c)
{
    const Node *before[8], *after[8];
    size_t n = 0;
    for (; loop->op == OP_For && n < 8; loop = loop->kid[For_body])
        before[n++] = loop;
    memcpy(after, before, sizeof after);
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)below((int)i);
        const Node *t = after[i - 1];
        after[i - 1] = after[j];
        after[j] = t;
    }
    Err err = {0};
    bool rounds, sure = n > 1 && legal_surely_reordered(func, n, before, after, &rounds);
    if (n < 2)
        return;
    DepAnswer truth = dep_check_reorder(func, n, before, after, DEP_QUICK, &err);
    if (sure && truth == DEP_BROKEN)
        fail_msg("a reorder is said to be legal: %s; %s\n%s", err.why, err.witness,
                 ir_text(A, func));
    c->orders++;
    c->sure_orders += sure;
    c->legal_orders += truth == DEP_OK;
}

static Version *random_split(Version *v, const Loops *loops)
{
    Err err = {0};
    Arg args[] = {given_str(ir_var_name(loops->at[below((int)loops->n)]->kid[For_var])),
                  given_int(1 + below(4))};
    Version *next = version_apply(v, prim_find("split"), 2, args, &err);
    return next ? next : version_retain(v);
}

static void trial(Counts *c)
{
    Arena *A = arena_new(NULL);
    Version *v = version_new(A, parse(A, random_program(A)));
    for (int i = below(3); i > 0; i--) {
        Loops loops = {0};
        find_loops(v->func, &loops);
        Version *next = random_split(v, &loops);
        version_release(v);
        v = next;
    }
    Loops loops = {0};
    find_loops(v->func, &loops);
    for (size_t i = 0; i < loops.n; i++)
        compare_concurrency(A, v->func, loops.at[i], c);
    compare_orders(A, v->func, loops.at[0], c);
    version_release(v);
    arena_release(A);
}

static void distances_prove_nothing_false(void **state)
{
    (void)state;
    int trials = trials_of(4000, 250);
    Counts c = {0};
    for (int t = 0; t < trials; t++)
        trial(&c);
    print_message(
        "%ld loops: %ld concurrent by distances, %ld in truth, %ld unknown; %ld orders: %ld kept by distances, %ld in truth\n",
        c.loops, c.sure, c.legal, c.unknown, c.orders, c.sure_orders, c.legal_orders);
    assert_true(c.sure > trials / 4);
    assert_true(c.sure_orders > trials / 20);
    assert_true(c.sure <= c.legal + c.unknown);
    assert_true(c.unknown < c.loops / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(distances_prove_nothing_false)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
