/* match.c -- the workbench's string.find, match, gmatch and gsub against Lua's own,
** on random patterns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include <lualib.h>

#include "lua_api/lua_fn.h"

/* All that the four functions say of a subject and a pattern, as one text. */
static const char all[] =
    "local s, p, init = ...\n"
    "local out = {}\n"
    "local function say(...)\n"
    "  for i = 1, select('#', ...) do out[#out + 1] = tostring((select(i, ...))) end\n"
    "  out[#out + 1] = ';'\n"
    "end\n"
    "say(pcall(string.find, s, p, init)) say(pcall(string.match, s, p, init))\n"
    "say(pcall(string.find, s, p, init, true)) say(pcall(string.gsub, s, p, '<%1%%%0>', init > 0 and init or nil))\n"
    "say(pcall(string.gsub, s, p, { a = 'X', b = false, ab = 3 }))\n"
    "say(pcall(string.gsub, s, p, function(a, b) return b or a end))\n"
    "say(pcall(function() for a, b in string.gmatch(s, p, init) do say(a, b) end end))\n"
    "return table.concat(out, ' ')";

typedef struct Asked {
    char subject[24], pattern[24];
    size_t nsubject, npattern;
    int init;
} Asked;

static uint32_t dice(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

static size_t random_text(uint32_t *seed, const char *const *pieces, size_t npieces, int most,
                          char *out)
{
    size_t n = 0;
    for (int i = (int)(dice(seed) % (uint32_t)most); i > 0; i--) {
        const char *piece = pieces[dice(seed) % npieces];
        size_t len = *piece ? strlen(piece) : 1; /* "" stands for a zero byte */
        memcpy(out + n, piece, len);
        n += len;
    }
    return n;
}

static Asked random_question(uint32_t *seed)
{
    static const char *const letters[] = {"a", "b", "a", "b", "c", "1",
                                          " ", "(", ")", "",  "]", "-"};
    static const char *const items[] = {
        "a",     "b",    "a",    ".",     "%a",  "%A",    "%d", "%s", "%1", "%2", "%b()", "%bab",
        "%f[a]", "[ab]", "[^a]", "[a-c]", "[]]", "[%a-]", "(",  ")",  "()", "*",  "+",    "-",
        "?",     "^",    "$",    "%",     "[",   "]",     "",   "%%", "%0", "%f"};
    Asked q = {.init = (int)(dice(seed) % 9) - 4};
    q.nsubject = random_text(seed, letters, sizeof letters / sizeof *letters, 12, q.subject);
    char pattern[64];
    size_t n = random_text(seed, items, sizeof items / sizeof *items, 8, pattern);
    q.npattern = n < sizeof q.pattern ? n : sizeof q.pattern;
    memcpy(q.pattern, pattern, q.npattern);
    return q;
}

static const char *answer(lua_State *L, const Asked *q)
{
    lua_settop(L, 0);
    if (luaL_loadstring(L, all) != LUA_OK)
        fail_msg("%s", lua_tostring(L, -1));
    lua_pushlstring(L, q->subject, q->nsubject);
    lua_pushlstring(L, q->pattern, q->npattern);
    lua_pushinteger(L, q->init);
    if (lua_pcall(L, 3, 1, 0) != LUA_OK)
        fail_msg("%s", luaL_tolstring(L, -1, NULL));
    return lua_tostring(L, -1);
}

static int open_ours(lua_State *L)
{
    lua_open_workbench(L);
    return 0;
}

static void both_say_the_same(void **state)
{
    (void)state;
    lua_State *lua = luaL_newstate(), *ours = luaL_newstate();
    luaL_openlibs(lua);
    lua_pushcfunction(ours, open_ours);
    assert_int_equal(lua_pcall(ours, 0, 0, 0), LUA_OK);
    const char *mode = getenv("TVMREPL_TEST");
    uint32_t seed = 7;
    for (int i = mode && strcmp(mode, "full") == 0 ? 50000 : 5000; i > 0; i--) {
        Asked q = random_question(&seed);
        const char *want = answer(lua, &q), *got = answer(ours, &q);
        if (strcmp(want, got) != 0)
            fail_msg("subject \"%.*s\", pattern \"%.*s\", init %d:\n  Lua  %s\n  ours %s",
                     (int)q.nsubject, q.subject, (int)q.npattern, q.pattern, q.init, want, got);
    }
    lua_close(lua);
    lua_close(ours);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(both_say_the_same)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
