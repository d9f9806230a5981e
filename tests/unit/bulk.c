/* bulk.c -- the workbench's string.format and table.concat against Lua's own, also where the
** workbench's were opened twice in one state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <lualib.h>

#include "lua_api/lua_fn.h"

/* Every format with every value, and lists that hold what cannot be joined. */
static const char all[] =
    "local out = {}\n"
    "local function say(...) out[#out + 1] = table.concat({ tostring((...)), tostring((select(2, ...))) }, ' ') end\n"
    "local shown = setmetatable({}, { __tostring = function() return ('long'):rep(50) end })\n"
    "local formats = { '', '%%', '%', '%s', '%5s|', '%-5.2s|', '%.s', '%q', '%5q', '%d', '%5.3d', '%i', '%c', '%x', '%g', '%99.99f',\n"
    "  '%a', '%y', '%1000d', '%\\0s', 'a%sb%qc%%%d', '%s%s%s%s' }\n"
    "local values = { 1, -7, 2.5, 0/0, math.huge, -1.7e308, math.mininteger, 'ab', '12', 'a\\0b', '\"\\\\\\n\\r\\0001\\127é', true, shown,\n"
    "  ('x'):rep(300) }\n"
    "for _, f in ipairs(formats) do\n"
    "  say(pcall(string.format, f)) say(pcall(string.format, f, nil))\n"
    "  for _, v in ipairs(values) do say(pcall(string.format, f, v)) say(pcall(string.format, f, v, v, 3)) end\n"
    "end\n"
    "for _, v in ipairs { {}, true, print } do say(pcall(table.concat, { 1, v, 2 }, ',')) end\n"
    "say(pcall(table.concat, { 1 }, ',', 1, 3)) say(pcall(table.concat, {}, ',', math.mininteger, math.mininteger))\n"
    "return table.concat(out, '\\n')";

static const char *answer(lua_State *L)
{
    if (luaL_dostring(L, all) != LUA_OK)
        fail_msg("%s", luaL_tolstring(L, -1, NULL));
    return lua_tostring(L, -1);
}

static int open_ours(lua_State *L)
{
    lua_open_workbench(L);
    lua_open_bulk(L);
    return 0;
}

static void both_say_the_same(void **state)
{
    (void)state;
    lua_State *lua = luaL_newstate(), *ours = luaL_newstate();
    luaL_openlibs(lua);
    lua_pushcfunction(ours, open_ours);
    assert_int_equal(lua_pcall(ours, 0, 0, 0), LUA_OK);
    assert_string_equal(answer(ours), answer(lua));
    lua_close(lua);
    lua_close(ours);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(both_say_the_same)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
