/* region.c -- index expressions over loops that run through, up to the widest that an int64 holds;
** what is wider is no box. */
#include "tests/program.h"

#include <inttypes.h>
#include <string.h>

#include "core/affine/region.h"
#include "core/ir/print.h"

#define MOST "9223372036854775807"
#define HALF "4611686018427387904" /* 2^62 */

/* `index` while i and j run through their extents, and z stands still at one value of its own. */
static bool relaxed(Arena *A, const char *z, const char *i, const char *j, const char *index,
                    const Node **min, int64_t *extent)
{
    const Node *f = parse(A, arena_printf(A,
                                          "func f() -> B: int8[8]:\n"
                                          "  for z in range(%s):\n    for i in range(%s):\n"
                                          "      for j in range(%s):\n        B[%s] = 1\n",
                                          z, i, j, index));
    const Node *over_z = f->kid[Func_body], *over_i = over_z->kid[For_body];
    const Node *over_j = over_i->kid[For_body], *store = over_j->kid[For_body];
    const Node *loops[] = {over_z, over_i, over_j};
    assert_int_equal(store->op, OP_Store);
    return region_relax(A, store->kid[Store_index], 1, 3, loops, min, extent);
}

static void spans_in(const char *z, const char *i, const char *j, const char *index,
                     const char *from, int64_t n)
{
    Arena *A = arena_new(NULL);
    const Node *min;
    int64_t extent;
    if (!relaxed(A, z, i, j, index, &min, &extent))
        fail_msg("%s: no box", index);
    if (strcmp(ir_text(A, min), from) != 0 || extent != n)
        fail_msg("%s: from %s, %" PRId64 " values", index, ir_text(A, min), extent);
    arena_release(A);
}

static void spans(const char *i, const char *j, const char *index, const char *from, int64_t n)
{
    spans_in("8", i, j, index, from, n);
}

static void no_box_in(const char *z, const char *i, const char *j, const char *index)
{
    Arena *A = arena_new(NULL);
    const Node *min;
    int64_t extent;
    if (relaxed(A, z, i, j, index, &min, &extent))
        fail_msg("%s: from %s, %" PRId64 " values", index, ir_text(A, min), extent);
    arena_release(A);
}

static void no_box(const char *i, const char *j, const char *index)
{
    no_box_in("8", i, j, index);
}

static void boxes(void **state)
{
    (void)state;
    spans("4", "3", "z + i*3 + j", "z", 12);
    spans("4", "3", "j - i", "int64(-3)", 6);
    spans("4", "3", "(z*4 + i + 6)//4", "z + 1", 2);
    spans("4", "3", "(z + i)//4", "z // 4", 2);
    spans("4", "3", "(i + 4) % 8", "int64(4)", 4);
}

static void widest_boxes(void **state)
{
    (void)state;
    spans(MOST, "2", "i", "int64(0)", INT64_MAX);
    spans("2", "2", "i*" HALF " + j", "int64(0)", ((int64_t)1 << 62) + 2);
    spans_in("2", MOST, "2", "(z + i)//3", "z // 3", INT64_MAX / 3 + 1);
    no_box("2", "2", "i*" HALF " + j*" HALF);
    no_box("2", "2", "i*" HALF " - j*" HALF);
    no_box("3", "2", "i*" HALF " - j");
    no_box("2", "2", "i*" MOST);
    no_box("2", "2", "i*-9223372036854775808");
    no_box(MOST, "2", "i + j");
    no_box(MOST, "2", "(i + " HALF ")//1");
}

/* A sum that wraps leaves the period that its first value is in. */
static void wrapped_remainder(void **state)
{
    (void)state;
    spans("4", "2", "(i + 9223372036854775806) % 9223372036854775805", "int64(0)", INT64_MAX - 2);
}

/* A multiple of 3 is one only where it has not wrapped, and only there do neighbours have
** neighbouring quotients. */
static void coefficients_times_ranges(void **state)
{
    (void)state;
    const char *thirds = "(z*3221225472 + j)//3", /* 3 * 2^30 */
        *eighths = "(z*" HALF " + j)//8";
    spans_in("2863311531", "4", "3", thirds, "z * 1073741824", 1);
    no_box_in("2863311532", "4", "3", thirds);
    spans_in("2", "4", "8", eighths, "z * 576460752303423488", 1);
    no_box_in("3", "4", "8", eighths);
    no_box_in(MOST, "4", "3", "(z + j)//3");
    spans_in("2863311532", "4", "3", "(z*3221225472 + j) % 3", "int64(0)", 3);
}

/* What a let names is nothing outside of it. */
static void let_bound(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    const Node *f = parse(A, "func f(A: int8[64]) -> B: int8[8]:\n"
                             "  for i in range(8):\n"
                             "    B[i] = (let v = i*2 in A[v] + A[v + 1])\n");
    const Node *loop = f->kid[Func_body];
    Region r =
        region_of(A, 1, &loop, loop->kid[For_body], f->kid[Func_params]->kid[0], REGION_READS);
    assert_true(r.whole[0]);
    arena_release(A);
}

/* Two accesses that are further apart than an int64 counts. */
static void far_apart(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    const Node *f = parse(A, "func f(A: int8[8]) -> B: int8[8]:\n"
                             "  for i in range(2):\n"
                             "    B[i] = A[i + " HALF "] + A[i - " HALF "]\n");
    Region r = region_of(A, 0, NULL, f->kid[Func_body], f->kid[Func_params]->kid[0], REGION_READS);
    assert_true(!r.empty && r.whole[0]);
    assert_int_equal(r.extent[0], 8);
    arena_release(A);
}

/* The first dimension of what a block with that where and index touches of B[1000], i and j running
** through 16 iterations each, while z stands still. */
static void guarded(const char *where, const char *index, const char *from, int64_t n)
{
    Arena *A = arena_new(NULL);
    const Node *f = parse(A, arena_printf(A,
                                          "func f() -> B: int8[1000]:\n"
                                          "  for z in range(8):\n    for i in range(16):\n"
                                          "      for j in range(16):\n"
                                          "        block B(b = %s) where %s:\n"
                                          "          B[b] = 1\n",
                                          index, where));
    const Node *z = f->kid[Func_body], *results = f->kid[Func_results];
    Region r = region_of(A, 1, &z, z->kid[For_body], results->kid[0], REGION_WRITES);
    if (r.whole[0] || strcmp(ir_text(A, r.min[0]), from) != 0 || r.extent[0] != n)
        fail_msg("%s where %s: from %s, %" PRId64 " values", index, where, ir_text(A, r.min[0]),
                 r.extent[0]);
    arena_release(A);
}

static void what_a_guard_keeps_out(void **state)
{
    (void)state;
    guarded("true", "(i*16 + j)//18", "int64(0)", 15);
    guarded("i*16 + j < 100", "(i*16 + j)//18", "int64(0)", 6);
    guarded("z < 3 and j + i*16 <= 107 and i < 9", "z*20 + (i*16 + j)//18", "z * 20", 6);
    guarded("i*16 + j >= 36 and 90 > i*16 + j", "z + (i*16 + j)//18", "z + 2", 3);
    guarded("i*2 + j < 20", "z*20 + i*2 + j", "z * 20", 20);
    guarded("i*2 + j < 20", "z*20 - i*2 - j + 30", "z*20 + 11", 20);
    guarded("i*2 + j < 20", "i*2 + j*2", "int64(0)", 61); /* of another sum */
    guarded("i*16 + j + z < 100", "i*16 + j", "int64(0)", 256);
    guarded("i*16 + j < 100 or z < 1", "i*16 + j", "int64(0)", 256);
    guarded("i*16 + j < 0", "i*16 + j", "int64(0)", 256); /* never runs */
    guarded("b < 100", "z + i*16 + j", "z", 256);         /* where z is 0, b reaches 99 */
    /* a sum that wraps says nothing of what is added up */
    guarded("i*" HALF " + j < 5", "j", "int64(0)", 16);
    guarded("i*" HALF "*4 + j < 5", "j", "int64(0)", 5); /* is j */
}

/* What the where itself reads is read before it holds. */
static void what_a_guard_reads(void **state)
{
    (void)state;
    Arena *A = arena_new(NULL);
    const Node *f = parse(A, "func f(A: int8[99]) -> B: int8[99]:\n"
                             "  for i in range(20):\n"
                             "    block B(b = i) where A[b] > 0 and b < 7:\n"
                             "      B[b] = A[b + 30]\n");
    const Node *params = f->kid[Func_params], *results = f->kid[Func_results];
    Region r = region_of(A, 0, NULL, f->kid[Func_body], params->kid[0], REGION_READS);
    assert_true(ir_is_int(r.min[0], 0) && r.extent[0] == 37);
    r = region_of(A, 0, NULL, f->kid[Func_body], results->kid[0], REGION_WRITES);
    assert_int_equal(r.extent[0], 7);
    arena_release(A);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boxes),
        cmocka_unit_test(widest_boxes),
        cmocka_unit_test(wrapped_remainder),
        cmocka_unit_test(coefficients_times_ranges),
        cmocka_unit_test(let_bound),
        cmocka_unit_test(far_apart),
        cmocka_unit_test(what_a_guard_keeps_out),
        cmocka_unit_test(what_a_guard_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
