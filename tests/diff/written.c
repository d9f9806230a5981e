/* written.c -- programs of a kind that no tensor expression makes, written as text: memory that
** each iteration of a loop has for itself, blocks that do not name every loop around them or do not
** run through a box, elements that are written again and again, and stores that data place.
**
**      for g in range(4):
**        alloc H: int32[8]                    each g has its own
**        for x in range(2):
**          block B1(g, x):
**            C[g*2 + x] = A[x]
**        for x in range(2):
**          block B2(x):                       it names no g
**            H[x] = C[x] + 1
**        for x in range(8):
**          block B3(g, x):
**            D[I[x]] += H[x]                  a repeated I[x] meets an element again
**        for x in range(4):
**          block B4(u = x*2, t = x):          axes that leave gaps, or are tied to each other
**            K[u] = H[t] + 1
**
** The bytes of a Written decide, each 0 being the plainest: the shrinker sets them to 0.
*/
#include "tests/diff/diff.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/ir/check.h"
#include "core/ir/parse.h"

enum { SIZE = 8, MAX_TEXT_LOOPS = 3, OWN = 2, SHARED = 3, MEMORY = SHARED + OWN };

/* Two results, memory of the whole program, and of an iteration of each group. */
static const char *const memory[WRITTEN_GROUPS][MEMORY] = {{"C", "D", "T", "H", "K"},
                                                           {"D", "C", "T", "E", "F"}};
/* Which of it is filled before all else: all that is its own counts as one. */
enum { FILL_OWN = 1 << SHARED, FILL_ALL = 2 * FILL_OWN - 1 };
/* What the nests of a chain write: each reads what the one before it wrote. */
static const uint8_t chains[][WRITTEN_NESTS] = {{0, 3, 1, 4}, {3, 4, 0, 1}, {3, 0, 1, 4},
                                                {2, 3, 0, 1}, {3, 2, 1, 0}, {0, 1, 2, 3}};
enum { CHAINS = sizeof chains / sizeof *chains };

static uint8_t draw_byte(Choices *c)
{
    return (uint8_t)choose(c, 256);
}

void written_draw(Spec *s, Choices *c)
{
    Written *w = &s->written;
    memset(w, 0, sizeof *w);
    w->on = true;
    s->exact = true;
    s->specials = s->wide = false;
    s->jagged = s->wrapped = s->scattered = 0;
    s->ninputs = s->nstages = 0;
    for (int i = 0; i < POOL; i++)
        s->extent[i] = 1;
    if (!dtype_is_int(s->type) || s->type == DT_bool)
        s->type = DT_int32;
    w->full = chance(c, 15);
    w->order = draw_byte(c);
    for (int g = 0; g < WRITTEN_GROUPS; g++) {
        WrittenGroup *group = &w->group[g];
        group->around = draw_byte(c);
        group->chain = draw_byte(c);
        for (int k = 0; k < WRITTEN_NESTS && (g == 0 || chance(c, 50)); k++) {
            WrittenNest *nest = &group->nest[k];
            nest->on = k < 2 || chance(c, 50);
            for (size_t i = 0; nest->on && i < sizeof nest->form; i++)
                nest->form[i] = draw_byte(c);
        }
    }
}

/* ---- the text ---- */

typedef struct Text {
    Arena *A;
    Buf out;
    const char *type;
    int filled; /* bits: the memory that is filled before */
    int indent, blocks, group;
    const char *around;   /* the loop of the group, or NULL */
    const uint8_t *chain; /* NULL: the nests write and read anything */
    int link;             /* of it, the next one */
    int part;             /* elements of a result for each iteration of the group's loop */
    bool has_own;
    bool bent;     /* most blocks bend their innermost axis */
    int n, extent; /* loops around, iterations of the last */
    const char *loop[MAX_TEXT_LOOPS];
    /* Of the statement at hand: the axes that it names, of which it may speak */
    bool joined; /* of the two loops it makes one axis */
    int naxes;
    const char *axis[MAX_TEXT_LOOPS + 1];
    const char *says[MAX_TEXT_LOOPS + 1]; /* the value of the axis; NULL: the loop of its name */
} Text;

static void line(Text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void line(Text *t, const char *fmt, ...)
{
    char text[400];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    buf_printf(&t->out, "%*s%s\n", 2 * t->indent, "", text);
}

static const char *axis(const Text *t, unsigned which)
{
    return t->axis[t->naxes - 1 - (int)(which % (unsigned)t->naxes)];
}

/* As the innermost loop counts; of what outlives the group's loop, part after part. */
static const char *plain(const Text *t, int of)
{
    const char *a = axis(t, 0);
    return of < SHARED && t->axis[0] == t->around && a != t->around
               ? arena_printf(t->A, "%s*%d + %s", t->around, t->part, a)
               : a;
}

/* An element of 8. */
static const char *element(const Text *t, int of, unsigned form)
{
    Arena *A = t->A;
    const char *a = axis(t, form / 32), *b = axis(t, form / 64 + 1);
    switch (form % 16) {
    case 5: return arena_printf(A, "(%s) %% 8", plain(t, of));
    case 6: return arena_printf(A, "(%s) %% 8", plain(t, 0));
    case 7: return arena_printf(A, "(%s + %s) %% 8", a, b);
    case 8: return arena_printf(A, "I[%s]", a);
    case 9: return arena_printf(A, "J[%s]", a);
    case 10: return arena_printf(A, "7 - %s", a);
    case 11: return arena_printf(A, "I[(%s + %s) %% 8]", a, b);
    case 12: return arena_printf(A, "%s // 2", a);
    case 13: return arena_printf(A, "J[I[%s]]", a);
    case 14: return arena_printf(A, "min(I[%s], %s)", a, b);
    case 15: return arena_printf(A, "I[%s] // 2 * 2", a);
    default: return a;
    }
}

static bool in_part(const Text *t)
{
    return t->extent <= t->part && t->n <= 2;
}

/* In a chain, the plainest as a rule. */
static const char *place(const Text *t, int of, unsigned form)
{
    return t->chain && in_part(t) && form < 192 ? plain(t, of) : element(t, of, form);
}

static int a_memory(const Text *t, unsigned which)
{
    return (int)(which % (t->has_own ? MEMORY : SHARED));
}

static const char *operand(const Text *t, unsigned which, unsigned at)
{
    int of = a_memory(t, which);
    if (t->chain && which < 192 && t->link > 0)
        of = t->chain[t->link - 1];
    /* What another part made is read, too */
    const char *index = t->chain && at % 8 == 7 ? axis(t, 0) : place(t, of, at);
    return arena_printf(t->A, "%s[%s]", memory[t->group][of], index);
}

static const char *value(const Text *t, const uint8_t *form)
{
    Arena *A = t->A;
    const char *one = operand(t, form[1], form[2]), *a = axis(t, form[0] / 64);
    if (t->chain && t->link == 0 && form[1] < 192)
        return arena_printf(A, "A[%s]", a);
    switch (form[0] % 8) {
    case 1: return arena_printf(A, "A[%s]", a);
    case 2: return arena_printf(A, "%s + A[%s]", one, a);
    case 3: return arena_printf(A, "select(A[%s] > 1, %s, 1)", a, one);
    case 4: return arena_printf(A, "%s + %s", one, operand(t, form[1] / 4, form[0] / 8));
    case 5: return arena_printf(A, "%s(%s)", t->type, a);
    default: return arena_printf(A, "%s + 1", one);
    }
}

/* The innermost axis, so that it leaves gaps or goes back, and one more that is tied to it. */
static void bend_axis(Text *t, unsigned form)
{
    const char *loop = t->axis[t->naxes - 1];
    int last = t->naxes - 1;
    t->axis[last] = "u";
    t->says[last] = form & 8 ? arena_printf(t->A, "%d - %s", t->extent - 1, loop)
                    : t->around || 2 * t->extent > SIZE ? arena_printf(t->A, "%s//2*2", loop)
                                                        : arena_printf(t->A, "%s*2", loop);
    if (form & 64) {
        t->says[t->naxes] = loop;
        t->axis[t->naxes++] = "t";
    }
}

/* The loops that the block names: all, or all but one; or the part and its element as one axis. */
static void name_axes(Text *t, unsigned form, bool own)
{
    int without = form % 4 == 1 && t->n > 1 ? (int)(form / 4) % t->n : -1;
    if (own && t->chain && form % 4 < 3 && t->loop[0] == t->around && t->n > 1)
        without = form < 192 ? 0 : without;
    t->naxes = 0;
    t->joined = form % 4 == 3 && t->n == 2 && t->loop[0] == t->around && in_part(t);
    for (int i = 0; i < t->n; i++)
        if (i != without && !t->joined)
            t->axis[t->naxes++] = t->loop[i];
    if (t->joined)
        t->axis[t->naxes++] = "v";
    memset(t->says, 0, sizeof t->says);
    if (t->joined)
        t->says[0] = arena_printf(t->A, "%s*%d + %s", t->around, t->part, t->loop[1]);
    else if ((t->bent ? form / 16 % 4 != 1 : form / 16 % 8 == 1) &&
             t->axis[t->naxes - 1] == t->loop[t->n - 1])
        bend_axis(t, form);
}

static const char *condition(const Text *t, unsigned form)
{
    const char *a = axis(t, form / 32);
    switch (form / 4 % 4) {
    case 1: return arena_printf(t->A, "A[%s] > 1", a);
    case 2: return arena_printf(t->A, "%s %% 2 == 0", a);
    case 3: return arena_printf(t->A, "I[%s] < 4", a);
    default: return arena_printf(t->A, "%s < 5", a);
    }
}

/* form: the block, the target, its element, the operation, the value (3), a condition. */
static void statement(Text *t, const uint8_t *form)
{
    static const char *const ops[] = {"=", "=", "+=", "max="};
    int of = t->chain ? t->chain[t->link] : a_memory(t, form[1]);
    name_axes(t, form[0], of >= SHARED);
    const char *target = memory[t->group][of], *at = place(t, of, form[2]);
    const char *op = t->chain && form[3] < 192 ? "=" : ops[form[3] % 4];
    const char *what = value(t, form + 4);
    bool where = false, sum = *op != '=';
    int indent = t->indent;
    if (form[7] % 4 == 1) {
        where = t->says[t->naxes - 1] || form[7] & 128;
        if (!where) {
            line(t, "if %s:", condition(t, form[7]));
            t->indent++;
        }
    }
    Buf axes = buf_new(t->A);
    bool reduces = false;
    for (int i = 0; i < t->naxes; i++) {
        bool back =
            t->says[i] && !strchr(t->says[i], '*'); /* an init wants an axis to begin at 0 */
        bool reduce = sum && form[3] & 128 && !strstr(at, t->axis[i]) && !back;
        buf_printf(&axes, "%s%s", i ? ", " : "", t->axis[i]);
        if (t->says[i])
            buf_printf(&axes, " = %s", t->says[i]);
        buf_puts(&axes, reduce ? ": reduce" : "");
        reduces |= reduce;
    }
    line(t, "block B%d(%s)%s%s:", ++t->blocks, buf_str(&axes), where ? " where " : "",
         where ? condition(t, form[7]) : "");
    t->indent++;
    if (reduces && form[3] & 64)
        line(t, "init: %s[%s] = 0", target, at);
    line(t, "%s[%s] %s %s", target, at, op, what);
    t->indent = indent;
}

static void open_loop(Text *t, const char *name, int extent)
{
    line(t, "for %s in range(%d):", name, extent);
    t->indent++;
    t->loop[t->n++] = name;
    t->extent = extent;
}

/* One or two loops around one or two statements; which may stand in a loop each. */
static void nest(Text *t, const WrittenNest *nest, int number)
{
    static const char *const outer[] = {"y1", "y2", "y3", "y4", "y5", "y6", "y7", "y8"},
                             *const inner[] = {"x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8"};
    const uint8_t *form = nest->form;
    int extents[] = {t->part, SIZE, t->part, 4}, indent = t->indent, n = t->n;
    const uint8_t *chain = t->chain;
    if (form[0] % 4 == 1 || (t->bent && t->link > 0 && form[0] % 4 > 0))
        open_loop(t, outer[number], form[0] & 128 ? 4 : 2);
    open_loop(t, inner[number], chain && form[0] < 192 ? t->part : extents[form[0] / 4 % 4]);
    statement(t, form + 1);
    t->chain = NULL;
    if (form[0] / 16 % 4 == 1)
        statement(t, form + 9);
    t->chain = chain;
    t->link++;
    t->indent = indent;
    t->n = n;
}

static void fill(Text *t, const char *buffer, unsigned form)
{
    const char *z = arena_printf(t->A, "z%s", buffer), *value = "0";
    if (form % 4 == 1)
        value = arena_printf(t->A, "A[%s]", z);
    else if (form % 4 == 2)
        value = arena_printf(t->A, "%s(%s)", t->type, z);
    line(t, "for %s in range(%d):", z, SIZE);
    line(t, "  block Z%s(%s):", buffer, z);
    line(t, "    %s[%s] = %s", buffer, z, value);
}

/* Nests, in a loop as a rule, of which each iteration may have memory of its own. */
static void group(Text *t, const WrittenGroup *group, int number)
{
    int indent = t->indent, times = group->around & 1 ? 4 : 2;
    bool loop = group->around / 2 % 4 != 3;
    t->group = number;
    t->chain = group->chain % 4 == 3 ? NULL : chains[group->chain / 4 % CHAINS];
    t->link = 0;
    t->bent = group->chain & 128;
    t->has_own = t->chain || group->around / 8 % 4 != 3;
    t->around = !loop ? NULL : number ? "h" : "g";
    t->part = loop ? SIZE / times : SIZE;
    if (loop)
        open_loop(t, t->around, times);
    for (int i = SHARED; t->has_own && i < MEMORY; i++) {
        line(t, "alloc %s: %s[%d]%s", memory[number][i], t->type, SIZE,
             group->around / 32 % 4 == 1 ? " local" : "");
        if (t->filled & FILL_OWN)
            fill(t, memory[number][i], group->around / 64);
    }
    for (int k = 0; k < WRITTEN_NESTS; k++)
        if (group->nest[k].on)
            nest(t, &group->nest[k], number * WRITTEN_NESTS + k);
    t->indent = indent;
    t->n = 0;
}

static const char *text_of(Arena *A, const Spec *s, int filled)
{
    Text t = {.A = A, .out = buf_new(A), .type = dtype_name(s->type), .filled = filled};
    const Written *w = &s->written;
    line(&t, "func f(A: %s[8], I: int64[8], J: int64[8]) -> C: %s[8], D: %s[8]:", t.type, t.type,
         t.type);
    t.indent = 1;
    line(&t, "alloc T: %s[8]", t.type);
    for (int i = 0; i < SHARED; i++)
        if (filled & 1 << i)
            fill(&t, memory[0][i], w->order >> 2 * i);
    for (int g = 0; g < WRITTEN_GROUPS; g++) {
        bool any = false;
        for (int k = 0; k < WRITTEN_NESTS; k++)
            any |= w->group[g].nest[k].on;
        if (any)
            group(&t, &w->group[g], g);
    }
    if (w->order & 128)
        line(&t, "for w in range(8):\n    block W(w):\n      C[w] = C[w] + T[w]");
    return buf_str(&t.out);
}

/* Does it write what it reads, and all of its results? */
static bool stands_bare(const Spec *s, const Node *func)
{
    Data d;
    Err err = {0};
    InterpBuffer io[MAX_TENSORS * 2];
    if (!data_make(s, func, &d, &err))
        return false;
    for (size_t i = 0; i < d.n; i++) {
        Tensor *t = d.at[i];
        io[i] =
            (InterpBuffer){t->dtype, (size_t)t->rank, t->shape, (void *)(uintptr_t)tensor_data(t)};
    }
    bool ok = check_run(func, d.n, io, &(CheckOptions){.iterations = 100000}, &err);
    data_free(&d);
    return ok;
}

/* Most of the steps need memory that one block writes: little is filled that need not be. */
const Node *written_func(Arena *A, const Spec *s, Err *err)
{
    for (int filled = 0; !s->written.full && filled < FILL_ALL; filled++) {
        const Node *bare = ir_parse_func(A, text_of(A, s, filled), err);
        if (bare && stands_bare(s, bare))
            return bare;
        *err = (Err){0};
    }
    return ir_parse_func(A, text_of(A, s, FILL_ALL), err);
}

/* Data that place stores: a permutation, or with repeats. */
Tensor *written_index(const Spec *s, uint64_t seed, Err *err)
{
    Tensor *out = tensor_new(DT_int64, 1, (int64_t[]){SIZE}, err);
    if (!out)
        return NULL;
    tensor_random(out, seed, 0, SIZE - 1);
    if ((s->written.order + seed) % 2)
        return out;
    int64_t *at = (int64_t *)tensor_fill(out);
    for (int i = 0; i < SIZE; i++) { /* a turn of 3, 5 or 7 from somewhere */
        at[i] = (int64_t)((seed / 2 % 8 + (uint64_t)i * (3 + 2 * (seed / 16 % 3))) % SIZE);
    }
    return out;
}
