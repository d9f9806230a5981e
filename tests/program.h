/* program.h -- what unit tests of programs share: programs from text, their loops by
** name, data to run them on.
**
**      const Node *f = parse(A, MATMUL("8", "8", "8"));
**      FloatData d = float_data(A, f);
**      assert_true(interp_run(f, d.n, d.io, NULL, &err));
*/
#ifndef TESTS_PROGRAM_H
#define TESTS_PROGRAM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/ir/interp.h"
#include "core/ir/parse.h"
#include "core/ir/rewrite.h"
#include "core/ir/verify.h"

/* C = Aᵀ B as it is written: C of y rows and x columns, sums over k. */
#define MATMUL(y, x, k)                                                                       \
    "func matmul(A: float32[" k ", " y "], B: float32[" k ", " x "]) -> C: float32[" y ", " x \
    "]:\n"                                                                                    \
    "  for y in range(" y "):\n    for x in range(" x "):\n      for k in range(" k "):\n"    \
    "        block C(y, x, k: reduce):\n          init: C[y, x] = 0\n          C[y, x] += A[k, y] * B[k, x]\n"

/* The Func of a text, which need not be well-formed beyond what the parser asks. */
static inline const Node *parse(Arena *A, const char *text)
{
    Err err = {0};
    const Node *f = ir_parse_func(A, text, &err);
    if (!f)
        fail_msg("%s\n%s", err.why, text);
    return f;
}

/* The Func of a text that is well-formed. */
static inline const Node *parse_verified(Arena *A, const char *text)
{
    Err err = {0};
    const Node *f = parse(A, text);
    if (!ir_verify(f, &err))
        fail_msg("%s\n%s", err.why, text);
    return f;
}

typedef struct NamedLoop {
    const char *name;
    const Node *var;
} NamedLoop;

static inline bool see_loop(void *env, const Node *n)
{
    NamedLoop *loop = env;
    if (n->op == OP_For && strcmp(ir_var_name(n->kid[For_var]), loop->name) == 0)
        loop->var = n->kid[For_var];
    return op_info[n->op].cls != CLASS_EXPR;
}

/* The variable of the last loop of that name, which there must be. */
static inline const Node *loop_var(const Node *f, const char *name)
{
    NamedLoop loop = {name, NULL};
    ir_walk(f, see_loop, &loop);
    if (!loop.var)
        fail_msg("no loop %s", name);
    return loop.var;
}

/* A Func's parameters, then its results. */
enum { MOST_BUFFERS = 8 };
typedef struct FloatData {
    size_t n, nparams;
    InterpBuffer io[MOST_BUFFERS];
    size_t bytes[MOST_BUFFERS];
} FloatData;

/* Buffers of constant shape for a Func: where they are float32, small numbers that depend on the
** place in the parameters and -77 in the results; else zeros. */
static inline FloatData float_data(Arena *A, const Node *f)
{
    const Node *params = f->kid[Func_params], *results = f->kid[Func_results];
    FloatData d = {.n = params->nkids + results->nkids, .nparams = params->nkids};
    assert_true(d.n <= MOST_BUFFERS);
    for (size_t i = 0; i < d.n; i++) {
        const Node *b = i < d.nparams ? params->kid[i] : results->kid[i - d.nparams];
        int64_t *shape = ARENA_ARRAY(A, int64_t, IR_MAX_RANK), elements = 1;
        for (size_t k = 0; k < ir_rank(b); k++)
            elements *= shape[k] = ir_dim(b, k);
        d.bytes[i] = (size_t)elements * dtype_bytes((DType)b->type);
        float *data = arena_alloc(A, d.bytes[i] + 1);
        for (int64_t j = 0; b->type == DT_float32 && j < elements; j++)
            data[j] = i < d.nparams ? (float)((j * 7 + (int64_t)i * 5) % 13 - 6) : -77;
        d.io[i] = (InterpBuffer){(DType)b->type, ir_rank(b), shape, data};
    }
    return d;
}

/* Do two runs of Funcs with the same results give the same bits? */
static inline bool same_results(const FloatData *a, const FloatData *b)
{
    assert_true(a->n - a->nparams == b->n - b->nparams);
    for (size_t i = a->nparams, k = b->nparams; i < a->n; i++, k++)
        if (a->bytes[i] != b->bytes[k] || memcmp(a->io[i].data, b->io[k].data, a->bytes[i]) != 0)
            return false;
    return true;
}

#endif
