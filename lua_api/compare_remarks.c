/* compare_remarks.c -- names for the rows of a comparison, and mistakes that its list shows. */
#include "lua_api/compare_remarks.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "lua_api/graph_box.h"
#include "lua_api/kernel_box.h"
#include "lua_api/own_name.h"
#include "lua_api/program.h"

enum { MOST_NAMES = 16 };

/* The key at the top of the stack, as it stands in braces. */
static const char *key_text(lua_State *L, Arena *A)
{
    if (lua_type(L, -1) == LUA_TSTRING)
        return arena_strdup(A, lua_tostring(L, -1));
    const char *text = arena_printf(A, "[%s]", luaL_tolstring(L, -1, NULL));
    lua_pop(L, 1);
    return text;
}

void refuse_named(lua_State *L, int list, size_t n)
{
    const char *names[MOST_NAMES];
    size_t found = 0;
    Arena *A = lua_scratch(L, NULL);
    for (lua_pushnil(L); lua_next(L, list);) {
        lua_pop(L, 1);
        bool listed =
            lua_isinteger(L, -1) && lua_tointeger(L, -1) >= 1 && (size_t)lua_tointeger(L, -1) <= n;
        if (!listed && found < MOST_NAMES)
            names[found++] = key_text(L, A);
    }
    if (found) {
        qsort(names, found, sizeof *names, text_order);
        Buf all = buf_new(A);
        for (size_t i = 0; i < found; i++)
            buf_printf(&all, "%s%s", i ? ", " : "", names[i]);
        RAISE(L, list_named, NULL, buf_str(&all), *names[0] == '[' ? "plain" : names[0]);
    }
    lua_scratch_end(L, A);
}

/* ---- what the rows are called ---- */

/* Things of one name are told apart: digits, digits (2).  From the last on, so that those before it
** still have the names they came with. */
static void number_labels(Runnable *rows, size_t n)
{
    for (size_t i = n; i-- > 1;) {
        int nth = 1;
        for (size_t k = 0; k < i; k++)
            nth += strcmp(rows[k].label, rows[i].label) == 0;
        if (nth > 1)
            rows[i].label = arena_printf(rows[i].arena, "%s (%d)", rows[i].label, nth);
    }
}

/* What the person calls the i-th of the list; NULL if nothing. */
static const char *own_name(lua_State *L, Arena *A, int list, size_t i)
{
    lua_rawgeti(L, list, (lua_Integer)i + 1);
    bool named = own_push_name(L, -1);
    const char *name = named ? arena_strdup(A, lua_tostring(L, -1)) : NULL;
    lua_pop(L, 1 + named);
    return name;
}

static bool is_model(lua_State *L, int list, size_t i)
{
    lua_rawgeti(L, list, (lua_Integer)i + 1);
    bool is = test_module(L, -1);
    lua_pop(L, 1);
    return is;
}

void label_rows(lua_State *L, int list, Runnable *rows, size_t n)
{
    Arena *A = lua_scratch(L, NULL);
    const char **own = ARENA_ARRAY(A, const char *, n + 1);
    bool *said = ARENA_ARRAY(A, bool, n + 1); /* by its own name */
    for (size_t i = 0; i < n && n > 1; i++)
        own[i] = own_name(L, A, list, i);
    for (size_t i = 0; i < n && n > 1; i++) {
        said[i] = is_model(L, list, i);
        for (size_t k = 0; k < n; k++)
            said[i] |= k != i && own[i] && (!own[k] || strcmp(own[i], own[k]) != 0) &&
                       strcmp(rows[i].label, rows[k].label) == 0;
    }
    for (size_t i = 0; i < n && n > 1; i++)
        if (own[i] && said[i] && strcmp(own[i], rows[i].label) != 0)
            rows[i].label = arena_printf(rows[i].arena, "%s (%s)", own[i], rows[i].label);
    number_labels(rows, n);
    lua_scratch_end(L, A);
}

/* ---- what the rows are ---- */

/* A row of a comparison: one program, or a whole model. */
typedef struct Compared {
    Version *version;    /* NULL if it is of another kind */
    const Sched *sched;  /* the schedule that stands there, at `version` */
    const Module *model; /* of several kernels */
} Compared;

static Compared compared(lua_State *L, int list, lua_Integer i)
{
    Program p = {0};
    lua_rawgeti(L, list, i);
    KernelBox *k = test_kernel(L, -1);
    ModuleBox *m = test_module(L, -1);
    bool is_program = !k && !m && program_test(L, -1, &p);
    lua_pop(L, 1);
    return (Compared){.version = k            ? k->version
                                 : is_program ? p.version
                                              : NULL,
                      .sched = p.sched,
                      .model = m && m->module->nkernels > 1 ? m->module : NULL};
}

static const Node *as_written(Version *v)
{
    while (v->parent)
        v = v->parent;
    return v->func;
}

static bool alike(const Node *a, const Node *b)
{
    bool same = a->type == b->type && ir_rank(a) == ir_rank(b);
    for (size_t d = 0; same && d < ir_rank(a); d++)
        same = ir_dim(a, d) == ir_dim(b, d);
    return same;
}

static bool all_alike(const Node *a, const Node *b)
{
    bool same = a->nkids == b->nkids;
    for (uint32_t i = 0; same && i < a->nkids; i++)
        same = alike(a->kid[i], b->kid[i]);
    return same;
}

static const char *compared_name(const Compared *row)
{
    return row->model ? row->model->graph->name : as_written(row->version)->at.name;
}

/* Rows k and i are one program at one step: of a schedule that stands in both, why it may be. */
static void remark_same(lua_State *L, Buf *b, int list, const Compared *rows, size_t k, size_t i)
{
    buf_printf(b, "\nrows %zu and %zu are one program at one step; ", k + 1, i + 1);
    const char *s = "s";
    lua_rawgeti(L, list, (lua_Integer)i + 1);
    bool named = own_push_name(L, -1);
    if (named)
        s = lua_tostring(L, -1);
    if (rows[k].sched && rows[k].sched == rows[i].sched)
        buf_printf(b,
                   "tvm.default(%s) and steps move %s itself: %s:at(0) is it as written, and "
                   "tvm.default(%s:fork()) moves a copy",
                   s, s, s, s);
    else
        buf_puts(b, "s:at(0) is it as written, and s:fork() is a copy that goes its own way");
    lua_pop(L, 1 + named);
}

/* One line for row i, which says most: what it is the same as, or unlike. */
static void remark(lua_State *L, Buf *b, int list, const Compared *rows, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (rows[k].version && rows[k].version == rows[i].version) {
            remark_same(L, b, list, rows, k, i);
            return;
        }
    }
    bool mixed = (rows[0].model && rows[i].version) || (rows[0].version && rows[i].model);
    if (mixed) {
        const Compared *one = &rows[rows[0].model ? i : 0], *whole = &rows[rows[0].model ? 0 : i];
        buf_printf(b,
                   "\nrows 1 and %zu compute different things: %s is one kernel, and %s a whole "
                   "model of %u",
                   i + 1, compared_name(one), compared_name(whole), whole->model->nkernels);
        return;
    }
    const Node *first = rows[0].version ? as_written(rows[0].version) : NULL;
    const Node *own = rows[i].version ? as_written(rows[i].version) : NULL;
    if (!first || !own || first == own ||
        (all_alike(first->kid[Func_params], own->kid[Func_params]) &&
         all_alike(first->kid[Func_results], own->kid[Func_results])))
        return;
    buf_printf(b, "\nrows 1 and %zu compute different things: what %s and %s take and give differs",
               i + 1, first->at.name, own->at.name);
}

void push_remarks(lua_State *L, int list)
{
    Arena *A = lua_scratch(L, NULL);
    size_t n = lua_rawlen(L, list);
    Compared *rows = ARENA_ARRAY(A, Compared, n + 1);
    Buf b = buf_new(A);
    for (size_t i = 0; i < n; i++) {
        rows[i] = compared(L, list, (lua_Integer)i + 1);
        remark(L, &b, list, rows, i);
    }
    if (n == 1)
        buf_puts(&b,
                 "\nthat is one program, and nothing to hold it against: if others were named, a "
                 "nil in the braces ended the list");
    lua_scratch_text(L, A, buf_str(&b));
}
