/* report.c -- an error in words: what Lua says, where in the input, and what was probably meant.
**
** Errors of the workbench's own bring their text along.  Lua's are strings, "[3]:1: attempt to call
** a nil value (global 'splt')", and are taken apart here.
*/
#include "repl/report.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "core/base/arena.h"
#include "lua_api/doc.h"
#include "lua_api/elsewhere.h"
#include "lua_api/file_kind.h"
#include "lua_api/graph_box.h"
#include "lua_api/own_name.h"
#include "lua_api/protect.h"
#include "lua_api/session.h"
#include "repl/chained.h"
#include "repl/dress.h"
#include "repl/habits.h"
#include "repl/lexer.h"
#include "repl/place.h"

static const char trace_key; /* registry: the callers of the last error, as text */

/* ---- who called ---- */

int report_handler(lua_State *L)
{
    enum { FRAMES = 5 };
    lua_Debug ar;
    int shown = 0, lua_frames = 0;
    lua_settop(L, 1);
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    for (int level = 1; shown <= FRAMES && lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Sln", &ar);
        bool own = strncmp(ar.short_src, "lua_api/scripts/", 16) == 0; /* nobody's to read */
        if (ar.currentline <= 0 || own || lua_frames++ == 0)
            continue;
        if (shown++ < FRAMES) {
            char line[160];
            snprintf(line, sizeof line, "\n  called from %s:%d", ar.short_src, ar.currentline);
            luaL_addstring(&b, line);
        }
    }
    if (shown > FRAMES)
        luaL_addstring(&b, "\n  …");
    luaL_pushresult(&b);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &trace_key);
    return 1;
}

/* ---- Lua's messages ---- */

/* Adds Lua's words.  A `local` outside every block makes a global, which the next input still sees;
** whoever declared it so reads of a local. */
static void add_words(lua_State *L, luaL_Buffer *b, const char *words)
{
    static const char global[] = "(global '";
    char name[64];
    const char *p = strstr(words, global);
    bool declared = false;
    if (p && quoted_behind(p, global, name, sizeof name)) {
        session_push_table(L, TABLE_LOCALS);
        declared = lua_getfield(L, -1, name) != LUA_TNIL;
        lua_pop(L, 2);
    }
    if (declared) {
        luaL_addlstring(b, words, (size_t)(p - words));
        luaL_addstring(b, "(local '");
        words = p + sizeof global - 1;
    }
    luaL_addstring(b, words);
}

/* ---- what may have been meant ---- */

/* Pushes what an input that ends too early lacks. */
static void push_unfinished(lua_State *L, const char *text)
{
    enum { DEEPEST = 64 };
    Token open[DEEPEST];
    int depth = 0;
    Lexer x = lexer(text, strlen(text));
    for (;;) {
        int before = x.blocks + x.brackets;
        Token t = lex_next(&x);
        if (t.kind == TOKEN_END)
            break;
        int moved = x.blocks + x.brackets - before;
        if (t.kind == TOKEN_OPEN || (moved > 0 && depth < DEEPEST))
            open[depth < DEEPEST ? depth++ : depth - 1] = t;
        else if (moved < 0 && depth > 0)
            depth--;
    }
    if (depth == 0) {
        lua_pushliteral(L, "the input ends where a value is expected");
        return;
    }
    const Token *t = &open[depth - 1];
    lua_pushlstring(L, t->at, t->kind == TOKEN_OPEN ? 1 : t->len);
    lua_pushfstring(L, "the input ends, and the `%s` of line %d is still open", lua_tostring(L, -1),
                    t->line);
    lua_remove(L, -2);
}

/* The method called `name`, and its class; NULL if no class has it. */
static const LuaFn *method_named(lua_State *L, const char *name, const LuaClass **cls)
{
    const LuaFn *fn;
    for (int i = 0; (*cls = doc_class(L, i)); i++)
        for (size_t k = 0; (fn = lua_member(*cls, k)); k++) {
            LuaFnName n = lua_fn_name(fn);
            if (n.kind == FN_METHOD && strcmp(n.name, name) == 0)
                return fn;
        }
    return NULL;
}

/* Pushes which classes have a method of that name, or nil: a step that returns names is often
** followed by the next step's colon. */
static void push_method_hint(lua_State *L, const char *name, const Message *m, const char *text)
{
    const LuaClass *cls;
    bool known = method_named(L, name, &cls) != NULL;
    const char *owners = known ? lua_push_owners(L, cls->name, name) : lua_pushliteral(L, "");
    if (!push_chained_hint(L, name, owners, text, m->line)) {
        if (known)
            lua_pushfstring(L, "%s is a method of %s; something else stands before the colon here",
                            name, owners);
        else
            lua_pushnil(L);
    }
    lua_remove(L, -2);
}

/* Pushes how the function of a module is called, "tvm.import(path)", where `name` is one. */
static bool push_function_call(lua_State *L, const char *name)
{
    const LuaFn *fn;
    for (int i = 0; (fn = doc_function(L, i)); i++) {
        LuaFnName n = lua_fn_name(fn);
        bool ours = strcmp(n.place, "tvm") == 0 || strcmp(n.place, "te") == 0;
        if (ours && strcmp(n.name, name) == 0) {
            lua_pushlstring(L, fn->sig, strcspn(fn->sig, ")") + 1);
            return true;
        }
    }
    return false;
}

/* split("x", 8): pushes whose method that is, and how it is called of the person's own value. */
static bool push_bare_method_hint(lua_State *L, const char *name)
{
    const LuaClass *cls;
    const LuaFn *fn = method_named(L, name, &cls);
    if (!fn)
        return false;
    char letter[32];
    own_letter(cls, letter);
    const char *sig = lua_pushlstring(L, fn->sig, strcspn(fn->sig, ")") + 1);
    const char *own = own_push_of_class(L, cls) ? lua_tostring(L, -1) : lua_pushstring(L, letter);
    own_push_text(L, sig, letter, own);
    lua_pushfstring(L, "%s is a method of %s: %s", name, cls->name, lua_tostring(L, -1));
    lua_replace(L, -4);
    lua_pop(L, 2);
    return true;
}

/* The method that the text asks of `name`, "split" of "s:split": copies it into `method`. */
static bool asked_of(const char *text, const char *name, char *method, size_t size)
{
    Lexer x = lexer(text, strlen(text));
    Token t = lex_next(&x);
    while (t.kind != TOKEN_END) {
        bool here = token_is(&t, name);
        t = lex_next(&x);
        if (!here || !(token_is(&t, ":") || token_is(&t, ".")))
            continue;
        t = lex_next(&x);
        if (t.kind == TOKEN_NAME) {
            snprintf(method, size, "%.*s", (int)t.len, t.at);
            return true;
        }
    }
    return false;
}

/* Something was asked of the global `name`, which has no members.  Pushes what it is, and how one
** comes to what was meant. */
static bool push_receiver_hint(lua_State *L, const char *name, const char *text)
{
    char method[64];
    const LuaClass *cls;
    if (!asked_of(text, name, method, sizeof method) || !method_named(L, method, &cls) ||
        !lua_push_how_made(L, method, name))
        return false;
    bool nothing = lua_getglobal(L, name) == LUA_TNIL;
    lua_pushfstring(L, nothing ? "nothing is called %s; %s%s" : "%s is a %s; %s", name,
                    nothing ? "" : luaL_typename(L, -1), lua_tostring(L, -2));
    lua_replace(L, -3);
    lua_pop(L, 1);
    return true;
}

/* TVM.import "x", or G:fuse() where there is a g: pushes the name that has what is asked for. */
static bool push_near_receiver_hint(lua_State *L, const char *name, const char *text)
{
    char member[64];
    if (!asked_of(text, name, member, sizeof member))
        return false;
    lua_push_nearest_global(L, name, member);
    bool near = lua_isstring(L, -1);
    if (near)
        lua_pushfstring(L, "did you mean %s?", lua_tostring(L, -1));
    lua_remove(L, near ? -2 : -1);
    return near;
}

/* zeros { 3 }: pushes which function of a module has that name, and which method. */
static bool push_bare_hint(lua_State *L, const char *name)
{
    if (!push_function_call(L, name))
        return push_bare_method_hint(L, name);
    bool method = push_bare_method_hint(L, name);
    lua_pushfstring(L, "it is written %s%s%s", lua_tostring(L, method ? -2 : -1),
                    method ? "; " : "", method ? lua_tostring(L, -1) : "");
    lua_replace(L, method ? -3 : -2);
    lua_pop(L, method);
    return true;
}

/* np.zeros(3): pushes what does here as that function of another library. */
static bool push_library_hint(lua_State *L, const char *library, const char *text)
{
    char function[64];
    if (!habit_is_library(library) || !asked_of(text, library, function, sizeof function))
        return false;
    const char *instead = lua_instead("tvm", function);
    if (instead)
        lua_pushstring(L, instead);
    else if (!push_function_call(L, function))
        return push_bare_method_hint(L, function);
    lua_pushfstring(L, "here it is %s", lua_tostring(L, -1));
    lua_replace(L, -2);
    return true;
}

/* Does the text begin with the ending of a file, and an argument ends there: ".png)"? */
static bool is_ending(const char *text)
{
    char ending[8];
    size_t n = 1 + strspn(text + (*text == '.'), "abcdefghijklmnopqrstuvwxyz");
    snprintf(ending, sizeof ending, "%.*s", (int)n, text);
    return *text == '.' && n < sizeof ending && file_kind(ending) &&
           (text[n] == ')' || text[n] == ',');
}

/* Is the word at `p` part of a path: word/other, other/word, (word.png)? */
static bool names_file(const char *text, const char *p, size_t len)
{
    const char *end = p + len;
    return (*end == '/' && isalpha((unsigned char)end[1])) || (p > text && p[-1] == '/') ||
           is_ending(end);
}

/* Does the word `name` stand in what looks like a path, and not in the quotes that one wants? */
static bool is_path(const char *text, const char *name)
{
    Lexer x = lexer(text, strlen(text));
    for (Token t = lex_next(&x); t.kind != TOKEN_END; t = lex_next(&x))
        if (token_is(&t, name) && names_file(text, t.at, t.len))
            return true;
    return false;
}

/* Pushes the hint that habits.def has for a name or for the words of an error; or returns false. */
static bool push_habit(lua_State *L, const Message *m, const char *global, const char *method,
                       const char *text)
{
    const char *hint = *global ? habit_global(global) : *method ? habit_method(method) : NULL;
    if (!hint && *global && is_path(text, global))
        hint = "a path stands in quotes, as every string does";
    if (hint)
        lua_pushstring(L, hint);
    return hint || (!*global && habit_push_raised(L, m->words, text, m->line));
}

/* Does the message say that a plain value was called? */
static bool is_no_function(const char *words)
{
    static const char *const types[] = {"table", "number", "string", "boolean"};
    static const char call[] = "attempt to call a ";
    const char *type = strncmp(words, call, sizeof call - 1) == 0 ? words + sizeof call - 1 : "";
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strncmp(type, types[i], strlen(types[i])) == 0)
            return true;
    return false;
}

/* f(8), of a program that has its sizes, or m(x): pushes how that is run. */
static bool push_run_hint(lua_State *L, const Message *m)
{
    char name[64];
    if (!strstr(m->words, "attempt to call a ") ||
        !quoted_behind(m->words, "(global '", name, sizeof name))
        return false;
    lua_getglobal(L, name);
    const LuaClass *cls = lua_class_of(L, -1, NULL);
    bool runs = lua_push_how_run(L, -1, name);
    if (runs)
        lua_pushfstring(
            L, cls == &module_class ? "%s is a %s: %s" : "%s is a %s, whose sizes are fixed: %s",
            name, cls->name, lua_tostring(L, -1));
    if (runs)
        lua_replace(L, -3);
    lua_pop(L, 1);
    return runs;
}

/* Is `other` a library, as io is, with another name than `global` in other letters?  It has all its
** members from the beginning. */
static bool is_other_library(lua_State *L, const char *global, const char *other)
{
    bool library = lua_getglobal(L, other) == LUA_TTABLE;
    lua_pop(L, 1);
    return library && strcasecmp(global, other) != 0;
}

/* Nothing is called `global`: pushes what is called nearly so, here or, where it was called as a
** function, in other languages; or returns false.  foo.bar and foo(1) are not meant to be
** io.bar and io(1), which are nothing either. */
static bool push_near_global(lua_State *L, const Message *m, const char *global, const char *text)
{
    char member[64];
    bool called = strstr(m->words, "attempt to call") != NULL;
    lua_push_nearest_global(L, global, NULL);
    if (lua_isstring(L, -1) && (called || asked_of(text, global, member, sizeof member)) &&
        is_other_library(L, global, lua_tostring(L, -1))) {
        lua_pop(L, 1);
        lua_pushnil(L);
    }
    const char *known = lua_tostring(L, -1);
    const char *habit = called ? habit_nearest_global(global, known) : NULL;
    if (habit)
        lua_pushfstring(L, "did you mean %s? %s", habit, habit_global(habit));
    else if (known)
        lua_pushfstring(L, "did you mean %s?", known);
    lua_remove(L, habit || known ? -2 : -1);
    return habit || known;
}

/* Pushes a hint for an error raised while running, or nil. */
static void push_runtime_hint(lua_State *L, const Message *m, const char *text)
{
    char name[64], global[64] = "", method[64] = "", field[64];
    bool nil = strstr(m->words, "nil value") != NULL;
    bool asked =
        strstr(m->words, "attempt to index") &&
        quoted_behind(m->words, "(global '", name, sizeof name) &&
        ((nil && (push_library_hint(L, name, text) || push_near_receiver_hint(L, name, text))) ||
         (!(nil && (habit_global(name) || is_path(text, name))) &&
          push_receiver_hint(L, name, text)));
    if (asked)
        return;
    if (nil)
        quoted_behind(m->words, "(global '", global, sizeof global);
    if (!*global)
        quoted_behind(m->words, "(method '", method, sizeof method);
    if (is_no_function(m->words) && (quoted_behind(m->words, "(field '", field, sizeof field) ||
                                     quoted_behind(m->words, "(method '", field, sizeof field))) {
        lua_pushfstring(L, "%s is a field, and stands without parentheses", field);
    } else if (push_run_hint(L, m) || push_habit(L, m, global, method, text) ||
               (*global && push_bare_hint(L, global))) {
        return;
    } else if (*global) {
        if (!push_near_global(L, m, global, text) && !habit_push_raised(L, m->words, text, m->line))
            lua_pushnil(L);
    } else if (*method) {
        push_method_hint(L, method, m, text);
    } else {
        lua_pushnil(L);
    }
}

/* Is `chunk`, as Lua shows it, the one called `name`? */
static bool is_chunk(const char *chunk, const char *name)
{
    size_t len = strlen(chunk), whole = strlen(name);
    if (name[0] == '@' && strncmp(chunk, "...", 3) == 0) /* the end of a long path */
        return len <= whole && strcmp(chunk + 3, name + whole - (len - 3)) == 0;
    return strcmp(chunk, name + 1) == 0;
}

/* A script's lines are shown; what was typed at the prompt stands just above. */
static bool is_script(const char *name)
{
    return name[0] == '@' || strcmp(name, "=stdin") == 0;
}

typedef enum LineKind { LINE_OTHER, LINE_VALUE, LINE_UNFINISHED } LineKind;

static bool loads(lua_State *L, const char *text)
{
    return luaL_loadbufferx(L, text, strlen(text), "=", "t") == LUA_OK;
}

/* Is the line a value and no statement, or the beginning of one? */
static LineKind kind_of_line(lua_State *L, const char *line)
{
    int top = lua_gettop(L);
    LineKind kind = LINE_OTHER;
    lua_pushlstring(L, line, strcspn(line, "\n"));
    const char *text = lua_tostring(L, -1);
    if (text[strspn(text, " \t\r")] && !loads(L, text)) {
        if (loads(L, lua_pushfstring(L, "return %s", text)))
            kind = LINE_VALUE;
        else if (strstr(lua_tostring(L, -1), "near <eof>"))
            kind = LINE_UNFINISHED;
    }
    lua_settop(L, top);
    return kind;
}

/* Pushes what is to be said of a script in which a line is a value and no statement, or nil.  Lua
** finds out at the token behind the value, and that may be the first of the line below. */
static void push_value_hint(lua_State *L, const char *text, int line)
{
    const char *above = NULL;
    for (int i = 1; i < line; i++) {
        const char *end = strchrnul(text, '\n');
        if (strspn(text, " \t\r") < (size_t)(end - text))
            above = text;
        text = end + (*end == '\n');
    }
    LineKind kind = kind_of_line(L, text);
    if (kind != LINE_VALUE && above && kind_of_line(L, above) == LINE_VALUE)
        kind = LINE_VALUE;
    if (kind == LINE_VALUE)
        lua_pushliteral(L, "a script shows no values by itself: print(…)");
    else if (kind == LINE_UNFINISHED)
        lua_pushliteral(L, "the expression of this line is not finished");
    else
        lua_pushnil(L);
}

/* Does the text end within something?  "syntax error" says Lua of a value that was finished. */
static bool ends_open(const Message *m)
{
    return m->near && strcmp(m->near, "<eof>") == 0 && strncmp(m->words, "syntax error", 12) != 0;
}

/* Pushes the way out of an error of Lua's, or nil. */
static void push_hint(lua_State *L, const Message *m, bool syntax, bool here, bool script,
                      const char *text)
{
    if (!syntax) {
        push_runtime_hint(L, m, text);
        return;
    }
    if (habit_push_syntax(L, m->words, text, m->line))
        return;
    if (here && script && !ends_open(m))
        push_value_hint(L, text, m->line);
    else if (here && m->near && strcmp(m->near, "<eof>") == 0)
        push_unfinished(L, text);
    else
        lua_pushnil(L);
}

static void push_message(lua_State *L, const char *error, const char *name, const char *text)
{
    Message m = message_of(error);
    bool here = is_chunk(m.chunk, name), script = is_script(name);
    bool syntax = m.near || strstr(m.words, "expected") == m.words;
    Place place = here && (syntax || script) ? place_of(L, text, script, &m) : (Place){0};
    Arena *A = arena_scratch(NULL);
    const char *words = place_words(A, &m, &place);
    push_hint(L, &m, syntax, here, script, text);
    int hint_at = lua_gettop(L);
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    if (m.chunk[0] && (script || !here || strchr(text, '\n'))) {
        char where[96];
        if (here && strncmp(name, "=[", 2) == 0) /* nobody counts the prompt's inputs */
            snprintf(where, sizeof where, "line %d: ", m.line);
        else
            snprintf(where, sizeof where, "%s:%d: ", m.chunk, m.line);
        luaL_addstring(&b, where);
    }
    luaL_addstring(&b, syntax && here ? "syntax error: " : "error: ");
    add_words(L, &b, strncmp(words, "syntax error ", 13) == 0 ? words + 13 : words);
    arena_release(A);
    place_add(&b, &place);
    if (lua_isstring(L, hint_at)) {
        luaL_addstring(&b, "\n  hint: ");
        lua_pushvalue(L, hint_at);
        luaL_addvalue(&b);
    }
    luaL_pushresult(&b);
    lua_remove(L, hint_at);
}

/* Puts the line of the script below the first line of the workbench's own error on top. */
static void add_script_line(lua_State *L, const char *name, const char *text)
{
    const char *error = lua_tostring(L, -1), *end = strchrnul(error, '\n');
    Message m = message_of(error);
    if (!is_script(name) || !m.line || !is_chunk(m.chunk, name))
        return;
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    luaL_addlstring(&b, error, (size_t)(end - error));
    m.near = NULL;
    Place place = place_of(L, text, true, &m);
    place_add(&b, &place);
    luaL_addstring(&b, end);
    luaL_pushresult(&b);
    lua_remove(L, -2);
}

void report_push_parts(lua_State *L, const char *message, const char *name, const char *text)
{
    Message m = message_of(message);
    Place place =
        m.near && is_chunk(m.chunk, name) ? place_of(L, text, is_script(name), &m) : (Place){0};
    Arena *A = arena_scratch(NULL);
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    add_words(L, &b, place_words(A, &m, &place));
    luaL_pushresult(&b);
    arena_release(A);
    if (is_script(name) && m.line && is_chunk(m.chunk, name))
        lua_pushfstring(L, "%s:%d", m.chunk, m.line);
    else
        lua_pushnil(L);
}

/* Runs protected: a script's own __tostring may raise. */
static int push_text(lua_State *L)
{
    const char *name = lua_tostring(L, 2), *text = lua_tostring(L, 3);
    int width = (int)lua_tointeger(L, 4);
    bool color = lua_toboolean(L, 5);
    bool own = lua_error_at(L, 1) != NULL;
    bool stop = own && lua_error_at(L, 1)->code == ERR_interrupted;
    if (lua_type(L, 1) == LUA_TSTRING) {
        push_message(L, lua_tostring(L, 1), name, text);
    } else {
        lua_display_text(L, 1);
        if (!own) {
            lua_pushfstring(L, "error: %s", lua_tostring(L, -1));
            lua_remove(L, -2);
        } else {
            add_script_line(L, name, text);
        }
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, &trace_key);
    if (!stop && lua_isstring(L, -1))
        lua_concat(L, 2);
    else
        lua_pop(L, 1);
    dress_error(L, width, color);
    return 1;
}

void report_push(lua_State *L, int idx, const char *name, const char *text, int width, bool color)
{
    idx = lua_absindex(L, idx);
    lua_pushcfunction(L, push_text);
    lua_pushvalue(L, idx);
    lua_pushstring(L, name);
    lua_pushstring(L, text);
    lua_pushinteger(L, width);
    lua_pushboolean(L, color);
    if (lua_pcall(L, 5, 1, 0) != LUA_OK) {
        bool stop = protect_is_stop(L, -1); /* Ctrl-C once more, while the text was made */
        lua_pop(L, 1);
        lua_pushstring(L, stop ? "interrupted" : "error: an error value that cannot be shown");
    }
    lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &trace_key);
}
