/* dep_sched.c -- the two witnesses of legality against each other: random steps that
** the primitives accept must keep what integer sets find, and a loop that was made
** concurrent must be free of dependences. */
#include "tests/dice.h"
#include "tests/program.h"
#include "tests/trials.h"

#include <stdlib.h>
#include <string.h>

#include "core/affine/dep.h"
#include "core/ir/print.h"
#include "core/schedule/sched.h"

static const char *const programs[] = {
    MATMUL("10", "9", "12"),

    "func blur(A: float32[16, 12]) -> D: float32[14, 12]:\n"
    "  alloc B: float32[16, 12]\n"
    "  for y in range(16):\n    for x in range(12):\n      block B(y, x):\n        B[y, x] = A[y, x] * 2\n"
    "  for i in range(14):\n    for j in range(12):\n      block D(i, j):\n"
    "        D[i, j] = B[i, j] + B[i + 1, j] + B[i + 2, j]\n",

    "func conv(X: float32[3, 10, 10], W: float32[4, 3, 3, 3]) -> R: float32[4, 10, 10]:\n"
    "  alloc P: float32[3, 12, 12]\n"
    "  for c in range(3):\n    for h in range(12):\n      for w in range(12):\n        block P(c, h, w):\n"
    "          P[c, h, w] = select(h >= 1 and h < 11 and w >= 1 and w < 11, X[c, h - 1, w - 1], 0)\n"
    "  alloc C: float32[4, 10, 10]\n"
    "  for o in range(4):\n    for y in range(10):\n      for x in range(10):\n        for ic in range(3):\n"
    "          for ky in range(3):\n            for kx in range(3):\n"
    "              block C(o, y, x, ic: reduce, ky: reduce, kx: reduce):\n"
    "                init: C[o, y, x] = 0\n"
    "                C[o, y, x] += P[ic, y + ky, x + kx] * W[o, ic, ky, kx]\n"
    "  for ro in range(4):\n    for ry in range(10):\n      for rx in range(10):\n        block R(ro, ry, rx):\n"
    "          R[ro, ry, rx] = max(C[ro, ry, rx], 0)\n",

    "func softmax(X: float32[6, 10]) -> Y: float32[6, 10]:\n"
    "  alloc M: float32[6]\n  for a in range(6):\n    for b in range(10):\n      block M(a, b: reduce):\n"
    "        init: M[a] = -inf\n        M[a] max= X[a, b]\n"
    "  alloc S: float32[6]\n  for c in range(6):\n    for d in range(10):\n      block S(c, d: reduce):\n"
    "        init: S[c] = 0\n        S[c] += X[c, d] - M[c]\n"
    "  for e in range(6):\n    for f in range(10):\n      block Y(e, f):\n        Y[e, f] = (X[e, f] - M[e]) / S[e]\n",

    "func reshape(X: int32[8, 6]) -> Y: int32[48]:\n"
    "  alloc T: int32[6, 8]\n  for i in range(6):\n    for j in range(8):\n      block T(i, j):\n        T[i, j] = X[j, i]\n"
    "  for n in range(48):\n    block Y(n):\n      Y[n] = T[n//8, n%8] + 1\n",
};

typedef struct Names {
    const char *loop[64], *block[32], *buffer[32];
    const Node *var[64];
    int64_t kind[64];
    size_t nloops, nblocks, nbuffers;
} Names;

static bool note(void *env, const Node *n)
{
    Names *s = env;
    if (n->op == OP_For && s->nloops < 64) {
        s->loop[s->nloops] = ir_var_name(n->kid[For_var]);
        s->kind[s->nloops] = n->at.i;
        s->var[s->nloops++] = n->kid[For_var];
    }
    if (n->op == OP_Block && s->nblocks < 32)
        s->block[s->nblocks++] = ir_block_name(n);
    if (n->op == OP_Buffer && s->nbuffers < 32)
        s->buffer[s->nbuffers++] = ir_buf_name(n);
    return n->op != OP_Store && n->op != OP_Update && op_info[n->op].cls != CLASS_EXPR;
}

typedef struct Counts {
    long steps, refused, checked, unknown, loops, cautious;
} Counts;

static const char *const concurrent[] = {"parallel", "vectorize"};

/* A random primitive with arguments from the program. */
static const Prim *random_step(const Names *s, Arg *args, size_t *n)
{
    static const char *const names[] = {"split",
                                        "split",
                                        "fuse",
                                        "reorder",
                                        "reorder",
                                        "parallel",
                                        "vectorize",
                                        "unroll",
                                        "compute_inline",
                                        "reverse_compute_inline",
                                        "compute_at",
                                        "compute_at",
                                        "reverse_compute_at",
                                        "cache_read",
                                        "cache_write",
                                        "decompose_reduction"};
    const char *name = names[below(16)];
    const char *loop = s->loop[below((long)s->nloops)], *block = s->block[below((long)s->nblocks)];
    *n = 0;
    if (!strcmp(name, "split")) {
        args[(*n)++] = given_str(loop);
        args[(*n)++] = given_int(1 + below(6));
    } else if (!strcmp(name, "fuse") || !strcmp(name, "reorder")) {
        size_t at = (size_t)below((long)s->nloops), other = at + 1 + (size_t)below(2);
        other = other < s->nloops ? other : 0;
        bool flip = !strcmp(name, "reorder");
        args[(*n)++] = given_str(s->loop[flip ? other : at]);
        args[(*n)++] = given_str(s->loop[flip ? at : other]);
    } else if (!strcmp(name, "parallel") || !strcmp(name, "vectorize") || !strcmp(name, "unroll")) {
        args[(*n)++] = given_str(loop);
    } else if (!strncmp(name, "cache", 5)) {
        args[(*n)++] = given_str(block);
        if (!strcmp(name, "cache_read"))
            args[(*n)++] = given_str(s->buffer[below((long)s->nbuffers)]);
        args[(*n)++] = given_str("local");
    } else {
        args[(*n)++] = given_str(block);
        if (strstr(name, "_at") || !strncmp(name, "decompose", 9))
            args[(*n)++] = given_str(loop);
    }
    return prim_find(name);
}

static void describe(Arena *A, const Version *v, const char *what, const Err *err)
{
    fail_msg("%s: %s; %s\n%s%s", what, err->why, err->witness, version_trace(A, v, "s"),
             ir_text(A, v->func));
}

/* Every loop that is said to run concurrently must be free of dependences. */
static void check_loops(Arena *A, const Version *v, Counts *count)
{
    Names s = {0};
    ir_walk(v->func, note, &s);
    for (size_t i = 0; i < s.nloops; i++) {
        Err err = {0};
        if (s.kind[i] == FOR_serial || s.kind[i] == FOR_unrolled)
            continue;
        count->loops++;
        if (dep_check_parallel(v->func, s.var[i], DEP_QUICK, &err) == DEP_BROKEN)
            describe(A, v, s.loop[i], &err);
    }
}

/* A refusal to run a loop concurrently is right, or at least no more than cautious;
** counts the latter. */
static void check_refusal(const Version *v, const Names *s, const Prim *p, const Arg *args,
                          const Err *why, Counts *count)
{
    bool is_concurrent = false;
    for (size_t i = 0; i < 2; i++)
        is_concurrent |= strcmp(p->name, concurrent[i]) == 0;
    if (!is_concurrent || (why->code != ERR_reduce_concurrent && why->code != ERR_shared_writes))
        return;
    for (size_t i = 0; i < s->nloops; i++)
        if (strcmp(s->loop[i], args[0].s) == 0) {
            Err err = {0};
            count->cautious += dep_check_parallel(v->func, s->var[i], DEP_QUICK, &err) == DEP_OK;
            return;
        }
}

static void trial(const char *text, Counts *count)
{
    Arena *A = arena_new(NULL);
    Err err = {0};
    const Node *func = parse(A, text);
    Version *v = version_new(A, func);
    for (int k = 0; k < 8; k++) {
        Names s = {0};
        Arg args[8];
        size_t n;
        ir_walk(v->func, note, &s);
        const Prim *p = random_step(&s, args, &n);
        memset(&err, 0, sizeof err);
        Version *next = version_apply(v, p, n, args, &err);
        if (!next) {
            count->refused++;
            check_refusal(v, &s, p, args, &err, count);
            continue;
        }
        version_release(v);
        v = next;
        count->steps++;
    }
    memset(&err, 0, sizeof err);
    DepAnswer answer = dep_check_step(func, v->func, DEP_QUICK, &err);
    count->checked++;
    count->unknown += answer == DEP_UNKNOWN;
    if (answer == DEP_BROKEN)
        describe(A, v, "the steps broke the program", &err);
    check_loops(A, v, count);
    version_release(v);
    arena_release(A);
}

/* Found by the trials below: Y was moved before S, which it reads, was computed. */
static void a_consumer_waits_for_all_producers(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    Err err = {0};
    Version *v = version_new(A, parse(A, programs[3]));
    Arg args[] = {given_str("Y"), given_str("a")};
    assert_null(version_apply(v, prim_find("reverse_compute_at"), 2, args, &err));
    assert_int_equal(err.code, ERR_written_later);
    assert_string_equal(err.why, "block Y reads S, which block S writes only after loop a");
    version_release(v);
    arena_release(A);
}

/* Found by the trials below: the init came after the updates. */
static void half_a_reduction_stays(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    Err err = {0};
    Version *v = version_new(A, parse(A, programs[3]));
    Arg decompose[] = {given_str("S"), given_str("d")},
        at[] = {given_str("S.init"), given_str("e")};
    Version *w = version_apply(v, prim_find("decompose_reduction"), 2, decompose, &err);
    assert_non_null(w);
    assert_null(version_apply(w, prim_find("compute_at"), 2, at, &err));
    assert_int_equal(err.code, ERR_written_by_two);
    version_release(v);
    version_release(w);
    arena_release(A);
}

static void random_schedules(void **state)
{
    (void)state;
    int trials = trials_of(2000, 200);
    Counts count = {0};
    for (int t = 0; t < trials; t++)
        trial(programs[t % 5], &count);
    print_message(
        "%ld steps, %ld refused; %ld programs, %ld unknown; %ld concurrent loops, %ld refusals only cautious\n",
        count.steps, count.refused, count.checked, count.unknown, count.loops, count.cautious);
    assert_true(count.steps > trials);
    assert_true(count.loops > trials / 20);
    assert_true(count.unknown * 10 < count.checked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_consumer_waits_for_all_producers),
                                       cmocka_unit_test(half_a_reduction_stays),
                                       cmocka_unit_test(random_schedules)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
