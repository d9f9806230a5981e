/* ir_parse.c -- fuzz target: any text gives a program or an error, and a program that verifies
** prints to text that parses back to the same program. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/ir/parse.h"
#include "core/ir/print.h"
#include "core/ir/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_round_trip(Arena *A, const Node *func)
{
    Err err = {0};
    const char *text = ir_text(A, func);
    const Node *again = ir_parse_func(A, text, &err);
    if (!again || !ir_equal(func, again)) {
        fprintf(stderr, "does not parse back: %s\n%s\n", err.why, text);
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Err err = {0};
    Arena *A = arena_new(NULL);
    char *text = arena_alloc(A, size + 1);
    memcpy(text, data, size);
    const Node *func = ir_parse_func(A, text, &err);
    if (func && ir_verify(func, &err))
        check_round_trip(A, func);
    arena_release(A);
    return 0;
}
