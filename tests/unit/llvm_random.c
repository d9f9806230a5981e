/* llvm_random.c -- random loop programs: compiled code against the interpreter. */
#include "tests/jit.h"

static const char *const loops[] = {"range(%d)", "parallel(%d)", "vectorized(%d)", "unrolled(%d)"};

static const char *loop_text(Arena *A, int kind, int extent)
{
    return arena_printf(A, loops[kind], extent); /* NOLINT: one of the four above */
}

/* Text of random expressions over the loop variables v0 .. v<n-1>. */
typedef struct Random {
    Buf b;
    int vars;
} Random;

static void random_index(Random *r, int depth)
{
    uint32_t pick = depth > 0 ? dice() % 8 : dice() % 2;
    static const char *const join[] = {" + ", " - ", "*", "//", "%"};
    if (pick == 0 || (pick == 1 && r->vars == 0)) {
        buf_printf(&r->b, "int64(%u)", dice() % 12);
    } else if (pick == 1) {
        buf_printf(&r->b, "v%u", dice() % (uint32_t)r->vars);
    } else if (pick < 4) {
        buf_putc(&r->b, '(');
        random_index(r, depth - 1);
        buf_puts(&r->b, join[pick - 2]);
        random_index(r, depth - 1);
        buf_putc(&r->b, ')');
    } else if (pick < 7) {
        buf_putc(&r->b, '(');
        random_index(r, depth - 1);
        buf_printf(&r->b, "%s%u)", join[pick - 2], 1 + dice() % 9);
    } else {
        buf_puts(&r->b, dice() % 2 ? "min(" : "max(");
        random_index(r, depth - 1);
        buf_puts(&r->b, ", ");
        random_index(r, depth - 1);
        buf_putc(&r->b, ')');
    }
}

static void random_value(Random *r, int depth);

static void random_condition(Random *r, int depth)
{
    static const char *const compare[] = {" < ", " <= ", " > ", " >= ", " == ", " != "};
    uint32_t pick = depth > 0 ? dice() % 6 : dice() % 3;
    buf_putc(&r->b, '(');
    if (pick < 3) {
        random_index(r, 2);
        buf_puts(&r->b, compare[dice() % 6]);
        random_index(r, 2);
    } else if (pick == 3) {
        random_value(r, 0);
        buf_puts(&r->b, compare[dice() % 6]);
        random_value(r, 0);
    } else {
        random_condition(r, depth - 1);
        buf_puts(&r->b, pick == 4 ? " and " : " or not ");
        random_condition(r, depth - 1);
    }
    buf_putc(&r->b, ')');
}

/* A[...] inside A, by % or behind a condition. */
static void random_load(Random *r)
{
    if (dice() % 2) {
        buf_puts(&r->b, "A[");
        random_index(r, 3);
        buf_puts(&r->b, "%50]");
        return;
    }
    Buf outer = r->b;
    r->b = buf_new(outer.arena);
    random_index(r, 2);
    const char *index = buf_str(&r->b);
    r->b = outer;
    buf_printf(&r->b, "select(%s >= 0 and %s < 50, A[%s], 2.5)", index, index, index);
}

static void random_value(Random *r, int depth)
{
    static const char *const join[] = {" + ", " - ", " * ", " / "};
    uint32_t pick = depth > 0 ? dice() % 9 : dice() % 3;
    if (pick < 2) {
        random_load(r);
    } else if (pick == 2) {
        buf_puts(&r->b, "float32(");
        random_index(r, 2);
        buf_putc(&r->b, ')');
    } else if (pick < 5) {
        buf_putc(&r->b, '(');
        random_value(r, depth - 1);
        buf_puts(&r->b, join[dice() % 4]);
        random_value(r, depth - 1);
        buf_putc(&r->b, ')');
    } else if (pick == 5) {
        buf_puts(&r->b, dice() % 2 ? "min(" : "max(");
        random_value(r, depth - 1);
        buf_puts(&r->b, ", ");
        random_value(r, depth - 1);
        buf_putc(&r->b, ')');
    } else if (pick == 6) {
        buf_puts(&r->b, "select(");
        random_condition(r, 1);
        buf_puts(&r->b, ", ");
        random_value(r, depth - 1);
        buf_puts(&r->b, ", ");
        random_value(r, depth - 1);
        buf_putc(&r->b, ')');
    } else if (pick == 7) {
        buf_puts(&r->b, "A[int64(I[");
        random_index(r, 2);
        buf_puts(&r->b, "%20])%50]");
    } else {
        buf_puts(&r->b, "(let t = ");
        random_value(r, depth - 1);
        buf_puts(&r->b, " in t * t - t)");
    }
}

/* C has a dimension for each loop; a statement that leaves some out combines over
** their loops, unless they are parallel.  So all iterations that may run together
** write elements of their own. */
static const char *random_program(Arena *A)
{
    int n = 1 + (int)(dice() % 4), extent[4], kind[4];
    Random r = {buf_new(A), 0};
    buf_puts(&r.b, "func f(A: float32[50], I: int32[20]) -> C: float32[");
    for (int i = 0; i < n; i++) {
        static const int sizes[] = {1, 2, 3, 4, 5, 7, 8, 11, 16, 19, 33};
        kind[i] = (int)(dice() % 4);
        extent[i] = sizes[dice() % (n > 2 ? 7 : 11)];
        buf_printf(&r.b, "%s%d", i ? ", " : "", extent[i]);
    }
    buf_puts(&r.b, "]:\n");
    for (int i = 0; i < n; i++) {
        buf_pad(&r.b, ' ', 2 * (int)r.vars + 2);
        buf_printf(&r.b, "for v%d in %s:\n", i, loop_text(A, kind[i], extent[i]));
        r.vars++;
    }
    int indent = 2 * n + 2;
    if (dice() % 3 == 0) {
        buf_pad(&r.b, ' ', indent);
        buf_puts(&r.b, "if ");
        random_condition(&r, 2);
        buf_puts(&r.b, ":\n");
        indent += 2;
    }
    bool drops = false, keep[4], turned[4];
    for (int i = 0; i < n; i++) {
        keep[i] = kind[i] == 1 || dice() % 3;
        turned[i] = dice() % 4 == 0;
        drops |= !keep[i];
    }
    for (uint32_t s = 0, statements = drops ? 1 : 1 + dice() % 2; s < statements; s++) {
        static const char *const update[] = {"=", "+=", "min=", "max=", "*="};
        buf_pad(&r.b, ' ', indent);
        buf_puts(&r.b, "C[");
        for (int i = 0; i < n; i++) {
            buf_puts(&r.b, i ? ", " : "");
            if (!keep[i])
                buf_puts(&r.b, "0");
            else if (turned[i])
                buf_printf(&r.b, "%d - v%d", extent[i] - 1, i);
            else
                buf_printf(&r.b, "v%d", i);
        }
        buf_printf(&r.b, "] %s ", update[drops ? 1 + dice() % 4 : dice() % 5]);
        random_value(&r, 2);
        buf_putc(&r.b, '\n');
    }
    return buf_str(&r.b);
}

static void open_loop(Arena *A, Random *r, const char *name, int kind, int extent, int *indent)
{
    buf_pad(&r->b, ' ', *indent);
    buf_printf(&r->b, "for %s in %s:\n", name, loop_text(A, kind, extent));
    *indent += 2;
}

/* A tile in local memory, of a row of lanes and maybe several, filled, worked on in a
** loop, stored. */
static const char *random_tile(Arena *A)
{
    static const int sizes[] = {2, 3, 5, 7, 8, 11, 13, 14, 16, 17, 28, 33, 48, 64};
    static const char *const update[] = {"+=", "min=", "max=", "*=", "="};
    int rows = 1 + (int)(dice() % 5), width = sizes[dice() % 14], outer = 1 + (int)(dice() % 4);
    int kind = 2 + (int)(dice() % 2), how = (int)(dice() % 5), ragged = (int)(dice() % 3);
    Random r = {buf_new(A), 0};
    buf_printf(&r.b, "func f(A: float32[50], I: int32[20]) -> C: float32[%d, %d, %d]:\n", outer,
               rows, width);
    int indent = 2;
    open_loop(A, &r, "v0", (int)(dice() % 2), outer, &indent);
    buf_pad(&r.b, ' ', indent);
    buf_printf(&r.b, "alloc T: float32[%d, %d] local\n", rows, width);
    for (int part = 0; part < 3; part++) {
        int at = indent;
        r.vars = 3;
        if (part == 1) {
            open_loop(A, &r, "v3", 0, 3, &at);
            r.vars = 4;
        }
        open_loop(A, &r, "v1", part == 2 ? 0 : 3, rows, &at);
        open_loop(A, &r, "v2", kind, width, &at);
        buf_pad(&r.b, ' ', at);
        if (ragged == 0 && part > 0)
            buf_printf(&r.b, "if v0*%d + v2 < %d:\n", width, width * outer - 2);
        if (ragged == 0 && part > 0)
            buf_pad(&r.b, ' ', at + 2);
        buf_printf(&r.b, "%s %s ", part < 2 ? "T[v1, v2]" : "C[v0, v1, v2]",
                   part == 1 ? update[how] : "=");
        if (part == 2)
            buf_puts(&r.b, "T[v1, v2]");
        else
            random_value(&r, 2);
        buf_putc(&r.b, '\n');
    }
    return buf_str(&r.b);
}

static void random_programs(void **state)
{
    (void)state;
    const char *more = getenv("TVMREPL_RANDOM_PROGRAMS");
    int n = more ? atoi(more) : 60;
    for (int i = 0; i < n; i++) {
        Arena *A = arena_new(NULL);
        seed = (uint32_t)i * 77 + 5;
        same_on(i % 2 ? random_program(A) : random_tile(A), true, 1);
        arena_release(A);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_programs)};
    return cmocka_run_group_tests(tests, open_module, NULL);
}
