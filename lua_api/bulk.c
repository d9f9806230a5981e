/* bulk.c -- table.sort, table.concat, string.rep and string.format, which Ctrl-C can
** stop or which end at once.
**
** Lua's own go through millions of elements without looking up.  These poll, and make
** no string of more than MOST_BYTES, because the last step, the copy that becomes
** Lua's, cannot be stopped.  Sorting exchanges elements in place, so a table whose
** sorting was stopped still holds each of its elements.
*/
#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "lua_api/lua_fn.h"
#include "lua_api/protect.h"

enum { MOST_BYTES = 64 << 20 };

/* Where a state's registry keeps Lua's own string.format. */
static const char format_key;

/* Raises if a string of so many bytes would be too long. */
static void check_bytes(lua_State *L, double bytes)
{
    if (bytes > MOST_BYTES)
        RAISE(L, string_too_long, NULL, ceil(bytes / (1 << 20)), MOST_BYTES >> 20);
}

LUA_FN_LUAS_OWN(string_rep, "string.rep(s, n, separator?) -> string",
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

LUA_FN_LUAS_OWN(table_concat, "table.concat(list, separator?, first?, last?) -> string",
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
            return luaL_error(L, "invalid value (%s) at index %I in table for 'concat'",
                              luaL_typename(L, -1), (LUAI_UACINT)i);
        size_t n;
        lua_tolstring(L, -1, &n);
        check_bytes(L, bytes += (double)(n + (i < last ? nsep : 0)));
        luaL_addvalue(&b);
        if (i == last) /* the greatest integer has no next */
            break;
        luaL_addlstring(&b, sep, nsep);
    }
    luaL_pushresult(&b);
    return 1;
}

/* ---- formatting ---- */

/* What %q makes of a string. */
static double quoted_bytes(const char *s, size_t n)
{
    double bytes = 2;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c == '"' || c == '\\' || c == '\n')
            bytes += 2;
        else if (!iscntrl(c))
            bytes++;
        else if (i + 1 < n && isdigit((unsigned char)s[i + 1]))
            bytes += 4;
        else
            bytes += c < 10 ? 2 : c < 100 ? 3 : 4;
    }
    return bytes;
}

/* How many bytes `spec`, such as "%5.2f", makes of an argument: at least so many, or if `exact`
** just so many.  What %s shows becomes a string here, once. */
static double item_bytes(lua_State *L, const char *spec, size_t len, int arg, bool exact)
{
    enum { SHORT = 100, MOST_SHORT = 512 }; /* "%99.99f" of the greatest number has 410 */
    char kind = spec[len - 1];
    size_t n;
    if (kind == 's') {
        luaL_tolstring(L, arg, &n);
        lua_replace(L, arg);
        if (n >= SHORT && !memchr(spec, '.', len))
            return (double)n;
    } else if (kind == 'q' && lua_type(L, arg) == LUA_TSTRING) {
        const char *s = lua_tolstring(L, arg, &n);
        return quoted_bytes(s, n);
    }
    if (!exact)
        return MOST_SHORT;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &format_key);
    lua_pushlstring(L, spec, len);
    lua_pushvalue(L, arg);
    double bytes = lua_pcall(L, 2, 1, 0) == LUA_OK ? (double)lua_rawlen(L, -1) : 0;
    lua_pop(L, 1);
    protect_poll(L);
    return bytes;
}

/* The same of the whole format, up to a mistake in it, where Lua's format stops. */
static double format_bytes(lua_State *L, bool exact)
{
    size_t n;
    const char *at = luaL_checklstring(L, 1, &n), *end = at + n;
    int arg = 1, last = lua_gettop(L);
    double bytes = 0;
    for (const char *spec; (spec = memchr(at, '%', (size_t)(end - at))) != NULL;) {
        bytes += (double)(spec - at);
        at = spec + 1;
        if (*at == '%') {
            bytes++;
            at++;
            continue;
        }
        at += strspn(at, "-+ #0123456789.");
        if (at == end || ++arg > last)
            return bytes;
        at++;
        bytes += item_bytes(L, spec, (size_t)(at - spec), arg, exact);
    }
    return bytes + (double)(end - at);
}

LUA_FN_LUAS_OWN(string_format, "string.format(format, …) -> string",
                "The values in the places that the format's %d, %g, %s, … mark.\n"
                "> print(string.format(\"%d %5.2f %s\", 3, math.pi, \"tiles\"))\n"
                "3  3.14 tiles")
{
    if (format_bytes(L, false) > MOST_BYTES)
        check_bytes(L, format_bytes(L, true));
    lua_rawgetp(L, LUA_REGISTRYINDEX, &format_key);
    lua_CFunction format = lua_tocfunction(L, -1);
    lua_pop(L, 1);
    return format(L); /* no call, so that what it raises is told at the caller's line */
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

LUA_FN_LUAS_OWN(
    table_sort, "table.sort(list, before?)",
    "Sorts a list in place: by <, or so that before(a, b) holds where a comes before b.\n"
    "> t = { 3, 1, 2 }\n"
    "> table.sort(t)\n"
    "> print(t[1], t[2], t[3])\n"
    "1\t2\t3")
{
    arg_table(L, LIST);
    lua_Integer n = luaL_len(L, LIST);
    if (n < 2) /* and as in Lua, nobody looks at `before` */
        return 0;
    if (n >= INT32_MAX)
        return RAISE(L, list_too_long, NULL, LIST, (long long)n, (long long)INT32_MAX - 1,
                     table_sort_fn.sig);
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
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &format_key) == LUA_TNIL) {
        lua_getglobal(L, "string");
        lua_getfield(L, -1, "format");
        lua_rawsetp(L, LUA_REGISTRYINDEX, &format_key);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    lua_put_functions(L, functions);
}
