/* interrupted.c -- Ctrl-C at every moment at which a lowering or a step looks for it: nothing
** breaks, and what is asked for again comes. */
#include "tests/lowering.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/base/buf.h"
#include "core/base/cancel.h"
#include "core/schedule/sched.h"

/* What each pass is about, in nests of their own: tails and idle iterations, conditions that leave
** loops, the first iterations of sums, windows, calls, and names that meet. */
static const char *for_cpu(Arena *A)
{
    Buf b = buf_new(A);
    buf_puts(&b, "func f(A: float32[40], P: float32[13, 16]) -> B: float32[40], C: float32[13]:\n"
                 "  for q in parallel(5):\n"
                 "    for r in vectorized(8):\n"
                 "      block B(x = q*8 + r) where x < 37:\n"
                 "        B[x] = exp(A[x])\n"
                 "  for yo in range(4):\n"
                 "    alloc T: float32[13, 16] window [yo*4 :+ 4, 0 :+ 16]\n"
                 "    for yi in range(4):\n"
                 "      for k in range(16):\n"
                 "        block T(y = yo*4 + yi, z = k) where y < 13:\n"
                 "          T[y, z] = P[y, z] + 1\n"
                 "    for yi in range(4):\n"
                 "      for k in range(16):\n"
                 "        block C(y = yo*4 + yi, z = k: reduce) where y < 13:\n"
                 "          init: C[y] = 0\n"
                 "          C[y] += T[y, z]\n");
    for (int i = 0; i < 4; i++)
        buf_printf(&b,
                   "  for x%d in range(8):\n"
                   "    for z%d in range(5):\n"
                   "      if x%d*5 + z%d < %d:\n"
                   "        if A[z%d] > 3:\n"
                   "          B[x%d*5 + z%d] = A[x%d] + %d\n"
                   "        B[x%d] = A[z%d]\n",
                   i, i, i, i, 17 + i, i, i, i, i, i, i, i);
    return buf_str(&b);
}

static const char *for_gpu(Arena *A)
{
    return arena_strdup(
        A, "func f(A: float32[128], D: float32[70]) -> C: float32[32], E: float32[64]:\n"
           "  for bx in bind(\"blockIdx.x\", 4):\n"
           "    alloc L: float32[64] local\n"
           "    for tx in bind(\"threadIdx.x\", 4):\n"
           "      for i in range(4):\n"
           "        if tx*4 + i < 14:\n"
           "          L[tx*4 + i] = D[bx*16 + tx*4 + i]\n"
           "    for tx in bind(\"threadIdx.x\", 4):\n"
           "      for i in range(4):\n"
           "        if tx*4 + i < 14:\n"
           "          E[bx*16 + tx*4 + i] = tanh(L[tx*4 + i])\n"
           "  alloc S: float32[32] shared\n"
           "  for ko in range(4):\n"
           "    for tx in bind(\"threadIdx.x\", 32):\n"
           "      S[tx] = A[ko*32 + tx]\n"
           "    for tx in bind(\"threadIdx.x\", 32):\n"
           "      C[tx] += S[31 - tx]\n");
}

/* The text of the lowered program, or NULL; never another error than that it was interrupted. */
static const char *lowered(Arena *A, const Node *f, bool gpu)
{
    Err err = {0};
    const Node *out = loop_lower(A, f, gpu, &err);
    cancel_clear();
    if (out)
        return ir_text(A, out);
    if (err.code != ERR_interrupted)
        fail_msg("%s: %s", err.what, err.why);
    return NULL;
}

static void interrupt_lowering(const char *(*of)(Arena *A), bool gpu)
{
    Arena *A = arena_new(NULL);
    const char *text = of(A), *whole = lowered(A, parse_verified(A, text), gpu);
    assert_non_null(whole);
    int n = 1;
    for (bool done = false; !done; n++) {
        Arena *one = arena_new(NULL);
        const Node *f = parse_verified(one, text);
        const char *before = ir_text(one, f);
        cancel_ask_at(n);
        const char *got = lowered(one, f, gpu);
        done = got != NULL;
        assert_string_equal(got ? got : whole, whole);
        assert_string_equal(ir_text(one, f), before);
        got = lowered(one, f, gpu);
        assert_non_null(got);
        assert_string_equal(got, whole);
        arena_release(one);
    }
    print_message("looked for at %d moments\n", n - 2);
    assert_true(n - 2 >= 5); /* after each pass, at least */
    arena_release(A);
    assert_int_equal(arena_count(), 0);
}

static void a_lowering_is_interrupted(void **state)
{
    (void)state;
    interrupt_lowering(for_cpu, false);
    interrupt_lowering(for_gpu, true);
}

typedef struct Words {
    const char *prim;
    size_t n;
    const char *arg[3];
} Words;

static bool apply(Sched *s, const Words *w, Err *err)
{
    Arg args[3];
    for (size_t i = 0; i < w->n; i++) {
        char *rest;
        long v = strtol(w->arg[i], &rest, 10);
        args[i] = *rest ? given_str(w->arg[i]) : given_int(v);
    }
    return sched_apply(s, prim_find(w->prim), w->n, args, err);
}

/* A step that is asked to stop is done or leaves the program as it was; asked again, it is done. */
static void interrupt_step(const char *text, const Words *w)
{
    Arena *A = arena_new(NULL);
    const char *whole = NULL;
    int n = 0;
    for (bool done = false; !done; n++) { /* 0: never asked to stop */
        Version *v = version_new(A, parse_verified(A, text));
        Sched *s = sched_new(v);
        Err err = {0};
        version_release(v);
        const char *before = ir_text(A, s->at->func);
        cancel_ask_at(n);
        bool ok = apply(s, w, &err);
        done = n > 0 && !cancel_asked(); /* it ended before the n-th look */
        cancel_clear();
        if (n == 0 && !ok)
            fail_msg("%s: %s", w->prim, err.why);
        whole = n == 0 ? ir_text(A, s->at->func) : whole;
        assert_string_equal(ir_text(A, s->at->func), ok ? whole : before);
        memset(&err, 0, sizeof err);
        if (!ok && !apply(s, w, &err))
            fail_msg("%s, again: %s", w->prim, err.why);
        assert_string_equal(ir_text(A, s->at->func), whole);
        sched_free(s);
    }
    print_message("%s: looked for at %d moments\n", w->prim, n - 2);
    arena_release(A);
    assert_int_equal(arena_count(), 0);
}

static void steps_are_interrupted(void **state)
{
    (void)state;
    static const char two_stages[] = "func f(A: float32[8, 6]) -> D: float32[8, 6]:\n"
                                     "  alloc T: float32[8, 6]\n"
                                     "  for y in range(8):\n"
                                     "    for x in range(6):\n"
                                     "      block T(y, x):\n"
                                     "        T[y, x] = A[y, x] * 2\n"
                                     "  for i in range(8):\n"
                                     "    for j in range(6):\n"
                                     "      block D(i, j):\n"
                                     "        D[i, j] = T[i, j] + 1\n";
    static const Words steps[] = {
        {"compute_inline", 1, {"T"}},
        {"reverse_compute_inline", 1, {"D"}},
        {"compute_at", 2, {"T", "i"}},
        {"reverse_compute_at", 2, {"D", "y"}},
        {"split", 2, {"i", "3"}},
        {"reorder", 2, {"j", "i"}},
        {"parallel", 1, {"i"}},
        {"cache_write", 2, {"D", "local"}},
        {"cache_read", 3, {"T", "A", "local"}},
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        interrupt_step(two_stages, &steps[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lowering_is_interrupted),
        cmocka_unit_test(steps_are_interrupted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
