/* match.c -- string.find, match, gmatch and gsub that Ctrl-C can stop.
**
** Lua's own matcher backtracks without looking up: one call on thirty letters may take years.  This
** one, written from the manual's section on patterns, polls as it goes; what it finds, and what it
** refuses, is the same, which tests/unit/like_lua.c compares.
*/
#include <ctype.h>
#include <string.h>

#include "lua_api/lua_fn.h"
#include "lua_api/protect.h"

enum {
    MAX_CAPTURES = 32,
    MAX_DEPTH = 200, /* of calls within calls of match() */
    OPEN = -1,       /* a capture that has not been closed yet */
    POSITION = -2,   /* (): where it stands is what is captured */
    POLL_LETTERS = 1 << 16
};

typedef struct Capture {
    const char *at;
    ptrdiff_t length; /* or OPEN, or POSITION */
} Capture;

typedef struct Match {
    lua_State *L;
    const char *subject, *subject_end, *pattern_end;
    int ncaptures, depth;
    size_t work; /* since the last poll */
    Capture capture[MAX_CAPTURES];
} Match;

static Match match_begin(lua_State *L, const char *subject, size_t n, const char *pattern_end)
{
    return (Match){
        .L = L, .subject = subject, .subject_end = subject + n, .pattern_end = pattern_end};
}

/* ---- single characters ---- */

static int letter(const char *p)
{
    return (unsigned char)*p;
}

/* Past the class that begins at `p`: a letter, %a, or a set in brackets. */
static const char *class_end(const Match *m, const char *p)
{
    if (*p == '%') {
        if (p + 1 == m->pattern_end)
            luaL_error(m->L, "malformed pattern (ends with '%%')");
        return p + 2;
    }
    if (*p != '[')
        return p + 1;
    p += p + 1 < m->pattern_end && p[1] == '^' ? 2 : 1;
    do { /* a bracket that comes first is one of the set */
        if (p == m->pattern_end)
            luaL_error(m->L, "malformed pattern (missing ']')");
        p += *p == '%' && p + 1 < m->pattern_end ? 2 : 1;
    } while (p == m->pattern_end || *p != ']');
    return p + 1;
}

static bool in_named(int c, int name)
{
    bool in;
    switch (tolower(name)) {
    case 'a': in = isalpha(c); break;
    case 'c': in = iscntrl(c); break;
    case 'd': in = isdigit(c); break;
    case 'g': in = isgraph(c); break;
    case 'l': in = islower(c); break;
    case 'p': in = ispunct(c); break;
    case 's': in = isspace(c); break;
    case 'u': in = isupper(c); break;
    case 'w': in = isalnum(c); break;
    case 'x': in = isxdigit(c); break;
    default: return name == c;
    }
    return isupper(name) ? !in : in;
}

/* `p` is at the opening bracket, `last` at the closing one. */
static bool in_set(int c, const char *p, const char *last)
{
    bool inside = p[1] != '^';
    p += inside ? 1 : 2;
    for (; p < last; p++) {
        if (*p == '%') {
            p++;
            if (in_named(c, letter(p)))
                return inside;
        } else if (p[1] == '-' && p + 2 < last) {
            if (letter(p) <= c && c <= letter(p + 2))
                return inside;
            p += 2;
        } else if (letter(p) == c) {
            return inside;
        }
    }
    return !inside;
}

/* Is the letter at `s` of the class from `p` to `end`? */
static bool is_one(const Match *m, const char *s, const char *p, const char *end)
{
    if (s >= m->subject_end)
        return false;
    switch (*p) {
    case '.': return true;
    case '%': return in_named(letter(s), letter(p + 1));
    case '[': return in_set(letter(s), p, end - 1);
    default: return *p == *s;
    }
}

/* ---- patterns ---- */

static const char *match(Match *m, const char *s, const char *p);

/* After so many letters looked at, has somebody asked to stop? */
static void worked(Match *m, ptrdiff_t letters)
{
    m->work += (size_t)letters + 1;
    if (m->work < POLL_LETTERS)
        return;
    m->work = 0;
    protect_poll(m->L);
}

/* %bxy: from an x to the y that closes it. */
static const char *balanced(Match *m, const char *s, const char *p)
{
    if (m->pattern_end - p < 4)
        luaL_error(m->L, "malformed pattern (missing arguments to '%%b')");
    if (s >= m->subject_end || *s != p[2])
        return NULL;
    int depth = 1;
    worked(m, m->subject_end - s);
    for (s++; s < m->subject_end; s++)
        if (*s == p[3]) {
            if (--depth == 0)
                return s + 1;
        } else if (*s == p[2]) {
            depth++;
        }
    return NULL;
}

/* %f[set]: between a letter outside the set and one inside. */
static bool at_frontier(const Match *m, const char *s, const char *set, const char *end)
{
    int before = s == m->subject ? '\0' : letter(s - 1),
        here = s < m->subject_end ? letter(s) : '\0';
    return !in_set(before, set, end - 1) && in_set(here, set, end - 1);
}

/* %1 … %9: what a capture holds, once more. */
static const char *repeated(const Match *m, const char *s, int digit)
{
    int i = digit - '1';
    if (i < 0 || i >= m->ncaptures || m->capture[i].length == OPEN)
        luaL_error(m->L, "invalid capture index %%%d", i + 1);
    size_t n = m->capture[i].length == POSITION ? SIZE_MAX : (size_t)m->capture[i].length;
    return n <= (size_t)(m->subject_end - s) && memcmp(m->capture[i].at, s, n) == 0 ? s + n : NULL;
}

static const char *open_capture(Match *m, const char *s, const char *p)
{
    if (m->ncaptures >= MAX_CAPTURES)
        luaL_error(m->L, "too many captures");
    bool position = p + 1 < m->pattern_end && p[1] == ')';
    m->capture[m->ncaptures++] = (Capture){s, position ? POSITION : OPEN};
    const char *end = match(m, s, p + (position ? 2 : 1));
    m->ncaptures -= end == NULL;
    return end;
}

static const char *close_capture(Match *m, const char *s, const char *p)
{
    int i = m->ncaptures - 1;
    while (i >= 0 && m->capture[i].length != OPEN)
        i--;
    if (i < 0)
        luaL_error(m->L, "invalid pattern capture");
    m->capture[i].length = s - m->capture[i].at;
    const char *end = match(m, s, p + 1);
    if (!end)
        m->capture[i].length = OPEN;
    return end;
}

/* A class as often as it goes, then less often, until the rest fits. */
static const char *greedy(Match *m, const char *s, const char *p, const char *end)
{
    const char *at = s;
    while (is_one(m, at, p, end))
        at++;
    worked(m, at - s);
    for (; at >= s; at--) {
        const char *found = match(m, at, end + 1);
        if (found)
            return found;
    }
    return NULL;
}

static const char *lazy(Match *m, const char *s, const char *p, const char *end)
{
    for (;; s++) {
        const char *found = match(m, s, end + 1);
        if (found || !is_one(m, s, p, end))
            return found;
    }
}

/* What %b, %f and %1 match at `s`; *p moves past them.  False if it is another item. */
static bool special(Match *m, const char **s, const char **p)
{
    const char *at = *p;
    if (at + 1 == m->pattern_end)
        return false;
    if (at[1] == 'b') {
        *s = balanced(m, *s, at);
        *p = at + 4;
    } else if (at[1] == 'f') {
        const char *set = at + 2;
        if (set == m->pattern_end || *set != '[')
            luaL_error(m->L, "missing '[' after '%%f' in pattern");
        *p = class_end(m, set);
        *s = at_frontier(m, *s, set, *p) ? *s : NULL;
    } else if (isdigit(letter(at + 1))) {
        *s = repeated(m, *s, letter(at + 1));
        *p = at + 2;
    } else {
        return false;
    }
    return true;
}

/* Where the match of the pattern from `p` on that begins at `s` ends; NULL if there is none. */
static const char *match_here(Match *m, const char *s, const char *p)
{
    while (s && p != m->pattern_end) {
        if (*p == '(')
            return open_capture(m, s, p);
        if (*p == ')')
            return close_capture(m, s, p);
        if (*p == '$' && p + 1 == m->pattern_end)
            return s == m->subject_end ? s : NULL;
        if (*p == '%' && special(m, &s, &p))
            continue;
        const char *end = class_end(m, p);
        switch (end < m->pattern_end ? *end : '\0') {
        case '*': return greedy(m, s, p, end);
        case '+': return is_one(m, s, p, end) ? greedy(m, s + 1, p, end) : NULL;
        case '-': return lazy(m, s, p, end);
        case '?': {
            const char *with = is_one(m, s, p, end) ? match(m, s + 1, end + 1) : NULL;
            if (with)
                return with;
            p = end + 1;
            continue;
        }
        default: break;
        }
        s = is_one(m, s, p, end) ? s + 1 : NULL;
        p = end;
    }
    return s;
}

static const char *match(Match *m, const char *s, const char *p)
{
    worked(m, 0);
    if (++m->depth > MAX_DEPTH)
        luaL_error(m->L, "pattern too complex");
    const char *end = match_here(m, s, p);
    m->depth--;
    return end;
}

/* A match that begins at `s`, with captures of its own. */
static const char *match_at(Match *m, const char *s, const char *p)
{
    m->ncaptures = m->depth = 0;
    return match(m, s, p);
}

/* ---- captures as values ---- */

static void push_capture(const Match *m, int i, const char *s, const char *e)
{
    if (i >= m->ncaptures) {
        if (i != 0)
            luaL_error(m->L, "invalid capture index %%%d", i + 1);
        lua_pushlstring(m->L, s, (size_t)(e - s));
    } else if (m->capture[i].length == OPEN) {
        luaL_error(m->L, "unfinished capture");
    } else if (m->capture[i].length == POSITION) {
        lua_pushinteger(m->L, m->capture[i].at - m->subject + 1);
    } else {
        lua_pushlstring(m->L, m->capture[i].at, (size_t)m->capture[i].length);
    }
}

/* All captures; the whole match where there are none and `s` is given. */
static int push_captures(const Match *m, const char *s, const char *e)
{
    int n = m->ncaptures == 0 && s ? 1 : m->ncaptures;
    luaL_checkstack(m->L, n, "too many captures");
    for (int i = 0; i < n; i++)
        push_capture(m, i, s, e);
    return n;
}

/* ---- the four functions ---- */

/* The offset that argument `arg` asks for, at most one beyond the end + 1. */
static size_t start_arg(lua_State *L, int arg, size_t n)
{
    lua_Integer i = luaL_optinteger(L, arg, 1);
    if (i > 0)
        return (lua_Unsigned)i - 1 > n ? n + 1 : (size_t)i - 1;
    return i == 0 || i < -(lua_Integer)n ? 0 : n - (size_t)-i;
}

static bool is_plain(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strchr("^$*+?.([%-", p[i]) && p[i])
            return false;
    return true;
}

static int find_pattern(lua_State *L, bool places)
{
    size_t n, np;
    const char *subject = luaL_checklstring(L, 1, &n), *p = luaL_checklstring(L, 2, &np);
    size_t start = start_arg(L, 3, n);
    if (start > n)
        return luaL_pushfail(L), 1;
    if (places && (lua_toboolean(L, 4) || is_plain(p, np))) {
        const char *found = np ? memmem(subject + start, n - start, p, np) : subject + start;
        if (!found)
            return luaL_pushfail(L), 1;
        lua_pushinteger(L, found - subject + 1);
        lua_pushinteger(L, found - subject + (lua_Integer)np);
        return 2;
    }
    Match m = match_begin(L, subject, n, p + np);
    bool anchored = np && *p == '^';
    for (const char *s = subject + start; s <= m.subject_end; s++) {
        const char *e = match_at(&m, s, p + anchored);
        if (e && places) {
            lua_pushinteger(L, s - subject + 1);
            lua_pushinteger(L, e - subject);
            return 2 + push_captures(&m, NULL, NULL);
        }
        if (e)
            return push_captures(&m, s, e);
        if (anchored)
            break;
    }
    return luaL_pushfail(L), 1;
}

LUA_FN_LUAS_OWN(
    string_find, "string.find(s, pattern, init?, plain?) -> first, last, …",
    "Where the pattern (Lua's own kind) is found first, and what it captures; nil if it is not.\n"
    "> print(string.find(\"split y by 8\", \"(%d+)\"))\n"
    "12\t12\t8")
{
    return find_pattern(L, true);
}

LUA_FN_LUAS_OWN(
    string_match, "string.match(s, pattern, init?) -> …",
    "What the pattern captures where it is found first, or the whole match; nil if it is not found.\n"
    "> print(string.match(\"split y by 8\", \"(%a+) by (%d)\"))\n"
    "y\t8")
{
    return find_pattern(L, false);
}

enum { GMATCH_SUBJECT = 1, GMATCH_PATTERN, GMATCH_AT, GMATCH_LAST };

static int gmatch_next(lua_State *L)
{
    size_t n, np;
    const char *subject = lua_tolstring(L, lua_upvalueindex(GMATCH_SUBJECT), &n);
    const char *p = lua_tolstring(L, lua_upvalueindex(GMATCH_PATTERN), &np);
    lua_Integer at = lua_tointeger(L, lua_upvalueindex(GMATCH_AT));
    lua_Integer last = lua_tointeger(L, lua_upvalueindex(GMATCH_LAST));
    Match m = match_begin(L, subject, n, p + np);
    for (; (size_t)at <= n; at++) {
        const char *s = subject + at, *e = match_at(&m, s, p);
        if (e && e - subject != last) {
            lua_pushinteger(L, e - subject);
            lua_copy(L, -1, lua_upvalueindex(GMATCH_AT));
            lua_replace(L, lua_upvalueindex(GMATCH_LAST));
            return push_captures(&m, s, e);
        }
    }
    return 0;
}

LUA_FN_LUAS_OWN(
    string_gmatch, "string.gmatch(s, pattern, init?) -> function",
    "A function that gives the captures (or the whole) of one match after the other, for a loop.\n"
    "> for name in string.gmatch(\"yo xo\", \"%a+\") do print(name) end\n"
    "yo\n"
    "xo")
{
    size_t n;
    luaL_checklstring(L, 1, &n);
    luaL_checkstring(L, 2);
    size_t start = start_arg(L, 3, n);
    lua_settop(L, 2);
    lua_pushinteger(L, (lua_Integer)start);
    lua_pushinteger(L, -1);
    lua_pushcclosure(L, gmatch_next, 4);
    return 1;
}

/* The replacement string, %1 … %9, %0 and %% filled in. */
static void add_string(Match *m, luaL_Buffer *b, const char *s, const char *e)
{
    size_t n;
    const char *r = lua_tolstring(m->L, 3, &n), *end = r + n;
    for (; r < end; r++) {
        if (*r != '%') {
            luaL_addchar(b, *r);
            continue;
        }
        r++;
        if (r < end && *r == '%') {
            luaL_addchar(b, '%');
        } else if (r < end && *r == '0') {
            luaL_addlstring(b, s, (size_t)(e - s));
        } else if (r < end && isdigit(letter(r))) {
            push_capture(m, *r - '1', s, e);
            luaL_tolstring(m->L, -1, NULL);
            lua_remove(m->L, -2);
            luaL_addvalue(b);
        } else {
            luaL_error(m->L, "invalid use of '%%' in replacement string");
        }
    }
}

/* What takes the place of the match; whether it is another text. */
static bool add_replacement(Match *m, luaL_Buffer *b, const char *s, const char *e)
{
    lua_State *L = m->L;
    switch (lua_type(L, 3)) {
    case LUA_TFUNCTION:
        lua_pushvalue(L, 3);
        lua_call(L, push_captures(m, s, e), 1);
        break;
    case LUA_TTABLE:
        push_capture(m, 0, s, e);
        lua_gettable(L, 3);
        break;
    default: add_string(m, b, s, e); return true;
    }
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        luaL_addlstring(b, s, (size_t)(e - s));
        return false;
    }
    if (!lua_isstring(L, -1))
        luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    luaL_addvalue(b);
    return true;
}

LUA_FN_LUAS_OWN(
    string_gsub, "string.gsub(s, pattern, replacement, n?) -> string, count",
    "The string with the matches (the first n of them) replaced by a string with %1 … %9, by what a table holds for\n"
    "the first capture, or by what a function of the captures returns; and how many matches there were.\n"
    "> print(string.gsub(\"yo xo\", \"(%a)o\", \"%1i\"))\n"
    "yi xi\t2")
{
    size_t n, np;
    const char *subject = luaL_checklstring(L, 1, &n), *p = luaL_checklstring(L, 2, &np),
               *last = NULL;
    int kind = lua_type(L, 3);
    luaL_argexpected(L,
                     kind == LUA_TNUMBER || kind == LUA_TSTRING || kind == LUA_TFUNCTION ||
                         kind == LUA_TTABLE,
                     3, "string/function/table");
    lua_Integer most = luaL_optinteger(L, 4, (lua_Integer)n + 1), count = 0;
    bool anchored = np && *p == '^', changed = false;
    Match m = match_begin(L, subject, n, p + np);
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    const char *s = subject;
    while (count < most) {
        const char *e = match_at(&m, s, p + anchored);
        if (e && e != last) {
            count++;
            changed |= add_replacement(&m, &b, s, e);
            s = last = e;
        } else if (s < m.subject_end) {
            luaL_addchar(&b, *s++);
        } else {
            break;
        }
        if (anchored)
            break;
    }
    if (changed) {
        luaL_addlstring(&b, s, (size_t)(m.subject_end - s));
        luaL_pushresult(&b);
    } else {
        lua_pushvalue(L, 1);
    }
    lua_pushinteger(L, count);
    return 2;
}

void lua_open_match(lua_State *L)
{
    static const LuaFn *const functions[] = {&string_find_fn, &string_match_fn, &string_gmatch_fn,
                                             &string_gsub_fn, NULL};
    lua_put_functions(L, functions);
}
