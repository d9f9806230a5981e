/* pattern.c -- PCRE2 patterns, with bounded time. */
#include "lua_api/pattern.h"

#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "core/base/buf.h"
#include "core/base/err.h"
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
    .size = sizeof(Pattern),
    .release = pattern_release,
    .tostring = pattern_tostring,
};
LUA_BOX(pattern, Pattern, pattern_class)

/* "*" and "?" that repeat nothing begin a glob. */
static bool is_glob(const char *text)
{
    return *text && strchr("*?", *text);
}

/* What the glob `text` behind `before` is as a pattern, said as advice. */
static const char *glob_advice(Arena *A, const char *before, const char *text)
{
    Buf b = buf_new(A);
    buf_printf(&b, "write \"%s", before);
    for (; *text; text++)
        if (*text == '*')
            buf_puts(&b, ".*");
        else if (*text == '?')
            buf_puts(&b, ".");
        else
            buf_printf(&b, "%s%c", *text == '.' ? "\\\\" : "", *text);
    buf_puts(&b, "\"; ");
    return buf_str(&b);
}

/* Raises what PCRE2 says of the pattern behind `skip` letters of `text`, or where that is a glob,
** what a star is here. */
static int refuse_pattern(lua_State *L, const char *text, size_t skip, int code, size_t at)
{
    char why[128];
    const char *own = text + skip, *advice = "";
    pcre2_get_error_message(code, (PCRE2_UCHAR *)why, sizeof why);
    if (is_glob(own)) {
        snprintf(why, sizeof why, "%c repeats what stands before it, and nothing does", *own);
        advice = glob_advice(lua_scratch(L, NULL), lua_pushlstring(L, text, skip), own);
    }
    return RAISE(L, pattern_wrong, NULL, text, skip + at + !at, why, advice);
}

const Pattern *pattern_push(lua_State *L, int arg, size_t skip, bool ignore_case)
{
    uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | (ignore_case ? PCRE2_CASELESS : 0);
    const char *text = arg_str(L, arg);
    int code;
    PCRE2_SIZE at;
    Pattern *p = new_pattern(L);
    snprintf(p->text, sizeof p->text, "%s", text);
    p->code =
        pcre2_compile((PCRE2_SPTR)text + skip, PCRE2_ZERO_TERMINATED, options, &code, &at, NULL);
    if (!p->code)
        refuse_pattern(L, p->text, skip, code, at);
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

/* Finds the first match in text[from .. len): *start and *end tell where.  Raises where the pattern
** needs more steps than anyone would wait for. */
static bool pattern_find(lua_State *L, const Pattern *p, const char *text, size_t len, size_t from,
                         size_t *start, size_t *end)
{
    return match(L, p, text, len, from, 0, start, end);
}

bool pattern_matches(lua_State *L, const Pattern *p, const char *name)
{
    size_t start, end;
    return match(L, p, name, strlen(name), 0, PCRE2_ANCHORED | PCRE2_ENDANCHORED, &start, &end);
}

bool pattern_is(const char *text)
{
    return strpbrk(text, "*+?[](){}|^$\\") != NULL;
}

/* ---- tvm.grep ---- */

enum { MOST_CONTEXT = 64 };

typedef struct Line {
    const char *text;
    size_t len;
} Line;

typedef struct Grep {
    luaL_Buffer b;
    Line before[MOST_CONTEXT + 1]; /* the last lines, by their number modulo their count */
    lua_Integer number;            /* of the line that is looked at, from 1 */
    lua_Integer shown, until;      /* the last line that was shown; the last that is still to be */
    lua_Integer context;
} Grep;

static void show_line(Grep *g, lua_Integer number, char mark)
{
    char head[32];
    Line line = g->before[number % (MOST_CONTEXT + 1)];
    if (g->shown && number > g->shown + 1 && g->context)
        luaL_addstring(&g->b, "\n…");
    snprintf(head, sizeof head, "%s%lld%c ", g->shown ? "\n" : "", (long long)number, mark);
    luaL_addstring(&g->b, head);
    luaL_addlstring(&g->b, line.text, line.len);
    g->shown = number;
}

static void take_line(Grep *g, Line line, bool matches)
{
    g->before[++g->number % (MOST_CONTEXT + 1)] = line;
    if (matches) {
        lua_Integer first = g->number - g->context;
        for (lua_Integer i = first > g->shown ? first : g->shown + 1; i < g->number; i++)
            if (i >= 1)
                show_line(g, i, '-');
        show_line(g, g->number, ':');
        g->until = g->number + g->context;
    } else if (g->number <= g->until) {
        show_line(g, g->number, '-');
    }
}

LUA_FN(
    tvm_grep, "tvm.grep(text, pattern, {ignore_case, context}?) -> string",
    "The lines of a text, or of what a value's tostring gives, in which a PCRE2 pattern matches,\n"
    "each with its number. With context = n, also n lines around each.\n"
    "> tvm.grep(\"one\\ntwo\\nthree\", \"^T\", { ignore_case = true })\n"
    "2: two\n"
    "3: three\n"
    "> tvm.grep(\"one\\ntwo\\nthree\\nfour\\nfive\", \"two|four\", { context = 1 })\n"
    "1- one\n"
    "2: two\n"
    "3- three\n"
    "4: four\n"
    "5- five\n"
    "> tvm.grep(\"one\", \"(\")\n"
    "error: grep: the pattern \"(\" is wrong at letter 1: missing closing parenthesis\n"
    "  hint: …\n"
    "    …")
{
    static const char *const options[] = {"ignore_case", "context", NULL};
    size_t len, start, end;
    arg_given(L, 1, "a text, or a value that has one");
    arg_options(L, 3, options);
    Grep g = {.context = opt_int(L, 3, "context", 0, MOST_CONTEXT, 0)};
    const Pattern *p = pattern_push(L, 2, 0, opt_bool(L, 3, "ignore_case", false));
    const char *text = luaL_tolstring(L, 1, &len), *stop = text + len;
    luaL_buffinit(L, &g.b);
    while (text < stop) {
        const char *newline = memchr(text, '\n', (size_t)(stop - text));
        Line line = {text, (size_t)((newline ? newline : stop) - text)};
        take_line(&g, line, pattern_find(L, p, line.text, line.len, 0, &start, &end));
        text += line.len + 1;
    }
    luaL_pushresult(&g.b);
    if (!g.shown)
        session_say_step(L, "none of %lld line%s matches", (long long)g.number, plural(g.number));
    return 1;
}

void lua_open_patterns(lua_State *L)
{
    static const LuaFn *const functions[] = {&tvm_grep_fn, NULL};
    lua_put_class(L, &pattern_class);
    lua_put_functions(L, functions);
}
