/* pattern.c -- PCRE2 patterns, with bounded time. */
#include "lua_api/pattern.h"

#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "lua_api/session.h"

enum { MOST_STEPS = 2000000, MOST_HEAP_KIB = 65536 };

struct Pattern {
    pcre2_code *code;
    pcre2_match_data *data;
    pcre2_match_context *limits;
    char text[64]; /* for errors */
};

static void pattern_release(void *self)
{
    Pattern *p = self;
    pcre2_match_context_free(p->limits);
    pcre2_match_data_free(p->data);
    pcre2_code_free(p->code);
}

static void pattern_tostring(lua_State *L, void *self)
{
    lua_pushfstring(L, "pattern %s", ((Pattern *)self)->text);
}

static const LuaClass pattern_class = {
    .name = "Pattern",
    .doc = "A compiled PCRE2 pattern.",
    .size = sizeof(Pattern),
    .release = pattern_release,
    .tostring = pattern_tostring,
};
LUA_BOX(pattern, Pattern, pattern_class)

const Pattern *pattern_push(lua_State *L, int arg)
{
    const char *text = arg_str(L, arg);
    int code;
    PCRE2_SIZE at;
    Pattern *p = new_pattern(L);
    snprintf(p->text, sizeof p->text, "%s", text);
    p->code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, PCRE2_UTF, &code, &at, NULL);
    if (!p->code) {
        char why[128];
        pcre2_get_error_message(code, (PCRE2_UCHAR *)why, sizeof why);
        RAISE(L, pattern_wrong, NULL, p->text, at, why);
    }
    p->data = pcre2_match_data_create_from_pattern(p->code, NULL);
    p->limits = pcre2_match_context_create(NULL);
    if (!p->data || !p->limits)
        luaL_error(L, "not enough memory");
    pcre2_set_match_limit(p->limits, MOST_STEPS);
    pcre2_set_heap_limit(p->limits, MOST_HEAP_KIB);
    return p;
}

static bool match(lua_State *L, const Pattern *p, const char *text, size_t len, size_t from,
                  uint32_t options, size_t *start, size_t *end)
{
    int found = pcre2_match(p->code, (PCRE2_SPTR)text, len, from, options, p->data, p->limits);
    if (found == PCRE2_ERROR_NOMATCH)
        return false;
    if (found < 0) {
        char why[128];
        pcre2_get_error_message(found, (PCRE2_UCHAR *)why, sizeof why);
        RAISE(L, pattern_failed, NULL, p->text, why);
    }
    const PCRE2_SIZE *place = pcre2_get_ovector_pointer(p->data);
    *start = place[0];
    *end = place[1] > place[0] ? place[1] : place[0];
    return true;
}

bool pattern_find(lua_State *L, const Pattern *p, const char *text, size_t len, size_t from,
                  size_t *start, size_t *end)
{
    return match(L, p, text, len, from, 0, start, end);
}

bool pattern_matches(lua_State *L, const Pattern *p, const char *name)
{
    size_t start, end;
    return match(L, p, name, strlen(name), 0, PCRE2_ANCHORED | PCRE2_ENDANCHORED, &start, &end);
}

bool pattern_is(const char *text) { return strpbrk(text, "*+?[](){}|^$\\") != NULL; }

/* ---- tvm.grep ---- */

typedef struct Lines {
    const char *text, *end, *at; /* `at` is the beginning of the next line */
    int number;                  /* of the line that was given last */
} Lines;

/* The next line without its newline. */
static const char *next_line(Lines *l, size_t *len)
{
    if (l->at >= l->end)
        return NULL;
    const char *line = l->at, *newline = memchr(line, '\n', (size_t)(l->end - line));
    *len = (size_t)((newline ? newline : l->end) - line);
    l->at = newline ? newline + 1 : l->end;
    l->number++;
    return line;
}

LUA_FN(tvm_grep, "tvm.grep(text, pattern) -> string, integer",
       "The lines of a text, or of what a value's tostring gives, in which a PCRE2 pattern matches,\n"
       "each with its number; and how many they are.\n"
       "> tvm.grep(\"one\\ntwo\\nthree\", \"^t\")\n"
       "2: two\n"
       "3: three\n"
       "2\n"
       "> tvm.grep(\"one\", \"(\")\n"
       "error: grep: the pattern \"(\" is wrong at letter 1: missing closing parenthesis\n"
       "  hint: …")
{
    size_t len, n, start, end;
    luaL_checkany(L, 1);
    const Pattern *p = pattern_push(L, 2);
    const char *text = luaL_tolstring(L, 1, &len);
    Lines lines = {.text = text, .end = text + len, .at = text};
    lua_Integer found = 0;
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    for (const char *line; (line = next_line(&lines, &n));) {
        if (!pattern_find(L, p, line, n, 0, &start, &end))
            continue;
        char number[24];
        snprintf(number, sizeof number, "%s%d: ", found++ ? "\n" : "", lines.number);
        luaL_addstring(&b, number);
        luaL_addlstring(&b, line, n);
    }
    luaL_pushresult(&b);
    lua_pushinteger(L, found);
    return 2;
}

void lua_open_patterns(lua_State *L)
{
    static const LuaFn *const functions[] = {&tvm_grep_fn, NULL};
    lua_put_class(L, &pattern_class);
    lua_put_functions(L, functions);
}
