/* te_math.c -- te.exp and its like, from the tables of functions that the IR knows. */
#include "lua_api/te_math.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/ir/mathfn.h"

enum { MOST = 64 };
static LuaFn rows[MOST];
static const LuaFn *list[MOST + 1];
static char signatures[MOST][48];

static void add(size_t *n, const char *name, const char *doc, lua_CFunction call)
{
    assert(*n < MOST);
    for (size_t i = 0; i < *n; i++)
        if (strcmp(rows[i].row, name) == 0)
            return;
    snprintf(signatures[*n], sizeof signatures[*n], "te.%s(value) -> Expr", name);
    rows[*n] = (LuaFn){signatures[*n], doc, call, __FILE__, __LINE__, name, SURPLUS_refused, 0};
    list[*n] = &rows[*n];
    ++*n;
}

const LuaFn *const *te_math_functions(lua_CFunction call)
{
    static const struct {
        const char *name;
        int arguments;
        const char *doc;
    } calls[] = {
#define CALL(name, arguments, domain, doc) {#name, arguments, doc},
#include "core/ir/calls.def"
    };
    size_t n = 0;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (calls[i].arguments == 1 && strcmp(calls[i].name, "reinterpret") != 0)
            add(&n, calls[i].name, calls[i].doc, call);
    for (size_t i = 0; i < math_fn_count; i++)
        if (math_fns[i].nargs == 1)
            add(&n, math_fns[i].name, math_fns[i].doc, call);
    list[n] = NULL;
    return list;
}
