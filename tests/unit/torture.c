/* torture.c -- the n-th allocation fails, for n = 0, 1, 2 …: each time Lua raises, and nothing is
** lost or broken.  Under the sanitizers a box that was acquired before it belonged to Lua leaks here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/base/arena.h"
#include "lua_api/lua_fn.h"

static long countdown = -1; /* allocations that still succeed; negative: all of them */

static void *failing(void *env, void *old, size_t had, size_t size)
{
    (void)env;
    if (!old)
        had = 0; /* what it says then is the kind of object */
    if (size == 0) {
        free(old);
        return NULL;
    }
    if (countdown == 0 && size > had)
        return NULL; /* this one, and all that follow */
    countdown -= countdown > 0 && size > had;
    return realloc(old, size);
}

static const char script[] =
    "local ok, e = pcall(setmetatable, 1)\n"
    "if ok or type(e) ~= 'userdata' then error(e) end\n"
    "assert(e.code == 'argument_type' and #e.why > 0 and #e.fix > 0 and #tostring(e) > 0)\n"
    "assert(tvm.grep('one\\ntwo', 'T', { ignore_case = true, context = 1 }) == '1- one\\n2: two')\n"
    "local co = coroutine.wrap(function(...) coroutine.yield(pcall(coroutine.yield, ...)) end)\n"
    "assert(co(5) == 5 and co(6))\n"
    "assert(load('return 1 + 1')() == 2)\n"
    "local t = table.move({ 1, 2, 3 }, 1, 3, 2)\n"
    "assert(#t == 4 and not xpcall(error, tostring, 'no'))\n"
    "do local closed <close> = e end\n"
    "assert(not pcall(function() return e.why end))\n";

static int run_script(lua_State *L)
{
    luaL_checkversion(L);
    if (luaL_loadbufferx(L, script, sizeof script - 1, "=script", "t") != LUA_OK)
        return lua_error(L);
    lua_call(L, 0, 0);
    return 0;
}

static int open_all(lua_State *L)
{
    lua_open_workbench(L);
    return 0;
}

static int call(lua_State *L, lua_CFunction f)
{
    lua_settop(L, 0);
    lua_pushcfunction(L, f);
    return lua_pcall(L, 0, 0, 0);
}

/* One state; its n-th allocation from the beginning of the script on fails, for n by `stride`. */
static void scripts_survive(void **state)
{
    (void)state;
    const char *mode = getenv("TVMREPL_TEST");
    long stride = mode && strcmp(mode, "full") == 0 ? 1 : 13;
    size_t arenas = arena_count();
    lua_State *L = lua_newstate(failing, NULL);
    assert_non_null(L);
    assert_int_equal(call(L, open_all), LUA_OK);
    size_t held = arena_count();
    int status = LUA_ERRMEM;
    for (long n = 0; status == LUA_ERRMEM && n < 1000000; n += stride) {
        lua_gc(L, LUA_GCCOLLECT);
        countdown = n;
        status = call(L, run_script);
        countdown = -1;
        if (status != LUA_OK && status != LUA_ERRMEM)
            fail_msg("allocation %ld: %s", n, luaL_tolstring(L, -1, NULL));
        lua_settop(L, 0);
        lua_gc(L, LUA_GCCOLLECT);
        lua_gc(L, LUA_GCCOLLECT);
        if (arena_count() != held)
            fail_msg("allocation %ld loses %zu arenas", n, arena_count() - held);
    }
    if (status != LUA_OK)
        fail_msg("%s", luaL_tolstring(L, -1, NULL));
    lua_close(L);
    assert_int_equal(arena_count(), arenas);
}

static void opening_survives(void **state)
{
    (void)state;
    size_t arenas = arena_count();
    for (long n = 0;; n += 7) {
        countdown = -1;
        lua_State *L = lua_newstate(failing, NULL);
        assert_non_null(L);
        countdown = n;
        int status = call(L, open_all);
        countdown = -1;
        lua_close(L);
        assert_int_equal(arena_count(), arenas);
        if (status == LUA_OK)
            break;
        assert_int_equal(status, LUA_ERRMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scripts_survive),
        cmocka_unit_test(opening_survives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
