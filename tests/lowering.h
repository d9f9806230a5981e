/* lowering.h -- what unit tests of lowering passes share. */
#ifndef TESTS_LOWERING_H
#define TESTS_LOWERING_H

#include "tests/program.h"

#include <string.h>

#include "core/ir/print.h"
#include "passes/loop/lower.h"

static inline void expect_text(Arena *A, const Node *f, const char *want)
{
    const char *got = ir_text(A, f);
    if (strcmp(got, want) != 0)
        fail_msg("expected\n%s\nbut got\n%s", want, got);
}

static inline void expect_pass(const char *name, const char *before, const char *after)
{
    Arena *A = arena_new(NULL);
    Err err = {0};
    const LoopPass *pass = loop_pass_find(name);
    assert_non_null(pass);
    const Node *f = parse_verified(A, before), *out = pass->run(A, f, &err);
    if (!out)
        fail_msg("%s: %s", name, err.why);
    if (!ir_verify(out, &err))
        fail_msg("%s breaks the program: %s\n%s", name, err.why, ir_text(A, out));
    expect_text(A, out, after);
    if (strcmp(before, after) == 0)
        assert_ptr_equal(out, f);
    else
        assert_ptr_not_equal(out, f);
    arena_release(A);
}

/* What the reference interpreter makes of it. */
static inline FloatData run(Arena *A, const Node *f)
{
    FloatData d = float_data(A, f);
    Err err = {0};
    if (!interp_run(f, d.n, d.io, NULL, &err))
        fail_msg("%s (%s)\n%s", err.why, err.witness, ir_text(A, f));
    return d;
}

#endif
