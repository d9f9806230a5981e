/* ptx.c -- the machine that runs PTX (tests/ptx), held against answers that follow from NVIDIA's
** PTX ISA: each operation, what is refused when it is read, and what is a fault. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tests/ptx/ptx.h"

#define HEADER ".version 7.0\n.target sm_80\n.address_size 64\n"
#define REGISTERS                                                            \
    "{ .reg .pred %p<4>; .reg .b16 %s<8>; .reg .b32 %r<8>; .reg .b64 %d<8>;" \
    " .reg .f32 %f<8>; .reg .f64 %e<8>; .reg .b64 %out, %in;\n"              \
    "ld.param.u64 %out, [out]; ld.param.u64 %in, [in];\n"
#define ENTRY HEADER ".visible .entry k(.param .u64 out, .param .u64 in)\n" REGISTERS

/* Two allocations of 64 words; the input counts from 0. */
enum { WORDS = 64 };
#define OUT UINT64_C(0x7f0000000000)
#define IN  UINT64_C(0x7f0000100000)

typedef struct Run {
    PtxOutcome outcome;
    char why[PTX_WHY];
    uint32_t out[WORDS];
} Run;

static PtxModule *read_module(const char *text)
{
    char why[PTX_WHY];
    PtxModule *m = ptx_read(text, why);
    if (!m)
        fail_msg("%s\n%s", why, text);
    return m;
}

static Run run_module(const PtxModule *m, const unsigned *grid, const unsigned *block)
{
    Run r = {.outcome = PTX_NOT_LAUNCHED};
    uint32_t in[WORDS];
    uint64_t out_at = OUT, in_at = IN;
    void *arguments[] = {&out_at, &in_at};
    for (uint32_t i = 0; i < WORDS; i++)
        in[i] = i;
    PtxSpan memory[] = {{OUT, r.out, sizeof r.out, NULL}, {IN, in, sizeof in, NULL}};
    PtxLaunch l = {.grid = {grid[0], grid[1], grid[2]},
                   .block = {block[0], block[1], block[2]},
                   .arguments = arguments,
                   .memory = memory,
                   .nmemory = 2,
                   .most = 100000};
    const PtxKernel *k = ptx_kernel(m, "k");
    assert_non_null(k);
    r.outcome = ptx_launch(k, &l, r.why);
    return r;
}

/* The kernel of that body, for blocks of so many threads. */
static Run run_body(const char *body, unsigned blocks, unsigned threads)
{
    char text[4096];
    snprintf(text, sizeof text, "%s%s\nret;\n}\n", ENTRY, body);
    PtxModule *m = read_module(text);
    Run r = run_module(m, (unsigned[]){blocks, 1, 1}, (unsigned[]){threads, 1, 1});
    ptx_free(m);
    return r;
}

/* ---- values ---- */

/* What an instruction leaves in register 0 of the kind that its name begins with. */
typedef struct Answer {
    const char *instruction;
    char kind; /* p s r d f e */
    uint64_t value;
} Answer;

static void check_answers(const Answer *a, size_t n)
{
    static const struct {
        char kind;
        const char *store;
    } stores[] = {{'p', "selp.u32 %r7, 1, 0, %p0; st.global.u32 [%out], %r7;"},
                  {'s', "st.global.u16 [%out], %s0;"},
                  {'r', "st.global.u32 [%out], %r0;"},
                  {'d', "st.global.u64 [%out], %d0;"},
                  {'f', "st.global.f32 [%out], %f0;"},
                  {'e', "st.global.f64 [%out], %e0;"}};
    for (size_t i = 0; i < n; i++) {
        char body[512];
        size_t s = 0;
        while (stores[s].kind != a[i].kind)
            s++;
        snprintf(body, sizeof body, "%s\n%s", a[i].instruction, stores[s].store);
        Run r = run_body(body, 1, 1);
        uint64_t got = r.out[0] | (uint64_t)r.out[1] << 32;
        if (r.outcome != PTX_DONE || got != a[i].value)
            fail_msg("%s: %#llx instead of %#llx %s", a[i].instruction, (unsigned long long)got,
                     (unsigned long long)a[i].value, r.why);
    }
}
#define CHECK_ANSWERS(table) check_answers(table, sizeof(table) / sizeof *(table))

static void integers(void **state)
{
    (void)state;
    static const Answer answers[] = {
        {"add.s32 %r0, 2147483647, 1;", 'r', 0x80000000},
        {"add.s16 %s0, -1, 1;", 's', 0},
        {"sub.s64 %d0, 0, 1;", 'd', UINT64_MAX},
        {"mul.lo.s32 %r0, 65536, 65537;", 'r', 65536},
        {"mul.lo.s16 %s0, -3, 5;", 's', 0xfff1},
        {"mul.hi.s32 %r0, -1, 5;", 'r', 0xffffffff},
        {"mul.hi.u32 %r0, -1, 5;", 'r', 4},
        {"mul.hi.s64 %d0, -1, 1;", 'd', UINT64_MAX},
        {"mul.hi.u64 %d0, -1, -1;", 'd', UINT64_MAX - 1},
        {"mul.hi.s16 %s0, -256, 256;", 's', 0xffff},
        {"mul.wide.u32 %d0, -1, 2;", 'd', UINT64_C(0x1fffffffe)},
        {"mul.wide.s32 %d0, -1, 2;", 'd', UINT64_MAX - 1},
        {"mul.wide.s16 %r0, -2, 3;", 'r', 0xfffffffa},
        {"mad.lo.s32 %r0, -2, 3, 10;", 'r', 4},
        {"mad.hi.u32 %r0, -1, 2, 10;", 'r', 11},
        {"mad.wide.u32 %d0, -1, 1, 1;", 'd', UINT64_C(1) << 32},
        {"div.s32 %r0, -7, 2;", 'r', 0xfffffffd},
        {"div.u32 %r0, -7, 2;", 'r', 0x7ffffffc},
        {"div.s16 %s0, 7, -2;", 's', 0xfffd},
        {"rem.u64 %d0, 17, 5;", 'd', 2},
        {"abs.s32 %r0, -5;", 'r', 5},
        {"abs.s16 %s0, -32768;", 's', 0x8000},
        {"neg.s64 %d0, 1;", 'd', UINT64_MAX},
        {"min.s16 %s0, -1, 1;", 's', 0xffff},
        {"min.u16 %s0, -1, 1;", 's', 1},
        {"max.s64 %d0, -1, 1;", 'd', 1},
        {"max.u64 %d0, -1, 1;", 'd', UINT64_MAX},
    };
    CHECK_ANSWERS(answers);
}

static void bits(void **state)
{
    (void)state;
    static const Answer answers[] = {
        {"and.b32 %r0, 12, 10;", 'r', 8},
        {"or.b16 %s0, 12, 10;", 's', 14},
        {"xor.b64 %d0, 12, 10;", 'd', 6},
        {"not.b32 %r0, 0;", 'r', 0xffffffff},
        {"setp.eq.s32 %p1, 1, 1; not.pred %p0, %p1;", 'p', 0},
        {"mov.pred %p1, -1; mov.pred %p2, 0; xor.pred %p0, %p1, %p2;", 'p', 1},
        {"shl.b32 %r0, 1, 31;", 'r', 0x80000000},
        {"shl.b32 %r0, 1, 32;", 'r', 0},
        {"shl.b16 %s0, 1, 16;", 's', 0},
        {"shr.u32 %r0, -1, 32;", 'r', 0},
        {"shr.b64 %d0, -1, 63;", 'd', 1},
        {"shr.s32 %r0, -8, 1;", 'r', 0xfffffffc},
        {"shr.s32 %r0, -8, 4000000000;", 'r', 0xffffffff},
        {"shr.s64 %d0, -1, 64;", 'd', UINT64_MAX},
        {"shr.s16 %s0, -2, 1;", 's', 0xffff},
        {"bfe.u32 %r0, 0xabcd, 4, 8;", 'r', 0xbc},
        {"bfe.s32 %r0, 0xabcd, 4, 8;", 'r', 0xffffffbc},
        {"bfe.s32 %r0, -1, 4, 0;", 'r', 0},
        {"bfe.s32 %r0, 0x80000000, 40, 8;", 'r', 0xffffffff},
        {"bfe.u64 %d0, -1, 60, 8;", 'd', 15},
        {"bfi.b32 %r0, 0xff, 0, 8, 4;", 'r', 0xf00},
        {"bfi.b32 %r0, 0, -1, 28, 8;", 'r', 0x0fffffff},
        {"bfi.b64 %d0, 1, 0, 63, 1;", 'd', UINT64_C(1) << 63},
        {"prmt.b32 %r0, 0x33221100, 0x77665544, 0x7604;", 'r', 0x77660044},
        {"prmt.b32 %r0, 0x80, 0, 0x0008;", 'r', 0x808080ff},
    };
    CHECK_ANSWERS(answers);
}

static void choices(void **state)
{
    (void)state;
    static const Answer answers[] = {
        {"setp.lt.s32 %p0, -1, 0;", 'p', 1},
        {"setp.lt.u32 %p0, -1, 0;", 'p', 0},
        {"setp.hi.u64 %p0, -1, 0;", 'p', 1},
        {"setp.ls.u16 %p0, 3, 3;", 'p', 1},
        {"setp.ne.b16 %p0, 65537, 1;", 'p', 0},
        {"setp.lt.f32 %p0, 0f7FC00000, 0f00000000;", 'p', 0},
        {"setp.ltu.f32 %p0, 0f7FC00000, 0f00000000;", 'p', 1},
        {"setp.ne.f32 %p0, 0f7FC00000, 0f00000000;", 'p', 0},
        {"setp.neu.f32 %p0, 0f7FC00000, 0f00000000;", 'p', 1},
        {"setp.eq.f64 %p0, 0d8000000000000000, 0d0000000000000000;", 'p', 1},
        {"setp.nan.f64 %p0, 0d7FF8000000000000, 0d0000000000000000;", 'p', 1},
        {"setp.num.f32 %p0, 0f7F800000, 0f00000000;", 'p', 1},
        {"setp.geu.f32 %p0, 0f00000000, 0f3F800000;", 'p', 0},
        {"mov.pred %p1, 1; selp.s32 %r0, -4, 5, %p1;", 'r', 0xfffffffc},
        {"mov.pred %p1, 0; selp.f64 %e0, 0d0000000000000000, 0d3FF0000000000000, %p1;", 'e',
         UINT64_C(0x3ff0000000000000)},
        {"mov.u32 %r0, 1; mov.pred %p1, 0; @%p1 mov.u32 %r0, 2;", 'r', 1},
        {"mov.u32 %r0, 1; mov.pred %p1, 0; @!%p1 mov.u32 %r0, 2;", 'r', 2},
        {"mov.u32 %r0, 0; mov.pred %p1, 1; @%p1 bra over; mov.u32 %r0, 1; over: add.s32 %r0, %r0, 4;",
         'r', 4},
        {"mov.u32 %r0, 0; again: add.s32 %r0, %r0, 1; setp.lt.s32 %p1, %r0, 9; @%p1 bra.uni again;",
         'r', 9},
    };
    CHECK_ANSWERS(answers);
}

static void floats(void **state)
{
    (void)state;
    static const Answer answers[] = {
        {"add.rn.f32 %f0, 0f3F800000, 0f33800000;", 'f', 0x3f800000}, /* a tie, to even */
        {"add.f32 %f0, 0f3F800001, 0f33800000;", 'f', 0x3f800002},
        {"sub.rn.f64 %e0, 0d3FF0000000000000, 0d3FF0000000000000;", 'e', 0},
        {"mul.rn.f32 %f0, 0f00000001, 0f3F000000;", 'f', 0}, /* subnormal, rounded to even */
        {"mul.rn.f32 %f0, 0f00000003, 0f3F000000;", 'f', 2},
        {"div.rn.f32 %f0, 0f3F800000, 0f40400000;", 'f', 0x3eaaaaab},
        {"div.rn.f64 %e0, 0d3FF0000000000000, 0d8000000000000000;", 'e',
         UINT64_C(0xfff0000000000000)},
        {"sub.rn.f32 %f0, 0f7F800000, 0f7F800000;", 'f', 0x7fffffff},
        {"fma.rn.f32 %f0, 0f3F800001, 0f3F800001, 0fBF800002;", 'f', 0x28800000},
        {"mul.rn.f32 %f1, 0f3F800001, 0f3F800001; add.rn.f32 %f0, %f1, 0fBF800002;", 'f', 0},
        {"sqrt.rn.f32 %f0, 0f40000000;", 'f', 0x3fb504f3},
        {"rcp.rn.f64 %e0, 0d4000000000000000;", 'e', UINT64_C(0x3fe0000000000000)},
        {"abs.f32 %f0, 0f80000000;", 'f', 0},
        {"neg.f64 %e0, 0d0000000000000000;", 'e', UINT64_C(0x8000000000000000)},
        {"min.f32 %f0, 0f7FC00000, 0f3F800000;", 'f', 0x3f800000},
        {"min.NaN.f32 %f0, 0f7FC00000, 0f3F800000;", 'f', 0x7fffffff},
        {"max.f64 %e0, 0d3FF0000000000000, 0d7FF8000000000000;", 'e', UINT64_C(0x3ff0000000000000)},
        {"max.NaN.f32 %f0, 0f3F800000, 0f7FC00000;", 'f', 0x7fffffff},
        {"min.f32 %f0, 0f00000000, 0f80000000;", 'f', 0x80000000},
        {"max.f32 %f0, 0f80000000, 0f00000000;", 'f', 0},
    };
    CHECK_ANSWERS(answers);
}

static void conversions(void **state)
{
    (void)state;
    static const Answer answers[] = {
        {"mov.b32 %r1, 0x180; cvt.s8.s32 %s0, %r1;", 's', 0xff80},
        {"mov.b32 %r1, 0x180; cvt.u8.u32 %r0, %r1;", 'r', 0x80},
        {"mov.b16 %s1, -2; cvt.s32.s16 %r0, %s1;", 'r', 0xfffffffe},
        {"mov.b16 %s1, -2; cvt.u32.u16 %r0, %s1;", 'r', 0xfffe},
        {"mov.b16 %s1, 0xff80; cvt.s32.s8 %r0, %s1;", 'r', 0xffffff80},
        {"mov.b32 %r1, -1; cvt.u64.u32 %d0, %r1;", 'd', 0xffffffff},
        {"cvt.rzi.s32.f32 %r0, 0fC02CCCCD;", 'r', 0xfffffffe},
        {"cvt.rni.s32.f32 %r0, 0f40200000;", 'r', 2},
        {"cvt.rmi.s32.f32 %r0, 0fBF000000;", 'r', 0xffffffff},
        {"cvt.rpi.s32.f32 %r0, 0f3F000000;", 'r', 1},
        {"cvt.rzi.s32.f32 %r0, 0f4F000000;", 'r', 0x7fffffff},
        {"cvt.rzi.s32.f32 %r0, 0fFF800000;", 'r', 0x80000000},
        {"cvt.rzi.u32.f32 %r0, 0fBF800000;", 'r', 0},
        {"cvt.rzi.u16.f32 %s0, 0f47800000;", 's', 0xffff},
        {"cvt.rzi.u64.f64 %d0, 0d43F0000000000000;", 'd', UINT64_MAX},
        {"cvt.rzi.s64.f64 %d0, 0dC3E0000000000000;", 'd', UINT64_C(1) << 63},
        {"cvt.rzi.s32.f32 %r0, 0f7FC00000;", 'r', 0},
        {"cvt.rzi.s32.f64 %r0, 0d7FF8000000000000;", 'r', 0x80000000},
        {"cvt.rzi.u64.f32 %d0, 0f7FC00000;", 'd', UINT64_C(1) << 63},
        {"cvt.rn.f32.s32 %f0, 16777217;", 'f', 0x4b800000},
        {"cvt.rn.f32.u32 %f0, -1;", 'f', 0x4f800000},
        {"cvt.rn.f32.u64 %f0, -1;", 'f', 0x5f800000},
        {"cvt.rn.f64.s64 %e0, -1;", 'e', UINT64_C(0xbff0000000000000)},
        {"mov.b16 %s1, -3; cvt.rn.f32.s16 %f0, %s1;", 'f', 0xc0400000},
        {"cvt.f64.f32 %e0, 0f00000001;", 'e', UINT64_C(0x36a0000000000000)},
        {"cvt.rn.f32.f64 %f0, 0d47F0000000000000;", 'f', 0x7f800000},
        {"cvt.rni.f32.f32 %f0, 0fBF000000;", 'f', 0x80000000},
        {"cvt.rmi.f64.f64 %e0, 0dBFE0000000000000;", 'e', UINT64_C(0xbff0000000000000)},
        {"mov.b32 %r1, 0x20001; mov.b32 {%s1, %s0}, %r1;", 's', 2},
        {"mov.b32 %r1, 0x20001; { .reg .b16 tmp; mov.b32 {%s0, tmp}, %r1; }", 's', 1},
        {"mov.b32 %r1, 7; mov.b32 %r2, 9; mov.b64 %d0, {%r1, %r2};", 'd', UINT64_C(0x900000007)},
        {"mov.b64 %d1, 0x900000007; mov.b64 {_, %r0}, %d1;", 'r', 9},
        {"mov.f32 %f1, 0f3F800000; mov.b32 %r0, %f1;", 'r', 0x3f800000},
    };
    CHECK_ANSWERS(answers);
}

/* What the ISA leaves open is no answer that anybody would expect. */
static void what_nobody_knows(void **state)
{
    (void)state;
    static const char *const open[] = {"div.s32 %r0, 5, 0;", "div.s32 %r0, -2147483648, -1;",
                                       "rem.u32 %r0, 5, 0;", "rem.s32 %r0, -7, 2;"};
    for (size_t i = 0; i < sizeof open / sizeof *open; i++) {
        char body[256];
        snprintf(body, sizeof body, "%s\nst.global.u32 [%%out], %%r0;", open[i]);
        Run r = run_body(body, 1, 1);
        assert_int_equal(r.outcome, PTX_DONE);
        for (uint32_t expected = 0; expected < 100; expected++)
            assert_true(r.out[0] != expected && r.out[0] != 0 - expected - 2);
    }
}

/* ---- memory and threads ---- */

static void memory(void **state)
{
    (void)state;
    static const Answer answers[] = {
        {"ld.global.u32 %r0, [%in+12];", 'r', 3},
        {"add.s64 %d1, %in, 16; ld.global.u32 %r0, [%d1+-8];", 'r', 2},
        {"ld.global.v4.u32 {%r1, %r2, %r3, %r0}, [%in+16];", 'r', 7},
        {"ld.global.v2.u32 {%r0, %r1}, [%in+8];", 'r', 2},
        {"mov.b32 %r1, 5; mov.b32 %r2, 6; st.global.v2.u32 [%out+8], {%r1, %r2}; ld.global.u32 %r0, [%out+12];",
         'r', 6},
        {"mov.b32 %r1, 0x1fe; st.global.u8 [%out+8], %r1; ld.global.s8 %s0, [%out+8];", 's',
         0xfffe},
        {"mov.b32 %r1, 0xfe; st.global.u8 [%out+8], %r1; ld.global.u8 %r0, [%out+8];", 'r', 0xfe},
        {".local .align 8 .b8 L[16]; mov.b32 %r1, 4; st.local.u32 [L+8], %r1; mov.u64 %d1, L; ld.local.u32 %r0, [%d1+8];",
         'r', 4},
        {".local .b32 L; mov.u64 %d1, L; cvta.local.u64 %d2, %d1; st.u32 [%d2], 3; ld.u32 %r0, [%d2+0];",
         'r', 3},
        {".shared .b32 S; mov.u64 %d1, S; cvta.shared.u64 %d2, %d1; st.u32 [%d2], 3; cvta.to.shared.u64 %d3, %d2; ld.shared.u32 %r0, [%d3];",
         'r', 3},
        {"ld.u32 %r0, [%in+4];", 'r', 1},
    };
    CHECK_ANSWERS(answers);
}

static void functions(void **state)
{
    (void)state;
    PtxModule *m = read_module(
        HEADER
        ".func (.param .b32 back) twice(.param .b32 a, .param .b64 b);\n"
        ".visible .entry k(.param .u64 out, .param .u64 in) .maxntid 2, 1, 1\n" REGISTERS
        "mov.u32 %r1, %tid.x;\n"
        "{ .param .b32 p0; st.param.b32 [p0+0], %r1; .param .b64 p1; st.param.b64 [p1], 5; .param .b32 q;\n"
        "call.uni (q), twice, (p0, p1);\nld.param.b32 %r2, [q+0]; }\n"
        "mul.wide.u32 %d1, %r1, 4; add.s64 %d2, %out, %d1; st.global.u32 [%d2], %r2; ret; }\n"
        ".func (.param .b32 back) twice(.param .b32 a, .param .b64 b)\n"
        "{ .reg .b32 %r<3>; .reg .b64 %d<2>; ld.param.b32 %r0, [a]; ld.param.b64 %d0, [b];\n"
        "cvt.u32.u64 %r1, %d0; mad.lo.s32 %r2, %r0, 2, %r1; st.param.b32 [back], %r2; ret; }\n");
    Run r = run_module(m, (unsigned[]){1, 1, 1}, (unsigned[]){2, 1, 1});
    if (r.outcome != PTX_DONE)
        fail_msg("%s", r.why);
    assert_int_equal(r.out[0], 5);
    assert_int_equal(r.out[1], 7);
    assert_int_equal(ptx_target(m), 80);
    assert_null(ptx_kernel(m, "twice"));
    assert_null(ptx_kernel(m, "none"));
    r = run_module(m, (unsigned[]){1, 1, 1}, (unsigned[]){3, 1, 1}); /* beyond .maxntid */
    assert_int_equal(r.outcome, PTX_NOT_LAUNCHED);
    ptx_free(m);
}

/* Who ends in a function ends altogether, and begins anew in the next block. */
static void threads_end_anywhere(void **state)
{
    (void)state;
    PtxModule *m = read_module(
        HEADER ".func leave() { exit; }\n"
               ".visible .entry k(.param .u64 out, .param .u64 in)\n" REGISTERS
               "mov.u32 %r0, %ctaid.x; mul.wide.u32 %d0, %r0, 4; add.s64 %d1, %out, %d0;\n"
               "add.s32 %r1, %r0, 5; st.global.u32 [%d1], %r1; call.uni leave; trap; }\n");
    Run r = run_module(m, (unsigned[]){3, 1, 1}, (unsigned[]){1, 1, 1});
    if (r.outcome != PTX_DONE)
        fail_msg("%s", r.why);
    assert_int_equal(r.out[2], 7);
    ptx_free(m);
}

/* Each thread of each block knows where it is. */
static void numbers_of_threads(void **state)
{
    (void)state;
    PtxModule *m = read_module(
        ENTRY
        "mov.u32 %r0, %tid.x; mov.u32 %r1, %tid.y; mov.u32 %r2, %ntid.x; mov.u32 %r3, %ctaid.y;\n"
        "mad.lo.s32 %r4, %r1, %r2, %r0; mov.u32 %r5, %nctaid.y; mad.lo.s32 %r4, %r4, %r5, %r3;\n"
        "mul.wide.u32 %d0, %r4, 4; add.s64 %d1, %out, %d0; add.s32 %r6, %r4, 100;\n"
        "st.global.u32 [%d1], %r6; ret; }\n");
    Run r = run_module(m, (unsigned[]){1, 4, 1}, (unsigned[]){3, 5, 1});
    assert_int_equal(r.outcome, PTX_DONE);
    for (uint32_t i = 0; i < 60; i++)
        assert_int_equal(r.out[i], i + 100);
    ptx_free(m);
}

#define AT_OWN \
    "mov.u32 %r0, %tid.x; mul.wide.u32 %d0, %r0, 4; mov.u64 %d1, S; add.s64 %d2, %d1, %d0;"
#define OPPOSITE \
    "sub.s32 %r1, 31, %r0; mul.wide.u32 %d3, %r1, 4; add.s64 %d4, %d1, %d3; add.s64 %d5, %out, %d0;"

static void barriers_join_threads(void **state)
{
    (void)state;
    Run r = run_body(".shared .align 4 .b8 S[128];" AT_OWN OPPOSITE
                     "add.s32 %r2, %r0, 7; st.shared.u32 [%d2], %r2;\nbar.sync 0;\n"
                     "ld.shared.u32 %r3, [%d4]; st.global.u32 [%d5], %r3;",
                     1, 32);
    if (r.outcome != PTX_DONE)
        fail_msg("%s", r.why);
    for (uint32_t i = 0; i < 32; i++)
        assert_int_equal(r.out[i], 31 - i + 7);
}

/* ---- faults ---- */

#define UNSET "it depends on bits that were not written"

static void faults(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        unsigned blocks, threads;
        PtxOutcome outcome;
        const char *why;
    } bad[] = {
        {"ld.global.u32 %r0, [%in+256];", 1, 1, PTX_BAD_ADDRESS,
         "line 7, ld, thread (0, 0, 0) of block (0, 0, 0): 4 bytes at 0x7f0000100100 are in no allocation"},
        {"ld.global.u32 %r0, [%in+-4];", 1, 1, PTX_BAD_ADDRESS, "in no allocation"},
        {"st.global.v4.u32 [%out+248], {0, 0, 0, 0};", 1, 1, PTX_BAD_ALIGNMENT,
         "16 bytes at 0x7f00000000f8 are not aligned"},
        {"ld.global.v4.f32 {%f0, %f1, %f2, %f3}, [%in+4];", 1, 1, PTX_BAD_ALIGNMENT, "not aligned"},
        {"ld.global.u16 %s0, [%in+1];", 1, 1, PTX_BAD_ALIGNMENT, "not aligned"},
        {".shared .align 16 .b8 S[8]; mov.u64 %d0, S; st.shared.u32 [%d0+8], 1;", 1, 1,
         PTX_BAD_ADDRESS, "in no variable"},
        {".local .b32 L; st.local.u32 [L+4], 1;", 1, 1, PTX_BAD_ADDRESS, "in no variable"},
        {".shared .b32 S; mov.u64 %d0, S; ld.global.u32 %r0, [%d0];", 1, 1, PTX_BAD_ADDRESS,
         "in no allocation"},
        {"add.s32 %r0, %r1, 1; st.global.u32 [%out], %r0;", 1, 1, PTX_FAULT, UNSET},
        {"@%p1 mov.u32 %r0, 1;", 1, 1, PTX_FAULT, UNSET},
        {"ld.global.u32 %r0, [%d0];", 1, 1, PTX_FAULT, UNSET},
        {".shared .b32 S; ld.shared.u32 %r0, [S]; st.global.u32 [%out], %r0;", 1, 1, PTX_FAULT,
         UNSET},
        {".local .b32 L; ld.local.u32 %r0, [L]; st.global.u32 [%out], %r0;", 1, 1, PTX_FAULT,
         UNSET},
        {"trap;", 1, 1, PTX_FAULT, "the program gives up"},
        {"again: bra again;", 1, 1, PTX_TOO_LONG, "too many instructions"},
        {"mov.u32 %r0, %tid.x; setp.eq.s32 %p0, %r0, 3; @%p0 bra over;\nbar.sync 0;\nover:", 1, 4,
         PTX_FAULT,
         "line 8, bar, thread (0, 0, 0) of block (0, 0, 0): thread 3 does not come to this barrier"},
        {"mov.u32 %r0, %tid.x; setp.eq.s32 %p0, %r0, 0; @%p0 bra other;\nbar.sync 0; bra over;\nother: bar.sync 0;\nover:",
         1, 2, PTX_FAULT, "thread 0 does not come to this barrier"},
        /* As above, without the barrier. */
        {".shared .align 4 .b8 S[128];" AT_OWN OPPOSITE
         "st.shared.u32 [%d2], %r0; ld.shared.u32 %r3, [%d4]; st.global.u32 [%d5], %r3;",
         1, 32, PTX_FAULT, UNSET},
        /* The second store follows on the load with nothing between. */
        {".shared .align 4 .b8 S[128];" AT_OWN OPPOSITE
         "st.shared.u32 [%d2], %r0; bar.sync 0; ld.shared.u32 %r3, [%d4];"
         "st.shared.u32 [%d2], 9; st.global.u32 [%d5], %r3;",
         1, 32, PTX_FAULT, UNSET},
        {"mov.u32 %r0, %tid.x; st.global.u32 [%out], %r0;", 1, 3, PTX_FAULT, "wrote there"},
        {"mov.u32 %r0, %ctaid.x; add.s32 %r0, %r0, 1; st.global.u32 [%out], %r0;", 3, 1, PTX_FAULT,
         "wrote there"},
        {"mov.u32 %r0, %ctaid.x; setp.eq.s32 %p0, %r0, 0; @%p0 st.global.u32 [%out], 7; bar.sync 0; ld.global.u32 %r1, [%out];"
         "mul.wide.u32 %d0, %r0, 4; add.s64 %d1, %out, %d0; st.global.u32 [%d1+4], %r1;",
         2, 1, PTX_FAULT, UNSET},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Run r = run_body(bad[i].body, bad[i].blocks, bad[i].threads);
        if (r.outcome != bad[i].outcome || !strstr(r.why, bad[i].why))
            fail_msg("%s\noutcome %d: %s", bad[i].body, r.outcome, r.why);
    }
}

/* Who writes what is there already, and who reads what everybody reads, is in nobody's way. */
static void agreement_is_no_fault(void **state)
{
    (void)state;
    Run r = run_body("st.global.u32 [%out], 7; ld.global.u32 %r0, [%in];", 2, 3);
    assert_int_equal(r.outcome, PTX_DONE);
    assert_int_equal(r.out[0], 7);
}

/* Bits that nobody wrote may be moved about while nothing depends on them. */
static void unset_bits_that_nobody_wants(void **state)
{
    (void)state;
    static const Answer answers[] = {
        {"mov.b16 %s1, 5; mov.b32 %r1, {%s2, %s1}; shr.u32 %r0, %r1, 16;", 'r', 5},
        {"mov.b16 %s1, 5; mov.b32 %r1, {%s1, %s2}; cvt.u64.u32 %d1, %r1; cvt.u16.u64 %s0, %d1;",
         's', 5},
        {"mov.b16 %s1, 5; mov.b32 %r1, {%s1, %s2}; mov.b32 {%s0, %s3}, %r1;", 's', 5},
        {"mov.b16 %s1, 5; mov.b32 %r1, {%s1, %s2}; and.b32 %r0, %r1, 255;", 'r', 5},
        {"mov.b16 %s1, 5; mov.b32 %r1, {%s1, %s2}; or.b32 %r2, %r1, 0xffff0000; not.b32 %r0, %r2;",
         'r', 0xfffa},
        {"mov.b16 %s1, 5; mov.b32 %r1, {%s1, %s2}; xor.b32 %r2, %r1, 1; bfe.u32 %r0, %r2, 0, 8;",
         'r', 4},
        {"mov.b16 %s1, 5; mov.b32 %r1, {%s1, %s2}; bfi.b32 %r0, 0, %r1, 16, 16;", 'r', 5},
        {"mov.b16 %s1, 5; mov.b32 %r1, {%s1, %s2}; prmt.b32 %r0, %r1, 0, 0x4441;", 'r', 0},
        {"mov.b16 %s1, 5; mov.b32 %r1, {%s1, %s2}; add.s32 %r2, %r1, 1; and.b32 %r0, %r2, 255;",
         'r', 6},
        {"mov.pred %p1, 1; mov.b32 %r1, 3; selp.b32 %r0, %r1, %r2, %p1;", 'r', 3},
        {".local .align 4 .b8 L[4]; mov.b16 %s1, 5; st.local.v2.u16 [L], {%s1, %s2}; ld.local.u16 %s0, [L];",
         's', 5},
    };
    CHECK_ANSWERS(answers);
    static const char *const wanted[] = {
        "mov.b16 %s1, 5; mov.b32 %r1, {%s1, %s2}; shr.u32 %r0, %r1, 8; and.b32 %r0, %r0, 0xff00;",
        "mov.b16 %s1, 5; mov.b32 %r1, {%s2, %s1}; add.s32 %r2, %r1, 1; shr.u32 %r0, %r2, 16;",
        "mov.b16 %s1, 5; mov.b32 %r1, {%s1, %s2}; shl.b32 %r0, 1, %r1;",
        "mov.b16 %s1, 5; mov.b32 %r1, {%s1, %s2}; max.s32 %r0, %r1, 1;",
        "mov.b16 %s1, 5; mov.b32 %r1, {%s1, %s2}; bfe.s32 %r0, %r1, 31, 1;",
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        char body[256];
        snprintf(body, sizeof body, "%s st.global.u32 [%%out], %%r0;", wanted[i]);
        Run r = run_body(body, 1, 1);
        if (r.outcome != PTX_FAULT || !strstr(r.why, UNSET))
            fail_msg("%s: outcome %d %s", wanted[i], r.outcome, r.why);
    }
}

/* Memory that is not relied on takes unset bits along, from one launch to the next, and what
** depends on them there is a fault. */
static void unset_bits_in_memory(void **state)
{
    (void)state;
    static const char *const body[] = {
        "st.global.u32 [%out], %r1; ld.global.u32 %r0, [%out]; st.global.u32 [%out+4], %r0;",
        "ld.global.u32 %r0, [%out+4]; st.global.u32 [%out+8], %r0; st.global.u32 [%out+4], 7;",
        "ld.global.u32 %r0, [%out+8]; setp.eq.s32 %p0, %r0, 0; @%p0 st.global.u32 [%out], 7;"};
    uint32_t data[WORDS] = {0}, unset[WORDS] = {0};
    uint64_t at = OUT;
    void *arguments[] = {&at, &at};
    PtxSpan memory = {OUT, data, sizeof data, (uint8_t *)unset};
    PtxLaunch l = {.grid = {1, 1, 1},
                   .block = {1, 1, 1},
                   .arguments = arguments,
                   .memory = &memory,
                   .nmemory = 1};
    for (size_t i = 0; i < sizeof body / sizeof *body; i++) {
        char text[4096], why[PTX_WHY];
        snprintf(text, sizeof text, "%s%s\nret;\n}\n", ENTRY, body[i]);
        PtxModule *m = read_module(text);
        assert_int_equal(ptx_launch(ptx_kernel(m, "k"), &l, why), i < 2 ? PTX_DONE : PTX_FAULT);
        assert_true(i < 2 || strstr(why, UNSET));
        ptx_free(m);
    }
    assert_true(unset[0] == UINT32_MAX && unset[1] == 0 && unset[2] == UINT32_MAX && unset[3] == 0);
    assert_int_equal(data[1], 7);
}

/* What is read too wide next to another thread's byte does no harm. */
static void neighbours_bytes_may_be_read(void **state)
{
    (void)state;
    Run r = run_body(
        "mov.u32 %r0, %tid.x; cvt.u64.u32 %d0, %r0; add.s64 %d1, %out, %d0; add.s32 %r1, %r0, 65;\n"
        "ld.global.u32 %r2, [%out]; shl.b32 %r3, %r0, 3; shr.u32 %r4, %r2, %r3; and.b32 %r5, %r4, 255;\n"
        "add.s32 %r6, %r5, %r1; st.global.u8 [%d1], %r6;",
        1, 4);
    if (r.outcome != PTX_DONE)
        fail_msg("%s", r.why);
    assert_int_equal(r.out[0], 0x44434241);
}

/* ---- reading ---- */

static void what_is_not_known_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *body, *why;
    } bad[] = {
        {"\nfrobnicate.u32 %r0, 1;", "line 8: frobnicate.u32 is not known"},
        {"add.sat.s32 %r0, 1, 2;", "line 7: add.sat.s32 is not known"},
        {"add.rz.f32 %f0, %f1, %f2;", "add.rz.f32 is not known"},
        {"add.rn.ftz.f32 %f0, %f1, %f2;", "add.rn.ftz.f32 is not known"},
        {"sqrt.approx.f32 %f0, %f1;", "sqrt.approx.f32 is not known"},
        {"div.f32 %f0, %f1, %f2;", "div.f32 is not known"},
        {"mul.s32 %r0, 1, 2;", "mul.s32 is not known"},
        {"mul.lo.hi.s32 %r0, 1, 2;", "mul.lo.hi.s32 is not known"},
        {"mul.wide.s64 %d0, 1, 2;", "mul.wide.s64 is not known"},
        {"cvt.s32.f32 %r0, %f0;", "cvt.s32.f32 is not known"},
        {"cvt.rn.f64.f32 %e0, %f0;", "cvt.rn.f64.f32 is not known"},
        {"setp.lt.b32 %p0, 1, 2;", "setp.lt.b32 is not known"},
        {"setp.equ.s32 %p0, 1, 2;", "setp.equ.s32 is not known"},
        {"min.NaN.f64 %e0, %e0, %e0;", "min.NaN.f64 is not known"},
        {"ld.volatile.global.u32 %r0, [%in];", "ld.volatile.global.u32 is not known"},
        {"add.s32 %d0, 1, 2;", "%d0 is .b64, and .s32 is expected"},
        {"add.rn.f32 %f0, %f0, %e0;", "%e0 is .f64, and .f32 is expected"},
        {"add.s32 %f0, 1, 2;", "%f0 is .f32, and .s32 is expected"},
        {"add.rn.f32 %f0, %f0, 1;", "a number of another kind"},
        {"add.s32 %r0, 1, 0f3F800000;", "a number of another kind"},
        {"add.s32 %r8, 1, 2;", "'%r8' is no register"},
        {"add.s32 %r0, 1;", "',' is expected before ';'"},
        {"bra nowhere;", "there is no label nowhere"},
        {"ld.global.u32 %r0, [out];", "out is in another space"},
        {"ld.param.u64 %d0, [%d1];", "a parameter is reached by its name"},
        {"ld.global.v4.u64 {%d0, %d1, %d2, %d3}, [%in];", "there is no such vector"},
        {"mov.b32 {%s0, %s1, %s2}, %r0;", "the parts do not make the whole"},
        {"bar.sync 1;", "barriers but 0 are not known"},
        {"call.uni nothing;", "there is no function nothing"},
        {".shared .b8 S[49153];", "S is more memory than there is"},
        {"mul.f32 %f0, %f1, %f2; add.f32 %f3, %f0, %f4;",
         "may be one rounding with the product of line 7"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[2048], why[PTX_WHY];
        snprintf(text, sizeof text, "%s%s\nret;\n}\n", ENTRY, bad[i].body);
        PtxModule *m = ptx_read(text, why);
        if (m || !strstr(why, bad[i].why))
            fail_msg("%s\n%s", bad[i].body, m ? "is read" : why);
    }
    char why[PTX_WHY];
    assert_null(ptx_read("", why));
    assert_null(ptx_read(ENTRY "ret;", why));
    assert_non_null(strstr(why, "the text ends in a function"));
    assert_null(ptx_read(HEADER ".global .b32 G;", why));
    assert_null(ptx_read(".version 6.3\n.target sm_75\n.address_size 64\n.entry k()\n"
                         "{ .reg .f32 %f; max.NaN.f32 %f, %f, %f; ret; }",
                         why));
    assert_non_null(strstr(why, "max.NaN.f32 is not known"));
    assert_null(ptx_read(".version 7.0\n.target sm_90\n.address_size 64\n", why));
    assert_string_equal(why, "line 2: 'sm_90' is no target of PTX 7.0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers),
        cmocka_unit_test(bits),
        cmocka_unit_test(choices),
        cmocka_unit_test(floats),
        cmocka_unit_test(conversions),
        cmocka_unit_test(what_nobody_knows),
        cmocka_unit_test(memory),
        cmocka_unit_test(functions),
        cmocka_unit_test(threads_end_anywhere),
        cmocka_unit_test(numbers_of_threads),
        cmocka_unit_test(barriers_join_threads),
        cmocka_unit_test(faults),
        cmocka_unit_test(agreement_is_no_fault),
        cmocka_unit_test(unset_bits_that_nobody_wants),
        cmocka_unit_test(unset_bits_in_memory),
        cmocka_unit_test(neighbours_bytes_may_be_read),
        cmocka_unit_test(what_is_not_known_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
