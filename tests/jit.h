/* jit.h -- compiled programs beside interpreted ones, in one process: for tests of
** code generation.
**
** The module is opened and its code is run here, without worker and runner, so that what is tested
** is the code alone.  A program runs for several targets: this machine, plain x86-64, x86-64-v3,
** without optimisation, with much of it, and with checks; all must give the interpreter's bits.
*/
#ifndef TESTS_JIT_H
#define TESTS_JIT_H

#include "tests/build_files.h"
#include "tests/program.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/ir/print.h"
#include "core/run/runtime.h"
#include "passes/loop/lower.h"

/* ---- a worker and a runner in one ---- */

enum { WINDOW = 64 << 20 };

static struct {
    char *base, *next;
    const Emit *emit;
    int live;      /* temporaries not given back */
    int64_t asked; /* bytes of the last of them */
    int32_t cancel, oob_access, oob_dim;
    int64_t oob_index;
} host;

static void *take(void *ctx, size_t bytes, size_t align)
{
    (void)ctx;
    char *at = (char *)(((uintptr_t)host.next + align - 1) & ~(uintptr_t)(align - 1));
    host.next = at + bytes;
    return host.next <= host.base + WINDOW ? at : NULL;
}

static uint64_t symbol(void *ctx, const char *name)
{
    (void)ctx;
    return (uint64_t)(uintptr_t)dlsym(RTLD_DEFAULT, name);
}

static void *rt_alloc(void *ctx, int64_t bytes)
{
    (void)ctx;
    host.live++;
    host.asked = bytes;
    return aligned_alloc(64, ((size_t)bytes + 64) & ~(size_t)63);
}

static void rt_release(void *ctx, void *p)
{
    (void)ctx;
    host.live--;
    free(p);
}

/* In falling order, because a parallel loop has none. */
static int32_t rt_parallel(void *ctx, ParallelBody *body, void *env, int64_t n)
{
    (void)ctx;
    for (int64_t i = n; i-- > 0;) {
        int32_t code = body(env, i);
        if (code)
            return code;
    }
    return 0;
}

static int32_t rt_oob(void *ctx, int32_t access, int32_t dim, int64_t index)
{
    (void)ctx;
    host.oob_access = access;
    host.oob_dim = dim;
    host.oob_index = index;
    return RT_OUT_OF_BOUNDS;
}

static const Runtime runtime = {NULL, &host.cancel, rt_alloc, rt_release, rt_parallel, rt_oob};

static int open_module(void **state)
{
    (void)state;
    static const EmitHost emit_host = {NULL, take, symbol};
    host.base = mmap(NULL, WINDOW, PROT_READ | PROT_WRITE | PROT_EXEC,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    host.next = host.base;
    host.emit = open_emit(&emit_host);
    return 0;
}

static KernelFn *build(Arena *A, const char *target, const char *text, Err *err)
{
    EmitRequest ask = {
        .target = target, .text = text, .length = strlen(text), .views = 1u << EMIT_CODE};
    EmitResult out;
    KernelFn *f = NULL;
    host.next = host.base; /* one kernel at a time */
    if (!host.emit->compile(A, &ask, &out, err))
        return NULL;
    *(void **)&f = (void *)(uintptr_t)out.entries[0].address;
    return f;
}

static const char *lowered_text(Arena *A, const Node *func)
{
    Err err = {0};
    const Node *low = loop_lower(A, func, false, &err);
    if (!low)
        fail_msg("lowering: %s\n%s", err.why, ir_text(A, func));
    return ir_text(A, low);
}

/* ---- running both and comparing bits ---- */

typedef struct Data {
    size_t n;
    InterpBuffer buf[8];
    size_t bytes[8];
} Data;

static uint32_t seed;

static uint32_t dice(void)
{
    seed = seed * 1664525 + 1013904223;
    return seed >> 8;
}

static const double odd_floats[] = {0.0,   -0.0,         1,        -1,        0.5,  -2.5,
                                    3.5,   NAN,          INFINITY, -INFINITY, 1e30, -1e30,
                                    1e-40, 2147483648.0, -300,     255.5,     7,    -7};
static const int64_t odd_ints[] = {
    0,   1,   -1,   2,   -2,    7,      -7,        31,        32,        63,        64,
    127, 128, -128, 255, 32767, -32768, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, 3};

/* tame: small numbers, so that sums tell something; else all that can make trouble. */
static void fill(const InterpBuffer *b, size_t elements, bool tame)
{
    for (size_t i = 0; i < elements; i++) {
        Scalar v;
        if (dtype_is_float(b->type)) {
            v.f = tame ? (double)(int)(dice() % 2000) / 16 - 60 : odd_floats[dice() % 18];
            v = dtype_convert(b->type, DT_float64, v);
        } else {
            v.i = tame ? (int64_t)(dice() % 200) - 100 : odd_ints[dice() % 22];
            v.i = dtype_wrap(b->type, v.i);
        }
        dtype_store(b->type, (char *)b->data + i * dtype_bytes(b->type), v);
    }
}

static Data make_data(Arena *A, const Node *func, bool tame, uint32_t first)
{
    Data d = {0};
    seed = first;
    for (int part = Func_params; part <= Func_results; part++)
        for (uint32_t i = 0; i < func->kid[part]->nkids; i++) {
            const Node *b = func->kid[part]->kid[i];
            int64_t *shape = ARENA_ARRAY(A, int64_t, ir_rank(b) + 1);
            size_t n = 1;
            for (size_t k = 0; k < ir_rank(b); k++) {
                shape[k] = ir_dim(b, k);
                n *= (size_t)shape[k];
            }
            InterpBuffer *out = &d.buf[d.n];
            d.bytes[d.n] = n * dtype_bytes((DType)b->type);
            char *space = arena_alloc(A, d.bytes[d.n] + 128);
            space += 64 - ((uintptr_t)space & 63);
            *out = (InterpBuffer){(DType)b->type, ir_rank(b), shape, space};
            fill(out, n, tame);
            d.n++;
        }
    return d;
}

/* The same bits, where NaN is NaN whatever its payload. */
static int64_t first_difference(const Data *a, const Data *b, size_t buffer)
{
    DType t = a->buf[buffer].type;
    size_t size = dtype_bytes(t);
    const char *pa = a->buf[buffer].data, *pb = b->buf[buffer].data;
    for (size_t i = 0; i < a->bytes[buffer] / size; i++) {
        Scalar x = dtype_load(t, pa + i * size), y = dtype_load(t, pb + i * size);
        if (dtype_is_float(t) && isnan(x.f) && isnan(y.f))
            continue;
        if (memcmp(pa + i * size, pb + i * size, size) != 0)
            return (int64_t)i;
    }
    return -1;
}

static const char *const targets[] = {"llvm",     "llvm -mcpu=x86-64", "llvm -mcpu=x86-64-v3",
                                      "llvm -O0", "llvm -O3",          "llvm -check"};

static void compare_on(Arena *A, const Node *func, const char *text, const char *target, bool tame)
{
    Err err = {0};
    Data want = make_data(A, func, tame, 7), got = make_data(A, func, tame, 7);
    if (!interp_run(func, want.n, want.buf, NULL, &err))
        fail_msg("interpreter: %s\n%s", err.why, text);
    KernelFn *f = build(A, target, text, &err);
    if (!f)
        fail_msg("%s: %s\n%s", target, err.why, text);
    void *pointers[8];
    for (size_t i = 0; i < got.n; i++)
        pointers[i] = got.buf[i].data;
    int32_t code = f(pointers, NULL, &runtime);
    if (code)
        fail_msg("%s: kernel returned %d (access %d, dim %d, index %lld)\n%s", target, code,
                 host.oob_access, host.oob_dim, (long long)host.oob_index, text);
    assert_int_equal(host.live, 0);
    for (size_t i = 0; i < got.n; i++) {
        int64_t at = first_difference(&want, &got, i);
        size_t size = dtype_bytes(got.buf[i].type);
        if (at < 0)
            continue;
        Scalar w = dtype_load(want.buf[i].type, (char *)want.buf[i].data + (size_t)at * size);
        Scalar g = dtype_load(got.buf[i].type, (char *)got.buf[i].data + (size_t)at * size);
        fail_msg("%s: buffer %zu, element %lld: want %lld (%g), got %lld (%g)\n%s", target, i,
                 (long long)at, (long long)w.i, w.f, (long long)g.i, g.f, text);
    }
}

/* On this machine's target and on `more` others, which take turns. */
static void same_on(const char *program, bool tame, size_t more)
{
    static size_t turn;
    size_t n = sizeof targets / sizeof *targets;
    Arena *A = arena_new(NULL);
    const Node *func = parse(A, program);
    const char *text = lowered_text(A, func);
    compare_on(A, func, text, targets[0], tame);
    for (size_t i = 0; i < more; i++)
        compare_on(A, func, text, targets[1 + turn++ % (n - 1)], tame);
    arena_release(A);
}

#endif
