/* bulk.c -- table.sort, table.concat, string.rep and string.format, which Ctrl-C can
** stop or which end at once.
**
** Lua's own go through millions of elements without looking up.  These poll, and make
** no string of more than MOST_BYTES, because the last step, the copy that becomes
** Lua's, cannot be stopped.  Sorting exchanges elements in place, so a table whose
** sorting was stopped still holds each of its elements.
*/
#include <stdint.h>
#include <string.h>

#include "lua_api/lua_fn.h"
#include "lua_api/protect.h"

enum { MOST_BYTES = 64 << 20 };

static lua_CFunction format; /* Lua's own */

/* Raises if a string of so many bytes would be too long. */
static void check_bytes(lua_State *L, double bytes)
{
    if (bytes > MOST_BYTES)
        RAISE(L, string_too_long, NULL, bytes / (1 << 20), MOST_BYTES >> 20);
}

LUA_FN(string_rep, "string.rep(s, n, separator?) -> string",
       "The string n times, with the separator between.\n"
       "> print(string.rep(\"yo\", 3, \" \"))\n"
       "yo yo yo")
{
    size_t ns, nsep;
    const char *s = luaL_checklstring(L, 1, &ns), *sep = luaL_optlstring(L, 3, "", &nsep);
    lua_Integer n = luaL_checkinteger(L, 2);
    size_t unit = ns + nsep;
    if (n < 1 || !unit)
        return lua_pushliteral(L, ""), 1;
    check_bytes(L, (double)unit * (double)n - (double)nsep);
    size_t total = unit * (size_t)(n - 1) + ns, done = unit < total ? unit : total;
    luaL_Buffer b;
    char *out = luaL_buffinitsize(L, &b, total);
    mem_copy(out, s, ns);
    mem_copy(out + ns, sep, done - ns);
    while (done < total) { /* what is there once more */
        size_t more = done < total - done ? done : total - done;
        protect_poll(L);
        memcpy(out + done, out, more);
        done += more;
    }
    luaL_pushresultsize(&b, total);
    return 1;
}

LUA_FN(table_concat, "table.concat(list, separator?, first?, last?) -> string",
       "The strings and numbers of a list as one string.\n"
       "> print(table.concat({ 1, 2, 3 }, \" \"))\n"
       "1 2 3")
{
    size_t nsep;
    const char *sep = luaL_optlstring(L, 2, "", &nsep);
    lua_Integer first = luaL_optinteger(L, 3, 1);
    arg_table(L, 1);
    lua_Integer last = lua_isnoneornil(L, 4) ? luaL_len(L, 1) : luaL_checkinteger(L, 4);
    double bytes = 0;
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    for (lua_Integer i = first; i <= last; i++) {
        protect_poll(L);
        lua_geti(L, 1, i);
        if (!lua_isstring(L, -1))
            return luaL_error(L, "invalid value (at index %I) in table for 'concat'",
                              (LUAI_UACINT)i);
        size_t n;
        lua_tolstring(L, -1, &n);
        check_bytes(L, bytes += (double)(n + nsep));
        luaL_addvalue(&b);
        if (i == last) /* the greatest integer has no next */
            break;
        luaL_addlstring(&b, sep, nsep);
    }
    luaL_pushresult(&b);
    return 1;
}

LUA_FN(string_format, "string.format(format, …) -> string",
       "The values in the places that the format's %d, %g, %s, … mark.\n"
       "> print(string.format(\"%d %5.2f %s\", 3, math.pi, \"tiles\"))\n"
       "3  3.14 tiles")
{
    enum { NUMBER_BYTES = 128 }; /* %.99f of what is not a very great number */
    double bytes = 0;
    for (int i = lua_gettop(L); i > 0; i--)
        bytes += lua_type(L, i) == LUA_TSTRING ? (double)lua_rawlen(L, i) : NUMBER_BYTES;
    check_bytes(L, bytes);
    return format(L);
}

/* ---- sorting ---- */

enum { LIST = 1, BEFORE };

/* Does the value at `a` come before the one at `b`?  Both from the top. */
static bool comes_before(lua_State *L, int a, int b)
{
    protect_poll(L);
    if (lua_isnil(L, BEFORE))
        return lua_compare(L, a, b, LUA_OPLT);
    lua_pushvalue(L, BEFORE);
    lua_pushvalue(L, a - 1);
    lua_pushvalue(L, b - 2);
    lua_call(L, 2, 1);
    bool before = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return before;
}

/* Element i becomes the value on top and element j the one below it; pops both. */
static void put_two(lua_State *L, lua_Integer i, lua_Integer j)
{
    lua_seti(L, LIST, i);
    lua_seti(L, LIST, j);
}

static void exchange(lua_State *L, lua_Integer i, lua_Integer j)
{
    lua_geti(L, LIST, i);
    lua_geti(L, LIST, j);
    put_two(L, i, j);
}

/* Puts elements i < j in order. */
static void order_two(lua_State *L, lua_Integer i, lua_Integer j)
{
    lua_geti(L, LIST, i);
    lua_geti(L, LIST, j);
    if (comes_before(L, -1, -2))
        put_two(L, i, j);
    else
        lua_pop(L, 2);
}

/* From `i` on by `step`, the first element that does not come before the value on top (step 1), or
** after it (step -1). There is one at `end`, or the order contradicts itself. */
static lua_Integer scan(lua_State *L, lua_Integer i, int step, lua_Integer end)
{
    for (;; i += step) {
        lua_geti(L, LIST, i);
        bool passes = step > 0 ? comes_before(L, -1, -2) : comes_before(L, -2, -1);
        lua_pop(L, 1);
        if (!passes)
            return i;
        if (i == end)
            luaL_error(L, "invalid order function for sorting");
    }
}

/* Parts first to last around the element at `middle`, the median of three: where it comes to
** stand.  At least four. */
static lua_Integer part(lua_State *L, lua_Integer first, lua_Integer middle, lua_Integer last)
{
    exchange(L, middle, last - 1);
    lua_geti(L, LIST, last - 1);
    lua_Integer i = first, j = last - 1;
    for (;;) {
        i = scan(L, i + 1, 1, last - 1);
        j = scan(L, j - 1, -1, first);
        if (j <= i)
            break;
        exchange(L, i, j);
    }
    lua_pop(L, 1);
    exchange(L, i, last - 1);
    return i;
}

static void sort_range(lua_State *L, lua_Integer first, lua_Integer last, uint32_t *dice)
{
    luaL_checkstack(L, 8, "sorting");
    while (first < last) {
        *dice = *dice * 1664525 + 1013904223;
        lua_Integer n = last - first,
                    middle = first + n / 4 + (lua_Integer)(*dice >> 8) % (n / 2 + 1);
        order_two(L, first, last);
        if (n == 1)
            return;
        middle += middle == first;
        order_two(L, first, middle);
        order_two(L, middle, last);
        if (n == 2)
            return;
        lua_Integer at = part(L, first, middle, last);
        /* The shorter part by a call: few of them are within each other */
        if (at - first < last - at) {
            sort_range(L, first, at - 1, dice);
            first = at + 1;
        } else {
            sort_range(L, at + 1, last, dice);
            last = at - 1;
        }
    }
}

LUA_FN(table_sort, "table.sort(list, before?)",
       "Sorts a list in place: by <, or so that before(a, b) holds where a comes before b.\n"
       "> t = { 3, 1, 2 }\n"
       "> table.sort(t)\n"
       "> print(t[1], t[2], t[3])\n"
       "1\t2\t3")
{
    arg_table(L, LIST);
    lua_Integer n = luaL_len(L, LIST);
    if (n > INT32_MAX)
        return arg_wrong(L, LIST, "a list of fewer than 2^31 elements");
    if (!lua_isnoneornil(L, BEFORE))
        arg_function(L, BEFORE);
    lua_settop(L, BEFORE);
    uint32_t dice = 1;
    sort_range(L, 1, n, &dice);
    return 0;
}

void lua_open_bulk(lua_State *L)
{
    static const LuaFn *const functions[] = {&string_rep_fn, &table_concat_fn, &table_sort_fn,
                                             &string_format_fn, NULL};
    lua_getglobal(L, "string");
    lua_getfield(L, -1, "format");
    format = lua_tocfunction(L, -1);
    lua_pop(L, 2);
    lua_put_functions(L, functions);
}
