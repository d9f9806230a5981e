/* like_lua.c -- the workbench's string.find, match, gmatch, gsub, string.format and table.concat
** against Lua's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include <lualib.h>

#include "lua_api/lua_fn.h"
#include "tests/trials.h"

typedef struct Twins {
    lua_State *lua, *ours;
} Twins;

/* Opened twice, the second time over functions that are the workbench's already. */
static int open_ours(lua_State *L)
{
    lua_open_workbench(L);
    lua_open_bulk(L);
    return 0;
}

static int open_twins(void **state)
{
    static Twins t;
    t = (Twins){luaL_newstate(), luaL_newstate()};
    luaL_openlibs(t.lua);
    lua_pushcfunction(t.ours, open_ours);
    *state = &t;
    return lua_pcall(t.ours, 0, 0, 0) == LUA_OK ? 0 : -1;
}

static int close_twins(void **state)
{
    Twins *t = *state;
    lua_close(t->lua);
    lua_close(t->ours);
    return 0;
}

/* Calls the function at the stack's top minus `nargs`, for a text that stays on the stack. */
static const char *call(lua_State *L, int nargs)
{
    if (lua_pcall(L, nargs, 1, 0) != LUA_OK)
        fail_msg("%s", luaL_tolstring(L, -1, NULL));
    return lua_tostring(L, -1);
}

static void load(lua_State *L, const char *chunk)
{
    lua_settop(L, 0);
    if (luaL_loadstring(L, chunk) != LUA_OK)
        fail_msg("%s", lua_tostring(L, -1));
}

/* ---- patterns, at random ---- */

/* All that the four functions say of a subject and a pattern, as one text. */
static const char search[] =
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

static const char *searched(lua_State *L, const Asked *q)
{
    load(L, search);
    lua_pushlstring(L, q->subject, q->nsubject);
    lua_pushlstring(L, q->pattern, q->npattern);
    lua_pushinteger(L, q->init);
    return call(L, 3);
}

static void patterns(void **state)
{
    const Twins *t = *state;
    uint32_t seed = 7;
    for (int i = trials_of(50000, 5000); i > 0; i--) {
        Asked q = random_question(&seed);
        const char *want = searched(t->lua, &q), *got = searched(t->ours, &q);
        if (strcmp(want, got) != 0)
            fail_msg("subject \"%.*s\", pattern \"%.*s\", init %d:\n  Lua  %s\n  ours %s",
                     (int)q.nsubject, q.subject, (int)q.npattern, q.pattern, q.init, want, got);
    }
}

/* ---- format and concat ---- */

/* Every format with every value, and lists that hold what cannot be joined. */
static const char join[] =
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

static const char *joined(lua_State *L)
{
    load(L, join);
    return call(L, 0);
}

static void formats_and_lists(void **state)
{
    const Twins *t = *state;
    assert_string_equal(joined(t->ours), joined(t->lua));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(patterns),
                                       cmocka_unit_test(formats_and_lists)};
    return cmocka_run_group_tests(tests, open_twins, close_twins);
}
